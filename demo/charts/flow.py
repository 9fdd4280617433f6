"""Ranks as lines through one column per ranking: which passages are drawn, how strongly, and where they lie.

Up to 12 passages every line is drawn and named. Up to 25 all are drawn, and the top 10 of the last column, the top 3 of
every other and the 3 passages whose ranks differ most stand out. Beyond that only the passages of any column's top 10
and those 3 are drawn: ranks 1 to 10 at even distances, the rest on a logarithmic band below. Two columns make a slope
chart. The page draws this as HTML and SVG.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from demo.charts.rank_scatter import rank_ticks
from demo.charts.scatter import count_directions
from demo.messages import NOTHING, Message, plural
from demo.phrases import count_passages, direction
from demo.records import IntArray, Ranking
from demo.results.change import TOP_K, compare

ALL_UP_TO, EMPHASIS_UP_TO = 12, 25
OTHER_TOP, MOVERS = 3, 3
HEAD_END, TAIL_START = 0.56, 0.64
"""Where rank k ends and rank k + 1 begins, as shares of the height, when the tail is logarithmic."""

Mode = Literal["all", "emphasis", "tops"]


@dataclass(frozen=True, slots=True)
class FlowLine:
    """One passage's way through the columns.

    Attributes:
        candidate: its index in the result; ranks: in each column, None where it was not found.
        at: where it lies in each column, 0 at the top and 1 at the bottom, where all lie that were not found.
        strong: drawn in full strength; the others are drawn faintly.
        named: whether it carries rank and name in each column.
    """

    candidate: int
    ranks: tuple[int | None, ...]
    at: tuple[float, ...]
    strong: bool
    named: tuple[bool, ...]

    @property
    def moves(self) -> tuple[int | None, ...]:
        """Ranks gained from each column to the next, None without a rank on both; one fewer than there are columns."""
        return tuple(None if old is None or new is None else old - new for old, new in pairwise(self.ranks))

    @property
    def spread(self) -> int:
        """Worst rank − best rank, of the columns that found it."""
        known = [rank for rank in self.ranks if rank is not None]
        return max(known) - min(known) if known else 0


@dataclass(frozen=True, slots=True)
class FlowTick:
    """A rank of the logarithmic tail and where it lies, 0…1; the same in all columns."""

    rank: int
    at: float


@dataclass(frozen=True, slots=True)
class FlowData:
    """What the rank flow shows.

    Attributes:
        mode: "all", "emphasis" or "tops", by size.
        lines: in the order of the last column; strong ones are to be drawn last.
        ticks: marks of the logarithmic tail; empty unless the mode is "tops".
        k: the cutoff; size: number of candidates, drawn or not; rows: number of evenly spaced ranks.
        columns: number of rankings; unfound: how many candidates each of them did not find.
        sentence: what happened to all candidates, drawn or not, in words without a full stop.
    """

    mode: Mode
    lines: tuple[FlowLine, ...]
    ticks: tuple[FlowTick, ...]
    k: int
    size: int
    rows: int
    columns: int
    unfound: tuple[int, ...]
    sentence: Message


def flow_data(rankings: Sequence[Ranking]) -> FlowData:
    """Which candidates are drawn, which stand out, and where their lines lie; nothing without a ranking."""
    size = rankings[0].scores.size if rankings else 0
    k, mode = min(TOP_K, size), _mode(size)
    strong = _strong(rankings, mode)
    positions = [_positions(ranking) for ranking in rankings]
    lines = tuple(
        _line(index, rankings, positions, size, mode, index in strong)
        for index in (rankings[-1].order.tolist() if rankings else [])
        if mode != "tops" or index in strong
    )
    ticks = tuple(FlowTick(rank, _tail_at(rank, size)) for rank in rank_ticks(TOP_K + 1, size)[1:])
    return FlowData(
        mode=mode,
        lines=lines,
        ticks=ticks if mode == "tops" else (),
        k=k,
        size=size,
        rows=k if mode == "tops" else size,
        columns=len(rankings),
        unfound=tuple(int((~ranking.found).sum()) for ranking in rankings),
        sentence=_sentence(rankings, size),
    )


def _positions(ranking: Ranking) -> list[int]:
    """Where each candidate stands in the ranking's order, from 1, so that tied ones have rows of their own."""
    positions = np.empty_like(ranking.order)
    positions[ranking.order] = np.arange(1, ranking.order.size + 1)
    return [int(position) for position in positions]


def _mode(size: int) -> Mode:
    return "all" if size <= ALL_UP_TO else "emphasis" if size <= EMPHASIS_UP_TO else "tops"


def _strong(rankings: Sequence[Ranking], mode: Mode) -> set[int]:
    if mode == "all":
        return {index for ranking in rankings for index in ranking.order.tolist()}
    movers = _biggest_movers(rankings) if rankings else []
    if mode == "tops":
        return {*movers, *(index for ranking in rankings for index in ranking.top(TOP_K).tolist())}
    others = {index for ranking in rankings[:-1] for index in ranking.top(OTHER_TOP).tolist()}
    return {*(rankings[-1].top(TOP_K).tolist() if rankings else ()), *others, *movers}


def _biggest_movers(rankings: Sequence[Ranking]) -> list[int]:
    """Candidates whose ranks differ most, of equals the one that ends higher first; those that never move are none."""
    spreads = _spreads(rankings)
    return [int(index) for index in np.lexsort((rankings[-1].ranks, -spreads)) if spreads[index]][:MOVERS]


def _spreads(rankings: Sequence[Ranking]) -> IntArray:
    """int64 (n,), worst rank − best rank of each candidate over the rankings that found it."""
    ranks = np.array([ranking.ranks for ranking in rankings], dtype=np.int64)
    found = np.array([ranking.found for ranking in rankings], dtype=np.bool_)
    worst, best = np.where(found, ranks, 0).max(axis=0), np.where(found, ranks, np.iinfo(np.int64).max).min(axis=0)
    spreads: IntArray = np.where(found.any(axis=0), worst - best, 0)
    return spreads


def _line(
    candidate: int, rankings: Sequence[Ranking], positions: Sequence[Sequence[int]], size: int, mode: Mode, strong: bool
) -> FlowLine:
    ranks = tuple(ranking.rank(candidate) for ranking in rankings)
    return FlowLine(
        candidate=candidate,
        ranks=ranks,
        at=tuple(
            1.0 if rank is None else _at(position[candidate], size, mode)
            for rank, position in zip(ranks, positions, strict=True)
        ),
        strong=strong,
        named=tuple(
            strong and rank is not None and (mode != "tops" or position[candidate] <= TOP_K)
            for rank, position in zip(ranks, positions, strict=True)
        ),
    )


def _at(rank: int, size: int, mode: Mode) -> float:
    if mode == "tops":
        return (rank - 1) / (TOP_K - 1) * HEAD_END if rank <= TOP_K else _tail_at(rank, size)
    return (rank - 1) / (size - 1) if size > 1 else 0.5


def _tail_at(rank: int, size: int) -> float:
    """Where a rank below the top k lies: log-spaced from k + 1 at the start of the tail to n at the bottom."""
    first = TOP_K + 1
    return TAIL_START + (1 - TAIL_START) * math.log(rank / first) / math.log(size / first)


def _sentence(rankings: Sequence[Ranking], size: int) -> Message:
    """Rises and falls between two columns; among more, how many passages never move and the widest spread."""
    passages, columns = count_passages(size), len(rankings)
    if columns < 2:
        return Message("Order of {passages}", passages=passages)
    if columns == 2:
        moves = compare(*rankings).moves
        ways = [direction(None if np.isnan(move) else move) for move in moves.tolist()]
        return Message("Ranking change of {passages}: {counts}", passages=passages, counts=count_directions(ways))
    spreads = _spreads(rankings)
    still, widest = int((spreads == 0).sum()), int(spreads.max(initial=0))
    return plural(
        "Ranks of {passages} in {columns} rankings: {count} has the same rank in all, and ranks of one passage differ "
        "by up to {widest}",
        "Ranks of {passages} in {columns} rankings: {count} have the same rank in all, and ranks of one passage differ "
        "by up to {widest}",
        still,
        passages=passages,
        columns=columns,
        widest=widest,
    )


def flow_alt(data: FlowData) -> Message:
    """The chart in one sentence."""
    if not data.size:
        return Message("Ranking change: no passages to show.")
    drawn = NOTHING
    if data.mode == "tops":
        which = Message("either") if data.columns == 2 else Message("any")
        drawn = Message(
            "; the {lines} that are in {which} top {k} or moved most are drawn",
            lines=len(data.lines),
            which=which,
            k=data.k,
        )
    return Message("{sentence}{drawn}.", sentence=data.sentence, drawn=drawn)
