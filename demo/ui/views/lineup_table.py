"""All candidates of a lineup with their rank and score in every ranking: the rank flow as a table, cards on a phone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from demo.messages import Language, Message
from demo.records import Lineup, ScoreKind
from demo.text import Analysis
from demo.ui import wording as w
from demo.ui.views.passage_text import NO_MEANINGS, PassageText, Verdict, passage_texts, verdicts
from demo.ui.views.passages import Column, judged, passage_columns, ranker_panel
from demo.ui.views.render import render


@dataclass(frozen=True, slots=True)
class Row:
    """What is shown of one candidate: every ranker's verdict, and the worst rank − the best."""

    passage: PassageText
    verdicts: tuple[Verdict, ...]

    @property
    def rank(self) -> int:
        """Where the row stands at first: by the first ranking."""
        return self.verdicts[0].rank

    @property
    def spread(self) -> int:
        """Worst rank − best rank."""
        ranks = [verdict.rank for verdict in self.verdicts]
        return max(ranks) - min(ranks)

    @property
    def direction(self) -> str:
        """A spread has none."""
        return ""

    @property
    def keys(self) -> dict[str, float]:
        """What the columns sort by."""
        ranks = {f"rank{number}": verdict.rank for number, verdict in enumerate(self.verdicts)}
        return {**ranks, "spread": self.spread}


def lineup_rows(
    lineup: Lineup, grades: Mapping[int, Message], analysis: Analysis, language: Language
) -> tuple[Row, ...]:
    """One row per candidate, in the order of the first ranking; none while there is no ranking."""
    if not lineup.rankings:
        return ()
    texts = passage_texts(lineup.query, lineup.candidates, lineup.grades, grades, analysis, language)
    told = [verdicts(ranking, language) for ranking in lineup.rankings]
    return tuple(Row(texts[index], tuple(each[index] for each in told)) for index in lineup.rankings[0].order.tolist())


def lineup_table(lineup: Lineup, grades: Mapping[int, Message], analysis: Analysis, language: Language) -> str:
    """The table of all candidates in all rankings; `grades` is what each grade means in this collection."""
    rankings = lineup.rankings
    grade, passage = passage_columns(language)
    columns = (
        passage,
        *(
            Column(f"rank{number}", ranking.ranker.label, "col-ranker", ascending=True)
            for number, ranking in enumerate(rankings)
        ),
        Column("spread", w.COLUMN_SPREAD.to(language), "col-spread"),
        grade,
    )
    return render(
        "lineup_table.html",
        language,
        heading=w.LINEUP_TABLE.to(language),
        rows=lineup_rows(lineup, grades, analysis, language),
        columns=columns,
        sorted_by="rank0",
        judged=judged(lineup.grades),
        rankers=[(ranking.ranker.label, ranking.ranker.kind is ScoreKind.LOGIT) for ranking in rankings],
        first=int(rankings[0].order[0]) if rankings and lineup.size else -1,
        run=id(lineup.candidates),
    )


def lineup_panel(
    lineup: Lineup, language: Language, grades: Mapping[int, Message] = NO_MEANINGS, live: bool = True
) -> str:
    """The passage panel, as `passages.panel` is for two rankings."""
    rankers = [(ranking.ranker, ranking.ranker.label) for ranking in lineup.rankings]
    return ranker_panel(rankers, grades, id(lineup.candidates), language, live)
