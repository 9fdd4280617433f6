"""What reranking fewer passages would have missed."""

from __future__ import annotations

from dataclasses import dataclass

from demo.comparison import TOP_K
from demo.lineups import DepthLoss, find_ranking, missed_by_depth, usual_depths
from demo.messages import Language
from demo.phrases import passage_name
from demo.records import Lineup
from demo.ui import wording as w
from demo.ui.views.render import render


@dataclass(frozen=True, slots=True)
class Row:
    """One ranker: how many of its top k each depth misses and the tint of that share, and what depth is enough."""

    label: str
    missed: tuple[tuple[int, float], ...]
    enough: int
    names: tuple[tuple[int, str], ...]


def depth(lineup: Lineup, language: Language) -> str:
    """A row for each reranker, a column for each depth; the missed passages by name to unfold.

    Args:
        lineup: that of the full depth.
    """
    depths, k = usual_depths(lineup.size), min(TOP_K, lineup.size)
    rows = [_row(loss, lineup, k, language) for loss in missed_by_depth(lineup, depths)]
    return render("depth.html", language, depths=depths, rows=rows, note=w.DEPTH_NOTE.format(k=k).to(language))


def _row(loss: DepthLoss, lineup: Lineup, k: int, language: Language) -> Row:
    ranks = find_ranking(lineup, loss.ranker.key).ranks
    everything = loss.missed[0] if loss.missed else ()
    sentence = w.DEPTH_MISSED.to(language)
    return Row(
        label=loss.ranker.label,
        missed=tuple((len(missed), round(len(missed) / k, 3)) for missed in loss.missed),
        enough=loss.enough,
        names=tuple(
            (
                index,
                sentence.format(
                    rank=int(ranks[index]),
                    first=int(lineup.first.ranks[index]),
                    name=passage_name(lineup.candidates[index]),
                ),
            )
            for index in everything
        ),
    )
