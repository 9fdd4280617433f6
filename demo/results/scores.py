"""How clearly a ranker tells passages apart: margins between neighbours, and ties."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from demo.records import RankerSpec, Ranking


@dataclass(frozen=True, slots=True)
class ScoreFacts:
    """Margins and ties of one ranking, in the units of its own scores; what has no score or was not found is left out.

    Attributes:
        scored: candidates that were found and have a score.
        unfound: candidates that were not found.
        margin: score of rank 1 − score of rank 2; None for fewer than two scores, or where one of the two is infinite.
        median_margin: median of score − next lower or equal score over all neighbours in rank, ties (0) included,
            infinite scores left out; None for fewer than two finite scores.
        tied: candidates that share their score with another.
        distinct: different scores.
    """

    ranker: RankerSpec
    scored: int
    unfound: int
    margin: float | None
    median_margin: float | None
    tied: int
    distinct: int


def score_facts(ranking: Ranking) -> ScoreFacts:
    """Margins and ties of one ranking."""
    known = ranking.scores[ranking.found & ~np.isnan(ranking.scores)].astype(np.float64)
    values, counts = np.unique(known, return_counts=True)
    best_first = np.sort(known)[::-1]
    neighbours = -np.diff(best_first[np.isfinite(best_first)])
    return ScoreFacts(
        ranker=ranking.ranker,
        scored=known.size,
        unfound=int((~ranking.found).sum()),
        margin=_margin(best_first.tolist()),
        median_margin=float(np.median(neighbours)) if neighbours.size else None,
        tied=int(counts[counts > 1].sum()),
        distinct=values.size,
    )


def _margin(best_first: list[float]) -> float | None:
    if len(best_first) < 2 or not all(map(math.isfinite, best_first[:2])):
        return None
    return best_first[0] - best_first[1]
