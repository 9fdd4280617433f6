"""Progress on its way to the page: seldom enough that telling it costs little."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from statistics import median
from time import perf_counter

from demo.messages import Language, Message
from demo.phrases import seconds
from demo.progress import Progress
from demo.ui.views import status

PROGRESS_SECONDS = 0.25
"""Progress is told no more often: every telling costs the browser and the queue more than a batch of a small model."""


SURE_SECONDS = 0.75
"""After which the pace so far tells of the rest."""


def seldom(steps: Iterable[Progress]) -> Iterator[Progress]:
    """The steps without those that bring nothing and follow another within PROGRESS_SECONDS."""
    told = -PROGRESS_SECONDS
    for step in steps:
        if step.so_far is None:
            if perf_counter() - told < PROGRESS_SECONDS:
                continue
            told = perf_counter()
        yield step


class TimeLeft:
    """How long the queries that are left will take, by the median of those that are done.

    The first does not count: models are loaded and collections indexed for it.
    """

    def __init__(self) -> None:
        self._last = perf_counter()
        self._took: list[float] = []

    def one_done(self) -> None:
        """One more query is done, just now."""
        now = perf_counter()
        self._took.append(now - self._last)
        self._last = now

    def left(self, queries: int) -> float | None:
        """Seconds for so many queries; None while fewer than two are done."""
        return median(self._took[1:]) * queries if len(self._took) > 1 else None


def render_progress(step: Progress, language: Language, left: float | None = None) -> str:
    """The progress as a labelled bar, with the seconds that are left where they are known."""
    words = step.detail
    if left is not None:
        words = Message("{words} · about {time} left", words=words, time=duration(left))
    return status.progress(words.to(language), step.done, step.total, language)


def render_steps(steps: Iterable[Progress], language: Language) -> Iterator[str | Progress]:
    """The steps that bring something, and the others as labelled bars, seldom, with the time that is left."""
    stage, since, begun = "", perf_counter(), 0
    for step in seldom(steps):
        if step.so_far is not None:
            yield step
            continue
        if step.detail.english != stage or step.done < begun:
            stage, since, begun = step.detail.english, perf_counter(), step.done
        took, done = perf_counter() - since, step.done - begun
        known = took >= SURE_SECONDS and done > 0 and step.total > 0
        yield render_progress(step, language, took / done * (step.total - step.done) if known else None)


def duration(left: float) -> str:
    """A time to wait, roughly: seconds up to 90, then minutes."""
    return seconds(max(1.0, round(left))).replace(".0", "") if left <= 90 else f"{math.ceil(left / 60)} min"
