"""The words above the pictures: what changed, what to look for, what to be careful about, five key figures."""

from __future__ import annotations

from demo.comparison import key_figures, summary
from demo.language import Language, Text
from demo.records import Comparison
from demo.ui.views.render import render


def headline(comparison: Comparison, trap: Text | None, language: Language) -> str:
    """The summary and the strip of key figures; `trap` says what this query of a bundled collection shows."""
    return render(
        "headline.html",
        language,
        query=comparison.query.text,
        summary=summary(comparison).to(language),
        trap=trap.to(language) if trap else "",
        warnings=[warning.to(language) for warning in comparison.warnings],
        figures=key_figures(comparison),
    )
