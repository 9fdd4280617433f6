"""The right column of the Rerank tab: words, pictures, panel, table and cost, empty until a comparison arrives."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from demo.charts import CHARTS, RAW, SCALES, Chart
from demo.ui import wording as w
from demo.ui.page import page_html
from demo.ui.rerank.handlers import View
from demo.ui.session import Session
from demo.ui.views import status


@dataclass(frozen=True, slots=True)
class ChartParts:
    """The components of one chart."""

    box: gr.Column
    note: gr.HTML
    figure: gr.Plot


@dataclass(frozen=True, slots=True)
class Parts:
    """The components that a `View` fills, by the names of its fields."""

    session: gr.State
    status: gr.HTML
    headline: gr.HTML
    slope: gr.HTML
    panel: gr.HTML
    charts: tuple[ChartParts, ...]
    formula: gr.HTML
    table: gr.HTML
    cost: gr.HTML

    def outputs(self) -> list[Any]:
        """Every component, charts taken apart, as gradio wants them listed."""
        flat = [part for chart in self.charts for part in (chart.box, chart.note, chart.figure)]
        return [getattr(self, row.name) for row in fields(self) if row.name != "charts"] + flat

    def updates(self, view: View) -> dict[Any, Any]:
        """The view's values by component; what the view leaves alone is left out."""
        values = {row.name: getattr(view, row.name) for row in fields(view)}
        charts = values.pop("charts")
        found = {getattr(self, name): value for name, value in values.items() if value is not None}
        for part, chart in zip(self.charts, charts or (), strict=False):
            if chart is not None:
                found |= {part.note: chart.note, part.figure: chart.figure, part.box: gr.Column(visible=chart.shown)}
        return found


@dataclass(frozen=True, slots=True)
class Results:
    """The right column: what a view fills, and what the visitor can still do with it."""

    parts: Parts
    scale: gr.Radio
    csv: gr.Button
    json: gr.Button
    payload: gr.JSON


def build_results(status_box: gr.HTML, label: w.Labels) -> Results:
    """The right column, empty until the first comparison arrives."""
    headline_html = page_html("", elem_id="headline-box")
    slope_html = page_html("", elem_id="slope-box")
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
        charts = tuple(_chart(row) for row in CHARTS)
    table_html = page_html("", elem_id="table-box")
    with gr.Row(elem_id="footer-row"):
        cost_html = page_html("", elem_id="cost-box")
        with gr.Column(elem_id="downloads"):
            csv = gr.Button(label(w.DOWNLOAD_CSV), size="sm", elem_id="download-csv")
            json_button = gr.Button(label(w.DOWNLOAD_JSON), size="sm", elem_id="download-json")
    payload = gr.JSON(visible=False)
    session = gr.State(Session())
    parts = Parts(session, status_box, headline_html, slope_html, panel_html, charts, formula, table_html, cost_html)
    return Results(parts, scale, csv, json_button, payload)


def _chart(row: Chart) -> ChartParts:
    with gr.Column(elem_classes="plot-card", elem_id=f"{row.key}-card", visible=row.from_size == 0) as box:
        note = page_html("")
        figure = gr.Plot(show_label=False, container=False, elem_id=row.key)
    return ChartParts(box, note, figure)
