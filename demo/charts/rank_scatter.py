"""Old rank against new rank, both logarithmic, so that the top of a long list has as much room as its tail."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from demo.charts.scatter import count_directions, points, selection
from demo.charts.style import BASELINE, UP, axis, axis_title, caption, centred, direction_key, hovers, layout
from demo.comparison import TOP_K
from demo.messages import NOTHING, Language, Message
from demo.phrases import count_passages
from demo.records import Comparison, IntArray, ScoreKind

HEIGHT = 420
BAND = "rgba(47,126,216,0.11)"

RANK_LABELS = {
    ScoreKind.BM25: Message("BM25 rank"),
    ScoreKind.ENGINE: Message("Engine rank"),
    ScoreKind.LOGIT: Message("Cross-encoder rank"),
    ScoreKind.RRF: Message("RRF rank"),
    ScoreKind.WEIGHTED_SUM: Message("Weighted-sum rank"),
}


@dataclass(frozen=True, eq=False)
class RankScatterData:
    """Both ranks of every candidate.

    Attributes:
        old, new: int64 (n,), ranks from 1, in candidate order; moves: old − new.
        k: cutoff of the band; overlap: candidates in both top k.
        ticks: ranks that are marked, ascending, from 1 to n.
    """

    old: IntArray
    new: IntArray
    moves: IntArray
    k: int
    overlap: int
    ticks: tuple[int, ...]
    old_label: Message
    new_label: Message
    hovers: tuple[Message, ...]


def rank_scatter_data(comparison: Comparison) -> RankScatterData:
    """Both ranks of every candidate; any number of candidates will do, but it is made for more than 60."""
    return RankScatterData(
        old=comparison.before.ranks,
        new=comparison.after.ranks,
        moves=comparison.moves,
        k=min(TOP_K, comparison.size),
        overlap=comparison.agreement.overlap,
        ticks=rank_ticks(1, comparison.size),
        old_label=RANK_LABELS[comparison.before.ranker.kind],
        new_label=RANK_LABELS[comparison.after.ranker.kind],
        hovers=hovers(comparison),
    )


def rank_ticks(first: int, last: int) -> tuple[int, ...]:
    """`first`, the ranks 1, 2 or 5 times a power of ten between, and `last`; those close below `last` are left out."""
    if last <= first:
        return (last,) if last == first and last > 0 else ()
    powers = (10**power for power in range(len(str(last))))
    between = [factor * power for power in powers for factor in (1, 2, 5)]
    return (first, *(rank for rank in between if first < rank <= last / 1.35), last)


def rank_scatter_figure(data: RankScatterData, language: Language) -> go.Figure:
    """Points on two log axes, best at the top left, with the diagonal of no change and the band of the new top k."""
    figure = go.Figure(layout=layout(HEIGHT, margin={"l": 52, "r": 10, "t": 28, "b": 46}))
    size = data.old.size
    if size:
        everyone = np.arange(size, dtype=np.int64)
        figure.add_traces(
            points(data.old.astype(float), data.new.astype(float), everyone, data.moves, data.hovers, language)
        )
        figure.add_shape(type="line", x0=1, y0=1, x1=size, y1=size, layer="below", line=_dashed())
        figure.add_annotation(caption(direction_key(data.moves.tolist(), language), 1.0, 12, yshift=4))
    else:
        figure.add_annotation(centred(Message("No passages to show").to(language)))
    figure.add_trace(selection())
    if size > data.k:
        _add_band(figure, data, language)
    near, far = math.log10(0.82), math.log10(max(1, size) * 1.22)
    common: dict[str, Any] = {
        "type": "log",
        "tickvals": list(data.ticks),
        "ticktext": [str(rank) for rank in data.ticks],
    }
    common |= {} if size else {"showgrid": False}
    figure.update_layout(
        xaxis=axis(range=[near, far], title=axis_title(data.old_label.to(language)), **common),
        yaxis=axis(range=[far, near], title=axis_title(data.new_label.to(language)), **common),
    )
    return figure


def _dashed() -> dict[str, Any]:
    return {"color": BASELINE, "width": 1.2, "dash": "dot"}


def _add_band(figure: go.Figure, data: RankScatterData, language: Language) -> None:
    """The band over ranks 1…k of the new ranking, named at its top right, where few passages come."""
    figure.add_shape(
        type="rect",
        xref="paper",
        x0=0,
        x1=1,
        y0=0.82,
        y1=data.k + 0.5,
        layer="below",
        fillcolor=BAND,
        line={"width": 0},
    )
    figure.add_annotation(
        text=Message("new top {k}", k=data.k).to(language),
        xref="paper",
        x=0.995,
        y=math.log10(0.82),
        xanchor="right",
        yanchor="top",
        showarrow=False,
        font={"size": 11, "color": UP},
    )


def rank_scatter_alt(data: RankScatterData) -> Message:
    """The chart in one sentence."""
    size = data.old.size
    if not size:
        return Message("Rank against rank: no passages to show.")
    counts = count_directions(data.moves)
    band = NOTHING
    if size > data.k:
        came = data.k - data.overlap
        band = Message("; {came} of the new top {k} came from below the old top {k}", came=came, k=data.k)
    return Message(
        "{old} against {new} for {passages}: {counts}{band}.",
        old=data.old_label,
        new=data.new_label,
        passages=count_passages(size),
        counts=counts,
        band=band,
    )
