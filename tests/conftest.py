"""Fixtures for every test."""

from __future__ import annotations

import os
import socket
from functools import cache
from importlib.util import find_spec

import pytest

from demo.settings import silence_gradio

silence_gradio()

INDEX = "pypi.org"


@cache
def _gpu_is_there() -> bool:
    import torch

    return torch.cuda.is_available()


@cache
def _index_is_there() -> bool:
    try:
        with socket.create_connection((INDEX, 443), timeout=5):
            return True
    except OSError:
        return False


NEEDS = {
    "hub": (lambda: os.environ.get("RERANK_LENS_TEST_HUB") == "1", "downloads models: set RERANK_LENS_TEST_HUB=1"),
    "data": (lambda: "RERANK_LENS_DATA" in os.environ, "RERANK_LENS_DATA names no folder of judged data"),
    "index": (_index_is_there, "the package index cannot be reached"),
    "ray": (lambda: find_spec("ray") is not None, "Ray is not installed: pip install -r requirements-ray.txt"),
    "gpu": (_gpu_is_there, "this machine has no CUDA device"),
}
"""Mark → whether this machine has what it needs, and what to say where it has not."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips what this machine cannot run, with the reason."""
    for item in items:
        for mark, (is_there, reason) in NEEDS.items():
            if item.get_closest_marker(mark) and not is_there():
                item.add_marker(pytest.mark.skip(reason=reason))
