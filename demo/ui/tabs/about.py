"""The About tab: what is seen, where the numbers come from, what happens to a visitor's text."""

from __future__ import annotations

import gradio as gr

from demo.ui import wording as w
from demo.ui.frame import PageFrame
from demo.ui.page import QUIET, current_page, page_html
from demo.ui.views.render import render


def build(frame: PageFrame) -> None:
    """The text, in the visitor's language once the page is there."""

    def text(request: gr.Request) -> str:
        return render("about.html", w.language_of(request))

    page = page_html(render("about.html", "en"), elem_id="about")
    current_page().load(text, None, page, **QUIET)
