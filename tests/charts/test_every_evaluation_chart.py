"""What holds for every chart of an evaluation, whatever it is given."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from fakes import giving, made_collection, made_outcomes
from plotly_figures import drawn

from demo.charts.evaluation import EVALUATION_CHARTS, EvaluationChart
from demo.charts.evaluation.view import EvaluationView
from demo.evaluation import evaluate
from demo.messages import NOTHING, Message
from demo.metrics.effectiveness import parse_measures
from demo.records import Card, Collection, Query

MEASURES = parse_measures("ndcg@10 mrr")


def view(queries: int, passages: int = 12, tied: bool = False, grades: int = 2, seconds: float = 0.5) -> EvaluationView:
    """Random scores (or none but equal ones) of two rankers over random judgments."""
    draw = np.random.default_rng(queries)
    names = [f"d{number}" for number in range(passages)]
    wanted = [f"q{number}" for number in range(queries)]
    qrels = {query: {name: int(draw.integers(grades)) for name in names[: max(1, passages // 2)]} for query in wanted}
    collection = made_collection(qrels, names)
    told = [
        giving(
            key,
            {query: {name: 0.0 if tied else float(draw.normal(0, 4)) for name in names} for query in wanted},
            seconds=seconds,
        )
        for key in ("first <b>", "second")
    ]
    outcomes = made_outcomes(collection, *told)
    return EvaluationView(evaluate(outcomes, collection, MEASURES), outcomes, collection, MEASURES[0], "second")


def in_words(made: EvaluationView) -> EvaluationView:
    """The same with texts that no chart may stumble over."""
    texts = ["柏林有多少人口？", "Zürich «größte» <b>ψ</b> & \udc80", "a\nb"]
    queries = tuple(Query(query.query_id, texts[at % 3]) for at, query in enumerate(made.collection.queries))
    card = Card(Message("Städte"), NOTHING, grades={0: Message("no <i>"), 1: Message("{text}", text="yes " * 30)})
    outcomes = tuple(replace(outcome, query=query) for outcome, query in zip(made.outcomes, queries, strict=True))
    collection = Collection("städte", card, made.collection.passages, queries, made.collection.qrels)
    return replace(made, outcomes=outcomes, collection=collection)


CASES = {
    "one query": view(1),
    "one passage": view(2, passages=1),
    "two": view(2),
    "all tied": view(4, tied=True),
    "nothing relevant": view(3, grades=1),
    "unjudged too": replace(view(5), unjudged_too=True),
    "the baseline itself": replace(view(5), key="first <b>"),
    "candidates without an order": replace(view(5), ordered=False),
    "nothing timed": view(5, seconds=0.0),
    "non-ASCII": in_words(view(6)),
    "many": view(120, passages=40, grades=4),
}

every_chart = pytest.mark.parametrize("chart", EVALUATION_CHARTS, ids=lambda chart: chart.key)
every_case = pytest.mark.parametrize("made", CASES.values(), ids=CASES.keys())


@every_chart
@every_case
@pytest.mark.parametrize("language", ["en", "zh"])
def test_draws_and_serialises(chart: EvaluationChart, made: EvaluationView, language: str) -> None:
    figure = drawn(chart.figure(chart.data(made, None), language))  # type: ignore[arg-type]
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
    assert "<i>" not in figure.to_json()
    assert "NaN" not in figure.to_json()


@every_chart
@every_case
def test_says_itself_in_one_line(chart: EvaluationChart, made: EvaluationView) -> None:
    alt = chart.alt(chart.data(made, None))
    assert str(alt).endswith(".")
    assert alt.to("zh").endswith("。")
    assert "nan" not in str(alt)
    assert "\n" not in str(alt)


@every_chart
def test_only_charts_that_say_so_change_with_the_threshold(chart: EvaluationChart) -> None:
    made = CASES["many"]
    pictures = {drawn(chart.figure(chart.data(made, threshold), "en")).to_json() for threshold in (None, -2.0, 3.0)}
    assert len(pictures) == (3 if chart.cut else 1)


@every_chart
def test_one_kind_of_judgment_is_said_where_scores_meet_judgments(chart: EvaluationChart) -> None:
    figure = drawn(chart.figure(chart.data(CASES["nothing relevant"], None), "en"))
    said = any("Only one kind of passage is judged" in note.text for note in figure.layout.annotations)
    assert said == chart.scores


def test_what_needs_no_judgments_is_drawn_without() -> None:
    judged = CASES["many"]
    collection = replace(judged.collection, qrels={})
    evaluation = evaluate(judged.outcomes, collection, MEASURES)
    unjudged = replace(judged, evaluation=evaluation, collection=collection, chosen=None)
    charts = [chart for chart in EVALUATION_CHARTS if not chart.judged]
    assert [chart.key for chart in charts] == ["changes"]
    for chart in charts:
        pictures = [drawn(chart.figure(chart.data(made, None), "en")).to_json() for made in (judged, unjudged)]
        assert pictures[0] == pictures[1]


def test_rows_are_told_apart() -> None:
    assert len({chart.key for chart in EVALUATION_CHARTS}) == len(EVALUATION_CHARTS)
    assert all(str(chart.label) and chart.label.to("zh") for chart in EVALUATION_CHARTS)
