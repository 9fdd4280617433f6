import numpy as np
import pytest
from demo.comparison import (
    biggest_climb,
    biggest_drop,
    biggest_movers,
    compare,
    key_figures,
    moved,
    summary,
    take_candidates,
)
from made_comparisons import MakeComparison

from demo.messages import NOTHING, Message
from demo.records import Card, Collection, Cost, Pace, Query, Ranking

SWAPPED_ENDS = ([5.0, 4.0, 3.0, 2.0], [0.1, 0.3, 0.2, 0.9])  # new order: 4, 2, 3, 1
TWELVE = [float(score) for score in range(12, 0, -1)]


def test_candidates_are_the_best_of_the_first_stage_in_its_order(make_comparison: MakeComparison) -> None:
    comparison = make_comparison([1.0, 9.0, 5.0, 5.0], [0.0, 0.0, 0.0, 1.0], depth=3)
    assert [passage.doc_id for passage in comparison.candidates] == ["d2", "d3", "d4"]
    assert comparison.before.ranks.tolist() == [1, 2, 3]
    assert comparison.after.ranks.tolist() == [2, 3, 1]
    assert comparison.moves.tolist() == [-1, -1, 2]
    assert (comparison.size, comparison.collection_size) == (3, 4)


def test_grades_are_those_of_the_query_and_unjudged_is_not_zero(make_comparison: MakeComparison) -> None:
    comparison = make_comparison([3.0, 2.0, 1.0], [1.0, 2.0, 3.0], grades={"d1": 0, "d3": 3})
    assert comparison.grades == (0, None, 3)


def test_rankings_that_do_not_fit_are_refused(make_comparison: MakeComparison) -> None:
    made = make_comparison([2.0, 1.0], [1.0, 2.0])
    short = Ranking.from_scores(made.after.ranker, [1.0])
    collection = Collection("made", Card(Message("Made"), NOTHING), made.candidates)
    with pytest.raises(ValueError, match="2 first scores for 2 passages, 1 new scores for 2 candidates"):
        compare(Query("q", "a"), collection, made.before, take_candidates(made.before, 2), short)


def test_agreement_of_the_scores(make_comparison: MakeComparison) -> None:
    agreement = make_comparison(*SWAPPED_ENDS).agreement
    # pairs of candidates 1…4 by new score .1 .3 .2 .9: agreeing only (2, 3); five others reversed: (1 − 5) / 6
    assert agreement.tau_b == pytest.approx(-4 / 6)
    assert (agreement.overlap, agreement.k) == (4, 4)
    # overlaps of 1234 and 4231 at depths 1…4: 0, 1, 2… {1,2,3}∩{4,2,3} = 2, 4; p = .9:
    expected = 0.1 / 0.9 * (0 + 1 / 2 * 0.9**2 + 2 / 3 * 0.9**3 + 0.9**4) + 0.9**4
    assert agreement.rbo == pytest.approx(expected)


def test_ties_count_as_ties_and_keep_the_first_stages_order(make_comparison: MakeComparison) -> None:
    comparison = make_comparison([3.0, 2.0, 1.0], [0.5, 0.5, 0.9])
    assert comparison.after.ranks.tolist() == [2, 3, 1]
    # one pair tied after; the two others reversed: (0 − 2) / √(3 · 2)
    assert comparison.agreement.tau_b == pytest.approx(-2 / np.sqrt(6))


def test_movers(make_comparison: MakeComparison) -> None:
    comparison = make_comparison(*SWAPPED_ENDS)
    assert comparison.moves.tolist() == [-3, 0, 0, 3]
    assert (biggest_climb(comparison), biggest_drop(comparison), moved(comparison)) == (3, 0, 2)
    assert biggest_movers(comparison) == [3, 0]  # equal distances: the higher new rank first
    assert biggest_movers(comparison, 1) == [3]


def test_of_equal_moves_the_one_at_the_top_is_named(make_comparison: MakeComparison) -> None:
    comparison = make_comparison([4.0, 3.0, 2.0, 1.0], [0.9, 1.0, 0.1, 0.2])  # two swaps of neighbours
    assert comparison.moves.tolist() == [-1, 1, -1, 1]
    assert (biggest_climb(comparison), biggest_drop(comparison)) == (1, 0)


def test_nothing_moved(make_comparison: MakeComparison) -> None:
    comparison = make_comparison([2.0, 1.0], [0.2, 0.1])
    assert (biggest_climb(comparison), biggest_drop(comparison), biggest_movers(comparison)) == (None, None, [])


def test_overlap_of_the_two_top_tens(make_comparison: MakeComparison) -> None:
    new = [12.0, 1.0, 11.0, 10.0, 9.0, 8.0, 7.0, 6.0, 2.0, 5.0, 13.0, 4.0]
    comparison = make_comparison(TWELVE, new)
    assert comparison.agreement.overlap == 8  # 10 and 11 came in, 1 and 8 left


def test_summary_of_a_list_beyond_ten(make_comparison: MakeComparison) -> None:
    new = [11.0, 12.0, *TWELVE[2:9], 1.0, 2.0, 3.0]  # first two swapped, last three turned round
    said = summary(make_comparison(TWELVE, new))
    # 66 pairs, 4 reversed: (62 − 4) / 66 = 0.88
    assert str(said) == (
        "The cross-encoder moved 4 of 12 passages; “passage 2” rose from 2 to 1; top-10 overlap 9 of 10; "
        "agreement τ 0.88: strong."
    )
    assert said.to("zh") == (
        "交叉编码器移动了 12 个段落中的 4 个；“passage 2”从第 2 名升到第 1 名；前 10 名有 9 个重合；一致性 τ 0.88：强。"
    )


@pytest.mark.parametrize(
    ("before", "after", "en"),
    [
        ([], [], "There was nothing to rank."),
        ([1.0], [2.0], "There is only one passage, so its rank cannot change."),
        (
            [2.0, 1.0],
            [1.0, 2.0],
            "The cross-encoder moved both passages; “passage 2” rose from 2 to 1; agreement τ −1.00: reversed.",
        ),
        (
            [3.0, 2.0, 1.0],
            [0.9, 0.8, 0.7],
            "The cross-encoder moved none of the 3 passages; agreement τ 1.00: strong.",
        ),
        (
            [3.0, 2.0, 1.0],
            [0.9, 0.7, 0.8],
            "The cross-encoder moved 2 of 3 passages; “passage 1” stays first; agreement τ 0.33: weak.",
        ),
        (
            [3.0, 2.0, 1.0],
            [0.4, 0.4, 0.4],
            "The cross-encoder gave all 3 passages the same score, so the order stays as it was; agreement τ is not "
            "defined, because one side's scores are all equal.",
        ),
        (
            [0.0, 0.0, 0.0],
            [0.1, 0.2, 0.3],
            "The cross-encoder moved 2 of 3 passages; “passage 3” rose from 3 to 1; agreement τ is not defined, "
            "because one side's scores are all equal.",
        ),
    ],
)
def test_summary_at_the_edges(
    make_comparison: MakeComparison, before: list[float], after: list[float], en: str
) -> None:
    said = summary(make_comparison(before, after))
    assert str(said) == en
    assert said.to("zh").endswith("。")


def test_summary_shortens_a_long_passage(make_comparison: MakeComparison) -> None:
    long = "word " * 400
    said = summary(make_comparison([2.0, 1.0], [1.0, 2.0], ["first", long]))
    assert f"“{'word ' * 11}word…” rose" in str(said)  # 12 words of 5 columns less the space, and …: 60


def test_key_figures(make_comparison: MakeComparison) -> None:
    cost = Cost(pairs=12, kept_pairs=2, tokenise_seconds=0.1, model_seconds=0.4)
    new = [11.0, 12.0, *TWELVE[2:9], 1.0, 2.0, 3.0]
    figures = {figure.key: figure for figure in key_figures(make_comparison(TWELVE, new, cost=cost))}
    assert list(figures) == ["tau", "overlap", "climb", "drop", "time"]
    assert (figures["tau"].value, str(figures["tau"].sub)) == ("0.88", "strong agreement of the two orders")
    assert (figures["overlap"].value, str(figures["overlap"].sub)) == ("9/10", "1 came in, 1 left")
    assert (figures["climb"].value, str(figures["climb"].sub)) == ("▲ 2", "12 → 10: passage 12")
    assert (figures["climb"].candidate, figures["climb"].direction) == (11, "up")
    assert (figures["drop"].value, str(figures["drop"].sub)) == ("▼ 2", "10 → 12: passage 10")
    assert figures["time"].value == "0.50 s"
    assert str(figures["time"].sub) == "10 of 12 pairs, 20 a second"  # (12 − 2) / (0.1 + 0.4)
    assert figures["time"].sub.to("zh") == "12 对中计算了 10 对，每秒 20 对"


@pytest.mark.parametrize(
    ("before", "after", "values"),
    [
        ([], [], ["–", "–", "–", "–", "–"]),
        ([1.0], [1.0], ["–", "1/1", "–", "–", "–"]),
        ([2.0, 1.0], [1.0, 1.0], ["–", "2/2", "–", "–", "–"]),
    ],
)
def test_key_figures_at_the_edges(
    make_comparison: MakeComparison, before: list[float], after: list[float], values: list[str]
) -> None:
    assert [figure.value for figure in key_figures(make_comparison(before, after))] == values


def test_time_of_a_run_that_computed_nothing(make_comparison: MakeComparison) -> None:
    time = key_figures(make_comparison([2.0, 1.0], [1.0, 2.0], cost=Cost(pairs=2, kept_pairs=2)))[-1]
    assert (time.value, str(time.sub), time.sub.to("zh")) == ("0 s", "2 pairs kept from before", "2 对均沿用已有得分")


def test_time_of_a_run_that_computed_nothing_names_the_earlier_pace(make_comparison: MakeComparison) -> None:
    earlier = Cost(pairs=2, kept_pairs=2, earlier=Pace(500, 0.25))
    time = key_figures(make_comparison([2.0, 1.0], [1.0, 2.0], cost=earlier))[-1]
    assert (str(time.label), time.value) == ("Pairs a second", "2,000")
    assert str(time.sub) == "in an earlier run; 2 pairs kept from before"
    assert time.sub.to("zh") == "较早的一次运行；2 对均沿用已有得分"
    some = Cost(pairs=2, kept_pairs=1, model_seconds=0.25, earlier=Pace(500, 0.25))
    assert str(key_figures(make_comparison([2.0, 1.0], [1.0, 2.0], cost=some))[-1].sub) == "1 of 2 pairs, 4.0 a second"
