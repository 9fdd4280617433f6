"""What one ranking changes of another: who moved, who came in, how far the two agree.

Movement is not quality: nothing here says which of the two rankings is better.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from demo.messages import Message
from demo.metrics.agreement import (
    OVERLAP_K,
    RBO_PERSISTENCE,
    describe_tau,
    overlap_at_k,
    rbo_between,
    tau_b_between,
)
from demo.records import Agreement, IntArray, Ranking, Result

TOP_K = OVERLAP_K
FEWEST_ORDERED = 3
"""Passages that both rankings found, for an order of theirs that τ could speak of."""


@dataclass(frozen=True, eq=False)
class Change:
    """Two rankings of the same n candidates.

    Attributes:
        moves: float64 (n,), ranks gained from `before` to `after`, positive is up; NaN where one of them did not find
            the candidate.
    """

    before: Ranking
    after: Ranking
    moves: npt.NDArray[np.float64]
    agreement: Agreement

    @property
    def size(self) -> int:
        """Number of candidates."""
        return self.moves.size

    def move(self, index: int) -> int | None:
        """Ranks that the candidate gained; None where it has no rank on one side."""
        value = self.moves[index]
        return None if np.isnan(value) else int(value)

    @property
    def comparable(self) -> int:
        """Candidates that both rankings found."""
        return int((~np.isnan(self.moves)).sum())

    @property
    def moved(self) -> int:
        """Those of them whose rank changed."""
        return int(np.count_nonzero(np.nan_to_num(self.moves)))

    def brought(self, k: int = TOP_K) -> list[int]:
        """Candidates of the new top k that `before` did not find, best first."""
        return [index for index in self.after.top(k).tolist() if not self.before.found[index]]

    def came_in(self, k: int = TOP_K) -> list[int]:
        """Candidates of the new top k that were not in the old one, best first."""
        old = set(self.before.top(k).tolist())
        return [index for index in self.after.top(k).tolist() if index not in old]

    def raised(self, k: int = TOP_K) -> list[int]:
        """Candidates of the new top k whose rank was below k, best first; who shared a rank within k was not below."""
        old = self.before
        return [index for index in self.after.top(k).tolist() if old.found[index] and old.ranks[index] > k]

    def biggest_movers(self, count: int | None = None) -> list[int]:
        """Candidates whose rank changed, by ranks moved either way, of equals the one that ends higher first."""
        moves = np.nan_to_num(self.moves)
        order = np.lexsort((self.after.ranks, -np.abs(moves)))
        return [int(index) for index in order if moves[index]][:count]

    def biggest_climb(self) -> int | None:
        """The candidate that rose by most ranks, of equals the one that ends higher; None if none rose."""
        return next((index for index in self.biggest_movers() if self.moves[index] > 0), None)

    def biggest_drop(self) -> int | None:
        """The candidate that fell by most ranks, of equals the one that started higher; None if none fell."""
        moves = np.nan_to_num(self.moves)
        falls = np.lexsort((self.before.ranks, moves))
        return int(falls[0]) if falls.size and moves[falls[0]] < 0 else None


@dataclass(frozen=True, eq=False)
class Pair:
    """A result of two rankings: the first column and the last, and what the one changes of the other."""

    result: Result
    change: Change

    @property
    def before(self) -> Ranking:
        """The first column."""
        return self.change.before

    @property
    def after(self) -> Ranking:
        """The last column."""
        return self.change.after

    @classmethod
    def of(cls, result: Result) -> Pair:
        """The two-column view of a result.

        Raises:
            ValueError: it has fewer than two rankings.
        """
        if len(result.rankings) < 2:
            raise ValueError(f"a pair needs two rankings, found {len(result.rankings)}")
        return cls(result, compare(result.rankings[0], result.rankings[-1]))


def compare(before: Ranking, after: Ranking) -> Change:
    """What `after` changes of `before`.

    Raises:
        ValueError: they rank different numbers of candidates.
    """
    if before.scores.size != after.scores.size:
        raise ValueError(f"{before.scores.size} candidates before, {after.scores.size} after")
    both = before.found & after.found
    moves = np.where(both, (before.ranks - after.ranks).astype(np.float64), np.nan)
    return Change(before, after, moves, agree(before, after))


def agree(before: Ranking, after: Ranking, k: int = TOP_K) -> Agreement:
    """How far two rankings of the same candidates agree."""
    k = min(k, before.scores.size)
    return Agreement(
        tau_b=tau_b_between(before, after),
        overlap=overlap_at_k(before.top(k).tolist(), after.top(k).tolist(), k),
        k=k,
        rbo=rbo_between(before, after),
        rbo_p=RBO_PERSISTENCE,
    )


def tau_words(one: Ranking, other: Ranking, tau: float | None) -> Message:
    """`describe_tau`; where both found too few passages to speak of an order, that."""
    both = int((one.found & other.found).sum())
    if tau is None or both >= FEWEST_ORDERED:
        return describe_tau(tau)
    return Message(
        "{both} of {total} passages found by both, too few to speak of an order", both=both, total=one.found.size
    )


def take_candidates(first: Ranking, depth: int, ties: IntArray) -> IntArray:
    """int64 (≤ depth,), what a first stage passes on of its ranking of a whole collection, best first.

    All passages if the depth covers them; else the best `depth` of those that it found, for the others it did not rank.

    Args:
        ties: int64 (n,), what decides inside a tie, lower first (`Collection.text_order`).
    """
    found = int(first.found.sum())
    order = np.lexsort((ties, first.ranks)).astype(np.int64)
    return order if depth >= order.size else order[: max(0, min(depth, found))]
