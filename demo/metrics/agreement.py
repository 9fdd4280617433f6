"""How far two rankings of the same passages agree, whether or not either of them is right.

Kendall's τ_b compares the order of every pair of passages and corrects for ties. The overlap of the two top k looks
only at who is in. Rank-biased overlap (RBO) stands between them: it averages the overlap at every depth, and a depth
counts less the further down it is. τ_AP compares the order of pairs as τ does, but an error at the top costs more; it
takes one ranking as the reference, and the two directions differ.
"""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from demo.messages import Message
from demo.records import Ranking

RBO_PERSISTENCE = 0.9
"""The first ten ranks then carry 86 % of the weight (Webber, Moffat and Zobel 2010)."""

OVERLAP_K = 10
"""The cutoff that people look at."""


@dataclass(frozen=True, slots=True)
class Strength:
    """A word for τ: used from `at_least` upwards."""

    at_least: float
    word: Message


STRENGTHS = (
    Strength(0.7, Message("strong")),
    Strength(0.4, Message("moderate")),
    Strength(0.1, Message("weak")),
    Strength(-0.1, Message("none")),
    Strength(-1.0, Message("reversed")),
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


def tau_ap(reference: Sequence[Hashable], other: Sequence[Hashable]) -> float | None:
    """AP correlation of the order `other` with the order `reference`, both best first, −1…1; 1 for the same order.

    For each rank i ≥ 2 of `other`: the share of the i − 1 items above it that `reference` puts above it too; twice the
    mean over all such ranks, less 1. So an error near the top of `other` costs most, and the direction matters. Both
    hold the same n items, none tied. None where it is undefined: fewer than two items.

    Raises:
        ValueError: the orders do not hold the same items.

    Source: Yilmaz, Aslam and Robertson 2008, doi:10.1145/1390334.1390435.
    """
    rank_in_reference = {item: rank for rank, item in enumerate(reference)}
    if len(reference) != len(other) or rank_in_reference.keys() != set(other):
        raise ValueError(f"τ_AP needs two orders of the same items, found {len(reference)} and {len(other)}")
    if len(other) < 2:
        return None
    above: list[int] = []
    shares = 0.0
    for item in other:
        rank = rank_in_reference[item]
        if above:
            shares += bisect_right(above, rank) / len(above)
        insort(above, rank)
    return 2 * shares / (len(other) - 1) - 1


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
    overlaps, depths = np.array(_overlaps(shorter, longer)), np.arange(1, length + 1)
    at_s, at_end, weights = overlaps[s - 1], overlaps[-1], p**depths
    seen = np.sum(overlaps / depths * weights)
    unseen = np.sum((at_s * (depths - s) / (s * depths) * weights)[s:])
    tail = ((at_end - at_s) / length + at_s / s) * p**length
    return float((1 - p) / p * (seen + unseen) + tail)


def _overlaps(shorter: Sequence[Hashable], longer: Sequence[Hashable]) -> list[int]:
    """The number of common items at depth 1, 2, … len(longer); the shorter list ends where it ends."""
    depth_in_shorter = {item: depth for depth, item in enumerate(shorter)}
    entering = [0] * len(longer)
    for depth, item in enumerate(longer):
        if item in depth_in_shorter:
            entering[max(depth, depth_in_shorter[item])] += 1
    return list(accumulate(entering))


def describe_tau(tau: float | None) -> Message:
    """One word for τ: strong from 0.7, moderate from 0.4, weak from 0.1, none above −0.1, else reversed.

    The thresholds are this project's, for reading only, and meet τ as it is shown, rounded to two decimals; “undefined”
    where τ is None.
    """
    if tau is None:
        return Message("undefined")
    return next((row.word for row in STRENGTHS if round(tau, 2) >= row.at_least), STRENGTHS[-1].word)


# ---- measures of two rankings ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measure:
    """A way to say with one number how far two rankings of the same candidates agree.

    Attributes:
        meaning: one sentence: what it looks at, its range, what the ends mean, when it is undefined.
        symmetric: whether `between(a, b)` is `between(b, a)`.
        least: the lowest value it can take, −1 or 0; the highest is 1.
        between: takes the reference and the other ranking; None where it is undefined.
    """

    key: str
    label: Message
    meaning: Message
    symmetric: bool
    least: float
    between: Callable[[Ranking, Ranking], float | None]


def tau_b_between(reference: Ranking, other: Ranking) -> float | None:
    """τ_b of the scores, so that equal scores are ties; a ranking that lacks a score counts by its ranks."""
    return tau_b(_ascending(reference), _ascending(other))


def _ascending(ranking: Ranking) -> npt.NDArray[np.float64]:
    """Scores, or negative ranks where a candidate has no score: the higher, the better."""
    missing = np.isnan(ranking.scores).any()
    return (-ranking.ranks if missing else ranking.scores).astype(np.float64)


def tau_ap_between(reference: Ranking, other: Ranking) -> float | None:
    """τ_AP of the orders; None also where one ranking's scores are all equal, as its order is then not its own."""
    if all_tied(reference) or all_tied(other):
        return None
    return tau_ap(reference.order.tolist(), other.order.tolist())


def all_tied(ranking: Ranking) -> bool:
    """Whether all scores are equal; one score is equal to itself, none are not."""
    return bool(ranking.scores.size) and bool(np.all(ranking.scores == ranking.scores[0]))


def rbo_between(reference: Ranking, other: Ranking) -> float | None:
    """Extrapolated RBO of the orders with p = `RBO_PERSISTENCE`."""
    return rbo_ext(reference.order.tolist(), other.order.tolist(), RBO_PERSISTENCE)


def overlap_between(reference: Ranking, other: Ranking) -> float | None:
    """The share of the top min(`OVERLAP_K`, n) that is in both; None for no candidates."""
    k = min(OVERLAP_K, reference.ranks.size)
    return overlap_at_k(reference.order.tolist(), other.order.tolist(), k) / k if k else None


MEASURES = (
    Measure(
        "tau_b",
        Message("Kendall τ_b"),
        Message(
            "Kendall τ_b looks at every pair of passages and whether both rankers order it alike, −1…1: 1 is the "
            "same order, 0 no relation, −1 the reverse; equal scores count as ties, and it is undefined for fewer "
            "than two passages or where one ranker gives all of them the same score."
        ),
        symmetric=True,
        least=-1.0,
        between=tau_b_between,
    ),
    Measure(
        "tau_ap",
        Message("τ_AP"),
        Message(
            "τ_AP takes one ranker as the reference and asks, at each rank of the other, which share of the "
            "passages above it the reference also puts above it, so that errors at the top cost most; −1…1: 1 is "
            "the same order, 0 what chance gives, −1 the reverse; ties are read in the order shown, and it is "
            "undefined for fewer than two passages or where one ranker gives all of them the same score."
        ),
        symmetric=False,
        least=-1.0,
        between=tau_ap_between,
    ),
    Measure(
        "rbo",
        Message("RBO, p = {rbo_persistence:g}", rbo_persistence=RBO_PERSISTENCE),
        Message(
            "Rank-biased overlap (extrapolated) averages the overlap of the two lists at every depth for a reader "
            "who goes on to the next rank with probability p = {rbo_persistence:g}, so the top weighs most; 0…1: "
            "1 is the same order, 0 nothing in common, and two orders of the same passages stay above 0; ties are "
            "read in the order shown, and it is undefined for no passages.",
            rbo_persistence=RBO_PERSISTENCE,
        ),
        symmetric=True,
        least=0.0,
        between=rbo_between,
    ),
    Measure(
        "overlap",
        Message("Overlap@{overlap_k}", overlap_k=OVERLAP_K),
        Message(
            "Overlap@{overlap_k} is the share of the top {overlap_k} that both rankers have in common, whatever "
            "the order within, 0…1: 1 is the same passages, 0 none; with {overlap_k} passages or fewer it is "
            "always 1, and it is undefined for none.",
            overlap_k=OVERLAP_K,
        ),
        symmetric=True,
        least=0.0,
        between=overlap_between,
    ),
)

TAU_B, TAU_AP, RBO, OVERLAP = MEASURES


def find_measure(key: str) -> Measure:
    """The measure with this key.

    Raises:
        KeyError: there is none.
    """
    for measure in MEASURES:
        if measure.key == key:
            return measure
    raise KeyError(f"no measure “{key}”; there are {', '.join(measure.key for measure in MEASURES)}")
