"""How clearly each ranker of a lineup tells passages apart."""

from __future__ import annotations

from demo.charts.scales import SCORE_LABELS
from demo.lineups import score_facts as facts_of
from demo.messages import Language
from demo.records import Lineup, Ranking, ScoreKind
from demo.ui import wording as w
from demo.ui.views.facts import FactRow, fact_table, number


def score_facts(lineup: Lineup, language: Language) -> str:
    """Margins between neighbours and ties, a row for each ranking."""
    columns = (w.RANKER, w.SCORE_KIND, w.MARGIN, w.MEDIAN_MARGIN, w.TIED, w.DISTINCT, w.SCORED)
    rows = [_row(ranking, language) for ranking in lineup.rankings]
    return fact_table(w.SCORE_FACTS, columns, rows, language, (w.SCORE_FACTS_NOTE,))


def _row(ranking: Ranking, language: Language) -> FactRow:
    facts, kind = facts_of(ranking), ranking.ranker.kind
    places = 4 if kind is ScoreKind.RRF else 2
    return FactRow(
        ranking.ranker.label,
        (
            SCORE_LABELS[kind].to(language),
            number(facts.margin, places),
            number(facts.median_margin, places + 1),
            f"{facts.tied:,}",
            f"{facts.distinct:,}",
            f"{facts.scored:,}",
        ),
    )
