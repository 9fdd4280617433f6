import math
from dataclasses import replace

import numpy as np
import pytest
from demo.lineups import ScoreFacts, score_facts
from made_lineups import TINY

from demo.records import Ranking


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
    assert facts == ScoreFacts(TINY, scored, margin, median, tied, distinct)


def test_candidates_without_a_score_are_left_out() -> None:
    ranking = Ranking.from_scores(TINY, [5.0, 3.0, 2.0, 1.0])
    partly = replace(ranking, scores=np.array([5.0, 3.0, np.nan, np.nan], np.float32))
    assert score_facts(partly) == ScoreFacts(TINY, 2, 2.0, 2.0, 0, 2)
    none = replace(ranking, scores=np.full(4, np.nan, np.float32))
    assert score_facts(none) == ScoreFacts(TINY, 0, None, None, 0, 0)
