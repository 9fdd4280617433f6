"""What messengers and networks show for a link to the page: its name, words and picture, instead of Gradio's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import FileResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo.api.answers import header
from demo.settings import ROOT

TITLE = "Rerank Lens"
DESCRIPTION = "See what a cross-encoder changes in a BM25 ranking, by how much, why, and at what cost."
PICTURE = "/card.png"
HEAD_BYTES = 50_000

_META = re.compile(rb'<meta\s+(?:property|name)="(?:og|twitter):[^"<>]{0,40}"\s+content="[^"<>]{0,300}"\s*/>\s*')
_HEAD = b"<head>"


def add_social_card(app: FastAPI, picture: Path = ROOT / "demo" / "page.png") -> None:
    """Adds the picture's route, and the middleware that writes the card into the page."""

    @app.get(PICTURE, include_in_schema=False)
    async def card() -> FileResponse:
        return FileResponse(picture, media_type="image/png", headers={"cache-control": "max-age=86400"})

    app.add_middleware(SocialCard)


@dataclass(slots=True)
class SocialCard:
    """Middleware that replaces the card in the page's head."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything but the page itself on as it is."""
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        start: Message = {}
        parts: list[bytes] = []

        async def collected(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                body = with_card(b"".join(parts), address_of(scope))
                rest = [(name, value) for name, value in start["headers"] if name != b"content-length"]
                length = (b"content-length", str(len(body)).encode())
                await send({**start, "headers": [*rest, length]})
                await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, collected)


def address_of(scope: Scope) -> str:
    """The page's address as the visitor sees it, without a path."""
    scheme = header(scope, "x-forwarded-proto").partition(",")[0].strip() or scope["scheme"]
    host = header(scope, "x-forwarded-host").partition(",")[0].strip() or header(scope, "host")
    return f"{'https' if scheme == 'https' else 'http'}://{host}"


def with_card(page: bytes, address: str) -> bytes:
    """The page with this card only; as it is where it has no head."""
    if _HEAD not in page[:HEAD_BYTES]:
        return page
    before, _, after = _META.sub(b"", page[:HEAD_BYTES]).partition(_HEAD)
    return before + _HEAD + card_html(address).encode() + after + page[HEAD_BYTES:]


def card_html(address: str) -> str:
    """The card as elements of a head."""
    picture = f"{address}{PICTURE}"
    values = {
        "og:type": "website",
        "og:url": f"{address}/",
        "og:title": TITLE,
        "og:description": DESCRIPTION,
        "og:image": picture,
        "twitter:card": "summary_large_image",
        "twitter:title": TITLE,
        "twitter:description": DESCRIPTION,
        "twitter:image": picture,
    }
    return "".join(
        f'<meta {"property" if name.startswith("og") else "name"}="{name}" content="{escape(value)}" />'
        for name, value in values.items()
    )
