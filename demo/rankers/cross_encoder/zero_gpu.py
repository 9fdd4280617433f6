"""ZeroGPU of Hugging Face Spaces: a GPU is lent for the time of one call, to a process that is forked for it.

The app's own process has no GPU, so a model is opened on the CPU there, and once more on the GPU by the process that is
lent one; the scores come back batch by batch. The CPU does what takes it less time than being lent a GPU, and goes on
by itself where none is lent, as when a visitor's quota is used up.

A source of models like the module `loading`. Imported on ZeroGPU only, where `spaces` is installed, and before anything
touches CUDA: see https://huggingface.co/docs/hub/spaces-zerogpu.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache

import numpy as np
import spaces

from demo.rankers.cross_encoder import loading
from demo.rankers.cross_encoder.loaded_models import Batch
from demo.rankers.cross_encoder.loading import Tell, available, default_model, fingerprint, resolve
from demo.rankers.cross_encoder.model import LoadedCrossEncoder
from demo.records import ModelSpec
from demo.settings import Settings

__all__ = ["available", "default_model", "fingerprint", "load_cross_encoder", "resolve"]

log = logging.getLogger(__name__)

DEVICE = "cuda"
"""Of the process that is lent a GPU."""

WORTH_LENDING = 1e11
"""Operations that take two processors longer than being lent a GPU: about two seconds."""

GPU_OPERATIONS = 5e12
"""Operations a second that a GPU makes at the least; to say how long it is needed."""

MOST_SECONDS = 60
START_SECONDS = 8

CHARS_PER_TOKEN = 4


def operations(spec: ModelSpec, query: str, texts: Sequence[str]) -> float:
    """About as many as scoring takes: two for each weight of a layer (12 · width²) and each token."""
    tokens = sum(min(len(query) + len(text), spec.max_tokens * CHARS_PER_TOKEN) for text in texts) / CHARS_PER_TOKEN
    return 24 * spec.layers * spec.width**2 * tokens


def _seconds(spec: ModelSpec, settings: Settings, query: str, texts: Sequence[str], *_: object) -> int:
    """How long the GPU is asked for; whoever asks for less waits less."""
    return min(MOST_SECONDS, START_SECONDS + int(operations(spec, query, texts) / GPU_OPERATIONS))


def _scored(
    spec: ModelSpec,
    settings: Settings,
    query: str,
    texts: Sequence[str],
    windows: bool,
    max_tokens: int,
    instruction: str,
) -> Generator[Batch, None, None]:
    yield from _opened(spec, settings).score(query, texts, windows, max_tokens, instruction)


score_on_gpu: Callable[..., Generator[Batch, None, None]] = spaces.GPU(duration=_seconds)(_scored)
"""What `LoadedCrossEncoder.score` gives, by the process that is lent a GPU; arguments and batches travel as pickles."""


@cache
def _opened(spec: ModelSpec, settings: Settings) -> LoadedCrossEncoder:
    """The model on the GPU; the process keeps it for its next call, if it is given one."""
    return loading.load_cross_encoder(spec, replace(settings, device=DEVICE))


@dataclass(slots=True)
class Borrower(LoadedCrossEncoder):
    """A model on the CPU that is lent a GPU for what is worth it."""

    settings: Settings = field(kw_only=True)

    def score(
        self, query: str, texts: Sequence[str], windows: bool = False, max_tokens: int = 0, instruction: str = ""
    ) -> Generator[Batch, None, None]:
        """As `LoadedCrossEncoder.score`, each batch computed where its `device` says."""
        self.pairs.room(max_tokens)
        left = np.ones(len(texts), bool)
        if operations(self.spec, query, texts) > WORTH_LENDING:
            try:
                for batch in score_on_gpu(
                    self.spec, self.settings, query, list(texts), windows, max_tokens, instruction
                ):
                    left[batch.indices] = False
                    yield batch
            except Exception as error:  # noqa: BLE001 – whatever keeps the GPU away, the CPU can do the rest
                log.warning("No GPU was lent, so the CPU goes on: %s", error)
        left_indices = np.flatnonzero(left)
        for batch in LoadedCrossEncoder.score(
            self, query, [texts[i] for i in left_indices.tolist()], windows, max_tokens, instruction
        ):
            yield replace(batch, indices=left_indices[batch.indices])


def load_cross_encoder(spec: ModelSpec, settings: Settings, progress: Tell | None = None) -> Borrower:
    """The model on the CPU, as one that borrows; raises what `loading.load_cross_encoder` does."""
    model = loading.load_cross_encoder(spec, settings, progress)
    return Borrower(**{row.name: getattr(model, row.name) for row in fields(model) if row.init}, settings=settings)
