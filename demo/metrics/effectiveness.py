"""How good a ranking is by people's judgments: trec_eval's figures, through ir_measures.

A run is given as rankings, best first; ranks alone decide, so ties were broken before it came here (trec_eval would
break them by passage id). trec_eval is C code, which ends the process at ids that are no C strings, so it is handed
numbers in place of ids. Graded measures take the grade as gain; binary ones count a passage as relevant from a grade
that the caller chooses, because collections differ: TREC Deep Learning starts at 2. An unjudged passage gains nothing,
which is not the same as being irrelevant, so Judged@k belongs beside every figure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo.errors import InputError
from demo.formats.grades import GRADES
from demo.messages import Message, listed
from demo.phrases import shown

Qrels = Mapping[str, Mapping[str, int]]
"""query_id → doc_id → grade."""

Rankings = Mapping[str, Sequence[str]]
"""query_id → doc_ids, best first."""

MOST_GRADE = GRADES[-1]
"""The highest grade that a judgment can have."""


# ---- the measures ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """A measure without its cutoff; every one lies between 0 and 1, and more is better.

    Attributes:
        key: how it is asked for, as in “ndcg@10”; `aliases` are other ways.
        name: how it heads a column: of a mean over queries, so MRR and MAP.
        binary: whether it depends on the grade from which a passage counts as relevant.
        whole: whether it exists without a cutoff, over the whole ranking.
        build: ir_measures' object from ir_measures itself, the cutoff (None: whole ranking) and the grade.
    """

    key: str
    name: str
    label: Message
    meaning: Message
    source: str
    binary: bool
    whole: bool
    build: Callable[[Any, int | None, int], Any]
    aliases: tuple[str, ...] = ()

    def at(self, k: int | None) -> Measure:
        """The measure with this cutoff.

        Raises:
            InputError: the measure needs a cutoff and has none, or the cutoff is below 1.
        """
        if (k is None and not self.whole) or (k is not None and k < 1):
            raise InputError("{name} needs a cutoff of 1 or more: write “{key}@10”.", name=self.name, key=self.key)
        return Measure(self, k)


def _cut(measure: Any, k: int | None) -> Any:
    return measure if k is None else measure @ k


MEASURES = (
    MeasureRow(
        key="ndcg",
        name="NDCG",
        label=Message("Normalised discounted cumulative gain"),
        meaning=Message(
            "The grades of the first k passages, each divided by log₂(rank + 1) and summed, over the best sum "
            "that the judged passages allow. 1 is the ideal order."
        ),
        source="doi:10.1145/582415.582418",
        binary=False,
        whole=True,
        build=lambda ir, k, _: _cut(ir.nDCG, k),
        aliases=("ndcg_cut",),
    ),
    MeasureRow(
        key="mrr",
        name="MRR",
        label=Message("Mean reciprocal rank"),
        meaning=Message(
            "1 over the rank of the first relevant passage; 0 if the first k hold none. ½ is “second on average” "
            "only where queries are alike."
        ),
        source="TREC-8 Question Answering Track (Voorhees 1999)",
        binary=True,
        whole=True,
        build=lambda ir, k, grade: _cut(ir.RR(rel=grade), k),
        aliases=("rr", "recip_rank"),
    ),
    MeasureRow(
        key="map",
        name="MAP",
        label=Message("Mean average precision"),
        meaning=Message(
            "Precision at the rank of each relevant passage, averaged over all relevant ones; one that was not "
            "found adds 0."
        ),
        source="doi:10.1145/345508.345543",
        binary=True,
        whole=True,
        build=lambda ir, k, grade: _cut(ir.AP(rel=grade), k),
        aliases=("ap",),
    ),
    MeasureRow(
        key="p",
        name="P",
        label=Message("Precision at k"),
        meaning=Message(
            "The share of relevant passages among k; a ranking shorter than k counts as if filled up with others."
        ),
        source="doi:10.1145/345508.345543",
        binary=True,
        whole=False,
        build=lambda ir, k, grade: ir.P(rel=grade) @ k,
        aliases=("precision",),
    ),
    MeasureRow(
        key="r",
        name="R",
        label=Message("Recall"),
        meaning=Message(
            "The share of all relevant passages that the first k hold. Reranking can raise it only below the "
            "depth of the first stage."
        ),
        source="doi:10.1145/345508.345543",
        binary=True,
        whole=False,
        build=lambda ir, k, grade: ir.R(rel=grade) @ k,
        aliases=("recall",),
    ),
    MeasureRow(
        key="judged",
        name="Judged",
        label=Message("Judged passages"),
        meaning=Message(
            "The share of the first k passages that somebody judged, whatever the grade. Where it is low or "
            "differs between rankers, the other figures say little."
        ),
        source="doi:10.1145/1008992.1009000",
        binary=False,
        whole=False,
        build=lambda ir, k, _: ir.Judged @ k,
    ),
)


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure with its cutoff; None stands for the whole ranking."""

    row: MeasureRow
    k: int | None = None

    @property
    def key(self) -> str:
        """How it is asked for: “ndcg@10”, “map”."""
        return self.row.key if self.k is None else f"{self.row.key}@{self.k}"

    @property
    def name(self) -> str:
        """How it heads a column: “NDCG@10”, “MAP”."""
        return self.row.name if self.k is None else f"{self.row.name}@{self.k}"


MOST_MEASURES = 20
"""So many can be asked for at a time; each is computed for every query and tested for every ranker."""

_ASKED = re.compile(r"([a-z_]+?)(?:(?:@|_)([0-9]{1,6}))?")


def parse_measure(text: str) -> Measure:
    """The measure that “ndcg@10”, “MRR@10”, “map” or trec_eval's “ndcg_cut_10” asks for, whatever the case.

    Raises:
        InputError: there is no such measure, or its cutoff is missing or 0.
    """
    asked = _ASKED.fullmatch(text.strip().lower())
    name = asked[1] if asked else text.strip()
    for row in MEASURES:
        if asked and name in (row.key, *row.aliases):
            return row.at(int(asked[2]) if asked[2] else None)
    known = [row.key if row.whole else f"{row.key}@k" for row in MEASURES]
    raise InputError(
        "There is no measure “{strip}”. Choose among {known}, with a cutoff such as “ndcg@10”.",
        strip=shown(text),
        known=listed(known),
    )


def parse_measures(text: str) -> tuple[Measure, ...]:
    """The measures of a list separated by commas or white space, in its order, each once.

    Raises:
        InputError: it names none, more than MOST_MEASURES, or one that does not exist.
    """
    measures = tuple(dict.fromkeys(parse_measure(part) for part in re.split(r"[,，;\s]+", text.strip()) if part))
    if not measures:
        raise InputError("No measure was named. Write “ndcg@10”.")
    if len(measures) > MOST_MEASURES:
        raise InputError(
            "{measures:,} measures were named, and at most {most} are possible. Leave some out.",
            measures=len(measures),
            most=MOST_MEASURES,
        )
    return measures


USUAL = parse_measures("ndcg@10 mrr@10 map p@10 r@100 judged@10")
"""What is measured where nothing else is asked for."""


# ---- figures -----------------------------------------------------------------------------------------------------


def measure_run(
    qrels: Qrels, run: Rankings, measures: Sequence[Measure], relevant_from: int = 1
) -> dict[Measure, dict[str, float]]:
    """The figure of each query of the qrels, in their order, for each measure, in its order.

    A query that the run lacks, or has an empty ranking for, gets 0, so that every mean is over the same queries;
    queries that the qrels lack are left out. Passages in the qrels need not exist anywhere else: they count for the
    ideal ranking and for recall. 0 too where no judged passage is relevant, as in trec_eval.

    Args:
        relevant_from: the lowest grade that counts as relevant for binary measures, from 1 to `MOST_GRADE`.

    Raises:
        InputError: `relevant_from` is below 1 or above `MOST_GRADE`, or a grade is none of those that files may have:
            trec_eval takes memory by the highest grade.
        ValueError: a ranking names a passage twice.
    """
    if relevant_from < 1:
        raise InputError(
            "Passages cannot count as relevant from grade {relevant_from}: 0 is what irrelevant ones have. Write "
            "1 or more.",
            relevant_from=relevant_from,
        )
    if relevant_from > MOST_GRADE:
        raise InputError(
            "Passages cannot count as relevant from a grade above {most}, which is the highest. Write {most} or less.",
            most=MOST_GRADE,
        )
    if any(grade not in GRADES for grades in qrels.values() for grade in grades.values()):
        raise InputError(
            "A judgment has a grade that is not from {least} to {most}. Write another.",
            least=GRADES[0],
            most=MOST_GRADE,
        )
    judged = {query_id: grades for query_id, grades in qrels.items() if grades}
    query_ids = list(judged)
    values = {measure: dict.fromkeys(qrels, 0.0) for measure in measures}
    cut, whole = [m for m in measures if m.k is not None], [m for m in measures if m.k is None]
    for group in filter(None, (cut, whole)):
        depth = max((measure.k for measure in group if measure.k is not None), default=None)
        for measure, number, value in _measured(*_numbered(judged, run, depth), group, relevant_from):
            values[measure][query_ids[number]] = value
    return values


def _measured(
    judged: dict[str, dict[str, int]],
    scored: dict[str, dict[str, float]],
    measures: Sequence[Measure],
    relevant_from: int,
) -> Iterator[tuple[Measure, int, float]]:
    """ir_measures' figures of these scores, with the number of the query."""
    import ir_measures

    asked = {measure.row.build(ir_measures, measure.k, relevant_from): measure for measure in measures}
    if judged and scored and asked:
        for found in ir_measures.iter_calc(list(asked), judged, scored):
            yield asked[found.measure], int(found.query_id), float(found.value)


def measure_query(
    order: Sequence[str], grades: Mapping[str, int | None], measures: Sequence[Measure], relevant_from: int = 1
) -> dict[Measure, float]:
    """The figures of one ranking, best first, by the grades of its passages and of others that it may lack.

    A passage with grade None, or none at all, is unjudged. All are 0 while no passage is judged relevant.

    Raises:
        InputError, ValueError: as for `measure_run`.
    """
    judged = {doc_id: grade for doc_id, grade in grades.items() if grade is not None}
    values = measure_run({"": judged}, {"": order}, measures, relevant_from)
    return {measure: of_query[""] for measure, of_query in values.items()}


def mean(values: Iterable[float]) -> float:
    """The arithmetic mean, the same in whatever order the values come; 0 of nothing."""
    numbers = list(values)
    return math.fsum(numbers) / len(numbers) if numbers else 0.0


def _numbered(
    judged: Qrels, run: Rankings, depth: int | None
) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, float]]]:
    """Grades and scores by numbers: queries have their places among the judged ones, passages those in their ranking.

    Scores are n, n − 1, … 1 for the first `depth` passages, so that trec_eval finds no ties to break.
    """
    grades: dict[str, dict[str, int]] = {}
    scores: dict[str, dict[str, float]] = {}
    for number, (query_id, given) in enumerate(judged.items()):
        ranking = run.get(query_id, ())
        if len(set(ranking)) != len(ranking):
            raise ValueError(f"the ranking of query {query_id!r} names a passage twice")
        top = ranking[:depth]
        names = {doc_id: str(place) for place, doc_id in enumerate(dict.fromkeys((*top, *given)))}
        grades[str(number)] = {names[doc_id]: grade for doc_id, grade in given.items()}
        if top:
            scores[str(number)] = {str(place): float(len(top) - place) for place in range(len(top))}
    return grades, scores
