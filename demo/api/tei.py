"""`POST /rerank` and `GET /info` as Text Embeddings Inference has them (its OpenAPI, version 1.8)."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from demo.api.shared import MOST_TEXTS, Desk, Name, Words, best, new_routes, probabilities
from demo.errors import InputError
from demo.records import Ranking
from demo.service import RankingService
from demo.settings import Settings

INVALID = 422
_TYPES = {INVALID: "Validation", 404: "Validation", 429: "Overloaded"}


class TeiRequest(BaseModel):
    """A query and the texts to rank for it."""

    query: Words = Field(description="A question or a few words.")
    texts: list[Words] = Field(min_length=1, max_length=MOST_TEXTS, description="The texts to rank.")
    raw_scores: bool = Field(False, description="Scores as the model gives them, not squeezed into 0 to 1.")
    return_text: bool = Field(False, description="Whether each result repeats its text.")
    truncate: bool | None = Field(None, description="If false, a text that the model cannot read whole is refused.")
    truncation_direction: Literal["Right", "right"] = Field("Right", description="Texts are cut at their end.")
    model: Name | None = Field(None, description="A ranker by its key; empty takes the default. Not part of TEI.")


class Rank(BaseModel):
    """One text's place in the request and its score."""

    index: int
    score: float
    text: str | None = None


def _refusal(status: int, sentence: str) -> dict[str, Any]:
    return {"error": sentence, "error_type": _TYPES.get(status, "Backend")}


def router(service: RankingService, settings: Settings) -> APIRouter:
    """The routes of this protocol."""
    routes = new_routes("Text Embeddings Inference", _refusal, INVALID)
    desk = Desk(service, settings)

    @routes.post("/rerank", response_model=list[Rank], response_model_exclude_none=True)
    async def rerank(body: TeiRequest, request: Request) -> list[Rank]:
        """The texts' scores, best first."""
        ranker = await desk.reranker(body.model)
        ranking = await desk.ranked(request, ranker, body.query, body.texts)
        if body.truncate is False:
            _check_whole(ranking)
        scores = ranking.scores.tolist() if body.raw_scores else probabilities(ranking)
        text = body.texts if body.return_text else [None] * len(body.texts)
        return [Rank(index=index, score=scores[index], text=text[index]) for index in best(ranking, None)]

    @routes.get("/info")
    async def info() -> dict[str, Any]:
        """The default model and the limits."""
        return _info(service, settings)

    return routes


def _check_whole(ranking: Ranking) -> None:
    for index, extent in enumerate(ranking.extents):
        if extent.truncated:
            raise InputError(
                "Text {index} has {tokens:,} tokens with the query, and the model reads {most:,}. Shorten it, or "
                "leave “truncate” out.",
                index=index,
                tokens=extent.pair_tokens,
                most=extent.read_tokens,
            )


def _info(service: RankingService, settings: Settings) -> dict[str, Any]:
    model = service.cross_encoder().spec.model
    return {
        "model_id": model and model.spec.key,
        "model_sha": model and (model.revision or None),
        "model_dtype": {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}[settings.precision],
        "model_type": {"reranker": {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}},
        "max_input_length": model and model.max_tokens,
        "max_client_batch_size": settings.max_candidates,
        "auto_truncate": True,
        "version": "rerank-lens",
    }
