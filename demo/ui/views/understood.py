"""What a reading took for what, and the first rows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from demo.formats.fields import ID, SCORE, TEXT, TITLE
from demo.formats.reading import Preview
from demo.formats.source import Column
from demo.messages import Language, Message
from demo.phrases import shorten
from demo.ui import wording as w
from demo.ui.views.render import render

_ISOLATED = "\N{FIRST STRONG ISOLATE}{}\N{POP DIRECTIONAL ISOLATE}"
"""A name inside a sentence that may run the other way."""
_MOST_NAMED = 8


class UnderstoodInput(Protocol):
    """How an input was understood: a `Reading`, or what says the same of other things than passages."""

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def columns(self) -> tuple[Column, ...]: ...

    @property
    def preview(self) -> Preview: ...

    @property
    def is_certain(self) -> bool: ...

    def summary(self) -> Message: ...


@dataclass(frozen=True, slots=True)
class RowTable:
    """The first rows of one kind: passages, queries, judgments or results of a run."""

    heading: Message
    columns: tuple[Message, ...]
    rows: tuple[tuple[str, ...], ...]


def first_rows(reading: UnderstoodInput, language: Language) -> str:
    """Which field was taken for what, and the first rows to unfold; unfolded where the reading is not certain."""
    return render(
        "understood.html",
        language,
        taken=[
            (w.TAKEN_FROM if column.certain else w.TAKEN_BY_CONTENT)
            .format(role=column.role, name=_ISOLATED.format(shorten(column.name, 40)))
            .to(language)
            for column in reading.columns[:_MOST_NAMED]
        ],
        tables=_tables(reading),
        is_open=not reading.is_certain,
    )


def _tables(reading: UnderstoodInput) -> list[RowTable]:
    found = reading.preview
    passages = _table(
        w.PASTE,
        (ID, TITLE, TEXT),
        [(each.doc_id, each.title, each.text) for each in found.passages],
    )
    queries = _table(w.QUERIES, (ID, w.QUERY), [(each.query_id, each.text) for each in found.queries])
    judgments = _table(
        w.FIRST_JUDGMENTS,
        (w.QUERY, w.COLUMN_PASSAGE, w.COLUMN_GRADE),
        [(each.query_id, each.doc_id, str(each.grade)) for each in found.judgments],
    )
    results = _table(w.FIRST_RESULTS, (w.QUERY, w.COLUMN_PASSAGE, SCORE), found.results)
    return [table for table in (passages, queries, judgments, results) if table.rows]


def _table(heading: Message, columns: tuple[Message, ...], rows: Sequence[tuple[str, ...]]) -> RowTable:
    """The rows with long values shortened, without columns that none of them fills."""
    filled = [at for at in range(len(columns)) if any(row[at] for row in rows)]
    cells = tuple(tuple(shorten(row[at], 80 if at else 24) for at in filled) for row in rows)
    return RowTable(heading, tuple(columns[at] for at in filled), cells)
