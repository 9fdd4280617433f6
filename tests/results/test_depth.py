import numpy as np
import pytest
from fakes import BM25, ENGINE, LOST, OKAPI, SMALL, TINY, FakeRanker, make_result, ranking

from demo.rankers.fusion import Fusion
from demo.records import Cost, Ranking, Result
from demo.results.depth import at_depth, missed_by_depth, usual_depths
from demo.results.members import with_fusion
from demo.results.scores import score_facts

RESULT = make_result(5, ranking(OKAPI, [4, 3, 2, 1, 0]), ranking(TINY, [4, 2, 0, 3, 1], Cost(pairs=5)), LOST)


def test_only_the_top_is_reranked_and_the_rest_keep_their_places() -> None:
    okapi, tiny, lost = at_depth(RESULT, 3).columns
    assert okapi is RESULT.columns[0]
    assert lost is LOST
    assert tiny.order.tolist() == [2, 0, 1, 3, 4]  # 4 2 0 3 1 without 3 and 4, then 3 and 4
    assert tiny.ranks.tolist() == [2, 3, 1, 4, 5]
    assert tiny.scores == pytest.approx([2, 0, 3, np.nan, np.nan], nan_ok=True)  # n − rank in the full order
    assert (tiny.scores.dtype, tiny.order.dtype, tiny.ranks.dtype) == (np.float32, np.int64, np.int64)
    assert tiny.cost.pairs == 5


def test_the_full_lineup_is_left_as_it_was() -> None:
    at_depth(RESULT, 2)
    assert not np.isnan(RESULT.rankings[1].scores).any()


@pytest.mark.parametrize("depth", [5, 6, 500])
def test_a_depth_of_all_changes_nothing(depth: int) -> None:
    assert at_depth(RESULT, depth) is RESULT


@pytest.mark.parametrize("depth", [0, -3])
def test_a_depth_of_none_is_the_first_stage(depth: int) -> None:
    tiny = at_depth(RESULT, depth).rankings[1]
    assert tiny.order.tolist() == [0, 1, 2, 3, 4]
    assert np.isnan(tiny.scores).all()


@pytest.mark.parametrize("depth", range(8))
def test_ranks_and_order_stay_inverse(depth: int) -> None:
    draw = np.random.default_rng(depth)
    result = make_result(7, ranking(TINY, draw.permutation(7).tolist()), ranking(SMALL, draw.permutation(7).tolist()))
    for found in at_depth(result, depth).rankings:
        assert found.ranks[found.order].tolist() == list(range(1, 8))
        assert np.isnan(found.scores).tolist() == [index >= depth for index in range(7)]


@pytest.mark.parametrize("depth", range(1, 6))
def test_what_a_depth_missed_is_what_its_top_lacks(depth: int) -> None:
    k = 2
    (loss,) = missed_by_depth(RESULT, [depth], k)
    full, smaller = (set(result.rankings[1].order[:k].tolist()) for result in (RESULT, at_depth(RESULT, depth)))
    assert set(loss.missed[0]) == full - smaller if depth >= k else set(loss.missed[0]) >= full - smaller


def test_missed_worked_by_hand() -> None:
    tiny, small = missed_by_depth(
        make_result(5, ranking(OKAPI, range(5)), ranking(TINY, [4, 2, 0, 3, 1]), LOST, ranking(SMALL, [1, 0, 2, 3, 4])),
        (1, 3, 5),
        k=3,
    )
    assert (tiny.ranker, tiny.depths) == (TINY, (1, 3, 5))
    assert tiny.missed == ((4, 2), (4,), ())  # its top 3 is 4 2 0, in places 5, 3 and 1 of the first stage
    assert tiny.enough == 5
    assert small.missed == ((1, 2), (), ())
    assert small.enough == 3


def test_a_cutoff_beyond_the_list_needs_all_of_it() -> None:
    (tiny,) = missed_by_depth(RESULT, [2], k=10)
    assert tiny.missed == ((4, 2, 3),)
    assert tiny.enough == 5


def test_nothing_is_missed_where_there_is_nothing() -> None:
    (tiny,) = missed_by_depth(make_result(0, ranking(TINY, []), ranking(BM25, [])), (10,))
    assert (tiny.missed, tiny.enough) == (((),), 0)
    assert missed_by_depth(make_result(3, LOST), (1,)) == ()


def test_an_engine_is_a_first_stage_too() -> None:
    result = make_result(3, ranking(ENGINE, [2, 1, 0]), first=ENGINE)
    assert at_depth(result, 1).rankings == result.rankings
    assert missed_by_depth(result, (1,)) == ()


def test_a_fusion_at_a_depth_has_ranks_for_all() -> None:
    fusion = Fusion("rrf", (FakeRanker("bm25", label="BM25"), FakeRanker("tiny")))
    fused = with_fusion(at_depth(RESULT, 3), fusion).rankings[-1]
    # ranks by BM25 1…5, by tiny at depth 3: 2 3 1 4 5
    assert fused.scores == pytest.approx([1 / 61 + 1 / 62, 1 / 62 + 1 / 63, 1 / 63 + 1 / 61, 2 / 64, 2 / 65], rel=1e-6)
    assert score_facts(at_depth(RESULT, 3).rankings[1]).scored == 3


@pytest.mark.parametrize(
    ("size", "depths"),
    [(0, ()), (1, (1,)), (10, (10,)), (11, (10, 11)), (100, (10, 20, 50, 100)), (500, (10, 20, 50, 100, 200, 500))],
)
def test_usual_depths(size: int, depths: tuple[int, ...]) -> None:
    assert usual_depths(size) == depths


def test_at_depth_of_an_empty_lineup() -> None:
    empty: Result = make_result(0, ranking(TINY, []))
    assert at_depth(empty, 0) is empty


# ---- what the first stage did not find -----------------------------------------------------------------------------

FOUND_TWO = ranking(BM25, range(4), unfound=[2, 3])
HALF_FOUND = make_result(4, ranking(TINY, [3, 1, 0, 2]), first=FOUND_TWO)


def test_a_depth_counts_only_what_the_first_stage_found() -> None:
    (tiny,) = at_depth(HALF_FOUND, 3).rankings  # takes the two that were found: 1 before 0
    assert tiny.found.tolist() == [True, True, False, False]
    assert tiny.order.tolist() == [1, 0, 2, 3]
    assert tiny.ranks.tolist() == [2, 1, 3, 3]
    assert np.isnan(tiny.scores).tolist() == [False, False, True, True]
    assert at_depth(HALF_FOUND, 4) is HALF_FOUND


def test_below_a_depth_ties_are_those_of_the_first_stage() -> None:
    first = Ranking.from_scores(BM25, [5.0, 2.0, 2.0, 1.0])
    (tiny,) = at_depth(make_result(4, ranking(TINY, [3, 2, 1, 0]), first=first), 1).rankings
    assert tiny.ranks.tolist() == [1, 2, 2, 4]


def test_what_no_depth_keeps_is_counted_apart() -> None:
    # the top 3 is 3 1 0; the first stage ranks 1 and 0 second and first, and 3 not at all
    (loss,) = missed_by_depth(HALF_FOUND, (1, 2, 3, 4), k=3)
    assert loss.missed == ((3, 1), (3,), (3,), ())  # the full depth takes all
    assert (loss.enough, loss.unfound) == (2, 1)


def test_a_first_stage_that_found_nothing_keeps_nothing() -> None:
    nothing = ranking(BM25, range(2), unfound=[0, 1])
    (loss,) = missed_by_depth(make_result(2, ranking(TINY, [1, 0]), first=nothing), (1, 2))
    assert (loss.missed, loss.enough, loss.unfound) == (((1, 0), ()), 0, 2)
