"""One training run from a prepared work folder to a model folder."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from transformers import BertForSequenceClassification

from demo.training.export import export
from demo.training.groups import Candidates, Mining, mine
from demo.training.judged import Judged, read_judged
from demo.training.lexical import Bm25Matrix
from demo.training.prepare import read_rows
from demo.training.sparse import SparseTeacher, sparse_scores, sparse_teacher_folder, sparse_weights
from demo.training.starts import Start, continued, grown, joined, pretrained
from demo.training.student import score
from demo.training.synthetic import MAKERS
from demo.training.tokens import Ids, load_tokenizer, padded, splice, tokenise
from demo.training.trainer import Log, Material, Recipe, Trainer, held_out

_HELD_OUT = 120
"""Held-out queries that are read at every checkpoint."""
_BUNDLED = Path(__file__).resolve().parents[1] / "bundled"
_JOINED = ("tiny", "technical")
"""Bundled models that medium starts from."""


@dataclass(frozen=True)
class Run:
    """Where a run begins, reads and writes.

    Attributes:
        work: Filled by `prepare`.
        name: Checkpoints go to work/checkpoints/<name>.
        out: Folder of the finished model.
        every: Steps between checkpoints.
        start: The fresh start of one of the recipes, or the folder of a model to go on with.
        minutes: Time after which the run stops early; None: no limit.
        watch: A judged collection whose rows are reranked at every checkpoint; None: none.
    """

    work: Path
    name: str
    out: Path
    every: int
    start: Literal["tiny", "medium", "small"] | Path
    minutes: float | None = None
    watch: Path | None = None

    @property
    def folder(self) -> Path:
        """Of the run's log and checkpoints: `last.pt`, and `steady.pt`, the last one at the full learning rate."""
        return self.work / "checkpoints" / self.name


@dataclass(frozen=True)
class Texts:
    """What `prepare` wrote, as text, and which queries are for training and which were asked by someone."""

    passages: tuple[str, ...]
    queries: tuple[str, ...]
    train: NDArray[np.bool_]
    asked: NDArray[np.bool_]

    @classmethod
    def read(cls, work: Path) -> Texts:
        """From a work folder."""
        rows = read_rows(work / "queries.jsonl")
        made = {row.name for row in MAKERS}
        return cls(
            tuple(str(row["text"]) for row in read_rows(work / "pool.jsonl")),
            tuple(str(row["text"]) for row in rows),
            np.asarray([row["split"] == "train" for row in rows]),
            np.asarray([row["kind"] not in made for row in rows]),
        )

    def material(self, candidates: Candidates, tokenizer: Tokenizer) -> Material:
        """All of it in the word pieces of one tokenizer."""
        queries, pool = tokenise(self.queries, tokenizer), tokenise(self.passages, tokenizer)
        asked, made = np.flatnonzero(self.train & self.asked), np.flatnonzero(self.train & ~self.asked)
        return Material(candidates, queries, pool, asked, made)


def train(recipe: Recipe, run: Run) -> None:
    """Trains, goes on from the last checkpoint if there is one, writes the model.

    It is measured before the first step and at every checkpoint.
    """
    torch.set_num_threads(1)
    torch.manual_seed(recipe.seed)
    run.folder.mkdir(parents=True, exist_ok=True)
    texts, candidates = Texts.read(run.work), load_candidates(run.work, recipe.mining, recipe.seed, recipe.workers)
    start = begin(run, texts, recipe)
    tokenizer = load_tokenizer(start.tokenizer)
    trainer = Trainer(start.model, texts.material(candidates, tokenizer), recipe)
    resume(trainer, run.folder)
    kept = np.flatnonzero(~texts.train)
    watched = np.random.default_rng(recipe.seed).permutation(kept)[:_HELD_OUT]
    watch = read_judged(run.watch, titles=False) if run.watch else None
    log = Log(run.folder / "log.jsonl", recipe.steps, trainer.step)
    if trainer.step == 0:
        log.measure(**_measurements(trainer, tokenizer, watched, watch))
    deadline = time.monotonic() + 60 * run.minutes if run.minutes else float("inf")
    while trainer.step < recipe.steps and time.monotonic() < deadline:
        trainer.run(min(trainer.step + run.every, recipe.steps), lambda _, loss: log.step(loss))
        trainer.save(run.folder / "last.pt")
        if trainer.step <= recipe.cools_from:
            trainer.save(run.folder / "steady.pt")
        write_model(trainer, start.tokenizer, run.out)
        log.measure(**_measurements(trainer, tokenizer, watched, watch))
    write_model(trainer, start.tokenizer, run.out)


def resume(trainer: Trainer, folder: Path) -> None:
    """Goes on from a checkpoint in `folder`, if there is one.

    That is the last one; a run that is to be longer than it was goes back to the last one at the full learning rate.
    """
    last, steady = folder / "last.pt", folder / "steady.pt"
    if last.is_file():
        trainer.load(last)
    if steady.is_file() and trainer.planned != trainer.recipe.steps:
        trainer.load(steady)


def begin(run: Run, texts: Texts, recipe: Recipe) -> Start:
    """The run's start; a fresh one is made once, then kept in the run's folder."""
    if isinstance(run.start, Path):
        return continued(run.start)
    kept, partial = run.folder / "start", run.folder / "start.partial"
    if not kept.is_dir():
        made = fresh(run, texts, recipe)
        made.model.save_pretrained(partial)
        shutil.copy(made.tokenizer, partial / "tokenizer.json")
        partial.replace(kept)
    return continued(kept)


def fresh(run: Run, texts: Texts, recipe: Recipe) -> Start:
    """A fresh start, made now."""
    if run.start == "tiny":
        return pretrained()
    if run.start == "medium":
        folders = [_BUNDLED / name for name in _JOINED]
        return joined(folders, texts.passages, texts.queries, recipe.seed)
    return grown(texts.passages, texts.queries, recipe.seed, run.folder)


def write_model(trainer: Trainer, tokenizer: Path, folder: Path) -> None:
    """The averaged weights as a model folder."""
    export(averaged(trainer), tokenizer, folder)


def averaged(trainer: Trainer) -> Any:
    """A model with the running average of the trained weights."""
    model: Any = BertForSequenceClassification(trainer.model.config)
    model.load_state_dict(dict(trainer.model.state_dict()) | trainer.average)
    return model.eval()


def _measurements(
    trainer: Trainer, tokenizer: Tokenizer, queries: NDArray[np.int64], watch: Judged | None
) -> dict[str, float]:
    model = averaged(trainer)
    values = {"step": float(trainer.step), "pairs": float(trainer.pairs)}
    with torch.autocast("cpu", torch.bfloat16, enabled=trainer.recipe.bf16):
        found = held_out(model, trainer.material, queries, trainer.recipe)
        values |= {name: round(value, 4) for name, value in found.items()}
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
    ids, types = padded([splice(query, p) for p in passages])
    with torch.inference_mode():
        return np.asarray(score(model, torch.from_numpy(ids), torch.from_numpy(types)).numpy(), np.float32)


def load_candidates(work: Path, mining: Mining, seed: int, workers: int) -> Candidates:
    """Candidates of all queries in the work folder, mined and scored once, then kept."""
    path = work / "candidates.npz"
    if path.is_file():
        return Candidates.load(path)
    teacher = SparseTeacher(sparse_teacher_folder())  # before the long work, for whoever has not installed it
    queries = read_rows(work / "queries.jsonl")
    asked, pool = ([str(row["text"]) for row in rows] for rows in (queries, read_rows(work / "pool.jsonl")))
    mined = mine(
        asked,
        np.asarray([-1 if row["known"] is None else int(row["known"]) for row in queries], np.int32),
        np.load(work / "queries-vectors.npy"),
        np.load(work / "pool-vectors.npy"),
        Bm25Matrix(pool),
        mining,
        seed,
        workers,
    )
    weights = sparse_weights(teacher, tokenise(asked, teacher.tokenizer), workers)
    table = tokenise(pool, teacher.tokenizer)
    scored = replace(mined, sparse=sparse_scores(teacher, weights, table, mined.passages, workers))
    scored.save(path)
    return scored
