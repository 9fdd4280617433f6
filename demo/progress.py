"""Work that tells how far it is, and ends in a value."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from functools import wraps
from types import TracebackType
from typing import Any, Generic, Literal, ParamSpec, TypeVar

from demo.messages import Message

T = TypeVar("T")
P = ParamSpec("P")

Stage = Literal["waiting", "indexing", "loading", "scoring"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a piece of work is.

    Attributes:
        done, total: of this stage; total 0 where it is not known.
        detail: what is being done.
        so_far: the value as far as it is there, where the work makes it piece by piece; else None.
    """

    stage: Stage
    done: int
    total: int
    detail: Message
    so_far: Any = None


class Steps(Generator[Progress, None, T], Generic[T]):
    """Work that goes on by one step each time its next progress is asked for; closing it stops it.

    Within other work, `value = yield from steps` passes its progress on, takes its value, and stops it when stopped.
    """

    def __init__(self, work: Generator[Progress, None, T]) -> None:
        self._result: list[T] = []
        self._work = _noting(work, self._result)

    def __next__(self) -> Progress:
        return next(self._work)

    def send(self, value: None) -> Progress:
        """The next progress."""
        return next(self)

    def throw(self, kind: Any, value: Any = None, trace: TracebackType | None = None) -> Progress:
        """Raises the error where the work stands."""
        return self._work.throw(kind if value is None else value)

    def close(self) -> None:
        """Stops the work between two steps."""
        self._work.close()

    def map_progress(self, change: Callable[[Progress], Progress]) -> Steps[T]:
        """The same work, each progress of which is what `change` makes of it."""
        return Steps(_changed(self, change))

    @property
    def result(self) -> T:
        """The value.

        Raises:
            ValueError: the work has not ended, or was closed or failed before its end.
        """
        if not self._result:
            raise ValueError("the work has not come to its end")
        return self._result[0]

    def run(self) -> T:
        """The value, once all steps are done."""
        for _ in self:
            pass
        return self.result


def _noting(work: Generator[Progress, None, T], result: list[T]) -> Generator[Progress, None, T]:
    """The same work, which puts its value into `result` when it comes to its end."""
    value = yield from work
    result.append(value)
    return value


def _changed(steps: Steps[T], change: Callable[[Progress], Progress]) -> Generator[Progress, None, T]:
    with closing(steps):
        for step in steps:
            yield change(step)
    return steps.result


def as_steps(work: Callable[P, Generator[Progress, None, T]]) -> Callable[P, Steps[T]]:
    """The generator function as one that gives Steps."""

    @wraps(work)
    def start(*args: P.args, **kwargs: P.kwargs) -> Steps[T]:
        return Steps(work(*args, **kwargs))

    return start
