"""What a score can be. Scores of two kinds are never compared by value, summed, or drawn on one axis."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from demo.messages import Message

BLUE, GREY = "#2f7ed8", "#8a94a3"


class Side(Enum):
    """What scores come from."""

    WORDS = "matching words"
    MODEL = "a model that reads"
    GIVEN = "somebody else"
    FUSION = "other rankers' scores"


@dataclass(frozen=True, slots=True)
class ScoreKind:
    """A kind of score.

    Attributes:
        key: its name in JSON.
        label: of an axis of such scores; rank_label: of an axis of their ranks.
        subject: who gives such scores, inside a sentence.
        side: what they come from.
        colour: of bars and points.
        decimals: how many are shown; signed: whether a plus sign is shown.
        sigmoid: whether 1 / (1 + e⁻ˢ) is a probability; is_probability: whether the score is one as it is, 0…1.
    """

    key: str
    label: Message
    rank_label: Message
    subject: Message
    side: Side
    colour: str = GREY
    decimals: int = 2
    signed: bool = False
    sigmoid: bool = False
    is_probability: bool = False


BM25 = ScoreKind("bm25", Message("BM25 score"), Message("BM25 rank"), Message("BM25"), Side.WORDS)
ENGINE = ScoreKind("engine", Message("Engine score"), Message("Engine rank"), Message("the engine"), Side.GIVEN)
LOGIT = ScoreKind(
    "logit",
    Message("Cross-encoder logit"),
    Message("Cross-encoder rank"),
    Message("the cross-encoder"),
    Side.MODEL,
    BLUE,
    signed=True,
    sigmoid=True,
)
PROBABILITY = ScoreKind(
    "probability",
    Message("Probability of relevance"),
    Message("Rank by probability"),
    Message("the reranker"),
    Side.MODEL,
    BLUE,
    decimals=3,
    is_probability=True,
)
SIMILARITY = ScoreKind(
    "similarity",
    Message("Similarity of vectors"),
    Message("Rank by similarity"),
    Message("the bi-encoder"),
    Side.MODEL,
    BLUE,
    decimals=3,
)
RRF = ScoreKind("rrf", Message("RRF score"), Message("RRF rank"), Message("the fusion"), Side.FUSION, decimals=4)
WEIGHTED_SUM = ScoreKind(
    "weighted sum", Message("Weighted sum"), Message("Weighted-sum rank"), Message("the fusion"), Side.FUSION
)

SCORE_KINDS = (BM25, ENGINE, LOGIT, PROBABILITY, SIMILARITY, RRF, WEIGHTED_SUM)
