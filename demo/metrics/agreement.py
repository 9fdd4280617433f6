"""How far two rankings of the same passages agree, whether or not either of them is right.

Kendall's τ_b compares the order of every pair of passages and corrects for ties. The overlap of the two top k looks
only at who is in. Rank-biased overlap (RBO) stands between them: it averages the overlap at every depth, and a depth
counts less the further down it is.
"""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from demo.language import Text

RBO_PERSISTENCE = 0.9
"""The first ten ranks then carry 86 % of the weight (Webber, Moffat and Zobel 2010)."""


@dataclass(frozen=True, slots=True)
class Strength:
    """A word for τ: used from `at_least` upwards."""

    at_least: float
    word: Text


STRENGTHS = (
    Strength(0.7, Text("strong", "强")),
    Strength(0.4, Text("moderate", "中等")),
    Strength(0.1, Text("weak", "弱")),
    Strength(-0.1, Text("none", "无")),
    Strength(-1.0, Text("reversed", "相反")),
)


def tau_b(a: npt.ArrayLike, b: npt.ArrayLike) -> float | None:
    """Kendall's τ_b of two score lists over the same n candidates, −1…1, in O(n log n) comparisons.

    Equal scores are ties. None where it is undefined: fewer than two candidates, or one list all tied.

    Raises:
        ValueError: the lists differ in length.

    Source: Kendall 1945, doi:10.1093/biomet/33.3.239; counting after Knight 1966, doi:10.1080/01621459.1966.10480879.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueError(f"τ_b needs two lists of one length, found {first.size} and {second.size}")
    x, y = first.tolist(), second.tolist()
    pairs = math.comb(len(x), 2)
    tied_x, tied_y, tied_both = _tied_pairs(x), _tied_pairs(y), _tied_pairs(list(zip(x, y, strict=True)))
    if pairs in (tied_x, tied_y):
        return None
    discordant = _discordant_pairs(x, y)
    concordant = pairs - tied_x - tied_y + tied_both - discordant
    return (concordant - discordant) / math.sqrt((pairs - tied_x) * (pairs - tied_y))


def _tied_pairs(values: Sequence[Hashable]) -> int:
    return sum(math.comb(count, 2) for count in Counter(values).values())


def _discordant_pairs(x: Sequence[float], y: Sequence[float]) -> int:
    """Pairs that x and y order in opposite ways; within equal x, y ascends, so that a tie in x counts as none."""
    seen: list[float] = []
    discordant = 0
    for _, value in sorted(zip(x, y, strict=True)):
        discordant += len(seen) - bisect_right(seen, value)
        insort(seen, value)
    return discordant


def overlap_at_k(order_a: Sequence[Hashable], order_b: Sequence[Hashable], k: int) -> int:
    """Number of items in both top k, 0…k; a list shorter than k counts as a whole."""
    return len(set(order_a[:k]) & set(order_b[:k]))


def rbo_ext(order_a: Sequence[Hashable], order_b: Sequence[Hashable], p: float = RBO_PERSISTENCE) -> float | None:
    """Extrapolated rank-biased overlap of two lists, best first, 0…1; 1.0 for identical lists of any length.

    The lists may differ in length and in content; no item may stand twice in one list. None when either is empty.

    Args:
        p: persistence, 0 < p < 1: the probability that a reader who has seen one rank goes on to the next.

    Raises:
        ValueError: p is out of range.

    Source: Webber, Moffat and Zobel 2010, doi:10.1145/1852102.1852106, equation 32.
    """
    if not 0 < p < 1:
        raise ValueError(f"the persistence of RBO must lie between 0 and 1, found {p}")
    shorter, longer = sorted((list(order_a), list(order_b)), key=len)
    s, length = len(shorter), len(longer)
    if s == 0:
        return None
    overlaps = _overlaps(shorter, longer)
    at_s, at_end = overlaps[s - 1], overlaps[-1]
    seen = sum(overlaps[d - 1] / d * p**d for d in range(1, length + 1))
    unseen = sum(at_s * (d - s) / (s * d) * p**d for d in range(s + 1, length + 1))
    tail = ((at_end - at_s) / length + at_s / s) * p**length
    return (1 - p) / p * (seen + unseen) + tail


def _overlaps(shorter: Sequence[Hashable], longer: Sequence[Hashable]) -> list[int]:
    """The number of common items at depth 1, 2, … len(longer); the shorter list ends where it ends."""
    depth_in_shorter = {item: depth for depth, item in enumerate(shorter)}
    entering = [0] * len(longer)
    for depth, item in enumerate(longer):
        if item in depth_in_shorter:
            entering[max(depth, depth_in_shorter[item])] += 1
    return list(accumulate(entering))


def describe_tau(tau: float | None) -> Text:
    """One word for τ: strong from 0.7, moderate from 0.4, weak from 0.1, none above −0.1, else reversed.

    The thresholds are this project's, for reading only, and meet τ as it is shown, rounded to two decimals; “undefined”
    where τ is None.
    """
    if tau is None:
        return Text("undefined", "无定义")
    return next((row.word for row in STRENGTHS if round(tau, 2) >= row.at_least), STRENGTHS[-1].word)
