"""Lines that tools and people put around data: a fence, a request and its headers, remarks, a title above a table.

Consoles of search engines, curl, Python and chats put such lines around an answer; they are no passages and break its
JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from demo.formats.fields import TEXT_NAMES, find_field
from demo.formats.json_values import looks_like_json, looks_like_jsonl
from demo.formats.near_json import holds_json, made_json, opens_as_python
from demo.formats.source import Source
from demo.formats.tables import has_csv_header, has_tsv_header, lines_above_header
from demo.messages import Message, plural

_FENCE = re.compile(r"(?:`{3,}|~{3,}) ?[\w+-]*")
_METHOD = r"(?:GET|POST|PUT|PATCH|DELETE|HEAD)"
_REQUEST = re.compile(rf"{_METHOD} \S+(?: HTTP/[\d.]+)?")
_OF_LINES = re.compile(r"_(?:bulk|msearch)\b")
"""In the address of a request whose body is a JSON value on each line."""
_STATUS = re.compile(r"HTTP/[\d.]+ \d{3}\b.*")
_ANNOUNCED = re.compile(rf"# {_METHOD} \S+.*|#! .*")
_HEADER = re.compile(r"[\w-]+:(?: .*)?")
_COMMAND = re.compile(r"(?:\S*[$%#] )?curl .*|\S*\$ \S.*|>>>(?: .*)?")
_TALK = re.compile(r"\* +(?:Trying|Connected to|Host) .*|% +Total +% +Received.*")
"""How what curl tells of its work begins; see `_TOLD` for the lines behind it."""
_TOLD = re.compile(r"[*<>](?: .*)?|[{}] \[\d+ bytes data\]|Dload +Upload .*|(?:[\d.]+[kMG]? +){6,8}[\d:-]+ .*|\S*[$%#]")
_LAST_WORDS = re.compile(r"(?<=[}\]])\* Connection #\d+ to host \S+ left intact\s*\Z")
"""Of curl, on the line on which the answer ends."""
_MOST_OF_LAST_WORDS = 500
_MOST_OF_COMMAND = 100
"""Lines within which a command ends."""
_MOST_OUTSIDE = 12
"""Lines that a chat writes around a block of data, the two fences included."""
_REMARK = re.compile(r"#.*|//.*")
_LONG_TEXT = re.compile(r'([:\[,]\s*)"""(.*?)"""', re.DOTALL)
"""A text of several lines or with quotation marks, as Kibana shows it in JSON."""
_DECODER = json.JSONDecoder()


def unwrap(source: Source) -> tuple[Source, tuple[Message, ...]]:
    """The source with the lines around its data blank, so that lines keep their numbers, and what is to be said of it.

    Long texts of Kibana become those of JSON, and so does what is nearly JSON. A text without any of this comes back as
    it is.
    """
    if _LAST_WORDS.search(source.text[-_MOST_OF_LAST_WORDS:]):
        source = source.with_text(_LAST_WORDS.sub("", source.text))
    if '"""' in source.text:
        data, notes = _without_lines_around(source.with_text(_LONG_TEXT.sub(_as_json, source.text)))
        if looks_like_json(data):
            return data, notes
    data, notes = _without_lines_around(source)
    return made_json(data), notes


def _as_json(long_text: re.Match[str]) -> str:
    """The text as JSON has it, with its line breaks behind it."""
    return long_text[1] + json.dumps(long_text[2], ensure_ascii=False) + "\n" * long_text[2].count("\n")


def _without_lines_around(source: Source) -> tuple[Source, tuple[Message, ...]]:
    data, left_out = source, 0
    for lines_around in (_fences, _around_json, _comments, _titles):
        around = lines_around(data)
        left_out += sum(bool(data.lines[at].strip()) for at in around)
        data = _blanked(data, around) if around else data
    note = plural("{count:,} line around the data left out", "{count:,} lines around the data left out", left_out)
    return data, (note,) if left_out else ()


def _blanked(source: Source, around: Collection[int]) -> Source:
    lines = list(source.lines)
    for at in around:
        lines[at] = ""
    return source.with_text("\n".join(lines))


def _fences(source: Source) -> Sequence[int]:
    """The fences of code, if they are the first and the last line of the text or one of the two; none for others.

    With a fence in the middle, all lines outside the fenced block, if they are few and the block holds texts.
    """
    if "```" not in source.text and "~~~" not in source.text:
        return ()
    lines = source.lines
    fences = [at for at, line in enumerate(lines) if line.lstrip().startswith(("`", "~")) and _is_fence(line)]
    if not 0 < len(fences) < min(len(source.rows), 3):
        return ()
    first = next(at for at, line in enumerate(lines) if line.strip())
    last = next(at for at in range(len(lines) - 1, -1, -1) if lines[at].strip())
    if set(fences) <= {first, last}:
        return fences
    outside = [*range(fences[0] + 1), *range(fences[-1], len(lines))]
    few = len(fences) == 2 and sum(bool(lines[at].strip()) for at in outside) <= _MOST_OUTSIDE
    return outside if few and _holds_texts(made_json(_blanked(source, outside))) else ()


def _is_fence(line: str) -> bool:
    return _FENCE.fullmatch(line.strip()) is not None


def _holds_texts(source: Source) -> bool:
    """Whether it is a JSON list of texts or of objects with texts, or JSON lines or a table with such a header."""
    if not holds_json(source):
        return bool(source.rows) and any(fits(source) for fits in (looks_like_jsonl, has_csv_header, has_tsv_header))
    value = source.json if isinstance(source.json, list) else []
    objects = [one for one in value if isinstance(one, dict) and find_field(one, TEXT_NAMES)]
    return len(value) > 1 and len(value) in (len(objects), sum(isinstance(one, str) for one in value))


def _comments(source: Source) -> Sequence[int]:
    """The lines of comment in JSON."""
    if not next(iter(source.rows), "").startswith(("{", "[")):
        return ()
    comments = [at for at, line in enumerate(source.lines) if line.lstrip().startswith("//")]
    return comments if comments and looks_like_json(_blanked(source, comments)) else ()


def _titles(source: Source) -> Sequence[int]:
    return () if looks_like_json(source) else range(lines_above_header(source))


# ---- around JSON -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Value:
    """A JSON value on lines of its own, from `first` to before `end`."""

    first: int
    end: int
    is_body: bool


class _Lines:
    """Goes through the lines of a text and tells JSON from what is known to stand around it.

    Attributes:
        at: the line that comes next.
        values: what was found so far.
        is_announced: whether a line before can only stand around an answer.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._offset = 0
        self._head = ""
        self._body = ""
        self._is_content = False
        self.at = 0
        self.values: list[_Value] = []
        self.is_announced = False

    def read(self) -> None:
        """Goes on to the first line that is neither JSON nor known, or to the end."""
        while self.at < len(self._source.lines):
            line = self._source.lines[self.at].strip()
            if not line:
                self._is_content = self._is_content or self._head == "answer"
                self._head = ""
                self._pass(1)
            elif size := self._value_size(line) or self._around_size(line):
                self._is_content = False
                self._pass(size)
            else:
                return

    @property
    def rest_is_data(self) -> bool:
        """Whether what comes next is the content of an answer, or JSON that is broken."""
        rest = _blanked(self._source, range(self.at)) if self.is_announced else self._source
        return self._is_content or (self.is_announced and (looks_like_json(rest) or opens_as_python(rest)))

    def _pass(self, lines: int) -> None:
        self._offset += sum(map(len, self._source.lines[self.at : self.at + lines])) + lines
        self.at += lines

    def _value_size(self, line: str) -> int:
        """The lines of the JSON value that starts here, which is kept; 0 if none does."""
        if not line.startswith(("{", "[")):
            return 0
        text = self._source.text
        try:
            _, end = _DECODER.raw_decode(text, text.index(line[0], self._offset))
        except (ValueError, RecursionError):
            return 0
        line_end = text.find("\n", end)
        if text[end : line_end if line_end >= 0 else None].strip() not in ("", ","):
            return 0
        size = text.count("\n", self._offset, end) + 1
        is_body = self._body == "value" or (self._body == "lines" and size == 1)
        self.values.append(_Value(self.at, self.at + size, is_body))
        self._body = self._body if is_body and self._body == "lines" else ""
        self._head = ""
        return size

    def _around_size(self, line: str) -> int:
        """1 for a line that is known to stand around JSON or belongs to the head of a request; a command may have more.

        0 for any other line.
        """
        if self._head and _HEADER.fullmatch(line):
            return 1
        if _REQUEST.fullmatch(line):
            self._head, self._body = "request", "lines" if _OF_LINES.search(line) else "value"
        elif _STATUS.fullmatch(line):
            self._head, self._body = "answer", ""
        elif _COMMAND.fullmatch(line):
            self._head = self._body = ""
            self.is_announced = True
            return self._command_size()
        elif _ANNOUNCED.fullmatch(line) or _FENCE.fullmatch(line) or _TALK.fullmatch(line):
            self._head = self._body = ""
        elif self.is_announced and _TOLD.fullmatch(line):
            self._head = ""
        else:
            return int(_REMARK.fullmatch(line) is not None)
        self.is_announced = True
        return 1

    def _command_size(self) -> int:
        """The lines of a command, which goes on behind a backslash and inside quotation marks.

        If it does not end, 1 for a mark that is left open, and 0 for a backslash, which is no command then.
        """
        marks = 0
        for size, line in enumerate(self._source.lines[self.at : self.at + _MOST_OF_COMMAND], 1):
            marks += line.count("'")
            if marks % 2 == 0 and not line.rstrip().endswith("\\"):
                return size
        return int(not self._source.lines[self.at].rstrip().endswith("\\"))


def _around_json(source: Source) -> Collection[int]:
    """The lines around an answer, bodies of requests among them; none if the text holds other lines that are unknown.

    Behind the head of an answer over HTTP may stand anything.
    """
    none = not any(mark in source.text for mark in ("{", "[", "HTTP/"))
    if none or next(iter(source.rows), "").startswith(("{", "[")):
        return ()
    lines = _Lines(source)
    lines.read()
    if lines.at < len(source.lines):
        return range(lines.at) if lines.rest_is_data else ()
    kept = [value for value in lines.values if not value.is_body] or lines.values
    inside = {at for value in kept for at in range(value.first, value.end)}
    return [at for at in range(len(source.lines)) if at not in inside] if kept else ()
