"""A result as one HTML file that needs no server and no network: what the page shows, the data behind it, its origin.

The file has the page's own style sheets, its script and plotly's, so that choosing, sorting, searching and pointing
work in it as on the page. Judging and asking why need the server and are left out; what was asked is in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup
from plotly.offline import get_plotlyjs

from demo.messages import Language, locales
from demo.phrases import shorten
from demo.ui import theme
from demo.ui.parts import ChartView
from demo.ui.views.render import render
from demo.versions import versions

TITLE_CHARS = 60

Section = str | Mapping[str, ChartView | None] | None
"""HTML that a template made, or charts by key. An empty one keeps its place, as it does on the page."""


def saved_page(
    scene: str, subject: str, sections: Mapping[str, Section], data: Mapping[str, Any], language: Language
) -> str:
    """The whole file.

    Args:
        scene: id of the results on the page; with the ids of the sections it tells the style sheets where things stand.
        subject: what the result is of, for the file's title.
        sections: what is shown, by id and in reading order.
        data: what the file holds for programs, as JSON values.
    """
    return render(
        "saved.html",
        language,
        html_language=locales(language)[-1],
        scene=scene,
        subject=shorten(subject, TITLE_CHARS),
        sections=[(key, *_content(section)) for key, section in sections.items()],
        data=data,
        time=f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        versions=", ".join(f"{name} {version}" for name, version in versions().items()),
        css=Markup("\n".join((theme.fonts(), theme.css(), theme.asset("saved.css")))),
        scripts=[Markup(script) for script in (get_plotlyjs(), theme.asset("saved.js"), theme.asset("lens.js"))],
    )


def _content(section: Section) -> tuple[Markup, list[tuple[str, Markup, Any]]]:
    """The section's HTML, and of those charts that are shown the keys, notes and figures."""
    if section is None or isinstance(section, str):
        return Markup(section or ""), []
    shown = [(key, chart) for key, chart in section.items() if chart is not None and chart.shown]
    return Markup(""), [(key, Markup(chart.note), json.loads(chart.figure.plot)) for key, chart in shown]
