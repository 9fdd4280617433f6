"""Tensors in a checkpoint's files of weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from demo.rankers.cross_encoder.layouts import FUSED


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


UNFUSED = (
    ("roberta.emb_ln.", "roberta.embeddings.LayerNorm."),
    ("encoder.layers.", "encoder.layer."),
    (".mixer.out_proj.", ".attention.output.dense."),
    (".norm1.", ".attention.output.LayerNorm."),
    (".mlp.fc1.", ".intermediate.dense."),
    (".mlp.fc2.", ".output.dense."),
    (".norm2.", ".output.LayerNorm."),
)
"""Part of a tensor's name in an XLM-R with fused queries, keys and values → in the class of transformers."""


def unfused(paths: Sequence[Path]) -> dict[str, Tensor]:
    """The tensors in files of such an XLM-R, in fp32, under the names that transformers has."""
    state: dict[str, Tensor] = {}
    for name, tensor in read_tensors(paths).items():
        if FUSED in name:
            parts = (name.replace("encoder.layers.", "encoder.layer."), tensor.float().chunk(3))
            for part, third in zip(("query", "key", "value"), parts[1], strict=True):
                state[parts[0].replace(FUSED, f".attention.self.{part}.")] = third.contiguous()
            continue
        for old, new in UNFUSED:
            name = name.replace(old, new)
        state[name] = tensor.float()
    return state
