"""Small tables of facts: one row for each ranker, one column for each fact, a sentence that says how to read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from demo.messages import Language, Message
from demo.phrases import signed
from demo.records import Ranking, Result
from demo.results.scores import score_facts as facts_of
from demo.ui import wording as w
from demo.ui.views.render import render

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class FactRow:
    """A row: its heading, cells in the order of the columns, and whether it is the one the others are measured by."""

    label: str
    cells: tuple[str, ...]
    marked: bool = False


def fact_table(
    heading: Message,
    columns: Sequence[Message | str],
    rows: Sequence[FactRow],
    language: Language,
    notes: Sequence[Message] = (),
) -> str:
    """A card with the table; the first column's heading stands over the rows' own."""
    return render(
        "facts.html",
        language,
        heading=heading.to(language),
        columns=[column.to(language) if isinstance(column, Message) else column for column in columns],
        rows=rows,
        notes=[note.to(language) for note in notes],
    )


def number(value: float | None, decimals: int = 2) -> str:
    """The number with its decimals, “–” where there is none."""
    return NOTHING if value is None else signed(value, decimals)


def count(value: int) -> str:
    """A whole number with separators; 0 stands for one that is not known."""
    return f"{value:,}" if value else NOTHING


def megabytes(value: int) -> str:
    """Bytes as MB of a million; 0 stands for a size that is not known."""
    return f"{value / 1e6:,.0f} MB" if value else NOTHING


def score_facts(result: Result, language: Language) -> str:
    """Margins between neighbours and ties, a row for each ranking."""
    columns = (w.RANKER, w.SCORE_KIND, w.MARGIN, w.MEDIAN_MARGIN, w.TIED, w.DISTINCT, w.SCORED, w.UNFOUND)
    rows = [_row(ranking, language) for ranking in result.rankings]
    return fact_table(w.SCORE_FACTS, columns, rows, language, (w.SCORE_FACTS_NOTE,))


def _row(ranking: Ranking, language: Language) -> FactRow:
    facts, kind = facts_of(ranking), ranking.ranker.kind
    decimals = kind.decimals
    return FactRow(
        ranking.ranker.label,
        (
            kind.label.to(language),
            number(facts.margin, decimals),
            number(facts.median_margin, decimals + 1),
            f"{facts.tied:,}",
            f"{facts.distinct:,}",
            f"{facts.scored:,}",
            f"{facts.unfound:,}",
        ),
    )
