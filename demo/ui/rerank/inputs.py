"""What is the Rerank tab's own in the left column: the cross-encoder, the button, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from demo.ui import wording as w
from demo.ui.inputs.components import Inputs
from demo.ui.parts import RunBox, build_run_box
from demo.ui.rankers import build_model_menu, build_precision


@dataclass(frozen=True, slots=True)
class RerankActions:
    """The tab's own components of the left column."""

    model: gr.Dropdown
    windows: gr.Checkbox
    precision: gr.Dropdown
    box: RunBox


def build_actions(inputs: Inputs, label: w.Labels) -> RerankActions:
    """Puts the components into the left column."""
    settings, service = inputs.pane.settings, inputs.pane.service
    with inputs.actions, gr.Column(elem_id="rerank-actions"):
        model = build_model_menu(service, label, "model")
        box = build_run_box("rerank", w.RUN, label)
        with gr.Accordion(label(w.MODEL_OPTIONS), open=False, elem_id="model-options"):
            windows = gr.Checkbox(False, label=label(w.WINDOWS), info=label(w.WINDOWS_INFO), elem_id="windows")
            precision = build_precision(settings.precision, label, "precision")
    return RerankActions(model, windows, precision, box)
