import math
from dataclasses import replace

import numpy as np
import pytest
from fakes import BM25, MODEL, FakeRanker, FakeSource, service_with

from demo.errors import InputError
from demo.rankers.bm25 import Bm25
from demo.rankers.bm25_index import Bm25Settings
from demo.rankers.fusion import Fusion
from demo.records import RankerSpec, Ranking
from demo.score_kinds import RRF, WEIGHTED_SUM

PAIR = (Bm25(), FakeRanker("bundled/tiny", label="Tiny"))


def fused(text: str, *scores: list[float]) -> Ranking:
    fusion = service_with(FakeSource()).rankers.read(text)
    assert isinstance(fusion, Fusion)
    return fusion.fuse([Ranking.from_scores(ranker, each) for ranker, each in zip((BM25, MODEL), scores, strict=True)])


def test_rrf_worked_by_hand() -> None:
    found = fused("rrf(bm25+bundled/tiny)", [9.0, 5.0, 1.0], [-3.0, 8.0, 7.0])  # ranks 1 2 3 and 3 1 2
    assert found.scores == pytest.approx([1 / 61 + 1 / 63, 1 / 62 + 1 / 61, 1 / 63 + 1 / 62], rel=1e-6)
    assert found.order.tolist() == [1, 0, 2]
    assert found.scores.dtype == np.float32
    assert found.ranker == RankerSpec("rrf(bm25+bundled/tiny)", "RRF (BM25 + Tiny)", RRF)


def test_rrf_with_weights_and_another_k() -> None:
    found = fused("rrf(bm25+bundled/tiny)[weights=0.5/2;k=1]", [9.0, 5.0], [-3.0, 8.0])
    assert found.scores == pytest.approx([0.5 / 2 + 2 / 3, 0.5 / 3 + 2 / 2])
    assert found.ranker.label == "RRF, k = 1 (0.5 × BM25 + 2 × Tiny)"


def test_rrf_of_k_zero_and_a_weight_of_zero() -> None:
    assert fused("rrf(bm25+bundled/tiny)[weights=1/0;k=0]", [1.0, 3.0], [9.0, 0.0]).scores.tolist() == [1 / 2, 1.0]


def test_rrf_ties_share_a_rank() -> None:
    found = fused("rrf(bm25+bundled/tiny)", [2.0, 1.0], [1.0, 2.0])  # 1/61 + 1/62 for both
    assert found.scores[0] == found.scores[1]
    assert found.ranks.tolist() == [1, 1]


def test_min_max_sum_worked_by_hand() -> None:
    # min–max 1, ½, 0 and 0, 1, ¼; doubled the second: 1 + 0, ½ + 2, 0 + ½
    found = fused("min-max(bm25+bundled/tiny)[weights=1/2]", [9.0, 5.0, 1.0], [-3.0, 5.0, -1.0])
    assert found.scores.tolist() == [1.0, 2.5, 0.5]
    assert found.ranker.kind is WEIGHTED_SUM
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
    scored = Ranking.from_scores(MODEL, [6.0, 2.0, 0.0])
    partly = replace(scored, scores=np.array([6.0, 2.0, np.nan], np.float32))
    found = Fusion(method, PAIR).fuse([Ranking.from_scores(BM25, [2.0, 3.0, 1.0]), partly])
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
    fusion = Fusion("rrf", (Bm25(), Bm25(Bm25Settings(k1=2))))
    members = [Ranking.from_scores(BM25, [1.0, 2.0]), Ranking.from_scores(BM25, [1.0, 2.0])]
    assert fusion.fuse(members).ranker.key == "rrf(bm25+bm25[k1=2])"


@pytest.mark.parametrize("sizes", [(2, 3), (2,), (2, 2, 2)])
def test_members_that_do_not_fit_are_refused(sizes: tuple[int, ...]) -> None:
    members = [Ranking.from_scores(BM25, range(size)) for size in sizes]
    with pytest.raises(ValueError, match="2 rankings of one length"):
        Fusion("rrf", PAIR).fuse(members)


# ---- what members did not find -------------------------------------------------------------------------------------


def halves(one: list[bool], other: list[bool]) -> list[Ranking]:
    """Scores 4 3 2 1 of BM25 and 1 2 3 4 of Tiny, of which each found a part."""
    return [
        Ranking.from_scores(BM25, [4.0, 3.0, 2.0, 1.0], found=one),
        Ranking.from_scores(MODEL, [1.0, 2.0, 3.0, 4.0], found=other),
    ]


def test_rrf_gives_nothing_for_what_a_member_did_not_find() -> None:
    # BM25 ranks the first two 1 and 2, Tiny the last two 2 and 1
    found = Fusion("rrf", PAIR, k=0).fuse(halves([True, True, False, False], [False, False, True, True]))
    assert found.scores.tolist() == [1, 1 / 2, 1 / 2, 1]
    assert found.ranks.tolist() == [1, 3, 3, 1]
    assert found.found.all()


@pytest.mark.parametrize("method", ["rrf", "min-max", "z"])
def test_what_no_member_found_is_not_found(method: str) -> None:
    found = Fusion(method, PAIR).fuse(halves([True, True, False, False], [True, True, True, False]))
    assert found.found.tolist() == [True, True, True, False]
    assert found.ranks[3] == 4


def test_tied_passages_get_the_same_from_a_member() -> None:
    members = [Ranking.from_scores(BM25, [5.0, 5.0, 1.0]), Ranking.from_scores(MODEL, [3.0, 2.0, 1.0])]
    # competition ranks 1 1 3 and 1 2 3
    assert Fusion("rrf", PAIR, k=0).fuse(members).scores == pytest.approx([2, 1 + 1 / 2, 2 / 3])


# ---- as a ranker ---------------------------------------------------------------------------------------------------


def test_a_fusion_ranks_a_whole_collection_if_its_members_do() -> None:
    whole, part = FakeRanker("whole", ranks_collection=True), FakeRanker("part")
    assert Fusion("rrf", (whole, Bm25())).spec.ranks_collection
    assert not Fusion("rrf", (whole, part)).spec.ranks_collection


def test_a_fusion_holds_no_other() -> None:
    with pytest.raises(InputError, match="holds another fusion"):
        Fusion("z", (Bm25(), Fusion("rrf", PAIR)))
