"""A ranker that gave no ranking, or none of these passages: its own place says why, and the others go on."""

from __future__ import annotations

import logging

from demo.errors import DemoError, ModelError
from demo.messages import Message
from demo.rankers.protocol import Ranker
from demo.records import Failure, Ranking

_LOG = logging.getLogger(__name__)


def checked(ranking: Ranking, size: int) -> Ranking:
    """The ranking, if it is of so many passages.

    Raises:
        ModelError: it is of fewer or more, so that no score can be told to be whose.
    """
    if ranking.scores.size == size:
        return ranking
    raise ModelError(
        "{label} gave {scores} scores for {passages} passages. Choose another ranker.",
        label=ranking.ranker.label,
        scores=ranking.scores.size,
        passages=size,
    )


def failure_of(ranker: Ranker, error: Exception) -> Failure:
    """The ranker's place and the reason: the error's own sentence; a neutral one for a bug, which goes to the log."""
    if isinstance(error, DemoError):
        return Failure(ranker.spec, error.message)
    _LOG.error("%s failed", ranker, exc_info=error)
    return Failure(ranker.spec, Message("It failed by a fault of this app; the log has the details."))
