"""Workbooks of Excel (.xlsx): each sheet as a table, its values as they were last worked out."""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from typing import Any
from zipfile import BadZipFile

from demo.errors import InputError

MOST_CELLS = 3_000_000
_FOREIGN = (
    *(
        OSError,
        EOFError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        RuntimeError,
        SyntaxError,
    ),
    *(zlib.error, BadZipFile, NotImplementedError, AssertionError),
)


def sheets_of(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Every sheet that holds something as CSV, named “book.xlsx/Sheet”.

    Raises:
        InputError: it cannot be read, holds nothing, or has more cells than are read.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    found = False
    left = MOST_CELLS
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            sheet.reset_dimensions()
            rows: list[list[str]] = []
            for cells in sheet.iter_rows(values_only=True):
                rows.append(_trimmed(cells))
                left -= len(cells) + 1
                if left < 0:
                    raise InputError(
                        "{file} has more than {most:,} cells. Give a part of it, or save the sheet as CSV.",
                        file=name,
                        most=MOST_CELLS,
                    )
            if any(rows):
                found = True
                yield f"{name if name.lower().endswith('.xlsx') else name + '.xlsx'}/{sheet.title}", _as_csv(rows)
    except (InvalidFileException, *_FOREIGN) as error:
        raise InputError(
            "{file} cannot be read as an Excel workbook: it is broken or uses something unusual. Save it again as "
            ".xlsx, or as CSV.",
            file=name,
        ) from error
    if not found:
        raise InputError("{file} is an Excel workbook without any cells that hold something.", file=name)


def _trimmed(cells: Sequence[Any]) -> list[str]:
    """The cells as texts, without empty ones at the end."""
    texts = [_text(cell) for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return texts


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).replace("\r\n", "\n").replace("\r", "\n")


def _as_csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def example_xlsx() -> bytes:
    """A workbook of one sheet with two passages."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("id", "title", "text"), ("b1", "Berlin", "Berlin has 3.5 million people."),
                ("b2", "Museums", "Berlin is known for museums.")):  # fmt: skip
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
