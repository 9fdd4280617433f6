"""The strip of key figures of two rankings."""

from __future__ import annotations

from demo.messages import Language
from demo.results.change import Pair
from demo.results.key_figures import key_figures
from demo.ui.views.render import render


def key_figure_strip(pair: Pair, language: Language) -> str:
    """How far the two agree, who moved most, and how long it took."""
    return render("figures.html", language, figures=key_figures(pair.change, pair.result.candidates))
