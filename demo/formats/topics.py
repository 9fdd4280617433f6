"""Queries in files of their own: JSON, tables, XML, TREC's topics, or lines.

{"_id": "1", "text": "heat of an oven"}     JSON lines, a list of objects, or a map id → text
id,query                                    a table whose header names the query
<topic number="1"><query>…                  XML, whatever its outer elements are called
<top><num> Number: 1 <title> …              TREC's topics
{"number": 31, "turn": [{"number": 1, ..    conversations (CAsT, iKAT), a query from each turn
1<tab>heat of an oven                       a line each, after an id and a tab, “1:” or alone
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from types import MappingProxyType
from typing import Any

from demo.errors import InputError
from demo.formats.fields import (
    ID_NAMES,
    QUERY,
    QUERY_ID,
    STRONG_TEXT_NAMES,
    TEXT_NAMES,
    UnknownShapeError,
    as_text,
    find_field,
    flat,
    normal_name,
    other_fields,
    quoted_names,
    scalar_name,
    scalar_named,
    shape_of,
    unknown_shape,
)
from demo.formats.json_values import json_items, sample_items
from demo.formats.marks import find_marks, repeated_elements
from demo.formats.not_read import check_is_read
from demo.formats.source import Column, Fields, Found, Location, Source
from demo.formats.tables import DELIMITERS, Table, cell_rows, table_with
from demo.formats.trec_sgml import looks_like_topics, read_sgml_topics
from demo.messages import Message
from demo.records import Query

QUERY_ID_NAMES = (
    *("query_id", "qid", "queryid", "topic_id", "question_id", "topic_number", "_id", "id", "number", "num", "topic"),
    *("identifier", "编号"),
)
QUERY_TEXT_NAMES = (
    *("query", "query_text", "query_txt", "search_query", "q", "text", "title", "question", "question_text"),
    *("anchor", "prompt", "manual_rewritten_utterance", "resolved_utterance", "automatic_rewritten_utterance"),
    *("raw_utterance", "utterance", "body", "content", "desc", "description", "查询", "问题", *TEXT_NAMES),
    *("narrative", "narr"),
)
"""In the order in which one topic's texts are preferred: the short query before question, description, narrative."""

_QUERY_LISTS = ("queries", "query", "questions", "topics", "topic", "data", "items", "query_set_queries")
_NUMBERED_LINE = re.compile(r"([\w.-]{1,40})[ ]?:[ ]?(?=\S)")
_COUNTED_LINE = re.compile(r"(\d{1,9})[.)]?[ ]{1,4}(?=\S)")
_OPENS_XML = re.compile(r"\s*<(?:[?!]|[^\W\d])")
_SENTENCE_WORDS = 2
_SAMPLE_CHARS = 10_000
_NO_FIELDS: Mapping[str, str] = MappingProxyType({})

Placed = tuple[Location, Query]


@dataclass(frozen=True, slots=True)
class _Way:
    """Queries as one way of reading finds them, with what is to be said of it."""

    queries: Iterable[Placed]
    notes: tuple[Message, ...] = ()
    columns: tuple[Column, ...] = ()
    names: tuple[str, ...] = ()


def find_queries(source: Source) -> Found:
    """The queries in their order, those that came before left out and counted, and how they were told.

    Where lines have no ids, their numbers are the ids.

    Raises:
        InputError: one has no id or no text, or repeats an id with another text; the sentence names the line. Or there
            is none, or the file opens as JSON, XML or a table that is not understood.
    """
    way = _way(source)
    queries, repeated = distinct_queries(way.queries)
    if queries:
        return Found(
            (), 0, 0, queries, notes=way.notes, columns=way.columns, repeated_queries=repeated, names=way.names
        )
    raise InputError(
        "{file} holds no queries. Write one on each line, or an id, a tab and the query.", file=source.start
    )


def read_topics(source: Source) -> tuple[Query, ...]:
    """The queries in their order.

    Raises:
        InputError: as `find_queries`.
    """
    return find_queries(source).queries


def _way(source: Source) -> _Way:
    if looks_like_topics(source):
        return _Way(read_sgml_topics(source))
    if (items := json_items(source)) is not None:
        talks = [list(_turns(topic, location)) for location, topic in items]
        if talks and all(talks):
            name = _query_text_name(flat(talks[0][0][1]))
            note = Message("a query from each turn, its text from “{name}”", name=name)
            return _Way(_of_items([turn for turns in talks for turn in turns], source), (note,))
        return _Way(_of_items(items, source))
    if _OPENS_XML.match(source.text[:1000]):
        return _Way(_of_xml(source))
    if (table := table_with(source, lambda names: _is_query_header(names, source.chosen), joins=True)) is not None:
        return _of_table(table, source)
    if _is_column(source):
        return _Way(_of_column(source), (_NUMBERED,))
    check_is_read(source)
    return _of_pairs(source) or _of_lines(source)


_ASKED = ("query", "query_text", "query_txt", "search_query", "question", "question_text", "查询", "问题")


def looks_like_queries(source: Source) -> bool:
    """Whether it has TREC's topics, or a header or objects that name queries and no texts of passages."""
    if is_file_of_topics(source):
        return True
    items = sample_items(source)
    if items:
        return all(isinstance(item, dict) and _asks(list(item)) for item in items)
    return table_with(source, lambda names: _names_queries(names) and _asks(names)) is not None


def is_file_of_topics(source: Source) -> bool:
    """Whether it has TREC's topics, in SGML or as XML whose outermost elements are called topics or queries."""
    if looks_like_topics(source):
        return True
    if not _OPENS_XML.match(source.text[:1000]):
        return False
    names = list(islice((mark.name for mark in find_marks(source.text[:_SAMPLE_CHARS]) if mark.name), 4))
    return bool({"topic", "topics", "query", "queries"} & set(names if "parameters" in names[:1] else names[:2]))


def _asks(names: Sequence[str]) -> bool:
    return find_field(names, _ASKED) is not None and find_field(names, (*STRONG_TEXT_NAMES, *_LISTS)) is None


_LISTS = ("candidates", "passages", "documents", "docs", "results", "hits", "ctxs")


# ---- one query ---------------------------------------------------------------------------------------------------


def distinct_queries(queries: Iterable[Placed]) -> tuple[tuple[Query, ...], int]:
    """The queries, each of which has an id of its own, and the number of those left out as the same.

    Raises:
        InputError: one has an earlier one's id but another text; the sentence names both places.
    """
    found: dict[str, Placed] = {}
    repeated = 0
    for location, query in queries:
        earlier_location, earlier = found.setdefault(query.query_id, (location, query))
        if earlier.text != query.text:
            raise InputError(
                "{where} repeats the id “{query_id}” of {other}. Give every query an id of its own.",
                where=location.start,
                query_id=query.query_id,
                other=earlier_location.text,
            )
        repeated += earlier_location is not location
    return tuple(query for _, query in found.values()), repeated


def read_query(value: Any, location: Location, default_id: str = "", chosen: Fields = Fields()) -> Query:
    """A query from a text or an object with an id and a text.

    Raises:
        InputError: it has no text, or no id where there is no default.
    """
    record = flat(value) if isinstance(value, dict) else {"text": value}
    text_name = chosen.query if chosen.query in record else _query_text_name(record)
    id_name = scalar_name({name: value for name, value in record.items() if name != text_name}, QUERY_ID_NAMES)
    text = " ".join(as_text(record.get(text_name), location, text_name).split("\n")).strip()
    query_id = as_text(record.get(id_name or ""), location, "id").strip() or default_id
    if query_id and text:
        return Query(query_id, text, other_fields(record, {text_name, id_name}))
    if query_id:
        raise UnknownShapeError(
            Message("{where} has no text. Each query needs “_id” and “text”.", where=location.start), record
        )
    raise UnknownShapeError(
        Message("{where} has no _id. Each query needs “_id” and “text”.", where=location.start), record
    )


def _query_text_name(record: Mapping[str, Any]) -> str:
    texts = {name: value for name, value in record.items() if isinstance(value, str) and value.strip()}
    return scalar_name(texts, QUERY_TEXT_NAMES) or "text"


# ---- JSON and XML ------------------------------------------------------------------------------------------------


def queries_in(value: Any, source: Source) -> Iterator[Placed]:
    """The queries of a JSON value: a text, or a list or map of texts and objects; numbered q1… where they lack ids."""
    if value is None:
        return iter(())
    if isinstance(value, dict) and not _is_map(value):
        value = [value]
    items = _of_map(value) if isinstance(value, dict) else [value] if isinstance(value, str) else value
    if not isinstance(items, list):
        raise unknown_shape(
            Message(
                "The JSON of {name} is {shape}. Queries need a list of texts or of objects with “_id” and “text”, or a "
                "map from ids to texts.",
                name=source.name,
                shape=shape_of(value),
            ),
            value,
        )
    locations = [(source.item(number), item) for number, item in enumerate(items, 1)]
    return (
        (location, read_query(item, location, f"q{location.number}", source.chosen)) for location, item in locations
    )


def _is_map(value: Mapping[str, Any]) -> bool:
    """Whether an object gives texts or objects by ids, rather than being a query itself."""
    texts = all(isinstance(one, str) for one in value.values())
    named = find_field(value, (*QUERY_TEXT_NAMES, *QUERY_ID_NAMES)) is not None
    return bool(value) and (all(isinstance(one, dict) for one in value.values()) or (texts and not named))


def _of_map(value: Mapping[str, Any]) -> list[Any]:
    return [{"text": item, "id": key} if isinstance(item, str) else {"id": key, **item} for key, item in value.items()]


def _of_items(items: Sequence[tuple[Location, Any]], source: Source) -> Iterable[Placed]:
    value = items[0][1] if len(items) == 1 and isinstance(items[0][1], dict) else {}
    names = [name for name in value if isinstance(value[name], list | dict)]
    name = find_field(names, _QUERY_LISTS)
    if name is not None and isinstance(value[name], dict) and find_field(value[name], _QUERY_LISTS):
        return _of_items([(source.item(1), value[name])], source)
    if name is not None or _is_map(value):
        return queries_in(value if name is None else value[name], source)
    numbered = not any(isinstance(item, dict) and scalar_named(flat(item), QUERY_ID_NAMES) for _, item in items)
    return (
        (location, read_query(item, location, str(location.number) if numbered else "", source.chosen))
        for location, item in items
    )


def _turns(topic: Any, location: Location) -> Iterator[tuple[Location, Any]]:
    """The turns of a conversation, as CAsT and iKAT have them, with ids such as 31_2; none for any other object."""
    name = find_field(topic, ("turn", "turns")) if isinstance(topic, dict) else None
    turns = topic[name] if name is not None and isinstance(topic[name], list) else []
    number = scalar_named(topic, QUERY_ID_NAMES) if turns else None
    for at, turn in enumerate(turns, 1):
        if number is not None and isinstance(turn, dict):
            own = scalar_named(turn, ("number", "turn_id"))
            yield location, {"query_id": f"{number}_{at if own is None else own}", **turn}


def _of_xml(source: Source) -> Iterator[Placed]:
    elements = repeated_elements(source.text)
    if not elements:
        raise InputError(
            "{file} looks like XML or SGML, and no element in it comes again for each query. Topics need an "
            'element each, such as <topic number="1"><query>…</query></topic> or TREC\'s <top>.',
            file=source.start,
        )
    line, counted = 1, 0
    for element in elements:
        line, counted = line + source.text.count("\n", counted, element.start), element.start
        yield source.line(line), read_query(element.record(), source.line(line), "", source.chosen)


# ---- tables ------------------------------------------------------------------------------------------------------


def _is_query_header(names: Sequence[str], chosen: Fields) -> bool:
    if chosen.query in names:
        return True
    words = all(len(name.split()) == 1 for name in names)
    is_named = _names_queries(names) or find_field(names, _ASKED) is not None
    return words and (is_named or normal_name(names[0]) in QUERY_ID_NAMES)


def _names_queries(names: Sequence[str]) -> bool:
    return find_field(names, QUERY_TEXT_NAMES) is not None and find_field(names, QUERY_ID_NAMES) is not None


def _of_table(table: Table, source: Source) -> _Way:
    """A query from each row, by the names of the columns; a header that names only the id has the text beside it."""
    id_name = find_field(table.names, QUERY_ID_NAMES) or source.chosen.among(table.names).id or None
    others = [name for name in table.names if name != id_name]
    text_name = source.chosen.among(table.names).query or find_field(others, QUERY_TEXT_NAMES)
    if text_name is None:
        if len(others) != 1 or normal_name(others[0]) in ID_NAMES:
            raise _no_query_column(table.names, source.row(table.header_line))
        text_name = others[0]
    columns = [Column(text_name, QUERY), *([Column(id_name, QUERY_ID)] if id_name else [])]
    names = tuple(filter(None, table.names))
    notes = () if id_name else (_NUMBERED,)
    return _Way(_table_rows(table, source, id_name, text_name), notes, columns=tuple(columns), names=names)


_NUMBERED = Message("queries are numbered from 1")


def _table_rows(table: Table, source: Source, id_name: str | None, text_name: str) -> Iterator[Placed]:
    for at, (number, cells, _) in enumerate(table.rows, 1):
        values = dict(zip(table.names, [*cells, *[""] * (len(table.names) - len(cells))], strict=True))
        fields = other_fields({name: cell for name, cell in values.items() if name}, {id_name, text_name})
        yield _query(source.row(number), values[id_name] if id_name else str(at), values[text_name], fields)


def _no_query_column(names: Sequence[str], location: Location) -> InputError:
    return UnknownShapeError(
        Message(
            "{where} is read as the header, and none of its columns is the query: {names}. Name one column “query”.",
            where=location.start,
            names=quoted_names(names[:8]),
        ),
        names,
    )


def _is_column(source: Source) -> bool:
    """Whether it is a table of one column, which its first line names."""
    first = normal_name(source.rows[0]) if source.rows else ""
    return first in QUERY_TEXT_NAMES and source.file.lower().endswith((".csv", ".tsv", ".tab"))


def _of_column(source: Source) -> Iterator[Placed]:
    rows = [(number, cells) for number, cells in cell_rows(source, ",") if any(cells)][1:]
    return (
        (source.row(number), Query(str(at), ", ".join(cell.strip() for cell in cells)))
        for at, (number, cells) in enumerate(rows, 1)
    )


def _of_pairs(source: Source) -> _Way | None:
    """A query from each row of two cells, an id with a digit in it and a text; None if some row is not of this kind."""
    for delimiter in DELIMITERS:
        if not all(delimiter in line for line in source.rows):
            continue
        try:
            rows = [(number, cells) for number, cells in cell_rows(source, delimiter) if any(cells)]
        except InputError:
            continue
        ids = [cells[0].strip() for _, cells in rows if len(cells) == 2]
        are_ids = all(len(one.split()) == 1 and any(c.isdigit() for c in one) for one in ids)
        if len(ids) == len(rows) > 0 and are_ids and any(" " in cells[1].strip() for _, cells in rows):
            queries = [_query(source.row(number), cells[0], cells[1]) for number, cells in rows]
            return _Way(queries, (Message("ids of queries from the start of their lines"),))
    return None


def _query(location: Location, query_id: str, text: str, fields: Mapping[str, str] = _NO_FIELDS) -> Placed:
    query_id, text = query_id.strip(), text.strip()
    if query_id and text:
        return location, Query(query_id, text, fields)
    raise InputError(
        Message("{where} has no query. Each line needs an id, a tab and the query.", where=location.start)
        if query_id
        else Message("{where} has no id. Each line needs an id, a tab and the query.", where=location.start)
    )


# ---- lines -------------------------------------------------------------------------------------------------------


def _of_lines(source: Source) -> _Way:
    """A query from each line: after an id and a tab, after “id:”, after a number that grows, or the whole line."""
    whole = [(source.line(number), line) for number, line in enumerate(source.lines, 1) if line.strip()]
    if any("\t" in line for _, line in whole):
        return _tab_lines(whole)
    lines = [(location, line.strip()) for location, line in whole]
    _check_separated(lines)
    pattern = _line_ids([line for _, line in lines])
    if pattern is None:
        return _Way([(location, Query(str(location.number), line)) for location, line in lines], (_NUMBERS_ARE_IDS,))
    found = [(location, line, pattern.match(line)) for location, line in lines]
    queries = [(location, Query(match[1], line[match.end() :].strip())) for location, line, match in found if match]
    return _Way(queries, (Message("ids of queries from the start of their lines"),))


_NUMBERS_ARE_IDS = Message("queries have the numbers of their lines as ids")


def _check_separated(lines: Sequence[tuple[Location, str]]) -> None:
    """Nothing, unless the first line is a header of words between commas or semicolons that no reader knows.

    It is one if it names an id, or if every line has the separator and a line below it has a text.

    Raises:
        InputError: it is.
    """
    for separator in DELIMITERS:
        cells = [cell.strip() for cell in lines[0][1].split(separator)] if lines else []
        if len(cells) < 2 or not all(re.fullmatch(r"(?!\d+$)[\w.-]{1,30}", cell) for cell in cells):
            continue
        names_id = any(normal_name(cell) in (*QUERY_ID_NAMES, *ID_NAMES) for cell in cells)
        rows = [line for _, line in lines[1:]]
        if names_id or (all(separator in row for row in rows) and any(" " in row for row in rows)):
            raise _no_query_column(cells, lines[0][0])


def _tab_lines(lines: Sequence[tuple[Location, str]]) -> _Way:
    """The query of each line; where questions stand before their answers, the line's number is the id."""
    parts = [line.partition("\t") for _, line in lines]
    locations = [location for location, _ in lines]
    if all(len(head.split()) > _SENTENCE_WORDS for head, _, _ in parts):
        asked = [
            _query(location, str(location.number), head)
            for location, (head, _, _) in zip(locations, parts, strict=True)
        ]
        return _Way(asked, (Message("queries from before the tabs"), _NUMBERS_ARE_IDS))
    cells = [line.split("\t") for _, line in lines]
    width = len(cells[0])
    if width > 2 and len(cells) > 1 and all(len(row) == width for row in cells):
        columns = (
            _query(location, row[0], row[1], {f"column {at}": cell for at, cell in enumerate(row[2:], 3) if cell})
            for location, row in zip(locations, cells, strict=True)
        )
        return _Way(columns, (Message("queries from the second of {width} columns", width=width),))
    return _Way(_query(location, head, tail) for location, (head, _, tail) in zip(locations, parts, strict=True))


def _line_ids(lines: Sequence[str]) -> re.Pattern[str] | None:
    """How every line starts with an id of its own; None where the lines are texts alone."""
    with_colon = [_NUMBERED_LINE.match(line) for line in lines]
    ids = [found[1] for found in with_colon if found]
    if len(ids) == len(lines) == len(set(ids)) and all(any(c.isdigit() for c in one) for one in ids):
        return _NUMBERED_LINE
    counted = [_COUNTED_LINE.match(line) for line in lines]
    numbers = [int(found[1]) for found in counted if found]
    if len(numbers) == len(lines) > 1 and all(a < b for a, b in pairwise(numbers)):
        return _COUNTED_LINE
    return None
