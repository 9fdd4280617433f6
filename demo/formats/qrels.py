"""Judgments: TREC's and BEIR's columns, tables with a header in any order, and JSON of several shapes.

301 0 FBIS3-10082 1                                  query, iteration, passage, grade (trec_eval)
query-id<tab>corpus-id<tab>score                     a header names the columns, in any order (BEIR)
query,docid,rating                                   the same with commas or semicolons (Quepid)
{"q1": {"d1": 2}}                                    a map (pytrec_eval, ranx)
{"q1": ["d1"]}                                       a map to the relevant passages, grade 1 (LlamaIndex)
{"query-id": "q1", "corpus-id": "d1", "score": 1}    a judgment an object, in JSON lines or a list (MTEB)
{"query": "..", "ratings": [{"docId": "..", ..}]}    a query an object (OpenSearch, rank evaluation)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from demo.errors import InputError
from demo.formats.export import bare_cell
from demo.formats.fields import (
    GRADE,
    ID,
    ID_NAMES,
    QUERY,
    STRONG_TEXT_NAMES,
    THING_TEXT_NAMES,
    UnknownShapeError,
    as_text,
    find_field,
    flat,
    names_of,
    quoted_names,
    scalar_name,
    scalar_named,
    shape_of,
    unknown_shape,
)
from demo.formats.grades import is_whole, read_grade
from demo.formats.json_lists import hits_of
from demo.formats.json_values import json_items, sample_items
from demo.formats.source import Column, Fields, Found, JudgmentRow, Location, Source
from demo.formats.tables import Table, table_with
from demo.messages import Message

QUERY_NAMES = (
    *("query_id", "qid", "queryid", "topic_id", "topic", "question_id", "query", "query_text", "question"),
    "scenario_id",
)
PASSAGE_NAMES = (
    *("doc_id", "docno", "docid", "corpus_id", "passage_id", "pid", "document_id", "doc", "document", "_id", "id"),
    *ID_NAMES,
)
GRADE_NAMES = (
    *("grade", "relevance", "rel", "rating", "score", "label", "judgment", "judgement", "relevance_grade"),
    *("relevance_label", "relevance_score", "qrel", "is_relevant", "gain", "relevant"),
)

_TEXTS = (*STRONG_TEXT_NAMES, *THING_TEXT_NAMES)
"""Of passages, which have no place beside judgments."""
_RATING_LISTS = ("ratings", "judgments", "judgements", "judgment_ratings", "docs", "documents", "relevance", "qrels")
_OUTER_LISTS = (
    *("judgment_ratings", "judgments", "judgements", "ratings", "qrels", "queries", "requests", "data", "results"),
)
_SEPARATORS = re.compile("[\t,;]")
_SAMPLE_ROWS = 20
_LARGEST_GRADE = 10
"""That people give."""
_UNGRADED = ("", "null", "none", "nan")
"""What tools write where nobody has graded a pair yet."""
_NO_GRADES = Message("no grades: each pair counts as grade 1")


def read_qrels(source: Source) -> tuple[JudgmentRow, ...]:
    """The judgments of the file, each pair once.

    Raises:
        InputError: a line has another number of columns, a grade that is not a whole number, or judges a pair again
            with another grade; or the JSON has a shape that is not known.
    """
    return find_qrels(source).judgments


def find_qrels(source: Source) -> Found:
    """The judgments with which columns were taken for what; a table without grades gives grade 1 to each pair.

    Raises:
        InputError: as `read_qrels`.
    """
    if (items := json_items(source)) is not None:
        values = [item for _, item in items]
        value = values[0] if len(values) == 1 and isinstance(values[0], dict) else values
        value = _documents(value)
        notes = (_NO_GRADES,) if isinstance(value, dict) and _lists_relevant(value) else ()
        return _found(_in_json(value, source, [location for location, _ in items]), notes)
    chosen = [name for name in (source.chosen.query, source.chosen.id) if name]
    table = table_with(source, lambda names: _is_header(names) or (len(chosen) == 2 and set(chosen) <= set(names)))
    if table is not None or (table := _blank_table(source)) is not None:
        return _of_table(table, source)
    _check_header(source)
    return _found(_of_lines(source))


def _found(rows: Iterable[JudgmentRow | None], notes: tuple[Message, ...] = ()) -> Found:
    """The judgments, each pair once; None stands for a pair that nobody has graded yet, which is counted."""
    found = list(rows)
    ungraded = found.count(None)
    counted = (Message("pairs without a grade left out: {ungraded:,}", ungraded=ungraded),) if ungraded else ()
    return Found((), judgments=_distinct(row for row in found if row is not None), notes=(*notes, *counted))


def looks_like_qrels(source: Source) -> bool:
    """Whether a header names query and passage, or all first lines have three or four single words, a grade last.

    JSON counts if it maps ids to maps of whole numbers, or if its objects have the names of judgments.
    """
    if source.text[:1000].lstrip().startswith(("{", "[")):
        return _is_json_of_qrels(source)
    if table_with(source, lambda names: _is_header(names) and find_field(names, _TEXTS) is None) is not None:
        return True
    rows = [_cells(line) for line in source.rows[:_SAMPLE_ROWS] if not line.startswith("# ")]
    bodies = rows[1:] if rows and not is_whole(rows[0][-1]) else rows
    return bool(bodies) and all(
        len(cells) in (3, 4) and all(len(cell.split()) == 1 for cell in cells) and is_whole(cells[-1])
        for cells in bodies
    )


def holds_judgments(source: Source) -> bool:
    """Whether it can be nothing but judgments: TREC's columns, or JSON of ratings.

    The second column is one number in all rows, an id in each is no plain word, and grades are small: lists of things
    with their numbers and sizes look alike.
    """
    if source.text[:1000].lstrip().startswith(("{", "[")):
        return _is_json_of_qrels(source)
    rows = [_cells(line) for line in source.rows[:_SAMPLE_ROWS] if not line.startswith("# ")]
    return all(
        len(cells) == 4
        and cells[1].isdecimal()
        and is_whole(cells[3])
        and abs(float(cells[3])) <= _LARGEST_GRADE
        and all(len(cell.split()) == 1 for cell in cells)
        and not (cells[0].isalpha() and cells[2].isalpha())
        for cells in rows
    ) and (len({cells[1] for cells in rows}) == 1)


def _distinct(judgments: Iterable[JudgmentRow]) -> tuple[JudgmentRow, ...]:
    found: dict[tuple[str, str], JudgmentRow] = {}
    for judgment in judgments:
        pair = judgment.query_id, judgment.doc_id
        earlier = found.setdefault(pair, judgment)
        if earlier.grade != judgment.grade:
            raise InputError(
                "{where} gives query “{pair}” and passage “{pair_2}” grade {grade}, {other} gives them {grade_2}. "
                "Keep one of the two.",
                where=judgment.location.start,
                pair=pair[0],
                pair_2=pair[1],
                grade=judgment.grade,
                other=earlier.location.text,
                grade_2=earlier.grade,
            )
    return tuple(found.values())


# ---- tables ------------------------------------------------------------------------------------------------------


def _is_header(names: Sequence[str]) -> bool:
    """Whether query, passage and grade are named, or the ids of query and passage and nothing else."""
    query = find_field(names, QUERY_NAMES)
    passage = find_field([name for name in names if name != query], PASSAGE_NAMES)
    if find_field(names, GRADE_NAMES) is not None:
        return query is not None and passage is not None
    by_id = find_field(names, QUERY_NAMES[:6]), find_field(names, PASSAGE_NAMES[:7])
    return len(names) == 2 and None not in by_id


def _check_header(source: Source) -> None:
    """Nothing, unless the first row is a header whose names are not known.

    Raises:
        InputError: it is one; a person can choose among its names.
    """
    rows = [_cells(line) for line in source.rows[:2]]
    is_header = len(rows) == 2 and len(rows[0]) == len(rows[1]) > 2 and is_whole(rows[1][-1])
    if not is_header or any(map(is_whole, rows[0])) or rows[0][-1].lower() in GRADE_NAMES:
        return
    raise UnknownShapeError(
        Message(
            "{where} is read as the header, and names no query, passage and grade: {names}. Name columns “query_id”, "
            "“doc_id” and “grade”.",
            where=source.row(1).start,
            names=quoted_names(rows[0]),
        ),
        rows[0],
    )


def _blank_table(source: Source) -> Table | None:
    """The table of a header and rows between blanks."""
    if not source.rows or "\t" in source.rows[0] or not _is_header(source.rows[0].split()):
        return None
    numbered = [(number, line.split()) for number, line in enumerate(source.lines, 1) if line.strip()]
    (header_line, names), *rows = numbered
    return Table(names, header_line, ((number, cells, 0) for number, cells in rows))


def _of_table(table: Table, source: Source) -> Found:
    chosen = source.chosen.among(table.names)
    query = chosen.query or find_field(table.names, QUERY_NAMES) or ""
    passage = chosen.id or find_field([name for name in table.names if name != query], PASSAGE_NAMES) or ""
    rest = [name for name in table.names if name not in (query, passage)]
    grade = chosen.grade or find_field(rest, GRADE_NAMES) or ""
    columns = ((query, QUERY), (passage, ID), (grade, GRADE))
    return replace(
        _found(_rows(table, source, query, passage, grade), () if grade else (_NO_GRADES,)),
        columns=tuple(Column(name, role) for name, role in columns if name),
        names=tuple(filter(None, table.names)),
    )


def _rows(table: Table, source: Source, query: str, passage: str, grade: str) -> Iterator[JudgmentRow | None]:
    for number, cells, _ in table.rows:
        location = source.row(number)
        values = {name: cell.strip() for name, cell in zip(table.names, cells, strict=False)}
        query_id, doc_id, given = (bare_cell(values.get(name, "")) for name in (query, passage, grade))
        if not query_id or not doc_id:
            raise _columns(location, sum(map(bool, cells)))
        is_graded = not grade or given.lower() not in _UNGRADED
        yield (
            JudgmentRow(location, query_id, doc_id, read_grade(given, location) if grade else 1) if is_graded else None
        )


def _of_lines(source: Source) -> Iterator[JudgmentRow]:
    header_may_come = True
    for number, line in enumerate(source.lines, 1):
        cells = _cells(line)
        if not cells or (line.startswith("#") and not _is_judgment(cells)):
            continue
        if header_may_come and cells[-1].lower() in GRADE_NAMES:
            header_may_come = False
            continue
        header_may_come = False
        location = source.row(number)
        if len(cells) not in (3, 4) or not all(cells):
            raise _columns(location, len(cells))
        yield JudgmentRow(location, cells[0], cells[-2], read_grade(cells[-1], location))


def _is_judgment(cells: Sequence[str]) -> bool:
    return len(cells) in (3, 4) and is_whole(cells[-1])


def _cells(line: str) -> list[str]:
    """The cells between tabs, commas or semicolons, else between blanks, without empty ones at the end.

    As trec_eval reads them, blanks separate as well where a line has tabs in some places only.
    """
    text = line.strip()
    if "\t" in text:
        cells = [cell.strip() for cell in text.split("\t")]
        mixed = [part for cell in cells for part in cell.split()]
        return cells if len(cells) in (3, 4) or len(mixed) not in (3, 4) else mixed
    parts = text.split()
    if len(parts) not in (3, 4) and _SEPARATORS.search(text):
        separator = ";" if text.count(";") > text.count(",") else ","
        return [cell.strip().strip('"') for cell in text.split(separator)]
    return parts


def _columns(location: Location, count: int) -> InputError:
    return InputError(
        "{where} has {cells} columns. Judgments need query id, passage id and grade, separated by tabs.",
        where=location.start,
        cells=count,
    )


# ---- JSON --------------------------------------------------------------------------------------------------------


def judgments_in(value: Any, source: Source) -> Iterator[JudgmentRow]:
    """The judgments of a JSON value: query id → passage id → grade, or objects.

    Raises:
        InputError: its shape is not known, or a grade is no whole number.
    """
    rows = () if value is None else _in_json(value, source, ())
    return (row for row in rows if row is not None)


def _documents(value: Any) -> Any:
    """The documents in the answer of an engine that stores judgments, else the value."""
    hits = hits_of(value) if isinstance(value, dict) else None
    sources = [hit["_source"] for hit in hits or [] if isinstance(hit.get("_source"), dict)]
    return sources[0] if len(sources) == 1 else sources or value


def _in_json(value: Any, source: Source, locations: Sequence[Location]) -> Iterator[JudgmentRow | None]:
    if isinstance(value, dict) and value and all(isinstance(grades, dict) for grades in value.values()):
        pairs = ((query, doc, grade) for query, grades in value.items() for doc, grade in grades.items())
        for number, (query, doc, grade) in enumerate(pairs, 1):
            yield JudgmentRow(source.item(number), query, doc, read_grade(_grade_in(grade), source.item(number)))
        return
    if isinstance(value, dict) and _lists_relevant(value):
        listed_docs = ((query, str(doc)) for query, docs in value.items() for doc in docs)
        for number, (query, doc) in enumerate(listed_docs, 1):
            yield JudgmentRow(source.item(number), query, doc, 1)
        return
    if isinstance(value, dict):
        value = _inner_list(value)
    if not isinstance(value, list):
        raise unknown_shape(
            Message(
                "The JSON of {name} is {shape}. Judgments need a map from query ids to passage ids to grades, or "
                "objects with “query_id”, “doc_id” and “grade”.",
                name=source.name,
                shape=shape_of(value),
            ),
            value,
        )
    for number, item in enumerate(value, 1):
        location = locations[number - 1] if len(locations) == len(value) else source.item(number)
        yield from _of_item(item, location, source.chosen)


def _lists_relevant(value: Mapping[str, Any]) -> bool:
    """Whether every value is a list of ids, under names that are no usual ones of lists of judgments."""
    lists = [docs for docs in value.values() if isinstance(docs, list) and docs]
    if len(lists) != len(value) or not lists or find_field(value, (*_OUTER_LISTS, *_RATING_LISTS)) is not None:
        return False
    return all(isinstance(doc, str | int) and not isinstance(doc, bool) for docs in lists for doc in docs)


def _grade_in(value: Any) -> Any:
    """The grade itself, also where an object holds it."""
    return scalar_named(flat(value), GRADE_NAMES) if isinstance(value, dict) else value


def _inner_list(value: Mapping[str, Any]) -> Any:
    """The list of judgments, or of queries with theirs, in an object; the object in a list if it is one itself."""
    lists = [name for name in value if isinstance(value[name], list)]
    if scalar_named(dict(value), QUERY_NAMES) is not None and find_field(lists, _RATING_LISTS):
        return [value]
    name = find_field(lists, _OUTER_LISTS)
    if name is None and scalar_named(flat(value), PASSAGE_NAMES) is not None:
        return [value]
    return value if name is None else value[name]


def _of_item(value: Any, location: Location, chosen: Fields) -> Iterator[JudgmentRow | None]:
    """The judgment of an object, or those in its list of ratings."""
    record = flat(value) if isinstance(value, dict) else {}
    lists = [name for name in value if isinstance(value[name], list)] if isinstance(value, dict) else []
    name = find_field(lists, _RATING_LISTS)
    query = record.get(chosen.query, scalar_named(record, QUERY_NAMES))
    if name is None:
        yield _judgment(query, record, location, chosen)
        return
    query = scalar_named(record, ("id", "_id")) if query is None else query
    for rating in value[name]:
        yield _judgment(query, flat(rating) if isinstance(rating, dict) else {}, location, chosen)


def _judgment(query_id: Any, record: Mapping[str, Any], location: Location, chosen: Fields) -> JudgmentRow | None:
    judged = {name: value for name, value in record.items() if name.split(".")[0].lower() in _JUDGED}
    doc_id = record.get(chosen.id, scalar_named(judged, PASSAGE_NAMES) or scalar_named(record, PASSAGE_NAMES))
    if query_id is not None and doc_id is not None and _is_ungraded(record, chosen):
        return None
    grade = record.get(chosen.grade, scalar_named(record, GRADE_NAMES))
    if query_id is None or doc_id is None or grade is None:
        raise UnknownShapeError(
            Message(
                "{where} of the judgments needs “query_id”, “doc_id” and “grade”; found: {names}.",
                where=location.start,
                names=names_of(record),
            ),
            record,
        )
    return JudgmentRow(
        location,
        as_text(query_id, location, "query_id"),
        as_text(doc_id, location, "doc_id"),
        read_grade(grade, location),
    )


_JUDGED = ("doc", "document", "hit", "product")
"""Objects in a judgment whose id is the passage's, while the judgment has one of its own."""


def _is_ungraded(record: Mapping[str, Any], chosen: Fields) -> bool:
    """Whether there is a field for the grade, and nothing in it."""
    name = chosen.grade or scalar_name(record, GRADE_NAMES)
    return name is not None and name in record and record[name] in (None, "")


def _is_json_of_qrels(source: Source) -> bool:
    items = sample_items(source)
    value = _documents(items[0]) if items else None
    value = value[0] if isinstance(value, list) and value else value
    if not isinstance(value, dict) or not value:
        return False
    if len(items) == 1 and all(isinstance(grades, dict) for grades in value.values()):
        grades = [grade for inner in value.values() for grade in inner.values()]
        return bool(grades) and all(isinstance(g, int) or (isinstance(g, float) and g.is_integer()) for g in grades)
    names = [name for name in value if not isinstance(value[name], list)]
    is_judgment = all(find_field(names, wanted) for wanted in (QUERY_NAMES, PASSAGE_NAMES, GRADE_NAMES))
    is_judgment &= find_field(names, _TEXTS) is None
    first = next((value[name][0] for name in value if isinstance(value[name], list) and value[name]), None)
    holders = [value, first] if isinstance(first, dict) else [value]
    return is_judgment or any(map(_holds_ratings, holders))


def _holds_ratings(value: Mapping[str, Any]) -> bool:
    """Whether it has a list of ratings that name passages, as documents with ratings of their own have not."""
    name = find_field(value, ("judgment_ratings", "ratings"))
    first = value[name][0] if name is not None and isinstance(value[name], list) and value[name] else None
    if not isinstance(first, dict):
        return False
    record = flat(first)
    names_passage = scalar_name(record, PASSAGE_NAMES) is not None and scalar_name(record, GRADE_NAMES) is not None
    return names_passage or _holds_ratings(first)
