"""What the page remembers of one visitor, frozen: gradio hands the same object on, so it must not change in place."""

from __future__ import annotations

from dataclasses import dataclass, replace

from demo.judgments import Judgments
from demo.language import Text
from demo.records import Collection, Comparison, Lineup
from demo.text import Analysis


@dataclass(frozen=True, eq=False)
class Shown:
    """A finished comparison together with what the page needs to draw it again.

    Attributes:
        trap: what to look for, where this query of a bundled collection shows something.
    """

    comparison: Comparison
    collection: Collection
    analysis: Analysis
    trap: Text | None

    def judged(self, judgments: Judgments) -> Comparison:
        """The comparison with the visitor's own judgments."""
        it = self.comparison
        return replace(it, grades=judgments.over(it.grades, it.query, it.candidates))


@dataclass(frozen=True, eq=False)
class Compared:
    """A lineup together with what the page needs to draw it again."""

    lineup: Lineup
    collection: Collection
    analysis: Analysis

    def judged(self, judgments: Judgments) -> Lineup:
        """The lineup with the visitor's own judgments."""
        it = self.lineup
        return replace(it, grades=judgments.over(it.grades, it.query, it.candidates))

