"""The Tour tab: queries that trap one ranker or the other, for a class or for oneself."""

from __future__ import annotations

import gradio as gr

from demo.ui import wording as w
from demo.ui.frame import PageFrame
from demo.ui.page import QUICK, current_tab, page_html
from demo.ui.views.tour import tour


def build(frame: PageFrame) -> None:
    """The cards, made when the tab is first opened."""
    page = page_html("", elem_id="tour")

    def cards(request: gr.Request) -> str:
        return tour(frame.service, w.language_of(request))

    current_tab().select(cards, None, page, **QUICK)
