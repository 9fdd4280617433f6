import pytest
from fakes import BM25, LARGE, LOST, TINY, make_result, ranking

from demo.errors import InputError
from demo.results.exchanges import Entrant, exchanges


def test_who_enters_and_who_leaves_the_first_ranks() -> None:
    # BM25: d1 d2 d3 d4 d5; Tiny: d4 d1 d2 d3 d5, and does not find d5
    result = make_result(5, ranking(BM25, [0, 1, 2, 3, 4]), ranking(TINY, [3, 0, 1, 2, 4], unfound=[4]))
    (found,) = exchanges(result, "bm25", k=3)
    assert found.ranker == TINY
    assert found.entered == (Entrant(3, 1, 4),)
    assert found.left == (Entrant(2, 3, 4),)
    assert (found.shared, found.own, found.other) == (4, 0, 1)


def test_what_is_in_one_list_only_has_no_rank_in_the_other() -> None:
    first = ranking(BM25, [0, 1, 2, 3], unfound=[2, 3])
    second = ranking(TINY, [2, 0, 1, 3], unfound=[1, 3])
    (found,) = exchanges(make_result(4, first, second), "bm25", k=2)
    assert (found.entered, found.left) == ((Entrant(2, 1, None),), (Entrant(1, 2, None),))
    assert (found.shared, found.own, found.other) == (1, 1, 1)


def test_a_tie_at_the_border_is_inside_whole_on_either_side() -> None:
    level = ranking(TINY, [0, 1, 2])
    tied = type(level).from_scores(TINY, [3.0, 1.0, 1.0])  # ranks 1 2 2
    (found,) = exchanges(make_result(3, ranking(BM25, [0, 1, 2]), tied), "bm25", k=2)
    assert (found.entered, found.left) == ((Entrant(2, 2, 3),), ())


def test_one_ranking_exchanges_nothing_and_failures_are_passed_over() -> None:
    assert exchanges(make_result(2, ranking(BM25, [0, 1]), LOST), "bm25") == ()
    with pytest.raises(InputError, match="is not among the rankers"):
        exchanges(make_result(2, ranking(LARGE, [0, 1])), "nobody")
