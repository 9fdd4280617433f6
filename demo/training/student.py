"""A cross-encoder's forward without what its score does not need, for training."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from demo.training.tokens import PAD


def score(model: Any, ids: Tensor, types: Tensor, words: Tensor | None = None) -> Tensor:
    """Logits of a padded batch, shape (rows,), float32: the model's own forward without what [CLS] does not need.

    The last layer is computed for [CLS] alone; dropout is not applied.

    Args:
        model: A BertForSequenceClassification with one label.
        ids: Word pieces, padded with 0, shape (rows, length).
        types: Token types of the same shape.
        words: Their word embeddings, shape (rows, length, width); None: looked up here.
    """
    bert = model.bert
    table = bert.embeddings
    words = table.word_embeddings(ids) if words is None else words
    positions = table.position_embeddings.weight[: ids.shape[1]]
    hidden = table.LayerNorm(words + table.token_type_embeddings(types) + positions)
    mask = torch.where(ids == PAD, -1e4, 0.0)[:, None, None, :]
    heads = model.config.num_attention_heads
    *layers, last = bert.encoder.layer
    for layer in layers:
        hidden = _feed_forward(layer, hidden, _attention(layer.attention.self, hidden, mask, heads))
    first = hidden[:, 0]
    first = _feed_forward(last, first, _attention_of_first(last.attention.self, hidden, mask, heads))
    pooled = torch.tanh(bert.pooler.dense(first))
    return model.classifier(pooled)[:, 0].float()  # type: ignore[no-any-return]


def _attention(part: Any, hidden: Tensor, mask: Tensor, heads: int) -> Tensor:
    """What each position reads, shape (rows, length, width)."""

    def split(x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], heads, -1).transpose(1, 2)

    query, key, value = (split(linear(hidden)) for linear in (part.query, part.key, part.value))
    mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask.to(query.dtype))
    return mixed.transpose(1, 2).flatten(2)


def _attention_of_first(part: Any, hidden: Tensor, mask: Tensor, heads: int) -> Tensor:
    """What the first position reads, shape (rows, width).

    Key and value matrices are applied to one vector a row, the query and the mixture, rather than to every position.
    The key's bias adds the same to all positions, so it changes nothing.
    """
    width = hidden.shape[2]
    query = part.query(hidden[:, 0]).view(-1, heads, width // heads) / math.sqrt(width // heads)
    key, value = (linear.weight.view(heads, -1, width) for linear in (part.key, part.value))
    asked = torch.einsum("bhd,hdw->bhw", query, key)
    shares = torch.softmax(asked @ hidden.transpose(1, 2) + mask[:, 0].to(asked.dtype), dim=2)
    mixed = torch.einsum("bhw,hdw->bhd", shares.to(hidden.dtype) @ hidden, value)
    return mixed.flatten(1) + part.value.bias  # type: ignore[no-any-return]


def _feed_forward(layer: Any, hidden: Tensor, read: Tensor) -> Tensor:
    """The rest of a BERT layer, from what its attention read."""
    middle = layer.attention.output.LayerNorm(hidden + layer.attention.output.dense(read))
    inner = functional.gelu(layer.intermediate.dense(middle))
    return layer.output.LayerNorm(middle + layer.output.dense(inner))  # type: ignore[no-any-return]
