"""What is served beside the page, one file for each thing.

`mount` adds all of it to an application; `demo.ui.app` hands the page's own application over.
"""

from __future__ import annotations

from fastapi import FastAPI

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


def mount(app: FastAPI, settings: Settings, service: RankingService, uploads: Uploads | None = None) -> None:
    """Adds routes and middleware; to be called before the application starts.

    Args:
        uploads: where the page keeps uploads; None sets them no limit.
    """
    add_health(app, service)
    add_social_card(app)
    if settings.metrics:
        add_metrics(app, service, uploads)
    if uploads is not None:
        app.add_middleware(UploadLimit, uploads=uploads)
    app.add_middleware(BodyLimit, most_bytes=settings.max_body_bytes)
    app.add_middleware(AllowedHosts, settings=settings)
    app.add_middleware(SecurityHeaders, settings=settings)
