"""The page: tabs in a frame, the named API beside them, and how it is launched.

To add a tab, write its file in `ui/tabs` and its line in `TABS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from demo.service import RankingService
from demo.settings import Settings
from demo.ui import theme, unknown_events
from demo.ui import wording as w
from demo.ui.api import add_api, has_mcp
from demo.ui.boundary import Page
from demo.ui.compression import CompressedPage
from demo.ui.explaining import Explaining
from demo.ui.frame import PageFrame
from demo.ui.held import HeldInSessions
from demo.ui.inputs.components import build_inputs
from demo.ui.inputs.handlers import InputsPane
from demo.ui.judging import Judging
from demo.ui.language import ChosenLanguage
from demo.ui.memory import Memory
from demo.ui.page import QUIET, page_html, threads_for
from demo.ui.tabs import about, compare, evaluate, history, models, rerank, tour
from demo.ui.views.render import render
from demo.uploads import LIFE_SECONDS

TABS = (
    ("rerank", w.TAB_RERANK, rerank.build),
    ("compare", w.TAB_COMPARE, compare.build),
    ("evaluate", w.TAB_EVALUATE, evaluate.build),
    ("history", w.TAB_HISTORY, history.build),
    ("tour", w.TAB_TOUR, tour.build),
    ("models", w.TAB_MODELS, models.build),
    ("about", w.TAB_ABOUT, about.build),
)
"""Key, label and builder of each tab; its element's id is “tab-” and the key, by which the style sheet knows it."""


def build_app(settings: Settings, service: RankingService) -> tuple[gr.Blocks, gr.I18n]:
    """The page and the translations that `launch` needs with it."""
    label = w.Labels()
    options: dict[str, Any] = {"analytics_enabled": False, "delete_cache": (60, LIFE_SECONDS)}
    held = HeldInSessions(settings.sessions_bytes)
    with Page(service.usage, label, held, title="Rerank Lens", **options) as app:
        masthead = page_html(_masthead(None), elem_id="masthead")
        app.load(_masthead, None, masthead, **QUIET)
        with gr.Column(elem_id="frame"):
            memory = Memory()
            inputs = build_inputs(InputsPane(settings, service), memory, label)
            frame = PageFrame(inputs, Judging(inputs, memory, label), Explaining(service), memory, label)
            with gr.Tabs(elem_id="tabs"):
                for key, title, build in TABS:
                    with gr.Tab(label(title), elem_id=f"tab-{key}"):
                        build(frame)
            frame.judging.wire()
            frame.explaining.wire()
        add_api(settings, service)
    app.queue(max_size=threads_for(settings), api_open=False)  # no way in past the queue
    return app, label.i18n()


def _masthead(request: gr.Request | None) -> str:
    return render("masthead.html", w.language_of(request), live=True, languages=w.LANGUAGES)


def launch_options(settings: Settings, i18n: gr.I18n, beside: Mapping[str, Any]) -> dict[str, Any]:
    """How the page is served: nothing is kept of a visitor's runs, and nothing comes from another host.

    There is no server-side rendering: it puts Node in front, which would answer without what `demo.api` adds.

    Args:
        beside: arguments of the application that serves the page (`demo.api.beside`).
    """
    return {
        "mcp_server": has_mcp(settings),
        "server_name": settings.host,
        "server_port": settings.port,
        "theme": theme.theme(),
        "css": theme.css(),
        "head": theme.head(),
        "i18n": i18n,
        "run_history": False,
        "footer_links": ["api"],
        "max_file_size": settings.max_upload_bytes,
        "show_error": False,
        "enable_monitoring": False,
        "state_session_capacity": settings.max_sessions,
        "max_threads": threads_for(settings),
        "share": False,
        "_frontend": False,  # else launching fails where visitors are already so many that the page answers slowly
        "ssr_mode": False,
        "app_kwargs": {
            **beside,
            "middleware": [Middleware(CompressedPage), Middleware(ChosenLanguage), *beside.get("middleware", ())],
            "exception_handlers": {**beside.get("exception_handlers", {}), **unknown_events.HANDLERS},
        },
    }
