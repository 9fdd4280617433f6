import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from demo.lineup_report import as_csv, as_json, as_json_text, as_rows
from demo.lineups import at_depth
from made_lineups import BM25, LOST, SMALL, TINY, build_lineup, ranking

from demo.messages import Message
from demo.records import Cost, Lineup, Ranking

COST = Cost(pairs=3, tokenise_seconds=0.5, model_seconds=1.0, device="cpu", precision="fp32")
LINEUP = build_lineup(
    3,
    ranking(BM25, [0, 1, 2]),
    ranking(TINY, [2, 0, 1], COST),
    LOST,
    texts={"d2": "zweiter: 柏林"},
    grades=(0, None, 3),
    warnings=(Message("Mind this."),),
)


def test_json_holds_everything_in_the_first_stages_order() -> None:
    found = json.loads(as_json_text(LINEUP))
    assert found == as_json(LINEUP)
    assert (found["query"], found["query_id"], found["collection"], found["first_stage"]) == (
        "a query",
        "q",
        "made",
        "bm25",
    )
    assert found["warnings"] == ["Mind this."]
    assert found["summary"].startswith("2 rankers ranked 3 passages; Lost failed")
    assert found["results"][1:] == [
        {
            "doc_id": "d2",
            "title": "",
            "text": "zweiter: 柏林",
            "grade": None,
            "ranks": {"bm25": 2, "tiny": 3},
            "scores": {"bm25": 1.0, "tiny": 0.0},
        },
        {
            "doc_id": "d3",
            "title": "",
            "text": "passage 3",
            "grade": 3,
            "ranks": {"bm25": 3, "tiny": 1},
            "scores": {"bm25": 0.0, "tiny": 2.0},
        },
    ]
    assert "柏林" in as_json_text(LINEUP)


def test_json_says_what_became_of_each_ranker() -> None:
    bm25, tiny, lost = as_json(LINEUP)["rankers"]
    assert (bm25["key"], bm25["score_kind"], bm25["model"], bm25["failure"]) == ("bm25", "bm25", None, None)
    assert (tiny["label"], tiny["model"], tiny["revision"], tiny["precision"], tiny["max_tokens"], tiny["windows"]) == (
        "Tiny",
        "tiny",
        "r1",
        "fp32",
        512,
        False,
    )
    assert (tiny["device"], tiny["timings"]["pairs_per_second"]) == ("cpu", 2.0)  # 3 / (0.5 + 1.0)
    assert (lost["failure"], lost["timings"]) == ("There is no such model.", None)


def test_json_holds_agreement_by_every_measure() -> None:
    found = as_json(LINEUP)["agreement"]
    assert found["tau_b"] == [[1.0, pytest.approx(-1 / 3)], [pytest.approx(-1 / 3), 1.0]]
    # row BM25, order of tiny 3 1 2: 0/1 and 1/2; row tiny, order of BM25 1 2 3: 1/1 and 0/2
    assert found["tau_ap"] == [[1.0, pytest.approx(-1 / 2)], [pytest.approx(0.0), 1.0]]
    assert (found["overlap"], found["k"], found["rbo_p"]) == ([[1.0, 1.0], [1.0, 1.0]], 3, 0.9)


@pytest.mark.parametrize(
    "lineup",
    [
        build_lineup(0),
        build_lineup(0, ranking(TINY, [])),
        build_lineup(2, LOST),
        build_lineup(2, Ranking.from_scores(TINY, [-np.inf, np.inf]), ranking(SMALL, [0, 1])),
        at_depth(LINEUP, 1),
    ],
)
def test_json_is_strict_at_the_edges(lineup: Lineup) -> None:
    found = json.loads(as_json_text(lineup), parse_constant=pytest.fail)
    assert len(found["results"]) == lineup.size
    assert [len(row["scores"]) for row in found["results"]] == [len(lineup.rankings)] * lineup.size


def test_a_score_that_is_not_there_is_null() -> None:
    results = as_json(at_depth(LINEUP, 1))["results"]
    assert [row["scores"]["tiny"] for row in results] == [1.0, None, None]
    assert [row["ranks"]["tiny"] for row in results] == [1, 2, 3]


def test_rows() -> None:
    assert as_rows(LINEUP) == [
        ["doc_id", "title", "text", "grade", "bm25 rank", "bm25 score", "tiny rank", "tiny score"],
        ["d1", "", "passage 1", 0, 1, 2.0, 2, 1.0],
        ["d2", "", "zweiter: 柏林", None, 2, 1.0, 3, 0.0],
        ["d3", "", "passage 3", 3, 3, 0.0, 1, 2.0],
    ]
    assert as_rows(build_lineup(0, LOST)) == [["doc_id", "title", "text", "grade"]]


def test_csv_reads_back_and_holds_no_formula() -> None:
    lineup = build_lineup(1, ranking(replace(TINY, key="=cmd"), [0]), texts={"d1": '=HYPERLINK("x"), "y"\nz'})
    (row,) = csv.DictReader(io.StringIO(as_csv(lineup), newline=""))
    assert list(row) == ["doc_id", "title", "text", "grade", "'=cmd rank", "'=cmd score"]
    assert row["text"] == '\'=HYPERLINK("x"), "y"\nz'
    assert (row["grade"], row["'=cmd rank"], row["'=cmd score"]) == ("", "1", "0.0")
