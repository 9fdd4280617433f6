"""What is served beside the page: rerank protocols, health, figures, and what every request has to pass first.

To add a protocol, write its file with `router(service, settings)` and its row in `ROUTERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI

from demo.api import cohere, jina, tei
from demo.api.bodies import BodyLimit
from demo.api.headers import SecurityHeaders
from demo.api.health import add_health
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
    add_health(app, service)
    add_social_card(app)
    if settings.metrics:
        add_metrics(app, service, uploads)
    if settings.protocols:
        for router in ROUTERS:
            app.include_router(router(service, settings))
    if uploads is not None:
        app.add_middleware(UploadLimit, uploads=uploads)
    app.add_middleware(BodyLimit, most_bytes=settings.max_body_bytes)
    app.add_middleware(AllowedHosts, settings=settings)
    app.add_middleware(SecurityHeaders, settings=settings)


def beside(settings: Settings, service: RankingService, uploads: Uploads | None = None) -> dict[str, Any]:
    """What `mount` adds, as arguments for the application that serves the page; its own routes come behind these."""
    app = FastAPI(openapi_url=None)
    mount(app, settings, service, uploads)
    return {"routes": app.routes, "middleware": app.user_middleware, "exception_handlers": app.exception_handlers}
