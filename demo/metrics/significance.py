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
"""Of both there are fewer for very many queries, see `_MOST_CELLS`."""
LEVEL = 0.95
EXACT_UP_TO = 16
"""Differing queries up to which all 2ⁿ outcomes of the coins are counted rather than drawn."""

_CHUNK_CELLS = 4_000_000
_MOST_CELLS = 200_000_000
"""Draws times queries: for more than 2,000 queries there are fewer permutations."""


# ---- chance ------------------------------------------------------------------------------------------------------


def randomisation_ps(differences: npt.ArrayLike) -> tuple[float, ...]:
    """The two-sided p-value of the mean of paired differences, above 0 and at most 1, of each of several tests.

    Exact up to `EXACT_UP_TO` differences other than 0; beyond, (hits + 1) / (permutations + 1) of random signs, the
    same for all tests. 1 where nothing differs.

    Args:
        differences: shape (tests, queries).

    Source: Smucker, Allan and Carterette 2007, doi:10.1145/1321440.1321528; the + 1: Phipson and Smyth 2010,
    doi:10.2202/1544-6115.1585.
    """
    given = np.asarray(differences, dtype=np.float64)
    if not given.size:
        return (1.0,) * len(given)
    reached = np.abs(given.sum(axis=1)) * (1 - 1e-12) - 1e-14
    differing = np.count_nonzero(given, axis=1)
    drawn = np.flatnonzero(differing > EXACT_UP_TO)
    found = [
        1.0 if count > EXACT_UP_TO or not count else float(np.mean(np.abs(_all_sums(row[row != 0])) >= least))
        for row, count, least in zip(given, differing, reached, strict=True)
    ]
    if drawn.size:
        hits, permutations = np.zeros(drawn.size, dtype=np.int64), _draws(PERMUTATIONS, given.shape[1])
        for sums in _random_sums(given[drawn], permutations):
            hits += np.count_nonzero(np.abs(sums) >= reached[drawn], axis=0)
        for test, count in zip(drawn, hits, strict=True):
            found[test] = (int(count) + 1) / (permutations + 1)
    return tuple(found)


def _draws(wanted: int, queries: int) -> int:
    """How often to draw: as often as wanted, less often beyond `_MOST_CELLS`."""
    return min(wanted, max(_MOST_CELLS // queries, 1_000))


def _all_sums(values: Floats) -> Floats:
    """The sums of the values under all signs, but for those that only turn every sign round."""
    sums = values[:1]
    for value in values[1:]:
        sums = np.concatenate((sums + value, sums - value))
    return sums


def _random_sums(values: Floats, permutations: int) -> Iterator[Floats]:
    """The sums of each test's values under random signs, shape (some permutations, tests), that fit into memory."""
    draw = np.random.default_rng(SEED)
    queries = values.shape[1]
    for count in _chunks(permutations, queries):
        packed = draw.integers(0, 256, size=(count, (queries + 7) // 8), dtype=np.uint8)
        kept = np.unpackbits(packed, axis=1, count=queries).astype(np.float64)
        yield 2 * (kept @ values.T) - values.sum(axis=1)


def _chunks(draws: int, queries: int) -> Iterator[int]:
    """How many of the draws to make at a time."""
    rows = max(_CHUNK_CELLS // queries, 1)
    for start in range(0, draws, rows):
        yield min(rows, draws - start)


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


def bootstrap_intervals(values: npt.ArrayLike, level: float = LEVEL) -> tuple[Interval, ...]:
    """The percentile bootstrap interval of each mean over queries, all with the same resamples.

    Values that are all equal are their own interval.

    Args:
        values: shape (means, queries).
        level: share of the resampled means inside, 0 to 1.

    Raises:
        ValueError: there are no queries.

    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13.
    """
    given = np.asarray(values, dtype=np.float64)
    if not len(given):
        return ()
    if not given.size:
        raise ValueError("an interval needs at least one value")
    means = np.concatenate(list(_resampled_means(given)))
    bounds = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    bounds = np.where(np.all(given == given[:, :1], axis=1), given[:, 0], bounds)
    return tuple(Interval(float(low), float(high)) for low, high in bounds.T)


def _resampled_means(values: Floats) -> Iterator[Floats]:
    """Means over samples of the queries drawn with replacement, shape (some samples, means), that fit into memory."""
    draw = np.random.default_rng(SEED)
    queries = values.shape[1]
    for count in _chunks(_draws(RESAMPLES, queries), queries):
        drawn = draw.integers(queries, size=(count, queries)) + np.arange(count)[:, None] * queries
        times = np.bincount(drawn.ravel(), minlength=count * queries).reshape(count, queries)
        yield times.astype(np.float64) @ values.T / queries


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
