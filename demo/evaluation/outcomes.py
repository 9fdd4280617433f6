"""The work of an evaluation: each query's candidates, scored by each ranker, one query at a time.

Candidates come from a first stage, from somebody's run, or from the judged rows of the query; rerankers reorder
them and add none.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from demo.errors import InputError
from demo.formats.trec_runs import Run
from demo.messages import Message
from demo.progress import Progress, Steps, as_steps
from demo.rankers.engine import RunRanker
from demo.rankers.protocol import Finds, Ranker
from demo.records import Collection, IntArray, Query, Ranking
from demo.results.change import take_candidates


@dataclass(frozen=True, eq=False)
class Candidates:
    """Where the candidates come from.

    Attributes:
        of: indices into the collection for a query, best first if `first` made them; gives its progress.
        first: the ranker that put them into their order; None where the order means nothing.
        notes: what the person should know of them.
        total: how many there are, of all queries together; None where each query has as many as the depth allows.
        pooled: whether they are the best of all runs that came along.
    """

    of: Callable[[Query], Steps[IntArray]]
    first: Ranker | None = None
    notes: tuple[Message, ...] = ()
    total: int | None = None
    pooled: bool = False


@dataclass(frozen=True, eq=False)
class Outcome:
    """One query's candidates and what each ranker made of them.

    Attributes:
        doc_ids: the candidates, in the order that `Candidates` gave them.
        rankings: one for each ranker, always in the same order, without extents; scores stand in the order of
            `doc_ids`.
        truncated: for each ranker, the number of candidates that it did not read to their end.
        found: how many of the candidates, the first ones, their first stage found; all where it is not known.
    """

    query: Query
    doc_ids: tuple[str, ...]
    rankings: tuple[Ranking, ...]
    truncated: tuple[int, ...]
    found: int

    @classmethod
    def of(
        cls, query: Query, collection: Collection, chosen: IntArray, rankings: Sequence[Ranking], first: str = ""
    ) -> Outcome:
        """The outcome of these rankings of the passages at these indices of the collection.

        Args:
            first: the key of the ranker that made the candidates.
        """
        found = [int(ranking.found.sum()) for ranking in rankings if ranking.ranker.key == first]
        return cls(
            query,
            tuple(collection.passages[index].doc_id for index in chosen.tolist()),
            tuple(replace(ranking, extents=()) for ranking in rankings),
            tuple(sum(extent.truncated for extent in ranking.extents) for ranking in rankings),
            found[0] if found else chosen.size,
        )

    def without(self, ranker_index: int) -> Outcome:
        """The outcome without ranker number `ranker_index`."""
        rankings, truncated = list(self.rankings), list(self.truncated)
        del rankings[ranker_index], truncated[ranker_index]
        return replace(self, rankings=tuple(rankings), truncated=tuple(truncated))

    def ranked(self, ranker_index: int, among: int | None = None) -> tuple[str, ...]:
        """The candidates that ranker number `ranker_index` found, best first; with `among`, of the first so many."""
        order, count = self.rankings[ranker_index].top(len(self.doc_ids)), len(self.doc_ids)
        return tuple(self.doc_ids[index] for index in order[order < (count if among is None else among)].tolist())


def queries_of(collection: Collection) -> tuple[Query, ...]:
    """The queries with judgments, in the collection's order, or all where nothing is judged; every mean is over them.

    Raises:
        InputError: there is none.
    """
    judged = tuple(query for query in collection.queries if collection.qrels.get(query.query_id))
    if judged or collection.queries:
        return judged or collection.queries
    raise InputError("“{key}” has no queries, so nothing can be ranked. Add some.", key=collection.key)


# ---- where candidates come from ----------------------------------------------------------------------------------


def first_stage_candidates(ranker: Ranker, collection: Collection, depth: int) -> Candidates:
    """The best `depth` passages of each query that the ranker finds in the whole collection."""
    total = len(collection.passages)

    @as_steps
    def best(query: Query) -> Generator[Progress, None, IntArray]:
        if isinstance(ranker, Finds) and depth < total:
            indices, ranking = yield from ranker.find(query, collection)
            near = np.flatnonzero(ranking.ranks <= depth)  # with those that tie with the last
            indices, ranking = indices[near], ranking.of(near)
            taken = take_candidates(ranking, min(depth, near.size), collection.text_order_of(indices))
            return indices[taken]
        everything = np.arange(total, dtype=np.int64)
        ranking = yield from ranker.rank(query, collection, everything)
        return take_candidates(ranking, depth, collection.text_order_of(everything))

    return Candidates(best, ranker)


def run_candidates(
    run: Run, collection: Collection, queries: Sequence[Query], depth: int, name: str = ""
) -> Candidates:
    """The run's best `depth` passages of each query; what the collection or the run lacks is told.

    Args:
        name: of the run's file.

    Raises:
        InputError: the run ranks nothing for any of the queries, or no passage that the collection has.
    """
    given = listed_candidates(run.rankings, collection, queries, depth)
    return replace(given, first=RunRanker(run, name), notes=run.notes + given.notes)


def pooled_candidates(runs: Sequence[Run], collection: Collection, queries: Sequence[Query], depth: int) -> Candidates:
    """The best `depth` passages of every run together, in the order of their texts, which means nothing.

    So each run's figures down to that depth are its own, as if it alone were measured. Figures that look further see
    what it has of the others' passages as well.

    Raises:
        InputError: as `run_candidates`, of all runs together.
    """
    pools: dict[str, dict[str, None]] = {}
    for run in runs:
        for query_id, doc_ids in run.rankings.items():
            pools.setdefault(query_id, {}).update(dict.fromkeys(doc_ids[:depth]))
    found = listed_candidates(_in_text_order(pools, collection), collection, queries)
    return replace(found, notes=(*(note for run in runs for note in run.notes), *found.notes), pooled=True)


def judged_candidates(collection: Collection, queries: Sequence[Query]) -> Candidates:
    """The judged passages of each query, in the order of their texts, which means nothing.

    Raises:
        InputError: nothing is judged, or the collection has none of it.
    """
    if not collection.is_judged:
        raise InputError(
            "Nothing is judged, so there are no judged passages to take as candidates. Choose BM25's, or give a run."
        )
    return listed_candidates(_in_text_order(collection.qrels, collection), collection, queries)


def _in_text_order(listed: Mapping[str, Iterable[str]], collection: Collection) -> dict[str, list[str]]:
    """The listed passages of each query in the order of their texts, those that the collection lacks last."""
    ordered = {}
    for query_id, doc_ids in listed.items():
        known = collection.indices_of(doc_ids)
        keys = collection.text_order_of(np.array(list(known.values()), dtype=np.int64)).tolist()
        ties = dict(zip(known, keys, strict=True))
        ordered[query_id] = sorted(doc_ids, key=lambda doc_id: ties.get(doc_id, np.inf))
    return ordered


def listed_candidates(
    listed: Mapping[str, Iterable[str]], collection: Collection, queries: Sequence[Query], depth: int | None = None
) -> Candidates:
    """The first `depth` of the passages listed for each query (None: all), in their order.

    Raises:
        InputError: nothing is listed for any of the queries, or no passage that the collection has.
    """
    wanted = {query.query_id: tuple(listed[query.query_id])[:depth] for query in queries if query.query_id in listed}
    lists = {}
    for query_id, doc_ids in wanted.items():
        known = collection.indices_of(doc_ids)
        lists[query_id] = np.array([known[doc_id] for doc_id in doc_ids if doc_id in known], dtype=np.int64)
    absent = sum(len(doc_ids) - lists[query_id].size for query_id, doc_ids in wanted.items())
    _check_listed(listed, collection, queries, wanted, absent)
    nothing = np.empty(0, dtype=np.int64)
    without, foreign = len(queries) - len(wanted), len(listed) - len(wanted)
    clauses = (
        (without, Message("queries without candidates, which count as 0: {without:,}", without=without)),
        (foreign, Message("queries with candidates that are not measured: {foreign:,}", foreign=foreign)),
        (absent, Message("candidates that the collection lacks, left out: {absent:,}", absent=absent)),
    )  # fmt: skip

    @as_steps
    def of(query: Query) -> Generator[Progress, None, IntArray]:
        yield Progress("indexing", 0, 0, Message("Taking the candidates that were listed"))
        return lists.get(query.query_id, nothing)

    total = sum(indices.size for indices in lists.values())
    return Candidates(of, notes=tuple(clause for count, clause in clauses if count), total=total)


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
            "The candidates are for other queries: they are named like “{other}”, the judged ones like “{own}”. "
            "Give a run of the same queries.",
            other=other,
            own=own,
        )
    if absent == sum(map(len, wanted.values())):
        other = next((doc_id for doc_ids in wanted.values() for doc_id in doc_ids), "–")
        own = collection.passages[0].doc_id if collection.passages else "–"
        raise InputError(
            "None of the candidates is in the collection: they are named like “{other}”, its passages like "
            "“{own}”. Give a run over the same passages.",
            other=other,
            own=own,
        )
