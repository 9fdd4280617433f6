"""What each ranking of a result cost, beside how far it agrees with one of them."""

from __future__ import annotations

from dataclasses import dataclass

from demo.metrics.agreement import AgreementMeasure
from demo.records import Cost, RankerSpec, Result
from demo.results.members import agreement_with


@dataclass(frozen=True, slots=True)
class SpeedRow:
    """One ranker's cost and agreement.

    Attributes:
        cost: of this run: pairs, kept pairs, loading apart, memory, tokens, device, precision.
        agreement: with the reference; None for the reference itself, and where the measure is undefined.
        is_reference: whether this is the reference.
    """

    ranker: RankerSpec
    cost: Cost
    agreement: float | None
    is_reference: bool

    @property
    def milliseconds_per_pair(self) -> float | None:
        """Of the cost's pace; None when nothing ever was computed."""
        pace = self.cost.pace
        return None if pace is None else 1000 / pace.pairs_per_second


def speed_rows(result: Result, reference_key: str, measure: AgreementMeasure) -> tuple[SpeedRow, ...]:
    """One row for each ranking, in the order of the columns; a fusion computes no pairs of its own, and bills
    what its members were billed for it.

    Raises:
        InputError: the reference failed or is not here.
    """
    agreements = agreement_with(result, reference_key, measure)
    return tuple(
        SpeedRow(ranking.ranker, ranking.cost, None if is_reference else agreement, is_reference)
        for ranking, agreement in zip(result.rankings, agreements, strict=True)
        for is_reference in (ranking.ranker.key == reference_key,)
    )
