"""`POST /v2/rerank` as Cohere has it (API reference, v2)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from demo.api.shared import (
    Desk,
    RelevanceResult,
    RerankRequest,
    best,
    new_routes,
    plain,
    probabilities,
    relevance_results,
)
from demo.service import RankingService
from demo.settings import Settings

INVALID = 400


class CohereRequest(RerankRequest):
    """A query and the documents to rank for it."""

    top_n: int | None = Field(None, ge=1, description="How many results to return; all if left out.")
    max_tokens_per_doc: int | None = Field(
        None, ge=1, description="Most tokens that are read of a document; here the query's count too."
    )
    return_documents: bool = Field(False, description="Whether each result repeats its document.")


class CohereAnswer(BaseModel):
    """The results, best first."""

    id: str
    results: list[RelevanceResult]
    meta: dict[str, Any]


def _refusal(status: int, sentence: str) -> dict[str, Any]:
    return {"message": sentence}


def router(service: RankingService, settings: Settings) -> APIRouter:
    """The route of this protocol."""
    routes = new_routes("Cohere", _refusal, INVALID)
    desk = Desk(service, settings)

    @routes.post("/v2/rerank", response_model=CohereAnswer, response_model_exclude_none=True)
    async def rerank_as_cohere(body: CohereRequest, request: Request) -> CohereAnswer:
        """The documents' probabilities of relevance, best first."""
        ranker = await desk.reranker(body.model, body.max_tokens_per_doc, body.instruction)
        texts = plain(body.documents)
        ranking = await desk.ranked(request, ranker, body.query, texts)
        scores = probabilities(ranking)
        results = relevance_results(texts, scores, best(ranking, body.top_n), body.return_documents)
        return CohereAnswer(id=str(uuid4()), results=results, meta={"api_version": {"version": "2"}})

    return routes
