"""Models in memory: each loaded once however many ask for it, the longest unused let go when memory is short."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from threading import Lock, Thread
from typing import Protocol

from demo.language import Text
from demo.records import Extent, FloatArray, IntArray, ModelSpec
from demo.settings import Settings

POLL_SECONDS = 0.25
"""How often one who waits for a model looks up, and so how soon a cancelled visitor is let go."""

Tell = Callable[[Text], None]


class Batch(Protocol):
    """Scores of some of the texts that were asked for, as one forward pass of the model gave them."""

    @property
    def indices(self) -> IntArray: ...
    @property
    def scores(self) -> FloatArray: ...
    @property
    def extents(self) -> tuple[Extent, ...]: ...
    @property
    def tokenise_seconds(self) -> float: ...
    @property
    def model_seconds(self) -> float: ...
    @property
    def tokens(self) -> int: ...


class Scorer(Protocol):
    """A loaded cross-encoder, as far as the service uses it. Several threads may score at once."""

    @property
    def fingerprint(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def precision(self) -> str: ...
    @property
    def load_seconds(self) -> float: ...
    @property
    def bytes(self) -> int: ...

    def score(self, query: str, texts: Sequence[str], windows: bool = False) -> Generator[Batch, None, None]: ...


Load = Callable[[ModelSpec, Settings, Tell], Scorer]


@dataclass(slots=True, eq=False)
class Ticket:
    """A claim on a model that is loaded or being loaded; `detail` says what the loading is doing."""

    detail: Text
    outcome: Future[Scorer] = field(default_factory=Future)

    def ready(self, timeout: float = POLL_SECONDS) -> bool:
        """Whether the loading has ended, well or badly; waits up to `timeout` seconds for it."""
        return bool(wait([self.outcome], timeout).done)

    def loaded(self) -> Scorer:
        """The model; waits for it.

        Raises:
            DemoError: whatever the loading met.
        """
        return self.outcome.result()


class LoadedModels:
    """Loaded models within `settings.models_bytes`, the newest always among them. Safe to use from several threads.

    A model that is let go while a run still uses it stays in memory until that run ends.
    """

    def __init__(self, load: Load, settings: Settings) -> None:
        self._load = load
        self._settings = settings
        self._tickets: OrderedDict[tuple[str, str], Ticket] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        with self._lock:
            return len(self._tickets)

    def has(self, spec: ModelSpec, precision: str) -> bool:
        """Whether the model is loaded, so that asking for it will not wait."""
        with self._lock:
            ticket = self._tickets.get((spec.key, precision))
        return ticket is not None and ticket.ready(0)

    def ask(self, spec: ModelSpec, precision: str) -> Ticket:
        """The ticket for a model; starts to load it if nobody did, or if the last load failed.

        Who stops waiting does not stop the loading: the model is there for the next one.
        """
        key = (spec.key, precision)
        with self._lock:
            if key in self._tickets:
                self._tickets.move_to_end(key)
                return self._tickets[key]
            ticket = Ticket(Text(f"Loading {spec.label}", f"正在加载 {spec.label}"))
            self._tickets[key] = ticket
        Thread(target=self._run, args=(key, spec, ticket), name=f"load {spec.key}", daemon=True).start()
        return ticket

    def _run(self, key: tuple[str, str], spec: ModelSpec, ticket: Ticket) -> None:
        def tell(detail: Text) -> None:
            ticket.detail = detail

        try:
            model = self._load(spec, replace(self._settings, precision=key[1]), tell)
        except Exception as error:  # noqa: BLE001  handed to everyone who waits
            with self._lock:
                del self._tickets[key]
            ticket.outcome.set_exception(error)
        else:
            with self._lock:
                ticket.outcome.set_result(model)
                self._let_go(key)

    def _let_go(self, newest: tuple[str, str]) -> None:
        """Drops loaded models, the longest unused first, until the rest fits; those being loaded do not count."""
        sizes = {key: ticket.loaded().bytes for key, ticket in self._tickets.items() if ticket.ready(0)}
        for key in [key for key in sizes if key != newest]:
            if sum(sizes.values()) <= self._settings.models_bytes:
                return
            del sizes[key], self._tickets[key]
