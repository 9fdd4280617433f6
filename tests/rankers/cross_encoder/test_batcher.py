"""Requests that are scored together: what is in a batch, whose error is whose, and who went away."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import numpy as np
import pytest

from demo.errors import InputError, ModelError
from demo.rankers.cross_encoder.batcher import Batcher, Done, Scores
from demo.rankers.cross_encoder.loaded_models import Batch
from demo.rankers.cross_encoder.model import Asked
from demo.records import Extent

OPEN = 5.0
"""Seconds, far beyond what anything here takes."""


@dataclass(eq=False)
class Model:
    """Scores a text by its length and the query's, one text a batch; waits for `go` before each."""

    seen: list[list[str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    go: Event = field(default_factory=Event)
    begun: Event = field(default_factory=Event)
    closed: int = 0

    def check(self, asked: Asked) -> None:
        if asked.instruction:
            raise InputError("It takes none.")

    def score_all(self, asked: Sequence[Asked]) -> Generator[Batch, None, None]:
        self.seen.append([each.query for each in asked])
        texts = [(each.query, text) for each in asked for text in each.texts]
        try:
            for index, (query, text) in enumerate(texts):
                self.begun.set()
                assert self.go.wait(OPEN)
                if text == "bad":
                    raise ModelError("It gave no number.")
                self.texts.append(text)
                extents = (Extent(len(text), len(text), 0, len(text)),)
                score = np.array([10 * len(query) + len(text)], np.float32)
                yield Batch(np.array([index], np.int64), score, extents, 0.0, 0.0, 1, "cpu")
        finally:
            self.closed += 1


async def together(model: Model, *work: Coroutine[Any, Any, Scores]) -> list[Any]:
    """What becomes of them when the first is at work before the others come."""
    tasks = [asyncio.create_task(work[0])]
    await asyncio.to_thread(model.begun.wait, OPEN)
    tasks += [asyncio.create_task(each) for each in work[1:]]
    await asyncio.sleep(0.05)
    model.go.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_requests_that_come_while_the_model_works_are_scored_together() -> None:
    model, done = Model(), list[Done]()
    batcher = Batcher(100, 0.0, done.append)
    work = [
        batcher.score(model, Asked(query, texts))
        for query, texts in (("a", ["x"]), ("bb", ["xx", "x"]), ("c", ["xxx"]))
    ]
    first, second, third = asyncio.run(together(model, *work))
    assert model.seen == [["a"], ["bb", "c"]]
    # 10 for each letter of the query, 1 for each of the text
    assert (first.scores.tolist(), second.scores.tolist(), third.scores.tolist()) == ([11], [22, 21], [13])
    assert [extent.pair_tokens for extent in second.extents] == [2, 1]
    assert first.device == "cpu"
    assert [(each.requests, each.pairs) for each in done[:1]] == [(1, 1)]


def test_a_batch_holds_no_more_pairs_than_it_may_except_those_of_one_request() -> None:
    model = Model()
    batcher = Batcher(3, 0.0)
    work = [batcher.score(model, Asked(name, ["x"] * size)) for name, size in (("a", 1), ("b", 2), ("c", 1), ("d", 9))]
    asyncio.run(together(model, *work))
    assert model.seen == [["a"], ["b", "c"], ["d"]]


def test_requests_of_two_models_are_in_two_batches() -> None:
    model, other = Model(), Model()
    other.go.set()
    batcher = Batcher(100, 0.0)
    work = [
        batcher.score(each, Asked(name, ["x"]))
        for each, name in ((model, "a"), (model, "b"), (other, "c"), (model, "d"))
    ]
    asyncio.run(together(model, *work))
    assert model.seen == [["a"], ["b"], ["d"]]
    assert other.seen == [["c"]]


def test_an_error_of_one_is_not_that_of_the_others() -> None:
    model = Model()
    batcher = Batcher(100, 0.0)
    work = [batcher.score(model, Asked(name, [text])) for name, text in (("a", "x"), ("b", "bad"), ("c", "x"))]
    first, second, third = asyncio.run(together(model, *work))
    assert isinstance(second, ModelError)
    assert (first.scores.tolist(), third.scores.tolist()) == ([11], [11])
    assert batcher.alive


def test_what_cannot_be_asked_is_refused_at_once() -> None:
    with pytest.raises(InputError, match="takes none"):
        asyncio.run(Batcher(100, 0.0).score(Model(), Asked("a", ["x"], instruction="Find it")))


def test_who_goes_away_is_left_out_and_stops_what_only_he_waits_for() -> None:
    model = Model()
    batcher = Batcher(1, 0.0)

    async def go_away() -> Scores:
        at_work = asyncio.create_task(batcher.score(model, Asked("a", ["x", "xx", "xxx"])))
        await asyncio.to_thread(model.begun.wait, OPEN)
        waiting = asyncio.create_task(batcher.score(model, Asked("b", ["x"])))
        await asyncio.sleep(0.05)
        at_work.cancel()
        waiting.cancel()
        await asyncio.sleep(0.05)
        model.go.set()
        return await batcher.score(model, Asked("c", ["xxxx"]))

    assert asyncio.run(go_away()).scores.tolist() == [14]
    assert model.seen == [["a"], ["c"]]
    assert model.texts == ["x", "xxxx"], "of three texts one was scored before anybody looked"
    assert model.closed == 2
