"""The work of an evaluation as a page wants it: watched at every step, stopped at any, going on without who fails.

    candidates + rerankers ─► try_out ─► Progress … Trial … Progress … Trial

`outcomes.work` is the same work for those who want all or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from demo.errors import DemoError
from demo.evaluation.outcomes import Candidates, Outcome, Reranker
from demo.messages import Message
from demo.records import Collection, Failure, IntArray, Query, Ranker, Ranking
from demo.scoring import Progress

Steps = Callable[[Query, Collection, IntArray], Generator[Progress, None, Ranking]]


@dataclass(frozen=True, eq=False)
class Stepwise:
    """A reranker whose work can be watched, and stopped between two steps.

    Attributes:
        ranker: who it is, as far as known before the first score.
        find_fingerprint: what `fingerprint` gives; may load a model.
        steps: the progress of one ranking, which it returns.
    """

    ranker: Ranker
    find_fingerprint: Callable[[], str]
    steps: Steps

    @property
    def fingerprint(self) -> str:
        """Changes whenever its scores for the same texts may."""
        return self.find_fingerprint()

    def rank(self, query: Query, collection: Collection, candidates: IntArray) -> Ranking:
        """The ranking of the passages at these indices, in their order.

        Raises:
            DemoError: as the ranker does.
        """
        steps = self.steps(query, collection, candidates)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                ranking: Ranking = end.value
                return ranking


@dataclass(frozen=True, eq=False)
class Trial:
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


def try_out(
    collection: Collection,
    queries: Sequence[Query],
    candidates: Candidates,
    rerankers: Sequence[Reranker],
    failures: tuple[Failure, ...] = (),
) -> Iterator[Progress | Trial]:
    """Yields how far the work is, and what there is of it after each query; closing the iterator stops it.

    A ranker that fails is left out from there on and in what was done before, with its reason; when none is left, the
    last trial has no outcomes.

    Args:
        failures: of rankers that could not even begin.
    """
    left = list(rerankers)
    outcomes: list[Outcome] = []
    for number, query in enumerate(queries):
        chosen = candidates.of(query)
        rankings: list[Ranking] = []
        for reranker in tuple(left):
            try:
                for step in _steps(reranker, query, collection, chosen):
                    if isinstance(step, Ranking):
                        rankings.append(step)
                    else:
                        yield _told(step, reranker.ranker.label, number, len(queries))
            except DemoError as error:
                outcomes = [outcome.without(left.index(reranker)) for outcome in outcomes]
                left.remove(reranker)
                failures = (*failures, Failure(reranker.ranker, error.message))
        if not left:
            yield Trial((), failures, len(queries))
            return
        outcomes.append(Outcome.of(query, collection, chosen, rankings))
        yield Trial(tuple(outcomes), failures, len(queries))


def _steps(reranker: Reranker, query: Query, collection: Collection, chosen: IntArray) -> Iterator[Progress | Ranking]:
    """The reranker's progress, and last its ranking."""
    if isinstance(reranker, Stepwise):
        yield (yield from reranker.steps(query, collection, chosen))
    else:
        yield reranker.rank(query, collection, chosen)


def _told(step: Progress, label: str, number: int, total: int) -> Progress:
    """The progress of one ranking as progress of the whole, which is counted in queries."""
    where = Message("Query {number:,} of {total:,}, {label}", number=number + 1, total=total, label=label)
    detail = Message("{where}: {detail}", where=where, detail=step.detail)
    return replace(step, done=number, total=total, detail=detail)
