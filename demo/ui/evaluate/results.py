"""The right side of the Evaluate tab: an invitation until an evaluation arrives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from demo.charts.evaluation import EVALUATION_CHARTS, Study, threshold_data
from demo.ui import wording as w
from demo.ui.evaluate.handlers import CALIBRATION, FILES, View, study_of
from demo.ui.evaluate.session import BY_AGREEMENT, BY_GAIN, Evaluated, Looks
from demo.ui.page import page_html
from demo.ui.parts import ChartParts, Filled, Takeaway, build_chart, build_download, build_link
from demo.ui.views import status

SLIDER_STEPS = 200


@dataclass(frozen=True, slots=True)
class Panel:
    """The components that `Looks` are read from."""

    measure: gr.Dropdown
    baseline: gr.Dropdown
    ranker: gr.Dropdown
    unjudged_too: gr.Checkbox
    judgments: gr.State
    own: gr.Checkbox
    order: gr.Radio
    threshold: gr.Slider

    def components(self) -> list[Any]:
        """All of them, in the order of the fields of `Looks`."""
        return [getattr(self, row.name) for row in fields(Looks)]

    def steady(self) -> list[Any]:
        """The same without the last, the slider: while it was never shown it has no value, and gradio stumbles."""
        return self.components()[:-1]

    @staticmethod
    def looks(values: Sequence[Any]) -> Looks:
        """The values of `components()`, or of `steady()`, as a value of their own."""
        measure, baseline, ranker, unjudged_too, judgments, own, order, *threshold = values
        return Looks(
            measure=measure or "",
            baseline=baseline or "",
            ranker=ranker or "",
            unjudged_too=bool(unjudged_too),
            judgments=judgments,
            own=bool(own),
            order=order or BY_GAIN,
            threshold=threshold[0] if threshold else None,
        )

    def fitted(self, study: Study, threshold: float | None) -> dict[Any, Any]:
        """The controls for what is shown: its measures and rankers to choose from, its scores to cut at."""
        evaluation = study.evaluation
        rankers = [(ranker.label, ranker.key) for ranker in evaluation.rankers]
        measures = [(measure.name, measure.key) for measure in evaluation.measures]
        return {
            self.measure: gr.Dropdown(
                choices=measures, value=study.chosen.key if study.chosen else None, visible=bool(measures)
            ),
            self.baseline: gr.Dropdown(choices=rankers, value=evaluation.baseline),
            self.ranker: gr.Dropdown(choices=rankers, value=study.key),
            self.unjudged_too: gr.Checkbox(value=study.unjudged_too),
            self.threshold: _slider(study, threshold),
            self.order: gr.Radio(visible=bool(measures) and len(rankers) > 1),
        }

    def own_offered(self, evaluated: Evaluated | None, looks: Looks) -> dict[Any, Any]:
        """Whether the visitor's own judgments can count: some are of these queries."""
        collection = evaluated.judged.collection if evaluated else None
        fit = collection is not None and looks.judgments.added_to(collection) is not collection
        return {self.own: gr.Checkbox(visible=fit)}


def _slider(study: Study, threshold: float | None) -> gr.Slider:
    """The slider over the scores of the ranker that is looked at; hidden where no threshold can tell anything."""
    data = threshold_data(study, threshold)
    if data.chosen is None:
        return gr.Slider(visible=False)
    scores, _ = study.relevant()
    low, high = float(scores.min()), float(scores.max())
    step = 10.0 ** round(math.log10((high - low) / SLIDER_STEPS)) if high > low else 0.01
    least, value, most = math.floor(low / step), round(data.chosen.threshold / step), math.ceil(high / step)
    minimum, chosen, maximum = (round(steps * step, 9) for steps in (least, value, most + 1))
    return gr.Slider(minimum=minimum, maximum=maximum, step=step, value=chosen, visible=True)


@dataclass(frozen=True, slots=True)
class Parts(Filled):
    """The components that a `View` fills, by the names of its fields."""

    evaluated: gr.State
    status: gr.HTML
    headline: gr.HTML
    table: gr.HTML
    charts: tuple[ChartParts, ...]
    meaning: gr.HTML
    queries: gr.HTML


@dataclass(frozen=True, slots=True)
class Results:
    """What a view fills, how it is looked at, and the files to take away, by their kinds.

    Attributes:
        shown: everything but the headline, hidden until there is something to show.
        scored: what scores mean, hidden where nothing is judged.
        html: the whole as a page of its own.
    """

    parts: Parts
    panel: Panel
    shown: gr.Column
    scored: gr.Row
    link: Takeaway
    html: Takeaway
    files: dict[str, Takeaway]

    def outputs(self) -> list[Any]:
        """Every component that a view can change."""
        return [
            *self.parts.outputs(),
            *self.panel.components(),
            self.shown,
            self.scored,
            self.files[CALIBRATION].button,
        ]

    def updates(self, view: View, looks: Looks) -> dict[Any, Any]:
        """The view's values by component, and the controls for what is drawn anew with these looks."""
        found = self.parts.updates(view)
        if view.evaluated is None or view.evaluated.evaluation is None:
            return found
        study = study_of(view.evaluated, looks)
        judged = study.chosen is not None
        return (
            found
            | self.panel.fitted(study, looks.threshold)
            | self.panel.own_offered(view.evaluated, looks)
            | {
                self.shown: gr.Column(visible=True),
                self.scored: gr.Row(visible=judged),
                self.files[CALIBRATION].button: gr.Button(visible=judged),
            }
        )


def build_evaluate_results(status_box: gr.HTML, judgments: gr.State, label: w.Labels) -> Results:
    """The right side; `judgments` are the visitor's own."""
    with gr.Column(elem_id="evaluate-results"):
        invitation = status.invitation(w.EVALUATE_QUESTION, w.EVALUATE_EMPTY, "en")
        headline = page_html(invitation, elem_id="evaluate-headline-box")
        with gr.Column(visible=False, elem_id="evaluate-shown") as shown:
            with gr.Row(elem_id="evaluate-looks"):
                measure = gr.Dropdown([], label=label(w.LOOK_MEASURE), elem_id="look-measure", filterable=False)
                baseline = gr.Dropdown([], label=label(w.LOOK_BASELINE), elem_id="look-baseline", filterable=False)
                ranker = gr.Dropdown([], label=label(w.LOOK_RANKER), elem_id="look-ranker", filterable=False)
                own = gr.Checkbox(False, label=label(w.OWN), info=label(w.OWN_INFO), visible=False, elem_id="look-own")
            table = page_html("", elem_id="evaluate-table-box")
            charts: dict[str, ChartParts] = {}
            with gr.Row(elem_id="evaluate-plots-row"):
                for row in EVALUATION_CHARTS:
                    if not row.scores:
                        charts[row.key] = build_chart(f"evaluation-{row.key}")
            order = gr.Radio(
                [(label(w.ORDER_GAIN), BY_GAIN), (label(w.ORDER_AGREEMENT), BY_AGREEMENT)],
                value=BY_GAIN,
                label=label(w.QUERIES_ORDER),
                elem_id="look-order",
            )
            queries = page_html("", elem_id="evaluate-queries-box")
            with gr.Row(elem_id="evaluate-scores-row") as scored:
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
                link = build_link(label, "evaluate-link")
                html = build_download(label(w.DOWNLOAD_HTML), "evaluate-html")
                files = {kind: build_download(label(w.EVALUATE_FILES[kind]), f"evaluate-{kind}") for kind in FILES}
    parts = Parts(
        evaluated=gr.State(None),
        status=status_box,
        headline=headline,
        table=table,
        charts=tuple(charts[row.key] for row in EVALUATION_CHARTS),
        meaning=meaning,
        queries=queries,
    )
    panel = Panel(measure, baseline, ranker, unjudged_too, judgments, own, order, threshold)
    return Results(parts, panel, shown, scored, link, html, files)
