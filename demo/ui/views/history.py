"""The visitor's runs as a list, and two of them side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo.messages import Language, Message, listed, plural
from demo.phrases import count_passages, count_queries
from demo.ui import wording as w
from demo.ui.history.differences import TOP_K
from demo.ui.history.evaluations import PastEvaluation
from demo.ui.history.past import MOST_RUNS, Past, kind_of
from demo.ui.history.runs import PastRun
from demo.ui.links import MOST_CHARS
from demo.ui.views.render import render


@dataclass(frozen=True, slots=True)
class PastRow:
    """What a run of any kind is listed with.

    Attributes:
        kind: what it was, where it was no run of one query.
        name: what was asked; about: of what.
        first: the passage that came first; "" where there is none.
    """

    kind: str
    name: str
    about: str
    first: str = ""


def _run_row(run: PastRun, language: Language) -> PastRow:
    """A run with its query."""
    order = run.columns[-1].order if run.columns else ()
    source = Message(run.source).to(language)
    return PastRow("", run.query, f"{source}, {run.passages:,}", run.names.get(order[0], "") if order else "")


def _alike(count: int) -> Message:
    return plural("{count} figure is the same", "{count} figures are the same", count)


def _evaluation_row(run: PastEvaluation, language: Language) -> PastRow:
    """An evaluation with its collection."""
    queries = listed([count_queries(run.queries), count_passages(run.passages)]).to(language)
    return PastRow(w.TAB_EVALUATE.to(language), Message(run.source).to(language), queries)


ROWS: Mapping[type, Callable[[Any, Language], PastRow]] = {PastRun: _run_row, PastEvaluation: _evaluation_row}
"""Record of a kind of run → what it is listed with."""


def row_of(run: Past, language: Language) -> PastRow:
    """What the run is listed with."""
    return ROWS[type(run)](run, language)


def run_name(run_index: int, run: Past, language: Language) -> str:
    """What names a run in a menu: its number in the list, what was asked, the rankers, and of what."""
    row = row_of(run, language)
    return " · ".join(filter(None, (str(run_index + 1), row.kind, row.name, run.rankers, row.about)))


def run_list(runs: Sequence[Past], language: Language) -> str:
    """Every run with what it asked, its figures and a way to open it again; a sentence where there is none."""
    rows = [
        {
            "number": run_index + 1,
            "run": run,
            "row": row_of(run, language),
            "figures": [
                (column.ranker, [f"{name} {value:.3f}" for name, value in column.figures.items()])
                for column in run.columns
                if column.figures
            ],
            "address": run.address if len(run.address) <= MOST_CHARS else "",
            "by_hand": len(run.address) > MOST_CHARS,
        }
        for run_index, run in enumerate(runs)
    ]
    return render("history.html", language, rows=rows, most=MOST_RUNS)


def two_runs(before: Past, after: Past, language: Language) -> str:
    """Both runs, which are of one kind, side by side."""
    return render(
        "side_by_side.html", language, found=kind_of(after).side_by_side(before, after), k=TOP_K, alike=_alike
    )
