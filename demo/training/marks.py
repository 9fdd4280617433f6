"""Numbers of a cross-encoder's width that say which text a token belongs to and whether the other text has its word.

- Four are *marks*: side, −side, here, −here. Side is −1 in the query and 1 in the passage, here is 1; both are 0 for
  [CLS]. Two numbers of every head compare them: side · side′ − here · here′ is 0 within a text and towards [CLS], and
  −2 across. So each text is read by itself, with [CLS] as the first token that the encoder is used to. Room for this is
  made where it costs least: numbers that are read least are held at their mean, and of every head's products of query
  and key the two smallest principal ones are left out.
- A norm divides the marks by what is different for each token, so nine neurons of every layer set them anew. What
  writes the marks is not trained (`held`): [CLS] must keep exactly none.
- One head of the first layer, the one whose words vary least, looks every word up in the other text instead. With word
  vectors m and n = |m|² / 2 it compares m · m′ − n′ = n − |m − m′|² / 2, and falls back to [CLS], which offers n less a
  distance that is *near*; so attention that does not go to [CLS] went to the same word. It brings that word's idf.
  Four more numbers carry this: idf, n, found (the idf that was brought), and one that is 0 until a norm subtracts the
  mean, which the others lose with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from demo.training.tokens import CLS

_SIZE = 0.3
"""Of a mark, in deviations of what the next norm takes: large enough to last, too small to change the norm."""
_ACROSS = 8.0
"""What attention to the other text loses, in logits: weak enough for training to mend, strong enough to begin with."""
_STEEP, _STEP = 100.0, 5.0
"""Slope with which neurons tell marks from 0, and the width of their step, after which gelu is a straight line."""
_WITHIN = 30.0
"""What attention within a text loses where words are looked up, in logits."""
_NEAR = 6.0
"""|m − m′|² / 2 up to which two words are the same; different ones are about as far apart as m has numbers."""
_USUAL = 100
"""Positions over which a word's place in its text is averaged."""


@dataclass(frozen=True)
class Observed:
    """What an encoder does with some texts of their own.

    Attributes:
        read: Outputs of its norms, (tokens, width): the embeddings', then two for each layer.
        spread: Median deviation of what each of them takes.
        active: Outputs of each layer's neurons, (tokens, inner width).
        mixed: What the first layer's heads found, (tokens, width).
        averages: Each text's tokens averaged, (texts, width).
    """

    read: list[Tensor]
    spread: list[float]
    active: list[Tensor]
    mixed: Tensor
    averages: Tensor


@dataclass(frozen=True)
class Marks:
    """Where the numbers are and how large, before and after every norm (numbered as in `Observed`).

    Attributes:
        places: Of side, −side, here, −here, idf, n, found and zero, int64, shape (8,).
    """

    places: Tensor
    before: list[float]
    after: list[float]
    seen: Observed

    @classmethod
    def of(cls, layers: Any, seen: Observed) -> Marks:
        """In the numbers of the width that are read least."""
        used = 4 * seen.read[-1].std(0)
        for number, layer in enumerate(layers):
            for part, norm in _readers(layer, number):
                used += seen.read[norm].std(0) * part.weight.norm(dim=0)
        after = [*(_SIZE * spread for spread in seen.spread[1:]), 1.0]
        before = [after[n - 1] if n % 2 else _SIZE * spread for n, spread in enumerate(seen.spread)]
        return cls(used.argsort()[:8], before, after, seen)

    def difference(self, norm: int) -> tuple[Tensor, Tensor]:
        """Weights (width,) that read side and here, as 1 and −1, from what this norm gives."""
        side, here = torch.zeros(2, self.seen.read[0].shape[1])
        side[self.places[:2]] = torch.tensor([0.5, -0.5]) / self.after[norm]
        here[self.places[2:4]] = torch.tensor([0.5, -0.5]) / self.after[norm]
        return side, here

    def word(self, norm: int) -> tuple[Tensor, Tensor, Tensor]:
        """Weights (width,) that read idf, n and found from what this norm gives."""
        weights = torch.zeros(3, self.seen.read[0].shape[1])
        weights[torch.arange(3), self.places[4:7]] = 1 / self.after[norm]
        weights[:, self.places[7]] = -1 / self.after[norm]
        return weights[0], weights[1], weights[2]

    def begin(self, embeddings: Any) -> None:
        """Token types carry the marks, and position 0, which is [CLS]'s, takes them away."""
        types, positions = embeddings.token_type_embeddings.weight, embeddings.position_embeddings.weight
        types[:] = types[0].clone()
        for table in (embeddings.word_embeddings.weight, types, positions):
            table[:, self.places] = 0.0
        for row, side in ((0, -1.0), (1, 1.0)):
            types[row, self.places[:4]] = self.before[0] * torch.tensor([side, -side, 1.0, -1.0])
        positions[0, self.places[:4]] = -types[0, self.places[:4]]
        self._scale(embeddings.LayerNorm, 0)

    def carry(self, layer: Any, number: int) -> None:
        """Makes the layer keep the texts apart and hand the marks on."""
        for part, norm in _readers(layer, number):
            part.bias += part.weight[:, self.places] @ self.seen.read[norm][:, self.places].mean(0)
            part.weight[:, self.places] = 0.0
        for part in (layer.attention.output.dense, layer.output.dense):
            part.weight[self.places] = 0.0
            part.bias[self.places] = 0.0
        self._scale(layer.attention.output.LayerNorm, 2 * number + 1)
        self._scale(layer.output.LayerNorm, 2 * number + 2)
        self._keep_apart(layer.attention.self, 2 * number)
        self._set_anew(layer, number)

    def look_up(self, embeddings: Any, layer: Any, idf: Tensor) -> None:
        """Makes one head of the first layer find every token's word in the other text.

        Args:
            idf: Of every word piece, 0 to 1, shape (pieces,).
        """
        attention, out = layer.attention.self, layer.attention.output.dense
        heads, size = attention.num_attention_heads, attention.attention_head_size
        worth = (self.seen.mixed.std(0) * out.weight.norm(dim=0)).view(heads, size).norm(dim=1)
        first = int(worth.argmin()) * size
        rows = slice(first, first + size)
        vectors, constant = word_vectors(embeddings, size - 4)
        words = _usual(embeddings) @ vectors.T + constant
        squares = words.square().sum(1) / 2
        table = embeddings.word_embeddings.weight
        table[:, self.places[4]] = self.before[0] * idf
        table[:, self.places[5]] = self.before[0] * squares / squares.max()
        side, here = self.difference(0)
        own_idf, own_square, _ = self.word(0)
        out.bias += out.weight[:, rows] @ self.seen.mixed[:, rows].mean(0)
        out.weight[:, rows] = 0.0
        attention.value.weight[rows], attention.value.bias[rows] = 0.0, 0.0
        attention.value.weight[first] = own_idf
        out.bias[self.places] = 0.0
        out.weight[self.places[6], first] = self.before[1]
        nothing = torch.zeros_like(side)
        apart = math.sqrt(_WITHIN / 2)
        # (weights, constant) of what the query and the key say; [CLS] has no here
        asked = [(-apart * side, 0.0), (-apart * here, 0.0), (nothing, 1.0), (own_square * squares.max(), -_NEAR)]
        offered = [(apart * side, 0.0), (apart * here, 0.0), (-own_square * squares.max(), 0.0), (-here, 1.0)]
        for part, said in ((attention.query, asked), (attention.key, offered)):
            part.weight[rows] = size**0.25 * torch.cat([torch.stack([weights for weights, _ in said]), vectors])
            part.bias[rows] = size**0.25 * torch.cat([torch.tensor([number for _, number in said]), constant])

    def _scale(self, norm: nn.LayerNorm, number: int) -> None:
        norm.weight[self.places] = self.after[number] * self.seen.spread[number] / self.before[number]
        norm.bias[self.places] = 0.0

    def _keep_apart(self, attention: Any, norm: int) -> None:
        """Two numbers of every head compare marks."""
        heads, size = attention.num_attention_heads, attention.attention_head_size
        side, here = (math.sqrt(_ACROSS / 2 * math.sqrt(size)) * w for w in self.difference(norm))
        for head in range(heads):
            rows = slice(head * size, (head + 1) * size)
            free_two(attention.query, attention.key, rows, self.seen.read[norm])
            for part, sign in ((attention.query, 1.0), (attention.key, -1.0)):
                part.weight[rows.start], part.weight[rows.start + 1] = side, sign * here

    def _set_anew(self, layer: Any, number: int) -> None:
        """Nine neurons subtract what is left of the marks and add steps: 1 where a mark is, 0 where it is 0."""
        inner, outer = layer.intermediate.dense, layer.output.dense
        active = self.seen.active[number]
        free = (active.std(0) * outer.weight.norm(dim=0)).argsort()[:9]
        outer.bias += outer.weight[:, free] @ active[:, free].mean(0)
        outer.bias[self.places] = 0.0
        outer.weight[:, free] = 0.0
        side, here = (2 * _STEEP * w for w in self.difference(2 * number + 1))
        inner.weight[free] = torch.stack([side, side, -side, -side, side, -side, here, here, here])
        up = [-2 * _STEP, -4 * _STEP]
        inner.bias[free] = torch.tensor([*up, *up, 0.0, 0.0, *up, 0.0])
        step = self.before[2 * number + 2] / (2 * _STEP)
        line = self.after[2 * number + 1] / (2 * _STEEP)
        side_out = torch.tensor([step, -step, -step, step, -line, line])
        here_out = torch.tensor([step, -step, -line])
        for place, sign, neurons, weights in (
            (self.places[0], 1.0, free[:6], side_out),
            (self.places[1], -1.0, free[:6], side_out),
            (self.places[2], 1.0, free[6:], here_out),
            (self.places[3], -1.0, free[6:], here_out),
        ):
            outer.weight[place, neurons] = sign * weights


def held(model: Any) -> dict[str, Tensor]:
    """Weights that training leaves as they are, as masks by name; none where the model has no marks.

    They are what writes the marks: the numbers of the width where [CLS]'s position takes away what its type gives, and
    the neurons that set these anew.
    """
    embeddings = model.bert.embeddings
    given = embeddings.token_type_embeddings.weight[0]
    places = (given != 0) & (given == -embeddings.position_embeddings.weight[0])
    if not places.any():
        return {}
    masks: dict[str, Tensor] = {}
    for name, weights in model.named_parameters():
        mask = torch.zeros_like(weights, dtype=torch.bool)
        if ".embeddings." in name and weights.dim() == 2:
            mask[:, places] = True
        elif ".output." in name or "embeddings.LayerNorm" in name:
            mask[places] = True
        masks[name] = mask
    for number, layer in enumerate(model.bert.encoder.layer[:-1]):
        neurons = (layer.output.dense.weight[places] != 0).any(0)
        for end in ("weight", "bias"):
            masks[f"bert.encoder.layer.{number}.intermediate.dense.{end}"][neurons] = True
        masks[f"bert.encoder.layer.{number}.output.dense.weight"][:, neurons] = True
    last = f"bert.encoder.layer.{len(model.bert.encoder.layer) - 1}."
    return {name: mask for name, mask in masks.items() if mask.any() and not name.startswith(last)}


def _readers(layer: Any, number: int) -> list[tuple[Any, int]]:
    """The linear parts that read the layer's input or its middle, and the norm that gives it."""
    attention = layer.attention.self
    before = 2 * number
    return [(part, before) for part in (attention.query, attention.key, attention.value)] + [
        (layer.intermediate.dense, before + 1)
    ]


def free_two(query: nn.Linear, key: nn.Linear, rows: slice, read: Tensor) -> None:
    """Turns a head's query and key so that their products stay, and empties the two numbers that matter least.

    With queries q and keys k of covariances A and B, the products of the numbers of U′A^(−½)q and U′A^(½)k, U being the
    eigenvectors of A^(½)BA^(½), have its eigenvalues as their mean squares. What a key has in common with all others
    changes no attention and is taken out first.

    Args:
        rows: The head's.
        read: What both read, shape (tokens, width).
    """
    taken = read.double()
    query_weight, key_weight = query.weight[rows].double(), key.weight[rows].double()
    query_bias, key_bias = query.bias[rows].double(), -(taken @ key_weight.T).mean(0)
    queries, keys = taken @ query_weight.T + query_bias, taken @ key_weight.T + key_bias
    values, vectors = torch.linalg.eigh(queries.T @ queries / len(taken))
    root = values.clamp_min(1e-9).sqrt()
    half, inverse = vectors * root @ vectors.T, vectors / root @ vectors.T
    squares, axes = torch.linalg.eigh(half @ (keys.T @ keys / len(taken)) @ half)
    even = squares.clamp_min(1e-12)[:, None] ** 0.25  # so that both carry as much
    turn_query, turn_key = axes.T @ inverse * even, axes.T @ half / even
    turn_query[:2], turn_key[:2] = 0.0, 0.0
    query.weight[rows], query.bias[rows] = (turn_query @ query_weight).float(), (turn_query @ query_bias).float()
    key.weight[rows], key.bias[rows] = (turn_key @ key_weight).float(), (turn_key @ key_bias).float()


def word_vectors(embeddings: Any, size: int) -> tuple[Tensor, Tensor]:
    """Weights (size, width) and constants (size,) that make a word's vector of what the first layer reads.

    The principal components of all words, each with variance 1; [CLS] gets 0.
    """
    words = _usual(embeddings)
    first = embeddings.word_embeddings.weight[CLS] + embeddings.token_type_embeddings.weight[0]
    first = _normed(embeddings, first + embeddings.position_embeddings.weight[0])
    mean = words.mean(0)
    away = functional.normalize(first - mean, dim=0)
    centred = words - mean
    centred -= torch.outer(centred @ away, away)
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(centred))
    weights = (vectors[:, -size:] / values[-size:].sqrt()).T
    return weights, -weights @ mean


def _usual(embeddings: Any) -> Tensor:
    """What the first layer reads of every word in a usual place, shape (pieces, width)."""
    place = embeddings.position_embeddings.weight[1:_USUAL].mean(0) + embeddings.token_type_embeddings.weight[0]
    return _normed(embeddings, embeddings.word_embeddings.weight + place)


def _normed(embeddings: Any, taken: Tensor) -> Tensor:
    norm = embeddings.LayerNorm
    return functional.layer_norm(taken, norm.normalized_shape, norm.weight, norm.bias, norm.eps)
