"""The rerankers behind an address that the owner has set up, read from TOML; a visitor can only choose among them.

    [cohere]
    protocol = "cohere"
    model = "rerank-v4.0-pro"
    key = "COHERE_API_KEY"      # the environment variable that holds the key
    usd_per_call = 0.002

A key is read from the environment when a request is made, and is kept nowhere.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from demo.errors import InputError
from demo.messages import Message, listed
from demo.rankers.remote.protocols import KINDS, RemoteProtocol, find_protocol
from demo.score_kinds import ScoreKind

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class Server:
    """A reranker behind an address.

    Attributes:
        name: as rankers are written with it: remote(name); label: for people.
        protocol: key of a row of `PROTOCOLS`.
        address: scheme, host, port and perhaps a path, to which the protocol adds its own.
        model: its name there; where it is given, scores are kept, because then it is known whose they are.
        key: the environment variable that holds the key; "" where none is needed.
        scores: "logit" or "probability"; "" takes the protocol's usual one.
        max_passages: most passages of one request; 0 takes the protocol's usual limit.
        max_chars: most characters of one request, except where one passage alone has more.
        concurrency: most requests at once, of all visitors together.
        timeout_seconds: for one answer, to its last byte.
        retries: how often a request is made again that found the server busy or the connection closed.
        backoff_seconds: before the first of these; doubled for each further one, unless the server says how long.
        usd_per_call: price of a request (of a search unit where the server counts them).
        usd_per_million_tokens: price of what the server says it read.
    """

    name: str
    protocol: str
    address: str = ""
    model: str = ""
    key: str = ""
    label: str = ""
    scores: str = ""
    max_passages: int = 0
    max_chars: int = 500_000
    concurrency: int = 4
    timeout_seconds: float = 30.0
    retries: int = 3
    backoff_seconds: float = 0.5
    usd_per_call: float = 0.0
    usd_per_million_tokens: float = 0.0

    @property
    def row(self) -> RemoteProtocol:
        """Its protocol."""
        return find_protocol(self.protocol)

    @property
    def kind(self) -> ScoreKind:
        """What its scores are."""
        return KINDS[self.scores]

    @property
    def url(self) -> str:
        """Where requests go."""
        return self.address.rstrip("/") + self.row.path

    @property
    def identity(self) -> str:
        """What tells its scores from those of others."""
        return " ".join((self.protocol, self.address, self.model, self.scores))


def read_servers(setting: str) -> Mapping[str, Server]:
    """Name → server, as the file of this name says, or the setting itself if it begins with “[”; none for "".

    Raises:
        InputError: there is no such file, it is no TOML, or a server cannot be used as it is written.
    """
    if not setting.strip():
        return {}
    try:
        inside = setting.lstrip().startswith("[")
        tables = tomllib.loads(setting if inside else Path(setting).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            "The remote rerankers cannot be read: {error}. RERANK_LENS_REMOTES names a TOML file, or holds its "
            "text, with one table for each reranker.",
            error=str(error),
        ) from error
    return {name: _server(name, table) for name, table in tables.items()}


def _server(name: str, table: Any) -> Server:
    try:
        return _checked(name, table)
    except InputError as error:
        raise InputError("Remote reranker “{name}”: {reason}", name=name, reason=error.message) from error


def _checked(name: str, table: Any) -> Server:
    if not _NAME.fullmatch(name) or not isinstance(table, dict):
        raise InputError("Each is a table, whose name has letters, digits, “.”, “-” and “_” alone, as [my-reranker].")
    values = {field: _value(field, value) for field, value in table.items()}
    if "protocol" not in values:
        raise InputError("It names no protocol. Write for example protocol = “tei”.")
    row = find_protocol(values["protocol"])
    server = Server(
        **{
            **values,
            "name": name,
            "address": _address(values.get("address") or row.address),
            "scores": _scores(row, values.get("scores", "")),
            "label": values.get("label") or name,
            "max_passages": values.get("max_passages") or row.max_passages,
        }
    )
    if row.names_model and not server.model:
        raise InputError("{label} wants the name of a model. Write model = “…”.", label=row.label)
    return server


def _value(field: str, value: Any) -> Any:
    """The value as its field has it."""
    if field not in _FIELDS:
        raise InputError("There is no field “{field}”. Fields are {fields}.", field=field, fields=listed(_FIELDS))
    types, wanted = _WANTED[_FIELDS[field]]
    if type(value) not in types:
        raise InputError("“{field}” is not {wanted}.", field=field, wanted=wanted)
    if field == "key" and value and not _VARIABLE.fullmatch(value):
        raise InputError(
            "“key” is the name of an environment variable, in capitals, and never the key itself. Write for "
            "example key = “COHERE_API_KEY”, and put the key into that variable."
        )
    if isinstance(value, str):
        return value
    least = _LEAST.get(field, 0)
    if not least <= value < float("inf"):
        raise InputError("“{field}” is {value}. Write {least} or more.", field=field, value=value, least=least)
    return types[-1](value)


_FIELDS = {row.name: str(row.type) for row in fields(Server) if row.name != "name"}
_LEAST = {"concurrency": 1, "timeout_seconds": 0.01, "max_chars": 1}
_WANTED: Mapping[str, tuple[tuple[type, ...], Message]] = {
    "str": ((str,), Message("a text between quotation marks")),
    "int": ((int,), Message("a whole number")),
    "float": ((int, float), Message("a number")),
}


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0  # a wrong port raises here
    except ValueError:
        usable = False
    if not usable or not text.isprintable() or " " in text:
        raise InputError("It has no address that can be called. Write for example address = “http://127.0.0.1:8080”.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InputError(
            "Its address has a name, a password or a “?” in it. Write scheme, host, port and path alone; a key "
            "belongs into an environment variable, named with key = “…”."
        )
    return text


def _scores(row: RemoteProtocol, key: str) -> str:
    if key and key not in row.scores:
        raise InputError(
            "{label} does not give “{key}” as scores. Write one of {keys}, or leave it out.",
            label=row.label,
            key=key,
            keys=listed(row.scores),
        )
    return key or next(iter(row.scores))
