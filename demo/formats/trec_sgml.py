"""The marked-up texts of TREC: documents between <DOC> and </DOC>, topics between <top> and </top>.

They look like XML and are not: elements may stay open, and & and < may stand for themselves.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from demo.errors import InputError
from demo.formats.beir import distinct_queries
from demo.formats.source import Entry, Found, Place, Source
from demo.messages import Message
from demo.records import Query

DOCUMENT, TOPIC = "DOC", "top"

_TITLES = ("title", "headline", "head", "ttl")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->", re.DOTALL)
_NOT_READ = re.compile(r"<(docno|dochdr|title|headline|head|ttl)(?:\s[^>]*)?>.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_TEXT = re.compile(r"<text(?:\s[^>]*)?>(.*?)</text\s*>", re.DOTALL | re.IGNORECASE)
_NAMED = re.compile(r"\s*(?:Number|Topic|Title|Description)\s*:", re.IGNORECASE)
_SAMPLE_CHARS = 10_000

Block = tuple[Place, str]


# ---- documents ---------------------------------------------------------------------------------------------------


def read_documents(source: Source) -> Found:
    """A passage from each <DOC>: its id from <DOCNO>, its text from <TEXT>, its title from <TITLE> or <HEADLINE>.

    Without <TEXT>, all that is neither title nor header is text. Marks inside go, white space becomes one space, and a
    document with neither text nor title is counted as empty.

    Raises:
        InputError: a document has no <DOCNO>, or is not closed before the next; the sentence names the line.
    """
    entries = [_document(place, block) for place, block in _blocks(source, DOCUMENT)]
    kept = tuple(entry for entry in entries if entry is not None)
    return Found(kept, empty_passages=len(entries) - len(kept))


def looks_like_documents(source: Source) -> bool:
    """Whether the text opens with a <DOC>."""
    return _opens_with(source, DOCUMENT)


def _document(place: Place, block: str) -> Entry | None:
    doc_id = _element(block, "docno")
    if not doc_id:
        raise InputError(
            Message(
                "{start} starts a <DOC> without <DOCNO>. Give every document one: <DOCNO>id</DOCNO>.", start=place.start
            )
        )
    title = next(filter(None, (_element(block, name) for name in _TITLES)), "")
    texts = _TEXT.findall(block) or [_NOT_READ.sub(" ", block)]
    text = " ".join(filter(None, map(_plain, texts)))
    if not text:
        text, title = title, ""
    return Entry(place, text, title, doc_id) if text else None


def _element(block: str, name: str) -> str:
    """The plain text of the first closed element of this name, or ""."""
    found = re.search(rf"<{name}(?:\s[^>]*)?>(.*?)</{name}\s*>", block, re.DOTALL | re.IGNORECASE)
    return _plain(found[1]) if found else ""


# ---- topics ------------------------------------------------------------------------------------------------------


def read_sgml_topics(source: Source) -> tuple[Query, ...]:
    """A query from each <top>: its number from <num>, its text from <title>, or <desc> where there is no title.

    A number loses the zeros before it, as TREC's qrels do.

    Raises:
        InputError: a topic lacks number or text, is not closed before the next, or repeats a number.
    """
    return distinct_queries((place, _topic(place, block)) for place, block in _blocks(source, TOPIC))


def looks_like_topics(source: Source) -> bool:
    """Whether the text opens with a <top>."""
    return _opens_with(source, TOPIC)


def _topic(place: Place, block: str) -> Query:
    number = _open_element(block, "num")
    text = _open_element(block, "title") or _open_element(block, "desc")
    if number and text:
        return Query(number.lstrip("0") or "0" if number.isdecimal() else number, text)
    missing = Message("<title>") if number else Message("<num>")
    raise InputError(
        Message(
            "{start} starts a topic without {missing}. Each <top> needs <num> and <title>.",
            start=place.start,
            missing=missing,
        )
    )


def _open_element(block: str, name: str) -> str:
    """The plain text after <name> up to the next mark, without its “Number:” or the like; "" if there is none."""
    found = re.search(rf"<{name}(?:\s[^>]*)?>(.*?)(?=</?[A-Za-z]|\Z)", block, re.DOTALL | re.IGNORECASE)
    return _plain(_NAMED.sub("", found[1], count=1)) if found else ""


# ---- marks -------------------------------------------------------------------------------------------------------


def _blocks(source: Source, name: str) -> Iterator[Block]:
    """The content of each element of this name with the line it starts in.

    Raises:
        InputError: one starts inside another, or is not closed, or closes without having started.
    """
    text, line, counted = source.text, 1, 0
    opened: tuple[Place, int] | None = None
    for mark in re.finditer(rf"<(/?){name}(?:\s[^>]*)?>", text, re.IGNORECASE):
        line, counted = line + text.count("\n", counted, mark.start()), mark.start()
        if bool(mark[1]) != (opened is not None):
            raise _unpaired(opened[0] if opened else source.line(line), name, closed=opened is None)
        if opened is None:
            opened = source.line(line), mark.end()
        else:
            yield opened[0], text[opened[1] : mark.start()]
            opened = None
    if opened is not None:
        raise _unpaired(opened[0], name, closed=False)


def _unpaired(place: Place, name: str, closed: bool) -> InputError:
    where = place.start
    if closed:
        return InputError(
            Message(
                "{where} has a </{name}> without a <{name}> before it. Remove it, or add what is missing.",
                where=where,
                name=name,
            )
        )
    return InputError(
        Message("{where} starts a <{name}> that is not closed. Write </{name}> at its end.", where=where, name=name)
    )


def _opens_with(source: Source, name: str) -> bool:
    start = re.sub(r"<[?!][^>]*>", " ", source.text[:_SAMPLE_CHARS])
    return re.match(rf"\s*(?:<\w+>\s*)?<{name}(?:\s[^>]*)?>", start, re.IGNORECASE) is not None


def _plain(text: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())
