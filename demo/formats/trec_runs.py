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
from demo.language import Text

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
    notes: tuple[Text, ...] = ()


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
        rank = _number(rank_text, source.line(number), Text("rank", "名次"))
        score = _number(cells[4], source.line(number), Text("score", "得分")) if len(cells) == 6 else -rank
        tag = tag or (cells[5] if len(cells) == 6 else "")
        of_query = rows.setdefault(query_id, {})
        if doc_id in of_query:
            raise _repeated(source, number, of_query[doc_id].number, query_id, doc_id)
        of_query[doc_id] = _Row(number, doc_id, rank, score)
    if not rows:
        raise InputError(
            f"{source.file} holds no results. A run has on each line: query, Q0, passage, rank, score, tag.",
            f"{source.file} 中没有结果。运行文件每行应为：查询、Q0、段落、名次、得分、标签。",
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
        f"The id “{text}” cannot stand in a TREC run file, whose columns are separated by white space. Give queries "
        "and passages ids without any.",
        f"id“{text}”无法写入 TREC 运行文件，因为其各列以空白分隔。请让查询和段落的 id 不含空白。",
    )


# ---- what may be wrong -------------------------------------------------------------------------------------------


def _is_number(text: str) -> bool:
    try:
        return not math.isnan(float(text))
    except ValueError:
        return False


def _number(text: str, place: Place, name: Text) -> float:
    if _is_number(text):
        return float(text)
    where = place.start
    raise InputError(
        f"{where.en}: the {name.en} is “{text}”, which is not a number. A run has on each line: query, Q0, passage, "
        "rank, score, tag.",
        f"{where.zh}：{name.zh}为“{text}”，不是数字。运行文件每行应为：查询、Q0、段落、名次、得分、标签。",
    )


def _columns(place: Place, count: int) -> InputError:
    where = place.start
    return InputError(
        f"{where.en} has {count} columns. A run has six on each line (query, Q0, passage, rank, score, tag), or three "
        "(query, passage, rank).",
        f"{where.zh}有 {count} 列。运行文件每行应有六列（查询、Q0、段落、名次、得分、标签）"
        "或三列（查询、段落、名次）。",
    )


def _repeated(source: Source, number: int, earlier: int, query_id: str, doc_id: str) -> InputError:
    where, other = source.line(number).start, source.line(earlier).text
    return InputError(
        f"{where.en} ranks passage “{doc_id}” for query “{query_id}” again, after {other.en}. Keep one of the two.",
        f"{where.zh}再次为查询“{query_id}”列出段落“{doc_id}”，此前见{other.zh}。请只保留其一。",
    )


def _contradictions(ordered: Mapping[str, Sequence[_Row]]) -> tuple[Text, ...]:
    """A clause on queries whose ranks say another order than their scores."""
    against = sum(any(a.rank > b.rank for a, b in pairwise(rows)) for rows in ordered.values())
    if not against:
        return ()
    return (
        Text(
            f"ranks and scores disagree for {against:,} of {len(ordered):,} queries; scores decide",
            f"{len(ordered):,} 个查询中有 {against:,} 个的名次与得分不一致；以得分为准",
        ),
    )
