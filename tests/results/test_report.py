import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from fakes import BM25, LOST, SMALL, TINY, make_pair, make_result, ranking

from demo.errors import InputError
from demo.formats import Limits
from demo.formats.judged import read_judged_files
from demo.judgments import query_key
from demo.messages import Message
from demo.records import Cost, Extent, Query, Ranking, Result
from demo.results.depth import at_depth
from demo.results.report import (
    CHANGE_COLUMNS,
    MOST_FIELD_COLUMNS,
    as_beir,
    as_csv,
    as_json,
    as_runs,
    as_set,
    json_text,
    pair_as_csv,
    pair_as_json,
)

LIMITS = Limits(1_000, 10_000, 10_000_000, 10_000_000)
COST = Cost(pairs=3, tokenise_seconds=0.5, model_seconds=1.0, device="cpu", precision="fp32")
RESULT = make_result(
    3,
    ranking(BM25, [0, 1, 2]),
    ranking(TINY, [2, 0, 1], COST),
    LOST,
    texts={"d2": "zweiter: 柏林"},
    grades=(0, None, 3),
    warnings=(Message("Mind this."),),
)


def test_json_holds_everything_in_the_first_stages_order() -> None:
    found = json.loads(json_text(as_json(RESULT)))
    assert found == as_json(RESULT)
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
            "fields": {},
            "ranks": {"bm25": 2, "tiny": 3},
            "scores": {"bm25": 1.0, "tiny": 0.0},
        },
        {
            "doc_id": "d3",
            "title": "",
            "text": "passage 3",
            "grade": 3,
            "fields": {},
            "ranks": {"bm25": 3, "tiny": 1},
            "scores": {"bm25": 0.0, "tiny": 2.0},
        },
    ]
    assert "柏林" in json_text(as_json(RESULT))


def test_json_says_what_became_of_each_ranker() -> None:
    bm25, tiny, lost = as_json(RESULT)["rankers"]
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
    found = as_json(RESULT)["agreement"]
    assert found["tau_b"] == [[1.0, pytest.approx(-1 / 3)], [pytest.approx(-1 / 3), 1.0]]
    # row BM25, order of tiny 3 1 2: 0/1 and 1/2; row tiny, order of BM25 1 2 3: 1/1 and 0/2
    assert found["tau_ap"] == [[1.0, pytest.approx(-1 / 2)], [pytest.approx(0.0), 1.0]]
    assert (found["overlap"], found["k"], found["rbo_p"]) == ([[1.0, 1.0], [1.0, 1.0]], 3, 0.9)


@pytest.mark.parametrize(
    "result",
    [
        make_result(0),
        make_result(0, ranking(TINY, [])),
        make_result(2, LOST),
        make_result(2, Ranking.from_scores(TINY, [-np.inf, np.inf]), ranking(SMALL, [0, 1])),
        at_depth(RESULT, 1),
    ],
)
def test_json_is_strict_at_the_edges(result: Result) -> None:
    found = json.loads(json_text(as_json(result)), parse_constant=pytest.fail)
    assert len(found["results"]) == result.size
    assert [len(row["scores"]) for row in found["results"]] == [len(result.rankings)] * result.size


def test_a_score_that_is_not_there_is_null() -> None:
    results = as_json(at_depth(RESULT, 1))["results"]
    assert [row["scores"]["tiny"] for row in results] == [1.0, None, None]
    assert [row["ranks"]["tiny"] for row in results] == [1, 2, 3]


def test_rows() -> None:
    assert rows_of(as_csv(RESULT)) == [
        ["doc_id", "title", "text", "grade", "bm25 rank", "bm25 score", "tiny rank", "tiny score"],
        ["d1", "", "passage 1", "0", "1", "2.0", "2", "1.0"],
        ["d2", "", "zweiter: 柏林", "", "2", "1.0", "3", "0.0"],
        ["d3", "", "passage 3", "3", "3", "0.0", "1", "2.0"],
    ]
    assert rows_of(as_csv(make_result(0, LOST))) == [["doc_id", "title", "text", "grade"]]


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_what_was_not_found_has_no_rank() -> None:
    result = make_result(2, ranking(BM25, [0, 1], unfound=[1]), ranking(TINY, [1, 0]))
    assert [row["ranks"] for row in as_json(result)["results"]] == [{"bm25": 1, "tiny": 2}, {"bm25": None, "tiny": 1}]
    assert [row[4] for row in rows_of(as_csv(result))[1:]] == ["1", ""]


def test_csv_reads_back_and_holds_no_formula() -> None:
    result = make_result(1, ranking(replace(TINY, key="=cmd"), [0]), texts={"d1": '=HYPERLINK("x"), "y"\nz'})
    (row,) = csv.DictReader(io.StringIO(as_csv(result), newline=""))
    assert list(row) == ["doc_id", "title", "text", "grade", "'=cmd rank", "'=cmd score"]
    assert row["text"] == '\'=HYPERLINK("x"), "y"\nz'
    assert (row["grade"], row["'=cmd rank"], row["'=cmd score"]) == ("", "1", "0.0")


def with_fields(result: Result, *fields: dict[str, str]) -> Result:
    """The result with these fields of its candidates."""
    told = tuple(replace(passage, fields=each) for passage, each in zip(result.candidates, fields, strict=True))
    return replace(result, candidates=told)


TOLD = ({"url": "u1", "rank": "9"}, {}, {"price": "=1+1", "url": "u3"})


def test_what_else_was_said_of_a_passage_is_in_json_and_in_columns_behind_the_others() -> None:
    result = with_fields(RESULT, *TOLD)
    assert [row["fields"] for row in as_json(result)["results"]] == list(TOLD)
    assert [row[8:] for row in rows_of(as_csv(result))] == [
        ["url", "rank", "price"],
        ["u1", "9", ""],
        ["", "", ""],
        ["u3", "", "'=1+1"],
    ]


def test_of_very_many_fields_the_most_frequent_have_columns_and_the_others_share_one() -> None:
    many = {f"f{number}": str(number) for number in range(MOST_FIELD_COLUMNS + 1)}
    last = f"f{MOST_FIELD_COLUMNS}"
    rows = list(csv.DictReader(io.StringIO(as_csv(with_fields(RESULT, many, {}, {last: "x"})), newline="")))
    assert len(rows[0]) == 8 + MOST_FIELD_COLUMNS + 1
    assert (rows[0][last], rows[2][last], rows[0]["other fields"]) == ("100", "x", '{"f99": "99"}')
    assert [row["other fields"] for row in rows[1:]] == ["", ""]


def test_runs_hold_what_each_ranker_found_best_first() -> None:
    result = make_result(3, ranking(BM25, [0, 1, 2], unfound=[2]), ranking(TINY, [2, 0, 1]), LOST)
    assert as_runs(result) == {
        "bm25.run": "q Q0 d1 1 2.0 bm25\nq Q0 d2 2 1.0 bm25\n",
        "tiny.run": "q Q0 d3 1 2.0 tiny\nq Q0 d1 2 1.0 tiny\nq Q0 d2 3 0.0 tiny\n",
    }
    nameless = replace(result, query=Query("", "typed"))
    assert as_runs(nameless)["bm25.run"].startswith(f"{query_key(nameless.query)} Q0 d1 1 ")


def test_in_a_run_what_was_not_reranked_stands_behind_without_a_score_that_is_no_number() -> None:
    lines = as_runs(at_depth(RESULT, 1))["tiny.run"].splitlines()
    assert [line.split()[2] for line in lines] == ["d1", "d2", "d3"]
    scores = [float(line.split()[4]) for line in lines]
    assert scores == sorted(set(scores), reverse=True)


# ---- two rankings ---------------------------------------------------------------------------------------------------


def test_a_pair_as_json_holds_everything_best_first() -> None:
    pair = make_pair(
        [3.0, 2.0],
        [-1.0, 0.5],
        ["first", "zweiter: 柏林"],
        grades={"d1": 0},
        cost=Cost(pairs=2, tokenise_seconds=0.5, model_seconds=1.5, tokens=30, device="cpu", precision="fp32"),
        extents=(Extent(20, 20, 0, 5), Extent(600, 512, 0, 9)),
        warnings=(Message("Mind this."),),
    )
    found = json.loads(json_text(pair_as_json(pair)))
    assert found == pair_as_json(pair)
    assert (found["query"], found["query_id"], found["collection"], found["model"]) == (
        "a query",
        "q",
        "made",
        "bundled/tiny",
    )
    assert (found["device"], found["precision"], found["warnings"]) == ("cpu", "fp32", ["Mind this."])
    assert found["timings"]["model"]["pairs_per_second"] == 1.0  # 2 / (0.5 + 1.5)
    assert found["timings"]["model"]["timed_pairs"] == 2
    assert (found["revision"], found["max_tokens"], found["windows"]) == ("3f2a", 512, False)
    assert found["versions"]["numpy"] == np.__version__
    assert found["agreement"]["kendall_tau_b"] == -1.0
    assert found["score_kinds"] == {"first_stage_score": "bm25", "score": "logit"}
    assert found["results"] == [
        {
            "rank": 1,
            "previous_rank": 2,
            "change": 1,
            "doc_id": "d2",
            "title": "",
            "text": "zweiter: 柏林",
            "first_stage_score": 2.0,
            "score": 0.5,
            "pair_tokens": 600,
            "read_tokens": 512,
            "truncated": True,
            "grade": None,
            "fields": {},
        },
        {
            "rank": 2,
            "previous_rank": 1,
            "change": -1,
            "doc_id": "d1",
            "title": "",
            "text": "first",
            "first_stage_score": 3.0,
            "score": -1.0,
            "pair_tokens": 20,
            "read_tokens": 20,
            "truncated": False,
            "grade": 0,
            "fields": {},
        },
    ]
    assert "柏林" in json_text(pair_as_json(pair))


@pytest.mark.parametrize(("before", "after"), [([], []), ([1.0], [0.0]), ([2.0, 1.0], [-np.inf, np.inf])])
def test_a_pair_as_json_is_strict_at_the_edges(before: list[float], after: list[float]) -> None:
    found = json.loads(json_text(pair_as_json(make_pair(before, after))), parse_constant=pytest.fail)
    assert [row["score"] for row in found["results"]] == [value if np.isfinite(value) else None for value in after][
        ::-1
    ]
    assert all(row["read_tokens"] is None and row["truncated"] is None for row in found["results"])


def test_rows_of_a_change_have_the_columns_in_order() -> None:
    rows = rows_of(pair_as_csv(make_pair([3.0, 2.0], [-1.0, 0.5])))
    assert tuple(rows[0]) == CHANGE_COLUMNS
    assert [row[:4] for row in rows[1:]] == [["1", "2", "1", "d2"], ["2", "1", "-1", "d1"]]


def test_fields_stand_behind_the_columns_of_a_change_and_never_twice_under_one_name() -> None:
    pair = make_pair([3.0, 2.0], [-1.0, 0.5])
    pair = replace(pair, result=with_fields(pair.result, {"rank": "9"}, {"url": "u2"}))
    assert [row["fields"] for row in pair_as_json(pair)["results"]] == [{"url": "u2"}, {"rank": "9"}]
    rows = rows_of(pair_as_csv(pair))
    assert tuple(rows[0]) == (*CHANGE_COLUMNS, "field rank", "url")
    assert [row[-2:] for row in rows[1:]] == [["", "u2"], ["9", ""]]


def test_a_passage_that_the_first_stage_did_not_find_has_no_rank_before_and_no_change() -> None:
    found = pair_as_json(make_pair([3.0, 0.0], [-1.0, 0.5], found=[True, False]))["results"]
    assert [(row["rank"], row["previous_rank"], row["change"]) for row in found] == [(1, None, None), (2, 1, -1)]
    rows = rows_of(pair_as_csv(make_pair([3.0, 0.0], [-1.0, 0.5], found=[True, False])))
    assert [row[:3] for row in rows[1:]] == [["1", "", ""], ["2", "1", "-1"]]


def test_a_pair_as_csv_reads_back_and_holds_no_formula() -> None:
    text = pair_as_csv(
        make_pair([3.0, 2.0], [-1.0, 0.5], ['=HYPERLINK("http://x","y")', 'a "quoted", text\nof two lines'])
    )
    first, second = csv.DictReader(io.StringIO(text, newline=""))
    assert first["text"] == 'a "quoted", text\nof two lines'
    assert not second["text"].startswith("=")
    assert "=HYPERLINK" in second["text"]
    assert (second["change"], second["score"], second["grade"]) == ("-1", "-1.0", "")


def test_the_collection_and_the_judged_candidates_go_back_as_beir_and_as_a_set() -> None:
    made = make_result(3, ranking(BM25, [0, 1, 2]), grades=[0, None, 2])
    result = replace(made, query=Query("", "why"), collection=replace(made.collection, passages=made.candidates))
    folder = read_judged_files([(name, text.encode()) for name, text in as_beir(result).items()], LIMITS, "c")
    (query,) = (each for each in folder.collection.queries if each.text == "why")
    assert query.query_id.startswith("typed-")
    assert folder.collection.qrels[query.query_id] == {"d1": 0, "d3": 2}
    assert [passage.doc_id for passage in folder.collection.passages] == ["d1", "d2", "d3"]
    assert json.loads(as_set(result)) == {"query": "why", "positive": ["passage 3"], "negative": ["passage 1"]}
    with pytest.raises(InputError, match="No passage is judged relevant"):
        as_set(make_result(1, ranking(BM25, [0])))
