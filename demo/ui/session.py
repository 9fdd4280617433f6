"""What the page remembers of one visitor, frozen: gradio hands the same object on, so it must not change in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from demo.judgments import Judgments
from demo.messages import Message
from demo.rankers.choices import RankerChoice
from demo.records import Collection, Comparison, Lineup, Passage, Query, Ranking
from demo.service import Request
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
    trap: Message | None

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
    """A lineup together with what the page needs to draw it again, and to try an edit of it.

    Attributes:
        lineup: as it was scored.
        drawn: as the controls want to see it, reranked to a depth and fused.
        request, choices: what was asked for.
    """

    lineup: Lineup
    drawn: Lineup
    request: Request
    choices: tuple[RankerChoice, ...]

    @property
    def collection(self) -> Collection:
        """The passages that the candidates were taken from."""
        return self.request.collection

    @property
    def analysis(self) -> Analysis:
        """How texts were cut into terms, for marking the query's words."""
        return self.request.bm25.analysis

    @property
    def query(self) -> Query:
        """The query that was run."""
        return self.lineup.query

    @property
    def candidates(self) -> tuple[Passage, ...]:
        """What was ranked."""
        return self.lineup.candidates

    @property
    def rankings(self) -> tuple[Ranking, ...]:
        """The rankings that are drawn."""
        return self.drawn.rankings

    def judged(self, judgments: Judgments) -> Lineup:
        """What is drawn, with the visitor's own judgments."""
        return replace(self.drawn, grades=judgments.over(self.drawn.grades, self.query, self.candidates))


Ran = Shown | Compared


def grades_by_id(ran: Ran, judgments: Judgments) -> Mapping[str, int | None]:
    """doc_id → grade for the query, of the whole collection: an ideal ranking knows what was no candidate, too."""
    made = judgments.over((None,) * len(ran.candidates), ran.query, ran.candidates)
    by_hand = {passage.doc_id: grade for passage, grade in zip(ran.candidates, made, strict=True) if grade is not None}
    return {**ran.collection.qrels.get(ran.query.query_id, {}), **by_hand}
