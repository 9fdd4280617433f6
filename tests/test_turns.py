"""Turns: lanes, refusals, giving way, and places; with a clock that the tests move."""

from __future__ import annotations

from collections.abc import Generator
from threading import Thread

import pytest

from demo.errors import BusyError
from demo.messages import Message
from demo.progress import Progress, Steps, as_steps
from demo.settings import Settings
from demo.turns import Turns, about
from demo.usage import Asking, Usage

SMALL, LARGE = Asking("a", seconds=0.5), Asking("a", seconds=60)


class Clock:
    """Stands still unless moved."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def turns_with(clock: Clock | None = None, **settings: int) -> Turns:
    return Turns(Settings(**settings), Usage(), clock or Clock())  # type: ignore[arg-type]


@as_steps
def counting(steps: int, log: list[str] | None = None, name: str = "") -> Generator[Progress, None, int]:
    for number in range(steps):
        if log is not None:
            log.append(name)
        yield Progress("scoring", number, steps, Message("At work"))
    return steps


def scoring(steps: Steps[int]) -> Progress:
    """The next progress that is work."""
    return next(step for step in steps if step.stage == "scoring")


def test_alone_every_step_and_the_value_come_through() -> None:
    steps = turns_with().take(LARGE, counting(3))
    assert [step.done for step in steps] == [0, 1, 2]
    assert steps.result == 3


def test_next_to_nothing_never_waits_and_is_never_refused_for_want_of_room() -> None:
    turns = turns_with(max_waiting=0, max_small=1)
    begun = turns.take(SMALL, counting(9))
    next(begun)
    with pytest.raises(BusyError, match="there is no room for more"):
        next(turns.take(SMALL, counting(1)))
    assert turns.take(Asking("b", seconds=0.05), counting(3)).run() == 3


def test_a_visitor_with_too_many_requests_is_told_when_to_come_back() -> None:
    turns = turns_with(max_visitor_requests=2)
    begun = [turns.take(LARGE, counting(9)) for _ in range(2)]
    for steps in begun:
        next(steps)
    with pytest.raises(BusyError, match=r"^2 requests of yours .* come back in about 60 s\.$") as refused:
        next(turns.take(LARGE, counting(1)))
    assert refused.value.retry_seconds == 60
    next(turns.take(Asking("another", seconds=60), counting(1)))
    next(turns.take(Asking("", seconds=60), counting(1)))
    begun[0].close()
    next(turns.take(LARGE, counting(1)))


def test_a_full_waiting_room_refuses_and_says_how_many_wait() -> None:
    turns = turns_with(max_waiting=1, max_large=1)
    running, waiting = (turns.take(Asking(name, seconds=30), counting(2)) for name in "ab")
    next(running)
    assert next(waiting).stage == "waiting"
    with pytest.raises(BusyError, match=r"^One visitor waits already, .* Come back in about 60 s\.$"):
        next(turns.take(Asking("c", seconds=30), counting(1)))


def test_nobody_waits_where_waiting_is_not_allowed_but_there_is_room() -> None:
    turns = turns_with(max_waiting=0, max_large=1)
    running = turns.take(LARGE, counting(2))
    assert next(running).stage == "scoring"
    with pytest.raises(BusyError):
        next(turns.take(Asking("b", seconds=30), counting(1)))


def test_who_waits_is_told_place_and_time() -> None:
    turns = turns_with(max_large=1)
    first, second, third = (turns.take(Asking(name, seconds=30), counting(2)) for name in "abc")
    next(first)
    assert str(next(second).detail) == "Waiting for others: place 1, about 30 s"
    assert str(next(third).detail) == "Waiting for others: place 2, about 60 s"
    first.close()
    assert scoring(second).done == 0
    second.close()
    assert scoring(third).done == 0


def test_who_has_nothing_running_goes_before_who_has() -> None:
    turns = turns_with(max_large=2)
    one, other, same, new = (turns.take(Asking(name, seconds=30), counting(2)) for name in ("a", "b", "a", "c"))
    next(one), next(other)
    assert "place 1" in str(next(same).detail)
    assert "place 1" in str(next(new).detail)
    assert "place 2" in str(next(same).detail)
    other.close()
    next(new), next(same)
    assert turns.counts()["large running"] == 2
    assert "place 1" in str(next(same).detail), "the other one has begun, and waits for its turn only"


def test_small_ones_have_a_lane_of_their_own() -> None:
    turns = turns_with(max_large=1, max_small=1)
    large, small, waiting = (
        turns.take(LARGE, counting(2)),
        turns.take(SMALL, counting(2)),
        turns.take(SMALL, counting(2)),
    )
    assert [next(each).stage for each in (large, small, waiting)] == ["scoring", "scoring", "waiting"]
    assert turns.counts() == {"small running": 1, "small waiting": 1, "large running": 1, "large waiting": 0}


def test_a_large_one_gives_way_to_a_small_one_and_not_for_ever() -> None:
    clock = Clock()
    turns = turns_with(clock)
    log: list[str] = []
    large, small = turns.take(LARGE, counting(9, log, "large")), turns.take(SMALL, counting(9, log, "small"))
    next(large), next(small)
    assert next(large).done == 0, "tells its last progress again"
    next(small)
    assert log == ["large", "small", "small"]
    clock.now += 2.5
    next(large)
    assert log[-1] == "large"
    small.close()
    next(large)
    assert log.count("large") == 3


def test_large_ones_take_turns_by_slices() -> None:
    clock = Clock()
    turns = turns_with(clock)
    log: list[str] = []
    first, second = (turns.take(Asking(name, seconds=60), counting(9, log, name)) for name in "ab")
    next(first), next(second)
    assert log == ["a"], "the slice of the first is not over"
    next(first)
    clock.now += 1.1
    next(first), next(second)
    assert log == ["a", "a", "b"]
    clock.now += 1.1
    next(second), next(first)
    assert log == ["a", "a", "b", "a"]


def test_where_work_is_done_elsewhere_large_ones_take_no_turns() -> None:
    turns, log = Turns(Settings(), Usage(), Clock(), elsewhere=True), list[str]()
    one, two = (turns.take(LARGE, counting(9, log, name)) for name in "ab")
    small = turns.take(SMALL, counting(9, log, "small"))
    for steps in (one, two, small, one, two):
        next(steps)
    assert log == ["a", "b", "small", "a", "b"]


def test_nobody_waits_long_for_one_who_does_not_go_on() -> None:
    clock = Clock()
    turns = turns_with(clock, max_large=2)
    log: list[str] = []
    idle, lost, active = (turns.take(Asking(name, seconds=60), counting(9, log, name)) for name in "abc")
    next(idle), next(lost)
    next(active)  # waits behind “lost”, which wanted its turn
    idle.close()
    clock.now += 4
    assert scoring(active).done == 0


def test_a_step_that_hangs_holds_nobody_up_for_ever() -> None:
    clock = Clock()
    turns = turns_with(clock)

    @as_steps
    def hanging() -> Generator[Progress, None, int]:
        clock.now += 5
        seen.append(scoring(turns.take(Asking("b", seconds=60), counting(1))))
        yield Progress("scoring", 0, 1, Message("At work"))
        return 1

    seen: list[Progress] = []
    turns.take(LARGE, hanging()).run()
    assert len(seen) == 1


@pytest.mark.parametrize("asking", [SMALL, LARGE])
def test_a_closed_or_failed_request_leaves_its_place(asking: Asking) -> None:
    turns = turns_with(max_small=1, max_large=1, max_waiting=0)

    @as_steps
    def failing() -> Generator[Progress, None, int]:
        yield Progress("scoring", 0, 1, Message("At work"))
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        turns.take(asking, failing()).run()
    stopped, work = None, counting(5)
    stopped = turns.take(asking, work)
    next(stopped)
    stopped.close()
    assert next(work, None) is None, "the work is closed, too"
    assert turns.take(asking, counting(2)).run() == 2
    assert set(turns.counts().values()) == {0}


def test_many_threads_all_come_to_their_end() -> None:
    turns = Turns(Settings(max_large=2, max_small=1, max_waiting=99), Usage())
    results: list[int] = []

    def work(number: int) -> None:
        asking = Asking(str(number % 3), seconds=60 if number % 2 else 0.1)
        results.append(turns.take(asking, counting(20)).run())

    threads = [Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == [20] * 12


def test_ends_are_counted() -> None:
    usage = Usage()
    turns = Turns(Settings(max_visitor_requests=1), usage)
    asking = Asking("a", "rerank", pairs=10, seconds=0.5)
    turns.take(asking, counting(2)).run()
    stopped = turns.take(asking, counting(2))
    next(stopped)
    with pytest.raises(BusyError):
        next(turns.take(asking, counting(2)))
    stopped.close()
    counts = {(row.name, *dict(row.labels).values()): row.value for row in usage.samples()}
    assert counts["requests", "done", "rerank"] == 1
    assert counts["requests", "stopped", "rerank"] == 1
    assert counts["refusals", "visitor", "rerank"] == 1
    assert counts["pairs", "rerank"] == 10


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "1 s"), (3.2, "4 s"), (99, "99 s"), (100, "2 min"), (3600, "60 min")]
)
def test_waits_are_said_in_round_numbers(seconds: float, said: str) -> None:
    assert about(seconds) == said
