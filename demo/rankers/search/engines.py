"""How search engines are asked: one row for each official client, imported when it is first needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from demo.errors import InputError, RemoteError
from demo.messages import Message, listed
from demo.rankers.search.indexes import Index
from demo.rankers.text_form import shown

Search = Callable[[str], Sequence[Mapping[str, Any]]]
"""A query → its hits, best first, as the engine gives them."""

RETRIES = 2
AGAIN = (429, 502, 503)
"""Statuses of an engine that is busy or starts."""

_MOST_WORDS = 200


@dataclass(frozen=True, slots=True)
class Engine:
    """A search engine.

    Attributes:
        key: as the owner writes it; label: for people.
        connect: the search over an index, with the key or "".
    """

    key: str
    label: str
    connect: Callable[[Index, str], Search]


def _elasticsearch(index: Index, key: str) -> Search:
    try:
        import elasticsearch
    except ImportError as error:
        raise _not_installed() from error
    login: dict[str, Any] = {}
    if key:
        login = {"basic_auth": tuple(key.split(":", 1))} if ":" in key else {"api_key": key}
    client = elasticsearch.Elasticsearch(
        index.address,
        request_timeout=index.timeout_seconds,
        max_retries=RETRIES,
        retry_on_status=AGAIN,
        **login,
    )

    def search(query: str) -> Sequence[Mapping[str, Any]]:
        try:
            answer = client.search(
                index=index.index,
                query=index.asked(query),
                size=index.top_k,
                source={"includes": [index.id_field]} if index.id_field else False,
                track_total_hits=False,
            )
        except elasticsearch.UnsupportedProductError as error:
            told = Message("it is no Elasticsearch; write engine = “opensearch” if it is that")
            raise _failed(index, told) from error
        except elasticsearch.ApiError as error:
            _refused(index, error.status_code, _reason(error.body))
        except elasticsearch.ConnectionTimeout as error:
            raise _too_slow(index) from error
        except elasticsearch.TransportError as error:
            raise _failed(index, Message("it cannot be reached")) from error
        return _hits(index, answer.body)

    return search


def _opensearch(index: Index, key: str) -> Search:
    try:
        import opensearchpy
    except ImportError as error:
        raise _not_installed() from error
    login: dict[str, Any] = {}
    if key:
        login = (
            {"http_auth": tuple(key.split(":", 1))} if ":" in key else {"headers": {"Authorization": f"ApiKey {key}"}}
        )
    client = opensearchpy.OpenSearch(
        [index.address],
        timeout=index.timeout_seconds,
        max_retries=RETRIES,
        retry_on_status=AGAIN,
        **login,
    )

    def search(query: str) -> Sequence[Mapping[str, Any]]:
        body = {
            "query": index.asked(query),
            "size": index.top_k,
            "_source": {"includes": [index.id_field]} if index.id_field else False,
            "track_total_hits": False,
        }
        try:
            answer = client.search(index=index.index, body=body)
        except opensearchpy.exceptions.ConnectionTimeout as error:
            raise _too_slow(index) from error
        except opensearchpy.exceptions.ConnectionError as error:
            raise _failed(index, Message("it cannot be reached")) from error
        except opensearchpy.exceptions.TransportError as error:
            _refused(index, error.status_code, _reason(error.info))
        except opensearchpy.exceptions.OpenSearchException as error:
            raise _failed(index, Message("its answer cannot be read")) from error
        return _hits(index, answer)

    return search


ENGINES = (
    Engine("opensearch", "OpenSearch", _opensearch),
    Engine("elasticsearch", "Elasticsearch", _elasticsearch),
)


def find_engine(key: str) -> Engine:
    """The engine of this key.

    Raises:
        InputError: there is none.
    """
    for row in ENGINES:
        if row.key == key:
            return row
    raise InputError(
        "There is no search engine “{key}”. Write one of {keys}.", key=key, keys=listed(row.key for row in ENGINES)
    )


def _hits(index: Index, body: Any) -> Sequence[Mapping[str, Any]]:
    found = body.get("hits") if isinstance(body, dict) else None
    hits = found.get("hits") if isinstance(found, dict) else None
    if not isinstance(hits, list) or not all(isinstance(hit, dict) for hit in hits):
        raise _failed(index, Message("its answer has no hits"))
    if body.get("timed_out") or (body.get("_shards") or {}).get("failed"):
        raise _failed(index, Message("only a part of the index was searched"))
    return hits


def _reason(body: Any) -> str:
    """What the engine says of an error."""
    error = body.get("error") if isinstance(body, dict) else None
    words = error.get("reason") if isinstance(error, dict) else error
    return shown(words, _MOST_WORDS) if isinstance(words, str) else ""


def _refused(index: Index, status: object, words: str) -> NoReturn:
    if words:
        raise _failed(index, Message("it answered with status {status}, “{words}”", status=status, words=words))
    raise _failed(index, Message("it answered with status {status}", status=status))


def _too_slow(index: Index) -> RemoteError:
    return _failed(index, Message("it did not answer within {seconds:g} s", seconds=index.timeout_seconds))


def _failed(index: Index, reason: Message) -> RemoteError:
    return RemoteError("{label} found nothing: {reason}.", label=index.label, reason=reason)


def _not_installed() -> InputError:
    return InputError("The client of this search engine is not installed: pip install -r requirements-search.txt")
