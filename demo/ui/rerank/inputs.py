"""The left column of the Rerank tab: query, passages, model, options, and the button with what it reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr
from gradio.components import Component

from demo import formats
from demo.language import Language, Text
from demo.rankers.bm25 import VARIANTS, Parameter, Variant
from demo.records import Query
from demo.service import RankingService
from demo.text import STEMMERS
from demo.ui import wording as w
from demo.ui.page import page_html
from demo.ui.rerank.handlers import COLLECTION, PARAMETERS, PASTE, UPLOAD, Form, RerankTab
from demo.ui.views import models, status
from demo.ui.views.collections import collection_note, formats_note

SOURCES = ((w.SOURCE_COLLECTION, COLLECTION), (w.SOURCE_PASTE, PASTE), (w.SOURCE_UPLOAD, UPLOAD))


@dataclass(frozen=True, slots=True)
class Inputs:
    """The components of the left column.

    Attributes:
        form: those that a `Form` is read from, by its field names; the rest change the form or speak of it.
    """

    form: dict[str, Any]
    examples: gr.Dropdown
    collection_note: gr.HTML
    formats_note: gr.HTML
    pasted_note: gr.HTML
    uploads: gr.UploadButton
    uploaded_note: gr.HTML
    run: gr.Button
    stop: gr.Button
    status: gr.HTML

    def form_components(self) -> list[Component]:
        """The form's components in the order of the fields of `Form`."""
        return [self.form[row.name] for row in fields(Form)]

    def parameter_fields(self) -> list[Component]:
        """The fields of BM25's numbers, in the order of PARAMETERS."""
        return [self.form[name] for name in PARAMETERS]


def query_choices(queries: Sequence[Query]) -> list[tuple[str, str]]:
    """The queries as menu entries; choosing one puts its text into the query field."""
    return [(query.text, query.text) for query in queries]


def parameter_label(row: Parameter) -> Text:
    """Sign, meaning and range of a parameter: «k₁: how much repeats of a term add (0 – 10)»."""
    span = f"{row.least:g} – {row.most:g}"
    return Text(f"{row.sign}: {row.meaning.en} ({span})", f"{row.sign}：{row.meaning.zh}（{span}）")


def model_choices(service: RankingService, language: Language) -> list[tuple[str, str]]:
    """Every model on offer with where its weights are; the value is its key."""
    return [(f"{choice.spec.label} · {models.place(choice, language)}", choice.spec.key) for choice in service.models()]


def build_inputs(tab: RerankTab, label: w.Labels) -> Inputs:
    """Makes the left column, filled with the worked example."""
    start = tab.default_form()
    query = gr.Textbox(
        start.query,
        label=label(w.QUERY),
        info=label(w.QUERY_INFO),
        placeholder=label(w.QUERY_PLACEHOLDER),
        lines=2,
        max_lines=6,
        elem_id="query",
    )
    examples = gr.Dropdown(
        query_choices(tab.service.collection(start.collection).queries),
        value=start.query,
        label=label(w.EXAMPLE_QUERIES),
        elem_id="examples",
    )
    source = gr.Radio(
        [(label(text), key) for text, key in SOURCES],
        value=start.source,
        label=label(w.COLLECTION),
        elem_id="source",
    )
    with gr.Column(elem_id="from-collection"):
        collection = gr.Dropdown(
            [(label(card.title), key) for key, card in tab.service.cards()],
            value=start.collection,
            show_label=False,
            container=False,
            filterable=False,
            elem_id="collection",
        )
        collection_box = page_html(collection_note(tab.service.collection(start.collection), "en"))
    with gr.Column(elem_id="from-paste"):
        pasted = gr.Textbox(
            label=label(w.PASTE),
            placeholder=label(w.PASTE_PLACEHOLDER),
            lines=8,
            max_lines=14,
            elem_id="paste",
        )
        pasted_note = page_html(status.reading(w.PASTE_EMPTY, "en"), elem_id="paste-note")
    with gr.Column(elem_id="from-upload"):
        uploads = gr.UploadButton(
            label(w.UPLOAD_BUTTON),  # type: ignore[arg-type]
            file_count="multiple",
            file_types=list(formats.accepted_suffixes()),
            elem_id="upload",
        )
        uploaded_note = page_html(status.reading(w.UPLOAD_NONE, "en"), elem_id="upload-note")
    with gr.Column(elem_id="read-as"):
        reading = gr.Dropdown(
            [(label(w.FORMAT_AUTO), ""), *((label(row.label), row.key) for row in formats.PASTED_FORMATS)],
            value="",
            label=label(w.PASTE_FORMAT),
            elem_id="reading",
        )
        known_formats = page_html(formats_note("en"))
    model = gr.Dropdown(
        model_choices(tab.service, "en"),
        value=start.model,
        label=label(w.MODEL),
        info=label(w.MODEL_INFO) if tab.settings.any_model else None,
        allow_custom_value=tab.settings.any_model,
        elem_id="model",
    )
    with gr.Column(elem_id="run-box"):
        status_box = page_html("", elem_id="status-box")
        with gr.Row(elem_id="run-row"):
            run = gr.Button(label(w.RUN), variant="primary", scale=3, elem_id="rerank")
            stop = gr.Button(label(w.STOP), scale=1, elem_id="stop")
    with gr.Accordion(label(w.OPTIONS), open=False, elem_id="options"):
        options = _options(tab, start, label)
    form = {
        "query": query,
        "source": source,
        "collection": collection,
        "pasted": pasted,
        "reading": reading,
        "model": model,
        **options,
    }
    return Inputs(
        form, examples, collection_box, known_formats, pasted_note, uploads, uploaded_note, run, stop, status_box
    )


def _options(tab: RerankTab, start: Form, label: w.Labels) -> dict[str, Any]:
    """The first stage and the finer points, with the defaults of the first variant."""
    return {
        "first_stage": gr.Radio(
            [(label(w.FIRST_STAGE_BM25), "bm25"), (label(w.FIRST_STAGE_ENGINE), "engine")],
            value=start.first_stage,
            label=label(w.FIRST_STAGE),
            elem_id="first-stage",
        ),
        "variant": gr.Dropdown(
            [(label(row.label), row.key) for row in VARIANTS],
            value=start.variant,
            label=label(w.VARIANT),
            elem_id="variant",
        ),
        **{name: _parameter_field(name, VARIANTS[0], label) for name in PARAMETERS},
        "stop_words": gr.Checkbox(start.stop_words, label=label(w.STOP_WORDS), elem_id="stop-words"),
        "stemmer": gr.Dropdown(
            [(label(w.STEMMER_NONE), ""), *((name, name) for name in STEMMERS)],
            value=start.stemmer,
            label=label(w.STEMMER),
            elem_id="stemmer",
        ),
        "depth": gr.Number(
            start.depth, label=label(w.DEPTH), info=label(w.DEPTH_INFO), precision=0, minimum=0, elem_id="depth"
        ),
        "windows": gr.Checkbox(start.windows, label=label(w.WINDOWS), info=label(w.WINDOWS_INFO), elem_id="windows"),
        "precision": gr.Dropdown(
            ["fp32", "bf16", "fp16"], value=start.precision, label=label(w.PRECISION), elem_id="precision"
        ),
    }


def _parameter_field(name: str, variant: Variant, label: w.Labels) -> gr.Number:
    """The field of a parameter, hidden where the variant has none of that name."""
    row = next((row for row in variant.parameters if row.name == name), None)
    return gr.Number(
        row.default if row else None,
        label=label(parameter_label(row)) if row else name,
        visible=row is not None,
        elem_id=name,
    )
