"""The protocols beside the page: the same rankers for programs that speak TEI, Cohere or Jina already.

To add a protocol, write its file with `router(service, settings)` and its row in `ROUTERS`.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, FastAPI

from demo.api import cohere, jina, tei
from demo.service import RankingService
from demo.settings import Settings

ROUTERS: tuple[Callable[[RankingService, Settings], APIRouter], ...] = (tei.router, jina.router, cohere.router)


def mount(app: FastAPI, settings: Settings, service: RankingService) -> None:
    """Adds the protocols to the app that serves the page, unless the settings leave them out.

    Gradio makes that app when it is launched, and has a path of its own for every page, so that these come in beside
    them. They need the app itself in front: with server-side rendering Node would answer in its place.
    """
    if settings.protocols:
        for router in ROUTERS:
            app.include_router(router(service, settings))
