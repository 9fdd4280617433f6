"""What the page remembers of one visitor, frozen: gradio hands the same object on, so it must not change in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from demo.judgments import Judgments
from demo.language import Text
from demo.records import Collection, Comparison, Lineup, Passage, Query, Ranking
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

    @property
    def query(self) -> Query:
        """The query that was run."""
        return self.comparison.query

    @property
    def candidates(self) -> tuple[Passage, ...]:
        """What was ranked."""
        return self.comparison.candidates

    @property
    def rankings(self) -> tuple[Ranking, ...]:
        """Both rankings."""
        return self.comparison.before, self.comparison.after

    def judged(self, judgments: Judgments) -> Comparison:
        """The comparison with the visitor's own judgments."""
        return replace(self.comparison, grades=judgments.over(self.comparison.grades, self.query, self.candidates))


@dataclass(frozen=True, eq=False)
class Compared:
    """A lineup together with what the page needs to draw it again."""

    lineup: Lineup
    collection: Collection
    analysis: Analysis

    @property
    def query(self) -> Query:
        """The query that was run."""
        return self.lineup.query

    @property
    def candidates(self) -> tuple[Passage, ...]:
        """What was ranked."""
        return self.lineup.candidates

    def judged(self, judgments: Judgments) -> Lineup:
        """The lineup with the visitor's own judgments."""
        return replace(self.lineup, grades=judgments.over(self.lineup.grades, self.query, self.candidates))


def grades_by_id(ran: Shown | Compared, judgments: Judgments) -> Mapping[str, int | None]:
    """doc_id → grade for the query, of the whole collection, so that an ideal ranking knows what was not a candidate."""
    made = judgments.over((None,) * len(ran.candidates), ran.query, ran.candidates)
    by_hand = {passage.doc_id: grade for passage, grade in zip(ran.candidates, made, strict=True) if grade is not None}
    return {**ran.collection.qrels.get(ran.query.query_id, {}), **by_hand}
