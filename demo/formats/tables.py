"""Tables with a header: CSV with commas, semicolons or bars, and TSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice

from demo.errors import InputError
from demo.formats.fields import ID_NAMES, TEXT_NAMES, TITLE_NAMES, entry_of, find_field
from demo.formats.source import Entry, Found, Source
from demo.messages import Message, listed

_DELIMITERS = (",", ";", "|")
_NAME_CHARS = 40
_SAMPLE_CHARS = 10_000

Row = tuple[int, list[str]]


def read_csv(source: Source) -> Found:
    """A passage from each row; cells may be quoted and then hold line breaks, as in RFC 4180.

    Raises:
        InputError: the header names no text column, a row has more cells than the header, a quotation mark is not
            closed or stands inside a cell.
    """
    return _read_rows(source, _csv_rows(source, _delimiter(source)))


def has_csv_header(source: Source) -> bool:
    """Whether the first line names a column for the text and others, and the second has as many cells."""
    return _has_header(_first_rows(source, _delimiter(source)))


def read_tsv(source: Source) -> Found:
    """A passage from each line; a cell in quotation marks loses them, and has no line breaks.

    Raises:
        InputError: the header names no text column, or a row has more cells than the header.
    """
    rows = ((n, [_unquoted(cell) for cell in line.split("\t")]) for n, line in enumerate(source.lines, 1))
    return _read_rows(source, rows)


def has_tsv_header(source: Source) -> bool:
    """The same for cells between tabs."""
    lines = islice(filter(str.strip, source.lines), 2)
    return _has_header([[_unquoted(cell) for cell in line[:_SAMPLE_CHARS].split("\t")] for line in lines])


# ---- rows --------------------------------------------------------------------------------------------------------


def _read_rows(source: Source, rows: Iterator[Row]) -> Found:
    header: list[str] = []
    entries: list[Entry] = []
    empty_lines = empty_passages = waiting_empty = 0
    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            waiting_empty += bool(header)
        elif not header:
            header = [cell.strip() for cell in cells]
            _check_header(header, source, number)
        else:
            empty_lines, waiting_empty = empty_lines + waiting_empty, 0
            _check_width(cells, header, source, number)
            entry = entry_of(dict(zip(reversed(header), _padded(cells, header), strict=True)), source.line(number))
            entries += [entry] if entry else []
            empty_passages += entry is None
    return Found(tuple(entries), empty_lines, empty_passages, notes=_columns_note(header))


def _padded(cells: list[str], header: list[str]) -> list[str]:
    """The row's cells from last to first, so that the first of two columns of one name wins."""
    return [*cells, *[""] * (len(header) - len(cells))][::-1]


def _columns_note(header: list[str]) -> tuple[Message, ...]:
    """Which columns were read, where that is not plain from their names."""
    text = find_field(header, TEXT_NAMES) or find_field(header, TITLE_NAMES)
    unread = [
        name for name in header if name not in {text, find_field(header, ID_NAMES), find_field(header, TITLE_NAMES)}
    ]
    if not unread:
        return ()
    return (Message("text from column “{text}”", text=text),)


def _check_header(header: list[str], source: Source, number: int) -> None:
    if find_field(header, TEXT_NAMES) is not None or find_field(header, TITLE_NAMES) is not None:
        return
    where = source.line(number).start
    names = listed(f"“{name[:30]}”" for name in header[:8])
    raise InputError(
        Message(
            "{where} is read as the header, and none of its columns is the text: {names}. Name one column “text” "
            "(or passage, content, body, document…), or choose “one per line”.",
            where=where,
            names=names,
        )
    )


def _check_width(cells: list[str], header: list[str], source: Source, number: int) -> None:
    if len(cells) <= len(header):
        return
    where = source.line(number).start
    raise InputError(
        Message(
            "{where} has {cells} cells, but the header has {header}. Put cells that contain the separator between "
            "quotation marks.",
            where=where,
            cells=len(cells),
            header=len(header),
        )
    )


# ---- CSV and TSV cells -------------------------------------------------------------------------------------------


def _csv_rows(source: Source, delimiter: str) -> Iterator[Row]:
    """Rows with the number of the line that each starts in."""
    reader = csv.reader(io.StringIO(source.text, newline=""), delimiter=delimiter, strict=True)
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise _broken_row(source, start, error) from error
        if cells is None:
            return
        yield start, cells


def _broken_row(source: Source, number: int, error: csv.Error) -> InputError:
    where = source.line(number).start
    if "field limit" in str(error):
        return InputError(
            Message(
                "{where} starts a cell of more than {field_size_limit:,} characters. Split it into passages, or close "
                "its quotation mark.",
                where=where,
                field_size_limit=csv.field_size_limit(),
            )
        )
    return InputError(
        Message(
            "{where} has a quotation mark that is not closed, or one inside a cell. Write a quotation mark inside "
            "a quoted cell twice.",
            where=where,
        )
    )


def _delimiter(source: Source) -> str:
    """The delimiter that makes a header with a text column, else the one that the first line has most of."""
    line = next(filter(str.strip, source.lines), "")[:_SAMPLE_CHARS]
    named = [d for d in _DELIMITERS if d in line and _has_header(_first_rows(source, d))]
    return (named or sorted(_DELIMITERS, key=line.count, reverse=True))[0]


def _has_header(rows: list[list[str]]) -> bool:
    """Whether the first of two rows names the text and other columns, and the second has as many cells."""
    return (
        len(rows) == 2
        and len(rows[0]) == len(rows[1]) > 1
        and find_field(rows[0], TEXT_NAMES) is not None
        and all(len(cell) <= _NAME_CHARS for cell in rows[0])
    )


def _first_rows(source: Source, delimiter: str) -> list[list[str]]:
    """The first two rows that hold something, as far as the start of the text shows them."""
    sample = io.StringIO(source.text[:_SAMPLE_CHARS].lstrip("\n"), newline="")
    return list(islice(filter(any, csv.reader(sample, delimiter=delimiter)), 2))


def _unquoted(cell: str) -> str:
    cell = cell.strip()
    return cell[1:-1].replace('""', '"') if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell
