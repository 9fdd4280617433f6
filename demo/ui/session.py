"""What the page remembers of one visitor, frozen: gradio hands the same object on, so it must not change in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from demo.judgments import Judgments
from demo.library import Trap
from demo.rankers.protocol import Ranker
from demo.records import Collection, Passage, Query, Ranking, Result
from demo.service import Request
from demo.text import Analysis


@dataclass(frozen=True, eq=False)
class ShownResult:
    """A result together with what the page needs to draw it again, and to try an edit of it.

    Attributes:
        result: as it was scored.
        drawn: as the options want to see it, reranked to a depth and fused.
        request, rankers: what was asked for.
        analysis: how texts are cut into terms, for marking the query's words.
        trap: what this query of a bundled collection shows.
    """

    result: Result
    drawn: Result
    request: Request
    rankers: tuple[Ranker, ...]
    analysis: Analysis
    trap: Trap | None = None

    @property
    def collection(self) -> Collection:
        """The passages that the candidates were taken from."""
        return self.request.collection

    @property
    def query(self) -> Query:
        """The query that was run."""
        return self.result.query

    @property
    def candidates(self) -> tuple[Passage, ...]:
        """What was ranked."""
        return self.result.candidates

    @property
    def rankings(self) -> tuple[Ranking, ...]:
        """The rankings that are drawn."""
        return self.drawn.rankings

    def ranker(self, key: str) -> Ranker | None:
        """The ranker of a column; None for one that was made of other columns."""
        return next((ranker for ranker in (*self.rankers, self.request.first) if ranker.spec.key == key), None)

    def judged(self, judgments: Judgments | None) -> Result:
        """What is drawn, with the visitor's own judgments, if the server still keeps them."""
        made = judgments or Judgments()
        return replace(self.drawn, grades=made.over(self.drawn.grades, self.query, self.candidates))


@dataclass(frozen=True, eq=False)
class Question:
    """Which candidate was asked about, and of which rankings."""

    shown: ShownResult
    index: int


def grades_by_id(shown: ShownResult, judgments: Judgments) -> Mapping[str, int | None]:
    """doc_id → grade for the query, of the whole collection: an ideal ranking knows what was no candidate, too."""
    made = judgments.over((None,) * len(shown.candidates), shown.query, shown.candidates)
    by_hand = {each.doc_id: grade for each, grade in zip(shown.candidates, made, strict=True) if grade is not None}
    return {**shown.collection.qrels.get(shown.query.query_id, {}), **by_hand}
