import pytest
from fakes import BM25, LARGE, LOST, OKAPI, SMALL, TINY, FakeRanker, make_result, ranking

from demo.errors import InputError
from demo.metrics.agreement import TAU_AP, TAU_B
from demo.rankers.fusion import Fusion
from demo.results.members import agreement_matrix, agreement_with, find_ranking, with_fusion
from demo.score_kinds import RRF as RRF_SCORE

RESULT = make_result(3, ranking(TINY, [2, 0, 1]), LOST, ranking(SMALL, [0, 2, 1]))
RRF = Fusion("rrf", (FakeRanker("bm25", label="BM25"), FakeRanker("tiny")))


def test_a_ranking_is_found_among_the_columns_and_in_the_first_stage() -> None:
    assert find_ranking(RESULT, "tiny") is RESULT.columns[0]
    assert find_ranking(RESULT, "bm25") is RESULT.first


def test_a_column_comes_before_a_first_stage_of_the_same_key() -> None:
    result = make_result(3, ranking(BM25, [2, 1, 0]))
    assert find_ranking(result, "bm25") is result.columns[0]


def test_a_ranker_that_failed_or_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"Lost gave no ranking.*There is no such model\. Choose another") as failed:
        find_ranking(RESULT, "lost")
    assert "There is no such model.请选择其他排序器。" in failed.value.to("zh")
    with pytest.raises(
        InputError, match="“large” is not among the rankers here, which are bm25, tiny, small"
    ) as absent:
        find_ranking(RESULT, "large")
    assert "“large”" in absent.value.to("zh")


def test_agreement_of_every_ranking_with_every_other() -> None:
    # orders: tiny 3 1 2, small 1 3 2: one of three pairs turned, τ_b (2 − 1)/3
    (one, to_small), (to_tiny, other) = agreement_matrix(RESULT, TAU_B)
    assert (one, to_small, to_tiny, other) == pytest.approx((1, 1 / 3, 1 / 3, 1))


def test_rows_of_the_matrix_are_references() -> None:
    result = make_result(3, ranking(TINY, [0, 1, 2]), ranking(SMALL, [2, 0, 1]))
    # against tiny: small's second has a wrong one above it, 0/1, its third one right of two: 2 · ½/2 − 1
    # against small: tiny's second 1/1, its third 0/2: 2 · 1/2 − 1
    of_tiny, of_small = agreement_matrix(result, TAU_AP)
    assert of_tiny == pytest.approx((1, -1 / 2))
    assert of_small == pytest.approx((0, 1))
    assert agreement_with(result, "tiny", TAU_AP) == pytest.approx((1, -1 / 2))
    assert agreement_with(result, "small", TAU_AP) == pytest.approx((0, 1))


def test_agreement_with_the_first_stage() -> None:
    assert agreement_with(RESULT, "bm25", TAU_B) == pytest.approx((-1 / 3, 1 / 3))


@pytest.mark.parametrize("size", [0, 1])
def test_agreement_of_too_few_candidates_is_undefined(size: int) -> None:
    result = make_result(size, ranking(TINY, range(size)), ranking(SMALL, range(size)))
    assert agreement_matrix(result, TAU_B) == ((None, None), (None, None))


def test_agreement_of_no_rankings() -> None:
    assert agreement_matrix(make_result(3), TAU_B) == ()
    assert agreement_with(make_result(3, LOST), "bm25", TAU_B) == ()


def test_a_fusion_becomes_the_last_column() -> None:
    fused = with_fusion(RESULT, RRF)
    assert [column.ranker.label for column in fused.columns] == ["Tiny", "Lost", "Small", "RRF (BM25 + Tiny)"]
    # ranks by BM25 1 2 3, by tiny 2 3 1
    assert fused.rankings[-1].scores == pytest.approx([1 / 61 + 1 / 62, 1 / 62 + 1 / 63, 1 / 63 + 1 / 61], rel=1e-6)
    assert fused.rankings[-1].ranker.kind is RRF_SCORE
    assert len(RESULT.columns) == 3


def test_the_same_fusion_is_there_once() -> None:
    assert len(with_fusion(with_fusion(RESULT, RRF), RRF).columns) == 4


def test_members_are_told_apart_by_their_settings() -> None:
    result = make_result(2, ranking(OKAPI, [1, 0]), ranking(LARGE, [1, 0]))
    fusion = Fusion("min-max", (FakeRanker("bm25"), FakeRanker("large[windows]")))
    with pytest.raises(InputError, match=r"“large\[windows\]” is not among the rankers"):
        with_fusion(result, fusion)


def test_a_fusion_with_a_member_that_failed_says_why() -> None:
    with pytest.raises(InputError, match=r"Lost gave no ranking.*no such model"):
        with_fusion(RESULT, Fusion("z", (FakeRanker("bm25"), FakeRanker("lost"))))


def test_a_member_gives_nothing_to_what_it_did_not_find() -> None:
    # ranks by BM25 1, 2 and none, by Tiny 2 3 1: the third gets Tiny's share alone; what nobody found is not found
    result = make_result(4, ranking(TINY, [2, 0, 1, 3], unfound=[3]), first=ranking(BM25, range(4), unfound=[2, 3]))
    fused = with_fusion(result, RRF).rankings[-1]
    assert fused.scores == pytest.approx([1 / 61 + 1 / 62, 1 / 62 + 1 / 63, 1 / 61, 0], rel=1e-6)
    assert fused.found.tolist() == [True, True, True, False]
    assert fused.ranks.tolist() == [1, 2, 3, 4]
