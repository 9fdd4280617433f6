"""Which field of a record is the id, the title and the text, by the names that files use for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from demo.errors import InputError
from demo.formats.source import Entry, Place
from demo.messages import Message, listed

ID_NAMES = ("_id", "id", "doc_id", "docid", "docno", "pid", "passage_id", "document_id", "corpus_id", "uid", "编号")
TITLE_NAMES = ("title", "heading", "headline", "name", "subject", "标题")
TEXT_NAMES = (
    *("text", "passage", "content", "contents", "body", "document", "passage_text", "document_text", "full_text"),
    *("paragraph", "abstract", "description", "snippet", "sentence", "文本", "正文", "内容", "段落"),
)


def find_field(names: Iterable[str], wanted: tuple[str, ...]) -> str | None:
    """The name that comes first in `wanted`, whatever its case and with - for _; None if there is none."""
    known = {name.strip().lower().replace("-", "_").replace(" ", "_"): name for name in reversed(list(names))}
    return next((known[name] for name in wanted if name in known), None)


def entry_of(record: Mapping[str, object], place: Place) -> Entry | None:
    """The record as a passage, its title standing in for an empty text; None if both are empty.

    Raises:
        InputError: the record has no field for the text, or a field is not text.
    """
    text_name = find_field(record, TEXT_NAMES)
    title_name = find_field(record, TITLE_NAMES)
    if text_name is None and title_name is None:
        raise _no_text(record, place)
    id_name = find_field(record, ID_NAMES)
    text, title, doc_id = (
        as_text(record[name], place, name).strip() if name is not None else ""
        for name in (text_name, title_name, id_name)
    )
    if not text:
        text, title = title, ""
    return Entry(place, text, title, doc_id) if text else None


def as_text(value: object, place: Place, name: str) -> str:
    """A string as it is, a number as it is written, a list of them one per line, null as "".

    Raises:
        InputError: the value is anything else.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list) and not any(isinstance(part, list) for part in value):
        return "\n".join(as_text(part, place, name) for part in value)
    kind = _KINDS.get(type(value), Message("a nested list"))
    raise InputError(
        Message("{start}: “{name}” is {kind}. It needs to be a text.", start=place.start, name=name, kind=kind)
    )


_KINDS = {dict: Message("an object"), bool: Message("true or false")}


def _no_text(record: Mapping[str, object], place: Place) -> InputError:
    names = listed(f"“{name}”" for name in list(record)[:8]) if record else Message("nothing")
    return InputError(
        Message(
            "{start} has no text. Each passage needs “text” (or passage, content, body, document…); found: {names}.",
            start=place.start,
            names=names,
        )
    )
