"""An evaluation's pairs scored by several workers of Ray Data, while everything else stays in this process.

First this process finds every query's candidates and writes those that have no scores yet into small files. Ray Data
streams the files through the workers, and their answers come back in the order of the queries. A worker sees the texts
of a few queries at a time and never the collection. Journals, fusions, figures and reports are made here as ever, so
they are the same to the byte if a worker has as many threads as one process would have.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from demo.budgets import Composed, ReadsTokens, scorers
from demo.errors import InputError, ModelError, RemoteError, not_writable
from demo.evaluation.protocol import Plan
from demo.messages import NOTHING, Message
from demo.progress import Progress, as_steps
from demo.rankers.protocol import Ranker, Wrapped, failure_of
from demo.records import Card, Collection, Cost, Extent, IntArray, Passage, Query, Ranking
from demo.service import RankingService
from demo.settings import Settings

SHARD_PAIRS = 500
"""Pairs in a file, about: what a worker takes at a time."""

READING_CPUS = 1
"""That Ray Data needs besides the workers: with all taken by them it would wait for ever."""

STORE_BYTES = 200_000_000
"""Memory of Ray's object store on this machine."""

COLUMN = "bytes"
"""Of Ray Data's rows, as it calls the content of a file that it read."""

Shard = list[dict[str, Any]]
"""Queries with their candidates' texts and the rankers that are asked; or the same with their answers."""


@dataclass(frozen=True, slots=True)
class WorkerTotals:
    """What one worker did: seconds are those of scoring."""

    pairs: int = 0
    seconds: float = 0.0

    def and_of(self, cost: Cost) -> WorkerTotals:
        """With the pairs that were computed at this cost."""
        return WorkerTotals(self.pairs + cost.pairs - cost.kept_pairs, self.seconds + cost.seconds)


def spreadable(ranker: Ranker) -> bool:
    """Whether its score of a passage needs no other passage, and is worth sending away."""
    return isinstance(ranker, ReadsTokens) and not ranker.spec.ranks_collection


class Spread:
    """Workers for one evaluation; they start when the first score is missing, and end with the block.

    Args:
        workers: 0 for as many as this machine has processors.
        address: of a Ray cluster; "" starts Ray on this machine. All machines must see `folder`.
        folder: for the files, which are deleted at the end.
    """

    def __init__(self, plan: Plan, settings: Settings, workers: int, address: str, folder: Path) -> None:
        self._plan, self._workers, self._address, self._folder = plan, workers, address, folder
        self._settings = replace(settings, threads=settings.threads or 1)
        self._wanted: list[tuple[Ranker, Callable[[str], bool]]] = []
        self._answers: Iterator[Mapping[str, Any]] | None = None
        self._current: Mapping[str, Any] = {"query_id": None}
        self.totals: dict[str, WorkerTotals] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._answers is not None:
            import ray

            self._answers = None
            ray.shutdown()
        shutil.rmtree(self._folder, ignore_errors=True)

    def over(self, ranker: Ranker) -> Ranker:
        """The same ranker, whose pairs are scored by workers; itself where it has none to send."""
        if isinstance(ranker, Composed):
            composed: Any = ranker  # every composed ranker is a dataclass with members
            over: Ranker = replace(composed, members=tuple(map(self.over, ranker.members)))
            return over
        return _Sent(ranker, self) if spreadable(ranker) else ranker

    def expect(self, ranker: Ranker, known: Callable[[str], bool]) -> None:
        """Says that the ranker will be asked for every query except those whose scores are known."""
        self._wanted.append((ranker, known))

    def answer(self, ranker: Ranker, query: Query) -> Mapping[str, Any]:
        """What a worker answered. Queries must be asked for in the plan's order.

        Raises:
            InputError: the files cannot be written, or Ray does not start.
            RemoteError: the workers have ended.
        """
        if self._answers is None:
            self._answers = self._started()
        while self._current["query_id"] != query.query_id:
            answered = next(self._answers, None)
            if answered is None:
                raise RemoteError(
                    "The workers ended before everything was scored. The same command goes on from there."
                )
            self._current = answered
        found: Mapping[str, Any] = self._current["answers"][str(ranker)]
        return found

    # ---- the way out and back ------------------------------------------------------------------------------------

    def _started(self) -> Iterator[Mapping[str, Any]]:
        """Every query that was sent, with its answers, in the plan's order."""
        for shard in _answered(self._written(), self._settings, self._workers, self._address):
            self._note(shard)
            yield from shard

    def _note(self, shard: Shard) -> None:
        """What the workers did for it."""
        for row in shard:
            for found in row["answers"].values():
                if "cost" in found:
                    total = self.totals.get(row["worker"], WorkerTotals())
                    self.totals[row["worker"]] = total.and_of(Cost(**found["cost"]))

    def _written(self) -> list[Path]:
        """The files, in the order of their queries."""
        shutil.rmtree(self._folder, ignore_errors=True)
        paths, shard, pairs = list[Path](), Shard(), 0
        try:
            self._folder.mkdir(parents=True)
            for row in self._rows():
                shard.append(row)
                pairs += len(row["texts"]) * len(row["rankers"])
                if pairs >= SHARD_PAIRS:
                    paths.append(self._write(len(paths), shard))
                    shard, pairs = [], 0
            if shard:
                paths.append(self._write(len(paths), shard))
        except OSError as error:
            raise not_writable(self._folder, error) from error
        return paths

    def _write(self, number: int, shard: Shard) -> Path:
        path = self._folder / f"{number:06}.json"
        path.write_text(json.dumps(shard), encoding="utf-8")
        return path.resolve()

    def _rows(self) -> Iterator[dict[str, Any]]:
        """The queries that have pairs without a score."""
        passages = self._plan.collection.passages
        for query in self._plan.queries:
            asked = [ranker for ranker, known in self._wanted if not known(query.query_id)]
            sent = [str(ranker) for ranker in scorers(asked) if spreadable(ranker)]
            if sent:
                chosen = self._plan.candidates.of(query).run()
                texts = [passages[index].content for index in chosen.tolist()]
                yield {"query_id": query.query_id, "query": query.text, "texts": texts, "rankers": sent}


@dataclass(frozen=True, slots=True)
class _Sent(Wrapped):
    """A ranker whose pairs are scored by workers."""

    ranker: Ranker
    spread: Spread = field(compare=False, repr=False)

    @as_steps
    def rank(self, query: Query, collection: Collection, indices: IntArray) -> Generator[Progress, None, Ranking]:
        """What a worker answered.

        Raises:
            ModelError: the ranker failed there.
        """
        yield Progress("scoring", 0, indices.size, Message("Waiting for the workers"))
        found = self.spread.answer(self.ranker, query)
        if "error" in found:
            raise ModelError("{reason}", reason=found["error"])
        extents = tuple(Extent(*values) for values in found["extents"])
        return Ranking.from_scores(self.spec, found["scores"], Cost(**found["cost"]), extents)


# ---- workers -----------------------------------------------------------------------------------------------------


class Worker:
    """Scores the queries of one file after the other; lives in a process of Ray's."""

    def __init__(self, settings: Settings, name: str = "") -> None:
        self._service = RankingService(settings, recordings=None)
        self._name = name or _own_name()

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """A batch of files' contents → as many of answers."""
        answers = [json.dumps(self.answered(json.loads(content))).encode() for content in batch[COLUMN].tolist()]
        return {COLUMN: np.array(answers, dtype=object)}

    def answered(self, shard: Shard) -> Shard:
        """The queries with their answers, without their texts."""
        return [
            {
                "query_id": row["query_id"],
                "worker": self._name,
                "answers": {name: self._scored(name, row["query"], row["texts"]) for name in row["rankers"]},
            }
            for row in shard
        ]

    def _scored(self, name: str, query: str, texts: Sequence[str]) -> Mapping[str, Any]:
        passages = tuple(Passage(str(index), text) for index, text in enumerate(texts))
        collection = Collection("candidates", Card(NOTHING, NOTHING), passages)
        ranker = self._service.rankers.read(name)
        try:
            ranking = ranker.rank(Query("", query), collection, np.arange(len(texts), dtype=np.int64)).run()
        except Exception as error:  # noqa: BLE001  told where the answer is awaited
            return {"error": str(failure_of(ranker, error).reason)}
        cost = asdict(replace(ranking.cost, earlier=None))
        return {"scores": ranking.scores.tolist(), "extents": ranking.extents, "cost": cost}


def _own_name() -> str:
    import ray

    context = ray.get_runtime_context()
    return f"{context.get_node_id()[:6]}/{context.get_actor_id()[:6]}"


def _answered(paths: Sequence[Path], settings: Settings, workers: int, address: str) -> Iterator[Shard]:
    """The contents of the files with their answers, in the order of the files, as they come.

    Raises:
        InputError: Ray is not installed, or the cluster cannot be reached.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise InputError("--ray needs Ray: pip install -r requirements-ray.txt") from error
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    wanted = workers or max(1, (os.cpu_count() or 1) // settings.threads)
    try:
        if address:
            ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING)
        else:
            ray.init(
                address="local",
                num_cpus=wanted * settings.threads + READING_CPUS,
                object_store_memory=STORE_BYTES,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.WARNING,
            )
    except ConnectionError as error:
        raise InputError("There is no Ray cluster at {address}.", address=address) from error
    except Exception as error:  # Ray raises this very class where a busy machine starts it too slowly
        raise InputError(
            "Ray did not start: {reason} The same command tries again, and goes on where it ended.", reason=str(error)
        ) from error
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    room = int(ray.cluster_resources().get("CPU", 0)) - READING_CPUS
    most = max(1, min(workers or sys.maxsize, room // settings.threads))
    answers = ray.data.read_binary_files([str(path) for path in paths], override_num_blocks=len(paths)).map_batches(
        Worker,
        fn_constructor_args=(settings,),
        batch_size=1,
        num_cpus=settings.threads,
        compute=ray.data.ActorPoolStrategy(size=min(most, len(paths))),
    )
    for row in answers.iter_rows():
        yield json.loads(row[COLUMN])
