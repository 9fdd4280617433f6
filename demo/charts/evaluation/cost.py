"""What quality costs: each ranker's mean against its measured time, with those that no other beats in both."""

from __future__ import annotations

import math
from dataclasses import dataclass

from demo.charts.evaluation.view import EvaluationView
from demo.charts.style import (
    BASELINE,
    INK,
    SAME,
    UP,
    Figure,
    Part,
    axis,
    axis_title,
    caption,
    escaped,
    layout,
    scatter,
    spread,
)
from demo.evaluation.analysis import quality_and_cost
from demo.messages import Language, Message, clauses
from demo.metrics.significance import Interval
from demo.phrases import seconds, shorten

HEIGHT = 320
LABEL_COLUMNS = 24
EMPTY = Message("No time was measured: no model computed a score")


@dataclass(frozen=True, slots=True)
class CostMark:
    """One ranker: its mean with its interval, its seconds for a query, and whether no other is as good and as fast."""

    label: str
    quality: float
    interval: Interval
    seconds_per_query: float
    on_front: bool


@dataclass(frozen=True, eq=False)
class CostData:
    """The rankers whose time was measured, the fastest first; `unmeasured` are the labels of the others."""

    marks: tuple[CostMark, ...]
    unmeasured: tuple[str, ...]
    measure: str


def cost_data(view: EvaluationView) -> CostData:
    """Quality by the measure against time."""
    labels = {ranker.key: ranker.label for ranker in view.evaluation.rankers}
    points = quality_and_cost(view.evaluation, view.measure)
    marks = tuple(
        CostMark(
            labels[point.ranker],
            point.quality,
            view.figure(point.ranker).interval,
            point.seconds_per_query,
            point.on_front,
        )
        for point in points
    )
    measured = {point.ranker for point in points}
    return CostData(marks, tuple(labels[key] for key in labels if key not in measured), view.measure.name)


def cost_figure(data: CostData, language: Language) -> Figure:
    """Points on a logarithmic axis of time, whiskers for the intervals, a line along the front."""
    figure = Figure(layout(HEIGHT, margin={"l": 46, "r": 16, "t": 30, "b": 40}))
    if data.marks:
        figure.add(_front(data), _marks(data, language))
        for name in _names(data):
            figure.write(name)
    ticks = _time_ticks(data)
    figure.layout["xaxis"] = axis(
        type="log",
        range=[math.log10(ticks[0]), math.log10(ticks[-1])],
        tickvals=ticks,
        ticktext=[seconds(tick) if tick >= 0.001 else f"{tick * 1e6:g} µs" for tick in ticks],
        title=axis_title(Message("time for a query").to(language)),
    )
    figure.layout["yaxis"] = axis(range=_quality_range(data), nticks=6)
    figure.write(caption(_heading(data, language), 1.0, yshift=5))
    if not data.marks:
        figure.leave_empty(EMPTY.to(language))
    return figure


def _marks(data: CostData, language: Language) -> Part:
    front = Message("no other is as good and as fast")
    behind = Message("another is at least as good and as fast")
    return scatter(
        mode="markers",
        x=[mark.seconds_per_query for mark in data.marks],
        y=[mark.quality for mark in data.marks],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [mark.interval.high - mark.quality for mark in data.marks],
            "arrayminus": [mark.quality - mark.interval.low for mark in data.marks],
            "color": BASELINE,
            "thickness": 1.2,
            "width": 0,
        },
        hovertext=[
            f"<b>{escaped(mark.label)}</b><br>{data.measure} {mark.quality:.3f} "
            f"[{mark.interval.low:.3f}, {mark.interval.high:.3f}]<br>{seconds(mark.seconds_per_query)}"
            f"<br>{(front if mark.on_front else behind).to(language)}"
            for mark in data.marks
        ],
        hoverinfo="text",
        marker={
            "size": 11,
            "color": [UP if mark.on_front else "rgba(0,0,0,0)" for mark in data.marks],
            "line": {"width": 2, "color": [UP if mark.on_front else SAME for mark in data.marks]},
        },
        cliponaxis=False,
    )


def _names(data: CostData) -> list[Part]:
    """The rankers' names, to the side where there is more room, those of one side above each other."""
    middle = math.sqrt(_time_ticks(data)[0] * _time_ticks(data)[-1])
    names: list[Part] = []
    for side, sign in (("left", 1), ("right", -1)):
        marks = [mark for mark in data.marks if (mark.seconds_per_query <= middle) == (side == "left")]
        heights = spread([mark.quality for mark in marks], _quality_range(data))
        for mark, height in zip(marks, heights, strict=True):
            place = {
                "x": math.log10(max(mark.seconds_per_query, 1e-6)),
                "xanchor": side,
                "xshift": 8 * sign,
                "y": height,
            }
            font = {"size": 12, "color": INK}
            text = escaped(shorten(mark.label, LABEL_COLUMNS))
            names.append(place | {"yanchor": "bottom", "text": text, "showarrow": False, "font": font})
    return names


def _front(data: CostData) -> Part:
    front = [mark for mark in data.marks if mark.on_front]
    return scatter(
        mode="lines",
        x=[mark.seconds_per_query for mark in front],
        y=[mark.quality for mark in front],
        line={"color": UP, "width": 1.5, "dash": "dot", "shape": "hv"},
        hoverinfo="skip",
    )


def _time_ticks(data: CostData) -> list[float]:
    """Powers of ten around all times, from 1 µs; a tenth of a second to ten where there is none."""
    times = [mark.seconds_per_query for mark in data.marks] or [0.1, 10.0]
    first = math.floor(math.log10(max(min(times), 1e-6)) - 0.05)
    last = math.ceil(math.log10(max(*times, 1e-6)) + 0.05)
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


def _quality_range(data: CostData) -> list[float]:
    if not data.marks:
        return [0.0, 1.0]
    low = min(mark.interval.low for mark in data.marks)
    high = max(mark.interval.high for mark in data.marks)
    pad = max(0.02, 0.08 * (high - low))
    return [max(0.0, low - pad), min(1.0, high + pad) if high < 1 else 1.02]


def _heading(data: CostData, language: Language) -> str:
    label = f"<b>{data.measure}</b>"
    if not data.unmeasured or not data.marks:
        return label
    names = escaped(shorten(", ".join(data.unmeasured), 40))
    remark = Message("not measured: {names}", names=names).to(language)
    return f'{label}<span style="font-size:11px"> · {remark}</span>'


def cost_alt(data: CostData) -> Message:
    """The chart in one sentence."""
    if not data.marks:
        return Message("{nothing}.", nothing=EMPTY)
    points = []
    for mark in data.marks:
        point = Message(
            "{label} {quality:.3f} in {time}",
            label=mark.label,
            quality=mark.quality,
            time=seconds(mark.seconds_per_query),
        )
        points.append(Message("{point}, on the front", point=point) if mark.on_front else point)
    return Message("{measure} against time for a query: {points}.", measure=data.measure, points=clauses(points))
