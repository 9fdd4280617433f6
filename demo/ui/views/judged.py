"""How well each ranking does by the judgments there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from demo.messages import Language
from demo.records import Ranking
from demo.ui import wording as w
from demo.ui.views.facts import FactRow, fact_table, number

Figures = Mapping[str, float]
"""Name of a measure, such as “NDCG@10”, → its value, 0…1."""


def judged_figures(rankings: Sequence[Ranking], figures: Mapping[str, Figures], language: Language) -> str:
    """A row for each ranking, a column for each figure; nothing where nothing is judged.

    Args:
        figures: ranker key → its figures; all rankers have the same, and their order is that of the columns.
    """
    if not figures:
        return ""
    names = list(next(iter(figures.values())))
    rows = [
        FactRow(ranking.ranker.label, tuple(number(figures[ranking.ranker.key][name], 3) for name in names))
        for ranking in rankings
    ]
    return fact_table(w.JUDGED_FIGURES, (w.RANKER, *names), rows, language, (w.JUDGED_NOTE,))
