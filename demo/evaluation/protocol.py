"""An evaluation set up and worked through, query by query: the same for the page and the command line.

judged collection + rankers ─► set_up ─► Plan ─► run_queries ─► PartialEvaluation … ─► figures
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil

from demo.errors import InputError
from demo.evaluation.figures import known_baseline
from demo.evaluation.outcomes import (
    Candidates,
    Outcome,
    first_stage_candidates,
    judged_candidates,
    listed_candidates,
    pooled_candidates,
    queries_of,
    run_candidates,
)
from demo.evaluation.presets import Preset, check_preset
from demo.formats.judged import Judged
from demo.formats.trec_runs import Run
from demo.messages import Message
from demo.metrics.effectiveness import Measure
from demo.progress import Progress, as_steps
from demo.rankers.engine import RunRanker
from demo.rankers.protocol import Ranker, checked, failure_of
from demo.rankers.registry import Rankers
from demo.records import Collection, Failure, Query, Ranking

JUDGED = "judged"

Asked = Run | Ranker | str
"""Candidates: a run's, a first stage's, JUDGED for the judged passages of each query, or "" for what came along.

Of several runs that came along they are all passages together.
"""


@dataclass(frozen=True, eq=False)
class Plan:
    """What an evaluation will do.

    Attributes:
        queries: in the order of the work.
        rankers: each once; the one that ordered the candidates is among them, and so is every run of the collection.
        failures: of rankers that cannot even begin.
        measures: the preset's first.
        depth: most candidates of a query.
    """

    judged: Judged
    queries: tuple[Query, ...]
    candidates: Candidates
    rankers: tuple[Ranker, ...]
    failures: tuple[Failure, ...]
    measures: tuple[Measure, ...]
    preset: Preset | None
    depth: int

    @property
    def collection(self) -> Collection:
        """Passages, queries and judgments."""
        return self.judged.collection

    @property
    def candidates_each(self) -> int:
        """How many candidates a query has: on average where they are known, rounded up, or else at most."""
        if self.candidates.total is not None:
            return ceil(self.candidates.total / max(1, len(self.queries)))
        return min(self.depth, len(self.collection.passages))


def set_up(
    judged: Judged,
    rankers: Sequence[Ranker],
    measures: Sequence[Measure],
    first_stage: Ranker,
    asked: Asked = "",
    depth: int = 100,
    most_queries: int | None = None,
    preset: Preset | None = None,
) -> Plan:
    """The plan of an evaluation.

    Args:
        first_stage: makes the candidates where the collection brought none and nothing else is asked for.
        most_queries: only the first so many; None or 0: all.

    Raises:
        InputError: there are no queries, the candidates do not fit, or the preset needs judgments.
    """
    check_preset(preset, judged.collection)
    queries = queries_of(judged.collection)[: most_queries or None]
    candidates = find_candidates(judged, queries, depth, asked, first_stage)
    wanted = [*([candidates.first] if candidates.first else []), *rankers]
    if candidates.first and candidates.first.spec.key in {ranker.spec.key for ranker in rankers}:
        wanted = list(rankers)
    runs = _runs_beside(judged, candidates.first, judged.run if asked == "" else None)
    candidates = replace(candidates, notes=(*candidates.notes, *_notes_on(runs, candidates, queries)))
    able: dict[str, Ranker] = {}
    failures: list[Failure] = []
    for ranker in wanted:
        try:
            ranker.check()
        except Exception as error:  # noqa: BLE001  any fault of one ranker is told in its place
            failures.append(failure_of(ranker, error))
        else:
            able[ranker.spec.key] = ranker
    for beside in runs:
        if any(query.query_id in beside.run.rankings for query in queries):
            able[beside.spec.key] = beside
        else:
            failures.append(Failure(beside.spec, _other_queries(beside, queries)))
    chosen = (*([preset.measure] if preset else ()), *measures)
    return Plan(
        judged,
        queries,
        candidates,
        tuple(able.values()),
        tuple(failures),
        tuple(dict.fromkeys(chosen)),
        preset,
        depth,
    )


def read_rankers(texts: str | Sequence[str], judged: Judged, rankers: Rankers) -> tuple[Ranker, ...]:
    """The rankers that texts name; there may be none where the collection came with runs, which are rankers too.

    Raises:
        InputError: as `Rankers.read_all`.
    """
    named = any(text.strip() for text in ([texts] if isinstance(texts, str) else texts))
    return rankers.read_all(texts) if named or not judged.runs else ()


def read_baseline(text: str, plan: Plan, rankers: Rankers) -> str:
    """The key of the ranker that the others are tested against, which is written as rankers are or is a key; or "".

    Raises:
        InputError: it cannot be read, or is none of the plan's.
    """
    known = [ranker.spec for ranker in plan.rankers]
    keys = {spec.key for spec in known}
    if not text or not keys or text in keys:
        return text
    key = rankers.read(text).spec.key
    return known_baseline(key if key in keys else text, known)


def _runs_beside(judged: Judged, first: Ranker | None, made: Run | None) -> list[RunRanker]:
    """The collection's runs as rankers, except for the one that made the candidates."""
    taken = {first.spec.key} if first else set[str]()
    runs = []
    for name, run in judged.runs.items():
        if run is made:
            continue
        ranker = RunRanker(run, name)
        runs.append(RunRanker(run, f"{name} (2)") if ranker.spec.key in taken else ranker)
    return runs


def _notes_on(runs: Sequence[RunRanker], candidates: Candidates, queries: Sequence[Query]) -> tuple[Message, ...]:
    """What the person should know of runs beside the candidates, each a clause."""
    notes = []
    for ranker in runs:
        without = sum(query.query_id not in ranker.run.rankings for query in queries)
        if 0 < without < len(queries):
            clause = Message(
                "queries that {run} lacks, which count as 0 for it: {without:,}", run=ranker.name, without=without
            )
            notes.append(clause)
    if runs and not candidates.pooled:
        notes.append(Message("of runs, only passages among the candidates count as found"))
    return tuple(notes)


def _other_queries(ranker: RunRanker, queries: Sequence[Query]) -> Message:
    """Says that the run ranks nothing for any of the queries."""
    return Message(
        "The run is of other queries: they are named like “{other}”, those of the collection like “{own}”. Give a "
        "run of the same queries.",
        other=next(iter(ranker.run.rankings), "–"),
        own=queries[0].query_id,
    )


def find_candidates(
    judged: Judged, queries: Sequence[Query], depth: int, asked: Asked, first_stage: Ranker
) -> Candidates:
    """Where the candidates come from; the arguments are `set_up`'s.

    Raises:
        InputError: the run or the list does not fit the collection, or the ranker cannot rank a whole collection.
    """
    collection = judged.collection
    if isinstance(asked, str):
        if asked == JUDGED:
            return judged_candidates(collection, queries)
        if judged.run is not None:
            name = next((name for name, run in judged.runs.items() if run is judged.run), "")
            return run_candidates(judged.run, collection, queries, depth, name)
        if judged.runs:
            return pooled_candidates(tuple(judged.runs.values()), collection, queries, depth)
        if judged.candidates:
            return listed_candidates(judged.candidates, collection, queries)
        asked = first_stage
    if isinstance(asked, Run):
        return run_candidates(asked, collection, queries, depth)
    if not asked.spec.ranks_collection:
        raise InputError(
            "{label} cannot rank a whole collection, so it makes no candidates. Choose a first stage such as bm25.",
            label=asked.spec.label,
        )
    return first_stage_candidates(asked, collection, depth)


@dataclass(frozen=True, eq=False)
class PartialEvaluation:
    """What there is of an evaluation at some moment.

    Attributes:
        outcomes: of the queries that are done, with the rankings of those rankers that never failed.
        failures: the rankers that did, each with its reason.
        total: queries in all.
    """

    outcomes: tuple[Outcome, ...] = ()
    failures: tuple[Failure, ...] = ()
    total: int = 0

    @property
    def partial(self) -> bool:
        """Whether queries are left."""
        return len(self.outcomes) < self.total


@as_steps
def run_queries(
    plan: Plan, wrap: Callable[[Ranker], Ranker] = lambda ranker: ranker
) -> Generator[Progress, None, PartialEvaluation]:
    """Ranks every query's candidates by every ranker; `Progress.so_far` holds what there is after each query.

    A ranker that fails is left out from there on and in what was done before, with its reason; when none is left, the
    work ends without outcomes.

    Args:
        wrap: puts something around each ranker, such as a journal.
    """
    left = [wrap(ranker) for ranker in plan.rankers]
    failures, outcomes, total = plan.failures, list[Outcome](), len(plan.queries)
    first = plan.candidates.first.spec.key if plan.candidates.first else ""
    for number, query in enumerate(plan.queries):
        chosen = yield from plan.candidates.of(query).map_progress(partial(_of_query, "", number, total))
        rankings: list[Ranking] = []
        for ranker in tuple(left):
            try:
                steps = ranker.rank(query, plan.collection, chosen)
                ranking = yield from steps.map_progress(partial(_of_query, ranker.spec.label, number, total))
                rankings.append(checked(ranking, chosen.size))
            except Exception as error:  # noqa: BLE001  any fault of one ranker is told in its place
                outcomes = [outcome.without(left.index(ranker)) for outcome in outcomes]
                left.remove(ranker)
                failures = (*failures, failure_of(ranker, error))
        if not left:
            return PartialEvaluation((), failures, total)
        outcomes.append(Outcome.of(query, plan.collection, chosen, rankings, first))
        so_far = PartialEvaluation(tuple(outcomes), failures, total)
        done = Message("Query {number:,} of {total:,}", number=number + 1, total=total)
        yield Progress("scoring", number + 1, total, done, so_far)
    return PartialEvaluation(tuple(outcomes), failures, total)


def _of_query(label: str, number: int, total: int, step: Progress) -> Progress:
    """The progress of one ranking as progress of the whole, which is counted in queries."""
    of_ranker = Message("{label}: {detail}", label=label, detail=step.detail) if label else step.detail
    detail = Message("Query {number:,} of {total:,}, {detail}", number=number + 1, total=total, detail=of_ranker)
    return replace(step, done=number, total=total, detail=detail, so_far=None)
