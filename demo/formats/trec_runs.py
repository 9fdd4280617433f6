"""Runs, the rankings that a system made for many queries.

301 Q0 FBIS3-10082 1 12.75 bm25          query, Q0, passage, rank, score, tag (TREC)
1048585<tab>7187158<tab>1                query, passage, rank (MS MARCO), perhaps with a score behind
query_id,doc_id,score                    a table whose header names the columns
{"q1": {"d1": 9.1}}                      a map of scores (ranx, pytrec_eval), or objects with these names
{"q1": ["d1", "d2"]}                     a map to passages, best first, perhaps in pairs with their scores
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

import numpy as np

from demo.errors import InputError
from demo.formats.fields import (
    ID,
    QUERY_ID,
    SCORE,
    TEXT_NAMES,
    UnknownShapeError,
    find_field,
    finite,
    flat,
    quoted_names,
    scalar_named,
    shape_of,
)
from demo.formats.grades import is_whole
from demo.formats.json_values import json_items, sample_items
from demo.formats.qrels import GRADE_NAMES, PASSAGE_NAMES, QUERY_NAMES
from demo.formats.source import Column, Fields, Location, Source
from demo.formats.tables import Table, table_with
from demo.messages import Message

_LARGEST = 3e38
"""The largest score written: what trec_eval keeps, a 32-bit float, ends little above it."""


@dataclass(frozen=True, eq=False)
class Run:
    """Rankings by query id.

    Attributes:
        tag: the name that the system gave itself; "" where the file has none.
        rankings: doc_ids, best first.
        scores: their scores, never rising; the negative rank where the file has only ranks.
        notes: what the person should know about how it was read, each a clause.
        columns: which fields were taken for what, where the file has names for them.
        names: the fields that a person can choose from, as `Fields` takes them: `id` is the passage, `grade` the score.
    """

    tag: str
    rankings: Mapping[str, tuple[str, ...]]
    scores: Mapping[str, tuple[float, ...]]
    notes: tuple[Message, ...] = ()
    columns: tuple[Column, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _ResultRow:
    location: Location
    query_id: str
    doc_id: str
    rank: float
    score: float
    tag: str = ""


def read_run(source: Source) -> Run:
    """The run in the file. Scores decide, highest first, as in trec_eval; of equals the rank, then the line.

    trec_eval itself breaks ties by passage id, which no ranking means.

    Raises:
        InputError: a line has another number of columns, a score or rank that is not a number, or repeats a passage
            of its query; or there is no line at all, or its JSON has a shape that is not known.
    """
    tag = ""
    rows: dict[str, dict[str, _ResultRow]] = {}
    found_rows, columns, names = _rows(source)
    for row in found_rows:
        tag = tag or row.tag
        of_query = rows.setdefault(row.query_id, {})
        if row.doc_id in of_query:
            raise InputError(
                "{where} ranks passage “{doc_id}” for query “{query_id}” again, after {other}. Keep one of the two.",
                where=row.location.start,
                doc_id=row.doc_id,
                query_id=row.query_id,
                other=of_query[row.doc_id].location.text,
            )
        of_query[row.doc_id] = row
    if not rows:
        raise InputError(
            "{file} holds no results. A run has on each line: query, Q0, passage, rank, score, tag.", file=source.file
        )
    ordered = {query: sorted(found.values(), key=lambda row: (-row.score, row.rank)) for query, found in rows.items()}
    return Run(
        tag,
        {query: tuple(row.doc_id for row in found) for query, found in ordered.items()},
        {query: tuple(row.score for row in found) for query, found in ordered.items()},
        _contradictions(ordered),
        columns,
        names,
    )


def looks_like_run(source: Source) -> bool:
    """Whether it has TREC's six columns, a header or objects with a rank or fractions as scores, or JSON scores.

    Fewer columns without a header count if the last number of each line is a fraction, as no grade is.
    """
    if source.text[:1000].lstrip().startswith(("{", "[")):
        return _is_json_of_run(source)
    if (table := table_with(source, _names_columns)) is not None:
        return _is_table_of_run(table)
    rows = _sample_rows(source)
    if not rows or has_figures(source):
        return False
    if len(rows[0]) >= 6:
        return all(map(_is_number, rows[0][3:5])) and rows[0][1].upper() in _ITERATIONS
    return all(map(_is_short_row, rows))


def holds_run(source: Source) -> bool:
    """Whether it looks like a run and can be nothing else: short rows of words with numbers and a price behind can."""
    rows = _sample_rows(source)
    are_short = bool(rows) and all(map(_is_short_row, rows))
    return (not are_short or _are_ranked(rows)) and looks_like_run(source)


def _are_ranked(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the rows name an id each, and are two for a query or more on average, whose scores never rise."""
    scores: dict[str, list[float]] = {}
    for cells in rows:
        scores.setdefault(cells[0], []).append(float(next(cell for cell in reversed(cells) if _is_number(cell))))
    have_ids = all(re.search(r"\d", cells[0] + cells[1]) for cells in rows)
    falling = all(of_query == sorted(of_query, reverse=True) for of_query in scores.values())
    return have_ids and falling and len(rows) >= 2 * len(scores)


def _sample_rows(source: Source) -> list[list[str]]:
    """The cells of the first lines without comments."""
    return [_cells(line) for line in source.rows[:_SAMPLE_LINES] if not line.startswith("# ")]


def _is_table_of_run(table: Table) -> bool:
    """Whether a column is named as ranks are and none as grades, or the first scores are no whole numbers; no texts."""
    columns = _columns_named(table.names, Fields())
    rest = [name for name in table.names if name not in columns.values()]
    if find_field(rest, TEXT_NAMES) is not None:
        return False
    if not columns["score"]:
        return bool(columns["rank"]) and find_field(table.names, GRADE_NAMES) is None
    at = table.names.index(columns["score"])
    scores = [_with_point(cells[at].strip()) for _, cells, _ in islice(table.rows, _SAMPLE_LINES) if at < len(cells)]
    numbers = [float(score) for score in scores if _is_number(score)]
    return bool(columns["rank"]) or (len(numbers) == len(scores) and _has_fractions(numbers))


def _is_short_row(cells: Sequence[str]) -> bool:
    """Whether a row of three to five cells has a fraction as its last number."""
    numbers = [cell for cell in cells[2:] if _is_number(cell)]
    return len(cells) in (3, 4, 5) and bool(numbers) and "." in numbers[-1] and not is_whole(numbers[-1])


def _has_fractions(numbers: Iterable[float | None]) -> bool:
    return any(not number.is_integer() for number in numbers if number is not None and math.isfinite(number))


def has_figures(source: Source) -> bool:
    """Whether it is the output of trec_eval: a measure, “all” or a query, and a value, which is a name for “runid”."""
    rows = [line.split() for line in source.rows[:_SAMPLE_LINES]]
    if not rows or any(len(cells) != 3 or not (_is_number(cells[2]) or cells[0] == "runid") for cells in rows):
        return False
    return any(cells[1] == "all" for cells in rows)


_ITERATIONS = ("Q0", "0", "Q1", "1")


def _rows(source: Source) -> tuple[Iterator[_ResultRow], tuple[Column, ...], tuple[str, ...]]:
    """The rows, what columns were taken for, and the names to choose from.

    Raises:
        InputError: the first line is a header whose names are not known.
    """
    if (items := json_items(source)) is not None:
        return _of_json(items, source), (), ()
    chosen = {name for name in (source.chosen.query, source.chosen.id) if name}
    table = table_with(source, lambda names: _is_header(names) or (len(chosen) == 2 and chosen <= set(names)))
    if table is not None:
        columns = _columns_named(table.names, source.chosen)
        taken = tuple(Column(columns[role], label) for role, label in _ROLES.items() if columns[role])
        return _of_table(table, columns, source), taken, tuple(filter(None, table.names))
    if (table := table_with(source, _are_words)) is not None:
        raise UnknownShapeError(
            Message(
                "{where} is read as the header, and names no query, passage and score: {names}. Name columns "
                "“query_id”, “doc_id” and “score”.",
                where=source.row(table.header_line).start,
                names=quoted_names(table.names[:8]),
            ),
            table.names,
        )
    return _of_lines(source), (), ()


_ROLES = {"query": QUERY_ID, "passage": ID, "score": SCORE}


def _are_words(names: Sequence[str]) -> bool:
    """Whether a first line can only be a header: three or more names, and no number or Q0 among them."""
    return len(names) > 2 and not any(_is_number(name) or name.upper() in _ITERATIONS for name in names)


# ---- lines -------------------------------------------------------------------------------------------------------

Columns = Mapping[str, int]
"""Which column holds query, passage, rank, score and tag; there may be no rank, no score and no tag."""

_SIX: Columns = {"query": 0, "passage": 2, "rank": 3, "score": 4, "tag": 5}


def _of_lines(source: Source) -> Iterator[_ResultRow]:
    """A row of each line; those that start with # and a blank are comments, and words after the tag belong to it."""
    split = [(number, _cells(line)) for number, line in enumerate(source.lines, 1) if not line.startswith("# ")]
    lines = [(number, cells) for number, cells in split if cells]
    if lines and _names_columns(lines[0][1]):
        lines = lines[1:]
    if not lines:
        return
    width = len(lines[0][1])
    if has_figures(source) or (width == 4 and all(_is_judgment(cells) for _, cells in lines)):
        raise InputError(
            "{file} holds {kind} and no run. A run has on each line: query, Q0, passage, rank, score, tag.",
            file=source.start,
            kind=Message("figures of trec_eval") if has_figures(source) else Message("judgments (qrels)"),
        )
    columns = _columns_of([cells for _, cells in lines])
    for number, cells in lines:
        location = source.row(number)
        if not columns or (len(cells) != width and not len(cells) >= 6 <= width):
            raise _columns(location, len(cells))
        rank_text = cells[columns["rank"]] if "rank" in columns else "-"
        rank = 0.0 if rank_text == "-" else _number(rank_text, location, Message("rank"))
        score = _number(cells[columns["score"]], location, Message("score")) if "score" in columns else -rank
        tag = " ".join(cells[columns["tag"] :]) if "tag" in columns else ""
        yield _ResultRow(location, cells[0], cells[columns["passage"]], rank, score, tag)


_SAMPLE_LINES = 50


def _is_judgment(cells: Sequence[str]) -> bool:
    """Whether a row is TREC's judgment: query, 0, passage, grade."""
    return len(cells) == 4 and cells[1] == "0" and is_whole(cells[3])


def _cells(line: str) -> list[str]:
    """The cells between blanks or tabs, or between commas where there are no others; ids may hold blanks among tabs."""
    if line.count("\t") == len(_SIX):
        return [cell.strip() for cell in line.split("\t")]
    cells = line.split()
    return [cell.strip() for cell in line.split(",")] if len(cells) == 1 and line.count(",") > 1 else cells


def _names_columns(cells: Sequence[str]) -> bool:
    return find_field(cells, QUERY_NAMES) is not None and find_field(cells, PASSAGE_NAMES) is not None


def _columns_of(rows: Sequence[Sequence[str]]) -> Columns:
    """What the columns of the first lines hold; empty for a number of columns that no run has."""
    width = len(rows[0])
    with_iteration = all(row[1].upper() in ("Q0", "0") for row in rows if len(row) > 3)
    if width >= 6:
        return _SIX
    if width == 5:
        has_tag = any(not _is_number(row[4]) for row in rows if len(row) == width)
        last: Columns = {"score": 3, "tag": 4} if has_tag else {"rank": 3, "score": 4}
        return (
            {"query": 0, "passage": 2, **last}
            if with_iteration
            else {"query": 0, "passage": 1, "rank": 2, "score": 3, "tag": 4}
        )
    if width == 4 and with_iteration:
        return {"query": 0, "passage": 2, _one_number(rows, 3): 3}
    if width == 4:
        rank_first = _are_ranks(rows, 2) or not _are_ranks(rows, 3)
        return {"query": 0, "passage": 1, "rank": 2 if rank_first else 3, "score": 3 if rank_first else 2}
    return {"query": 0, "passage": 1, _one_number(rows, 2): 2} if width == 3 else {}


def _one_number(rows: Sequence[Sequence[str]], at: int) -> str:
    """“rank” for a column that counts upwards for each query, line by line or from 0 or 1, else “score”."""
    return "rank" if _are_ranks(rows, at) or _are_rising(rows, at) else "score"


def _are_ranks(rows: Sequence[Sequence[str]], at: int) -> bool:
    """Whether the column counts from 0 or 1 upwards for each query, in any order of lines."""
    ranks = _by_query(rows, at)
    return all(len(found) == len(set(found)) and {0.0, 1.0} & set(found) for found in ranks) and bool(ranks)


def _are_rising(rows: Sequence[Sequence[str]], at: int) -> bool:
    """Whether the column rises from line to line of each query; some query has several lines."""
    ranks = _by_query(rows, at)
    return all(a < b for found in ranks for a, b in pairwise(found)) and any(len(found) > 1 for found in ranks)


def _by_query(rows: Sequence[Sequence[str]], at: int) -> list[list[float]]:
    """The whole numbers in the column, a list for each query; empty if a cell holds anything else."""
    numbers: dict[str, list[float]] = {}
    for row in rows:
        if len(row) <= at or not is_whole(row[at]):
            return []
        numbers.setdefault(row[0], []).append(float(row[at]))
    return list(numbers.values())


# ---- tables and JSON ---------------------------------------------------------------------------------------------


def _is_header(names: Sequence[str]) -> bool:
    return _names_columns(names) and find_field(names, (*_SCORES, *_RANKS)) is not None


_SCORES = ("score", "scores", "relevance_score", "similarity", "sim", "_score")
_RANKS = ("rank", "position", "pos", "ranking")


def _with_point(text: str) -> str:
    """A number with a decimal comma, as spreadsheets of many countries write it, with a point."""
    return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text


def _columns_named(names: Sequence[str], chosen: Fields) -> dict[str, str]:
    """The column of each kind, "" where there is none."""
    chosen = chosen.among(names)
    query = chosen.query or find_field(names, QUERY_NAMES) or ""
    passage = chosen.id or find_field([name for name in names if name != query], PASSAGE_NAMES) or ""
    rest = [name for name in names if name not in (query, passage)]
    return {
        "query": query,
        "passage": passage,
        "score": chosen.grade or find_field(rest, _SCORES) or "",
        "rank": find_field(rest, _RANKS) or "",
        "tag": find_field(rest, ("tag", "run", "system")) or "",
    }


def _of_table(table: Table, columns: Mapping[str, str], source: Source) -> Iterator[_ResultRow]:
    """A row of each line; without scores and ranks the order of the lines is that of the passages."""
    for number, cells, _ in table.rows:
        location = source.row(number)
        named = {name: cell.strip() for name, cell in zip(table.names, cells, strict=False)}
        values = {role: named.get(name, "") for role, name in columns.items()}
        if not values["query"] or not values["passage"]:
            raise _columns(location, sum(map(bool, cells)))
        has_rank = columns["rank"] and values["rank"] not in ("", "-")
        plain = 0.0 if columns["score"] else float(number)
        rank = _number(values["rank"], location, Message("rank")) if has_rank else plain
        score = _number(_with_point(values["score"]), location, Message("score")) if columns["score"] else -rank
        yield _ResultRow(location, values["query"], values["passage"], rank, score, values["tag"])


def _of_json(items: Sequence[tuple[Location, Any]], source: Source) -> Iterator[_ResultRow]:
    """Rows of a map query → passage → score, or of objects: a result each, or a query each with its results."""
    value = items[0][1] if len(items) == 1 else None
    if isinstance(value, dict) and _lists_ranked(value):
        for query, ranked in value.items():
            for rank, one in enumerate(ranked, 1):
                doc_id, score = _pair(one)
                location, score = source.item(rank), -rank if score is None else score
                yield _ResultRow(location, query, str(doc_id), rank, _number(str(score), location, Message("score")))
        return
    if isinstance(value, dict) and value and all(_maps_scores(scores) for scores in value.values()):
        pairs = ((query, doc, score) for query, scores in value.items() for doc, score in scores.items())
        for number, (query, doc, score) in enumerate(pairs, 1):
            location = source.item(number)
            yield _ResultRow(location, query, doc, number, _number(str(score), location, Message("score")))
        return
    for location, item in items:
        yield from _of_object(item, location, source.chosen)


def _maps_scores(value: Any) -> bool:
    return isinstance(value, dict) and not any(isinstance(score, dict | list) for score in value.values())


def _lists_ranked(value: Mapping[str, Any]) -> bool:
    """Whether every value is a list of ids, or of pairs of an id and a score, under names that are ids of queries."""
    lists = [ranked for ranked in value.values() if isinstance(ranked, list)]
    named = find_field(value, (*_RESULT_LISTS, *QUERY_NAMES, "matches", "data"))
    if not lists or len(lists) != len(value) or named is not None:
        return False
    return all(_is_ranked(one) for ranked in lists for one in ranked)


def _is_ranked(one: Any) -> bool:
    doc_id, score = _pair(one)
    is_id = isinstance(doc_id, str | int) and not isinstance(doc_id, bool)
    if isinstance(one, dict) and _has_text(one):
        return False
    return is_id and (not isinstance(one, list | dict) or isinstance(score, int | float))


def _has_text(result: Mapping[str, Any]) -> bool:
    """Whether a result carries the passage's text, as answers of engines do."""
    return scalar_named(flat(result), TEXT_NAMES) is not None


def _pair(one: Any) -> tuple[Any, Any]:
    """Id and score of one result: an id, a pair, or an object; None for what is not there."""
    if isinstance(one, dict):
        record = flat(one)
        return scalar_named(record, PASSAGE_NAMES), scalar_named(record, _SCORES)
    if isinstance(one, list):
        return (one[0], one[1]) if len(one) == 2 else (None, None)
    return one, None


def _of_object(item: Any, location: Location, chosen: Fields) -> Iterator[_ResultRow]:
    record = flat(item) if isinstance(item, dict) else {}
    lists = [name for name in item if isinstance(item[name], list)] if isinstance(item, dict) else []
    name = find_field(lists, _RESULT_LISTS)
    query = record.get(chosen.query, scalar_named(record, QUERY_NAMES))
    results = [record] if name is None else [flat(one) if isinstance(one, dict) else {"id": one} for one in item[name]]
    for rank, result in enumerate(results, 1):
        passage = result.get(chosen.id, scalar_named(result, PASSAGE_NAMES))
        score = result.get(chosen.grade, scalar_named(result, _SCORES))
        if query is None or passage is None or (score is None and name is None):
            raise UnknownShapeError(
                Message(
                    "{where} of the run is {shape}. A run needs a map from query ids to passage ids to scores, or "
                    "objects with “query_id”, “doc_id” and “score”.",
                    where=location.start,
                    shape=shape_of(item),
                ),
                record,
            )
        scored = -float(rank) if score is None else _number(str(score), location, Message("score"))
        yield _ResultRow(location, str(query), str(passage), rank, scored)


_RESULT_LISTS = (
    *("candidates", "results", "hits", "docs", "documents", "passages", "ctxs", "contexts", "ranking"),
    *("corpus_ids", "doc_ids", "docids", "passage_ids"),
)


def _is_json_of_run(source: Source) -> bool:
    items = sample_items(source)
    value = items[0] if items else None
    if not isinstance(value, dict) or not value:
        return False
    if len(items) == 1 and all(isinstance(scores, dict) for scores in value.values()):
        scores = [score for inner in value.values() for score in inner.values()]
        return all(isinstance(score, int | float) for score in scores) and _has_fractions(map(finite, scores))
    if len(items) == 1 and _lists_ranked(value):
        return any(isinstance(one, list | dict) for ranked in value.values() for one in ranked)
    ids = [name for name in value if not isinstance(value[name], list | dict)]
    if find_field(value, _RESULT_LISTS[-4:]) is not None and find_field(ids, QUERY_NAMES) is not None:
        return True
    score = scalar_named({name: value[name] for name in ids}, _SCORES)
    is_result = _names_columns(ids) and find_field(ids, (*TEXT_NAMES, *GRADE_NAMES[:4])) is None
    return is_result and (find_field(ids, _RANKS) is not None or (isinstance(score, float) and not score.is_integer()))


# ---- writing -----------------------------------------------------------------------------------------------------


def run_lines(tag: str, rankings: Iterable[tuple[str, Sequence[str], Sequence[float]]]) -> Iterator[str]:
    """The lines of a TREC run file: for each query id its doc_ids, best first, with their scores.

    Scores are written as 32-bit floats, which trec_eval keeps, and each strictly below the one before: a tie, and
    nothing else, is told apart by the smallest possible step. So every reader finds this order again.

    Raises:
        InputError: an id is empty or holds white space, which separates the columns.
    """
    for query_id, doc_ids, scores in rankings:
        for rank, (doc_id, score) in enumerate(zip(doc_ids, strictly_falling(scores), strict=True), 1):
            yield f"{run_word(query_id)} Q0 {run_word(doc_id)} {rank} {score!s} {run_word(tag)}\n"


def strictly_falling(scores: Iterable[float]) -> Iterator[np.float32]:
    """The scores, best first, as finite 32-bit floats: as near as can be, and each strictly below the one before."""
    previous = np.float32(np.inf)
    for score in scores:
        value = np.float32(min(max(score, -_LARGEST), _LARGEST))
        previous = value if value < previous else np.nextafter(previous, np.float32(-np.inf))
        yield previous


def run_word(text: str) -> str:
    """The text, which can stand in a column of a run file.

    Raises:
        InputError: it is empty or holds white space.
    """
    if len(text.split()) == 1 and text == text.strip():
        return text
    raise InputError(
        "The id “{text}” cannot stand in a TREC run file, whose columns are separated by white space. Give "
        "queries and passages ids without any.",
        text=text,
    )


# ---- what may be wrong -------------------------------------------------------------------------------------------


def _is_number(text: str) -> bool:
    try:
        return not math.isnan(float(text))
    except ValueError:
        return False


def _number(text: str, location: Location, name: Message) -> float:
    if _is_number(text):
        return float(text)
    where = location.start
    raise InputError(
        "{where}: the {name} is “{text}”, which is not a number. A run has on each line: query, Q0, passage, "
        "rank, score, tag.",
        where=where,
        name=name,
        text=text,
    )


def _columns(location: Location, count: int) -> InputError:
    where = location.start
    return InputError(
        "{where} has {count} columns. A run has six on each line (query, Q0, passage, rank, score, tag), or "
        "three (query, passage, rank).",
        where=where,
        count=count,
    )


def _contradictions(ordered: Mapping[str, Sequence[_ResultRow]]) -> tuple[Message, ...]:
    """A clause on queries whose ranks say another order than their scores."""
    against = sum(any(a.rank > b.rank for a, b in pairwise(rows)) for rows in ordered.values())
    if not against:
        return ()
    return (
        Message(
            "ranks and scores disagree for {against:,} of {ordered:,} queries; scores decide",
            against=against,
            ordered=len(ordered),
        ),
    )
