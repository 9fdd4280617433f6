"""Gradio's parts as this page uses them: bare HTML, the page being built, how its events run, and who asks."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.context import LocalContext

from demo.settings import Settings
from demo.visitors import address_of

QUIET: dict[str, Any] = {"show_progress": "hidden", "show_progress_on": [], "api_visibility": "private"}
"""No progress of Gradio's: it would mark every component that any event fills, at each step of each event."""
QUICK: dict[str, Any] = QUIET | {"concurrency_limit": 16, "concurrency_id": "quick"}
"""Events that only draw or read; they do not wait for those that score."""
IN_TURN: dict[str, Any] = QUIET | {"concurrency_limit": 1, "concurrency_id": "in turn"}
"""Events of which each needs what the one before it left."""
RANKING: dict[str, Any] = QUIET | {"concurrency_limit": None, "concurrency_id": "ranking"}
"""Events that score: all begin at once, and `demo.turns` says which of them may work."""
RUNNING: dict[str, Any] = RANKING | {"trigger_mode": "always_last"}
"""A press of the button: while the run before still works, a worked example for instance, it waits for its end."""

THREADS_BESIDE = 48
"""Threads for events that only draw, and for what the server does beside them."""


def threads_for(settings: Settings) -> int:
    """As many threads as events may run at a time: each of those that score or wait takes one."""
    return settings.max_small + settings.max_large + settings.max_waiting + THREADS_BESIDE


def page_html(value: str, elem_id: str | None = None, render: bool = True) -> gr.HTML:
    """A component that shows escaped HTML from `ui.views`; without an id it takes its place from its parent.

    Args:
        render: whether it is placed here and now.
    """
    return gr.HTML(
        value,
        elem_id=elem_id,
        padding=False,
        container=False,
        apply_default_css=False,
        js_on_load=None,
        render=render,
    )


def current_tab() -> gr.Tab:
    """The tab that is being built, for what happens when a visitor comes to it."""
    tab = gr.context.Context.block
    assert isinstance(tab, gr.Tab), "a tab is built inside gr.Tab"
    return tab


def current_page() -> gr.Blocks:
    """The page that is being built, for events of the page itself."""
    page = gr.context.Context.root_block
    assert page is not None, "a tab is built inside gr.Blocks"
    return page


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
