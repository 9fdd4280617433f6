"""What a good reranker does whatever it was trained with, counted over made cases.

Each case is a query, a passage, and others that it must score above. Passages and questions are those of the
collections in `corpora/`, put together anew, or stand here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demo.library import Library

_COLLECTIONS = ("cities", "health", "cooking", "programming", "support", "astronomy")
_STRANGE = (
    "The heart pumps blood through the body. It beats about one hundred thousand times a day and rests between beats. "
    "Sourdough bread rises with wild yeast and lactic acid bacteria. The dough ferments for many hours before baking."
)
_CITIES = {
    "Berlin": "3,700,000",
    "Madrid": "3,300,000",
    "Rome": "2,800,000",
    "Paris": "2,100,000",
    "Vienna": "1,900,000",
    "Hamburg": "1,800,000",
    "Warsaw": "1,700,000",
    "Munich": "1,500,000",
    "Lyon": "520,000",
    "Lisbon": "510,000",
}
_YEARS = (1648, 1789, 1815, 1848, 1871, 1918, 1945, 1969, 1989, 2004)
_NEGATED = (
    (
        ("which museum can be visited on Mondays", "The museum is open on Mondays and entry costs five euros."),
        ("which museum is closed on Mondays", "The museum is not open on Mondays and entry costs five euros."),
    ),
    (
        ("berries that are safe for dogs", "Blueberries are safe for dogs and full of vitamins."),
        ("berries that harm dogs", "Holly berries are not safe for dogs and must be kept away from them."),
    ),
    (
        ("planets that have moons", "Mars has moons. Both of them are small and shaped like potatoes."),
        ("planets without moons", "Venus has no moons. Why that is so is still being discussed."),
    ),
    (
        ("drugs that make people tired", "The tablets make people tired, so driving is unwise after taking them."),
        ("drugs that do not make people tired", "The tablets do not make people tired, so driving is fine."),
    ),
    (
        ("countries that border the sea", "Portugal borders the sea in the west and in the south."),
        ("countries that do not border the sea", "Austria does not border the sea; its rivers reach the Black Sea."),
    ),
    (
        ("bread made with yeast", "This bread is made with yeast and rises for two hours."),
        ("bread made without yeast", "This bread is made without yeast and is baked at once."),
    ),
    (
        ("tickets that can be returned", "Tickets of the saver fare can be returned until the day before."),
        ("tickets that cannot be returned", "Tickets of the saver fare cannot be returned once they are paid."),
    ),
    (
        ("metals that are magnetic", "Iron is magnetic, as every compass needle shows."),
        ("metals that are not magnetic", "Copper is not magnetic, as a simple experiment with a compass shows."),
    ),
    (
        ("birds that can fly", "The swift can fly for months and even sleeps in the air."),
        ("birds that cannot fly", "The kiwi cannot fly and finds worms at night by their smell."),
    ),
    (
        ("languages with grammatical gender", "German has grammatical gender: the spoon is masculine."),
        ("languages without grammatical gender", "Finnish has no grammatical gender: he and she are one word."),
    ),
    (
        ("mushrooms that may be eaten raw", "Button mushrooms may be eaten raw in a salad."),
        ("mushrooms that must not be eaten raw", "Honey mushrooms must never be eaten raw, as they upset the stomach."),
    ),
    (
        (
            "sorting methods that keep the order of equal items",
            "Merge sort is stable: it keeps the order of equal items.",
        ),
        (
            "sorting methods that lose the order of equal items",
            "Heap sort is not stable: equal items may change places.",
        ),
    ),
)
"""Pairs of a query and its passage: one says a thing, the other denies it."""


@dataclass(frozen=True)
class Case:
    """A passage that must score above all of some others."""

    query: str
    passage: str
    below: tuple[str, ...]


@dataclass(frozen=True)
class Property:
    """One thing that is asked of a model.

    Attributes:
        key: Its name in code.
        text: What is counted, as it stands in a model's card.
        cases: Over which it is counted.
    """

    key: str
    text: str
    cases: tuple[Case, ...]


Scorer = Callable[[Sequence[tuple[str, str]]], NDArray[np.float32]]
"""Scores of (query, passage) pairs."""


def properties(corpora: Path) -> tuple[Property, ...]:
    """All that is asked.

    Args:
        corpora: The repository's folder of collections.
    """
    library = Library(corpora)
    collections = [library.load(key) for key in _COLLECTIONS]
    texts = [[p.content for p in c.passages] for c in collections]
    answers: list[tuple[str, str]] = []
    others: list[str] = []
    for collection in collections:
        by_id = {p.doc_id: p.content for p in collection.passages}
        for query in collection.queries:
            grades = collection.qrels[query.query_id]
            answers.append((query.text, next(by_id[d] for d, grade in grades.items() if grade >= 2)))
            others.append(next(by_id[d] for d, grade in grades.items() if grade == 0))
    neighbours = [
        [text for text in group[start : start + 10] if ". " in text] for group in texts for start in range(0, 30, 5)
    ]
    rng = random.Random(0)
    shuffled = [" ".join(rng.sample(text.split(), len(text.split()))) for _, text in answers]
    populations = {city: f"{city} has a population of about {n} inhabitants." for city, n in _CITIES.items()}
    treaties = {str(year): f"In {year} the treaty was signed and the borders were drawn anew." for year in _YEARS}
    return (
        Property(
            "opening",
            "a passage's own opening sentence ranks it first among ten of one collection",
            tuple(Case(group[0].split(". ")[0] + ".", group[0], tuple(group[1:])) for group in neighbours),
        ),
        Property(
            "names",
            "the same sentence on ten cities: the one that the query names is first",
            _named(populations, ("population of {}", "How many people live in {}?")),
        ),
        Property(
            "numbers",
            "the same sentence with ten years: the one that the query names is first",
            _named(treaties, ("treaty of {}", "What was signed in {}?")),
        ),
        Property("order", "a passage that answers scores higher than its words shuffled", _above(answers, shuffled)),
        Property(
            "longer",
            "two strange passages behind one that answers do not lift it",
            _above(answers, [f"{text} {_STRANGE}" for _, text in answers]),
        ),
        Property(
            "tripled",
            "one that does not answer, made three times as long, stays below one that does",
            _above(answers, [f"{text} {_STRANGE} {text}" for text in others]),
        ),
        Property(
            "stuffed",
            "one that does not answer, with the query twice in front of it, stays below one that does",
            _above(answers, [f"{query} {query} {text}" for (query, _), text in zip(answers, others, strict=True)]),
        ),
        Property(
            "strange",
            "two strange passages with the query twice in front of them stay below one that answers",
            _above(answers, [f"{query} {query} {_STRANGE}" for query, _ in answers]),
        ),
        Property(
            "negation",
            "of two passages, one that says a thing and one that denies it, the one that was asked for is first",
            tuple(
                Case(query, passage, (denied,))
                for one, two in _NEGATED
                for (query, passage), (_, denied) in ((one, two), (two, one))
            ),
        ),
    )


def _named(sentences: Mapping[str, str], forms: Sequence[str]) -> tuple[Case, ...]:
    """A case for each form and name: its sentence above those of all other names."""
    return tuple(
        Case(form.format(name), sentence, tuple(s for s in sentences.values() if s != sentence))
        for form in forms
        for name, sentence in sentences.items()
    )


def _above(answers: Sequence[tuple[str, str]], others: Sequence[str]) -> tuple[Case, ...]:
    return tuple(Case(query, text, (other,)) for (query, text), other in zip(answers, others, strict=True))


def pairs(asked: Sequence[Property]) -> list[tuple[str, str]]:
    """All (query, passage) pairs of some properties, each once."""
    cases = (case for row in asked for case in row.cases)
    return list(dict.fromkeys((case.query, text) for case in cases for text in (case.passage, *case.below)))


def held(row: Property, scores: Mapping[tuple[str, str], float]) -> int:
    """In how many of its cases the property holds; a tie is a failure."""
    return sum(
        scores[case.query, case.passage] > max(scores[case.query, text] for text in case.below) for case in row.cases
    )


def report(asked: Sequence[Property], models: Mapping[str, Scorer]) -> str:
    """A Markdown table: one line per property, one column per model."""
    columns = []
    wanted = pairs(asked)
    for scorer in models.values():
        scores = dict(zip(wanted, scorer(wanted).tolist(), strict=True))
        columns.append([f"{held(row, scores)} of {len(row.cases)}" for row in asked])
    lines = ["| | " + " | ".join(models) + " |", "|---" * (len(models) + 1) + "|"]
    lines += [f"| {row.text} | " + " | ".join(cells) + " |" for row, *cells in zip(asked, *columns, strict=True)]
    return "\n".join(lines)
