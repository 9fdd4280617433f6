"""A bound for uploads on disk, of all visitors together."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from demo.api.answers import header, refusal
from demo.messages import Message
from demo.uploads import LIFE_SECONDS, Uploads


@dataclass(slots=True)
class UploadLimit:
    """Middleware that answers 507 to an upload for which there is no room; an upload must tell its length."""

    app: ASGIApp
    uploads: Uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything else on."""
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].rstrip("/").endswith("/upload"):
            await self.app(scope, receive, send)
            return
        length = header(scope, "content-length")
        if not length.isdecimal():
            sentence = Message("The upload does not tell its length. Send it with a Content-Length.")
            await refusal(scope, 411, sentence)(scope, receive, send)
            return
        wanted = int(length[:18])
        if not await run_in_threadpool(self.uploads.make_room, wanted):
            sentence = Message("There is no room for more uploads now. Come back in some minutes, or paste the text.")
            wait = {"retry-after": str(LIFE_SECONDS)}
            await refusal(scope, 507, sentence, **wait)(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        finally:
            self.uploads.came(wanted)
