"""The protocols beside the page: the same rankers for programs that speak TEI, Cohere or Jina already.

To add a protocol, write its file with `router(service, settings)` and its row in `ROUTERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi

from demo.api import cohere, jina, tei
from demo.service import RankingService
from demo.settings import Settings

ROUTERS: tuple[Callable[[RankingService, Settings], APIRouter], ...] = (tei.router, jina.router, cohere.router)


def mount(app: FastAPI, settings: Settings, service: RankingService) -> None:
    """Adds the protocols, unless the settings leave them out; to be called before the application starts."""
    if settings.protocols:
        routers = [router(service, settings) for router in ROUTERS]
        for router in routers:
            app.include_router(router)
        _add_openapi(app, routers)


def _add_openapi(app: FastAPI, routers: list[APIRouter]) -> None:
    """Adds the description of the protocols alone: the page's own paths are Gradio's."""

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> dict[str, Any]:
        """What can be asked for, in OpenAPI's words."""
        routes = [route for router in routers for route in router.routes]
        return get_openapi(title="Rerank Lens", version="1", routes=routes)
