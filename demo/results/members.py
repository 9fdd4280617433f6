"""The rankings of a result by their keys, how far they agree by any measure, and a new one made of them."""

from __future__ import annotations

from dataclasses import replace

from demo.errors import InputError
from demo.messages import listed
from demo.metrics.agreement import AgreementMeasure
from demo.rankers.fusion import Fusion
from demo.records import Ranking, Result

Agreements = tuple[float | None, ...]


def find_ranking(result: Result, key: str) -> Ranking:
    """The column with this key, or the first stage's ranking if it has it.

    Raises:
        InputError: that ranker failed, or there is none with this key.
    """
    found = {ranking.ranker.key: ranking for ranking in (result.first, *result.rankings)}
    if key in found:
        return found[key]
    for failure in result.failures:
        if failure.ranker.key == key:
            raise InputError(
                "{label} gave no ranking, so there is nothing to compare with or to fuse: {reason} Choose another "
                "ranker.",
                label=failure.ranker.label,
                reason=failure.reason,
            )
    raise InputError(
        "“{key}” is not among the rankers here, which are {found}. Add it to them, or choose one of these.",
        key=key,
        found=listed(found),
    )


def with_fusion(result: Result, fusion: Fusion) -> Result:
    """The result with the fused column last, in place of an earlier column of the same key; nothing is scored again.

    Raises:
        InputError: a member failed or is neither a column nor the first stage.
    """
    fused = fusion.fuse([find_ranking(result, member.spec.key) for member in fusion.members])
    others = tuple(column for column in result.columns if column.ranker.key != fused.ranker.key)
    return replace(result, columns=(*others, fused))


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
