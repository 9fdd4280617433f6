import math

import numpy as np
import pytest
from fakes import make_pair
from plotly_figures import drawn

from demo.charts.rank_scatter import rank_scatter_alt, rank_scatter_data, rank_scatter_figure, rank_ticks
from demo.charts.scales import find_scale
from demo.charts.scatter import scatter_alt, scatter_data, scatter_figure


def test_points_stand_in_the_layer_of_their_direction() -> None:
    data = scatter_data(make_pair([3.0, 2.0, 1.0, 0.5], [0.1, 0.2, 0.9, 0.05]))
    traces = {trace.name: trace for trace in drawn(scatter_figure(data, "en")).data}
    assert data.ways == ("down", "same", "up", "same")
    assert (list(traces["up"].customdata), list(traces["down"].customdata)) == ([2], [0])
    assert list(traces["same"].customdata) == [1, 3]
    assert list(traces["up"].x) == [1.0]
    assert list(traces["up"].y) == pytest.approx([0.9])
    shown = {(traces[way].marker.symbol, traces[way].marker.color) for way in ("up", "down", "same")}
    assert shown == {("triangle-up", "#2f7ed8"), ("triangle-down", "#e8590c"), ("circle", "#8a94a3")}


def test_marginals_count_each_axis() -> None:
    data = scatter_data(make_pair([3.0, 2.0, 1.0], [-1.0, 5.0, 0.0]))
    traces = {trace.name: trace for trace in drawn(scatter_figure(data, "en")).data}
    assert sum(traces["across"].y) == sum(traces["up the side"].x) == 3
    assert list(traces["across"].y) == data.across.counts.tolist()
    assert list(traces["up the side"].x) == data.up.counts.tolist()
    assert traces["up the side"].orientation == "h"


def test_the_ring_of_the_selection_starts_empty_on_the_points_axes() -> None:
    comparison = make_pair([3.0, 2.0], [1.0, 2.0])
    for figure in (
        drawn(scatter_figure(scatter_data(comparison), "en")),
        drawn(rank_scatter_figure(rank_scatter_data(comparison), "en")),
    ):
        ring = next(trace for trace in figure.data if trace.name == "selected")
        points = next(trace for trace in figure.data if trace.name == "up")
        assert not ring.x
        assert (ring.xaxis, ring.yaxis) == (points.xaxis, points.yaxis)


def test_hover_text_cannot_be_markup() -> None:
    texts = ["<img src=x onerror=alert(1)> & <b>bold</b>\nnext \udcff", "plain"]
    data = scatter_data(make_pair([2.0, 1.0], [1.0, 2.0], texts))
    text = str(data.hovers[0])
    assert text.startswith("<b>▼ 1</b>  rank 1 → 2<br>&lt;img src=x<br>onerror=alert(1)&gt;<br>&amp; &lt;b&gt;")
    assert "<img" not in text
    assert "\n" not in text
    assert "BM25 2.00 · Tiny 1.00" in text
    assert drawn(scatter_figure(data, "en")).to_json()


def test_scale_undefined_for_one_side_gives_a_sentence() -> None:
    data = scatter_data(make_pair([0.0, 0.0], [1.0, 2.0]), find_scale("min-max"))
    figure = drawn(scatter_figure(data, "en"))
    assert data.x.size == 0
    assert [note.text for note in figure.layout.annotations] == ["All scores are equal: min–max is not defined"]
    assert "all scores are equal" in str(scatter_alt(data))


def test_scatter_in_one_sentence() -> None:
    alt = scatter_alt(scatter_data(make_pair([3.0, 2.0, 1.0], [0.1, 0.3, 0.2])))
    # of three pairs one agrees, between the second and the third: (1 − 2) / 3
    assert (
        str(alt) == "BM25 score against Cross-encoder logit for 3 passages: 2 rose, 1 fell, 0 stayed; agreement of the "
        "whole rankings τ −0.33."
    )
    assert alt.to("zh").endswith("3 个段落，2 个上升，1 个下降，0 个不变；两个完整排序的一致性 τ −0.33。")


@pytest.mark.parametrize(
    ("first", "last", "ticks"),
    [
        (1, 0, ()),
        (1, 1, (1,)),
        (1, 10, (1, 2, 5, 10)),
        (1, 61, (1, 2, 5, 10, 20, 61)),  # 50 stands too close above 61
        (1, 500, (1, 2, 5, 10, 20, 50, 100, 200, 500)),
        (11, 500, (11, 20, 50, 100, 200, 500)),
    ],
)
def test_rank_ticks(first: int, last: int, ticks: tuple[int, ...]) -> None:
    assert rank_ticks(first, last) == ticks


def test_rank_scatter_shows_ranks_and_the_new_top_ten() -> None:
    before, after = np.arange(80, 0, -1.0), np.roll(np.arange(80, 0, -1.0), 3)
    data = rank_scatter_data(make_pair(before, after))
    figure = drawn(rank_scatter_figure(data, "en"))
    # everyone moves up by three, the first three go to the end
    assert data.old.tolist() == list(range(1, 81))
    assert data.new.tolist() == [78, 79, 80, *range(1, 78)]
    assert data.overlap == 7
    up = next(trace for trace in figure.data if trace.name == "up")
    assert list(up.x) == list(range(4, 81))
    assert list(up.y) == list(range(1, 78))
    diagonal, band = figure.layout.shapes
    assert (diagonal.x0, diagonal.y0, diagonal.x1, diagonal.y1) == (1, 1, 80, 80)
    assert (band.y0, band.y1) == (0.82, 10.5)
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "log"
    assert figure.layout.yaxis.range[0] > math.log10(80) > 0 > figure.layout.yaxis.range[1]  # best on top
    assert str(rank_scatter_alt(data)) == (
        "BM25 rank against Cross-encoder rank for 80 passages: 77 rose, 3 fell, 0 stayed; "
        "3 of the new top 10 came from below the old top 10."
    )
