"""What judgments say of every ranking: one row a ranker, one column a measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from demo.language import Language
from demo.metrics.effectiveness import Measure
from demo.records import Ranking
from demo.ui.views.render import render


def judged(
    rankings: Sequence[Ranking],
    figures: Mapping[str, Mapping[Measure, float]],
    measures: Sequence[Measure],
    language: Language,
) -> str:
    """A small table; nothing where `figures` is empty, which is where nothing is judged.

    Args:
        figures: ranker key → measure → 0…1.
    """
    if not figures:
        return ""
    rows = [(each.ranker.label, [f"{figures[each.ranker.key][m]:.3f}" for m in measures]) for each in rankings]
    return render("judged.html", language, rows=rows, measures=measures)
