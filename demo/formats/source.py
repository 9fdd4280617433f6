"""What goes into a reader and what comes out: a file or pasted text, and passages with the places they stand at."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from demo.errors import InputError
from demo.formats.encoding import REPLACEMENT, decode
from demo.messages import Message
from demo.records import Query
from demo.settings import Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read: passages in all, characters of one passage with its title, bytes before and after unpacking."""

    passages: int
    passage_chars: int
    upload_bytes: int
    unpacked_bytes: int

    @classmethod
    def from_settings(cls, settings: Settings) -> Limits:
        """The limits that the settings give."""
        return cls(
            passages=settings.max_passages,
            passage_chars=settings.max_passage_chars,
            upload_bytes=settings.max_upload_bytes,
            unpacked_bytes=settings.max_unpacked_bytes,
        )


class Location(NamedTuple):
    """Where something was found, for sentences: a numbered part of a file, or of the pasted text if `file` is empty."""

    file: str
    unit: Message
    number: int

    @property
    def text(self) -> Message:
        """“line 7 of passages.jsonl” and “passages.jsonl 第 7 行”, as they stand inside a sentence."""
        unit = self.unit.format(number=f"{self.number:,}")
        return Message("{unit} of {file}", unit=unit, file=self.file) if self.file else unit

    @property
    def start(self) -> Message:
        """The same with a capital letter, as it opens a sentence."""
        return Message("{location!c}", location=self.text)


LINE = Message("line {number}")
ROW = Message("row {number}")
ITEM = Message("item {number}")
HIT = Message("hit {number}")
PAGE = Message("page {number}")
PARAGRAPH = Message("paragraph {number}")


@dataclass(frozen=True, slots=True)
class Fields:
    """Which fields or columns hold what, where a person chose them; "" leaves the choice to the reader.

    Attributes:
        id: of the passage; `query` is a query's text or id, whichever the file has.
    """

    text: str = ""
    title: str = ""
    id: str = ""
    query: str = ""
    grade: str = ""

    def among(self, names: Iterable[str]) -> Fields:
        """Those that one file has: a choice is made for one of several files, and says nothing of the others."""
        known = set(names)
        return Fields(**{row.name: getattr(self, row.name) for row in fields(self) if getattr(self, row.name) in known})


@dataclass(frozen=True, slots=True)
class Column:
    """What one field or column of the input was taken for.

    Attributes:
        certain: whether its name says so or a person chose it; otherwise it was told by its content.
    """

    name: str
    role: Message
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Record:
    """An object of JSON, a row of a table or an element of XML, and where it stands."""

    location: Location
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """A passage as it was found.

    Attributes:
        doc_id: its id where the input gives one, else "".
        name: what to call it where the input gives no id, such as “p3-2”; "" for its number.
        score: what an engine gave it.
        fields: what else stands beside id, title and text, by name.
    """

    location: Location
    text: str
    title: str = ""
    doc_id: str = ""
    name: str = ""
    score: float | None = None
    fields: Mapping[str, str] = field(default_factory=lambda: _NO_FIELDS)


_NO_FIELDS: Mapping[str, str] = {}
"""One for all passages of plain text, of which there are many."""


@dataclass(frozen=True, slots=True)
class JudgmentRow:
    """One line of qrels."""

    location: Location
    query_id: str
    doc_id: str
    grade: int


@dataclass(frozen=True, slots=True)
class Found:
    """What one reader found in one source.

    Attributes:
        empty_lines, empty_passages: lines without anything and passages without text, both left out.
        notes: what the person should know about how it was read, each a clause without a full stop.
        columns: which fields were taken for what, where the input has names for them.
        repeated_queries: queries left out because an earlier one has their id and their text.
        names: the fields that a person can choose from, as `Fields` takes them.
        doubts: why it may have been meant otherwise, each a clause.
    """

    entries: tuple[Entry, ...]
    empty_lines: int = 0
    empty_passages: int = 0
    queries: tuple[Query, ...] = ()
    judgments: tuple[JudgmentRow, ...] = ()
    notes: tuple[Message, ...] = ()
    columns: tuple[Column, ...] = ()
    repeated_queries: int = 0
    names: tuple[str, ...] = ()
    doubts: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Source:
    """A file, or pasted text where `file` is empty.

    Attributes:
        folder: for a BEIR folder's corpus.jsonl, the other files of that folder by their path in it.
        chosen: the fields that a person chose.
        first_line: of the file that the content starts with, where it is a part of one.
        by_rows: whether it was a sheet of a workbook, in which rows are counted rather than lines.
    """

    file: str
    content: bytes
    limits: Limits
    folder: Mapping[str, Source] = field(default_factory=dict)
    chosen: Fields = Fields()
    first_line: int = 1

    def with_text(self, text: str) -> Source:
        """The same with other content."""
        return replace(self, content=text.encode("utf-8", "replace"))

    @property
    def by_rows(self) -> bool:
        return is_sheet(self.file)

    @cached_property
    def decoded(self) -> tuple[str, str]:
        """The text with line ends as \\n, and the name of its encoding.

        Raises:
            InputError: the bytes are not text.
        """
        text, encoding = decode(self.content, self.file)
        return text.replace("\r\n", "\n").replace("\r", "\n"), encoding

    @property
    def text(self) -> str:
        """The decoded text."""
        return self.decoded[0]

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the text, from the first."""
        return self.text.split("\n")

    @cached_property
    def json(self) -> Any:
        """The text as one JSON value.

        Raises:
            InputError: it is not valid JSON; the sentence names line and column.
        """
        return parse_json(self.text, self.file, 1)

    @cached_property
    def rows(self) -> list[str]:
        """The lines that hold something, without white space around them."""
        return [line.strip() for line in self.lines if line.strip()]

    def line(self, number: int) -> Location:
        """Line `number` of the text, from 1."""
        return Location(self.file, LINE, self.first_line - 1 + number)

    def item(self, number: int) -> Location:
        """Element `number` of a list, from 1."""
        return Location(self.file, ITEM, number)

    def row(self, number: int) -> Location:
        """Row `number` of a table, from 1: the line it starts in, or its number in its sheet."""
        return Location(self.file, ROW, number) if self.by_rows else self.line(number)

    @property
    def name(self) -> Message:
        """What to call it in a sentence: its file name, or “the pasted text”."""
        return Message("{text}", text=self.file) if self.file else Message("the pasted text")

    @property
    def start(self) -> Message:
        """The same as it opens a sentence."""
        return Message("{text}", text=self.file) if self.file else Message("The pasted text")


_MOST_PER_PASSAGE = 10

Item = TypeVar("Item")


def bounded(items: Iterable[Item], source: Source) -> Iterator[Item]:
    """The lines, rows or items that passages come of, as long as there are not ten times as many as passages are read.

    Duplicates are left out only when everything is read, and take memory until then.

    Raises:
        InputError: there are more.
    """
    most = _MOST_PER_PASSAGE * source.limits.passages
    for count, item in enumerate(items, 1):
        if count > most:
            check_bound(count, source.start, source.limits)
        yield item


def check_bound(count: int, name: Message, limits: Limits, per_passage: int = _MOST_PER_PASSAGE) -> None:
    """Nothing, if there may be so many parts in what is called `name`, repeated ones included.

    Raises:
        InputError: there are more for each passage that is allowed.
    """
    if count <= per_passage * limits.passages:
        return
    raise InputError(
        "{name}: more than {most:,} lines, rows or elements, repeated ones included, for at most {passages:,} "
        "passages. Give fewer (the limit follows from the setting RERANK_LENS_MAX_PASSAGES).",
        name=name,
        most=per_passage * limits.passages,
        passages=limits.passages,
    )


def is_sheet(file: str) -> bool:
    """Whether a file is a sheet out of a workbook, by the name that `archive.unpack` gives it."""
    return ".xlsx/" in file.lower()


_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_UNWRITABLE_IN_JSON = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
"""How JSON writes them; a whole pair of surrogates, which is a character, begins alike."""


def printable(text: str) -> str:
    """The text with U+FFFD for what cannot be written: NUL characters, and halves of surrogate pairs."""
    return _UNWRITABLE.sub(REPLACEMENT, text)


def printable_json(value: Any) -> Any:
    """The JSON value with every text and every name in it made printable."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [printable_json(part) for part in value]
    if isinstance(value, dict):
        return {printable(name): printable_json(part) for name, part in value.items()}
    return value


def load_json(text: str) -> Any:
    """`text` as a JSON value with printable texts.

    Raises:
        ValueError, RecursionError: it is not valid JSON, or nested too deeply.
    """
    value = json.loads(text)
    return printable_json(value) if _UNWRITABLE_IN_JSON.search(text) else value


def parse_json(text: str, file: str, first_line: int) -> Any:
    """`text`, which starts in line `first_line` of `file`, as a JSON value with printable texts.

    Raises:
        InputError: it is not valid JSON, nested too deeply, or has a number of thousands of digits.
    """
    try:
        return load_json(text)
    except json.JSONDecodeError as error:
        where = Location(file, LINE, first_line + error.lineno - 1).start
        raise InputError(
            "{where} is not valid JSON: {lower} at column {colno}. Mend it there, or choose another way to read it.",
            where=where,
            lower=error.msg.lower().removesuffix(" at"),
            colno=error.colno,
        ) from error
    except RecursionError as error:
        where = Location(file, LINE, first_line).text
        raise InputError(
            "The JSON that starts at {where} is nested too deeply. Passages need a list of texts or of flat objects.",
            where=where,
        ) from error
    except ValueError as error:
        where = Location(file, LINE, first_line).text
        raise InputError(
            "The JSON that starts at {where} has a number with thousands of digits. Write it as a text in quotes.",
            where=where,
        ) from error
