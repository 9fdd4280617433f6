import numpy as np
import pytest
from demo.lineups import at_depth, missed_by_depth, score_facts, usual_depths, with_fusion
from demo.lineups.depth import in_order
from demo.rankers.choices import Bm25Choice, CrossEncoderChoice, FusionChoice
from made_lineups import BM25, ENGINE, LOST, OKAPI, SMALL, TINY, build_lineup, ranking

from demo.records import Cost, Lineup

LINEUP = build_lineup(5, ranking(OKAPI, [4, 3, 2, 1, 0]), ranking(TINY, [4, 2, 0, 3, 1], Cost(pairs=5)), LOST)


def test_only_the_top_is_reranked_and_the_rest_keep_their_places() -> None:
    okapi, tiny, lost = at_depth(LINEUP, 3).columns
    assert okapi is LINEUP.columns[0]
    assert lost is LOST
    assert tiny.order.tolist() == [2, 0, 1, 3, 4]  # 4 2 0 3 1 without 3 and 4, then 3 and 4
    assert tiny.ranks.tolist() == [2, 3, 1, 4, 5]
    assert tiny.scores == pytest.approx([2, 0, 3, np.nan, np.nan], nan_ok=True)  # n − rank in the full order
    assert (tiny.scores.dtype, tiny.order.dtype, tiny.ranks.dtype) == (np.float32, np.int64, np.int64)
    assert tiny.cost.pairs == 5


def test_the_full_lineup_is_left_as_it_was() -> None:
    at_depth(LINEUP, 2)
    assert not np.isnan(LINEUP.rankings[1].scores).any()


@pytest.mark.parametrize("depth", [5, 6, 500])
def test_a_depth_of_all_changes_nothing(depth: int) -> None:
    assert at_depth(LINEUP, depth) is LINEUP


@pytest.mark.parametrize("depth", [0, -3])
def test_a_depth_of_none_is_the_first_stage(depth: int) -> None:
    tiny = at_depth(LINEUP, depth).rankings[1]
    assert tiny.order.tolist() == [0, 1, 2, 3, 4]
    assert np.isnan(tiny.scores).all()


@pytest.mark.parametrize("depth", range(8))
def test_ranks_and_order_stay_inverse(depth: int) -> None:
    draw = np.random.default_rng(depth)
    lineup = build_lineup(7, ranking(TINY, draw.permutation(7).tolist()), ranking(SMALL, draw.permutation(7).tolist()))
    for found in at_depth(lineup, depth).rankings:
        assert found.ranks[found.order].tolist() == list(range(1, 8))
        assert np.isnan(found.scores).tolist() == [index >= depth for index in range(7)]


@pytest.mark.parametrize("depth", range(1, 6))
def test_what_a_depth_missed_is_what_its_top_lacks(depth: int) -> None:
    k = 2
    (loss,) = missed_by_depth(LINEUP, [depth], k)
    full, smaller = (set(lineup.rankings[1].order[:k].tolist()) for lineup in (LINEUP, at_depth(LINEUP, depth)))
    assert set(loss.missed[0]) == full - smaller if depth >= k else set(loss.missed[0]) >= full - smaller


def test_missed_worked_by_hand() -> None:
    tiny, small = missed_by_depth(
        build_lineup(
            5, ranking(OKAPI, range(5)), ranking(TINY, [4, 2, 0, 3, 1]), LOST, ranking(SMALL, [1, 0, 2, 3, 4])
        ),
        (1, 3, 5),
        k=3,
    )
    assert (tiny.ranker, tiny.depths) == (TINY, (1, 3, 5))
    assert tiny.missed == ((4, 2), (4,), ())  # its top 3 is 4 2 0, in places 5, 3 and 1 of the first stage
    assert tiny.enough == 5
    assert small.missed == ((1, 2), (), ())
    assert small.enough == 3


def test_a_cutoff_beyond_the_list_needs_all_of_it() -> None:
    (tiny,) = missed_by_depth(LINEUP, [2], k=10)
    assert tiny.missed == ((4, 2, 3),)
    assert tiny.enough == 5


def test_nothing_is_missed_where_there_is_nothing() -> None:
    (tiny,) = missed_by_depth(build_lineup(0, ranking(TINY, []), ranking(BM25, [])), (10,))
    assert (tiny.missed, tiny.enough) == (((),), 0)
    assert missed_by_depth(build_lineup(3, LOST), (1,)) == ()


def test_an_engine_is_a_first_stage_too() -> None:
    lineup = build_lineup(3, ranking(ENGINE, [2, 1, 0]), first=ENGINE)
    assert at_depth(lineup, 1).rankings == lineup.rankings
    assert missed_by_depth(lineup, (1,)) == ()


def test_a_fusion_at_a_depth_has_ranks_for_all() -> None:
    choice = FusionChoice("rrf", (Bm25Choice(), CrossEncoderChoice("tiny")))
    fused = with_fusion(at_depth(LINEUP, 3), choice).rankings[-1]
    # ranks by BM25 1…5, by tiny at depth 3: 2 3 1 4 5
    assert fused.scores == pytest.approx([1 / 61 + 1 / 62, 1 / 62 + 1 / 63, 1 / 63 + 1 / 61, 2 / 64, 2 / 65], rel=1e-6)
    assert score_facts(at_depth(LINEUP, 3).rankings[1]).scored == 3


@pytest.mark.parametrize("order", [[0, 1, 1], [0, 1], [0, 1, 3]])
def test_an_order_that_is_none_is_refused(order: list[int]) -> None:
    with pytest.raises(ValueError, match="an order of 3 candidates was expected"):
        in_order(ranking(TINY, [0, 1, 2]), np.array(order), np.zeros(3, np.float32))


@pytest.mark.parametrize(
    ("size", "depths"),
    [(0, ()), (1, (1,)), (10, (10,)), (11, (10, 11)), (100, (10, 20, 50, 100)), (500, (10, 20, 50, 100, 200, 500))],
)
def test_usual_depths(size: int, depths: tuple[int, ...]) -> None:
    assert usual_depths(size) == depths


def test_at_depth_of_an_empty_lineup() -> None:
    empty: Lineup = build_lineup(0, ranking(TINY, []))
    assert at_depth(empty, 0) is empty
