"""Search responses copied from an engine: Elasticsearch and OpenSearch (`_search`), and Solr (`select`).

The engine's scores come along, so that its ranking can serve as the first stage.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from demo.errors import InputError
from demo.formats.fields import ID_NAMES, TEXT_NAMES, TITLE_NAMES, as_text
from demo.formats.source import HIT, Entry, Found, Place, Source
from demo.messages import Message

_DEEPEST_FIELD = 4


# ---- Elasticsearch and OpenSearch --------------------------------------------------------------------------------


def read_elasticsearch(source: Source) -> Found:
    """A passage from each hit: `_id`, `_score`, and the text field of `_source` (or of `fields`).

    Raises:
        InputError: the response is an error of the engine, has no hits, or no field with text.
    """
    hits = _objects(source, "hits", "hits")
    records = [hit.get("_source") or hit.get("fields") for hit in hits]
    return _read_hits(source, [hit.get("_id") for hit in hits], records, [hit.get("_score") for hit in hits])


def is_elasticsearch(source: Source) -> bool:
    """Whether the text is a JSON object with a list under hits.hits."""
    return _holds_list(source, "hits", "hits")


# ---- Solr --------------------------------------------------------------------------------------------------------


def read_solr(source: Source) -> Found:
    """A passage from each document: `id`, `score` where the query asked for it, and the text field.

    Fields may be lists; names of dynamic fields such as body_txt_en are read without their endings.

    Raises:
        InputError: the response has no documents, or no field with text.
    """
    docs = _objects(source, "response", "docs")
    ids = [next((doc[name] for name in ID_NAMES if name in doc), None) for doc in docs]
    fields = [
        {name: value for name, value in doc.items() if name not in {*ID_NAMES, "score", "_version_"}} for doc in docs
    ]
    return _read_hits(source, ids, fields, [doc.get("score") for doc in docs])


def is_solr(source: Source) -> bool:
    """Whether the text is a JSON object with a list under response.docs."""
    return _holds_list(source, "response", "docs")


# ---- hits --------------------------------------------------------------------------------------------------------


def _holds_list(source: Source, outer: str, inner: str) -> bool:
    if not source.text.lstrip().startswith("{"):
        return False
    try:
        return isinstance(_inside(source.json, outer, inner), list)
    except InputError:
        return False


def _inside(value: Any, outer: str, inner: str) -> Any:
    holder = value.get(outer) if isinstance(value, dict) else None
    return holder.get(inner) if isinstance(holder, dict) else None


def _objects(source: Source, outer: str, inner: str) -> list[dict[str, Any]]:
    """The objects of the list that a response holds.

    Raises:
        InputError: the JSON is not valid, or not such a response: the engine's message of an error, for instance.
    """
    found = _inside(source.json, outer, inner)
    if isinstance(found, list):
        return [item for item in found if isinstance(item, dict)]
    name = source.name
    raise InputError(
        Message(
            "The JSON of {name} has no list under “{outer}.{inner}”. Copy the whole response of a search that worked.",
            name=name,
            outer=outer,
            inner=inner,
        )
    )


def _read_hits(source: Source, ids: Sequence[Any], records: Sequence[Any], scores: Sequence[Any]) -> Found:
    flat = [dict(_flat(record)) for record in records]
    places = [Place(source.file, HIT, number) for number in range(1, len(flat) + 1)]
    if not flat:
        name = source.name
        raise InputError(
            Message("The response in {name} has no hits. Copy one whose query found something.", name=name)
        )
    text_name = _text_field(flat, source)
    title_name = _by_name(flat, TITLE_NAMES)
    entries = [
        Entry(place, text, title, as_text(doc_id, place, "id").strip(), score=_score(score))
        for place, record, doc_id, score in zip(places, flat, ids, scores, strict=True)
        for text, title in [_text_and_title(record, text_name, title_name, place)]
        if text
    ]
    return Found(
        tuple(entries),
        empty_passages=len(flat) - len(entries),
        notes=(Message("text from “{text_name}”", text_name=text_name),),
    )


def _flat(record: Any, prefix: str = "", depth: int = 1) -> Iterator[tuple[str, Any]]:
    """The fields of a record, those of objects inside it by dotted names."""
    for name, value in record.items() if isinstance(record, dict) else ():
        if isinstance(value, dict) and depth < _DEEPEST_FIELD:
            yield from _flat(value, f"{prefix}{name}.", depth + 1)
        elif isinstance(value, str) or (isinstance(value, list) and value and all(isinstance(v, str) for v in value)):
            yield prefix + name, value


def _text_field(records: Sequence[dict[str, Any]], source: Source) -> str:
    """The field called as texts are, else the one with the most characters over all hits.

    Raises:
        InputError: no hit has a field with text.
    """
    if name := _by_name(records, TEXT_NAMES):
        return name
    lengths: dict[str, int] = {}
    for record in records:
        for name, value in record.items():
            lengths[name] = lengths.get(name, 0) + len("".join(value))
    if lengths:
        return max(lengths, key=lambda name: lengths[name])
    where = source.name
    raise InputError(
        Message(
            "The hits in {where} have no field with text. Let the response carry the documents: for Elasticsearch "
            "do not set “_source” to false, for Solr add the text field to “fl”.",
            where=where,
        )
    )


def _by_name(records: Sequence[dict[str, Any]], wanted: tuple[str, ...]) -> str | None:
    """The first field whose name, or its start before an underscore, is wanted, in the order of `wanted`."""
    names = list(dict.fromkeys(name for record in records for name in record))
    last_parts = [(name, name.rsplit(".", 1)[-1].lower()) for name in names]
    matches = (
        name
        for word in wanted
        for name, part in last_parts
        if part == word or part.startswith((f"{word}_", f"{word}-"))
    )
    return next(matches, None)


def _text_and_title(record: dict[str, Any], text_name: str, title_name: str | None, place: Place) -> tuple[str, str]:
    text = as_text(record.get(text_name), place, text_name).strip()
    title = as_text(record.get(title_name), place, title_name).strip() if title_name else ""
    if title_name == text_name or not text:
        return text or title, ""
    return text, title


def _score(value: Any) -> float | None:
    """The score as a finite number, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None
