"""How far two rankings of the same passages agree, whether or not either of them is right.

Kendall's τ_b compares the order of every pair of passages and corrects for ties. The overlap of the two top k looks
only at who is in. Rank-biased overlap (RBO) stands between them: it averages the overlap at every depth, and a depth
counts less the further down it is. τ_AP compares the order of pairs as τ does, but an error at the top costs more; it
takes one ranking as the reference, and the two directions differ.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

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


def tau_ap(reference: npt.ArrayLike, other: npt.ArrayLike) -> float | None:
    """AP correlation of the ranks `other` with the ranks `reference` of the same n items, −1…1; 1 for the same order.

    For each item that is not first in `other`: the items above it that `reference` puts above it too, less those that
    it puts below, as a share of all above it; the mean over these items. So an error near the top of `other` costs
    most, and the direction matters. Items that `other` ties have the same items above them; a pair that `reference`
    ties is neither right nor wrong. None where it is undefined: `other` ties all items, or has fewer than two.

    Args:
        reference, other: (n,), the rank of each item, lower is better, equal for tied items.

    Raises:
        ValueError: they differ in length.

    Source: Yilmaz, Aslam and Robertson 2008, doi:10.1145/1390334.1390435; ties as one direction of the τ_AP,b of Urbano
    and Marrero 2017, doi:10.1145/3121050.3121106.
    """
    first, second = np.asarray(reference), np.asarray(other)
    if first.shape != second.shape:
        raise ValueError(f"τ_AP needs two rankings of the same items, found {first.size} and {second.size}")
    order = np.argsort(second, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(second[order])) + 1)
    if len(groups) < 2:
        return None
    above: list[float] = sorted(first[groups[0]].tolist())
    total = 0.0
    for group in groups[1:]:
        ranks = first[group].tolist()
        right = sum(bisect_left(above, rank) - (len(above) - bisect_right(above, rank)) for rank in ranks)
        total += right / len(above)
        for rank in ranks:
            insort(above, rank)
    return total / (first.size - groups[0].size)


def overlap_at_k(order_a: Sequence[Hashable], order_b: Sequence[Hashable], k: int) -> int:
    """Number of items in both top k, 0…k; a list shorter than k counts as a whole."""
    return len(set(order_a[:k]) & set(order_b[:k]))


def rbo_ext(one: npt.ArrayLike, other: npt.ArrayLike, p: float = RBO_PERSISTENCE) -> float | None:
    """Extrapolated rank-biased overlap of two rankings, 0…1; 1.0 for identical ones. None when either ranks nothing.

    At every depth d it takes the agreement 2 · common / (size of one + size of the other) of what each ranks at d or
    above, so that a tie that reaches over d counts as a whole on its side; without ties that is common / d. Below the
    end of the shorter ranking its agreement there is taken to go on.

    Args:
        one, other: (n,), the competition rank of each item in either ranking, from 1; infinite where it is not ranked.
        p: persistence, 0 < p < 1: the probability that a reader who has seen one rank goes on to the next.

    Raises:
        ValueError: p is out of range, or the rankings differ in length.

    Source: Webber, Moffat and Zobel 2010, doi:10.1145/1852102.1852106, equation 32 and their treatment of ties, which
    Corsi and Urbano 2024, doi:10.1145/3626772.3657700, call RBO^w.
    """
    if not 0 < p < 1:
        raise ValueError(f"the persistence of RBO must lie between 0 and 1, found {p}")
    first, second = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueError(f"RBO needs the ranks of the same items twice, found {first.size} and {second.size}")
    lengths = sorted(int(np.isfinite(ranks).sum()) for ranks in (first, second))
    s, length = lengths
    if s == 0:
        return None
    common = _counts(np.maximum(first, second), length)
    depths = np.arange(1, length + 1)
    sizes = np.maximum(_counts(first, length), depths) + np.maximum(_counts(second, length), depths)
    at_end = 2 * common[s - 1] / sizes[s - 1]
    agreement = 2 * (common + at_end * np.maximum(0, depths - s)) / sizes
    return float((1 - p) / p * np.sum(agreement * p**depths) + agreement[-1] * p**length)


def _counts(ranks: npt.NDArray[np.float64], length: int) -> npt.NDArray[np.int64]:
    """int64 (length,), how many items stand at rank d or above, for d from 1 to `length`."""
    return np.searchsorted(np.sort(ranks), np.arange(1, length + 1), side="right").astype(np.int64)


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
class AgreementMeasure:
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
    """τ_b of the ranks: equal scores are ties, and so are all passages that a ranker did not find."""
    return tau_b(-reference.ranks, -other.ranks)


def tau_ap_between(reference: Ranking, other: Ranking) -> float | None:
    """τ_AP of the ranks; None also where one ranking ties everything, as it then says nothing."""
    if all_tied(reference) or all_tied(other):
        return None
    return tau_ap(reference.ranks, other.ranks)


def all_tied(ranking: Ranking) -> bool:
    """Whether all share one rank; one passage shares it with itself, none do not."""
    return bool(ranking.ranks.size) and bool(np.all(ranking.ranks == 1))


def rbo_between(reference: Ranking, other: Ranking) -> float | None:
    """Extrapolated RBO of what each found, with p = `RBO_PERSISTENCE`."""
    one, two = (np.where(each.found, each.ranks, np.inf) for each in (reference, other))
    return rbo_ext(one, two)


def overlap_between(reference: Ranking, other: Ranking) -> float | None:
    """The share of the top `OVERLAP_K`, or of what is found if that is less, that is in both; None if nothing is."""
    one, two = reference.top(OVERLAP_K).tolist(), other.top(OVERLAP_K).tolist()
    most = max(len(one), len(two))
    return overlap_at_k(one, two, OVERLAP_K) / most if most else None


MEASURES = (
    AgreementMeasure(
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
    AgreementMeasure(
        "tau_ap",
        Message("τ_AP"),
        Message(
            "τ_AP takes one ranker as the reference and asks, at each rank of the other, which share of the "
            "passages above it the reference also puts above it, so that errors at the top cost most; −1…1: 1 is "
            "the same order, 0 what chance gives, −1 the reverse; tied passages have the same passages above "
            "them, and it is undefined for fewer than two passages or where one ranker ties all of them."
        ),
        symmetric=False,
        least=-1.0,
        between=tau_ap_between,
    ),
    AgreementMeasure(
        "rbo",
        Message("RBO, p = {rbo_persistence:g}", rbo_persistence=RBO_PERSISTENCE),
        Message(
            "Rank-biased overlap (extrapolated) averages the overlap of the two lists at every depth for a reader "
            "who goes on to the next rank with probability p = {rbo_persistence:g}, so the top weighs most; 0…1: "
            "1 is the same order, 0 nothing in common, and two orders of the same passages stay above 0; a tie "
            "counts as a whole, and it is undefined where a ranker found nothing.",
            rbo_persistence=RBO_PERSISTENCE,
        ),
        symmetric=True,
        least=0.0,
        between=rbo_between,
    ),
    AgreementMeasure(
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


def find_measure(key: str) -> AgreementMeasure:
    """The measure with this key.

    Raises:
        KeyError: there is none.
    """
    for measure in MEASURES:
        if measure.key == key:
            return measure
    raise KeyError(f"no measure “{key}”; there are {', '.join(measure.key for measure in MEASURES)}")
