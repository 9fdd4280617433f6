"""A value before a picture: every chart is `x_data(records) → XData`, then `x_figure(XData, language) → Figure`.

To add a chart, write its file and add its row to `PAIR_CHARTS` or `RESULT_CHARTS`; the page and the tests over every
chart follow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from demo.charts.distribution import distribution_alt, distribution_data, distribution_figure, pair_distribution_data
from demo.charts.rank_scatter import rank_scatter_alt, rank_scatter_data, rank_scatter_figure
from demo.charts.scales import Scale
from demo.charts.scatter import scatter_alt, scatter_data, scatter_figure
from demo.charts.style import Figure
from demo.messages import Language, Message


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of two rankings, or of any number.

    Attributes:
        label: its heading on the page.
        data: what it shows, from a Pair or a Result and a scale; charts of ranks take no notice of the scale.
        figure: the picture of that data; alt: the same in one sentence, for screen readers.
        scaled: whether the scale changes it.
        from_size: number of candidates from which the page offers it.
    """

    key: str
    label: Message
    data: Callable[[Any, Scale], Any]
    figure: Callable[[Any, Language], Figure]
    alt: Callable[[Any], Message]
    scaled: bool = True
    from_size: int = 0


PAIR_CHARTS = (
    Chart(
        "distribution",
        Message("Score distributions"),
        pair_distribution_data,
        distribution_figure,
        distribution_alt,
    ),
    Chart(
        "scatter",
        Message("Score against score"),
        scatter_data,
        scatter_figure,
        scatter_alt,
    ),
    Chart(
        "rank_scatter",
        Message("Rank against rank"),
        lambda pair, _: rank_scatter_data(pair),
        rank_scatter_figure,
        rank_scatter_alt,
        scaled=False,
        from_size=61,
    ),
)

RESULT_CHARTS = (
    Chart(
        "result_distribution",
        Message("Score distributions"),
        distribution_data,
        distribution_figure,
        distribution_alt,
    ),
)
