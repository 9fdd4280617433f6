"""Scores that came along: those of the engine that the passages were copied from, or a run that somebody made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np

from demo.errors import InputError
from demo.formats.trec_runs import Run
from demo.messages import Message
from demo.progress import Progress, stepwise
from demo.rankers.protocol import Kind
from demo.rankers.text_form import RankerOptions, Written
from demo.rankers.tools import Tools
from demo.records import Collection, IntArray, Query, RankerSpec, Ranking
from demo.score_kinds import ENGINE

NAME = "engine"


@dataclass(frozen=True, slots=True)
class Engine:
    """The scores that the passages came with; all of them must have one."""

    def __str__(self) -> str:
        return NAME

    @property
    def spec(self) -> RankerSpec:
        """The engine, whichever it was."""
        return RankerSpec(NAME, "Engine", ENGINE, ranks_collection=True)

    def check(self) -> None:
        """Nothing to check before there is a collection."""

    def fingerprint(self) -> str:
        """The scores are part of the collection."""
        return NAME

    @stepwise
    def rank(self, query: Query, collection: Collection, indices: IntArray) -> Generator[Progress, None, Ranking]:
        """As `Ranker.rank`.

        Raises:
            InputError: the collection has no scores, or not for all passages.
        """
        yield Progress("indexing", 0, indices.size, Message("Taking the scores that came with the passages"))
        scores = _scores_of(collection)
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


@dataclass(frozen=True, eq=False)
class RunRanker:
    """The ranking of a run that somebody else made; a passage that the run lacks was not found.

    Attributes:
        name: of its file; "" where it is not known.
    """

    run: Run
    name: str = ""

    def __str__(self) -> str:
        return self.spec.key

    @property
    def spec(self) -> RankerSpec:
        """Named by the run's file where that is known, else by its tag."""
        name = self.name or self.run.tag or "run"
        return RankerSpec(f"run:{name}", name, ENGINE, ranks_collection=True)

    def check(self) -> None:
        """A run was checked when it was read."""

    def fingerprint(self) -> str:
        """Of all that the run says."""
        digest = hashlib.sha256()
        for query_id, doc_ids in self.run.rankings.items():
            digest.update(json.dumps([query_id, doc_ids, self.run.scores[query_id]]).encode())
        return digest.hexdigest()[:32]

    @stepwise
    def rank(self, query: Query, collection: Collection, indices: IntArray) -> Generator[Progress, None, Ranking]:
        """The candidates by the run's scores."""
        yield Progress("indexing", 0, indices.size, Message("Taking the scores of the run"))
        listed = self.run.rankings.get(query.query_id, ())
        known = dict(zip(listed, self.run.scores.get(query.query_id, ()), strict=True))
        scores = [known.get(collection.passages[index].doc_id, -np.inf) for index in indices.tolist()]
        found = [collection.passages[index].doc_id in known for index in indices.tolist()]
        return Ranking.from_scores(self.spec, scores, found=found)


def _read(written: Written, tools: Tools) -> Engine:
    RankerOptions(NAME, written.options).close()
    return Engine()


def _offer(tools: Tools) -> Sequence[Engine]:
    return [Engine()]


KIND = Kind("engine", (NAME,), _read, _offer)
