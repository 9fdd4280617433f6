"""The passages that rankers disagree about, and along which line they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from demo.messages import Message, plural
from demo.metrics.agreement import all_tied
from demo.records import Ranking, Result
from demo.results.change import TOP_K
from demo.score_kinds import Side

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ContestedGroup:
    """A line along which rankers may disagree about a passage; `meaning` is one sentence."""

    key: str
    label: Message
    meaning: Message


GROUPS = (
    ContestedGroup(
        "agree",
        Message("All agree"),
        Message("No two rankers place it far apart, or none of them has it near the top."),
    ),
    ContestedGroup(
        "words",
        Message("BM25 alone"),
        Message("Every BM25 ranker places it far from every model that reads, while each side is of one mind."),
    ),
    ContestedGroup(
        "small",
        Message("Smaller models alone"),
        Message(
            "Every smaller cross-encoder places it far from every larger one and from BM25, while each side is of "
            "one mind."
        ),
    ),
    ContestedGroup(
        "unclear",
        Message("No clear line"),
        Message("Rankers place it far apart, but neither kind nor size of model says why."),
    ),
)

AGREE, BM25_ALONE, SMALL_ALONE, UNCLEAR = GROUPS


@dataclass(frozen=True, slots=True)
class Contest:
    """How the rankings of a result place one candidate.

    Attributes:
        candidate: its index.
        best, worst: its highest and its lowest rank, from 1.
        spread: worst − best.
    """

    candidate: int
    best: int
    worst: int
    spread: int
    group: ContestedGroup


def tolerance(size: int, k: int = TOP_K) -> int:
    """Ranks that two rankers may differ by before it counts: a tenth of the n = `size` candidates, from 1 up to k."""
    return max(1, min(k, size // 10))


def apart_means(size: int, k: int = TOP_K) -> Message:
    """What “far apart” means for n = `size` candidates and the cutoff k, in one sentence."""
    gap = tolerance(size, k)
    return plural(
        "Far apart: more than {count} rank between two rankers, at least one of which has the passage in its top {k}.",
        "Far apart: more than {count} ranks between two rankers, at least one of which has the passage in its top {k}.",
        gap,
        k=k,
    )


def contested(result: Result, k: int = TOP_K) -> tuple[Contest, ...]:
    """Every candidate by rank spread, those in «all agree» last, of equals the better best rank first.

    Two ranks are far apart when they differ by more than t = max(1, min(k, ⌊n / 10⌋)) and the better is at most k. A
    passage on which no two rankers are far apart is in «all agree»; where everyone on one side is far from everyone
    on the other and no two on one side are far apart, in «BM25 alone» if the sides are BM25 and models that read, in
    «small models alone» if they are the cross-encoders below some number of parameters and the larger ones with
    BM25; else in «no clear line». With two rankers «small models alone» cannot occur. Engines and fusions belong to
    no side; models of unknown size count only for «BM25 alone».

    A ranker that did not find a passage says nothing of it, and one that ties all of them says nothing at all; a
    passage that nobody speaks of is left out. Empty without rankings. O(m² n) for m rankings, in numpy.
    """
    rankings = result.rankings
    if not rankings or not result.size:
        return ()
    ranks = np.stack([told_ranks(ranking) for ranking in rankings])
    known = ~np.isnan(ranks)
    best = np.where(known, ranks, np.inf).min(axis=0)
    worst = np.where(known, ranks, -np.inf).max(axis=0)
    groups = _groups(rankings, _far_apart(ranks, k))
    ranked = np.flatnonzero(known.any(axis=0))
    keys = (best[ranked], (best - worst)[ranked], [groups[index] is AGREE for index in ranked])
    return tuple(
        Contest(index, int(best[index]), int(worst[index]), int(worst[index] - best[index]), group)
        for index in ranked[np.lexsort(keys)].tolist()
        for group in (groups[index],)
    )


def told_ranks(ranking: Ranking) -> npt.NDArray[np.float64]:
    """float64 (n,), the rank of each candidate; NaN where it was not found, or where all of several are tied."""
    says = ranking.found & (ranking.ranks.size < 2 or not all_tied(ranking))
    return np.where(says, ranking.ranks, np.nan)


def _far_apart(ranks: npt.NDArray[np.float64], k: int) -> Booleans:
    """(m, m, n): whether rankers i and j, which both found candidate c, place it far apart."""
    one, other = ranks[:, None, :], ranks[None, :, :]
    apart: Booleans = (np.abs(one - other) > tolerance(ranks.shape[1], k)) & (np.minimum(one, other) <= k)
    return apart


def _groups(rankings: Sequence[Ranking], apart: Booleans) -> list[ContestedGroup]:
    lexical = [i for i, ranking in enumerate(rankings) if ranking.ranker.kind.side is Side.WORDS]
    neural = [i for i, ranking in enumerate(rankings) if ranking.ranker.kind.side is Side.MODEL]
    every = range(len(rankings))
    agree = ~_some(apart, every, every)
    bm25 = _divided(apart, lexical, neural)
    small = _small_alone(rankings, apart, lexical, neural)
    return [
        AGREE if agree[index] else BM25_ALONE if bm25[index] else SMALL_ALONE if small[index] else UNCLEAR
        for index in range(apart.shape[2])
    ]


def _small_alone(
    rankings: Sequence[Ranking], apart: Booleans, lexical: Sequence[int], neural: Sequence[int]
) -> Booleans:
    """Where some size divides the models so that the larger and BM25 stand against the smaller."""
    found = np.zeros(apart.shape[2], dtype=np.bool_)
    sizes = {i: size for i in neural if (size := _parameters(rankings[i]))}
    if len(sizes) + len(lexical) < 3:
        return found
    for limit in sorted(set(sizes.values()))[1:]:
        smaller = [i for i, size in sizes.items() if size < limit]
        larger = [i for i, size in sizes.items() if size >= limit]
        found |= _divided(apart, smaller, [*larger, *lexical])
    return found


def _parameters(ranking: Ranking) -> int:
    return ranking.ranker.model.spec.parameters if ranking.ranker.model else 0


def _divided(apart: Booleans, one: Sequence[int], other: Sequence[int]) -> Booleans:
    """Where each of one side is far from each of the other, and no two of one side are; nowhere if a side is empty."""
    if not one or not other:
        return np.zeros(apart.shape[2], dtype=np.bool_)
    across = np.asarray(np.all(apart[np.ix_(one, other)], axis=(0, 1)))
    return across & ~_some(apart, one, one) & ~_some(apart, other, other)


def _some(apart: Booleans, one: Sequence[int], other: Sequence[int]) -> Booleans:
    """Where one of one side is far from one of the other."""
    return np.asarray(np.any(apart[np.ix_(one, other)], axis=(0, 1)))
