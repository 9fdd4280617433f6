"""The two bundled models' recipes: what `train --model NAME` does unless told otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from demo.training.groups import Phase
from demo.training.losses import Targets
from demo.training.trainer import Recipe

RECIPES: Mapping[str, Recipe] = {
    "tiny": Recipe(),
    "small": Recipe(
        steps=400,
        groups=16,
        asked_share=0.65,
        rate=1e-4,
        warmup=0.06,
        average=0.99,
        budget=2048,
        bf16=True,
        frozen=2,
        targets=Targets(known_bonus=4.0),
        phases=(Phase(0.85, 64, 128, 0.1), Phase(1.0, 112, 288, 0.2)),
    ),
}
