"""What is served beside the page: rerank protocols, health, figures, and what every request has to pass first.

To add a protocol, write its file with `router(service, settings)` and its row in `ROUTERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi

from demo.api import cohere, jina, tei
from demo.api.bodies import BodyLimit
from demo.api.headers import SecurityHeaders
from demo.api.hosts import AllowedHosts
from demo.api.metrics import add_metrics
from demo.api.social_card import add_social_card
from demo.api.stored_uploads import UploadLimit
from demo.service import RankingService
from demo.settings import Settings
from demo.uploads import Uploads

ROUTERS: tuple[Callable[[RankingService, Settings], APIRouter], ...] = (tei.router, jina.router, cohere.router)


def mount(app: FastAPI, settings: Settings, service: RankingService, uploads: Uploads | None = None) -> None:
    """Adds routes and middleware; to be called before the application starts.

    They need the app itself in front: with server-side rendering Node would answer in its place.

    Args:
        uploads: where the page keeps uploads; None sets them no limit.
    """
    _add_health(app, service)
    add_social_card(app)
    if settings.metrics:
        add_metrics(app, service, uploads)
    if settings.protocols:
        routers = [router(service, settings) for router in ROUTERS]
        for router in routers:
            app.include_router(router)
        _add_openapi(app, routers)
    if uploads is not None:
        app.add_middleware(UploadLimit, uploads=uploads, proxies=settings.proxies)
    app.add_middleware(BodyLimit, most_bytes=settings.max_body_bytes)
    app.add_middleware(AllowedHosts, settings=settings)
    app.add_middleware(SecurityHeaders, settings=settings)


def beside(settings: Settings, service: RankingService, uploads: Uploads | None = None) -> dict[str, Any]:
    """What `mount` adds, as arguments for the application that serves the page; its own routes come behind these."""
    app = FastAPI(openapi_url=None)
    mount(app, settings, service, uploads)
    return {
        "routes": app.routes,
        "middleware": app.user_middleware,
        "exception_handlers": app.exception_handlers,
        "openapi_url": None,
    }


def _add_health(app: FastAPI, service: RankingService) -> None:
    """Adds `/health`: whether the server answers, for whoever restarts it."""

    @app.get("/health", include_in_schema=False)
    async def health() -> dict[str, Any]:
        """Requests that run and wait; answers however busy the models are."""
        return {"status": "ok", "requests": service.turns.counts()}


def _add_openapi(app: FastAPI, routers: list[APIRouter]) -> None:
    """Adds the description of the protocols alone: the page's own paths are Gradio's."""

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> dict[str, Any]:
        """What can be asked for, in OpenAPI's words."""
        routes = [route for router in routers for route in router.routes]
        return get_openapi(title="Rerank Lens", version="1", routes=routes)
