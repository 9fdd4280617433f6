"""What a browser keeps of an evaluation: collection, rankers, measures, and the first measure query by query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from demo.judgments import Judgments
from demo.messages import ENGLISH
from demo.phrases import shorten
from demo.ui.evaluate.session import Evaluated
from demo.ui.history.runs import DECIMALS, digest_of

MOST_QUERIES = 300
"""Queries that are kept one by one, from the first."""
MOST_QUERY_CHARS = 120
RBO = "RBO"
"""Where nothing is judged: the mean agreement with the baseline."""


@dataclass(frozen=True, slots=True)
class PastMeans:
    """One ranker.

    Attributes:
        ranker: its label.
        figures: name of a measure → its mean.
        values: the first measure, for each of `PastEvaluation.asked`; empty where nothing is judged.
    """

    ranker: str
    figures: Mapping[str, float]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PastEvaluation:
    """One evaluation; time, address and source as in `PastRun`.

    Attributes:
        passages: of the collection; digest: of them all.
        queries: how many were evaluated; asked: the texts of the first of them, shortened.
        first_stage: what put the candidates into their order; "" where the order means nothing. depth: most of a query.
        relevant_from: the lowest grade that counts as relevant.
    """

    time: str
    address: str
    source: str
    passages: int
    digest: str
    queries: int
    asked: tuple[str, ...]
    first_stage: str
    depth: int
    relevant_from: int
    columns: tuple[PastMeans, ...]

    @property
    def rankers(self) -> str:
        """The labels of the columns."""
        return " · ".join(column.ranker for column in self.columns)

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of what was measured, the first one first."""
        return tuple(dict.fromkeys(name for column in self.columns for name in column.figures))


def past_evaluation(evaluated: Evaluated, _: Judgments, address: str, time: str) -> PastEvaluation | None:
    """What is kept of an evaluation; None while it has not come to figures."""
    evaluation = evaluated.evaluation
    if evaluation is None:
        return None
    collection, measures = evaluated.collection, evaluation.measures
    columns = []
    for ranker in evaluation.rankers:
        found = [(measure.name, evaluation.figures[ranker.key, measure]) for measure in measures]
        figures = {name: round(figure.mean, DECIMALS) for name, figure in found}
        if not measures and ranker.key in evaluation.changes:
            figures = {RBO: round(evaluation.changes[ranker.key].rbo, DECIMALS)}
        values = found[0][1].values[:MOST_QUERIES].tolist() if found else ()
        columns.append(PastMeans(ranker.label, figures, tuple(round(value, DECIMALS) for value in values)))
    return PastEvaluation(
        time=time,
        address=address,
        source=collection.card.title.to(ENGLISH),
        passages=len(collection.passages),
        digest=digest_of(sorted(passage.content for passage in collection.passages)),
        queries=len(evaluation.query_ids),
        asked=tuple(shorten(each.query.text, MOST_QUERY_CHARS) for each in evaluated.outcomes[:MOST_QUERIES]),
        first_stage=evaluated.first,
        depth=evaluation.depth,
        relevant_from=evaluation.relevant_from,
        columns=tuple(columns),
    )


def read_past_evaluation(row: Mapping[str, Any]) -> PastEvaluation:
    """The evaluation that `dataclasses.asdict` made the row of.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: it is no such row.
    """
    columns = tuple(
        PastMeans(
            ranker=str(column["ranker"]),
            figures={str(name): float(value) for name, value in column["figures"].items()},
            values=tuple(map(float, column["values"])),
        )
        for column in row["columns"]
    )
    asked = tuple(map(str, row["asked"]))
    if any(len(column.values) not in (0, len(asked)) for column in columns):
        raise ValueError("a value is missing")
    return PastEvaluation(
        time=str(row["time"]),
        address=str(row["address"]),
        source=str(row["source"]),
        passages=int(row["passages"]),
        digest=str(row["digest"]),
        queries=int(row["queries"]),
        asked=asked,
        first_stage=str(row["first_stage"]),
        depth=int(row["depth"]),
        relevant_from=int(row["relevant_from"]),
        columns=columns,
    )
