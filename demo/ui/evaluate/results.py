"""The right side of the Evaluate tab: an invitation until an evaluation arrives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from demo.charts.evaluation.threshold import threshold_data
from demo.charts.evaluation.view import EvaluationView
from demo.evaluation.slices import PASSAGES, QUERIES, values_of
from demo.judgments import Judgments
from demo.messages import Language, Message
from demo.phrases import shorten
from demo.ui import wording as w
from demo.ui.evaluate.handlers import JUDGED_FILES, SECTIONS, EvaluateTab, evaluation_view_of, field_of, within_of
from demo.ui.evaluate.session import BY_AGREEMENT, BY_GAIN, EVERY, WITH, Evaluated, EvaluateOptions
from demo.ui.parts import ShareMenu, build_share
from demo.ui.sections import Built, View, build_sections
from demo.ui.views import status

SLIDER_STEPS = 200


@dataclass(frozen=True, slots=True)
class EvaluateOptionInputs:
    """The components that `EvaluateOptions` are read from."""

    measure: gr.Dropdown
    baseline: gr.Dropdown
    ranker: gr.Dropdown
    unjudged_too: gr.Checkbox
    judgments: gr.State
    own: gr.Checkbox
    field: gr.Dropdown
    value: gr.Dropdown
    order: gr.Radio
    threshold: gr.Slider

    def components(self) -> list[Any]:
        """All of them, in the order of the fields of `EvaluateOptions`."""
        return [getattr(self, row.name) for row in fields(EvaluateOptions)]

    def steady(self) -> list[Any]:
        """The same without the last, the slider: while it was never shown it has no value, and gradio stumbles."""
        return self.components()[:-1]

    @staticmethod
    def read(values: Sequence[Any]) -> EvaluateOptions:
        """The values of `components()`, or of `steady()`, as a value of their own."""
        measure, baseline, ranker, unjudged_too, judgments, own, field, value, order, *threshold = values
        return EvaluateOptions(
            measure=measure or "",
            baseline=baseline or "",
            ranker=ranker or "",
            unjudged_too=bool(unjudged_too),
            judgments=judgments or Judgments(),
            own=bool(own),
            field=field or "",
            value=value or EVERY,
            order=order or BY_GAIN,
            threshold=threshold[0] if threshold else None,
        )

    def fitted(self, view: EvaluationView, threshold: float | None) -> dict[Any, Any]:
        """The controls for what is shown: its measures and rankers to choose from, its scores to cut at."""
        evaluation = view.evaluation
        rankers = [(ranker.label, ranker.key) for ranker in evaluation.rankers]
        measures = [(measure.name, measure.key) for measure in evaluation.measures]
        return {
            self.measure: gr.Dropdown(
                choices=measures, value=view.chosen.key if view.chosen else None, visible=bool(measures)
            ),
            self.baseline: gr.Dropdown(choices=rankers, value=evaluation.baseline),
            self.ranker: gr.Dropdown(choices=rankers, value=view.key),
            self.unjudged_too: gr.Checkbox(value=view.unjudged_too),
            self.threshold: _slider(view, threshold),
            self.order: gr.Radio(visible=bool(measures) and len(rankers) > 1),
        }

    def fields_offered(self, evaluated: Evaluated, options: EvaluateOptions, language: Language) -> dict[Any, Any]:
        """The fields to slice by, and the values of the one that was chosen to filter by."""
        field, within = field_of(evaluated, options), within_of(evaluated, options)
        sides = {QUERIES: w.SLICE_QUERIES, PASSAGES: w.SLICE_PASSAGES}
        names = [(sides[each.side].format(name=each.name).to(language), str(each)) for each in evaluated.fields]
        by_query = field is not None and field.side == QUERIES
        values = values_of(evaluated.every, field) if field is not None and by_query else ()
        entries = [(shorten(value, 60) or "–", f"{WITH}{value}") for value in values]
        judged = evaluated.collection.is_judged
        return {
            self.field: gr.Dropdown(
                choices=[(w.SLICE_NONE.to(language), ""), *names],
                value=str(field) if field else "",
                visible=judged and bool(names),
            ),
            self.value: gr.Dropdown(
                choices=[(w.SLICE_EVERY.to(language), EVERY), *entries],
                value=f"{WITH}{within[1]}" if within else EVERY,
                visible=judged and bool(values),
            ),
        }

    def own_offered(self, evaluated: Evaluated | None, options: EvaluateOptions) -> dict[Any, Any]:
        """Whether the visitor's own judgments can count: some are of these queries."""
        collection = evaluated.judged.collection if evaluated else None
        fit = collection is not None and options.judgments.added_to(collection) is not collection
        return {self.own: gr.Checkbox(visible=fit)}


def _slider(view: EvaluationView, threshold: float | None) -> gr.Slider:
    """The slider over the scores of the ranker that is looked at; hidden where no threshold can tell anything."""
    data = threshold_data(view, threshold)
    if data.chosen is None:
        return gr.Slider(visible=False)
    scores, _ = view.relevant()
    low, high = float(scores.min()), float(scores.max())
    step = 10.0 ** round(math.log10((high - low) / SLIDER_STEPS)) if high > low else 0.01
    least, value, most = math.floor(low / step), round(data.chosen.threshold / step), math.ceil(high / step)
    minimum, chosen, maximum = (round(steps * step, 9) for steps in (least, value, most + 1))
    return gr.Slider(minimum=minimum, maximum=maximum, step=step, value=chosen, visible=True)


@dataclass(frozen=True, slots=True)
class EvaluateResults:
    """What a view fills, how it is looked at, and the menu of what can be taken away."""

    built: Built
    panel: EvaluateOptionInputs
    share: ShareMenu

    @property
    def judged_files(self) -> list[gr.Button]:
        """They save what is judged, or what judgments tell; hidden where nothing is judged."""
        return [self.share.entries[kind].button for kind in JUDGED_FILES]

    def outputs(self) -> list[Any]:
        """Every component that a view can change."""
        return [*self.built.outputs(), *self.panel.components(), *self.judged_files]

    def updates(self, view: View[Evaluated], options: EvaluateOptions, language: Language) -> dict[Any, Any]:
        """The view's values by component, and the controls for what is drawn anew with these options."""
        found = self.built.updates(view)
        if view.kept is None or view.kept.evaluation is None:
            return found
        seen = evaluation_view_of(view.kept, options)
        return (
            found
            | self.panel.fitted(seen, options.threshold)
            | self.panel.own_offered(view.kept, options)
            | self.panel.fields_offered(view.kept, options, language)
            | {button: gr.Button(visible=seen.chosen is not None) for button in self.judged_files}
        )


def build_evaluate_results(status_box: gr.HTML, judgments: gr.State, label: w.Labels) -> EvaluateResults:
    """The right side; `judgments` are the visitor's own."""
    panel = _build_panel(judgments, label)
    share = build_share(EvaluateTab.name, {"html": w.DOWNLOAD_HTML, **w.EVALUATE_FILES}, label)
    controls = {
        "share": share.components(),
        "table": [panel.measure, panel.baseline, panel.ranker, panel.own],
        "slices": [panel.field, panel.value],
        "queries": [panel.order],
        "meaning": [panel.unjudged_too, panel.threshold],
    }
    start = {"headline": status.invitation(w.EVALUATE_QUESTION, w.EVALUATE_EMPTY, "en")}
    with gr.Column(elem_id="evaluate-results", elem_classes="results"):
        built = build_sections(EvaluateTab.name, SECTIONS, status_box, controls, start)
    return EvaluateResults(built, panel, share)


def _build_panel(judgments: gr.State, label: w.Labels) -> EvaluateOptionInputs:
    """The controls, to be placed by the sections."""

    def menu(text: Message, elem_id: str) -> gr.Dropdown:
        return gr.Dropdown([], label=label(text), elem_id=elem_id, filterable=False, render=False)

    return EvaluateOptionInputs(
        measure=menu(w.LOOK_MEASURE, "look-measure"),
        baseline=menu(w.LOOK_BASELINE, "look-baseline"),
        ranker=menu(w.LOOK_RANKER, "look-ranker"),
        unjudged_too=gr.Checkbox(
            False,
            label=label(w.UNJUDGED_TOO),
            info=label(w.UNJUDGED_TOO_INFO),
            elem_id="unjudged-too",
            render=False,
        ),
        judgments=judgments,
        own=gr.Checkbox(
            False, label=label(w.OWN), info=label(w.OWN_INFO), visible=False, elem_id="look-own", render=False
        ),
        field=gr.Dropdown(
            [("", "")], value="", label=label(w.SLICE_BY), elem_id="look-field", filterable=False, render=False
        ),
        value=gr.Dropdown(
            [("", EVERY)], value=EVERY, label=label(w.SLICE_ONLY), elem_id="look-value", filterable=False, render=False
        ),
        order=gr.Radio(
            [(label(w.ORDER_GAIN), BY_GAIN), (label(w.ORDER_AGREEMENT), BY_AGREEMENT)],
            value=BY_GAIN,
            label=label(w.QUERIES_ORDER),
            elem_id="look-order",
            render=False,
        ),
        threshold=gr.Slider(0, 1, value=0, label=label(w.THRESHOLD), elem_id="threshold", render=False),
    )
