"""Texts of several requests in one batch: whatever waits when the model is free is scored together.

`serve.batch` closes a batch when its wait ends, busy or not, so that under load many small batches queue up. Here a
batch is closed when the model is free, and is as large as it may be by then.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import closing
from dataclasses import dataclass, field
from threading import Condition, Thread
from time import perf_counter
from typing import Protocol

import numpy as np

from demo.rankers.cross_encoder.loaded_models import Batch
from demo.rankers.cross_encoder.model import Asked
from demo.records import Extent, FloatArray


class Model(Protocol):
    """A loaded cross-encoder, as far as it is used here."""

    def check(self, asked: Asked) -> None: ...
    def score_all(self, asked: Sequence[Asked]) -> Generator[Batch, None, None]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Of one request: float32 (n,), what was read of each text, and where."""

    scores: FloatArray
    extents: tuple[Extent, ...]
    device: str


@dataclass(frozen=True, slots=True)
class Done:
    """A batch that was computed: requests and pairs in it, and seconds."""

    requests: int
    pairs: int
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class _Item:
    model: Model
    asked: Asked
    scores: Future[Scores] = field(default_factory=Future)


class Batcher:
    """Scores requests together, within one thread of its own.

    Args:
        most_pairs: of a batch; a request with more is a batch by itself.
        wait_seconds: how long an idle model waits for a second request.
        note: hears of each batch.
    """

    def __init__(self, most_pairs: int, wait_seconds: float, note: Callable[[Done], None] = lambda done: None) -> None:
        self.most_pairs = most_pairs
        self.wait_seconds = wait_seconds
        self._note = note
        self._waiting: deque[_Item] = deque()
        self._changed = Condition()
        self._thread = Thread(target=self._work, name="batches", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it still works."""
        return self._thread.is_alive()

    async def score(self, model: Model, asked: Asked) -> Scores:
        """The scores of one request; when it is cancelled it is left out, or what it is in stops if it is alone.

        Raises:
            DemoError: as `CrossEncoder.score_all`, of this request alone.
        """
        model.check(asked)
        item = _Item(model, asked)
        with self._changed:
            self._waiting.append(item)
            self._changed.notify()
        return await asyncio.wrap_future(item.scores)

    def _work(self) -> None:
        while True:
            items = self._take()
            start = perf_counter()
            self._score(items)
            pairs = sum(len(item.asked.texts) for item in items)
            self._note(Done(len(items), pairs, perf_counter() - start))

    def _take(self) -> list[_Item]:
        """The next batch: requests of one model, in the order in which they came; waits for the first."""
        with self._changed:
            self._changed.wait_for(self._has_any)
            if self._pairs() < self.most_pairs:
                self._changed.wait_for(lambda: self._pairs() >= self.most_pairs, self.wait_seconds)
            taken, pairs = list[_Item](), 0
            for item in tuple(self._waiting):
                pairs += len(item.asked.texts)
                if taken and (pairs > self.most_pairs or item.model is not taken[0].model):
                    break
                taken.append(self._waiting.popleft())
            return taken

    def _has_any(self) -> bool:
        """Whether somebody waits; forgets those who went away."""
        self._waiting = deque(item for item in self._waiting if not item.scores.cancelled())
        return bool(self._waiting)

    def _pairs(self) -> int:
        return sum(len(item.asked.texts) for item in self._waiting)

    def _score(self, items: Sequence[_Item]) -> None:
        try:
            found = _scores(items)
        except Exception as error:  # noqa: BLE001  handed to whoever asked for it
            if len(items) == 1:
                _settle(items[0], error)
            else:
                for item in items:
                    self._score([item])
            return
        for item, scores in zip(items, found, strict=False):
            _settle(item, scores)


def _scores(items: Sequence[_Item]) -> list[Scores]:
    """The scores of each; none if all of them were cancelled."""
    sizes = [len(item.asked.texts) for item in items]
    scores, extents, device = np.zeros(sum(sizes), np.float32), dict[int, Extent](), ""
    with closing(items[0].model.score_all([item.asked for item in items])) as batches:
        for batch in batches:
            if all(item.scores.cancelled() for item in items):
                return []
            indices = batch.indices.tolist()
            scores[batch.indices] = batch.scores
            extents.update(zip(indices, batch.extents, strict=True))
            device = batch.device
    ends = np.cumsum(sizes).tolist()
    return [
        Scores(scores[end - size : end], tuple(extents[index] for index in range(end - size, end)), device)
        for size, end in zip(sizes, ends, strict=True)
    ]


def _settle(item: _Item, outcome: Scores | Exception) -> None:
    try:
        if isinstance(outcome, Exception):
            item.scores.set_exception(outcome)
        else:
            item.scores.set_result(outcome)
    except InvalidStateError:  # cancelled
        pass
