"""What `train --model NAME` does unless told otherwise: three shapes of cross-encoder, each with its recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from demo.training.groups import Phase
from demo.training.losses import Targets
from demo.training.trainer import Recipe

_TINY = Recipe(
    steps=8000,
    asked_share=0.7,
    shuffled_share=0.2,
    stuffed_share=0.08,
    rate=1.5e-3,
    cooling=0.8,
    targets=Targets(lexical_scale=8.0, made_lexical_scale=16.0, surrounded_loss=2.5),
    phases=(Phase(1.0, 112, 320, 0.15, surrounded=True),),
)

RECIPES: Mapping[str, Recipe] = {
    "tiny": _TINY,
    "medium": replace(
        _TINY,
        steps=1600,
        groups=16,
        asked_share=0.5,
        rate=6e-4,
        warmup=100,
        cooling=0.7,
        frozen=1,
        phases=(Phase(1.0, 112, 320, 0.1, surrounded=True),),
    ),
    "small": Recipe(
        steps=4000,
        groups=8,
        rate=5e-5,
        warmup=50,
        average=0.99,
        budget=2048,
        frozen=5,
        phases=(Phase(0.8, 80, 160, 0.2), Phase(1.0, 96, 256, 0.3)),
    ),
}
