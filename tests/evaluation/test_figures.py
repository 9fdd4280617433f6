"""Evaluations: means and tests worked by hand, what is said of them, and what cannot be evaluated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fakes import FakeRanker, giving, made_collection, made_outcomes

from demo.errors import InputError
from demo.evaluation.figures import PairedTest, describe_p, describe_test, evaluate
from demo.evaluation.outcomes import Outcome
from demo.metrics.effectiveness import parse_measure, parse_measures
from demo.metrics.significance import Interval, bootstrap_intervals
from demo.records import Pace

MRR = parse_measure("mrr")
DOCS = ["a", "b", "c", "d"]
COLLECTION = made_collection({"q1": {"b": 1}, "q2": {"c": 2}, "q3": {"d": 1, "gone": 1}}, DOCS)

FIRST = giving("first", {q: {"a": 4, "b": 3, "c": 2, "d": 1} for q in ("q1", "q2", "q3")}, seconds=0.1)
BETTER = giving("better", {"q1": {"b": 9}, "q2": {"c": 9, "a": 10}, "q3": {"d": 9}}, seconds=2.0, truncated=1)
SAME = giving("same", {q: {"a": 4, "b": 3, "c": 2, "d": 1} for q in ("q1", "q2", "q3")})


def outcomes(*rerankers: FakeRanker) -> list[Outcome]:
    return made_outcomes(COLLECTION, *rerankers)


def test_figures_are_per_query_in_the_order_of_the_work() -> None:
    evaluation = evaluate(outcomes(FIRST, BETTER), COLLECTION, (MRR,))
    assert evaluation.query_ids == ("q1", "q2", "q3")
    assert evaluation.figures["first", MRR].values.tolist() == [1 / 2, 1 / 3, 1 / 4]
    assert evaluation.figures["better", MRR].values.tolist() == [1, 1 / 2, 1]
    assert evaluation.figures["better", MRR].mean == pytest.approx((1 + 1 / 2 + 1) / 3)
    assert (evaluation.figures["better", MRR].interval,) == bootstrap_intervals([[1, 1 / 2, 1]])
    assert evaluation.depth == 4
    assert evaluation.baseline == "first"


def test_the_ideal_ranking_counts_passages_that_the_collection_lacks() -> None:
    evaluation = evaluate(outcomes(BETTER), COLLECTION, parse_measures("r@4"))
    assert evaluation.figures["better", parse_measure("r@4")].values.tolist() == [1, 1, 1 / 2]


def test_others_are_tested_against_the_baseline_and_corrected_together() -> None:
    evaluation = evaluate(outcomes(FIRST, BETTER, SAME), COLLECTION, (MRR,))
    assert evaluation.figures["first", MRR].test is None
    better, same = evaluation.figures["better", MRR].test, evaluation.figures["same", MRR].test
    assert better is not None
    assert same is not None
    assert (better.better, better.worse, better.equal) == (3, 0, 0)
    assert better.difference == pytest.approx((1 / 2 + 1 / 6 + 3 / 4) / 3)
    assert (better.interval,) == bootstrap_intervals([[1 / 2, 1 / 6, 3 / 4]])
    assert better.p == better.least_p == 2 / 8
    assert better.corrected_p == 2 * 2 / 8  # two rankers: the smaller p counts twice
    assert (same.p, same.corrected_p, same.effect, same.equal) == (1.0, 1.0, 0.0, 3)


def test_any_ranker_can_be_the_baseline() -> None:
    evaluation = evaluate(outcomes(FIRST, BETTER), COLLECTION, (MRR,), baseline="better")
    test = evaluation.figures["first", MRR].test
    assert evaluation.figures["better", MRR].test is None
    assert test is not None
    assert test.worse == 3


def test_the_first_outcomes_can_be_evaluated_alone() -> None:
    evaluation = evaluate(outcomes(FIRST)[:2], COLLECTION, (MRR,))
    assert evaluation.query_ids == ("q1", "q2")


def test_speed_is_measured_over_what_was_computed() -> None:
    speed = evaluate(outcomes(FIRST, BETTER), COLLECTION, (MRR,)).speeds["better"]
    assert speed.seconds_per_query == pytest.approx(2.0)
    assert speed.pairs_per_second == pytest.approx(4 / 2.0)
    assert (speed.pairs, speed.truncated, speed.device) == (12, 3, "cpu")


def with_cost(**parts: Any) -> list[Outcome]:
    return [
        replace(outcome, rankings=(replace(ranking, cost=replace(ranking.cost, **parts)),))
        for outcome in outcomes(FIRST)
        for ranking in outcome.rankings
    ]


def test_where_all_scores_were_kept_the_pace_of_an_earlier_run_is_told_as_such() -> None:
    kept = with_cost(kept_pairs=4, model_seconds=0.0, earlier=Pace(100, 25.0))
    speed = evaluate(kept, COLLECTION, (MRR,)).speeds["first"]
    assert (speed.pairs_per_second, speed.seconds_per_query, speed.earlier) == (4.0, 1.0, True)  # 4 pairs a query
    never = evaluate(with_cost(kept_pairs=4, model_seconds=0.0), COLLECTION, (MRR,)).speeds["first"]
    assert (never.pairs_per_second, never.seconds_per_query, never.earlier) == (None, None, False)


def test_the_price_is_that_of_every_query_whenever_it_was_billed() -> None:
    found = [*with_cost(kept_pairs=4, kept_usd=0.002)[:1], *with_cost(usd=0.002)[1:]]
    evaluation = evaluate(found, COLLECTION, (MRR,))
    assert evaluation.speeds["first"].usd_per_query == pytest.approx(0.002)
    assert evaluate(outcomes(FIRST), COLLECTION, (MRR,)).speeds["first"].usd_per_query == 0


def test_queries_of_which_some_scores_were_kept_are_told_at_the_pace_of_the_others() -> None:
    found = with_cost(model_seconds=9.0, kept_pairs=2)
    speed = evaluate(found, COLLECTION, (MRR,)).speeds["first"]
    assert speed.seconds_per_query == pytest.approx(18.0)  # 4 pairs at 2 in 9 s
    speed = evaluate([*found[:2], outcomes(FIRST)[2]], COLLECTION, (MRR,)).speeds["first"]
    assert speed.seconds_per_query == pytest.approx(0.1)
    assert speed.pairs_per_second == pytest.approx(4 / 0.1)


def test_queries_without_a_relevant_passage_are_told() -> None:
    evaluation = evaluate(outcomes(FIRST), COLLECTION, (MRR,), relevant_from=2)
    assert [str(note) for note in evaluation.notes] == [
        "queries without a passage of grade 2 or more, where every binary measure is 0: 2 of 3"
    ]
    assert evaluate(outcomes(FIRST), COLLECTION, (MRR,)).notes == ()


def test_what_cannot_be_evaluated_is_said() -> None:
    with pytest.raises(InputError, match="No query has been ranked yet"):
        evaluate([], COLLECTION, (MRR,))
    with pytest.raises(InputError, match=r"no ranker “bm25” to compare with\. Choose one of first, better"):
        evaluate(outcomes(FIRST, BETTER), COLLECTION, (MRR,), baseline="bm25")


# ---- in words ----------------------------------------------------------------------------------------------------

TEST = PairedTest(0.0312, Interval(0.01, 0.05), 40, 22, 38, 0.004, 0.012, 1e-18, 0.31)


@pytest.mark.parametrize(
    ("test", "sentence"),
    [
        (TEST, "+0.031, hardly chance (p = 0.012, small effect): better on 40, worse on 22, equal on 38 queries"),
        (replace(TEST, difference=-0.0312, corrected_p=0.4), "−0.031, could be chance (p = 0.40): better on 40, worse "
         "on 22, equal on 38 queries"),
        (PairedTest(0.1, Interval(0, 0.2), 4, 0, 8, 0.125, 0.125, 0.125, 0.7),
         "+0.100, too few queries differ to tell (4): better on 4, worse on 0, equal on 8 queries"),
    ],
)  # fmt: skip
def test_a_test_in_words(test: PairedTest, sentence: str) -> None:
    assert str(describe_test(test)) == sentence
    assert describe_test(test).to("zh")


@pytest.mark.parametrize(
    ("p", "words"), [(0.0004, "p < 0.001"), (0.0312, "p = 0.031"), (0.3, "p = 0.30"), (1, "p = 1.00")]
)
def test_p_in_words(p: float, words: str) -> None:
    assert describe_p(p) == words


def test_figures_do_not_depend_on_how_tied_passages_are_named() -> None:
    renamed = {"a": "z", "b": "y", "c": "x", "d": "w"}
    collection = made_collection({"q": {renamed["b"]: 1}}, list(renamed.values()))
    evaluation = evaluate(made_outcomes(collection, giving("tied", {})), collection, (MRR,))
    assert np.all(evaluation.figures["tied", MRR].values == 1 / 2)
