import math
from collections.abc import Callable

import numpy as np
import pytest
from fakes import make_pair, random_result, result_of

from demo.charts.flow import FlowData, flow_alt, flow_data
from demo.results.change import Pair

Make = Callable[[int], Pair]


def slope_data(pair: Pair) -> FlowData:
    return flow_data((pair.before, pair.after))


@pytest.fixture
def last_becomes_first() -> Make:
    """Makes a comparison of n in which only the last passage moves past all others."""

    def make(size: int) -> Pair:
        before = np.arange(size, 0, -1.0)
        return make_pair(before, np.concatenate([before[:-1], [size + 1.0]]))

    return make


def test_up_to_twelve_every_line_is_strong_and_named(last_becomes_first: Make) -> None:
    data = slope_data(last_becomes_first(12))
    assert (data.mode, len(data.lines), data.rows, data.ticks) == ("all", 12, 12, ())
    assert all(line.strong and line.named == (True, True) for line in data.lines)
    first = data.lines[0]
    assert (first.candidate, first.ranks, first.moves, first.spread) == (11, (12, 1), (11,), 11)
    assert first.at == (1.0, 0.0)
    assert data.lines[1].at[0] == 0.0
    assert data.lines[1].at[1] == pytest.approx(1 / 11)


def test_up_to_twenty_five_top_old_top_and_movers_stand_out() -> None:
    before = np.arange(24, 0, -1.0)
    after = before.copy()
    after[[0, 1, 2]] = [4.5, 3.5, 2.5]  # the old top three fall to about 20 to 22
    after[20] = 11.6  # a big mover that stays below the top ten
    data = slope_data(make_pair(before, after))
    assert (data.mode, len(data.lines), data.size) == ("emphasis", 24, 24)
    strong = {line.candidate for line in data.lines if line.strong}
    new_top = set(range(3, 13))
    assert strong == new_top | {0, 1, 2}  # they are the three biggest movers as well
    assert {line.candidate for line in data.lines if line.named[1]} == strong


def test_beyond_twenty_five_only_the_two_tops_are_drawn_over_a_log_tail(last_becomes_first: Make) -> None:
    data = slope_data(last_becomes_first(500))
    assert (data.mode, data.size, data.rows, data.k) == ("tops", 500, 10, 10)
    assert [line.candidate for line in data.lines] == [499, *range(10)]
    climber, ninth, tenth = data.lines[0], data.lines[9], data.lines[10]
    assert climber.at == (1.0, 0.0)
    assert climber.named == (False, True)
    assert ninth.at[1] == pytest.approx(0.56)  # rank 10 ends the head
    assert tenth.at[1] == pytest.approx(0.64)  # rank 11 starts the tail
    assert tenth.named == (True, False)
    assert [tick.rank for tick in data.ticks] == [20, 50, 100, 200, 500]
    hundred = next(tick for tick in data.ticks if tick.rank == 100)
    assert hundred.at == pytest.approx(0.64 + 0.36 * math.log(100 / 11) / math.log(500 / 11))


def test_names_stand_only_in_the_ten_rows_however_many_share_a_rank() -> None:
    data = slope_data(make_pair(np.zeros(60), np.arange(60, 0, -1.0)))  # all 60 have rank 1 of the first ranking
    assert sum(line.named[0] for line in data.lines) == 10
    assert max(line.at[0] for line in data.lines if line.named[0]) == pytest.approx(0.56)
    assert data.ticks[-1].at == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("size", "mode"), [(0, "all"), (1, "all"), (12, "all"), (13, "emphasis"), (25, "emphasis"), (26, "tops")]
)
def test_every_size_has_its_mode_and_places_within_the_field(last_becomes_first: Make, size: int, mode: str) -> None:
    data = slope_data(last_becomes_first(size))
    assert data.mode == mode
    assert all(0 <= at <= 1 for line in data.lines for at in line.at)
    assert [line.ranks[-1] for line in data.lines] == sorted(line.ranks[-1] for line in data.lines)
    assert str(flow_alt(data)).endswith(".")
    assert flow_alt(data).to("zh").endswith("。")


def test_slope_in_one_sentence(last_becomes_first: Make) -> None:
    assert str(flow_alt(slope_data(last_becomes_first(80)))) == (
        "Ranking change of 80 passages: 1 rose, 79 fell, 0 stayed; the 11 that are in either top 10 or moved most are "
        "drawn."
    )


@pytest.mark.parametrize("columns", [1, 2, 5, 8])
@pytest.mark.parametrize("size", [0, 1, 2, 12, 13, 25, 26, 500])
def test_every_line_has_a_place_in_every_column(size: int, columns: int) -> None:
    data = flow_data(random_result(size, columns).rankings)
    assert (data.columns, data.size) == (columns, size)
    for line in data.lines:
        assert len(line.ranks) == len(line.at) == len(line.named) == len(line.moves) + 1 == columns
        assert all(0 <= at <= 1 for at in line.at)
        assert sum(line.moves) == line.ranks[0] - line.ranks[-1]
    for column in range(columns):
        drawn = sorted(line.ranks[column] for line in data.lines)
        assert len(set(drawn)) == len(drawn)
        assert drawn[:10] == list(range(1, min(size, 10) + 1)), "every column's top is whole"
    assert str(flow_alt(data)).endswith(".")


def test_among_three_columns_the_one_whose_ranks_differ_most_stands_out() -> None:
    order = [float(score) for score in range(24, 0, -1)]
    detour = [*order[:19], 24.5, *order[20:]]  # candidate 19 is rank 20, then 1, then 20 again
    data = flow_data(result_of([order, detour, order]).rankings)
    line = next(line for line in data.lines if line.candidate == 19)
    assert (line.ranks, line.moves, line.spread, line.strong) == ((20, 1, 20), (19, -19), 19, True)
    strong = {line.candidate for line in data.lines if line.strong}
    # the last column's ten, the tops of the others (0, 1, 2 and 19, 0, 1), and 19 with the two best of those it passed
    assert strong == {*range(10), 19}


def test_three_columns_in_one_sentence() -> None:
    alt = flow_alt(flow_data(result_of([[3.0, 2.0, 1.0], [1.0, 3.0, 2.0], [1.0, 3.0, 2.0]]).rankings))
    # ranks 1 3 3, 2 1 1, 3 2 2: nobody keeps a rank, and the first passage's differ by 2
    assert str(alt) == (
        "Ranks of 3 passages in 3 rankings: 0 have the same rank in all, and ranks of one passage differ by up to 2."
    )


def test_no_ranking_makes_an_empty_picture() -> None:
    data = flow_data(())
    assert (data.lines, data.size, data.columns) == ((), 0, 0)
    assert str(flow_alt(data)).endswith(".")
