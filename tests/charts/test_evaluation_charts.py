"""Numbers of the charts of an evaluation, worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes import giving, made_collection, made_outcomes
from plotly_figures import drawn

from demo.charts.evaluation.calibration import calibration_data
from demo.charts.evaluation.cost import cost_data
from demo.charts.evaluation.depth import DepthLine, depth_data, enough, has_one_depth
from demo.charts.evaluation.differences import differences_data, differences_figure
from demo.charts.evaluation.separation import separation_data
from demo.charts.evaluation.threshold import MOST_POINTS, Cut, describe_cut, threshold_data
from demo.charts.evaluation.view import EvaluationView
from demo.evaluation import evaluate
from demo.evaluation.analysis import DepthPoint
from demo.metrics.effectiveness import parse_measures

MRR = parse_measures("mrr")
QRELS = {"q1": {"a": 1, "b": 0}, "q2": {"b": 2, "c": 0}, "q3": {"c": 1, "a": 0}}
COLLECTION = made_collection(QRELS, ["a", "b", "c"])
FIRST = giving("first", {query: {"a": 3.0, "b": 2.0, "c": 1.0} for query in QRELS}, seconds=0.001)
"""Finds q1 first, q2 second, q3 third: MRR 1, ½, ⅓."""
SECOND = giving(
    "second",
    {
        "q1": {"b": 4.0, "a": 2.0, "c": -1.0},
        "q2": {"b": 6.0, "a": 0.0, "c": -2.0},
        "q3": {"c": 5.0, "a": 1.0, "b": 0.5},
    },
)
"""Finds q1 second, the others first: MRR ½, 1, 1."""


def view(key: str = "second", relevant_from: int = 1) -> EvaluationView:
    outcomes = made_outcomes(COLLECTION, FIRST, SECOND)
    return EvaluationView(evaluate(outcomes, COLLECTION, MRR, "", relevant_from), outcomes, COLLECTION, MRR[0], key)


# ---- query by query ----------------------------------------------------------------------------------------------


def test_queries_from_the_greatest_gain_to_the_greatest_loss() -> None:
    data = differences_data(view())
    assert [row.query_id for row in data.rows] == ["q3", "q2", "q1"]
    assert [row.difference for row in data.rows] == pytest.approx([1 - 1 / 3, 1 - 1 / 2, 1 / 2 - 1])
    assert data.query_indices == (2, 1, 0)
    assert (data.better, data.worse) == (2, 1)


def test_a_bar_tells_the_place_of_its_query() -> None:
    figure = drawn(differences_figure(differences_data(view()), "en"))
    assert list(figure.data[0].customdata) == ["query 2", "query 1", "query 0"]
    assert figure.data[0].hovertext[0] == "<b>▲ +0.667</b>  MRR 0.333 → 1.000<br>about q3"


# ---- cost --------------------------------------------------------------------------------------------------------


def test_the_front_is_what_no_other_beats_in_both() -> None:
    data = cost_data(view())
    assert [(mark.label, mark.on_front) for mark in data.marks] == [("First", True), ("Second", True)]
    assert [mark.quality for mark in data.marks] == pytest.approx([(1 + 1 / 2 + 1 / 3) / 3, (1 / 2 + 1 + 1) / 3])
    assert [mark.seconds_per_query for mark in data.marks] == pytest.approx([0.001, 0.5])
    assert data.unmeasured == ()


# ---- depth -------------------------------------------------------------------------------------------------------


def test_the_ranker_that_is_looked_at_lies_on_top() -> None:
    data = depth_data(view())
    assert [(line.label, line.chosen) for line in data.lines] == [("First", False), ("Second", True)]
    assert data.lines[1].points[-1] == DepthPoint(3, pytest.approx(2.5 / 3))
    assert depth_data(replace(view(), ordered=False)).lines == ()


def test_one_depth_is_no_line() -> None:
    """Three candidates are fewer than the smallest depth, 10."""
    assert has_one_depth(depth_data(view()))
    assert not has_one_depth(depth_data(replace(view(), ordered=False))), "why there is no line is said"
    lines = (DepthLine("a", (DepthPoint(10, 0.5), DepthPoint(12, 0.6)), True),)
    assert not has_one_depth(replace(depth_data(view()), lines=lines))


def test_how_deep_is_deep_enough() -> None:
    """At 20 the mean is as good as at 100, but at 50 it falls below; so nothing short of 100 is safe but from there."""
    line = DepthLine(
        "x", (DepthPoint(10, 0.50), DepthPoint(20, 0.60), DepthPoint(50, 0.58), DepthPoint(100, 0.60)), True
    )
    assert enough(line) == 100
    line = DepthLine(
        "x", (DepthPoint(10, 0.50), DepthPoint(20, 0.596), DepthPoint(50, 0.61), DepthPoint(100, 0.60)), True
    )
    assert enough(line) == 20


# ---- scores and grades -------------------------------------------------------------------------------------------


def test_scores_by_grade() -> None:
    """Relevant: 2, 6, 5. Irrelevant: 4, −2, 1. Of the nine pairs, 2 < 4 alone is the wrong way round: AUC 8/9."""
    data = separation_data(view())
    assert [(row.grade, row.count, row.relevant) for row in data.rows] == [(2, 1, True), (1, 2, True), (0, 3, False)]
    assert [row.median for row in data.rows] == [6.0, 3.5, 1.0]
    assert data.auc == pytest.approx(8 / 9)
    assert [float(row.shares.sum()) for row in data.rows] == pytest.approx([1, 1, 1])


def test_unjudged_passages_have_a_row_where_they_count() -> None:
    """Also irrelevant then: −1, 0 and 0.5, all below every relevant score: AUC 17/18."""
    data = separation_data(replace(view(), unjudged_too=True))
    assert [(row.grade, row.count) for row in data.rows] == [(2, 1), (1, 2), (0, 3), (None, 3)]
    assert data.auc == pytest.approx(17 / 18)


def test_what_a_threshold_keeps() -> None:
    """At 3, the scores 6, 5 and 4 are kept, two of them relevant: precision 2/3, recall 2/3."""
    assert threshold_data(view(), 3.0).chosen == Cut(3.0, 3, 6, pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert threshold_data(view(), 7.0).chosen == Cut(7.0, 0, 6, None, 0.0)


def test_the_best_threshold_has_the_greatest_f1() -> None:
    """Cutting at 2 keeps 6, 5, 4, 2: precision 3/4, recall 1, F1 6/7; at 5 it is 1 and 2/3, F1 4/5."""
    data = threshold_data(view())
    assert data.best == data.chosen == Cut(2.0, 4, 6, pytest.approx(3 / 4), 1.0)


def test_a_long_curve_is_drawn_in_few_points_with_both_ends() -> None:
    draw = np.random.default_rng(3)
    names = [f"d{number}" for number in range(2_000)]
    collection = made_collection({"q": {name: int(draw.integers(2)) for name in names}}, names)
    outcomes = made_outcomes(collection, giving("only", {"q": dict(zip(names, draw.normal(size=2_000), strict=True))}))
    made = EvaluationView(evaluate(outcomes, collection, MRR), outcomes, collection, MRR[0], "only")
    data = threshold_data(made)
    scores = outcomes[0].rankings[0].scores
    assert 100 < data.thresholds.size <= MOST_POINTS
    assert (data.thresholds[0], data.thresholds[-1]) == (scores.min(), scores.max())
    assert data.recall[0] == 1.0
    assert np.all(np.diff(data.thresholds) > 0)


def test_a_cut_in_words() -> None:
    assert str(describe_cut(Cut(3.0, 3, 6, 2 / 3, 2 / 3))) == (
        "Keeping what scores +3.00 or more: 3 of 6 passages, precision 0.667, recall 0.667"
    )
    assert str(describe_cut(Cut(7.0, 0, 6, None, 0.0))) == "Nothing scores +7.00 or more, so nothing would be kept"


def test_shares_are_of_neighbouring_scores() -> None:
    """Nine passages from −2 to 6 in bins between round numbers; every share is over the passages of its bin."""
    data = calibration_data(view())
    assert sum(share.count for share in data.shares) == 6
    assert sum(share.share * share.count for share in data.shares) == pytest.approx(3)
    assert [share.score for share in data.shares] == sorted(share.score for share in data.shares)
    assert (data.low, data.high) == (-2.0, 6.0)
    assert data.platt is not None
    assert data.platt.slope > 0


def test_where_every_judged_passage_is_irrelevant_nothing_can_be_calibrated() -> None:
    data = calibration_data(view(relevant_from=3))
    assert (data.platt, data.isotonic, data.shares) == (None, None, ())
