"""A search engine as a first stage: Elasticsearch or OpenSearch finds and scores passages in an index of its own.

It is written `search(name)`. The engine gives its best hits; a hit is the passage of the collection that has its id. It
is asked, and nothing there is ever written. The query leaves this machine, the passages do not.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from math import isfinite
from time import perf_counter
from typing import Any

import numpy as np

from demo.errors import InputError, RemoteError
from demo.messages import Message
from demo.phrases import shown
from demo.progress import Progress, as_steps
from demo.rankers.protocol import named_kind
from demo.rankers.search.engines import RETRIES, find_engine, too_slow
from demo.rankers.search.indexes import Index
from demo.rankers.search.searches import NAME, Searches
from demo.rankers.text_form import quote
from demo.records import Collection, Cost, IntArray, Query, RankerSpec, Ranking
from demo.score_kinds import ENGINE

_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Searched:
    """The index of this name."""

    name: str
    searches: Searches = field(compare=False, repr=False)

    def __str__(self) -> str:
        return f"{NAME}({quote(self.name)})"

    @property
    def spec(self) -> RankerSpec:
        """Named by the owner's label; by the text itself where there is no such index."""
        index = self.searches.indexes.get(self.name)
        return RankerSpec(str(self), index.label if index else shown(str(self)), ENGINE, ranks_collection=True)

    def check(self) -> None:
        """The index is set up, its key is there, and its client is installed."""
        self.searches.search(self.name)

    def fingerprint(self) -> str:
        """Where and how it is asked: what the engine itself changes is not known here."""
        return self.searches.index(self.name).identity

    @as_steps
    def rank(self, query: Query, collection: Collection, indices: IntArray) -> Generator[Progress, None, Ranking]:
        """As `Ranker.rank`; a passage that is not among the engine's hits is not found.

        Raises:
            RemoteError: the engine did not answer, or not with hits.
            InputError: none of its hits is a passage of the collection.
        """
        scores, cost, warnings = yield from self._hits(query, collection)
        values = [scores.get(index, 0.0) for index in indices.tolist()]
        found = [index in scores for index in indices.tolist()]
        cost = replace(cost, pairs=indices.size)
        return Ranking.from_scores(self.spec, values, cost, found=found, warnings=warnings)

    @as_steps
    def find(self, query: Query, collection: Collection) -> Generator[Progress, None, tuple[IntArray, Ranking]]:
        """As `Finds.find`.

        Raises:
            DemoError: as `rank`.
        """
        scores, cost, warnings = yield from self._hits(query, collection)
        cost = replace(cost, pairs=len(scores))
        ranking = Ranking.from_scores(self.spec, list(scores.values()), cost, warnings=warnings)
        return np.array(list(scores), np.int64), ranking

    @as_steps
    def _hits(
        self, query: Query, collection: Collection
    ) -> Generator[Progress, None, tuple[Mapping[int, float], Cost, tuple[Message, ...]]]:
        """Index of a passage in the collection → its score, what it cost, and what must be said."""
        index, search = self.searches.index(self.name), self.searches.search(self.name)
        asking = Progress("indexing", 0, 0, Message("Asking {label}", label=index.label))
        yield asking
        start = perf_counter()
        pool = ThreadPoolExecutor(1, "search")
        try:
            answer = pool.submit(search, query.text)
            while not wait([answer], _LOOK_SECONDS).done:
                if perf_counter() - start > (1 + RETRIES) * index.timeout_seconds + _LOOK_SECONDS:
                    raise too_slow(index)  # it dribbles: the client's limit is for each piece of an answer
                yield asking
            scores = _scores(index, answer.result())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        known = collection.indices_of(scores)
        warnings = _strangers(index, scores, known)
        cost = Cost(index_seconds=perf_counter() - start, device=find_engine(index.engine).label)
        return {passage_index: scores[doc_id] for doc_id, passage_index in known.items()}, cost, warnings


def _scores(index: Index, hits: Sequence[Mapping[str, Any]]) -> Mapping[str, float]:
    """doc_id → score.

    Raises:
        RemoteError: a hit has no id or no score.
    """
    found: dict[str, float] = {}
    for hit in hits:
        source = hit.get("_source") if index.id_field else hit
        doc_id = source.get(index.id_field or "_id") if isinstance(source, dict) else None
        score = hit.get("_score")
        if not isinstance(doc_id, str | int) or isinstance(score, bool) or not isinstance(score, int | float):
            raise RemoteError(
                "{label} gave a hit without an id or without a score. Correct “id_field” or “query” of its table.",
                label=index.label,
            )
        if isfinite(score):
            found.setdefault(str(doc_id), float(score))
    return found


def _strangers(index: Index, scores: Mapping[str, float], known: Mapping[str, int]) -> tuple[Message, ...]:
    """Says that some hits are no passages of the collection.

    Raises:
        InputError: none is.
    """
    strangers = [doc_id for doc_id in scores if doc_id not in known]
    if not strangers:
        return ()
    if len(strangers) == len(scores):
        raise InputError(
            "{label} holds another collection: none of its {hits:,} hits is among these passages, “{first}” first. "
            "Choose the collection that was indexed, or correct “id_field” of its table.",
            label=index.label,
            hits=len(scores),
            first=strangers[0],
        )
    return (
        Message(
            "Of {hits:,} hits of {label}, {strangers:,} are not among these passages and were left out.",
            hits=len(scores),
            label=index.label,
            strangers=len(strangers),
        ),
    )


KIND = named_kind(
    NAME,
    Message("A search engine is written with its name in round brackets, such as search(my-index)."),
    lambda name, tools: Searched(name, tools.searches),
    lambda tools: tools.searches.indexes,
)
