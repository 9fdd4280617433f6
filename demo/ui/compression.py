"""The page itself, compressed: gradio compresses its scripts alone, and the page holds all that it is made of."""

from __future__ import annotations

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send


class CompressedPage:
    """ASGI middleware: the page is sent with gzip to a browser that takes it, about a ninth of the bytes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressed = GZipMiddleware(app, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        is_page = scope["type"] == "http" and scope["path"] in ("", "/")
        await (self._compressed if is_page else self._app)(scope, receive, send)
