"""How clearly each ranker of a result tells passages apart."""

from __future__ import annotations

from demo.messages import Language
from demo.records import Ranking, Result
from demo.results.scores import score_facts as facts_of
from demo.ui import wording as w
from demo.ui.views.facts import FactRow, fact_table, number


def score_facts(result: Result, language: Language) -> str:
    """Margins between neighbours and ties, a row for each ranking."""
    columns = (w.RANKER, w.SCORE_KIND, w.MARGIN, w.MEDIAN_MARGIN, w.TIED, w.DISTINCT, w.SCORED, w.UNFOUND)
    rows = [_row(ranking, language) for ranking in result.rankings]
    return fact_table(w.SCORE_FACTS, columns, rows, language, (w.SCORE_FACTS_NOTE,))


def _row(ranking: Ranking, language: Language) -> FactRow:
    facts, kind = facts_of(ranking), ranking.ranker.kind
    decimals = kind.decimals
    return FactRow(
        ranking.ranker.label,
        (
            kind.label.to(language),
            number(facts.margin, decimals),
            number(facts.median_margin, decimals + 1),
            f"{facts.tied:,}",
            f"{facts.distinct:,}",
            f"{facts.scored:,}",
            f"{facts.unfound:,}",
        ),
    )
