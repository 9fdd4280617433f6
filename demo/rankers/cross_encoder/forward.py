"""The forward pass of BERT, ELECTRA and DistilBERT in plain torch, for one purpose: the logits of a pair.

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

import math
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache, partial
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

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
class Activation:
    """A function applied to every number, and what oneDNN calls it: its name and variant."""

    function: Callable[[Tensor], Tensor]
    onednn: tuple[str, str]


def _same(x: Tensor) -> Tensor:
    return x


NONE = Activation(_same, ("none", ""))
GELU = Activation(F.gelu, ("gelu", "none"))
GELU_TANH = Activation(partial(F.gelu, approximate="tanh"), ("gelu", "tanh"))
RELU = Activation(F.relu, ("relu", ""))
TANH = Activation(torch.tanh, ("tanh", ""))

IN_LAYERS: Mapping[str, Activation] = {
    "gelu": GELU,
    "gelu_new": GELU_TANH,
    "gelu_pytorch_tanh": GELU_TANH,
    "relu": RELU,
}
"""Names in config.json."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """A kind of checkpoint that this forward computes.

    Attributes:
        name: the class in config.json, as `ModelSpec.architecture` has it.
        readout: linear layers from [CLS] to the logits, each with what is applied to its output.
        head_width: numbers of an attention head where config.json does not say how many heads there are; 0 if it does.
    """

    name: str
    head: Head
    naming: Naming
    readout: tuple[tuple[str, Activation], ...]
    head_width: int = 0


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
class Linear:
    """weight (out, in), bias (out,), and what is applied to the output."""

    weight: Tensor
    bias: Tensor
    activation: Activation = NONE

    def __call__(self, x: Tensor) -> Tensor:
        """(…, in) → (…, out), computed and given in the weight's precision."""
        return self.activation.function(F.linear(x.to(self.weight.dtype), self.weight, self.bias))

    def plus(self, x: Tensor, y: Tensor) -> Tensor:
        """(…, in), fp32 (…, out) → fp32 (…, out): the product and y."""
        return y + self(x)


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """The same by oneDNN, as torch's compiler calls it on a CPU: its matrix product is faster there, and activation
    and sum are done on the way.

    Attributes:
        weight: in oneDNN's own layout.
    """

    weight: Tensor
    bias: Tensor
    activation: Activation

    @classmethod
    def of(cls, linear: Linear | Packed) -> Packed:
        """The linear layer; the CPU must be one that `can_pack` knows."""
        weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight, USUAL_ROWS)
        return cls(weight, linear.bias, linear.activation)

    def __call__(self, x: Tensor) -> Tensor:
        """(…, in) → (…, out), computed and given in the weight's precision."""
        name, variant = self.activation.onednn
        y: Tensor = torch.ops.mkldnn._linear_pointwise(x.to(self.bias.dtype), self.weight, self.bias, name, [], variant)
        return y

    def plus(self, x: Tensor, y: Tensor) -> Tensor:
        """(…, in), fp32 (…, out) → fp32 (…, out): the product and y."""
        if self.bias.dtype != y.dtype:
            return y + self(x)
        z: Tensor = torch.ops.mkldnn._linear_pointwise.binary(x, y, self.weight, self.bias, "add")
        return z


USUAL_ROWS = 2_048
"""What oneDNN chooses its layout for; others are computed too."""

Pack = Callable[[Linear | Packed], Packed]


_FAULTS = (AttributeError, RuntimeError, TypeError)
"""What torch raises for an operator that it does not have, or not with these arguments."""


def can_pack(device: torch.device, dtype: torch.dtype, pack: Pack = Packed.of) -> bool:
    """Whether this machine has oneDNN with instructions for these numbers, and torch's operators give what they should.

    The operators are torch's own affair and may change with any version: they are tried out once, and where they fail
    the public ones are used.
    """
    if device.type != "cpu" or platform.machine() not in ("x86_64", "AMD64") or not _has_onednn():
        return False
    if not (dtype == torch.float32 or (dtype == torch.bfloat16 and has_bf16())):
        return False
    return all(packs_rightly(kind, pack) for kind in {dtype, torch.float32})  # the last layer is fp32 whatever dtype is


@cache
def packs_rightly(dtype: torch.dtype, pack: Pack = Packed.of) -> bool:
    """Whether a small layer gives the same packed as by torch's public functions, with every activation and summed."""
    x, y = _wave(3, 16), _wave(3, 8)
    weight, bias = _wave(8, 16).to(dtype), _wave(8).to(dtype)
    plain = [Linear(weight, bias, activation) for activation in (NONE, *IN_LAYERS.values())]
    try:
        packed = [pack(linear) for linear in plain]
        found = [
            (plain[0].plus(x, y), packed[0].plus(x, y)),
            *((one(x), two(x)) for one, two in zip(plain, packed, strict=True)),
        ]
        within = 1e-5 if dtype == torch.float32 else 0.05
        return all(torch.allclose(one.float(), two.float(), rtol=0, atol=within) for one, two in found)
    except _FAULTS:
        return False


def _wave(*sizes: int) -> Tensor:
    """Different numbers between −1 and 1, the same every time."""
    return torch.arange(math.prod(sizes), dtype=torch.float32).mul(0.7).sin().view(sizes)


def has_bf16() -> bool:
    """Whether this machine's processor computes in bf16 by itself: with AVX-512 or AMX, or ARM's BF16."""
    try:
        return _has_onednn() and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    except _FAULTS:
        return False


def _has_onednn() -> bool:
    return bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True, eq=False)
class Norm:
    """Layer normalisation over the last axis."""

    weight: Tensor
    bias: Tensor
    eps: float

    def __call__(self, x: Tensor) -> Tensor:
        """(…, W) → (…, W)."""
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """Tables (number of them, width); `types` and `projection` may be missing."""

    words: Tensor
    positions: Tensor
    types: Tensor | None
    norm: Norm
    projection: Linear | None

    def __call__(self, ids: Tensor, types: Tensor | None) -> Tensor:
        """Tokens and their types (R, T) → (R, T, W); without types all are of type 0."""
        x = F.embedding(ids, self.words)
        x += self.positions[: ids.shape[1]]
        if self.types is not None:
            x += self.types[0] if types is None else F.embedding(types, self.types)
        x = self.norm(x)
        return x if self.projection is None else self.projection(x)


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
    """A whole cross-encoder; it has at least one layer."""

    embeddings: Embeddings
    layers: tuple[Layer, ...]
    readout: tuple[Linear, ...]

    def __call__(self, ids: Tensor, mask: Tensor | None, types: Tensor | None) -> Tensor:
        """Tokens, mask (1 for tokens, 0 for padding; None without padding) and types (R, T) → float32 (R, labels)."""
        x = self.embeddings(ids, types)
        if mask is not None:
            mask = torch.zeros_like(mask, dtype=x.dtype).masked_fill_(mask == 0, -torch.inf)[:, None, None]
        for layer in self.layers[:-1]:
            x = layer(x, mask)
        first = self.layers[-1].first(x, mask)
        for linear in self.readout:
            first = linear(first)
        return first

    def mean_before_last(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Tokens and mask (R, T) → (R, W): the mean of the tokens that the last layer is given."""
        x = self.embeddings(ids, None)
        shut = torch.zeros_like(mask, dtype=x.dtype).masked_fill_(mask == 0, -torch.inf)[:, None, None]
        for layer in self.layers[:-1]:
            x = layer(x, shut)
        read = mask[..., None].to(x.dtype)
        return (x * read).sum(1) / read.sum(1)

    @property
    def max_tokens(self) -> int:
        """Positions that there are."""
        return self.embeddings.positions.shape[0]

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """All weights."""
        return tuple(_tensors(self))


def _tensors(part: Any) -> Iterator[Tensor]:
    """The tensors in a part and in its parts."""
    if isinstance(part, Tensor):
        yield part
    elif isinstance(part, tuple):
        for each in part:
            yield from _tensors(each)
    elif is_dataclass(part):
        for row in fields(part):
            yield from _tensors(getattr(part, row.name))


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
