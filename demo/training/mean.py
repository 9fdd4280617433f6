"""The mean of the weights of models that come from one another: often better than each of them.

What a run has learnt and what it has forgotten meanwhile lie on one way, and the middle of it keeps most of both
(Wortsman et al. 2022, arXiv:2109.01903 and arXiv:2203.05482).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from demo.training.starts import Start, continued


def mean_of(folders: Sequence[Path]) -> Start:
    """The model whose every weight is the mean of theirs, with the tokenizer of the first.

    Args:
        folders: Of models of one shape and vocabulary, each trained on from another.

    Raises:
        ValueError: their shapes differ.
    """
    start, *others = map(continued, folders)
    states = [each.model.state_dict() for each in (start, *others)]
    shapes = [{name: weight.shape for name, weight in state.items()} for state in states]
    if any(each != shapes[0] for each in shapes):
        raise ValueError("The models have not the same shape, so their weights have no mean.")
    start.model.load_state_dict({name: torch.stack([s[name] for s in states]).mean(0) for name in shapes[0]})
    return start
