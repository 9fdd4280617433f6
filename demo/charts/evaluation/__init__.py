"""The charts of an evaluation: `x_data(EvaluationView) → XData`, then `x_figure(XData, language) → Figure`.

To add one, write its file and add its row to `EVALUATION_CHARTS`; the Evaluate tab and the tests over every chart
follow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from demo.charts.evaluation.calibration import calibration_alt, calibration_data, calibration_figure
from demo.charts.evaluation.changes import changes_alt, changes_data, changes_figure
from demo.charts.evaluation.cost import cost_alt, cost_data, cost_figure
from demo.charts.evaluation.depth import depth_alt, depth_data, depth_figure, has_one_depth
from demo.charts.evaluation.differences import differences_alt, differences_data, differences_figure
from demo.charts.evaluation.separation import separation_alt, separation_data, separation_figure
from demo.charts.evaluation.threshold import threshold_alt, threshold_data, threshold_figure
from demo.charts.evaluation.view import EvaluationView
from demo.charts.style import Figure
from demo.messages import Language, Message


@dataclass(frozen=True, slots=True)
class EvaluationChart:
    """A chart of one evaluation.

    Attributes:
        label: its heading; data: what it shows, from the view and the threshold that was chosen (None: none was).
        figure: the picture of that data; alt: the same in one sentence.
        judged: whether it needs judgments.
        is_bare: whether the data is too little for a picture.
        scores: whether it is about the scores of one ranker; cut: whether the threshold changes it.
    """

    key: str
    label: Message
    data: Callable[[EvaluationView, float | None], Any]
    figure: Callable[[Any, Language], Figure]
    alt: Callable[[Any], Message]
    judged: bool = True
    scores: bool = False
    cut: bool = False
    is_bare: Callable[[Any], bool] = lambda data: False


EVALUATION_CHARTS = (
    EvaluationChart(
        "differences",
        Message("Query by query"),
        lambda view, _: differences_data(view),
        differences_figure,
        differences_alt,
    ),
    EvaluationChart(
        "cost",
        Message("Quality against time"),
        lambda view, _: cost_data(view),
        cost_figure,
        cost_alt,
    ),
    EvaluationChart(
        "depth",
        Message("Quality by depth"),
        lambda view, _: depth_data(view),
        depth_figure,
        depth_alt,
        is_bare=has_one_depth,
    ),
    EvaluationChart(
        "changes",
        Message("How much changes"),
        lambda view, _: changes_data(view),
        changes_figure,
        changes_alt,
        judged=False,
    ),
    EvaluationChart(
        "separation",
        Message("Scores by grade"),
        lambda view, _: separation_data(view),
        separation_figure,
        separation_alt,
        scores=True,
    ),
    EvaluationChart(
        "threshold",
        Message("What a threshold keeps"),
        threshold_data,
        threshold_figure,
        threshold_alt,
        scores=True,
        cut=True,
    ),
    EvaluationChart(
        "calibration",
        Message("What a score means"),
        lambda view, _: calibration_data(view),
        calibration_figure,
        calibration_alt,
        scores=True,
    ),
)
