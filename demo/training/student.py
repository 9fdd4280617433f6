"""The student: a two-layer BERT cross-encoder that can match words before its first training step.

A small BERT that starts from random weights must first discover that equal words in query and passage matter, and
spends hundreds of thousands of pairs on it. Here the start is laid out by hand instead:

- 120 of the 128 embedding dimensions hold what the teacher knows of the word: 60 its embedding, 60 the vector of a text
  with nothing else (PCA, partly whitened, equal norm); the rest hold the word's idf, the text it stands in, and marks
  for [CLS] and [SEP];
- in layer 0 each of the two heads compares 60 of these dimensions; a token looks for its like in the *other* text and
  falls back to that text's [SEP] when there is none, so the attention that does not go to [SEP] says «matched»; the
  feed-forward part multiplies this with the idf;
- in layer 1 [CLS] averages those products over the query (head 0) and over the passage (head 1).

Everything is an ordinary weight of an ordinary `BertForSequenceClassification` and is trained from there.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from transformers import BertConfig

from demo.training.tokens import CLS, PAD, SEP

RESERVED = 8
"""Embedding dimensions that carry marks instead of meaning."""
_MARKS = ("idf", "side", "cls", "sep", "near", "alike", "query_hit", "passage_hit")


def tiny_config(vocab_size: int = 30_522, width: int = 128) -> Any:
    """Shape of ms-marco-TinyBERT-L-2-v2: 2 layers, width 128, 2 heads, feed-forward 512, 512 positions, 1 label."""
    make: Any = BertConfig
    return make(
        vocab_size=vocab_size,
        hidden_size=width,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=4 * width,
        max_position_embeddings=512,
        num_labels=1,
    )


def word_vectors(embeddings: NDArray[np.float32], dimensions: int, seed: int) -> NDArray[np.float32]:
    """Word embeddings in fewer dimensions.

    PCA, each component divided by the fourth root of its variance (halfway to white, so that words differ in many
    directions), turned at random (so that any half of the dimensions carries as much), rows of norm √dimensions.

    Args:
        embeddings: Shape (words, width).
        dimensions: At most `width`.
        seed: Of the random rotation.
    """
    centred = embeddings - embeddings.mean(0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    top = np.argsort(values)[::-1][:dimensions]
    projected = centred @ vectors[:, top] / np.maximum(values[top], 1e-12) ** 0.25
    rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(dimensions, dimensions)))[0]
    turned = projected @ rotation
    norms = np.linalg.norm(turned, axis=1, keepdims=True)
    return np.asarray(turned / np.maximum(norms, 1e-9) * math.sqrt(dimensions), np.float32)


def initialise(model: Any, words: NDArray[np.float32], idf: NDArray[np.float32], seed: int) -> None:
    """Lays out the start described at the top of this module, in place.

    Args:
        model: A two-layer, two-head `BertForSequenceClassification`.
        words: Outputs of `word_vectors`, one for each head, side by side, shape (vocabulary, width − 8).
        idf: ln(N / df) per word piece, 0 to about 12; pieces never seen carry the largest.
        seed: Of the small random weights elsewhere.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.normal_(0.0, 0.02, generator=generator)
        marks = {name: model.config.hidden_size - RESERVED + i for i, name in enumerate(_MARKS)}
        _embeddings(model, words, idf, marks)
        _match_layer(model, marks)
        _gather_layer(model, marks)
        _head(model, marks)


def _embeddings(
    model: Any,
    words: NDArray[np.float32],
    idf: NDArray[np.float32],
    marks: dict[str, int],
) -> None:
    embeddings = model.bert.embeddings
    table = embeddings.word_embeddings.weight
    table.zero_()
    table[:, : words.shape[1]] = torch.from_numpy(words)
    scaled = torch.from_numpy(idf / max(float(idf.max()), 1e-9))
    table[:, marks["idf"]] = 3.0 * scaled
    for token, name in ((CLS, "cls"), (SEP, "sep")):
        table[token] = 0.0
        table[token, marks[name]] = 10.0
    table[PAD] = 0.0
    embeddings.position_embeddings.weight.mul_(0.5)
    types = embeddings.token_type_embeddings.weight
    types.zero_()
    types[0, marks["side"]] = 1.0
    types[1, marks["side"]] = -1.0


def _match_layer(model: Any, marks: dict[str, int]) -> None:
    """Layer 0: look for one's like in the other text, else at that text's [SEP]; then idf × matched."""
    layer = model.bert.encoder.layer[0]
    width, per_head = model.config.hidden_size, model.config.hidden_size // 2
    content = (width - RESERVED) // 2
    attention = layer.attention.self
    query, key, value, out = attention.query, attention.key, attention.value, layer.attention.output.dense
    for linear in (query, key, value, out):
        linear.weight.mul_(0.25)
    root = math.sqrt(per_head)
    for head, (sharpness, threshold, other, mark) in enumerate(((16.0, 11.0, 6.0, "near"), (10.0, 7.0, 6.0, "alike"))):
        rows = slice(head * per_head, head * per_head + content)
        columns = slice(head * content, (head + 1) * content)
        scale = math.sqrt(sharpness * root / content)
        for linear in (query, key):
            linear.weight[rows] = 0.0
            linear.weight[rows, columns] = scale * torch.eye(content)
        side, sink = head * per_head + content, head * per_head + content + 1
        query.weight[side], key.weight[side] = 0.0, 0.0
        query.weight[side, marks["side"]], key.weight[side, marks["side"]] = -other, root
        query.weight[sink], key.weight[sink] = 0.0, 0.0
        # [SEP]'s mark is the only large entry of its embedding: about √width after the layer norm.
        query.bias[sink], key.weight[sink, marks["sep"]] = threshold / math.sqrt(width), root
        value.weight[rows, columns] += 0.25 * torch.eye(content)
        out.weight[columns, rows] += 0.25 * torch.eye(content)
        value.weight[sink] = 0.0
        value.weight[sink, marks["sep"]] = -0.3
        out.weight[marks[mark]] = 0.0
        out.weight[marks[mark], sink] = 1.0
        out.bias[marks[mark]] = 3.0
    inner, outer = layer.intermediate.dense, layer.output.dense
    for unit, (mark, side, target) in enumerate(
        (
            ("near", 1.0, "query_hit"),
            ("alike", 1.0, "query_hit"),
            ("near", -1.0, "passage_hit"),
            ("alike", -1.0, "passage_hit"),
        )
    ):
        inner.weight[unit] = 0.0
        inner.weight[unit, marks["idf"]] = 1.0
        inner.weight[unit, marks[mark]] = 1.5
        inner.weight[unit, marks["side"]] = 3.0 * side
        inner.bias[unit] = -6.5
        outer.weight[:, unit] = 0.0
        outer.weight[marks[target], unit] = 1.0


def _gather_layer(model: Any, marks: dict[str, int]) -> None:
    """Layer 1: [CLS] averages over the query with head 0 and over the passage with head 1."""
    layer = model.bert.encoder.layer[1]
    per_head = model.config.hidden_size // 2
    attention = layer.attention.self
    root = math.sqrt(per_head)
    for head, side in enumerate((1.0, -1.0)):
        first = head * per_head
        attention.query.weight[first], attention.key.weight[first] = 0.0, 0.0
        attention.query.bias[first] = root
        attention.key.weight[first, marks["side"]] = 3.0 * side
        attention.key.weight[first, marks["cls"]] = -1.0
        attention.key.weight[first, marks["sep"]] = -1.0
        for place, name in enumerate(("query_hit", "passage_hit", "idf", "near", "alike")):
            attention.value.weight[first + place] = 0.0
            attention.value.weight[first + place, marks[name]] = 1.0
            out = layer.attention.output.dense
            out.weight[head * 16 + place] = 0.0
            out.weight[head * 16 + place, first + place] = 2.0


def _head(model: Any, marks: dict[str, int]) -> None:
    """The score rises with what the query's words found (dimension 0 of [CLS] after layer 1)."""
    model.bert.pooler.dense.weight[0] = 0.0
    model.bert.pooler.dense.weight[0, 0] = 0.3
    model.classifier.weight[0, 0] = 3.0


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
