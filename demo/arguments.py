"""Arguments of calls from outside, checked before anything is done with them: one function for each kind of value.

All raise an InputError that names the argument, says what came and what is wanted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from demo.errors import InputError
from demo.messages import Message
from demo.phrases import shown
from demo.rankers.text_form import check_length

MOST_SHOWN_CHARS = 60


def mended(value: Any) -> Any:
    """The JSON value with “?” for halves of surrogate pairs, which JSON may hold and no answer can repeat."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.loads(text.encode("utf-8", "replace"))
    return value


def text(name: str, value: Any, most_chars: int) -> str:
    """The value, which is a text of at most so many characters."""
    if not isinstance(value, str):
        raise wrong(name, value, Message("a text in quotation marks"))
    check_length(name, value, most_chars)
    return value


def yes(name: str, value: Any) -> bool:
    """The value, which is true or false."""
    if not isinstance(value, bool):
        raise wrong(name, value, Message("true or false"))
    return value


def whole(name: str, value: Any, least: int, most: int) -> int:
    """The value, which is a whole number from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise wrong(name, value, Message("a whole number from {least:,} to {most:,}", least=least, most=most))
    return value


def texts(name: str, value: Any, most: int, most_chars: int) -> list[str]:
    """The value, which is a list of at most `most` texts."""
    return [text(f"{name}[{index}]", each, most_chars) for index, each in enumerate(_list(name, value, most, _TEXTS))]


def passages(name: str, value: Any, most: int) -> list[str | Mapping[str, Any]]:
    """The value, which is a list of at most `most` texts or objects; what is in them is read by `formats`."""
    rows = _list(name, value, most, _PASSAGES)
    for index, row in enumerate(rows):
        if not isinstance(row, str | Mapping):
            raise wrong(f"{name}[{index}]", row, Message("a text, or an object with “text”"))
    return list(rows)


_TEXTS = Message("a list of texts, such as [“…”, “…”]")
_PASSAGES = Message("a list of texts or of objects with “text”, such as [“…”, “…”]")


def _list(name: str, value: Any, most: int, wanted: Message) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise wrong(name, value, wanted)
    if len(value) > most:
        raise InputError(
            "“{name}” has {found:,} items; at most {most:,} are allowed. Leave some out.",
            name=name,
            found=len(value),
            most=most,
        )
    return value


def wrong(name: Message | str, value: Any, wanted: Message) -> InputError:
    """The error that the argument of this name cannot be the value."""
    return InputError(
        "“{name}” is {found}. Write {wanted}.", name=name, found=shown(_written(value), MOST_SHOWN_CHARS), wanted=wanted
    )


def _written(value: Any) -> str:
    """The value as JSON, or what kind of thing it is; long texts and numbers are not written out."""
    if isinstance(value, str):
        return json.dumps(value[: 2 * MOST_SHOWN_CHARS], ensure_ascii=False)
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, int) and value.bit_length() > 128:
        return "a number of very many digits"
    return json.dumps(value, ensure_ascii=False, default=lambda other: type(other).__name__)
