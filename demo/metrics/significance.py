"""Whether a difference between two rankers could be chance, and how sure their means are.

The paired randomisation test asks how often a mean difference as large would come out if, for each query, a coin
decided which ranker got which figure: it needs no assumption on how figures are distributed, which NDCG and reciprocal
rank would break. Several rankers against one baseline are several chances to be wrong, so their p-values go through
Holm's correction. Bootstrap intervals tell how far a mean would move with other queries of the same kind.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from demo.messages import Message

Floats = npt.NDArray[np.float64]

SEED = 20
PERMUTATIONS = 100_000
RESAMPLES = 10_000
LEVEL = 0.95
EXACT_UP_TO = 16
"""Differing queries up to which all 2ⁿ outcomes of the coins are counted rather than drawn."""

_CHUNK_CELLS = 4_000_000


# ---- chance ------------------------------------------------------------------------------------------------------


def randomisation_p(differences: npt.ArrayLike, permutations: int = PERMUTATIONS, seed: int = SEED) -> float:
    """The two-sided p-value of the mean of paired differences, above 0 and at most 1.

    Exact up to `EXACT_UP_TO` differences other than 0; beyond, (hits + 1) / (permutations + 1) of random signs. 1 where
    nothing differs.

    Source: Smucker, Allan and Carterette 2007, doi:10.1145/1321440.1321528; the + 1: Phipson and Smyth 2010,
    doi:10.2202/1544-6115.1585.
    """
    values = np.asarray(differences, dtype=np.float64)
    values = values[values != 0]
    if not values.size:
        return 1.0
    reached = abs(float(values.sum())) * (1 - 1e-12) - 1e-14
    if values.size <= EXACT_UP_TO:
        return float(np.mean(np.abs(_all_sums(values)) >= reached))
    hits = sum(int(np.count_nonzero(np.abs(sums) >= reached)) for sums in _random_sums(values, permutations, seed))
    return (hits + 1) / (permutations + 1)


def _all_sums(values: Floats) -> Floats:
    """The sums of the values under all signs, but for those that only turn every sign round."""
    sums = values[:1]
    for value in values[1:]:
        sums = np.concatenate((sums + value, sums - value))
    return sums


def _random_sums(values: Floats, permutations: int, seed: int) -> Iterator[Floats]:
    """The sums of the values under random signs, in chunks that fit into memory."""
    draw = np.random.default_rng(seed)
    rows = max(_CHUNK_CELLS // values.size, 1)
    for start in range(0, permutations, rows):
        count = min(rows, permutations - start)
        packed = draw.integers(0, 256, size=(count, (values.size + 7) // 8), dtype=np.uint8)
        kept = np.unpackbits(packed, axis=1, count=values.size)
        yield 2 * (kept @ values) - values.sum()


def smallest_p(differing: int) -> float:
    """The smallest p-value that so many differing pairs can give: all on one side, 2 of 2ⁿ outcomes."""
    return min(1.0, 2.0 ** (1 - differing))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """The p-values, in their order, corrected for their number by Holm's step-down method; at most 1.

    Source: Holm 1979, Scandinavian Journal of Statistics 6, 65–70.
    """
    corrected = [1.0] * len(p_values)
    highest = 0.0
    for position, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - position) * p_values[index]))
        corrected[index] = highest
    return tuple(corrected)


# ---- how sure ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`, both included."""

    low: float
    high: float


def bootstrap_interval(
    values: npt.ArrayLike, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = SEED
) -> Interval:
    """The percentile bootstrap interval of the mean over queries; a single value is its own interval.

    Raises:
        ValueError: there are no values.

    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13.
    """
    given = np.asarray(values, dtype=np.float64)
    if not given.size:
        raise ValueError("an interval needs at least one value")
    if np.all(given == given[0]):
        return Interval(float(given[0]), float(given[0]))
    means = np.concatenate(list(_resampled_means(given, resamples, seed)))
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def _resampled_means(values: Floats, resamples: int, seed: int) -> Iterator[Floats]:
    """Means of samples of the same size drawn with replacement, in chunks that fit into memory."""
    draw = np.random.default_rng(seed)
    rows = max(_CHUNK_CELLS // values.size, 1)
    for start in range(0, resamples, rows):
        count = min(rows, resamples - start)
        yield values[draw.integers(values.size, size=(count, values.size))].mean(axis=1)


# ---- how much ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EffectWord:
    """A word for the size of an effect: used from |d| = `at_least` upwards."""

    at_least: float
    word: Message


EFFECT_WORDS = (
    EffectWord(0.8, Message("large")),
    EffectWord(0.5, Message("medium")),
    EffectWord(0.2, Message("small")),
    EffectWord(0.0, Message("negligible")),
)
"""Cohen's own bounds (1988, Statistical Power Analysis for the Behavioral Sciences, chapter 2)."""


def paired_effect(differences: npt.ArrayLike) -> float | None:
    """Cohen's d of paired differences, d_z: their mean over their standard deviation (n − 1).

    0 where nothing differs; None where it is undefined: fewer than two differences, or all of them equal.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.size and not np.any(values):
        return 0.0
    if values.size < 2 or np.all(values == values[0]):
        return None
    return float(values.mean() / values.std(ddof=1))


def describe_effect(effect: float | None) -> Message:
    """One word for the size of d, whatever its sign, as it is shown, rounded to two decimals; “undefined” for None."""
    if effect is None or math.isnan(effect):
        return Message("undefined")
    return next(row.word for row in EFFECT_WORDS if round(abs(effect), 2) >= row.at_least)
