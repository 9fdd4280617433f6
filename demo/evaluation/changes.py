"""What a ranker changes in another's order, query by query: needs no judgments, and does not say which is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from demo.evaluation.outcomes import Outcome
from demo.metrics.agreement import OVERLAP_K, overlap_at_k, rbo_between
from demo.metrics.effectiveness import mean


@dataclass(frozen=True, slots=True)
class QueryChange:
    """One query.

    Attributes:
        query_index: among the outcomes.
        rbo: agreement of the two orders, 0…1, as `metrics.agreement.rbo_between` has it.
        new: passages of the ranker's first ten that are not among the baseline's first ten.
        other_first: whether another passage is first.
    """

    query_index: int
    query_id: str
    rbo: float
    new: int
    other_first: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """What one ranker changes, over all queries that have candidates.

    Attributes:
        rows: in the order of the work.
        fits: whether every query has at most ten candidates, so that none can be new among the first ten.
    """

    rows: tuple[QueryChange, ...]
    fits: bool

    @property
    def rbo(self) -> float:
        """The mean agreement; 0 where no query has candidates."""
        return mean([row.rbo for row in self.rows])

    @property
    def new(self) -> float:
        """The mean number of passages that are new among the first ten; 0 likewise."""
        return mean([row.new for row in self.rows])

    @property
    def other_first(self) -> int:
        """Queries on which another passage is first."""
        return sum(row.other_first for row in self.rows)

    def least_agreeing(self) -> tuple[QueryChange, ...]:
        """The rows, the least agreement first; equal ones in the order of the work."""
        return tuple(sorted(self.rows, key=lambda row: row.rbo))


def changes_between(outcomes: Sequence[Outcome], baseline: int, ranker_index: int) -> Changes:
    """What ranker number `ranker_index` changes in the order of ranker number `baseline`."""
    rows = []
    for number, outcome in enumerate(outcomes):
        before, after = outcome.rankings[baseline], outcome.rankings[ranker_index]
        rbo = rbo_between(before, after)
        if rbo is None:
            continue
        first, second = (ranking.top(len(outcome.doc_ids)).tolist() for ranking in (before, after))
        shared = overlap_at_k(first, second, OVERLAP_K)
        new = min(OVERLAP_K, len(second)) - shared
        rows.append(QueryChange(number, outcome.query.query_id, rbo, new, first[0] != second[0]))
    return Changes(tuple(rows), all(len(outcome.doc_ids) <= OVERLAP_K for outcome in outcomes))
