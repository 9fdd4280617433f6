"""What the Evaluate tab is asked, how its answer is looked at, and what it remembers of one visitor; all frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from demo.evaluation.figures import Evaluation
from demo.evaluation.outcomes import Outcome
from demo.evaluation.presets import Preset
from demo.evaluation.protocol import PartialEvaluation
from demo.evaluation.slices import Field, fields_of, only_with
from demo.formats.judged import Judged
from demo.formats.trec_runs import Run
from demo.judgments import Judgments
from demo.messages import NOTHING, Message
from demo.metrics.effectiveness import Measure
from demo.records import Collection

GIVEN: Final = ""
RUN: Final = "run"
NO_PRESET = ""
EVERY, WITH = "", "="
BY_GAIN, BY_AGREEMENT = "gain", "agreement"


@dataclass(frozen=True, slots=True)
class EvaluateForm:
    """What the person chose; the fields are named as the components they come from.

    Attributes:
        uploaded, run: what was read of the uploaded files, or why they cannot be read.
        candidates: GIVEN (what comes with the collection, else the first stage), protocol.JUDGED, RUN, which takes
            `run`, or a first stage as it is written.
        queries: queries to work on, from the first; 0: all.
        preset: key of a preset, or NO_PRESET.
    """

    source: str
    collection: str
    uploaded: Judged | Message | None
    candidates: str
    run: Run | Message | None
    depth: float | None
    rankers: tuple[str, ...]
    preset: str
    measures: tuple[str, ...]
    relevant_from: float | None
    queries: float | None


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """How an evaluation is looked at; what is "" or no longer there is chosen anew.

    Attributes:
        measure: key of a measure; baseline, ranker: keys of rankers, the second held against the first.
        unjudged_too: whether unjudged passages count as irrelevant where scores meet judgments.
        judgments: the visitor's own; own: whether they count.
        field: whose values have figures of their own, as `slices.Field` is written; "" for none.
        value: WITH and the value of that field of the queries that are evaluated; EVERY for all queries.
        order: of the queries, BY_GAIN or BY_AGREEMENT, the least first; without judgments it is the second.
        threshold: a score to cut at; None chooses the one of the greatest F1.
    """

    measure: str = ""
    baseline: str = ""
    ranker: str = ""
    unjudged_too: bool = False
    judgments: Judgments = field(default_factory=Judgments)
    own: bool = False
    field: str = ""
    value: str = EVERY
    order: str = BY_GAIN
    threshold: float | None = None

    @property
    def counted(self) -> Judgments:
        """The visitor's own judgments if they count, else none."""
        return self.judgments if self.own else Judgments()


@dataclass(frozen=True, eq=False)
class Evaluated:
    """An evaluation, finished or on its way, together with what the page needs to draw it again.

    Attributes:
        bundled: whether the collection comes with the app.
        first: key of the ranker that put the candidates into their order; "" where the order means nothing.
        depth: most candidates that were asked for.
        notes: what the person should know of the candidates.
        evaluation: None until it is drawn.
        own: the visitor's own judgments, as far as they count.
        within: the field of the queries and its value that are evaluated alone; None for all queries.
        baseline: key of the baseline that a person had chosen before the run; "" for the usual one.
        first_stage: of Rerank, as it is written, which has the same candidates there; "" where none has.
        differs: what is said in Rerank of a query whose candidates are others there.
    """

    judged: Judged
    bundled: bool
    done: PartialEvaluation
    measures: tuple[Measure, ...]
    preset: Preset | None
    first: str
    depth: int
    notes: tuple[Message, ...]
    evaluation: Evaluation | None = None
    own: Judgments = field(default_factory=Judgments)
    within: tuple[Field, str] | None = None
    baseline: str = ""
    first_stage: str = ""
    differs: Message = NOTHING

    @property
    def usual_baseline(self) -> str:
        """Key of the ranker that ordered the candidates, a run's for one; of the first where none did or it failed."""
        keys = [ranking.ranker.key for ranking in self.done.outcomes[0].rankings]
        return self.first if self.first in keys else keys[0]

    @property
    def chosen_baseline(self) -> str:
        """Key of the baseline that a person chose; "" where it is the usual one."""
        if self.evaluation is None:
            return self.baseline
        return "" if self.evaluation.baseline == self.usual_baseline else self.evaluation.baseline

    @cached_property
    def collection(self) -> Collection:
        """What was evaluated on, with the judgments that count."""
        return self.own.added_to(self.judged.collection)

    @cached_property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Those of `every` that are evaluated."""
        return self.every if self.within is None else only_with(self.every, *self.within)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The fields that part queries or passages."""
        return fields_of(self.every, self.collection)

    @cached_property
    def every(self) -> tuple[Outcome, ...]:
        """What is done: of the queries that are judged, or of all where none is."""
        judged = tuple(each for each in self.done.outcomes if self.collection.qrels.get(each.query.query_id))
        return judged or self.done.outcomes
