"""The components of the shared inputs, filled with the worked example, and what happens when they are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from demo import formats
from demo.messages import Language, Message
from demo.rankers.bm25_index import VARIANTS, Parameter, Variant, find_variant
from demo.records import Collection, Query
from demo.text import STEMMERS
from demo.ui import wording as w
from demo.ui.inputs.fields import Choices, Understood, with_choice
from demo.ui.inputs.handlers import COLLECTION, PARAMETERS, PASTE, UPLOAD, InputsForm, InputsPane
from demo.ui.inputs.menus import JUDGED_ROLES, FieldMenus, build_field_menus
from demo.ui.links import read_if_right
from demo.ui.memory import Memory, asked
from demo.ui.page import QUICK, current_page, page_html
from demo.ui.parts import build_for_browser
from demo.ui.values import event_value
from demo.ui.views import status
from demo.ui.views.collections import collection_note, formats_note
from demo.ui.views.render import render

BRIDGE = """
document.addEventListener('click', (event) => {
  const { upload, action } = event.target.closest('[data-upload]')?.dataset ?? {};
  if (upload) trigger('select', { index: Number(upload), action });
});
"""
"""Tells which of the uploaded files is to be removed or moved up."""

RUN_NOW = "() => document.dispatchEvent(new CustomEvent('lens-run'))"
"""A query that was chosen is run in the tab that is open."""

TELL_FILLED = "() => document.dispatchEvent(new CustomEvent('lens-filled'))"
"""What was typed before a reload and not run may be put back now."""

SOURCES = ((w.SOURCE_COLLECTION, COLLECTION), (w.SOURCE_PASTE, PASTE), (w.SOURCE_UPLOAD, UPLOAD))


@dataclass(frozen=True, slots=True)
class Notes:
    """Components that change the form or speak of it; `files` are the paths of what was uploaded, in their order."""

    examples: gr.Dropdown
    collection: gr.HTML
    formats: gr.HTML
    pasted: gr.HTML
    pasted_fields: FieldMenus
    uploads: gr.UploadButton
    files: gr.State
    file_list: gr.HTML
    uploaded: gr.HTML
    uploaded_fields: FieldMenus


@dataclass(frozen=True, slots=True)
class Inputs:
    """The left column.

    Attributes:
        pane: what it does.
        form: the components that a `InputsForm` is read from, by its field names.
        notes: the components that speak of the form.
        column: the whole of it.
        actions: where a tab puts what is its own: rankers, the button, what it reports.
    """

    pane: InputsPane
    form: dict[str, Any]
    notes: Notes
    column: gr.Column
    actions: gr.Column

    def components(self) -> list[Component]:
        """The form's components in the order of the fields of `InputsForm`."""
        return [self.form[row.name] for row in fields(InputsForm)]

    def unread(self, form: InputsForm) -> dict[Any, Any]:
        """The note on passages that cannot be read, empty: once the button was pressed, the same stands beside it."""
        if not self.pane.is_refused(form):
            return {}
        return {self.notes.pasted if form.source == PASTE else self.notes.uploaded: ""}

    def unread_outputs(self) -> list[Component]:
        """What `unread` changes."""
        return [self.notes.pasted, self.notes.uploaded]

    def filled(self, form: InputsForm, language: Language) -> dict[Any, Any]:
        """The values of a form by component, with what speaks of them; uploads stay as they are."""
        pane, notes = self.pane, self.notes
        values = {self.form[row.name]: getattr(form, row.name) for row in fields(InputsForm) if row.name != "uploaded"}
        numbers = {name: getattr(form, name) for name in PARAMETERS}
        fitted = _parameter_fields(form.variant, numbers, language)
        values |= {self.form[name]: field for name, field in zip(PARAMETERS, fitted, strict=True)}
        chosen = pane.service.collection(form.collection)
        pasted = pane.read_pasted(form.pasted, form.reading, form.choices)
        return values | {
            notes.examples: query_menu(pane.queries(form.source, form.collection, None), form.query),
            notes.collection: collection_note(chosen, language),
            notes.pasted: pasted.note(language),
            **notes.pasted_fields.updates(pasted, language),
        }


def query_choices(queries: Sequence[Query]) -> list[tuple[str, str]]:
    """The queries as menu entries; choosing one puts its text into the query field."""
    return [(query.text, query.text) for query in queries]


def query_menu(queries: Sequence[Query], query: str = "") -> gr.Dropdown:
    """The menu of these queries with the one chosen that has this text; hidden where there are none."""
    known = query if any(each.text == query for each in queries) else None
    return gr.Dropdown(choices=query_choices(queries), value=known, visible=bool(queries))


def parameter_label(row: Parameter) -> Message:
    """Sign, meaning and range of a parameter: «k₁: how much repeats of a term add (0 – 10)»."""
    span = f"{row.least:g} – {row.most:g}"
    return Message("{sign}: {meaning} ({span})", sign=row.sign, meaning=row.meaning, span=span)


def rearranged(paths: Sequence[str], file_index: int, action: str) -> list[str]:
    """The files without one of them (“remove”), or with it before its neighbour (“up”)."""
    others = [path for at, path in enumerate(paths) if at != file_index]
    if action == "up" and 0 < file_index < len(paths):
        others.insert(file_index - 1, paths[file_index])
    return others


def build_inputs(pane: InputsPane, memory: Memory, label: w.Labels) -> Inputs:
    """Makes the left column."""
    start = pane.default_form()
    with gr.Column(elem_id="inputs", elem_classes="side") as column:
        build_for_browser("inputs_line.html")
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
            query_choices(pane.service.collection(start.collection).queries),
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
                [(label(card.title), key) for key, card in pane.service.cards()],
                value=start.collection,
                label=label(w.COLLECTION),
                show_label=False,
                container=False,
                filterable=False,
                elem_id="collection",
            )
            collection_box = page_html(collection_note(pane.service.collection(start.collection), "en"))
        with gr.Column(elem_id="from-paste"):
            pasted = gr.Textbox(
                label=label(w.PASTE),
                placeholder=label(w.PASTE_PLACEHOLDER),
                lines=8,
                max_lines=14,
                elem_id="paste",
            )
            pasted_note = page_html(status.reading(w.PASTE_EMPTY, "en"), elem_id="paste-note")
            pasted_fields = build_field_menus(JUDGED_ROLES, "paste-fields", label)
        with gr.Column(elem_id="from-upload"):
            uploads = gr.UploadButton(
                label(w.UPLOAD_BUTTON),  # type: ignore[arg-type]
                file_count="multiple",
                elem_id="upload",
            )
            file_list = page_html("", elem_id="upload-list")
            uploaded_note = page_html(status.reading(w.UPLOAD_NONE, "en"), elem_id="upload-note")
            uploaded_fields = build_field_menus(JUDGED_ROLES, "upload-fields", label)
        with gr.Column(elem_id="read-as"):
            reading = gr.Dropdown(
                [(label(w.FORMAT_AUTO), ""), *((label(row.label), row.key) for row in formats.PASTED_FORMATS)],
                value="",
                label=label(w.PASTE_FORMAT),
                elem_id="reading",
            )
            known_formats = page_html(formats_note("en"))
            first_stage = gr.Radio(
                [(ranker.spec.label, str(ranker)) for ranker in pane.first_stages()],
                value=start.first_stage,
                label=label(w.FIRST_STAGE),
                elem_id="first-stage",
            )
        actions = gr.Column(elem_id="actions")
        with gr.Accordion(label(w.OPTIONS), open=False, elem_id="options"):
            options = _options(pane, start, label)
    form = {
        "query": query,
        "source": source,
        "collection": collection,
        "pasted": pasted,
        "uploaded": gr.State(None),
        "reading": reading,
        "first_stage": first_stage,
        **options,
        "choices": gr.State({}),
    }
    notes = Notes(
        *(examples, collection_box, known_formats, pasted_note, pasted_fields),
        *(uploads, gr.State([]), file_list, uploaded_note, uploaded_fields),
    )
    inputs = Inputs(pane, form, notes, column, actions)
    _wire(inputs, memory)
    return inputs


def _options(pane: InputsPane, start: InputsForm, label: w.Labels) -> dict[str, Any]:
    """The first stage, with the defaults of the first variant."""
    return {
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


def _parameter_fields(key: str, values: Mapping[str, float | None], language: Language) -> list[gr.Number]:
    """The fields of all PARAMETERS for the variant; hidden and empty where it has none of that name."""
    rows = {row.name: row for row in find_variant(key).parameters}
    return [
        gr.Number(value=values[name], label=parameter_label(row).to(language), visible=True)
        if (row := rows.get(name))
        else gr.Number(value=None, visible=False)
        for name in PARAMETERS
    ]


def _wire(inputs: Inputs, memory: Memory) -> None:
    """Connects the components with the pane's methods."""
    pane, form, notes = inputs.pane, inputs.form, inputs.notes

    def opened(request: gr.Request, run: str) -> dict[Any, Any]:
        language, link = w.language_of(request), read_if_right(asked(request, run), pane)
        if link is not None:
            found = inputs.filled(link.form, language)
        else:
            start = pane.service.collection(pane.default_form().collection)
            found = {
                notes.collection: collection_note(start, language),
                notes.pasted: status.reading(w.PASTE_EMPTY, language),
            }
        return found | {notes.formats: formats_note(language), notes.uploaded: status.reading(w.UPLOAD_NONE, language)}

    def pasted(request: gr.Request, text: str, reading: str, choices: Choices) -> dict[Any, Any]:
        understood, language = pane.read_pasted(text, reading, choices), w.language_of(request)
        return {notes.pasted: understood.note(language), **notes.pasted_fields.updates(understood, language)}

    def pasted_chosen(
        request: gr.Request, text: str, reading: str, choices: Choices, *values: str | None
    ) -> dict[Any, Any]:
        before, language = pane.read_pasted(text, reading, choices), w.language_of(request)
        made = with_choice(choices, before, notes.pasted_fields.chosen(values))
        understood = pane.read_pasted(text, reading, made)
        return {
            form["choices"]: made,
            notes.pasted: understood.note(language),
            **notes.pasted_fields.updates(understood, language, by_hand=True),
        }

    def understood_upload(understood: Understood[formats.Loaded], first: str, language: Language) -> dict[Any, Any]:
        collection = None if understood.found is None else understood.found.collection
        return {
            form["uploaded"]: understood.sentence if understood.is_error else collection,
            notes.uploaded: understood.note(language),
            form["first_stage"]: pane.fitting_first_stage(UPLOAD, collection, first),
            notes.examples: query_menu(collection.queries if collection else ()),
        }

    def source_chosen(
        source: str, key: str, uploaded: Collection | Message | None, query: str, first: str
    ) -> tuple[str, Any]:
        examples = query_menu(pane.queries(source, key, uploaded), query)
        return pane.fitting_first_stage(source, uploaded, first), examples

    def uploaded(
        request: gr.Request, paths: list[str] | None, reading: str, choices: Choices, first: str
    ) -> dict[Any, Any]:
        understood, language = pane.read_uploaded(paths, reading, choices), w.language_of(request)
        found = understood_upload(understood, first, language) | notes.uploaded_fields.updates(understood, language)
        names = [Path(path).name for path in paths or ()]
        return found | {notes.files: paths or [], notes.file_list: render("uploads.html", language, names=names)}

    def arranged(
        request: gr.Request, event: gr.EventData, paths: list[str], reading: str, choices: Choices, first: str
    ) -> dict[Any, Any]:
        moved = rearranged(paths, event_value(event, "index", int), event_value(event, "action", str))
        return uploaded(request, moved, reading, choices, first)

    def upload_chosen(
        request: gr.Request, paths: list[str] | None, reading: str, choices: Choices, first: str, *values: str | None
    ) -> dict[Any, Any]:
        before, language = pane.read_uploaded(paths, reading, choices), w.language_of(request)
        made = with_choice(choices, before, notes.uploaded_fields.chosen(values))
        understood = pane.read_uploaded(paths, reading, made)
        return {
            form["choices"]: made,
            **understood_upload(understood, first, language),
            **({} if before.found is None else {form["first_stage"]: gr.skip()}),
            **notes.uploaded_fields.updates(understood, language, by_hand=True),
        }

    def collection_chosen(request: gr.Request, key: str, query: str) -> tuple[Any, ...]:
        chosen, text = pane.service.collection(key), pane.query_for(key, query)
        return query_menu(chosen.queries, text), text, collection_note(chosen, w.language_of(request))

    def variant_chosen(request: gr.Request, key: str) -> list[Any]:
        return _parameter_fields(key, find_variant(key).defaults, w.language_of(request))

    collection, query, reading, choices = form["collection"], form["query"], form["reading"], form["choices"]
    said = [notes.examples, notes.collection, notes.formats, notes.pasted, notes.uploaded]
    said += notes.pasted_fields.outputs()
    current_page().load(opened, memory.run, [*inputs.components(), *said], **QUICK).success(
        None, js=TELL_FILLED, api_visibility="private"
    )
    notes.examples.input(lambda text: text, notes.examples, query, **QUICK).success(
        None, js=RUN_NOW, api_visibility="private"
    )
    collection.input(collection_chosen, [collection, query], [notes.examples, query, notes.collection], **QUICK)
    form["variant"].input(variant_chosen, form["variant"], [form[name] for name in PARAMETERS], **QUICK)
    gr.on(
        [form["pasted"].change, reading.input],
        pasted,
        [form["pasted"], reading, choices],
        [notes.pasted, *notes.pasted_fields.outputs()],
        trigger_mode="always_last",
        **QUICK,
    )
    notes.pasted_fields.on_input(
        pasted_chosen, [form["pasted"], reading, choices], [choices, notes.pasted, *notes.pasted_fields.outputs()]
    )
    read_again = [form["uploaded"], notes.uploaded, notes.examples, form["first_stage"]]
    read_again += notes.uploaded_fields.outputs()
    listed = [*read_again, notes.files, notes.file_list]
    files_read_by = [notes.files, reading, choices, form["first_stage"]]
    reading.input(uploaded, files_read_by, listed, **QUICK)
    notes.uploads.upload(None, None, notes.uploaded, js="() => ''", api_visibility="private")
    notes.uploads.upload(uploaded, [notes.uploads, *files_read_by[1:]], listed, **QUICK)
    bridge = gr.HTML("", js_on_load=BRIDGE, visible="hidden")
    bridge.select(arranged, files_read_by, listed, **QUICK)
    notes.uploaded_fields.on_input(upload_chosen, files_read_by, [choices, *read_again])
    form["source"].input(
        source_chosen,
        [form["source"], collection, form["uploaded"], query, form["first_stage"]],
        [form["first_stage"], notes.examples],
        **QUICK,
    )
