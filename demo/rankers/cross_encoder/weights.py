"""Tensors in a checkpoint's files of weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor


def read_tensors(paths: Sequence[Path]) -> Mapping[str, Tensor]:
    """The tensors in files of weights, by name; no pickle runs code."""
    from safetensors.torch import load_file

    state: dict[str, Tensor] = {}
    for path in paths:
        if path.suffix == ".safetensors":
            state |= load_file(path)
        else:
            state |= torch.load(path, map_location="cpu", weights_only=True)
    return state
