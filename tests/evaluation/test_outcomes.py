"""The work of an evaluation: where candidates come from, and outcomes query by query."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fakes import FakeRanker, giving, made_collection, made_outcomes, plan_of

from demo.errors import InputError
from demo.evaluation.outcomes import (
    first_stage_candidates,
    judged_candidates,
    listed_candidates,
    queries_of,
    run_candidates,
)
from demo.evaluation.protocol import run_queries
from demo.formats.trec_runs import Run
from demo.rankers.engine import RunRanker
from demo.records import Collection

QRELS = {"q1": {"a": 1, "b": 0}, "q2": {"c": 1, "lost": 2}}
COLLECTION = made_collection(QRELS, ["a", "b", "c", "d"])
QUERIES = COLLECTION.queries


def chosen(collection: Collection, indices: np.ndarray) -> list[str]:
    return [collection.passages[index].doc_id for index in indices.tolist()]


def notes(candidates: object) -> list[str]:
    return [str(note) for note in candidates.notes]  # type: ignore[attr-defined]


# ---- candidates --------------------------------------------------------------------------------------------------


def test_a_run_gives_its_best_that_are_there_and_tells_the_rest() -> None:
    run = Run("t", {"q1": ("d", "gone", "a", "b"), "other": ("a",)}, {"q1": (9, 8, 7, 6), "other": (1,)})
    candidates = run_candidates(run, COLLECTION, QUERIES, 3)
    assert chosen(COLLECTION, candidates.of(QUERIES[0]).run()) == ["d", "a"]
    assert chosen(COLLECTION, candidates.of(QUERIES[1]).run()) == []
    assert notes(candidates) == [
        "queries without candidates, which count as 0: 1",
        "queries with candidates that are not measured: 1",
        "candidates that the collection lacks, left out: 1",
    ]


def test_a_run_ranks_by_its_own_scores_and_has_not_found_what_it_lacks() -> None:
    ranker = RunRanker(Run("lucene", {"q1": ("b", "a")}, {"q1": (2.0, 1.0)}))
    ranking = ranker.rank(QUERIES[0], COLLECTION, np.array([3, 0, 1])).run()
    assert ranking.order.tolist() == [2, 1, 0]
    assert ranking.found.tolist() == [False, True, True]
    assert ranking.ranks.tolist() == [3, 2, 1]
    assert (ranker.spec.key, ranker.spec.label) == ("run:lucene", "lucene")
    assert not ranker.rank(QUERIES[1], COLLECTION, np.array([0])).run().found.any()  # no such query in the run


@pytest.mark.parametrize(
    ("scores", "ranks"),
    [
        ((16777217.0, 16777216.0, 16777216.0, 16777215.0), [1, 2, 2, 4]),  # 2²⁴ + 1 is no float of 32 bits
        ((1e301, 1e300, -1e300, -1e301), [1, 2, 3, 4]),
        ((math.inf, 1e300, -1e300, -math.inf), [1, 2, 3, 4]),
        ((1 + 2e-12, 1 + 1e-12, 1.0, 1 - 1e-12), [1, 2, 3, 4]),
    ],
)
def test_scores_of_64_bits_are_tied_only_where_they_are_equal(scores: tuple[float, ...], ranks: list[int]) -> None:
    ranker = RunRanker(Run("lucene", {"q1": ("d", "c", "b", "a")}, {"q1": scores}))
    ranking = ranker.rank(QUERIES[0], COLLECTION, np.array([3, 2, 1, 0])).run()
    assert ranking.ranks.tolist() == ranks
    finite = np.isfinite(scores)
    assert np.isfinite(ranking.scores).tolist() == finite.tolist()
    assert ranking.scores[finite] == pytest.approx(np.clip(scores, -3e38, 3e38)[finite], rel=1e-6)
    assert ranking.of(np.array([0, 1])).ranks.tolist() == ranks[:2]


def test_judged_passages_can_be_the_candidates() -> None:
    candidates = judged_candidates(COLLECTION, QUERIES)
    assert chosen(COLLECTION, candidates.of(QUERIES[0]).run()) == ["a", "b"]
    assert chosen(COLLECTION, candidates.of(QUERIES[1]).run()) == ["c"]
    assert candidates.first is None
    assert notes(candidates) == ["candidates that the collection lacks, left out: 1"]


def test_listed_candidates_that_fit_have_nothing_to_tell() -> None:
    assert listed_candidates({"q1": ["a"], "q2": ["b"]}, COLLECTION, QUERIES).notes == ()


@pytest.mark.parametrize(
    ("listed", "sentence"),
    [
        ({"301": ["a"]}, "for other queries: they are named like “301”, the judged ones like “q1”"),
        (
            {"q1": ["X-1"]},
            "None of the candidates is in the collection: they are named like “X-1”, its passages like “a”",
        ),
        ({"q1": []}, "None of the candidates is in the collection"),
        ({}, "for other queries"),
    ],
)
def test_candidates_of_another_collection_are_refused(listed: dict[str, list[str]], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        listed_candidates(listed, COLLECTION, QUERIES)


def test_judged_queries_are_worked_on_or_all_where_none_is() -> None:
    assert [query.query_id for query in queries_of(made_collection({"q1": {"a": 0}, "q2": {}}, ["a"]))] == ["q1"]
    assert [query.query_id for query in queries_of(made_collection({"q1": {}, "q2": {}}, ["a"]))] == ["q1", "q2"]
    with pytest.raises(InputError, match="“made” has no queries"):
        queries_of(made_collection({}, ["a"]))


def test_without_judgments_no_judged_passages_can_be_candidates() -> None:
    with pytest.raises(InputError, match="Nothing is judged, so there are no judged passages"):
        judged_candidates(made_collection({"q1": {}}, ["a"]), QUERIES)


@pytest.mark.parametrize(("depth", "taken"), [(1, ["b"]), (2, ["b", "d"]), (3, ["b", "d"]), (4, ["b", "d", "a", "c"])])
def test_a_first_stage_gives_what_it_found_up_to_the_depth(depth: int, taken: list[str]) -> None:
    scores = {"b": 2.0, "d": 1.0}
    stage = FakeRanker("stage", lambda query, passage: scores.get(passage.doc_id), ranks_collection=True)
    candidates = first_stage_candidates(stage, COLLECTION, depth)
    assert chosen(COLLECTION, candidates.of(QUERIES[0]).run()) == taken
    assert candidates.first is stage


# ---- outcomes ----------------------------------------------------------------------------------------------------


def test_each_outcome_holds_every_rankers_order() -> None:
    up, down = giving("up", {"q1": {"a": 1, "b": 2}}), giving("down", {"q1": {"a": 2, "b": 1, "d": -5}}, truncated=3)
    outcome = made_outcomes(COLLECTION, up, down)[0]
    assert outcome.query == QUERIES[0]
    assert outcome.doc_ids == ("a", "b", "c", "d")
    assert outcome.ranked(0) == ("b", "a", "c", "d")
    assert outcome.ranked(1) == ("a", "b", "c", "d")
    assert outcome.truncated == (0, 3)


def test_what_was_not_found_is_not_ranked() -> None:
    half = FakeRanker("half", lambda query, passage: {"c": 1.0, "a": 2.0}.get(passage.doc_id))
    assert made_outcomes(COLLECTION, half)[0].ranked(0) == ("a", "c")


def test_work_is_done_query_by_query_and_can_be_stopped() -> None:
    told = giving("told", {})
    steps = run_queries(plan_of(COLLECTION, told))
    for step in steps:
        if step.so_far is not None:
            break
    steps.close()
    assert told.asked == ["q1"]


def test_a_query_without_candidates_has_an_empty_outcome() -> None:
    nothing = listed_candidates({"q1": ["a"]}, COLLECTION, QUERIES)
    last = made_outcomes(COLLECTION, giving("told", {}), candidates=nothing)[-1]
    assert last.doc_ids == last.ranked(0) == ()


def test_an_outcome_without_a_ranker() -> None:
    outcome = made_outcomes(COLLECTION, giving("one", {}, truncated=1), giving("two", {}))[0].without(0)
    assert [ranking.ranker.key for ranking in outcome.rankings] == ["two"]
    assert outcome.truncated == (0,)
