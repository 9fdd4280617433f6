"""What a score means: how well it tells relevant from irrelevant, and how likely relevance is at each score.

A cross-encoder's logit orders passages; whether 3 is much is another question, and only judgments answer it. The area
under the ROC curve is the chance that a relevant passage outscores an irrelevant one. Precision and recall over a
threshold say what cutting there would keep. Platt's method fits a logistic curve, two numbers that can be carried into
any program; isotonic regression fits any curve that never falls, and needs more judgments to be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_STEPS = 100
_HALVINGS = 40


def _pairs(scores: npt.ArrayLike, relevant: npt.ArrayLike) -> tuple[Floats, Bools]:
    values, labels = np.asarray(scores, dtype=np.float64), np.asarray(relevant, dtype=np.bool_)
    if values.shape != labels.shape or values.ndim != 1:
        raise ValueError(f"{values.size} scores for {labels.size} judgments")
    if not np.all(np.isfinite(values)):
        raise ValueError("a score is not a finite number")
    return values, labels


# ---- telling apart -----------------------------------------------------------------------------------------------


def auc(scores: npt.ArrayLike, relevant: npt.ArrayLike) -> float | None:
    """The share of (relevant, irrelevant) pairs in which the relevant one scores higher, ties counting half: 0…1.

    This is Mann and Whitney's U over the number of pairs. None where there is no such pair.

    Raises:
        ValueError: the lists differ in length, or a score is not finite.
    """
    values, labels = _pairs(scores, relevant)
    positives = values[labels]
    negatives = np.sort(values[~labels])
    if not positives.size or not negatives.size:
        return None
    below = np.searchsorted(negatives, positives, side="left").sum()
    not_above = np.searchsorted(negatives, positives, side="right").sum()
    return float((below + not_above) / 2 / (positives.size * negatives.size))


@dataclass(frozen=True, eq=False)
class Thresholds:
    """What keeping every passage that scores `thresholds[i]` or more gives; all arrays have one length.

    Attributes:
        thresholds: the different scores, descending.
        kept: int64, passages kept.
        precision, recall: of those kept; recall is 0 throughout where nothing is relevant.
    """

    thresholds: Floats
    kept: Ints
    precision: Floats
    recall: Floats

    @property
    def f1(self) -> Floats:
        """The harmonic mean of precision and recall, 0 where both are."""
        both = self.precision + self.recall
        return np.divide(2 * self.precision * self.recall, both, out=np.zeros_like(both), where=both > 0)


def thresholds(scores: npt.ArrayLike, relevant: npt.ArrayLike) -> Thresholds:
    """Precision and recall at each different score.

    Raises:
        ValueError: as for `auc`.
    """
    values, labels = _pairs(scores, relevant)
    order = np.argsort(-values, kind="stable")
    values, found = values[order], np.cumsum(labels[order])
    last = np.flatnonzero(np.append(values[1:] != values[:-1], True)) if values.size else np.empty(0, np.int64)
    kept = (last + 1).astype(np.int64)
    return Thresholds(values[last], kept, found[last] / kept, found[last] / max(int(labels.sum()), 1))


# ---- probabilities -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Platt:
    """A logistic curve: the probability of relevance at score s is 1 / (1 + exp(−(slope · s + intercept)))."""

    slope: float
    intercept: float

    def probability(self, scores: npt.ArrayLike) -> Floats:
        """The probability of relevance at each score."""
        return _logistic(self.slope * np.asarray(scores, dtype=np.float64) + self.intercept)


def fit_platt(scores: npt.ArrayLike, relevant: npt.ArrayLike) -> Platt | None:
    """The logistic curve of greatest likelihood, by Newton's method; None unless both kinds of passage are there.

    Targets are (n₊ + 1) / (n₊ + 2) and 1 / (n₋ + 2) in place of 1 and 0, so that the curve stays finite where the
    scores tell the two kinds apart without error. Where all scores are equal the slope is 0.

    Raises:
        ValueError: as for `auc`.

    Source: Platt 1999, Probabilistic Outputs for Support Vector Machines; Lin, Lin and Weng 2007,
    doi:10.1007/s10994-007-5018-6.
    """
    values, labels = _pairs(scores, relevant)
    positives, negatives = int(labels.sum()), int((~labels).sum())
    if not positives or not negatives:
        return None
    targets = np.where(labels, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    centre, spread = float(values.mean()), float(values.std())
    if spread == 0:
        share = float(targets.mean())
        return Platt(0.0, float(np.log(share / (1 - share))))
    slope, intercept = _newton((values - centre) / spread, targets)
    return Platt(slope / spread, intercept - slope * centre / spread)


def _newton(x: Floats, targets: Floats) -> tuple[float, float]:
    """Slope and intercept of greatest likelihood for centred x; the step is halved while it does not help."""
    design = np.stack((x, np.ones_like(x)), axis=1)
    weights = np.zeros(2)
    loss = _loss(design @ weights, targets)
    for _ in range(_STEPS):
        probability = _logistic(design @ weights)
        gradient = design.T @ (probability - targets)
        if np.abs(gradient).max() < 1e-10 * x.size:
            break
        curvature = (design * (probability * (1 - probability))[:, None]).T @ design + 1e-12 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        for _ in range(_HALVINGS):
            new_loss = _loss(design @ (weights - step), targets)
            if new_loss <= loss:
                break
            step = step / 2
        weights, loss = weights - step, new_loss
    return float(weights[0]), float(weights[1])


def _logistic(values: Floats) -> Floats:
    """1 / (1 + exp(−x)) without overflow."""
    small = np.exp(-np.abs(values))
    return np.where(values >= 0, 1 / (1 + small), small / (1 + small))


def _loss(logits: Floats, targets: Floats) -> float:
    """Cross-entropy, summed."""
    return float(np.sum(np.logaddexp(0, logits) - targets * logits))


@dataclass(frozen=True, eq=False)
class Isotonic:
    """A curve that never falls: straight between its knots, level beyond them.

    Attributes:
        scores: the knots, ascending; probabilities: the share of relevant passages there, never falling.
    """

    scores: Floats
    probabilities: Floats

    def probability(self, scores: npt.ArrayLike) -> Floats:
        """The probability of relevance at each score."""
        return np.interp(np.asarray(scores, dtype=np.float64), self.scores, self.probabilities)


def fit_isotonic(scores: npt.ArrayLike, relevant: npt.ArrayLike) -> Isotonic | None:
    """The rising curve of least squares, by pooling adjacent violators; None unless both kinds of passage are there.

    Raises:
        ValueError: as for `auc`.

    Source: Ayer et al. 1955, doi:10.1214/aoms/1177728423; for calibration Zadrozny and Elkan 2002,
    doi:10.1145/775047.775151.
    """
    values, labels = _pairs(scores, relevant)
    if labels.all() or not labels.any():
        return None
    knots, level_indices, counts = np.unique(values, return_inverse=True, return_counts=True)
    found = np.bincount(level_indices, weights=labels)
    blocks: list[tuple[float, int, int]] = []  # relevant passages, passages, knots
    for hits, count in zip(found.tolist(), counts.tolist(), strict=True):
        block = (hits, count, 1)
        while blocks and blocks[-1][0] * block[1] >= block[0] * blocks[-1][1]:
            block = tuple(a + b for a, b in zip(blocks.pop(), block, strict=True))
        blocks.append(block)
    shares = np.repeat([hits / count for hits, count, _ in blocks], [width for *_, width in blocks])
    return Isotonic(knots, shares)
