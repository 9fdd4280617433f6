"""What each ranker of a result cost, beside agreement and quality; and, apart from that, what was published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from demo.charts.speed import three_figures
from demo.messages import Language, Message
from demo.metrics.agreement import AgreementMeasure
from demo.phrases import price, seconds
from demo.records import Result
from demo.results.speed import SpeedRow, speed_rows
from demo.ui import wording as w
from demo.ui.views.facts import NOTHING, FactRow, count, fact_table, megabytes, number
from demo.ui.views.judged import Figures


def speed_table(
    result: Result,
    reference_key: str,
    measure: AgreementMeasure,
    figures: Mapping[str, Figures],
    language: Language,
    notes: Sequence[Message] = (),
) -> str:
    """The table twin of the speed chart.

    Args:
        figures: NDCG@10 and others by ranker key and name, as in `judged_figures`; empty where nothing is judged.
        notes: sentences below the table.

    Raises:
        InputError: the reference failed or is not here.
    """
    names = ("NDCG@10", "MRR@10") if figures else ()
    speeds = speed_rows(result, reference_key, measure)
    billed = any(speed.cost.usd for speed in speeds)
    columns = (
        w.RANKER,
        w.SPEED_MS,
        w.SPEED_COMPUTED,
        w.SPEED_TOKENS,
        w.SPEED_LOAD,
        w.SPEED_MEMORY,
        *([w.TOOK_PRICE] if billed else []),
        measure.label,
        *names,
    )

    def row(speed: SpeedRow) -> FactRow:
        cost = speed.cost
        return FactRow(
            speed.ranker.label,
            (
                NOTHING if speed.milliseconds_per_pair is None else three_figures(speed.milliseconds_per_pair),
                f"{cost.pairs - cost.kept_pairs:,}",
                count(cost.tokens),
                seconds(cost.load_seconds) if cost.load_seconds else NOTHING,
                megabytes(cost.model_bytes),
                *([price(cost.usd).to(language) if cost.usd else NOTHING] if billed else []),
                w.AGREEMENT_REFERENCE.to(language) if speed.is_reference else number(speed.agreement),
                *(number(figures.get(speed.ranker.key, {}).get(name), 3) for name in names),
            ),
            speed.is_reference,
        )

    rows = [row(speed) for speed in speeds]
    return fact_table(w.SPEED, columns, rows, language, (*notes, w.SPEED_NOTE))


def published_table(result: Result, language: Language) -> str:
    """What was published about the models of the result, each once; "" where nothing was."""
    specs = {column.ranker.model.spec.key: column.ranker.model.spec for column in result.columns if column.ranker.model}
    rows = [
        FactRow(spec.label, (number(row.ndcg_at_10), number(row.mrr_at_10), f"{row.docs_per_second:,}"))
        for spec in specs.values()
        for row in ([spec.published] if spec.published else [])
    ]
    columns = (w.CARD_ID, Message("NDCG@10 DL19"), Message("MRR@10 dev"), w.DOCS_PER_SECOND)
    return fact_table(w.PUBLISHED, columns, rows, language, (w.PUBLISHED_NOTE,)) if rows else ""
