"""The left column of the Evaluate tab: what is judged, what is ranked, by whom, and how it is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from demo.evaluation.presets import PRESETS
from demo.evaluation.protocol import JUDGED
from demo.messages import Message
from demo.metrics.effectiveness import USUAL
from demo.ui import wording as w
from demo.ui.evaluate.handlers import DEPTH, EvaluateTab
from demo.ui.evaluate.session import GIVEN, NO_PRESET, RUN, EvaluateForm
from demo.ui.inputs.handlers import COLLECTION, UPLOAD
from demo.ui.inputs.menus import JUDGED_ROLES, RUN_ROLES, FieldMenus, build_field_menus
from demo.ui.page import page_html
from demo.ui.parts import RunBox, build_for_browser, build_run_box
from demo.ui.rankers import build_ranker_menu
from demo.ui.views import status
from demo.ui.views.collections import collection_note

MORE_MEASURES = ("ndcg@5", "ndcg@20", "ndcg", "mrr", "p@5", "r@10", "r@1000")


@dataclass(frozen=True, slots=True)
class EvaluateInputs:
    """The components of the left column.

    Attributes:
        form: the components that an `EvaluateForm` is read from, by its field names.
        upload, run_file: buttons that fill `uploaded` and `run`; their notes say how the files are understood.
    """

    form: dict[str, Any]
    collection_note: gr.HTML
    upload: gr.UploadButton
    qrels: gr.Textbox
    upload_note: gr.HTML
    upload_fields: FieldMenus
    run_file: gr.UploadButton
    run_note: gr.HTML
    run_fields: FieldMenus
    box: RunBox

    def components(self) -> list[Any]:
        """The form's components in the order of the fields of `EvaluateForm`."""
        return [self.form[row.name] for row in fields(EvaluateForm)]

    def unread(self, form: EvaluateForm) -> dict[Any, Any]:
        """The notes on files that cannot be read, empty: once the button was pressed, the same stands beside it."""
        refused: dict[Any, Any] = {}
        if form.source == UPLOAD and isinstance(form.uploaded, Message):
            refused[self.upload_note] = ""
        elif form.candidates == RUN and isinstance(form.run, Message):
            refused[self.run_note] = ""
        return refused

    def unread_outputs(self) -> list[Any]:
        """What `unread` changes."""
        return [self.upload_note, self.run_note]

    @staticmethod
    def read(values: Sequence[Any]) -> EvaluateForm:
        """The values of `components()` as a form."""
        named = dict(zip((row.name for row in fields(EvaluateForm)), values, strict=True))
        return EvaluateForm(
            **named | {"rankers": tuple(named["rankers"] or ()), "measures": tuple(named["measures"] or ())}
        )


def build_evaluate_inputs(tab: EvaluateTab, label: w.Labels) -> EvaluateInputs:
    """Makes the left column."""
    with gr.Column(elem_id="evaluate-inputs", elem_classes="side"):
        build_for_browser("inputs_line.html")
        source, collection, collection_box = _collection(tab, label)
        with gr.Column(elem_id="evaluate-from-upload"):
            upload = gr.UploadButton(label(w.UPLOAD_BUTTON), file_count="multiple", elem_id="evaluate-upload")  # type: ignore[arg-type]
            upload_note = page_html(status.reading(w.EVALUATE_UPLOAD_NONE, "en"), elem_id="evaluate-upload-note")
            upload_fields = build_field_menus(JUDGED_ROLES, "evaluate-upload-fields", label)
            qrels = gr.Textbox(
                label=label(w.QRELS_NAME), placeholder="qrels/test.tsv", visible=False, elem_id="evaluate-qrels"
            )
        rankers = build_ranker_menu(
            tab.service, False, [tab.service.default_model()], w.EVALUATE_RANKERS, label, "evaluate-rankers"
        )
        candidates, run_file, run_note, run_fields = _candidates(tab, label)
        box = build_run_box("evaluate", w.RUN_EVALUATE, label)
        with gr.Accordion(label(w.EVALUATE_OPTIONS), open=False, elem_id="evaluate-options"):
            options = _options(label)
    form = {
        "source": source,
        "collection": collection,
        "uploaded": gr.State(None),
        "candidates": candidates,
        "run": gr.State(None),
        "rankers": rankers,
        **options,
    }
    return EvaluateInputs(
        form, collection_box, upload, qrels, upload_note, upload_fields, run_file, run_note, run_fields, box
    )


def _collection(tab: EvaluateTab, label: w.Labels) -> tuple[gr.Radio, gr.Dropdown, gr.HTML]:
    cards = tab.service.cards()
    source = gr.Radio(
        [(label(w.SOURCE_COLLECTION), COLLECTION), (label(w.SOURCE_UPLOAD), UPLOAD)],
        value=COLLECTION,
        label=label(w.EVALUATE_SOURCE),
        elem_id="evaluate-source",
    )
    with gr.Column(elem_id="evaluate-from-collection"):
        collection = gr.Dropdown(
            [(label(card.title), key) for key, card in cards],
            value=cards[0][0],
            label=label(w.EVALUATE_SOURCE),
            show_label=False,
            container=False,
            filterable=False,
            elem_id="evaluate-collection",
        )
        note = page_html(collection_note(tab.service.collection(cards[0][0]), "en"), elem_id="evaluate-collection-note")
    return source, collection, note


def _candidates(tab: EvaluateTab, label: w.Labels) -> tuple[gr.Dropdown, gr.UploadButton, gr.HTML, FieldMenus]:
    candidates = gr.Dropdown(
        [
            (label(w.CANDIDATES_GIVEN), GIVEN),
            *((ranker.spec.label, str(ranker)) for ranker in tab.pane.first_stages()),
            (label(w.CANDIDATES_JUDGED), JUDGED),
            (label(w.CANDIDATES_RUN), RUN),
        ],
        value=GIVEN,
        label=label(w.CANDIDATES),
        filterable=False,
        elem_id="evaluate-candidates",
    )
    with gr.Column(elem_id="evaluate-from-run", visible=False) as box:
        run_file = gr.UploadButton(label(w.RUN_FILE), elem_id="evaluate-run-file")  # type: ignore[arg-type]
        run_note = page_html(status.reading(w.RUN_FILE_NONE, "en"), elem_id="evaluate-run-note")
        run_fields = build_field_menus(RUN_ROLES, "evaluate-run-fields", label)
    candidates.input(
        lambda chosen: gr.Column(visible=chosen == RUN),
        candidates,
        box,
        show_progress="hidden",
        api_visibility="private",
    )
    return candidates, run_file, run_note, run_fields


def _options(label: w.Labels) -> dict[str, Any]:
    """Depth and number of queries, and the protocol: measures, grade, preset."""
    usual = [measure.key for measure in USUAL]
    return {
        "depth": gr.Number(DEPTH, label=label(w.EVALUATE_DEPTH), precision=0, elem_id="evaluate-depth"),
        "queries": gr.Number(
            0,
            label=label(w.MOST_QUERIES),
            info=label(w.MOST_QUERIES_INFO),
            precision=0,
            elem_id="evaluate-queries",
        ),
        "relevant_from": gr.Number(
            1,
            label=label(w.RELEVANT_FROM),
            info=label(w.RELEVANT_FROM_INFO),
            precision=0,
            elem_id="evaluate-grade",
        ),
        "measures": gr.Dropdown(
            [*usual, *MORE_MEASURES],
            value=usual,
            label=label(w.MEASURES),
            info=label(w.MEASURES_INFO),
            multiselect=True,
            allow_custom_value=True,
            elem_id="evaluate-measures",
        ),
        "preset": gr.Dropdown(
            [(label(w.PRESET_NONE), NO_PRESET), *((label(preset.label), preset.key) for preset in PRESETS)],
            value=NO_PRESET,
            label=label(w.PRESET),
            info=label(w.PRESET_INFO),
            filterable=False,
            elem_id="evaluate-preset",
        ),
    }
