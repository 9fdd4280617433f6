import math

import numpy as np
import pytest
from scipy.stats import kendalltau

from demo.metrics.agreement import STRENGTHS, describe_tau, overlap_at_k, rbo_ext, tau_b


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


def test_rbo_worked_by_hand() -> None:
    # overlaps 0, 2, 3 at depths 1, 2, 3; p = ½: (1 − p)/p · (0/1·½ + 2/2·¼ + 3/3·⅛) + 3/3·⅛ = ⅜ + ⅛
    assert rbo_ext("abc", "bac", p=0.5) == pytest.approx(0.5)


def test_rbo_of_uneven_lists_worked_by_hand() -> None:
    # S = a, L = ab: X = 1, 1. Seen: 1·½ + ½·¼ = 0.625; unseen, depth 2: X_s (d − s)/(s d) p² = ½·¼ = 0.125;
    # tail: ((1 − 1)/2 + 1/1)·¼ = 0.25; sum (1 − p)/p · 0.75 + 0.25
    assert rbo_ext("a", "ab", p=0.5) == pytest.approx(1.0)


@pytest.mark.parametrize("size", [1, 2, 5, 40, 500])
@pytest.mark.parametrize("p", [0.5, 0.9, 0.98])
def test_rbo_of_identical_lists_is_one_at_any_length(size: int, p: float) -> None:
    assert rbo_ext(range(size), range(size), p) == pytest.approx(1.0)


def test_rbo_of_lists_with_nothing_in_common_is_zero() -> None:
    assert rbo_ext("abc", "xyz") == 0.0


def test_rbo_weighs_the_top_more() -> None:
    swapped_top, swapped_end = rbo_ext("abcdef", "bacdef"), rbo_ext("abcdef", "abcdfe")
    assert swapped_top is not None
    assert swapped_end is not None
    assert 0 < swapped_top < swapped_end < 1


def test_rbo_of_an_empty_list_is_undefined() -> None:
    assert rbo_ext([], "abc") is None


@pytest.mark.parametrize("p", [0, 1, -0.2])
def test_rbo_refuses_a_persistence_out_of_range(p: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        rbo_ext("ab", "ba", p)


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
    assert describe_tau(tau).en == word


def test_words_descend_and_differ_in_both_languages() -> None:
    bounds = [row.at_least for row in STRENGTHS]
    assert bounds == sorted(bounds, reverse=True)
    assert len({row.word.zh for row in STRENGTHS}) == len(STRENGTHS)
