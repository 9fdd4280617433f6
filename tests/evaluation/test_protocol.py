"""An evaluation at work: what is told on the way, who fails, and what is there when it is stopped."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import pytest
from fakes import FakeRanker, giving, made_collection, made_outcomes, plan_of

from demo.errors import InputError, ModelError
from demo.evaluation.outcomes import Outcome
from demo.evaluation.presets import find_preset
from demo.evaluation.protocol import JUDGED, PartialEvaluation, run_queries, set_up
from demo.formats.judged import Judged
from demo.messages import Message
from demo.metrics.effectiveness import parse_measures
from demo.progress import Progress, stepwise
from demo.rankers.protocol import Ranker
from demo.records import Collection, Failure, IntArray, Query, Ranking

COLLECTION = made_collection({"q1": {"a": 1}, "q2": {"b": 1}, "q3": {"c": 1}}, ["a", "b", "c"])
FIRST = giving("first", {"q1": {"a": 3.0}, "q2": {"a": 3.0}, "q3": {"a": 3.0}}, truncated=1)
SECOND = giving("second", {"q1": {"a": 1.0}, "q2": {"b": 1.0}, "q3": {"c": 1.0}})


def failing(key: str, at: str, error: Exception | None = None) -> FakeRanker:
    """Ranks until it meets a query that it cannot rank."""
    refusal = ModelError(Message("{text}", text=f"No score for {at}."))
    return FakeRanker(key, error=refusal if error is None else error, error_at=at)


class Stepper(FakeRanker):
    """Tells of two steps before it scores each passage by its place."""

    @stepwise
    def rank(self, query: Query, collection: Collection, indices: IntArray) -> Generator[Progress, None, Ranking]:
        yield Progress("loading", 0, 0, Message("Loading"))
        yield Progress("scoring", 1, 3, Message("Scored 1 of 3"))
        return Ranking.from_scores(self.spec, indices.astype(np.float32))


def steps_of(*rankers: Ranker, failures: tuple[Failure, ...] = ()) -> list[Progress]:
    return list(run_queries(plan_of(COLLECTION, *rankers, failures=failures)))


def worked(*rankers: Ranker, failures: tuple[Failure, ...] = ()) -> PartialEvaluation:
    return run_queries(plan_of(COLLECTION, *rankers, failures=failures)).run()


def orders(outcomes: tuple[Outcome, ...]) -> list[list[tuple[str, ...]]]:
    return [[outcome.ranked(place) for place in range(len(outcome.rankings))] for outcome in outcomes]


# ---- the loop ----------------------------------------------------------------------------------------------------


def test_every_ranker_ranks_the_candidates_of_every_query() -> None:
    found = worked(FIRST, SECOND)
    assert orders(found.outcomes) == [
        [("a", "b", "c"), ("a", "b", "c")],
        [("a", "b", "c"), ("b", "a", "c")],
        [("a", "b", "c"), ("c", "a", "b")],
    ]
    assert [outcome.truncated for outcome in found.outcomes] == [(1, 0)] * 3
    assert all(ranking.extents == () for outcome in found.outcomes for ranking in outcome.rankings)
    assert found.failures == ()
    assert not found.partial


def test_what_there_is_is_given_after_each_query_and_the_earlier_ones_stay_as_they_were() -> None:
    found = [step.so_far for step in steps_of(FIRST) if step.so_far is not None]
    assert [len(partial.outcomes) for partial in found] == [1, 2, 3]
    assert [partial.partial for partial in found] == [True, True, False]
    assert [partial.total for partial in found] == [3, 3, 3]


def test_steps_are_told_with_the_query_and_the_ranker_and_counted_in_queries() -> None:
    told = [step for step in steps_of(Stepper("stepper")) if step.stage in ("loading", "scoring")]
    assert [(step.stage, step.done, step.total) for step in told[3:6]] == [
        ("loading", 1, 3),
        ("scoring", 1, 3),
        ("scoring", 2, 3),
    ]
    assert [str(step.detail) for step in told[4:6]] == ["Query 2 of 3, Stepper: Scored 1 of 3", "Query 2 of 3"]


def test_closing_stops_the_work() -> None:
    second = giving("second", {})
    steps = run_queries(plan_of(COLLECTION, second))
    next(step for step in steps if step.so_far is not None)
    steps.close()
    assert second.asked == ["q1"]


def test_a_ranker_that_fails_is_left_out_of_everything_and_says_why() -> None:
    found = worked(FIRST, failing("failing", "q2"), SECOND)
    assert [ranking.ranker.key for ranking in found.outcomes[0].rankings] == ["first", "second"]
    assert orders(found.outcomes) == orders(tuple(made_outcomes(COLLECTION, FIRST, SECOND)))
    assert [outcome.truncated for outcome in found.outcomes] == [(1, 0)] * 3
    assert [(each.ranker.key, str(each.reason)) for each in found.failures] == [("failing", "No score for q2.")]


def test_when_all_fail_no_outcome_is_left() -> None:
    found = worked(failing("one", "q1"), failing("two", "q2"))
    assert found.outcomes == ()
    assert found.total == 3
    assert [failure.ranker.key for failure in found.failures] == ["one", "two"]


def test_failures_from_before_come_first() -> None:
    early = Failure(Stepper("stepper").spec, Message("No such model."))
    found = worked(failing("late", "q1"), FIRST, failures=(early,))
    assert [failure.ranker.key for failure in found.failures] == ["stepper", "late"]


def test_a_bug_in_one_ranker_ends_no_other_and_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    found = worked(failing("broken", "q2", ZeroDivisionError("a secret")), SECOND)
    assert orders(found.outcomes) == orders(tuple(made_outcomes(COLLECTION, SECOND)))
    (failure,) = found.failures
    assert (failure.ranker.key, str(failure.reason)) == (
        "broken",
        "It failed by a fault of this app; the log has the details.",
    )
    assert "a secret" in caplog.text


def test_a_first_stage_that_fails_ends_the_work() -> None:
    """Without candidates there is nothing to rank."""
    stage = FakeRanker("stage", ranks_collection=True, error=InputError(Message("No scores.")))
    plan = set_up(Judged.bundled(COLLECTION), (SECOND,), (), stage)
    with pytest.raises(InputError, match="No scores"):
        run_queries(plan).run()


def test_no_rankers_or_no_queries() -> None:
    assert worked().outcomes == ()
    found = run_queries(plan_of(COLLECTION, FIRST, queries=0)).run()
    assert (found.outcomes, found.total) == ((), 0)


def test_something_can_be_put_around_each_ranker() -> None:
    wrapped: list[str] = []

    def wrap(ranker: Ranker) -> Ranker:
        wrapped.append(ranker.spec.key)
        return giving("wrapped", {})

    found = run_queries(plan_of(COLLECTION, FIRST), wrap).run()
    assert wrapped == ["first"]
    assert [ranking.ranker.key for ranking in found.outcomes[0].rankings] == ["wrapped"]


# ---- setting it up -----------------------------------------------------------------------------------------------

MEASURES = parse_measures("map mrr@10")


class Unable(FakeRanker):
    """Cannot even begin."""

    def check(self) -> None:
        raise self.error or InputError(Message("There is no such model."))


def test_the_first_stage_comes_first_unless_it_is_named_among_the_rankers() -> None:
    judged, stage = Judged.bundled(COLLECTION), FakeRanker("stage", ranks_collection=True)
    assert set_up(judged, (FIRST,), MEASURES, stage).rankers == (stage, FIRST)
    assert set_up(judged, (FIRST, stage), MEASURES, stage).rankers == (FIRST, stage)
    assert set_up(judged, (FIRST,), MEASURES, stage, JUDGED).rankers == (FIRST,)


def test_each_ranker_is_there_once_and_those_that_cannot_begin_have_their_reasons() -> None:
    plan = set_up(Judged.bundled(COLLECTION), (FIRST, Unable("lost"), FIRST), MEASURES, FIRST, JUDGED)
    assert plan.rankers == (FIRST,)
    assert [(each.ranker.key, str(each.reason)) for each in plan.failures] == [("lost", "There is no such model.")]


def test_a_bug_in_looking_a_ranker_up_ends_no_other() -> None:
    broken = Unable("broken", error=ZeroDivisionError())
    plan = set_up(Judged.bundled(COLLECTION), (FIRST, broken), MEASURES, FIRST, JUDGED)
    assert [failure.ranker.key for failure in plan.failures] == ["broken"]
    assert plan.rankers == (FIRST,)


@pytest.mark.parametrize(("most", "count"), [(None, 3), (0, 3), (2, 2), (9, 3)])
def test_the_first_so_many_queries_are_taken(most: int | None, count: int) -> None:
    plan = set_up(Judged.bundled(COLLECTION), (FIRST,), MEASURES, FIRST, JUDGED, most_queries=most)
    assert len(plan.queries) == count


def test_a_presets_measure_is_the_first_and_each_is_there_once() -> None:
    preset = find_preset("ms-marco-dev")
    plan = set_up(Judged.bundled(COLLECTION), (FIRST,), MEASURES, FIRST, JUDGED, preset=preset)
    assert [measure.key for measure in plan.measures] == ["mrr@10", "map"]


def test_what_cannot_rank_a_collection_makes_no_candidates() -> None:
    with pytest.raises(InputError, match="First cannot rank a whole collection"):
        set_up(Judged.bundled(COLLECTION), (), MEASURES, FIRST)
