"""What forward passes are built of: linear layers, by torch's public functions or by oneDNN, and normalisation.

Shapes: W is the width of the model.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, partial
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor


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
SILU = Activation(F.silu, ("swish", ""))
TANH = Activation(torch.tanh, ("tanh", ""))

IN_LAYERS: Mapping[str, Activation] = {
    "gelu": GELU,
    "gelu_new": GELU_TANH,
    "gelu_pytorch_tanh": GELU_TANH,
    "relu": RELU,
}
"""Names in config.json."""

TORCH_NAMES: Mapping[str, Activation] = {
    "torch.nn.modules.linear.Identity": NONE,
    "torch.nn.modules.activation.GELU": GELU,
    "torch.nn.modules.activation.ReLU": RELU,
    "torch.nn.modules.activation.SiLU": SILU,
    "torch.nn.modules.activation.Tanh": TANH,
}
"""Names in the config.json of a Dense module of sentence-transformers."""


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """weight (out, in), bias (out,) or None, and what is applied to the output."""

    weight: Tensor
    bias: Tensor | None
    activation: Activation = NONE

    def __call__(self, x: Tensor) -> Tensor:
        """(…, in) → (…, out), computed and given in the weight's precision."""
        return self.activation.function(F.linear(x.to(self.weight.dtype), self.weight, self.bias))

    def plus(self, x: Tensor, y: Tensor) -> Tensor:
        """(…, in), fp32 (…, out) → fp32 (…, out): the product and y."""
        return y + self(x)

    def times(self, x: Tensor, y: Tensor) -> Tensor:
        """(…, in), (…, out) → (…, out): the product times y, number by number; y is in the weight's precision."""
        return y * self(x)

    def split(self, parts: int) -> tuple[Linear, ...]:
        """Layers that each give an equal part of the output."""
        biases = (None,) * parts if self.bias is None else self.bias.chunk(parts)
        return tuple(Linear(weight, bias) for weight, bias in zip(self.weight.chunk(parts), biases, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """The same by oneDNN, as torch's compiler calls it on a CPU: its matrix product is faster there, and activation
    and sum are done on the way.

    Attributes:
        weight: in oneDNN's own layout.
    """

    weight: Tensor
    bias: Tensor | None
    activation: Activation

    @classmethod
    def of(cls, linear: Linear | Packed) -> Packed:
        """The linear layer; the CPU must be one that `can_pack` knows."""
        weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight, USUAL_ROWS)
        return cls(weight, linear.bias, linear.activation)

    def __call__(self, x: Tensor) -> Tensor:
        """(…, in) → (…, out), computed and given in the weight's precision."""
        name, variant = self.activation.onednn
        x = x.to(self.weight.dtype)
        y: Tensor = torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, name, [], variant)
        return y

    def plus(self, x: Tensor, y: Tensor) -> Tensor:
        """(…, in), fp32 (…, out) → fp32 (…, out): the product and y."""
        return self._with(x, y, "add") if self.weight.dtype == y.dtype else y + self(x)

    def times(self, x: Tensor, y: Tensor) -> Tensor:
        """(…, in), (…, out) → (…, out): the product times y, number by number; y is in the weight's precision."""
        return self._with(x.to(y.dtype), y, "mul")

    def _with(self, x: Tensor, y: Tensor, operation: str) -> Tensor:
        z: Tensor = torch.ops.mkldnn._linear_pointwise.binary(x, y, self.weight, self.bias, operation)
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
    plain = [Linear(weight, bias, activation) for activation in (NONE, SILU, *IN_LAYERS.values())]
    plain.append(Linear(weight, None))
    try:
        packed = [pack(linear) for linear in plain]
        found = [
            (plain[0].plus(x, y), packed[0].plus(x, y)),
            (plain[0].times(x, y.to(dtype)), packed[0].times(x, y.to(dtype))),
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
    """Layer normalisation over the last axis; bias may be missing."""

    weight: Tensor
    bias: Tensor | None
    eps: float

    def __call__(self, x: Tensor) -> Tensor:
        """(…, W) → (…, W)."""
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)


def tensors_of(part: Any) -> Iterator[Tensor]:
    """The tensors in a part and in its parts."""
    if isinstance(part, Tensor):
        yield part
    elif isinstance(part, tuple):
        for each in part:
            yield from tensors_of(each)
    elif is_dataclass(part):
        for row in fields(part):
            yield from tensors_of(getattr(part, row.name))
