"""Progress on its way to the page: seldom enough that telling it costs little."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter
from typing import TypeVar

from demo.messages import Language
from demo.rankers.cross_encoder.scoring import Progress
from demo.ui.views import status

Step = TypeVar("Step")

PROGRESS_SECONDS = 0.25
"""Progress is told no more often: every telling costs the browser and the queue more than a batch of a small model."""


def seldom(steps: Iterator[Progress | Step]) -> Iterator[Progress | Step]:
    """The steps without those tellings of progress that follow another within PROGRESS_SECONDS."""
    told = -PROGRESS_SECONDS
    for step in steps:
        if isinstance(step, Progress):
            if perf_counter() - told < PROGRESS_SECONDS:
                continue
            told = perf_counter()
        yield step


def told(step: Progress, language: Language) -> str:
    """The progress as a labelled bar."""
    return status.progress(step.detail.to(language), step.done, step.total, language)
