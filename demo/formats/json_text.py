"""JSON: a list of passages, one object with passages, queries and judgments, or one passage on each line (JSONL)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from demo.errors import InputError
from demo.formats.fields import entry_of, find_field, of_searches, read_records, shorten_value
from demo.formats.json_lists import JUDGMENT_NAMES, QUERY_NAMES, find_passages
from demo.formats.json_values import Items, json_lines, json_value
from demo.formats.qrels import judgments_in
from demo.formats.source import Entry, Found, Location, Record, Source, bounded
from demo.formats.topics import distinct_queries, queries_in

# ---- JSON --------------------------------------------------------------------------------------------------------


def read_json(source: Source, are_hits: bool = False) -> Found:
    """Passages from a list of texts or objects, from columns, from an object id → text, or from the list in an object.

    Beside “passages” (or documents, corpus…) may stand “queries” (texts, objects, id → text, or one “query”) and
    “qrels” (query id → passage id → grade, or objects with query_id, doc_id and grade).

    Raises:
        InputError: invalid JSON, a shape that is not known, an element that is neither text nor object, an object
            without text, a grade that is not a whole number.
    """
    value = json_value(source)
    listed = find_passages(value, source.name, source.chosen.text)
    found = of_searches(_passages(listed.items, source, are_hits), listed.answers)
    holder = value if isinstance(value, dict) else {}
    queries, repeated = distinct_queries(queries_in(_beside(holder, QUERY_NAMES, listed.path), source))
    return Found(
        found.entries,
        empty_passages=found.empty_passages,
        queries=queries,
        judgments=tuple(judgments_in(_beside(holder, JUDGMENT_NAMES, listed.path), source)),
        notes=(*listed.notes, *found.notes),
        columns=found.columns,
        names=found.names,
        repeated_queries=repeated,
    )


def _beside(holder: dict[str, Any], names: tuple[str, ...], path: str) -> Any:
    """What stands under one of the names, which is not the list of passages itself."""
    name = find_field(holder, names)
    return None if name is None or name == path else holder[name]


def _passages(items: Sequence[Any], source: Source, are_hits: bool = False) -> Found:
    return read_items(((source.item(number), item) for number, item in enumerate(items, 1)), source, are_hits)


def read_items(items: Items, source: Source, are_hits: bool = False) -> Found:
    """The passages that texts and objects stand for.

    Raises:
        InputError: one is neither, or an object without text.
    """
    records: list[Record] = []
    order: list[Record | Entry] = []
    empty = 0
    for location, item in bounded(items, source):
        if _is_with_number(item):
            item = {**item[0], PAIRED: item[1]}
        if isinstance(item, dict):
            records.append(Record(location, item))
            order.append(records[-1])
        elif (entry := read_passage(item, location)) is not None:
            order.append(entry)
        else:
            empty += 1
    found = read_records(records, source.chosen, are_hits) if records else Found(())
    by_location = {entry.location: entry for entry in found.entries}
    entries = [by_location.get(one.location) if isinstance(one, Record) else one for one in order]
    return Found(
        tuple(entry for entry in entries if entry is not None),
        empty_passages=empty + found.empty_passages,
        notes=found.notes,
        columns=found.columns,
        names=found.names,
    )


PAIRED = "number beside it"
"""Where the number of a pair is kept: it may be a score or a distance, which nothing in the pair says."""


def _is_with_number(item: Any) -> bool:
    """Whether it is a pair of an object and a number, as LangChain searches with scores."""
    return (
        isinstance(item, list)
        and len(item) == 2
        and isinstance(item[0], dict)
        and isinstance(item[1], int | float)
        and not isinstance(item[1], bool)
    )


def read_passage(value: Any, location: Location) -> Entry | None:
    """The passage that a text or an object stands for; None if it is empty.

    Raises:
        InputError: it is neither, or an object without text.
    """
    if isinstance(value, str):
        return Entry(location, value.strip()) if value.strip() else None
    if isinstance(value, dict):
        return entry_of(value, location)
    raise InputError(
        "{where} is neither a text nor an object: {value}. Each passage is a text, or an object with “text”.",
        where=location.start,
        value="[…]" if isinstance(value, list) else shorten_value(value),
    )


# ---- JSONL -------------------------------------------------------------------------------------------------------


def read_jsonl(source: Source) -> Found:
    """A passage from each line: an object with “text”, perhaps “_id” and “title”, or a text in quotes.

    Raises:
        InputError: a line is not valid JSON, or has no text; the sentence names the line.
    """
    rows = list(bounded(json_lines(source), source))
    found = read_items(iter(rows), source)
    empty = rows[-1][0].number - rows[0][0].number + 1 - len(rows) if rows else 0
    return Found(
        found.entries,
        empty_lines=empty,
        empty_passages=found.empty_passages,
        notes=found.notes,
        columns=found.columns,
        names=found.names,
    )
