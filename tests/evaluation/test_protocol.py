"""An evaluation at work: what is told on the way, who fails, and what is there when it is stopped."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import pytest
from fakes import FakeRanker, FakeSource, giving, made_collection, made_outcomes, plan_of

from demo.errors import InputError, ModelError
from demo.evaluation import evaluate
from demo.evaluation.outcomes import Outcome
from demo.evaluation.presets import find_preset
from demo.evaluation.protocol import JUDGED, PartialEvaluation, Plan, read_rankers, run_queries, set_up
from demo.formats.judged import Judged
from demo.formats.trec_runs import Run
from demo.messages import Message
from demo.metrics.effectiveness import parse_measure, parse_measures
from demo.progress import Progress, as_steps
from demo.rankers.cross_encoder.scoring import Scoring
from demo.rankers.engine import RunRanker
from demo.rankers.protocol import Ranker
from demo.rankers.registry import Rankers
from demo.records import Collection, Failure, IntArray, Query, Ranking
from demo.settings import Settings

COLLECTION = made_collection({"q1": {"a": 1}, "q2": {"b": 1}, "q3": {"c": 1}}, ["a", "b", "c"])
FIRST = giving("first", {"q1": {"a": 3.0}, "q2": {"a": 3.0}, "q3": {"a": 3.0}}, truncated=1)
SECOND = giving("second", {"q1": {"a": 1.0}, "q2": {"b": 1.0}, "q3": {"c": 1.0}})


def failing(key: str, at: str, error: Exception | None = None) -> FakeRanker:
    """Ranks until it meets a query that it cannot rank."""
    refusal = ModelError("{text}", text=f"No score for {at}.")
    return FakeRanker(key, error=refusal if error is None else error, error_at=at)


class Stepper(FakeRanker):
    """Tells of two steps before it scores each passage by its place."""

    @as_steps
    def rank(self, query: Query, collection: Collection, indices: IntArray) -> Generator[Progress, None, Ranking]:
        yield Progress("loading", 0, 0, Message("Loading"))
        yield Progress("scoring", 1, 3, Message("Scored 1 of 3"))
        return Ranking.from_scores(self.spec, indices.astype(np.float32))


def steps_of(*rankers: Ranker, failures: tuple[Failure, ...] = ()) -> list[Progress]:
    return list(run_queries(plan_of(COLLECTION, *rankers, failures=failures)))


def worked(*rankers: Ranker, failures: tuple[Failure, ...] = ()) -> PartialEvaluation:
    return run_queries(plan_of(COLLECTION, *rankers, failures=failures)).run()


def orders(outcomes: tuple[Outcome, ...]) -> list[list[tuple[str, ...]]]:
    return [[outcome.ranked(index) for index in range(len(outcome.rankings))] for outcome in outcomes]


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
    stage = FakeRanker("stage", ranks_collection=True, error=InputError("No scores."))
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
        raise self.error or InputError("There is no such model.")


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


# ---- runs that came along ----------------------------------------------------------------------------------------

ONE = Run("tag", {"q1": ("b", "a"), "q2": ("b",)}, {"q1": (2.0, 1.0), "q2": (1.0,)})
TWO = Run("tag", {"q1": ("a", "c"), "q2": ("c",), "q3": ("c",)}, {"q1": (9.0, 8.0), "q2": (9.0,), "q3": (9.0,)})
FOREIGN = Run("", {"topic-9": ("a",)}, {"topic-9": (1.0,)})
STAGE = FakeRanker("stage", ranks_collection=True)


def beside(**runs: Run) -> Judged:
    """The collection with these runs; a single one makes the candidates."""
    named = {f"{name}.run": run for name, run in runs.items()}
    only = next(iter(named.values())) if len(named) == 1 else None
    judged = Judged.bundled(COLLECTION)
    return Judged(COLLECTION, judged.reading, only.rankings if only else {}, only, named)


def means(plan: Plan) -> dict[str, float]:
    """Each ranker's mean reciprocal rank."""
    outcomes, measure = run_queries(plan).run().outcomes, parse_measure("mrr")
    evaluation = evaluate(outcomes, COLLECTION, (measure,), plan.rankers[0].spec.key)
    return {ranker.key: evaluation.figures[ranker.key, measure].mean for ranker in evaluation.rankers}


def test_every_run_is_a_ranker_named_by_its_file_beside_those_chosen() -> None:
    plan = set_up(beside(one=ONE, two=TWO), (SECOND,), MEASURES, STAGE)
    assert [ranker.spec.key for ranker in plan.rankers] == ["second", "run:one.run", "run:two.run"]
    assert [ranker.spec.label for ranker in plan.rankers] == ["Second", "one.run", "two.run"]


def test_the_candidates_are_the_passages_of_all_runs_together_and_each_run_keeps_its_own_figures() -> None:
    plan = set_up(beside(one=ONE, two=TWO), (), MEASURES, STAGE)
    outcomes = run_queries(plan).run().outcomes
    assert [outcome.doc_ids for outcome in outcomes] == [("a", "b", "c"), ("b", "c"), ("c",)]
    assert orders(outcomes) == [[("b", "a"), ("a", "c")], [("b",), ("c",)], [(), ("c",)]]
    assert means(plan) == pytest.approx({"run:one.run": (1 / 2 + 1 + 0) / 3, "run:two.run": (1 + 0 + 1) / 3})
    assert "queries that one.run lacks, which count as 0 for it: 1" in map(str, plan.candidates.notes)
    assert plan.candidates.pooled


def test_the_order_of_the_runs_changes_no_figure() -> None:
    there, back = beside(one=ONE, two=TWO), beside(two=TWO, one=ONE)
    assert means(set_up(there, (SECOND,), (), STAGE)) == means(set_up(back, (SECOND,), (), STAGE))


def test_a_single_run_makes_the_candidates_and_is_there_once() -> None:
    plan = set_up(beside(one=ONE), (SECOND,), MEASURES, STAGE)
    assert [ranker.spec.key for ranker in plan.rankers] == ["run:one.run", "second"]
    assert [outcome.doc_ids for outcome in run_queries(plan).run().outcomes] == [("b", "a"), ("b",), ()]


def test_runs_beside_other_candidates_find_those_alone() -> None:
    plan = set_up(beside(one=ONE, two=TWO), (SECOND,), MEASURES, STAGE, JUDGED)
    assert orders(run_queries(plan).run().outcomes)[0] == [("a",), ("a",), ("a",)]
    assert "of runs, only passages among the candidates count as found" in map(str, plan.candidates.notes)


def test_another_run_of_the_same_name_is_another_ranker() -> None:
    given = Run("one.run", TWO.rankings, TWO.scores)
    plan = set_up(beside(one=ONE, two=TWO), (), MEASURES, STAGE, given)
    assert [ranker.spec.key for ranker in plan.rankers] == ["run:one.run", "run:one.run (2)", "run:two.run"]


def test_a_run_of_other_queries_says_so_and_ends_no_other() -> None:
    plan = set_up(beside(one=ONE, foreign=FOREIGN), (SECOND,), MEASURES, STAGE)
    assert [ranker.spec.key for ranker in plan.rankers] == ["second", "run:one.run"]
    (failure,) = plan.failures
    assert failure.ranker.key == "run:foreign.run"
    assert "named like “topic-9”, those of the collection like “q1”" in str(failure.reason)


def test_with_runs_no_ranker_need_be_named() -> None:
    settings = Settings()
    rankers = Rankers(settings, Scoring(settings, FakeSource()))
    assert read_rankers((), beside(one=ONE, two=TWO), rankers) == ()
    assert [str(ranker) for ranker in read_rankers("bm25", beside(one=ONE), rankers)] == ["bm25"]
    with pytest.raises(InputError, match="No ranker is named"):
        read_rankers("", Judged.bundled(COLLECTION), rankers)


def test_a_run_with_another_score_has_another_fingerprint() -> None:
    """So a journal of it is not taken for that of a new file of the same name."""
    other = Run("tag", ONE.rankings, {"q1": (3.0, 1.0), "q2": (1.0,)})
    assert RunRanker(ONE, "a").fingerprint() == RunRanker(ONE, "b").fingerprint()
    assert RunRanker(ONE).fingerprint() != RunRanker(other).fingerprint()
