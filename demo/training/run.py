"""One training run from a prepared work folder to a model folder."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tqdm import tqdm
from transformers import BertForSequenceClassification

from demo.training.export import export
from demo.training.groups import Candidates, Group, Mining, Phase, Taught, batches, draw_groups, mine
from demo.training.judged import Judged, read_judged
from demo.training.lexical import Bm25Matrix
from demo.training.prepare import read_rows
from demo.training.starts import Start, continued, grown, laid_out
from demo.training.student import score
from demo.training.synthetic import MAKERS
from demo.training.tokens import Ids, load_tokenizer, splice, tokenise
from demo.training.trainer import Log, Material, Recipe, Trainer, held_out_mrr

_HELD_OUT = 60
_READ_AT_ONCE = 64
_READING = Phase(1.0, 96, 192, 0.2)
"""Lengths at which a cross-encoder reads the candidates that it teaches."""


@dataclass(frozen=True)
class Run:
    """Where a run begins, reads and writes.

    Attributes:
        work: Filled by `prepare`.
        name: Checkpoints go to work/checkpoints/<name>.
        out: Folder of the finished model.
        every: Steps between checkpoints.
        start: The fresh start of «tiny» or «small», or the folder of a model to go on with.
        teaching: Which cross-encoder teaches besides the bi-encoder and BM25; None: none.
        minutes: Time after which the run stops early; None: no limit.
        watch: A judged collection whose rows are reranked at every checkpoint; None: none.
    """

    work: Path
    name: str
    out: Path
    every: int
    start: Literal["tiny", "small"] | Path
    teaching: Teaching | None = None
    minutes: float | None = None
    watch: Path | None = None

    @property
    def folder(self) -> Path:
        """Of the run's one checkpoint, overwritten as it goes, and its log."""
        return self.work / "checkpoints" / self.name


@dataclass(frozen=True)
class Teaching:
    """A cross-encoder as teacher: its folder, and of how many queries it reads how many candidates."""

    folder: Path
    queries: int
    candidates: int


@dataclass(frozen=True)
class Texts:
    """What `prepare` wrote, as text: passages (single sentences behind the whole ones) and queries."""

    passages: tuple[str, ...]
    queries: tuple[str, ...]
    train: NDArray[np.bool_]
    asked: NDArray[np.float32]

    @classmethod
    def read(cls, work: Path) -> Texts:
        """From a work folder."""
        rows = read_rows(work / "queries.jsonl")
        made = {row.name for row in MAKERS}
        return cls(
            tuple(str(row["text"]) for name in ("pool", "sentences") for row in read_rows(work / f"{name}.jsonl")),
            tuple(str(row["text"]) for row in rows),
            np.asarray([row["split"] == "train" for row in rows]),
            np.asarray([row["kind"] not in made for row in rows], np.float32),
        )

    def material(self, candidates: Candidates, tokenizer: Tokenizer) -> Material:
        """All of it in the word pieces of one tokenizer."""
        queries, pool = tokenise(self.queries, tokenizer), tokenise(self.passages, tokenizer)
        return Material(candidates, queries, pool, np.flatnonzero(self.train), self.asked)


def train(recipe: Recipe, run: Run) -> None:
    """Trains, measures at every checkpoint, goes on from the last checkpoint if there is one, writes the model."""
    torch.set_num_threads(1)
    torch.manual_seed(recipe.seed)
    run.folder.mkdir(parents=True, exist_ok=True)
    texts, candidates = Texts.read(run.work), load_candidates(run.work, recipe.mining, recipe.seed)
    start = begin(run, texts, recipe.seed)
    tokenizer = load_tokenizer(start.tokenizer)
    material = texts.material(candidates, tokenizer)
    if run.teaching is not None:
        material = replace(material, taught=teach(run.teaching, texts, candidates, recipe, run.folder))
    trainer = Trainer(start.model, material, recipe)
    checkpoint = run.folder / "last.pt"
    if checkpoint.is_file():
        trainer.load(checkpoint)
    held_out = np.flatnonzero(~texts.train)[:_HELD_OUT]
    watch = read_judged(run.watch, titles=False) if run.watch else None
    log = Log(run.folder / "log.jsonl", recipe.steps, trainer.step)
    deadline = time.monotonic() + 60 * run.minutes if run.minutes else float("inf")
    while trainer.step < recipe.steps and time.monotonic() < deadline:
        trainer.run(min(trainer.step + run.every, recipe.steps), lambda _, loss: log.step(loss))
        trainer.save(checkpoint)
        write_model(trainer, start.tokenizer, run.out)
        log.measure(**_measurements(trainer, tokenizer, held_out, watch))
    write_model(trainer, start.tokenizer, run.out)


def begin(run: Run, texts: Texts, seed: int) -> Start:
    """The run's start."""
    if isinstance(run.start, Path):
        return continued(run.start)
    if run.start == "small":
        return grown(texts.passages, texts.queries, seed, run.folder)
    return laid_out(texts.passages, seed)


def write_model(trainer: Trainer, tokenizer: Path, folder: Path) -> None:
    """The averaged weights as a model folder."""
    export(averaged(trainer), tokenizer, folder)


def averaged(trainer: Trainer) -> Any:
    """A model with the running average of the trained weights."""
    model: Any = BertForSequenceClassification(trainer.model.config)
    model.load_state_dict(dict(trainer.model.state_dict()) | trainer.average)
    return model.eval()


def _measurements(
    trainer: Trainer, tokenizer: Tokenizer, held_out: NDArray[np.int64], watch: Judged | None
) -> dict[str, float]:
    model = averaged(trainer)
    values = {"step": float(trainer.step), "pairs": float(trainer.pairs)}
    with torch.autocast("cpu", torch.bfloat16, enabled=trainer.recipe.bf16):
        values["held_out_mrr"] = round(held_out_mrr(model, trainer.material, held_out), 4)
        if watch is not None:
            values["watch_mrr"] = round(watched_mrr(model, tokenizer, watch), 4)
    return values


def watched_mrr(model: Any, tokenizer: Tokenizer, judged: Judged) -> float:
    """Mean reciprocal rank over the judged rows of each query, 0 to 1."""
    texts = {p.doc_id: p.content for p in judged.passages}
    values: list[float] = []
    for query in judged.queries:
        grades = judged.qrels[query.query_id]
        pieces = tokenise([query.text, *(texts[d] for d in grades)], tokenizer)
        scores = score_padded(model, pieces[0], [pieces[i] for i in range(1, len(pieces))])
        order = np.argsort(-scores, kind="stable")
        relevant = np.asarray(list(grades.values()))[order] > 0
        values.append(1.0 / (1 + int(np.argmax(relevant))))
    return float(np.mean(values))


def score_padded(model: Any, query: Ids, passages: list[Ids]) -> NDArray[np.float32]:
    """Logits of one query with some passages, in one padded batch."""
    rows = [splice(query, p) for p in passages]
    ids, types = np.zeros((2, len(rows), max(len(r[0]) for r in rows)), np.int64)
    for line, (row_ids, row_types) in enumerate(rows):
        ids[line, : len(row_ids)], types[line, : len(row_ids)] = row_ids, row_types
    with torch.inference_mode():
        return np.asarray(score(model, torch.from_numpy(ids), torch.from_numpy(types)).numpy(), np.float32)


def load_candidates(work: Path, mining: Mining, seed: int) -> Candidates:
    """Candidates of all queries in the work folder, mined once, then kept; sentences stand behind the passages."""
    path = work / "candidates.npz"
    if path.is_file():
        return Candidates.load(path)
    passages, pieces = read_rows(work / "pool.jsonl"), read_rows(work / "sentences.jsonl")
    sentences: dict[int, list[int]] = {}
    for place, row in enumerate(pieces, start=len(passages)):
        sentences.setdefault(int(row["passage"]), []).append(place)
    vectors = {name: np.load(work / f"{name}-vectors.npy") for name in ("queries", "pool", "sentences")}
    queries = read_rows(work / "queries.jsonl")
    mined = mine(
        [str(row["text"]) for row in queries],
        np.asarray([int(row["positive"]) for row in queries], np.int32),
        vectors["queries"],
        np.concatenate([vectors["pool"], vectors["sentences"]]),
        Bm25Matrix([str(row["text"]) for row in (*passages, *pieces)]),
        sentences,
        mining,
        seed,
    )
    mined.save(path)
    return mined


def teach(teaching: Teaching, texts: Texts, candidates: Candidates, recipe: Recipe, folder: Path) -> Taught:
    """Logits of the cross-encoder for some candidates of some training queries.

    Finished parts lie in `folder` and are not computed again.
    """
    start = continued(teaching.folder)
    material = texts.material(candidates, load_tokenizer(start.tokenizer))
    rng = np.random.default_rng(recipe.seed)
    queries = np.unique(material.draw(rng, teaching.queries, recipe.asked_share))
    groups = draw_groups(rng, queries, candidates, recipe.mining, _READING, teaching.candidates, recipe.sibling_share)
    starts = range(0, len(groups), _READ_AT_ONCE)

    def read(first: int) -> NDArray[np.float32]:
        path = folder / f"taught-{first:06d}.npy"
        if not path.is_file():
            np.save(path, _logits(start.model, material, groups[first : first + _READ_AT_ONCE], recipe))
        return np.asarray(np.load(path))

    with ThreadPoolExecutor(recipe.workers) as pool:
        parts = list(tqdm(pool.map(read, starts), total=len(starts), desc="cross-encoder reads", unit="part"))
    columns = np.stack([g.columns for g in groups])
    return Taught(queries, columns, np.concatenate(parts))


def _logits(model: Any, material: Material, groups: Sequence[Group], recipe: Recipe) -> NDArray[np.float32]:
    """Logits of all candidates of equally large groups, shape (groups, candidates)."""
    scores = np.zeros(len(groups) * len(groups[0].columns), np.float32)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=recipe.bf16):
        for part in batches(groups, material.candidates, material.queries, material.pool, recipe.budget):
            scores[part.places] = score(model, torch.from_numpy(part.ids), torch.from_numpy(part.types)).numpy()
    return scores.reshape(len(groups), -1)
