"""Sets to rerank rather than search: queries with their candidates, perhaps with labels.

QuestionID  Question  DocumentTitle  SentenceID  Sentence  Label      a table whose header names the columns (WikiQA)
question  answer  1                                                   three columns without a header (TREC QA)
query  passage  passage                                               triples: a good and a bad one (MS MARCO)
query id  passage id  query  passage                                  four columns without one (MS MARCO's top 1000)
{"query": "..", "positive": [".."], "negative": [".."]}               an object a query (MTEB, FlagEmbedding, DPR)
{"query": "..", "passages": [{"text": "..", "is_selected": 1}]}       marks on each passage (MS MARCO, retrievers)
{"question": "..", "context": [["title", ["..", ".."]]]}              titles with their sentences (HotpotQA)
{"query": "..", "document": "..", "label": 1}                         an object a pair
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from demo.errors import InputError
from demo.formats.fields import (
    GRADE,
    ID,
    PASSAGE_ID_NAMES,
    QUERY,
    QUERY_ID,
    TEXT,
    TEXT_NAMES,
    TITLE,
    TITLE_NAMES,
    as_text,
    find_field,
    flat,
    normal_name,
    other_fields,
    scalar_named,
)
from demo.formats.grades import is_whole, read_grade
from demo.formats.json_lists import JUDGMENT_NAMES
from demo.formats.json_values import json_items, sample_items
from demo.formats.source import ITEM, Column, Entry, Fields, Found, JudgmentRow, Location, Source
from demo.formats.tables import Table, table_with
from demo.messages import Message, listed
from demo.records import Query

_QUERY_NAMES = (
    *("question", "query", "question_text", "query_text", "query_txt", "anchor", "claim", "问题", "查询"),
    *("search_query", "user_input"),
)
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "query_id": ("questionid", "question_id", "queryid", "query_id", "qid"),
    "query": _QUERY_NAMES,
    "doc_id": ("sentenceid", "sentence_id", "answerid", "answer_id", "aid", *PASSAGE_ID_NAMES),
    "title": ("documenttitle", "document_title", *TITLE_NAMES),
    "text": ("context", "sentence", "answer", "answer_text", "candidate", *TEXT_NAMES, "答案"),
    "label": ("label", "relevance", "relevant", "grade", "rating", "score", "is_relevant", "标注"),
}
_BY_WIDTH = {3: ("query", "text", "label"), 4: ("query_id", "doc_id", "query", "text")}
_SAMPLE_LINES = 20

_POSITIVES = (
    *("positive", "pos", "positives", "positive_passages", "positive_ctxs", "positive_docs", "positive_documents"),
    *("pos_passages", "relevant", "relevant_docs"),
)
_NEGATIVES = (
    *("negative", "neg", "negatives", "negative_passages", "negative_ctxs", "hard_negative_ctxs", "hard_negatives"),
    *("negative_docs", "negative_documents", "neg_passages", "irrelevant", "irrelevant_docs", "hard_negative"),
)
_MARKED = (
    *("passages", "candidates", "ctxs", "documents", "docs", "hits", "results", "contexts", "retrieved_docs"),
    *("retrieved_contexts", "context", "paragraphs"),
)
_OF_QUESTIONS = ("ctxs", "contexts", "retrieved_contexts", "context", "paragraphs")
"""Names that only sets have: one object with another list may be the request or the answer of a service."""
_MARKS = (
    *("is_selected", "label", "relevance", "grade", "is_relevant", "has_answer", "rel", "rating", "relevant"),
    "is_supporting",
)
_NUMBERED = re.compile(r"(positive|pos|negative|neg)_?\d{1,4}")


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
class _AnswerRow:
    """A query and a candidate of it; `label` is None where nobody judged the pair.

    Attributes:
        asked: what else was said of the query; fields: of the passage; beside: of one of them, or of the pair.
    """

    location: Location
    query: str
    text: str
    query_id: str = ""
    doc_id: str = ""
    title: str = ""
    label: Any = None
    asked: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)


def read_answers(source: Source) -> AnswerSet:
    """The set in the file. Queries and passages without ids are numbered q1, a1 and so on, equal texts once.

    Rows without a label are candidates that nobody judged. A passage that an object lists as good and bad is good.

    Raises:
        InputError: a row has too few or too many cells or lacks query or passage, a label is not a whole number, an id
            stands for two texts, or a pair is judged again with another grade; the sentence names the line.
    """
    queries: dict[str, tuple[_AnswerRow, Query]] = {}
    entries: dict[str, Entry] = {}
    grades: dict[tuple[str, str], JudgmentRow] = {}
    candidates: dict[str, dict[str, None]] = {}
    query_names, entry_names = _Names("q"), _Names("a")
    rows, columns, notes, names = _rows(source)
    sides = _Sides()
    for row in rows:
        query_id = row.query_id or query_names.of(row.query)
        doc_id = row.doc_id or entry_names.of(f"{row.title}\t{row.text}")
        _, query = queries.setdefault(query_id, (row, Query(query_id, row.query, row.asked)))
        entry = entries.setdefault(doc_id, Entry(row.location, row.text, row.title, doc_id, fields=row.fields))
        sides.add(query_id, doc_id, row.beside)
        if query.text != row.query:
            raise _two_texts(row.location, queries[query_id][0].location, query_id)
        if (entry.title, entry.text) != (row.title, row.text):
            raise _two_texts(row.location, entry.location, doc_id)
        candidates.setdefault(query_id, {})[doc_id] = None
        if row.label not in ("", None):
            judgment = JudgmentRow(row.location, query_id, doc_id, read_grade(row.label, row.location))
            earlier = grades.setdefault((query_id, doc_id), judgment)
            if earlier.grade != judgment.grade:
                raise _two_labels(judgment, earlier)
    asked, told = sides.of_queries(), sides.of_passages()
    found = Found(
        tuple(replace(one, fields={**one.fields, **told.get(doc_id, {})}) for doc_id, one in entries.items()),
        queries=tuple(replace(one, fields={**one.fields, **asked.get(name, {})}) for name, (_, one) in queries.items()),
        judgments=tuple(grades.values()),
        notes=(*notes, *sides.notes()),
        columns=columns,
        names=names,
    )
    return AnswerSet(found, {query_id: tuple(doc_ids) for query_id, doc_ids in candidates.items()})


class _Sides:
    """Tells the columns that speak of queries from those that speak of passages, by where their values stay the same.

    A column that changes for a query and for a passage speaks of pairs, and is named rather than kept.
    """

    def __init__(self) -> None:
        self._names: dict[str, None] = {}
        self._queries: dict[str, dict[str, str]] = {}
        self._passages: dict[str, dict[str, str]] = {}
        self._by_query: set[str] = set()
        self._by_passage: set[str] = set()

    def add(self, query_id: str, doc_id: str, values: Mapping[str, str]) -> None:
        """What one row says beside its query and its passage."""
        self._names |= dict.fromkeys(values)
        for known, key, changing in (
            (self._queries, query_id, self._by_query),
            (self._passages, doc_id, self._by_passage),
        ):
            first = known.setdefault(key, dict(values))
            changing |= {name for name in {**first, **values} if first.get(name) != values.get(name)}

    def of_queries(self) -> dict[str, dict[str, str]]:
        """query_id → its fields."""
        return {key: _without(values, self._by_query) for key, values in self._queries.items()}

    def of_passages(self) -> dict[str, dict[str, str]]:
        """doc_id → its fields."""
        return {key: _without(values, self._by_passage) for key, values in self._passages.items()}

    def notes(self) -> tuple[Message, ...]:
        """Which columns are kept nowhere."""
        lost = [name for name in self._names if name in self._by_query & self._by_passage]
        return (Message("columns that speak of pairs, not kept: {names}", names=listed(lost)),) if lost else ()


def _without(values: Mapping[str, str], names: set[str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name not in names}


def read_answers_as_passages(source: Source) -> Found:
    """The passages of the set, with its queries and judgments."""
    return read_answers(source).found


def looks_like_answers(source: Source) -> bool:
    """Whether objects or a header name query and passage, or the first lines have columns with texts in place."""
    if source.text[:1000].lstrip().startswith(("{", "[")):
        return _are_objects_of_a_set(sample_items(source))
    if table_with(source, lambda names: _is_header(names) or bool(_columns_of(names, source.chosen))) is not None:
        return True
    rows = [line.split("\t") for line in source.rows[:_SAMPLE_LINES]]
    widths = {len(cells) for cells in rows}
    if widths == {3}:
        return _are_triples(rows) or (all(is_whole(c[2]) for c in rows) and any(" " in c[0].strip() for c in rows))
    return widths == {4} and all(" " not in c[0] + c[1] and " " in c[3].strip() for c in rows)


class _Names:
    """A name for each different text, in order of first occurrence: q1, q2…"""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._known: dict[str, str] = {}

    def of(self, text: str) -> str:
        """The text's name, always the same."""
        return self._known.setdefault(text, f"{self._prefix}{len(self._known) + 1}")


def _rows(source: Source) -> tuple[Iterator[_AnswerRow], tuple[Column, ...], tuple[Message, ...], tuple[str, ...]]:
    """The rows, what columns were taken for, what is to be said, and the names to choose from."""
    if (items := json_items(source)) is not None and (articles := _articles(items)):
        return (row for location, article in articles for row in _of_article(article, location)), (), (), ()
    if items is not None:
        lacking = sum(_has_groups(item) and not _candidates(item) for _, item in items)
        notes = (Message("queries without passages left out: {lacking:,}", lacking=lacking),) if lacking else ()
        return (row for location, item in items for row in _of_object(item, location)), (), notes, ()
    table = table_with(source, lambda names: _is_header(names) or bool(_columns_of(names, source.chosen)))
    if table is None:
        return _of_lines(source), (), (), ()
    columns = _columns_of(table.names, source.chosen)
    named = tuple(Column(name, _ROLES[role]) for role, name in columns.items())
    return _of_table(table, columns, source), named, (), tuple(filter(None, table.names))


_ROLES = {"query_id": QUERY_ID, "query": QUERY, "doc_id": ID, "title": TITLE, "text": TEXT, "label": GRADE}


# ---- articles with questions (SQuAD) ----------------------------------------------------------------------------


def _articles(items: Sequence[tuple[Location, Any]]) -> list[tuple[Location, Mapping[str, Any]]]:
    """The articles of a set of questions on their paragraphs, alone or under “data”; empty if it is none."""
    if len(items) == 1 and isinstance(items[0][1], dict) and isinstance(items[0][1].get("data"), list):
        items = [(items[0][0]._replace(number=n), one) for n, one in enumerate(items[0][1]["data"], 1)]
    if not items or not all(_is_article(item) for _, item in items):
        return []
    return list(items)


def _is_article(item: Any) -> bool:
    paragraphs = item.get("paragraphs") if isinstance(item, dict) else None
    return isinstance(paragraphs, list) and all(
        isinstance(one, dict) and isinstance(one.get("context"), str) and _are_objects(one.get("qas"))
        for one in paragraphs
    )


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _of_article(article: Mapping[str, Any], location: Location) -> Iterator[_AnswerRow]:
    """Each question with its own paragraph as the good passage; the title is the article's."""
    title = as_text(article.get("title"), location, "title").strip()
    for paragraph in article["paragraphs"]:
        for asked in paragraph["qas"]:
            question, query_id = (as_text(asked.get(name), location, name).strip() for name in ("question", "id"))
            yield _checked(_AnswerRow(location, question, paragraph["context"].strip(), query_id, title=title, label=1))


# ---- tables ------------------------------------------------------------------------------------------------------


def _columns_of(names: Sequence[str], chosen: Fields) -> dict[str, str]:
    """The column of each kind; empty unless there are a query and a passage."""
    found = {column: find_field(names, known) for column, known in _COLUMNS.items()}
    chosen = chosen.among(names)
    found |= {"query": chosen.query or found["query"], "text": chosen.text or found["text"]}
    found |= {"label": chosen.grade or found["label"], "doc_id": chosen.id or found["doc_id"]}
    found |= {"title": chosen.title or found["title"]}
    if found["query"] is None or found["text"] is None or found["query"] == found["text"]:
        return {}
    return {column: name for column, name in found.items() if name is not None}


def _is_header(names: Sequence[str]) -> bool:
    return bool(_columns_of(names, Fields())) or _is_triple_header(names)


def _is_triple_header(names: Sequence[str]) -> bool:
    return find_field(names, _QUERY_NAMES) is not None and find_field(names, _POSITIVES) is not None


def _of_table(table: Table, columns: Mapping[str, str], source: Source) -> Iterator[_AnswerRow]:
    for number, cells, _ in table.rows:
        location = source.row(number)
        values = {name: cell.strip() for name, cell in zip(table.names, cells, strict=False)}
        if not columns:
            yield from _of_object(
                {name: _listed_cell(cell, location) for name, cell in values.items() if cell}, location
            )
            continue
        read: dict[str, Any] = {column: values.get(name, "") for column, name in columns.items()}
        beside = other_fields({name: value for name, value in values.items() if name}, set(columns.values()))
        yield _checked(_AnswerRow(location, **read, beside=beside))


def _listed_cell(cell: str, location: Location) -> Any:
    """The texts of a cell that holds a list as JSON or Python writes it, which pandas does; any other cell as it is.

    Raises:
        InputError: it is a list without commas, as numpy writes it, whose texts cannot be told apart for certain.
    """
    if not cell.startswith(("['", '["')) or not cell.endswith(("']", '"]')):
        return cell
    if WITHOUT_COMMA.search(cell):
        raise InputError(
            "{where} holds a list without commas between its texts, as numpy writes it. Save such columns as lists in "
            "JSON lines.",
            where=location.start,
        )
    try:
        texts = ast.literal_eval(cell)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return cell
    return texts if isinstance(texts, list) and all(isinstance(text, str) for text in texts) else cell


WITHOUT_COMMA = re.compile(r"""(?<![\\,\[ ])['"][ \t\n]{1,4}['"](?![,\]])""")
"""Between two texts of a list as numpy shows it."""


def _of_lines(source: Source) -> Iterator[_AnswerRow]:
    width = 0
    triples = _are_triples([line.split("\t") for line in source.rows[:_SAMPLE_LINES]])
    for number, line in enumerate(source.lines, 1):
        cells = [cell.strip() for cell in line.split("\t")]
        if not any(cells):
            continue
        width = width or len(cells)
        location = source.line(number)
        if len(cells) != width or width not in _BY_WIDTH:
            raise _wrong_width(location, len(cells), width)
        if triples:
            yield _checked(_AnswerRow(location, cells[0], cells[1], label=1))
            yield _checked(_AnswerRow(location, cells[0], cells[2], label=0))
        else:
            read: dict[str, Any] = dict(zip(_BY_WIDTH[width], cells, strict=True))
            yield _checked(_AnswerRow(location, **read))


def _are_triples(rows: Sequence[Sequence[str]]) -> bool:
    """Whether each line has a query and two passages."""
    return bool(rows) and all(len(row) == 3 and all(len(cell.split()) > 2 for cell in row[1:]) for row in rows)


def _checked(row: _AnswerRow) -> _AnswerRow:
    """The row.

    Raises:
        InputError: it lacks query or passage.
    """
    if row.query and row.text:
        return row
    if row.query:
        raise InputError("{where} has no passage. Each row needs a query and a passage.", where=row.location.start)
    raise InputError("{where} has no query. Each row needs a query and a passage.", where=row.location.start)


# ---- objects -----------------------------------------------------------------------------------------------------


def _are_objects_of_a_set(items: Sequence[Any]) -> bool:
    """Whether the objects have a query each, and passages by kind, with marks, or one passage each."""
    if not items or not all(isinstance(item, dict) for item in items):
        return False
    if _articles([(Location("", ITEM, 1), item) for item in items]):
        return True
    if any(find_field(item, ("queries", *JUDGMENT_NAMES)) is not None for item in items[:1]):
        return False
    if not all(_query_of(item)[1] for item in items):
        return False
    if all(map(_has_groups, items)) and any(map(_grouped, items)):
        return True
    listed = [_listed(item) for item in items]
    marked = any(isinstance(one, dict) and _mark(flat(one)) is not None for found in listed for one in found)
    several = any(listed) and (len(items) > 1 or find_field(items[0], _OF_QUESTIONS) is not None)
    pairs = all(_passage_beside(item) for item in items)
    return marked or several or pairs


def _query_of(item: Mapping[str, Any]) -> tuple[str, str]:
    """Id and text of an object's query; both may be ""."""
    held = {name: value for name, value in item.items() if normal_name(name) in _QUERY_NAMES or not _is_many(value)}
    record = flat(held)
    nested = find_field(item, _QUERY_NAMES)
    if nested is not None and isinstance(item[nested], dict):
        inner = flat(item[nested])
        text = scalar_named(inner, ("text", *_QUERY_NAMES, "title"))
        query_id = scalar_named(inner, ("qid", "query_id", "id", "_id"))
    else:
        text = scalar_named({k: v for k, v in record.items() if isinstance(v, str)}, _QUERY_NAMES)
        query_id = scalar_named(record, _COLUMNS["query_id"])
    return "" if query_id is None else str(query_id), text.strip() if isinstance(text, str) else ""


def _is_many(value: Any) -> bool:
    return isinstance(value, list | dict)


def _kind_grade(name: str) -> int | None:
    """The grade of the passages under a field: 1 for positive ones, 0 for negative ones, None if it holds neither."""
    normal = normal_name(name)
    numbered = _NUMBERED.fullmatch(normal)
    kind = numbered[1] if numbered else normal
    return 1 if kind in _POSITIVES else 0 if kind in _NEGATIVES else None


def _has_groups(item: Any) -> bool:
    """Whether an object has fields for positive or negative passages, empty or not."""
    return isinstance(item, dict) and any(_kind_grade(name) is not None for name in item)


def _candidates(item: Mapping[str, Any]) -> list[tuple[int | None, Any]]:
    """The passages of an object, with their grades where their field gives one."""
    return [*_grouped(item), *((None, one) for one in _listed(item))]


def _grouped(item: Mapping[str, Any]) -> list[tuple[int, Any]]:
    """The passages of an object by kind."""
    found: list[tuple[int, Any]] = []
    for name, value in item.items():
        grade = _kind_grade(name)
        if grade is not None:
            found += [(grade, one) for one in (value if isinstance(value, list) else [value]) if one]
    return found


def _listed(item: Mapping[str, Any]) -> list[Any]:
    """The passages of an object in one list, or in columns."""
    name = find_field([name for name in item if isinstance(item[name], list | dict)], _MARKED)
    if name is None:
        return []
    value = item[name]
    if titled := _titled(value, item.get("supporting_facts")):
        return titled
    if isinstance(value, list):
        labels = _labels(item)
        if len(labels) == len(value) and all(isinstance(one, str) for one in value):
            return [{"text": text, "label": label} for text, label in zip(value, labels, strict=True)]
        return value
    columns = {key: cells for key, cells in value.items() if isinstance(cells, list)}
    size = min(map(len, columns.values()), default=0)
    return [{key: cells[at] for key, cells in columns.items()} for at in range(size)]


def _labels(item: Mapping[str, Any]) -> list[Any]:
    """The labels of the passages where an object lists them beside, else nothing."""
    labels = item.get(find_field(item, ("labels", "relevances", "grades")) or "", [])
    return labels if isinstance(labels, list) else []


def _titled(value: Any, facts: Any) -> list[Any]:
    """Passages of titles with their sentences, in pairs or in two columns; those of the supporting facts are marked."""
    pairs = list(zip(value.get("title", ()), value.get("sentences", ()), strict=False)) if _is_columns(value) else value
    if not isinstance(pairs, list) or not pairs or not all(map(_is_titled, pairs)):
        return []
    named = _fact_titles(facts)
    marked = {} if facts is None else {"label": 0}
    marks = [{"label": 1} if title in named else marked for title, _ in pairs]
    return [
        {"title": title, "text": " ".join(map(str.strip, sentences)), **mark}
        for (title, sentences), mark in zip(pairs, marks, strict=True)
    ]


def _fact_titles(facts: Any) -> list[Any]:
    """Titles of the supporting facts, which stand in pairs with a number or in a column; none of anything else."""
    if isinstance(facts, dict):
        facts = [[title] for title in facts["title"]] if isinstance(facts.get("title"), list) else []
    return [fact[0] for fact in facts if isinstance(fact, list) and fact] if isinstance(facts, list) else []


def _is_columns(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(name), list) for name in ("title", "sentences"))


def _is_titled(pair: Any) -> bool:
    """Whether it is a title with a list of sentences."""
    if not isinstance(pair, list | tuple) or len(pair) != 2 or not isinstance(pair[0], str):
        return False
    return isinstance(pair[1], list) and bool(pair[1]) and all(isinstance(one, str) for one in pair[1])


def _mark(record: Mapping[str, Any]) -> Any:
    """The label of a passage's record; None if nobody judged it."""
    value = scalar_named(record, _MARKS)
    return int(value) if isinstance(value, bool) else value


def _passage_beside(item: Mapping[str, Any]) -> str:
    """The text of the one passage that stands beside the query."""
    if any(normal_name(name) in _MARKED for name, value in item.items() if isinstance(value, list)):
        return ""
    record = flat({name: value for name, value in item.items() if normal_name(name) not in _QUERY_NAMES})
    texts = {name: value for name, value in record.items() if isinstance(value, str) and value.strip()}
    found = scalar_named(texts, _COLUMNS["text"])
    return str(found).strip() if found is not None else ""


def _of_object(item: Any, location: Location) -> Iterator[_AnswerRow]:
    if not isinstance(item, dict):
        raise InputError("{where} of the set is no object. Each needs a query and its passages.", where=location.start)
    query_id, query = _query_of(item)
    passages = _candidates(item)
    labels = len(_labels(item))
    if labels and labels != len(passages):
        raise InputError(
            "{where} has {labels} labels for {passages} passages. Each passage needs one.",
            where=location.start,
            labels=labels,
            passages=len(passages),
        )
    beside = _beside(item)
    is_pair = not passages and not _has_groups(item)
    if not passages and not _has_groups(item):
        label = scalar_named(flat(item), _COLUMNS["label"])
        passages = [(None, {**item, "text": _passage_beside(item), "label": label})]
    given: dict[tuple[str, str], Any] = {}
    for grade, passage in passages:
        row = _passage_row(location, query_id, query, passage, grade)
        row = replace(row, beside=beside, fields={}) if is_pair else replace(row, asked=beside)
        if given.setdefault((row.title, row.text), row.label) == row.label:
            yield _checked(row)


_TAKEN = frozenset(name for names in _COLUMNS.values() for name in names) | {"text", *_MARKS}


def _beside(item: Mapping[str, Any]) -> dict[str, str]:
    """What else an object says in words and numbers, besides query, passages and labels."""
    plain = {name: value for name, value in item.items() if not _is_many(value)}
    return other_fields(plain, {name for name in plain if normal_name(name) in _TAKEN or _kind_grade(name) is not None})


def _passage_row(location: Location, query_id: str, query: str, passage: Any, grade: int | None) -> _AnswerRow:
    if isinstance(passage, str):
        return _AnswerRow(location, query, passage.strip(), query_id, label=grade)
    record = flat(passage) if isinstance(passage, dict) else {}
    texts = {name: value for name, value in record.items() if isinstance(value, str)}
    text = scalar_named(texts, ("text", *_COLUMNS["text"]))
    title = scalar_named({k: v for k, v in texts.items() if v != text}, _COLUMNS["title"]) or ""
    doc_id = as_text(scalar_named(record, _COLUMNS["doc_id"]), location, "id").strip()
    label = grade if grade is not None else _mark(record)
    fields = other_fields(record, {name for name in record if normal_name(name.rsplit(".", 1)[-1]) in _TAKEN})
    heading = title.strip() if text else ""
    return _AnswerRow(location, query, (text or title).strip(), query_id, doc_id, heading, label, fields=fields)


# ---- what may be wrong -------------------------------------------------------------------------------------------


def _wrong_width(location: Location, cells: int, width: int) -> InputError:
    where = location.start
    needs = Message("{width}", width=width) if width in _BY_WIDTH else Message("3 or 4")
    return InputError(
        "{where} has {cells} cells, where {needs} are expected. A set to rerank needs a header, or question, "
        "answer and label, separated by tabs.",
        where=where,
        cells=cells,
        needs=needs,
    )


def _two_texts(location: Location, earlier: Location, name: str) -> InputError:
    where, other = location.start, earlier.text
    return InputError(
        "{where} has the id “{name}” of {other}, but another text. Give every text an id of its own.",
        where=where,
        name=name,
        other=other,
    )


def _two_labels(judgment: JudgmentRow, earlier: JudgmentRow) -> InputError:
    where, other = judgment.location.start, earlier.location.text
    return InputError(
        "{where} labels its pair {grade}, but {other} labels the same pair {grade_2}. Keep one of the two.",
        where=where,
        grade=judgment.grade,
        other=other,
        grade_2=earlier.grade,
    )
