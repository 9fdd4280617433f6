"""Bounds for uploads: on disk, of all visitors together and of each while they come, and how long one may stall."""

from __future__ import annotations

from dataclasses import dataclass

from anyio import fail_after
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Event

from demo.api.answers import header, refusal, run_until
from demo.messages import Message
from demo.uploads import LIFE_SECONDS, Uploads
from demo.visitors import address_of

STALL_SECONDS = 15.0
"""An upload of which nothing comes for so long is ended."""


@dataclass(slots=True)
class UploadLimit:
    """Middleware that answers 507 to an upload for which there is no room, and 408 to one that stalls.

    An upload must tell its length.
    """

    app: ASGIApp
    uploads: Uploads
    proxies: int = 0
    stall_seconds: float = STALL_SECONDS

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
        client, _ = scope.get("client") or ("", 0)
        wanted, visitor = int(length[:18]), address_of(client, Headers(scope=scope), self.proxies)
        if not await run_in_threadpool(self.uploads.make_room, wanted, visitor):
            sentence = Message("There is no room for more uploads now. Come back in some minutes, or paste the text.")
            wait = {"retry-after": str(LIFE_SECONDS)}
            await refusal(scope, 507, sentence, **wait)(scope, receive, send)
            return
        try:
            await self._pass_on(scope, receive, send)
        finally:
            self.uploads.came(wanted, visitor)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Gives the application the upload until it stalls, and then nothing more than that its sender is gone."""
        coming, stalled = True, False

        async def hurried() -> Event:
            nonlocal coming, stalled
            try:
                with fail_after(self.stall_seconds if coming else None):
                    message = await receive()
            except TimeoutError:
                stalled = True
                return {"type": "http.disconnect"}
            coming = coming and bool(message.get("more_body"))
            return message

        await run_until(lambda: stalled, self.app, scope, hurried, send)
        if stalled:
            sentence = Message(
                "Nothing of the upload came for {seconds:g} seconds, so it was ended. Send it again.",
                seconds=self.stall_seconds,
            )
            await refusal(scope, 408, sentence)(scope, receive, send)
