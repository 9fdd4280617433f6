"""Fusion: one ranking made of several, without reading a passage again.

Reciprocal rank fusion looks only at ranks: a passage gets w / (k + rank) from each member, so a first place counts most
and no member's scale matters (Cormack, Clarke and Büttcher 2009, doi:10.1145/1571941.1572114). A weighted sum looks at
scores, after each member's were brought to 0…1 (min–max) or to mean 0 and standard deviation 1 (z); it keeps how far
apart passages stand (compared by Bruch, Gai and Ingber 2023, doi:10.1145/3596512).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from demo.normalisation import Values, min_max, standard
from demo.rankers.choices import RRF_K, FusionChoice
from demo.records import Ranker, Ranking, ScoreKind

_SCALES: dict[str, Callable[[Values], Values | None]] = {"min-max": min_max, "z": standard}


def fuse(choice: FusionChoice, members: Sequence[Ranking]) -> Ranking:
    """The fused ranking of the members' candidates; what it cost to rank them is the members' own.

    Weights are used as they are: doubling all of them doubles the scores and keeps the order. In a weighted sum a
    member whose scores are all equal adds 0; a candidate without a score (NaN) counts as that member's lowest, and an
    infinite score as its highest or lowest finite one. Reciprocal rank fusion asks for ranks only, which all have.

    Args:
        members: rankings of the same n candidates, in the order of `choice.members`.

    Raises:
        ValueError: the members are fewer or more than chosen, or differ in length.
    """
    sizes = [member.ranks.size for member in members]
    if len(members) != len(choice.members) or len(set(sizes)) > 1:
        raise ValueError(f"{choice} is made of {len(choice.members)} rankings of one length, found lengths {sizes}")
    weights = choice.weights or (1.0,) * len(members)
    shares = [_share(choice, member) for member in members]
    scores = sum((weight * share for weight, share in zip(weights, shares, strict=True)), np.zeros(sizes[0]))
    kind = ScoreKind.RRF if choice.method == "rrf" else ScoreKind.WEIGHTED_SUM
    return Ranking.from_scores(Ranker(str(choice), _label(choice, members), kind), scores)


def _share(choice: FusionChoice, member: Ranking) -> Values:
    """What a member adds for each candidate at weight 1."""
    if choice.method == "rrf":
        return 1.0 / (choice.k + member.ranks.astype(np.float64))
    scores = member.scores.astype(np.float64)
    finite = scores[np.isfinite(scores)]
    if not finite.size:
        return np.zeros_like(scores)
    filled = np.clip(np.nan_to_num(scores, nan=-np.inf, posinf=np.inf, neginf=-np.inf), finite.min(), finite.max())
    scaled = _SCALES[choice.method](filled)
    return np.zeros_like(scores) if scaled is None else scaled


def _label(choice: FusionChoice, members: Sequence[Ranking]) -> str:
    """“RRF (BM25 + Tiny)”, with k and weights where they are not the usual ones; the same in both languages."""
    method = {"rrf": "RRF", "min-max": "min–max"}.get(choice.method, choice.method)
    if choice.method == "rrf" and choice.k != RRF_K:
        method += f", k = {choice.k:g}"
    weights = choice.weights or (1.0,) * len(members)
    parts = (
        member.ranker.label if weight == 1 else f"{weight:g} × {member.ranker.label}"
        for weight, member in zip(weights, members, strict=True)
    )
    return f"{method} ({' + '.join(parts)})"
