"""The page is sent compressed, and nothing else is touched."""

from __future__ import annotations

import asyncio
import gzip
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from demo.ui.compression import CompressedPage

PAGE = b"<html>" + b"words " * 2_000


async def answer(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
    await send({"type": "http.response.body", "body": PAGE})


def body_of(path: str, accepted: bytes) -> bytes:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"accept-encoding", accepted)]}
    with ThreadPoolExecutor(1) as pool:  # the browser tests' loop may run in this thread
        pool.submit(asyncio.run, CompressedPage(answer)(scope, receive, send)).result()
    return b"".join(message.get("body", b"") for message in sent)


def test_the_page_is_compressed_for_whoever_takes_it() -> None:
    assert gzip.decompress(body_of("/", b"gzip, br")) == PAGE
    assert len(body_of("/", b"gzip")) < len(PAGE) / 9
    assert body_of("/", b"identity") == PAGE


def test_other_answers_are_left_as_they_are() -> None:
    assert body_of("/assets/index.js", b"gzip") == PAGE
