"""Two of gradio's parts as this page uses them: HTML without a style of gradio's own, and the page being built."""

from __future__ import annotations

import gradio as gr


def page_html(value: str, elem_id: str | None = None) -> gr.HTML:
    """A component that shows escaped HTML from `ui.views`; without an id it takes its place from its parent."""
    return gr.HTML(value, elem_id=elem_id, padding=False, container=False, apply_default_css=False, js_on_load=None)


def current_page() -> gr.Blocks:
    """The page that is being built, for events of the page itself."""
    page = gr.context.Context.root_block
    assert page is not None, "a tab is built inside gr.Blocks"
    return page
