"""One training run from a prepared work folder to a model folder."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, BertForSequenceClassification

from demo.training.export import export
from demo.training.groups import Candidates, Mining, mine
from demo.training.judged import Judged, read_judged
from demo.training.lexical import Bm25Matrix
from demo.training.prepare import read_rows
from demo.training.student import initialise, score, tiny_config, word_vectors
from demo.training.synthetic import MAKERS
from demo.training.teacher import teacher_folder
from demo.training.tokens import Ids, TokenTable, load_tokenizer, splice, table_of, tokenise
from demo.training.trainer import Log, Material, Recipe, Trainer, held_out_mrr

_RESERVED = 8


@dataclass(frozen=True)
class Run:
    """Where a run reads and writes.

    Attributes:
        work: Filled by `prepare`.
        name: Checkpoints go to work/checkpoints/<name>.
        out: Folder of the finished model.
        every: Steps between checkpoints.
        minutes: Time after which the run stops early; None: no limit.
        watch: A judged collection whose rows are reranked at every checkpoint; None: none.
    """

    work: Path
    name: str
    out: Path
    every: int
    minutes: float | None = None
    watch: Path | None = None

    @property
    def checkpoint(self) -> Path:
        """The run's one checkpoint; overwritten as it goes."""
        return self.work / "checkpoints" / self.name / "last.pt"


def train(recipe: Recipe, run: Run) -> None:
    """Trains, measures at every checkpoint, goes on from the last checkpoint if there is one, writes the model."""
    torch.set_num_threads(1)
    torch.manual_seed(recipe.seed)
    material, held_out = load_material(run.work, recipe.mining, recipe.seed)
    model = new_student(material.pool, recipe.seed)
    trainer = Trainer(model, material, recipe)
    run.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    if run.checkpoint.is_file():
        trainer.load(run.checkpoint)
    watch = read_judged(run.watch, titles=False) if run.watch else None
    log = Log(run.checkpoint.with_name("log.jsonl"), recipe.steps, trainer.step)
    deadline = time.monotonic() + 60 * run.minutes if run.minutes else float("inf")
    while trainer.step < recipe.steps and time.monotonic() < deadline:
        trainer.run(min(trainer.step + run.every, recipe.steps), lambda _, loss: log.step(loss))
        trainer.save(run.checkpoint)
        log.measure(**_measurements(trainer, held_out, watch))
        write_model(trainer, run.out)
    write_model(trainer, run.out)


def write_model(trainer: Trainer, folder: Path) -> None:
    """The averaged weights as a model folder."""
    weights = dict(trainer.model.state_dict()) | trainer.average
    export(trainer.model.config, weights, teacher_folder() / "tokenizer.json", folder)


def _measurements(trainer: Trainer, held_out: NDArray[np.int64], watch: Judged | None) -> dict[str, float]:
    averaged: Any = BertForSequenceClassification(trainer.model.config)
    averaged.eval()
    averaged.load_state_dict(trainer.average, strict=False)
    values = {"step": float(trainer.step), "pairs": float(trainer.pairs)}
    values["held_out_mrr"] = round(held_out_mrr(averaged, trainer.material, held_out), 4)
    if watch is not None:
        values["watch_mrr"] = round(watched_mrr(averaged, watch), 4)
    return values


def watched_mrr(model: Any, judged: Judged) -> float:
    """Mean reciprocal rank over the judged rows of each query, 0 to 1."""
    tokenizer = load_tokenizer(teacher_folder() / "tokenizer.json")
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


def load_material(work: Path, mining: Mining, seed: int) -> tuple[Material, NDArray[np.int64]]:
    """What `prepare` left in the work folder, with candidates (mined once, then kept), and the held-out queries."""
    rows = read_rows(work / "queries.jsonl")
    made = {row.name for row in MAKERS}
    pool = joined(TokenTable.load(work / "pool.npz"), TokenTable.load(work / "sentences.npz"))
    path = work / "candidates.npz"
    if not path.is_file():
        _mine(work, [str(row["text"]) for row in rows], [int(row["positive"]) for row in rows], mining, seed).save(path)
    splits = np.asarray([row["split"] == "train" for row in rows])
    material = Material(
        Candidates.load(path),
        TokenTable.load(work / "queries.npz"),
        pool,
        np.flatnonzero(splits),
        np.asarray([row["kind"] not in made for row in rows], np.float32),
    )
    return material, np.flatnonzero(~splits)[:100]


def _mine(work: Path, queries: list[str], known: list[int], mining: Mining, seed: int) -> Candidates:
    """Candidates of all queries in the work folder; the sentences stand behind the pool's passages."""
    passages, pieces = read_rows(work / "pool.jsonl"), read_rows(work / "sentences.jsonl")
    sentences: dict[int, list[int]] = {}
    for place, row in enumerate(pieces, start=len(passages)):
        sentences.setdefault(int(row["passage"]), []).append(place)
    vectors = {name: np.load(work / f"{name}-vectors.npy") for name in ("queries", "pool", "sentences")}
    return mine(
        queries,
        np.asarray(known, np.int32),
        vectors["queries"],
        np.concatenate([vectors["pool"], vectors["sentences"]]),
        Bm25Matrix([str(row["text"]) for row in (*passages, *pieces)]),
        sentences,
        mining,
        seed,
    )


def joined(first: TokenTable, second: TokenTable) -> TokenTable:
    """The texts of both tables, those of `first` before those of `second`."""
    return TokenTable(
        np.concatenate([first.ids, second.ids]),
        np.concatenate([first.offsets, second.offsets[1:] + first.offsets[-1]]),
    )


def piece_idf(pool: TokenTable, vocabulary: int) -> NDArray[np.float32]:
    """ln((N + 1) / (df + ½)) of every word piece over the pool."""
    once = table_of([np.unique(pool[i]) for i in range(len(pool))])
    frequency = np.bincount(once.ids, minlength=vocabulary)
    return np.log((len(pool) + 1) / (frequency + 0.5)).astype(np.float32)


def new_student(pool: TokenTable, seed: int) -> Any:
    """A student laid out as `student` describes, from the teacher's word embeddings and the pool's idf."""
    config = tiny_config()
    model: Any = BertForSequenceClassification(config)
    encoder = AutoModel.from_pretrained(teacher_folder())
    embeddings = encoder.get_input_embeddings().weight.detach().numpy()
    words = word_vectors(embeddings, config.hidden_size - _RESERVED, seed)
    initialise(model, words, piece_idf(pool, config.vocab_size), seed)
    return model.eval()
