"""The tests of significance: outcomes counted by hand, scipy's figures, and laws of intervals and corrections."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from demo.metrics.significance import (
    EFFECT_WORDS,
    EXACT_UP_TO,
    PERMUTATIONS,
    Interval,
    bootstrap_intervals,
    describe_effect,
    holm,
    paired_effect,
    randomisation_ps,
    smallest_p,
)


def randomisation_p(differences: Sequence[float] | np.ndarray) -> float:
    return randomisation_ps([differences])[0]


def bootstrap_interval(values: Sequence[float] | np.ndarray, level: float = 0.95) -> Interval:
    return bootstrap_intervals([values], level)[0]


# ---- randomisation -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([0.1, 0.2, 0.3], 2 / 8),  # of 8 outcomes only + + + and − − − reach |0.6|
        ([0.1, 0.2, -0.3], 1.0),  # the sum is 0, which every outcome reaches
        ([0.1, 0.2, -0.1], 6 / 8),  # |0.2| is reached by all but + − + and − + −, whose sums are 0
        ([0.5], 1.0),
        ([], 1.0),
        ([0.0, 0.0], 1.0),
        ([0.1, 0.0, 0.2, 0.0, 0.3], 2 / 8),  # pairs without a difference change nothing
    ],
)
def test_few_queries_are_counted_out(differences: list[float], p: float) -> None:
    assert randomisation_p(differences) == p


def test_sums_that_only_rounding_tells_apart_are_equal() -> None:
    # 0.1 + 0.2 − 0.3 is not 0 in floating point: |0.3| and |0.1 + 0.2| must count as one
    assert randomisation_p([0.3, 0.1, 0.2, -0.1 - 0.2]) == randomisation_p([3, 1, 2, -3])


def scipys(differences: np.ndarray, permutations: float = math.inf) -> float:
    result = stats.permutation_test(
        (differences, np.zeros_like(differences)),
        lambda a, b, axis: np.mean(a - b, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=permutations,
        rng=np.random.default_rng(5),
    )
    return float(result.pvalue)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("size", [2, 7, 13])
def test_the_exact_p_is_scipys(seed: int, size: int) -> None:
    differences = np.random.default_rng(seed).normal(0.2, 1, size).round(1)
    assert randomisation_p(differences) == pytest.approx(scipys(differences), abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_the_drawn_p_is_near_scipys_and_the_t_tests(seed: int) -> None:
    differences = np.random.default_rng(seed).normal(0.1, 0.4, 60)
    p = randomisation_p(differences)
    assert p == pytest.approx(scipys(differences, 100_000), abs=0.006)
    assert p == pytest.approx(float(stats.ttest_rel(differences, np.zeros(60)).pvalue), abs=0.02)


def test_the_drawn_p_is_near_the_exact_one() -> None:
    differences = np.random.default_rng(3).normal(0.3, 1, EXACT_UP_TO)
    drawn = randomisation_p(np.append(differences, 1e-9))
    assert drawn == pytest.approx(randomisation_p(differences), abs=0.005)


def test_the_drawn_p_is_the_same_each_time_and_never_0() -> None:
    differences = np.linspace(0.5, 1, 40)
    assert randomisation_p(differences) == 1 / (PERMUTATIONS + 1)
    other = np.random.default_rng(1).normal(0.1, 1, 30)
    assert randomisation_p(other) == randomisation_p(other) == randomisation_p(-other)


def test_tests_beside_each_other_change_nothing() -> None:
    """An exact one, two drawn ones and one without differences."""
    rows = np.random.default_rng(2).normal(0.1, 1, (4, 40))
    rows[0, 7:] = 0
    rows[3] = 0
    assert randomisation_ps(rows) == tuple(map(randomisation_p, rows))
    assert randomisation_ps(np.zeros((0, 40))) == ()


def test_very_many_queries_are_drawn_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.metrics.significance._MOST_CELLS", 2_000_000)
    assert randomisation_p(np.linspace(0.5, 1, 100)) == 1 / 20_001
    assert randomisation_p(np.linspace(0.5, 1, 10_000)) == 1 / 1_001


@pytest.mark.parametrize(("differing", "p"), [(0, 1.0), (1, 1.0), (3, 2 / 8), (5, 2 / 32), (6, 2 / 64)])
def test_the_smallest_p_is_two_outcomes_of_all(differing: int, p: float) -> None:
    assert smallest_p(differing) == p == randomisation_p([1.0] * differing)


# ---- Holm --------------------------------------------------------------------------------------------------------


def test_holm_multiplies_by_what_is_left_and_never_falls() -> None:
    # ascending: 0.01 · 3, 0.02 · 2, max(0.04, 0.03 · 1)
    assert holm([0.02, 0.03, 0.01]) == pytest.approx((0.04, 0.04, 0.03))
    assert holm([0.6, 0.5]) == (1.0, 1.0)
    assert holm([0.04]) == (0.04,)
    assert holm([]) == ()


@pytest.mark.parametrize("seed", range(5))
def test_holm_lies_between_no_correction_and_bonferronis(seed: int) -> None:
    p_values = np.random.default_rng(seed).uniform(0, 0.2, 6).tolist()
    corrected = holm(p_values)
    assert all(p <= c <= min(1, 6 * p) for p, c in zip(p_values, corrected, strict=True))
    assert np.argsort(p_values).tolist() == sorted(range(6), key=lambda i: (corrected[i], p_values[i]))


# ---- intervals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_the_interval_is_scipys_percentile_bootstrap(seed: int) -> None:
    values = np.random.default_rng(seed).uniform(0, 1, 50)
    wanted = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=20_000, rng=np.random.default_rng(seed)
    ).confidence_interval
    found = bootstrap_interval(values)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=0.006)


def test_the_interval_holds_the_mean_and_is_the_same_each_time() -> None:
    values = [0.0, 0.0, 0.1, 1.0]
    found = bootstrap_interval(values)
    assert 0 <= found.low < sum(values) / 4 < found.high <= 1
    assert bootstrap_interval(values) == found


def test_a_wider_level_gives_a_wider_interval() -> None:
    values = np.linspace(0, 1, 30)
    narrow, wide = bootstrap_interval(values, 0.8), bootstrap_interval(values, 0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_intervals_beside_each_other_are_those_that_each_has_alone() -> None:
    rows = np.random.default_rng(4).uniform(0, 1, (3, 300))
    rows[1] = 0.3
    alone = [bootstrap_interval(row) for row in rows]
    for found, wanted in zip(bootstrap_intervals(rows), alone, strict=True):
        assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=1e-12)
    assert bootstrap_intervals(np.zeros((0, 300))) == ()


@pytest.mark.parametrize("values", [[0.4], [0.1, 0.1, 0.1]])
def test_equal_values_are_their_own_interval(values: list[float]) -> None:
    found = bootstrap_interval(values)
    assert (found.low, found.high) == (values[0], values[0])


def test_nothing_has_no_interval() -> None:
    with pytest.raises(ValueError, match="at least one"):
        bootstrap_interval([])


# ---- effect ------------------------------------------------------------------------------------------------------


def test_effect_is_the_mean_over_the_standard_deviation() -> None:
    # mean 2, squared deviations 1 + 0 + 1, over n − 1 = 2: standard deviation 1
    assert paired_effect([1, 2, 3]) == pytest.approx(2.0)
    assert paired_effect([-1, -2, -3]) == pytest.approx(-2.0)


@pytest.mark.parametrize(("differences", "effect"), [([], None), ([0.3], None), ([0.2, 0.2], None), ([0, 0], 0.0)])
def test_effect_at_its_edges(differences: list[float], effect: float | None) -> None:
    assert paired_effect(differences) == effect


@pytest.mark.parametrize(
    ("effect", "word"),
    [(0.8, "large"), (-1.4, "large"), (0.79, "medium"), (0.496, "medium"), (-0.2, "small"), (0.19, "negligible"),
     (0.0, "negligible"), (None, "undefined"), (math.nan, "undefined")],
)  # fmt: skip
def test_effect_in_words(effect: float | None, word: str) -> None:
    assert str(describe_effect(effect)) == word


def test_words_descend_and_differ_in_both_languages() -> None:
    bounds = [row.at_least for row in EFFECT_WORDS]
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[-1] == 0
    assert len({row.word.to("zh") for row in EFFECT_WORDS}) == len(EFFECT_WORDS)
