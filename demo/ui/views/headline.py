"""The words above the pictures: what changed, what to look for, what to be careful about, five key figures."""

from __future__ import annotations

from demo.comparison import key_figures, summary
from demo.lineups import summary as lineup_summary
from demo.messages import Language, Message
from demo.records import Comparison, Lineup
from demo.ui import wording as w
from demo.ui.views.render import render


def headline(comparison: Comparison, trap: Message | None, language: Language) -> str:
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


def lineup_headline(lineup: Lineup, language: Language) -> str:
    """The summary of all rankings, what to be careful about, and for every ranker that failed its full reason."""
    return render(
        "lineup_headline.html",
        language,
        heading=w.RANK_FLOW.to(language),
        query=lineup.query.text,
        summary=lineup_summary(lineup).to(language),
        warnings=[warning.to(language) for warning in lineup.warnings],
        failures=[(failure.ranker.label, failure.reason.to(language)) for failure in lineup.failures],
    )
