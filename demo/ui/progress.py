"""Progress on its way to the page: seldom enough that telling it costs little."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from time import perf_counter

from demo.messages import Language
from demo.progress import Progress
from demo.ui.views import status

PROGRESS_SECONDS = 0.25
"""Progress is told no more often: every telling costs the browser and the queue more than a batch of a small model."""


def seldom(steps: Iterable[Progress]) -> Iterator[Progress]:
    """The steps without those that bring nothing and follow another within PROGRESS_SECONDS."""
    told = -PROGRESS_SECONDS
    for step in steps:
        if step.so_far is None:
            if perf_counter() - told < PROGRESS_SECONDS:
                continue
            told = perf_counter()
        yield step


def told(step: Progress, language: Language) -> str:
    """The progress as a labelled bar."""
    return status.progress(step.detail.to(language), step.done, step.total, language)
