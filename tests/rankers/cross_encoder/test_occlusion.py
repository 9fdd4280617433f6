"""What leaving words out says of a score, worked by hand with a ranker that counts."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import pytest

from demo.messages import Message
from demo.progress import Progress, Steps
from demo.rankers.cross_encoder.occlusion import occlude, stretches, without
from demo.rankers.cross_encoder.scoring import Scored
from demo.records import Cost, Effect, Extent, ModelSpec, ModelUse, Occlusion, RankerSpec
from demo.score_kinds import LOGIT

USE = ModelUse(ModelSpec("made", "Made"), "r1", "fp32", 512, windows=False)
RANKER = RankerSpec("made", "Made", LOGIT, USE)


class Counting:
    """Scores 3 for every passage word that the query has, less 0.5 for every other; reads `limit` characters."""

    def __init__(self, limit: int = 1000) -> None:
        self.limit = limit
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def __call__(self, query: str, contents: list[str]) -> Generator[Progress, None, Scored]:
        self.asked.append((query, tuple(contents)))
        yield Progress("scoring", 0, len(contents), Message("Scoring"))
        scores = [sum(3.0 if w in query.split() else -0.5 for w in content.split()) for content in contents]
        extents = tuple(Extent(9, 9, 0, min(self.limit, len(content))) for content in contents)
        return Scored(np.array(scores, dtype=np.float32), extents, Cost(), USE)


def occluded(query: str, content: str, score: Counting) -> Occlusion:
    steps = Steps(occlude(query, content, score, lambda scored: RankerSpec("made", "Made", LOGIT, scored.model)))
    assert [step.stage for step in steps] == ["scoring"] * len(score.asked)
    return steps.result


def test_effects_worked_by_hand() -> None:
    found = occluded("red car", "a red car", rank := Counting())
    assert (found.ranker, found.query, found.content) == (RANKER, "red car", "a red car")
    assert found.score == 5.5  # −½ + 3 + 3
    assert found.of_passage == (Effect(0, 1, -0.5), Effect(2, 5, 3.0), Effect(6, 9, 3.0))
    # without “red” in the query the passage has one word that counts: −½ − ½ + 3 = 2
    assert found.of_query == (Effect(0, 3, 3.5), Effect(4, 7, 3.5))
    assert rank.asked == [
        ("red car", ("a red car",)),
        ("red car", ("red car", "a car", "a red ")),
        ("car", ("a red car",)),
        ("red ", ("a red car",)),
    ]


def test_the_only_word_of_a_query_stays() -> None:
    found = occluded("red", "red", Counting())
    assert (found.of_query, found.of_passage) == ((), (Effect(0, 3, 3.0),))


def test_what_was_not_read_is_not_left_out() -> None:
    found = occluded("x", "one two three", Counting(limit=8))  # the cut is inside “three”
    assert [(each.start, each.end) for each in found.of_passage] == [(0, 3), (4, 7)]


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("", 3, []),
        ("... !", 3, []),
        ("Is it 3.5?", 3, ["Is", "it", "3.5"]),
        ("one two three four", 3, ["one two", "three four"]),
        ("one two three four five", 2, ["one two three", "four five"]),
        ("北京 has", 5, ["北", "京", "has"]),
    ],
)
def test_stretches(text: str, most: int, expected: list[str]) -> None:
    assert [text[start:end] for start, end in stretches(text, 0, len(text), most)] == expected


@pytest.mark.parametrize(
    ("text", "span", "rest"),
    [
        ("a red car", (2, 5), "a car"),
        ("Paris, Texas", (0, 5), ", Texas"),
        ("Paris, Texas", (7, 12), "Paris, "),
        ("red car", (0, 3), "car"),
        ("北京大学", (1, 2), "北大学"),
        ("a\nred car", (2, 5), "a\ncar"),
    ],
)
def test_without(text: str, span: tuple[int, int], rest: str) -> None:
    assert without(text, span) == rest
