import csv
import io
import json

import numpy as np
import pytest
from demo.report import COLUMNS, as_csv, as_json, as_json_text, as_rows
from made_comparisons import MakeComparison

from demo.messages import Message
from demo.records import Cost, Extent


def test_json_holds_everything_best_first(make_comparison: MakeComparison) -> None:
    comparison = make_comparison(
        [3.0, 2.0],
        [-1.0, 0.5],
        ["first", "zweiter: 柏林"],
        grades={"d1": 0},
        cost=Cost(pairs=2, tokenise_seconds=0.5, model_seconds=1.5, tokens=30, device="cpu", precision="fp32"),
        extents=(Extent(20, 20, 0, 5), Extent(600, 512, 0, 9)),
        warnings=(Message("Mind this."),),
    )
    found = json.loads(as_json_text(comparison))
    assert found == as_json(comparison)
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
        },
    ]
    assert "柏林" in as_json_text(comparison)


@pytest.mark.parametrize(("before", "after"), [([], []), ([1.0], [0.0]), ([2.0, 1.0], [-np.inf, np.inf])])
def test_json_is_strict_at_the_edges(make_comparison: MakeComparison, before: list[float], after: list[float]) -> None:
    found = json.loads(as_json_text(make_comparison(before, after)), parse_constant=pytest.fail)
    assert [row["score"] for row in found["results"]] == [value if np.isfinite(value) else None for value in after][
        ::-1
    ]
    assert all(row["read_tokens"] is None and row["truncated"] is None for row in found["results"])


def test_rows_have_the_columns_in_order(make_comparison: MakeComparison) -> None:
    rows = as_rows(make_comparison([3.0, 2.0], [-1.0, 0.5]))
    assert tuple(rows[0]) == COLUMNS
    assert [row[:4] for row in rows[1:]] == [[1, 2, 1, "d2"], [2, 1, -1, "d1"]]


def test_csv_reads_back_and_holds_no_formula(make_comparison: MakeComparison) -> None:
    text = as_csv(
        make_comparison([3.0, 2.0], [-1.0, 0.5], ['=HYPERLINK("http://x","y")', 'a "quoted", text\nof two lines'])
    )
    first, second = csv.DictReader(io.StringIO(text, newline=""))
    assert first["text"] == 'a "quoted", text\nof two lines'
    assert not second["text"].startswith("=")
    assert "=HYPERLINK" in second["text"]
    assert (second["change"], second["score"], second["grade"]) == ("-1", "-1.0", "")
