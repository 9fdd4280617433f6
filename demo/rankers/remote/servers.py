"""The rerankers behind an address that the owner has set up, read from TOML; a visitor can only choose among them.

    [cohere]
    protocol = "cohere"
    model = "rerank-v4.0-pro"
    key = "COHERE_API_KEY"      # the environment variable that holds the key
    usd_per_call = 0.002

A key is read from the environment when a request is made, and is kept nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from demo.errors import InputError
from demo.messages import Message, listed
from demo.rankers.owner_tables import NAME, checked_address, checked_value, read_rows
from demo.rankers.remote.protocols import KINDS, RemoteProtocol, find_protocol
from demo.score_kinds import ScoreKind


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
        listwise: whether a passage's score depends on the others of its request, so that all must be in one, and a
            score is of use again only with the same others.
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
    listwise: bool = False
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
    unreadable = Message(
        "The remote rerankers cannot be read: {error}. RERANK_LENS_REMOTES names a TOML file, or holds its "
        "text, with one table for each reranker."
    )
    return read_rows(setting, _checked, unreadable, Message("Remote reranker “{name}”: {reason}"))


def _checked(name: str, table: Any) -> Server:
    if not NAME.fullmatch(name) or not isinstance(table, dict):
        raise InputError("Each is a table, whose name has letters, digits, “.”, “-” and “_” alone, as [my-reranker].")
    values = {field: checked_value(field, value, _FIELDS, _LEAST) for field, value in table.items()}
    if "protocol" not in values:
        raise InputError("It names no protocol. Write for example protocol = “tei”.")
    row = find_protocol(values["protocol"])
    server = Server(
        **{
            **values,
            "name": name,
            "address": checked_address(values.get("address") or row.address),
            "scores": _scores(row, values.get("scores", "")),
            "label": values.get("label") or name,
            "max_passages": values.get("max_passages") or row.max_passages,
        }
    )
    if row.names_model and not server.model:
        raise InputError("{label} wants the name of a model. Write model = “…”.", label=row.label)
    return server


_FIELDS = {row.name: str(row.type) for row in fields(Server) if row.name != "name"}
_LEAST = {"concurrency": 1, "timeout_seconds": 0.01, "max_chars": 1}


def _scores(row: RemoteProtocol, key: str) -> str:
    if key and key not in row.scores:
        raise InputError(
            "{label} does not give “{key}” as scores. Write one of {keys}, or leave it out.",
            label=row.label,
            key=key,
            keys=listed(row.scores),
        )
    return key or next(iter(row.scores))
