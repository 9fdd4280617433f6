"""Who asks: the address that the request came from."""

from __future__ import annotations

from collections.abc import Mapping

import gradio as gr
from gradio.context import LocalContext

FORWARDED = "x-forwarded-for"


def address_of(client: str, headers: Mapping[str, str], proxies: int) -> str:
    """The visitor's address: the one that the outermost of so many trusted proxies saw.

    Args:
        client: who opened the connection.
        headers: with names in small letters.
    """
    seen = [part.strip() for part in headers.get(FORWARDED, "").split(",") if part.strip()]
    return seen[-min(proxies, len(seen))] if proxies and seen else client


def current_request() -> gr.Request | None:
    """The request whose event is being handled; None outside of one."""
    request: gr.Request | None = LocalContext.request.get(None)
    return request


def current_visitor(proxies: int) -> str:
    """The visitor whose event is being handled; "" outside of one."""
    request = current_request()
    if request is None or request.client is None:
        return ""
    return address_of(request.client.host, request.headers, proxies)
