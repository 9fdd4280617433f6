"""The Compare tab: any number of rankers on the same query and passages.

What happens stands in `ui.compare.handlers`; this file puts the parts together and connects their events.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gradio as gr

from demo.errors import DemoError, InputError
from demo.formats.run_files import Runs
from demo.formats.trec_runs import Run
from demo.judgments import Judgments
from demo.messages import Language
from demo.rankers.engine import names_run
from demo.service import MOST_RANKERS
from demo.ui import wording as w
from demo.ui.compare.handlers import NO_RUNS, CompareOptions, CompareTab, WhatIfForm, invitation, run_rankers
from demo.ui.compare.inputs import CompareActions, build_actions
from demo.ui.compare.results import CompareOptionInputs, CompareResults, build_results
from demo.ui.explaining import Asked
from demo.ui.frame import PageFrame
from demo.ui.history.keeping import keep
from demo.ui.history.runs import past_run
from demo.ui.inputs.fields import Choices, Understood, with_choice
from demo.ui.inputs.handlers import InputsForm
from demo.ui.judging import Scene
from demo.ui.links import EVALUATE, OPENING, RANKERS, Link, read_if_right, written
from demo.ui.memory import Memory
from demo.ui.memory import asked as asked_for
from demo.ui.page import QUICK, RANKING, RUNNING, current_page
from demo.ui.rankers import name_what_is_typed, ranker_choices, reranker_choices
from demo.ui.result_tab import WHY
from demo.ui.sections import Occasion, View
from demo.ui.session import Question, ShownResult
from demo.ui.views import status

GO_TO_COMPARE = f"""(kept) => {{
  const linked = new URLSearchParams(location.search), asks = {sorted(OPENING)}.some((name) => linked.has(name));
  const asked = asks ? linked : new URLSearchParams(kept);
  const before = document.documentElement.dataset.tab; // the one that this entry of the browser's history had open
  const compares = asked.get('{RANKERS}') && !linked.has('{EVALUATE}');
  document.querySelector('#frame').dataset.linked = compares ? 'compare' : '';
  if (compares && (!before || before === 'compare')) document.querySelector('#tab-compare-button').click();
}}"""
"""A link that names rankers opens this tab, and so does a kept run of it."""


def build(frame: PageFrame) -> None:
    """The tab's components and what happens when they are used."""
    tab = CompareTab(frame.inputs.pane)
    actions = build_actions(frame.inputs, tab, frame.label)
    with gr.Column(elem_id="compare-results", elem_classes="results scene"):
        results = build_results(actions.box.status, frame.label)
    built = results.built

    def judged(shown: ShownResult, judgments: Judgments, language: Language, occasion: Occasion) -> dict[str, Any]:
        return tab.draw(shown, CompareOptions(), judgments, language, occasion)

    frame.judging.scenes.append(Scene("compare-results", built, judged))
    asked = Asked("compare-results", built.kept, built.boxes[WHY])
    frame.explaining.scenes.append(asked)
    _wire_choice(tab, actions, built.boxes["headline"], frame.memory)
    _wire_runs(tab, actions, frame.inputs.form["choices"])
    _wire_run(tab, frame, actions, results)
    _wire_options(tab, frame, results, asked)
    _wire_what_if(tab, results)


def ranker_menu(
    tab: CompareTab, runs: Mapping[str, Run], language: Language, written: Sequence[str]
) -> list[tuple[str, str]]:
    """The menu of rankers with those of `written` and the uploaded runs."""
    entries = [(w.RUN_CHOICE.format(name=each.name).to(language), key) for key, each in run_rankers(runs).items()]
    return [*ranker_choices(tab.service, True, language, written), *entries]


def _wire_choice(tab: CompareTab, actions: CompareActions, headline: gr.HTML, memory: Memory) -> None:
    """Menus and the invitation in the visitor's language, and adding a ranker with options of its own."""

    def choices(language: Language, written: Sequence[str], runs: Mapping[str, Run] = NO_RUNS) -> list[tuple[str, str]]:
        return ranker_menu(tab, runs, language, written)

    def localised(request: gr.Request, kept: str) -> dict[Any, Any]:
        language, link = w.language_of(request), read_if_right(asked_for(request, kept), tab.pane)
        menu = choices(language, [str(ranker) for ranker in link.rankers] if link else ())
        note = {actions.run_note: status.reading(w.ADD_RUNS_INFO, language)}
        models = note | {actions.model: gr.Dropdown(choices=reranker_choices(tab.service, language))}
        if link and link.rankers:
            return models | {actions.rankers: gr.Dropdown(choices=menu, value=list(map(str, link.rankers)))}
        return models | {actions.rankers: gr.Dropdown(choices=menu), headline: invitation(language)}

    def added(request: gr.Request, runs: Mapping[str, Run], *values: Any) -> tuple[Any, str]:
        try:
            rankers = tab.added(*values)
            return gr.Dropdown(choices=choices(w.language_of(request), rankers, runs), value=rankers), ""
        except DemoError as error:
            return gr.skip(), status.reading(error.message, w.language_of(request), bad=True)

    current_page().load(localised, memory.run, [actions.rankers, actions.model, actions.run_note, headline], **QUICK)
    actions.add.click(
        added,
        [
            *(actions.runs, actions.rankers, actions.model, actions.precision, actions.max_tokens, actions.windows),
            actions.instruction,
        ],
        [actions.rankers, actions.add_note],
        **QUICK,
    )
    name_what_is_typed(actions.rankers, tab.service, choices, [actions.runs])


def _wire_runs(tab: CompareTab, actions: CompareActions, choices: gr.State) -> None:
    """Uploaded runs are entries of the menu of rankers, chosen at once; the next files take the place of these."""
    pane, menus = tab.pane, actions.run_fields

    def read(understood: Understood[Runs], rankers: list[str], language: Language) -> dict[Any, Any]:
        told = {actions.run_note: understood.note(language)}
        if understood.found is None:
            return told
        runs = understood.found.runs
        chosen = [*(each for each in rankers if not names_run(each)), *run_rankers(runs)][:MOST_RANKERS]
        menu = ranker_menu(tab, runs, language, chosen)
        return told | {actions.runs: runs, actions.rankers: gr.Dropdown(choices=menu, value=chosen)}

    def given(request: gr.Request, paths: list[str] | None, rankers: list[str] | None, made: Choices) -> dict[Any, Any]:
        understood, language = pane.read_runs(paths or [], made), w.language_of(request)
        return read(understood, rankers or [], language) | menus.updates(understood, language)

    def chosen(
        request: gr.Request, paths: list[str] | None, rankers: list[str] | None, before: Choices, *values: str | None
    ) -> dict[Any, Any]:
        language = w.language_of(request)
        made = with_choice(before, pane.read_runs(paths or [], before), menus.chosen(values))
        understood = pane.read_runs(paths or [], made)
        shown = menus.updates(understood, language, by_hand=True)
        return {choices: made, **read(understood, rankers or [], language), **shown}

    asked = [actions.run_files, actions.rankers, choices]
    told = [actions.runs, actions.rankers, actions.run_note, *menus.outputs()]
    actions.run_files.upload(given, asked, told, **QUICK)
    menus.on_input(chosen, asked, [choices, *told])


def _wire_run(tab: CompareTab, frame: PageFrame, actions: CompareActions, results: CompareResults) -> None:
    built, panel, edit = results.built, results.panel, results.what_if
    form = frame.inputs.components()

    def updates(views: Iterator[View[ShownResult]], options: CompareOptions) -> Iterator[dict[Any, Any]]:
        for view in views:
            found = built.updates(view)
            if view.kept is not None:
                found |= panel.fitted(view.kept, options) | edit.fitted(view.kept)
            yield found

    def run(request: gr.Request, *values: Any) -> Iterator[dict[Any, Any]]:
        typed, (rankers, runs, judgments, *picked) = values[: len(form)], values[len(form) :]
        options = CompareOptionInputs.read(picked)
        made, language = judgments or Judgments(), w.language_of(request)
        asked = InputsForm(*typed)
        yield from filter(None, [frame.inputs.unread(asked)])
        views = tab.run(asked, rankers or (), options, made, language, runs)
        yield from built.streamed(updates(views, options), [*typed, rankers])

    def opening(request: gr.Request, kept: str) -> Iterator[dict[Any, Any]]:
        yield built.updates(View())  # gradio empties the outputs of a generator that gives nothing
        views = tab.opening(asked_for(request, kept), w.language_of(request))
        yield from built.streamed(updates(views, CompareOptions()))

    def linked(*values: Any) -> dict[str, str]:
        return tab.link(InputsForm(*values[:-1]), values[-1] or ())

    def remembered(*values: Any) -> str:
        rankers = tab.service.rankers.read_all([each for each in values[-1] or () if not names_run(each)])
        if not rankers:
            raise InputError(w.RUNS_NOT_IN_LINKS)
        return written(Link(InputsForm(*values[:-1]), rankers=rankers), tab.pane, None)

    def stopped(request: gr.Request) -> str:
        return status.notice(w.STOPPED, w.language_of(request))

    fitted = [panel.depth, panel.reference, *panel.weights, edit.query, edit.passage, edit.text]
    outputs = [*built.outputs(), *fitted]
    page = current_page()
    example = page.load(opening, frame.memory.run, outputs, **RANKING)
    asked = [*form, actions.rankers, actions.runs, frame.judging.judgments, *panel.components()]
    told = [*outputs, *frame.inputs.unread_outputs()]
    running = actions.box.run.click(run, asked, told, cancels=[example], **RUNNING)
    judgments = frame.judging.judgments
    keep("compare", frame.memory, running, past_run, remembered, built, judgments, frame.memory.run)
    page.load(None, frame.memory.run, None, js=GO_TO_COMPARE, api_visibility="private")
    results.share.entries["link"].serve(linked, [*form, actions.rankers])
    actions.box.stop.click(None, cancels=[running], api_visibility="private").then(stopped, None, built.status, **QUICK)


def _wire_options(tab: CompareTab, frame: PageFrame, results: CompareResults, asked: Asked) -> None:
    """Controls that draw the result again; nothing is scored."""
    built, panel, judgments = results.built, results.panel, frame.judging.judgments

    def redrawn(
        request: gr.Request, shown: ShownResult | None, judged: Judgments | None, *picked: Any
    ) -> dict[Any, Any]:
        options, language = CompareOptionInputs.read(list(picked)), w.language_of(request)
        try:
            return built.updates(tab.redraw(shown, options, judged or Judgments(), language))
        except DemoError as error:
            return {built.status: status.alert(error.message, language)}

    def referred(
        request: gr.Request, shown: ShownResult | None, judged: Judgments | None, *picked: Any
    ) -> dict[Any, Any]:
        options, language = CompareOptionInputs.read(list(picked)), w.language_of(request)
        return built.updates(tab.referred(shown, options, judged or Judgments(), language))

    def saved(
        question: Question | None, shown: ShownResult | None, judged: Judgments | None, *values: Any
    ) -> dict[str, str]:
        *picked, language = values
        return tab.html(shown, judged or Judgments(), CompareOptionInputs.read(picked), question, language)

    seen = [built.kept, judgments, *panel.components()]
    sliders = [panel.depth, panel.k, *panel.weights]
    redraw: dict[str, Any] = QUICK | {"trigger_mode": "always_last"}
    gr.on([panel.fusion.input, *(slider.input for slider in sliders)], redrawn, seen, built.outputs(), **redraw)
    gr.on(
        [panel.reference.input, panel.measure.input, panel.scale.input, panel.axis.input],
        referred,
        seen,
        built.outputs(),
        **redraw,
    )
    files = results.share.entries
    files["html"].serve(saved, [asked.question, *seen], worded=True)
    tab.serve(files, built.kept, judgments)


def _wire_what_if(tab: CompareTab, results: CompareResults) -> None:
    built, panel, edit = results.built, results.panel, results.what_if

    def chosen(shown: ShownResult | None, passage_index: int | None) -> str:
        return "" if shown is None or passage_index is None else shown.candidates[passage_index].text

    def tried(request: gr.Request, shown: ShownResult | None, *values: Any) -> Iterator[dict[Any, Any]]:
        (query, passage_index, text), picked = values[:3], list(values[3:])
        for view in tab.rank_edit(
            shown, WhatIfForm(query, passage_index, text), CompareOptionInputs.read(picked), w.language_of(request)
        ):
            yield built.updates(view)

    edit.passage.input(chosen, [built.kept, edit.passage], edit.text, **QUICK)
    edit.run.click(
        tried,
        [built.kept, edit.query, edit.passage, edit.text, *panel.components()],
        built.outputs(),
        **RANKING,
    )
