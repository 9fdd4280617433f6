"""What everything but the network costs: a device as fast as one likes would still wait for this."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from demo.benchmark.material import PROFILES, TINY, passages
from demo.benchmark.models import folder_of, load, one_by_one, scores
from demo.benchmark.options import Options, Row
from demo.benchmark.timing import Spread, in_turns
from demo.rankers.cross_encoder.model import LoadedCrossEncoder
from demo.rankers.cross_encoder.network import GPU_BUDGET
from demo.rankers.cross_encoder.pairs import Inputs
from demo.records import FloatArray
from demo.settings import Settings

USUAL = 10_000


@dataclass(frozen=True, slots=True)
class Idle:
    """A network that computes nothing."""

    backend: str = "none"
    lanes: int = 1
    device: str = "none"
    precision: str = "none"
    emulated: bool = False
    bytes: int = 0
    kept_bytes: int = 0

    def start_lane(self) -> None:
        """Does nothing."""

    def logits(self, inputs: Inputs) -> FloatArray:
        """Zeros, float32 (rows, 1)."""
        return np.zeros((len(inputs["input_ids"]), 1), np.float32)


def host(options: Options) -> Iterator[Row]:
    """Passages cut into tokens, joined to pairs, batched as for a GPU and taken back, without any model."""
    loaded = load(folder_of(TINY, options.work), options, "fp32")
    budget = Settings().batch_tokens * GPU_BUDGET
    model = LoadedCrossEncoder(loaded.spec, loaded.pairs, Idle(), loaded.fingerprint, budget)
    amount = min(USUAL, options.most)
    drawn = [passages(amount, PROFILES[options.profile], seed) for seed in range(options.repeats + 1)]
    work = {state: one_by_one(partial(scores, model), drawn) for state in ("new", "seen")}
    for state, seconds in in_turns(work, options.repeats).items():
        speed = Spread.of([amount / each for each in seconds])
        rates = {"docs/s": round(speed.median), "least": round(speed.least), "most": round(speed.most)}
        yield {"contender": state, **rates, "passages": amount}
