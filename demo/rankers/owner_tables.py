"""What the owner writes as TOML, one table for each thing: read, and checked field by field.

A setting names a file or holds its text. Keys never stand in it, only names of environment variables that hold them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from demo.errors import InputError
from demo.messages import Message, listed

Owned = TypeVar("Owned")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")

_WANTED: Mapping[str, tuple[tuple[type, ...], Message]] = {
    "str": ((str,), Message("a text between quotation marks")),
    "int": ((int,), Message("a whole number")),
    "float": ((int, float), Message("a number")),
    "bool": ((bool,), Message("true or false")),
    "tuple[str, ...]": ((list,), Message("a list of texts, such as [“title”, “text”]")),
}


def read_rows(
    setting: str, read: Callable[[str, Any], Owned], unreadable: Message, unusable: Message
) -> Mapping[str, Owned]:
    """Name → what `read` makes of name and table, for each table of a file, or of the setting if it begins with “[”.

    Args:
        unreadable: what is said where there are no tables to read, with a place for {error}.
        unusable: what is said of a table that `read` refuses, with places for {name} and {reason}.

    Raises:
        InputError: there is no such file, it is no TOML, or a table cannot be used.
    """

    def row(name: str, table: Any) -> Owned:
        try:
            return read(name, table)
        except InputError as error:
            raise InputError(unusable.format(name=name, reason=error.message)) from error

    return {name: row(name, table) for name, table in _tables(setting, unreadable).items()}


def _tables(setting: str, unreadable: Message) -> Mapping[str, Any]:
    if not setting.strip():
        return {}
    try:
        inside = setting.lstrip().startswith("[")
        return tomllib.loads(setting if inside else Path(setting).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(unreadable.format(error=str(error))) from error


def checked_value(field: str, value: Any, fields: Mapping[str, str], least: Mapping[str, float]) -> Any:
    """The value as its field has it.

    Args:
        fields: name of each field → its type as it is annotated.
        least: of numbers that must not be as small as 0.

    Raises:
        InputError: there is no such field, or the value is not for it.
    """
    if field not in fields:
        raise InputError("There is no field “{field}”. Fields are {fields}.", field=field, fields=listed(fields))
    types, wanted = _WANTED[fields[field]]
    if type(value) not in types or (isinstance(value, list) and not all(isinstance(each, str) for each in value)):
        raise InputError("“{field}” is not {wanted}.", field=field, wanted=wanted)
    if field == "key" and value and not _VARIABLE.fullmatch(value):
        raise InputError(
            "“key” is the name of an environment variable, in capitals, and never the key itself. Write for "
            "example key = “COHERE_API_KEY”, and put the key into that variable."
        )
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return tuple(value)
    smallest = least.get(field, 0)
    if not smallest <= value < float("inf"):
        raise InputError("“{field}” is {value}. Write {least} or more.", field=field, value=value, least=smallest)
    return types[-1](value)


def parts_of(address: str) -> SplitResult | None:
    """The parts of an address that can be called over HTTP; None where it cannot be."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0  # a wrong port raises here
    except ValueError:
        return None
    return parts if usable and address.isprintable() and " " not in address else None


def checked_address(text: str) -> str:
    """The address, if it can be called and holds no secret.

    Raises:
        InputError: it cannot, or does.
    """
    parts = parts_of(text)
    if parts is None:
        raise InputError("It has no address that can be called. Write for example address = “http://127.0.0.1:8080”.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InputError(
            "Its address has a name, a password or a “?” in it. Write scheme, host, port and path alone; a key "
            "belongs into an environment variable, named with key = “…”."
        )
    return text


# ---- words of a server ---------------------------------------------------------------------------------------------


def parts_to_hide(address: str) -> tuple[str, ...]:
    """What no visitor is shown of an address: all of it, host and port, and the host if it is no word of a sentence."""
    parts = urlsplit(address)
    host = parts.hostname if "." in (parts.hostname or "") else ""
    return tuple(text for text in (address, parts.netloc, host) if text)


def scrubbed(words: str, secrets: Iterable[str], names: Iterable[str] = ()) -> str:
    """A server's words with … for what no visitor is shown.

    Args:
        secrets: hidden wherever they stand; names: only as whole words, with “*” for anything.
    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        words = words.replace(secret, "…")
    for name in sorted((name for name in names if name.strip("*")), key=len, reverse=True):
        pattern = re.escape(name).replace(r"\*", r"[^\s/,\]]*")
        words = re.sub(rf"(?<!\w){pattern}(?!\w)", "…", words, flags=re.IGNORECASE)
    return words.encode("utf-8", "replace").decode("utf-8")  # JSON may hold half a surrogate pair
