"""Sheets of a workbook, which `workbook` has made CSV of: sets to rerank, tables, or a column of texts."""

from __future__ import annotations

from demo.formats.answers import looks_like_answers, read_answers_as_passages
from demo.formats.fields import TEXT_NAMES, TITLE_NAMES, find_field
from demo.formats.source import Entry, Found, Source, bounded
from demo.formats.tables import cell_rows, read_csv


def is_sheet_of_workbook(source: Source) -> bool:
    """Whether it came out of a workbook."""
    return source.by_rows


def read_sheet(source: Source) -> Found:
    """The passages of a sheet: of a set to rerank, of a table with a header, or each cell of a single column.

    Raises:
        InputError: as for a CSV table.
    """
    if looks_like_answers(source):
        return read_answers_as_passages(source)
    rows = list(bounded(cell_rows(source, ","), source))
    is_column = all(len(cells) <= 1 for _, cells in rows)
    if is_column and find_field(next((c for _, c in rows if c), []), (*TEXT_NAMES, *TITLE_NAMES)) is None:
        return Found(tuple(Entry(source.row(n), cells[0].strip()) for n, cells in rows if cells and cells[0].strip()))
    return read_csv(source)
