"""How well scores tell grades apart: the distribution of one ranker's scores for each grade, one below the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from demo.charts.distribution import axis_range, bin_edges
from demo.charts.evaluation.study import Study
from demo.charts.scales import Values
from demo.charts.style import BASELINE, CLEAR, INK, axis, axis_title, caption, escaped, layout
from demo.language import Language, Text
from demo.metrics.calibration import auc
from demo.phrases import shorten, signed

ROW_HEIGHT = 70
LEAST_HEIGHT = 320
MEANING_COLUMNS = 36
PEAK = 0.62
"""Height of the tallest bar of a row, as a share of the row."""
MEDIAN = 0.09
"""Height of the middle of the median's mark."""
COLOURS = ("#2f7ed8", "#6ba4e3", "#a5c5ec", "#8a94a3")
"""The highest grade first; irrelevant and unjudged rows are grey."""


@dataclass(frozen=True, eq=False)
class GradeRow:
    """The scores of the passages of one grade.

    Attributes:
        grade: None for unjudged passages; relevant: whether it counts as relevant.
        shares: float64 (bins,), the share of these passages in each bin, adding up to 1.
    """

    grade: int | None
    meaning: Text | None
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
    label: Text
    ranker: str


def separation_data(study: Study) -> SeparationData:
    """The scores of the ranker by grade; unjudged passages have a row only if they count."""
    by_grade = study.graded.by_grade()
    if not study.unjudged_too:
        by_grade.pop(None, None)
    edges = bin_edges(np.concatenate([np.empty(0), *by_grade.values()]).astype(np.float64))
    meanings: Mapping[int, Text] = study.collection.card.grades
    rows = tuple(
        GradeRow(
            grade,
            None if grade is None else meanings.get(grade),
            grade is not None and grade >= study.evaluation.relevant_from,
            scores.size,
            float(np.median(scores)),
            np.histogram(scores.astype(np.float64), edges)[0] / scores.size,
        )
        for grade, scores in by_grade.items()
    )
    return SeparationData(
        rows, edges, auc(*study.relevant()), study.unjudged_too, study.score_label, study.ranker.label
    )


def separation_figure(data: SeparationData, language: Language) -> go.Figure:
    """Rows of filled steps with their medians, on one axis of score."""
    height = max(LEAST_HEIGHT, 96 + ROW_HEIGHT * len(data.rows))
    figure = go.Figure(layout=layout(height, margin={"l": 12, "r": 12, "t": 30, "b": 40}))
    for number, row in enumerate(data.rows):
        foot = len(data.rows) - 1 - number
        figure.add_traces(_row(data, row, foot, language))
        figure.add_annotation(caption(_row_label(row, language), foot + 0.94, 12, yref="y", yanchor="top"))
    figure.update_xaxes(
        axis(
            range=axis_range(data.edges, 0.02),
            nticks=9,
            showticklabels=bool(data.rows),
            title=axis_title(data.label.to(language)) if data.rows else None,
        )
    )
    figure.update_yaxes(axis(range=[-0.06, max(1, len(data.rows))], showgrid=False, showticklabels=False))
    if data.rows:
        figure.add_annotation(caption(_heading(data, language), 1.0, yshift=5))
    else:
        figure.add_annotation(caption(_nothing().to(language), 0.5, x=0.5, xanchor="center", yanchor="middle"))
    return figure


def _row(data: SeparationData, row: GradeRow, foot: int, language: Language) -> list[go.Scatter]:
    colour = _colour(row, data)
    heights = foot + PEAK * row.shares / max(float(row.shares.max()), 1e-12)
    x = np.repeat(data.edges, 2)
    y = np.concatenate([[foot], np.repeat(heights, 2), [foot]])
    steps = go.Scatter(
        mode="lines",
        x=x.tolist(),
        y=y.tolist(),
        fill="toself",
        fillcolor=f"rgba({int(colour[1:3], 16)},{int(colour[3:5], 16)},{int(colour[5:7], 16)},0.32)",
        line={"color": colour, "width": 1.2},
        hoverinfo="skip",
    )
    median = go.Scatter(
        mode="markers",
        x=[row.median],
        y=[foot + MEDIAN],
        marker={"symbol": "line-ns", "size": 14, "color": CLEAR, "line": {"width": 2.5, "color": INK}},
        hovertext=[_hover(row).to(language)],
        hoverinfo="text",
        cliponaxis=False,
    )
    ground = go.Scatter(
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


def _grade_name(row: GradeRow) -> Text:
    if row.grade is None:
        return Text("unjudged", "未判断")
    if row.meaning is None:
        return Text(f"grade {row.grade}", f"等级 {row.grade}")
    en, zh = (shorten(meaning, MEANING_COLUMNS).rstrip(".。") for meaning in (row.meaning.en, row.meaning.zh))
    return Text(f"{row.grade}: {en}", f"{row.grade}：{zh}")


def _row_label(row: GradeRow, language: Language) -> str:
    name = escaped(_grade_name(row).to(language))
    return f'{f"<b>{name}</b>" if row.relevant else name}<span style="font-size:11px"> · {row.count:,}</span>'


def _hover(row: GradeRow) -> Text:
    name = _grade_name(row)
    return Text(
        f"<b>{escaped(name.en)}</b><br>{row.count:,} passages, median {signed(row.median)}",
        f"<b>{escaped(name.zh)}</b><br>{row.count:,} 个段落，中位数 {signed(row.median)}",
    )


def _heading(data: SeparationData, language: Language) -> str:
    if data.auc is None:
        return _one_kind().to(language)
    remark = Text("how often a relevant passage scores higher", "相关段落得分更高的概率").to(language)
    return f'<b>AUC {data.auc:.3f}</b><span style="font-size:11px"> · {remark}</span>'


def _one_kind() -> Text:
    return Text("Only one kind of passage is judged, so there is nothing to tell apart", "只有一类段落有判断，无从区分")


def _nothing() -> Text:
    return Text("No candidate is judged", "候选段落均无判断")


def separation_alt(data: SeparationData) -> Text:
    """The chart in one sentence."""
    if not data.rows:
        nothing = _nothing()
        return Text(f"{nothing.en}.", f"{nothing.zh}。")
    names = [(_grade_name(row), row) for row in data.rows]
    en = "; ".join(f"{name.en}, {row.count:,} passages, median {signed(row.median)}" for name, row in names)
    zh = "；".join(f"{name.zh}，{row.count:,} 个段落，中位数 {signed(row.median)}" for name, row in names)
    verdict = _one_kind() if data.auc is None else Text(f"AUC {data.auc:.3f}", f"AUC {data.auc:.3f}")
    return Text(
        f"Scores of {data.ranker} by grade: {en}. {verdict.en}.", f"{data.ranker} 各等级的得分：{zh}。{verdict.zh}。"
    )
