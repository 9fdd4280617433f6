from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from threading import Event

import pytest

from demo.errors import ModelError
from demo.language import Text
from demo.loaded_models import Batch, LoadedModels, Tell
from demo.records import ModelSpec
from demo.settings import Settings

SPECS = tuple(ModelSpec(name, name.upper(), "BERT") for name in ("a", "b", "c"))
A, B, C = SPECS


@dataclass
class FakeModel:
    """A model of 100 bytes that scores nothing."""

    key: str
    precision: str
    fingerprint: str = ""
    device: str = "cpu"
    load_seconds: float = 0.0
    bytes: int = 100

    def score(self, query: str, texts: Sequence[str], windows: bool = False) -> Generator[Batch, None, None]:
        yield from ()


@dataclass
class Shelf:
    """Loads fake models: waits for `go`, notes what was asked, and fails while `broken`."""

    go: Event = field(default_factory=Event)
    started: Event = field(default_factory=Event)
    asked: list[tuple[str, str]] = field(default_factory=list)
    broken: bool = False

    def load(self, spec: ModelSpec, settings: Settings, tell: Tell) -> FakeModel:
        self.asked.append((spec.key, settings.precision))
        tell(Text("Reading the weights", "正在读取权重"))
        self.started.set()
        assert self.go.wait(5)
        if self.broken:
            raise ModelError("Memory is short.", "内存不足。")
        return FakeModel(spec.key, settings.precision)


@pytest.fixture
def shelf() -> Shelf:
    shelf = Shelf()
    shelf.go.set()
    return shelf


def test_two_who_ask_for_one_model_load_it_once() -> None:
    shelf = Shelf()
    models = LoadedModels(shelf.load, Settings())
    first, second = models.ask(A, "fp32"), models.ask(A, "fp32")
    assert not first.ready(0)
    assert not models.has(A, "fp32")
    shelf.go.set()
    assert first.loaded() is second.loaded()
    assert models.has(A, "fp32")
    assert models.ask(A, "fp32").ready(0)
    assert shelf.asked == [("a", "fp32")]


def test_who_waits_sees_what_the_loading_does() -> None:
    shelf = Shelf()
    ticket = LoadedModels(shelf.load, Settings()).ask(A, "fp32")
    assert shelf.started.wait(5)
    assert ticket.detail.en == "Reading the weights"
    shelf.go.set()
    ticket.loaded()


def test_a_precision_is_a_model_of_its_own(shelf: Shelf) -> None:
    models = LoadedModels(shelf.load, Settings(precision="fp32"))
    assert models.ask(A, "bf16").loaded().precision == "bf16"
    models.ask(A, "fp32").loaded()
    assert shelf.asked == [("a", "bf16"), ("a", "fp32")]


def test_everyone_who_waits_hears_the_error_and_the_next_tries_again(shelf: Shelf) -> None:
    shelf.go.clear()
    shelf.broken = True
    models = LoadedModels(shelf.load, Settings())
    tickets = [models.ask(A, "fp32"), models.ask(A, "fp32")]
    shelf.go.set()
    for ticket in tickets:
        with pytest.raises(ModelError, match="Memory is short"):
            ticket.loaded()
    shelf.broken = False
    assert models.ask(A, "fp32").loaded().fingerprint == ""
    assert len(shelf.asked) == 2


def test_the_longest_unused_model_goes_when_memory_is_short(shelf: Shelf) -> None:
    models = LoadedModels(shelf.load, Settings(models_bytes=250))
    for spec in (A, B, A, C):  # three models of 100 bytes; b was not used again
        models.ask(spec, "fp32").loaded()
    shelf.go.clear()
    assert len(models) == 2
    assert models.ask(A, "fp32").ready(0)
    assert models.ask(C, "fp32").ready(0)
    assert not models.ask(B, "fp32").ready(0)
    shelf.go.set()


def test_a_model_larger_than_the_bound_is_kept_alone(shelf: Shelf) -> None:
    models = LoadedModels(shelf.load, Settings(models_bytes=10))
    models.ask(A, "fp32").loaded()
    models.ask(B, "fp32").loaded()
    assert len(models) == 1
    assert models.ask(B, "fp32").ready(0)
    assert shelf.asked == [("a", "fp32"), ("b", "fp32")]
