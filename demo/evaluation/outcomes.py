"""The work of an evaluation: each query's candidates, scored by each ranker, one query at a time.

Candidates come from BM25 (see `service`), from somebody's run, or from the judged rows of the query; rerankers reorder
them and add none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from demo.errors import InputError
from demo.formats.trec_runs import Run
from demo.messages import Message
from demo.records import Collection, IntArray, Query, Ranker, Ranking, ScoreKind


class Reranker(Protocol):
    """Scores one query's candidates.

    Attributes:
        ranker: who it is; its key tells it apart from the others of an evaluation.
        fingerprint: changes whenever its scores for the same texts may, as with other weights or another precision.
    """

    @property
    def ranker(self) -> Ranker: ...

    @property
    def fingerprint(self) -> str: ...

    def rank(self, query: Query, collection: Collection, candidates: IntArray) -> Ranking:
        """The ranking of the passages at these indices, in their order."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """Where the candidates come from.

    Attributes:
        of: indices into the collection for a query, best first if `first` made them.
        first: the ranker that put them into their order; None where the order means nothing.
        notes: what the person should know of them.
    """

    of: Callable[[Query], IntArray]
    first: Reranker | None = None
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True, eq=False)
class Outcome:
    """One query's candidates and what each ranker made of them.

    Attributes:
        doc_ids: the candidates, in the order that `Candidates` gave them.
        rankings: one for each ranker, always in the same order, without extents; scores stand in the order of
            `doc_ids`.
        truncated: for each ranker, the number of candidates that it did not read to their end.
    """

    query: Query
    doc_ids: tuple[str, ...]
    rankings: tuple[Ranking, ...]
    truncated: tuple[int, ...]

    @classmethod
    def of(cls, query: Query, collection: Collection, chosen: IntArray, rankings: Sequence[Ranking]) -> Outcome:
        """The outcome of these rankings of the passages at these places in the collection."""
        return cls(
            query,
            tuple(collection.passages[index].doc_id for index in chosen.tolist()),
            tuple(replace(ranking, extents=()) for ranking in rankings),
            tuple(sum(extent.truncated for extent in ranking.extents) for ranking in rankings),
        )

    def without(self, place: int) -> Outcome:
        """The outcome without ranker number `place`."""
        rankings, truncated = list(self.rankings), list(self.truncated)
        del rankings[place], truncated[place]
        return replace(self, rankings=tuple(rankings), truncated=tuple(truncated))

    def ranked(self, place: int) -> tuple[str, ...]:
        """The candidates as ranker number `place` orders them, best first."""
        return tuple(self.doc_ids[index] for index in self.rankings[place].order.tolist())


def work(
    collection: Collection, queries: Iterable[Query], candidates: Candidates, rerankers: Sequence[Reranker]
) -> Iterator[Outcome]:
    """Yields the outcome of each query in turn; closing the iterator stops the work, what was yielded stays good.

    Raises:
        DemoError: as the rerankers do.
    """
    for query in queries:
        chosen = candidates.of(query)
        rankings = [reranker.rank(query, collection, chosen) for reranker in rerankers]
        yield Outcome.of(query, collection, chosen, rankings)


def queries_of(collection: Collection) -> tuple[Query, ...]:
    """The queries with judgments, in the collection's order, or all where nothing is judged; every mean is over them.

    Raises:
        InputError: there is none.
    """
    judged = tuple(query for query in collection.queries if collection.qrels.get(query.query_id))
    if judged or collection.queries:
        return judged or collection.queries
    raise InputError(Message("“{key}” has no queries, so nothing can be ranked. Add some.", key=collection.key))


# ---- where candidates come from ----------------------------------------------------------------------------------


class RunOrder:
    """The ranking of a run that somebody else made; passages that it lacks come last."""

    def __init__(self, run: Run) -> None:
        tag = run.tag or "run"
        self.ranker = Ranker(f"run:{tag}", tag, ScoreKind.ENGINE)
        self.fingerprint = ""
        self._scores = {q: dict(zip(ids, run.scores[q], strict=True)) for q, ids in run.rankings.items()}

    def rank(self, query: Query, collection: Collection, candidates: IntArray) -> Ranking:
        """The ranking of the candidates by the run's scores."""
        known = self._scores.get(query.query_id, {})
        scores = [known.get(collection.passages[index].doc_id, -np.inf) for index in candidates.tolist()]
        return Ranking.from_scores(self.ranker, scores)


def run_candidates(run: Run, collection: Collection, queries: Sequence[Query], depth: int) -> Candidates:
    """The run's best `depth` passages of each query; what the collection or the run lacks is told.

    Raises:
        InputError: the run ranks nothing for any of the queries, or no passage that the collection has.
    """
    given = listed_candidates(run.rankings, collection, queries, depth)
    return Candidates(given.of, RunOrder(run), run.notes + given.notes)


def judged_candidates(collection: Collection, queries: Sequence[Query]) -> Candidates:
    """The judged passages of each query, in the order of the qrels, which means nothing.

    Raises:
        InputError: nothing is judged, or the collection has none of it.
    """
    if not collection.is_judged:
        raise InputError(
            Message(
                "Nothing is judged, so there are no judged passages to take as candidates. Choose BM25's, or give a "
                "run."
            )
        )
    return listed_candidates(collection.qrels, collection, queries)


def listed_candidates(
    listed: Mapping[str, Iterable[str]], collection: Collection, queries: Sequence[Query], depth: int | None = None
) -> Candidates:
    """The first `depth` of the passages listed for each query (None: all), in their order.

    Raises:
        InputError: nothing is listed for any of the queries, or no passage that the collection has.
    """
    places = {passage.doc_id: index for index, passage in enumerate(collection.passages)}
    wanted = {query.query_id: tuple(listed[query.query_id])[:depth] for query in queries if query.query_id in listed}
    absent = sum(doc_id not in places for doc_ids in wanted.values() for doc_id in doc_ids)
    _check_listed(listed, collection, queries, wanted, absent)
    lists = {
        query_id: np.array([places[doc_id] for doc_id in doc_ids if doc_id in places], dtype=np.int64)
        for query_id, doc_ids in wanted.items()
    }
    nothing = np.empty(0, dtype=np.int64)
    without, foreign = len(queries) - len(wanted), len(listed) - len(wanted)
    clauses = (
        (without, Message("queries without candidates, which count as 0: {without:,}", without=without)),
        (foreign, Message("queries with candidates that are not measured: {foreign:,}", foreign=foreign)),
        (absent, Message("candidates that the collection lacks, left out: {absent:,}", absent=absent)),
    )  # fmt: skip
    return Candidates(
        lambda query: lists.get(query.query_id, nothing), notes=tuple(clause for count, clause in clauses if count)
    )


def _check_listed(
    listed: Mapping[str, Iterable[str]],
    collection: Collection,
    queries: Sequence[Query],
    wanted: Mapping[str, Sequence[str]],
    absent: int,
) -> None:
    """Nothing, if some candidate of some query is there."""
    if not wanted:
        other, own = next(iter(listed), "–"), queries[0].query_id if queries else "–"
        raise InputError(
            Message(
                "The candidates are for other queries: they are named like “{other}”, the judged ones like “{own}”. "
                "Give a run of the same queries.",
                other=other,
                own=own,
            )
        )
    if absent == sum(map(len, wanted.values())):
        other = next((doc_id for doc_ids in wanted.values() for doc_id in doc_ids), "–")
        own = collection.passages[0].doc_id if collection.passages else "–"
        raise InputError(
            Message(
                "None of the candidates is in the collection: they are named like “{other}”, its passages like "
                "“{own}”. Give a run over the same passages.",
                other=other,
                own=own,
            )
        )
