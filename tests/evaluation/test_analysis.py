"""Further questions to the same scores: differences, depth, separation, cost."""

from __future__ import annotations

import math

import pytest
from fakes import FakeRanker, giving, made_collection, made_outcomes

from demo.evaluation.analysis import differences, graded_scores, quality_and_cost, quality_by_depth
from demo.evaluation.figures import evaluate
from demo.evaluation.outcomes import first_stage_candidates
from demo.metrics.calibration import auc
from demo.metrics.effectiveness import measure_run, parse_measure

MRR = parse_measure("mrr")
QRELS = {"q1": {"d": 2, "a": 0}, "q2": {"b": 1, "c": 0}, "q3": {"a": 1}}
COLLECTION = made_collection(QRELS, ["a", "b", "c", "d"])
FIRST = giving("first", {q: {"a": 4, "b": 3, "c": 2, "d": 1} for q in QRELS}, seconds=0.1)
MODEL = giving("model", {"q1": {"d": 9, "c": 8}, "q2": {"c": 5, "b": 4}, "q3": {"a": 1, "b": 2}}, seconds=1.0)


def test_differences_are_sorted_by_gain() -> None:
    evaluation = evaluate(made_outcomes(COLLECTION, FIRST, MODEL), COLLECTION, (MRR,))
    rows = differences(evaluation, "model", MRR)
    # q1: rank 4 → 1, q2: 2 → 2, q3: 1 → 2
    assert [(row.query_id, row.before, row.after) for row in rows] == [
        ("q1", 1 / 4, 1),
        ("q2", 1 / 2, 1 / 2),
        ("q3", 1, 1 / 2),
    ]
    assert [row.difference for row in rows] == [3 / 4, 0, -1 / 2]


# ---- depth -------------------------------------------------------------------------------------------------------


def test_a_smaller_depth_reorders_only_the_head() -> None:
    outcomes = made_outcomes(COLLECTION, MODEL)
    points = quality_by_depth(outcomes, COLLECTION, 0, (MRR,), depths=(1, 2, 3, 50))[MRR]
    # depth 1 changes nothing: a b c d. depth 2: q2 b a c d, q3 b a c d. depth 3: q2 c b a d. depth 4: q1 d c a b.
    assert [point.depth for point in points] == [1, 2, 3, 4]
    assert [point.mean for point in points] == pytest.approx(
        [(1 / 4 + 1 / 2 + 1) / 3, (1 / 4 + 1 + 1 / 2) / 3, (1 / 4 + 1 / 2 + 1 / 2) / 3, (1 + 1 / 2 + 1 / 2) / 3]
    )


def test_the_whole_depth_is_the_ranking_itself() -> None:
    outcomes = made_outcomes(COLLECTION, MODEL)
    measures = (MRR, parse_measure("ndcg@3"))
    run = {outcome.query.query_id: outcome.ranked(0) for outcome in outcomes}
    points = quality_by_depth(outcomes, COLLECTION, 0, measures)
    for measure, values in measure_run(QRELS, run, measures).items():
        assert [(point.depth, point.mean) for point in points[measure]] == [
            (4, pytest.approx(sum(values.values()) / 3))
        ]


def test_a_depth_counts_only_what_the_first_stage_found() -> None:
    """The stage finds d and c of four, in this order; the model has a first, then c, d and b.

    Depth 1: d c. Depth 2 and 3: c d, as there is no third. All four: a c d b.
    """
    collection = made_collection({"q": {"a": 1, "d": 1}}, ["a", "b", "c", "d"])
    stage = FakeRanker("stage", lambda query, passage: {"d": 2.0, "c": 1.0}.get(passage.doc_id), ranks_collection=True)
    model = giving("model", {"q": {"a": 4, "c": 3, "d": 2, "b": 1}})
    candidates = first_stage_candidates(stage, collection, 4)
    outcomes = made_outcomes(collection, stage, model, candidates=candidates)
    assert (outcomes[0].doc_ids, outcomes[0].found) == (("d", "c", "a", "b"), 2)
    measures = (MRR, parse_measure("r@4"))
    found = quality_by_depth(outcomes, collection, 1, measures, depths=(1, 2, 3))
    assert [(point.depth, point.mean) for point in found[MRR]] == [(1, 1), (2, 1 / 2), (3, 1 / 2), (4, 1)]
    assert [point.mean for point in found[measures[1]]] == [1 / 2, 1 / 2, 1 / 2, 1]


# ---- scores and grades -------------------------------------------------------------------------------------------


def test_scores_come_with_their_grades_and_unjudged_is_not_0() -> None:
    graded = graded_scores(made_outcomes(COLLECTION, MODEL), COLLECTION, 0)
    by_grade = {grade: sorted(scores.tolist()) for grade, scores in graded.by_grade().items()}
    assert by_grade == {2: [9], 1: [1, 4], 0: [0, 5], None: [0, 0, 0, 0, 0, 2, 8]}
    assert list(by_grade) == [2, 1, 0, None]


def test_separation_is_over_judged_passages_or_over_all() -> None:
    graded = graded_scores(made_outcomes(COLLECTION, MODEL), COLLECTION, 0)
    # relevant 9, 4, 1 against judged 0, 5: of 6 pairs 9 wins 2, 4 wins 1, 1 wins 1
    assert auc(*graded.relevant()) == pytest.approx(4 / 6)
    # and against 0 ×6, 2, 5, 8 (9 passages): 9 wins 9, 4 wins 7, 1 wins 6
    assert auc(*graded.relevant(unjudged_too=True)) == pytest.approx(22 / 27)
    scores, relevant = graded.relevant(relevant_from=2)
    assert scores[relevant].tolist() == [9]


def test_infinite_scores_are_left_out() -> None:
    outcomes = made_outcomes(COLLECTION, giving("run", {"q1": {"a": -math.inf, "d": 3}}))
    graded = graded_scores(outcomes, COLLECTION, 0)
    assert graded.scores.size == graded.grades.size == graded.judged.size == 11


def test_everything_judged_leaves_no_unjudged_group() -> None:
    collection = made_collection({"q": {"a": 1, "b": 0}}, ["a", "b"])
    graded = graded_scores(made_outcomes(collection, MODEL), collection, 0)
    assert list(graded.by_grade()) == [1, 0]


# ---- cost --------------------------------------------------------------------------------------------------------


def test_the_front_holds_what_nothing_beats_in_both() -> None:
    worse = giving("worse", {q: {"d": 1, "c": 2} for q in QRELS}, seconds=3.0)
    evaluation = evaluate(made_outcomes(COLLECTION, MODEL, FIRST, worse), COLLECTION, (MRR,))
    points = quality_and_cost(evaluation, MRR)
    assert [(point.ranker, point.on_front) for point in points] == [("first", True), ("model", True), ("worse", False)]
    assert [point.seconds_per_query for point in points] == pytest.approx([0.1, 1.0, 3.0])


def test_equals_are_both_on_the_front_and_unmeasured_ones_have_no_point() -> None:
    twin, free = giving("twin", {}, seconds=0.5), giving("free", {}, seconds=0.0)
    evaluation = evaluate(made_outcomes(COLLECTION, giving("one", {}, seconds=0.5), twin, free), COLLECTION, (MRR,))
    assert [(point.ranker, point.on_front) for point in quality_and_cost(evaluation, MRR)] == [
        ("one", True),
        ("twin", True),
    ]
