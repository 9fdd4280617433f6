"""Rows to CSV that a spreadsheet shows and never runs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def safe_cell(value: object) -> str:
    """The value as text, with an apostrophe before what a spreadsheet would take for a formula.

    That is text that starts with = + - @, one of their full-width forms, a tab or a line break; None is "". Numbers
    stay numbers, signs included, also those written as text.
    """
    text = "" if value is None else str(value)
    if not text.startswith(_RUNS) or _NUMBER.fullmatch(text):
        return text
    return "'" + text


def bare_cell(cell: str) -> str:
    """The cell as it was before `safe_cell`."""
    return cell[1:] if cell.startswith("'") and safe_cell(cell[1:]) == cell else cell


def write_csv(rows: Iterable[Sequence[object]]) -> str:
    """The rows as CSV (RFC 4180: commas, CRLF, quotation marks doubled), every cell through `safe_cell`."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([safe_cell(cell) for cell in row] for row in rows)
    return text.getvalue()
