"""How far the rankings of a result agree, by any measure."""

from __future__ import annotations

from demo.metrics.agreement import AgreementMeasure
from demo.records import Result
from demo.results.members import find_ranking

Agreements = tuple[float | None, ...]


def agreement_matrix(result: Result, measure: AgreementMeasure) -> tuple[Agreements, ...]:
    """Row i, column j: the measure of ranking j with ranking i as the reference, in the order of `result.rankings`.

    For m rankings of n candidates O(m² n log n); a symmetric measure is computed once for each pair.
    """
    rankings = result.rankings
    found: dict[tuple[int, int], float | None] = {}
    for i, reference in enumerate(rankings):
        for j, other in enumerate(rankings):
            mirrored = measure.symmetric and (j, i) in found
            found[i, j] = found[j, i] if mirrored else measure.between(reference, other)
    return tuple(tuple(found[i, j] for j in range(len(rankings))) for i in range(len(rankings)))


def agreement_with(result: Result, reference_key: str, measure: AgreementMeasure) -> Agreements:
    """The measure of every ranking with the reference, in the order of `result.rankings`; its own place included.

    Raises:
        InputError: the reference failed or is not here.
    """
    reference = find_ranking(result, reference_key)
    return tuple(measure.between(reference, ranking) for ranking in result.rankings)
