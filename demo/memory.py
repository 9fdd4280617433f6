"""How much memory this process takes, and giving back what it no longer needs."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from time import monotonic

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
