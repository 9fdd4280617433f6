"""Small judged collections and rankers that are told what to score, for the tests of evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from demo.evaluation.outcomes import Candidates, Outcome, work
from demo.messages import Message
from demo.records import Card, Collection, Cost, Extent, IntArray, Passage, Query, Ranker, Ranking, ScoreKind

Scores = Mapping[str, Mapping[str, float]]
"""query_id → doc_id → score."""


def made_collection(qrels: Mapping[str, Mapping[str, int]], doc_ids: Sequence[str]) -> Collection:
    """Passages of these ids and a query for each judged id, whose texts are their ids."""
    title = Message("Made")
    queries = tuple(Query(query_id, f"about {query_id}") for query_id in qrels)
    return Collection("made", Card(title, title), tuple(Passage(d, f"text of {d}") for d in doc_ids), queries, qrels)


class Told:
    """A reranker that gives the scores it was told, 0 where none; it counts what it was asked."""

    def __init__(
        self, key: str, scores: Scores, seconds: float = 0.5, truncated: int = 0, fingerprint: str = ""
    ) -> None:
        self.ranker = Ranker(key, key.capitalize(), ScoreKind.LOGIT)
        self.fingerprint = fingerprint
        self.asked: list[str] = []
        self._scores, self._seconds, self._truncated = scores, seconds, truncated

    def rank(self, query: Query, collection: Collection, candidates: IntArray) -> Ranking:
        self.asked.append(query.query_id)
        doc_ids = [collection.passages[index].doc_id for index in candidates.tolist()]
        told = self._scores.get(query.query_id, {})
        cost = Cost(pairs=len(doc_ids), tokenise_seconds=0.0, model_seconds=self._seconds, tokens=9, device="cpu")
        extents = tuple(Extent(20, 10 if place < self._truncated else 20, 0, 7) for place in range(len(doc_ids)))
        return Ranking.from_scores(self.ranker, [told.get(doc_id, 0.0) for doc_id in doc_ids], cost, extents)


def all_passages(collection: Collection, first: Told | None = None) -> Candidates:
    """Every passage as a candidate of every query, in the collection's order."""
    everything = np.arange(len(collection.passages))
    return Candidates(lambda query: everything, first)


def made_outcomes(collection: Collection, *rerankers: Told) -> list[Outcome]:
    """The outcomes of all queries with every passage as a candidate."""
    return list(work(collection, collection.queries, all_passages(collection), rerankers))
