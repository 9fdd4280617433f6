"""Scores that came along: those of the engine that the passages were copied from, or a run that somebody made."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass

import numpy as np

from demo.errors import InputError
from demo.formats.trec_runs import Run, strictly_falling
from demo.messages import Message
from demo.phrases import count_queries
from demo.progress import Progress, as_steps
from demo.rankers.protocol import Kind
from demo.rankers.text_form import RankerOptions, Written
from demo.rankers.tools import Tools
from demo.records import Collection, IntArray, Query, RankerSpec, Ranking
from demo.score_kinds import ENGINE

NAME = "engine"
_RUN = "run:"
"""What the keys of runs begin with."""


@dataclass(frozen=True, slots=True)
class Engine:
    """The scores that the passages came with; all of them must have one."""

    def __str__(self) -> str:
        return NAME

    @property
    def spec(self) -> RankerSpec:
        """The engine, whichever it was."""
        return RankerSpec(NAME, "Engine", ENGINE, ranks_collection=True, came_along=True)

    def check(self) -> None:
        """Nothing to check before there is a collection."""

    def fingerprint(self) -> str:
        """The scores are part of the collection."""
        return NAME

    @as_steps
    def rank(self, query: Query, collection: Collection, indices: IntArray) -> Generator[Progress, None, Ranking]:
        """As `Ranker.rank`.

        Raises:
            InputError: the collection has no scores, or not for all passages.
        """
        yield Progress("indexing", 0, indices.size, Message("Taking the scores that came with the passages"))
        scores = _in_32_bits(_scores_of(collection))
        values = [scores[collection.passages[index].doc_id] for index in indices.tolist()]
        return Ranking.from_scores(self.spec, values)


def _scores_of(collection: Collection) -> dict[str, float]:
    if collection.engine_scores is None:
        raise InputError(
            "These passages came without an engine's scores. Choose BM25 as the first stage, or upload a search "
            "response of Elasticsearch, OpenSearch or Solr."
        )
    scores = dict(collection.engine_scores)
    without = [passage.doc_id for passage in collection.passages if passage.doc_id not in scores]
    if without:
        raise InputError(
            "{without} of {total} passages have no engine score, “{first}” first. Choose BM25 as the first stage, "
            "or upload the response with all scores.",
            without=len(without),
            total=len(collection.passages),
            first=without[0],
        )
    return scores


def _in_32_bits(scores: Mapping[str, float]) -> dict[str, float]:
    """The scores by doc_id as float32 holds them, so that none rounds to a tie: engines give 64 bits, and use them.

    Where two would, the lower one takes the next smaller float. Finite ones stay finite, equal ones equal.
    """
    different = sorted(set(filter(math.isfinite, scores.values())), reverse=True)
    rounded = dict(zip(different, map(float, strictly_falling(different)), strict=True))
    return {doc_id: rounded.get(score, score) for doc_id, score in scores.items()}


@dataclass(frozen=True, eq=False)
class RunRanker:
    """The ranking of a run that somebody else made; a passage that the run lacks was not found.

    Attributes:
        name: of its file; "" where it is not known.
        must_fit: whether a query that the run lacks is an error, rather than one for which it found nothing.
    """

    run: Run
    name: str = ""
    must_fit: bool = False

    def __str__(self) -> str:
        return self.spec.key

    @property
    def spec(self) -> RankerSpec:
        """Named by the run's file where that is known, else by its tag."""
        name = self.name or self.run.tag or "run"
        return RankerSpec(f"{_RUN}{name}", name, ENGINE, ranks_collection=True, came_along=True)

    def check(self) -> None:
        """A run was checked when it was read."""

    def fingerprint(self) -> str:
        """Of all that the run says."""
        digest = hashlib.sha256()
        for query_id, doc_ids in self.run.rankings.items():
            digest.update(json.dumps([query_id, doc_ids, self.run.scores[query_id]]).encode())
        return digest.hexdigest()[:32]

    @as_steps
    def rank(self, query: Query, collection: Collection, indices: IntArray) -> Generator[Progress, None, Ranking]:
        """The candidates by the run's scores.

        Raises:
            InputError: the run must fit, and lacks the query or ranks no passage of the collection.
        """
        yield Progress("indexing", 0, indices.size, Message("Taking the scores of the run"))
        listed = self.run.rankings.get(query.query_id, ())
        known = _in_32_bits(dict(zip(listed, self.run.scores.get(query.query_id, ()), strict=True)))
        warnings = self._warnings(query, collection) if self.must_fit else ()
        scores = [known.get(collection.passages[index].doc_id, -np.inf) for index in indices.tolist()]
        found = [collection.passages[index].doc_id in known for index in indices.tolist()]
        return Ranking.from_scores(self.spec, scores, found=found, warnings=warnings)

    def _warnings(self, query: Query, collection: Collection) -> tuple[Message, ...]:
        """How many of the passages that the run ranks for the query are not in the collection.

        Raises:
            InputError: all of them, or the run lacks the query.
        """
        listed = self.run.rankings.get(query.query_id, ())
        if not query.query_id:
            raise InputError(
                "The run “{name}” is of queries with ids, and this query has none, because the collection does not "
                "have it. Choose a query of the collection.",
                name=self.spec.label,
            )
        if not listed:
            raise InputError(
                "The run “{name}” has no results for the query “{query_id}”; it has {queries}, named like "
                "“{other}”. Choose a query that it has, or a run of this query.",
                name=self.spec.label,
                query_id=query.query_id,
                queries=count_queries(len(self.run.rankings)),
                other=next(iter(self.run.rankings), "–"),
            )
        known = collection.indices_of(listed)
        absent = sum(doc_id not in known for doc_id in listed)
        if absent == len(listed):
            raise InputError(
                "None of the {count:,} passages that the run “{name}” has for this query is in the collection: they "
                "are named like “{other}”, its passages like “{own}”. Give a run over the same passages.",
                name=self.spec.label,
                count=absent,
                other=listed[0],
                own=collection.passages[0].doc_id,
            )
        if not absent:
            return ()
        said = Message(
            "{absent:,} of {count:,} passages that the run “{name}” has for this query are not in the collection, and "
            "are left out.",
            name=self.spec.label,
            absent=absent,
            count=len(listed),
        )
        return (said,)


def names_run(text: str) -> bool:
    """Whether the text is the key of a run, of whichever files."""
    return text.startswith(_RUN)


def _read(written: Written, tools: Tools) -> Engine:
    RankerOptions(NAME, written.options).close()
    return Engine()


KIND = Kind("engine", (NAME,), _read, lambda tools: [Engine()])
