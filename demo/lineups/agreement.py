"""How far the rankings of a lineup agree, by any measure."""

from __future__ import annotations

from demo.lineups.members import find_ranking
from demo.metrics.agreement import Measure
from demo.records import Lineup

Agreements = tuple[float | None, ...]


def agreement_matrix(lineup: Lineup, measure: Measure) -> tuple[Agreements, ...]:
    """Row i, column j: the measure of ranking j with ranking i as the reference, in the order of `lineup.rankings`.

    For m rankings of n candidates O(m² n log n); a symmetric measure is computed once for each pair.
    """
    rankings = lineup.rankings
    found: dict[tuple[int, int], float | None] = {}
    for i, reference in enumerate(rankings):
        for j, other in enumerate(rankings):
            mirrored = measure.symmetric and (j, i) in found
            found[i, j] = found[j, i] if mirrored else measure.between(reference, other)
    return tuple(tuple(found[i, j] for j in range(len(rankings))) for i in range(len(rankings)))


def agreement_with(lineup: Lineup, reference_key: str, measure: Measure) -> Agreements:
    """The measure of every ranking with the reference, in the order of `lineup.rankings`; its own place included.

    Raises:
        InputError: the reference failed or is not here.
    """
    reference = find_ranking(lineup, reference_key)
    return tuple(measure.between(reference, ranking) for ranking in lineup.rankings)
