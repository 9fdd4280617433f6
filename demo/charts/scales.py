"""Other ways to read a list of scores: each scale maps one ranking's scores, and never mixes two kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from demo.messages import Message, clauses
from demo.normalisation import Values as Values
from demo.normalisation import min_max as min_max
from demo.normalisation import sigmoid, standard
from demo.records import Ranking
from demo.score_kinds import ScoreKind


def as_given(scores: Values) -> Values:
    """The scores."""
    return scores


def rank_share(scores: Values) -> Values | None:
    """(n − r) / (n − 1): 1 for the best, 0 for the last; equal scores share their mean rank r. None for one score."""
    counts = Counter(scores.tolist())
    if scores.size < 2:
        return None
    ascending = sorted(counts)
    below = dict(zip(ascending, accumulate((counts[value] for value in ascending), initial=0), strict=False))
    lower = np.array([below[value] + (counts[value] - 1) / 2 for value in scores.tolist()])
    return lower / (scores.size - 1)


@dataclass(frozen=True, slots=True)
class Scale:
    """A way to read scores.

    Attributes:
        label: in charts; choice: in the switch above them.
        formula: how it is computed, for the page.
        apply: float64 (n,) → float64 (n,) in the same order, n ≥ 1; None where it is not defined for these scores.
        reads: whether it is meant for scores of a kind; others stay raw.
    """

    key: str
    label: Message
    choice: Message
    formula: Message
    apply: Callable[[Values], Values | None]
    reads: Callable[[ScoreKind], bool] = lambda kind: True


SCALES = (
    Scale(
        "raw",
        Message("raw"),
        Message("as given"),
        Message("The scores as the rankers gave them, each on its own axis."),
        as_given,
    ),
    Scale(
        "sigmoid",
        Message("sigmoid"),
        Message("on 0…1 (sigmoid)"),
        Message(
            "Squeezed into 0…1: 1 / (1 + e⁻ˢ) of a score s. Only the scores of cross-encoders (logits) are read so."
        ),
        sigmoid,
        lambda kind: kind.sigmoid,
    ),
    Scale(
        "min-max",
        Message("min–max"),
        Message("lowest to highest (min–max)"),
        Message("0 is the lowest of these passages, 1 the highest: (s − min) / (max − min)."),
        min_max,
    ),
    Scale(
        "rank",
        Message("rank"),
        Message("by rank"),
        Message("1 is first, 0 is last: (n − r) / (n − 1). Equal scores share their mean rank r."),
        rank_share,
    ),
    Scale(
        "z",
        Message("z"),
        Message("in deviations (z)"),
        Message("How many standard deviations above the mean of these passages: (s − mean) / deviation."),
        standard,
    ),
)

RAW = SCALES[0]


@dataclass(frozen=True, eq=False)
class Scaled:
    """One ranking's scores on one scale.

    Attributes:
        values: float64 (n,), in candidate order, NaN where no finite score is; None where the scale is not defined.
        label: the axis title, kind and scale.
        note: why the scores stayed raw or cannot be shown; None where nothing needs saying.
    """

    values: Values | None
    label: Message
    note: Message | None = None


def find_scale(key: str) -> Scale:
    """The scale with this key.

    Raises:
        KeyError: there is none.
    """
    for scale in SCALES:
        if scale.key == key:
            return scale
    raise KeyError(f"no scale “{key}”; there are {', '.join(scale.key for scale in SCALES)}")


def scaled(ranking: Ranking, scale: Scale) -> Scaled:
    """The ranking's scores on the scale, or raw where the scale is not meant for their kind."""
    kind = ranking.ranker.kind.label
    scores = np.where(ranking.found, ranking.scores, np.nan).astype(np.float64)
    if scores.size == 0:
        return Scaled(scores, kind, Message("No passages to show"))
    if not scale.reads(ranking.ranker.kind):
        return Scaled(scores, kind, Message("raw: {label} is for logits", label=scale.label))
    label = kind if scale is RAW else Message("{kind}, {label}", kind=kind, label=scale.label)
    finite = np.isfinite(scores)
    found = scale.apply(scores[finite]) if finite.any() else None
    if found is None:
        return Scaled(None, label, _undefined(scores, scale))
    values = np.full_like(scores, np.nan)
    values[finite] = found
    return Scaled(values, label, _left_out(ranking))


def _left_out(ranking: Ranking) -> Message | None:
    """How many passages have no place on an axis: infinite scores, passages that were not scored or not found."""
    found = ranking.scores[ranking.found]
    infinite, missing, unfound = int(np.isinf(found).sum()), int(np.isnan(found).sum()), int((~ranking.found).sum())
    parts = [
        *([Message("{infinite} infinite left out", infinite=infinite)] if infinite else []),
        *([Message("{missing} not reranked", missing=missing)] if missing else []),
        *([Message("{unfound} not found", unfound=unfound)] if unfound else []),
    ]
    return clauses(parts) if parts else None


def _undefined(scores: Values, scale: Scale) -> Message:
    """Why the scale cannot read these scores."""
    size = int(np.isfinite(scores).sum())
    if size == 0 and np.isnan(scores).all():
        return Message("Nothing was found")
    if size == 0:
        return Message("No score is finite")
    if size == 1:
        return Message("One passage: {label} is not defined", label=scale.label)
    return Message("All scores are equal: {label} is not defined", label=scale.label)
