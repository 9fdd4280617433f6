import math
from dataclasses import replace

import numpy as np
import pytest
from fakes import TINY

from demo.records import Ranking
from demo.results.scores import ScoreFacts, score_facts


@pytest.mark.parametrize(
    ("scores", "scored", "margin", "median", "tied", "distinct"),
    [
        ([], 0, None, None, 0, 0),
        ([2.0], 1, None, None, 0, 1),
        ([1.0, 8.0, 3.0, 2.5], 4, 8 - 3, 1.5, 0, 4),  # margins 5, 0.5, 1.5
        ([4.0, 4.0, 1.0, 1.0, 1.0], 5, 0.0, 0.0, 5, 2),  # margins 0, 3, 0, 0
        ([4.0, 4.0, 1.0], 3, 0.0, 1.5, 2, 2),  # margins 0 and 3
        ([7.0, 7.0, 7.0], 3, 0.0, 0.0, 3, 1),
        ([math.inf, 3.0, 1.0, -math.inf], 4, None, 2.0, 0, 4),
        ([math.inf, math.inf, 1.0], 3, None, None, 2, 2),
        ([3.0, 1.0, -math.inf, -math.inf], 4, 2.0, 2.0, 2, 3),
    ],
)
def test_facts_worked_by_hand(
    scores: list[float], scored: int, margin: float | None, median: float | None, tied: int, distinct: int
) -> None:
    facts = score_facts(Ranking.from_scores(TINY, scores))
    assert facts == ScoreFacts(TINY, scored, 0, margin, median, tied, distinct)


def test_candidates_without_a_score_are_left_out() -> None:
    ranking = Ranking.from_scores(TINY, [5.0, 3.0, 2.0, 1.0])
    partly = replace(ranking, scores=np.array([5.0, 3.0, np.nan, np.nan], np.float32))
    assert score_facts(partly) == ScoreFacts(TINY, 2, 0, 2.0, 2.0, 0, 2)
    none = replace(ranking, scores=np.full(4, np.nan, np.float32))
    assert score_facts(none) == ScoreFacts(TINY, 0, 0, None, None, 0, 0)


def test_what_was_not_found_is_counted_apart() -> None:
    # of 5, 3 and two zeros that nobody found: margin 2, one neighbour
    facts = score_facts(Ranking.from_scores(TINY, [3.0, 0.0, 5.0, 0.0], found=[True, False, True, False]))
    assert facts == ScoreFacts(TINY, 2, 2, 2.0, 2.0, 0, 2)
    assert score_facts(Ranking.from_scores(TINY, [0.0, 0.0], found=[False, False])) == ScoreFacts(
        TINY, 0, 2, None, None, 0, 0
    )
