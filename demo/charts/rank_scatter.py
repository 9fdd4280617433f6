"""Old rank against new rank, both logarithmic, so that the top of a long list has as much room as its tail."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from demo.charts.scatter import count_directions, points, selection
from demo.charts.style import (
    BASELINE,
    UP,
    Figure,
    Part,
    axis,
    axis_title,
    caption,
    centred,
    direction_key,
    hovers,
    layout,
)
from demo.messages import NOTHING, Language, Message
from demo.phrases import Direction, count_passages, direction
from demo.records import IntArray
from demo.results.change import TOP_K, Pair

HEIGHT = 420
BAND = "rgba(47,126,216,0.11)"


@dataclass(frozen=True, eq=False)
class RankScatterData:
    """Both ranks of every candidate that both rankers found.

    Attributes:
        candidates: int64 (m,), whose they are; old, new: int64 (m,), ranks from 1.
        ways: the directions of their moves; size: number of all candidates.
        k: cutoff of the band; overlap: candidates in both top k.
        ticks: ranks that are marked, ascending, from 1 to n.
    """

    candidates: IntArray
    old: IntArray
    new: IntArray
    ways: tuple[Direction, ...]
    size: int
    k: int
    overlap: int
    ticks: tuple[int, ...]
    old_label: Message
    new_label: Message
    hovers: tuple[Message, ...]


def rank_scatter_data(pair: Pair) -> RankScatterData:
    """Both ranks of every candidate; any number of candidates will do, but it is made for more than 60."""
    before, after, size = pair.before, pair.after, pair.result.size
    both = np.flatnonzero(before.found & after.found).astype(np.int64)
    return RankScatterData(
        candidates=both,
        old=before.ranks[both],
        new=after.ranks[both],
        ways=tuple(direction(pair.change.move(index)) for index in both.tolist()),
        size=size,
        k=min(TOP_K, size),
        overlap=pair.change.agreement.overlap,
        ticks=rank_ticks(1, size),
        old_label=before.ranker.kind.rank_label,
        new_label=after.ranker.kind.rank_label,
        hovers=hovers(pair),
    )


def rank_ticks(first: int, last: int) -> tuple[int, ...]:
    """`first`, the ranks 1, 2 or 5 times a power of ten between, and `last`; those close below `last` are left out."""
    if last <= first:
        return (last,) if last == first and last > 0 else ()
    powers = (10**power for power in range(len(str(last))))
    between = [factor * power for power in powers for factor in (1, 2, 5)]
    return (first, *(rank for rank in between if first < rank <= last / 1.35), last)


def rank_scatter_figure(data: RankScatterData, language: Language) -> Figure:
    """Points on two log axes, best at the top left, with the diagonal of no change and the band of the new top k."""
    size = data.size
    if data.old.size:
        traces = points(
            data.old.astype(float), data.new.astype(float), data.candidates, data.ways, data.hovers, language
        )
        shapes = [{"type": "line", "x0": 1, "y0": 1, "x1": size, "y1": size, "layer": "below", "line": _dashed()}]
        words = [caption(direction_key(data.ways, language), 1.0, 12, yshift=4)]
    else:
        traces, shapes, words = [], [], [centred(_nothing(data).to(language))]
    if size > data.k:
        shapes.append(_band(data))
        words.append(_band_name(data, language))
    near, far = math.log10(0.82), math.log10(max(1, size) * 1.22)
    common: Part = {
        "type": "log",
        "tickvals": list(data.ticks),
        "ticktext": [str(rank) for rank in data.ticks],
    }
    common |= {} if size else {"showgrid": False}
    return Figure(
        layout(
            HEIGHT,
            margin={"l": 52, "r": 10, "t": 28, "b": 46},
            xaxis=axis(range=[near, far], title=axis_title(data.old_label.to(language)), **common),
            yaxis=axis(range=[far, near], title=axis_title(data.new_label.to(language)), **common),
            shapes=shapes,
            annotations=words,
        ),
        [*traces, selection()],
    )


def _dashed() -> Part:
    return {"color": BASELINE, "width": 1.2, "dash": "dot"}


def _band(data: RankScatterData) -> Part:
    """The band over ranks 1…k of the new ranking."""
    edges = {"xref": "paper", "x0": 0, "x1": 1, "y0": 0.82, "y1": data.k + 0.5}
    return {"type": "rect", **edges, "layer": "below", "fillcolor": BAND, "line": {"width": 0}}


def _band_name(data: RankScatterData, language: Language) -> Part:
    """The band's name at its top right, where few passages come."""
    position = {"xref": "paper", "x": 0.995, "y": math.log10(0.82), "xanchor": "right", "yanchor": "top"}
    text = Message("new top {k}", k=data.k).to(language)
    return {"text": text, **position, "showarrow": False, "font": {"size": 11, "color": UP}}


def _nothing(data: RankScatterData) -> Message:
    return Message("No passage was found by both") if data.size else Message("No passages to show")


def rank_scatter_alt(data: RankScatterData) -> Message:
    """The chart in one sentence."""
    if not data.old.size:
        return Message("Rank against rank: {nothing!l}.", nothing=_nothing(data))
    size = data.size
    counts = count_directions(data.ways)
    band = NOTHING
    if size > data.k:
        came = data.k - data.overlap
        band = Message("; {came} of the new top {k} came from below the old top {k}", came=came, k=data.k)
    return Message(
        "{old} against {new} for {passages}: {counts}{band}.",
        old=data.old_label,
        new=data.new_label,
        passages=count_passages(data.old.size),
        counts=counts,
        band=band,
    )
