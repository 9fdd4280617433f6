"""How well each ranking of a lineup does by the judgments there are."""

from __future__ import annotations

from collections.abc import Mapping

from demo.language import Language
from demo.records import Lineup
from demo.ui import wording as w
from demo.ui.views.facts import FactRow, fact_table, number

Figures = Mapping[str, float | None]
"""Name of a figure, such as “NDCG@10”, → its value; None where it is not defined."""


def judged_figures(lineup: Lineup, figures: Mapping[str, Figures], language: Language) -> str:
    """A row for each ranking, a column for each figure; a sentence where nothing is judged.

    Args:
        figures: ranker key → its figures; all rankers have the same, and their order is that of the columns.
    """
    names = list(next(iter(figures.values()), {}))
    rows = [
        FactRow(ranking.ranker.label, tuple(number(figures.get(ranking.ranker.key, {}).get(name), 3) for name in names))
        for ranking in lineup.rankings
    ]
    return fact_table(
        w.JUDGED_FIGURES, (w.RANKER, *names), rows if names else (), language, () if names else (w.JUDGED_NONE,)
    )
