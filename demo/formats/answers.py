"""Sets to rerank rather than search: each row is a query and one of its candidates, perhaps with a label.

QuestionID  Question  DocumentTitle  SentenceID  Sentence  Label      a header names the columns (WikiQA)
question  answer  1                                                   three columns without a header (TREC QA)
query id  passage id  query  passage                                  four columns without one (MS MARCO's top 1000)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from demo.errors import InputError
from demo.formats.fields import ID_NAMES, TEXT_NAMES, find_field
from demo.formats.json_text import read_grade
from demo.formats.source import Entry, Found, Judgment, Place, Source
from demo.messages import Message
from demo.records import Query

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "query_id": ("questionid", "question_id", "queryid", "query_id", "qid"),
    "query": ("question", "query", "question_text", "query_text", "问题", "查询"),
    "doc_id": ("sentenceid", "sentence_id", "answerid", "answer_id", "aid", *ID_NAMES),
    "title": ("documenttitle", "document_title", "title", "标题"),
    "text": ("sentence", "answer", "answer_text", "candidate", *TEXT_NAMES, "答案"),
    "label": ("label", "relevance", "relevant", "grade", "score", "标注"),
}
_BY_WIDTH = {3: ("query", "text", "label"), 4: ("query_id", "doc_id", "query", "text")}
_SAMPLE_LINES = 20


@dataclass(frozen=True, eq=False)
class AnswerSet:
    """A set to rerank.

    Attributes:
        found: its passages, queries and judgments; a passage that several queries share is there once.
        candidates: query_id → doc_ids in the order of the rows.
    """

    found: Found
    candidates: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Row:
    """A row's cells by what they are, and where it stands."""

    place: Place
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


def read_answers(source: Source) -> AnswerSet:
    """The set in the file. Queries and passages without ids are numbered q1, a1 and so on, equal texts once.

    Rows without a label are candidates that nobody judged.

    Raises:
        InputError: a row has too few or too many cells or lacks query or passage, a label is not a whole number, an id
            stands for two texts, or a pair is judged again with another grade; the sentence names the line.
    """
    queries: dict[str, tuple[_Row, Query]] = {}
    entries: dict[str, Entry] = {}
    grades: dict[tuple[str, str], Judgment] = {}
    candidates: dict[str, dict[str, None]] = {}
    query_names, entry_names = _Names("q"), _Names("a")
    for row in _rows(source):
        query_id = row["query_id"] or query_names.of(row["query"])
        doc_id = row["doc_id"] or entry_names.of(f"{row['title']}\t{row['text']}")
        _, query = queries.setdefault(query_id, (row, Query(query_id, row["query"])))
        entry = entries.setdefault(doc_id, Entry(row.place, row["text"], row["title"], doc_id))
        if query.text != row["query"]:
            raise _two_texts(row.place, queries[query_id][0].place, query_id)
        if (entry.title, entry.text) != (row["title"], row["text"]):
            raise _two_texts(row.place, entry.place, doc_id)
        candidates.setdefault(query_id, {})[doc_id] = None
        if row["label"]:
            judgment = Judgment(row.place, query_id, doc_id, read_grade(row["label"], row.place))
            earlier = grades.setdefault((query_id, doc_id), judgment)
            if earlier.grade != judgment.grade:
                raise _two_labels(judgment, earlier)
    found = Found(
        tuple(entries.values()),
        queries=tuple(query for _, query in queries.values()),
        judgments=tuple(grades.values()),
    )
    return AnswerSet(found, {query_id: tuple(doc_ids) for query_id, doc_ids in candidates.items()})


def looks_like_answers(source: Source) -> bool:
    """Whether a header names query and passage, or the first lines have three or four columns with texts in place."""
    rows = [line.split("\t") for line in islice(filter(str.strip, source.lines), _SAMPLE_LINES)]
    if not rows:
        return False
    if _columns_of(rows[0]):
        return True
    if all(len(cells) == 3 for cells in rows):
        return all(_is_whole(cells[2]) for cells in rows) and any(" " in cells[0].strip() for cells in rows)
    return all(len(cells) == 4 for cells in rows) and all(
        " " not in cells[0] + cells[1] and " " in cells[3].strip() for cells in rows
    )


class _Names:
    """A name for each different text, in order of first occurrence: q1, q2…"""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._known: dict[str, str] = {}

    def of(self, text: str) -> str:
        """The text's name, always the same."""
        return self._known.setdefault(text, f"{self._prefix}{len(self._known) + 1}")


# ---- rows --------------------------------------------------------------------------------------------------------


def _columns_of(header: Sequence[str]) -> dict[str, int]:
    """Where each known column is; empty unless it is a header with a query and a passage."""
    names = [cell.strip() for cell in header]
    found = {column: find_field(names, known) for column, known in _COLUMNS.items()}
    if found["query"] is None or found["text"] is None:
        return {}
    return {column: names.index(name) for column, name in found.items() if name is not None}


def _rows(source: Source) -> Iterator[_Row]:
    columns: dict[str, int] = {}
    width = 0
    for number, line in enumerate(source.lines, 1):
        cells = [cell.strip() for cell in line.split("\t")]
        if not any(cells):
            continue
        if not width:
            columns, width = _columns_of(cells), len(cells)
            if columns:
                continue
            columns = {column: index for index, column in enumerate(_BY_WIDTH.get(width, ()))}
        if len(cells) != width or not columns:
            raise _wrong_width(source.line(number), len(cells), width)
        row = _Row(source.line(number), {column: cells[index] for column, index in columns.items()})
        if not row["query"] or not row["text"]:
            raise _lacking(row)
        yield row


def _is_whole(cell: str) -> bool:
    return cell.strip().removeprefix("-").isdecimal()


# ---- what may be wrong -------------------------------------------------------------------------------------------


def _wrong_width(place: Place, cells: int, width: int) -> InputError:
    where = place.start
    needs = Message("{width}", width=width) if width in _BY_WIDTH else Message("3 or 4")
    return InputError(
        Message(
            "{where} has {cells} cells, where {needs} are expected. A set to rerank needs a header, or question, "
            "answer and label, separated by tabs.",
            where=where,
            cells=cells,
            needs=needs,
        )
    )


def _lacking(row: _Row) -> InputError:
    where = row.place.start
    if row["query"]:
        return InputError(Message("{where} has no passage. Each row needs a query and a passage.", where=where))
    return InputError(Message("{where} has no query. Each row needs a query and a passage.", where=where))


def _two_texts(place: Place, earlier: Place, name: str) -> InputError:
    where, other = place.start, earlier.text
    return InputError(
        Message(
            "{where} has the id “{name}” of {other}, but another text. Give every text an id of its own.",
            where=where,
            name=name,
            other=other,
        )
    )


def _two_labels(judgment: Judgment, earlier: Judgment) -> InputError:
    where, other = judgment.place.start, earlier.place.text
    return InputError(
        Message(
            "{where} labels its pair {grade}, but {other} labels the same pair {grade_2}. Keep one of the two.",
            where=where,
            grade=judgment.grade,
            other=other,
            grade_2=earlier.grade,
        )
    )
