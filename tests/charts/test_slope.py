import math
from collections.abc import Callable

import numpy as np
import pytest
from made_comparisons import MakeComparison

from demo.charts import slope_alt, slope_data
from demo.records import Comparison

Make = Callable[[int], Comparison]


@pytest.fixture
def last_becomes_first(make_comparison: MakeComparison) -> Make:
    """Makes a comparison of n in which only the last passage moves past all others."""

    def make(size: int) -> Comparison:
        before = np.arange(size, 0, -1.0)
        return make_comparison(before, np.concatenate([before[:-1], [size + 1.0]]))

    return make


def test_up_to_twelve_every_line_is_strong_and_named(last_becomes_first: Make) -> None:
    data = slope_data(last_becomes_first(12))
    assert (data.mode, len(data.lines), data.rows, data.ticks) == ("all", 12, 12, ())
    assert all(line.strong and line.named_before and line.named_after for line in data.lines)
    first = data.lines[0]
    assert (first.candidate, first.old_rank, first.new_rank, first.move) == (11, 12, 1, 11)
    assert (first.old_at, first.new_at) == (1.0, 0.0)
    assert data.lines[1].old_at == 0.0
    assert data.lines[1].new_at == pytest.approx(1 / 11)


def test_up_to_sixty_top_old_top_and_movers_stand_out(make_comparison: MakeComparison) -> None:
    before = np.arange(40, 0, -1.0)
    after = before.copy()
    after[[0, 1, 2]] = [14.5, 13.5, 12.5]  # the old top three fall to about 24 to 28
    after[35] = 11.6  # a big mover that stays below the top ten
    data = slope_data(make_comparison(before, after))
    assert (data.mode, len(data.lines), data.size) == ("emphasis", 40, 40)
    strong = {line.candidate for line in data.lines if line.strong}
    new_top = set(range(3, 13))
    assert strong == new_top | {0, 1, 2}  # they are the three biggest movers as well
    assert {line.candidate for line in data.lines if line.named_after} == strong


def test_beyond_sixty_only_the_two_tops_are_drawn_over_a_log_tail(last_becomes_first: Make) -> None:
    data = slope_data(last_becomes_first(500))
    assert (data.mode, data.size, data.rows, data.k) == ("tops", 500, 10, 10)
    assert [line.candidate for line in data.lines] == [499, *range(10)]
    climber, ninth, tenth = data.lines[0], data.lines[9], data.lines[10]
    assert (climber.old_at, climber.new_at) == (1.0, 0.0)
    assert (climber.named_before, climber.named_after) == (False, True)
    assert ninth.new_at == pytest.approx(0.56)  # rank 10 ends the head
    assert tenth.new_at == pytest.approx(0.64)  # rank 11 starts the tail
    assert (tenth.named_before, tenth.named_after) == (True, False)
    assert [tick.rank for tick in data.ticks] == [20, 50, 100, 200, 500]
    hundred = next(tick for tick in data.ticks if tick.rank == 100)
    assert hundred.at == pytest.approx(0.64 + 0.36 * math.log(100 / 11) / math.log(500 / 11))
    assert data.ticks[-1].at == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("size", "mode"), [(0, "all"), (1, "all"), (12, "all"), (13, "emphasis"), (60, "emphasis"), (61, "tops")]
)
def test_every_size_has_its_mode_and_places_within_the_field(last_becomes_first: Make, size: int, mode: str) -> None:
    data = slope_data(last_becomes_first(size))
    assert data.mode == mode
    assert all(0 <= at <= 1 for line in data.lines for at in (line.old_at, line.new_at))
    assert [line.new_rank for line in data.lines] == sorted(line.new_rank for line in data.lines)
    assert slope_alt(data).en.endswith(".")
    assert slope_alt(data).zh.endswith("。")


def test_slope_in_one_sentence(last_becomes_first: Make) -> None:
    assert slope_alt(slope_data(last_becomes_first(80))).en == (
        "Ranking change of 80 passages: 1 rose, 79 fell, 0 stayed; the 11 that are in either top 10 are drawn."
    )
