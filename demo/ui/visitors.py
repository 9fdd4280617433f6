"""Who asks: the address that the request came from."""

from __future__ import annotations

import gradio as gr
from gradio.context import LocalContext

from demo.visitors import address_of


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
