"""How well each ranking does by the judgments there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demo.messages import Language, Message, listed
from demo.metrics.effectiveness import parse_measures
from demo.phrases import signed
from demo.records import Ranking
from demo.ui import wording as w
from demo.ui.views.render import render

Figures = Mapping[str, float]
"""Name of a measure, such as “NDCG@10”, → its value, 0…1."""
JUDGED_SHARE = "Judged@10"
"""No measure of quality, so none is best by it."""


@dataclass(frozen=True, slots=True)
class JudgedCell:
    """A figure, and whether no other ranking has as much."""

    value: str
    best: bool


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """A ranking's figures."""

    label: str
    cells: tuple[JudgedCell, ...]


def judged_figures(rankings: Sequence[Ranking], figures: Mapping[str, Figures], language: Language) -> str:
    """One sentence, and behind it a row for each ranking and a column for each figure; "" where nothing is judged.

    Args:
        figures: ranker key → its figures; all rankers have the same, and their order is that of the columns.
    """
    if not figures:
        return ""
    names = list(next(iter(figures.values())))
    values = {name: [figures[ranking.ranker.key][name] for ranking in rankings] for name in names}

    def cell(name: str, value: float) -> JudgedCell:
        best = name != JUDGED_SHARE and value == max(values[name]) > min(values[name])
        return JudgedCell(signed(value, 3), best)

    return render(
        "judged.html",
        language,
        sentence=_who_is_better(rankings, names[0], values[names[0]]).to(language),
        measures=parse_measures(" ".join(names)),
        rows=[
            JudgedRow(ranking.ranker.label, tuple(cell(name, values[name][ranker_index]) for name in names))
            for ranker_index, ranking in enumerate(rankings)
        ],
    )


def _who_is_better(rankings: Sequence[Ranking], name: str, values: Sequence[float]) -> Message:
    """The first figure of all rankings in one sentence."""
    labels = [ranking.ranker.label for ranking in rankings]
    if len(rankings) != 2 or values[0] == values[1]:
        if max(values) == min(values):
            return w.JUDGED_SAME.format(name=name, value=signed(values[0], 3))
        best = [label for label, value in zip(labels, values, strict=True) if value == max(values)]
        return w.JUDGED_BEST.format(label=listed(best), name=name, value=signed(max(values), 3))
    words = w.JUDGED_GAIN if values[1] > values[0] else w.JUDGED_LOSS
    difference = signed(values[1] - values[0], 3, plus=True)
    return words.format(
        label=labels[1], name=name, old=signed(values[0], 3), new=signed(values[1], 3), difference=difference
    )
