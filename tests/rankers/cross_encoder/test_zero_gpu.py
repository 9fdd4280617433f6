"""Borrowing a GPU, with a stand-in for `spaces` that pickles what it passes on, as the real one does."""

from __future__ import annotations

import importlib
import logging
import pickle
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from made_checkpoints import PASSAGES, QUERY, scores_of, write_bert

from demo.errors import InputError
from demo.rankers.cross_encoder import loading
from demo.rankers.cross_encoder.model import LoadedCrossEncoder
from demo.service import RankingService
from demo.settings import Settings

BORROWING = Settings(zero_gpu=True, device="cpu", batch_tokens=64)


@dataclass
class Lender(ModuleType):
    """Stands for the package `spaces`.

    Attributes:
        refuses_after: batches that it passes on before it fails.
        asked: the seconds that each call asked for.
        passed: batches that it passed on.
    """

    refuses_after: int = 10**9
    asked: list[int] = field(default_factory=list)
    passed: int = 0

    def __post_init__(self) -> None:
        super().__init__("spaces")

    def GPU(self, duration: Callable[..., int]) -> Callable[..., Any]:  # noqa: N802
        def decorate(task: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
            def lent(*values: Any) -> Iterator[Any]:
                self.asked.append(duration(*values))
                for batch in task(*pickle.loads(pickle.dumps(values))):
                    if self.passed == self.refuses_after:
                        raise RuntimeError("You have exceeded your quota.")
                    self.passed += 1
                    yield replace(pickle.loads(pickle.dumps(batch)), device="cuda:0 lent")

            return lent

        return decorate


@pytest.fixture
def lender(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lender]:
    lender = Lender()
    monkeypatch.setitem(sys.modules, "spaces", lender)
    monkeypatch.delitem(sys.modules, "demo.rankers.cross_encoder.zero_gpu", raising=False)
    zero_gpu = importlib.import_module("demo.rankers.cross_encoder.zero_gpu")
    monkeypatch.setattr(zero_gpu, "DEVICE", "cpu")
    monkeypatch.setattr(zero_gpu, "WORTH_LENDING", 0)
    yield lender
    sys.modules.pop("demo.rankers.cross_encoder.zero_gpu")


def load(folder: Path) -> Any:
    zero_gpu: Any = sys.modules["demo.rankers.cross_encoder.zero_gpu"]
    return zero_gpu.load_cross_encoder(zero_gpu.resolve(str(folder), BORROWING), BORROWING)


def load_plainly(folder: Path) -> LoadedCrossEncoder:
    settings = Settings(device="cpu")
    return loading.load_cross_encoder(loading.resolve(str(folder), settings), settings)


def test_what_is_lent_gives_the_scores_of_the_cpu(lender: Lender, tmp_path: Path) -> None:
    folder = write_bert(tmp_path)
    expected = scores_of(load_plainly(folder), QUERY, PASSAGES)
    model = load(folder)
    np.testing.assert_allclose(scores_of(model, QUERY, PASSAGES), expected, rtol=0, atol=1e-4)
    assert lender.passed > 2
    assert lender.asked == [8], "a short time, for little to do"


@pytest.mark.parametrize("batches", [0, 2])
def test_where_no_gpu_is_lent_the_cpu_does_the_rest(
    lender: Lender, batches: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = write_bert(tmp_path)
    expected = scores_of(load_plainly(folder), QUERY, PASSAGES)
    model, lender.refuses_after = load(folder), batches
    with caplog.at_level(logging.WARNING):
        found = list(model.score(QUERY, PASSAGES))
    places = np.concatenate([batch.indices for batch in found])
    assert sorted(places.tolist()) == list(range(len(PASSAGES))), "each passage once"
    scores = np.concatenate([batch.scores for batch in found])[places.argsort()]
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-4)
    assert lender.passed == batches
    assert "You have exceeded your quota" in caplog.text


def test_the_service_says_where_it_was_computed(lender: Lender) -> None:
    service = RankingService(BORROWING, models=sys.modules["demo.rankers.cross_encoder.zero_gpu"], recordings=None)  # type: ignore[arg-type]
    (ranking,) = service.run(service.worked_example(), [service.cross_encoder("bundled/tiny")]).run().rankings
    assert lender.passed > 0
    assert ranking.cost.device == "cuda:0 lent"


def test_short_work_asks_for_nothing(lender: Lender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zero_gpu = sys.modules["demo.rankers.cross_encoder.zero_gpu"]
    model = load(write_bert(tmp_path))
    monkeypatch.setattr(zero_gpu, "WORTH_LENDING", zero_gpu.operations(model.spec, QUERY, PASSAGES))
    scores_of(model, QUERY, PASSAGES)
    assert lender.asked == []


def test_closing_gives_the_gpu_back(lender: Lender, tmp_path: Path) -> None:
    batches = load(write_bert(tmp_path)).score(QUERY, PASSAGES)
    next(batches)
    batches.close()
    assert lender.passed == 1


def test_a_wrong_length_is_told_before_anything_is_asked_for(lender: Lender, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="maximum length is 3 tokens"):
        next(load(write_bert(tmp_path)).score(QUERY, PASSAGES, max_tokens=3))
    assert lender.asked == []


def test_operations_and_seconds_worked_by_hand(lender: Lender, tmp_path: Path) -> None:
    # Two layers of width 64 would be 24 · 2 · 64² for a token; a token is four characters, and 512 are read at most.
    zero_gpu: Any = sys.modules["demo.rankers.cross_encoder.zero_gpu"]
    spec = load(write_bert(tmp_path)).spec
    each = 24 * spec.layers * spec.width**2
    assert zero_gpu.operations(spec, "abcd", ["abcd" * 9, "abcd" * 9_000]) == each * (10 + 512)
    assert zero_gpu._seconds(spec, BORROWING, "abcd", ["abcd" * 511] * 10**7, False, 0) == 60
