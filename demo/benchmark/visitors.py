"""How long visitors wait, simulated event by event, for one process, replicas behind Serve, and GPUs.

Assumptions, each of which `tests/benchmark_serving.py` either measures or checks:

- Visitors come independently of each other (Poisson), or in a closed loop: each asks again as soon as it is answered.
- A request is one query with passages that nobody scored before. Behind Serve it travels in parts of PART_TEXTS, which
  go to the replica with the fewest pairs.
- A free replica takes all parts that wait for it, up to a bound, and needs `batch_seconds` + pairs × `pair_seconds`.
- One process answers one large request at a time, whole; pairs of two requests never share a batch.
- What receives requests and sends answers needs `front_seconds` for each, one after another.
- Replicas with more threads together than there are processors slow each other down in proportion.
- Nothing fails, no model is loaded meanwhile, and passages have MS MARCO's length.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from demo.benchmark.material import PROFILES, SHAPES, TINY, Shape, passages
from demo.benchmark.models import scores
from demo.benchmark.options import Options, Row
from demo.benchmark.timing import in_turns
from demo.rankers.cross_encoder.elsewhere.source import PART_TEXTS
from demo.rankers.cross_encoder.model import LoadedCrossEncoder

PAIR_TOKENS = 92
"""Of an MS MARCO pair."""

TOKENISED_PER_SECOND = 4_900
"""New pairs that one processor does everything for except the network's part: half of what docs/speed.md has of two."""

QUIET_FLOPS = 120e9
"""Operations a second of two quiet Zen 4 cores with wide models: 67 to 77 % of their fp32 peak, see docs/speed.md.

With TOKENISED_PER_SECOND this makes 2,480 pairs a second of tiny's shape, where docs/speed.md has 2,484 measured.
"""

PROCESSOR_BATCH_SECONDS = 0.002

GPU_SHARE = 0.3
"""Of a GPU's published fp32 peak that small encoders are assumed to reach; not measured."""

GPU_BATCH_SECONDS = 0.008
"""What a batch on a GPU is assumed to take besides: launches, copies, Python; not measured."""

GPU_BATCH_PAIRS = 4_096

GPUS = {"L4": 30.3e12, "H100": 66.9e12}
"""fp32 operations a second without tensor cores, as the maker publishes them."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds of a batch, and of each pair in it besides."""

    batch_seconds: float
    pair_seconds: float

    def of(self, pairs: int) -> float:
        """Seconds of a batch of so many pairs."""
        return self.batch_seconds + pairs * self.pair_seconds


@dataclass(frozen=True, slots=True)
class Design:
    """What answers.

    Attributes:
        batch_pairs: most pairs of several requests in one batch; 0: one request at a time, whole.
        front_seconds: of a request, beside scoring.
        processors, threads: of the machine, and of each replica; 0 processors where replicas do not share any.
    """

    name: str
    replicas: int
    speed: Speed
    batch_pairs: int = 256
    front_seconds: float = 0.0
    processors: int = 0
    threads: int = 1

    def seconds(self, pairs: int) -> float:
        """Of a batch, with what the replicas take from each other."""
        crowded = self.replicas * self.threads / self.processors if self.processors else 1.0
        return max(1.0, crowded) * self.speed.of(pairs)


@dataclass(frozen=True, slots=True)
class Waits:
    """What came of it: requests answered a second, and seconds from a request to its answer.

    Attributes:
        busy: share of the time that replicas worked, 0…1.
        unanswered: share of the requests that had no answer at the end.
    """

    per_second: float
    mean: float
    median: float
    p95: float
    busy: float
    unanswered: float


@dataclass(slots=True, eq=False)
class _Replica:
    waiting: deque[tuple[int, int]] = field(default_factory=deque)
    pairs: int = 0  # of those that wait
    free: bool = True
    busy_seconds: float = 0.0


class _Simulation:
    """Events in their order: a request comes, the front passes it on, a batch is done."""

    def __init__(self, design: Design, pairs: int, seconds: float) -> None:
        self._design, self._pairs, self._end = design, pairs, seconds
        self._replicas = [_Replica() for _ in range(design.replicas)]
        self._events: list[tuple[float, int, str, Sequence[int]]] = []
        self._number = 0
        self._front_free = 0.0
        self._came: dict[int, float] = {}
        self._left: dict[int, int] = {}
        self.waits: list[float] = []
        self._again = False

    def push(self, time: float, what: str, *about: int) -> None:
        self._number += 1
        heapq.heappush(self._events, (time, self._number, what, about))

    def run(self, again: bool) -> Waits:
        """All events up to the end; `again`: whoever was answered asks at once."""
        self._again = again
        while self._events and self._events[0][0] <= self._end:
            time, number, what, about = heapq.heappop(self._events)
            {"come": self._come, "pass": self._pass, "done": self._done}[what](time, number, about)
        asked = len(self._came) + len(self.waits)
        median, p95 = np.percentile(self.waits, [50, 95]) if self.waits else (np.inf, np.inf)
        busy = sum(min(replica.busy_seconds, self._end) for replica in self._replicas) / self._end / len(self._replicas)
        unanswered = len(self._came) / asked if asked else 0.0
        mean = float(np.mean(self.waits)) if self.waits else np.inf
        return Waits(len(self.waits) / self._end, mean, float(median), float(p95), busy, unanswered)

    def _come(self, time: float, number: int, about: Sequence[int]) -> None:
        self._came[number] = time
        self._front_free = max(self._front_free, time) + self._design.front_seconds
        self.push(self._front_free, "pass", number)

    def _pass(self, time: float, number: int, about: Sequence[int]) -> None:
        (request,) = about
        size = PART_TEXTS if self._design.batch_pairs else self._pairs
        parts = [min(size, self._pairs - start) for start in range(0, self._pairs, size)]
        self._left[request] = len(parts)
        for part in parts:
            replica = min(self._replicas, key=lambda each: (not each.free, each.pairs))
            replica.waiting.append((request, part))
            replica.pairs += part
            self._begin(replica, time)

    def _begin(self, replica: _Replica, time: float) -> None:
        """A free replica takes what waits for it."""
        if not replica.free or not replica.waiting:
            return
        taken, pairs = list[int](), 0
        while replica.waiting and (not taken or pairs + replica.waiting[0][1] <= self._design.batch_pairs):
            request, part = replica.waiting.popleft()
            taken.append(request)
            pairs += part
        replica.pairs -= pairs
        seconds = self._design.seconds(pairs)
        replica.free = False
        replica.busy_seconds += seconds
        self.push(time + seconds, "done", self._replicas.index(replica), *taken)

    def _done(self, time: float, number: int, about: Sequence[int]) -> None:
        place, *requests = about
        for request in requests:
            self._left[request] -= 1
            if not self._left[request]:
                self.waits.append(time - self._came.pop(request))
                if self._again:
                    self.push(time, "come")
        self._replicas[place].free = True
        self._begin(self._replicas[place], time)


def closed_loop(design: Design, visitors: int, pairs: int, seconds: float) -> Waits:
    """So many visitors, each of whom asks again as soon as it is answered."""
    simulation = _Simulation(design, pairs, seconds)
    for visitor in range(visitors):
        simulation.push(1e-4 * visitor, "come")
    return simulation.run(again=True)


def open_loop(design: Design, per_second: float, pairs: int, seconds: float, seed: int = 0) -> Waits:
    """Requests that come at random, so many a second on average."""
    simulation, chance, time = _Simulation(design, pairs, seconds), random.Random(seed), 0.0
    while (time := time + chance.expovariate(per_second)) < seconds:
        simulation.push(time, "come")
    return simulation.run(again=False)


# ---- speeds ------------------------------------------------------------------------------------------------------

SMALL_BATCH, LARGE_BATCH = 32, 256


def measured(model: LoadedCrossEncoder, profile: str, repeats: int = 3) -> Speed:
    """The line through the times of a small and of a large batch of passages that were not met before."""
    drawn = iter(range(10**6))

    def work(size: int) -> None:
        scores(model, passages(size, PROFILES[profile], next(drawn)))

    work(SMALL_BATCH)
    sizes = (SMALL_BATCH, LARGE_BATCH)
    taken = in_turns({str(size): partial(work, size) for size in sizes}, repeats)
    small, large = (float(np.median(taken[str(size)])) for size in sizes)
    pair = max((large - small) / (LARGE_BATCH - SMALL_BATCH), 0.0)
    return Speed(max(small - SMALL_BATCH * pair, 0.0), pair)


def by_operations(shape: Shape) -> Speed:
    """Of one quiet processor."""
    pair = 1 / TOKENISED_PER_SECOND + shape.flops(PAIR_TOKENS) / (QUIET_FLOPS / 2)
    return Speed(PROCESSOR_BATCH_SECONDS, pair)


def estimated(shape: Shape, peak: float) -> Speed:
    """Of a GPU with this fp32 peak: operations at GPU_SHARE of it, and cutting into tokens by one processor."""
    return Speed(GPU_BATCH_SECONDS, 1 / TOKENISED_PER_SECOND + shape.flops(PAIR_TOKENS) / (GPU_SHARE * peak))


# ---- the table ---------------------------------------------------------------------------------------------------

PER_HOUR = (100, 300, 1_000, 3_000, 10_000)
REQUESTS, PAIRS = 6, 100
"""Of a visitor: requests, and pairs of each."""

MINUTES = 10
FRONT_SECONDS = 0.01
WAITED_TOO_LONG = 10.0
"""Seconds of the 95th percentile beyond which a design is said to break."""

MINILM = next(shape for shape in SHAPES if shape.key == "ms-marco-MiniLM-L6-v2")


def designs(shape: Shape, processor: Speed) -> Iterator[Design]:
    """One process on two processors, replicas of one processor each, and GPUs."""
    both = Speed(processor.batch_seconds, processor.pair_seconds / 2)
    yield Design("one process, 2 processors", 1, both, 0, FRONT_SECONDS)
    for replicas in (1, 2, 4):
        yield Design(f"Serve, {replicas} × 1 processor", replicas, processor, 256, FRONT_SECONDS)
    for name, peak in GPUS.items():
        for replicas in (1, 2, 4) if name == "L4" else (1, 2):
            speed = estimated(shape, peak)
            yield Design(f"Serve, {replicas} × {name} (estimated)", replicas, speed, GPU_BATCH_PAIRS, FRONT_SECONDS)


def visitors(options: Options) -> Iterator[Row]:
    """Seconds waited (median / 95 %) by visitors an hour, simulated; 6 requests of 100 new passages a visitor."""
    for shape in (TINY, MINILM):
        speed = by_operations(shape)
        for design in designs(shape, speed):
            row: Row = {"model": shape.key, "design": design.name, "pairs/s": round(_most_pairs(design))}
            for per_hour in PER_HOUR:
                waits = open_loop(design, per_hour * REQUESTS / 3_600, PAIRS, 60 * MINUTES)
                row[f"{per_hour:,}/h"] = _written(waits)
            yield row


def _most_pairs(design: Design) -> float:
    """Pairs a second when all replicas have full batches."""
    size = design.batch_pairs or PAIRS
    return design.replicas * size / design.seconds(size)


def _written(waits: Waits) -> str:
    if waits.p95 > WAITED_TOO_LONG or waits.unanswered > 0.05:
        return "breaks"
    return f"{waits.median:.2g} / {waits.p95:.2g}"
