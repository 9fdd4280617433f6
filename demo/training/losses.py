"""What the student is taught: the teacher's order within a group, and where «relevant» lies on the scale of logits."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Targets:
    """How labels become target logits.

    Attributes:
        cosine_scale: Logits per unit of the bi-encoder's cosine.
        cosine_middle: The cosine whose target logit is 0.
        sparse_scale: Logits per unit of the sparse teacher's score.
        sparse_middle: The score whose target logit is 0.
        lexical_scale: Logits for a passage that holds every word of the query (BM25 over the sum of idf reaches 1).
        made_lexical_scale: The same for queries that were made from a passage: they ask for its words.
        known_bonus: Logits added to a passage that is known to answer.
        shuffled_loss: Logits that a passage loses when its words are shuffled.
        surrounded_loss: Logits that a passage loses when as much as can be read stands around it.
    """

    cosine_scale: float = 20.0
    cosine_middle: float = 0.5
    sparse_scale: float = 0.5
    sparse_middle: float = 10.0
    lexical_scale: float = 4.0
    made_lexical_scale: float = 4.0
    known_bonus: float = 2.0
    shuffled_loss: float = 3.0
    surrounded_loss: float = 1.5

    def order(self, cosine: Tensor, sparse: Tensor, lexical: Tensor, made: Tensor) -> Tensor:
        """Target logits as far as teachers and BM25 know them, shape (groups, candidates).

        Args:
            cosine, sparse, lexical: As in `logits`.
            made: Whether the group's query was made from a passage, bool, shape (groups,).
        """
        return (
            self.cosine_scale * (cosine - self.cosine_middle)
            + self.sparse_scale * (sparse - self.sparse_middle)
            + torch.where(made, self.made_lexical_scale, self.lexical_scale)[:, None] * lexical
        )

    def logits(
        self,
        cosine: Tensor,
        sparse: Tensor,
        lexical: Tensor,
        made: Tensor,
        known: Tensor,
        shuffled: Tensor,
        surrounded: Tensor,
    ) -> Tensor:
        """Target logits of groups, shape (groups, candidates).

        Args:
            cosine: The bi-encoder's cosine, −1 to 1, shape (groups, candidates).
            sparse: The sparse teacher's score, from 0, same shape.
            lexical: BM25 over the sum of the query's idf, 0 to 1, same shape.
            made: Whether the group's query was made from a passage, bool, shape (groups,).
            known: 1 for a group whose first candidate is known to answer, 0 for others, shape (groups,).
            shuffled: 1 for a group whose last candidate is the first again, its words shuffled, shape (groups,).
            surrounded: Share of the room that other passages take, 0 to 1, shape (groups, candidates).
        """
        targets = self.order(cosine, sparse, lexical, made) - self.surrounded_loss * surrounded
        targets[:, 0] += self.known_bonus * known
        targets[:, -1] += shuffled * (self.known_bonus * known - self.shuffled_loss)
        return targets


def listwise(scores: Tensor, targets: Tensor) -> Tensor:
    """Mean over groups of KL(softmax(targets) ‖ softmax(scores)), nats; shapes (groups, candidates)."""
    return functional.kl_div(
        functional.log_softmax(scores, dim=1),
        functional.log_softmax(targets, dim=1),
        reduction="batchmean",
        log_target=True,
    )


def absolute(scores: Tensor, targets: Tensor) -> Tensor:
    """Mean Huber distance of scores to target logits, quadratic up to 2 logits, linear beyond."""
    return functional.huber_loss(scores, targets, delta=2.0)


def margins(scores: Tensor, targets: Tensor) -> Tensor:
    """Mean Huber distance of each group's centred scores to its centred targets: all pairwise margins at once."""
    centred_scores = scores - scores.mean(1, keepdim=True)
    centred_targets = targets - targets.mean(1, keepdim=True)
    return functional.huber_loss(centred_scores, centred_targets, delta=2.0)


@dataclass(frozen=True)
class Weights:
    """Shares of the three terms in the loss."""

    listwise: float = 1.0
    margins: float = 0.15
    absolute: float = 0.05

    def total(self, scores: Tensor, targets: Tensor) -> Tensor:
        """The weighted sum, a scalar; shapes (groups, candidates)."""
        return (
            self.listwise * listwise(scores, targets)
            + self.margins * margins(scores, targets)
            + self.absolute * absolute(scores, targets)
        ).to(torch.float32)
