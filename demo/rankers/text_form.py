"""How a ranker is written: a name, perhaps others in round brackets, perhaps options in square ones.

    bm25[variant=okapi;k1=1.2]
    rrf(bm25+bundled/tiny)[k=60]
    "my,model"[precision=bf16;instruction="Find; rank"]

A name or a value that holds a character of this grammar stands between quotation marks; inside them a backslash takes
the next character as it is. This file knows no kind of ranker: it takes texts apart and puts them together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from demo.errors import InputError
from demo.messages import Message
from demo.phrases import shown

MOST_NAME_CHARS = 2_000
"""Longest text that names a ranker, a model or the like, or tells a model something."""

_GRAMMAR = set(',;+()[]="\\\n')
_CLOSING = {"(": ")", "[": "]"}
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Written:
    """A ranker's text, taken apart.

    Attributes:
        name: without quotation marks; quoted: whether it stood between them, so that it is never a word of ours.
        members: what stands in round brackets, still as text; None where there are no such brackets.
        options: name → value, "" for an option without one.
    """

    name: str
    quoted: bool = False
    members: tuple[str, ...] | None = None
    options: Mapping[str, str] = field(default_factory=dict)


def quote(text: str, always: bool = False) -> str:
    """The name or value as it is written: between quotation marks if it needs them, or always."""
    if text and not always and not _GRAMMAR & set(text) and text == text.strip():
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def write_options(options: Mapping[str, str | None]) -> str:
    """The options that are not None, in brackets; nothing where there are none."""
    parts = [f"{name}={quote(value)}" if value else name for name, value in options.items() if value is not None]
    return f"[{';'.join(parts)}]" if parts else ""


def write_number(value: float) -> str:
    """The shortest text that is read as this number."""
    short = f"{value:g}"
    return short if float(short) == value else repr(float(value))


def split(text: str, separators: str) -> list[str]:
    """The parts between separators that stand outside all brackets and quotation marks.

    Raises:
        InputError: brackets or quotation marks do not match.
    """
    parts, start = [], 0
    for index, character, depth in _bare(text):
        if depth == 0 and character in separators:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]


def _bare(text: str) -> Iterator[tuple[int, str, int]]:
    """Each character outside quotation marks: its index, itself, and how many brackets are open behind it.

    Raises:
        InputError: a bracket or a quotation mark is not closed, or a bracket closes what is not open.
    """
    awaited: list[str] = []
    quoted, index = False, 0
    while index < len(text):
        character = text[index]
        if quoted and character == "\\":
            index += 1
        elif character == '"':
            quoted = not quoted
        elif not quoted:
            if character in _CLOSING:
                awaited.append(_CLOSING[character])
            elif character in _CLOSING.values() and (not awaited or awaited.pop() != character):
                raise _unmatched(text)
            yield index, character, len(awaited)
        index += 1
    if awaited or quoted:
        raise _unmatched(text)


def _unmatched(text: str) -> InputError:
    return InputError(
        "The brackets or quotation marks in “{text}” do not match. Write for example bm25[k1=1.2], "
        'rrf(bm25+bundled/tiny) or "a,name".',
        text=shown(text),
    )


def read(text: str) -> Written:
    """The text of one ranker, taken apart.

    Raises:
        InputError: see `split`; or something stands behind the brackets or between them.
    """
    head, inside_round, inside_square, rest = _sections(text.strip())
    if rest:
        raise InputError(
            "“{text}” has “{rest}” behind its brackets. Write a name, then (…), then […], and put a name that has "
            "brackets of its own between quotation marks.",
            text=shown(text),
            rest=shown(rest),
        )
    members = None if inside_round is None else tuple(part.strip() for part in split(inside_round, "+") if part.strip())
    pairs = [_pair(part) for part in split(inside_square or "", ";") if part.strip()]
    return Written(_plain(head), head.startswith('"'), members, dict(pairs))


def check_length(name: str, text: str, most: int = MOST_NAME_CHARS) -> None:
    """Nothing, if the text is no longer than `most` characters.

    Args:
        name: what to call it in the sentence.

    Raises:
        InputError: it is longer: to take it apart would keep others waiting.
    """
    if len(text) > most:
        raise InputError(
            "“{name}” has {found:,} characters; at most {most:,} are allowed. Shorten it.",
            name=name,
            found=len(text),
            most=most,
        )


def _sections(text: str) -> tuple[str, str | None, str | None, str]:
    """What stands before brackets, in round ones, in square ones (None: there are none), and behind them."""
    split(text, "")  # everything is closed
    start = next((index for index, character, _ in _bare(text) if character in _CLOSING), len(text))
    head, rest = text[:start], text[start:]
    found: dict[str, str | None] = {"(": None, "[": None}
    for opening in _CLOSING:
        if rest.startswith(opening):
            end = next(index for index, _, depth in _bare(rest) if depth == 0)
            found[opening], rest = rest[1:end], rest[end + 1 :].strip()
    return head.strip(), found["("], found["["], rest


def _pair(part: str) -> tuple[str, str]:
    name, *value = split(part, "=")
    return name.strip(), _plain("=".join(value).strip())


def _plain(text: str) -> str:
    """The text without quotation marks around it.

    Raises:
        InputError: it begins with one and goes on behind the other.
    """
    if not text.startswith('"'):
        return text
    if not _QUOTED.fullmatch(text):
        raise _unmatched(text)
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def name_inside(written: Written, wanted: Message) -> str:
    """The one name in round brackets, which may have brackets of its own: a server's or an index's.

    Raises:
        InputError: there is not exactly one; `wanted` says what is.
    """
    if written.members is None or len(written.members) != 1:
        raise InputError(wanted)
    (member,) = written.members
    inner = read(member)
    return inner.name if inner.members is None and not inner.options else member


# ---- values of options ---------------------------------------------------------------------------------------------

_WORDS_FOR = {"yes": True, "1": True, "true": True, "": True, "no": False, "0": False, "false": False}


class RankerOptions:
    """The options of one ranker, taken one by one; `close` refuses those that nobody took.

    Args:
        ranker: what to call it in sentences.
    """

    def __init__(self, ranker: str | Message, options: Mapping[str, str]) -> None:
        self._ranker = shown(ranker) if isinstance(ranker, str) else ranker
        self._left = dict(options)
        self._known: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        """The option's value as it stands."""
        self._known.append(name)
        return self._left.pop(name, default)

    def number(self, name: str, default: float) -> float:
        """The option's value as a finite number.

        Raises:
            InputError: it is none.
        """
        text = self.text(name, "")
        return as_number(self._ranker, name, text) if text else default

    def whole(self, name: str, default: int, most: int, wanted: Message) -> int:
        """The option's value as a whole number from 0 to `most`.

        Raises:
            InputError: it is none; `wanted` says what is.
        """
        value = self.number(name, default)
        if value != int(value) or not 0 <= value <= most:
            raise wrong(self._ranker, name, f"{value:g}", wanted)
        return int(value)

    def yes(self, name: str, default: bool) -> bool:
        """The option's value as yes or no; an option without a value is a yes.

        Raises:
            InputError: it is neither.
        """
        if name not in self._left:
            self._known.append(name)
            return default
        text = self.text(name)
        if text.lower() not in _WORDS_FOR:
            raise wrong(self._ranker, name, text, Message("yes or no"))
        return _WORDS_FOR[text.lower()]

    def close(self) -> None:
        """Nothing, if every option was taken.

        Raises:
            InputError: one was not; the sentence names those there are.
        """
        for name in self._left:
            has = Message("it has none")
            if self._known:
                has = Message("it has {options}", options=", ".join(self._known))
            raise InputError(
                "{ranker} has no option “{name}”; {has}. Leave it out.", ranker=self._ranker, name=shown(name), has=has
            )


def as_number(ranker: str | Message, name: str, text: str) -> float:
    """The text as a finite number.

    Raises:
        InputError: it is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) < float("inf"):
        raise wrong(ranker, name, text, Message("a number"))
    return value


def wrong(ranker: str | Message, name: str, found: str, wanted: Message) -> InputError:
    """That an option's value cannot be used."""
    return InputError(
        "{name} of {ranker} is “{found}”. Write {wanted}.", name=name, ranker=ranker, found=shown(found), wanted=wanted
    )
