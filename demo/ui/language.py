"""The language that a visitor chose, told to the page before gradio asks the browser for one.

Gradio translates its labels in the browser, by the language that the browser names, and asks before any script of a
page runs; so the page itself has to begin with the answer.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.requests import cookie_parser

from demo.messages import languages, locales
from demo.ui.wording import LANGUAGE_COOKIE

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_HEAD = b"<head>"


class ChosenLanguage:
    """ASGI middleware: where the visitor's cookie names a language of the page, its HTML begins with that language."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        answer = _answer(scope)
        if not answer:
            return await self._app(scope, receive, send)
        started: list[MutableMapping[str, Any]] = []
        body = bytearray()

        async def begin(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                started.append(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            page = bytes(body).replace(_HEAD, _HEAD + answer, 1)
            headers = [row for row in started[0]["headers"] if row[0].lower() != b"content-length"]
            headers.append((b"content-length", str(len(page)).encode()))
            await send({**started[0], "headers": headers})
            await send({"type": "http.response.body", "body": page})

        return await self._app(scope, receive, begin)


def _answer(scope: Scope) -> bytes:
    """The script that names the language; empty where this is not the page, or none was chosen."""
    if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] not in ("", "/"):
        return b""
    cookies = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie"), "")
    chosen = cookie_parser(cookies).get(LANGUAGE_COOKIE)
    if chosen is None or chosen not in languages():
        return b""
    locale = json.dumps(locales(chosen)[-1])
    script = f"<script>for (const [name, value] of [['language', {locale}], ['languages', [{locale}]]]) "
    return (script + "Object.defineProperty(navigator, name, { get: () => value });</script>").encode()
