import math

import numpy as np
import pytest

from demo.charts.scales import SCALES, find_scale, scaled
from demo.records import RankerSpec, Ranking
from demo.score_kinds import BM25, LOGIT

LOGITS = RankerSpec("m", "M", LOGIT)
WORDS = RankerSpec("bm25", "BM25", BM25)


def values_of(key: str, scores: list[float], ranker: RankerSpec = LOGITS) -> list[float] | None:
    values = scaled(Ranking.from_scores(ranker, scores), find_scale(key)).values
    return None if values is None else values.tolist()


@pytest.mark.parametrize(
    ("key", "scores", "expected"),
    [
        ("raw", [2.0, -1.0], [2.0, -1.0]),
        ("sigmoid", [0.0, math.log(3)], [0.5, 0.75]),  # 1 / (1 + 1/3)
        ("min-max", [1.0, 3.0, 2.0], [0.0, 1.0, 0.5]),
        ("rank", [5.0, 9.0, 7.0], [0.0, 1.0, 0.5]),  # (3 − 3)/2, (3 − 1)/2, (3 − 2)/2
        ("rank", [5.0, 9.0, 5.0, 5.0], [1 / 3, 1.0, 1 / 3, 1 / 3]),  # the mean of ranks 2, 3, 4 is 3: (4 − 3)/3
        ("rank", [4.0, 4.0], [0.5, 0.5]),  # the mean of ranks 1 and 2 is 1.5: (2 − 1.5)/1
        ("z", [1.0, 2.0, 3.0], [-math.sqrt(1.5), 0.0, math.sqrt(1.5)]),  # deviation √(2/3)
    ],
)
def test_values_worked_by_hand(key: str, scores: list[float], expected: list[float]) -> None:
    assert values_of(key, scores) == pytest.approx(expected, abs=1e-7)


def test_sigmoid_of_great_logits_does_not_overflow() -> None:
    assert values_of("sigmoid", [1000.0, -1000.0]) == [1.0, 0.0]


def test_sigmoid_leaves_other_kinds_raw_and_says_so() -> None:
    reading = scaled(Ranking.from_scores(WORDS, [3.0, 1.0]), find_scale("sigmoid"))
    assert reading.values is not None
    assert reading.values.tolist() == [3.0, 1.0]
    assert reading.note is not None
    assert str(reading.note) == "raw: sigmoid is for logits"
    assert str(reading.label) == "BM25 score"


@pytest.mark.parametrize("key", ["min-max", "z"])
def test_equal_scores_have_no_spread_to_divide_by(key: str) -> None:
    reading = scaled(Ranking.from_scores(LOGITS, [1.5, 1.5, 1.5]), find_scale(key))
    assert reading.values is None
    assert reading.note is not None
    assert "All scores are equal" in str(reading.note)
    assert "得分全部相同" in reading.note.to("zh")


@pytest.mark.parametrize("key", ["min-max", "rank", "z"])
def test_one_score_has_no_place_among_others(key: str) -> None:
    reading = scaled(Ranking.from_scores(LOGITS, [1.5]), find_scale(key))
    assert reading.values is None
    assert reading.note is not None
    assert "One passage" in str(reading.note)


@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: scale.key)
def test_every_scale_keeps_the_order(scale: object) -> None:
    scores = np.random.default_rng(3).normal(0, 4, 50).round(1)
    reading = scaled(Ranking.from_scores(LOGITS, scores), scale)  # type: ignore[arg-type]
    assert reading.values is not None
    places = np.argsort(scores, kind="stable")
    assert (np.diff(reading.values[places]) >= 0).all()
    assert (np.diff(reading.values[places])[np.diff(scores[places]) > 0] > 0).all()


@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: scale.key)
def test_every_scale_says_what_to_show_of_nothing(scale: object) -> None:
    reading = scaled(Ranking.from_scores(LOGITS, []), scale)  # type: ignore[arg-type]
    assert reading.values is not None
    assert reading.values.size == 0
    assert reading.note is not None


def test_rows_of_scales_are_told_apart_and_explained() -> None:
    assert len({scale.key for scale in SCALES}) == len(SCALES)
    assert all(str(scale.formula) and scale.formula.to("zh") and scale.label.to("zh") for scale in SCALES)
    with pytest.raises(KeyError, match="raw, sigmoid, min-max, rank, z"):
        find_scale("log")
