"""The visitor's runs as a list, and two of them side by side."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qs

from demo.messages import Language, catalogue
from demo.ui.history.differences import TOP_K, side_by_side
from demo.ui.history.runs import MOST_RUNS, PastRun
from demo.ui.links import MOST_CHARS
from demo.ui.views.render import render


def source_of(run: PastRun, language: Language) -> str:
    """The collection's title in `language`, where the catalogue has it."""
    return catalogue(language).gettext(run.source) if run.source else ""


def run_name(place: int, run: PastRun, language: Language) -> str:
    """What names a run in a menu: its place in the list, query, collection and rankers."""
    return f"{place + 1} · {run.query} · {source_of(run, language)} · {run.rankers}"


def run_list(runs: Sequence[PastRun], language: Language) -> str:
    """Every run with what it asked, its figures and a way to open it again; a sentence where there is none."""
    rows = [
        {
            "number": place + 1,
            "run": run,
            "source": source_of(run, language),
            "first": run.names.get(run.columns[-1].order[0], "") if run.columns and run.columns[-1].order else "",
            "figures": [
                (column.ranker, [f"{name} {value:.3f}" for name, value in column.figures.items()])
                for column in run.columns
                if column.figures
            ],
            "address": run.address if len(run.address) <= MOST_CHARS else "",
            "by_hand": len(run.address) > MOST_CHARS,
            "tab": "compare" if "rankers" in parse_qs(run.address) else "rerank",
        }
        for place, run in enumerate(runs)
    ]
    return render("history.html", language, rows=rows, most=MOST_RUNS)


def two_runs(before: PastRun, after: PastRun, language: Language) -> str:
    """Both runs side by side."""
    return render("side_by_side.html", language, found=side_by_side(before, after), k=TOP_K)
