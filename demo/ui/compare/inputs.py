"""What is the Compare tab's own in the left column: the rankers, the button, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from demo.ui import wording as w
from demo.ui.compare.handlers import CompareTab
from demo.ui.inputs.components import Inputs
from demo.ui.inputs.menus import RUN_ROLES, FieldMenus, build_field_menus
from demo.ui.page import page_html
from demo.ui.parts import RunBox, build_run_box
from demo.ui.rankers import build_model_menu, build_precision, build_ranker_menu, bundled_models
from demo.ui.views import status


@dataclass(frozen=True, slots=True)
class CompareActions:
    """The tab's own components of the left column.

    Attributes:
        rankers: the chosen rankers as text, in the order of their columns.
        runs: the runs that were uploaded, by name; `run_files` uploads them, and the others tell how they were read.
        model, precision, max_tokens, windows, instruction: a cross-encoder used in its own way, which `add` adds.
    """

    rankers: gr.Dropdown
    runs: gr.State
    run_files: gr.UploadButton
    run_note: gr.HTML
    run_fields: FieldMenus
    box: RunBox
    model: gr.Dropdown
    precision: gr.Dropdown
    max_tokens: gr.Number
    windows: gr.Checkbox
    instruction: gr.Textbox
    add: gr.Button
    add_note: gr.HTML


def build_actions(inputs: Inputs, tab: CompareTab, label: w.Labels) -> CompareActions:
    """Puts the components into the left column."""
    settings = inputs.pane.settings
    with inputs.actions, gr.Column(elem_id="compare-actions"):
        rankers = build_ranker_menu(tab.service, True, bundled_models(tab.service), w.RANKERS, label, "rankers")
        runs = gr.State({})
        run_files = gr.UploadButton(label(w.ADD_RUNS), file_count="multiple", size="sm", elem_id="compare-run-files")  # type: ignore[arg-type]
        run_note = page_html(status.reading(w.ADD_RUNS_INFO, "en"), elem_id="compare-run-files-note")
        run_fields = build_field_menus(RUN_ROLES, "compare-run-files-fields", label)
        box = build_run_box("compare", w.RUN_COMPARE, label)
        with gr.Accordion(label(w.ADD_RANKER), open=False, elem_id="add-ranker"):
            model = build_model_menu(tab.service, label, "add-model")
            precision = build_precision(settings.precision, label, "add-precision")
            max_tokens = gr.Number(
                0,
                label=label(w.MAX_TOKENS),
                info=label(w.MAX_TOKENS_INFO),
                precision=0,
                minimum=0,
                elem_id="add-max-tokens",
            )
            windows = gr.Checkbox(False, label=label(w.WINDOWS), info=label(w.WINDOWS_INFO), elem_id="add-windows")
            instruction = gr.Textbox(
                "",
                label=label(w.INSTRUCTION),
                info=label(w.INSTRUCTION_INFO),
                max_length=settings.max_query_chars,
                elem_id="add-instruction",
            )
            add = gr.Button(label(w.ADD), size="sm", elem_id="add")
            add_note = page_html("", elem_id="add-note")
    added = (model, precision, max_tokens, windows, instruction, add, add_note)
    return CompareActions(rankers, runs, run_files, run_note, run_fields, box, *added)
