"""The forward pass of Qwen2, Qwen3 and Llama in plain torch, for what a reranker reads: the last token's logits.

    x = word
    x = x + attention(norm(x)),  x = x + down(silu(gate(norm(x))) · up(norm(x)))     for every layer
    logits = head(norm(x) of the last token)

A token sees those before it alone, so that keys and values of a beginning that many pairs share (template, instruction
and query) are computed once and kept. The last layer computes the last token alone, and of a vocabulary's logits only
those of the words that the score is read from. Rows are padded on the right, where no token sees it.

Shapes in this file: R rows (pairs), T tokens of the longest row behind the shared beginning of S tokens, W width, H
heads of D numbers in K groups, each with keys and values of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from demo.memory import Bounded
from demo.rankers.cross_encoder.layouts import CAUSAL, CLASSIFIER, Files
from demo.rankers.cross_encoder.linear import SILU, Linear, Pack, Packed, can_pack, tensors_of
from demo.rankers.cross_encoder.modern import FULL, angles, side_by_side, turn

KINDS = ("qwen2", "qwen3", "llama")

LEAST_SHARED = 8
"""A beginning of fewer tokens is not worth keeping."""

KEPT_BYTES = 256_000_000
"""Memory of beginnings that are kept: of a model like Qwen3-0.6B in fp32 some 1,000 tokens."""

Seen = tuple[Tensor, Tensor]
"""Keys and values of one layer, each (rows, K, tokens, D)."""


@dataclass(frozen=True, slots=True, eq=False)
class RmsNorm:
    """Division by the root of the mean square over the last axis."""

    weight: Tensor
    eps: float

    def __call__(self, x: Tensor) -> Tensor:
        """(…, n) → fp32 (…, n)."""
        return F.rms_norm(x.float(), self.weight.shape, self.weight, self.eps)


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Attention and a gated feed-forward network, each on the normalised input and added to it.

    Attributes:
        key_value: keys and values in one: (2 K D, W).
        query_norm, key_norm: of every head; None where there are none.
    """

    heads: int
    groups: int
    norm: RmsNorm
    query: Linear | Packed
    key_value: Linear | Packed
    query_norm: RmsNorm | None
    key_norm: RmsNorm | None
    output: Linear | Packed
    feed_norm: RmsNorm
    gate: Linear | Packed
    up: Linear | Packed
    down: Linear | Packed

    def __call__(
        self, x: Tensor, turns: Tensor, before: Seen | None, shut: Tensor, ends: Tensor | None = None
    ) -> tuple[Tensor, Seen]:
        """(R, T, W) → (R, T, W), or with `ends` (R, W) of these tokens alone; and the keys and values of x.

        Args:
            turns: complex (T, D/2).
            before: of the shared beginning, one row.
            shut: (T, S + T): 0 for what a token sees, −∞ for what it does not.
            ends: (R,), which token of each row.
        """
        normed = self.norm(x)
        keys, values = self._keys_and_values(normed, turns)
        seen = (keys, values)
        if before is not None:
            keys, values = (
                torch.cat([one.expand(len(x), -1, -1, -1), two], 2) for one, two in zip(before, seen, strict=True)
            )
        if ends is None:
            query, mask = self._turned(self.query(normed), self.query_norm, self.heads, turns), shut
        else:
            rows = torch.arange(len(x), device=x.device)
            x, normed, by, mask = x[rows, ends, None], normed[rows, ends, None], turns[ends, None], shut[ends][:, None]
            query = self._turned(self.query(normed), self.query_norm, self.heads, by)
        mixed = self._attention(query, keys, values, mask)
        x = self._feed_forward(self.output.plus(mixed, x))
        return x if ends is None else x[:, 0], seen

    def _keys_and_values(self, normed: Tensor, turns: Tensor) -> Seen:
        key, value = self.key_value(normed).chunk(2, -1)
        key = self._turned(key, self.key_norm, self.groups, turns).transpose(1, 2)
        return key, value.view(*value.shape[:-1], self.groups, -1).transpose(1, 2)

    def _turned(self, x: Tensor, norm: RmsNorm | None, heads: int, turns: Tensor) -> Tensor:
        """(R, T, heads · D) → (R, T, heads, D)."""
        each = x.view(*x.shape[:-1], heads, -1)
        return turn(each if norm is None else norm(each), turns[..., None, :]).to(x.dtype)

    def _attention(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
        """(R, T, H, D) and keys and values (R, K, S + T, D) → (R, T, H · D).

        The heads of a group stand behind one another as if they were tokens, so that its keys need not be repeated.
        """
        rows, tokens, heads, size = query.shape
        many = heads // self.groups
        query = query.view(rows, tokens, self.groups, many, size).permute(0, 2, 3, 1, 4).flatten(2, 3)
        repeated = mask.to(query.dtype).repeat((1,) * (mask.dim() - 2) + (many, 1))
        repeated = repeated[None, None] if repeated.dim() == 2 else repeated[:, None]
        mixed: Tensor = F.scaled_dot_product_attention(query, key, value, attn_mask=repeated)
        return (
            mixed.view(rows, self.groups, many, tokens, size).permute(0, 3, 1, 2, 4).reshape(rows, tokens, heads * size)
        )

    def _feed_forward(self, x: Tensor) -> Tensor:
        """(…, W) → (…, W)."""
        normed = self.feed_norm(x)
        return self.down.plus(self.up.times(normed, self.gate(normed)), x)

    def packed(self, pack: Pack) -> Layer:
        """The same layer by oneDNN."""
        return replace(
            self,
            query=pack(self.query),
            key_value=pack(self.key_value),
            output=pack(self.output),
            gate=pack(self.gate),
            up=pack(self.up),
            down=pack(self.down),
        )


class Beginnings(Bounded[bytes, Sequence[Seen]]):
    """Keys and values of every layer of the beginnings that were met last.

    Args:
        capacity: bytes that they take at most; a beginning that takes more is not kept.
    """

    def __init__(self, capacity: int = KEPT_BYTES) -> None:
        super().__init__(capacity, lambda key, row: sum(tensor.nbytes for seen in row for tensor in seen))


@dataclass(frozen=True, slots=True, eq=False)
class Decoder:
    """A whole reranker; it has at least one layer.

    Attributes:
        words: (vocabulary, W).
        head: from the last token to the logits, fp32.
        padding: a token that is never the last one that counts; None: the last one counts whatever it is.
        max_tokens: the longest row that the model was given.
    """

    words: Tensor
    layers: tuple[Layer, ...]
    norm: RmsNorm
    head: Linear
    theta: float
    size: int
    padding: int | None
    max_tokens: int
    kept: Beginnings = field(default_factory=Beginnings)

    def __call__(self, ids: Tensor, mask: Tensor | None, types: Tensor | None, shared: int = 0) -> Tensor:
        """As `network.Forward`; it has no types, and padding stands on the right."""
        ends = self._ends(ids, mask)
        if shared < LEAST_SHARED or bool((ends < shared).any()):
            shared = 0
        ends = ends - shared
        turns = angles(ids.shape[1], self.size, self.theta, ids.device)
        before = self._beginning(ids[:1, :shared], turns) if shared else [None] * len(self.layers)
        x, shut = F.embedding(ids[:, shared:], self.words).float(), later(shared, ids.shape[1], ids.device)
        for layer, seen in zip(self.layers[:-1], before, strict=False):
            x, _ = layer(x, turns[shared:], seen, shut)
        x, _ = self.layers[-1](x, turns[shared:], before[-1], shut, ends)
        return self.head(self.norm(x))

    def _beginning(self, ids: Tensor, turns: Tensor) -> Sequence[Seen]:
        """Keys and values of these tokens (1, S) in every layer."""
        with self.kept.lock:
            return self.kept.get(ids.cpu().numpy().tobytes(), lambda: self._read(ids, turns))

    def _read(self, ids: Tensor, turns: Tensor) -> Sequence[Seen]:
        x, shut, found = F.embedding(ids, self.words).float(), later(0, ids.shape[1], ids.device), []
        for layer in self.layers:
            x, (keys, values) = layer(x, turns[: ids.shape[1]], None, shut)
            found.append((keys.contiguous(), values.contiguous()))  # a view would keep what it is a part of
        return found

    def _ends(self, ids: Tensor, mask: Tensor | None) -> Tensor:
        """(R,): the place of each row's last token that counts."""
        counts = torch.ones_like(ids) if mask is None else mask
        if self.padding is not None:
            counts = counts * (ids != self.padding)
        return (counts * torch.arange(ids.shape[1], device=ids.device)).argmax(1)

    @property
    def kept_bytes(self) -> int:
        """Memory of the beginnings that are kept."""
        return self.kept.memory_bytes

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """All weights."""
        return tuple(tensors_of((self.words, self.layers, self.norm, self.head)))


def later(shared: int, tokens: int, device: torch.device) -> Tensor:
    """(tokens − shared, tokens): −∞ for what stands behind a token, else 0."""
    empty = torch.full((tokens - shared, tokens), -torch.inf, device=device)
    return empty.triu_(shared + 1)


# ---- from tensors to a decoder -------------------------------------------------------------------------------------


def computes(files: Files) -> bool:
    """Whether the checkpoint is one that this forward has everything for."""
    config = files.config
    rope = config.get("rope_parameters") or {}
    return (
        files.model_type in KINDS
        and files.architecture.endswith((CAUSAL, CLASSIFIER))
        and config.get("hidden_act", "silu") == "silu"
        and not config.get("quantization_config")
        and not config.get("rope_scaling")
        and rope.get("rope_type", "default") == "default"
        and not config.get("use_sliding_window")
        and set(config.get("layer_types") or [FULL]) == {FULL}
        and all(isinstance(config.get(key), int) for key in ("num_attention_heads", "hidden_size", "num_hidden_layers"))
    )


@dataclass(frozen=True, slots=True, eq=False)
class Builder:
    """Takes tensors of a model to where and in what precision the decoder has them.

    Attributes:
        state: emptied on the way, so that no weight is there twice.
        head: weights of the layer that gives the logits (labels, W).
        padding: as `Decoder` has it.
        dtype: of the matrix products of all layers; sums, norms and the head are fp32.
    """

    config: Mapping[str, Any]
    state: dict[str, Tensor]
    head: Linear
    padding: int | None
    device: torch.device
    dtype: torch.dtype
    pack: Pack = Packed.of

    def decoder(self) -> Decoder:
        """The decoder; nothing may be missing."""
        packs = can_pack(self.device, self.dtype, self.pack)
        layers = tuple(self._layers(packs))
        rope = self.config.get("rope_parameters") or {}
        return Decoder(
            words=self._take("model.embed_tokens.weight", self.dtype),
            layers=layers,
            norm=self._norm("model.norm"),
            head=Linear(self.head.weight.to(self.device, torch.float32), _moved(self.head.bias, self.device)),
            theta=float(rope.get("rope_theta") or self.config.get("rope_theta") or 10_000.0),
            size=self._size,
            padding=self.padding,
            max_tokens=int(self.config.get("max_position_embeddings") or 0),
        )

    @property
    def _heads(self) -> int:
        return int(self.config["num_attention_heads"])

    @property
    def _groups(self) -> int:
        return int(self.config.get("num_key_value_heads") or self._heads)

    @property
    def _size(self) -> int:
        return int(self.config.get("head_dim") or self.config["hidden_size"] // self._heads)

    def _layers(self, packs: bool) -> Iterator[Layer]:
        for number in range(int(self.config["num_hidden_layers"])):
            layer = self._layer(f"model.layers.{number}.")
            yield layer.packed(self.pack) if packs else layer

    def _layer(self, prefix: str) -> Layer:
        attention = f"{prefix}self_attn."
        key = self._linear(f"{attention}k_proj", self._groups)
        value = self._linear(f"{attention}v_proj")
        return Layer(
            heads=self._heads,
            groups=self._groups,
            norm=self._norm(f"{prefix}input_layernorm"),
            query=self._linear(f"{attention}q_proj", self._heads),
            key_value=Linear(torch.cat([key.weight, value.weight]), _both(key.bias, value.bias)),
            query_norm=self._head_norm(f"{attention}q_norm"),
            key_norm=self._head_norm(f"{attention}k_norm"),
            output=self._linear(f"{attention}o_proj"),
            feed_norm=self._norm(f"{prefix}post_attention_layernorm"),
            gate=replace(self._linear(f"{prefix}mlp.gate_proj"), activation=SILU),
            up=self._linear(f"{prefix}mlp.up_proj"),
            down=self._linear(f"{prefix}mlp.down_proj"),
        )

    def _linear(self, name: str, heads: int = 0) -> Linear:
        """With `heads`, the rows in the order in which `turn` takes them."""
        weight, bias = self._take(f"{name}.weight", self.dtype), None
        if f"{name}.bias" in self.state:
            bias = self._take(f"{name}.bias", self.dtype)
        if heads:
            weight, bias = side_by_side(weight, heads), None if bias is None else side_by_side(bias, heads)
        return Linear(weight, bias)

    def _norm(self, name: str) -> RmsNorm:
        return RmsNorm(self._take(f"{name}.weight", torch.float32), float(self.config.get("rms_norm_eps", 1e-6)))

    def _head_norm(self, name: str) -> RmsNorm | None:
        """Of a head's numbers, in the order in which `turn` takes them."""
        if f"{name}.weight" not in self.state:
            return None
        norm = self._norm(name)
        return replace(norm, weight=side_by_side(norm.weight, 1))

    def _take(self, name: str, dtype: torch.dtype) -> Tensor:
        return self.state.pop(name).detach().to(self.device, dtype)


def _both(one: Tensor | None, two: Tensor | None) -> Tensor | None:
    return None if one is None or two is None else torch.cat([one, two])


def _moved(bias: Tensor | None, device: torch.device) -> Tensor | None:
    return None if bias is None else bias.to(device, torch.float32)
