"""Responses of search engines, vector stores and rerank services, and files made for indexing.

The engine's scores come along, so that its ranking can serve as the first stage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from demo.errors import InputError
from demo.formats.fields import UnknownShapeError, find_field, flat, of_searches, read_records, scalar_named
from demo.formats.json_lists import Listed, find_passages, hits_of
from demo.formats.json_values import json_items, sample_items
from demo.formats.source import HIT, Found, Location, Record, Source, bounded
from demo.formats.topics import distinct_queries, queries_in
from demo.messages import Message

_ACTIONS = ("index", "create", "update", "delete")
_RERANK_SCORES = ("relevance_score", "score", "rerank_score")


# ---- Elasticsearch and OpenSearch --------------------------------------------------------------------------------


def read_elasticsearch(source: Source) -> Found:
    """A passage from each hit: `_id`, `_score`, and the text field of `_source` (or of `fields`).

    One answer, several (`_msearch`, or one a line), the list of hits alone, a hit a line, and files for `_bulk` are
    read alike.

    Raises:
        InputError: the response is an error of the engine, has no hits, or no field with text.
    """
    values = [item for _, item in json_items(source) or []]
    if _is_bulk(values):
        return _read_hits(source, list(_bulk_documents(values)))
    answers = [answer for value in values for answer in _answers(value)]
    hits = [hit for answer in answers for hit in _hits_in(answer)]
    if not hits and not any(isinstance(value, dict) and hits_of(value) is not None for value in values):
        raise InputError(
            "The JSON of {name} has no list under “{outer}.{inner}”. Copy the whole response of a search that worked.",
            name=source.name,
            outer="hits",
            inner="hits",
        )
    failed = sum("error" in answer for answer in answers)
    notes = (Message("searches that failed left out: {failed:,}", failed=failed),) if failed else ()
    found = of_searches(_read_hits(source, hits), sum(hits_of(answer) is not None for answer in answers))
    return replace(found, notes=(*found.notes, *notes))


def is_elasticsearch(source: Source) -> bool:
    """Whether its JSON holds hits of these engines, or documents for them."""
    values = sample_items(source)
    return bool(values) and (_is_bulk(values) or all(_is_elastic(value) for value in values))


def _is_elastic(value: Any) -> bool:
    """Whether a value is an answer with hits.hits, several of them, or one hit."""
    if not isinstance(value, dict):
        return False
    held = value.get("hits")
    responses = value.get("responses")
    return (
        (isinstance(held, dict) and isinstance(held.get("hits"), list))
        or (isinstance(responses, list) and any(map(_is_elastic, responses)) and all(map(_is_answer, responses)))
        or ("_id" in value and ("_source" in value or "_score" in value or "_index" in value))
    )


def _is_answer(value: Any) -> bool:
    return _is_elastic(value) or (isinstance(value, dict) and "error" in value)


def _answers(value: Any) -> list[dict[str, Any]]:
    """The answer or hit that a value is, or the answers of several searches in it."""
    responses = value.get("responses", [value]) if isinstance(value, dict) else []
    return [one for one in responses if isinstance(one, dict)]


def _hits_in(value: dict[str, Any]) -> list[Any]:
    found = hits_of(value)
    return [value] if found is None and "_id" in value else [hit for hit in found or [] if isinstance(hit, dict)]


def _is_bulk(values: Sequence[Any]) -> bool:
    return len(values) > 1 and _action(values[0]) != ""


def _action(value: Any) -> str:
    """The action that a line of a bulk file announces; "" if it announces none."""
    name = next(iter(value), "") if isinstance(value, dict) and len(value) == 1 else ""
    return name if name in _ACTIONS and isinstance(value[name], dict) else ""


def _bulk_documents(values: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """The documents behind their actions; one deleted has none, one updated stands under “doc”."""
    at = 0
    while at < len(values):
        action = _action(values[at])
        told = values[at][action] if action else {}
        at += 1
        if action == "delete" or at == len(values) or (action and _action(values[at])):
            continue
        document = values[at] if action else values[at - 1]
        at += bool(action)
        if isinstance(document, dict):
            inner = document.get("doc") if action == "update" and isinstance(document.get("doc"), dict) else document
            yield {"_id": told.get("_id"), "_source": inner} if "_id" in told else {"_source": inner}


# ---- Solr --------------------------------------------------------------------------------------------------------


def read_solr(source: Source) -> Found:
    """A passage from each document: `id`, `score` where the query asked for it, and the text field.

    Fields may be lists; names of dynamic fields such as body_txt_en are read without their endings.

    Raises:
        InputError: the response has no documents, or no field with text.
    """
    response = source.json.get("response") if isinstance(source.json, dict) else None
    docs = response.get("docs") if isinstance(response, dict) else None
    if not isinstance(docs, list):
        raise InputError(
            "The JSON of {name} has no list under “{outer}.{inner}”. Copy the whole response of a search that worked.",
            name=source.name,
            outer="response",
            inner="docs",
        )
    return _read_hits(source, docs)


def is_solr(source: Source) -> bool:
    """Whether the text is a JSON object with a list under response.docs."""
    values = sample_items(source)
    response = values[0].get("response") if len(values) == 1 and isinstance(values[0], dict) else None
    return isinstance(response, dict) and isinstance(response.get("docs"), list)


# ---- others ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Vendor:
    """An engine or store, and how its answers are known.

    Attributes:
        answers: whether a JSON object is a whole answer of it, or one document out of a feed for it.
    """

    name: str
    answers: Callable[[Mapping[str, Any]], bool]


def _first(value: Any) -> Mapping[str, Any]:
    return value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else {}


def _vespa(value: Mapping[str, Any]) -> bool:
    root = value.get("root")
    is_feed = isinstance(value.get("fields"), dict) and any(name in value for name in ("put", "update", "id", "pathId"))
    return is_feed or (isinstance(root, dict) and "children" in root)


def _qdrant(value: Mapping[str, Any]) -> bool:
    result = value.get("result", value)
    points = result.get("points", result.get("hits")) if isinstance(result, dict) else result
    return "payload" in _first(points)


def _weaviate(value: Mapping[str, Any]) -> bool:
    data = value.get("data")
    return (isinstance(data, dict) and isinstance(data.get("Get"), dict)) or "properties" in _first(
        value.get("objects")
    )


VENDORS = (
    Vendor("Vespa", _vespa),
    Vendor("Typesense", lambda v: "document" in _first(v.get("hits")) or _is_multi(v, "document")),
    Vendor("Algolia", lambda v: "objectID" in _first(v.get("hits")) or _is_multi(v, "objectID")),
    Vendor("Meilisearch", lambda v: "processingTimeMs" in v and isinstance(v.get("hits"), list)),
    Vendor("Azure AI Search", lambda v: "@odata.context" in v or "@search.score" in _first(v.get("value"))),
    Vendor("Qdrant", _qdrant),
    Vendor("Weaviate", _weaviate),
    Vendor("Chroma", lambda v: isinstance(v.get("ids"), list) and isinstance(v.get("documents"), list)),
    Vendor("Pinecone", lambda v: "score" in _first(v.get("matches")) or "metadata" in _first(v.get("matches"))),
)


def _is_multi(value: Mapping[str, Any], name: str) -> bool:
    """Whether several answers stand under “results”."""
    return name in _first(_first(value.get("results")).get("hits"))


def read_search(source: Source) -> Found:
    """A passage from each hit of another engine's answer, or from each document of a feed for it.

    Raises:
        InputError: nothing in it has text; the sentence describes its shape.
    """
    items = json_items(source) or []
    values = [item for _, item in items]
    vendor = next(
        (row.name for row in VENDORS if values and isinstance(values[0], dict) and row.answers(values[0])), ""
    )
    listed = (
        [find_passages(value, source.name, source.chosen.text) for value in values]
        if not _is_feed(values)
        else [Listed(values)]
    )
    hits = [hit for one in listed for hit in one.items]
    found = of_searches(_read_hits(source, hits), sum(one.answers for one in listed))
    note = (Message("an answer of {vendor}", vendor=vendor),) if vendor else ()
    query = values[0].get("query") if len(values) == 1 else None
    queries, _ = distinct_queries(queries_in(query if isinstance(query, str) and query.strip() else None, source))
    return replace(found, notes=(*note, *found.notes), queries=queries)


def is_search(source: Source) -> bool:
    """Whether its JSON is an answer of a known engine."""
    values = sample_items(source)
    return bool(values) and all(isinstance(v, dict) and any(row.answers(v) for row in VENDORS) for v in values)


def _is_feed(values: Sequence[Any]) -> bool:
    return all(isinstance(value, dict) and isinstance(value.get("fields"), dict) for value in values)


# ---- rerank services ---------------------------------------------------------------------------------------------


def read_reranked(source: Source) -> Found:
    """The passages that a rerank service (Cohere, Jina, Voyage, TEI) answered, in its order and with its scores.

    Of several answers, one a line, all passages.

    Raises:
        InputError: the answer has scores without texts.
    """
    answers = _rerank_answers([item for _, item in json_items(source) or []])
    try:
        found = of_searches(_read_hits(source, [one for answer in answers for one in answer]), len(answers))
    except UnknownShapeError as error:
        raise InputError(
            "The answer in {name} gives places and scores, and no texts. Ask the service to return the documents, "
            "such as with “return_documents”.",
            name=source.name,
        ) from error
    return replace(found, notes=(Message("an answer of a rerank service"), *found.notes))


def is_reranked(source: Source) -> bool:
    """Whether it is a list of places, scores and perhaps texts, alone or under “results” or “data”, perhaps a line."""
    answers = _rerank_answers(sample_items(source))
    return bool(answers) and all(_is_placed(_first(answer)) for answer in answers)


def _rerank_answers(values: Sequence[Any]) -> list[Sequence[Any]]:
    """The list of results in each of the values, or the values themselves where they are the results."""
    if values and _is_placed(_first(list(values))):
        return [values]
    held = [one.get("results") or one.get("data") for one in values if isinstance(one, dict)]
    return [one if isinstance(one, list) else [] for one in held]


def _is_placed(result: Mapping[str, Any]) -> bool:
    return "index" in result and find_field(result, _RERANK_SCORES) is not None


# ---- hits --------------------------------------------------------------------------------------------------------


def _read_hits(source: Source, hits: Sequence[Any]) -> Found:
    numbered = enumerate(bounded(hits, source), 1)
    records = [Record(Location(source.file, HIT, n), hit) for n, hit in numbered if isinstance(hit, dict)]
    if not records:
        raise InputError("The response in {name} has no hits. Copy one whose query found something.", name=source.name)
    try:
        return read_records(records, source.chosen, are_hits=True, may_lack_text=True)
    except UnknownShapeError as error:
        if source.chosen.text or scalar_named(flat(records[0].values), ("index",)) is not None:
            raise
        raise UnknownShapeError(
            Message(
                "The hits in {where} have no field with text. Let the response carry the documents: for Elasticsearch "
                "do not set “_source” to false, for Solr add the text field to “fl”.",
                where=source.name,
            ),
            error.names,
        ) from error
