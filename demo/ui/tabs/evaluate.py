"""The Evaluate tab: does reranking pay on judged queries, or what does it change on others?

What happens stands in `ui.evaluate.handlers`; this file puts the parts together and connects their events. It has its
own left column, since it asks for many queries and not for one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import gradio as gr

from demo.evaluation.presets import find_preset
from demo.formats.judged import Judged
from demo.formats.run_files import Runs
from demo.messages import Language
from demo.ui import wording as w
from demo.ui.evaluate.handlers import CUT, FIELD, FILES, MEASURE, ORDER, EvaluateTab
from demo.ui.evaluate.inputs import EvaluateInputs, build_evaluate_inputs
from demo.ui.evaluate.results import EvaluateOptionInputs, EvaluateResults, build_evaluate_results
from demo.ui.evaluate.session import EVERY, NO_PRESET, Evaluated, EvaluateOptions
from demo.ui.frame import PageFrame
from demo.ui.history.evaluations import past_evaluation
from demo.ui.history.keeping import keep
from demo.ui.inputs.components import query_menu
from demo.ui.inputs.fields import Choices, Understood, with_choice
from demo.ui.inputs.handlers import COLLECTION
from demo.ui.page import QUICK, RUNNING, current_page, current_tab
from demo.ui.rankers import name_what_is_typed, ranker_choices
from demo.ui.values import event_index
from demo.ui.views import status
from demo.ui.views.collections import collection_note

BRIDGE = """
let opened = null, away = false;
const rows = () => [...document.querySelectorAll('.evaluation-queries [data-query]')];
const placeOf = () => rows().findIndex((row) => row.dataset.query === opened);
const tell = (queryIndex) => {
  opened = queryIndex;
  away = true;
  trigger('select', { queryIndex: Number(queryIndex) });
};
const goBack = () => {
  const row = rows()[placeOf()];
  if (!row?.offsetParent) return;
  away = false;
  row.scrollIntoView({ block: 'center' });
  row.focus({ preventScroll: true });
};
const walk = () => {
  const nav = document.querySelector('.walk'), place = placeOf(), last = rows().length - 1;
  if (!nav) return;
  const shown = document.querySelector('#rerank-results .headline .query q')?.textContent;
  const hidden = place < 0 || rows()[place].textContent !== shown;
  if (nav.hidden !== hidden) nav.hidden = hidden;
  const [back, on] = nav.querySelectorAll('button'), words = `${place + 1} / ${last + 1}`;
  [back.disabled, on.disabled] = [place === 0, place === last];
  const told = nav.querySelector('[data-walked]');
  if (told.textContent !== words) told.textContent = words;
  const differs = nav.querySelector('[data-differs]'), said = rows()[place]?.dataset.differs ?? '';
  if (differs.textContent !== said) differs.textContent = said;
};
document.addEventListener('click', (event) => {
  const row = event.target.closest('.evaluation-queries [data-query]'), step = event.target.closest('[data-walk]');
  if (row) tell(row.dataset.query);
  if (step?.dataset.walk === '0') document.querySelector('#tab-evaluate-button').click();
  else if (step) tell(rows()[placeOf() + Number(step.dataset.walk)].dataset.query);
  if (event.target.closest('#tab-evaluate-button') && away) setTimeout(goBack, 200);
});
const charts = '#evaluation-differences .js-plotly-plot, #evaluation-changes .js-plotly-plot';
const bind = () => document.querySelectorAll(charts).forEach((plot) => {
  if (plot.queriesBound || !plot.on) return;
  plot.queriesBound = true;
  plot.on('plotly_click', (event) => {
    const [, queryIndex] = String(event.points?.[0]?.customdata ?? '').split(' ');
    if (queryIndex !== undefined) tell(queryIndex);
  });
});
const changes = { childList: true, subtree: true, attributes: true, attributeFilter: ['class'] };
new MutationObserver(() => { bind(); walk(); }).observe(document.body, changes);
"""
"""Tells the server which query was clicked, in the list or in a chart, and walks on to the next and back to its row."""

LINKED = ("collection", "candidates", "depth", "queries", "relevant_from", "preset")
"""Parts of the form that a link fills, besides rankers and measures, which are lists."""

FOLLOW_LINK = """async () => {
  if (!new URLSearchParams(location.search).has('evaluate')) return;
  document.querySelector('#tab-evaluate-button').click();
  while (!document.querySelector('#evaluate-page')?.offsetParent) await new Promise(requestAnimationFrame);
  if (!document.querySelector('#evaluate-status-box').innerText.trim()) document.querySelector('#evaluate').click();
}"""
"""A link that names a collection to evaluate on opens this tab and, if nothing is in the way, evaluates."""

GO_TO_RERANK = """() => {
  document.querySelector('#tab-rerank-button').click();
  document.querySelector('#rerank').click();
  window.scrollTo(0, 0);
}"""


def build(frame: PageFrame) -> None:
    """The tab's components and what happens when they are used."""
    tab = EvaluateTab(frame.inputs.pane)
    with gr.Row(elem_id="evaluate-page"):
        inputs = build_evaluate_inputs(tab, frame.label)
        results = build_evaluate_results(inputs.box.status, frame.judging.judgments, frame.label)
    _wire_inputs(tab, inputs, results, frame.inputs.form["choices"])
    _wire_run(tab, frame, inputs, results)
    _wire_options(tab, inputs, results)
    _wire_opening(tab, frame, results)


def _wire_inputs(tab: EvaluateTab, inputs: EvaluateInputs, results: EvaluateResults, choices: gr.State) -> None:
    """Words in the visitor's language, files, and what a preset sets."""
    form, pane = inputs.form, tab.pane

    def localised(request: gr.Request) -> dict[Any, Any]:
        language = w.language_of(request)
        link, reason = tab.linked(request.query_params, language)
        chosen = link or tab.default_form()
        menu = ranker_choices(tab.service, False, language, chosen.rankers)
        found: dict[Any, Any] = {
            form["rankers"]: gr.Dropdown(choices=menu, value=list(chosen.rankers)),
            inputs.collection_note: collection_note(tab.service.collection(chosen.collection), language),
            inputs.upload_note: status.reading(w.EVALUATE_UPLOAD_NONE, language),
            inputs.run_note: status.reading(w.RUN_FILE_NONE, language),
            results.built.boxes["headline"]: status.invitation(w.EVALUATE_QUESTION, w.EVALUATE_EMPTY, language),
            results.built.status: reason,
        }
        if link is None:
            return found
        values = {form[name]: getattr(link, name) for name in LINKED}
        return found | values | {form["measures"]: list(link.measures)}

    def chosen(request: gr.Request, key: str) -> str:
        return collection_note(tab.service.collection(key), w.language_of(request))

    def understood_upload(understood: Understood[Judged], language: Language) -> dict[Any, Any]:
        note = understood.note(language)
        given = understood.found_or_refused
        return {form["uploaded"]: given, inputs.upload_note: note, inputs.qrels: gr.Textbox(visible=True)}

    def uploaded(request: gr.Request, paths: list[str] | None, qrels: str | None, chosen: Choices) -> dict[Any, Any]:
        understood, language = tab.read_upload(paths, qrels or "", chosen), w.language_of(request)
        return understood_upload(understood, language) | inputs.upload_fields.updates(understood, language)

    def fields_chosen(
        request: gr.Request, paths: list[str] | None, qrels: str | None, before: Choices, *values: str | None
    ) -> dict[Any, Any]:
        language, menus = w.language_of(request), inputs.upload_fields
        made = with_choice(before, tab.read_upload(paths, qrels or "", before), menus.chosen(values))
        understood = tab.read_upload(paths, qrels or "", made)
        shown = menus.updates(understood, language, by_hand=True)
        return {choices: made, **understood_upload(understood, language), **shown}

    def run_read(understood: Understood[Runs], language: Language) -> dict[Any, Any]:
        given = understood.found_or_refused
        run = next(iter(given.runs.values())) if isinstance(given, Runs) else given
        return {form["run"]: run, inputs.run_note: understood.note(language)}

    def run_given(request: gr.Request, path: str | None, chosen: Choices) -> dict[Any, Any]:
        understood, language = pane.read_runs([path] if path else [], chosen, one=True), w.language_of(request)
        return run_read(understood, language) | inputs.run_fields.updates(understood, language)

    def run_chosen(request: gr.Request, path: str | None, before: Choices, *values: str | None) -> dict[Any, Any]:
        language, menus, paths = w.language_of(request), inputs.run_fields, [path] if path else []
        made = with_choice(before, pane.read_runs(paths, before, one=True), menus.chosen(values))
        understood = pane.read_runs(paths, made, one=True)
        return {choices: made, **run_read(understood, language), **menus.updates(understood, language, by_hand=True)}

    def preset(key: str, measures: list[str]) -> tuple[Any, ...]:
        if key == NO_PRESET:
            return gr.skip(), gr.skip(), gr.skip()
        row = find_preset(key)
        return row.depth, row.relevant_from, list(dict.fromkeys([row.measure.key, *measures]))

    notes = [
        inputs.collection_note,
        inputs.upload_note,
        inputs.run_note,
        results.built.boxes["headline"],
        results.built.status,
    ]
    filled = [form["rankers"], form["measures"], *(form[name] for name in LINKED)]
    current_page().load(localised, None, [*filled, *notes], **QUICK).success(
        None, js=FOLLOW_LINK, api_visibility="private"
    )
    name_what_is_typed(form["rankers"], tab.service, partial(ranker_choices, tab.service, False))
    form["collection"].input(chosen, form["collection"], inputs.collection_note, **QUICK)
    asked = [inputs.upload, inputs.qrels, choices]
    told = [form["uploaded"], inputs.upload_note, inputs.qrels, *inputs.upload_fields.outputs()]
    inputs.upload.upload(None, None, inputs.upload_note, js="() => ''", api_visibility="private")
    gr.on([inputs.upload.upload, inputs.qrels.submit], uploaded, asked, told, **QUICK)
    inputs.upload_fields.on_input(fields_chosen, asked, [choices, *told])
    run_told = [form["run"], inputs.run_note, *inputs.run_fields.outputs()]
    inputs.run_file.upload(run_given, [inputs.run_file, choices], run_told, **QUICK)
    inputs.run_fields.on_input(run_chosen, [inputs.run_file, choices], [choices, *run_told])
    form["preset"].input(
        preset,
        [form["preset"], form["measures"]],
        [form["depth"], form["relevant_from"], form["measures"]],
        **QUICK,
    )


def _wire_run(tab: EvaluateTab, frame: PageFrame, inputs: EvaluateInputs, results: EvaluateResults) -> None:
    built, panel, form = results.built, results.panel, inputs.components()

    def run(request: gr.Request, before: Evaluated | None, *values: Any) -> Iterator[dict[Any, Any]]:
        typed, options = values[: len(form)], _at_best(panel.read(values[len(form) :]))
        asked, language = inputs.read(typed), w.language_of(request)
        yield from filter(None, [inputs.unread(asked)])
        views = tab.run(asked, options, language, before)
        yield from built.streamed((results.updates(view, options, language) for view in views), typed)

    def stopped(request: gr.Request, evaluated: Evaluated | None, grade: float | None, *values: Any) -> dict[Any, Any]:
        options, language = _at_best(panel.read(values)), w.language_of(request)
        return results.updates(tab.stopped(evaluated, options, grade, language), options, language)

    def linked(*values: Any) -> dict[str, str]:
        return tab.link(inputs.read(values))

    def remembered(*values: Any) -> str:
        return linked(*values)["text"]

    results.share.entries["link"].serve(linked, form)
    box, grade = inputs.box, inputs.form["relevant_from"]
    told = [*results.outputs(), *inputs.unread_outputs()]
    running = box.run.click(run, [built.kept, *form, *panel.components()], told, **RUNNING)
    judgments = frame.judging.judgments
    keep("evaluate", frame.memory, running, past_evaluation, remembered, built, judgments, gr.Textbox(visible=False))
    box.stop.click(None, cancels=[running], api_visibility="private").then(
        stopped, [built.kept, grade, *panel.components()], results.outputs(), **QUICK
    )


def _wire_options(tab: EvaluateTab, inputs: EvaluateInputs, results: EvaluateResults) -> None:
    """Controls that draw the evaluation again, and files of it; nothing is scored."""
    built, panel, grade = results.built, results.panel, inputs.form["relevant_from"]

    def redrawn(request: gr.Request, evaluated: Evaluated | None, grade: float | None, *values: Any) -> dict[Any, Any]:
        options, language = panel.read(values), w.language_of(request)
        return results.updates(tab.redraw(evaluated, options, grade, language), options, language)

    def rescored(request: gr.Request, evaluated: Evaluated | None, grade: float | None, *values: Any) -> dict[Any, Any]:
        options, language = _at_best(panel.read(values)), w.language_of(request)
        return results.updates(tab.redraw(evaluated, options, grade, language), options, language)

    def returned(request: gr.Request, evaluated: Evaluated | None, grade: float | None, *values: Any) -> dict[Any, Any]:
        options, language = panel.read(values), w.language_of(request)
        view = tab.returned(evaluated, options, grade, language)
        return results.updates(view, options, language) | panel.own_offered(evaluated, options)

    def by_measure(request: gr.Request, evaluated: Evaluated | None, *values: Any) -> dict[Any, Any]:
        options, language = panel.read(values), w.language_of(request)
        return results.updates(tab.again(evaluated, options, language, MEASURE), options, language)

    def by_field(request: gr.Request, evaluated: Evaluated | None, grade: float | None, *values: Any) -> dict[Any, Any]:
        options, language = replace(panel.read(values), value=EVERY), w.language_of(request)
        if evaluated is None or evaluated.within is None:
            return results.updates(tab.again(evaluated, options, language, FIELD), options, language)
        return results.updates(tab.redraw(evaluated, options, grade, language), options, language)

    def resorted(request: gr.Request, evaluated: Evaluated | None, *values: Any) -> dict[Any, Any]:
        return built.updates(tab.again(evaluated, panel.read(values), w.language_of(request), ORDER))

    def cut(request: gr.Request, evaluated: Evaluated | None, *values: Any) -> dict[Any, Any]:
        return built.updates(tab.again(evaluated, panel.read(values), w.language_of(request), CUT))

    shown = [built.kept, *panel.components()]
    seen = [built.kept, grade, *panel.components()]
    redraw: dict[str, Any] = QUICK | {"trigger_mode": "always_last"}
    panel.measure.input(by_measure, shown, results.outputs(), **redraw)
    panel.baseline.input(redrawn, seen, results.outputs(), **redraw)
    current_tab().select(returned, [built.kept, grade, *panel.steady()], results.outputs(), **redraw)
    panel.field.input(by_field, seen, results.outputs(), **redraw)
    changed = [panel.ranker.input, panel.unjudged_too.input, panel.own.input, panel.value.input, grade.change]
    gr.on(changed, rescored, seen, results.outputs(), **redraw)
    panel.threshold.input(cut, shown, built.outputs(), **redraw)
    panel.order.input(resorted, shown, built.outputs(), **redraw)

    def saved(evaluated: Evaluated | None, *values: Any) -> dict[str, str]:
        *chosen, language = values
        return tab.html(evaluated, panel.read(chosen), language)

    results.share.entries["html"].serve(saved, shown, worded=True)
    for kind in FILES:
        results.share.entries[kind].serve(partial(_file, tab, kind), shown)


def _file(tab: EvaluateTab, kind: str, evaluated: Evaluated | None, *values: Any) -> dict[str, str]:
    return tab.file(kind, evaluated, EvaluateOptionInputs.read(values))


def _at_best(options: EvaluateOptions) -> EvaluateOptions:
    """The options with the threshold that is best for the scores, for when those change."""
    return replace(options, threshold=None)


def _wire_opening(tab: EvaluateTab, frame: PageFrame, results: EvaluateResults) -> None:
    """A query that is clicked is put into the shared inputs with its collection, and reranked."""
    form, notes = frame.inputs.form, frame.inputs.notes
    bridge = gr.HTML("", js_on_load=BRIDGE, visible="hidden")

    def opened(request: gr.Request, event: gr.EventData, evaluated: Evaluated | None) -> dict[Any, Any]:
        if evaluated is None:
            return {form["query"]: gr.skip()}
        found = tab.opened(evaluated, event_index(event, "queryIndex", len(evaluated.outcomes)))
        collection, language = found.collection, w.language_of(request)
        values: dict[Any, Any] = {
            form["query"]: found.query,
            form["source"]: found.source,
            form["first_stage"]: found.first_stage,
            form["depth"]: found.depth,
            notes.examples: query_menu(collection.queries, found.query),
        }
        if found.source == COLLECTION:
            return values | {
                form["collection"]: collection.key,
                notes.collection: collection_note(collection, language),
            }
        return values | {form["uploaded"]: collection, notes.uploaded: status.reading(found.said, language)}

    filled = [form[name] for name in ("query", "source", "collection", "uploaded", "first_stage", "depth")]
    noted = [notes.examples, notes.collection, notes.uploaded]
    bridge.select(opened, [results.built.kept], [*filled, *noted], **QUICK).success(
        None, js=GO_TO_RERANK, api_visibility="private"
    )
