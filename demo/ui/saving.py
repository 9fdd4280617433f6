"""A result as one HTML file that needs no server and no network: what the page shows, the data behind it, its origin.

The file has the page's own style sheets, its script and plotly's, so that choosing, sorting, searching and pointing
work in it as on the page. Judging and asking why need the server and are left out; what was asked is in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup
from plotly.offline import get_plotlyjs

from demo.messages import Language, locales
from demo.phrases import shorten
from demo.ui import theme
from demo.ui.parts import ChartView
from demo.ui.sections import Drawn, Section, heading_html, jump_list
from demo.ui.views.render import render
from demo.versions import versions

TITLE_CHARS = 60


@dataclass(frozen=True, slots=True)
class SavedPart:
    """A section as the file holds it: heading and HTML that templates made, and of its charts keys, notes, figures."""

    key: str
    heading: Markup
    html: Markup
    charts: tuple[tuple[str, Markup, Any], ...]


def saved_page(
    tab: str,
    rows: Sequence[Section[Any]],
    subject: str,
    drawn: Mapping[str, Drawn],
    data: Mapping[str, Any],
    language: Language,
) -> str:
    """The whole file.

    Args:
        tab: whose result it is; with the keys of the sections it tells the style sheets where things stand.
        rows: its sections, of which those are shown that are part of the file.
        subject: what the result is of, for the file's title.
        drawn: HTML and pictures by key.
        data: what the file holds for programs, as JSON values.
    """
    parts = [(row.beside, _part(tab, row, drawn, language)) for row in rows if row.saved]
    return render(
        "saved.html",
        language,
        html_language=locales(language)[-1],
        tab=tab,
        subject=shorten(subject, TITLE_CHARS),
        jump=Markup(jump_list(tab, [row for row in rows if row.saved], drawn, language)),
        sections=[part for beside, part in parts if not beside],
        beside=[part for beside, part in parts if beside],
        data=data,
        time=f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        versions=", ".join(f"{name} {version}" for name, version in versions().items()),
        css=Markup("\n".join((theme.fonts(), theme.css(), theme.asset("saved.css")))),
        scripts=[Markup(script) for script in (get_plotlyjs(), theme.asset("saved.js"), theme.asset("lens.js"))],
    )


def _part(tab: str, row: Section[Any], drawn: Mapping[str, Drawn], language: Language) -> SavedPart:
    html = drawn.get(row.key, "")
    charts = [(chart.key, drawn.get(chart.key)) for chart in row.charts]
    return SavedPart(
        key=row.key,
        heading=Markup(heading_html(tab, row, language) if row.heading else ""),
        html=Markup(html if isinstance(html, str) else ""),
        charts=tuple(
            (key, Markup(view.note), json.loads(view.figure.plot))
            for key, view in charts
            if isinstance(view, ChartView) and view.shown
        ),
    )
