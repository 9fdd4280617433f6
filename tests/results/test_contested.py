from collections.abc import Sequence

import numpy as np
import pytest
from fakes import BM25, ENGINE, LARGE, LOST, OKAPI, SMALL, TINY, made_model, make_result, ranking

from demo.records import RankerSpec, Ranking
from demo.results.contested import GROUPS, apart_means, contested, tolerance
from demo.score_kinds import WEIGHTED_SUM

UNKNOWN = made_model("unknown", "Unknown")
SUM = RankerSpec("z(a+b)", "z", WEIGHTED_SUM)


def placing(ranker: RankerSpec, rank: int, size: int) -> Ranking:
    """Candidate 0 at this rank, all others in their order."""
    order = list(range(1, size))
    order.insert(rank - 1, 0)
    return ranking(ranker, order)


def group_of(placed: Sequence[tuple[RankerSpec, int]], size: int = 20) -> str:
    """The group of a passage that these rankers place at these ranks."""
    found = contested(make_result(size, *(placing(ranker, rank, size) for ranker, rank in placed)))
    return next(contest.group.key for contest in found if contest.candidate == 0)


@pytest.mark.parametrize(
    ("size", "k", "gap"),
    [(0, 10, 1), (1, 10, 1), (19, 10, 1), (20, 10, 2), (57, 10, 5), (100, 10, 10), (500, 10, 10), (500, 5, 5)],
)
def test_what_counts_grows_with_the_list_up_to_the_cutoff(size: int, k: int, gap: int) -> None:
    assert tolerance(size, k) == gap


def test_the_rule_in_words() -> None:
    assert str(apart_means(5)).startswith("Far apart: more than 1 rank between")
    assert str(apart_means(200, 7)) == (
        "Far apart: more than 7 ranks between two rankers, at least one of which has the passage in its top 7."
    )
    assert "超过 7" in apart_means(200, 7).to("zh")


@pytest.mark.parametrize(
    ("placed", "key"),
    [  # of 20, ranks are far apart when they differ by more than 2 and the better is at most 10
        ([(BM25, 1), (TINY, 3)], "agree"),
        ([(BM25, 1), (TINY, 4)], "words"),
        ([(TINY, 4), (BM25, 1)], "words"),
        ([(BM25, 11), (TINY, 20)], "agree"),
        ([(BM25, 10), (TINY, 20)], "words"),
        ([(BM25, 1), (OKAPI, 2), (TINY, 8), (SMALL, 9), (LARGE, 10)], "words"),
        ([(BM25, 9), (TINY, 1), (SMALL, 2)], "words"),
        ([(BM25, 1), (OKAPI, 9), (TINY, 9)], "unclear"),
        ([(BM25, 1), (TINY, 9), (SMALL, 5)], "unclear"),
        ([(BM25, 1), (TINY, 9), (SMALL, 1)], "small"),
        ([(BM25, 1), (TINY, 9), (SMALL, 10), (LARGE, 2)], "small"),
        ([(TINY, 9), (SMALL, 1), (LARGE, 2)], "small"),
        ([(TINY, 1), (SMALL, 9), (LARGE, 1)], "unclear"),
        ([(BM25, 9), (TINY, 9), (SMALL, 1)], "unclear"),  # BM25 sides with the small one
        ([(TINY, 9), (SMALL, 1)], "unclear"),  # alone among two says nothing
        ([(TINY, 9), (SMALL, 1), (ENGINE, 1)], "unclear"),
        ([(BM25, 1), (TINY, 9), (UNKNOWN, 1)], "unclear"),
        ([(BM25, 1), (ENGINE, 5), (TINY, 9), (SUM, 4)], "words"),
        ([(ENGINE, 1), (TINY, 9)], "unclear"),
        ([(ENGINE, 1), (SUM, 3)], "agree"),
        ([(TINY, 9)], "agree"),
    ],
)
def test_groups(placed: list[tuple[RankerSpec, int]], key: str) -> None:
    assert group_of(placed) == key


def test_the_size_that_divides_may_lie_anywhere() -> None:
    sizes = [made_model(f"m{size}", f"M{size}", size) for size in (1, 2, 3, 4, 5)]
    for border in range(1, 5):
        placed = [(ranker, 1 if index < border else 8) for index, ranker in enumerate(sizes)]
        assert group_of(placed) == "small"


def test_ranks_of_a_contest() -> None:
    result = make_result(4, ranking(BM25, [0, 1, 2, 3]), ranking(TINY, [3, 1, 2, 0]), ranking(SMALL, [0, 1, 3, 2]))
    by_candidate = {contest.candidate: contest for contest in contested(result)}
    last = by_candidate[3]  # ranks 4, 1, 3
    assert (last.best, last.worst, last.spread) == (1, 4, 3)
    assert by_candidate[1].spread == 0


def test_the_widest_come_first_and_of_equals_the_better_rank() -> None:
    # ranks by tiny: 6 2 3 5 4 1, so spreads 5 0 0 1 1 5; of 6 passages more than 1 is far apart
    result = make_result(6, ranking(BM25, range(6)), ranking(TINY, [5, 1, 2, 4, 3, 0]))
    assert [contest.candidate for contest in contested(result)] == [0, 5, 3, 4, 1, 2]


def test_what_nobody_has_near_the_top_comes_after_what_is_contested() -> None:
    swapped = list(range(60))
    swapped[0], swapped[9], swapped[20], swapped[59] = 9, 0, 59, 20  # spreads 9 and 39
    found = contested(make_result(60, ranking(BM25, range(60)), ranking(TINY, swapped)))
    assert [(contest.candidate, contest.spread, contest.group.key) for contest in found[:3]] == [
        (0, 9, "words"),
        (9, 9, "words"),
        (20, 39, "agree"),
    ]


def test_a_smaller_cutoff_contests_fewer() -> None:
    result = make_result(20, placing(BM25, 5, 20), placing(TINY, 12, 20))
    assert contested(result)[0].group.key == "words"
    assert {contest.group.key for contest in contested(result, k=3)} == {"agree"}


@pytest.mark.parametrize("result", [make_result(0), make_result(3), make_result(3, LOST)])
def test_nothing_is_contested_without_rankings(result: object) -> None:
    assert contested(result) == ()  # type: ignore[arg-type]


def test_no_candidates_and_one() -> None:
    assert contested(make_result(0, ranking(TINY, []), ranking(SMALL, []))) == ()
    (only,) = contested(make_result(1, ranking(TINY, [0]), ranking(SMALL, [0])))
    assert (only.best, only.worst, only.spread, only.group.key) == (1, 1, 0, "agree")


def test_no_two_far_apart_is_what_agreement_means() -> None:
    draw = np.random.default_rng(3)
    result = make_result(50, *(ranking(each, draw.permutation(50).tolist()) for each in (BM25, TINY, SMALL, LARGE)))
    for contest in contested(result):
        ranks = [int(each.ranks[contest.candidate]) for each in result.rankings]
        far = any(abs(one - other) > 5 and min(one, other) <= 10 for one in ranks for other in ranks)
        assert (contest.group.key == "agree") is not far


def test_groups_are_told_apart_and_explained() -> None:
    labels = ["All agree", "BM25 alone", "Smaller models alone", "No clear line"]
    assert [str(group.label) for group in GROUPS] == labels
    assert len({group.label.to("zh") for group in GROUPS}) == len({group.key for group in GROUPS}) == 4
    assert all(str(group.meaning).endswith(".") and group.meaning.to("zh").endswith("。") for group in GROUPS)


# ---- what was not found, and ties ----------------------------------------------------------------------------------


def test_who_did_not_find_a_passage_says_nothing_of_it() -> None:
    # BM25 did not find candidate 0, which Tiny has first: nobody else ranks it, so nobody disagrees
    result = make_result(20, ranking(BM25, range(20), unfound=[0]), placing(TINY, 20, 20))
    only = next(contest for contest in contested(result) if contest.candidate == 0)
    assert (only.best, only.worst, only.spread, only.group.key) == (20, 20, 0, "agree")


def test_what_nobody_found_is_left_out() -> None:
    result = make_result(4, ranking(BM25, range(4), unfound=[2, 3]), ranking(ENGINE, range(4), unfound=[3]))
    assert sorted(contest.candidate for contest in contested(result)) == [0, 1, 2]
    nothing = make_result(2, ranking(BM25, range(2), unfound=[0, 1]))
    assert contested(nothing) == ()


def test_tied_passages_are_equally_contested() -> None:
    # ranks by BM25 1 1 3 4 5 6 and by Tiny 1 … 6: of the two that BM25 ties, the second moved by one, which is no more
    # than the tolerance of 1
    result = make_result(
        6, Ranking.from_scores(BM25, [9, 9, 4, 3, 2, 1]), Ranking.from_scores(TINY, [6, 5, 4, 3, 2, 1])
    )
    by_candidate = {contest.candidate: contest for contest in contested(result)}
    assert [(by_candidate[index].best, by_candidate[index].worst) for index in (0, 1, 2)] == [(1, 1), (1, 2), (3, 3)]
    assert {contest.group.key for contest in by_candidate.values()} == {"agree"}


def test_who_ties_everything_says_nothing() -> None:
    level = Ranking.from_scores(TINY, [0.5] * 4)
    found = contested(make_result(4, ranking(BM25, range(4)), level))
    assert [(contest.best, contest.worst, contest.group.key) for contest in found] == [
        (rank, rank, "agree") for rank in (1, 2, 3, 4)
    ]
    assert contested(make_result(4, level)) == ()
