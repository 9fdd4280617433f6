"""The right side of the Compare tab, empty until a result arrives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from demo.charts import RESULT_CHARTS, SCALES
from demo.metrics.agreement import MEASURES
from demo.phrases import passage_name
from demo.rankers.fusion import METHODS, RRF_K
from demo.service import MOST_RANKERS
from demo.ui import wording as w
from demo.ui.compare.handlers import NO_FUSION, SPEED, SPEED_AXES, Controls, invitation, is_fused, reference_of
from demo.ui.page import page_html
from demo.ui.parts import ChartParts, Filled, Takeaway, build_chart, build_download, build_link
from demo.ui.session import Shown


@dataclass(frozen=True, slots=True)
class Parts(Filled):
    """The components that a `View` fills, by the names of its fields."""

    shown: gr.State
    status: gr.HTML
    headline: gr.HTML
    judged: gr.HTML
    flow: gr.HTML
    why: gr.HTML
    panel: gr.HTML
    agreement: gr.HTML
    contested: gr.HTML
    charts: tuple[ChartParts, ...]
    scores: gr.HTML
    depths: gr.HTML
    speed: gr.HTML
    cards: gr.HTML
    table: gr.HTML
    what_if: gr.HTML


@dataclass(frozen=True, slots=True)
class Panel:
    """The components that `Controls` are read from."""

    depth: gr.Slider
    fusion: gr.Radio
    k: gr.Slider
    weights: tuple[gr.Slider, ...]
    reference: gr.Dropdown
    measure: gr.Radio
    scale: gr.Radio
    axis: gr.Radio

    def components(self) -> list[Any]:
        """All of them, in the order that `controls` takes their values."""
        return [self.depth, self.fusion, self.k, *self.weights, self.reference, self.measure, self.scale, self.axis]

    @staticmethod
    def controls(values: list[Any]) -> Controls:
        """The values of `components()` as a value of their own."""
        depth, fusion, k, *weights, reference, measure, scale, axis = values
        return Controls(depth, fusion, k, tuple(weights), reference, measure, scale, axis)

    def fitted(self, shown: Shown, controls: Controls) -> dict[Any, Any]:
        """The controls for a new result: as many weights as rankers, its rankers as references, its size as depth."""
        rankings = [ranking for ranking in shown.result.rankings if not is_fused(ranking)]
        menu = [(ranking.ranker.label, ranking.ranker.key) for ranking in shown.result.rankings]
        size = shown.result.size
        weights = {
            slider: gr.Slider(label=rankings[place].ranker.label, visible=True)
            if place < len(rankings)
            else gr.Slider(visible=False)
            for place, slider in enumerate(self.weights)
        }
        return weights | {
            self.depth: gr.Slider(maximum=max(size, 2), value=size),
            self.reference: gr.Dropdown(choices=menu, value=reference_of(shown.result, controls.reference)),
        }


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The components of an edit to try."""

    query: gr.Textbox
    passage: gr.Dropdown
    text: gr.Textbox
    run: gr.Button

    def fitted(self, shown: Shown) -> dict[Any, Any]:
        """The edit before anything is edited: the query as it was, the candidates to choose from."""
        menu = [(f"{i + 1}. {passage_name(each)}", i) for i, each in enumerate(shown.candidates)]
        return {
            self.query: gr.Textbox(value=shown.query.text),
            self.passage: gr.Dropdown(choices=menu, value=None),
            self.text: gr.Textbox(value=""),
        }


@dataclass(frozen=True, slots=True)
class Results:
    """What a view fills, and what the visitor can still do with it."""

    parts: Parts
    panel: Panel
    what_if: WhatIf
    link: Takeaway
    html: Takeaway
    csv: Takeaway
    json: Takeaway
    code: Takeaway


def build_results(status_box: gr.HTML, label: w.Labels) -> Results:
    """The right side, empty until the first result arrives."""
    start = Controls()
    headline = page_html(invitation("en"), elem_id="compare-headline-box")
    judged = page_html("", elem_id="compare-judged-box")
    flow = page_html("", elem_id="flow-box")
    why = page_html("", elem_id="compare-why-box")
    panel_box = page_html("", elem_id="compare-panel-box")
    with gr.Accordion(label(w.DEPTH_AND_FUSION), open=False, elem_id="columns"):
        depth = gr.Slider(
            1, 2, value=2, step=1, label=label(w.DEPTH_SLIDER), info=label(w.DEPTH_SLIDER_INFO), elem_id="depth-slider"
        )
        depths = page_html("", elem_id="depths-box")
        fusion = gr.Radio(
            [(label(w.FUSIONS[key]), key) for key in (NO_FUSION, *METHODS)],
            value=start.fusion,
            label=label(w.FUSION),
            info=label(w.FUSION_INFO),
            elem_id="fusion",
        )
        k = gr.Slider(0, 200, value=RRF_K, step=1, label=label(w.FUSION_K), elem_id="fusion-k")
        with gr.Row(elem_id="weights"):
            weights = tuple(
                gr.Slider(0, 2, value=1, step=0.05, visible=False, min_width=180, elem_id=f"weight-{place}")
                for place in range(MOST_RANKERS)
            )
    with gr.Column(elem_id="agreement-box", elem_classes="plot-card"):
        with gr.Row():
            measure = gr.Radio(
                [(label(row.label), row.key) for row in MEASURES],
                value=start.measure,
                label=label(w.AGREEMENT_BY),
                elem_id="measure",
            )
            reference = gr.Dropdown([], value=None, label=label(w.REFERENCE), elem_id="reference")
        agreement = page_html("", elem_id="agreement-table")
    contested = page_html("", elem_id="contested-box")
    with gr.Row(elem_id="result-plots-row"):
        with gr.Column():
            scale = gr.Radio(
                [(label(row.label), row.key) for row in SCALES],
                value=start.scale,
                label=label(w.SCALE),
                elem_id="result-scale",
            )
            charts = [build_chart(row.key) for row in RESULT_CHARTS]
        with gr.Column():
            axis = gr.Radio(
                [(label(w.SPEED_AGAINST[key]), key) for key in SPEED_AXES],
                value=start.axis,
                label=label(w.SPEED_AXIS),
                elem_id="speed-axis",
            )
            charts.append(build_chart(SPEED))
    scores = page_html("", elem_id="scores-box")
    speed = page_html("", elem_id="speed-box")
    cards = page_html("", elem_id="cards-box")
    table = page_html("", elem_id="result-table-box")
    what_if, edit = _build_what_if(label)
    with gr.Row(elem_id="compare-downloads"):
        link = build_link(label, "compare-link")
        html = build_download(label(w.DOWNLOAD_HTML), "compare-html")
        csv = build_download(label(w.DOWNLOAD_CSV), "compare-csv")
        json = build_download(label(w.DOWNLOAD_JSON), "compare-json")
        code = build_download(label(w.DOWNLOAD_CODE), "compare-python")
    parts = Parts(
        shown=gr.State(None),
        status=status_box,
        headline=headline,
        judged=judged,
        flow=flow,
        why=why,
        panel=panel_box,
        agreement=agreement,
        contested=contested,
        charts=tuple(charts),
        scores=scores,
        depths=depths,
        speed=speed,
        cards=cards,
        table=table,
        what_if=what_if,
    )
    panel = Panel(depth, fusion, k, weights, reference, measure, scale, axis)
    return Results(parts, panel, edit, link, html, csv, json, code)


def _build_what_if(label: w.Labels) -> tuple[gr.HTML, WhatIf]:
    with gr.Accordion(label(w.EDIT), open=False, elem_id="what-if"):
        query = gr.Textbox(label=label(w.EDIT_QUERY), lines=1, max_lines=4, elem_id="what-if-query")
        passage = gr.Dropdown([], value=None, label=label(w.EDIT_PASSAGE), elem_id="what-if-passage")
        text = gr.Textbox(label=label(w.EDIT_TEXT), lines=3, max_lines=10, elem_id="what-if-text")
        run = gr.Button(label(w.EDIT_RUN), size="sm", elem_id="what-if-run")
        found = page_html("", elem_id="what-if-box")
    return found, WhatIf(query, passage, text, run)
