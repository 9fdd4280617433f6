"""What stands above the pictures: what the result says in words and in figures, what to be careful about."""

from __future__ import annotations

from demo.library import Trap
from demo.messages import Language, Message
from demo.records import Result
from demo.results.change import Pair
from demo.results.key_figures import key_figures
from demo.results.words import change_summary, summary
from demo.ui import wording as w
from demo.ui.views.render import render


def pair_headline(pair: Pair, trap: Trap | None, language: Language) -> str:
    """What one ranking changes of another.

    Args:
        trap: what this query of a bundled collection shows.
    """
    words = change_summary(pair.change, pair.result.candidates)
    return _headline("summary", w.TAB_RERANK, words, pair.result, language, trap)


def headline(result: Result, language: Language) -> str:
    """The summary of all rankings, what to be careful about, and for every ranker that failed its full reason."""
    return _headline("compare-summary", w.RANK_FLOW, summary(result), result, language)


def _headline(
    name: str,
    heading: Message,
    words: Message,
    result: Result,
    language: Language,
    trap: Trap | None = None,
) -> str:
    return render(
        "headline.html",
        language,
        name=name,
        heading=heading.to(language),
        query=result.query.text,
        summary=words.to(language),
        trap_kind=trap.kind.label.to(language) if trap else "",
        trap=trap.look_for.to(language) if trap else "",
        warnings=[warning.to(language) for warning in result.warnings],
        failures=[(failure.ranker.label, failure.reason.to(language)) for failure in result.failures],
    )


def key_figure_strip(pair: Pair, language: Language) -> str:
    """How far the two agree, who moved most, and how long it took."""
    return render("figures.html", language, figures=key_figures(pair.change, pair.result.candidates))
