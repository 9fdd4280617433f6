"""The sections of a tab's results: one row each feeds what is built, what is drawn anew, jump list and saved page.

To add a section, write its view and its row in the tab's list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import gradio as gr

from demo.messages import Language, Message
from demo.ui import wording as w
from demo.ui.page import QUICK, current_page, page_html
from demo.ui.parts import ChartParts, ChartView, build_chart, chart_updates
from demo.ui.views.render import render

Value = TypeVar("Value")
"""What a tab draws from: a result and how it is looked at."""
Kept = TypeVar("Kept")
"""What a tab remembers of it."""

JUMP = "jump"
"""Key of the jump list, which is made of the sections themselves."""
SHARE = "share"
"""Key of the menu of what can be taken away, which stands beside the jump list while it is closed."""

Drawn = str | ChartView

Occasion = frozenset[str]
"""Names of what happened."""
ALWAYS: Occasion = frozenset()
"""A finished result: everything is drawn."""


@dataclass(frozen=True, slots=True)
class ChartRow(Generic[Value]):
    """A chart of a section; `on` as in `Section`."""

    key: str
    draw: Callable[[Value], ChartView]
    on: Occasion = ALWAYS
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Section(Generic[Value]):
    """One part of a tab's results.

    Attributes:
        key: its elements are “<tab>-<key>-section” and “<tab>-<key>-box”.
        heading: on the page and in the jump list; None for what stands without one.
        draw: its HTML; None where it has none or an event of its own fills it.
        charts: pictures below the HTML.
        on: occasions, besides a finished result, on which it is drawn anew.
        folded: whether it is closed at first.
        beside: whether it stands in the column beside the others.
        saved: whether it is part of the saved page.
    """

    key: str
    heading: Message | None = None
    draw: Callable[[Value], str] | None = None
    charts: tuple[ChartRow[Value], ...] = ()
    on: Occasion = ALWAYS
    folded: bool = False
    beside: bool = False
    saved: bool = True


@dataclass(frozen=True, eq=False)
class View(Generic[Kept]):
    """What a handler gives: what to remember, where the work is, new HTML and pictures by key; the rest stays."""

    kept: Kept | None = None
    status: str | None = None
    drawn: Mapping[str, Drawn] = field(default_factory=dict)


def draw(
    tab: str, rows: Sequence[Section[Value]], value: Value, language: Language, occasion: Occasion = ALWAYS
) -> dict[str, Drawn]:
    """HTML and pictures by key: of all rows with the jump list, or of those that are drawn anew on an occasion."""
    found: dict[str, Drawn] = {}
    for row in rows:
        if row.draw is not None and (not occasion or occasion & row.on):
            found[row.key] = row.draw(value)
        found |= {chart.key: chart.draw(value) for chart in row.charts if not occasion or occasion & chart.on}
    return found if occasion else found | {JUMP: jump_list(tab, rows, found, language)}


def jump_list(tab: str, rows: Sequence[Section[Value]], found: Mapping[str, Drawn], language: Language) -> str:
    """Links to the sections that have a heading and something to show."""
    links = [(row.key, row.heading.to(language)) for row in rows if row.heading and _has_content(row, found)]
    return render("jump.html", language, tab=tab, links=links)


def _has_content(row: Section[Value], found: Mapping[str, Drawn]) -> bool:
    """Whether there is something below its heading; what an event fills counts as something."""
    charts = [found.get(chart.key) for chart in row.charts]
    open_ended = row.draw is None and not row.charts
    return open_ended or bool(found.get(row.key)) or any(isinstance(each, ChartView) and each.shown for each in charts)


def heading_html(tab: str, row: Section[Value], language: Language) -> str:
    """The heading as a button that folds what stands below it."""
    assert row.heading is not None, "only a section with a heading folds"
    heading = row.heading.to(language)
    return render("section_heading.html", language, tab=tab, key=row.key, heading=heading, folded=row.folded)


# ---- components ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Built:
    """The components that a `View` fills, by the keys of its values, and what the last run had been asked.

    Attributes:
        answered: the inputs of a run that has just given a result, as they stood when it was asked for; otherwise None.
    """

    kept: gr.State
    status: gr.HTML
    boxes: dict[str, gr.HTML]
    charts: dict[str, ChartParts]
    answered: gr.State = field(default_factory=lambda: gr.State(None))

    def outputs(self) -> list[Any]:
        """Every component, as gradio wants them listed."""
        charts = [part for chart in self.charts.values() for part in chart.components()]
        return [self.kept, self.answered, self.status, *self.boxes.values(), *charts]

    def streamed(self, updates: Iterator[dict[Any, Any]], inputs: Sequence[Any] = ()) -> Iterator[dict[Any, Any]]:
        """A run's updates, and one that draws nothing: gradio sends the last one twice, so it should be short."""
        gave = False
        for update in updates:
            gave |= self.kept in update
            yield update
        yield {self.answered: tuple(inputs) if gave else None}

    def updates(self, view: View[Any]) -> dict[Any, Any]:
        """The view's values by component, without what it leaves alone, but never empty: gradio would refuse that."""
        found: dict[Any, Any] = {} if view.kept is None else {self.kept: view.kept}
        if view.status is not None:
            found[self.status] = view.status
        for key, value in view.drawn.items():
            if isinstance(value, ChartView):
                found |= chart_updates(self.charts[key], value)
            else:
                found[self.boxes[key]] = value
        return found or {self.status: gr.skip()}


def build_sections(
    tab: str,
    rows: Sequence[Section[Any]],
    status: gr.HTML,
    controls: Mapping[str, Sequence[Any]],
    start: Mapping[str, str],
) -> Built:
    """All sections, empty until a view arrives.

    Args:
        controls: key of a section → components made with `render=False` that stand above what it draws.
        start: key of a section → what it shows before there is a result.
    """
    built = Built(gr.State(None), status, {}, {})
    headings: dict[str, gr.HTML] = {}
    with gr.Column(elem_classes="sections"):
        for row in rows:
            if row.beside:
                continue
            if (row.heading or row.key == SHARE) and JUMP not in built.boxes:
                built.boxes[JUMP] = page_html("", elem_id=f"{tab}-jump-box")
            _build_section(tab, row, built, headings, controls.get(row.key, ()), start.get(row.key, ""))
    for row in rows:
        if row.beside:
            built.boxes[row.key] = page_html("", elem_id=f"{tab}-{row.key}-box")
    titled = [row for row in rows if row.key in headings]

    def localised(request: gr.Request) -> list[str]:
        return [heading_html(tab, row, w.language_of(request)) for row in titled]

    current_page().load(localised, None, list(headings.values()), **QUICK)
    return built


def _build_section(
    tab: str,
    row: Section[Any],
    built: Built,
    headings: dict[str, gr.HTML],
    controls: Sequence[Any],
    start: str,
) -> None:
    classes = ["section", *(["open-ended"] if row.draw is None and not row.charts else [])]
    with gr.Column(elem_id=f"{tab}-{row.key}-section", elem_classes=classes):
        if row.heading:
            headings[row.key] = page_html(heading_html(tab, row, "en"))
        for control in controls:
            control.render()
        if row.draw is not None or not row.charts:
            built.boxes[row.key] = page_html(start, elem_id=f"{tab}-{row.key}-box")
        if row.charts:
            with gr.Row(elem_classes="charts"):
                for chart in row.charts:
                    built.charts[chart.key] = build_chart(chart.key, chart.shown)
