"""Which fields of a file hold what, as a person chose them, and what a reading says of itself.

A choice belongs to a shape, the sorted names of the fields of a file, and holds for every file of that shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from demo.formats import Fields, UnknownShapeError
from demo.messages import NOTHING, Language, Message
from demo.ui.boundary import sentence_of
from demo.ui.views import status
from demo.ui.views.understood import UnderstoodInput, first_rows

Shape = tuple[str, ...]
AS_FOUND = Fields()
"""Leaves all to the reader."""
Choices = Mapping[Shape, Fields]
"""What was chosen so far in this session; a value that is never changed in place."""


class Readable(Protocol):
    """What a reader gives: anything that says how it was read."""

    @property
    def reading(self) -> UnderstoodInput: ...


R = TypeVar("R", bound=Readable)


@dataclass(frozen=True, eq=False)
class Understood(Generic[R]):
    """What came of reading an input with the choices so far.

    Attributes:
        found: what was read; None where it cannot be read, or nothing was given.
        sentence: why it cannot be read, or what can be given.
        is_error: whether it cannot be read.
        names: the fields to choose from; empty where the input has none.
        shape: what a choice is kept under.
        fields: the choice that holds for this shape.
    """

    found: R | None = None
    sentence: Message = NOTHING
    is_error: bool = False
    names: tuple[str, ...] = ()
    shape: Shape = ()
    fields: Fields = AS_FOUND

    @property
    def is_open(self) -> bool:
        """Whether the choice of fields is put before the person unasked."""
        if not self.names:
            return False
        return self.found is None or not self.found.reading.is_certain

    @property
    def found_or_refused(self) -> R | Message | None:
        """What was read, or why it cannot be; None where nothing was given."""
        return self.sentence if self.is_error else self.found

    def note(self, language: Language) -> str:
        """One line that says how the input was understood or why it cannot be, and below it the first rows."""
        if self.found is None:
            return status.reading(self.sentence, language, bad=self.is_error)
        reading = self.found.reading
        return status.reading(reading.summary(), language) + first_rows(reading, language)


def understand(read: Callable[[Fields], R], choices: Choices) -> Understood[R]:
    """What `read` gives, with the fields that were chosen for an input of this shape.

    A shape is what the input has without any choice, so that a choice can be changed and taken back.
    """
    plain = _attempt(read, AS_FOUND)
    fields = choices.get(plain.shape, AS_FOUND) if plain.names else AS_FOUND
    if fields == AS_FOUND:
        return plain
    chosen = _attempt(read, fields)
    names = tuple(dict.fromkeys([*plain.names, *chosen.names]))
    return replace(chosen, names=names, shape=plain.shape, fields=fields)


def _attempt(read: Callable[[Fields], R], fields: Fields) -> Understood[R]:
    try:
        found = read(fields)
    except UnknownShapeError as error:
        names = tuple(dict.fromkeys(filter(None, error.names)))
        return Understood(None, error.message, True, names, tuple(sorted(names)))
    except Exception as error:  # noqa: BLE001  part of the boundary: told or logged
        return Understood(None, sentence_of(error), True)
    names = found.reading.names
    return Understood(found, names=names, shape=tuple(sorted(names)))


def with_choice(choices: Choices, understood: Understood[Any], chosen: Mapping[str, str]) -> Choices:
    """The choices with this one for the shape of what was understood.

    Args:
        chosen: names by the attributes of `Fields`; those left out stay; where all are "", the choice is taken back.
    """
    if not understood.shape:
        return choices
    fields = replace(understood.fields, **chosen)
    others = {key: value for key, value in choices.items() if key != understood.shape}
    return others if fields == AS_FOUND else {**others, understood.shape: fields}
