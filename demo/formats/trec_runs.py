"""Runs, the rankings that a system made for many queries: TREC's six columns, or MS MARCO's three.

301 Q0 FBIS3-10082 1 12.75 bm25          query, Q0, passage, rank, score, tag
1048585<tab>7187158<tab>1                query, passage, rank
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from demo.errors import InputError
from demo.formats.source import Place, Source
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
    """

    tag: str
    rankings: Mapping[str, tuple[str, ...]]
    scores: Mapping[str, tuple[float, ...]]
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    doc_id: str
    rank: float
    score: float


def read_run(source: Source) -> Run:
    """The run in the file. Scores decide, highest first, as in trec_eval; of equals the rank, then the line.

    trec_eval itself breaks ties by passage id, which no ranking means.

    Raises:
        InputError: a line has another number of columns, a score or rank that is not a number, or repeats a passage
            of its query; or there is no line at all.
    """
    tag = ""
    rows: dict[str, dict[str, _Row]] = {}
    for number, line in enumerate(source.lines, 1):
        cells = line.split()
        if not cells:
            continue
        if len(cells) not in (3, 6):
            raise _columns(source.line(number), len(cells))
        query_id, doc_id, rank_text = (cells[0], cells[1], cells[2]) if len(cells) == 3 else (cells[0], *cells[2:4])
        rank = _number(rank_text, source.line(number), Message("rank"))
        score = _number(cells[4], source.line(number), Message("score")) if len(cells) == 6 else -rank
        tag = tag or (cells[5] if len(cells) == 6 else "")
        of_query = rows.setdefault(query_id, {})
        if doc_id in of_query:
            raise _repeated(source, number, of_query[doc_id].number, query_id, doc_id)
        of_query[doc_id] = _Row(number, doc_id, rank, score)
    if not rows:
        raise InputError(
            Message(
                "{file} holds no results. A run has on each line: query, Q0, passage, rank, score, tag.",
                file=source.file,
            )
        )
    ordered = {
        query: sorted(found.values(), key=lambda row: (-row.score, row.rank, row.number))
        for query, found in rows.items()
    }
    return Run(
        tag,
        {query: tuple(row.doc_id for row in found) for query, found in ordered.items()},
        {query: tuple(row.score for row in found) for query, found in ordered.items()},
        _contradictions(ordered),
    )


def looks_like_run(source: Source) -> bool:
    """Whether the first line that holds something has TREC's six columns with numbers in their places."""
    cells = next((line.split() for line in source.lines if line.strip()), [])
    return len(cells) == 6 and all(map(_is_number, cells[3:5]))


def run_lines(tag: str, rankings: Iterable[tuple[str, Sequence[str], Sequence[float]]]) -> Iterator[str]:
    """The lines of a TREC run file: for each query id its doc_ids, best first, with their scores.

    Scores are written as 32-bit floats, which trec_eval keeps, and each strictly below the one before: a tie, and
    nothing else, is told apart by the smallest possible step. So every reader finds this order again.

    Raises:
        InputError: an id is empty or holds white space, which separates the columns.
    """
    for query_id, doc_ids, scores in rankings:
        previous = np.float32(np.inf)
        for rank, (doc_id, score) in enumerate(zip(doc_ids, scores, strict=True), 1):
            value = np.float32(min(max(score, -_LARGEST), _LARGEST))
            previous = min(value, np.nextafter(previous, np.float32(-np.inf)))
            yield f"{_word(query_id)} Q0 {_word(doc_id)} {rank} {previous!s} {_word(tag)}\n"


def _word(text: str) -> str:
    if len(text.split()) == 1 and text == text.strip():
        return text
    raise InputError(
        Message(
            "The id “{text}” cannot stand in a TREC run file, whose columns are separated by white space. Give "
            "queries and passages ids without any.",
            text=text,
        )
    )


# ---- what may be wrong -------------------------------------------------------------------------------------------


def _is_number(text: str) -> bool:
    try:
        return not math.isnan(float(text))
    except ValueError:
        return False


def _number(text: str, place: Place, name: Message) -> float:
    if _is_number(text):
        return float(text)
    where = place.start
    raise InputError(
        Message(
            "{where}: the {name} is “{text}”, which is not a number. A run has on each line: query, Q0, passage, "
            "rank, score, tag.",
            where=where,
            name=name,
            text=text,
        )
    )


def _columns(place: Place, count: int) -> InputError:
    where = place.start
    return InputError(
        Message(
            "{where} has {count} columns. A run has six on each line (query, Q0, passage, rank, score, tag), or "
            "three (query, passage, rank).",
            where=where,
            count=count,
        )
    )


def _repeated(source: Source, number: int, earlier: int, query_id: str, doc_id: str) -> InputError:
    where, other = source.line(number).start, source.line(earlier).text
    return InputError(
        Message(
            "{where} ranks passage “{doc_id}” for query “{query_id}” again, after {other}. Keep one of the two.",
            where=where,
            doc_id=doc_id,
            query_id=query_id,
            other=other,
        )
    )


def _contradictions(ordered: Mapping[str, Sequence[_Row]]) -> tuple[Message, ...]:
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
