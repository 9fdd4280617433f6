"""What a ranker's scores say: how likely a passage is relevant, and how clearly passages are told apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from demo.normalisation import Values, sigmoid
from demo.records import RankerSpec, Ranking


def probabilities(ranking: Ranking) -> Values | None:
    """float64 (n,), each candidate's probability of relevance: the sigmoid of a logit, or the score where it is one.

    NaN where a candidate has no score; None where the ranker's scores are neither. How far a model's logits are
    calibrated is the model's affair: those of the bundled ones are above 0 where passages begin to be relevant.
    """
    kind, scores = ranking.ranker.kind, ranking.scores.astype(np.float64)
    if kind.sigmoid:
        return sigmoid(scores)
    return scores if kind.is_probability else None


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
