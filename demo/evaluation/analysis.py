"""Further questions to the same scores: which queries, how deep, how well scores separate, at what cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from demo.evaluation.figures import Evaluation, judged_of
from demo.evaluation.outcomes import Outcome
from demo.metrics.effectiveness import Measure, mean, measure_run
from demo.records import Collection, FloatArray, IntArray

DEPTHS = (10, 20, 50, 100, 200, 500, 1000)

Bools = npt.NDArray[np.bool_]


# ---- query by query ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QueryDifference:
    """One query's figures under the baseline and under another ranker."""

    query_id: str
    before: float
    after: float

    @property
    def difference(self) -> float:
        """after − before: above 0 where the ranker is better than the baseline."""
        return self.after - self.before


def differences(evaluation: Evaluation, ranker: str, measure: Measure) -> tuple[QueryDifference, ...]:
    """Every query's difference to the baseline, the greatest gain first; equal ones in the order of the work."""
    before, after = (evaluation.figures[key, measure].values.tolist() for key in (evaluation.baseline, ranker))
    rows = [QueryDifference(*row) for row in zip(evaluation.query_ids, before, after, strict=True)]
    return tuple(sorted(rows, key=lambda row: -row.difference))


# ---- quality by depth --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DepthPoint:
    """The mean of a measure if only the first `depth` candidates had been reranked."""

    depth: int
    mean: float


def quality_by_depth(
    outcomes: Sequence[Outcome],
    collection: Collection,
    ranker_index: int,
    measures: Sequence[Measure],
    relevant_from: int = 1,
    depths: Sequence[int] = DEPTHS,
) -> dict[Measure, tuple[DepthPoint, ...]]:
    """What ranker number `ranker_index` would give by each measure at smaller depths, and at the whole depth last.

    The first candidates are reordered by their scores, the others stay behind them in their order; nothing is scored
    again, which is right for rankers that score each passage by itself (not for fusion of ranks). The order of the
    candidates must mean something. A depth below the whole counts only what the first stage found.
    """
    whole = max((len(outcome.doc_ids) for outcome in outcomes), default=0)
    qrels = judged_of(outcomes, collection)
    points: dict[Measure, list[DepthPoint]] = {measure: [] for measure in measures}
    for depth in [*sorted(depth for depth in set(depths) if 0 < depth < whole), whole]:
        run = {outcome.query.query_id: _reranked_to(outcome, ranker_index, depth) for outcome in outcomes}
        for measure, values in measure_run(qrels, run, measures, relevant_from).items():
            points[measure].append(DepthPoint(depth, mean(values.values())))
    return {measure: tuple(found) for measure, found in points.items()}


def _reranked_to(outcome: Outcome, ranker_index: int, depth: int) -> tuple[str, ...]:
    size = len(outcome.doc_ids)
    found = size if depth >= size else outcome.found
    return outcome.ranked(ranker_index, min(depth, found)) + outcome.doc_ids[depth:found]


# ---- scores and grades -------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class GradedScores:
    """All scores of one ranker, over all queries, with what people said of the passages.

    Attributes:
        scores: float32 (n,); infinite ones are left out.
        grades: int64 (n,), 0 where unjudged; judged: bool (n,).
    """

    scores: FloatArray
    grades: IntArray
    judged: Bools

    def by_grade(self) -> dict[int | None, FloatArray]:
        """Grade → scores, highest grade first, unjudged (None) last; only what occurs."""
        grades = sorted(set(self.grades[self.judged].tolist()), reverse=True)
        found: dict[int | None, FloatArray] = {g: self.scores[self.judged & (self.grades == g)] for g in grades}
        return found if self.judged.all() else {**found, None: self.scores[~self.judged]}

    def relevant(self, relevant_from: int = 1, unjudged_too: bool = False) -> tuple[FloatArray, Bools]:
        """Scores, and whether their passages are relevant, as `metrics.calibration` takes them.

        Args:
            unjudged_too: whether unjudged passages come along as irrelevant; where only relevant ones were judged
                there is no other contrast, and the figures say so.
        """
        chosen = np.ones_like(self.judged) if unjudged_too else self.judged
        return self.scores[chosen], (self.judged & (self.grades >= relevant_from))[chosen]


def graded_scores(outcomes: Sequence[Outcome], collection: Collection, ranker_index: int) -> GradedScores:
    """The scores of ranker number `ranker_index`, in the order of the work."""
    grades: list[int | None] = []
    for outcome in outcomes:
        known = collection.qrels.get(outcome.query.query_id, {})
        grades += [known.get(doc_id) for doc_id in outcome.doc_ids]
    scores = np.concatenate([np.empty(0, np.float32), *(outcome.rankings[ranker_index].scores for outcome in outcomes)])
    finite = np.isfinite(scores)
    return GradedScores(
        scores[finite],
        np.array([grade or 0 for grade in grades], dtype=np.int64)[finite],
        np.array([grade is not None for grade in grades], dtype=np.bool_)[finite],
    )


# ---- quality and cost --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CostPoint:
    """A ranker's mean quality and time per query; `on_front` if no other is as good and as fast and better in one."""

    ranker: str
    quality: float
    seconds_per_query: float
    on_front: bool


def quality_and_cost(evaluation: Evaluation, measure: Measure) -> tuple[CostPoint, ...]:
    """A point for each ranker whose time was measured, the fastest first."""
    measured = {
        key: (evaluation.figures[key, measure].mean, speed.seconds_per_query)
        for key, speed in evaluation.speeds.items()
        if speed.seconds_per_query is not None
    }
    points = [
        CostPoint(key, quality, seconds, not _dominated(quality, seconds, measured))
        for key, (quality, seconds) in measured.items()
    ]
    return tuple(sorted(points, key=lambda point: point.seconds_per_query))


def _dominated(quality: float, seconds: float, all_points: Mapping[str, tuple[float, float]]) -> bool:
    return any(
        other >= quality and time <= seconds and (other > quality or time < seconds)
        for other, time in all_points.values()
    )
