"""`/health`: whether the server answers, for whoever restarts it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from demo.service import RankingService


def add_health(app: FastAPI, service: RankingService) -> None:
    """Adds the route."""

    @app.get("/health", include_in_schema=False)
    async def health() -> dict[str, Any]:
        """Requests that run and wait; answers however busy the models are."""
        return {"status": "ok", "requests": service.turns.counts()}
