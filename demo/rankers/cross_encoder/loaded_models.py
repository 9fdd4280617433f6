"""Models in memory: each loaded once however many ask for it, within a bound that holds while others load."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Condition, Thread
from typing import Any, Generic, Protocol, TypeVar

from demo.errors import RemoteError
from demo.messages import Message
from demo.rankers.cross_encoder.hub import DOWNLOADING
from demo.records import Extent, FloatArray, IntArray, ModelSpec
from demo.settings import Settings

POLL_SECONDS = 0.25
"""How often one who waits for a model looks up, and so how soon a cancelled visitor is let go."""

WEIGHT_BYTES = 4
"""Bytes of one weight while a model loads, whatever its precision is afterwards."""

Tell = Callable[[Message], None]
Key = tuple[str, str]
"""A model's key and precision."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Scores of some of the texts, as one forward pass completed them; there may be none.

    Attributes:
        indices: int64 (m,), places among the texts that were given.
        scores: float32 (m,); extents: m, what was read of each.
        tokenise_seconds, model_seconds: what was waited for, cutting texts into tokens apart. Batches are computed side
            by side and ahead of time, so this is less than each took by itself.
        tokens: tokens that the model read in this pass, padding apart.
        device: where it was computed.
    """

    indices: IntArray
    scores: FloatArray
    extents: tuple[Extent, ...]
    tokenise_seconds: float
    model_seconds: float
    tokens: int
    device: str


TOKENS, BEGINNINGS = "tokens", "beginnings"
"""What a loaded model may keep: tokens of texts, and what it made of beginnings that pairs share."""


class Scorer(Protocol):
    """A loaded cross-encoder, as far as the service uses it. Several threads may score at once."""

    @property
    def spec(self) -> ModelSpec: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def backend(self) -> str: ...
    @property
    def precision(self) -> str: ...
    @property
    def emulated(self) -> bool: ...
    @property
    def load_seconds(self) -> float: ...
    @property
    def bytes(self) -> int: ...
    @property
    def kept_bytes(self) -> Mapping[str, int]: ...

    def score(
        self, query: str, texts: Sequence[str], windows: bool = False, max_tokens: int = 0, instruction: str = ""
    ) -> Generator[Batch, None, None]: ...


class InMemory(Protocol):
    """Anything that is loaded and takes memory."""

    @property
    def bytes(self) -> int: ...


M = TypeVar("M", bound=InMemory)


@dataclass(slots=True, eq=False)
class Ticket(Generic[M]):
    """A model that is loaded, being loaded, or waiting to be.

    Attributes:
        detail: what the loading is doing.
        users: runs that hold the model or wait for it; it is not let go while there are any.
    """

    detail: Message
    outcome: Future[M] = field(default_factory=Future)
    users: int = 0

    def ready(self, timeout: float = POLL_SECONDS) -> bool:
        """Whether the loading has ended, well or badly; waits up to `timeout` seconds for it."""
        return bool(wait([self.outcome], timeout).done)

    def loaded(self) -> M:
        """The model; waits for it.

        Raises:
            DemoError: whatever the loading met.
        """
        return self.outcome.result()


_Way = tuple[int, Key]
"""Which `LoadedModels` loaded it, and its key."""


@dataclass(slots=True, eq=False)
class _All:
    """Tickets of all models within one bound, the longest unused first, and whether one of them loads now."""

    tickets: OrderedDict[_Way, Ticket[Any]] = field(default_factory=OrderedDict)
    changed: Condition = field(default_factory=Condition)
    loading: bool = False


class LoadedModels(Generic[M]):
    """Loaded models within `settings.models_bytes`. Safe to use from several threads.

    One model loads at a time, once there is room for it: models that nobody uses are let go, the longest unused
    first, and a model that does not fit beside those in use waits for them, while others that fit may load. A model
    that is larger than the bound is loaded alone. What a model will take is known from its spec, or else only once it
    is there.

    Args:
        beside: models that are loaded in another way, within the same bound.
    """

    def __init__(
        self,
        load: Callable[[ModelSpec, Settings, Tell], M],
        settings: Settings,
        beside: LoadedModels[Any] | None = None,
    ) -> None:
        self._load = load
        self._settings = settings
        self._all: _All = _All() if beside is None else beside._all
        self._changed = self._all.changed

    def __len__(self) -> int:
        with self._changed:
            return len(self._own())

    def _own(self) -> dict[Key, Ticket[M]]:
        """The tickets of what is loaded in this way; `_changed` must be held."""
        return {key: ticket for (way, key), ticket in self._all.tickets.items() if way == id(self)}

    def loaded(self) -> dict[Key, M]:
        """Each loaded model, by its key and precision."""
        with self._changed:
            done = {key: ticket.outcome for key, ticket in self._own().items() if ticket.ready(0)}
        return {key: outcome.result() for key, outcome in done.items() if outcome.exception() is None}

    def sizes(self) -> dict[Key, int]:
        """Bytes of each loaded model, by its key and precision."""
        return {key: model.bytes for key, model in self.loaded().items()}

    def has(self, spec: ModelSpec, precision: str) -> bool:
        """Whether the model is loaded, so that asking for it will not wait."""
        with self._changed:
            ticket = self._all.tickets.get((id(self), (spec.key, precision)))
        return ticket is not None and ticket.ready(0)

    @contextmanager
    def claim(self, spec: ModelSpec, precision: str) -> Iterator[Ticket[M]]:
        """The ticket for a model, held until the block ends; starts to load it if nobody did, or the last load failed.

        Hold one at a time: two who each hold one and wait for another would wait for ever. Who stops waiting does not
        stop the loading: the model is there for the next one. A download that nobody waits for stops, and what nobody
        waits for does not begin to load.
        """
        ticket = self._ask(spec, precision)
        try:
            yield ticket
        finally:
            with self._changed:
                ticket.users -= 1
                self._changed.notify_all()

    def _ask(self, spec: ModelSpec, precision: str) -> Ticket[M]:
        key, tickets = (id(self), (spec.key, precision)), self._all.tickets
        with self._changed:
            if key in tickets:
                tickets.move_to_end(key)
                known: Ticket[M] = tickets[key]
                known.users += 1
                return known
            ticket: Ticket[M] = Ticket(Message("Loading {label}", label=spec.label), users=1)
            tickets[key] = ticket
        Thread(target=self._run, args=(key, spec, ticket), name=f"load {spec.key}", daemon=True).start()
        return ticket

    def _run(self, key: _Way, spec: ModelSpec, ticket: Ticket[M]) -> None:
        def tell(detail: Message) -> None:
            if ticket.users == 0 and detail.english == DOWNLOADING.english:
                raise RemoteError(
                    "The download of “{label}” was stopped, since nobody waited for it any more. Ask again: it goes "
                    "on from where it was.",
                    label=spec.label,
                )
            ticket.detail = detail

        if not self._wait_for_turn(key, WEIGHT_BYTES * spec.parameters or spec.weights_bytes, ticket):
            return
        try:
            model = self._load(spec, replace(self._settings, precision=key[1][1]), tell)
        except Exception as error:  # noqa: BLE001  handed to everyone who waits
            with self._changed:
                del self._all.tickets[key]
            ticket.outcome.set_exception(error)
        else:
            with self._changed:
                ticket.outcome.set_result(model)
                self._let_go(key, model.bytes)
        finally:
            with self._changed:
                self._all.loading = False
                self._changed.notify_all()

    def _wait_for_turn(self, key: _Way, needed: int, ticket: Ticket[M]) -> bool:
        """Waits until nothing loads, and `needed` bytes fit beside the models in use or none is; False if given up.

        It is given up, and the ticket with it, when nobody waits for the model any more.
        """
        with self._changed:
            while ticket.users and (self._all.loading or not self._fits(key, needed)):
                if not self._all.loading:
                    ticket.detail = Message(
                        "Waiting for memory that another visitor's model takes (setting models_bytes)"
                    )
                self._changed.wait()
            if not ticket.users:
                del self._all.tickets[key]
                ticket.outcome.cancel()
                return False
            self._let_go(key, needed)
            self._all.loading = True
            return True

    def _sizes(self, key: _Way) -> dict[_Way, int]:
        """Bytes of each loaded model, whichever way it was loaded, but for this one; `_changed` must be held."""
        tickets = self._all.tickets
        return {other: ticket.loaded().bytes for other, ticket in tickets.items() if other != key and ticket.ready(0)}

    def _fits(self, key: _Way, needed: int) -> bool:
        """Whether `needed` bytes for `key` fit beside the models in use, or no other is in use."""
        used = [size for other, size in self._sizes(key).items() if self._all.tickets[other].users]
        return not used or sum(used) + needed <= self._settings.models_bytes

    def _let_go(self, key: _Way, needed: int) -> None:
        """Drops unused models, the longest unused first, until `needed` bytes for `key` fit or all are used."""
        sizes = self._sizes(key)
        for other in list(sizes):
            if sum(sizes.values()) + needed <= self._settings.models_bytes:
                return
            if self._all.tickets[other].users == 0:
                del sizes[other], self._all.tickets[other]
