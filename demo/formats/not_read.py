"""Files of text whose kind is known and which no format reads: refused by name rather than cut into lines."""

from __future__ import annotations

import re
from dataclasses import dataclass

from demo.errors import InputError
from demo.formats.source import Source
from demo.messages import Message

_SAMPLE_LINES = 40


@dataclass(frozen=True, slots=True)
class NotRead:
    """A kind of file.

    Attributes:
        suffixes: a file with one of them is of the kind; start: so is one whose first lines match.
        instead: what to give in its place.
    """

    label: Message
    suffixes: tuple[str, ...]
    start: re.Pattern[str]
    instead: Message


_AS_TABLE = Message("a table (CSV) or JSON lines")
NOT_READ = (
    NotRead(Message("a subtitle file"), (".vtt", ".srt"), re.compile(r"WEBVTT|1\n[0-9:]{8}[,.]\d{3} --> "),
            Message("its text, without times")),
    NotRead(Message("a list of references (BibTeX)"), (".bib",), re.compile(r"@[a-zA-Z]{3,20}\{[^\s,{}]{1,80},\s*\n"),
            _AS_TABLE),
    NotRead(Message("a list of references (RIS)"), (".ris", ".nbib"), re.compile(r"TY  - \w"), _AS_TABLE),
    NotRead(Message("a document in RTF"), (".rtf",), re.compile(r"\{\\rtf\d"), Message("it as DOCX, or its text")),
    NotRead(Message("YAML"), (".yaml", ".yml"), re.compile(r"(?!)"), Message("JSON")),
    NotRead(Message("a table drawn with blanks"), (), re.compile(r"[^\n]*\S {2,}\S[^\n]*\n-{2,}(?: +-{2,})+ *\n"),
            _AS_TABLE),
)  # fmt: skip


def check_is_read(source: Source) -> None:
    """Nothing, unless the file is of a kind that is not read.

    Raises:
        InputError: it is one; the sentence names the kind and what to give instead.
    """
    head = "\n".join(source.lines[:_SAMPLE_LINES]).lstrip("\ufeff\n ")[:1_000]
    for row in NOT_READ:
        if source.file.lower().endswith(row.suffixes or ("\0",)) or row.start.match(head):
            raise InputError(
                "{file} is {kind}, which is not read. Give {instead}, or choose “one per line”.",
                file=source.start,
                kind=row.label,
                instead=row.instead,
            )
