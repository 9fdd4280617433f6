"""The search engines that the owner has set up, read from TOML; a visitor can only choose among them.

    [products]
    engine = "opensearch"
    address = "http://127.0.0.1:9200"
    index = "products"
    fields = ["title^2", "text"]
    key = "OPENSEARCH_KEY"      # the environment variable that holds “name:password” or an API key

A key is read from the environment when a request is made, and is kept nowhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from demo.errors import InputError
from demo.messages import Message
from demo.rankers.owner_tables import NAME, checked_address, checked_value, read_rows

PLACE = "{query}"
"""In a template: where the query goes."""

MOST_HITS = 10_000
"""More than `index.max_result_window` allows by default, either engine refuses."""


@dataclass(frozen=True, slots=True)
class Index:
    """An index of a search engine.

    Attributes:
        name: as rankers are written with it: search(name); label: for people.
        engine: key of a row of `ENGINES`.
        address: scheme, host, port and perhaps a path.
        index: its name there, an alias, or several with commas between.
        fields: that are searched, with boosts as “title^2”; none searches all.
        query: what is asked as JSON of the engine's query language, with “{query}” for the query; "" is a multi_match.
        top_k: most hits.
        id_field: of the documents, holding the ids of passages; "" takes `_id`.
        key: the environment variable that holds “name:password” or an API key; "" where none is needed.
        timeout_seconds: for one answer.
    """

    name: str
    engine: str
    address: str
    index: str
    label: str = ""
    fields: tuple[str, ...] = ()
    query: str = ""
    top_k: int = 1_000
    id_field: str = ""
    key: str = ""
    timeout_seconds: float = 10.0

    def asked(self, query: str) -> dict[str, Any]:
        """The query in the engine's language."""
        if self.query:
            filled: dict[str, Any] = _filled(json.loads(self.query), query)
            return filled
        return {"multi_match": {"query": query, **({"fields": list(self.fields)} if self.fields else {})}}

    @property
    def identity(self) -> str:
        """What tells its scores from those of others."""
        asked = json.dumps(self.asked(PLACE), sort_keys=True)
        return " ".join((self.engine, self.address, self.index, asked, str(self.top_k), self.id_field))


def _filled(template: Any, query: str) -> Any:
    """The template with the query in every text that has a place for it; it stays one text, whatever it holds."""
    if isinstance(template, str):
        return template.replace(PLACE, query)
    if isinstance(template, list):
        return [_filled(each, query) for each in template]
    if isinstance(template, dict):
        return {name: _filled(each, query) for name, each in template.items()}
    return template


def read_indexes(setting: str) -> Mapping[str, Index]:
    """Name → index, as the file of this name says, or the setting itself if it begins with “[”; none for "".

    Raises:
        InputError: there is no such file, it is no TOML, or an index cannot be used as it is written.
    """
    unreadable = Message(
        "The search engines cannot be read: {error}. RERANK_LENS_SEARCHES names a TOML file, or holds its text, with "
        "one table for each index."
    )
    return read_rows(setting, _checked, unreadable, Message("Search engine “{name}”: {reason}"))


_FIELDS = {row.name: str(row.type) for row in fields(Index) if row.name != "name"}
_LEAST = {"top_k": 1, "timeout_seconds": 0.01}
_NEEDED = ("engine", "address", "index")


def _checked(name: str, table: Any) -> Index:
    if not NAME.fullmatch(name) or not isinstance(table, dict):
        raise InputError("Each is a table, whose name has letters, digits, “.”, “-” and “_” alone, as [my-index].")
    values = {field: checked_value(field, value, _FIELDS, _LEAST) for field, value in table.items()}
    for field in _NEEDED:
        if not values.get(field):
            raise InputError("It has no {field}. Write {field} = “…”.", field=field)
    checked_address(values["address"])
    if values.get("top_k", 1) > MOST_HITS:
        raise InputError(
            "“top_k” is {value}; engines give at most {most:,} hits.", value=values["top_k"], most=MOST_HITS
        )
    _check_query(values.get("query", ""))
    return Index(**{**values, "name": name, "label": values.get("label") or name})


def _no_json(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _check_query(query: str) -> None:
    try:
        template = json.loads(query, parse_constant=_no_json) if query else None
        usable = template is None or (isinstance(template, dict) and _filled(template, "") != template)
    except ValueError:
        usable = False
    if not usable:
        raise InputError(
            "“query” is no JSON object with a place for the query. Write for example query = “{example}”.",
            example='{"match": {"text": "{query}"}}',
        )
