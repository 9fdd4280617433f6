import math
from dataclasses import replace

import numpy as np
import pytest
from demo.rankers.choices import Bm25Choice, CrossEncoderChoice, FusionChoice, parse_ranker

from demo.rankers.bm25_index import Bm25Settings
from demo.rankers.fusion import fuse
from demo.records import Ranker, Ranking, ScoreKind

BM25 = Ranker("bm25", "BM25", ScoreKind.BM25)
TINY = Ranker("bundled/tiny", "Tiny", ScoreKind.LOGIT)
PAIR = (Bm25Choice(), CrossEncoderChoice("bundled/tiny"))


def fused(text: str, *scores: list[float]) -> Ranking:
    choice = parse_ranker(text)
    assert isinstance(choice, FusionChoice)
    return fuse(choice, [Ranking.from_scores(ranker, each) for ranker, each in zip((BM25, TINY), scores, strict=True)])


def test_rrf_worked_by_hand() -> None:
    found = fused("rrf(bm25+bundled/tiny)", [9.0, 5.0, 1.0], [-3.0, 8.0, 7.0])  # ranks 1 2 3 and 3 1 2
    assert found.scores == pytest.approx([1 / 61 + 1 / 63, 1 / 62 + 1 / 61, 1 / 63 + 1 / 62], rel=1e-6)
    assert found.order.tolist() == [1, 0, 2]
    assert found.scores.dtype == np.float32
    assert found.ranker == Ranker("rrf(bm25+bundled/tiny)", "RRF (BM25 + Tiny)", ScoreKind.RRF)


def test_rrf_with_weights_and_another_k() -> None:
    found = fused("rrf(bm25+bundled/tiny)[weights=0.5/2;k=1]", [9.0, 5.0], [-3.0, 8.0])
    assert found.scores == pytest.approx([0.5 / 2 + 2 / 3, 0.5 / 3 + 2 / 2])
    assert found.ranker.label == "RRF, k = 1 (0.5 × BM25 + 2 × Tiny)"


def test_rrf_of_k_zero_and_a_weight_of_zero() -> None:
    assert fused("rrf(bm25+bundled/tiny)[weights=1/0;k=0]", [1.0, 3.0], [9.0, 0.0]).scores.tolist() == [1 / 2, 1.0]


def test_rrf_ties_keep_the_order_of_candidates() -> None:
    found = fused("rrf(bm25+bundled/tiny)", [2.0, 1.0], [1.0, 2.0])  # 1/61 + 1/62 for both
    assert found.scores[0] == found.scores[1]
    assert found.order.tolist() == [0, 1]


def test_min_max_sum_worked_by_hand() -> None:
    # min–max 1, ½, 0 and 0, 1, ¼; doubled the second: 1 + 0, ½ + 2, 0 + ½
    found = fused("min-max(bm25+bundled/tiny)[weights=1/2]", [9.0, 5.0, 1.0], [-3.0, 5.0, -1.0])
    assert found.scores.tolist() == [1.0, 2.5, 0.5]
    assert found.ranker.kind is ScoreKind.WEIGHTED_SUM
    assert found.ranker.label == "min–max (BM25 + 2 × Tiny)"


def test_z_sum_worked_by_hand() -> None:
    # mean 2 and deviation √(2/3): −√1.5, 0, √1.5; the other reversed at a third of the weight
    found = fused("z(bm25+bundled/tiny)[weights=3/1]", [1.0, 2.0, 3.0], [30.0, 20.0, 10.0])
    assert found.scores == pytest.approx([-2 * math.sqrt(1.5), 0, 2 * math.sqrt(1.5)])
    assert found.ranker.label == "z (3 × BM25 + Tiny)"


@pytest.mark.parametrize("method", ["min-max", "z"])
def test_a_member_that_tells_nothing_apart_adds_nothing(method: str) -> None:
    alone, level = [1.0, 3.0, 2.0], [7.0, 7.0, 7.0]
    found = fused(f"{method}(bm25+bundled/tiny)", alone, level)
    assert found.order.tolist() == [1, 2, 0]
    assert fused(f"{method}(bm25+bundled/tiny)", level, level).scores.tolist() == [0.0, 0.0, 0.0]


def test_infinite_scores_count_as_the_finite_ends() -> None:
    found = fused("min-max(bm25+bundled/tiny)", [math.inf, 4.0, 0.0, -math.inf], [0.0, 0.0, 0.0, 0.0])
    assert found.scores.tolist() == [1.0, 1.0, 0.0, 0.0]
    assert fused("z(bm25+bundled/tiny)", [math.inf, -math.inf], [1.0, 3.0]).scores.tolist() == [-1.0, 1.0]


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("min-max", [1 / 2 + 1, 1 + 0, 0 + 0]),  # without a score, the third counts as the second, its lowest
        ("rrf", [1 / 62 + 1 / 61, 1 / 61 + 1 / 62, 1 / 63 + 1 / 63]),
    ],
)
def test_a_candidate_without_a_score_counts_as_the_lowest(method: str, expected: list[float]) -> None:
    scored = Ranking.from_scores(TINY, [6.0, 2.0, 0.0])
    partly = replace(scored, scores=np.array([6.0, 2.0, np.nan], np.float32))
    found = fuse(FusionChoice(method, PAIR), [Ranking.from_scores(BM25, [2.0, 3.0, 1.0]), partly])
    assert found.scores == pytest.approx(expected)


@pytest.mark.parametrize("method", ["rrf", "min-max", "z"])
def test_fusions_of_nothing_and_of_one_candidate(method: str) -> None:
    assert fused(f"{method}(bm25+bundled/tiny)", [], []).ranks.tolist() == []
    assert fused(f"{method}(bm25+bundled/tiny)", [3.0], [-1.0]).ranks.tolist() == [1]


@pytest.mark.parametrize("method", ["rrf", "min-max", "z"])
def test_a_member_may_stand_on_any_scale(method: str) -> None:
    scores, other = [1.0, 4.0, 2.0, 8.0], [3.0, 5.0, 1.0, 2.0]
    moved = [100 * score - 7 for score in scores]
    one, two = (fused(f"{method}(bm25+bundled/tiny)", each, other) for each in (scores, moved))
    assert one.scores == pytest.approx(two.scores, rel=1e-5)


def test_one_ranker_with_two_settings_can_be_fused() -> None:
    choice = FusionChoice("rrf", (Bm25Choice(), Bm25Choice(Bm25Settings(k1=2))))
    members = [Ranking.from_scores(BM25, [1.0, 2.0]), Ranking.from_scores(BM25, [1.0, 2.0])]
    assert fuse(choice, members).ranker.key == "rrf(bm25+bm25[k1=2])"


@pytest.mark.parametrize("sizes", [(2, 3), (2,), (2, 2, 2)])
def test_members_that_do_not_fit_are_refused(sizes: tuple[int, ...]) -> None:
    members = [Ranking.from_scores(BM25, range(size)) for size in sizes]
    with pytest.raises(ValueError, match="2 rankings of one length"):
        fuse(FusionChoice("rrf", PAIR), members)
