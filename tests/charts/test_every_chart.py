"""What holds for every chart of the registry, whatever it is given."""

import json

import numpy as np
import pytest
from made_comparisons import build_comparison

from demo.charts import CHARTS, SCALES, Chart, Scale
from demo.records import Comparison


def _random(size: int) -> Comparison:
    draw = np.random.default_rng(size)
    texts = [f"Passage {number} <b>says</b> A & B über 柏林\nand more" for number in range(size)]
    return build_comparison(draw.gamma(2, 3, size), draw.normal(0, 5, size), texts)


CASES = {
    "empty": build_comparison([], []),
    "one": build_comparison([2.5], [-1.0]),
    "two": build_comparison([2.5, 2.0], [-1.0, 3.0]),
    "all tied": build_comparison([0.0] * 15, [1.5] * 15),
    "first stage tied": build_comparison([0.0] * 5, [1.0, 2.0, 3.0, 4.0, 5.0]),
    "infinite": build_comparison([3.0, 2.0, 1.0], [-np.inf, 1.0, np.inf]),
    "non-ASCII": build_comparison([2.0, 1.0], [1.0, 2.0], ["柏林有 370 万居民。" * 20, "Zürich «größte» — ψ \udc80"]),
    "sixty-one": _random(61),
    "five hundred": _random(500),
}

every_chart = pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.key)
every_scale = pytest.mark.parametrize("scale", SCALES, ids=lambda scale: scale.key)
every_case = pytest.mark.parametrize("comparison", CASES.values(), ids=CASES.keys())


@every_chart
@every_scale
@every_case
@pytest.mark.parametrize("language", ["en", "zh"])
def test_draws_and_serialises(chart: Chart, scale: Scale, comparison: Comparison, language: str) -> None:
    figure = chart.figure(chart.data(comparison, scale), language)  # type: ignore[arg-type]
    content = json.loads(figure.to_json())
    layout = content["layout"]
    assert "title" not in layout
    assert layout["showlegend"] is False
    assert layout["dragmode"] is False
    assert layout["height"] > 0
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)"
    assert layout["font"]["family"].startswith("IBM Plex Sans")
    assert {trace["type"] for trace in content["data"]} <= {"scatter", "bar"}  # SVG, so that the theme can reach it
    assert all(layout[name]["fixedrange"] for name in layout if name.startswith(("xaxis", "yaxis")))


@every_chart
@every_case
def test_every_candidate_that_is_drawn_can_be_chosen(chart: Chart, comparison: Comparison) -> None:
    figure = chart.figure(chart.data(comparison, SCALES[0]), "en")
    finite = {index for index in range(comparison.size) if np.isfinite(comparison.after.scores[index])}
    homes = {(trace.xaxis, trace.yaxis) for trace in figure.data if trace.name == "selected"}
    assert homes
    for home in homes:
        points = [trace for trace in figure.data if (trace.xaxis, trace.yaxis) == home and trace.customdata]
        found = [index for trace in points for index in trace.customdata]
        assert len(found) == len(set(found))
        assert set(found) >= finite
        assert all(type(index) is int for index in found)


@every_chart
@every_scale
@every_case
def test_says_itself_in_one_sentence(chart: Chart, scale: Scale, comparison: Comparison) -> None:
    alt = chart.alt(chart.data(comparison, scale))
    assert alt.en.endswith(".")
    assert alt.zh.endswith("。")
    assert "nan" not in alt.en
    assert "\n" not in alt.en


@every_chart
def test_nothing_to_show_is_said(chart: Chart) -> None:
    figure = chart.figure(chart.data(CASES["empty"], SCALES[0]), "en")
    assert any("No passages to show" in note.text for note in figure.layout.annotations)


@every_chart
def test_a_chart_without_scales_does_not_change_with_them(chart: Chart) -> None:
    pictures = {chart.figure(chart.data(CASES["sixty-one"], scale), "en").to_json() for scale in SCALES}
    assert len(pictures) == (len(SCALES) if chart.scaled else 1)


def test_rows_are_told_apart() -> None:
    assert len({chart.key for chart in CHARTS}) == len(CHARTS)
    assert all(chart.label.en and chart.label.zh for chart in CHARTS)
