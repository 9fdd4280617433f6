"""Scores and relevance: areas and curves worked by hand, and scikit-learn's and scipy's figures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import precision_recall_curve, roc_auc_score

from demo.metrics.calibration import Platt, auc, fit_isotonic, fit_platt, thresholds


def made(seed: int, size: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Scores with ties, and judgments that follow them loosely."""
    draw = np.random.default_rng(seed)
    scores = draw.normal(0, 3, size).round(1)
    return scores, draw.uniform(size=size) < 1 / (1 + np.exp(-scores))


# ---- telling apart -----------------------------------------------------------------------------------------------


def test_auc_counts_pairs_and_ties_half() -> None:
    # relevant 3 and 1, irrelevant 1 and 0: 3 beats both, 1 ties one and beats one: (2 + ½ + 1) / 4
    assert auc([3, 1, 1, 0], [True, True, False, False]) == 3.5 / 4


@pytest.mark.parametrize(
    ("scores", "relevant", "area"),
    [([1, 2], [0, 1], 1.0), ([2, 1], [0, 1], 0.0), ([5, 5, 5], [0, 1, 1], 0.5), ([], [], None), ([1, 2], [1, 1], None),
     ([1], [0], None)],
)  # fmt: skip
def test_auc_at_its_edges(scores: list[float], relevant: list[int], area: float | None) -> None:
    assert auc(scores, relevant) == area


@pytest.mark.parametrize("seed", range(5))
def test_auc_is_scikit_learns_and_mann_and_whitneys(seed: int) -> None:
    scores, relevant = made(seed)
    assert auc(scores, relevant) == pytest.approx(roc_auc_score(relevant, scores), abs=1e-12)
    u = mannwhitneyu(scores[relevant], scores[~relevant]).statistic
    assert auc(scores, relevant) == pytest.approx(u / (relevant.sum() * (~relevant).sum()), abs=1e-12)


def test_precision_and_recall_worked_by_hand() -> None:
    found = thresholds([4, 2, 2, 1], [True, False, True, False])
    assert found.thresholds.tolist() == [4, 2, 1]
    assert found.kept.tolist() == [1, 3, 4]
    assert found.precision.tolist() == [1, 2 / 3, 2 / 4]
    assert found.recall.tolist() == [1 / 2, 1, 1]
    assert found.f1 == pytest.approx([2 / 3, 2 * (2 / 3) / (2 / 3 + 1), 2 / 3])


@pytest.mark.parametrize("seed", range(3))
def test_precision_and_recall_are_scikit_learns(seed: int) -> None:
    scores, relevant = made(seed)
    precision, recall, at = precision_recall_curve(relevant, scores)
    found = thresholds(scores, relevant)
    assert found.thresholds[::-1] == pytest.approx(at)
    assert found.precision[::-1] == pytest.approx(precision[:-1])
    assert found.recall[::-1] == pytest.approx(recall[:-1])


def test_nothing_relevant_has_recall_0_and_nothing_at_all_no_thresholds() -> None:
    found = thresholds([2, 1], [False, False])
    assert found.recall.tolist() == found.precision.tolist() == found.f1.tolist() == [0, 0]
    assert thresholds([], []).thresholds.size == 0


@pytest.mark.parametrize("measure", [auc, thresholds, fit_platt, fit_isotonic])
def test_scores_that_are_no_numbers_or_too_few_are_refused(measure: object) -> None:
    assert callable(measure)
    with pytest.raises(ValueError, match="2 scores for 1 judgments"):
        measure([1, 2], [True])
    with pytest.raises(ValueError, match="not a finite number"):
        measure([1, math.nan], [True, False])


# ---- Platt -------------------------------------------------------------------------------------------------------


def test_platt_of_two_scores_solves_its_two_targets() -> None:
    # one passage of each kind: targets 2/3 and 1/3, which two numbers can meet: ±ln 2 = slope · (±1) + intercept
    fitted = fit_platt([1, -1], [True, False])
    assert fitted is not None
    assert (fitted.slope, fitted.intercept) == pytest.approx((math.log(2), 0), abs=1e-9)


def test_platt_of_equal_scores_is_the_mean_target() -> None:
    # targets 3/4, 3/4 and 1/3: their mean is 11/18, at every score
    fitted = fit_platt([7, 7, 7], [True, True, False])
    assert fitted is not None
    assert fitted.slope == 0
    assert fitted.probability([7, -100]) == pytest.approx([11 / 18] * 2)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("factor", "shift"), [(1, 0), (40, 1000), (1e-3, -5)])
def test_platt_is_scikit_learns_whatever_the_scale(seed: int, factor: float, shift: float) -> None:
    scores, relevant = made(seed)
    oracle = _SigmoidCalibration().fit(scores, relevant)
    fitted = fit_platt(scores * factor + shift, relevant)
    assert fitted is not None
    assert fitted.probability(scores * factor + shift) == pytest.approx(oracle.predict(scores), abs=1e-4)


def test_platt_stays_finite_where_scores_separate_perfectly() -> None:
    fitted = fit_platt(np.arange(20), np.arange(20) >= 10)
    assert fitted is not None
    assert 0 < fitted.slope < 100
    assert fitted.probability([-1000, 1000]) == pytest.approx([0, 1], abs=1e-6)


def test_platts_two_numbers_are_the_whole_curve() -> None:
    assert Platt(2.0, -1.0).probability([0.5, 1.0]) == pytest.approx([0.5, 1 / (1 + math.exp(-1))])


# ---- isotonic ----------------------------------------------------------------------------------------------------


def test_isotonic_pools_what_falls() -> None:
    # shares 0, 1, 0, 1 by score: the fall from 1 to 0 is pooled to ½
    fitted = fit_isotonic([1, 2, 3, 4], [False, True, False, True])
    assert fitted is not None
    assert fitted.probability([1, 2, 3, 4]).tolist() == [0, 0.5, 0.5, 1]
    assert fitted.probability([0, 1.5, 9]).tolist() == [0, 0.25, 1]


@pytest.mark.parametrize("seed", range(6))
def test_isotonic_is_scikit_learns(seed: int) -> None:
    scores, relevant = made(seed)
    oracle = IsotonicRegression(out_of_bounds="clip").fit(scores, relevant)
    fitted = fit_isotonic(scores, relevant)
    assert fitted is not None
    at = np.linspace(-12, 12, 101)
    assert fitted.probability(at) == pytest.approx(oracle.predict(at), abs=1e-12)


@pytest.mark.parametrize("fit", [fit_platt, fit_isotonic])
@pytest.mark.parametrize("relevant", [[], [True, True], [False]])
def test_one_kind_of_passage_alone_gives_no_curve(fit: object, relevant: list[bool]) -> None:
    assert callable(fit)
    assert fit([1.0] * len(relevant), relevant) is None
