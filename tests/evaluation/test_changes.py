"""What a ranker changes, worked by hand: agreement, new passages among the first ten, another one first."""

from __future__ import annotations

import pytest
from fakes import FakeRanker, all_passages, giving, made_collection, made_outcomes

from demo.evaluation import evaluate
from demo.evaluation.changes import Changes, changes_between
from demo.evaluation.verdict import best_of, cautions, what_changes
from demo.metrics.effectiveness import parse_measures

DOCS = ["a", "b", "c"]
UNJUDGED = made_collection({"q1": {}, "q2": {}, "q3": {}}, DOCS)
FIRST = giving("first", {q: {"a": 3, "b": 2, "c": 1} for q in ("q1", "q2", "q3")})
OTHER = giving(
    "other", {"q1": {"a": 3, "b": 2, "c": 1}, "q2": {"c": 3, "a": 2, "b": 1}, "q3": {"a": 3, "c": 2, "b": 1}}
)
MEASURES = parse_measures("ndcg@10 mrr")


def test_each_query_by_hand() -> None:
    """Overlaps at depths 1, 2, 3 are 0, 1, 3 for q2 and 1, 1, 3 for q3.

    RBO = (1 − p) / p · Σ overlap / d · pᵈ + pⁿ with p = 0.9.
    """
    changes = changes_between(made_outcomes(UNJUDGED, FIRST, OTHER), 0, 1)
    q2 = 0.1 / 0.9 * (0 + 1 / 2 * 0.81 + 1 * 0.729) + 0.729
    q3 = 0.1 / 0.9 * (1 * 0.9 + 1 / 2 * 0.81 + 1 * 0.729) + 0.729
    assert [row.rbo for row in changes.rows] == pytest.approx([1.0, q2, q3])
    assert [row.other_first for row in changes.rows] == [False, True, False]
    assert changes.other_first == 1
    assert changes.rbo == pytest.approx((1 + q2 + q3) / 3)
    assert [row.query_id for row in changes.least_agreeing()] == ["q2", "q3", "q1"]
    assert changes.fits
    assert changes.new == 0.0


def test_new_passages_are_counted_among_the_first_ten() -> None:
    """Of twelve passages the other ranker has the last three first: three are new, and three fell out."""
    docs = [f"d{number}" for number in range(12)]
    collection = made_collection({"q": {}}, docs)
    before = giving("before", {"q": {doc: -place for place, doc in enumerate(docs)}})
    after = giving("after", {"q": {"d9": 1, "d10": 3, "d11": 2} | {doc: -9 - at for at, doc in enumerate(docs[:9])}})
    changes = changes_between(made_outcomes(collection, before, after), 0, 1)
    assert changes.rows[0].new == 2  # d10 and d11; d9 was tenth
    assert not changes.fits


def test_queries_without_candidates_are_left_out() -> None:
    outcomes = made_outcomes(UNJUDGED, FIRST, OTHER, candidates=all_passages(UNJUDGED, without=["q2"]))
    changes = changes_between(outcomes, 0, 1)
    assert [(row.query_index, row.query_id) for row in changes.rows] == [(0, "q1"), (2, "q3")]
    assert (Changes((), fits=True).rbo, Changes((), fits=True).new) == (0.0, 0.0)


def test_what_was_not_found_is_not_among_the_first_ten() -> None:
    """BM25 finds a alone: c and b are new, though all three are candidates of both."""
    found = FakeRanker("found", lambda query, passage: 1.0 if passage.doc_id == "a" else None)
    (row, *_) = changes_between(made_outcomes(UNJUDGED, found, giving("other", {"q1": {"c": 3, "b": 2}})), 0, 1).rows
    assert (row.new, row.other_first) == (2, True)
    # lists a and c b a, X = 0, 0, 1 and X_s = 0: eq. 32 of Webber et al.
    assert row.rbo == pytest.approx(0.1 / 0.9 * (1 / 3 * 0.729) + 1 / 3 * 0.729)


# ---- without judgments -------------------------------------------------------------------------------------------


def test_without_judgments_only_changes_are_evaluated() -> None:
    evaluation = evaluate(made_outcomes(UNJUDGED, FIRST, OTHER), UNJUDGED, MEASURES)
    assert (evaluation.measures, dict(evaluation.figures)) == ((), {})
    assert evaluation.changes.keys() == {"other"}
    assert evaluation.query_ids == ("q1", "q2", "q3")
    assert cautions(evaluation, None) == ()  # neither hopeless queries nor too few for a test


def test_changes_are_against_the_baseline_that_is_chosen() -> None:
    outcomes = made_outcomes(UNJUDGED, FIRST, OTHER)
    assert evaluate(outcomes, UNJUDGED, MEASURES, "other").changes.keys() == {"first"}


def test_changes_in_words() -> None:
    evaluation = evaluate(made_outcomes(UNJUDGED, FIRST, OTHER), UNJUDGED, MEASURES)
    other = best_of(evaluation, None)
    assert other is not None
    words = what_changes(evaluation, other)
    assert str(words) == (
        "Other puts another passage first than First on 1 of 3 queries. Nothing is judged, so this says how much "
        "changes, not which is better."
    )
    assert words.to("zh").startswith("在 3 个查询中，Other 有 1 个的首位段落与 First 不同。")
    first = what_changes(evaluation, evaluation.rankers[0])
    assert str(first) == "First is the baseline, which others are held against. Choose another ranker to look at."
    alone = evaluate(made_outcomes(UNJUDGED, FIRST), UNJUDGED, MEASURES)
    assert str(what_changes(alone, alone.rankers[0])) == (
        "First ranked 3 queries. There is no other ranker to hold against it."
    )


def test_more_candidates_than_ten_tell_how_many_are_new() -> None:
    docs = [f"d{number}" for number in range(12)]
    collection = made_collection({"q": {}}, docs)
    before = giving("before", {"q": {doc: -place for place, doc in enumerate(docs)}})
    after = giving("after", {"q": {doc: place for place, doc in enumerate(docs)}})
    evaluation = evaluate(made_outcomes(collection, before, after), collection, MEASURES)
    words = str(what_changes(evaluation, evaluation.rankers[1]))
    assert words.startswith(
        "After puts another passage first than Before on 1 of 1 query, and on average 2.0 of its first ten are not "
        "among Before's."
    )
