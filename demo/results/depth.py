"""Rerank only the first stage's top: what the result would be, and what would have been missed.

A cross-encoder's score of a passage does not depend on the other candidates, so every smaller depth can be read off the
full one without scoring anything again. A fusion's does: to fuse what a depth leaves, limit the depth first, then fuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from demo.records import RankerSpec, Ranking, Result, competition_ranks
from demo.results.change import TOP_K

ROUND_DEPTHS = tuple(base * 10**power for power in range(1, 7) for base in (1, 2, 5))


@dataclass(frozen=True, slots=True)
class DepthLoss:
    """What a reranker's top k would have missed at smaller depths.

    Attributes:
        depths: as asked for.
        missed: for each depth the candidates of the full-depth top k that stand below it in the first
            stage's order or that it did not find, best first; none for a depth of n or more, which takes all.
        enough: the smallest depth that keeps all of the top k that the first stage found; 0 if it found none of them.
        unfound: how many of the top k no depth below n keeps, because the first stage did not find them.
    """

    ranker: RankerSpec
    depths: tuple[int, ...]
    missed: tuple[tuple[int, ...], ...]
    enough: int
    unfound: int


def at_depth(result: Result, depth: int) -> Result:
    """The result as if only the first stage's top `depth` had been reranked.

    The reranked stand above all others, which keep the first stage's order; a candidate that was not reranked has score
    NaN. A fusion that is a column already keeps the order of its full scores within the depth. Costs and extents stay
    those of the full run. A ranker that can rank the whole collection is limited by no depth. A depth of n or more
    changes nothing, one below 0 means 0.
    """
    if depth >= result.size:
        return result
    return replace(
        result,
        columns=tuple(
            rerank_top(result.first, column, depth)
            if isinstance(column, Ranking) and not column.ranker.ranks_collection
            else column
            for column in result.columns
        ),
    )


def rerank_top(first: Ranking, ranking: Ranking, depth: int) -> Ranking:
    """The ranking's order within the first stage's top `depth`, then the first stage's order; see `at_depth`."""
    reranked = np.zeros(ranking.scores.size, dtype=np.bool_)
    reranked[first.top(max(depth, 0))] = True
    found = np.where(reranked, ranking.found, first.found)
    keys = (~found, found & ~reranked, np.where(found, -np.where(reranked, ranking.scores, first.scores), 0))
    order = np.lexsort(keys[::-1]).astype(np.int64)
    scores = np.where(reranked, ranking.scores, np.nan).astype(np.float32)
    return replace(ranking, scores=scores, found=found, order=order, ranks=competition_ranks(order, *keys))


def usual_depths(size: int) -> tuple[int, ...]:
    """10, 20, 50, 100, 200, … below n = `size`, and n itself; nothing for 0."""
    return (*(depth for depth in ROUND_DEPTHS if depth < size), *([size] if size else []))


def missed_by_depth(result: Result, depths: Sequence[int], k: int = TOP_K) -> tuple[DepthLoss, ...]:
    """What the top k of each column that a depth limits would have missed; `result` is that of the full depth."""
    return tuple(
        _loss(result.first, ranking, tuple(depths), k)
        for ranking in result.rankings
        if not ranking.ranker.ranks_collection
    )


def _loss(first: Ranking, ranking: Ranking, depths: tuple[int, ...], k: int) -> DepthLoss:
    top = ranking.top(k)
    whole = first.order.size
    positions = np.empty(whole, dtype=np.int64)
    positions[first.order] = np.arange(1, whole + 1)  # a depth that ends inside a tie takes the part that stands first
    found, top_positions = first.found[top], positions[top]
    missed = tuple(tuple(top[(~found | (top_positions > depth)) & (depth < whole)].tolist()) for depth in depths)
    enough = int(top_positions[found].max(initial=0))
    return DepthLoss(ranking.ranker, depths, missed, enough, int((~found).sum()))
