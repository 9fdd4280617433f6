"""Work on foreign files in a process of its own: what it returns, and how its end is told."""

from __future__ import annotations

import builtins
import operator
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from demo.errors import InputError
from demo.formats import Limits, read_files
from demo.formats.documents import example_pdf, read_pdf
from demo.formats.isolated import run_isolated
from demo.formats.source import Source

LIMITS = Limits(100, 10_000, 10_000_000, 10_000_000)


def test_values_come_back_from_another_process() -> None:
    assert run_isolated(operator.add, 2, 3, name="x") == 5
    assert run_isolated(os.getpid, name="x") != os.getpid()


def test_a_process_is_used_again() -> None:
    assert run_isolated(os.getpid, name="x") == run_isolated(os.getpid, name="x")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="only Linux tells how much a process holds")
def test_a_process_that_holds_on_to_much_memory_is_not_used_again() -> None:
    keeper = run_isolated(os.getpid, name="x")
    run_isolated(exec, "import builtins; builtins.kept = bytearray(1_000)", name="x")
    assert run_isolated(os.getpid, name="x") == keeper
    run_isolated(exec, "import builtins; builtins.kept = bytearray(800_000_000)", name="x")
    assert run_isolated(os.getpid, name="x") != keeper


def test_refusals_come_back_as_they_are() -> None:
    with pytest.raises(InputError, match=r"p\.pdf cannot be read as PDF"):
        run_isolated(read_pdf, Source("p.pdf", b"%PDF-1.4 broken", LIMITS), name="p.pdf")


def test_other_errors_are_bugs() -> None:
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        run_isolated(operator.truediv, 1, 0, name="x")


@pytest.mark.parametrize("work", [(os.abort,), (builtins.bytearray, 4 * 10**9)], ids=["crash", "memory"])
def test_a_crash_and_too_much_memory_end_in_a_sentence_and_in_nothing_else(work: tuple[object, ...]) -> None:
    with pytest.raises(InputError, match=r"^p\.pdf cannot be read: it is broken, or takes more memory"):
        run_isolated(*work, name="p.pdf")  # type: ignore[arg-type]
    assert run_isolated(operator.add, 2, 3, name="x") == 5


def test_what_takes_too_long_is_killed() -> None:
    start = time.monotonic()
    with pytest.raises(InputError, match=r"takes longer than 0\.2 seconds"):
        run_isolated(time.sleep, 30, name="p.pdf", seconds=0.2)
    assert time.monotonic() - start < 10


def test_several_at_once_each_get_their_own() -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: run_isolated(operator.mul, number, 2, name="x"), range(24)))
    assert found == [2 * number for number in range(24)]


def test_nobody_waits_for_a_slow_file() -> None:
    slow = threading.Thread(target=run_isolated, args=(time.sleep, 2), kwargs={"name": "x"})
    slow.start()
    run_isolated(operator.add, 1, 1, name="x")  # so that a second process is up
    start = time.monotonic()
    assert len(read_files([("p.pdf", example_pdf())], LIMITS).collection.passages) == 2
    waited = time.monotonic() - start
    assert slow.is_alive() or waited < 1
    slow.join()
    assert waited < 1.9
