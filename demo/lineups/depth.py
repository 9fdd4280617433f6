"""Rerank only the first stage's top: what the lineup would be, and what would have been missed.

A cross-encoder's score of a passage does not depend on the other candidates, so every smaller depth can be read off the
full one without scoring anything again. A fusion's does: to fuse what a depth leaves, limit the depth first, then fuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from demo.comparison import TOP_K, take_candidates
from demo.records import FloatArray, Lineup, Ranker, Ranking, ScoreKind

FIRST_STAGE_KINDS = frozenset({ScoreKind.BM25, ScoreKind.ENGINE})
"""Kinds of score that exist for the whole collection, so that no depth limits them."""

ROUND_DEPTHS = tuple(base * 10**power for power in range(1, 7) for base in (1, 2, 5))


@dataclass(frozen=True, slots=True)
class DepthLoss:
    """What a reranker's top k would have missed at smaller depths.

    Attributes:
        depths: as asked for.
        missed: for each depth the candidates of the full-depth top k that the first stage ranks below it, best first.
        enough: the smallest depth that keeps all of the top k; 0 for no candidates.
    """

    ranker: Ranker
    depths: tuple[int, ...]
    missed: tuple[tuple[int, ...], ...]
    enough: int


def at_depth(lineup: Lineup, depth: int) -> Lineup:
    """The lineup as if only the first stage's top `depth` had been reranked; BM25 and engine columns stay.

    The reranked stand above all others, which keep the first stage's order; a candidate that was not reranked has score
    NaN. A fusion that is a column already keeps the order of its full scores within the depth. Costs and extents stay
    those of the full run. A depth of n or more changes nothing, one below 0 means 0.
    """
    if depth >= lineup.size:
        return lineup
    return replace(
        lineup,
        columns=tuple(
            rerank_top(lineup.first, column, depth)
            if isinstance(column, Ranking) and column.ranker.kind not in FIRST_STAGE_KINDS
            else column
            for column in lineup.columns
        ),
    )


def rerank_top(first: Ranking, ranking: Ranking, depth: int) -> Ranking:
    """The ranking's order within the first stage's top `depth`, then the first stage's order; see `at_depth`."""
    chosen = take_candidates(first, depth)
    reranked = np.isin(ranking.order, chosen)
    order = np.concatenate([ranking.order[reranked], first.order[chosen.size :]])
    scores = np.full_like(ranking.scores, np.nan)
    scores[chosen] = ranking.scores[chosen]
    return in_order(ranking, order, scores)


def in_order(ranking: Ranking, order: npt.NDArray[np.int64], scores: FloatArray) -> Ranking:
    """The ranking with another order and other scores, which may be NaN; ranks follow from the order.

    Raises:
        ValueError: the order does not hold each candidate once, or there is not one score for each.
    """
    if scores.size != order.size or not np.array_equal(np.sort(order), np.arange(ranking.order.size)):
        raise ValueError(f"an order of {ranking.order.size} candidates was expected, found {order.tolist()}")
    ranks = np.empty_like(order)
    ranks[order] = np.arange(1, order.size + 1)
    return replace(ranking, scores=scores, order=order, ranks=ranks)


def usual_depths(size: int) -> tuple[int, ...]:
    """10, 20, 50, 100, 200, … below n = `size`, and n itself; nothing for 0."""
    return (*(depth for depth in ROUND_DEPTHS if depth < size), *([size] if size else []))


def missed_by_depth(lineup: Lineup, depths: Sequence[int], k: int = TOP_K) -> tuple[DepthLoss, ...]:
    """For each column but BM25 and engines, what its top k would have missed; `lineup` is that of the full depth."""
    return tuple(
        _loss(lineup.first, ranking, tuple(depths), k)
        for ranking in lineup.rankings
        if ranking.ranker.kind not in FIRST_STAGE_KINDS
    )


def _loss(first: Ranking, ranking: Ranking, depths: tuple[int, ...], k: int) -> DepthLoss:
    top = ranking.order[:k]
    places = first.ranks[top]
    missed = tuple(tuple(top[places > depth].tolist()) for depth in depths)
    return DepthLoss(ranking.ranker, depths, missed, int(places.max(initial=0)))
