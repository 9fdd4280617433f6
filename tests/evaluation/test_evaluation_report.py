"""What can be taken away: runs that give the same figures again, rows, tables, JSON."""

from __future__ import annotations

import csv
import io
import json
import random
import sys

import numpy as np
import pytest
from fakes import giving, made_collection, made_outcomes

from demo.evaluation import report
from demo.evaluation.figures import evaluate
from demo.formats.source import Limits, Source
from demo.formats.trec_runs import read_run
from demo.metrics.effectiveness import USUAL, measure_run, parse_measures

QRELS = {"q_1": {"b": 1}, "=2": {"c": 2}, "文": {"d": 1, "gone": 1}}
COLLECTION = made_collection(QRELS, ["a", "b", "c", "d"])
FIRST = giving("first", {q: {"a": 4, "b": 3, "c": 2, "d": 1} for q in QRELS})
MODEL = giving("model|50%_x", {"q_1": {"b": 9}, "=2": {"c": 9}, "文": {"d": 9}})
OUTCOMES = made_outcomes(COLLECTION, FIRST, MODEL)
EVALUATION = evaluate(OUTCOMES, COLLECTION, parse_measures("mrr@10 map"))


@pytest.mark.parametrize("seed", range(3))
def test_a_run_file_read_back_gives_the_same_figures(seed: int) -> None:
    draw = random.Random(seed)
    doc_ids = [f"d{n}" for n in range(120)]
    qrels = {f"q{n}": {doc: draw.randint(0, 3) for doc in draw.sample(doc_ids, 30)} for n in range(12)}
    tied = giving("tied", {q: {doc: draw.randint(0, 5) / 3 for doc in doc_ids} for q in qrels})
    outcomes = made_outcomes(made_collection(qrels, doc_ids), tied)
    text = report.run_file(outcomes, 0)
    read = read_run(Source("tied.run", text.encode(), Limits(*[sys.maxsize] * 4)))
    run = {outcome.query.query_id: outcome.ranked(0) for outcome in outcomes}
    assert measure_run(qrels, read.rankings, USUAL, 2) == measure_run(qrels, run, USUAL, 2)
    assert read.tag == "tied"
    assert read.notes == ()


def test_rows_hold_every_query_by_every_ranker_and_measure() -> None:
    rows = report.per_query_rows(EVALUATION)
    assert rows[0][:5] == ["query_id", "first MRR@10", "first MAP", "model|50%_x MRR@10", "model|50%_x MAP"]
    assert rows[0][5:] == ["model|50%_x RBO with first", "model|50%_x other first than first"]
    assert rows[1][:5] == ["q_1", 1 / 2, 1 / 2, 1.0, 1.0]
    assert rows[3][:5] == ["文", 1 / 4, (1 / 4) / 2, 1.0, 1 / 2]
    # b, then a c d tied, against a b c d: of depth 2 two are in common of 2 and 4, of depth 3 three of 3 and 4
    assert rows[1][5:] == [pytest.approx(0.1 / 0.9 * (2 / 3 * 0.81 + 6 / 7 * 0.729 + 0.6561) + 0.6561), 1]
    read = list(csv.reader(io.StringIO(report.per_query_csv(EVALUATION))))
    assert read[2][0] == "'=2"  # a spreadsheet would run =2
    assert [float(cell) for cell in read[3][1:]] == rows[3][1:]


def test_the_markdown_table_has_the_best_in_bold_and_says_what_it_is() -> None:
    lines = report.markdown_table(EVALUATION).splitlines()
    assert lines[0] == "|  | MRR@10 | MAP |"
    assert lines[2].startswith("| First | 0.361 [0.250, 0.500] |")
    assert lines[3].startswith("| Model\\|50%_x | **1.000** [1.000, 1.000] | **0.833** [0.500, 1.000] |")
    assert lines[5].startswith("made: 3 queries, up to 4 candidates, relevant from grade 1. Means with 95% bootstrap")
    assert "differs from First" in lines[5]


def test_a_difference_beyond_chance_is_marked() -> None:
    qrels = {f"q{n}": {"b": 1} for n in range(8)}
    collection = made_collection(qrels, ["a", "b"])
    outcomes = made_outcomes(collection, giving("first", {}), giving("model", {q: {"b": 1} for q in qrels}))
    table = report.markdown_table(evaluate(outcomes, collection, parse_measures("mrr")))
    assert "| First | 0.500 [0.500, 0.500] |" in table
    assert "| Model | **1.000†** [1.000, 1.000] |" in table


def test_the_latex_table_escapes_what_latex_would_read() -> None:
    table = report.latex_table(EVALUATION)
    assert r"\begin{tabular}{lrr}" in table
    assert r"Model|50\%\_x & \textbf{1.000} [1.000, 1.000] & \textbf{0.833} [0.500, 1.000] \\" in table
    assert "†" not in table
    assert table.count("{") == table.count("}")


def test_json_holds_figures_tests_depths_and_separation() -> None:
    value = json.loads(report.as_json_text(EVALUATION, OUTCOMES, COLLECTION, ordered=True))
    first, model = value["rankers"]
    assert (value["collection"], value["queries"], value["passages"], value["baseline"]) == ("made", 3, 4, "first")
    assert value["judged"]
    assert (first["changes"], model["changes"]["other_first"]) == (None, 3)
    assert first["measures"]["mrr@10"]["test"] is None
    assert model["measures"]["mrr@10"]["mean"] == 1.0
    assert model["measures"]["mrr@10"]["test"]["better"] == 3
    assert model["by_depth"]["mrr@10"] == [[4, 1.0]]
    assert model["separation"]["judged"] == {"auc": None, "platt": None}  # nothing was judged irrelevant
    assert model["separation"]["unjudged_as_irrelevant"]["auc"] == 1.0
    assert model["separation"]["scores"] == {"2": 1, "1": 2, "None": 9}
    assert model["speed"]["pairs"] == 12
    assert {point["ranker"] for point in value["quality_and_cost"]["map"]} == {"first", "model|50%_x"}


def test_without_judgments_every_report_tells_what_changes() -> None:
    collection = made_collection({query_id: {} for query_id in QRELS}, ["a", "b", "c", "d"])
    evaluation = evaluate(OUTCOMES, collection, parse_measures("mrr@10 map"))
    value = json.loads(report.as_json_text(evaluation, OUTCOMES, collection, ordered=True))
    assert (value["judged"], value["measures"], value["quality_and_cost"]) == (False, [], {})
    first, model = value["rankers"]
    assert first["changes"] is None
    assert (model["changes"]["queries"], model["changes"]["other_first"]) == (3, 3)
    rows = report.per_query_rows(evaluation)
    assert rows[0] == ["query_id", "model|50%_x RBO with first", "model|50%_x other first than first"]
    lines = report.markdown_table(evaluation).splitlines()
    mean = model["changes"]["mean_rbo"]
    assert lines[0] == "|  | RBO | new in the first 10 | other first |"
    assert lines[2:4] == ["| First | – | – | – |", f"| Model\\|50%_x | {mean:.3f} | 0.0 | 3 of 3 |"]
    assert lines[5].startswith("made: 3 queries, up to 4 candidates, nothing judged. What each ranker changes of First")
    assert rf"Model|50\%\_x & {mean:.3f} & 0.0 & 3 of 3 \\" in report.latex_table(evaluation)


def test_candidates_in_no_order_have_no_quality_by_depth() -> None:
    value = report.as_json(EVALUATION, OUTCOMES, COLLECTION, ordered=False)
    assert value["rankers"][0]["by_depth"] == {}


def test_one_query_is_enough_for_every_report() -> None:
    evaluation = evaluate(OUTCOMES[:1], COLLECTION, parse_measures("ndcg@10"))
    assert report.as_json_text(evaluation, OUTCOMES[:1], COLLECTION, ordered=True)
    assert len(report.per_query_rows(evaluation)) == 2
    assert np.isfinite(evaluation.figures["first", evaluation.measures[0]].mean)
    assert report.markdown_table(evaluation)
    assert report.latex_table(evaluation)
