"""What cutting at a score keeps: precision and recall over the threshold, and the threshold that was chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.charts.evaluation.view import EvaluationView
from demo.charts.scales import Values
from demo.charts.style import SELECTED, UP, Figure, axis, axis_title, caption, layout, scatter
from demo.messages import Language, Message
from demo.metrics.calibration import thresholds
from demo.phrases import signed

HEIGHT = 320
MOST_POINTS = 400
"""Of a curve that is drawn."""
RECALL = "#e8590c"
EMPTY = Message("Only one kind of passage is judged: no threshold can tell")


@dataclass(frozen=True, slots=True)
class Cut:
    """What keeping every passage that scores `threshold` or more gives; precision is None where nothing is kept."""

    threshold: float
    kept: int
    of: int
    precision: float | None
    recall: float


@dataclass(frozen=True, eq=False)
class ThresholdData:
    """Two curves over ascending thresholds, at most MOST_POINTS; empty where only one kind of passage is judged.

    Attributes:
        best: the cut of the greatest F1, the highest threshold of equals.
        chosen: the cut that was asked for, else the best.
    """

    thresholds: Values
    precision: Values
    recall: Values
    best: Cut | None
    chosen: Cut | None
    label: Message
    ranker: str


def threshold_data(view: EvaluationView, threshold: float | None = None) -> ThresholdData:
    """The curves of the ranker; `threshold` None chooses the one of the greatest F1."""
    scores, relevant = view.relevant()
    label, ranker = view.score_label, view.ranker.label
    if relevant.all() or not relevant.any():
        return ThresholdData(np.empty(0), np.empty(0), np.empty(0), None, None, label, ranker)
    found = thresholds(scores, relevant)
    at = int(np.argmax(found.f1))
    best = Cut(
        float(found.thresholds[at]),
        int(found.kept[at]),
        scores.size,
        float(found.precision[at]),
        float(found.recall[at]),
    )
    values = scores.astype(np.float64)
    chosen = best if threshold is None else _cut(values, relevant, threshold)
    shown = _shown(found.thresholds)[::-1]
    return ThresholdData(
        found.thresholds[shown], found.precision[shown], found.recall[shown], best, chosen, label, ranker
    )


def _shown(descending: Values) -> np.ndarray:
    """The places of at most MOST_POINTS thresholds, close together among the highest and even in score elsewhere."""
    size = descending.size
    highest = np.geomspace(1, size, MOST_POINTS // 2).round().astype(np.int64) - 1
    even = size - np.searchsorted(
        descending[::-1], np.linspace(descending[-1], descending[0], MOST_POINTS // 2), "right"
    )
    return np.unique(np.clip(np.concatenate([highest, even]), 0, size - 1))


def _cut(scores: Values, relevant: np.ndarray, threshold: float) -> Cut:
    kept = scores >= threshold
    hits, count = int((kept & relevant).sum()), int(kept.sum())
    return Cut(threshold, count, scores.size, hits / count if count else None, hits / int(relevant.sum()))


def threshold_figure(data: ThresholdData, language: Language) -> Figure:
    """Precision and recall as lines, the chosen threshold as a line across them."""
    figure = Figure(layout(HEIGHT, margin={"l": 40, "r": 12, "t": 30, "b": 40}))
    figure.layout["xaxis"] = axis(nticks=9, title=axis_title(Message("{label} ≥", label=data.label).to(language)))
    figure.layout["yaxis"] = axis(range=[0, 1.02], nticks=6)
    curves = (
        (Message("precision"), data.precision, UP, "solid"),
        (Message("recall"), data.recall, RECALL, "dash"),
    )
    for name, values, colour, dash in curves if data.chosen else ():
        figure.add(
            scatter(
                mode="lines" if values.size > 1 else "markers",
                x=data.thresholds.tolist(),
                y=values.tolist(),
                line={"color": colour, "width": 2.2, "dash": dash},
                marker={"color": colour, "size": 8},
                hovertext=[
                    f"≥ {signed(x)}<br>{name.to(language)} {y:.3f}"
                    for x, y in zip(data.thresholds.tolist(), values.tolist(), strict=True)
                ],
                hoverinfo="text",
            )
        )
    if data.chosen:
        figure.add(
            scatter(
                mode="lines",
                x=[data.chosen.threshold] * 2,
                y=[0, 1],
                line={"color": SELECTED, "width": 2},
                hoverinfo="skip",
            )
        )
        keys = (
            f'<span style="color:{colour}">{"━" if dash == "solid" else "╍"}</span> {name.to(language)}'
            for name, _, colour, dash in curves
        )
        figure.write(caption("   ".join(keys), 1.0, yshift=5))
    else:
        figure.leave_empty(EMPTY.to(language))
    return figure


def describe_cut(cut: Cut) -> Message:
    """«Keeping what scores +3.00 or more: 12 of 40 passages, precision 0.750, recall 0.450», without a full stop."""
    threshold, recall = signed(cut.threshold, plus=True), f"{cut.recall:.3f}"
    if cut.precision is None:
        return Message("Nothing scores {threshold} or more, so nothing would be kept", threshold=threshold)
    return Message(
        "Keeping what scores {threshold} or more: {kept:,} of {of:,} passages, precision {precision:.3f}, "
        "recall {recall}",
        threshold=threshold,
        kept=cut.kept,
        of=cut.of,
        precision=cut.precision,
        recall=recall,
    )


def threshold_alt(data: ThresholdData) -> Message:
    """The chart in one sentence."""
    words = EMPTY if data.chosen is None else describe_cut(data.chosen)
    return Message("{ranker}: {words}.", ranker=data.ranker, words=words)
