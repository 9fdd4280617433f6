"""The ranking change as lines between two columns: which passages are drawn, how strongly, and where they end.

Up to 12 passages every line is drawn and named. Up to 60 all are drawn, and the new top 10, the old top 3 and the 3
biggest movers stand out. Beyond that only the passages of either top 10 are drawn: ranks 1 to 10 at even
distances, the rest on a logarithmic band below. The page draws this as HTML and SVG.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from demo.charts.rank_scatter import rank_ticks
from demo.charts.scatter import count_directions
from demo.comparison import TOP_K, biggest_movers
from demo.language import Text
from demo.records import Comparison

ALL_UP_TO, EMPHASIS_UP_TO = 12, 60
OLD_TOP, MOVERS = 3, 3
HEAD_END, TAIL_START = 0.56, 0.64
"""Where rank k ends and rank k + 1 begins, as shares of the height, when the tail is logarithmic."""

Mode = Literal["all", "emphasis", "tops"]


@dataclass(frozen=True, slots=True)
class SlopeLine:
    """One passage's way from its old rank to its new.

    Attributes:
        candidate: its index in the comparison; move: old − new rank.
        old_at, new_at: where the line starts and ends, 0 at the top and 1 at the bottom.
        strong: drawn in full strength; the others are drawn faintly.
        named_before, named_after: whether its end on that side carries rank and name.
    """

    candidate: int
    old_rank: int
    new_rank: int
    move: int
    old_at: float
    new_at: float
    strong: bool
    named_before: bool
    named_after: bool


@dataclass(frozen=True, slots=True)
class SlopeTick:
    """A rank of the logarithmic tail and where it lies, 0…1; the same on both sides."""

    rank: int
    at: float


@dataclass(frozen=True, slots=True)
class SlopeData:
    """What the slope chart shows.

    Attributes:
        mode: "all", "emphasis" or "tops", by size.
        lines: in new order; strong ones are to be drawn last.
        ticks: marks of the logarithmic tail; empty unless the mode is "tops".
        k: the cutoff; size: number of candidates, drawn or not; rows: number of evenly spaced ranks.
        counts: how many of all candidates rose, fell and stayed, in words.
    """

    mode: Mode
    lines: tuple[SlopeLine, ...]
    ticks: tuple[SlopeTick, ...]
    k: int
    size: int
    rows: int
    counts: Text


def slope_data(comparison: Comparison) -> SlopeData:
    """Which candidates are drawn, which stand out, and where their lines end."""
    size, k = comparison.size, min(TOP_K, comparison.size)
    mode = _mode(size)
    strong = _strong(comparison, mode)
    lines = tuple(
        _line(comparison, index, mode, index in strong)
        for index in comparison.after.order.tolist()
        if mode != "tops" or index in strong
    )
    ticks = tuple(SlopeTick(rank, _tail_at(rank, size)) for rank in rank_ticks(TOP_K + 1, size)[1:])
    return SlopeData(
        mode=mode,
        lines=lines,
        ticks=ticks if mode == "tops" else (),
        k=k,
        size=size,
        rows=k if mode == "tops" else size,
        counts=count_directions(comparison.moves),
    )


def _mode(size: int) -> Mode:
    return "all" if size <= ALL_UP_TO else "emphasis" if size <= EMPHASIS_UP_TO else "tops"


def _strong(comparison: Comparison, mode: Mode) -> set[int]:
    new, old = comparison.after.order.tolist(), comparison.before.order.tolist()
    if mode == "all":
        return set(new)
    if mode == "tops":
        return {*new[:TOP_K], *old[:TOP_K]}
    return {*new[:TOP_K], *old[:OLD_TOP], *biggest_movers(comparison, MOVERS)}


def _line(comparison: Comparison, index: int, mode: Mode, strong: bool) -> SlopeLine:
    old, new = int(comparison.before.ranks[index]), int(comparison.after.ranks[index])
    everywhere = strong and mode != "tops"
    return SlopeLine(
        candidate=index,
        old_rank=old,
        new_rank=new,
        move=int(comparison.moves[index]),
        old_at=_at(old, comparison.size, mode),
        new_at=_at(new, comparison.size, mode),
        strong=strong,
        named_before=everywhere or (mode == "tops" and old <= TOP_K),
        named_after=everywhere or (mode == "tops" and new <= TOP_K),
    )


def _at(rank: int, size: int, mode: Mode) -> float:
    if mode == "tops":
        return (rank - 1) / (TOP_K - 1) * HEAD_END if rank <= TOP_K else _tail_at(rank, size)
    return (rank - 1) / (size - 1) if size > 1 else 0.5


def _tail_at(rank: int, size: int) -> float:
    """Where a rank below the top k lies: log-spaced from k + 1 at the start of the tail to n at the bottom."""
    first = TOP_K + 1
    return TAIL_START + (1 - TAIL_START) * math.log(rank / first) / math.log(size / first)


def slope_alt(data: SlopeData) -> Text:
    """The chart in one sentence."""
    if not data.size:
        return Text("Ranking change: no passages to show.", "排序变化：没有可显示的段落。")
    passages = "one passage" if data.size == 1 else f"{data.size} passages"
    drawn = Text("", "")
    if data.mode == "tops":
        drawn = Text(
            f"; the {len(data.lines)} that are in either top {data.k} are drawn",
            f"；图中为任一方前 {data.k} 名中的 {len(data.lines)} 个",
        )
    return Text(
        f"Ranking change of {passages}: {data.counts.en}{drawn.en}.",
        f"{data.size} 个段落的排序变化：{data.counts.zh}{drawn.zh}。",
    )
