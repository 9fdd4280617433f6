from __future__ import annotations

from collections.abc import Generator

import pytest

from demo.messages import Message
from demo.progress import Progress, Steps, as_steps


def told(done: int, so_far: object = None) -> Progress:
    return Progress("scoring", done, 3, Message("Working"), so_far)


class Work:
    """Three steps that end in a value; remembers what became of it."""

    def __init__(self, error_after: int | None = None) -> None:
        self.error_after = error_after
        self.done = 0
        self.closed = False

    @as_steps
    def steps(self, value: str) -> Generator[Progress, None, str]:
        """Says how far it is, three times."""
        try:
            for done in range(3):
                if done == self.error_after:
                    raise KeyError(done)
                self.done = done
                yield told(done, value[: done + 1])
            return value
        finally:
            self.closed = True


def test_the_steps_are_told_one_by_one_and_end_in_the_value() -> None:
    steps = Work().steps("abc")
    assert isinstance(steps, Steps)
    assert [step.done for step in steps] == [0, 1, 2]
    assert steps.result == "abc"
    assert list(steps) == []
    assert steps.result == "abc"


def test_nothing_is_done_before_the_first_step_is_asked_for() -> None:
    begun: list[str] = []

    @as_steps
    def work() -> Generator[Progress, None, int]:
        begun.append("now")
        yield told(0)
        return 1

    steps = work()
    assert begun == []
    next(steps)
    assert begun == ["now"]


def test_run_goes_to_the_end() -> None:
    assert Work().steps("abc").run() == "abc"


def test_run_goes_on_from_where_the_work_stands() -> None:
    steps = Work().steps("abc")
    next(steps)
    assert steps.run() == "abc"
    assert steps.run() == "abc"


def test_a_value_of_none_is_a_value() -> None:
    @as_steps
    def work() -> Generator[Progress, None, None]:
        yield told(0)

    assert work().run() is None


def test_work_without_a_step_has_a_value() -> None:
    @as_steps
    def work() -> Generator[Progress, None, int]:
        return 7
        yield

    assert list(work()) == []
    assert work().run() == 7


def test_work_within_work_passes_on_progress_and_value() -> None:
    inner = Work()

    @as_steps
    def outer() -> Generator[Progress, None, str]:
        value = yield from inner.steps("abc")
        yield told(3)
        return value.upper()

    steps = outer()
    assert [step.done for step in steps] == [0, 1, 2, 3]
    assert steps.result == "ABC"
    assert inner.closed


def test_what_there_is_so_far_travels_with_the_progress() -> None:
    @as_steps
    def outer() -> Generator[Progress, None, str]:
        return (yield from Work().steps("abc"))

    assert [step.so_far for step in outer()] == ["a", "ab", "abc"]
    assert told(0).so_far is None


def test_closing_stops_the_work_between_two_steps() -> None:
    work = Work()
    steps = work.steps("abc")
    next(steps)
    next(steps)
    steps.close()
    assert (work.done, work.closed) == (1, True)
    assert list(steps) == []


def test_closing_outer_work_stops_the_work_within() -> None:
    inner = Work()

    @as_steps
    def outer() -> Generator[Progress, None, str]:
        return (yield from inner.steps("abc"))

    steps = outer()
    next(steps)
    steps.close()
    assert (inner.done, inner.closed) == (0, True)


def test_work_that_nobody_holds_any_more_stops_at_once() -> None:
    work = Work()
    steps = work.steps("abc")
    next(steps)
    del steps
    assert work.closed


@pytest.mark.parametrize("taken", [0, 1, 3])
def test_a_result_before_the_end_is_an_error(taken: int) -> None:
    steps = Work().steps("abc")
    for _ in range(taken):
        next(steps)
    with pytest.raises(ValueError, match="not come to its end"):
        _ = steps.result


@pytest.mark.parametrize("taken", [0, 2])
def test_work_that_was_closed_never_has_a_result(taken: int) -> None:
    steps = Work().steps("abc")
    for _ in range(taken):
        next(steps)
    steps.close()
    with pytest.raises(ValueError, match="not come to its end"):
        steps.run()


def test_an_error_goes_through_to_whoever_asks_for_the_next_step() -> None:
    work = Work(error_after=1)

    @as_steps
    def outer() -> Generator[Progress, None, str]:
        return (yield from work.steps("abc"))

    steps = outer()
    next(steps)
    with pytest.raises(KeyError, match="1"):
        next(steps)
    assert work.closed


def test_work_that_failed_never_has_a_result() -> None:
    steps = Work(error_after=1).steps("abc")
    with pytest.raises(KeyError):
        steps.run()
    with pytest.raises(ValueError, match="not come to its end"):
        steps.run()


def test_an_error_can_be_raised_where_the_work_stands() -> None:
    @as_steps
    def work() -> Generator[Progress, None, str]:
        try:
            yield told(0)
        except KeyError:
            yield told(1)
        return "mended"

    steps = work()
    next(steps)
    assert steps.throw(KeyError("gone")).done == 1
    assert steps.run() == "mended"


def test_work_that_ends_by_an_error_raised_in_it_has_its_value() -> None:
    @as_steps
    def work() -> Generator[Progress, None, str]:
        try:
            yield told(0)
        except KeyError:
            return "ended"
        return "went on"

    steps = work()
    next(steps)
    with pytest.raises(StopIteration):
        steps.throw(KeyError("gone"))
    assert steps.result == "ended"


def test_the_name_and_the_docstring_of_the_work_are_kept() -> None:
    assert Work.steps.__name__ == "steps"
    assert Work.steps.__doc__ == "Says how far it is, three times."


def test_work_told_otherwise_has_its_result_and_is_stopped_with_it() -> None:
    whole, stopped = Work(), Work()
    steps = whole.steps("abc").map_progress(lambda step: Progress("loading", step.done, 9, step.detail))
    assert [(step.stage, step.done, step.total) for step in steps] == [("loading", done, 9) for done in range(3)]
    assert steps.result == "abc"
    steps = stopped.steps("abc").map_progress(lambda step: step)
    next(steps)
    steps.close()
    assert (stopped.done, stopped.closed) == (0, True)
