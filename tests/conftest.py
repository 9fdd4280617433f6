"""Fixtures for every test."""

from __future__ import annotations

import pytest
from made_comparisons import MakeComparison, build_comparison

from demo.settings import silence_gradio

silence_gradio()


@pytest.fixture
def make_comparison() -> MakeComparison:
    """`build_comparison`, to be called with scores."""
    return build_comparison
