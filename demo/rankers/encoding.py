"""Bi-encoders at work: a model is loaded once, and the passages of a collection become vectors once.

Vectors live no longer than their collection, and within `settings.vectors_bytes`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol
from weakref import ReferenceType, ref

import numpy as np

from demo.errors import DemoError
from demo.memory import BoundedByOwner
from demo.messages import Message
from demo.progress import Progress, as_steps
from demo.rankers.catalog import find
from demo.rankers.cross_encoder import loading
from demo.rankers.cross_encoder.checkpoints import find_checkpoint, is_bundled
from demo.rankers.cross_encoder.hub import Hub
from demo.rankers.cross_encoder.loaded_models import LoadedModels, Tell
from demo.rankers.cross_encoder.scoring import USUAL_TOKENS, Speeds
from demo.records import Collection, Extent, FloatArray, IntArray, ModelSpec, Query
from demo.settings import Settings

CHUNK = 64
"""Passages that become vectors between two chances to stop."""


class Encoder(Protocol):
    """A loaded bi-encoder."""

    @property
    def bytes(self) -> int: ...
    @property
    def device(self) -> str: ...
    @property
    def load_seconds(self) -> float: ...

    def passages(self, texts: Sequence[str]) -> FloatArray:
        """float32 (texts, dimensions)."""
        ...

    def similarities(self, query: str, vectors: FloatArray) -> FloatArray:
        """float32 (texts,): how similar the query is to each, as the model measures it."""
        ...

    def extents(self, texts: Sequence[str]) -> Sequence[Extent]:
        """What it reads of each text."""
        ...


Load = Callable[[ModelSpec, Settings, Tell], Encoder]


@dataclass(frozen=True, slots=True, eq=False)
class Vectors:
    """What a model made of a collection's passages.

    Attributes:
        values: float32 (distinct texts, dimensions); one vector for a text, so that equal passages are equally similar.
        rows: int64 (n,), the vector of each passage.
        extents: n, what was read of each.
        tokens: read of all distinct texts.
    """

    values: FloatArray
    rows: IntArray
    extents: tuple[Extent, ...]
    tokens: int


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """Similarities of a query to all passages of a collection, float32 (n,), and what they took.

    Attributes:
        encode_seconds: making the passages' vectors; 0 where they were kept.
    """

    similarities: FloatArray
    extents: tuple[Extent, ...]
    encode_seconds: float
    query_seconds: float
    load_seconds: float
    model_bytes: int
    device: str


def _load(spec: ModelSpec, settings: Settings, tell: Tell) -> Encoder:
    from demo.rankers.dense_encoder import load_encoder

    return load_encoder(spec, settings, tell)


class Encoding:
    """Loaded bi-encoders, and vectors of living collections. Safe to use from several threads.

    Args:
        load: gives a model.
        beside: other models in memory, within the same bound.
    """

    def __init__(
        self,
        settings: Settings,
        load: Load = _load,
        hub: Hub = loading.HUB,
        beside: LoadedModels[Any] | None = None,
    ) -> None:
        self.settings = settings
        self._hub = hub
        self._models: LoadedModels[Encoder] = LoadedModels(load, settings, beside)
        self._kept = KeptVectors(settings.vectors_bytes)
        self._speeds = Speeds()

    @property
    def kept_bytes(self) -> int:
        """Memory of the vectors that are kept."""
        return self._kept.memory_bytes

    def spec(self, name: str) -> ModelSpec:
        """The model of this name.

        Raises:
            InputError: the name is unknown or not allowed here.
        """
        bundled = find(name)
        return bundled if bundled is not None and is_bundled(bundled) else loading.named(name, self.settings)

    def is_here(self, name: str) -> bool:
        """Whether its files are on this machine."""
        try:
            return find_checkpoint(self.spec(name), self._hub) is not None
        except DemoError:
            return False

    def fingerprint(self, name: str) -> str:
        """What changes whenever its vectors may; loads the model where its files are not here yet.

        Raises:
            DemoError: whatever the loading met.
        """
        spec = self.spec(name)
        checkpoint = find_checkpoint(spec, self._hub)
        if checkpoint is None:
            with self._models.claim(spec, self.settings.precision) as ticket:
                ticket.loaded()
            checkpoint = find_checkpoint(spec, self._hub)
        return "" if checkpoint is None else checkpoint.fingerprint()

    def work(self, name: str, collection: Collection, tokens: Callable[[str], int]) -> tuple[int, float]:
        """Tokens that the model would read of the collection, and the seconds that this may take; 0 if it has read it.

        Raises:
            InputError: the name is unknown or not allowed here.
        """
        spec = self.spec(name)
        if self._kept.find([_key(collection, spec)]) != [None]:
            return 0, 0.0
        read = sum(
            min(tokens(text), spec.max_tokens or USUAL_TOKENS)
            for text in {passage.content for passage in collection.passages}
        )
        return read, read * self._speeds.seconds_per_token(spec, self.settings.precision)

    @as_steps
    def encode(self, name: str, query: Query, collection: Collection) -> Generator[Progress, None, Encoded]:
        """How similar the query is to every passage.

        Raises:
            DemoError: the model cannot be loaded.
        """
        spec = self.spec(name)
        waited = not self._models.has(spec, self.settings.precision)
        with self._models.claim(spec, self.settings.precision) as ticket:
            while not ticket.ready():
                yield Progress("loading", 0, 0, ticket.detail)
            model = ticket.loaded()
            start = perf_counter()
            key = _key(collection, spec)
            (vectors,) = self._kept.find([key])
            known = vectors is not None
            if vectors is None:
                vectors = yield from _encoded(model, collection)
                self._kept.keep([(key, vectors)])
                self._speeds.note(spec, self.settings.precision, vectors.tokens, perf_counter() - start)
            middle = perf_counter()
            similarities = model.similarities(query.text, vectors.values)[vectors.rows]
            return Encoded(
                similarities,
                vectors.extents,
                encode_seconds=0.0 if known else middle - start,
                query_seconds=perf_counter() - middle,
                load_seconds=model.load_seconds if waited else 0.0,
                model_bytes=model.bytes,
                device=model.device,
            )


def _encoded(model: Encoder, collection: Collection) -> Generator[Progress, None, Vectors]:
    """The collection's vectors, made in stretches of passages of similar length."""
    contents = [passage.content for passage in collection.passages]
    texts = sorted(set(contents), key=lambda text: (len(text), text))
    parts: list[FloatArray] = []
    extents: list[Extent] = []
    for start in range(0, len(texts), CHUNK):
        done = Message("Encoded {done} of {total} passages", done=start, total=len(texts))
        yield Progress("indexing", start, len(texts), done)
        chunk = texts[start : start + CHUNK]
        parts.append(model.passages(chunk))
        extents.extend(model.extents(chunk))
    values = np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)
    row_of = {text: row for row, text in enumerate(texts)}
    rows = np.array([row_of[content] for content in contents], dtype=np.int64)
    tokens = sum(extent.read_tokens for extent in extents)
    return Vectors(values, rows, tuple(extents[row] for row in rows.tolist()), tokens)


def _key(collection: Collection, spec: ModelSpec) -> tuple[ReferenceType[Collection], str]:
    return ref(collection), spec.key


class KeptVectors(BoundedByOwner[Collection, str, Vectors]):
    """At most `capacity` bytes of vectors, by collection and model; those of collections that are gone go first."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity, lambda key, row: row.values.nbytes, least=1)
