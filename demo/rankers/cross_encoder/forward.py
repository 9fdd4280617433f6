"""The forward pass of BERT, ELECTRA, DistilBERT and RoBERTa in plain torch, for one purpose: the logits of a pair.

    x = norm(word + position + type)
    x = norm(x + attention(x)),  x = norm(x + outer(act(inner(x))))     for every layer
    logits = head(x of the first token, [CLS])

The same numbers as transformers' classes give, within rounding, for fewer operations: queries, keys and values are one
matrix product, and since the head reads nothing but [CLS], the last layer is computed for that token alone. There even
the other tokens' keys and values need not be made: q · (K x) = (Kᵀ q) · x, and Σ a (V x + b) = V (Σ a x) + b for
weights a that sum to 1; the key's bias adds the same to every token's score, which softmax takes out again.

Shapes in this file: R rows (pairs), T tokens of the longest row, W width, H heads of D = W / H numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from demo.rankers.cross_encoder.linear import (
    GELU,
    IN_LAYERS,
    NONE,
    RELU,
    TANH,
    Activation,
    Linear,
    Norm,
    Pack,
    Packed,
    can_pack,
    tensors_of,
)
from demo.records import Head, ModelSpec

State = Mapping[str, Tensor]

# ---- which tensors and settings an architecture has ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Naming:
    """Where an encoder keeps its tensors and, in config.json, its settings; parts of layer n begin with `layer`, n.

    Attributes:
        types: "" for an encoder without token types.
        projection: from the embeddings' width to the encoder's, where they differ; "" where they never do.
        activation, heads, eps, layers: keys in config.json; "" for eps where it is always 1e-12.
        sizes: keys in config.json of vocabulary, positions, width and inner width, in this order.
    """

    words: str
    positions: str
    types: str
    embeddings_norm: str
    projection: str
    layer: str
    query: str
    key: str
    value: str
    output: str
    output_norm: str
    inner: str
    outer: str
    outer_norm: str
    activation: str
    heads: str
    eps: str
    layers: str
    sizes: tuple[str, str, str, str]


def _bert(prefix: str) -> Naming:
    return Naming(
        words=f"{prefix}.embeddings.word_embeddings",
        positions=f"{prefix}.embeddings.position_embeddings",
        types=f"{prefix}.embeddings.token_type_embeddings",
        embeddings_norm=f"{prefix}.embeddings.LayerNorm",
        projection=f"{prefix}.embeddings_project",
        layer=f"{prefix}.encoder.layer.",
        query="attention.self.query",
        key="attention.self.key",
        value="attention.self.value",
        output="attention.output.dense",
        output_norm="attention.output.LayerNorm",
        inner="intermediate.dense",
        outer="output.dense",
        outer_norm="output.LayerNorm",
        activation="hidden_act",
        heads="num_attention_heads",
        eps="layer_norm_eps",
        layers="num_hidden_layers",
        sizes=("vocab_size", "max_position_embeddings", "hidden_size", "intermediate_size"),
    )


def _distilbert(prefix: str) -> Naming:
    return Naming(
        words=f"{prefix}.embeddings.word_embeddings",
        positions=f"{prefix}.embeddings.position_embeddings",
        types="",
        embeddings_norm=f"{prefix}.embeddings.LayerNorm",
        projection="",
        layer=f"{prefix}.transformer.layer.",
        query="attention.q_lin",
        key="attention.k_lin",
        value="attention.v_lin",
        output="attention.out_lin",
        output_norm="sa_layer_norm",
        inner="ffn.lin1",
        outer="ffn.lin2",
        outer_norm="output_layer_norm",
        activation="activation",
        heads="n_heads",
        eps="",
        layers="n_layers",
        sizes=("vocab_size", "max_position_embeddings", "dim", "hidden_dim"),
    )


@dataclass(frozen=True, slots=True)
class Architecture:
    """A kind of checkpoint that this forward computes.

    Attributes:
        name: the class in config.json, as `ModelSpec.architecture` has it.
        readout: linear layers from [CLS] to the logits, each with what is applied to its output.
        head_width: numbers of an attention head where config.json does not say how many heads there are; 0 if it does.
        after_padding: whether positions are counted from behind the padding token's number, padding tokens apart.
    """

    name: str
    head: Head
    naming: Naming
    readout: tuple[tuple[str, Activation], ...]
    head_width: int = 0
    after_padding: bool = False


def _roberta(name: str) -> Architecture:
    head = (("classifier.dense", TANH), ("classifier.out_proj", NONE))
    return Architecture(name, Head.CHECKPOINT, _bert("roberta"), head, after_padding=True)


ARCHITECTURES = (
    Architecture(
        "BertForSequenceClassification",
        Head.CHECKPOINT,
        _bert("bert"),
        (("bert.pooler.dense", TANH), ("classifier", NONE)),
    ),
    Architecture(
        "ElectraForSequenceClassification",
        Head.CHECKPOINT,
        _bert("electra"),
        (("classifier.dense", GELU), ("classifier.out_proj", NONE)),
    ),
    Architecture("ElectraForSequenceClassification", Head.LINEAR, _bert("electra"), (("classifier.out_proj", NONE),)),
    Architecture(
        "DistilBertForSequenceClassification",
        Head.CHECKPOINT,
        _distilbert("distilbert"),
        (("pre_classifier", RELU), ("classifier", NONE)),
    ),
    Architecture(
        "BERT_Cat", Head.BERT_CAT, _distilbert("bert_model"), (("_classification_layer", NONE),), head_width=64
    ),
    _roberta("RobertaForSequenceClassification"),
    _roberta("XLMRobertaForSequenceClassification"),
    _roberta("CamembertForSequenceClassification"),
)
"""Every other checkpoint is computed by its transformers class."""


def architecture_of(spec: ModelSpec, config: Mapping[str, Any]) -> Architecture | None:
    """The row for this checkpoint, or None where its config asks for something that this forward does not have."""
    for row in ARCHITECTURES:
        if (row.name, row.head) == (spec.architecture, spec.head):
            return row if _is_plain(row, config) else None
    return None


def _is_plain(row: Architecture, config: Mapping[str, Any]) -> bool:
    return (
        config.get(row.naming.activation, "gelu") in IN_LAYERS
        and config.get("position_embedding_type", "absolute") == "absolute"
        and not config.get("is_decoder")
        and not config.get("quantization_config")
        and (row.head_width > 0 or isinstance(config.get(row.naming.heads), int))
    )


# ---- parts ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """Tables (number of them, width); `types` and `projection` may be missing.

    Attributes:
        padding: the token from behind whose number positions are counted; None: they are counted from 0.
    """

    words: Tensor
    positions: Tensor
    types: Tensor | None
    norm: Norm
    projection: Linear | None
    padding: int | None

    def __call__(self, ids: Tensor, types: Tensor | None) -> Tensor:
        """Tokens and their types (R, T) → (R, T, W); without types all are of type 0."""
        x = F.embedding(ids, self.words)
        x += self.positions[: ids.shape[1]] if self.padding is None else self._behind(ids, self.padding)
        if self.types is not None:
            x += self.types[0] if types is None else F.embedding(types, self.types)
        x = self.norm(x)
        return x if self.projection is None else self.projection(x)

    def _behind(self, ids: Tensor, padding: int) -> Tensor:
        """(R, T) → (R, T, width): a padding token has its own position and is not counted, wherever it stands."""
        counted = (ids != padding).long()
        return F.embedding(counted.cumsum(1) * counted + padding, self.positions)

    @property
    def max_tokens(self) -> int:
        """Positions that there are."""
        return self.positions.shape[0] - (0 if self.padding is None else self.padding + 1)


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Self-attention and a feed-forward network, each added to its input and normalised.

    Attributes:
        qkv: queries, keys and values in one: (3W, W).
    """

    heads: int
    qkv: Linear | Packed
    output: Linear | Packed
    output_norm: Norm
    inner: Linear | Packed
    outer: Linear | Packed
    outer_norm: Norm

    def __call__(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(R, T, W) → (R, T, W); mask (R, 1, 1, T), 0 for tokens and −∞ for padding, or None without padding."""
        return self._feed_forward(x, self._attention(x, mask))

    def first(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(R, T, W) → (R, W): the same for the first token alone."""
        return self._feed_forward(x[:, 0], self._first_attention(x, mask))

    def _feed_forward(self, x: Tensor, attended: Tensor) -> Tensor:
        """(…, W), (…, W) → (…, W)."""
        x = self.output_norm(self.output.plus(attended, x))
        return self.outer_norm(self.outer.plus(self.inner(x), x))

    def packed(self, whole: bool, pack: Pack) -> Layer:
        """The same layer by oneDNN; `first` needs `qkv` as it is, the call as a whole needs it packed."""
        return replace(
            self,
            qkv=pack(self.qkv) if whole else self.qkv,
            output=pack(self.output),
            inner=pack(self.inner),
            outer=pack(self.outer),
        )

    def _attention(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(R, T, W) → (R, T, W)."""
        rows, tokens, width = x.shape
        query, key, value = self.qkv(x).view(rows, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mask = None if mask is None else mask.to(query.dtype)
        mixed: Tensor = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)  # (R, H, T, D)
        return mixed.transpose(1, 2).reshape(rows, tokens, width)

    def _first_attention(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(R, T, W) → (R, W), by the identities at the top of this file."""
        rows, _, width = x.shape
        query_weight, key_weight, value_weight = self.qkv.weight.view(3, width, width)
        assert self.qkv.bias is not None, "these architectures have biases"
        query_bias, _, value_bias = self.qkv.bias.view(3, width)
        scale = (width // self.heads) ** -0.5
        query = F.linear(x[:, 0], query_weight, query_bias).mul_(scale)
        query = query.view(rows, self.heads, -1).transpose(0, 1)  # (H, R, D)
        probe = (query @ key_weight.view(self.heads, -1, width)).transpose(0, 1)  # (R, H, W): Kᵀ q
        scores = probe @ x.transpose(1, 2)  # (R, H, T)
        if mask is not None:
            scores += mask[:, 0]
        mixed = (scores.softmax(-1) @ x).transpose(0, 1)  # (H, R, W): Σ a x
        value: Tensor = mixed @ value_weight.view(self.heads, -1, width).transpose(1, 2)  # (H, R, D)
        return value.transpose(0, 1).reshape(rows, width).add_(value_bias)


@dataclass(frozen=True, slots=True, eq=False)
class BertEncoder:
    """A whole cross-encoder; it has at least one layer. It keeps nothing of rows."""

    kept_bytes = 0

    embeddings: Embeddings
    layers: tuple[Layer, ...]
    readout: tuple[Linear, ...]

    def __call__(self, ids: Tensor, mask: Tensor | None, types: Tensor | None, shared: int = 0) -> Tensor:
        """As `network.Forward`."""
        x = self.embeddings(ids, types)
        shut = None if mask is None else shut_padding(mask, x.dtype)
        for layer in self.layers[:-1]:
            x = layer(x, shut)
        first = self.layers[-1].first(x, shut)
        for linear in self.readout:
            first = linear(first)
        return first

    def mean_before_last(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Tokens and mask (R, T) → (R, W): the mean of the tokens that the last layer is given."""
        x = self.embeddings(ids, None)
        shut = shut_padding(mask, x.dtype)
        for layer in self.layers[:-1]:
            x = layer(x, shut)
        return mean_of_read(x, mask)

    @property
    def max_tokens(self) -> int:
        """Positions that there are."""
        return self.embeddings.max_tokens

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """All weights."""
        return tuple(tensors_of(self))


def shut_padding(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """(R, T), 1 for tokens → (R, 1, 1, T), 0 for tokens and −∞ for padding."""
    return torch.zeros_like(mask, dtype=dtype).masked_fill_(mask == 0, -torch.inf)[:, None, None]


def mean_of_read(x: Tensor, mask: Tensor) -> Tensor:
    """(R, T, W), (R, T) → (R, W): the mean of the tokens that are no padding."""
    read = mask[..., None].to(x.dtype)
    return (x * read).sum(1) / read.sum(1)


# ---- from tensors to an encoder ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Builder:
    """Takes tensors of a checkpoint to where and in what precision the encoder has them.

    Attributes:
        dtype: of the matrix products of all layers but the last. Sums, norms, and what is computed for [CLS] alone are
            fp32 whatever it is: they cost little, and logits that lie close would become equal.
        pack: makes linear layers faster where `can_pack`.
    """

    row: Architecture
    config: Mapping[str, Any]
    state: State
    device: torch.device
    dtype: torch.dtype
    pack: Pack = Packed.of

    @property
    def layers(self) -> int:
        """As config.json says, or as many as there are."""
        prefix = self.row.naming.layer
        found = {int(name.removeprefix(prefix).partition(".")[0]) for name in self.state if name.startswith(prefix)}
        return int(self.config.get(self.row.naming.layers, len(found)))

    @property
    def labels(self) -> int:
        """Logits that the last layer gives; nothing may be missing."""
        name, _ = self.row.readout[-1]
        return int(self.state[f"{name}.weight"].shape[0])

    def missing(self) -> list[str]:
        """Names of tensors that the checkpoint should hold and does not."""
        return sorted(name for name in _tensor_names(self.row, self.layers) if name not in self.state)

    def encoder(self) -> BertEncoder:
        """The encoder; nothing may be missing.

        Raises:
            ValueError: the tensors have not the sizes that config.json states.
        """
        self._check_sizes()
        layers = [self._layer(number, self.dtype) for number in range(self.layers - 1)]
        last = self._layer(self.layers - 1, torch.float32)
        if can_pack(self.device, self.dtype, self.pack):
            layers = [layer.packed(whole=True, pack=self.pack) for layer in layers]
            last = last.packed(whole=False, pack=self.pack)
        readout = (self._linear(name, activation=then) for name, then in self.row.readout)
        return BertEncoder(self._embeddings(), (*layers, last), tuple(readout))

    def _check_sizes(self) -> None:
        names = self.row.naming
        words, positions = self.state[f"{names.words}.weight"], self.state[f"{names.positions}.weight"]
        inner, width = self.state[f"{names.layer}0.{names.inner}.weight"].shape
        for key, size in zip(names.sizes, (words.shape[0], positions.shape[0], width, inner), strict=True):
            if self.config.get(key, size) != size:
                raise ValueError(f"config.json says {key} {self.config[key]}, but the weights have {size}")

    def _embeddings(self) -> Embeddings:
        names = self.row.naming
        projects = f"{names.projection}.weight" in self.state
        return Embeddings(
            self._take(f"{names.words}.weight"),
            self._take(f"{names.positions}.weight"),
            self._take(f"{names.types}.weight") if names.types else None,
            self._norm(names.embeddings_norm),
            self._linear(names.projection) if projects else None,
            int(self.config.get("pad_token_id", 1)) if self.row.after_padding else None,
        )

    def _layer(self, number: int, dtype: torch.dtype) -> Layer:
        names, prefix = self.row.naming, f"{self.row.naming.layer}{number}."
        activation = IN_LAYERS[self.config.get(names.activation, "gelu")]
        qkv = self._linear(prefix + names.query, prefix + names.key, prefix + names.value, dtype=dtype)
        return Layer(
            heads=self._heads(qkv.weight.shape[1]),
            qkv=qkv,
            output=self._linear(prefix + names.output, dtype=dtype),
            output_norm=self._norm(prefix + names.output_norm),
            inner=self._linear(prefix + names.inner, dtype=dtype, activation=activation),
            outer=self._linear(prefix + names.outer, dtype=dtype),
            outer_norm=self._norm(prefix + names.outer_norm),
        )

    def _heads(self, width: int) -> int:
        return max(1, width // self.row.head_width) if self.row.head_width else int(self.config[self.row.naming.heads])

    def _linear(self, *names: str, activation: Activation = NONE, dtype: torch.dtype = torch.float32) -> Linear:
        """One linear layer, or several with the same input as one."""
        weight, bias = (torch.cat([self._take(f"{name}.{end}", dtype) for name in names]) for end in ("weight", "bias"))
        return Linear(weight, bias, activation)

    def _norm(self, name: str) -> Norm:
        eps = self.config.get(self.row.naming.eps, 1e-12)
        return Norm(self._take(f"{name}.weight"), self._take(f"{name}.bias"), eps)

    def _take(self, name: str, dtype: torch.dtype = torch.float32) -> Tensor:
        return self.state[name].to(self.device, dtype)


def _tensor_names(row: Architecture, layers: int) -> Iterator[str]:
    """What a checkpoint of this architecture with so many layers must hold."""
    names = row.naming
    attention = (names.query, names.key, names.value, names.output, names.output_norm)
    in_layer = (*attention, names.inner, names.outer, names.outer_norm)
    parts = [f"{names.layer}{number}.{part}" for number in range(layers) for part in in_layer]
    yield from (f"{table}.weight" for table in (names.words, names.positions, names.types) if table)
    for part in (names.embeddings_norm, *parts, *(name for name, _ in row.readout)):
        yield from (f"{part}.weight", f"{part}.bias")
