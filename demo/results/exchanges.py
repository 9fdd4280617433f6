"""Who enters the first ranks and who leaves them, where lists overlap in part only, as those of runs do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.records import RankerSpec, Ranking, Result
from demo.results.change import TOP_K
from demo.results.members import find_ranking


@dataclass(frozen=True, slots=True)
class Entrant:
    """A candidate that one of two rankings has among its first ranks, and the other has not.

    Attributes:
        candidate: its index; rank: in the ranking that has it.
        other_rank: in the other; None where that one did not find it at all.
    """

    candidate: int
    rank: int
    other_rank: int | None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One ranking against a reference.

    Attributes:
        entered: among the first k of the ranking only, best first; left: among those of the reference only.
        shared: candidates that both found; own, other: found by the ranking, and by the reference, alone.
    """

    ranker: RankerSpec
    entered: tuple[Entrant, ...]
    left: tuple[Entrant, ...]
    shared: int
    own: int
    other: int


def exchanges(result: Result, reference: str, k: int = TOP_K) -> tuple[Exchange, ...]:
    """What every other ranking exchanges with the reference; all candidates with rank k or better are its first k.

    Raises:
        InputError: no ranking has the key.
    """
    base = find_ranking(result, reference)
    return tuple(_exchange(ranking, base, k) for ranking in result.rankings if ranking.ranker.key != reference)


def _exchange(ranking: Ranking, base: Ranking, k: int) -> Exchange:
    return Exchange(
        ranking.ranker,
        _entrants(ranking, base, k),
        _entrants(base, ranking, k),
        int((ranking.found & base.found).sum()),
        int((ranking.found & ~base.found).sum()),
        int((base.found & ~ranking.found).sum()),
    )


def _entrants(ranking: Ranking, other: Ranking, k: int) -> tuple[Entrant, ...]:
    has, had = (each.found & (each.ranks <= k) for each in (ranking, other))
    indices = ranking.order[np.isin(ranking.order, np.flatnonzero(has & ~had))].tolist()
    return tuple(Entrant(index, int(ranking.ranks[index]), other.rank(index)) for index in indices)
