"""`POST /v1/rerank` as Jina has it, and vLLM, infinity and llama.cpp with it."""

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
from demo.records import Ranking
from demo.service import RankingService
from demo.settings import Settings

INVALID = 422


class JinaRequest(RerankRequest):
    """A query and the documents to rank for it."""

    top_n: int | None = Field(None, ge=0, description="How many results to return; all if left out or 0.")
    return_documents: bool = Field(True, description="Whether each result repeats its document.")
    truncate_prompt_tokens: int | None = Field(
        None, ge=-1, description="Longest pair of query and document in tokens; −1 takes the model's own (vLLM)."
    )
    use_activation: bool | None = Field(None, description="If false, raw scores in place of probabilities (vLLM).")
    raw_scores: bool = Field(False, description="The same, as infinity calls it.")


class JinaAnswer(BaseModel):
    """The results, best first."""

    id: str
    object: str = "list"
    model: str
    usage: dict[str, int]
    results: list[RelevanceResult]


def _refusal(status: int, sentence: str) -> dict[str, Any]:
    return {"detail": sentence, "error": {"message": sentence, "code": status}}


def router(service: RankingService, settings: Settings) -> APIRouter:
    """The route of this protocol."""
    routes = new_routes("Jina, vLLM", _refusal, INVALID)
    desk = Desk(service, settings)

    @routes.post("/v1/rerank", response_model=JinaAnswer, response_model_exclude_none=True)
    async def rerank_as_jina(body: JinaRequest, request: Request) -> JinaAnswer:
        """The documents' probabilities of relevance, best first."""
        ranker = await desk.reranker(body.model, max(0, body.truncate_prompt_tokens or 0), body.instruction)
        texts = plain(body.documents)
        ranking = await desk.ranked(request, ranker, body.query, texts)
        raw = body.raw_scores or body.use_activation is False
        scores = ranking.scores.tolist() if raw else probabilities(ranking)
        results = relevance_results(texts, scores, best(ranking, body.top_n), body.return_documents)
        tokens = _tokens(ranking)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return JinaAnswer(id=f"rerank-{uuid4().hex}", model=ranking.ranker.key, usage=usage, results=results)

    return routes


def _tokens(ranking: Ranking) -> int:
    """Read tokens, kept scores included; of a remote ranker what its server says."""
    return sum(extent.read_tokens for extent in ranking.extents) or ranking.cost.tokens
