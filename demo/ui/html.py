"""gr.HTML as this page uses it: no padding and no style of gradio's own, so that the style sheet alone decides."""

from __future__ import annotations

import gradio as gr


def page_html(value: str, elem_id: str | None = None) -> gr.HTML:
    """A component that shows escaped HTML from `ui.views`; without an id it takes its place from its parent."""
    return gr.HTML(value, elem_id=elem_id, padding=False, container=False, apply_default_css=False, js_on_load=None)
