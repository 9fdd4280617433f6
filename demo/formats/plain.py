"""Plain text: a passage on each line, in each paragraph or behind an id and a tab; Markdown with headings as titles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain

from demo.errors import InputError
from demo.formats.source import Entry, Found, Source, bounded
from demo.messages import Message

_LONG_LINE_CHARS = 30
_SENTENCE_END = tuple('.!?…:;。！？：；"”’」』)）]')
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]++(.*)")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")

Block = tuple[int, list[str]]


# ---- one per line ------------------------------------------------------------------------------------------------


def read_lines(source: Source) -> Found:
    """A passage from each line; empty lines between the first and the last passage are counted."""
    lines = bounded(_written(source), source)
    return _with_empty_lines([Entry(source.line(number), line.strip()) for number, line in lines])


def _written(source: Source) -> Iterator[tuple[int, str]]:
    """Lines that hold something, with their numbers."""
    return ((number, line) for number, line in enumerate(source.lines, 1) if line.strip())


def _with_empty_lines(entries: Sequence[Entry]) -> Found:
    """Passages of a line each, with the number of empty lines between the first and the last."""
    first, last = (entries[at].location.number if entries else 0 for at in (0, -1))
    return Found(tuple(entries), empty_lines=last - first + 1 - len(entries) if entries else 0)


# ---- separated by blank lines ------------------------------------------------------------------------------------


def read_paragraphs(source: Source) -> Found:
    """A passage from each run of lines between blank ones; line breaks inside stay as they are."""
    blocks = bounded(_blocks(source.lines), source)
    return Found(tuple(Entry(source.line(number), "\n".join(lines).strip()) for number, lines in blocks))


def has_paragraphs(source: Source) -> bool:
    """Whether blank lines separate passages rather than groups of one-line passages.

    True if there are at least two blocks and either most blocks are one line, or most lines inside blocks run on into
    the next: 30 characters or more without the end of a sentence.
    """
    blocks = inner = running_on = 0
    for _, lines in _blocks(source.lines):
        blocks += 1
        inner += len(lines) - 1
        running_on += sum(_runs_on(line.rstrip()) for line in lines[:-1])
    return blocks > 1 and (inner < blocks / 2 or running_on >= inner / 2)


def _runs_on(line: str) -> bool:
    return len(line) >= _LONG_LINE_CHARS and not line.endswith(_SENTENCE_END)


def _blocks(lines: list[str]) -> Iterator[Block]:
    """Runs of lines that are not blank, each with the number of its first line."""
    block: list[str] = []
    for number, line in enumerate(chain(lines, [""]), 1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


# ---- id, tab, text -----------------------------------------------------------------------------------------------


def read_id_lines(source: Source) -> Found:
    """A passage from each line: an id, a tab, the text; further tabs belong to the text.

    Raises:
        InputError: a line has no tab, or nothing before it or after it.
    """
    lines = bounded(_written(source), source)
    return _with_empty_lines([_id_entry(source, number, line) for number, line in lines])


def _id_entry(source: Source, number: int, line: str) -> Entry:
    doc_id, tab, text = line.partition("\t")
    doc_id, text = doc_id.strip(), text.strip()
    if tab and doc_id and text:
        return Entry(source.line(number), text, doc_id=doc_id)
    where = source.line(number).start
    missing = Message("tab") if not tab else Message("id before the tab") if not doc_id else Message("text")
    raise InputError(
        "{where} has no {missing}. Each line needs an id, a tab and the text.", where=where, missing=missing
    )


def has_id_lines(source: Source) -> bool:
    """Whether every line starts with a word of its own and a tab with text behind it."""
    ids: set[str] = set()
    for _, line in _written(source):
        start, _, text = line.partition("\t")
        doc_id = start.strip()
        if len(doc_id.split()) != 1 or not text.strip() or doc_id in ids:
            return False
        ids.add(doc_id)
    return bool(ids)


# ---- Markdown ----------------------------------------------------------------------------------------------------


def read_markdown(source: Source) -> Found:
    """A passage from each paragraph, list, table or fenced code, with the heading above it as its title.

    Headings are those with # and those underlined with = or -. A heading without text below it gives no passage.
    Front matter between two lines of --- at the start is left out. Marks inside a passage stay as they are.
    """
    entries: list[Entry] = []
    title = ""
    for number, lines in bounded(_markdown_blocks(source.lines), source):
        if heading := _HEADING.fullmatch(lines[0]):
            title = _without_closing_marks(heading[1])
        elif len(lines) == 2 and _UNDERLINE.fullmatch(lines[1]):
            title = lines[0].strip()
        else:
            entries.append(Entry(source.line(number), "\n".join(lines).strip(), title))
    return Found(tuple(entries))


def _markdown_blocks(lines: list[str]) -> Iterator[Block]:
    """Blocks of Markdown with the number of their first line; a heading is a block by itself, fenced code is one."""
    block: list[str] = []
    fence = ""
    header = _front_matter_lines(lines)
    for number, line in enumerate(lines[header:], header + 1):
        mark = _FENCE.match(line)
        if fence:
            block.append(line)
            fence = "" if mark and mark[1].startswith(fence) else fence
        elif not line.strip() or _HEADING.fullmatch(line):
            if block:
                yield number - len(block), block
            block = []
            if line.strip():
                yield number, [line]
        else:
            block.append(line)
            fence = mark[1] if mark else ""
            if len(block) == 2 and _UNDERLINE.fullmatch(line):
                yield number - 1, block
                block = []
    if block:
        yield len(lines) + 1 - len(block), block


def _without_closing_marks(heading: str) -> str:
    """“One” of “One ##”, but “C#” of “C#”."""
    text = heading.strip()
    bare = text.rstrip("#")
    return bare.rstrip() if bare != bare.rstrip() else "" if not bare else text


def _front_matter_lines(lines: list[str]) -> int:
    """Number of lines of a YAML header, its two marks included; 0 without one."""
    if lines[0].rstrip() != "---":
        return 0
    return next((number for number, line in enumerate(lines[1:], 2) if line.rstrip() in ("---", "...")), 0)
