"""What `train --model NAME` does unless told otherwise: two shapes of cross-encoder, each with its recipe."""

from __future__ import annotations

from collections.abc import Mapping

from demo.training.groups import Phase
from demo.training.losses import Targets
from demo.training.trainer import Recipe

RECIPES: Mapping[str, Recipe] = {
    "tiny": Recipe(),
    "small": Recipe(
        steps=2000,
        groups=16,
        asked_share=0.65,
        rate=1e-4,
        warmup=0.06,
        average=0.99,
        budget=2048,
        bf16=True,
        frozen=2,
        targets=Targets(known_bonus=4.0),
        phases=(Phase(0.6, 64, 256, 0.3), Phase(1.0, 128, 320, 0.5)),
    ),
}
