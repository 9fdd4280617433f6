"""What a browser may send to an event, checked before its handler is called.

Anyone can send anything to the events of the page, not only the page itself. What each class of components takes is a
row of `KINDS`. So a wrong value is told in a sentence, and an error inside a handler is our own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from gradio.components import Component
from gradio.components.api_component import Api
from gradio.data_classes import FileData
from gradio.utils import get_upload_folder
from gradio_client.utils import is_file_obj_with_meta  # type: ignore[import-untyped]
from pydantic import ValidationError

from demo.arguments import mended, wrong
from demo.errors import InputError
from demo.messages import Message, listed
from demo.ui import wording as w
from demo.uploads import gone

EventValue = TypeVar("EventValue", int, str)
Entry = TypeVar("Entry")

MOST_NUMBER = 10**15
MOST_LEVELS = 20
"""How deep lists and objects may be nested."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of components.

    Attributes:
        takes: whether a component of it takes a value; wanted: what it takes, in words.
        empty: what nothing (None) stands for in a component of it.
    """

    component: type[Component]
    takes: Callable[[Any, Any], bool]
    wanted: Callable[[Any], Message]
    empty: Callable[[Any], object] = lambda _: None


def _is_number(component: Any, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MOST_NUMBER:
        return False
    least, most = component.minimum, component.maximum
    return (least is None or least <= value) and (most is None or value <= most)


def _span(component: Any) -> Message:
    least, most = component.minimum, component.maximum
    if least is None or most is None:
        return Message("a number") if least is None else Message("a number, {least:g} or more", least=least)
    return Message("a number from {least:g} to {most:g}", least=least, most=most)


def _is_choice(component: Any, value: Any) -> bool:
    return isinstance(value, str | int) and value in [each for _, each in component.choices]


def _is_chosen(component: Any, value: Any) -> bool:
    """Whether the value is an entry or nothing, or a list of entries; some menus take any text as an entry."""
    if not component.multiselect:
        return value is None or _is_entry(component, value)
    return isinstance(value, list) and all(_is_entry(component, each) for each in value)


def _is_entry(menu: Any, value: Any) -> bool:
    return isinstance(value, str) if menu.allow_custom_value else _is_choice(menu, value)


def _is_upload(component: Any, value: Any) -> bool:
    """Whether the value names uploads; nothing else can be read, neither a path of this machine nor an address.

    Raises:
        InputError: an upload has been deleted meanwhile.
    """
    if value is None:
        return True
    files = value if component.file_count == "multiple" else [value]
    return isinstance(files, list) and all(map(_is_file, files))


def _is_file(value: Any) -> bool:
    if not is_file_obj_with_meta(value) or not isinstance(value["path"], str) or "\0" in value["path"]:
        return False
    try:
        FileData.model_validate(value)
    except ValidationError:
        return False
    path, folder = Path(value["path"]), Path(get_upload_folder())
    if ".." in path.parts or not path.is_relative_to(folder) or len(path.relative_to(folder).parts) != 2:
        return False  # each lies in a folder of its own, named by its content
    if not path.is_file():
        raise gone(path)
    return True


def _is_argument(_: Any, value: Any) -> bool:
    """Whether the value holds no files, which gradio would fetch from wherever they say, and is not nested deeply."""
    level = [value]
    for _ in range(MOST_LEVELS):
        if any(is_file_obj_with_meta(each) for each in level):
            return False
        level = [part for each in level for part in _parts(each)]
    return not level


def _parts(value: Any) -> Sequence[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else ()


_TEXT = Message("a text in quotation marks")

KINDS: tuple[Kind, ...] = (
    Kind(gr.Textbox, lambda _, value: isinstance(value, str), lambda _: _TEXT, lambda _: ""),
    Kind(gr.BrowserState, lambda _, value: isinstance(value, str), lambda _: _TEXT, lambda _: ""),
    Kind(gr.Number, lambda part, value: value is None or _is_number(part, value), _span),
    Kind(gr.Slider, _is_number, _span),
    Kind(gr.Checkbox, lambda _, value: isinstance(value, bool), lambda _: Message("true or false")),
    Kind(gr.Radio, _is_choice, lambda _: Message("one of its entries")),
    Kind(
        gr.Dropdown,
        _is_chosen,
        lambda part: Message("a list of its entries") if part.multiselect else Message("one of its entries"),
        lambda part: "" if _is_choice(part, "") else None,
    ),
    Kind(gr.UploadButton, _is_upload, lambda _: Message("what /gradio_api/upload has answered")),
    Kind(Api, _is_argument, lambda _: Message("texts, numbers, and lists of them")),  # `demo.arguments` says the rest
)
"""Every class of components whose values events of the page are given."""


def checked(component: Component, value: Any, name: Message | str) -> Any:
    """What the handler is given for a component.

    Args:
        name: what the component is called in the sentence.

    Raises:
        InputError: the component does not take the value.
    """
    kind = next(kind for kind in KINDS if isinstance(component, kind.component))
    value = kind.empty(component) if value is None else value
    if kind.takes(component, value):
        return value
    raise wrong(name, value, kind.wanted(component))


def all_checked(values: Sequence[Any], components: Sequence[Component], label: w.Labels) -> list[Any]:
    """What the handler is given for all components of an event; of a state nothing that was sent.

    Raises:
        InputError: there are too few values, or a component does not take its own.
    """
    if len(values) < len(components):
        raise InputError(
            "The event takes {wanted} values, and {found} came. Load the page anew.",
            wanted=len(components),
            found=len(values),
        )
    return [
        None if component.stateful else mended(checked(component, value, label.text(component)))
        for component, value in zip(components, values, strict=False)
    ]


def flat(data: Any) -> dict[str, Any]:
    """What the page's script tells with an event: texts and numbers by name, and nothing that gradio would follow."""
    values = data if isinstance(data, dict) else {}
    return {name: value for name, value in values.items() if not isinstance(value, list | dict)}


def event_value(event: gr.EventData, name: str, kind: type[EventValue]) -> EventValue:
    """What the page's script tells with an event under this name.

    Raises:
        InputError: it tells something else.
    """
    value = event._data.get(name)
    if isinstance(value, kind) and not isinstance(value, bool):
        return mended(value)  # type: ignore[no-any-return]
    raise wrong(name, value, _TEXT if kind is str else Message("a whole number"))


def event_entry(event: gr.EventData, name: str, entries: Sequence[Entry]) -> Entry:
    """The one of these entries that the page's script tells with an event.

    Raises:
        InputError: it tells something else.
    """
    value = event._data.get(name)
    if value in entries and not isinstance(value, bool):
        return entries[entries.index(value)]
    raise wrong(name, value, Message("one of {entries}", entries=listed(map(str, entries))))


def event_index(event: gr.EventData, name: str, size: int) -> int:
    """An index below `size` that the page's script tells with an event.

    Raises:
        InputError: it tells something else.
    """
    index = event_value(event, name, int)
    if 0 <= index < size:
        return index
    raise InputError("What was clicked is no longer there. Load the page anew.")
