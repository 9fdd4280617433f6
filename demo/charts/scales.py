"""Other ways to read a list of scores: each scale maps one ranking's scores, and never mixes two kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from demo.language import Text
from demo.normalisation import Values as Values
from demo.normalisation import min_max as min_max
from demo.normalisation import standard
from demo.records import Ranking, ScoreKind

SCORE_LABELS = {
    ScoreKind.BM25: Text("BM25 score", "BM25 得分"),
    ScoreKind.ENGINE: Text("Engine score", "搜索引擎得分"),
    ScoreKind.LOGIT: Text("Cross-encoder logit", "交叉编码器 logit"),
    ScoreKind.RRF: Text("RRF score", "RRF 得分"),
    ScoreKind.WEIGHTED_SUM: Text("Weighted sum", "加权和"),
}
"""The axis title of each kind of score."""


def as_given(scores: Values) -> Values:
    """The scores."""
    return scores


def sigmoid(logits: Values) -> Values:
    """1 / (1 + e^−s), 0…1, without overflow; differences beyond about ±17 are lost to rounding in float32."""
    small = np.exp(-np.abs(logits))
    shares: Values = np.where(logits >= 0, 1.0, small) / (1.0 + small)
    return shares


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
        formula: how it is computed, for the page.
        apply: float64 (n,) → float64 (n,) in the same order, n ≥ 1; None where it is not defined for these scores.
        kinds: the kinds of score it is meant for; scores of another kind stay raw.
    """

    key: str
    label: Text
    formula: Text
    apply: Callable[[Values], Values | None]
    kinds: frozenset[ScoreKind] = frozenset(ScoreKind)


SCALES = (
    Scale("raw", Text("raw", "原始"), Text("s: the score as the ranker gave it", "s：排序器给出的原始得分"), as_given),
    Scale(
        "sigmoid",
        Text("sigmoid", "sigmoid"),
        Text("1 / (1 + e⁻ˢ), for logits only", "1 / (1 + e⁻ˢ)，仅用于 logit"),
        sigmoid,
        frozenset({ScoreKind.LOGIT}),
    ),
    Scale(
        "min-max",
        Text("min–max", "最小–最大"),
        Text("(s − min) / (max − min) over these passages", "(s − min) / (max − min)，在这些段落范围内"),
        min_max,
    ),
    Scale(
        "rank",
        Text("rank", "名次"),
        Text(
            "(n − r) / (n − 1): 1 is first, 0 is last; equal scores share their mean rank r",
            "(n − r) / (n − 1)：1 为第一，0 为最后；得分相同者取平均名次 r",
        ),
        rank_share,
    ),
    Scale(
        "z",
        Text("z", "z"),
        Text("(s − mean) / standard deviation over these passages", "(s − 均值) / 标准差，在这些段落范围内"),
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
    label: Text
    note: Text | None = None


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
    kind = SCORE_LABELS[ranking.ranker.kind]
    scores = ranking.scores.astype(np.float64)
    if scores.size == 0:
        return Scaled(scores, kind, Text("No passages to show", "没有可显示的段落"))
    if ranking.ranker.kind not in scale.kinds:
        return Scaled(
            scores, kind, Text(f"raw: {scale.label.en} is for logits", f"保持原始：{scale.label.zh} 仅用于 logit")
        )
    label = kind if scale is RAW else Text(f"{kind.en}, {scale.label.en}", f"{kind.zh}，{scale.label.zh}")
    finite = np.isfinite(scores)
    found = scale.apply(scores[finite]) if finite.any() else None
    if found is None:
        return Scaled(None, label, _undefined(scores, scale))
    values = np.full_like(scores, np.nan)
    values[finite] = found
    return Scaled(values, label, _left_out(scores))


def _left_out(scores: Values) -> Text | None:
    """How many scores have no place on an axis: those that are infinite, and NaN, where nothing was scored."""
    infinite, missing = int(np.isinf(scores).sum()), int(np.isnan(scores).sum())
    parts = [
        *([Text(f"{infinite} infinite left out", f"未画出 {infinite} 个无穷值")] if infinite else []),
        *([Text(f"{missing} not reranked", f"{missing} 个未参与重排")] if missing else []),
    ]
    return Text(", ".join(part.en for part in parts), "，".join(part.zh for part in parts)) if parts else None


def _undefined(scores: Values, scale: Scale) -> Text:
    """Why the scale cannot read these scores."""
    size = int(np.isfinite(scores).sum())
    if size == 0 and np.isnan(scores).all():
        return Text("Nothing was reranked", "没有段落参与重排")
    if size == 0:
        return Text("No score is finite", "没有有限的得分")
    if size == 1:
        return Text(f"One passage: {scale.label.en} is not defined", f"只有一个段落：{scale.label.zh} 无定义")
    return Text(f"All scores are equal: {scale.label.en} is not defined", f"得分全部相同：{scale.label.zh} 无定义")
