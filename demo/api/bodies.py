"""A bound for the body of every request, whether its length is told before or not."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Event

from demo.api.answers import header, refusal, run_until
from demo.messages import Message


@dataclass(slots=True)
class BodyLimit:
    """Middleware that answers 413 to a longer body and reads no more of it."""

    app: ASGIApp
    most_bytes: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, at most `most_bytes` of its body."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = header(scope, "content-length")
        if length.isdecimal() and int(length[:18]) > self.most_bytes:
            await self._refuse(scope, receive, send)
            return
        read, refused = 0, False

        async def counted() -> Event:
            nonlocal read, refused
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.most_bytes and not refused:
                refused = True
                await self._refuse(scope, receive, send)
            return {"type": "http.disconnect"} if refused else message

        await run_until(lambda: refused, self.app, scope, counted, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        sentence = Message(
            "The request has more than {most:,} bytes, which is all that is read. Send less at a time.",
            most=self.most_bytes,
        )
        await refusal(scope, 413, sentence)(scope, receive, send)
