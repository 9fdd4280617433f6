"""How likely relevance is at each score: the judged shares, a logistic curve and a rising one through them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from demo.charts.distribution import bin_edges
from demo.charts.evaluation.view import EvaluationView
from demo.charts.scales import Values
from demo.charts.style import SAME, UP, Figure, Part, axis, axis_title, caption, layout, scatter
from demo.evaluation.analysis import Bools
from demo.messages import Language, Message
from demo.metrics.calibration import Isotonic, Platt, fit_isotonic, fit_platt
from demo.phrases import signed

HEIGHT = 320
CURVE_POINTS = 120
DOT = (6, 13)
"""Size of the dot of a single passage, and of the most of any bin."""
ISOTONIC = "#e8590c"
EMPTY = Message("Only one kind of passage is judged: nothing to calibrate on")
KEY = Message(
    "{dot} share judged relevant   {line} Platt   {dashes} isotonic",
    dot=f'<span style="color:{SAME}">●</span>',
    line=f'<span style="color:{UP}">━</span>',
    dashes=f'<span style="color:{ISOTONIC}">╍</span>',
)


@dataclass(frozen=True, slots=True)
class BinShare:
    """Neighbouring scores and the share of relevant passages among them."""

    score: float
    share: float
    count: int


@dataclass(frozen=True, eq=False)
class CalibrationData:
    """Both curves and what they were fitted to; None and empty where only one kind of passage is judged.

    Attributes:
        shares: neighbouring scores in bins between round numbers, ascending, each at its mean score.
        low, high: the least and the greatest score.
    """

    platt: Platt | None
    isotonic: Isotonic | None
    shares: tuple[BinShare, ...]
    low: float
    high: float
    label: Message
    ranker: str


def calibration_data(view: EvaluationView) -> CalibrationData:
    """The curves for the ranker's scores."""
    scores, relevant = view.relevant()
    values = scores.astype(np.float64)
    platt, isotonic = fit_platt(values, relevant), fit_isotonic(values, relevant)
    shares = _shares(values, relevant) if platt is not None else ()
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    return CalibrationData(platt, isotonic, shares, low, high, view.score_label, view.ranker.label)


def _shares(values: Values, relevant: Bools) -> tuple[BinShare, ...]:
    edges = bin_edges(values)
    bin_indices = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, edges.size - 2)
    groups = [bin_indices == bin_index for bin_index in np.unique(bin_indices)]
    return tuple(
        BinShare(float(values[group].mean()), float(relevant[group].mean()), int(np.count_nonzero(group)))
        for group in groups
    )


def calibration_figure(data: CalibrationData, language: Language) -> Figure:
    """Judged shares as dots, Platt's curve and the isotonic one as lines, over the score."""
    figure = Figure(layout(HEIGHT, margin={"l": 40, "r": 12, "t": 30, "b": 40}))
    figure.layout["xaxis"] = axis(nticks=9, title=axis_title(data.label.to(language)))
    figure.layout["yaxis"] = axis(range=[-0.02, 1.02], nticks=6)
    if data.platt is not None and data.isotonic is not None:
        pad = max(0.5, 0.05 * (data.high - data.low))
        x = np.linspace(data.low - pad, data.high + pad, CURVE_POINTS)
        figure.add(
            _curve(x, data.isotonic.probability(x), ISOTONIC, "dash"),
            _curve(x, data.platt.probability(x), UP, "solid"),
            _dots(data, language),
        )
        figure.write(caption(KEY.to(language), 1.0, yshift=5))
    else:
        figure.leave_empty(EMPTY.to(language))
    return figure


def _curve(x: Values, y: Values, colour: str, dash: str) -> Part:
    return scatter(
        mode="lines",
        x=x.tolist(),
        y=y.tolist(),
        line={"color": colour, "width": 2.2, "dash": dash},
        hovertext=[f"{signed(score)}: {share:.3f}" for score, share in zip(x.tolist(), y.tolist(), strict=True)],
        hoverinfo="text",
    )


def _dots(data: CalibrationData, language: Language) -> Part:
    most = max(2, *(share.count for share in data.shares))
    words = Message("{share:.3f} of {count:,} passages around {score} are relevant")
    return scatter(
        mode="markers",
        x=[share.score for share in data.shares],
        y=[share.share for share in data.shares],
        marker={
            "color": SAME,
            "size": [DOT[0] + (DOT[1] - DOT[0]) * math.log(share.count) / math.log(most) for share in data.shares],
            "opacity": 0.85,
        },
        hovertext=[
            words.to(language).format(share=share.share, count=share.count, score=signed(share.score))
            for share in data.shares
        ],
        hoverinfo="text",
        cliponaxis=False,
    )


def calibration_alt(data: CalibrationData) -> Message:
    """The chart in one sentence."""
    if data.platt is None:
        return Message("{ranker}: {nothing}.", ranker=data.ranker, nothing=EMPTY)
    low, high = (f"{value:.2f}" for value in data.platt.probability([data.low, data.high]).tolist())
    return Message(
        "{ranker}: the probability of relevance rises from {low} at score {low_2} to {high} at {high_2} (Platt).",
        ranker=data.ranker,
        low=low,
        low_2=signed(data.low),
        high=high,
        high_2=signed(data.high),
    )
