"""Judgments that one visitor makes by hand: relevance grades of passages for a query, beside those of a collection.

A judgment is found again by the query and by the passage's own text, so it outlives another run, another ranker and a
passage that is added to the list; where the text changes, the passage is unjudged again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from demo.records import Collection, Passage, Query

GRADES = (0, 1, 2, 3)
"""The grades that a person can give."""

Grades = tuple[int | None, ...]


def query_key(query: Query) -> str:
    """The query's id; for a query that was typed, one made of its text, the same every time."""
    digest = blake2b(query.text.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return query.query_id or f"typed-{digest}"


@dataclass(frozen=True, slots=True)
class Judgment:
    """The grade of one passage, and the id that the passage had."""

    doc_id: str
    grade: int


@dataclass(frozen=True, slots=True)
class Judgments:
    """What was judged so far; every change gives a new value.

    Attributes:
        rows: (query key, passage content) → judgment, in the order made.
    """

    rows: Mapping[tuple[str, str], Judgment] = field(default_factory=lambda: {})

    def __len__(self) -> int:
        return len(self.rows)

    def judge(self, query: Query, passage: Passage, grade: int | None) -> Judgments:
        """With this grade; None takes the judgment back.

        Raises:
            ValueError: the grade is not one of GRADES.
        """
        if grade is not None and grade not in GRADES:
            raise ValueError(f"a grade is one of {GRADES}, found {grade}")
        key = (query_key(query), passage.content)
        rows = {other: row for other, row in self.rows.items() if other != key}
        if grade is not None:
            rows[key] = Judgment(passage.doc_id, grade)
        return Judgments(rows)

    def over(self, grades: Grades, query: Query, passages: Sequence[Passage]) -> Grades:
        """The grades of the passages, those made by hand in place of the collection's own."""
        name = query_key(query)
        made = (self.rows.get((name, passage.content)) for passage in passages)
        return tuple(row.grade if row else grade for row, grade in zip(made, grades, strict=True))

    def qrels(self, passages: Iterable[Passage] = ()) -> dict[str, dict[str, int]]:
        """query key → doc_id → grade.

        Args:
            passages: those that are looked at. A judgment of one of them has the id that it has there, every other the
                id that its passage had; where two have one id, one of these counts, else the later.
        """
        ids = {passage.content: passage.doc_id for passage in passages}
        qrels: dict[str, dict[str, int]] = {}
        for (name, content), row in sorted(self.rows.items(), key=lambda entry: entry[0][1] in ids):
            qrels.setdefault(name, {})[ids.get(content, row.doc_id)] = row.grade
        return qrels

    def added_to(self, collection: Collection) -> Collection:
        """The collection with these judgments in place of and beside its own; itself where none is of its queries."""
        if not self.rows:
            return collection
        wanted = {content for _, content in self.rows}
        ids = {each.content: each.doc_id for each in collection.passages if each.content in wanted}
        names = {query_key(query): query.query_id for query in collection.queries}
        qrels = {query_id: dict(grades) for query_id, grades in collection.qrels.items()}
        found = {key: row for key, row in self.rows.items() if key[0] in names and key[1] in ids}
        for (name, content), row in found.items():
            qrels.setdefault(names[name], {})[ids[content]] = row.grade
        return replace(collection, qrels=qrels) if found else collection

    def joined(self, others: Judgments) -> Judgments:
        """With those of the others, which count where a passage is in both."""
        return Judgments({**self.rows, **others.rows})

    def take(self, qrels: Mapping[str, Mapping[str, int]], passages: Sequence[Passage]) -> Judgments:
        """With the judgments of these passages; grades beyond GRADES count as the nearest of them."""
        by_id = {passage.doc_id: passage for passage in passages}
        fresh = {
            (name, by_id[doc_id].content): Judgment(doc_id, min(max(grade, GRADES[0]), GRADES[-1]))
            for name, grades in qrels.items()
            for doc_id, grade in grades.items()
            if doc_id in by_id
        }
        return Judgments({**self.rows, **fresh})
