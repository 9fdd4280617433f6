from collections.abc import Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Event

import pytest

from demo.errors import ModelError
from demo.messages import Message
from demo.rankers.cross_encoder.loaded_models import Batch, LoadedModels, Scorer, Tell
from demo.records import ModelSpec
from demo.settings import Settings

SPECS = tuple(ModelSpec(name, name.upper(), "BERT") for name in ("a", "b", "c"))
A, B, C = SPECS


@dataclass
class FakeModel:
    """A model of 100 bytes that scores nothing."""

    spec: ModelSpec
    precision: str
    fingerprint: str = ""
    device: str = "cpu"
    engine: str = "transformers"
    emulated: bool = False
    load_seconds: float = 0.0
    bytes: int = 100

    def score(
        self, query: str, texts: Sequence[str], windows: bool = False, max_tokens: int = 0, instruction: str = ""
    ) -> Generator[Batch, None, None]:
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
        tell(Message("Reading the weights"))
        self.started.set()
        assert self.go.wait(5)
        if self.broken:
            raise ModelError("Memory is short.")
        return FakeModel(spec, settings.precision)


@pytest.fixture
def shelf() -> Shelf:
    shelf = Shelf()
    shelf.go.set()
    return shelf


def load(models: LoadedModels, spec: ModelSpec, precision: str = "fp32") -> Scorer:
    """The model, used for a moment."""
    with models.claim(spec, precision) as ticket:
        return ticket.loaded()


def test_two_who_ask_for_one_model_load_it_once() -> None:
    shelf = Shelf()
    models = LoadedModels(shelf.load, Settings())
    with models.claim(A, "fp32") as first, models.claim(A, "fp32") as second:
        assert not first.ready(0)
        assert not models.has(A, "fp32")
        shelf.go.set()
        assert first.loaded() is second.loaded()
    assert models.has(A, "fp32")
    assert load(models, A) is first.loaded()
    assert shelf.asked == [("a", "fp32")]


def test_who_waits_sees_what_the_loading_does() -> None:
    shelf = Shelf()
    with LoadedModels(shelf.load, Settings()).claim(A, "fp32") as ticket:
        assert shelf.started.wait(5)
        assert str(ticket.detail) == "Reading the weights"
        shelf.go.set()
        ticket.loaded()


def test_a_precision_is_a_model_of_its_own(shelf: Shelf) -> None:
    models = LoadedModels(shelf.load, Settings(precision="fp32"))
    assert load(models, A, "bf16").precision == "bf16"
    load(models, A, "fp32")
    assert shelf.asked == [("a", "bf16"), ("a", "fp32")]


def test_everyone_who_waits_hears_the_error_and_the_next_tries_again(shelf: Shelf) -> None:
    shelf.go.clear()
    shelf.broken = True
    models = LoadedModels(shelf.load, Settings())
    with models.claim(A, "fp32") as one, models.claim(A, "fp32") as other:
        shelf.go.set()
        for ticket in (one, other):
            with pytest.raises(ModelError, match="Memory is short"):
                ticket.loaded()
    shelf.broken = False
    assert load(models, A).fingerprint == ""
    assert len(shelf.asked) == 2


def test_the_longest_unused_model_goes_when_memory_is_short(shelf: Shelf) -> None:
    models = LoadedModels(shelf.load, Settings(models_bytes=250))
    for spec in (A, B, A, C):  # three models of 100 bytes; b was not used again
        load(models, spec)
    assert [models.has(spec, "fp32") for spec in SPECS] == [True, False, True]


def test_a_model_larger_than_the_bound_is_kept_alone(shelf: Shelf) -> None:
    models = LoadedModels(shelf.load, Settings(models_bytes=10))
    load(models, A)
    load(models, B)
    assert [models.has(spec, "fp32") for spec in SPECS] == [False, True, False]
    load(models, B)
    assert shelf.asked == [("a", "fp32"), ("b", "fp32")]


def test_room_is_made_before_a_model_loads(shelf: Shelf) -> None:
    sized = ModelSpec("d", "D", "BERT", parameters=40)  # 160 bytes while it loads: 100 + 160 > 250
    models = LoadedModels(shelf.load, Settings(models_bytes=250))
    load(models, A)
    shelf.go.clear()
    shelf.started.clear()
    with models.claim(sized, "fp32") as ticket:
        assert shelf.started.wait(5)
        assert not models.has(A, "fp32")
        shelf.go.set()
        ticket.loaded()


def test_a_model_in_use_stays_and_who_needs_its_memory_waits(shelf: Shelf) -> None:
    models = LoadedModels(shelf.load, Settings(models_bytes=150))
    sized = ModelSpec("d", "D", "BERT", parameters=25)  # 100 bytes: no room beside a
    with ExitStack() as waits:
        with models.claim(A, "fp32") as used:
            used.loaded()
            waiting = waits.enter_context(models.claim(sized, "fp32"))
            assert not waiting.ready(0.2)
            assert "Waiting for memory" in str(waiting.detail)
            assert models.has(A, "fp32")
        waiting.loaded()
    assert not models.has(A, "fp32")
    assert shelf.asked == [("a", "fp32"), ("d", "fp32")]


def test_who_waits_for_memory_holds_up_nobody_whose_model_fits(shelf: Shelf) -> None:
    models = LoadedModels(shelf.load, Settings(models_bytes=250))
    large = ModelSpec("d", "D", "BERT", parameters=40)  # 160 bytes: no room beside a
    with models.claim(A, "fp32") as used:
        used.loaded()
        with models.claim(large, "fp32") as waiting:
            assert not waiting.ready(0.2)
            with models.claim(B, "fp32") as fitting:
                assert fitting.ready(5)
            assert not waiting.ready(0.2)
            assert models.has(B, "fp32"), "it is not let go for what does not fit yet"
            assert "Waiting for memory" in str(waiting.detail)
        with models.claim(C, "fp32") as next_one:
            assert next_one.ready(5)
    assert [key for key, _ in shelf.asked] == ["a", "b", "c"], "d was given up"
    with models.claim(large, "fp32") as ticket:
        assert ticket.ready(5)


def test_what_nobody_waits_for_does_not_begin_to_load(shelf: Shelf) -> None:
    shelf.go.clear()
    models = LoadedModels(shelf.load, Settings())
    with models.claim(A, "fp32") as first:
        assert shelf.started.wait(5)
        with models.claim(B, "fp32"):
            pass
        shelf.go.set()
        first.loaded()
        assert load(models, C).spec == C
    assert [key for key, _ in shelf.asked] == ["a", "c"]


def test_models_loaded_in_two_ways_share_one_bound() -> None:
    """A cross-encoder and a bi-encoder of the same key are two models, and 100 + 100 bytes do not fit into 150."""
    one, other = Shelf(), Shelf()
    one.go.set()
    other.go.set()
    models = LoadedModels(one.load, Settings(models_bytes=150))
    beside = LoadedModels(other.load, Settings(models_bytes=150), models)
    with models.claim(A, "fp32") as ticket:
        first = ticket.loaded()
    with beside.claim(A, "fp32") as ticket:
        assert ticket.loaded() is not first
    assert (len(models), len(beside)) == (0, 1)
