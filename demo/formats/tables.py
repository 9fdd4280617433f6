"""Tables: cells between commas, semicolons, bars or tabs, with a header or without, and passages from them.

Tables that are drawn with lines, as Markdown has them and consoles of databases print them, are tables with bars.

A cell in quotation marks may hold separators and line breaks; a mark in it is written twice, or after a backslash. A
mark that opens a cell and does not close it is a letter, in tables with tabs.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from demo.errors import InputError
from demo.formats.fields import (
    ID_NAMES,
    TEXT_FROM_COLUMN,
    TEXT_NAMES,
    TITLE_NAMES,
    UNREAD,
    UnknownShapeError,
    find_field,
    normal_name,
    quoted_names,
    read_records,
)
from demo.formats.source import Found, Record, Source, bounded
from demo.messages import Message

DELIMITERS = (",", ";", "|")
_BESIDE_TEXT = (*ID_NAMES, *TITLE_NAMES)
_NAME_CHARS = 40
_NAME_WORDS = 4
_SAMPLE_CHARS = 10_000

CellRow = tuple[int, list[str]]
"""The number of the line that a row starts in, and its cells."""

Names = Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a header.

    Attributes:
        names: of its columns, without white space around them.
        header_line, header_width: where the header stands, and its number of cells.
        rows: the rows below it that hold something, each with the empty rows before it.
    """

    names: list[str]
    header_line: int
    rows: Iterator[tuple[int, list[str], int]]


# ---- passages ----------------------------------------------------------------------------------------------------


def read_csv(source: Source) -> Found:
    """A passage from each row of a table with commas, semicolons or bars.

    Raises:
        InputError: no column can be the text, a row has more cells than the header, a quotation mark is not closed or
            stands inside a cell.
    """
    found = delimiter_of(source, has_text_column) or _delimiter_of_names(source.rows)
    return _read_table(source, found or _most_frequent(source))


def read_tsv(source: Source) -> Found:
    """A passage from each row of a table with tabs.

    Raises:
        InputError: no column can be the text, or a row has more cells than the header.
    """
    return _read_table(source, "\t")


def has_csv_header(source: Source) -> bool:
    """Whether the first line names a column for the text and others, and the second has as many cells.

    Names without blanks around them are enough if most rows are as wide or wider: a row that is broken is to be mended.
    """
    if source.file.lower().endswith((".md", ".markdown")):
        return _is_drawn(source)
    if _delimiter_of_names(source.rows) is not None or _is_announced(source) or _is_drawn(source):
        return True
    named = delimiter_of(source, has_text_column)
    return named is not None and (not _is_spaced(source, named) or _are_even(source, named))


def may_be_lines(source: Source) -> bool:
    """Whether the header of a table can be a line of prose: blanks stand behind its commas, and one name is known."""
    named = delimiter_of(source, has_text_column)
    return named is not None and _delimiter_of_names(source.rows) is None and _is_spaced(source, named)


def _is_spaced(source: Source, delimiter: str) -> bool:
    """Whether blanks stand behind commas of the header, or semicolons, and it names no id or title beside a text."""
    names = next(iter(_first_rows(source, delimiter)), [])
    known = find_field(names, TEXT_NAMES) and find_field(names, _BESIDE_TEXT)
    return delimiter != "|" and not known and any(name != name.strip() for name in names)


def _are_even(source: Source, delimiter: str) -> bool:
    """Whether the header names a text, and two or more rows have as many cells, with some words in most texts."""
    try:
        header, *rows = [cells for _, cells in islice(cell_rows(source, delimiter), _SAMPLE_LINES) if any(cells)]
    except InputError:
        return False
    name = find_field(header, TEXT_NAMES)
    if name is None or len(rows) < 2 or any(len(cells) != len(header) for cells in rows):
        return False
    at = header.index(name)
    return len(rows) <= 2 * sum(len(cells[at].split()) > 2 for cells in rows)


def has_tsv_header(source: Source) -> bool:
    """The same for cells between tabs; a file that says it is such a table needs no known names."""
    rows = _first_rows(source, "\t")
    says_so = source.file.lower().endswith((".tsv", ".tab")) and all(len(row) > 2 for row in rows)
    return _is_header(rows, _are_names if says_so else has_text_column) or _opens_table(source.rows, "\t")


def lines_above_header(source: Source) -> int:
    """The number of lines above a header that names a column for the text: a title of the table, or notes on it.

    0 if the first line is the header or none is, or if a line above it has as many cells.
    """
    if has_csv_header(source) or has_tsv_header(source):
        return 0
    filled = [at for at, line in enumerate(source.lines[:_MOST_LINES_ABOVE]) if line.strip()]
    for at in filled[1 : _MOST_TITLES + 1]:
        rows = [line.strip() for line in source.lines[at : at + _SAMPLE_LINES] if line.strip()]
        delimiter = _delimiter_of_names(rows, ("\t", *DELIMITERS))
        if delimiter is not None:
            width = len(rows[0].split(delimiter))
            above = [source.lines[one].strip(delimiter) for one in filled if one < at]
            return at if all(len(re.split(f"{re.escape(delimiter)}(?! )", line)) < width for line in above) else 0
    return 0


_MOST_LINES_ABOVE = 10
_MOST_TITLES = 3
_SAMPLE_LINES = 20


def _delimiter_of_names(rows: Sequence[str], delimiters: Sequence[str] = DELIMITERS) -> str | None:
    """The separator with which the rows open as a table does; None if none does."""
    return next((one for one in delimiters if _opens_table(rows, one)), None)


def _opens_table(rows: Sequence[str], delimiter: str) -> bool:
    """Whether the first row can only be a header with a column for the text, and most others are as wide or wider.

    Prose has blanks behind its commas, and names of columns have none around them.
    """
    names = _names_in(rows[0], delimiter) if rows else []
    tight = len(names) > 1 and all(name and name == name.strip() for name in names)
    return tight and has_text_column(names) and _are_mostly_wide(rows, delimiter, len(names))


def _names_in(row: str, delimiter: str) -> list[str]:
    """The cells of a row that can be names of columns; none if they cannot be."""
    names = [name.strip('"') for name in row[:_SAMPLE_CHARS].strip(f" {delimiter}").split(delimiter)]
    return names if _are_names(names) else []


def _are_mostly_wide(rows: Sequence[str], delimiter: str, width: int) -> bool:
    """Whether half or more of the rows below the first have so many cells or more."""
    below = rows[1:_SAMPLE_LINES]
    return 0 < len(below) <= 2 * sum(row.count(delimiter) >= width - 1 for row in below)


def may_be_table(source: Source) -> bool:
    """Whether one of the first lines could be the header of a table, and most others are as wide or wider.

    Either it names a text and an id or a title, or it is single words without blanks around the separator. Or the first
    two lines are those of a table whose other lines are not.
    """
    if may_be_lines(source):
        return True
    for at in range(min(len(source.rows), _MOST_TITLES + 1)):
        rows = source.rows[at : at + _SAMPLE_LINES]
        for delimiter in ("\t", *DELIMITERS):
            names = _names_in(rows[0], delimiter)
            known = find_field(names, TEXT_NAMES) and find_field(names, _BESIDE_TEXT)
            words = at == 0 and len(names) > 1 and all(name.isidentifier() for name in names)
            if (known or words) and _are_mostly_wide(rows, delimiter, len(names)):
                return True
    return False


def has_text_column(names: Names) -> bool:
    """Whether one of the names is that of a text, or the first that of an id; a sentence with commas has no names."""
    if len(names[-1].split()) > 1 and names[-1].endswith((".", "!", "?", ":")):
        return False
    if find_field(names, TEXT_NAMES) is not None:
        return True
    words = all(len(name.split()) == 1 for name in names)
    endings = ("_text", "_body", "_content", "_passage")
    return words and (normal_name(names[0]) in ID_NAMES or any(normal_name(name).endswith(endings) for name in names))


def _are_names(names: Names) -> bool:
    """Whether cells can be names of columns: a few words each, and no numbers."""
    return all(
        len(name) <= _NAME_CHARS and len(name.split()) <= _NAME_WORDS and not name.replace(".", "").isdecimal()
        for name in map(str.strip, names)
    )


def _read_table(source: Source, delimiter: str) -> Found:
    table = read_table(source, delimiter)
    records: list[Record] = []
    empty_lines = empty = 0
    for number, cells, skipped in bounded(table.rows, source):
        empty_lines += skipped
        values: dict[str, str] = {}
        for name, cell in zip(table.names, cells, strict=False):
            if cell and name:
                values.setdefault(name, cell)
        records.append(Record(source.row(number), values))
    if not records or not (source.chosen.text or _are_names(table.names)):
        _check_header(table, source)
    if not records:
        return Found((), empty_lines, empty)
    try:
        found = read_records(records, source.chosen, may_lack_text=True)
    except UnknownShapeError as error:
        if source.chosen.text:
            raise
        _check_header(table, source)
        raise error from None
    told = any(note.english != UNREAD.english for note in found.notes)
    notes = found.notes if told else (*_columns_note(found, table.names), *found.notes)
    names = tuple(filter(None, table.names))
    return replace(found, empty_lines=empty_lines, notes=notes, names=names)


def _columns_note(found: Found, names: Names) -> tuple[Message, ...]:
    """Which column was read, where that is not plain from the names."""
    known = {column.name for column in found.columns}
    if all(name in known or normal_name(name) in ID_NAMES for name in names) or not found.columns:
        return ()
    return (TEXT_FROM_COLUMN.format(text=found.columns[0].name),)


def _check_header(table: Table, source: Source) -> None:
    """Nothing, if a column is named as texts are.

    Raises:
        InputError: none is.
    """
    if find_field(table.names, (*TEXT_NAMES, *TITLE_NAMES)) is not None:
        return
    raise UnknownShapeError(
        Message(
            "{where} is read as the header, and none of its columns is the text: {names}. Name one column “text” "
            "(or passage, content, body, document…), or choose “one per line”.",
            where=source.row(table.header_line).start,
            names=quoted_names(table.names[:8]),
        ),
        table.names,
    )


# ---- tables ------------------------------------------------------------------------------------------------------


def table_with(source: Source, wanted: Callable[[Names], bool], joins: bool = False) -> Table | None:
    """The table whose header's names are as wanted; None if the source is none."""
    delimiter = delimiter_of(source, wanted, ("\t", *DELIMITERS))
    return None if delimiter is None else read_table(source, delimiter, joins and delimiter == "\t")


def read_table(source: Source, delimiter: str, joins: bool = False) -> Table:
    """The table in the source; its first row that holds something is the header, lines of comment before it apart.

    Args:
        joins: whether cells beyond the header's belong to the last one, rather than being an error.

    Reading the rows raises InputError where one has more cells than the header, or breaks the rules of quoting.
    """
    rows = cell_rows(source, delimiter)
    for number, cells in rows:
        if any(cell.strip() for cell in cells):
            names = [cell.strip().lstrip("\ufeff") for cell in cells]
            return Table(names, number, _body(rows, names, source, delimiter if joins else ""))
    return Table([], 1, iter(()))


def _body(rows: Iterator[CellRow], names: Names, source: Source, joint: str) -> Iterator[tuple[int, list[str], int]]:
    skipped = 0
    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            skipped += 1
            continue
        while len(cells) > len(names) and not cells[-1].strip():
            cells.pop()
        if joint and len(cells) > len(names):
            cells[len(names) - 1 :] = [joint.join(cells[len(names) - 1 :])]
        if len(cells) > len(names):
            raise InputError(
                "{where} has {cells} cells, but the header has {header}. Put cells that contain the separator "
                "between quotation marks.",
                where=source.row(number).start,
                cells=len(cells),
                header=len(names),
            )
        yield number, cells, skipped
        skipped = 0


def delimiter_of(source: Source, wanted: Callable[[Names], bool], delimiters: Sequence[str] = DELIMITERS) -> str | None:
    """The separator that makes a header whose names are as wanted; None if none does."""
    announced = _announced(source)
    possible = (announced,) if announced else delimiters
    return next((one for one in possible if _is_header(_first_rows(source, one), wanted)), None)


def _is_header(rows: list[list[str]], wanted: Callable[[Names], bool]) -> bool:
    """Whether the first of the rows is as wanted, and the second has as many cells."""
    return (
        len(rows) == 2
        and len(rows[0]) > 1
        and len(rows[0]) >= len(rows[1]) > len(rows[0]) / 2
        and all(len(cell) <= _NAME_CHARS for cell in rows[0])
        and wanted([cell.strip() for cell in rows[0]])
    )


def _first_rows(source: Source, delimiter: str) -> list[list[str]]:
    """The first two rows that hold something, as far as the start of the text shows them."""
    start = Source(source.file, source.text[:_SAMPLE_CHARS].encode("utf-8", "replace"), source.limits)
    try:
        rows = (cells for _, cells in cell_rows(start, delimiter) if any(cell.strip() for cell in cells))
        return [_trimmed(row) for row in islice(rows, 2)]
    except InputError:
        return []


def _trimmed(cells: list[str]) -> list[str]:
    """The cells without empty ones at the end."""
    kept = list(cells)
    while kept and not kept[-1].strip():
        kept.pop()
    return kept


def _most_frequent(source: Source) -> str:
    if _is_drawn(source):
        return "|"
    line = next(iter(source.rows), "")[:_SAMPLE_CHARS]
    return _announced(source) or max(DELIMITERS, key=line.count)


def _announced(source: Source) -> str:
    """The separator that Excel's line “sep=;” names; "" without such a line."""
    first = source.lines[0].strip().lstrip("\ufeff").strip('"')
    return first[4:] if first.lower().startswith("sep=") and len(first) == 5 else ""


def _is_announced(source: Source) -> bool:
    return bool(_announced(source)) and len(source.rows) > 2


# ---- cells -------------------------------------------------------------------------------------------------------


def cell_rows(source: Source, delimiter: str) -> Iterator[CellRow]:
    """Every row with its cells; Excel's “sep=” line and lines of comment at the top are passed over.

    Raises:
        InputError: in a table without tabs, a quotation mark is not closed or stands inside a cell.
    """
    lines = source.lines
    start = 1 if _announced(source) else 0
    while start < len(lines) and _is_comment(lines[start], delimiter):
        start += 1
    if delimiter == "\t":
        yield from _tab_rows(lines, start)
    elif delimiter == "|" and _is_drawn(source):
        yield from _drawn_rows(lines)
    else:
        yield from _csv_rows(source, start, delimiter)


_LINES = " \t|+:=-"
_COUNT = re.compile(r"\(?\d+ rows?\b.*|only showing top \d+ rows?")
"""What consoles of databases and Spark write below a table."""
_BAR = re.compile(r"(?<!\\)\|")


def _is_drawn(source: Source) -> bool:
    """Whether every line has a bar between cells or draws a line, and one of the first three draws one."""
    if not any(map(_is_rule, source.rows[:3])):
        return False
    rows = [row for row in source.rows if not _COUNT.fullmatch(row)]
    return len(rows) > 2 and all("|" in row or _is_rule(row) for row in rows) and "|" in "".join(rows[:3])


def _is_rule(line: str) -> bool:
    return "---" in line and not line.strip(_LINES)


def _drawn_rows(lines: Sequence[str]) -> Iterator[CellRow]:
    """Rows between bars without the lines that are drawn; a bar after a backslash is a letter."""
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or _is_rule(text) or _COUNT.fullmatch(text):
            continue
        whole = text.removeprefix("|") if text.startswith("|") else text
        whole = whole[:-1] if whole.endswith("|") and not whole.endswith("\\|") else whole
        yield number, [cell.strip().replace("\\|", "|") for cell in _BAR.split(whole)]


def _is_comment(line: str, delimiter: str) -> bool:
    return line.startswith("# ") or (line.startswith("#") and delimiter not in line)


def _csv_rows(source: Source, start: int, delimiter: str) -> Iterator[CellRow]:
    """Rows as RFC 4180 has them, or with marks after a backslash where the text has such."""
    backslash = '\\"' in source.text and '""' not in source.text.replace(',""', "").replace('"",', "")
    lines = (line + "\n" for line in islice(source.lines, start, None))
    reader = csv.reader(lines, delimiter=delimiter, strict=True, escapechar="\\" if backslash else None,
                        doublequote=not backslash)  # fmt: skip
    row = start
    while True:
        number = row + 1 if source.by_rows else start + reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise _broken_row(source, number, error) from error
        if cells is None:
            return
        row += 1
        yield number, cells


def _broken_row(source: Source, number: int, error: csv.Error) -> InputError:
    where = source.row(number).start
    if "field limit" in str(error):
        return InputError(
            "{where} starts a cell of more than {field_size_limit:,} characters. Split it into passages, or close "
            "its quotation mark.",
            where=where,
            field_size_limit=csv.field_size_limit(),
        )
    return InputError(
        "{where} has a quotation mark that is not closed, or one inside a cell. Write a quotation mark inside "
        "a quoted cell twice.",
        where=where,
    )


def _tab_rows(lines: list[str], start: int) -> Iterator[CellRow]:
    """Rows of a table with tabs, most of which are unquoted: a mark that is not closed stays as it is."""
    width = unclosed = 0
    at = start
    while at < len(lines):
        cells, end = lines[at].split("\t"), at
        if width > 1 and len(cells) <= width and _opens(cells[-1]) and at >= unclosed:
            cells, end, unclosed = _continued(lines, at, cells, width)
        cells = [_unquoted(cell) for cell in cells]
        width = width or (len(cells) if any(cells) else 0)
        yield at + 1, cells
        at = end + 1


_MOST_CELL_LINES = 1_000


def _opens(cell: str) -> bool:
    """Whether a mark opens the cell and does not close it."""
    return cell.startswith('"') and cell.count('"') % 2 == 1


def _continued(lines: list[str], at: int, cells: list[str], width: int) -> tuple[list[str], int, int]:
    """The row with the lines that its last cell goes on in, its last line, and the line before which no cell ends.

    It goes on at most to a line with a tab: an unquoted text that starts with a mark must not swallow what follows.
    """
    end = at + 1
    for end in range(at + 1, min(at + _MOST_CELL_LINES, len(lines))):
        head, tab, rest = lines[end].partition("\t")
        if head.count('"') % 2 == 1 and head.rstrip().endswith('"'):
            cell = "\n".join([cells[-1], *lines[at + 1 : end], head])
            whole = [*cells[:-1], cell, *(rest.split("\t") if tab else [])]
            return (whole, end, end) if len(whole) <= width else (cells, at, at)
        if tab:
            break
    return cells, at, end


def _unquoted(cell: str) -> str:
    cell = cell.strip()
    return cell[1:-1].replace('""', '"') if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell
