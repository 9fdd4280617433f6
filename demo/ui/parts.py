"""Parts that several tabs are built of: a chart in its card, a file to save."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components.plot import PlotData

from demo.errors import DemoError
from demo.ui import wording as w
from demo.ui.page import QUICK, page_html

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


@dataclass(frozen=True, slots=True)
class ChartView:
    """One chart: heading and words, picture, and whether the page offers it now."""

    note: str
    figure: PlotData
    shown: bool = True


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


def chart_updates(parts: Iterable[ChartParts], views: Sequence[ChartView | None]) -> dict[Any, Any]:
    """New values by component, for the charts that have a view."""
    found: dict[Any, Any] = {}
    for part, view in zip(parts, views, strict=False):
        if view is not None:
            found |= {part.note: view.note, part.figure: view.figure, part.box: gr.Column(visible=view.shown)}
    return found


@dataclass(frozen=True, slots=True)
class Download:
    """A button, and where the file waits that the browser then saves."""

    button: gr.Button
    payload: gr.JSON

    def serve(self, make: Callable[..., dict[str, str]], inputs: Sequence[Any]) -> None:
        """Saves what `make` gives, `name` and `text`; a known error is shown as a message over the page."""

        def made(request: gr.Request, *values: Any) -> dict[str, str]:
            try:
                return make(*values)
            except DemoError as error:
                raise gr.Error(error.to(w.language_of(request)), print_exception=False) from error

        self.button.click(made, list(inputs), self.payload, **QUICK).then(
            None, self.payload, None, js=SAVE, api_visibility="private"
        )


def build_download(label: Any, elem_id: str) -> Download:
    """A small button that saves a file."""
    return Download(gr.Button(label, size="sm", elem_id=elem_id), gr.JSON(visible=False))
