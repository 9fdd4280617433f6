"""Figures by the values of a field: of the queries, such as their language, or of the passages, such as their source.

By a field of the queries, a slice is the queries of one value, and its figure their mean. By a field of the passages, a
slice is measured as if the collection had the passages of one value only: others are taken out of rankings and
judgments, and queries without a relevant passage among the rest do not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from demo.errors import InputError
from demo.evaluation.outcomes import Outcome
from demo.messages import listed
from demo.metrics.effectiveness import Measure, mean, measure_run
from demo.records import Collection, Query

MOST_VALUES = 50
"""A field with more different values is no field to slice by, unless somebody names it."""
QUERIES, PASSAGES = "query", "passage"


@dataclass(frozen=True, slots=True)
class Field:
    """A field to slice by: whose it is, QUERIES or PASSAGES, and its name."""

    side: str
    name: str

    def __str__(self) -> str:
        return f"{self.side}:{self.name}"


@dataclass(frozen=True, slots=True)
class Slice:
    """The queries that count for one value.

    Attributes:
        value: "" for those without the field.
        queries: how many count.
        means: of the measure, one for each ranker, in the order of the outcomes' rankings.
    """

    value: str
    queries: int
    means: tuple[float, ...]


def fields_of(outcomes: Sequence[Outcome], collection: Collection) -> tuple[Field, ...]:
    """The fields that part the queries, then those that part the judged passages.

    A field parts them if it has two to MOST_VALUES different values, fewer than there are queries or passages with it.
    """
    judged = {doc_id for outcome in outcomes for doc_id in collection.qrels.get(outcome.query.query_id, {})}
    passages = (passage.fields for passage in collection.passages if passage.doc_id in judged)
    of_queries = _parting(outcome.query.fields for outcome in outcomes)
    return (*(Field(QUERIES, name) for name in of_queries), *(Field(PASSAGES, name) for name in _parting(passages)))


def _parting(records: Iterable[Mapping[str, str]]) -> list[str]:
    """The names whose values come again, in the order in which they come."""
    counted: dict[str, Counter[str]] = {}
    for fields in records:
        for name, value in fields.items():
            counted.setdefault(name, Counter())[value] += 1
    return [name for name, values in counted.items() if 2 <= len(values) <= MOST_VALUES and max(values.values()) > 1]


def named_field(text: str, queries: Sequence[Query], collection: Collection) -> Field:
    """The field that a text names, with “query:” or “passage:” before it or alone, in which case queries go first.

    Raises:
        InputError: neither queries nor passages have it.
    """
    names = {
        QUERIES: {name for query in queries for name in query.fields},
        PASSAGES: {name for passage in collection.passages for name in passage.fields},
    }
    side, colon, name = text.partition(":")
    if colon and name in names.get(side, ()):
        return Field(side, name)
    for side, known in names.items():
        if text in known:
            return Field(side, text)
    found = [str(Field(side, name)) for side, known in names.items() for name in sorted(known)]
    raise InputError(
        "Neither queries nor passages have a field “{text}”. Found: {names}.", text=text, names=listed(found or ["–"])
    )


def values_of(outcomes: Sequence[Outcome], field: Field) -> tuple[str, ...]:
    """The values of a field of the queries, the most frequent first; "" where some query lacks it."""
    return tuple(value for value, _ in _by_frequency(outcome.query.fields.get(field.name, "") for outcome in outcomes))


def only_with(outcomes: Sequence[Outcome], field: Field, value: str) -> tuple[Outcome, ...]:
    """The outcomes of the queries with this value of the field."""
    return tuple(outcome for outcome in outcomes if outcome.query.fields.get(field.name, "") == value)


def slices(
    outcomes: Sequence[Outcome], collection: Collection, field: Field, measure: Measure, relevant_from: int = 1
) -> tuple[Slice, ...]:
    """A slice for each value, the one that most queries count for first; of a field of the passages without "".

    Args:
        relevant_from: the lowest grade that is relevant.
    """
    if field.side == QUERIES:
        parts = [(value, only_with(outcomes, field, value)) for value in values_of(outcomes, field)]
        return tuple(_slice(value, part, collection, measure, relevant_from, None) for value, part in parts)
    members: dict[str, set[str]] = {}
    for passage in collection.passages:
        if value := passage.fields.get(field.name, ""):
            members.setdefault(value, set()).add(passage.doc_id)
    found = [_slice(value, outcomes, collection, measure, relevant_from, doc_ids) for value, doc_ids in members.items()]
    return tuple(sorted((each for each in found if each.queries), key=lambda each: (-each.queries, each.value)))


def _slice(
    value: str,
    outcomes: Sequence[Outcome],
    collection: Collection,
    measure: Measure,
    relevant_from: int,
    within: set[str] | None,
) -> Slice:
    """The slice of these outcomes, of all passages or of those `within`."""
    qrels = {outcome.query.query_id: collection.qrels.get(outcome.query.query_id, {}) for outcome in outcomes}
    if within is not None:
        inside = {
            query: {doc: grade for doc, grade in grades.items() if doc in within} for query, grades in qrels.items()
        }
        qrels = {query: grades for query, grades in inside.items() if max(grades.values(), default=0) >= relevant_from}
    means = []
    for ranker_index in range(len(outcomes[0].rankings)):
        run = {
            outcome.query.query_id: tuple(
                doc for doc in outcome.ranked(ranker_index) if within is None or doc in within
            )
            for outcome in outcomes
            if outcome.query.query_id in qrels
        }
        means.append(mean(measure_run(qrels, run, (measure,), relevant_from)[measure].values()))
    return Slice(value, len(qrels), tuple(means))


def _by_frequency(values: Iterable[str]) -> list[tuple[str, int]]:
    return sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
