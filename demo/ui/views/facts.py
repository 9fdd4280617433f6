"""Small tables of facts: one row for each ranker, one column for each fact, a sentence that says how to read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from demo.messages import Language, Message
from demo.phrases import signed
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
