"""Where in a JSON value the passages are: a list of them, columns, or the one list among others whose items have text.

One rule serves for most engines, frameworks and exports, whatever they call their lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from demo.errors import InputError
from demo.formats.fields import (
    ID_NAMES,
    SHORTEST_TEXT,
    STRONG_TEXT_NAMES,
    TEXT_NAMES,
    UnknownShapeError,
    find_field,
    flat,
    normal_name,
    shape_of,
)
from demo.messages import Message, listed

PASSAGE_LISTS = ("passages", "documents", "docs", "corpus", "candidates", "results", "items", "data", "texts")
QUERY_NAMES = ("queries", "query", "questions", "question")
JUDGMENT_NAMES = ("qrels", "judgments", "judgements", "relevance", "relevant_docs")

_DEEPEST_LIST = 5
_SAMPLE_ITEMS = 50
_ID_LISTS = (*ID_NAMES, "ids", "doc_ids")
_TEXT_LISTS = (*TEXT_NAMES, "documents", "texts", "passages", "contents", "sentences", "chunks")
_PER_ITEM = {"metadatas": "metadata", "distances": "distance", "scores": "score", "titles": "title"}


@dataclass(frozen=True, slots=True)
class Listed:
    """What a JSON value lists.

    Attributes:
        items: texts and objects.
        path: where the list stands, such as “hits.hits”; "" for the value itself.
        notes: what the person should know, each a clause.
        answers: of how many searches the items are the hits, one after the other.
    """

    items: Sequence[Any]
    path: str = ""
    notes: tuple[Message, ...] = ()
    answers: int = 1


def find_passages(value: Any, name: Message, text_name: str = "") -> Listed:
    """The texts or objects of a JSON value that are passages.

    Args:
        name: of the file, for sentences.
        text_name: the field of the text, where a person chose it.

    Raises:
        InputError: its shape is not known; the sentence describes it.
    """
    if isinstance(value, list):
        return _hits_or(value)
    if not isinstance(value, dict):
        raise _no_list(value, name)
    if text_name and (chosen := [one for one in _object_lists(value, "", 1) if text_name in flat(one.items[0])]):
        return max(chosen, key=lambda one: len(one.items))
    for find in (_columns, _named_list, _one_passage, _list_with_texts, _list_of_texts, _map):
        found = find(value)
        if found is not None:
            return found
    raise _no_list(value, name)


def _no_list(value: Any, name: Message) -> InputError:
    shape = shape_of(value)
    if isinstance(value, dict):
        longest = max(_object_lists(value, "", 1), key=lambda one: len(one.items), default=Listed([value]))
        return UnknownShapeError(
            Message(
                "The JSON of {name} is {shape}, and nothing in it is a list of passages. Passages need a list of texts "
                "or of objects with “text”, perhaps under “passages”.",
                name=name,
                shape=shape,
            ),
            flat(longest.items[0]),
        )
    return InputError(
        "The JSON of {name} is {shape}. Passages need a list, or an object with “passages”.", name=name, shape=shape
    )


# ---- ways to hold passages, each None if the object is not of it ---------------------------------------------------


def _columns(value: Mapping[str, Any]) -> Listed | None:
    """A list for every column: {"id": [..], "text": [..]}, as tables are dumped and Chroma answers.

    Raises:
        InputError: the columns of ids and texts are not of one length.
    """
    frame = _split_frame(value) or _by_index(value)
    if frame is not None:
        return frame
    lists = {name: _flattened(cells) for name, cells in value.items() if isinstance(cells, list) and cells}
    text_name = find_field(lists, _TEXT_LISTS)
    if text_name is None or not all(isinstance(cell, str | None) for cell in lists[text_name]):
        return None
    id_name = find_field(lists, _ID_LISTS)
    if id_name is not None and (not lists[id_name] or isinstance(lists[id_name][0], dict | list)):
        return None
    if id_name is None and normal_name(text_name) in ("documents", "texts", "passages", "sentences", "chunks"):
        return None
    size = len(lists[text_name])
    if id_name is not None and len(lists[id_name]) != size:
        raise InputError(
            "“{id_name}” lists {ids:,} values and “{text_name}” {texts:,}. Columns need as many values each.",
            id_name=id_name,
            ids=len(lists[id_name]),
            text_name=text_name,
            texts=size,
        )
    singular = {name: _PER_ITEM.get(normal_name(name), name) for name, cells in lists.items() if len(cells) == size}
    singular[text_name] = "text"
    if id_name is not None:
        singular[id_name] = "id"
    nested = isinstance(value[text_name][0], list)
    answers = len(value[text_name]) if nested else 1
    return Listed([{singular[name]: lists[name][at] for name in singular} for at in range(size)], answers=answers)


def _flattened(cells: list[Any]) -> list[Any]:
    """Of a list of lists, as a query with several texts gets them, one after the other."""
    return [cell for part in cells for cell in part] if all(isinstance(part, list) for part in cells) else cells


def _split_frame(value: Mapping[str, Any]) -> Listed | None:
    """The form of pandas that names columns once: {"columns": [..], "data": [[..], ..]}."""
    columns, rows = value.get("columns"), value.get("data")
    if not isinstance(columns, list) or not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return None
    return Listed([dict(zip(map(str, columns), row, strict=False)) for row in rows], "data") if rows else None


def _by_index(value: Mapping[str, Any]) -> Listed | None:
    rows = rows_by_index(value, TEXT_NAMES)
    return None if rows is None else Listed(rows)


def rows_by_index(value: Mapping[str, Any], names: Sequence[str]) -> list[dict[str, Any]] | None:
    """The rows of a table as pandas usually writes it, {"text": {"0": .., "1": ..}, ..}, with a column of the names."""
    maps = [cells for cells in value.values() if isinstance(cells, dict)]
    if not maps or len(maps) != len(value) or find_field(value, names) is None:
        return None
    keys = list(maps[0])
    if not keys or any(list(cells) != keys for cells in maps) or not all(key.isdecimal() for key in keys):
        return None
    return [{name: cells[key] for name, cells in value.items()} for key in keys]


def _named_list(value: Mapping[str, Any]) -> Listed | None:
    """The list or the map under a usual name."""
    names = [name for name in value if isinstance(value[name], list | dict)]
    for wanted in PASSAGE_LISTS:
        name = find_field(names, (wanted,))
        if name is None:
            continue
        items = value[name]
        if isinstance(items, list) and (not items or not isinstance(items[0], list)):
            return _hits_or(items, name)
        if isinstance(items, dict) and _is_map(items):
            return Listed(_of_map(items), name)
    return None


def _one_passage(value: Mapping[str, Any]) -> Listed | None:
    """The object itself, if it has a text of its own."""
    name = find_field(value, STRONG_TEXT_NAMES)
    return Listed([value]) if name is not None and isinstance(value[name], str) else None


def _list_with_texts(value: Mapping[str, Any]) -> Listed | None:
    """The list of objects, at most five levels deep, in which most objects have a text."""
    found = [(sum(map(_has_text, one.items[:_SAMPLE_ITEMS])), one) for one in _object_lists(value, "", 1)]
    useful = [(texts, one) for texts, one in found if texts > min(len(one.items), _SAMPLE_ITEMS) / 2]
    if not useful:
        return None
    _, best = max(useful, key=lambda pair: (len(pair[1].items), pair[0]))
    rivals = [one.path for _, one in useful if one is not best]
    if rivals:
        note = Message("passages from “{path}”, not from {rivals}", path=best.path,
                       rivals=listed(f"“{path}”" for path in rivals[:5]))  # fmt: skip
    else:
        note = Message("passages from “{path}”", path=best.path)
    return replace(best, notes=(note,))


_ERRORS = ("error", "errors", "detail")
"""Where services say what went wrong, which is no passage."""


def _object_lists(value: Any, path: str, depth: int) -> Iterator[Listed]:
    for name, inner in value.items():
        here = f"{path}.{name}" if path else name
        if normal_name(name) in _ERRORS:
            continue
        if isinstance(inner, dict) and depth < _DEEPEST_LIST:
            yield from _object_lists(inner, here, depth + 1)
        elif isinstance(inner, list) and inner and all(isinstance(item, dict) for item in inner):
            yield _hits_or(inner, here)


def _hits_or(items: Sequence[Any], path: str = "") -> Listed:
    """The hits of several answers or groups, if the items are such; else the items."""
    hits = _responses(items)
    are_groups = path.rsplit(".", 1)[-1] in ("groups", "grouped_hits")
    return Listed(hits, path, answers=1 if are_groups else len(items)) if hits else Listed(items, path)


def _has_text(item: Mapping[str, Any]) -> bool:
    record = flat(item)
    name = find_field([one.rsplit(".", 1)[-1] for one in record], TEXT_NAMES)
    return name is not None or any(
        isinstance(cell, str) and len(cell) >= SHORTEST_TEXT and " " in cell for cell in record.values()
    )


def _responses(items: Sequence[Any]) -> list[Any]:
    """The hits of several answers, as `_msearch` and multi-search give them; empty if the items are no answers."""
    if not items or not all(isinstance(item, dict) for item in items):
        return []
    inner = [hits_of(item) for item in items]
    return [hit for hits in inner if hits is not None for hit in hits] if all(h is not None for h in inner) else []


_HITS = (
    *(("hits", "hits"), ("response", "docs"), ("root", "children"), ("doclist", "docs")),
    *(("hits", ""), ("matches", ""), ("points", "")),
)


def hits_of(value: Mapping[str, Any]) -> list[Any] | None:
    """The list of hits under one of the names that engines have for it; None if there is none."""
    for outer, inner in _HITS:
        held = value.get(outer)
        found = held.get(inner) if inner and isinstance(held, dict) else held if not inner else None
        if isinstance(found, list) and all(isinstance(item, dict) for item in found):
            return found
    return None


def _list_of_texts(value: Mapping[str, Any]) -> Listed | None:
    """The only list of sentences among the fields; lists of short words are tags."""
    lists = [
        (name, items) for name, items in value.items()
        if isinstance(items, list) and items and all(isinstance(item, str) for item in items)
        and sum(map(len, items)) >= 20 * len(items) and any(" " in item for item in items)
    ]  # fmt: skip
    if len(lists) != 1:
        return None
    return Listed(lists[0][1], lists[0][0], (Message("passages from “{path}”", path=lists[0][0]),))


def _map(value: Mapping[str, Any]) -> Listed | None:
    """Texts or objects by their ids; weak names of texts make the object itself a passage."""
    name = find_field(value, TEXT_NAMES)
    if name is not None and normal_name(name) != "message":  # services say in a message what went wrong
        return Listed([value])
    is_answer = find_field(value, ("error", "errors", "detail", "message", "status")) is not None
    return Listed(_of_map(value)) if _is_map(value) and not is_answer else None


def _is_map(value: Mapping[str, Any]) -> bool:
    """Whether all values are texts, or all are objects with texts."""
    values = list(value.values())
    if not values:
        return True
    return all(isinstance(one, str) for one in values) or all(
        isinstance(one, str) or (isinstance(one, dict) and _has_text(one)) for one in values
    )


def _of_map(value: Mapping[str, Any]) -> list[Any]:
    return [_with_id(key, item) for key, item in value.items()]


def _with_id(key: str, value: Any) -> Any:
    if isinstance(value, str):
        return {"id": key, "text": value}
    return {"id": key, **value} if isinstance(value, dict) and find_field(value, ID_NAMES) is None else value
