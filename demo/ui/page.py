"""Gradio's parts as this page uses them: bare HTML, the page being built, and how its events run."""

from __future__ import annotations

from typing import Any

import gradio as gr

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
QUICK: dict[str, Any] = QUIET | {"concurrency_limit": 16, "concurrency_id": "quick"}
"""Events that only draw or read; they do not wait for those that score."""
RANKING: dict[str, Any] = QUIET | {"concurrency_limit": 4, "concurrency_id": "ranking"}
"""Events that score."""


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
