"""The Models tab: every cross-encoder on offer, where its weights are, and what was published about it."""

from __future__ import annotations

import gradio as gr

from demo.service import RankingService
from demo.settings import Settings
from demo.ui import wording as w
from demo.ui.page import current_page, page_html
from demo.ui.views.models import models


def build(settings: Settings, service: RankingService, label: w.Labels) -> None:
    """The table, made anew at every visit, since models may have been downloaded meanwhile."""

    def table(request: gr.Request) -> str:
        return models(service.models(), w.language_of(request))

    page = page_html(models(service.models(), "en"), elem_id="models")
    current_page().load(table, None, page, show_progress="hidden", api_visibility="private")
