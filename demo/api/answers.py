"""Refusals of a middleware, as JSON, also in the middle of a request."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Event

from demo.messages import ENGLISH, Message, languages


def refusal(scope: Scope, status: int, sentence: Message, **headers: str) -> JSONResponse:
    """The sentence in the caller's language."""
    return JSONResponse({"detail": sentence.to(language_of(scope))}, status, {"connection": "close", **headers})


async def run_until(is_refused: Callable[[], bool], app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Runs the application; once the request is refused, what it sends is dropped, and it may stop reading."""

    async def unless_refused(message: Event) -> None:
        if not is_refused():
            await send(message)

    try:
        await app(scope, receive, unless_refused)
    except ClientDisconnect:
        if not is_refused():
            raise


def header(scope: Scope, name: str) -> str:
    """The request's header of this name, written in small letters; "" where it has none."""
    found = (value for key, value in scope["headers"] if key == name.encode())
    return next(found, b"").decode("latin-1")


def language_of(scope: Scope) -> str:
    """The language that the caller asks for first, if there is a catalogue for it."""
    first = header(scope, "accept-language").split(",")[0].split(";")[0].split("-")[0].strip().lower()
    return first if first in languages() else ENGLISH
