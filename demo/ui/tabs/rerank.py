"""The Rerank tab: what the cross-encoder changed of the first stage's ranking.

What happens stands in `ui.rerank.handlers`; this file puts the parts together and connects their events.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from demo.errors import DemoError
from demo.judgments import Judgments
from demo.messages import Language
from demo.ui import wording as w
from demo.ui.explaining import Asked
from demo.ui.frame import PageFrame
from demo.ui.history.keeping import keep
from demo.ui.history.runs import past_run
from demo.ui.inputs.handlers import InputsForm
from demo.ui.judging import Scene
from demo.ui.links import Link, read_if_right, written
from demo.ui.memory import asked as asked_for
from demo.ui.memory import read_judgments, tell_first_view
from demo.ui.page import QUICK, RANKING, RUNNING, current_page
from demo.ui.rankers import reranker_choices
from demo.ui.rerank.handlers import RerankTab
from demo.ui.rerank.inputs import RerankActions, build_actions
from demo.ui.rerank.results import RerankResults, build_results
from demo.ui.result_tab import WHY
from demo.ui.sections import Occasion
from demo.ui.session import ShownResult
from demo.ui.values import event_value
from demo.ui.views import status

USE = """document.addEventListener('lens-use', (event) => trigger('select', event.detail));"""
"""The page's script tells which model was chosen in the Models tab; this passes it on to the server."""


def build(frame: PageFrame) -> None:
    """The tab's components and what happens when they are used."""
    actions = build_actions(frame.inputs, frame.label)
    with gr.Column(elem_id="rerank-results", elem_classes="results scene"):
        results = build_results(actions.box.status, frame.label)
    tab, built = RerankTab(frame.inputs.pane), results.built

    def judged(shown: ShownResult, judgments: Judgments, language: Language, occasion: Occasion) -> dict[str, Any]:
        return tab.draw(shown, judgments, language, occasion=occasion)

    frame.judging.scenes.append(Scene("rerank-results", built, judged))
    asked = Asked("rerank-results", built.kept, built.boxes[WHY])
    frame.explaining.scenes.append(asked)
    _wire(tab, frame, actions, results, asked)


def _wire(tab: RerankTab, frame: PageFrame, actions: RerankActions, results: RerankResults, asked: Asked) -> None:
    """Connects components with the tab's methods."""
    built, scale, judgments = results.built, results.scale, frame.judging.judgments

    def run(request: gr.Request, *values: Any) -> Iterator[dict[Any, Any]]:
        *typed, model, windows, precision, judged, chosen_scale = values
        try:
            reranker = tab.reranker(model or "", precision, windows)
        except DemoError as error:
            yield {built.status: status.alert(error.message, w.language_of(request))}
            return
        form = InputsForm(*typed)
        yield from filter(None, [frame.inputs.unread(form)])
        views = tab.run(form, reranker, judged or Judgments(), chosen_scale, w.language_of(request))
        yield from built.streamed(map(built.updates, views), [*typed, model, windows, precision])

    def opening(request: gr.Request, run: str, judged: str) -> Iterator[dict[Any, Any]]:
        views = tab.opening(asked_for(request, run), w.language_of(request), read_judgments(judged))
        yield from built.streamed(map(built.updates, views))

    def localised(request: gr.Request, run: str) -> dict[Any, Any]:
        menu = reranker_choices(tab.service, w.language_of(request))
        link = read_if_right(asked_for(request, run), tab.pane)
        if link is None:
            return {actions.model: gr.Dropdown(choices=menu)}
        chosen = link.reranker or tab.reranker("")
        use = chosen.spec.model
        return {
            actions.model: gr.Dropdown(choices=menu, value=use.spec.key if use else str(chosen)),
            actions.precision: use.precision if use else tab.pane.settings.precision,
            actions.windows: use.windows if use else False,
        }

    def linked(*values: Any) -> dict[str, str]:
        *typed, model, windows, precision = values
        return tab.link(InputsForm(*typed), tab.reranker(model or "", precision, windows))

    def remembered(*values: Any) -> str:
        *typed, model, windows, precision = values
        link = Link(InputsForm(*typed), tab.reranker(model or "", precision, windows))
        return written(link, tab.pane, None)

    def stopped(request: gr.Request) -> str:
        return status.notice(w.STOPPED, w.language_of(request))

    def rescaled(request: gr.Request, shown: ShownResult | None, chosen: str) -> dict[Any, Any]:
        return built.updates(tab.rescaled(shown, chosen, w.language_of(request)))

    def use(event: gr.EventData) -> str:
        return event_value(event, "model", str)

    gr.HTML("", js_on_load=USE, visible="hidden").select(use, None, actions.model, **QUICK)
    own = [actions.model, actions.windows, actions.precision, judgments, scale]
    page = current_page()
    example = page.load(opening, [frame.memory.run, frame.memory.judgments], built.outputs(), **RANKING)
    outputs = [*built.outputs(), *frame.inputs.unread_outputs()]
    running = actions.box.run.click(run, [*frame.inputs.components(), *own], outputs, cancels=[example], **RUNNING)
    actions.box.stop.click(None, cancels=[running], api_visibility="private").then(stopped, None, built.status, **QUICK)
    asking = [*frame.inputs.components(), actions.model, actions.windows, actions.precision]
    keep("rerank", frame.memory, running, past_run, remembered, built, judgments, frame.memory.run)
    page.load(localised, frame.memory.run, [actions.model, actions.precision, actions.windows], **QUICK)
    first = written(Link(tab.pane.default_form()), tab.pane)
    page.load(None, frame.memory.run, None, js=tell_first_view(first), api_visibility="private")
    scale.input(rescaled, [built.kept, scale], built.outputs(), **QUICK)
    files = results.share.entries
    files["link"].serve(linked, asking)
    files["html"].serve(tab.html, [built.kept, judgments, scale, asked.question], worded=True)
    tab.serve(files, built.kept, judgments)
