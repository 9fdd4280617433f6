"""How search engines are asked: one row for each official client, imported when it is first needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn
from urllib.parse import urlsplit

from demo.errors import InputError, RemoteError
from demo.messages import Message, listed
from demo.phrases import shown
from demo.rankers.owner_tables import parts_to_hide, scrubbed
from demo.rankers.search.indexes import Index

Search = Callable[[str], Sequence[Mapping[str, Any]]]
"""A query → its hits, best first, as the engine gives them."""

RETRIES = 2
AGAIN = (429, 502, 503)
"""Statuses of an engine that is busy or starts."""

Hide = Callable[[str], str]
"""The words of an engine → the same without what no visitor is shown."""

_MOST_WORDS = 200
_UNREADABLE = Message("its answer cannot be read")


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
    hide = _hiding(index, key)
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
            _refused(index, error.status_code, _reason(error.body, hide))
        except elasticsearch.ConnectionTimeout as error:
            raise too_slow(index) from error
        except elasticsearch.SerializationError as error:
            raise _failed(index, _UNREADABLE) from error
        except elasticsearch.TransportError as error:
            raise _failed(index, Message("it cannot be reached")) from error
        return _hits(index, answer.body, hide)

    return search


def _opensearch(index: Index, key: str) -> Search:
    try:
        import opensearchpy
    except ImportError as error:
        raise _not_installed() from error
    hide = _hiding(index, key)
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
            raise too_slow(index) from error
        except opensearchpy.exceptions.ConnectionError as error:
            raise _failed(index, Message("it cannot be reached")) from error
        except opensearchpy.exceptions.TransportError as error:
            _refused(index, error.status_code, _reason(error.info, hide))
        except opensearchpy.exceptions.OpenSearchException as error:
            raise _failed(index, _UNREADABLE) from error
        return _hits(index, answer, hide)

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


def _hiding(index: Index, key: str) -> Hide:
    """Hides the key, the address, and the names of the user, the index and the host."""
    user, _, password = key.partition(":")
    names = [user, urlsplit(index.address).hostname or "", *(name.strip(" -") for name in index.index.split(","))]
    return partial(scrubbed, secrets=(key, password, *parts_to_hide(index.address)), names=names)


def _hits(index: Index, body: Any, hide: Hide) -> Sequence[Mapping[str, Any]]:
    found = body.get("hits") if isinstance(body, dict) else None
    hits = found.get("hits") if isinstance(found, dict) else None
    if not isinstance(hits, list) or not all(isinstance(hit, dict) for hit in hits):
        raise _failed(index, Message("its answer has no hits"))
    if body.get("timed_out"):
        raise _failed(index, Message("it ran out of its own time, and searched only a part of the index"))
    shards = body.get("_shards")
    failed = shards.get("failed") if isinstance(shards, dict) else None
    if failed:
        raise _failed(index, _partly(failed, shards, hide))
    return hits


def _partly(failed: object, shards: Mapping[str, Any], hide: Hide) -> Message:
    """That some shards failed, and why the first one did, as far as that is told."""
    failures = shards.get("failures")
    first = failures[0] if isinstance(failures, list) and failures else None
    words = _words(first.get("reason"), hide) if isinstance(first, dict) else ""
    said = Message("only a part of the index was searched: {failed} of {total} shards failed", failed=str(failed),
                   total=str(shards.get("total", "–")))  # fmt: skip
    return Message("{said}, “{words}”", said=said, words=words) if words else said


def _reason(body: Any, hide: Hide) -> str:
    """What the engine says of an error, its root cause where that says more."""
    error = body.get("error") if isinstance(body, dict) else None
    causes = error.get("root_cause") if isinstance(error, dict) else None
    cause = _words(causes[0], hide) if isinstance(causes, list) and causes else ""
    words = _words(error, hide)
    return shown(f"{words}: {cause}", _MOST_WORDS) if words and cause not in ("", words) else words or cause


def _words(error: Any, hide: Hide) -> str:
    """The reason of an error object, or the text that stands in its place; "" for anything else."""
    words = error.get("reason") if isinstance(error, dict) else error
    return shown(hide(words), _MOST_WORDS) if isinstance(words, str) else ""


def _refused(index: Index, status: object, words: str) -> NoReturn:
    if words:
        raise _failed(index, Message("it answered with status {status}, “{words}”", status=status, words=words))
    raise _failed(index, Message("it answered with status {status}", status=status))


def too_slow(index: Index) -> RemoteError:
    """That the engine took longer than its table allows."""
    return _failed(index, Message("it did not answer within {seconds:g} s", seconds=index.timeout_seconds))


def _failed(index: Index, reason: Message) -> RemoteError:
    return RemoteError("{label} found nothing: {reason}.", label=index.label, reason=reason)


def _not_installed() -> InputError:
    return InputError("The client of this search engine is not installed: pip install -r requirements-search.txt")
