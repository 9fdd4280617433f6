"""What reranking fewer passages would have missed."""

from __future__ import annotations

from dataclasses import dataclass

from demo.messages import Language
from demo.phrases import passage_name
from demo.records import Result
from demo.results.change import TOP_K
from demo.results.depth import DepthLoss, missed_by_depth, usual_depths
from demo.results.members import find_ranking
from demo.ui import wording as w
from demo.ui.views.render import render


@dataclass(frozen=True, slots=True)
class DepthRow:
    """One ranker: how many of its top k each depth misses and the tint of that share, what depth is enough for those
    that the first stage found, and how many it did not find.
    """

    label: str
    missed: tuple[tuple[int, float], ...]
    enough: int
    unfound: int
    names: tuple[tuple[int, str], ...]


def depth(result: Result, language: Language) -> str:
    """A row for each reranker, a column for each depth; the missed passages by name to unfold.

    Args:
        result: that of the full depth.
    """
    depths, k = usual_depths(result.size), min(TOP_K, result.size)
    rows = [_row(loss, result, k, language) for loss in missed_by_depth(result, depths)]
    note = w.DEPTH_NOTE.format(k=k).to(language)
    return render("depth.html", language, depths=depths, rows=rows, note=note, unfound=any(row.unfound for row in rows))


def _row(loss: DepthLoss, result: Result, k: int, language: Language) -> DepthRow:
    ranks = find_ranking(result, loss.ranker.key).ranks
    everything = loss.missed[0] if loss.missed else ()
    first = result.first
    return DepthRow(
        label=loss.ranker.label,
        missed=tuple((len(missed), round(len(missed) / k, 3)) for missed in loss.missed),
        enough=loss.enough,
        unfound=loss.unfound,
        names=tuple(
            (
                index,
                (w.DEPTH_MISSED if first.found[index] else w.DEPTH_UNFOUND)
                .format(
                    rank=int(ranks[index]),
                    first=int(first.ranks[index]),
                    ranker=first.ranker.label,
                    name=passage_name(result.candidates[index]),
                )
                .to(language),
            )
            for index in everything
        ),
    )
