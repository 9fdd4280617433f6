import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kendalltau

from demo.metrics.agreement import (
    MEASURES,
    RBO,
    STRENGTHS,
    AgreementMeasure,
    describe_tau,
    find_measure,
    overlap_at_k,
    overlap_between,
    rbo_ext,
    tau_ap,
    tau_ap_between,
    tau_b,
    tau_b_between,
)
from demo.records import Cost, RankerSpec, Ranking
from demo.score_kinds import LOGIT


def test_tau_b_without_ties_counts_pairs() -> None:
    # of 6 pairs only one, the second and the third candidate, is ordered the other way round: (5 − 1) / 6
    assert tau_b([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(4 / 6)


def test_tau_b_with_ties_divides_by_the_untied_pairs() -> None:
    # a ties one of three pairs, b none; the two others agree: (2 − 0) / √((3 − 1)(3 − 0))
    assert tau_b([1, 1, 2], [1, 2, 3]) == pytest.approx(2 / math.sqrt(2 * 3))


def test_tau_b_of_a_pair_tied_in_both_counts_once() -> None:
    # pairs: (1, 2) tied in both; (1, 3) and (2, 3) agree: 2 / √((3 − 1)(3 − 1))
    assert tau_b([5, 5, 9], [0, 0, 4]) == pytest.approx(1.0)


@pytest.mark.parametrize(("scores", "tau"), [([3, 2, 1], 1.0), ([1, 2, 3], -1.0)])
def test_tau_b_of_same_and_reversed_order(scores: list[float], tau: float) -> None:
    assert tau_b([9, 4, 0.5], scores) == pytest.approx(tau)


@pytest.mark.parametrize(("a", "b"), [([], []), ([1], [2]), ([1, 1, 1], [1, 2, 3]), ([1, 2], [0, 0])])
def test_tau_b_is_undefined_without_an_untied_pair(a: list[float], b: list[float]) -> None:
    assert tau_b(a, b) is None


def test_tau_b_takes_infinite_scores_as_the_ends() -> None:
    assert tau_b([-math.inf, 0, math.inf], [1, 2, 3]) == pytest.approx(1.0)


def test_tau_b_refuses_lists_of_two_lengths() -> None:
    with pytest.raises(ValueError, match="3 and 2"):
        tau_b([1, 2, 3], [1, 2])


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("values", [3, 20, 1000])
def test_tau_b_is_scipys(seed: int, values: int) -> None:
    draw = np.random.default_rng(seed)
    a, b = draw.integers(values, size=60), draw.integers(values, size=60)
    assert tau_b(a, b) == pytest.approx(kendalltau(a, b, variant="b").statistic, abs=1e-12)


def test_overlap_counts_items_in_both_heads() -> None:
    assert overlap_at_k("abcde", "bxayz", 3) == 2  # {a, b, c} ∩ {b, x, a}
    assert overlap_at_k("ab", "ba", 10) == 2
    assert overlap_at_k("", "", 10) == 0


# ---- RBO -----------------------------------------------------------------------------------------------------------


def ranks(order: str, items: str = "abcdefghijklmnopqrstuvwxyz") -> list[float]:
    """The competition rank of each item in “abc”, or in “a bc” with b and c tied; infinite for what is not in it."""
    groups = order.split() if " " in order else list(order)
    found = {item: 1 + sum(map(len, groups[:place])) for place, group in enumerate(groups) for item in group}
    return [found.get(item, math.inf) for item in items]


def rbo(one: str, other: str, p: float = 0.9) -> float | None:
    return rbo_ext(ranks(one), ranks(other), p)


def test_rbo_worked_by_hand() -> None:
    # overlaps 0, 2, 3 at depths 1, 2, 3; p = ½: (1 − p)/p · (0/1·½ + 2/2·¼ + 3/3·⅛) + 3/3·⅛ = ⅜ + ⅛
    assert rbo("abc", "bac", p=0.5) == pytest.approx(0.5)


def test_rbo_of_uneven_lists_worked_by_hand() -> None:
    # S = a, L = ab: X = 1, 1. Seen: 1·½ + ½·¼ = 0.625; unseen, depth 2: X_s (d − s)/(s d) p² = ½·¼ = 0.125;
    # tail: ((1 − 1)/2 + 1/1)·¼ = 0.25; sum (1 − p)/p · 0.75 + 0.25
    assert rbo("a", "ab", p=0.5) == pytest.approx(1.0)
    # S = b, L = ab: X = 0, 1: seen 0 + ½·¼, nothing unseen as X_s = 0, tail ((1 − 0)/2)·¼: 0.125 + 0.125
    assert rbo("b", "ab", p=0.5) == rbo("ab", "b", p=0.5) == pytest.approx(0.25)


def test_rbo_of_a_tie_counts_all_of_it_where_it_begins() -> None:
    # a, then b and c tied, against abc: at depth 2 both have a and b, of 3 and 2 passages: 2·2/5; p = ½:
    # 1·½ + ⅘·¼ + 1·⅛, and 1·⅛ for the tail
    assert rbo("a bc", "abc", p=0.5) == pytest.approx(0.5 + 0.2 + 0.125 + 0.125)
    # both tied at the top against ab: at depth 1 one passage in common of 2 and 1, 2·1/3: ⅔·½ + 1·¼ + 1·¼
    assert rbo("ab ", "ab", p=0.5) == pytest.approx(1 / 3 + 1 / 4 + 1 / 4)
    assert rbo("ab c", "ab c", p=0.5) == pytest.approx(1.0)


def test_rbo_of_uneven_lists_with_a_tie_worked_by_hand() -> None:
    # a and b tied against abc: ⅔ at depth 1, 2/2 at depth 2, which goes on: 2·(2 + 1·1)/(3 + 3) = 1; p = ½:
    # ⅔·½ + ¼ + ⅛, and ⅛ for the tail
    assert rbo("ab ", "abc", p=0.5) == pytest.approx(1 / 3 + 1 / 4 + 1 / 8 + 1 / 8)


def equation_32(one: str, other: str, p: float) -> float:
    """RBO_EXT as Webber, Moffat and Zobel print it, for lists without ties."""
    short, long = sorted((one, other), key=len)
    s, length = len(short), len(long)
    x = [len(set(short[:d]) & set(long[:d])) for d in range(length + 1)]
    seen = sum(x[d] / d * p**d for d in range(1, length + 1))
    unseen = sum(x[s] * (d - s) / (s * d) * p**d for d in range(s + 1, length + 1))
    return (1 - p) / p * (seen + unseen) + ((x[length] - x[s]) / length + x[s] / s) * p**length


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("p", [0.5, 0.9])
def test_rbo_without_ties_is_equation_32(seed: int, p: float) -> None:
    draw = np.random.default_rng(seed)
    letters = "abcdefghijklmnopqrst"
    one, other = ("".join(draw.permutation(list(letters))[: draw.integers(1, 21)]) for _ in range(2))
    assert rbo(one, other, p) == pytest.approx(equation_32(one, other, p), abs=1e-12)


@pytest.mark.parametrize("size", [1, 2, 5, 40, 500])
@pytest.mark.parametrize("p", [0.5, 0.9, 0.98])
def test_rbo_of_identical_lists_is_one_at_any_length(size: int, p: float) -> None:
    assert rbo_ext(range(1, size + 1), range(1, size + 1), p) == pytest.approx(1.0)


def test_rbo_of_lists_with_nothing_in_common_is_zero() -> None:
    assert rbo("abc", "xyz") == 0.0


def test_rbo_weighs_the_top_more() -> None:
    swapped_top, swapped_end = rbo("abcdef", "bacdef"), rbo("abcdef", "abcdfe")
    assert swapped_top is not None
    assert swapped_end is not None
    assert 0 < swapped_top < swapped_end < 1


def test_rbo_of_an_empty_list_is_undefined() -> None:
    assert rbo("", "abc") is None
    assert rbo_ext([], []) is None


def test_rbo_needs_the_same_items_twice() -> None:
    with pytest.raises(ValueError, match="2 and 3"):
        rbo_ext([1, 2], [1, 2, 3])


@pytest.mark.parametrize("p", [0, 1, -0.2])
def test_rbo_refuses_a_persistence_out_of_range(p: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        rbo("ab", "ba", p)


# ---- τ in words ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tau", "word"),
    [
        (1.0, "strong"),
        (0.7, "strong"),
        (0.694, "moderate"),
        (0.396, "moderate"),  # shown as 0.40
        (0.31, "weak"),
        (0.09, "none"),
        (-0.1, "none"),
        (-0.11, "reversed"),
        (-1.0, "reversed"),
        (None, "undefined"),
    ],
)
def test_tau_in_words(tau: float | None, word: str) -> None:
    assert str(describe_tau(tau)) == word


def test_words_descend_and_differ_in_both_languages() -> None:
    bounds = [row.at_least for row in STRENGTHS]
    assert bounds == sorted(bounds, reverse=True)
    assert len({row.word.to("zh") for row in STRENGTHS}) == len(STRENGTHS)


# ---- τ_AP --------------------------------------------------------------------------------------------------------


def ap(reference: str, other: str) -> float | None:
    """τ_AP of two orders of the same items, written as in `ranks`."""
    items = "".join(sorted(reference.replace(" ", "")))
    return tau_ap(ranks(reference, items), ranks(other, items))


def test_tau_ap_worked_by_hand() -> None:
    # other = b a c d: a (rank 2) has b above it wrongly, 0/1; c has b and a rightly, 2/2; d 3/3: 2 · (0 + 1 + 1)/3 − 1
    assert ap("abcd", "bacd") == pytest.approx(2 * (0 / 1 + 2 / 2 + 3 / 3) / 3 - 1)
    # other = a b d c: b 1/1; d 2/2; c has d above it wrongly, 2/3: 2 · (1 + 1 + 2/3)/3 − 1
    assert ap("abcd", "abdc") == pytest.approx(2 * (1 + 1 + 2 / 3) / 3 - 1)


def test_tau_ap_has_a_direction() -> None:
    # other = c a b against a b c: a 0/1, b 1/2 (a, not c): 2 · ½ / 2 − 1; other = a b c against c a b: b 1/1, c 0/2
    assert ap("abc", "cab") == pytest.approx(2 * (0 + 1 / 2) / 2 - 1)
    assert ap("cab", "abc") == pytest.approx(2 * (1 + 0 / 2) / 2 - 1)


def test_a_pair_that_the_reference_ties_is_neither_right_nor_wrong() -> None:
    # reference a, then b and c tied; other = a b c: b has a rightly, 1/1; c has a rightly and b neither: 1/2
    assert ap("a bc", "abc") == pytest.approx((1 / 1 + 1 / 2) / 2)


@pytest.mark.parametrize(
    ("reference", "other", "expected"),
    [
        ("abc", "a bc", 1),  # b and c have a above them, rightly
        ("bac", "ab c", 1),  # c has both above it, rightly
        ("abcd", "bcd a", -1),  # a has three above it, all wrongly
        ("dabc", "a bc d", (1 + 1 - 1) / 3),  # b and c have a above them; d all three, wrongly
        ("a bc", "ca b", 1 / 2),  # b has a above it, rightly, and c, which the reference ties with it
        ("a bc d", "a bc d", 1),  # any ranking agrees with itself
    ],
)
def test_what_the_other_ties_has_the_same_above_it(reference: str, other: str, expected: float) -> None:
    assert ap(reference, other) == pytest.approx(expected)


def test_tau_ap_is_undefined_where_the_other_ties_all() -> None:
    assert tau_ap([1, 2, 3], [1, 1, 1]) is None


@pytest.mark.parametrize("size", [2, 3, 50])
def test_tau_ap_of_same_and_reversed_order(size: int) -> None:
    assert tau_ap(range(size), range(size)) == pytest.approx(1.0)
    assert tau_ap(range(size), range(size)[::-1]) == pytest.approx(-1.0)


@pytest.mark.parametrize("order", ["", "a"])
def test_tau_ap_is_undefined_without_a_pair(order: str) -> None:
    assert ap(order, order) is None


def test_tau_ap_needs_the_same_items_twice() -> None:
    with pytest.raises(ValueError, match="same items, found 2 and 3"):
        tau_ap([1, 2], [1, 2, 3])


@pytest.mark.parametrize("seed", range(8))
def test_tau_ap_is_a_mean_of_scipys_tau(seed: int) -> None:
    # T(i) = τ(i) · i(i − 1)/2 sums the signs of all pairs within the first i of `other`; those of the i-th with the
    # ones above it sum to T(i) − T(i − 1), so τ_AP = 1/(n − 1) Σ (T(i) − T(i − 1)) / (i − 1).
    other = np.random.default_rng(seed).permutation(40)
    signs = [kendalltau(range(i), other[:i]).statistic * i * (i - 1) / 2 if i > 1 else 0.0 for i in range(1, 41)]
    expected = np.mean(np.diff(signs) / np.arange(1, 40))
    assert tau_ap(range(40), np.argsort(other)) == pytest.approx(expected)  # ranks of an order are its inverse


# ---- published examples of RBO -----------------------------------------------------------------------------------


def test_rbo_of_the_example_of_its_authors() -> None:
    # Webber, Moffat and Zobel 2010, figure 5: agreement at depths 1…7 is 0, 0, .667, .5, .4, .333, .286
    agreement = [0, 0, 2 / 3, 2 / 4, 2 / 5, 2 / 6, 2 / 7]
    assert [round(each, 3) for each in agreement] == [0, 0, 0.667, 0.5, 0.4, 0.333, 0.286]
    expected = 0.1 / 0.9 * sum(each * 0.9**d for d, each in enumerate(agreement, 1)) + 2 / 7 * 0.9**7
    assert rbo("abcdefg", "zcavwxy", p=0.9) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("a", "b", "published"),
    [
        ("abcde", "bcdae", 0.828),  # README of b4ny4n/rankmeasures
        ("abcdefg", "bacdefg", 0.900),  # documentation of rbo_ext in dlukes/rbo
        ("abcdefg", "abcdefg", 1.000),
    ],
)
def test_rbo_of_other_published_examples(a: str, b: str, published: float) -> None:
    assert rbo(a, b, p=0.9) == pytest.approx(published, abs=5e-4)


# ---- measures of two rankings ------------------------------------------------------------------------------------

RANKER = RankerSpec("m", "M", LOGIT)


def of_scores(scores: list[float]) -> Ranking:
    return Ranking.from_scores(RANKER, scores)


def test_every_ranking_agrees_with_itself_whatever_it_ties_or_does_not_find() -> None:
    ranking = Ranking.from_scores(RANKER, [3.0, 2.0, 2.0, 0.0, 0.0], found=[True, True, True, False, False])
    assert [measure.between(ranking, ranking) for measure in MEASURES] == pytest.approx([1] * len(MEASURES))


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.key)
def test_laws_of_every_measure(measure: AgreementMeasure) -> None:
    draw = np.random.default_rng(5)
    drawn = [of_scores(draw.normal(size=25).tolist()) for _ in range(6)]
    for one in drawn:
        assert measure.between(one, one) == pytest.approx(1.0)
    pairs = [(measure.between(one, other), measure.between(other, one)) for one in drawn for other in drawn]
    assert all(measure.least <= there <= 1 for there, _ in pairs)
    assert all(there == pytest.approx(back) for there, back in pairs) is measure.symmetric


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.key)
def test_every_measure_of_reversed_orders_reaches_no_lower_than_it_says(measure: AgreementMeasure) -> None:
    up, down = of_scores(list(map(float, range(40)))), of_scores(list(map(float, range(40, 0, -1))))
    value = measure.between(up, down)
    assert value is not None
    assert (value == pytest.approx(-1)) is (measure.least == -1)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ([], [], {"tau_b": None, "tau_ap": None, "rbo": None, "overlap": None}),
        ([1.0], [2.0], {"tau_b": None, "tau_ap": None, "rbo": 1.0, "overlap": 1.0}),
        # at depth 1 one passage in common of 2 and 1, at depth 2 both
        (
            [1.0, 1.0],
            [1.0, 2.0],
            {"tau_b": None, "tau_ap": None, "rbo": 0.1 / 0.9 * (2 / 3 * 0.9 + 0.81) + 0.81, "overlap": 1.0},
        ),
        ([math.inf, 0.0, -math.inf], [3.0, 2.0, 1.0], {"tau_b": 1.0, "tau_ap": 1.0, "rbo": 1.0, "overlap": 1.0}),
        # one tied pair of three: 2 / √(2 · 3); τ_AP 1/1 and (1 − 0)/2; RBO at depth 2 has 2 in common of 3 and 2
        (
            [2.0, 1.0, 1.0],
            [3.0, 2.0, 1.0],
            {
                "tau_b": 2 / math.sqrt(6),
                "tau_ap": 3 / 4,
                "rbo": 0.1 / 0.9 * (0.9 + 4 / 5 * 0.81 + 0.729) + 0.729,
                "overlap": 1.0,
            },
        ),
    ],
)
def test_measures_at_the_edges(one: list[float], other: list[float], expected: dict[str, float | None]) -> None:
    for key, value in expected.items():
        found = find_measure(key).between(of_scores(one), of_scores(other))
        assert found is None if value is None else found == pytest.approx(value)


def test_tau_b_counts_ranks_where_a_candidate_has_no_score() -> None:
    whole = of_scores([4.0, 3.0, 2.0, 1.0])
    scores = np.array([1.0, 2.0, np.nan, np.nan], np.float32)
    partly = replace(whole, scores=scores, order=np.array([1, 0, 2, 3]), ranks=np.array([2, 1, 3, 4]))
    assert tau_b_between(whole, partly) == pytest.approx(4 / 6)  # of 6 pairs one, the first two, is turned: (5 − 1) / 6


def test_tau_ap_of_rankings_names_the_reference_first() -> None:
    abc, cab = of_scores([3.0, 2.0, 1.0]), of_scores([2.0, 1.0, 3.0])
    assert tau_ap_between(abc, cab) == ap("abc", "cab")
    assert tau_ap_between(cab, abc) == ap("cab", "abc")


def test_measures_of_a_ranking_that_did_not_find_all() -> None:
    # a b, and c and d not found, against d c b a: τ_b ties the last two and has all five others turned;
    # RBO compares a list of two with one of four: X = 0, 0, 1, 2 and X_s = 0; of the top 4 two are in common
    half = Ranking.from_scores(RANKER, [2.0, 1.0, 0.0, 0.0], found=[True, True, False, False])
    whole = of_scores([1.0, 2.0, 3.0, 4.0])
    assert tau_b_between(half, whole) == pytest.approx(-5 / math.sqrt(5 * 6))
    assert RBO.between(half, whole) == pytest.approx(equation_32("ab", "dcba", 0.9))
    assert overlap_between(half, whole) == 2 / 4
    # in `whole`, the reference ties d and c; b and a have both of them and each other wrongly above them
    assert tau_ap_between(half, whole) == pytest.approx((0 - 1 - 1) / 3)


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.key)
@pytest.mark.parametrize("seed", range(5))
def test_no_measure_depends_on_the_order_of_the_candidates(measure: AgreementMeasure, seed: int) -> None:
    draw = np.random.default_rng(seed)
    scores = [draw.integers(6, size=15) for _ in range(2)]
    if measure.key == "overlap":  # a tie over the tenth place has to be cut somewhere
        scores = [draw.permutation(15) for _ in range(2)]
    found, order = [draw.random(15) < 0.7 for _ in range(2)], draw.permutation(15)
    plain = [Ranking.from_scores(RANKER, *row) for row in zip(scores, [Cost()] * 2, [()] * 2, found, strict=True)]
    moved = [ranking.of(order) for ranking in plain]
    assert measure.between(*plain) == pytest.approx(measure.between(*moved))


def test_overlap_is_a_share_of_the_top() -> None:
    up, down = of_scores(list(map(float, range(14)))), of_scores(list(map(float, range(14, 0, -1))))
    assert overlap_between(up, down) == 6 / 10  # 14 − 2 · (14 − 10) candidates are in both top 10


def test_measures_are_told_apart_and_explained() -> None:
    assert len({measure.key for measure in MEASURES}) == len(MEASURES)
    assert "p = 0.9" in str(RBO.meaning)
    assert "p = 0.9" in RBO.meaning.to("zh")
    for measure in MEASURES:
        assert "undefined" in str(measure.meaning)
        assert "无定义" in measure.meaning.to("zh")
        assert ("−1…1" if measure.least == -1 else "0…1") in str(measure.meaning)
        assert find_measure(measure.key) is measure
    with pytest.raises(KeyError, match="no measure “spearman”"):
        find_measure("spearman")
