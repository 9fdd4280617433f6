"""How rerankers behind an address are asked, and how they answer: one row for each protocol.

All of them take a query and texts and answer with an index and a score for each text, best first. They differ in the
path, in the names of the fields, and in whether the score is a raw logit or a probability.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from demo.errors import InputError
from demo.messages import Message, listed
from demo.score_kinds import LOGIT, PROBABILITY, ScoreKind

MOST_SCORE = 3e38
"""What float32 can hold, in which scores are kept; NaN and what is infinite are no less than it either."""

MOST_COUNT = 10**12
"""Tokens or units of one answer; what is beyond is no bill."""

KINDS: Mapping[str, ScoreKind] = {kind.key: kind for kind in (LOGIT, PROBABILITY)}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request brought.

    Attributes:
        scores: one for each text, in the order of the texts.
        tokens: that the server says it read, 0 where it does not say; units: that it bills.
    """

    scores: tuple[float, ...]
    tokens: int = 0
    units: float = 1.0


class ShapeError(Exception):
    """An answer that is not what the protocol says; the message is the reason."""

    def __init__(self, reason: Message) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RemoteProtocol:
    """A protocol.

    Attributes:
        key: as the owner writes it; label: for people.
        path: behind the server's address; address: the usual one, "" where there is none.
        texts, all_of_them, results, score: names of fields; "" where there is none. `all_of_them` asks for every score.
        fields: of every request.
        scores: kind of score → what asks for it; the first is the usual one.
        names_model: whether the model must be named; sends_model: whether a request names it.
        max_passages: most texts of a request, unless the owner says otherwise.
    """

    key: str
    label: str
    path: str
    address: str = ""
    texts: str = "documents"
    all_of_them: str = "top_n"
    results: str = "results"
    score: str = "relevance_score"
    fields: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {PROBABILITY.key: {}})
    names_model: bool = False
    sends_model: bool = True
    max_passages: int = 100

    def request(self, query: str, texts: Sequence[str], model: str, scores: str) -> dict[str, Any]:
        """The JSON of a request for the score of every text."""
        wanted = {self.all_of_them: len(texts)} if self.all_of_them else {}
        named = {"model": model} if model and self.sends_model else {}
        return {**named, "query": query, self.texts: list(texts), **wanted, **self.fields, **self.scores[scores]}

    def answer(self, body: Any, size: int, scores: str) -> Answer:
        """The answer to a request for `size` scores.

        Raises:
            ShapeError: it is not of this protocol, has not every score once, or a score is not of the kind asked for.
        """
        rows = body if not self.results else body.get(self.results) if isinstance(body, dict) else None
        if not isinstance(rows, list):
            named = Message("“{name}” is not a list", name=self.results)
            raise ShapeError(named if self.results else Message("it is not a list"))
        found = dict(self._row(row, size, scores) for row in rows)
        if len(found) < size:
            raise ShapeError(
                Message("{missing} of {size} passages have no score", missing=size - len(found), size=size)
            )
        if len(rows) > size:
            raise ShapeError(Message("a passage has more than one score"))
        about = body if isinstance(body, dict) else {}
        return Answer(tuple(found[index] for index in range(size)), _tokens(about), _units(about))

    def _row(self, row: Any, size: int, scores: str) -> tuple[int, float]:
        index, score = (row.get("index"), row.get(self.score)) if isinstance(row, dict) else (None, None)
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < size:
            raise ShapeError(Message("a result has no “index” from 0 to {last}", last=size - 1))
        if not isinstance(score, int | float) or isinstance(score, bool) or not abs(score) <= MOST_SCORE:
            raise ShapeError(Message("result {index} has no number as “{name}”", index=index, name=self.score))
        if scores == PROBABILITY.key and not 0 <= score <= 1:
            raise ShapeError(
                Message(
                    "result {index} has the score {score:g}, which is no probability; if the server gives logits, its "
                    "owner writes scores = “logit”",
                    index=index,
                    score=score,
                )
            )
        return index, float(score)


def _tokens(body: Mapping[str, Any]) -> int:
    usage = body.get("usage")
    tokens = usage.get("total_tokens") if isinstance(usage, dict) else 0
    return tokens if isinstance(tokens, int) and 0 < tokens <= MOST_COUNT else 0


def _units(body: Mapping[str, Any]) -> float:
    """Cohere's search units; 1 for whoever bills requests."""
    meta = body.get("meta")
    billed = meta.get("billed_units") if isinstance(meta, dict) else None
    units = billed.get("search_units") if isinstance(billed, dict) else None
    return float(units) if isinstance(units, int | float) and 0 < units <= MOST_COUNT else 1.0


_EITHER: Mapping[str, Mapping[str, Any]] = {LOGIT.key: {}, PROBABILITY.key: {}}
_RAW: Mapping[str, Mapping[str, Any]] = {LOGIT.key: {"raw_scores": True}, PROBABILITY.key: {"raw_scores": False}}

PROTOCOLS = (
    RemoteProtocol(
        "tei",
        "Text Embeddings Inference",
        "/rerank",
        texts="texts",
        all_of_them="",
        results="",
        score="score",
        fields={"truncate": True, "return_text": False},
        scores=_RAW,
        sends_model=False,
        max_passages=32,
    ),
    RemoteProtocol(
        "cohere", "Cohere", "/v2/rerank", address="https://api.cohere.com", names_model=True, max_passages=1_000
    ),
    RemoteProtocol(
        "jina",
        "Jina",
        "/v1/rerank",
        address="https://api.jina.ai",
        fields={"return_documents": False},
        scores={PROBABILITY.key: {}, LOGIT.key: {}},
        names_model=True,
        max_passages=1_000,
    ),
    RemoteProtocol(
        "vllm",
        "vLLM",
        "/v1/rerank",
        scores={PROBABILITY.key: {}, LOGIT.key: {"use_activation": False}},
    ),
    RemoteProtocol("infinity", "Infinity", "/rerank", fields={"return_documents": False}, scores=_RAW),
    RemoteProtocol("llama.cpp", "llama.cpp", "/v1/rerank", scores=_EITHER),
    RemoteProtocol(
        "voyage",
        "Voyage",
        "/v1/rerank",
        address="https://api.voyageai.com",
        all_of_them="top_k",
        results="data",
        fields={"return_documents": False, "truncation": True},
        names_model=True,
        max_passages=1_000,
    ),
)


def find_protocol(key: str) -> RemoteProtocol:
    """The protocol of this key.

    Raises:
        InputError: there is none.
    """
    for row in PROTOCOLS:
        if row.key == key:
            return row
    raise InputError(
        "There is no protocol “{key}”. Write one of {keys}.", key=key, keys=listed(row.key for row in PROTOCOLS)
    )
