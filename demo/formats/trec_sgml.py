"""The marked-up texts of TREC: documents between <DOC> and </DOC>, topics between <top> and </top>.

They look like XML and are not: elements may stay open, and & and < may stand for themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from demo.errors import InputError
from demo.formats.fields import other_fields
from demo.formats.marks import Mark, find_marks, plain_text
from demo.formats.source import Entry, Found, Location, Source, bounded
from demo.messages import Message
from demo.records import Query

DOCUMENT, TOPIC = "doc", "top"

_TITLES = ("title", "headline", "head", "ttl")
_NOT_READ = ("docno", "dochdr", *_TITLES)
_NUMBERS = ("num", "number", "id")
_QUERIES = ("title", "query", "desc")
_LABELS = ("number", "topic", "title", "description", "query", "narrative")
_LANGUAGE = re.compile(r"[a-z]{2}-(?=[a-z])")
"""What CLEF writes before the names of elements: <DE-title>."""
_SAMPLE_CHARS = 10_000

Block = tuple[Location, str, list[Mark]]
"""Where an element starts, its content, and the marks in it, counted from the start of the content."""

Span = tuple[int, int]


# ---- documents ---------------------------------------------------------------------------------------------------


def read_documents(source: Source) -> Found:
    """A passage from each <DOC>: its id from <DOCNO>, its text from <TEXT>, its title from <TITLE> or <HEADLINE>.

    Without <TEXT>, all that is neither title nor header is text. Marks inside go, white space becomes one space, and a
    document with neither text nor title is counted as empty.

    Raises:
        InputError: a document has no <DOCNO>, or is not closed before the next; the sentence names the line.
    """
    entries = [_document(*block) for block in bounded(_blocks(source, DOCUMENT), source)]
    kept = tuple(entry for entry in entries if entry is not None)
    return Found(kept, empty_passages=len(entries) - len(kept))


def looks_like_documents(source: Source) -> bool:
    """Whether the text opens with a <DOC>, which has a <DOCNO> if its end is in sight."""
    start = source.text[:_SAMPLE_CHARS].lower()
    return _opens_with(source, DOCUMENT) and ("<docno" in start or "</doc" not in start)


def _document(location: Location, block: str, marks: Sequence[Mark]) -> Entry | None:
    spans = _closed_elements(marks)
    doc_id = _first(block, spans, "docno")
    if not doc_id:
        raise InputError(
            "{start} starts a <DOC> without <DOCNO>. Give every document one: <DOCNO>id</DOCNO>.", start=location.start
        )
    title = next(filter(None, (_first(block, spans, name) for name in _TITLES)), "")
    inner = [block[start:end] for start, end in spans.get("text", ())]
    texts = inner or _without(block, [span for name in _NOT_READ for span in spans.get(name, ())])
    text = " ".join(filter(None, map(plain_text, texts)))
    if not text:
        text, title = title, ""
    return Entry(location, text, title, doc_id) if text else None


def _closed_elements(marks: Sequence[Mark]) -> dict[str, list[Span]]:
    """By name, where the content of each closed element starts and ends: from the first opening mark to an end."""
    opened: dict[str, int] = {}
    spans: dict[str, list[Span]] = {}
    for mark in marks:
        if not mark.closes:
            opened.setdefault(mark.name, mark.end)
        elif (start := opened.pop(mark.name, None)) is not None:
            spans.setdefault(mark.name, []).append((start, mark.start))
    return spans


def _first(block: str, spans: dict[str, list[Span]], name: str) -> str:
    """The plain text of the first closed element of this name, or ""."""
    return plain_text(block[slice(*spans[name][0])]) if name in spans else ""


def _without(block: str, spans: Sequence[Span]) -> list[str]:
    """The parts of the block outside the spans."""
    parts, at = [], 0
    for start, end in sorted(spans):
        parts.append(block[at : max(at, start)])
        at = max(at, end)
    return [*parts, block[at:]]


# ---- topics ------------------------------------------------------------------------------------------------------


def read_sgml_topics(source: Source) -> Iterator[tuple[Location, Query]]:
    """A query from each <top>: its number from <num>, its text from <title>, else from <query>, else from <desc>.

    A number loses the zeros before it, as TREC's qrels do. A topic that is not closed ends where the next starts.

    Raises:
        InputError: a topic lacks number or text.
    """
    return (
        (location, _topic(location, block, marks))
        for location, block, marks in _blocks(source, TOPIC, may_stay_open=True)
    )


def looks_like_topics(source: Source) -> bool:
    """Whether the text opens with a <top>."""
    return _opens_with(source, TOPIC)


def _topic(location: Location, block: str, marks: Sequence[Mark]) -> Query:
    texts: dict[str, str] = {}
    for mark, end in zip(marks, (*(mark.start for mark in marks[1:]), len(block)), strict=False):
        name = _LANGUAGE.sub("", mark.name, count=1)
        if not mark.closes and name not in texts:
            texts[name] = _without_label(plain_text(block[mark.end : end]))
    used = [next((name for name in names if texts.get(name)), "") for names in (_NUMBERS, _QUERIES)]
    number, text = (texts.get(name, "") for name in used)
    if number and text:
        number = number.lstrip("0") or "0" if number.isdecimal() else number
        return Query(number, text, other_fields(texts, set(used)))
    missing = Message("<title>") if number else Message("<num>")
    raise InputError(
        "{start} starts a topic without {missing}. Each <top> needs <num> and <title>.",
        start=location.start,
        missing=missing,
    )


def _without_label(text: str) -> str:
    """The text without its “Number:” or the like."""
    label, colon, rest = text.partition(":")
    return rest.strip() if colon and label.strip().lower() in _LABELS else text


# ---- marks -------------------------------------------------------------------------------------------------------


def _blocks(source: Source, name: str, may_stay_open: bool = False) -> Iterator[Block]:
    """The content of each element of this name with the line it starts in.

    Raises:
        InputError: one starts inside another, or is not closed, or closes without having started.
    """
    text, line, counted = source.text, 1, 0
    opened: tuple[Location, int] | None = None
    inner: list[Mark] = []
    for mark in find_marks(text):
        if mark.name != name:
            inner += [_moved(mark, opened[1])] if opened and mark.name else []
            continue
        line, counted = line + text.count("\n", counted, mark.start), mark.start
        if mark.closes is (opened is None) and not may_stay_open:
            raise _unpaired(opened[0] if opened else source.line(line), name, closed=opened is None)
        if opened is not None:
            yield opened[0], text[opened[1] : mark.start], inner
        opened = None if mark.closes else (source.line(line), mark.end)
        inner = []
    if opened is not None and not may_stay_open:
        raise _unpaired(opened[0], name, closed=False)
    if opened is not None:
        yield opened[0], text[opened[1] :], inner


def _moved(mark: Mark, by: int) -> Mark:
    return Mark(mark.start - by, mark.end - by, mark.name, mark.closes, mark.tail)


def _unpaired(location: Location, name: str, closed: bool) -> InputError:
    where, name = location.start, name.upper() if name == DOCUMENT else name
    if closed:
        return InputError(
            "{where} has a </{name}> without a <{name}> before it. Remove it, or add what is missing.",
            where=where,
            name=name,
        )
    return InputError(
        "{where} starts a <{name}> that is not closed. Write </{name}> at its end.", where=where, name=name
    )


def _opens_with(source: Source, name: str) -> bool:
    """Whether the first mark, or the second after an outer element, is one of this name, with nothing before."""
    start = source.text[:_SAMPLE_CHARS]
    marks = list(islice((mark for mark in find_marks(start) if mark.name), 2))
    before = re.sub(r"<[?!][^<>]*+>", "", start[: marks[0].start] if marks else start)
    first = next((index for index, mark in enumerate(marks) if mark.name == name and not mark.closes), None)
    between = start[marks[0].end : marks[1].start].strip() if first == 1 else ""
    return first is not None and not before.strip() and not between
