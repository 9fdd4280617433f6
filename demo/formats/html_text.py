"""HTML: pages, a passage from each block with the heading above it, and the marks in texts of other formats."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from demo.formats.marks import Mark, find_marks, plain_text
from demo.formats.source import Entry, Found, Source, bounded

_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "title"))
_BLOCKS = _HEADINGS | frozenset(
    (
        *("p", "div", "ul", "ol", "li", "table", "tr", "blockquote", "pre", "section", "article", "main", "header"),
        *("footer", "nav", "aside", "body", "html", "head", "dl", "dt", "dd", "figure", "figcaption", "form", "hr"),
    )
)
_UNSEEN = frozenset(("script", "style", "template", "noscript", "svg"))
MARKUP = _BLOCKS | frozenset(("span", "a", "b", "i", "em", "strong", "code", "br", "font", "center"))
_SAMPLE_CHARS = 5_000
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{2,6});")


def read_html(source: Source) -> Found:
    """A passage from each paragraph, list entry or table row, the heading above it as title; scripts are left out."""
    entries: list[Entry] = []
    title, line, counted = "", 1, 0
    for name, at, text in bounded(_blocks(source.text), source):
        line, counted = line + source.text.count("\n", counted, at), at
        if name in _HEADINGS:
            title = text
        else:
            entries.append(Entry(source.line(line), text, title))
    return Found(tuple(entries))


def is_html(source: Source) -> bool:
    """Whether it opens as a page of HTML does."""
    start = source.text[:_SAMPLE_CHARS].lstrip("\ufeff \t\n").lower()
    return start.startswith(("<!doctype html", "<html", "<head", "<body"))


def _blocks(text: str) -> Iterator[tuple[str, int, str]]:
    """The innermost block's name, where it starts, and its text, for each run of text that is not empty."""
    name, unseen, at, start = "", "", 0, 0
    pieces: list[str] = []
    for mark in find_marks(text):
        pieces += [html.unescape(text[at : mark.start])] if not unseen else []
        at = mark.end
        unseen = _still_unseen(unseen, mark)
        if mark.name in _BLOCKS:
            if words := " ".join("".join(pieces).split()):
                yield name, start, words
            pieces, start = [], mark.start
            name = "" if mark.closes else mark.name
        elif mark.name == "br" or mark.name in ("td", "th"):
            pieces.append(" ")
    if words := " ".join("".join([*pieces, html.unescape(text[at:])]).split()):
        yield name, start, words


def _still_unseen(unseen: str, mark: Mark) -> str:
    """The element whose content no reader sees, after this mark; "" outside any."""
    if unseen:
        return "" if mark.closes and mark.name == unseen else unseen
    return mark.name if mark.name in _UNSEEN and not mark.closes and not mark.is_whole else ""


# ---- marks in other texts ----------------------------------------------------------------------------------------


def without_html(text: str) -> str:
    """The text without its marks, if all of it is HTML: it starts with a mark of HTML and ends with one.

    Texts about HTML, which have words before or behind their marks, stay as they are.
    """
    stripped = text.strip()
    if not stripped.startswith("<") or not stripped.endswith(">"):
        return text
    first = next(find_marks(stripped), None)
    last = stripped.rfind("</")
    if first is None or first.start or first.name not in _BLOCKS or last < 0:
        return text
    return plain_text(stripped) if stripped[last + 2 : -1].strip().lower() in MARKUP else text


def has_html(text: str) -> bool:
    """Whether closing marks of HTML or its entities stand in the text."""
    if "</" not in text and "&" not in text:
        return False
    return _ENTITY.search(text) is not None or any(m.closes and m.name in MARKUP for m in find_marks(text))
