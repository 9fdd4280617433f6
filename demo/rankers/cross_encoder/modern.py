"""The forward pass of ModernBERT in plain torch (Warner and others 2024, arXiv:2412.13663), for the logits of a pair.

    x = norm(word)
    x = x + attention(norm(x)),  x = x + outer(act(inner(norm(x))) · gate(norm(x)))     for every layer
    logits = head(norm(x) of the first token, or the mean of all)

Positions are angles by which pairs of numbers of queries and keys are turned (RoPE: Su and others 2021,
arXiv:2104.09864). The files pair number i of a head with number i + D/2; here the rows of the weights are put in
another order, so that pairs stand side by side and are turned as one complex number. Some layers are local: a token
sees those that are at most so many places away. What the head does not read is not computed: where it takes the first
token alone, the last layer needs no more than all tokens' keys.

Shapes in this file: R rows (pairs), T tokens of the longest row, W width, H heads of D = W / H numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from demo.rankers.cross_encoder.forward import mean_of_read, shut_padding
from demo.rankers.cross_encoder.layouts import DENSE, DROPOUT, LAYER_NORM, POOLING, TRANSFORMER, Files
from demo.rankers.cross_encoder.linear import (
    IN_LAYERS,
    NONE,
    TORCH_NAMES,
    Activation,
    Linear,
    Norm,
    Pack,
    Packed,
    can_pack,
    tensors_of,
)

FULL, LOCAL = "full_attention", "sliding_attention"
THETA = {FULL: 160_000.0, LOCAL: 10_000.0}
"""Angles' base where config.json names none."""

OLD_THETA = {FULL: "global_rope_theta", LOCAL: "local_rope_theta"}

BLOCK = 256
"""Queries of a long row that are computed together in a local layer, so that keys too far away are not multiplied."""

TORCH_EPS = 1e-5
"""Of a LayerNorm whose files say nothing."""


def side_by_side(weight: Tensor, heads: int) -> Tensor:
    """Rows of queries or keys (H·D, …) so that numbers i and i + D/2 of a head become numbers 2i and 2i + 1."""
    size = weight.shape[0] // heads
    paired = weight.view(heads, 2, size // 2, *weight.shape[1:]).transpose(1, 2)
    return paired.reshape(weight.shape)


def angles(count: int, size: int, theta: float, device: torch.device) -> Tensor:
    """complex64 (count, D/2): by how much each pair of a head of D numbers is turned at each position."""
    speeds = 1.0 / (theta ** (torch.arange(0, size, 2, dtype=torch.float32, device=device) / size))
    turned = torch.arange(count, dtype=torch.float32, device=device)[:, None] * speeds
    return torch.polar(torch.ones_like(turned), turned)


def turn(x: Tensor, by: Tensor) -> Tensor:
    """The numbers (…, D), pairs side by side, turned by (…, D/2); in place where they are fp32."""
    pairs = torch.view_as_complex(x.float().view(*x.shape[:-1], -1, 2))
    return torch.view_as_real(pairs.mul_(by)).flatten(-2).to(x.dtype)


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Attention and a gated feed-forward network, each on the normalised input and added to it.

    Attributes:
        norm: None in the first layer, whose input is normalised already.
        qkv: queries, keys and values in one: (3W, W).
        reach: how many places away a token sees others; 0: all.
    """

    heads: int
    norm: Norm | None
    qkv: Linear | Packed
    output: Linear | Packed
    feed_norm: Norm
    inner: Linear | Packed
    gate: Linear | Packed
    outer: Linear | Packed
    reach: int

    def __call__(self, x: Tensor, turns: Tensor, mask: Tensor | None) -> Tensor:
        """(R, T, W), complex (T, D/2) → (R, T, W); mask (R, 1, 1, T): 0 for tokens, −∞ for padding; None without."""
        rows, tokens, width = x.shape
        qkv = self.qkv(self._normed(x)).view(rows, tokens, 3, self.heads, -1)
        turned = turn(qkv[:, :, :2], turns[:tokens, None, None])
        query, key = turned.permute(2, 0, 3, 1, 4)
        value = qkv[:, :, 2].transpose(1, 2)
        mixed = self._attention(query, key, value, None if mask is None else mask.to(query.dtype))
        return self._feed_forward(self.output.plus(mixed.transpose(1, 2).reshape(rows, tokens, width), x))

    def first(self, x: Tensor, turns: Tensor, mask: Tensor | None) -> Tensor:
        """(R, T, W) → (R, W): the same for the first token alone, whose query is turned by nothing.

        Values need not be made: Σ a (V x) = V (Σ a x).
        """
        rows, _, width = x.shape
        if self.reach:
            x, mask = x[:, : self.reach + 1], None if mask is None else mask[..., : self.reach + 1]
        normed = self._normed(x)
        query_weight, key_weight, value_weight = self.qkv.weight.view(3, width, width)
        query_bias, key_bias, value_bias = (None,) * 3 if self.qkv.bias is None else self.qkv.bias.view(3, width)
        query = F.linear(normed[:, 0], query_weight, query_bias).mul_((width // self.heads) ** -0.5)
        keys = F.linear(normed, key_weight, key_bias).view(*normed.shape[:2], self.heads, -1)
        keys = turn(keys, turns[: normed.shape[1], None])
        scores = torch.einsum("rhd,rthd->rht", query.view(rows, self.heads, -1), keys)
        if mask is not None:
            scores += mask[:, 0]
        mixed = (scores.softmax(-1) @ normed).transpose(0, 1)  # (H, R, W): Σ a x
        value = (mixed @ value_weight.view(self.heads, -1, width).transpose(1, 2)).transpose(0, 1)
        value = value.reshape(rows, width)
        return self._feed_forward(self.output.plus(value if value_bias is None else value + value_bias, x[:, 0]))

    def packed(self, whole: bool, pack: Pack) -> Layer:
        """The same layer by oneDNN; `first` needs `qkv` as it is, the call as a whole needs it packed."""
        return replace(
            self,
            qkv=pack(self.qkv) if whole else self.qkv,
            output=pack(self.output),
            inner=pack(self.inner),
            gate=pack(self.gate),
            outer=pack(self.outer),
        )

    def _normed(self, x: Tensor) -> Tensor:
        return x if self.norm is None else self.norm(x)

    def _feed_forward(self, x: Tensor) -> Tensor:
        """(…, W) → (…, W)."""
        normed = self.feed_norm(x)
        return self.outer.plus(self.gate.times(normed, self.inner(normed)), x)

    def _attention(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
        """(R, H, T, D) three times → (R, H, T, D)."""
        tokens = query.shape[2]
        if not self.reach or tokens <= self.reach + 1:
            mixed: Tensor = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
            return mixed
        parts = []
        for begin in range(0, tokens, BLOCK):
            end, first = min(begin + BLOCK, tokens), max(begin - self.reach, 0)
            seen = slice(first, min(end + self.reach, tokens))
            band = near(range(begin, end), range(seen.start, seen.stop), self.reach, query)
            both = band if mask is None else band + mask[..., seen]
            part = F.scaled_dot_product_attention(query[:, :, begin:end], key[:, :, seen], value[:, :, seen], both)
            parts.append(part)
        return torch.cat(parts, 2) if len(parts) > 1 else parts[0]


def near(queries: range, keys: range, reach: int, like: Tensor) -> Tensor:
    """(queries, keys): 0 where they are at most `reach` apart, else −∞; in precision and on device of `like`."""
    own = torch.arange(queries.start, queries.stop, device=like.device)[:, None]
    others = torch.arange(keys.start, keys.stop, device=like.device)
    far = (own - others).abs_() > reach
    return torch.zeros(far.shape, dtype=like.dtype, device=like.device).masked_fill_(far, -torch.inf)


@dataclass(frozen=True, eq=False)
class Modern:
    """A whole cross-encoder; it has at least one layer. It keeps nothing of rows.

    Attributes:
        words: (vocabulary, W); theta: base of the angles of each kind of layer.
        takes_first: whether the head reads the first token, else the mean of all.
        readout: from that to the logits.
    """

    kept_bytes = 0

    words: Tensor
    norm: Norm
    layers: tuple[Layer, ...]
    theta: Mapping[str, float]
    final_norm: Norm
    takes_first: bool
    readout: tuple[Linear | Norm, ...]
    max_tokens: int

    def __call__(self, ids: Tensor, mask: Tensor | None, types: Tensor | None, shared: int = 0) -> Tensor:
        """As `network.Forward`; it has no types."""
        x = self.norm(F.embedding(ids, self.words))
        shut = None if mask is None else shut_padding(mask, x.dtype)
        size = x.shape[-1] // self.layers[0].heads
        kinds = {kind: angles(ids.shape[1], size, theta, ids.device) for kind, theta in self.theta.items()}
        turns = [kinds[LOCAL if layer.reach else FULL] for layer in self.layers]
        for layer, by in zip(self.layers[:-1], turns, strict=False):
            x = layer(x, by, shut)
        if self.takes_first:
            x = self.final_norm(self.layers[-1].first(x, turns[-1], shut))
        else:
            x = self.final_norm(self.layers[-1](x, turns[-1], shut))
            x = x.mean(1) if mask is None else mean_of_read(x, mask)
        for part in self.readout:
            x = part(x)
        return x

    @cached_property
    def tensors(self) -> tuple[Tensor, ...]:
        """All weights."""
        return tuple(tensors_of((self.words, self.norm, self.layers, self.final_norm, self.readout)))


# ---- from tensors to an encoder ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dense:
    """A linear layer of the head: where its tensors are and what is applied to its output; norm: one behind it."""

    name: str
    activation: Activation = NONE
    norm: str = ""
    eps: float = TORCH_EPS


@dataclass(frozen=True, slots=True)
class Plan:
    """What the encoder is to be built of.

    Attributes:
        prefix: of the body's tensors' names.
        first: whether the head reads the first token.
    """

    prefix: str
    first: bool
    head: tuple[Dense, ...]


CLASSIFIER = "ModernBertForSequenceClassification"
BODY = "ModernBertModel"


def plan_of(files: Files) -> Plan | None:
    """How a checkpoint is computed here; None where it asks for something that this forward does not have."""
    config = files.config
    if files.model_type != "modernbert" or not _is_plain(config):
        return None
    if files.architecture == CLASSIFIER and set(files.names) <= {TRANSFORMER}:
        activation = IN_LAYERS[config.get("classifier_activation", "gelu")]
        dense = Dense("head.dense", activation, "head.norm", config.get("norm_eps", TORCH_EPS))
        return Plan("model.", config.get("classifier_pooling", "cls") == "cls", (dense, Dense("classifier")))
    if files.architecture == BODY and files.saved_as == "CrossEncoder":
        return _chain(files)
    return None


def _is_plain(config: Mapping[str, Any]) -> bool:
    ropes = [rope for rope in (config.get("rope_parameters") or {}).values() if isinstance(rope, dict)]
    names = (config.get("hidden_activation", "gelu"), config.get("classifier_activation", "gelu"))
    return (
        all(name in IN_LAYERS for name in names)
        and not config.get("rope_scaling")
        and not config.get("quantization_config")
        and all(rope.get("rope_type", "default") == "default" for rope in ropes)
        and set(kinds_of(config)) <= {FULL, LOCAL}
    )


def kinds_of(config: Mapping[str, Any]) -> list[str]:
    """Of every layer whether it sees all tokens or those nearby."""
    every = int(config.get("global_attn_every_n_layers", 3))
    count = int(config["num_hidden_layers"])
    return list(config.get("layer_types") or [LOCAL if number % every else FULL for number in range(count)])


def _chain(files: Files) -> Plan | None:
    """Transformer, pooling, then dense layers with norms; the last gives the score."""
    pooled, parts = False, []
    first = True
    for part in files.parts[1:]:
        row = files.part_config(part)
        if part.name == POOLING and not pooled:
            mode = pooling_mode(row)
            if mode not in ("cls", "mean"):
                return None
            pooled, first = True, mode == "cls"
        elif part.name == DENSE and pooled and row.get("activation_function") in TORCH_NAMES:
            if row.get("use_residual") or row.get("module_input_name", "sentence_embedding") != "sentence_embedding":
                return None
            parts.append(Dense(f"{part.path}/linear", TORCH_NAMES[row["activation_function"]]))
        elif part.name == LAYER_NORM and parts and not parts[-1].norm:
            parts[-1] = replace(parts[-1], norm=f"{part.path}/norm")
        elif part.name != DROPOUT:
            return None
    return (
        Plan("", first, tuple(parts)) if parts and not parts[-1].norm and files.parts[0].name == TRANSFORMER else None
    )


def pooling_mode(row: Mapping[str, Any]) -> str:
    """The one way in which tokens become a vector; "" where there are several or none is known."""
    old = {"pooling_mode_cls_token": "cls", "pooling_mode_mean_tokens": "mean"}
    mode = row.get("pooling_mode") or [
        old.get(key, "other") for key, on in row.items() if "mode_" in key and on is True
    ]
    modes = [mode] if isinstance(mode, str) else list(mode)
    return modes[0] if len(modes) == 1 else ""


@dataclass(frozen=True, slots=True, eq=False)
class Builder:
    """Takes tensors of a checkpoint to where and in what precision the encoder has them.

    Attributes:
        state: all tensors; those of a module in a folder of its own begin with that folder.
        dtype: of the matrix products of all layers but the last.
    """

    plan: Plan
    config: Mapping[str, Any]
    state: Mapping[str, Tensor]
    device: torch.device
    dtype: torch.dtype
    pack: Pack = Packed.of

    @property
    def labels(self) -> int:
        """Logits that the last layer gives; nothing may be missing."""
        return int(self.state[f"{self.plan.head[-1].name}.weight"].shape[0])

    def missing(self) -> list[str]:
        """Names of tensors that the checkpoint should hold and does not."""
        return sorted(name for name in self._names() if name not in self.state)

    def _names(self) -> Iterator[str]:
        yield from (self._body(name) for name in ("embeddings.tok_embeddings", "embeddings.norm", "final_norm"))
        for number, _ in enumerate(kinds_of(self.config)):
            parts = ("attn_norm", "attn.Wqkv", "attn.Wo", "mlp_norm", "mlp.Wi", "mlp.Wo")
            yield from (self._body(f"layers.{number}.{part}") for part in parts[0 if number else 1 :])
        for part in self.plan.head:
            yield from (f"{name}.weight" for name in (part.name, part.norm) if name)

    def _body(self, name: str) -> str:
        return f"{self.plan.prefix}{name}.weight"

    def encoder(self) -> Modern:
        """The encoder; nothing may be missing.

        Raises:
            ValueError: the tensors have not the sizes that config.json states.
        """
        words = self.state[self._body("embeddings.tok_embeddings")]
        for key, size in zip(("vocab_size", "hidden_size"), words.shape, strict=True):
            if self.config.get(key, size) != size:
                raise ValueError(f"config.json says {key} {self.config[key]}, but the weights have {size}")
        kinds = kinds_of(self.config)
        last = len(kinds) - 1
        layers = [
            self._layer(number, kind, self.dtype if number < last else torch.float32)
            for number, kind in enumerate(kinds)
        ]
        if can_pack(self.device, self.dtype, self.pack):
            whole = [number < last or not self.plan.first for number, _ in enumerate(kinds)]
            layers = [layer.packed(every, self.pack) for layer, every in zip(layers, whole, strict=True)]
        return Modern(
            words=words.to(self.device, torch.float32),
            norm=self._norm(f"{self.plan.prefix}embeddings.norm"),
            layers=tuple(layers),
            theta={kind: self._theta(kind) for kind in set(kinds)},
            final_norm=self._norm(f"{self.plan.prefix}final_norm"),
            takes_first=self.plan.first,
            readout=tuple(self._readout()),
            max_tokens=int(self.config.get("max_position_embeddings", 8_192)),
        )

    def _theta(self, kind: str) -> float:
        stated = (self.config.get("rope_parameters") or {}).get(kind) or {}
        return float(stated.get("rope_theta") or self.config.get(OLD_THETA[kind]) or THETA[kind])

    def _layer(self, number: int, kind: str, dtype: torch.dtype) -> Layer:
        prefix, heads = f"{self.plan.prefix}layers.{number}.", int(self.config["num_attention_heads"])
        qkv = self._linear(f"{prefix}attn.Wqkv", dtype)
        inner, gate = self._linear(f"{prefix}mlp.Wi", dtype).split(2)
        return Layer(
            heads=heads,
            norm=self._norm(f"{prefix}attn_norm") if number else None,
            qkv=Linear(_paired(qkv.weight, heads), None if qkv.bias is None else _paired(qkv.bias, heads)),
            output=self._linear(f"{prefix}attn.Wo", dtype),
            feed_norm=self._norm(f"{prefix}mlp_norm"),
            inner=replace(inner, activation=IN_LAYERS[self.config.get("hidden_activation", "gelu")]),
            gate=gate,
            outer=self._linear(f"{prefix}mlp.Wo", dtype),
            reach=int(self.config.get("local_attention", 128)) // 2 if kind == LOCAL else 0,
        )

    def _readout(self) -> Iterator[Linear | Norm]:
        for part in self.plan.head:
            yield replace(self._linear(part.name, torch.float32), activation=part.activation)
            if part.norm:
                yield self._norm(part.norm, part.eps)

    def _linear(self, name: str, dtype: torch.dtype) -> Linear:
        return Linear(self._take(f"{name}.weight", dtype), self._maybe(f"{name}.bias", dtype))

    def _norm(self, name: str, eps: float | None = None) -> Norm:
        stated = float(self.config.get("norm_eps", TORCH_EPS)) if eps is None else eps
        return Norm(self._take(f"{name}.weight"), self._maybe(f"{name}.bias"), stated)

    def _maybe(self, name: str, dtype: torch.dtype = torch.float32) -> Tensor | None:
        return self._take(name, dtype) if name in self.state else None

    def _take(self, name: str, dtype: torch.dtype = torch.float32) -> Tensor:
        return self.state[name].to(self.device, dtype)


def _paired(qkv: Tensor, heads: int) -> Tensor:
    """(3W, …) with the rows of queries and keys side by side."""
    query, key, value = qkv.chunk(3)
    return torch.cat([side_by_side(query, heads), side_by_side(key, heads), value])
