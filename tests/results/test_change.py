import numpy as np
import pytest
from fakes import BM25, LOST, MODEL, SMALL, TINY, make_change, make_pair, make_result, ranking

from demo.messages import Message
from demo.records import Cost, Pace, Passage, Ranking
from demo.results.change import Pair, compare, take_candidates
from demo.results.key_figures import KeyFigure, key_figures
from demo.results.words import change_summary

SWAPPED_ENDS = ([5.0, 4.0, 3.0, 2.0], [0.1, 0.3, 0.2, 0.9])  # new order: 4, 2, 3, 1
TWELVE = [float(score) for score in range(12, 0, -1)]
TURNED = [11.0, 12.0, *TWELVE[2:9], 1.0, 2.0, 3.0]  # of twelve the first two swapped, the last three turned round


def said(before: list[float], after: list[float], **more: object) -> Message:
    pair = make_pair(before, after, **more)  # type: ignore[arg-type]
    return change_summary(pair.change, pair.result.candidates)


# ---- candidates ----------------------------------------------------------------------------------------------------


def test_candidates_are_the_best_of_the_first_stage_in_its_order() -> None:
    pair = make_pair([1.0, 9.0, 5.0, 5.0], [0.0, 0.0, 0.0, 1.0], depth=3)
    result, change = pair.result, pair.change
    assert [passage.doc_id for passage in result.candidates] == ["d2", "d3", "d4"]
    assert change.before.ranks.tolist() == [1, 2, 2]
    assert change.after.ranks.tolist() == [2, 2, 1]
    assert change.moves.tolist() == [-1, 0, 1]
    assert (result.size, len(result.collection.passages)) == (3, 4)


@pytest.mark.parametrize(
    ("depth", "taken"),
    [(0, []), (1, [1]), (2, [1, 3]), (3, [1, 3]), (4, [1, 3, 2, 0])],
)
def test_a_depth_counts_only_what_the_first_stage_found(depth: int, taken: list[int]) -> None:
    # two of four are found; all are taken where the depth covers them, and then what was not found comes last, in
    # the order of `ties`
    first = Ranking.from_scores(BM25, [0.0, 9.0, 0.0, 5.0], found=[False, True, False, True])
    assert take_candidates(first, depth, np.array([3, 2, 1, 0])).tolist() == taken


def test_what_ties_in_the_first_stage_is_taken_in_the_order_of_the_texts() -> None:
    first = Ranking.from_scores(BM25, [2.0, 2.0, 2.0, 7.0])
    assert take_candidates(first, 3, np.array([2, 0, 1, 3])).tolist() == [3, 1, 2]


def test_grades_are_those_of_the_query_and_unjudged_is_not_zero() -> None:
    assert make_pair([3.0, 2.0, 1.0], [1.0, 2.0, 3.0], grades={"d1": 0, "d3": 3}).result.grades == (0, None, 3)


def test_rankings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="2 candidates before, 1 after"):
        compare(Ranking.from_scores(BM25, [2.0, 1.0]), Ranking.from_scores(MODEL, [1.0]))


# ---- agreement and moves -------------------------------------------------------------------------------------------


def test_agreement_of_the_ranks() -> None:
    agreement = make_change(*SWAPPED_ENDS).agreement
    # pairs of candidates 1…4 by new score .1 .3 .2 .9: agreeing only (2, 3); five others reversed: (1 − 5) / 6
    assert agreement.tau_b == pytest.approx(-4 / 6)
    assert (agreement.overlap, agreement.k) == (4, 4)
    # overlaps of 1234 and 4231 at depths 1…4: 0, 1, 2… {1,2,3}∩{4,2,3} = 2, 4; p = .9:
    expected = 0.1 / 0.9 * (0 + 1 / 2 * 0.9**2 + 2 / 3 * 0.9**3 + 0.9**4) + 0.9**4
    assert agreement.rbo == pytest.approx(expected)


def test_tied_passages_share_the_best_of_their_places() -> None:
    change = make_change([3.0, 2.0, 1.0], [0.5, 0.5, 0.9])
    assert change.after.ranks.tolist() == [2, 2, 1]
    # one pair tied after; the two others reversed: (0 − 2) / √(3 · 2)
    assert change.agreement.tau_b == pytest.approx(-2 / np.sqrt(6))


def test_movers() -> None:
    change = make_change(*SWAPPED_ENDS)
    assert change.moves.tolist() == [-3, 0, 0, 3]
    assert (change.biggest_climb(), change.biggest_drop(), change.moved) == (3, 0, 2)
    assert change.biggest_movers() == [3, 0]  # equal distances: the higher new rank first
    assert change.biggest_movers(1) == [3]


def test_of_equal_moves_the_one_at_the_top_is_named() -> None:
    change = make_change([4.0, 3.0, 2.0, 1.0], [0.9, 1.0, 0.1, 0.2])  # two swaps of neighbours
    assert change.moves.tolist() == [-1, 1, -1, 1]
    assert (change.biggest_climb(), change.biggest_drop()) == (1, 0)


def test_nothing_moved() -> None:
    change = make_change([2.0, 1.0], [0.2, 0.1])
    assert (change.biggest_climb(), change.biggest_drop(), change.biggest_movers()) == (None, None, [])
    nothing = make_change([], [])
    assert (nothing.biggest_climb(), nothing.biggest_drop(), nothing.moved, nothing.size) == (None, None, 0, 0)


def test_overlap_of_the_two_top_tens() -> None:
    new = [12.0, 1.0, 11.0, 10.0, 9.0, 8.0, 7.0, 6.0, 2.0, 5.0, 13.0, 4.0]
    assert make_change(TWELVE, new).agreement.overlap == 8  # 10 and 11 came in, 1 and 8 left


def test_who_shared_a_rank_of_the_old_top_did_not_rise_into_it() -> None:
    # ranks 1, 2 and ten times 3: the new top three are the last three, all of them in the old one
    change = make_change([3.0, 2.0, *[1.0] * 10], list(range(12)))
    assert change.raised(3) == []
    assert change.raised(2) == [11, 10]
    passages = [Passage(str(index), f"passage {index}") for index in range(12)]
    tied = make_change([1.0] * 12, list(range(12)))
    assert tied.raised() == []
    assert str(change_summary(tied, passages)) == (
        "BM25 gave all passages the same score, so it had no order; “passage 11” is first, one of 12 that shared the "
        "first place before."
    )
    assert change_summary(tied, passages).to("zh").endswith("。")


def test_what_was_not_found_does_not_move() -> None:
    # BM25 finds the first two; ranks 1, 2 and 3 for the others, by Tiny 4, 3, 2, 1
    change = make_change([2.0, 1.0, 0.0, 0.0], [1.0, 2.0, 3.0, 4.0], found=[True, True, False, False])
    assert change.before.ranks.tolist() == [1, 2, 3, 3]
    assert [change.move(index) for index in range(4)] == [-3, -1, None, None]
    assert (change.comparable, change.moved, change.size) == (2, 2, 4)
    assert (change.biggest_climb(), change.biggest_drop(), change.biggest_movers()) == (None, 0, [0, 1])
    assert change.brought(2) == [3, 2]
    assert change.came_in(2) == [3, 2]
    assert change.brought(10) == [3, 2]
    # in τ_b the two that were not found are one tie below all others; every other pair is reversed
    assert change.agreement.tau_b == pytest.approx(-5 / np.sqrt(5 * 6))
    assert change.agreement.overlap == 2  # BM25's top 4 are the two that it found


def test_what_neither_found_is_no_tie_at_the_top() -> None:
    change = make_change([0.0, 0.0], [1.0, 2.0], found=[False, False])
    assert change.comparable == change.agreement.overlap == 0
    assert (change.agreement.tau_b, change.agreement.rbo) == (None, None)


# ---- in words ------------------------------------------------------------------------------------------------------


def test_summary_of_a_list_beyond_ten() -> None:
    found = said(TWELVE, TURNED)
    assert str(found) == (
        "The cross-encoder raised 1 passage from below into the top 10; the first result changed: “passage 2”, before "
        "at rank 2."
    )
    assert found.to("zh") == "交叉编码器把下方的 1 个段落提进了前 10 名；首位换了：“passage 2”，原为第 2 名。"


@pytest.mark.parametrize(
    ("before", "after", "found", "en"),
    [
        ([], [], None, "There was nothing to rank."),
        ([1.0], [2.0], None, "There is only one passage, so its rank cannot change."),
        (
            [2.0, 1.0],
            [1.0, 2.0],
            None,
            "The cross-encoder moved both passages; the first result changed: “passage 2”, before at rank 2.",
        ),
        (
            [3.0, 2.0, 1.0],
            [0.9, 0.8, 0.7],
            None,
            "The cross-encoder moved none of the 3 passages; the first result stays: “passage 1”.",
        ),
        (
            [3.0, 2.0, 1.0],
            [0.9, 0.7, 0.8],
            None,
            "The cross-encoder moved 2 of 3 passages; the first result stays: “passage 1”.",
        ),
        (
            [3.0, 2.0, 1.0],
            [0.4, 0.4, 0.4],
            None,
            "The cross-encoder gave all passages the same score, so it has no order.",
        ),
        ([0.0, 0.0, 0.0], [0.1, 0.2, 0.3], [False] * 3, "BM25 found none of the passages; “passage 3” is first."),
        (
            [2.0, 0.0, 0.0],
            [0.1, 0.2, 0.3],
            [True, False, False],
            "The cross-encoder ranked 2 passages that BM25 never found; the first result is new: “passage 3”.",
        ),
        (
            # of twelve the last was not found, and 11 was below the top ten
            TWELVE,
            [*TWELVE[:8], 0.2, 0.1, 4.0, 3.0],
            [*[True] * 11, False],
            "The cross-encoder brought 1 passage that BM25 never found into the top 10; 1 more rose into it from "
            "below; the first result stays: “passage 1”.",
        ),
    ],
)
def test_summary_at_the_edges(before: list[float], after: list[float], found: list[bool] | None, en: str) -> None:
    words = said(before, after, found=found)
    assert str(words) == en
    assert words.to("zh").endswith("。")


def test_summary_shortens_a_long_passage() -> None:
    long = "word " * 400
    # 12 words of 5 columns less the space, and …: 60
    assert f"changed: “{'word ' * 11}word…”, before" in str(said([2.0, 1.0], [1.0, 2.0], texts=["first", long]))


# ---- key figures ---------------------------------------------------------------------------------------------------


def figures_of(before: list[float], after: list[float], **more: object) -> tuple[KeyFigure, ...]:
    pair = make_pair(before, after, **more)  # type: ignore[arg-type]
    return key_figures(pair.change, pair.result.candidates)


def test_key_figures() -> None:
    cost = Cost(pairs=12, kept_pairs=2, tokenise_seconds=0.1, model_seconds=0.4)
    figures = {figure.key: figure for figure in figures_of(TWELVE, TURNED, cost=cost)}
    assert list(figures) == ["tau", "overlap", "climb", "drop", "time"]
    assert (figures["tau"].value, str(figures["tau"].sub)) == ("0.88", "strong agreement of the two orders")
    assert (figures["overlap"].value, str(figures["overlap"].sub)) == ("9/10", "1 came in")
    assert (figures["climb"].value, str(figures["climb"].sub)) == ("▲ 2", "12 → 10: passage 12")
    assert (figures["climb"].candidate, figures["climb"].direction) == (11, "up")
    assert (figures["drop"].value, str(figures["drop"].sub)) == ("▼ 2", "10 → 12: passage 10")
    assert figures["time"].value == "0.50 s"
    assert str(figures["time"].sub) == "10 of 12 pairs, 20 a second"  # (12 − 2) / (0.1 + 0.4)
    assert figures["time"].sub.to("zh") == "12 对中计算了 10 对，每秒 20 对"


def test_tau_of_hardly_any_order_is_not_called_strong() -> None:
    # BM25 found the first of three, so two tie below it: (2 − 0) / √(2 · 3)
    tau = figures_of([9.0, 0.0, 0.0], [3.0, 2.0, 1.0], found=[True, False, False])[0]
    assert (tau.value, str(tau.sub)) == ("0.82", "1 of 3 passages found by both, too few to speak of an order")
    assert str(figures_of([2.0, 1.0], [2.0, 1.0])[0].sub).startswith("2 of 2 passages found by both, too few")
    assert str(figures_of([3.0, 2.0, 1.0], [3.0, 2.0, 1.0])[0].sub) == "strong agreement of the two orders"


@pytest.mark.parametrize(
    ("before", "after", "values"),
    [
        ([], [], ["–", "–", "–", "–", "–"]),
        ([1.0], [1.0], ["–", "1/1", "–", "–", "–"]),
        ([2.0, 1.0], [1.0, 1.0], ["–", "2/2", "▲ 1", "–", "–"]),  # the second of two now shares the first rank
    ],
)
def test_key_figures_at_the_edges(before: list[float], after: list[float], values: list[str]) -> None:
    assert [figure.value for figure in figures_of(before, after)] == values


def time_of(**more: object) -> tuple[str, str, str, str]:
    time = figures_of([2.0, 1.0], [1.0, 2.0], **more)[-1]
    return str(time.label), time.value, str(time.sub), time.sub.to("zh")


def test_time_of_a_run_that_computed_nothing() -> None:
    assert time_of(cost=Cost(pairs=2, kept_pairs=2))[1:] == (
        "0 s",
        "2 pairs kept from before",
        "2 对均沿用已有得分",
    )


def test_time_of_a_run_that_computed_nothing_names_the_earlier_pace() -> None:
    assert time_of(cost=Cost(pairs=2, kept_pairs=2, earlier=Pace(500, 0.25))) == (
        "Pairs a second",
        "2,000",
        "in an earlier run; 2 pairs kept from before",
        "较早的一次运行；2 对均沿用已有得分",
    )
    some = Cost(pairs=2, kept_pairs=1, model_seconds=0.25, earlier=Pace(500, 0.25))
    assert time_of(cost=some)[2] == "1 of 2 pairs, 4.0 a second"


# ---- the two-column view of a result -------------------------------------------------------------------------------


def test_a_pair_is_the_first_column_and_the_last() -> None:
    columns = (ranking(BM25, [0, 1, 2]), LOST, ranking(SMALL, [1, 0, 2]), ranking(TINY, [2, 1, 0]))
    pair = Pair.of(make_result(3, *columns))
    assert (pair.before, pair.after) == (columns[0], columns[3])
    assert pair.change.moves.tolist() == [-2, 0, 2]


def test_a_pair_needs_two_rankings() -> None:
    with pytest.raises(ValueError, match="found 1"):
        Pair.of(make_result(3, ranking(BM25, [0, 1, 2]), LOST))
