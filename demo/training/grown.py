"""Small's start: a bi-encoder inside a cross-encoder, so that the untrained model ranks about as the cosine does.

The encoder of a bi-encoder reads one text. Fine-tuned from a random head on pairs, it needs hundreds of thousands of
them to find out again what its average of tokens knew. Here the start is laid out by hand instead:

- Four of the width's numbers are *marks*: side, −side, here, −here. Side is −1 in the query and 1 in the passage, here
  is 1; both are 0 for [CLS]. Two numbers of every head compare them: side · side′ − here · here′ is 0 within a text and
  towards [CLS], and −2 across. So each text is read by itself, with [CLS] as the first token that the encoder is used
  to. Room for the marks is made where it costs least: numbers that are read least are held at their mean, and of
  every head's products of query and key the two smallest principal ones are left out.
- A norm divides the marks by what is different for each token, so nine neurons of every layer set them anew. What
  writes the marks is not trained (`held`): [CLS] must keep exactly none.
- One of the encoder's layers is left out, the one that is missed least, and a matching layer takes the last place. Half
  of its heads average the query's tokens for [CLS], half the passage's, each in the principal half of the width; its
  neurons multiply the two averages: ab = ((a + b)² − (a − b)²) / 4, and gelu(z) + gelu(−z) ≈ √(2/π) z² for small z.
  That is the cosine, where both averages are about as long; the readout makes a logit of it.

Everything is an ordinary weight of an ordinary `BertForSequenceClassification` and is trained from there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertForSequenceClassification

from demo.training.tokens import PAD

MISSED_LEAST = 3
"""Of all-MiniLM-L6-v2's six layers: without it, cosines keep a correlation of 0.95 with what they were."""

_SIZE = 0.3
"""Of a mark, in deviations of what the next norm takes: large enough to last, too small to change the norm."""
_ACROSS = 8.0
"""What attention to the other text loses, in logits: weak enough for training to mend, strong enough to begin with."""
_GATHER = 40.0
"""The same where averages are taken."""
_STEEP, _STEP = 100.0, 5.0
"""Slope with which neurons tell marks from 0, and the width of their step, after which gelu is a straight line."""
_ALONE = 20.0
"""How much the averages outweigh what [CLS] held before."""
_SQUARE = 0.2
"""Factor on what is squared: small enough for gelu(z) + gelu(−z) to be a parabola."""
_CENTRE, _SLOPE = 0.5, 20.0
"""The cosine whose logit is 0, and logits per unit of cosine, as in `losses.Targets`."""
_MATCH_CENTRE, _READERS = 0.4, 16
"""The cosine at which the match is 0, where tanh is straight, and how many numbers of the pooler read it."""
_DEVIATION = 0.02
"""Of the weights that are left to training."""


@dataclass(frozen=True)
class Observed:
    """What an encoder does with some texts of their own.

    Attributes:
        read: Outputs of its norms, (tokens, width): the embeddings', then two for each layer.
        spread: Median deviation of what each of them takes.
        active: Outputs of each layer's neurons, (tokens, inner width).
        averages: Each text's tokens averaged, (texts, width).
    """

    read: list[Tensor]
    spread: list[float]
    active: list[Tensor]
    averages: Tensor


def grow(
    encoder: Any,
    queries: Sequence[Sequence[int]],
    passages: Sequence[Sequence[int]],
    seed: int,
    left_out: int = MISSED_LEAST,
) -> Any:
    """A cross-encoder with as many layers as the bi-encoder's `BertModel`, whose layers it takes over but for one.

    Args:
        encoder: Its tokens' average is the text's vector; it loses a layer here.
        queries, passages: Ids of typical ones with [CLS] and [SEP].
        seed: Of the weights that are left to training.
        left_out: Number of the layer that makes room for the matching layer.
    """
    own = nn.ModuleList(part for number, part in enumerate(encoder.encoder.layer) if number != left_out)
    encoder.encoder.layer = own
    make: Any = BertConfig
    model: Any = BertForSequenceClassification(make(**(encoder.config.to_diff_dict() | {"num_labels": 1})))
    *layers, last = model.bert.encoder.layer
    with torch.no_grad():
        seen = observe(encoder, [*queries, *passages])
        model.bert.embeddings.load_state_dict(encoder.embeddings.state_dict())
        marks = Marks.of(own, seen)
        marks.begin(model.bert.embeddings)
        for number, (layer, part) in enumerate(zip(layers, own, strict=True)):
            layer.load_state_dict(part.state_dict())
            marks.carry(layer, number)
        averages = seen.averages.index_fill(1, marks.places, 0.0)
        lengths = [float(part.norm(dim=1).mean()) for part in (averages[: len(queries)], averages[len(queries) :])]
        generator = torch.Generator().manual_seed(seed)
        match(last, marks, averages, lengths, generator)
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
    hooks = [part.register_forward_hook(note) for part in (*norms, *(layer.intermediate for layer in layers))]
    last = encoder(input_ids=ids, attention_mask=mask.long()).last_hidden_state
    for hook in hooks:
        hook.remove()
    return Observed(
        [seen[norm][1] for norm in norms],
        [float(seen[norm][0].std(1, unbiased=False).median()) for norm in norms],
        [seen[layer.intermediate][1] for layer in layers],
        (last * mask[..., None]).sum(1) / mask.sum(1, keepdim=True),
    )


# ---- marks: which text a token belongs to --------------------------------------------------------------------------


@dataclass(frozen=True)
class Marks:
    """Where the marks are and how large, before and after every norm (numbered as in `Observed`).

    Attributes:
        places: Of side, −side, here and −here, int64, shape (4,).
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
        return cls(used.argsort()[:4], before, after, seen)

    def difference(self, norm: int) -> tuple[Tensor, Tensor]:
        """Weights (width,) that read side and here, as 1 and −1, from what this norm gives."""
        side, here = torch.zeros(2, self.seen.read[0].shape[1])
        side[self.places[:2]] = torch.tensor([0.5, -0.5]) / self.after[norm]
        here[self.places[2:]] = torch.tensor([0.5, -0.5]) / self.after[norm]
        return side, here

    def begin(self, embeddings: Any) -> None:
        """Token types carry the marks, and position 0, which is [CLS]'s, takes them away."""
        types, positions = embeddings.token_type_embeddings.weight, embeddings.position_embeddings.weight
        types[:] = types[0].clone()
        for table in (embeddings.word_embeddings.weight, types, positions):
            table[:, self.places] = 0.0
        for row, side in ((0, -1.0), (1, 1.0)):
            types[row, self.places] = self.before[0] * torch.tensor([side, -side, 1.0, -1.0])
        positions[0, self.places] = -types[0, self.places]
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
        kept = outer.bias[self.places].clone()
        outer.bias += outer.weight[:, free] @ active[:, free].mean(0)
        outer.bias[self.places] = kept
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


# ---- the matching layer and the readout ----------------------------------------------------------------------------


def match(layer: Any, marks: Marks, averages: Tensor, lengths: Sequence[float], generator: torch.Generator) -> None:
    """Makes the last layer write the cosine of the texts' averages into [CLS]'s first number, and −it into the next.

    Args:
        averages: Of typical texts, shape (texts, width).
        lengths: Of a query's and a passage's.
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
    axes = torch.linalg.svd(averages, full_matrices=True).Vh[:half]
    attention.value.weight[:] = torch.cat([axes / length for length in lengths])
    layer.attention.output.dense.weight.fill_diagonal_(_ALONE * math.sqrt(half))
    inner, outer = layer.intermediate.dense, layer.output.dense
    inner.weight.normal_(0.0, _DEVIATION, generator=generator)
    inner.weight[: 4 * half] = 0.0
    for part in (inner.bias, outer.weight, outer.bias):
        part.zero_()
    row = torch.arange(half)
    # both averages have length √half after the norm, so that the squares sum up to this much where the cosine is 1
    whole = math.sqrt(2 / math.pi) * _SQUARE**2 * 4 * half
    for kind, (query, passage) in enumerate(((1, 1), (-1, -1), (1, -1), (-1, 1))):
        inner.weight[4 * row + kind, row] = query * _SQUARE
        inner.weight[4 * row + kind, half + row] = passage * _SQUARE
        outer.weight[0, 4 * row + kind] = query * passage * _SLOPE / whole
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
    pooler.weight[:_READERS, 0], pooler.weight[:_READERS, 1] = 0.1, -0.1
    head.weight.normal_(0.0, _DEVIATION, generator=generator)
    head.weight[0, :_READERS] = 1 / (0.2 * _READERS)
    head.bias.fill_(_SLOPE * (_MATCH_CENTRE - _CENTRE))
