"""Who works when: requests that run, wait or are refused, and whose turn the next step is.

Small requests have a lane of their own. Large ones take turns, one at a time, for a slice of some steps; between two
steps they give way to small ones. So who asks for little waits for little, whatever the others asked for, and no step
of a large request is held up for longer than GIVE_WAY_SECONDS at a time. Where models work elsewhere nobody takes
turns: a step is then a wait for servers, and waits do not slow each other down.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from math import ceil
from threading import Condition, RLock
from time import monotonic
from typing import TypeVar

from demo.errors import BusyError
from demo.memory import GivingBack
from demo.messages import Message, plural
from demo.progress import Progress, Steps, as_steps
from demo.settings import Settings
from demo.usage import Asking, Usage

T = TypeVar("T")

POLL_SECONDS = 0.25
"""How often one who waits for a turn looks up, and so how soon one who went away is noticed."""

PLACE_SECONDS = 1.0
"""The same for those who have not begun; telling many of them their place more often would slow those at work."""

SLICE_SECONDS = 1.0
"""How long a large request works before another one has its turn; the batches of both overlap but once a slice."""

GIVE_WAY_SECONDS = 2.0
"""How long a large request gives way to small ones at a time."""

FREE_SECONDS = 0.05
"""Expected work that never waits: the first example, say, whose scores are kept."""

LOST_SECONDS = 3.0
"""Who does not look up, or works at one step, for so long is not waited for any longer."""


@dataclass(slots=True, eq=False)
class _Job:
    """A request that runs or waits.

    Attributes:
        came, seen, stepped: when it came, looked up, and ended its last step; begun: when it began the one it is at.
        spent: seconds of its steps.
    """

    asking: Asking
    small: bool
    came: float
    seen: float
    stepped: float
    begun: float | None = None
    running: bool = False
    spent: float = 0.0
    last: Progress = field(default_factory=lambda: Progress("waiting", 0, 0, Message("Waiting")))

    @property
    def free(self) -> bool:
        """Whether there is next to nothing to do."""
        return self.asking.seconds <= FREE_SECONDS

    @property
    def left(self) -> float:
        """Seconds of work that are expected yet."""
        return max(self.asking.seconds - self.spent, 0.1 * self.asking.seconds, 0.1)


class Turns:
    """Requests in their lanes. Safe to use from several threads.

    Args:
        clock: seconds that never go back.
        elsewhere: whether other machines do the work.
    """

    def __init__(
        self, settings: Settings, usage: Usage, clock: Callable[[], float] = monotonic, elsewhere: bool = False
    ) -> None:
        self._settings = settings
        self.elsewhere = elsewhere
        self._usage = usage
        self._clock = clock
        self._giving_back = GivingBack()
        self._jobs: list[_Job] = []  # in the order in which they came
        self._wanting: list[_Job] = []  # large ones that wait for their turn, the longest waiting first
        self._holder: _Job | None = None
        self._slice_ends = 0.0
        self._closed = False
        self._lock = RLock()
        self._room = Condition(self._lock)  # for those who have not begun
        self._turn = Condition(self._lock)  # for large ones that wait for their turn

    def counts(self) -> dict[str, int]:
        """Requests at this moment: “small running”, “small waiting”, “large running”, “large waiting”."""
        with self._lock:
            return {
                f"{lane} {state}": sum(job.small == small and job.running == running for job in self._jobs)
                for lane, small in (("small", True), ("large", False))
                for state, running in (("running", True), ("waiting", False))
            }

    def close(self) -> None:
        """Lets nobody begin or go on any more: the app ends."""
        with self._lock:
            self._closed = True
            self._room.notify_all()
            self._turn.notify_all()

    @as_steps
    def take(self, asking: Asking, work: Steps[T]) -> Generator[Progress, None, T]:
        """The work, begun when there is room for it and stepped when it is its turn.

        Raises:
            BusyError: too many wait, or too many of this visitor's run or wait; or the app ends.
        """
        job = self._enter(asking)
        outcome = "failed"
        try:
            while not self._admitted(job):
                yield self._place(job)
            while (step := (yield from self._next(job, work))) is not None:
                yield step
            outcome = "done"
            return work.result
        except GeneratorExit:
            outcome = "stopped"
            raise
        finally:
            work.close()
            self._leave(job, outcome)
            self._giving_back.after_work()

    # ---- coming and going ----------------------------------------------------------------------------------------

    def _enter(self, asking: Asking) -> _Job:
        self._refuse_closed()
        now = self._clock()
        with self._lock:
            job = _Job(asking, asking.seconds <= self._settings.small_seconds, now, now, now)
            self._refuse_many(job)
            self._refuse_full(job)
            self._jobs.append(job)
        return job

    def _refuse_closed(self) -> None:
        if self._closed:
            raise BusyError("The page is being restarted. Come back in a minute.", 60)

    def _refuse_many(self, job: _Job) -> None:
        own = [other for other in self._jobs if other.asking.visitor == job.asking.visitor]
        most = self._settings.max_visitor_requests
        if job.asking.visitor and most and len(own) >= most:
            self._usage.refused("visitor", job.asking.what)
            seconds = min(other.left for other in own)
            raise BusyError(
                plural(
                    "One request of yours is running or waiting already, and more are not possible at a time. Stop "
                    "it, or come back in about {time}.",
                    "{count} requests of yours are running or waiting already, and more are not possible at a time. "
                    "Stop one, or come back in about {time}.",
                    len(own),
                    time=about(seconds),
                ),
                seconds,
            )

    def _refuse_full(self, job: _Job) -> None:
        waiting = sum(not other.running for other in self._jobs)
        if job.free or waiting < self._settings.max_waiting or (not waiting and self._has_room(job)):
            return
        self._usage.refused("full", job.asking.what)
        seconds = self._expected(job, len(self._jobs))
        raise BusyError(
            plural(
                "One visitor waits already, and there is no room for more. Come back in about {time}.",
                "{count} others wait already, and there is no room for more. Come back in about {time}.",
                waiting,
                time=about(seconds),
            ),
            seconds,
        )

    def _leave(self, job: _Job, outcome: str) -> None:
        with self._lock:
            self._jobs.remove(job)
            if job in self._wanting:
                self._wanting.remove(job)
            if self._holder is job:
                self._holder = None
            self._room.notify_all()
            self._turn.notify_all()
        self._usage.ended(job.asking, outcome, self._clock() - job.came, job.spent)

    # ---- the lanes -----------------------------------------------------------------------------------------------

    def _admitted(self, job: _Job) -> bool:
        """Whether the job may begin, by now or within PLACE_SECONDS."""
        with self._lock:
            job.seen = self._clock()
            job.running = self._room.wait_for(lambda: self._is_next(job), PLACE_SECONDS)
            job.seen = self._clock()
            return job.running

    def _has_room(self, job: _Job) -> bool:
        most = self._settings.max_small if job.small else self._settings.max_large
        return sum(other.running and other.small == job.small for other in self._jobs) < most

    def _is_next(self, job: _Job) -> bool:
        return job.free or (
            self._has_room(job) and next((each for each in self._queue(job) if self._is_there(each)), job) is job
        )

    def _queue(self, job: _Job) -> list[_Job]:
        """Those who wait in the job's lane, next one first: visitors with fewer running ones go before others."""
        running = [each.asking.visitor for each in self._jobs if each.running]
        waiting = [each for each in self._jobs if not each.running and each.small == job.small]
        return sorted(waiting, key=lambda each: running.count(each.asking.visitor))

    def _is_there(self, job: _Job) -> bool:
        return self._clock() - job.seen < LOST_SECONDS

    def _place(self, job: _Job) -> Progress:
        """Its place and how long it will take to be its turn."""
        with self._lock:
            queue_index = self._queue(job).index(job)
            seconds = self._expected(job, queue_index)
        detail = Message(
            "Waiting for others: place {place}, about {time}", place=f"{queue_index + 1:,}", time=about(seconds)
        )
        return Progress("waiting", 0, 0, detail)

    def _expected(self, job: _Job, queue_index: int) -> float:
        """Seconds until a slot is free for the job at this place of its lane, from 0."""
        ahead = [each for each in self._jobs if each.running and each.small == job.small]
        ahead += [each for each in self._queue(job) if each is not job][:queue_index]
        slots = self._settings.max_small if job.small else self._settings.max_large
        share = (len(ahead) - slots + 1) / max(len(ahead), 1)
        return max(share, 1 / max(len(ahead), 1)) * sum(each.left for each in ahead)

    # ---- the turn ------------------------------------------------------------------------------------------------

    def _next(self, job: _Job, work: Steps[T]) -> Generator[Progress, None, Progress | None]:
        """The work's next progress; None when it has ended. Tells the last one anew while it is not the job's turn."""
        while not self._has_turn(job):
            yield replace(job.last, so_far=None)
        start = self._clock()
        try:
            step = next(work, None)
        finally:
            self._stepped(job, self._clock() - start)
        if step is not None:
            job.last = step
        return step

    def _has_turn(self, job: _Job) -> bool:
        """Whether the job may take a step, by now or within POLL_SECONDS; a small one always may, or any elsewhere.

        Raises:
            BusyError: the app ends.
        """
        self._refuse_closed()
        if job.small or self.elsewhere:
            return True
        with self._lock:
            job.seen = self._clock()
            if job not in self._wanting:
                self._wanting.append(job)
            if not self._turn.wait_for(lambda: self._may_step(job), POLL_SECONDS):
                job.seen = self._clock()
                return False
            self._wanting.remove(job)
            job.begun = self._clock()
            if self._holder is not job:
                self._holder, self._slice_ends = job, self._clock() + SLICE_SECONDS
            return True

    def _may_step(self, job: _Job) -> bool:
        now = self._clock()
        if any(each.begun is not None and now - each.begun < LOST_SECONDS for each in self._jobs):
            return False
        if any(each.small for each in self._jobs) and now - job.stepped < GIVE_WAY_SECONDS:
            return False
        first = next((each for each in self._wanting if self._is_there(each)), job)
        if self._holder is job:
            return now < self._slice_ends or first is job
        kept = self._holder is not None and now < self._slice_ends and now - self._holder.stepped < POLL_SECONDS
        return not kept and first is job

    def _stepped(self, job: _Job, seconds: float) -> None:
        with self._lock:
            job.spent += seconds
            job.stepped = self._clock()
            job.begun = None
            if not job.small:
                self._turn.notify_all()


def about(seconds: float) -> str:
    """A time to wait, in whole seconds or minutes, rounded up: “4 s”, “3 min”."""
    return f"{max(1, ceil(seconds))} s" if seconds < 100 else f"{ceil(seconds / 60)} min"
