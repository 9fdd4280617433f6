"""The right side of the Evaluate tab: an invitation until an evaluation arrives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from demo.charts.evaluation import EVALUATION_CHARTS, threshold_data
from demo.ui import wording as w
from demo.ui.evaluate.handlers import FILES, View, study_of
from demo.ui.evaluate.session import Evaluated, Looks
from demo.ui.page import page_html
from demo.ui.parts import ChartParts, Download, build_chart, build_download, chart_updates
from demo.ui.views.evaluation import empty

SLIDER_STEPS = 200


@dataclass(frozen=True, slots=True)
class Panel:
    """The components that `Looks` are read from."""

    measure: gr.Dropdown
    baseline: gr.Dropdown
    ranker: gr.Dropdown
    unjudged_too: gr.Checkbox
    threshold: gr.Slider

    def components(self) -> list[Any]:
        """All of them, in the order of the fields of `Looks`."""
        return [getattr(self, row.name) for row in fields(Looks)]

    @staticmethod
    def looks(values: Sequence[Any]) -> Looks:
        """The values of `components()` as a value of their own."""
        measure, baseline, ranker, unjudged_too, threshold = values
        return Looks(measure or "", baseline or "", ranker or "", bool(unjudged_too), threshold)

    def fitted(self, evaluated: Evaluated, looks: Looks) -> dict[Any, Any]:
        """The controls for what is shown: its measures and rankers to choose from, its scores to cut at."""
        evaluation = evaluated.evaluation
        assert evaluation is not None, "looks are given with what was measured"
        rankers = [(ranker.label, ranker.key) for ranker in evaluation.rankers]
        measures = [(measure.name, measure.key) for measure in evaluation.measures]
        return {
            self.measure: gr.Dropdown(choices=measures, value=looks.measure),
            self.baseline: gr.Dropdown(choices=rankers, value=looks.baseline),
            self.ranker: gr.Dropdown(choices=rankers, value=looks.ranker),
            self.unjudged_too: gr.Checkbox(value=looks.unjudged_too),
            self.threshold: _slider(evaluated, looks),
        }


def _slider(evaluated: Evaluated, looks: Looks) -> gr.Slider:
    """The slider over the scores of the ranker that is looked at; hidden where no threshold can tell anything."""
    study = study_of(evaluated, looks)
    data = threshold_data(study, looks.threshold)
    if data.chosen is None:
        return gr.Slider(visible=False)
    scores, _ = study.relevant()
    low, high = float(scores.min()), float(scores.max())
    step = 10.0 ** round(math.log10((high - low) / SLIDER_STEPS)) if high > low else 0.01
    least, value, most = math.floor(low / step), round(data.chosen.threshold / step), math.ceil(high / step)
    minimum, chosen, maximum = (round(steps * step, 9) for steps in (least, value, most + 1))
    return gr.Slider(minimum=minimum, maximum=maximum, step=step, value=chosen, visible=True)


@dataclass(frozen=True, slots=True)
class Parts:
    """The components that a `View` fills, by the names of its fields; `looks` fills the panel."""

    evaluated: gr.State
    looks: Panel
    status: gr.HTML
    headline: gr.HTML
    table: gr.HTML
    charts: tuple[ChartParts, ...]
    meaning: gr.HTML
    queries: gr.HTML
    shown: gr.Column

    def outputs(self) -> list[Any]:
        """Every component, charts and panel taken apart, as gradio wants them listed."""
        flat = [part for chart in self.charts for part in chart.components()]
        single = [getattr(self, row.name) for row in fields(self) if row.name not in ("charts", "looks")]
        return single + flat + self.looks.components()

    def updates(self, view: View) -> dict[Any, Any]:
        """The view's values by component; what the view leaves alone is left out."""
        values = {row.name: getattr(view, row.name) for row in fields(view)}
        charts, looks = values.pop("charts"), values.pop("looks")
        found = {getattr(self, name): value for name, value in values.items() if value is not None}
        found |= chart_updates(self.charts, charts or ())
        if looks is not None and view.evaluated is not None:
            found |= self.looks.fitted(view.evaluated, looks) | {self.shown: gr.Column(visible=True)}
        return found


@dataclass(frozen=True, slots=True)
class Results:
    """What a view fills, and the files to take away, by their kinds."""

    parts: Parts
    files: dict[str, Download]


def build_evaluate_results(status_box: gr.HTML, label: w.Labels) -> Results:
    """The right side."""
    with gr.Column(elem_id="evaluate-results"):
        headline = page_html(empty("en"), elem_id="evaluate-headline-box")
        with gr.Column(visible=False, elem_id="evaluate-shown") as shown:
            with gr.Row(elem_id="evaluate-looks"):
                measure = gr.Dropdown([], label=label(w.LOOK_MEASURE), elem_id="look-measure", filterable=False)
                baseline = gr.Dropdown([], label=label(w.LOOK_BASELINE), elem_id="look-baseline", filterable=False)
                ranker = gr.Dropdown([], label=label(w.LOOK_RANKER), elem_id="look-ranker", filterable=False)
            table = page_html("", elem_id="evaluate-table-box")
            charts: dict[str, ChartParts] = {}
            with gr.Row(elem_id="evaluate-plots-row"):
                for row in EVALUATION_CHARTS:
                    if not row.scores:
                        charts[row.key] = build_chart(f"evaluation-{row.key}")
            queries = page_html("", elem_id="evaluate-queries-box")
            with gr.Row(elem_id="evaluate-scores-row"):
                for row in EVALUATION_CHARTS:
                    if row.scores:
                        charts[row.key] = build_chart(f"evaluation-{row.key}")
                with gr.Column(elem_id="evaluate-meaning-card", elem_classes="plot-card"):
                    unjudged_too = gr.Checkbox(
                        False, label=label(w.UNJUDGED_TOO), info=label(w.UNJUDGED_TOO_INFO), elem_id="unjudged-too"
                    )
                    threshold = gr.Slider(0, 1, value=0, label=label(w.THRESHOLD), elem_id="threshold")
                    meaning = page_html("", elem_id="evaluate-meaning-box")
            with gr.Row(elem_id="evaluate-downloads"):
                files = {kind: build_download(label(w.EVALUATE_FILES[kind]), f"evaluate-{kind}") for kind in FILES}
    parts = Parts(
        evaluated=gr.State(None),
        looks=Panel(measure, baseline, ranker, unjudged_too, threshold),
        status=status_box,
        headline=headline,
        table=table,
        charts=tuple(charts[row.key] for row in EVALUATION_CHARTS),
        meaning=meaning,
        queries=queries,
        shown=shown,
    )
    return Results(parts, files)
