"""The History tab: the visitor's last runs, any two side by side, and the session as a file.

All of it comes from the visitor's browser with the event, and what is drawn of it goes back; nothing stays here.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from demo import uploads
from demo.errors import InputError
from demo.messages import Language
from demo.ui import wording as w
from demo.ui.frame import PageFrame
from demo.ui.history.past import MOST_RUNS, Past, in_order, latest_two, partners, read_runs, runs_text, with_runs
from demo.ui.history.session_file import NAME, Session, read_session, session_text
from demo.ui.memory import NOTHING, follow_tabs, judgments_text, read_judgments
from demo.ui.page import QUICK, current_tab, page_html
from demo.ui.parts import build_download
from demo.ui.values import event_index, event_value
from demo.ui.views import status
from demo.ui.views.history import run_list, run_name, two_runs

OPEN_AGAIN = """() => {
  document.dispatchEvent(new CustomEvent('lens-leaving'));
  setTimeout(() => location.assign(location.pathname), 300);
}"""
"""Opens the page anew with what was kept, once the browser has written it down, and without what was typed since."""

BRIDGE = """
document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-open-run]');
  if (button) trigger('select', { index: Number(button.dataset.openRun) });
});
"""
"""Tells which run is to be opened again, where it is too long for a link."""


def build(frame: PageFrame) -> None:
    """The tab's components and what happens when they are used."""
    memory, label = frame.memory, frame.label
    with gr.Column(elem_id="past"):
        intro = page_html(status.reading(w.HISTORY_INTRO.format(most=MOST_RUNS), "en"))
        with gr.Row(elem_id="session"):
            save = build_download(label(w.SESSION_SAVE), "save-session")
            opened = gr.UploadButton(label(w.SESSION_OPEN), size="sm", file_types=[".json"], elem_id="open-session")  # type: ignore[arg-type]
            clear = gr.Button(label(w.HISTORY_CLEAR), size="sm", elem_id="clear-history")
        with gr.Row(elem_id="two-runs"):
            first = gr.Dropdown([], label=label(w.HISTORY_FIRST), elem_id="first-run")
            second = gr.Dropdown([], label=label(w.HISTORY_SECOND), elem_id="second-run")
        beside = page_html("", elem_id="side-by-side-box")
        runs_box = page_html("", elem_id="past-runs-box")
    bridge = gr.HTML("", js_on_load=BRIDGE, visible="hidden")

    def shown(request: gr.Request, kept: str) -> dict[Any, Any]:
        return drawn(read_runs(kept), w.language_of(request))

    def drawn(runs: tuple[Past, ...], language: Language) -> dict[Any, Any]:
        latest, earlier = latest_two(runs) or (None, None)
        return {
            intro: status.reading(w.HISTORY_INTRO.format(most=MOST_RUNS), language),
            **compared(runs, earlier, latest, language),
            runs_box: run_list(runs, language),
        }

    def compared(runs: tuple[Past, ...], one: int | None, other: int | None, language: Language) -> dict[Any, Any]:
        """Both menus, the second with the runs of the first one's kind, and the two chosen side by side."""
        fitting = [] if one is None else partners(runs, one)
        chosen = other if other in fitting else next(iter(fitting), None)
        names = [(run_name(index, run, language), index) for index, run in enumerate(runs)]
        several = latest_two(runs) is not None
        alone = status.reading(w.HISTORY_ONE, language) if runs else ""
        both = None if one is None or chosen is None else in_order(runs, one, chosen)
        return {
            first: gr.Dropdown(choices=names, value=one, visible=several),
            second: gr.Dropdown(choices=[names[index] for index in fitting], value=chosen, visible=several),
            beside: alone if both is None else two_runs(*both, language),
        }

    def chosen(request: gr.Request, kept: str, one: int | None, other: int | None) -> Any:
        runs = read_runs(kept)
        known = one if one is not None and one < len(runs) else None
        return compared(runs, known, other, w.language_of(request))

    def told(request: gr.Request, event: gr.EventData) -> dict[Any, Any]:
        text = event_value(event, "text", str)
        return {memory.history: text, **drawn(read_runs(text), w.language_of(request))}

    def cleared(request: gr.Request) -> dict[Any, Any]:
        return {memory.history: NOTHING, **drawn((), w.language_of(request))}

    def again(event: gr.EventData, kept: str) -> str:
        runs = read_runs(kept)
        return runs[event_index(event, "index", len(runs))].address

    def saved(*parts: str) -> dict[str, str]:
        kept = [(part or "").strip() for part in parts]
        if not any(kept):
            raise InputError(w.SESSION_EMPTY)
        return {"name": NAME, "text": session_text(Session(*kept))}

    def loaded(path: str | None, judgments: str, history: str) -> dict[Any, Any]:
        """The file's last run, and its judgments and runs beside those that are there."""
        try:
            session = read_session(*uploads.read(str(path)))
        finally:
            uploads.forget(path)
        judged = read_judgments(judgments).joined(read_judgments(session.judgments))
        runs = with_runs(read_runs(history), read_runs(session.history))
        return {
            memory.run: session.run or NOTHING,
            memory.judgments: judgments_text(judged) if judged else NOTHING,
            memory.history: runs_text(runs) if runs else NOTHING,
        }

    filled = [intro, first, second, beside, runs_box]
    parts = [memory.run, memory.judgments, memory.history]
    current_tab().select(shown, memory.history, filled, **QUICK)
    gr.on([first.input, second.input], chosen, [memory.history, first, second], [first, second, beside], **QUICK)
    clear.click(cleared, None, [memory.history, *filled], **QUICK)
    with frame.inputs.column:  # is there when this tab is not open, too
        others = follow_tabs(memory.history, "history")
    others.select(told, None, [memory.history, *filled], **QUICK)
    save.serve(saved, parts)
    opened.upload(loaded, [opened, *parts[1:]], parts, **QUICK).success(None, js=OPEN_AGAIN, api_visibility="private")
    bridge.select(again, memory.history, memory.run, **QUICK).success(None, js=OPEN_AGAIN, api_visibility="private")
