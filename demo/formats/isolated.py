"""Readers of foreign files in a process of their own, with limits on time and memory, which is killed when it is over.

A parser that hangs, crashes or eats memory so ends alone: nobody else waits for it. Processes are kept and used again,
since one takes some tenths of a second to start; each does one thing at a time. They import the readers and no model.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any, TypeVar

from demo.errors import DemoError, InputError
from demo.messages import Message

MAX_SECONDS = 30.0
MAX_BYTES = 1_500_000_000
"""Most that a process may take for itself, in bytes of addresses."""

_MOST_LEFT = MAX_BYTES // 2
"""Most that it may hold on to after a job, in bytes of addresses: a library may keep what it once took."""
_MOST_KEPT = 2
_MOST_AT_ONCE = 4
_MOST_JOBS = 200
_LENGTH_BYTES = 8
_PROGRAM = "import sys; sys.path.insert(0, '.'); from demo.formats.isolated import serve; serve()"
_ROOT = Path(__file__).resolve().parents[2]

Result = TypeVar("Result")


def run_isolated(
    work: Callable[..., Result], *values: Any, name: Message | str, seconds: float | None = None
) -> Result:
    """What `work` returns for the values, worked out in another process.

    Args:
        work: a function of a module of this package; it and the values are sent there.
        name: of the file, for sentences.

    Raises:
        InputError: as `work` does, or the time or memory is up, or the process crashed; the sentence says which.
    """
    limit = MAX_SECONDS if seconds is None else seconds
    with _SLOTS:
        worker = _POOL.take()
        timer = threading.Timer(limit, worker.end_late)
        timer.daemon = True
        timer.start()
        try:
            done, value = worker.ask((work.__module__, work.__qualname__, values))
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            worker.end()
            raise (_too_slow(name, limit) if worker.was_late else _crashed(name)) from error
        finally:
            timer.cancel()
        _POOL.give_back(worker)
    if done:
        return value  # type: ignore[no-any-return]
    if isinstance(value, DemoError):
        raise value
    raise _crashed(name) if isinstance(value, MemoryError) else RuntimeError(value)


def _too_slow(name: Message | str, seconds: float) -> InputError:
    return InputError(
        "{file} takes longer than {seconds:g} seconds to read. Split it, or copy its text and paste it.",
        file=name,
        seconds=seconds,
    )


def _crashed(name: Message | str) -> InputError:
    return InputError(
        "{file} cannot be read: it is broken, or takes more memory than is allowed. Save it again, split it, or "
        "copy its text and paste it.",
        file=name,
    )


# ---- the parent's side -------------------------------------------------------------------------------------------


class _Worker:
    """A process that works off one job after the other."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            close_fds=True,
        )
        self.jobs = 0
        self.was_late = False
        self._is_full = False

    def ask(self, job: Any) -> tuple[bool, Any]:
        """Whether the job ended well, and its value or its error.

        Raises:
            EOFError, OSError: the process is gone.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.jobs += 1
        _send(self._process.stdin, job)
        done, value, self._is_full = _receive(self._process.stdout)
        return done, value

    def end_late(self) -> None:
        """Ends it because its time is up."""
        self.was_late = True
        self._process.kill()

    def end(self) -> None:
        """Ends it, whatever it is at."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                stream.close()  # type: ignore[union-attr]
        self._process.wait()

    @property
    def is_fit(self) -> bool:
        """Whether it can take another job."""
        is_worn = self.was_late or self._is_full or self.jobs >= _MOST_JOBS
        return self._process.poll() is None and not is_worn


class _Pool:
    """The processes that wait for work."""

    def __init__(self) -> None:
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()

    def take(self) -> _Worker:
        """A process that waits, or a new one."""
        while True:
            with self._lock:
                worker = self._idle.pop() if self._idle else None
            if worker is None:
                return _Worker()
            if worker.is_fit:
                return worker
            worker.end()

    def give_back(self, worker: _Worker) -> None:
        """Keeps the process for the next job, if it is fit and there is room."""
        with self._lock:
            keep = worker.is_fit and len(self._idle) < _MOST_KEPT
            if keep:
                self._idle.append(worker)
        if not keep:
            worker.end()


_POOL = _Pool()
_SLOTS = threading.Semaphore(_MOST_AT_ONCE)


def _send(stream: IO[bytes], value: Any) -> None:
    content = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    stream.write(len(content).to_bytes(_LENGTH_BYTES, "little"))
    stream.write(content)
    stream.flush()


def _receive(stream: IO[bytes]) -> Any:
    """The next value.

    Raises:
        EOFError: there is none.
    """
    length = int.from_bytes(_exactly(stream, _LENGTH_BYTES), "little")
    return pickle.loads(_exactly(stream, length))


def _exactly(stream: IO[bytes], size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise EOFError
    return content


# ---- the process's side ------------------------------------------------------------------------------------------


def serve() -> None:
    """Works off jobs from standard input until it ends, answers on standard output."""
    _limit_memory()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    while True:
        try:
            module, name, values = _receive(sys.stdin.buffer)
        except EOFError:
            return
        _send(answers, (*_outcome(module, name, values), _addresses() > _MOST_LEFT))


def _addresses() -> int:
    """Bytes of addresses that this process has; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def _limit_memory() -> None:
    try:
        import resource
    except ModuleNotFoundError:
        return
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _outcome(module: str, name: str, values: tuple[Any, ...]) -> tuple[bool, Any]:
    try:
        return True, getattr(import_module(module), name)(*values)
    except (DemoError, MemoryError) as error:
        return False, error
    except Exception as error:  # noqa: BLE001  the process that asked says it again
        return False, f"{type(error).__name__}: {error}"
