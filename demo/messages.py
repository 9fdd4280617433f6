"""Sentences for people: English where it is said, every other language in one catalogue.

The English sentence is the id under which `demo/locale/<language>.po` holds its translation. Placeholders are named and
written as `str.format` writes them; a value may itself be a message, which is then translated with the rest.
`{name!c}` begins the value with a capital letter, `{name!l}` with a small one.

>>> str(Message("{name} has {count:,} lines.", name="a.txt", count=1200))
'a.txt has 1,200 lines.'
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from string import Formatter
from typing import Any, Protocol, runtime_checkable

ENGLISH = "en"
LOCALE = Path(__file__).parent / "locale"

_TWO_STOPS = re.compile("(?<=[.。])”[.。]")
"""A quotation that ends with a stop of its own ends the sentence."""

Language = str
"""A language's code: "en", or the name of a catalogue in `demo/locale` without its ending."""


@runtime_checkable
class Sayable(Protocol):
    """What can be said in any language of the page: a message, or something made of one."""

    def to(self, language: Language) -> str:
        """The words in `language`."""


@dataclass(frozen=True, slots=True, init=False)
class Message:
    """One sentence or label that can be said in every language; `str()` says it in English.

    Attributes:
        english: the sentence, perhaps with placeholders; the id of its translations.
        many: the sentence for any other number than 1; "" where one form serves for all.
        values: name and value of each placeholder; with `many`, "count" tells which form is used.
    """

    english: str
    many: str
    values: tuple[tuple[str, object], ...]

    def __init__(self, english: str, /, **values: object) -> None:
        self._fill(english, "", values)

    def _fill(self, english: str, many: str, values: Mapping[str, object]) -> Message:
        object.__setattr__(self, "english", english)
        object.__setattr__(self, "many", many)
        object.__setattr__(self, "values", tuple(values.items()))
        return self

    def __str__(self) -> str:
        return self.to(ENGLISH)

    def to(self, language: Language) -> str:
        """The sentence in `language`; in English where the catalogue does not have it."""
        values = dict(self.values)
        template = self._template(language, values)
        if not values:
            return template
        text = _Translator(language).vformat(template, (), values)
        return _TWO_STOPS.sub("”", text) if "”" in text else text

    def _template(self, language: Language, values: Mapping[str, object]) -> str:
        if not self.english:
            return ""
        words = catalogue(language)
        if self.many:
            return words.ngettext(self.english, self.many, int(str(values["count"])))
        return words.gettext(self.english)

    def format(self, **values: object) -> Message:
        """The same sentence with these placeholders filled in as well."""
        return object.__new__(Message)._fill(self.english, self.many, {**dict(self.values), **values})


NOTHING = Message("")  # no sentence at all


def plural(one: str, many: str, count: int, **values: object) -> Message:
    """The sentence for this number of things; both forms may use `{count}`."""
    return object.__new__(Message)._fill(one, many, {"count": count, **values})


def joined(parts: Sequence[Message | str], pair: str) -> Message:
    """The parts one after the other, as `pair` puts two of them together, such as "{head}; {tail}"."""
    if not parts:
        return NOTHING
    *others, last = parts
    whole = last if isinstance(last, Message) else Message("{text}", text=last)
    for part in reversed(others):
        whole = Message(pair, head=part, tail=whole)
    return whole


def listed(parts: Iterable[Message | str]) -> Message:
    """An enumeration: “a, b, c”."""
    return joined(list(parts), "{head}, {tail}")


def clauses(parts: Iterable[Message | str]) -> Message:
    """Half-sentences: “a; b”."""
    return joined(list(parts), "{head}; {tail}")


def sentence(text: Message) -> Message:
    """Half-sentences as a sentence: a capital in front, a full stop behind."""
    return Message("{text!c}.", text=text)


class _Translator(Formatter):
    """Fills placeholders in one language."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        value = kwargs[str(key)]
        if isinstance(value, str | int | float):  # most are, and to ask for a protocol takes long
            return value
        return value.to(self._language) if isinstance(value, Sayable) else value

    def convert_field(self, value: Any, conversion: Any) -> Any:
        if conversion == "c":
            return str(value)[:1].upper() + str(value)[1:]
        if conversion == "l":
            return str(value)[:1].lower() + str(value)[1:]
        return super().convert_field(value, conversion)


# ---- catalogues --------------------------------------------------------------------------------------------------


def languages() -> tuple[Language, ...]:
    """Every language the page can speak, English first."""
    return (ENGLISH, *sorted(path.stem for path in LOCALE.glob("*.po")))


def locales(language: Language) -> tuple[str, ...]:
    """The names under which browsers ask for a language: its code and those of its catalogue's header, best last."""
    return (language, *catalogue(language).info().get("x-locales", "").split())


@cache
def catalogue(language: Language) -> gettext.NullTranslations:
    """The translations of a language; none for English and for a language without a catalogue."""
    path = LOCALE / f"{language}.po"
    if language == ENGLISH or language not in languages():
        return gettext.NullTranslations()
    import polib

    return gettext.GNUTranslations(BytesIO(polib.pofile(str(path)).to_binary()))
