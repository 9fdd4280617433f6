"""What a smaller depth would give: the mean if only the first 10, 20, 50 … candidates were reranked."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass

from demo.charts.evaluation.view import EvaluationView
from demo.charts.style import INK, SAME, UP, Figure, axis, axis_title, caption, escaped, layout, scatter, spread
from demo.evaluation.analysis import DepthPoint, quality_by_depth
from demo.messages import Language, Message
from demo.phrases import shorten
from demo.score_kinds import Side

HEIGHT = 320
LABEL_COLUMNS = 20
TITLE_COLUMNS = 30
"""Of a line below the axis, which is short on a phone."""
NAME_FROM = 1.3
"""A depth has its number below the axis if the next is so many times as deep."""
FALLEN_BY = 0.005
"""A mean so little below the one at full depth counts as the same when the chart is put into words."""
RERANKED = Message("candidates reranked")
WITH_UNFOUND = Message("candidates reranked, at last also those not found")
EMPTY = Message("The candidates came without an order, so no depth means anything")


@dataclass(frozen=True, slots=True)
class DepthLine:
    """One ranker's means, the smallest depth first; `chosen` if it is the one looked at."""

    label: str
    points: tuple[DepthPoint, ...]
    chosen: bool


@dataclass(frozen=True, eq=False)
class DepthData:
    """A line for each ranker that scores each passage by itself; none where the candidates have no order.

    Attributes:
        beyond: whether the whole depth holds relevant passages that the first stage did not find.
    """

    lines: tuple[DepthLine, ...]
    measure: str
    beyond: bool = False


def depth_data(view: EvaluationView) -> DepthData:
    """Means by depth, the ranker that is looked at last, so that it lies on top."""
    lines = [
        DepthLine(ranker.label, points, ranker.key == view.key)
        for ranker_index, ranker in enumerate(view.evaluation.rankers)
        if view.ordered and ranker.kind.side is not Side.FUSION
        for points in quality_by_depth(
            view.outcomes, view.collection, ranker_index, [view.measure], view.evaluation.relevant_from
        ).values()
    ]
    beyond = view.evaluation.reach is not None
    return DepthData(tuple(sorted(lines, key=lambda line: line.chosen)), view.measure.name, beyond)


def has_one_depth(data: DepthData) -> bool:
    """Whether no query has more candidates than the smallest depth, so that the lines would be lone dots."""
    return bool(data.lines) and all(len(line.points) == 1 for line in data.lines)


def depth_figure(data: DepthData, language: Language) -> Figure:
    """Lines over a logarithmic axis of depth, named at their right end."""
    title = textwrap.wrap((WITH_UNFOUND if data.beyond else RERANKED).to(language), TITLE_COLUMNS)
    figure = Figure(layout(HEIGHT, margin={"l": 46, "r": 120, "t": 30, "b": 24 + 16 * len(title)}))
    depths = sorted({point.depth for line in data.lines for point in line.points})
    heights = spread([line.points[-1].mean for line in data.lines], _range(data))
    for line, height in zip(data.lines, heights, strict=True):
        colour = UP if line.chosen else SAME
        figure.add(
            scatter(
                mode="lines+markers",
                x=[point.depth for point in line.points],
                y=[point.mean for point in line.points],
                line={"color": colour, "width": 2.5 if line.chosen else 1.5},
                marker={"color": colour, "size": 7 if line.chosen else 5},
                hovertext=[_hover(data, line, point).to(language) for point in line.points],
                hoverinfo="text",
                cliponaxis=False,
            )
        )
        figure.write(
            {
                "x": 1,
                "xref": "paper",
                "xanchor": "left",
                "xshift": 8,
                "y": height,
                "text": f"<b>{_name(line)}</b>" if line.chosen else _name(line),
                "showarrow": False,
                "font": {"size": 12, "color": UP if line.chosen else INK},
            }
        )
    figure.layout["xaxis"] = axis(
        type="log",
        range=_depth_range(depths),
        tickvals=_named(depths),
        ticktext=[f"{depth:,}" for depth in _named(depths)],
        title=axis_title("<br>".join(title)),
    )
    figure.layout["yaxis"] = axis(range=_range(data), nticks=6)
    figure.write(caption(f"<b>{data.measure}</b>", 1.0, yshift=5))
    if not data.lines:
        figure.leave_empty(EMPTY.to(language))
    return figure


def _name(line: DepthLine) -> str:
    return escaped(shorten(line.label, LABEL_COLUMNS))


def _hover(data: DepthData, line: DepthLine, point: DepthPoint) -> Message:
    name = escaped(line.label)
    return Message(
        "<b>{name}</b><br>top {depth:,} reranked: {measure} {mean:.3f}",
        name=name,
        depth=point.depth,
        measure=data.measure,
        mean=point.mean,
    )


def _range(data: DepthData) -> list[float]:
    values = [point.mean for line in data.lines for point in line.points] or [0.0, 1.0]
    pad = max(0.02, 0.12 * (max(values) - min(values)))
    return [max(0.0, min(values) - pad), min(1.02, max(values) + pad)]


def _depth_range(depths: list[int]) -> list[float]:
    if not depths:
        return [1.0, 2.0]
    low, high = math.log10(max(1, depths[0])), math.log10(max(1, depths[-1]))
    pad = max(0.06, 0.04 * (high - low))
    return [low - pad, high + pad]


def _named(depths: list[int]) -> list[int]:
    """The depths whose numbers stand far enough from the next one."""
    return [depth for depth, after in zip(depths, [*depths[1:], math.inf], strict=False) if after >= NAME_FROM * depth]


def depth_alt(data: DepthData) -> Message:
    """The chart in one sentence: what the chosen ranker has at the least depth and at all, and where it is as good."""
    if not data.lines:
        return Message("{nothing}.", nothing=EMPTY)
    line = data.lines[-1]
    first, last = line.points[0], line.points[-1]
    return Message(
        "{measure} of {label}: {mean:.3f} if the top {depth:,} are reranked, {mean_2:.3f} with all "
        "{depth_2:,}; from {enough:,} on it is at most {fallen_by} below that.",
        measure=data.measure,
        label=line.label,
        mean=first.mean,
        depth=first.depth,
        mean_2=last.mean,
        depth_2=last.depth,
        enough=enough(line),
        fallen_by=FALLEN_BY,
    )


def enough(line: DepthLine) -> int:
    """The smallest depth from which on the mean is at most FALLEN_BY below the one at full depth."""
    found = line.points[-1].depth
    for point in reversed(line.points):
        if point.mean < line.points[-1].mean - FALLEN_BY:
            break
        found = point.depth
    return found
