"""Cross-encoders that work elsewhere: texts go to servers of this app, and scores and extents come back.

A source of models like the module `loading`: the ranker, its key, the scores that are kept, budgets and turns stay
those of this process, and only the work is done by others. Texts go in parts, several at a time, so that servers can
put them beside those of other requests.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from threading import Lock, Thread
from time import monotonic, perf_counter
from typing import Any, Protocol, TypeVar

import numpy as np

from demo.errors import DemoError
from demo.messages import Message
from demo.rankers.cross_encoder import loading
from demo.rankers.cross_encoder.elsewhere.wire import About, Answer, Work
from demo.rankers.cross_encoder.loaded_models import Batch, Tell
from demo.rankers.cross_encoder.scoring import Where
from demo.records import IntArray, ModelSpec
from demo.settings import Settings

T = TypeVar("T")

PART_TEXTS = 64
"""Texts of one piece of work. A server that fails, or a visitor who goes, costs no more than this."""

PARTS_AT_ONCE = 8
"""Pieces of one run that are on their way together."""

LOOK_SECONDS = 0.25
"""How often one who waits for scores looks up, and so how soon a cancelled visitor is let go."""

FRESH_SECONDS = 30.0
"""How long it is believed that a model has the weights that it had."""

ASK_SECONDS = 2.0
"""How long that question may take; if nobody answers, the weights are those that were known."""

SETTLE_SECONDS = 60.0
"""How long after new weights were met answers by the former ones are asked for again, as in a rolling update."""

AGAIN_SECONDS = 0.2


class Transport(Protocol):
    """Takes work to whoever does it."""

    async def send(self, work: Work) -> Answer:
        """The scores; cancelling it lets the other side stop.

        Raises:
            DemoError: there are none; the sentence says why.
        """

    async def places(self) -> Mapping[str, str]:
        """Key of each model on offer there → where its weights are, as `loading.available` has it.

        Raises:
            DemoError: nobody says so.
        """


class Loop:
    """An event loop in a thread of its own, for work that threads wait for."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        Thread(target=self._loop.run_forever, name="elsewhere", daemon=True).start()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """The value to come; cancelling it cancels the work."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)


class Elsewhere:
    """Models that a transport leads to; which ones there are is known by the catalog and the settings."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._loop = Loop()
        self._known: dict[str, tuple[str, float]] = {}
        self._places: tuple[Mapping[str, str], float] = {}, 0.0
        self._lock = Lock()

    def default_model(self, settings: Settings) -> ModelSpec:
        """As `loading.default_model`."""
        return loading.default_model(settings)

    def resolve(self, name: str, settings: Settings) -> ModelSpec:
        """As `loading.resolve`."""
        return loading.resolve(name, settings)

    def available(self, settings: Settings) -> Sequence[tuple[ModelSpec, Where]]:
        """As `loading.available`, with where weights are for the servers; "download" where nobody says that."""
        places = self._places_there()
        found = [_there(spec, where, places) for spec, where in loading.available(settings)]
        return sorted(found, key=lambda row: _LAST.get(row[1], 0))

    def _places_there(self) -> Mapping[str, str]:
        """What the servers said, asked again after FRESH_SECONDS."""
        with self._lock:
            places, until = self._places
            if monotonic() < until:
                return places
            self._places = places, monotonic() + FRESH_SECONDS
        asked = self._loop.submit(self._transport.places())
        try:
            places = asked.result(ASK_SECONDS)
        except (DemoError, TimeoutError):
            asked.cancel()
        with self._lock:
            self._places = places, monotonic() + FRESH_SECONDS
        return places

    def fingerprint(self, spec: ModelSpec, settings: Settings) -> str | None:
        """What the servers said of the model's weights, asked again after FRESH_SECONDS; None before they said any."""
        with self._lock:
            known, until = self._known.get(spec.key, (None, 0.0))
            if known is None or monotonic() < until:
                return known
            self._known[spec.key] = (known, monotonic() + FRESH_SECONDS)
        asked = self._loop.submit(self._transport.send(Work(spec.key, settings.precision)))
        try:
            self.note(spec.key, asked.result(ASK_SECONDS).about.fingerprint)
        except (DemoError, TimeoutError):
            asked.cancel()
        with self._lock:
            return self._known[spec.key][0]

    def note(self, key: str, fingerprint: str) -> None:
        """Remembers what was said of the weights of the model of this key."""
        with self._lock:
            self._known[key] = (fingerprint, monotonic() + FRESH_SECONDS)

    def load_cross_encoder(self, spec: ModelSpec, settings: Settings, progress: Tell) -> ModelElsewhere:
        """The model, once a server has loaded it.

        Raises:
            DemoError: no server answers, or it cannot load the model.
        """
        start = perf_counter()
        progress(Message("Asking the servers for {label}", label=spec.label))
        answer = self._loop.submit(self._transport.send(Work(spec.key, settings.precision))).result()
        self.note(spec.key, answer.about.fingerprint)
        return ModelElsewhere(
            spec, answer.about, settings.precision, self._transport, self._loop, self, perf_counter() - start
        )


_LAST: Mapping[Where, int] = {"download": 1, "unusable": 2}


def _there(spec: ModelSpec, here: Where, places: Mapping[str, str]) -> tuple[ModelSpec, Where]:
    """The model and where its weights are for the servers, by what they say; own folders are known on this machine."""
    place = places.get(spec.key, "")
    if here in ("bundled", "unusable") or (here == "local" and (place == "local" or not places)):
        return spec, here
    if here == "local":
        return replace(spec, notes=Message("The servers that score do not have this folder.")), "unusable"
    return spec, "served" if place == "cached" else "download"


@dataclass(eq=False)
class ModelElsewhere:
    """A model that servers have loaded. Safe to use from several threads.

    Attributes:
        asked_spec: what was known of it before.
        about: what the servers said of it last.
        asked_precision: that it is asked for.
    """

    asked_spec: ModelSpec
    about: About
    asked_precision: str
    transport: Transport
    loop: Loop
    source: Elsewhere
    load_seconds: float = 0.0
    _former: str = ""
    _changed: float = 0.0
    _lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def spec(self) -> ModelSpec:
        """What is known of it now."""
        return self.about.spec(self.asked_spec)

    @property
    def fingerprint(self) -> str:
        """Of the weights that scores have now; another one after servers were given others."""
        return self.about.fingerprint

    @property
    def backend(self) -> str:
        """What computes the logits there."""
        return self.about.backend

    @property
    def precision(self) -> str:
        """That it computes in."""
        return self.about.precision

    @property
    def emulated(self) -> bool:
        """Whether the servers have no instructions for it."""
        return self.about.emulated

    @property
    def bytes(self) -> int:
        """Memory that the weights take on each server."""
        return self.about.bytes

    @property
    def kept_bytes(self) -> Mapping[str, int]:
        """Nothing: the servers keep tokens and beginnings."""
        return {}

    def score(
        self, query: str, texts: Sequence[str], windows: bool = False, max_tokens: int = 0, instruction: str = ""
    ) -> Generator[Batch, None, None]:
        """Yields the scores as they come, longest texts first; closing the generator stops the work.

        All scores are by the weights that `fingerprint` told when it began. If servers have others by now, it ends
        early, and `fingerprint` tells which.

        Raises:
            DemoError: as the transport says.
        """
        run = _Run(
            self, texts, Work(self.asked_spec.key, self.asked_precision, query, (), windows, max_tokens, instruction)
        )
        try:
            while not run.done() and self.fingerprint == run.fingerprint:
                yield run.step()
        finally:
            run.stop()

    def accepts(self, about: About, fingerprint: str) -> bool:
        """Whether an answer has the weights of this fingerprint; notes others, unless they are those of before."""
        if about.fingerprint == fingerprint:
            return True
        with self._lock:
            settled = monotonic() - self._changed > SETTLE_SECONDS
            if about.fingerprint != self.fingerprint and (settled or about.fingerprint != self._former):
                self._former, self._changed, self.about = self.fingerprint, monotonic(), about
                self.source.note(self.asked_spec.key, about.fingerprint)
        return False


class _Run:
    """One query's texts: parts that wait, and parts on their way."""

    def __init__(self, model: ModelElsewhere, texts: Sequence[str], work: Work) -> None:
        self._model, self._texts, self._work = model, texts, work
        self.fingerprint = model.fingerprint
        longest_first = np.argsort([-len(text) for text in texts], kind="stable").astype(np.int64)
        self._parts = deque(longest_first[start : start + PART_TEXTS] for start in range(0, len(texts), PART_TEXTS))
        self._on_their_way: dict[Future[Answer], IntArray] = {}

    def done(self) -> bool:
        """Whether every text has its score."""
        return not self._parts and not self._on_their_way

    def step(self) -> Batch:
        """The next part's scores; a batch without texts where none came for LOOK_SECONDS."""
        start = perf_counter()
        while self._parts and len(self._on_their_way) < PARTS_AT_ONCE:
            self._send(self._parts.popleft())
        done = wait(self._on_their_way, LOOK_SECONDS, FIRST_COMPLETED).done
        indices, scores, extents, tokens, device = np.zeros(0, np.int64), list[float](), list[Any](), 0, ""
        for future in done:
            part, answer = self._on_their_way.pop(future), future.result()
            if not self._model.accepts(answer.about, self.fingerprint):
                self._send(part, AGAIN_SECONDS)
                continue
            indices = np.concatenate([indices, part])
            scores += answer.scores
            extents += answer.extents
            tokens, device = tokens + answer.tokens, answer.device
        waited = perf_counter() - start
        return Batch(indices, np.array(scores, np.float32), tuple(extents), 0.0, waited, tokens, device)

    def _send(self, part: IntArray, after: float = 0.0) -> None:
        piece = replace(self._work, texts=tuple(self._texts[index] for index in part.tolist()))
        self._on_their_way[self._model.loop.submit(self._later(piece, after))] = part

    async def _later(self, work: Work, after: float) -> Answer:
        await asyncio.sleep(after)
        return await self._model.transport.send(work)

    def stop(self) -> None:
        """Cancels what is on its way."""
        for future in self._on_their_way:
            future.cancel()
