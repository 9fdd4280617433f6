"""Refusals of a middleware, as JSON."""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import Scope

from demo.messages import ENGLISH, Message, languages


def refusal(scope: Scope, status: int, sentence: Message, **headers: str) -> JSONResponse:
    """The sentence in the caller's language."""
    return JSONResponse({"detail": sentence.to(language_of(scope))}, status, {"connection": "close", **headers})


def header(scope: Scope, name: str) -> str:
    """The request's header of this name, written in small letters; "" where it has none."""
    found = (value for key, value in scope["headers"] if key == name.encode())
    return next(found, b"").decode("latin-1")


def language_of(scope: Scope) -> str:
    """The language that the caller asks for first, if there is a catalogue for it."""
    first = header(scope, "accept-language").split(",")[0].split(";")[0].split("-")[0].strip().lower()
    return first if first in languages() else ENGLISH
