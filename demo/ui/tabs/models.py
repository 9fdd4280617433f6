"""The Models tab: every cross-encoder on offer, where its weights are, and what was published about it."""

from __future__ import annotations

import gradio as gr

from demo.ui import wording as w
from demo.ui.frame import PageFrame
from demo.ui.page import QUIET, current_page, page_html
from demo.ui.views.models import models


def build(frame: PageFrame) -> None:
    """The table, made anew at every visit, since models may have been downloaded meanwhile."""

    def table(request: gr.Request) -> str:
        return models(frame.service.models(), w.language_of(request))

    page = page_html(models(frame.service.models(), "en"), elem_id="models")
    current_page().load(table, None, page, **QUIET)
