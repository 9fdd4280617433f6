"""What `train --model NAME` does unless told otherwise: two shapes of cross-encoder, each with its recipe."""

from __future__ import annotations

from collections.abc import Mapping

from demo.training.groups import Phase
from demo.training.losses import Targets
from demo.training.trainer import Recipe

RECIPES: Mapping[str, Recipe] = {
    "tiny": Recipe(),
    "small": Recipe(
        steps=370,
        groups=12,
        asked_share=0.65,
        rate=5e-5,
        warmup=0.05,
        average=0.99,
        budget=2048,
        frozen=4,
        targets=Targets(lexical_scale=4.0, made_lexical_scale=12.0),
        phases=(Phase(0.65, 80, 256, 0.25), Phase(1.0, 120, 288, 0.4)),
    ),
}
