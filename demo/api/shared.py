"""What the protocols have in common: texts as passages, scores that stop when the client goes, errors as JSON."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from math import ceil
from typing import Annotated, Any, Literal

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import AfterValidator, BaseModel, Discriminator, Field, Tag, ValidationInfo
from starlette.exceptions import HTTPException

from demo.api.answers import language_of
from demo.arguments import mended
from demo.errors import BusyError, DemoError, InputError, RemoteError
from demo.messages import NOTHING, Message
from demo.phrases import shown
from demo.progress import Progress, Steps
from demo.rankers.protocol import Ranker
from demo.rankers.text_form import MOST_NAME_CHARS, check_length
from demo.records import Card, Collection, Passage, Ranking
from demo.results import scores
from demo.service import RankingService
from demo.settings import Settings
from demo.visitors import address_of

THREADS = 64
"""For requests that are worked on or wait (`demo.turns` says which)."""

MOST_TEXTS = 100_000
"""Texts of a request that are looked at one by one, however many the settings let be ranked."""

UNREADABLE, UNKNOWN_MODEL, BUSY, CLOSED, BUG, BAD_GATEWAY = 400, 404, 429, 499, 500, 502
_LOG = logging.getLogger(__name__)

Refusal = Callable[[int, str], dict[str, Any]]
"""Status and sentence → the JSON in which a protocol tells them."""


class UnknownModelError(InputError):
    """The request names a ranker that there is not."""


class ClientGoneError(Exception):
    """Nobody waits for the answer any more."""


Words = Annotated[str, AfterValidator(mended)]
"""A text that an answer can repeat."""


def _short(text: str, field: ValidationInfo) -> str:
    check_length(str(field.field_name), text)
    return text


Name = Annotated[Words, AfterValidator(_short), Field(json_schema_extra={"maxLength": MOST_NAME_CHARS})]
"""A text that names something, or tells a model something."""


class Text(BaseModel):
    """A document as an object."""

    text: Words


def _form(document: Any) -> Literal["object", "text"]:
    """Which form of a document this is meant to be, so that what is wrong is told of that form alone."""
    return "object" if isinstance(document, dict | Text) else "text"


Document = Annotated[
    Annotated[Words, Tag("text")] | Annotated[Text, Tag("object")],
    Discriminator(_form),
    Field(description="A text, or an object with one."),
]


def plain(documents: Sequence[str | Text]) -> list[str]:
    """The texts of documents."""
    return [document.text if isinstance(document, Text) else document for document in documents]


class RerankRequest(BaseModel):
    """A query and the documents to rank for it."""

    model: Name | None = Field(
        None, description="A ranker by its key, such as “bundled/tiny”; empty takes the default."
    )
    query: Words = Field(description="A question or a few words.")
    documents: list[Document] = Field(min_length=1, max_length=MOST_TEXTS, description="The documents to rank.")
    instruction: Name | None = Field(None, description="What the model is told besides the query, if it takes one.")


class RelevanceResult(BaseModel):
    """One document's place in the request and its probability of relevance."""

    index: int
    relevance_score: float
    document: dict[str, str] | None = None


def relevance_results(
    texts: Sequence[str], scores: Sequence[float], indices: Iterable[int], with_text: bool
) -> list[RelevanceResult]:
    """The results of these documents, in this order."""
    return [
        RelevanceResult(
            index=index, relevance_score=scores[index], document={"text": texts[index]} if with_text else None
        )
        for index in indices
    ]


class Desk:
    """Takes the requests of one protocol to the service."""

    def __init__(self, service: RankingService, settings: Settings) -> None:
        self.service = service
        self._settings = settings
        self._limiter = CapacityLimiter(THREADS)

    async def reranker(
        self, model: str | None, max_tokens: int | None = None, instruction: str | None = None
    ) -> Ranker:
        """What the model of a request stands for: none the default model, else a ranker as it is written everywhere.

        It is read in a thread, so that nobody else waits for that.

        Args:
            max_tokens: most tokens that may be read, which matters only below the model's own length: clients send the
                4,096 of a larger model by themselves.

        Raises:
            UnknownModelError: there is none.
            InputError: an instruction is given, and the ranker is no cross-encoder by itself.
        """
        return await to_thread.run_sync(self._reranker, model, max_tokens, instruction, limiter=self._limiter)

    def _reranker(self, model: str | None, max_tokens: int | None, instruction: str | None) -> Ranker:
        usual, model = self.service.cross_encoder, model or ""
        try:
            ranker = self.service.rankers.read(model) if model else usual()
            alone = ranker == usual(model)
            if alone:
                most = ranker.spec.model and ranker.spec.model.spec.max_tokens
                bound = 0 if max_tokens is None or (most and max_tokens >= most) else max_tokens
                ranker = usual(model, max_tokens=bound, instruction=(instruction or "").strip())
            ranker.check()
        except InputError as error:
            raise UnknownModelError(error.message) from error
        if instruction and not alone:
            raise InputError(
                "Only a cross-encoder named alone takes an instruction. Leave “instruction” out, or name one."
            )
        return ranker

    async def ranked(self, request: Request, ranker: Ranker, query: str, texts: Sequence[str]) -> Ranking:
        """The ranking of all texts, in their order; the work stops when the client goes away.

        Raises:
            DemoError: the texts or the query cannot be ranked.
            ClientGoneError: the client went away.
        """
        collection = _collection(texts, self._settings)
        client = request.client.host if request.client else ""
        visitor = address_of(client, request.headers, self._settings.proxies)
        steps = self.service.rank(ranker, query, collection, visitor, request.url.path)
        try:
            while await to_thread.run_sync(_advance, steps, limiter=self._limiter):
                if await request.is_disconnected():
                    raise ClientGoneError
        finally:
            steps.close()
        return steps.result


def _advance(steps: Steps[Ranking]) -> bool:
    """Does one step; False where none was left."""
    step: Progress | None = next(steps, None)
    return step is not None


def _collection(texts: Sequence[str], settings: Settings) -> Collection:
    most, longest = settings.max_candidates, settings.max_passage_chars
    if len(texts) > most:
        raise InputError(
            "There are {texts:,} documents; at most {most:,} are ranked at once. Send them in parts.",
            texts=len(texts),
            most=most,
        )
    for index, text in enumerate(texts):
        if len(text) > longest:
            raise InputError(
                "Document {place} has {chars:,} characters; at most {most:,} are allowed. Shorten it.",
                place=index,
                chars=len(text),
                most=longest,
            )
    title = Message("Passages from a list")
    passages = tuple(Passage(str(index), text) for index, text in enumerate(texts))
    return Collection("pasted", Card(title, NOTHING), passages)


def probabilities(ranking: Ranking) -> list[float]:
    """Each candidate's probability of relevance: the sigmoid of a logit, or the score where it is one.

    Raises:
        InputError: the ranker's scores are neither.
    """
    found = scores.probabilities(ranking)
    if found is not None:
        return [float(probability) for probability in found]
    raise InputError(
        "{label} gives scores that are no probabilities of relevance. Name a cross-encoder, or ask for raw scores "
        "at /rerank.",
        label=shown(ranking.ranker.label),
    )


def best(ranking: Ranking, most: int | None) -> list[int]:
    """The candidates' places, best first, all or the first so many."""
    return [int(index) for index in ranking.order[: most or None]]


# ---- errors --------------------------------------------------------------------------------------------------------


def _responses(refusal: Refusal, invalid: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI tells of refusals: status → meaning and example."""
    meanings = {
        invalid: "The request cannot be used; the sentence says why.",
        UNKNOWN_MODEL: "There is no such ranker.",
        BUSY: "There are too many requests now; Retry-After says when to come back.",
        BUG: "The model cannot be loaded, or gave no scores.",
        BAD_GATEWAY: "A remote reranker did not answer.",
    }
    others = {"description": "Any other refusal, such as 413 for a body that is too long."}
    return {
        **{
            status: {"description": text, "content": {"application/json": {"example": refusal(status, text)}}}
            for status, text in meanings.items()
        },
        "4XX": others,  # without it FastAPI tells of a 422 in its own shape, which never comes
    }


def new_routes(tag: str, refusal: Refusal, invalid: int) -> APIRouter:
    """A protocol's routes, none as yet, which will tell every error in its JSON.

    Args:
        invalid: status of a request that cannot be used.
    """

    class Route(APIRoute):
        """Answers, or refuses in the protocol's own way."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            answer = super().get_route_handler()

            async def guarded(request: Request) -> Response:
                try:
                    return await answer(request)
                except Exception as error:  # noqa: BLE001  the boundary: everything is either told or logged
                    status, sentence = _status_and_sentence(error, invalid)
                    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
                    if isinstance(error, BusyError):
                        headers["retry-after"] = str(ceil(error.retry_seconds))
                    words = mended(sentence.to(language_of(request.scope)))
                    return JSONResponse(refusal(status, words), status, headers)

            return guarded

    return APIRouter(tags=[tag], route_class=Route, responses=_responses(refusal, invalid))


def _status_and_sentence(error: Exception, invalid: int) -> tuple[int, Message]:
    """Status and sentence for whoever sent the request; what is no DemoError and no bad request goes to the log."""
    if isinstance(error, RequestValidationError):
        return invalid, _unusable(error)
    if isinstance(error, HTTPException):
        return (invalid, _NO_JSON) if error.status_code == UNREADABLE else (error.status_code, Message(error.detail))
    if isinstance(error, ClientGoneError):
        return CLOSED, NOTHING
    if isinstance(error, DemoError):
        return _status(error, invalid), error.message
    _LOG.error("A request failed", exc_info=error)
    return BUG, Message("This failed by a fault of this app; the log has the details.")


def _status(error: DemoError, invalid: int) -> int:
    if isinstance(error, UnknownModelError):
        return UNKNOWN_MODEL
    if isinstance(error, BusyError):
        return BUSY
    if isinstance(error, InputError):
        return invalid
    return BAD_GATEWAY if isinstance(error, RemoteError) else BUG


_NO_JSON = Message("The body of the request is not JSON. /openapi.json says what is expected.")


def _unusable(error: RequestValidationError) -> Message:
    """What is wrong with the first thing that is; the value itself is not repeated."""
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return _NO_JSON
    if isinstance(error.body, bytes):  # FastAPI reads as JSON only what says so
        return Message("The request does not say that its body is JSON. Send it with Content-Type: application/json.")
    where = ".".join(str(part) for part in first["loc"] if part != "body") or "the body"
    return Message(
        "The request cannot be used: {where}: {reason}. /openapi.json says what is expected.",
        where=where,
        reason=str(first["msg"]),
    )
