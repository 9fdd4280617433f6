"""Small's start: a bi-encoder inside a cross-encoder, so that the untrained model ranks about as cosine and words do.

The encoder of a bi-encoder reads one text. Fine-tuned from a random head on pairs, it needs hundreds of thousands of
them to find out again what its average of tokens knew. Here the start is laid out by hand instead:

- The encoder's layers read query and passage each by itself, and one head looks words up in the other text (`marks`).
- A matching layer follows. Half of its heads average the query's tokens for [CLS], half the passage's, each in the
  principal half of the width; its neurons multiply the two averages: ab = ((a + b)² − (a − b)²) / 4, and gelu(z) +
  gelu(−z) ≈ √(2/π) z² for small z. That is the cosine, where both averages are about as long. One number of the query's
  average is the idf of its words that the passage has. The readout makes a logit of both.

Everything is an ordinary weight of an ordinary `BertForSequenceClassification` and is trained from there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertForSequenceClassification

from demo.training.marks import Marks, Observed
from demo.training.tokens import PAD

_GATHER = 40.0
"""What attention to the other text loses where averages are taken, in logits."""
_ALONE = 20.0
"""How much the averages outweigh what [CLS] held before."""
_SQUARE = 0.2
"""Factor on what is squared: small enough for gelu(z) + gelu(−z) to be a parabola."""
_CENTRE, _SLOPE = 0.5, 20.0
"""The cosine whose logit is 0, and logits per unit of cosine, as in `losses.Targets`."""
_MATCH_CENTRE, _READERS = 0.4, 16
"""The cosine at which the match is 0, where tanh is straight, and how many numbers of the pooler read it."""
_GENTLE = 0.05
"""How the pooler reads it: small enough for tanh to stay straight."""
_WORDS, _FOUND = 2.0, 0.15
"""Logits where the passage has every word of the query, and how long that is beside averages of length 1."""
_DEVIATION = 0.02
"""Of the weights that are left to training."""


def grow(
    encoder: Any, queries: Sequence[Sequence[int]], passages: Sequence[Sequence[int]], idf: Tensor, seed: int
) -> Any:
    """A cross-encoder with the layers of the bi-encoder's `BertModel` and a matching layer.

    Args:
        encoder: Its tokens' average is the text's vector.
        queries, passages: Ids of typical ones with [CLS] and [SEP].
        idf: Of every word piece, 0 to 1, 0 for special ones, shape (pieces,).
        seed: Of the weights that are left to training.
    """
    make: Any = BertConfig
    depth = encoder.config.num_hidden_layers + 1
    config = encoder.config.to_diff_dict() | {"num_labels": 1, "num_hidden_layers": depth}
    model: Any = BertForSequenceClassification(make(**config))
    *layers, last = model.bert.encoder.layer
    with torch.no_grad():
        seen = observe(encoder, [*queries, *passages])
        model.bert.embeddings.load_state_dict(encoder.embeddings.state_dict())
        marks = Marks.of(encoder.encoder.layer, seen)
        marks.begin(model.bert.embeddings)
        for number, (layer, part) in enumerate(zip(layers, encoder.encoder.layer, strict=True)):
            layer.load_state_dict(part.state_dict())
            marks.carry(layer, number)
        marks.look_up(model.bert.embeddings, layers[0], idf)
        averages = seen.averages.index_fill(1, marks.places, 0.0)
        lengths = [float(part.norm(dim=1).mean()) for part in (averages[: len(queries)], averages[len(queries) :])]
        whole = float(torch.stack([idf[list(query)[1:]].mean() for query in queries]).mean())
        generator = torch.Generator().manual_seed(seed)
        match(last, marks, averages, lengths, whole, generator)
        read_out(model, generator)
    model.eval()
    return model


def observe(encoder: Any, texts: Sequence[Sequence[int]]) -> Observed:
    """Runs the encoder over the texts, each by itself."""
    ids = torch.full((len(texts), max(map(len, texts))), PAD)
    for row, text in zip(ids, texts, strict=True):
        row[: len(text)] = torch.tensor(text)
    mask = ids != PAD
    seen: dict[nn.Module, tuple[Tensor, Tensor]] = {}

    def note(part: nn.Module, taken: tuple[Tensor, ...], given: Tensor) -> None:
        seen[part] = taken[0][mask], given[mask]

    layers = encoder.encoder.layer
    norms = [encoder.embeddings.LayerNorm]
    norms += [norm for layer in layers for norm in (layer.attention.output.LayerNorm, layer.output.LayerNorm)]
    others = [layers[0].attention.output.dense, *(layer.intermediate for layer in layers)]
    hooks = [part.register_forward_hook(note) for part in (*norms, *others)]
    last = encoder(input_ids=ids, attention_mask=mask.long()).last_hidden_state
    for hook in hooks:
        hook.remove()
    return Observed(
        [seen[norm][1] for norm in norms],
        [float(seen[norm][0].std(1, unbiased=False).median()) for norm in norms],
        [seen[layer.intermediate][1] for layer in layers],
        seen[others[0]][0],
        (last * mask[..., None]).sum(1) / mask.sum(1, keepdim=True),
    )


# ---- the matching layer and the readout ----------------------------------------------------------------------------


def match(
    layer: Any,
    marks: Marks,
    averages: Tensor,
    lengths: Sequence[float],
    whole: float,
    generator: torch.Generator,
) -> None:
    """Makes the last layer write a logit into [CLS]'s first number, and minus that into the next.

    It rises with the cosine of the texts' averages and with the idf of the query's words that the passage has.

    Args:
        averages: Of typical texts, shape (texts, width).
        lengths: Of a query's and a passage's.
        whole: Average idf of a query's tokens.
        generator: Of the weights that are left to training.
    """
    attention = layer.attention.self
    heads, size = attention.num_attention_heads, attention.attention_head_size
    width = heads * size
    half = width // 2
    side, here = (math.sqrt(_GATHER * math.sqrt(size) / 2) * w for w in marks.difference(-1))
    for part in (attention.query, attention.key, attention.value, layer.attention.output.dense):
        part.weight.zero_()
        part.bias.zero_()
    for head in range(heads):
        attention.query.bias[head * size] = math.sqrt(_GATHER * math.sqrt(size) / 2)
        attention.key.weight[head * size] = (-side if head < heads // 2 else side) - here
    axes = torch.linalg.svd(averages, full_matrices=True).Vh[: half - 1]
    found = marks.word(-1)[2][None] * _FOUND / whole
    query, passage = (axes / length for length in lengths)
    attention.value.weight[:] = torch.cat([query, found, passage, torch.zeros_like(found)])
    layer.attention.output.dense.weight.fill_diagonal_(_ALONE * math.sqrt(half))
    inner, outer = layer.intermediate.dense, layer.output.dense
    inner.weight.normal_(0.0, _DEVIATION, generator=generator)
    inner.weight[: 4 * half] = 0.0
    for part in (inner.bias, outer.weight, outer.bias):
        part.zero_()
    row = torch.arange(half - 1)
    # both averages have length √half after the norm, so that the squares sum up to this much where the cosine is 1
    square = math.sqrt(2 / math.pi) * _SQUARE**2 * 4 * half
    for kind, (one, other) in enumerate(((1, 1), (-1, -1), (1, -1), (-1, 1))):
        inner.weight[4 * row + kind, row] = one * _SQUARE
        inner.weight[4 * row + kind, half + row] = other * _SQUARE
        outer.weight[0, 4 * row + kind] = one * other * _SLOPE / square
    for kind, sign in enumerate((1, -1)):  # gelu(z) − gelu(−z) = z
        inner.weight[4 * (half - 1) + kind, half - 1] = sign
        outer.weight[0, 4 * (half - 1) + kind] = sign * _WORDS / (_FOUND * math.sqrt(half))
    outer.bias[0] = -_SLOPE * _MATCH_CENTRE
    outer.weight[1], outer.bias[1] = -outer.weight[0], -outer.bias[0]
    for norm in (layer.attention.output.LayerNorm, layer.output.LayerNorm):
        norm.weight.fill_(1.0)
        norm.bias.zero_()


def read_out(model: Any, generator: torch.Generator) -> None:
    """Makes the pooler and the head give the match as a logit; what they do not need is left to training."""
    pooler, head = model.bert.pooler.dense, model.classifier
    pooler.weight.normal_(0.0, _DEVIATION, generator=generator)
    pooler.bias.zero_()
    pooler.weight[:_READERS] = 0.0
    pooler.weight[:_READERS, 0], pooler.weight[:_READERS, 1] = _GENTLE, -_GENTLE
    head.weight.normal_(0.0, _DEVIATION, generator=generator)
    head.weight[0, :_READERS] = 1 / (2 * _GENTLE * _READERS)
    head.bias.fill_(_SLOPE * (_MATCH_CENTRE - _CENTRE))
