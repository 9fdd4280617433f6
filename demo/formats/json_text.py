"""JSON: a list of passages, one object with passages, queries and judgments, or one passage on each line (JSONL)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from demo.errors import InputError
from demo.formats.fields import ID_NAMES, TEXT_NAMES, as_text, entry_of, find_field
from demo.formats.source import Entry, Found, Judgment, Place, Source, parse_json
from demo.messages import Message
from demo.records import Query

PASSAGE_LISTS = ("passages", "documents", "docs", "corpus", "candidates", "results", "items", "data", "texts")
QUERY_NAMES = ("queries", "query", "questions", "question")
JUDGMENT_NAMES = ("qrels", "judgments", "judgements", "relevance")
GRADES = range(-10, 101)
_SAMPLE_CHARS = 1_000

Items = Iterator[tuple[Place, Any]]


# ---- JSON --------------------------------------------------------------------------------------------------------


def read_json(source: Source) -> Found:
    """Passages from a list of texts or objects, from an object id → text, or from one under “passages”.

    Beside “passages” (or documents, corpus…) may stand “queries” (texts, objects, id → text, or one “query”) and
    “qrels” (query id → passage id → grade, or objects with query_id, doc_id and grade).

    Raises:
        InputError: invalid JSON, an element that is neither text nor object, an object without text, a grade that is
            not a whole number.
    """
    value = source.json
    holder = value if isinstance(value, dict) else {}
    name = find_field(holder, PASSAGE_LISTS)
    if isinstance(value, dict) and name is None and find_field(value, TEXT_NAMES) is not None:
        return _passages(source, [value])
    found = _passages(source, value if name is None else holder[name])
    if name is None:
        return found
    return Found(
        found.entries,
        found.empty_lines,
        found.empty_passages,
        queries=_queries(source, _named(holder, QUERY_NAMES)),
        judgments=_judgments(source, _named(holder, JUDGMENT_NAMES)),
    )


def looks_like_json(source: Source) -> bool:
    """Whether the text opens as a JSON list or object does, valid or not: broken JSON is to be mended, not ranked."""
    return "".join(source.text[:_SAMPLE_CHARS].split())[:2] in ('["', "[{", "[]", '{"', "{}")


def _passages(source: Source, value: Any) -> Found:
    entries = [read_passage(item, place) for place, item in _items(source, value)]
    kept = tuple(entry for entry in entries if entry is not None)
    return Found(kept, empty_passages=len(entries) - len(kept))


def read_passage(value: Any, place: Place) -> Entry | None:
    """The passage that a text or an object stands for; None if it is empty.

    Raises:
        InputError: it is neither, or an object without text.
    """
    if isinstance(value, str):
        return Entry(place, value.strip()) if value.strip() else None
    if isinstance(value, dict):
        return entry_of(value, place)
    where = place.start
    raise InputError(
        Message(
            "{where} is neither a text nor an object: {value}. Each passage is a text, or an object with “text”.",
            where=where,
            value=_shown(value),
        )
    )


def _items(source: Source, value: Any) -> Items:
    """The elements of a list, or the pairs id → text or id → object of an object as objects, with their places."""
    if isinstance(value, list):
        return ((source.item(number), item) for number, item in enumerate(value, 1))
    if isinstance(value, dict):
        return ((source.item(number), _with_id(*pair)) for number, pair in enumerate(value.items(), 1))
    name = source.name
    raise InputError(
        Message(
            "The JSON of {name} is {value}. Passages need a list, or an object with “passages”.",
            name=name,
            value=_shown(value),
        )
    )


def _with_id(key: str, value: Any) -> Any:
    if isinstance(value, str):
        return {"id": key, "text": value}
    return {"id": key, **value} if isinstance(value, dict) and find_field(value, ID_NAMES) is None else value


def _queries(source: Source, value: Any) -> tuple[Query, ...]:
    items = [] if value is None else _items(source, [value] if isinstance(value, str) else value)
    return tuple(read_query(item, place, f"q{number}") for number, (place, item) in enumerate(items, 1))


def _judgments(source: Source, value: Any) -> tuple[Judgment, ...]:
    if isinstance(value, dict) and all(isinstance(grades, dict) for grades in value.values()):
        pairs = [(query, doc, grade) for query, grades in value.items() for doc, grade in grades.items()]
        return tuple(
            Judgment(source.item(n), q, d, read_grade(g, source.item(n))) for n, (q, d, g) in enumerate(pairs, 1)
        )
    if value is None:
        return ()
    return tuple(_judgment(item, place) for place, item in _items(source, value))


def _judgment(value: Any, place: Place) -> Judgment:
    record = value if isinstance(value, dict) else {}
    query_id, doc_id, grade = (
        _named(record, names)
        for names in (
            ("query_id", "qid", "query"),
            (*ID_NAMES, "corpus_id", "doc"),
            ("grade", "relevance", "score", "label"),
        )
    )
    if query_id is None or doc_id is None or grade is None:
        where = place.start
        raise InputError(Message("{where} of the judgments needs “query_id”, “doc_id” and “grade”.", where=where))
    return Judgment(
        place, as_text(query_id, place, "query_id"), as_text(doc_id, place, "doc_id"), read_grade(grade, place)
    )


def _named(record: dict[str, Any], names: tuple[str, ...]) -> Any:
    name = find_field(record, names)
    return None if name is None else record[name]


# ---- JSONL -------------------------------------------------------------------------------------------------------


def read_jsonl(source: Source) -> Found:
    """A passage from each line: an object with “text”, perhaps “_id” and “title”, or a text in quotes.

    Raises:
        InputError: a line is not valid JSON, or has no text; the sentence names the line.
    """
    rows = list(json_lines(source))
    entries = [read_passage(value, place) for place, value in rows]
    kept = tuple(entry for entry in entries if entry is not None)
    empty = rows[-1][0].number - rows[0][0].number + 1 - len(rows) if rows else 0
    return Found(kept, empty_lines=empty, empty_passages=len(entries) - len(kept))


def looks_like_jsonl(source: Source) -> bool:
    """Whether the first line is a whole JSON object: a passage, or one of several."""
    lines = [line for line in source.lines if line.strip()]
    if not lines or not lines[0].lstrip().startswith("{"):
        return False
    try:
        first = json.loads(lines[0])
    except (ValueError, RecursionError):
        return False
    return isinstance(first, dict) and (len(lines) > 1 or find_field(first, TEXT_NAMES) is not None)


def json_lines(source: Source) -> Items:
    """Each line that holds something, as a JSON value with its place."""
    for number, line in enumerate(source.lines, 1):
        if line.strip():
            yield source.line(number), parse_json(line, source.file, number)


# ---- what queries and grades look like ---------------------------------------------------------------------------


def read_query(value: Any, place: Place, default_id: str = "") -> Query:
    """A query from a text or an object with an id and a text.

    Raises:
        InputError: it has no text, or no id where there is no default.
    """
    record = value if isinstance(value, dict) else {"text": value}
    query_id = as_text(_named(record, (*ID_NAMES, "query_id", "qid")), place, "id").strip() or default_id
    text = as_text(_named(record, ("text", "query", "question", *TEXT_NAMES)), place, "text").strip()
    if query_id and text:
        return Query(query_id, text)
    where = place.start
    raise InputError(
        Message("{where} has no text. Each query needs “_id” and “text”.", where=where)
        if query_id
        else Message("{where} has no _id. Each query needs “_id” and “text”.", where=where)
    )


def read_grade(value: Any, place: Place) -> int:
    """A grade as a whole number; “2”, 2 and 2.0 are the same.

    Raises:
        InputError: it is not a whole number, or not between −10 and 100.
    """
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else float("nan")
    except (ValueError, OverflowError):
        number = float("nan")
    if number in GRADES:
        return int(number)
    where = place.start
    raise InputError(
        Message(
            "{where}: the grade is {value}. A grade is a whole number from −10 to 100, usually 0 to 3.",
            where=where,
            value=_shown(value),
        )
    )


def _shown(value: Any) -> str:
    """The value for a sentence: a list or an object by its name, anything else by the start of its JSON."""
    if isinstance(value, list | dict):
        return "[…]" if isinstance(value, list) else "{…}"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:39] + "…"
