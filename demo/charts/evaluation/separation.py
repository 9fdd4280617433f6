"""How well scores tell grades apart: the distribution of one ranker's scores for each grade, one below the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from demo.charts.distribution import axis_range, bin_edges
from demo.charts.evaluation.view import EvaluationView
from demo.charts.scales import Values
from demo.charts.style import BASELINE, CLEAR, INK, Figure, Part, axis, axis_title, caption, escaped, layout, scatter
from demo.messages import Language, Message, clauses
from demo.metrics.calibration import auc
from demo.phrases import Shortened, count_passages, signed

ROW_HEIGHT = 70
LEAST_HEIGHT = 320
MEANING_COLUMNS = 36
PEAK = 0.62
"""Height of the tallest bar of a row, as a share of the row."""
MEDIAN = 0.09
"""Height of the middle of the median's mark."""
COLOURS = ("#2f7ed8", "#6ba4e3", "#a5c5ec", "#8a94a3")
"""The highest grade first; irrelevant and unjudged rows are grey."""
ONE_KIND = Message("Only one kind of passage is judged, so there is nothing to tell apart")
EMPTY = Message("No candidate is judged")


@dataclass(frozen=True, eq=False)
class GradeRow:
    """The scores of the passages of one grade.

    Attributes:
        grade: None for unjudged passages; relevant: whether it counts as relevant.
        shares: float64 (bins,), the share of these passages in each bin, adding up to 1.
    """

    grade: int | None
    meaning: Message | None
    relevant: bool
    count: int
    median: float
    shares: Values


@dataclass(frozen=True, eq=False)
class SeparationData:
    """One row a grade, the highest first, over common bins.

    Attributes:
        auc: the chance that a relevant passage outscores another; None where there is only one kind.
        unjudged_too: whether unjudged passages count as the other kind.
    """

    rows: tuple[GradeRow, ...]
    edges: Values
    auc: float | None
    unjudged_too: bool
    label: Message
    ranker: str


def separation_data(view: EvaluationView) -> SeparationData:
    """The scores of the ranker by grade; unjudged passages have a row only if they count."""
    by_grade = view.graded.by_grade()
    if not view.unjudged_too:
        by_grade.pop(None, None)
    edges = bin_edges(np.concatenate([np.empty(0), *by_grade.values()]).astype(np.float64))
    meanings: Mapping[int, Message] = view.collection.card.grades
    rows = tuple(
        GradeRow(
            grade,
            None if grade is None else meanings.get(grade),
            grade is not None and grade >= view.evaluation.relevant_from,
            scores.size,
            float(np.median(scores)),
            np.histogram(scores.astype(np.float64), edges)[0] / scores.size,
        )
        for grade, scores in by_grade.items()
    )
    return SeparationData(rows, edges, auc(*view.relevant()), view.unjudged_too, view.score_label, view.ranker.label)


def separation_figure(data: SeparationData, language: Language) -> Figure:
    """Rows of filled steps with their medians, on one axis of score."""
    height = max(LEAST_HEIGHT, 96 + ROW_HEIGHT * len(data.rows))
    figure = Figure(layout(height, margin={"l": 12, "r": 12, "t": 30, "b": 40}))
    for number, row in enumerate(data.rows):
        foot = len(data.rows) - 1 - number
        figure.add(*_row(data, row, foot, language))
        figure.write(caption(_row_label(row, language), foot + 0.94, 12, yref="y", yanchor="top"))
    figure.layout["xaxis"] = axis(
        range=axis_range(data.edges, 0.02), nticks=9, title=axis_title(data.label.to(language))
    )
    figure.layout["yaxis"] = axis(range=[-0.06, max(1, len(data.rows))], showgrid=False, showticklabels=False)
    if data.rows:
        figure.write(caption(_heading(data, language), 1.0, yshift=5))
    else:
        figure.leave_empty(EMPTY.to(language))
    return figure


def _row(data: SeparationData, row: GradeRow, foot: int, language: Language) -> list[Part]:
    colour = _colour(row, data)
    heights = foot + PEAK * row.shares / max(float(row.shares.max()), 1e-12)
    x = np.repeat(data.edges, 2)
    y = np.concatenate([[foot], np.repeat(heights, 2), [foot]])
    steps = scatter(
        mode="lines",
        x=x.tolist(),
        y=y.tolist(),
        fill="toself",
        fillcolor=f"rgba({int(colour[1:3], 16)},{int(colour[3:5], 16)},{int(colour[5:7], 16)},0.32)",
        line={"color": colour, "width": 1.2},
        hoverinfo="skip",
    )
    median = scatter(
        mode="markers",
        x=[row.median],
        y=[foot + MEDIAN],
        marker={"symbol": "line-ns", "size": 14, "color": CLEAR, "line": {"width": 2.5, "color": INK}},
        hovertext=[_hover(row, language)],
        hoverinfo="text",
        cliponaxis=False,
    )
    ground = scatter(
        mode="lines",
        x=[float(data.edges[0]), float(data.edges[-1])],
        y=[foot, foot],
        line={"color": BASELINE, "width": 1},
        hoverinfo="skip",
    )
    return [ground, steps, median]


def _colour(row: GradeRow, data: SeparationData) -> str:
    relevant = [other.grade for other in data.rows if other.relevant]
    return COLOURS[min(relevant.index(row.grade), 2)] if row.relevant else COLOURS[3]


def _grade_name(row: GradeRow) -> Message:
    if row.grade is None:
        return Message("unjudged")
    if row.meaning is None:
        return Message("grade {grade}", grade=row.grade)
    return Message("{grade}: {meaning}", grade=row.grade, meaning=Shortened(row.meaning, MEANING_COLUMNS))


def _row_label(row: GradeRow, language: Language) -> str:
    name = escaped(_grade_name(row).to(language))
    return f'{f"<b>{name}</b>" if row.relevant else name}<span style="font-size:11px"> · {row.count:,}</span>'


def _hover(row: GradeRow, language: Language) -> str:
    name = f"<b>{escaped(_grade_name(row).to(language))}</b>"
    words = Message("{passages}, median {median}", passages=count_passages(row.count), median=signed(row.median))
    return f"{name}<br>{words.to(language)}"


def _heading(data: SeparationData, language: Language) -> str:
    if data.auc is None:
        return ONE_KIND.to(language)
    remark = Message("how often a relevant passage scores higher").to(language)
    return f'<b>AUC {data.auc:.3f}</b><span style="font-size:11px"> · {remark}</span>'


def separation_alt(data: SeparationData) -> Message:
    """The chart in one sentence."""
    if not data.rows:
        return Message("{nothing}.", nothing=EMPTY)
    names = [(_grade_name(row), row) for row in data.rows]
    rows = [
        Message(
            "{name}, {passages}, median {median}",
            name=name,
            passages=count_passages(row.count),
            median=signed(row.median),
        )
        for name, row in names
    ]
    verdict = ONE_KIND if data.auc is None else Message("AUC {auc:.3f}", auc=data.auc)
    return Message(
        "Scores of {ranker} by grade: {rows}. {verdict}.", ranker=data.ranker, rows=clauses(rows), verdict=verdict
    )
