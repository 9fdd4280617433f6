"""What holds for every chart of the registry, whatever it is given."""

import json

import numpy as np
import pytest
from fakes import FAILED, make_pair, random_result, result_of
from plotly_figures import drawn

from demo.charts import PAIR_CHARTS, RESULT_CHARTS, Chart
from demo.charts.scales import RAW, SCALES, Scale
from demo.records import Ranking, Result
from demo.results.change import Pair


def _random(size: int) -> Pair:
    draw = np.random.default_rng(size)
    texts = [f"Passage {number} <b>says</b> A & B über 柏林\nand more" for number in range(size)]
    return make_pair(draw.gamma(2, 3, size), draw.normal(0, 5, size), texts)


CASES = {
    "empty": make_pair([], []),
    "one": make_pair([2.5], [-1.0]),
    "two": make_pair([2.5, 2.0], [-1.0, 3.0]),
    "all tied": make_pair([0.0] * 15, [1.5] * 15),
    "first stage tied": make_pair([0.0] * 5, [1.0, 2.0, 3.0, 4.0, 5.0]),
    "infinite": make_pair([3.0, 2.0, 1.0], [-np.inf, 1.0, np.inf]),
    "non-ASCII": make_pair([2.0, 1.0], [1.0, 2.0], ["柏林有 370 万居民。" * 20, "Zürich «größte» — ψ \udc80"]),
    "sixty-one": _random(61),
    "five hundred": _random(500),
}

NONE = float("nan")

RESULT_CASES = {
    "none yet": result_of([]),
    "all failed": result_of([FAILED, FAILED]),
    "empty": result_of([[], []]),
    "one": result_of([[2.5], [-1.0], [3.0]]),
    "two": result_of([[2.5, 2.0], [-1.0, 3.0]]),
    "all tied": result_of([[0.0] * 15, [1.5] * 15, list(range(15))]),
    "infinite": result_of([[3.0, 2.0, 1.0], [-np.inf, 1.0, np.inf], [np.inf] * 3]),
    "not all reranked": result_of([[4.0, 3.0, 2.0, 1.0], [0.5, 2.0, NONE, NONE], [NONE] * 4]),
    "non-ASCII": result_of(
        [[2.0, 1.0], [1.0, 2.0]],
        ["柏林有 370 万居民。" * 20, "Zürich «größte» — ψ \udc80"],
        labels=["BM25 <b>x</b>", "模型 · نموذج · a-very-long-name-of-a-model-that-goes-on"],
    ),
    "a failure among them": result_of([[2.0, 1.0], FAILED, [1.0, 2.0], FAILED]),
    "one ranker": random_result(20, 1),
    "sixty-one": random_result(61, 5),
    "five hundred": random_result(500, 8),
}
ROWS = [(chart, CASES) for chart in PAIR_CHARTS] + [(chart, RESULT_CASES) for chart in RESULT_CHARTS]

every_chart = pytest.mark.parametrize("chart", [chart for chart, _ in ROWS], ids=lambda chart: chart.key)
every_scale = pytest.mark.parametrize("scale", SCALES, ids=lambda scale: scale.key)
every_case = pytest.mark.parametrize(
    ("chart", "shown"),
    [pytest.param(chart, case, id=f"{chart.key}-{name}") for chart, cases in ROWS for name, case in cases.items()],
)


def rankings_of(shown: Pair | Result) -> tuple[Ranking, ...]:
    return shown.rankings if isinstance(shown, Result) else (shown.before, shown.after)


@pytest.mark.parametrize(
    ("scale", "language"),
    [*((scale, "en") for scale in SCALES), (RAW, "zh")],
    ids=[*(scale.key for scale in SCALES), "raw-zh"],
)
@every_case
def test_draws_and_serialises(chart: Chart, scale: Scale, shown: Pair | Result, language: str) -> None:
    figure = drawn(chart.figure(chart.data(shown, scale), language))  # type: ignore[arg-type]
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
    assert "<b>x</b>" not in figure.to_json()


@every_case
def test_every_candidate_that_is_drawn_can_be_chosen(chart: Chart, shown: Pair | Result) -> None:
    figure = drawn(chart.figure(chart.data(shown, SCALES[0]), "en"))
    homes = sorted({(trace.xaxis or "x", trace.yaxis or "y") for trace in figure.data if trace.name == "selected"})
    # a chart of two scores has one home of points for both rankers, where both are finite
    finite = [set(np.flatnonzero(np.isfinite(ranking.scores)).tolist()) for ranking in rankings_of(shown)]
    wanted = finite if len(homes) == len(finite) else [finite[-1]] if homes else []
    assert len(homes) == len(wanted)
    for home, expected in zip(homes, wanted, strict=True):
        points = [trace for trace in figure.data if (trace.xaxis or "x", trace.yaxis or "y") == home]
        found = [index for trace in points for index in trace.customdata or ()]
        assert len(found) == len(set(found))
        assert set(found) >= expected
        assert all(type(index) is int for index in found)


@every_scale
@every_case
def test_says_itself_in_one_sentence(chart: Chart, scale: Scale, shown: Pair | Result) -> None:
    alt = chart.alt(chart.data(shown, scale))
    assert str(alt).endswith(".")
    assert alt.to("zh").endswith("。")
    assert "nan" not in str(alt)
    assert "\n" not in str(alt)


@pytest.mark.parametrize(("chart", "cases"), ROWS, ids=[chart.key for chart, _ in ROWS])
def test_nothing_to_show_is_said(chart: Chart, cases: dict[str, Pair | Result]) -> None:
    figure = drawn(chart.figure(chart.data(cases["empty"], SCALES[0]), "en"))
    assert any("No passages to show" in note.text for note in figure.layout.annotations)


@pytest.mark.parametrize("chart", RESULT_CHARTS, ids=lambda chart: chart.key)
@pytest.mark.parametrize("case", ["none yet", "all failed"])
def test_no_ranking_to_show_is_said(chart: Chart, case: str) -> None:
    figure = drawn(chart.figure(chart.data(RESULT_CASES[case], SCALES[0]), "en"))
    assert [note.text for note in figure.layout.annotations] == ["No ranking to show"]


@pytest.mark.parametrize(("chart", "cases"), ROWS, ids=[chart.key for chart, _ in ROWS])
def test_a_chart_without_scales_does_not_change_with_them(chart: Chart, cases: dict[str, Pair | Result]) -> None:
    pictures = {drawn(chart.figure(chart.data(cases["sixty-one"], scale), "en")).to_json() for scale in SCALES}
    assert len(pictures) == (len(SCALES) if chart.scaled else 1)


def test_rows_are_told_apart() -> None:
    rows = [chart for chart, _ in ROWS]
    assert len({chart.key for chart in rows}) == len(rows)
    assert all(str(chart.label) and chart.label.to("zh") for chart in rows)
