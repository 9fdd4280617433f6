from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from fakes import FAILED, make_pair, random_result, result_of
from plotly_figures import drawn

from demo.charts.distribution import (
    bin_edges,
    distribution_alt,
    distribution_data,
    distribution_figure,
    pair_distribution_data,
)
from demo.charts.scales import find_scale
from demo.score_kinds import LOGIT


@pytest.mark.parametrize(
    ("values", "edges"),
    [
        ([], [0, 1]),
        ([3.0], [2.5, 3.5]),
        ([0.0, 0.0], [-0.5, 0.5]),
        ([-7.0, 13.0], range(-8, 15, 2)),  # 20 / 10 bins = 2
        ([0.0, 0.9], np.arange(0, 10) / 10),  # 0.09 rounded up to 0.1
        ([0.0, 21.0], np.arange(0, 23, 2.5)),  # 2.1 rounded up to 2.5
    ],
)
def test_bins_start_at_round_numbers(values: list[float], edges: list[float]) -> None:
    assert bin_edges(np.array(values)).tolist() == pytest.approx(list(edges))


@pytest.mark.parametrize("size", [2, 3, 11, 60, 500, 1000])
@pytest.mark.parametrize("seed", range(20))
def test_no_value_falls_between_the_bins(size: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    values = (draw.normal(size=size) * 10.0 ** draw.integers(-6, 6)).astype(np.float32).astype(np.float64)
    edges = bin_edges(values)
    assert np.histogram(values, edges)[0].sum() == size
    assert 1 <= edges.size - 1 <= 25
    assert (np.diff(edges) > 0).all()


def test_data_worked_by_hand() -> None:
    before = [float(score) for score in range(12, 0, -1)]
    data = pair_distribution_data(make_pair(before, [0.0] * 10 + [5.0, 4.0]))
    assert (data.k, data.size) == (10, 12)
    # 11 / 10 = 1.1, rounded up to 2: edges 0, 2 … 12, and 12 falls into the last bin
    assert data.panels[0].edges.tolist() == [0, 2, 4, 6, 8, 10, 12]
    assert data.panels[0].top_counts.tolist() == [0, 1, 2, 2, 2, 3]  # the best ten are 12 … 3
    assert data.panels[0].rest_counts.tolist() == [1, 1, 0, 0, 0, 0]  # 1 and 2
    assert data.panels[1].top.tolist() == [True] * 8 + [False] * 2 + [True] * 2  # candidates 9 and 10 made room
    assert data.panels[1].values.tolist() == [0.0] * 10 + [5.0, 4.0]
    assert data.panels[1].candidates.tolist() == list(range(12))


def test_the_figure_carries_the_datas_numbers() -> None:
    data = pair_distribution_data(make_pair([4.0, 1.0, 2.5], [-3.0, 2.0, 0.5]))
    figure = drawn(distribution_figure(data, "en")).to_plotly_json()
    for panel, x in zip(data.panels, ("x", "x2"), strict=True):
        traces = {trace["name"]: trace for trace in figure["data"] if trace["xaxis"] == x}
        assert list(traces) == ["top", "rest", "rug", "selected"]
        assert traces["top"]["y"] == panel.top_counts.tolist()
        assert traces["rest"]["y"] == panel.rest_counts.tolist()
        assert traces["rug"]["x"] == panel.values.tolist()
        assert traces["rug"]["customdata"] == panel.candidates.tolist()
        assert traces["selected"]["meta"] == "stem"
        assert traces["selected"]["yaxis"] == traces["rug"]["yaxis"] != traces["top"]["yaxis"]
    assert figure["layout"]["xaxis"]["range"] != figure["layout"]["xaxis2"]["range"]


def test_bars_say_what_they_hold() -> None:
    data = pair_distribution_data(make_pair([4.0, 1.0, 2.5], [-3.0, 2.0, 0.5]))
    bar = drawn(distribution_figure(data, "en")).data[0]
    assert bar.hovertext[0] == "1.0 … 1.5<br>1 passage, 1 in the top 3"  # (4 − 1) / 10 rounded up to 0.5


def test_headings_name_scale_and_exceptions() -> None:
    twelve = [float(score) for score in range(12)]
    data = pair_distribution_data(make_pair(twelve, twelve), find_scale("sigmoid"))
    upper, lower = (note.text for note in drawn(distribution_figure(data, "en")).layout.annotations)
    assert "BM25 score" in upper
    assert "raw: sigmoid is for logits" in upper
    assert "Cross-encoder logit, sigmoid" in lower
    assert "solid: top 10" in lower


def test_an_undefined_scale_leaves_a_sentence_in_its_panel_only() -> None:
    data = pair_distribution_data(make_pair([2.0, 1.0], [1.5, 1.5]), find_scale("z"))
    texts = [note.text for note in drawn(distribution_figure(data, "zh")).layout.annotations]
    assert data.panels[0].values.tolist() == [1.0, -1.0]
    assert data.panels[1].values.size == 0
    assert sum("得分全部相同：z 无定义" in text for text in texts) == 1


def test_infinite_scores_are_left_out_and_counted() -> None:
    data = pair_distribution_data(make_pair([3.0, 2.0, 1.0], [1.0, -np.inf, 0.5]))
    assert data.panels[1].candidates.tolist() == [0, 2]
    assert data.panels[1].note is not None
    assert str(data.panels[1].note) == "1 infinite left out"


def test_alt_gives_range_and_median() -> None:
    alt = distribution_alt(pair_distribution_data(make_pair([4.0, 1.0, 2.5], [-3.0, 2.0, 0.5])))
    assert str(alt) == (
        "Score distributions of 3 passages: BM25 score from 1.00 to 4.00, median 2.50; "
        "Cross-encoder logit from −3.00 to 2.00, median 0.50."
    )


def test_a_lineup_has_one_panel_for_each_ranking_with_its_own_axis_and_name() -> None:
    nan = float("nan")
    lineup = result_of([[3.0, 1.0], FAILED, [nan, 2.0]], ["one", "two"], labels=["Okapi", "", "Tiny <b>"])
    data = distribution_data(lineup)
    assert [panel.name for panel in data.panels] == ["Okapi", "Tiny <b>"]
    assert data.panels[1].candidates.tolist() == [1]
    assert str(data.panels[1].hovers[1]) == "<b>rank 1</b> · 2.00<br>two"
    figure = drawn(distribution_figure(data, "en"))
    upper, lower = (note.text for note in figure.layout.annotations)
    assert upper == '<b>Okapi</b><span style="font-size:11px"> · BM25 score</span>'
    assert lower == (
        '<b>Tiny &lt;b&gt;</b><span style="font-size:11px"> · Cross-encoder logit</span>'
        '<span style="font-size:11px"> · 1 not reranked</span>'
    )
    assert str(distribution_alt(data)) == (
        "Score distributions of 2 passages: Okapi, BM25 score from 1.00 to 3.00, median 2.00; "
        "Tiny <b>, Cross-encoder logit (1 not reranked) from 2.00 to 2.00, median 2.00."
    )


@pytest.mark.parametrize("count", range(1, 9))
def test_panels_do_not_overlap(count: int) -> None:
    figure = drawn(distribution_figure(distribution_data(random_result(20, count)), "en"))
    domains = [figure.layout[f"yaxis{number + 1 if number else ''}"].domain for number in range(count)]
    inner = figure.layout.height - 52
    for (bottom, _), (_, top) in pairwise(domains):
        assert (bottom - top) * inner == pytest.approx(53)  # room for ticks and the next heading
    assert domains[-1][0] == pytest.approx(0, abs=1e-9)


def test_colours_are_those_of_the_kinds_of_score() -> None:
    size = 11  # one more than the top k
    pair = make_pair([float(score) for score in range(size)], [float(score) for score in range(size)])
    kind = replace(LOGIT, colour="#102030")
    after = replace(pair.after, ranker=replace(pair.after.ranker, kind=kind))
    figure = distribution_figure(distribution_data(replace(pair.result, columns=(pair.before, after))), "en")
    bars = [trace["marker"]["color"] for trace in figure.data if trace["type"] == "bar"]
    assert bars == ["#8a94a3", "rgba(138,148,163,0.5)", "#102030", "rgba(16,32,48,0.5)"]
