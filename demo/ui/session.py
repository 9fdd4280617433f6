"""What the page remembers of one visitor, frozen: gradio hands the same object on, so it must not change in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from demo.language import Text
from demo.records import Collection, Comparison
from demo.text import Analysis


@dataclass(frozen=True, eq=False)
class Shown:
    """A finished comparison together with what the page needs to draw it again."""

    comparison: Comparison
    analysis: Analysis
    grades: Mapping[int, Text]
    trap: Text | None


@dataclass(frozen=True, eq=False)
class Session:
    """One visitor's uploaded collection and last finished comparison."""

    uploaded: Collection | None = None
    shown: Shown | None = None
