"""The watched work of an evaluation: what is told on the way, who fails, and what is there when it is stopped."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import pytest
from demo.evaluation.trials import Stepwise, Trial, try_out
from made_evaluations import Told, all_passages, made_collection

from demo.errors import ModelError
from demo.evaluation.outcomes import Reranker, work
from demo.messages import Message
from demo.rankers.cross_encoder.scoring import Progress
from demo.records import Collection, Failure, IntArray, Query, Ranker, Ranking, ScoreKind

COLLECTION = made_collection({"q1": {"a": 1}, "q2": {"b": 1}, "q3": {"c": 1}}, ["a", "b", "c"])
FIRST = Told("first", {"q1": {"a": 3.0}, "q2": {"a": 3.0}, "q3": {"a": 3.0}}, truncated=1)
SECOND = Told("second", {"q1": {"a": 1.0}, "q2": {"b": 1.0}, "q3": {"c": 1.0}})
STEPPER = Ranker("stepper", "Stepper", ScoreKind.LOGIT)


class Failing(Told):
    """Ranks as told until it meets a query that it cannot rank."""

    def __init__(self, key: str, at: str) -> None:
        super().__init__(key, {})
        self._at = at

    def rank(self, query: Query, collection: Collection, candidates: IntArray) -> Ranking:
        if query.query_id == self._at:
            raise ModelError(Message("{text}", text=f"No score for {query.query_id}."))
        return super().rank(query, collection, candidates)


def stepper() -> Stepwise:
    """Tells of two steps before it scores each passage by its place."""

    def steps(query: Query, collection: Collection, chosen: IntArray) -> Generator[Progress, None, Ranking]:
        yield Progress("loading", 0, 0, Message("Loading"))
        yield Progress("scoring", 1, 3, Message("Scored 1 of 3"))
        return Ranking.from_scores(STEPPER, chosen.astype(np.float32))

    return Stepwise(STEPPER, lambda: "weights-1", steps)


def trials(*rerankers: Reranker, failures: tuple[Failure, ...] = ()) -> list[Progress | Trial]:
    return list(try_out(COLLECTION, COLLECTION.queries, all_passages(COLLECTION), rerankers, failures))


def last(*rerankers: Reranker) -> Trial:
    found = trials(*rerankers)[-1]
    assert isinstance(found, Trial)
    return found


def orders(trial: Trial) -> list[list[tuple[str, ...]]]:
    return [[outcome.ranked(place) for place in range(len(outcome.rankings))] for outcome in trial.outcomes]


def test_the_outcomes_are_those_of_the_plain_work() -> None:
    found, plain = (
        last(FIRST, SECOND),
        list(work(COLLECTION, COLLECTION.queries, all_passages(COLLECTION), [FIRST, SECOND])),
    )
    assert orders(found) == orders(Trial(tuple(plain)))
    assert [outcome.truncated for outcome in found.outcomes] == [(1, 0)] * 3
    assert all(ranking.extents == () for outcome in found.outcomes for ranking in outcome.rankings)
    assert found.failures == ()
    assert not found.partial


def test_a_trial_is_given_after_each_query_and_the_earlier_ones_stay_as_they_were() -> None:
    found = [step for step in trials(FIRST) if isinstance(step, Trial)]
    assert [len(trial.outcomes) for trial in found] == [1, 2, 3]
    assert [trial.partial for trial in found] == [True, True, False]
    assert [trial.total for trial in found] == [3, 3, 3]


def test_steps_are_told_with_the_query_and_the_ranker_and_counted_in_queries() -> None:
    told = [step for step in trials(stepper(), SECOND) if isinstance(step, Progress)]
    assert len(told) == 2 * 3
    assert (told[2].stage, told[2].done, told[2].total) == ("loading", 1, 3)
    assert told[3].detail == Message("Query 2 of 3, Stepper: Scored 1 of 3")


def test_closing_stops_the_work() -> None:
    second = Told("second", {})
    steps = try_out(COLLECTION, COLLECTION.queries, all_passages(COLLECTION), [second])
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert second.asked == ["q1"]


def test_a_ranker_that_fails_is_left_out_of_everything_and_says_why() -> None:
    found = last(FIRST, Failing("failing", "q2"), SECOND)
    assert [ranking.ranker.key for ranking in found.outcomes[0].rankings] == ["first", "second"]
    assert orders(found) == orders(last(FIRST, SECOND))
    assert [outcome.truncated for outcome in found.outcomes] == [(1, 0)] * 3
    assert [(each.ranker.key, str(each.reason)) for each in found.failures] == [("failing", "No score for q2.")]


def test_when_all_fail_no_outcome_is_left() -> None:
    found = trials(Failing("one", "q1"), Failing("two", "q2"))
    assert len(found) == 2
    assert isinstance(found[-1], Trial)
    assert found[-1].outcomes == ()
    assert [failure.ranker.key for failure in found[-1].failures] == ["one", "two"]


def test_failures_from_before_come_first() -> None:
    early = Failure(STEPPER, Message("No such model."))
    found = trials(Failing("late", "q1"), FIRST, failures=(early,))[-1]
    assert isinstance(found, Trial)
    assert [failure.ranker.key for failure in found.failures] == ["stepper", "late"]


def test_a_bug_is_not_taken_for_a_failure() -> None:
    def broken(query: Query, collection: Collection, chosen: IntArray) -> Generator[Progress, None, Ranking]:
        raise ZeroDivisionError
        yield

    with pytest.raises(ZeroDivisionError):
        trials(Stepwise(STEPPER, str, broken))


def test_no_rankers_or_no_queries() -> None:
    assert [step.outcomes for step in trials() if isinstance(step, Trial)] == [()]
    assert list(try_out(COLLECTION, (), all_passages(COLLECTION), [FIRST])) == []


def test_a_stepwise_ranker_can_also_be_asked_plainly() -> None:
    reranker = stepper()
    ranking = reranker.rank(COLLECTION.queries[0], COLLECTION, np.array([2, 0, 1]))
    assert ranking.scores.tolist() == [2, 0, 1]
    assert reranker.fingerprint == "weights-1"
