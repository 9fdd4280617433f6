"""What the charts of an evaluation are drawn of: the evaluation, and which measure and ranker are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from demo.evaluation.analysis import Bools, GradedScores, graded_scores
from demo.evaluation.figures import Evaluation, Figure
from demo.evaluation.outcomes import Outcome
from demo.messages import Message
from demo.metrics.effectiveness import Measure
from demo.records import Collection, FloatArray, RankerSpec


@dataclass(frozen=True, eq=False)
class EvaluationView:
    """An evaluation and how it is looked at.

    Attributes:
        outcomes: what the evaluation was made of; at least one.
        chosen: one of the evaluation's measures; None where it has none, as nothing is judged.
        key: of one of its rankers, which is held against the baseline.
        ordered: whether the order of the candidates means something.
        unjudged_too: whether passages that nobody judged count as irrelevant where scores meet judgments.
    """

    evaluation: Evaluation
    outcomes: Sequence[Outcome]
    collection: Collection
    chosen: Measure | None
    key: str
    ordered: bool = True
    unjudged_too: bool = False

    @property
    def ranker_index(self) -> int:
        """The place of the ranker in every outcome."""
        return [ranker.key for ranker in self.evaluation.rankers].index(self.key)

    @property
    def ranker(self) -> RankerSpec:
        """The ranker that is looked at."""
        return self.evaluation.rankers[self.ranker_index]

    @property
    def baseline(self) -> RankerSpec:
        """The ranker that it is held against."""
        return next(ranker for ranker in self.evaluation.rankers if ranker.key == self.evaluation.baseline)

    @property
    def score_label(self) -> Message:
        """What the ranker's scores are called."""
        return self.ranker.kind.label

    @property
    def measure(self) -> Measure:
        """The measure that is looked at; to be asked for only where something is judged."""
        assert self.chosen is not None, "without judgments there is no measure"
        return self.chosen

    def figure(self, key: str) -> Figure:
        """The figure of a ranker by the measure."""
        return self.evaluation.figures[key, self.measure]

    @cached_property
    def graded(self) -> GradedScores:
        """The ranker's scores with their grades."""
        return graded_scores(self.outcomes, self.collection, self.ranker_index)

    def relevant(self) -> tuple[FloatArray, Bools]:
        """The ranker's scores, and whether their passages are relevant."""
        return self.graded.relevant(self.evaluation.relevant_from, self.unjudged_too)
