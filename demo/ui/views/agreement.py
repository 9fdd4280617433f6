"""Agreement of every two rankings of a result as a heat map that is a table."""

from __future__ import annotations

from dataclasses import dataclass

from demo.messages import Language
from demo.metrics.agreement import find_measure
from demo.phrases import signed
from demo.records import Result
from demo.results.members import agreement_matrix
from demo.ui import wording as w
from demo.ui.views.render import render


@dataclass(frozen=True, slots=True)
class AgreementCell:
    """One agreement: its words, how strong its tint is, 0…1, and whether it is below 0."""

    words: str
    tint: float
    below: bool
    same: bool


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """One ranking as the reference."""

    label: str
    is_reference: bool
    cells: tuple[AgreementCell, ...]


def agreement(result: Result, measure_key: str, reference_key: str, language: Language) -> str:
    """The measure of every ranking with every other, the reference's row marked, and what the measure means.

    Raises:
        KeyError: there is no such measure.
    """
    measure = find_measure(measure_key)
    labels = [ranking.ranker.label for ranking in result.rankings]
    rows = [
        AgreementRow(
            label=ranking.ranker.label,
            is_reference=ranking.ranker.key == reference_key,
            cells=tuple(_cell(value, row_index == column, language) for column, value in enumerate(values)),
        )
        for row_index, (ranking, values) in enumerate(
            zip(result.rankings, agreement_matrix(result, measure), strict=True)
        )
    ]
    return render(
        "agreement.html",
        language,
        heading=f"{w.AGREEMENT.to(language)}: {measure.label.to(language)}",
        labels=labels,
        rows=rows if len(rows) > 1 else [],
        meaning=measure.meaning.to(language),
        directed=not measure.symmetric,
    )


def _cell(value: float | None, same: bool, language: Language) -> AgreementCell:
    if value is None:
        return AgreementCell(w.UNDEFINED.to(language), 0.0, below=False, same=same)
    return AgreementCell(signed(value), round(abs(value), 3), value < 0, same)
