"""The rankings of a result by their keys, and a new one made of them."""

from __future__ import annotations

from dataclasses import replace

from demo.errors import InputError
from demo.messages import listed
from demo.rankers.fusion import Fusion
from demo.records import Ranking, Result


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
