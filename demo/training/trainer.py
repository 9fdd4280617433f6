"""The training loop: seeded, measured as it goes, resumable to the bit.

What step n reads depends on the seed and n alone, so a run that is stopped and resumed equals one that was not.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from demo.training.groups import PHASES, Batch, Candidates, Group, Mining, Phase, Taught, batches, draw_groups
from demo.training.losses import Targets, Weights
from demo.training.marks import held
from demo.training.student import score
from demo.training.tokens import TokenTable


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what is learnt, besides the data.

    Attributes:
        steps: Optimiser steps.
        groups: Queries per step.
        size: Candidates per query.
        asked_share: Share of a step's queries that someone asked; the others were made from passages.
        sibling_share: Share of the groups, where there are any, that are sentences of the known passage.
        shuffled_share: Share of the groups whose last candidate is the known passage with its words shuffled.
        taught_share: Share of the groups that a cross-encoder has read, if one teaches.
        rate: Peak learning rate; rises linearly over `warmup` (share of steps), then falls along a cosine to 2 %.
        decay: AdamW weight decay of matrices other than embeddings.
        budget: Padded tokens per forward pass.
        average: Decay of the running average of the weights, which is what is kept.
        bf16: Whether products are computed in bfloat16.
        frozen: Lowest layers that stay as they are, together with the embeddings; 0 trains everything.
        workers: Threads that share a step's groups.
        seed: Of everything that is drawn.
        phases: How passage lengths change during the run.
    """

    steps: int = 4500
    groups: int = 32
    size: int = 8
    asked_share: float = 0.5
    sibling_share: float = 0.3
    shuffled_share: float = 0.1
    taught_share: float = 0.6
    rate: float = 2e-3
    warmup: float = 0.03
    decay: float = 0.01
    budget: int = 4096
    average: float = 0.999
    bf16: bool = False
    frozen: int = 0
    workers: int = 2
    seed: int = 13
    targets: Targets = field(default_factory=Targets)
    weights: Weights = field(default_factory=Weights)
    mining: Mining = field(default_factory=Mining)
    phases: tuple[Phase, ...] = PHASES

    def rate_at(self, step: int) -> float:
        """Learning rate of step `step` (0-based)."""
        warm = max(1, round(self.warmup * self.steps))
        if step < warm:
            return self.rate * (step + 1) / warm
        progress = (step - warm) / max(1, self.steps - warm)
        return self.rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))

    def phase_at(self, step: int) -> Phase:
        """The phase that step `step` belongs to."""
        share = step / self.steps
        return next((p for p in self.phases if share < p.until), self.phases[-1])


@dataclass(frozen=True)
class Material:
    """What training reads: candidates with labels, word pieces, and which queries are for training."""

    candidates: Candidates
    queries: TokenTable
    pool: TokenTable
    train: NDArray[np.int64]
    asked: NDArray[np.float32]
    """Per query: 1 where someone asked it and column 0 holds an answer, 0 where it was made from that passage."""
    taught: Taught | None = None
    """What a cross-encoder gave to candidates of some training queries; None: none teaches."""

    def draw(
        self, rng: np.random.Generator, count: int, asked_share: float, among: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """`count` training queries, in random order, this share of them asked by someone (if there are both kinds).

        Args:
            among: The queries to draw from; None: all that are for training.
        """
        among = self.train if among is None else among
        asked, made = (among[self.asked[among] == kind] for kind in (1, 0))
        if not len(asked) or not len(made):
            return rng.choice(among, count)
        first = round(asked_share * count)
        return rng.permutation(np.concatenate([rng.choice(asked, first), rng.choice(made, count - first)]))


@dataclass(frozen=True)
class Share:
    """One worker's part of a step."""

    groups: list[Group]
    batches: list[Batch]


class Trainer:
    """A model in training.

    Args:
        model: A one-label BERT; trained in place.
        material: See `Material`.
        recipe: See `Recipe`.
    """

    def __init__(self, model: Any, material: Material, recipe: Recipe) -> None:
        self.model = model
        self.material = material
        self.recipe = recipe
        self.step = 0
        self.pairs = 0
        _freeze(model, recipe.frozen)
        self._parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
        self._held = {name: mask for name, mask in held(model).items() if name in self._parameters}
        self.average = {name: p.detach().clone() for name, p in self._parameters.items()}
        self._optimiser = torch.optim.AdamW(
            _parameter_groups(self._parameters, recipe.decay), betas=(0.9, 0.98), fused=True
        )

    def run(self, until: int, each: Callable[[int, float], None] | None = None) -> None:
        """Trains up to step `until`; `each(step, loss)` is called after every step.

        A step's groups are shared out to `recipe.workers` threads of one torch thread each: on a busy machine that
        loses less than one forward pass on several threads. The next step's arrays are made meanwhile.
        """
        workers = self.recipe.workers
        with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(workers) as pool:
            coming = reader.submit(self._read, self.step)
            for step in range(self.step, until):
                shares = coming.result()
                if step + 1 < until:
                    coming = reader.submit(self._read, step + 1)
                results = list(pool.map(self._gradients, shares))
                self._update(step, [gradients for _, gradients in results])
                self.pairs += sum(len(share.groups) * self.recipe.size for share in shares)
                self.step = step + 1
                if each is not None:
                    each(self.step, sum(loss for loss, _ in results) / len(results))

    def _read(self, step: int) -> list[Share]:
        recipe, material = self.recipe, self.material
        rng = np.random.default_rng([recipe.seed, step])
        phase, size, taught = recipe.phase_at(step), recipe.size, material.taught
        count = 0 if taught is None else round(recipe.taught_share * recipe.groups)
        queries = material.draw(rng, recipe.groups - count, recipe.asked_share)
        groups = draw_groups(rng, queries, material.candidates, recipe.mining, phase, size, recipe.sibling_share)
        if taught is not None:
            queries = material.draw(rng, count, recipe.asked_share, taught.queries)
            groups += taught.draw(rng, queries, phase, size)
        groups = [
            g.with_shuffled(int(rng.integers(2**31))) if rng.random() < recipe.shuffled_share else g for g in groups
        ]
        parts = [groups[worker :: recipe.workers] for worker in range(recipe.workers)]
        return [
            Share(part, batches(part, material.candidates, material.queries, material.pool, recipe.budget))
            for part in parts
        ]

    def _gradients(self, share: Share) -> tuple[float, tuple[Tensor, ...]]:
        """Loss of a share and its gradients, in the order of the parameters."""
        targets = self._targets(share.groups)
        scores = self._scores(share.batches, targets.numel()).view_as(targets)
        loss = self.recipe.weights.total(scores, targets)
        return float(loss.detach()), torch.autograd.grad(loss, list(self._parameters.values()))

    def _update(self, step: int, gradients: list[tuple[Tensor, ...]]) -> None:
        for parameter, *parts in zip(self._parameters.values(), *gradients, strict=True):
            parameter.grad = sum(parts[1:], parts[0]) / len(parts)
        for name, mask in self._held.items():
            self._parameters[name].grad.masked_fill_(mask, 0.0)
        for group in self._optimiser.param_groups:
            group["lr"] = self.recipe.rate_at(step)
        torch.nn.utils.clip_grad_norm_(self._parameters.values(), 1.0)
        self._optimiser.step()
        self._update_average(step)

    def _scores(self, parts: list[Batch], count: int) -> Tensor:
        scores, places = [], []
        with torch.autocast("cpu", torch.bfloat16, enabled=self.recipe.bf16):
            for part in parts:
                scores.append(score(self.model, torch.from_numpy(part.ids), torch.from_numpy(part.types)))
                places.append(torch.from_numpy(part.places))
        return torch.zeros(count).index_copy(0, torch.cat(places), torch.cat(scores))

    def _targets(self, groups: list[Group]) -> Tensor:
        candidates = self.material.candidates
        cosine = np.stack([candidates.cosine[g.query, g.columns] for g in groups]).astype(np.float32)
        lexical = np.stack([candidates.lexical[g.query, g.columns] for g in groups]).astype(np.float32)
        asked = self.material.asked[[g.query for g in groups]]
        cross = np.stack([np.full(len(g.columns), np.nan, np.float32) if g.cross is None else g.cross for g in groups])
        targets = self.recipe.targets.logits(*(torch.from_numpy(a) for a in (cosine, lexical, asked, cross)))
        targets[:, -1] -= self.recipe.targets.shuffled_loss * torch.tensor([g.shuffle is not None for g in groups])
        return targets

    def _update_average(self, step: int) -> None:
        keep = min(self.recipe.average, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                self.average[name].lerp_(parameter, 1 - keep)

    def save(self, path: Path) -> None:
        """Writes everything that `load` needs to go on."""
        state = {
            "step": self.step,
            "pairs": self.pairs,
            "model": self.model.state_dict(),
            "average": self.average,
            "optimiser": self._optimiser.state_dict(),
        }
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Goes back to the state that `save` wrote."""
        state = torch.load(path, weights_only=True)
        self.step, self.pairs = state["step"], state["pairs"]
        self.model.load_state_dict(state["model"])
        self.average = state["average"]
        self._optimiser.load_state_dict(state["optimiser"])


def _freeze(model: Any, layers: int) -> None:
    """Takes the embeddings and the lowest `layers` out of the training, if there are any."""
    for part in (model.bert.embeddings, *model.bert.encoder.layer[:layers]) if layers else ():
        part.requires_grad_(False)


def _parameter_groups(parameters: dict[str, torch.nn.Parameter], decay: float) -> list[dict[str, Any]]:
    """Weight decay for matrices; none for embeddings, biases and layer norms."""
    decayed = [p for name, p in parameters.items() if p.dim() == 2 and "embeddings" not in name]
    plain = [p for name, p in parameters.items() if p.dim() != 2 or "embeddings" in name]
    return [{"params": decayed, "weight_decay": decay}, {"params": plain, "weight_decay": 0.0}]


def held_out_mrr(model: Any, material: Material, queries: NDArray[np.int64], columns: int = 25) -> float:
    """Mean reciprocal rank of the known passage among the first `columns` candidates of each query, 0 to 1.

    Duplicates of the known passage among its candidates do not count against it.
    """
    values: list[float] = []
    for query in queries:
        group = Group(int(query), np.arange(columns), 128)
        parts = batches([group], material.candidates, material.queries, material.pool, 8192)
        scores = torch.zeros(columns)
        with torch.inference_mode():
            for part in parts:
                scores[torch.from_numpy(part.places)] = score(
                    model, torch.from_numpy(part.ids), torch.from_numpy(part.types)
                )
        passages = material.candidates.passages[query, :columns]
        others = torch.from_numpy(passages != passages[0])
        better = np.unique(passages[(others & (scores > scores[0])).numpy()])
        values.append(1.0 / (1 + len(better)))
    return float(np.mean(values)) if values else math.nan


class Log:
    """A progress bar, and one JSON line per measurement in a file."""

    def __init__(self, path: Path, total: int, start: int) -> None:
        self._path = path
        self._bar = tqdm(total=total, initial=start, desc="training", unit="step", smoothing=0.05)
        self._losses: list[float] = []
        self._began = time.perf_counter()

    def step(self, loss: float) -> None:
        """Notes one step."""
        self._losses.append(loss)
        self._bar.update()
        if len(self._losses) % 20 == 0:
            self._bar.set_postfix(loss=f"{np.mean(self._losses[-100:]):.3f}")

    def measure(self, **values: float) -> None:
        """Writes a line: mean loss since the last one, seconds since the start, and `values`."""
        line = {"loss": float(np.mean(self._losses)) if self._losses else None, **values}
        line["seconds"] = round(time.perf_counter() - self._began, 1)
        self._losses.clear()
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
        tqdm.write(json.dumps(line))
