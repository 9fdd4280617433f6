from fakes import BM25, LOST, SMALL, TINY, make_result, ranking

from demo.results.what_if import what_if


def test_old_and_new_ranks_stand_together() -> None:
    before = make_result(3, ranking(BM25, [0, 1, 2]), ranking(TINY, [2, 1, 0]), query="old")
    after = make_result(3, ranking(TINY, [0, 2, 1]), ranking(BM25, [0, 1, 2]), query="new")
    found = what_if(before, after)
    assert (found.query_before, found.query_after) == ("old", "new")
    assert found.rankers == (TINY, BM25)
    shifts = {shift.passage.doc_id: shift for shift in found.shifts}
    assert (shifts["d1"].before, shifts["d1"].after, shifts["d1"].moves) == ((3, 1), (1, 1), (2, 0))
    assert shifts["d2"].moves == (-1, 0)
    assert shifts["d3"].moves == (-1, 0)
    assert [shift.passage.doc_id for shift in found.shifts] == ["d1", "d2", "d3"]
    assert not any(shift.edited for shift in found.shifts)


def test_passages_are_matched_by_id_whatever_their_place() -> None:
    before = make_result(2, ranking(TINY, [0, 1]), doc_ids=["a", "b"])
    after = make_result(2, ranking(TINY, [0, 1]), doc_ids=["b", "a"])
    assert {shift.passage.doc_id: shift.moves for shift in what_if(before, after).shifts} == {"a": (-1,), "b": (1,)}


def test_the_edited_passage_comes_first_as_it_is_now() -> None:
    before = make_result(3, ranking(TINY, [2, 1, 0]))
    after = make_result(3, ranking(TINY, [0, 1, 2]), texts={"d2": "改过的"})
    first, *others = what_if(before, after, k=1).shifts  # also where it is in neither top
    assert (first.passage.text, first.edited, first.moves) == ("改过的", True, (0,))
    assert [(shift.passage.doc_id, shift.edited) for shift in others] == [("d1", False), ("d3", False)]


def test_the_top_comes_before_greater_moves_below_it() -> None:
    before = make_result(6, ranking(TINY, [0, 1, 2, 3, 4, 5]))
    after = make_result(6, ranking(TINY, [1, 0, 5, 2, 3, 4]))  # moves −1 1 −1 −1 −1 3
    found = what_if(before, after, k=2)
    assert [shift.passage.doc_id for shift in found.shifts] == ["d1", "d2", "d6", "d3", "d4", "d5"]


def test_a_candidate_on_one_side_only_has_no_move() -> None:
    before = make_result(2, ranking(TINY, [1, 0]), doc_ids=["a", "gone"])
    after = make_result(2, ranking(TINY, [0, 1]), doc_ids=["a", "new"])
    found = what_if(before, after)
    # for the order: gone from 1 to below 2, new from below 2 to 2, a from 2 to 1
    assert [(shift.passage.doc_id, shift.before, shift.after, shift.moves, shift.edited) for shift in found.shifts] == [
        ("gone", (1,), (None,), (None,), False),
        ("a", (2,), (1,), (1,), False),
        ("new", (None,), (2,), (None,), False),
    ]


def test_only_rankers_on_both_sides_count() -> None:
    before = make_result(2, ranking(BM25, [0, 1]), ranking(TINY, [0, 1]))
    after = make_result(2, ranking(SMALL, [0, 1]), LOST, ranking(TINY, [1, 0]))
    assert what_if(before, after).rankers == (TINY,)


def test_no_rankers_in_common_and_no_passages() -> None:
    found = what_if(make_result(2, ranking(BM25, [0, 1])), make_result(2, LOST))
    assert found.rankers == ()
    assert [shift.moves for shift in found.shifts] == [(), ()]
    empty = what_if(make_result(0, ranking(TINY, [])), make_result(0, ranking(TINY, [])))
    assert (empty.rankers, empty.shifts) == ((TINY,), ())


def test_a_passage_that_was_not_found_has_no_rank() -> None:
    before = make_result(2, ranking(BM25, [0, 1], unfound=[1]))
    after = make_result(2, ranking(BM25, [1, 0]))
    shifts = {shift.passage.doc_id: shift for shift in what_if(before, after).shifts}
    assert (shifts["d2"].before, shifts["d2"].after, shifts["d2"].moves) == ((None,), (1,), (None,))
    assert shifts["d1"].moves == (-1,)
