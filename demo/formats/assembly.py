"""From what readers found to one collection: ids, duplicates, limits, judgments.

- The same passage again (title and text alike, outer white space aside) is left out and counted, if either it has no id
  of its own or its id is the same; under another id it is kept and counted, because judgments may name either.
- The same id with another text is an error that names both places.
- Passages without ids are numbered from 1 in their order, after the file's name where there are several files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from demo.errors import InputError
from demo.formats.encoding import REPLACEMENT
from demo.formats.html_text import has_html, without_html
from demo.formats.reading import PREVIEW_ROWS, Loaded, Preview, Reading
from demo.formats.source import Entry, Found, JudgmentRow, Limits
from demo.messages import Message, plural
from demo.records import Card, Collection, Passage, Query

MAX_ID_CHARS = 256


def assemble(
    found: Sequence[Found], reading: Reading, key: str, title: Message, name: Message, limits: Limits
) -> Loaded:
    """One collection of everything found in `name`, and `reading` with its counts filled in.

    Raises:
        InputError: nothing was found, a limit is passed, or two passages or queries have the same id.
    """
    entries = [entry for one in found for entry in one.entries]
    if not entries:
        raise InputError(
            "There are no passages in {name}: nothing in it has text. Give one passage per line, or choose "
            "another way to read it.",
            name=name,
        )
    marks = Marks()
    kept, duplicates, repeated = distinct(map(marks.cleaned, entries), limits)
    passages = _named(kept)
    queries = _distinct_queries(query for one in found for query in one.queries)
    judgments = [judgment for one in found for judgment in one.judgments]
    qrels, unknown = group_judgments(judgments, passages, queries)
    scores = _scores(kept, passages)
    reading = replace(
        reading,
        passages=len(passages),
        queries=len(queries),
        judgments=len(judgments) - len(unknown),
        scores=len(scores or ()),
        duplicates=duplicates,
        repeated=repeated,
        empty_lines=sum(one.empty_lines for one in found),
        empty_passages=sum(one.empty_passages for one in found),
        unknown_judgments=len(unknown),
        notes=(*reading.notes, *dict.fromkeys(note for one in found for note in one.notes), *marks.notes()),
        repeated_queries=sum(one.repeated_queries for one in found),
        columns=tuple(dict.fromkeys(column for one in found for column in one.columns)),
        names=tuple(dict.fromkeys(name for one in found for name in one.names)),
        doubts=tuple(dict.fromkeys(doubt for one in found for doubt in one.doubts)),
        preview=Preview(passages[:PREVIEW_ROWS], queries[:PREVIEW_ROWS], tuple(judgments[:PREVIEW_ROWS])),
    )
    card = Card(title=title, description=reading.sentence())
    return Loaded(Collection(key, card, passages, queries, qrels, scores), reading)


class Marks:
    """Takes HTML out of entries that are HTML from end to end, and counts what is to be said of marks."""

    def __init__(self) -> None:
        self._changed = self._marked = self._unread = 0

    def cleaned(self, entry: Entry) -> Entry:
        """The entry, without the marks of HTML if it is nothing else."""
        text = without_html(entry.text)
        if text and text != entry.text:
            self._changed += 1
            entry = replace(entry, text=text)
        self._marked += has_html(entry.text)
        self._unread += entry.text.count(REPLACEMENT)
        return entry

    def notes(self) -> tuple[Message, ...]:
        """What is to be said, each a clause."""
        notes = (
            (
                self._changed,
                plural("HTML marks taken out of {count:,} passage", "HTML marks taken out of {count:,} passages", 0),
            ),
            (
                self._marked,
                plural(
                    "HTML marks stand in {count:,} passage and are read as text",
                    "HTML marks stand in {count:,} passages and are read as text",
                    0,
                ),
            ),
            (
                self._unread,
                plural(
                    "{count:,} character cannot be read and stands as �",
                    "{count:,} characters cannot be read and stand as �",
                    0,
                ),
            ),
        )
        return tuple(note.format(count=count) for count, note in notes if count)


# ---- passages ----------------------------------------------------------------------------------------------------


def distinct(entries: Iterable[Entry], limits: Limits) -> tuple[list[Entry], int, int]:
    """The entries without duplicates, the number of duplicates, and of repeated texts that were kept.

    Raises:
        InputError: an id stands for two passages, or a limit is passed.
    """
    kept: list[Entry] = []
    by_id: dict[str, Entry] = {}
    contents: set[tuple[str, str]] = set()
    duplicates = repeated = 0
    for entry in entries:
        content = entry.title, entry.text
        earlier = by_id.get(entry.doc_id) if entry.doc_id else None
        if earlier is not None and (earlier.title, earlier.text) != content:
            raise ambiguous_id(entry, earlier)
        if earlier is not None or (not entry.doc_id and content in contents):
            duplicates += 1
            continue
        check_limits(entry, len(kept), limits)
        repeated += content in contents
        contents.add(content)
        kept.append(entry)
        if entry.doc_id:
            by_id[entry.doc_id] = entry
    return kept, duplicates, repeated


def check_limits(entry: Entry, kept: int, limits: Limits) -> None:
    """Nothing, if the entry may follow so many others.

    Raises:
        InputError: a limit is passed.
    """
    if kept == limits.passages:
        raise InputError(
            "{where} starts one passage too many: at most {passages:,} are read. Give fewer (the limit is the "
            "setting RERANK_LENS_MAX_PASSAGES).",
            where=entry.location.start,
            passages=limits.passages,
        )
    chars = len(entry.text) + len(entry.title)
    if chars > limits.passage_chars:
        raise InputError(
            "{where} starts a passage of {chars:,} characters; at most {passage_chars:,} are read. Split it (the "
            "limit is the setting RERANK_LENS_MAX_PASSAGE_CHARS).",
            where=entry.location.start,
            chars=chars,
            passage_chars=limits.passage_chars,
        )
    if len(entry.doc_id) > MAX_ID_CHARS:
        raise InputError(
            "{where} has an id of {doc_id:,} characters; at most {max_id_chars} are allowed. Name it shorter, or "
            "choose another way to read it.",
            where=entry.location.start,
            doc_id=len(entry.doc_id),
            max_id_chars=MAX_ID_CHARS,
        )


def ambiguous_id(entry: Entry, earlier: Entry) -> InputError:
    """That two passages have the same id."""
    where, other = entry.location.start, earlier.location.text
    return InputError(
        "{where} has the id “{doc_id}” of {other}, but another text. Give every passage an id of its own.",
        where=where,
        doc_id=entry.doc_id,
        other=other,
    )


def _named(entries: Sequence[Entry]) -> tuple[Passage, ...]:
    """The entries as passages; those without ids get names that no other passage has."""
    taken = {entry.doc_id for entry in entries}
    several_files = len({entry.location.file for entry in entries}) > 1
    numbers: dict[str, int] = {}
    passages: list[Passage] = []
    for entry in entries:
        doc_id = entry.doc_id
        if not doc_id:
            prefix = f"{PurePosixPath(entry.location.file).stem}-" if several_files else ""
            name = f"{prefix}{entry.name}" if entry.name else ""
            while not name or name in taken:
                numbers[prefix] = numbers.get(prefix, 0) + 1
                name = f"{prefix}{numbers[prefix]}"
            taken.add(name)
            doc_id = name
        passages.append(Passage(doc_id, entry.text, entry.title, entry.fields))
    return tuple(passages)


def _scores(entries: Sequence[Entry], passages: Sequence[Passage]) -> Mapping[str, float] | None:
    """The engine's scores by id, if every passage has one."""
    scores = {p.doc_id: entry.score for entry, p in zip(entries, passages, strict=True) if entry.score is not None}
    return scores if len(scores) == len(passages) else None


# ---- queries and judgments ---------------------------------------------------------------------------------------


def _distinct_queries(queries: Iterable[Query]) -> tuple[Query, ...]:
    by_id: dict[str, Query] = {}
    for query in queries:
        if by_id.setdefault(query.query_id, query) != query:
            raise InputError(
                "Two queries have the id “{query_id}” but different texts. Give every query an id of its own.",
                query_id=query.query_id,
            )
    return tuple(by_id.values())


def group_judgments(
    judgments: Iterable[JudgmentRow], passages: Sequence[Passage], queries: Sequence[Query]
) -> tuple[Mapping[str, Mapping[str, int]], list[JudgmentRow]]:
    """Judgments as query_id → doc_id → grade, and those whose query or passage is not there."""
    doc_ids = {passage.doc_id for passage in passages}
    grades: dict[str, dict[str, int]] = {query.query_id: {} for query in queries}
    unknown: list[JudgmentRow] = []
    for judgment in judgments:
        if judgment.query_id in grades and judgment.doc_id in doc_ids:
            grades[judgment.query_id][judgment.doc_id] = judgment.grade
        else:
            unknown.append(judgment)
    return {query_id: found for query_id, found in grades.items() if found}, unknown
