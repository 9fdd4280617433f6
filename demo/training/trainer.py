"""The training loop: seeded, measured as it goes, resumable to the bit.

What step n reads depends on the seed and n alone, so a run that is stopped and resumed equals one that was not.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from demo.training.cores import on_cores
from demo.training.groups import Batch, Candidates, Group, Mining, Phase, batches, draw_groups
from demo.training.losses import Targets, Weights, listwise
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
        shuffled_share: Share of the groups whose last candidate is the first one with its words shuffled.
        stuffed_share: Share of the groups whose last candidate, drawn at random, repeats the query.
        rate: Highest learning rate; rises linearly over `warmup`, stays, then falls linearly to 0 over `cooling`.
        warmup: Steps.
        cooling: Share of all steps, 0 to 1.
        decay: AdamW weight decay of matrices other than embeddings.
        budget: Padded tokens per forward pass.
        average: Decay of the running average of the weights, which is what is kept.
        bf16: Whether products are computed in bfloat16.
        frozen: Lowest parts that stay as they are: 1 the embeddings, 2 the first layer as well; 0 trains everything.
        workers: Threads that share a step's groups.
        seed: Of everything that is drawn.
        phases: How passage lengths change during the run.
    """

    steps: int = 10_000
    groups: int = 32
    size: int = 16
    asked_share: float = 0.85
    shuffled_share: float = 0.1
    stuffed_share: float = 0.0
    rate: float = 2e-3
    warmup: int = 200
    cooling: float = 0.3
    decay: float = 0.01
    budget: int = 4096
    average: float = 0.998
    bf16: bool = False
    frozen: int = 0
    workers: int = 2
    seed: int = 13
    targets: Targets = field(default_factory=Targets)
    weights: Weights = field(default_factory=Weights)
    mining: Mining = field(default_factory=Mining)
    phases: tuple[Phase, ...] = (Phase(0.7, 72, 144, 0.1), Phase(1.0, 112, 256, 0.2))

    @property
    def cools_from(self) -> int:
        """The first step at which the learning rate falls."""
        return round((1 - self.cooling) * self.steps)

    def rate_at(self, step: int) -> float:
        """Learning rate of step `step` (0-based)."""
        warm = min(1.0, (step + 1) / max(1, self.warmup))
        cool = min(1.0, (self.steps - step) / max(1, self.steps - self.cools_from))
        return self.rate * min(warm, cool)

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
    asked: NDArray[np.int64]
    """Training queries that someone asked."""
    made: NDArray[np.int64]
    """Training queries that were made from a passage."""

    def is_made(self, queries: NDArray[np.int64]) -> Tensor:
        """Which of these queries were made from a passage, bool, one for each."""
        return torch.from_numpy(np.isin(queries, self.made))

    def draw(self, rng: np.random.Generator, count: int, asked_share: float) -> NDArray[np.int64]:
        """`count` training queries, in random order, this share of them asked by someone (if there are both kinds)."""
        if not len(self.asked) or not len(self.made):
            return rng.choice(np.concatenate([self.asked, self.made]), count)
        first = round(asked_share * count)
        drawn = np.concatenate([rng.choice(self.asked, first), rng.choice(self.made, count - first)])
        return rng.permutation(drawn)


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
        self.planned = recipe.steps
        """Steps that the run had when it was saved."""
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
        with on_cores(1) as reader, on_cores(workers) as pool:
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
        queries = material.draw(rng, recipe.groups, recipe.asked_share)
        drawn = draw_groups(rng, queries, recipe.mining, recipe.phase_at(step), recipe.size)
        groups = [self._changed(group, rng) for group in drawn]
        parts = [groups[worker :: recipe.workers] for worker in range(recipe.workers)]
        return [
            Share(part, batches(part, material.candidates, material.queries, material.pool, recipe.budget))
            for part in parts
        ]

    def _changed(self, group: Group, rng: np.random.Generator) -> Group:
        """The group, its last candidate shuffled or stuffed in some cases."""
        share, seed = rng.random(), int(rng.integers(2**31))
        if share < self.recipe.shuffled_share:
            return group.with_shuffled(seed)
        if share < self.recipe.shuffled_share + self.recipe.stuffed_share:
            return group.with_stuffed(seed)
        return group

    def _gradients(self, share: Share) -> tuple[float, tuple[Tensor, ...]]:
        """Loss of a share and its gradients, in the order of the parameters."""
        targets = self._targets(share.groups)
        scores = self._scores(share.batches, targets.numel()).view_as(targets)
        loss = self.recipe.weights.total(scores, targets)
        parameters = list(self._parameters.values())
        return float(loss.detach()), torch.autograd.grad(loss, parameters, materialize_grads=True, allow_unused=True)

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
        """Logits of all pairs; embeddings are looked up in one go, as a lookup's gradient is as large as the table."""
        ids = [torch.from_numpy(part.ids) for part in parts]
        table = self.model.get_input_embeddings().weight
        words = table.index_select(0, torch.cat([i.flatten() for i in ids])).split([i.numel() for i in ids])
        scores = []
        with torch.autocast("cpu", torch.bfloat16, enabled=self.recipe.bf16):
            for part, i, w in zip(parts, ids, words, strict=True):
                scores.append(score(self.model, i, torch.from_numpy(part.types), w.view(*i.shape, -1)))
        places = torch.from_numpy(np.concatenate([part.places for part in parts]))
        return torch.zeros(count).index_copy(0, places, torch.cat(scores))

    def _targets(self, groups: list[Group]) -> Tensor:
        candidates = self.material.candidates
        queries, columns = np.asarray([g.query for g in groups]), np.stack([g.columns for g in groups])
        known = torch.from_numpy(candidates.known[queries]).float()
        shuffled = torch.tensor([float(g.shuffle is not None) for g in groups])
        alone = np.zeros(columns.shape[1])
        shares = np.stack([g.surroundings.shares if g.surroundings else alone for g in groups])
        labels, made = candidates.labels(queries[:, None], columns), self.material.is_made(queries)
        return self.recipe.targets.logits(*labels, made, known, shuffled, torch.from_numpy(shares).float())

    def _update_average(self, step: int) -> None:
        keep = min(self.recipe.average, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                self.average[name].lerp_(parameter, 1 - keep)

    def save(self, path: Path) -> None:
        """Writes everything that `load` needs to go on."""
        state = {
            "step": self.step,
            "planned": self.recipe.steps,
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
        self.step, self.planned, self.pairs = state["step"], state["planned"], state["pairs"]
        self.model.load_state_dict(state["model"])
        self.average = state["average"]
        self._optimiser.load_state_dict(state["optimiser"])


def _freeze(model: Any, parts: int) -> None:
    """Takes the lowest `parts` out of the training: the embeddings, the first layer, and so on."""
    for part in (model.bert.embeddings, *model.bert.encoder.layer)[:parts]:
        part.requires_grad_(False)


def _parameter_groups(parameters: dict[str, torch.nn.Parameter], decay: float) -> list[dict[str, Any]]:
    """Weight decay for matrices; none for embeddings, biases and layer norms."""
    decayed = [p for name, p in parameters.items() if p.dim() == 2 and "embeddings" not in name]
    plain = [p for name, p in parameters.items() if p.dim() != 2 or "embeddings" in name]
    return [{"params": decayed, "weight_decay": decay}, {"params": plain, "weight_decay": 0.0}]


def held_out(model: Any, material: Material, queries: NDArray[np.int64], recipe: Recipe) -> dict[str, float]:
    """How the model orders the nearest and BM25's best passages of some queries, half of each kind's list.

    Returns:
        `kl`, nats: the mean loss against the teacher's list; `known_mrr`, 0 to 1: mean reciprocal rank of the known
        passage, over the queries that have one.
    """
    mining = recipe.mining
    columns = np.concatenate([[0], np.arange(1, 1 + mining.nearest + mining.lexical, 2)])
    losses, ranks = [], []
    for query in queries:
        scores = torch.zeros(len(columns))
        group = Group(int(query), columns, 96)
        with torch.inference_mode():
            for part in batches([group], material.candidates, material.queries, material.pool, recipe.budget):
                found = score(model, torch.from_numpy(part.ids), torch.from_numpy(part.types))
                scores[torch.from_numpy(part.places)] = found
        passages = material.candidates.passages[query, columns]
        cosine, sparse, lexical = (row[None] for row in material.candidates.labels(query, columns))
        targets = recipe.targets.order(cosine, sparse, lexical, material.is_made(np.array([query])))
        losses.append(float(listwise(scores[None], targets)))
        if material.candidates.known[query]:
            better = (scores > scores[0]).numpy() & (passages != passages[0])
            ranks.append(1.0 / (1 + len(np.unique(passages[better]))))
    return {"kl": float(np.mean(losses)), "known_mrr": float(np.mean(ranks)) if ranks else math.nan}


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
