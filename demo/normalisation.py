"""Scores of one ranker on a scale that another ranker's can stand on too; no mapping changes their order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


def sigmoid(logits: Values) -> Values:
    """1 / (1 + e^−s), 0…1, without overflow; differences beyond about ±17 are lost to rounding in float32."""
    small = np.exp(-np.abs(logits))
    shares: Values = np.where(logits >= 0, 1.0, small) / (1.0 + small)
    return shares


def min_max(scores: Values) -> Values | None:
    """(s − min) / (max − min), 0…1; None where all n ≥ 1 scores are equal."""
    if scores.min() == scores.max():
        return None
    shares: Values = (scores - scores.min()) / np.ptp(scores)
    return shares


def standard(scores: Values) -> Values | None:
    """(s − mean) / standard deviation over the n ≥ 1 scores; None where all are equal."""
    if scores.min() == scores.max():
        return None
    deviations: Values = (scores - scores.mean()) / scores.std()
    return deviations
