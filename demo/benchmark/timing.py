"""Contenders measured in turns, and what their times come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with the least and the greatest value."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of at least one value."""
        return cls(median(values), min(values), max(values))


def in_turns(contenders: Mapping[str, Work], repeats: int) -> dict[str, list[float]]:
    """Seconds of each contender in each repeat; all are run once before that, and then one after another."""
    for work in contenders.values():
        work()
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(repeats):
        for name, work in contenders.items():
            start = perf_counter()
            work()
            seconds[name].append(perf_counter() - start)
    return seconds


def ratio(baseline: Sequence[float], seconds: Sequence[float]) -> Spread:
    """How many times faster than the baseline, repeat by repeat."""
    return Spread.of([slow / fast for slow, fast in zip(baseline, seconds, strict=True)])
