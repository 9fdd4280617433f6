"""The Rerank tab: a query and passages on the left, what the cross-encoder changed on the right.

What happens stands in `ui.rerank.handlers`; this file puts the two columns together and connects their events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from demo.errors import DemoError
from demo.rankers.bm25 import find_variant
from demo.service import RankingService
from demo.settings import Settings
from demo.ui import wording as w
from demo.ui.page import current_page
from demo.ui.rerank.handlers import PARAMETERS, Form, RerankTab
from demo.ui.rerank.inputs import Inputs, build_inputs, model_choices, parameter_label, query_choices
from demo.ui.rerank.results import Results, build_results
from demo.ui.session import Session
from demo.ui.views import status
from demo.ui.views.collections import collection_note, formats_note

SAVE = r"""(file) => {
  if (!file) return;
  const link = document.createElement('a');
  const mark = file.name.endsWith('.csv') ? '\ufeff' : '';
  link.href = URL.createObjectURL(new Blob([mark, file.text], {type: 'text/plain;charset=utf-8'}));
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}"""
"""Saves a file in the browser; a CSV opens with a byte order mark, so that spreadsheets read it as UTF-8."""


def build(settings: Settings, service: RankingService, label: w.Labels) -> None:
    """The tab's components and what happens when they are used."""
    tab = RerankTab(settings, service)
    with gr.Column(elem_id="rerank-page"):
        with gr.Column(elem_id="inputs"):
            inputs = build_inputs(tab, label)
        with gr.Column(elem_id="results"):
            results = build_results(inputs.status, label)
    _wire(tab, inputs, results)


def _wire(tab: RerankTab, inputs: Inputs, results: Results) -> None:
    """Connects components with the tab's methods; every event is private and shows no loader of its own."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    quick: dict[str, Any] = quiet | {"concurrency_limit": 16, "concurrency_id": "quick"}
    ranking: dict[str, Any] = quiet | {"concurrency_limit": 4, "concurrency_id": "ranking"}
    form, parts, scale = inputs.form, results.parts, results.scale
    page = current_page()

    def run(request: gr.Request, *values: Any) -> Iterator[dict[Any, Any]]:
        *typed, session, chosen_scale = values
        for view in tab.run(Form(*typed), session, chosen_scale, w.language_of(request)):
            yield parts.updates(view)

    def opening(request: gr.Request) -> Iterator[dict[Any, Any]]:
        for view in tab.opening(w.language_of(request)):
            yield parts.updates(view)

    def localised(request: gr.Request) -> tuple[Any, ...]:
        language = w.language_of(request)
        return (
            collection_note(tab.service.collection(tab.default_form().collection), language),
            formats_note(language),
            status.reading(w.PASTE_EMPTY, language),
            status.reading(w.UPLOAD_NONE, language),
            gr.Dropdown(choices=model_choices(tab.service, language)),
        )

    def stopped(request: gr.Request) -> str:
        return status.notice(w.STOPPED, w.language_of(request))

    def rescaled(request: gr.Request, session: Session, chosen: str) -> dict[Any, Any]:
        return parts.updates(tab.rescaled(session, chosen, w.language_of(request)))

    def pasted(request: gr.Request, text: str, reading: str) -> str:
        return tab.read_pasted(text, reading, w.language_of(request))

    def uploaded(request: gr.Request, paths: list[str] | None, reading: str, session: Session) -> tuple[Any, ...]:
        session, sentence = tab.read_uploaded(paths, reading, session, w.language_of(request))
        queries = session.uploaded.queries if session.uploaded else ()
        menu = gr.Dropdown(choices=query_choices(queries), value=None) if queries else gr.skip()
        return session, sentence, menu

    def collection_chosen(request: gr.Request, key: str, query: str) -> tuple[Any, ...]:
        chosen, text = tab.service.collection(key), tab.query_for(key, query)
        known = text if any(query.text == text for query in chosen.queries) else None
        menu = gr.Dropdown(choices=query_choices(chosen.queries), value=known)
        return menu, text, collection_note(chosen, w.language_of(request))

    def variant_chosen(request: gr.Request, key: str) -> list[Any]:
        language, rows = w.language_of(request), {row.name: row for row in find_variant(key).parameters}
        return [
            gr.Number(value=row.default, label=parameter_label(row).to(language), visible=True)
            if (row := rows.get(name))
            else gr.Number(value=None, visible=False)
            for name in PARAMETERS
        ]

    running = inputs.run.click(
        run,
        [*inputs.form_components(), parts.session, scale],
        parts.outputs(),
        **ranking,
    )
    inputs.stop.click(None, cancels=[running], api_visibility="private").then(stopped, None, parts.status, **quick)
    page.load(opening, None, parts.outputs(), **ranking)
    page.load(
        localised,
        None,
        [inputs.collection_note, inputs.formats_note, inputs.pasted_note, inputs.uploaded_note, form["model"]],
        **quick,
    )
    scale.input(rescaled, [parts.session, scale], parts.outputs(), **quick)
    inputs.examples.input(lambda query: query, inputs.examples, form["query"], **quick)
    collection, query = form["collection"], form["query"]
    collection.input(collection_chosen, [collection, query], [inputs.examples, query, inputs.collection_note], **quick)
    form["variant"].input(variant_chosen, form["variant"], inputs.parameter_fields(), **quick)
    gr.on(
        [form["pasted"].change, form["reading"].input],
        pasted,
        [form["pasted"], form["reading"]],
        inputs.pasted_note,
        trigger_mode="always_last",
        **quick,
    )
    gr.on(
        [inputs.uploads.upload, form["reading"].input],
        uploaded,
        [inputs.uploads, form["reading"], parts.session],
        [parts.session, inputs.uploaded_note, inputs.examples],
        **quick,
    )
    for button, make in ((results.csv, tab.csv), (results.json, tab.json)):
        button.click(_told(make), parts.session, results.payload, **quick).then(
            None, results.payload, None, js=SAVE, api_visibility="private"
        )


def _told(make: Callable[[Session], dict[str, str]]) -> Callable[[gr.Request, Session], dict[str, str]]:
    """`make`, with a known error shown as a message over the page."""

    def made(request: gr.Request, session: Session) -> dict[str, str]:
        try:
            return make(session)
        except DemoError as error:
            raise gr.Error(error.to(w.language_of(request)), print_exception=False) from error

    return made
