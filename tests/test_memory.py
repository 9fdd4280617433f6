"""Memory of the process."""

from __future__ import annotations

import sys
from mmap import mmap
from weakref import ref

import pytest

from demo.memory import BoundedByOwner, GivingBack, resident_bytes


def test_what_is_taken_counts() -> None:
    before = resident_bytes()
    with mmap(-1, 100_000_000) as taken:  # new pages, whatever the process has free
        taken.write(b"1" * len(taken))
        assert resident_bytes() - before > 0.7 * len(taken)


class Owner:
    """Something that values are made of."""


def test_values_are_forgotten_with_their_owner_and_beyond_the_bound() -> None:
    kept, one, other = BoundedByOwner[Owner, str, str](6, lambda key, value: len(value)), Owner(), Owner()
    kept.keep([((ref(one), "a"), "abc"), ((ref(other), "a"), "abc")])
    assert kept.find([(ref(one), "a"), (ref(one), "b")]) == ["abc", None]
    del other
    assert kept.memory_bytes == len(kept) * 3 == 3
    kept.keep([((ref(one), "b"), "abcd")])
    assert kept.find([(ref(one), "a"), (ref(one), "b")]) == [None, "abcd"]


@pytest.mark.skipif(sys.platform != "linux", reason="glibc gives memory back")
def test_memory_is_given_back_seldom() -> None:
    now = [0.0]
    giving_back = GivingBack(lambda: now[0])
    told = []
    for now[0] in (0.0, 19.0, 21.0, 22.0, 40.9, 41.1):
        told.append(giving_back.after_work())
    assert told == [False, False, True, False, False, True]


@pytest.mark.skipif(sys.platform != "linux", reason="glibc gives memory back")
def test_what_lies_between_what_is_in_use_is_given_back() -> None:
    now = [0.0]
    giving_back = GivingBack(lambda: now[0])
    kept = [bytearray(20_000) for _ in range(5_000)]
    before = resident_bytes()
    del kept[:-1:1]  # the last one holds the end of the heap
    now[0] = 30.0
    assert giving_back.after_work()
    assert before - resident_bytes() > 50_000_000
