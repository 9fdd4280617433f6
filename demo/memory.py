"""How much memory this process takes, values kept within a bound, and giving back what is no longer needed."""

from __future__ import annotations

import ctypes
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from threading import Lock, RLock
from time import monotonic
from typing import Generic, TypeVar
from weakref import ReferenceType

Owner = TypeVar("Owner")
K = TypeVar("K")
V = TypeVar("V")

_STATUS = Path("/proc/self/status")
_REST_SECONDS = 20.0
"""Between two times that memory is given back, which takes some milliseconds."""


def resident_bytes() -> int:
    """Memory that the process takes now; its greatest so far where the system does not tell."""
    try:
        lines = _STATUS.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))
    except (OSError, StopIteration):
        import resource

        greatest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return greatest if sys.platform == "darwin" else greatest * 1024


class Bounded(Generic[K, V]):
    """Values that were made before, by what they were made of; the longest unused are forgotten first.

    Safe to use from several threads.

    Args:
        capacity: bytes that they take at most, or how many there are.
        size_of: bytes that a key and its value take, or 1.
        least: so many of the latest are kept, whatever they take.
    """

    def __init__(self, capacity: int, size_of: Callable[[K, V], int], least: int = 0) -> None:
        self._capacity, self._size_of, self._least = capacity, size_of, least
        self._size = 0
        self.rows: OrderedDict[K, V] = OrderedDict()
        self.lock = RLock()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def memory_bytes(self) -> int:
        """What they take together."""
        with self.lock:
            return self._size

    def values(self) -> list[V]:
        """All that is kept."""
        with self.lock:
            return list(self.rows.values())

    def find(self, keys: Sequence[K]) -> list[V | None]:
        """What is kept under each key; None where nothing is."""
        with self.lock:
            found = list(map(self.rows.get, keys))
            for key, value in zip(keys, found, strict=True):
                if value is not None:
                    self.rows.move_to_end(key)
        return found

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of the key, made where none is kept: once for all who ask, if they hold `lock` meanwhile."""
        (found,) = self.find([key])
        if found is not None:
            return found
        made = make()
        with self.lock:
            value = self.rows.get(key, made)
            self.keep([(key, value)])
        return value

    def keep(self, rows: Iterable[tuple[K, V]]) -> None:
        """Remembers the rows, and forgets the oldest beyond the capacity."""
        with self.lock:
            for key, value in rows:
                self.forget(key)
                self.rows[key] = value
                self._size += self._size_of(key, value)
            while self._size > self._capacity and len(self.rows) > self._least:
                self.forget(next(iter(self.rows)))

    def forget(self, key: K) -> None:
        """Keeps nothing under this key."""
        with self.lock:
            if key in self.rows:
                self._size -= self._size_of(key, self.rows.pop(key))


class BoundedByOwner(Bounded[tuple[ReferenceType[Owner], K], V]):
    """The same, of values that belong to an owner each: when it is gone, they are forgotten as soon as anyone asks."""

    @property
    def memory_bytes(self) -> int:
        """What those of living owners take together."""
        with self.lock:
            self._forget_ownerless()
            return super().memory_bytes

    def find(self, keys: Sequence[tuple[ReferenceType[Owner], K]]) -> list[V | None]:
        """What is kept under each key; None where nothing is."""
        with self.lock:
            self._forget_ownerless()
            return super().find(keys)

    def keep(self, rows: Iterable[tuple[tuple[ReferenceType[Owner], K], V]]) -> None:
        """Remembers the rows, and forgets those without an owner and the oldest beyond the capacity."""
        with self.lock:
            self._forget_ownerless()
            super().keep(rows)

    def _forget_ownerless(self) -> None:
        for key in [key for key in self.rows if key[0]() is None]:
            self.forget(key)


class GivingBack:
    """Gives freed memory back to the system after work, but seldom.

    glibc keeps what is freed between what is in use, and requests of mixed sizes leave more of that the longer they
    come.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._next = clock() + _REST_SECONDS

    def after_work(self) -> bool:
        """Whether it was time, and the system lets a process do so."""
        with self._lock:
            now = self._clock()
            if now < self._next:
                return False
            self._next = now + _REST_SECONDS
        try:
            ctypes.CDLL(None).malloc_trim(0)
        except (AttributeError, OSError, TypeError):  # no glibc
            return False
        return True
