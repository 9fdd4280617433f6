"""JSON in a file: one value, several one after the other, or one on each line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from demo.errors import InputError
from demo.formats.fields import STRONG_TEXT_NAMES, find_field
from demo.formats.json_lists import PASSAGE_LISTS, rows_by_index
from demo.formats.source import Location, Source, load_json, parse_json, printable_json

_OPENING = re.compile(r'[\[{]"|\[\{|\[\[(?:[\["{\d]|-\d)|(?:\[\]|\{\}|\[\[\]\])$')
_SET = re.compile(r'\{\s*"[^"\\]*"\s*\}')
_SAMPLE_CHARS = 1_000
_SAMPLE_ITEMS = 20
_DECODER = json.JSONDecoder()

Items = Iterator[tuple[Location, Any]]
"""Values with their places."""


def looks_like_json(source: Source) -> bool:
    """Whether the text opens as a JSON list or object does, valid or not: broken JSON is to be mended, not ranked.

    A box to tick, “[ ] milk”, and a link in a wiki, “[[Berlin]]”, open otherwise. Prose, such as “["Help"] is a song”,
    goes on behind a value.
    """
    start = source.text[:_SAMPLE_CHARS].strip()
    return _OPENING.match("".join(start.split())) is not None and not _goes_on(start.split("\n", 1)[0])


def _goes_on(line: str) -> bool:
    """Whether a whole value opens the line, or what stands in braces as sets do, and words stand behind it."""
    try:
        end = found.end() if (found := _SET.match(line)) else _DECODER.raw_decode(line)[1]
    except (ValueError, RecursionError):
        return False
    rest = line[end:].lstrip()
    return bool(rest) and rest[0] not in _AFTER_VALUE


_AFTER_VALUE = ',[{]}":;/#'
"""What stands behind a value in JSON, broken or not, and before a remark."""


def json_value(source: Source) -> Any:
    """The JSON value of the file; where it holds several, one after the other, the list of them.

    Raises:
        InputError: it is not valid JSON; the sentence names line and column.
    """
    try:
        return source.json
    except InputError:
        values = _several(source.text)
        if values is None:
            raise
        return values


def _several(text: str) -> list[Any] | None:
    """The values that the text holds, perhaps with commas between; None if fewer than two, or one is broken."""
    values: list[Any] = []
    at = _next(text, 0)
    try:
        while at < len(text):
            value, at = _DECODER.raw_decode(text, at)
            values.append(value)
            at = _next(text, at)
        return printable_json(values) if len(values) > 1 else None
    except (ValueError, RecursionError):
        return None


def _next(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\n,":
        at += 1
    return at


def first_object(source: Source) -> dict[str, Any] | None:
    """The JSON object on the first line that holds something; None if there is no whole one."""
    start = source.rows[0] if source.rows else ""
    if not start.startswith("{"):
        return None
    try:
        first = load_json(start.removesuffix(","))
    except (ValueError, RecursionError):
        return None
    return first if isinstance(first, dict) else None


def json_lines(source: Source) -> Items:
    """Each line that holds something, as a JSON value with its place; a comma at its end is passed over."""
    for number, line in enumerate(source.lines, 1):
        if line.strip():
            where = source.line(number)
            yield where, parse_json(line.rstrip().removesuffix(","), source.file, where.number)


def json_items(source: Source) -> list[tuple[Location, Any]] | None:
    """The values of JSON lines with their lines, or those of a JSON list with their numbers; None for anything else.

    Raises:
        InputError: it opens as JSON and is none.
    """
    items = _items(source)
    return None if items is None else list(items)


def _items(source: Source) -> Items | None:
    """The same one after the other, so that the first few cost little."""
    if first_object(source) is not None and len(source.rows) > 1:
        return json_lines(source)
    if not looks_like_json(source):
        return None
    if len(source.rows) == 1 and source.rows[0].startswith("{"):
        item = next(json_lines(source))
        rows = _rows_in(item[1])
        return iter([item]) if rows is None else _numbered(rows, source)
    value = json_value(source)
    return _numbered(value if isinstance(value, list) else _rows_in(value) or [value], source)


def _numbered(values: Sequence[Any], source: Source) -> Items:
    return ((source.item(number), value) for number, value in enumerate(values, 1))


_ASKED = ("query", "question", "query_text", "query_id", "qid")


def _rows_in(value: Any) -> list[Any] | None:
    """The objects in a table of pandas, or in a map from ids of queries to objects with their passages; else None."""
    if not isinstance(value, dict) or not value:
        return None
    if (rows := rows_by_index(value, _ASKED)) is not None:
        return list(rows)
    objects = [one for one in value.values() if isinstance(one, dict)]
    asked = all(isinstance(one.get("question", one.get("query")), str) for one in objects)
    if len(objects) != len(value) or not asked:
        return None
    holds_lists = all(any(isinstance(part, list) for part in one.values()) for one in value.values())
    return [{"query_id": key, **one} for key, one in value.items()] if holds_lists else None


def sample_items(source: Source) -> list[Any]:
    """The first values of JSON lines or of a JSON list, or the one JSON value; empty for anything else."""
    try:
        return [item for _, item in islice(_items(source) or (), _SAMPLE_ITEMS)]
    except InputError:
        return []


def looks_like_jsonl(source: Source) -> bool:
    """Whether the first line is a whole JSON object: a passage, or one of several."""
    first = first_object(source)
    if first is None:
        return False
    if len(source.rows) > 1:
        return True
    name = find_field(first, STRONG_TEXT_NAMES)
    listed = find_field(first, PASSAGE_LISTS)
    return name is not None and isinstance(first[name], str | None) and not (listed and isinstance(first[listed], list))
