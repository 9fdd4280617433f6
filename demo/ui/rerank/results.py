"""The right side of the Rerank tab: words, pictures, panel, table and cost, empty until a comparison arrives."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from demo.charts import PAIR_CHARTS, RAW, SCALES
from demo.ui import wording as w
from demo.ui.page import page_html
from demo.ui.parts import ChartParts, Filled, Takeaway, build_chart, build_download, build_link
from demo.ui.views import status


@dataclass(frozen=True, slots=True)
class Parts(Filled):
    """The components that a `View` fills, by the names of its fields."""

    shown: gr.State
    status: gr.HTML
    headline: gr.HTML
    judged: gr.HTML
    slope: gr.HTML
    why: gr.HTML
    panel: gr.HTML
    charts: tuple[ChartParts, ...]
    formula: gr.HTML
    table: gr.HTML
    cost: gr.HTML


@dataclass(frozen=True, slots=True)
class Results:
    """What a view fills, and what the visitor can still do with it."""

    parts: Parts
    scale: gr.Radio
    link: Takeaway
    html: Takeaway
    csv: Takeaway
    json: Takeaway
    code: Takeaway


def build_results(status_box: gr.HTML, label: w.Labels) -> Results:
    """The right side, empty until the first comparison arrives."""
    headline_html = page_html("", elem_id="headline-box")
    judged_html = page_html("", elem_id="judged-box")
    slope_html = page_html("", elem_id="slope-box")
    why_html = page_html("", elem_id="why-box")
    panel_html = page_html("", elem_id="panel-box")
    with gr.Column(elem_id="scale-box"):
        scale = gr.Radio(
            [(label(row.label), row.key) for row in SCALES],
            value=RAW.key,
            label=label(w.SCALE),
            elem_id="scale",
        )
        formula = page_html(status.reading(RAW.formula, "en"), elem_id="formula")
    with gr.Row(elem_id="plots-row"):
        charts = tuple(build_chart(row.key, shown=row.from_size == 0) for row in PAIR_CHARTS)
    table_html = page_html("", elem_id="table-box")
    with gr.Row(elem_id="footer-row"):
        cost_html = page_html("", elem_id="cost-box")
        with gr.Column(elem_id="downloads"):
            link = build_link(label, "copy-link")
            html = build_download(label(w.DOWNLOAD_HTML), "download-html")
            csv = build_download(label(w.DOWNLOAD_CSV), "download-csv")
            json = build_download(label(w.DOWNLOAD_JSON), "download-json")
            code = build_download(label(w.DOWNLOAD_CODE), "download-python")
    parts = Parts(
        gr.State(None),
        status_box,
        headline_html,
        judged_html,
        slope_html,
        why_html,
        panel_html,
        charts,
        formula,
        table_html,
        cost_html,
    )
    return Results(parts, scale, link, html, csv, json, code)
