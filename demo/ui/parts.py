"""Parts that several tabs are built of: a chart in its card, the run button, the menu of what can be taken away."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components.plot import PlotData
from plotly.io.json import to_json_plotly

from demo.charts.style import Figure
from demo.errors import InputError
from demo.formats.archive import zipped
from demo.messages import NOTHING, Language, Message
from demo.records import Passage
from demo.ui import wording as w
from demo.ui.page import QUICK, current_page, page_html
from demo.ui.views.render import render
from demo.ui.views.status import chart_note

SAVE = r"""(file) => {
  if (!file) return;
  const link = document.createElement('a');
  const mark = file.name.endsWith('.csv') ? '\ufeff' : '';
  const type = file.name.endsWith('.html') ? 'text/html' : 'text/plain';
  const page = location.origin + location.pathname;
  const text = /[.](py|mjs|sh)$/.test(file.name) ? file.text.replace('ADDRESS-OF-THIS-PAGE', page) : file.text;
  const packed = file.base64 && Uint8Array.from(atob(file.base64), (byte) => byte.charCodeAt(0));
  const parts = packed ? [[packed], {type: 'application/zip'}] : [[mark, text], {type: `${type};charset=utf-8`}];
  link.href = URL.createObjectURL(new Blob(...parts));
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}"""
"""Saves a file in the browser; a CSV opens with a byte order mark, so that spreadsheets read it as UTF-8.

A program learns the page's address (`ui.code.ADDRESS`). An archive comes as base64 (`archive`).
"""

COPY = r"""async (link) => {
  const address = `${location.origin}${location.pathname}?${link.text}`;
  history.replaceState(null, '', address);
  const copied = navigator.clipboard?.writeText(address).then(() => true, () => false) ?? false;
  return Promise.race([copied, new Promise((late) => setTimeout(late, 2000, false))]);
}"""
"""Puts a link into the address bar, and onto the clipboard where the browser lets it; says whether it did."""


def archive(name: str, files: Mapping[str, str]) -> dict[str, str]:
    """The files in one ZIP archive of this name, for the browser to save."""
    return {"name": name, "base64": b64encode(zipped(files)).decode("ascii")}


CONFIG = {"displayModeBar": False, "responsive": True, "scrollZoom": False}
"""Plotly's own settings: no mode bar, no accidental zoom on a phone."""


def plot(figure: Figure) -> PlotData:
    """What gr.Plot passes on to the page unchanged."""
    parts = {"data": figure.data, "layout": figure.layout, "config": CONFIG}
    return PlotData(type="plotly", plot=to_json_plotly(parts))


MOST_SAVED_CHARS = 20_000_000
"""Of all passages together, in a file that the browser is given."""


def check_fits_page(passages: Sequence[Passage]) -> None:
    """Nothing, if the passages can go to the browser in one file.

    Raises:
        InputError: they have too many characters.
    """
    chars = sum(len(passage.content) for passage in passages)
    if chars > MOST_SAVED_CHARS:
        raise InputError(w.TOO_LARGE_TO_SAVE.format(chars=chars, most=MOST_SAVED_CHARS))


@dataclass(frozen=True, slots=True)
class ChartView:
    """One chart: heading and words, picture, and whether the page offers it now."""

    note: str
    figure: PlotData
    shown: bool = True


HIDDEN = ChartView("", PlotData(type="plotly", plot='{"data": [], "layout": {}}'), shown=False)
"""A chart that has nothing to show."""


def drawn_chart(heading: Message, alt: Message, figure: Figure, language: Language) -> ChartView:
    """The picture under its heading, with the words for screen readers."""
    return ChartView(chart_note(heading, alt, language), plot(figure))


@dataclass(frozen=True, slots=True)
class ChartParts:
    """The components of one chart."""

    box: gr.Column
    note: gr.HTML
    figure: gr.Plot

    def components(self) -> tuple[Any, ...]:
        """All three."""
        return self.box, self.note, self.figure


def build_chart(elem_id: str, shown: bool = True) -> ChartParts:
    """A card with a heading and a picture, both empty."""
    with gr.Column(elem_classes="plot-card", elem_id=f"{elem_id}-card", visible=shown) as box:
        note = page_html("")
        figure = gr.Plot(show_label=False, container=False, elem_id=elem_id)
    return ChartParts(box, note, figure)


def chart_updates(part: ChartParts, view: ChartView) -> dict[Any, Any]:
    """The view's values by component."""
    return {part.note: view.note, part.figure: view.figure, part.box: gr.Column(visible=view.shown)}


def build_for_browser(template: str, placed: bool = True) -> gr.HTML:
    """A part of the page that the browser fills and shows; the server gives its words.

    The inputs in one line, which stands in their place on a narrow page and opens them (`assets/inputs.js`); the way
    through the queries of an evaluation (`tabs/evaluate.py`).

    Args:
        placed: whether it stands here; otherwise whoever asked places it.
    """
    part = page_html(render(template, "en"), render=placed)

    def localised(request: gr.Request) -> str:
        return render(template, w.language_of(request))

    current_page().load(localised, None, part, **QUICK)
    return part


@dataclass(frozen=True, slots=True)
class RunBox:
    """The button that starts the work, the one that stops it, and where the work says how far it is."""

    status: gr.HTML
    run: gr.Button
    stop: gr.Button


def build_run_box(name: str, text: Message, label: w.Labels) -> RunBox:
    """The box, its elements' ids made of the name: “rerank”, “rerank-stop”, “rerank-status-box”."""
    with gr.Column(elem_id=f"{name}-run-box", elem_classes="run-box"):
        status = page_html("", elem_id=f"{name}-status-box")
        with gr.Row(elem_classes="run-row"):
            run = gr.Button(label(text), variant="primary", scale=3, elem_id=name, elem_classes="run")
            stop = gr.Button(label(w.STOP), scale=1, elem_id=f"{name}-stop", elem_classes="stop")
    return RunBox(status, run, stop)


@dataclass(frozen=True, slots=True)
class Download:
    """A button, and where that waits which the browser then takes.

    Attributes:
        js: what the browser does with it.
        done: where the browser says whether it could; None where nobody asks.
        said: what is told then, if it could and if it could not.
    """

    button: gr.Button
    payload: gr.JSON
    js: str = SAVE
    done: gr.Checkbox | None = None
    said: tuple[Message, Message] = (NOTHING, NOTHING)

    def components(self) -> list[Any]:
        """All of it."""
        return [self.button, self.payload, *([] if self.done is None else [self.done])]

    def serve(self, make: Callable[..., dict[str, str]], inputs: Sequence[Any], worded: bool = False) -> None:
        """Hands over what `make` gives of the inputs.

        Args:
            worded: whether `make` takes the visitor's language behind them.
        """

        def made(request: gr.Request, *values: Any) -> dict[str, str]:
            return make(*values, w.language_of(request)) if worded else make(*values)

        def told(request: gr.Request, done: bool) -> None:
            gr.Info(self.said[0 if done else 1].to(w.language_of(request)))

        taken = self.button.click(made, list(inputs), self.payload, **QUICK).success(
            None, self.payload, self.done, js=self.js, api_visibility="private"
        )
        if self.done is not None:
            taken.success(told, self.done, None, **QUICK)


@dataclass(frozen=True, slots=True)
class ShareMenu:
    """The menu of what can be taken away, to be placed by the tab: a button that opens it, entries by name, pictures.

    The browser alone makes the pictures (`assets/pictures.js`).
    """

    opener: gr.HTML
    entries: dict[str, Download]
    pictures: gr.HTML

    def components(self) -> list[Any]:
        """All of them, in their order."""
        entries = (part for entry in self.entries.values() for part in entry.components())
        return [self.opener, *entries, self.pictures]


def build_share(tab: str, files: Mapping[str, Message], label: w.Labels) -> ShareMenu:
    """The menu: a link, and a file for each name.

    Args:
        files: name of an entry → its label; its button is “<tab>-<name>”.
    """
    opener = page_html(render("share.html", "en"), elem_id=f"{tab}-share", render=False)
    entries = {name: Download(*_button(text, f"{tab}-{name}", label)) for name, text in files.items()}
    copied = gr.Checkbox(visible=False, elem_id=f"{tab}-link-copied", render=False)
    link = Download(*_button(w.COPY_LINK, f"{tab}-link", label), COPY, copied, (w.LINK_COPIED, w.LINK_IN_BAR))

    pictures = page_html(render("pictures.html", "en"), elem_id=f"{tab}-pictures", render=False)

    def localised(request: gr.Request) -> list[str]:
        return [render(name, w.language_of(request)) for name in ("share.html", "pictures.html")]

    current_page().load(localised, None, [opener, pictures], **QUICK)
    return ShareMenu(opener, {"link": link, **entries}, pictures)


def _button(text: Message, elem_id: str, label: w.Labels) -> tuple[gr.Button, gr.JSON]:
    button = gr.Button(label(text), size="sm", elem_id=elem_id, render=False)
    return button, gr.JSON(visible=False, render=False)


def build_download(label: Any, elem_id: str) -> Download:
    """A small button that saves a file, of which it is given `name` and `text`, or what `archive` gives."""
    return Download(gr.Button(label, size="sm", elem_id=elem_id), gr.JSON(visible=False))
