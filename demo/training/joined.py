"""Cross-encoders of one depth as a single wider one, whose logit is about the mean of theirs.

Every matrix holds a block for each model and zeros between the blocks, so each model goes on reading its own part of
every vector. Only the layer norms see all of it. So every part is scaled to the same spread in front of each of them,
and its mean is taken out where the weights alone decide it. The spread is that of typical pairs: where a word's own
differs, one model's part is heard more than the other's, which training repairs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor
from transformers import BertForSequenceClassification

from demo.training.tokens import PAD

_TABLES = ("word_embeddings", "position_embeddings", "token_type_embeddings")
_ADDED_UP = ("hidden_size", "intermediate_size", "num_attention_heads")
_ENLARGED = 16.0
"""The spread in front of the first norm, which undoes it: so that 8-bit floats have all their digits for the words."""


def join(models: Sequence[Any], ids: Tensor, types: Tensor) -> Any:
    """One model of the models' widths, heads and inner widths together.

    Args:
        models: One-label `BertForSequenceClassification`s with one tokenizer, depth and width of a head.
        ids: Typical pairs, padded with 0, shape (rows, length).
        types: Their token types, same shape.
    """
    config = deepcopy(models[0].config)
    for name in _ADDED_UP:
        setattr(config, name, sum(getattr(model.config, name) for model in models))
    whole: Any = BertForSequenceClassification(config)
    scales = [[1.0 / spread for spread in spreads(model, ids, types)] + [1.0] for model in models]
    for scale in scales:
        scale[0] *= _ENLARGED
    weights: dict[str, Tensor] = {}

    def beside(name: str, change: Callable[[Tensor, list[float]], Tensor] = lambda part, scale: part) -> list[Tensor]:
        """The models' own of this name, each changed by its scales."""
        return [change(m.get_parameter(name), s) for m, s in zip(models, scales, strict=True)]

    def blocks(parts: list[Tensor]) -> Tensor:
        return torch.block_diag(*parts)  # type: ignore[no-untyped-call,no-any-return]

    def reads(name: str, norm: int) -> None:
        """A linear part that reads what comes before norm `norm`, and so has been scaled for it."""
        weights[f"{name}.weight"] = blocks(beside(f"{name}.weight", lambda part, s: part / s[norm]))
        weights[f"{name}.bias"] = torch.cat(beside(f"{name}.bias"))

    def writes(name: str, norm: int) -> None:
        """A linear part whose output is what norm `norm` is given."""
        weights[f"{name}.weight"] = blocks(beside(f"{name}.weight", lambda part, s: _centred(part) * s[norm]))
        weights[f"{name}.bias"] = torch.cat(beside(f"{name}.bias", lambda part, s: _centred(part) * s[norm]))

    def scaled(name: str, norm: int) -> None:
        """The weight or bias of norm `norm`, whose output is part of what the next one is given."""
        weights[name] = torch.cat(beside(name, lambda part, s: part * s[norm + 1]))

    for table in _TABLES:
        name = f"bert.embeddings.{table}.weight"
        weights[name] = torch.cat(beside(name, lambda part, s: _centred(part.T).T * s[0]), 1)
    for norm, name in enumerate(norm_names(whole)):
        scaled(f"{name}.weight", norm)
        scaled(f"{name}.bias", norm)
    for layer in range(config.num_hidden_layers):
        inside, norm = f"bert.encoder.layer.{layer}", 2 * layer + 1
        for name in ("query", "key", "value"):
            reads(f"{inside}.attention.self.{name}", norm)
        writes(f"{inside}.attention.output.dense", norm)
        reads(f"{inside}.intermediate.dense", norm + 1)
        writes(f"{inside}.output.dense", norm + 1)
    reads("bert.pooler.dense", 2 * config.num_hidden_layers + 1)
    weights["classifier.weight"] = torch.cat(beside("classifier.weight"), 1) / len(models)
    weights["classifier.bias"] = torch.stack(beside("classifier.bias")).mean(0)
    whole.load_state_dict({name: weight.detach() for name, weight in weights.items()})
    return whole.eval()


def norm_names(model: Any) -> list[str]:
    """The layer norms in the order in which a text passes them: of the embeddings, then two of each layer."""
    layers = range(model.config.num_hidden_layers)
    inside = [f"bert.encoder.layer.{n}.{part}.LayerNorm" for n in layers for part in ("attention.output", "output")]
    return ["bert.embeddings.LayerNorm", *inside]


def spreads(model: Any, ids: Tensor, types: Tensor) -> list[float]:
    """Root mean square deviation, over words and width, of what each layer norm is given."""
    found: list[float] = []
    read = ids != PAD

    def note(_: Any, given: tuple[Tensor]) -> None:
        apart = given[0] - given[0].mean(-1, keepdim=True)
        found.append(float(apart[read].square().mean().sqrt()))

    hooks = [model.get_submodule(name).register_forward_pre_hook(note) for name in norm_names(model)]
    with torch.inference_mode():
        model(input_ids=ids, token_type_ids=types, attention_mask=read.long())
    for hook in hooks:
        hook.remove()
    return found


def _centred(weight: Tensor) -> Tensor:
    """The weight without the mean of what it gives, so that the outputs have mean 0."""
    return weight - weight.mean(0, keepdim=True)
