import pytest
from fakes import BM25, LOST, SMALL, TINY, make_result, ranking

from demo.errors import InputError
from demo.metrics.agreement import TAU_B
from demo.records import Cost, Pace
from demo.results.speed import speed_rows

COST = Cost(pairs=4, kept_pairs=1, tokenise_seconds=0.1, model_seconds=0.2, load_seconds=3.0, tokens=90, model_bytes=7)
RESULT = make_result(
    4, ranking(BM25, range(4)), ranking(TINY, [0, 1, 3, 2], COST), LOST, ranking(SMALL, [3, 2, 1, 0], Cost(4, 4))
)


def test_rows_worked_by_hand() -> None:
    bm25, tiny, small = speed_rows(RESULT, "tiny", TAU_B)
    assert tiny.milliseconds_per_pair == pytest.approx(300 / (4 - 1))
    assert tiny.cost is COST
    assert (tiny.agreement, tiny.is_reference) == (None, True)
    assert bm25.agreement == pytest.approx((5 - 1) / 6)
    assert small.agreement == pytest.approx((1 - 5) / 6)
    assert not small.is_reference


def test_a_ranker_that_computed_nothing_has_no_speed() -> None:
    assert [row.milliseconds_per_pair for row in speed_rows(RESULT, "bm25", TAU_B)][::2] == [None, None]


def test_a_ranker_whose_scores_were_kept_has_the_speed_of_the_run_that_computed_them() -> None:
    result = make_result(2, ranking(TINY, [1, 0], Cost(pairs=2, kept_pairs=2, earlier=Pace(50, 0.25))))
    (row,) = speed_rows(result, "bm25", TAU_B)
    assert row.milliseconds_per_pair == pytest.approx(5.0)  # 250 / 50


def test_the_first_stage_can_be_the_reference_without_a_row() -> None:
    rows = speed_rows(make_result(2, ranking(TINY, [1, 0])), "bm25", TAU_B)
    assert [(row.ranker, row.agreement, row.is_reference) for row in rows] == [(TINY, -1.0, False)]


def test_a_reference_that_failed_is_refused() -> None:
    with pytest.raises(InputError, match="Lost gave no ranking"):
        speed_rows(RESULT, "lost", TAU_B)


def test_rows_of_nothing() -> None:
    assert speed_rows(make_result(3), "bm25", TAU_B) == ()
    (row,) = speed_rows(make_result(0, ranking(TINY, [])), "bm25", TAU_B)
    assert (row.agreement, row.milliseconds_per_pair) == (None, None)
