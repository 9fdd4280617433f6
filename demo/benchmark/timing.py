"""Contenders measured in turns, and what their times come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter, process_time

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


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of a contender in each repeat: on the clock, and of all processors together.

    The latter hardly depend on what else the machine does.
    """

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)


def in_turns(contenders: Mapping[str, Work], repeats: int) -> dict[str, list[float]]:
    """Seconds on the clock of each contender in each repeat, as `times_in_turns`."""
    return {name: times.wall for name, times in times_in_turns(contenders, repeats).items()}


def times_in_turns(contenders: Mapping[str, Work], repeats: int) -> dict[str, Times]:
    """What each contender took; all are run once before that, and then one after another."""
    for work in contenders.values():
        work()
    times = {name: Times() for name in contenders}
    for _ in range(repeats):
        for name, work in contenders.items():
            wall, processor = perf_counter(), process_time()
            work()
            times[name].wall.append(perf_counter() - wall)
            times[name].processor.append(process_time() - processor)
    return times


def ratio(baseline: Sequence[float], seconds: Sequence[float]) -> Spread:
    """How many times faster than the baseline, repeat by repeat."""
    return Spread.of([slow / fast for slow, fast in zip(baseline, seconds, strict=True)])
