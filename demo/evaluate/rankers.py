"""The rankers that the command line can name: bm25, and any cross-encoder by key, hub id or folder."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from demo.errors import InputError
from demo.evaluation.outcomes import Bm25Order, Reranker
from demo.rankers.catalog import DEFAULT_BUNDLED
from demo.rankers.loading import fingerprint, load_cross_encoder, resolve
from demo.records import Collection, Cost, Extent, IntArray, ModelSpec, Query, Ranker, Ranking, ScoreKind
from demo.settings import Settings

if TYPE_CHECKING:
    from demo.rankers.cross_encoder import CrossEncoder

BUNDLED = "bundled"


class CrossEncoderOrder:
    """A cross-encoder, loaded when it is first asked for a score."""

    def __init__(self, spec: ModelSpec, settings: Settings) -> None:
        self.ranker = Ranker(spec.key, spec.label, ScoreKind.LOGIT)
        self._spec, self._settings = spec, settings

    @cached_property
    def fingerprint(self) -> str:
        """Of the weights, with the precision."""
        weights = fingerprint(self._spec, self._settings) or self._model.fingerprint
        return f"{weights} {self._settings.precision}"

    @cached_property
    def _model(self) -> CrossEncoder:
        return load_cross_encoder(self._spec, self._settings)

    def rank(self, query: Query, collection: Collection, candidates: IntArray) -> Ranking:
        """The ranking of the candidates by the model's logits."""
        texts = [collection.passages[index].content for index in candidates.tolist()]
        scores = np.zeros(len(texts), dtype=np.float32)
        extents: dict[int, Extent] = {}
        tokenise_seconds = model_seconds = 0.0
        tokens = 0
        model = self._model
        for batch in model.score(query.text, texts):
            scores[batch.indices] = batch.scores
            extents.update(zip(batch.indices.tolist(), batch.extents, strict=True))
            tokenise_seconds, model_seconds = (
                tokenise_seconds + batch.tokenise_seconds,
                model_seconds + batch.model_seconds,
            )
            tokens += batch.tokens
        cost = Cost(
            pairs=len(texts),
            tokenise_seconds=tokenise_seconds,
            model_seconds=model_seconds,
            tokens=tokens,
            device=model.device,
            precision=model.precision,
        )
        return Ranking.from_scores(self.ranker, scores, cost, tuple(extents[place] for place in range(len(texts))))


def make_rerankers(text: str, bm25: Bm25Order, settings: Settings) -> tuple[Reranker, ...]:
    """The rankers of a list separated by commas, in its order, each once.

    Raises:
        InputError: it names none, or one that is not known.
    """
    names = dict.fromkeys(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise InputError("No ranker was named. Write “bm25,bundled”.", "没有给出排序器。请写“bm25,bundled”之类。")
    rerankers = [bm25 if name == bm25.ranker.key else _cross_encoder(name, settings) for name in names]
    return tuple({reranker.ranker.key: reranker for reranker in rerankers}.values())


def _cross_encoder(name: str, settings: Settings) -> CrossEncoderOrder:
    return CrossEncoderOrder(resolve(DEFAULT_BUNDLED if name == BUNDLED else name, settings), settings)
