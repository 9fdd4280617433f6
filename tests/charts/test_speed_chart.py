import json
import math
from dataclasses import replace
from itertools import combinations

import pytest
from fakes import FAILED, random_result, result_of
from plotly_figures import drawn

from demo.charts.speed import LABEL_HEIGHT, SpeedData, speed_alt, speed_data, speed_figure, unmeasured_note
from demo.metrics.agreement import TAU_B
from demo.records import Cost, RankerSpec, Result
from demo.score_kinds import ENGINE, RRF

KEPT = Cost(pairs=3, kept_pairs=3)


def cost(milliseconds: float, pairs: int = 3) -> Cost:
    return Cost(pairs=pairs, tokenise_seconds=0.0, model_seconds=milliseconds * pairs / 1000)


SOME = result_of(
    [[3.0, 2.0, 1.0], [1.0, 2.0, 3.0], [3.0, 1.0, 2.0]], costs=[cost(0.12), cost(20.0), KEPT], labels=["A", "B", "C"]
)


def test_points_worked_by_hand() -> None:
    data = speed_data(SOME, "bm25", TAU_B)
    # A is the reference; B is its reverse, τ = −1; C computed nothing
    assert [(point.label, point.value, point.is_reference) for point in data.points] == [
        ("A", 1.0, True),
        ("B", -1, False),
    ]
    assert [point.milliseconds for point in data.points] == pytest.approx([0.12, 20.0])
    assert data.x_range == pytest.approx((0.06, 40.0))
    assert [point.leftwards for point in data.points] == [False, True]
    assert [label for label, _ in data.unmeasured] == ["C"]
    note = unmeasured_note(data)
    assert note is not None
    assert str(note) == "Not drawn: C (all scores kept from before)."
    assert (
        str(speed_alt(data))
        == "Milliseconds a pair and Kendall τ_b with A, fastest first: A 0.12 ms, 1.00; B 20 ms, −1.00."
    )


def test_rankers_that_computed_no_pair_have_each_its_reason() -> None:
    (first, _, model) = SOME.rankings
    given, fused = (replace(model, ranker=RankerSpec(kind.key, kind.key, kind)) for kind in (ENGINE, RRF))
    data = speed_data(replace(SOME, columns=(first, model, given, fused)), "bm25", TAU_B)
    assert str(unmeasured_note(data)) == (
        "Not drawn: C (all scores kept from before), engine (scored elsewhere), rrf (made of other rankers' scores)."
    )


def test_quality_takes_the_place_of_agreement() -> None:
    data = speed_data(SOME, "bm25", TAU_B, {"bm25": 0.5, "hub/model-1": 0.75})
    assert [point.value for point in data.points] == [0.5, 0.75]
    assert str(data.y_label) == "NDCG@10"


def test_the_figure_carries_the_datas_numbers() -> None:
    figure = drawn(speed_figure(speed_data(SOME, "bm25", TAU_B), "en"))
    assert [(trace.name, list(trace.y), trace.customdata) for trace in figure.data] == [
        ("A", [1.0], None),
        ("B", [-1.0], None),
    ]
    assert figure.layout.xaxis.type == "log"
    assert [note.text for note in figure.layout.annotations] == ["A (reference)", "B"]


def timed(size: int, count: int) -> Result:
    return random_result(size, count, costs=[cost(2.0**number, size) for number in range(count)])


CASES = {
    "empty": result_of([[], []]),
    "none": result_of([[3.0, 1.0]]),
    "failure": result_of([[3.0, 1.0], FAILED, [1.0, 2.0]], costs=[cost(1, 2), Cost(), cost(3, 2)]),
    "eight": timed(40, 8),
    "eight alike": result_of([[3.0, 2.0, 1.0]] * 8, costs=[cost(5.0)] * 8),
}


@pytest.mark.parametrize("lineup", CASES.values(), ids=CASES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_draws_serialises_and_says_itself(lineup: Result, language: str) -> None:
    data = speed_data(lineup, "bm25", TAU_B)
    layout = json.loads(drawn(speed_figure(data, language)).to_json())["layout"]  # type: ignore[arg-type]
    assert layout["height"] == 340
    assert layout["xaxis"]["fixedrange"] is layout["yaxis"]["fixedrange"] is True
    assert str(speed_alt(data)).endswith(".")
    assert speed_alt(data).to("zh").endswith("。")
    assert len(data.points) + len(data.unmeasured) == len(lineup.rankings)


def places(data: SpeedData) -> list[float]:
    """Pixels of each label from the bottom of the plot."""
    low, high = data.y_range
    return [(point.value - low) / (high - low) * (340 - 14 - 46) + point.shift for point in data.points]


@pytest.mark.parametrize("lineup", [CASES["eight"], CASES["eight alike"]], ids=["eight", "eight alike"])
def test_labels_never_share_a_line_and_stay_within(lineup: Result) -> None:
    found = places(speed_data(lineup, "bm25", TAU_B))
    assert all(abs(one - other) >= LABEL_HEIGHT - 1e-6 for one, other in combinations(found, 2))
    assert all(0 <= place <= 340 - 14 - 46 for place in found)


def test_ticks_are_round_and_within() -> None:
    figure = drawn(speed_figure(speed_data(SOME, "bm25", TAU_B), "en"))
    assert list(figure.layout.xaxis.tickvals) == pytest.approx([0.1, 0.2, 0.5, 1, 2, 5, 10, 20])
    assert math.isclose(figure.layout.xaxis.range[0], math.log10(0.06))
