"""The About tab: what is seen, where the numbers come from, what happens to a visitor's text."""

from __future__ import annotations

import gradio as gr

from demo.messages import Language
from demo.ui import wording as w
from demo.ui.frame import PageFrame
from demo.ui.links import Link, written
from demo.ui.page import QUIET, current_page, page_html
from demo.ui.views.render import render


def build(frame: PageFrame) -> None:
    """The text, in the visitor's language once the page is there."""
    pane, service = frame.inputs.pane, frame.service
    start, rankers = pane.default_form(), (service.default_first_stage(), service.reranker(service.default_model()))
    example, compared = (written(link, pane) for link in (Link(start), Link(start, rankers=rankers)))

    def words(language: Language) -> str:
        return render("about.html", language, example=example, compared=compared)

    def text(request: gr.Request) -> str:
        return words(w.language_of(request))

    page = page_html(words("en"), elem_id="about")
    current_page().load(text, None, page, **QUIET)
