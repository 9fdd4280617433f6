"""Medium's encoder: a few of the teacher's layers, trained until their average of tokens is the teacher's vector.

The vectors of pool and questions are there already (`prepare`), so no teacher has to read anything: a text costs what
the few layers cost. What a layer left out did is learnt by those that stay; the embeddings stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from demo.training.cores import on_cores
from demo.training.sources import DataError
from demo.training.tokens import Ids, TokenTable, framed, length_batches

_BUDGET = 2048
"""Padded tokens per forward pass."""
_MEASURED = 500
"""Texts of each table that are measured on, of those that are not learnt from."""


@dataclass(frozen=True)
class Shortening:
    """How an encoder is made shorter.

    Attributes:
        layers: Which of its layers stay, from 0.
        steps: Optimiser steps.
        texts: Texts of each table in a step.
        rate: Highest learning rate; rises linearly over `warmup`, stays, then falls linearly to 0 over `cooling`.
        warmup: Steps.
        cooling: Share of all steps, 0 to 1.
        longest: Word pieces of the longest passages that are read.
    """

    layers: tuple[int, ...] = (0, 5)
    steps: int = 1200
    texts: int = 48
    rate: float = 7e-4
    warmup: int = 50
    cooling: float = 0.4
    longest: int = 96

    def rate_at(self, step: int) -> float:
        """Learning rate of step `step` (0-based)."""
        warm, cool = (step + 1) / max(1, self.warmup), (self.steps - step) / max(1.0, self.cooling * self.steps)
        return self.rate * min(1.0, warm, cool)


@dataclass(frozen=True)
class Taught:
    """Texts with the teacher's unit vectors of them, shape (texts, width), and which of them are learnt from."""

    texts: TokenTable
    vectors: NDArray[np.float16]
    learnt: NDArray[np.bool_]


def leave_out(encoder: Any, layers: Sequence[int]) -> None:
    """Leaves only these layers of a `BertModel`, in place."""
    encoder.encoder.layer = nn.ModuleList(encoder.encoder.layer[number] for number in layers)
    encoder.config.num_hidden_layers = len(layers)


def average(encoder: Any, texts: Sequence[Ids]) -> Tensor:
    """The unit vectors of some texts: the normalised mean of their tokens, shape (texts, width)."""
    ids, read = framed(texts)
    mask = read.long()
    hidden = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    return functional.normalize((hidden * mask[..., None]).sum(1), dim=1)


class Shortener:
    """A shortened encoder in training; what step n reads depends on the seed and n alone.

    Args:
        encoder: A `BertModel` that has only its chosen layers; trained in place.
        taught: Tables of texts of which a step draws equally many, in the word pieces that the encoder knows.
        plan: See `Shortening`.
        workers: Threads that share a step's batches.
        seed: Of everything that is drawn.
    """

    def __init__(self, encoder: Any, taught: Sequence[Taught], plan: Shortening, workers: int, seed: int) -> None:
        self.encoder, self.plan, self.step = encoder, plan, 0
        self._taught, self._workers, self._seed = taught, workers, seed
        short = [part.texts.lengths() <= plan.longest for part in taught]
        self._rows = [np.flatnonzero(part.learnt & fits) for part, fits in zip(taught, short, strict=True)]
        others = [np.flatnonzero(~part.learnt & fits) for part, fits in zip(taught, short, strict=True)]
        self._measured = [np.random.default_rng(seed).permutation(rows)[:_MEASURED] for rows in others]
        encoder.embeddings.requires_grad_(False)
        self._parameters = list(encoder.encoder.parameters())
        self._optimiser = torch.optim.AdamW(self._parameters, betas=(0.9, 0.98), weight_decay=0.01, fused=True)

    def run(self, until: int) -> float:
        """Trains up to step `until`; mean loss, 1 − cosine."""
        losses = []
        with on_cores(self._workers) as pool:
            for step in tqdm(range(self.step, until), desc="shortening", unit="step"):
                rng = np.random.default_rng([self._seed, step])
                losses.append(self._update(step, [rng.choice(rows, self.plan.texts) for rows in self._rows], pool))
                self.step = step + 1
        return float(np.mean(losses)) if losses else 0.0

    def measure(self) -> list[float]:
        """Mean cosine with the teacher's vectors over the texts of each table that are not learnt from."""
        found = []
        for part, rows in zip(self._taught, self._measured, strict=True):
            with torch.inference_mode():
                batches = length_batches((len(part.texts[row]) for row in rows), _BUDGET)
                found.append(sum(float(self._agreement(part, rows[batch]).sum()) for batch in batches) / len(rows))
        return found

    def _agreement(self, part: Taught, rows: NDArray[np.int64]) -> Tensor:
        taught = torch.from_numpy(part.vectors[rows].astype(np.float32))
        return (average(self.encoder, [part.texts[row] for row in rows]) * taught).sum(1)

    def _update(self, step: int, drawn: Sequence[NDArray[np.int64]], pool: ThreadPoolExecutor) -> float:
        shares = [
            (part, rows[batch])
            for part, rows in zip(self._taught, drawn, strict=True)
            for batch in length_batches((len(part.texts[row]) for row in rows), _BUDGET)
        ]

        def gradients(share: tuple[Taught, NDArray[np.int64]]) -> tuple[float, tuple[Tensor, ...]]:
            loss = (1 - self._agreement(*share)).sum() / sum(map(len, drawn))
            return float(loss.detach()), torch.autograd.grad(loss, self._parameters)

        results = list(pool.map(gradients, reversed(shares)))
        for parameter, *parts in zip(self._parameters, *(found for _, found in results), strict=True):
            parameter.grad = sum(parts[1:], parts[0])
        for group in self._optimiser.param_groups:
            group["lr"] = self.plan.rate_at(step)
        nn.utils.clip_grad_norm_(self._parameters, 1.0)
        self._optimiser.step()
        return sum(loss for loss, _ in results)

    def save(self, path: Path) -> None:
        """Writes everything that `load` needs to go on."""
        partial = path.with_suffix(".partial")
        state = {
            "layers": list(self.plan.layers),
            "step": self.step,
            "weights": self.encoder.encoder.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }
        torch.save(state, partial)
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Goes back to the state that `save` wrote.

        Raises:
            DataError: It was written with other layers.
        """
        state = torch.load(path, weights_only=True)
        if tuple(state["layers"]) != self.plan.layers:
            raise DataError(f"{path} was made with the layers {state['layers']}. Remove it or name another run.")
        self.step = state["step"]
        self.encoder.encoder.load_state_dict(state["weights"])
        self._optimiser.load_state_dict(state["optimiser"])


def shorten(
    encoder: Any, taught: Sequence[Taught], plan: Shortening, folder: Path, workers: int, seed: int, every: int = 100
) -> None:
    """Leaves the chosen layers of a `BertModel` and trains them, from the checkpoint in `folder` if there is one.

    Args:
        encoder: Changed in place.
        taught: See `Shortener`.
        plan: See `Shortening`.
        folder: Keeps the checkpoint `short.pt` and, one JSON line per measurement, `short.jsonl`.
        workers: Threads that share a step's batches.
        seed: Of everything that is drawn.
        every: Steps between checkpoints.

    Raises:
        DataError: The vectors are another encoder's, or the checkpoint has other layers.
    """
    widths = {part.vectors.shape[1] for part in taught}
    if widths != {encoder.config.hidden_size}:
        raise DataError(f"The vectors have width {max(widths)}, the encoder {encoder.config.hidden_size}.")
    leave_out(encoder, plan.layers)
    shortener = Shortener(encoder, taught, plan, workers, seed)
    path = folder / "short.pt"
    if path.is_file():
        shortener.load(path)
    while shortener.step < plan.steps:
        loss = shortener.run(min(shortener.step + every, plan.steps))
        shortener.save(path)
        line = {"step": shortener.step, "loss": round(loss, 4), "cosines": [round(c, 4) for c in shortener.measure()]}
        with (folder / "short.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
        tqdm.write(json.dumps(line))
