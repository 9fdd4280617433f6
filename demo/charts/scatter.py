"""Where the two rankers disagree: first-stage score against new score, one point a passage, histograms at the edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from demo.charts.distribution import axis_range, bin_edges
from demo.charts.scales import RAW, Scale, Scaled, Values, scaled
from demo.charts.style import (
    BASELINE,
    CLEAR,
    DIRECTIONS,
    SELECTED,
    SELECTED_TRACE,
    Figure,
    Part,
    axis,
    axis_title,
    bar,
    caption,
    centred,
    direction_key,
    faint,
    hovers,
    layout,
    scatter,
)
from demo.messages import Language, Message, clauses
from demo.phrases import Direction, count_passages, direction, signed
from demo.records import IntArray, Ranking
from demo.results.change import Pair

HEIGHT = 380
MAIN, MARGINAL = (0.0, 0.83), (0.86, 1.0)
MARGINAL_OPACITY = 0.65


@dataclass(frozen=True, eq=False)
class Axis:
    """One ranker's scores along one axis: title, note where something must be said, colour, bin edges and counts."""

    title: Message
    note: Message | None
    colour: str
    edges: Values
    counts: IntArray


@dataclass(frozen=True, eq=False)
class ScatterData:
    """Both scores of every candidate.

    Attributes:
        x, y: float64 (m,), first-stage and new score of the candidates that have both as finite numbers.
        candidates: int64 (m,), whose they are; ways: the directions of their moves.
        across, up: the two axes; size: number of candidates; tau_b: agreement of the scores.
    """

    x: Values
    y: Values
    candidates: IntArray
    ways: tuple[Direction, ...]
    across: Axis
    up: Axis
    size: int
    tau_b: float | None
    hovers: tuple[Message, ...]


def scatter_data(pair: Pair, scale: Scale = RAW) -> ScatterData:
    """Both scores of every candidate on the scale; no points where the scale is undefined for one of the rankers."""
    across, up = scaled(pair.before, scale), scaled(pair.after, scale)
    if across.values is None or up.values is None:
        candidates = np.empty(0, dtype=np.int64)
        x = y = np.empty(0)
    else:
        candidates = np.flatnonzero(np.isfinite(across.values) & np.isfinite(up.values)).astype(np.int64)
        x, y = across.values[candidates], up.values[candidates]
    return ScatterData(
        x=x,
        y=y,
        candidates=candidates,
        ways=tuple(direction(pair.change.move(index)) for index in candidates.tolist()),
        across=_axis(across, pair.before, x),
        up=_axis(up, pair.after, y),
        size=pair.result.size,
        tau_b=pair.change.agreement.tau_b,
        hovers=hovers(pair),
    )


def _axis(reading: Scaled, ranking: Ranking, values: Values) -> Axis:
    edges = bin_edges(values)
    counts = np.histogram(values, edges)[0].astype(np.int64)
    return Axis(reading.label, reading.note, ranking.ranker.kind.colour, edges, counts)


def scatter_figure(data: ScatterData, language: Language) -> Figure:
    """The points in three layers by direction, in colour and in shape, with a histogram along each axis."""
    traces: list[Part] = []
    words = centred(_nothing(data).to(language))
    if data.x.size:
        traces = [*points(data.x, data.y, data.candidates, data.ways, data.hovers, language), *_marginals(data)]
        words = caption(direction_key(data.ways, language), 1.0, 12, yshift=4)
    return Figure(
        layout(
            HEIGHT,
            margin={"l": 48, "r": 10, "t": 28, "b": 44},
            xaxis=_main_axis(data.across, bool(data.x.size), language),
            yaxis=_main_axis(data.up, bool(data.x.size), language),
            xaxis2=axis(domain=MARGINAL, anchor="y", visible=False, rangemode="tozero"),
            yaxis2=axis(domain=MARGINAL, anchor="x", visible=False, rangemode="tozero"),
            annotations=[words],
        ),
        [*traces, selection()],
    )


def points(
    x: Values,
    y: Values,
    candidates: IntArray,
    ways: Sequence[Direction],
    texts: tuple[Message, ...],
    language: Language,
) -> list[Part]:
    """One trace for each direction, the unmoved at the bottom; a click finds the candidate in `customdata`."""
    traces = []
    for way, colour, symbol, _, _ in DIRECTIONS:
        here = [index for index, each in enumerate(ways) if each == way]
        indices = candidates[here].tolist()
        traces.append(
            scatter(
                name=way,
                mode="markers",
                x=x[here].tolist(),
                y=y[here].tolist(),
                customdata=indices,
                hovertext=[texts[index].to(language) for index in indices],
                hoverinfo="text",
                marker={"symbol": symbol, "color": colour, "line": {"width": 0}, **_marker(candidates.size)},
            )
        )
    return traces


def _marker(count: int) -> Part:
    """Smaller and paler the more points there are."""
    if count <= 60:
        return {"size": 10, "opacity": 0.85}
    return {"size": 8, "opacity": 0.8} if count <= 200 else {"size": 7, "opacity": 0.7}


def selection() -> Part:
    """The empty ring that the page moves to the chosen candidate."""
    return scatter(
        name=SELECTED_TRACE,
        mode="markers",
        x=[],
        y=[],
        marker={"symbol": "circle-open", "size": 18, "color": SELECTED, "line": {"width": 3, "color": SELECTED}},
        hoverinfo="skip",
        cliponaxis=False,
    )


def _marginals(data: ScatterData) -> list[Part]:
    return [
        bar(
            name="across",
            x=_middles(data.across.edges),
            y=data.across.counts.tolist(),
            width=_widths(data.across.edges),
            yaxis="y2",
            marker=_marginal(data.across),
            hoverinfo="skip",
        ),
        bar(
            name="up the side",
            orientation="h",
            x=data.up.counts.tolist(),
            y=_middles(data.up.edges),
            width=_widths(data.up.edges),
            xaxis="x2",
            marker=_marginal(data.up),
            hoverinfo="skip",
        ),
    ]


def _marginal(along: Axis) -> Part:
    return {"color": faint(along.colour, MARGINAL_OPACITY), "line": {"width": 1, "color": CLEAR}}


def _middles(edges: Values) -> list[float]:
    return [float(middle) for middle in (edges[:-1] + edges[1:]) / 2]


def _widths(edges: Values) -> list[float]:
    return [float(width) * 0.92 for width in np.diff(edges)]


def _main_axis(along: Axis, filled: bool, language: Language) -> Part:
    """One of the two score axes; without points it carries its title alone."""
    note = f" ({along.note.to(language)})" if along.note and filled else ""
    return axis(
        domain=MAIN,
        range=axis_range(along.edges, 0.04),
        title=axis_title(along.title.to(language) + note),
        nticks=7,
        zeroline=filled,
        zerolinecolor=BASELINE,
        showgrid=filled,
        showticklabels=filled,
    )


def _nothing(data: ScatterData) -> Message:
    """Why there are no points."""
    return data.across.note or data.up.note or Message("No passages to show")


def scatter_alt(data: ScatterData) -> Message:
    """The chart in one sentence."""
    if not data.x.size:
        nothing = _nothing(data)
        return Message(
            "{across} against {up}: {nothing!l}.", across=data.across.title, up=data.up.title, nothing=nothing
        )
    parts = [count_directions(data.ways)]
    if data.tau_b is not None:
        parts.append(Message("agreement of the whole rankings τ {tau}", tau=signed(data.tau_b)))
    return Message(
        "{across} against {up} for {passages}: {parts}.",
        across=data.across.title,
        up=data.up.title,
        passages=count_passages(data.x.size),
        parts=clauses(parts),
    )


def count_directions(ways: Sequence[Direction]) -> Message:
    """«12 rose, 20 fell, 8 stayed», and how many have no rank on one side."""
    counts = Counter(ways)
    words = Message(
        "{rose} rose, {fell} fell, {stayed} stayed", rose=counts["up"], fell=counts["down"], stayed=counts["same"]
    )
    if not counts["new"]:
        return words
    return Message("{words}, {count} not ranked by both", words=words, count=counts["new"])
