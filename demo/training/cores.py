"""Threads that share work out among cores."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import torch


def on_cores(count: int) -> ThreadPoolExecutor:
    """A pool of `count` threads that compute on one core each.

    Each thread says so for itself: torch's number of threads is not handed on to every library below it, and loops
    that are shared out once more wait for each other.
    """
    return ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,))
