"""What reranking changes on judged collections, as a Markdown table: BM25, the model, the teacher.

Candidates are BM25's top 100 (NDCG@10), or the judged rows where irrelevant ones are judged as well (MRR). BM25 and the
cross-encoder are the app's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from demo.metrics.effectiveness import mean, measure_run, parse_measure
from demo.training.cores import on_cores
from demo.training.judged import Judged

_QUICK_BATCH_TOKENS = 2048

Run = dict[str, dict[str, float]]
"""query_id → doc_id → score."""

Reranker = Callable[[str, Sequence[str]], NDArray[np.float32]]
"""Scores of some passages for one query."""


@dataclass(frozen=True)
class Candidates:
    """What a reranker orders: for each query, passage numbers and their BM25 scores, best first."""

    passages: dict[str, NDArray[np.int64]]
    scores: dict[str, NDArray[np.float64]]


def bm25_candidates(judged: Judged, depth: int = 100) -> Candidates:
    """BM25's best `depth` passages of each query, or the judged rows; ties go by the passage's place."""
    from demo.rankers.bm25_index import Bm25Index, Bm25Settings

    index = Bm25Index.build(judged.passages, Bm25Settings())
    place = {p.doc_id: i for i, p in enumerate(judged.passages)}
    passages, scores = {}, {}
    for query in judged.queries:
        values = np.asarray(index.scores(query.text), np.float64)
        if judged.rerank_judged:
            rows = np.asarray([place[d] for d in judged.qrels[query.query_id] if d in place], np.int64)
            rows = rows[np.argsort(-values[rows], kind="stable")]
        else:
            rows = np.argsort(-values, kind="stable")[:depth]
        passages[query.query_id], scores[query.query_id] = rows, values[rows]
    return Candidates(passages, scores)


def rerank(judged: Judged, candidates: Candidates, reranker: Reranker, label: str) -> Run:
    """The run of a reranker over the candidates."""
    run: Run = {}
    for query in tqdm(judged.queries, desc=f"{label} on {judged.name}", unit="query", leave=False):
        rows = candidates.passages[query.query_id]
        scores = reranker(query.text, [judged.passages[i].content for i in rows])
        run[query.query_id] = _strict(judged, rows, np.asarray(scores, np.float64))
    return run


def bm25_run(judged: Judged, candidates: Candidates) -> Run:
    """The run of BM25 over its own candidates."""
    return {q: _strict(judged, rows, candidates.scores[q]) for q, rows in candidates.passages.items()}


def _strict(judged: Judged, rows: NDArray[np.int64], scores: NDArray[np.float64]) -> dict[str, float]:
    """Scores by doc_id in which earlier candidates win ties (trec_eval would break ties by doc_id)."""
    order = np.argsort(-scores, kind="stable")
    return {judged.passages[rows[i]].doc_id: float(len(order) - rank) for rank, i in enumerate(order)}


def measure(judged: Judged, run: Run) -> float:
    """Mean NDCG@10 of the run, or its mean reciprocal rank where the judged rows were reordered; 0 to 1."""
    wanted = parse_measure("mrr" if judged.rerank_judged else "ndcg@10")
    qrels = {q.query_id: judged.qrels[q.query_id] for q in judged.queries}
    rankings = {q: sorted(scores, key=scores.__getitem__, reverse=True) for q, scores in run.items()}
    return mean(measure_run(qrels, rankings, (wanted,))[wanted].values())


def cross_encoder(folder: Path, threads: int) -> Reranker:
    """The app's own cross-encoder on the weights in `folder`."""
    from demo.rankers.cross_encoder.loading import load_cross_encoder, resolve
    from demo.settings import Settings

    settings = Settings(threads=threads, any_model=True)
    model = load_cross_encoder(resolve(str(folder), settings), settings)

    def rank(query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        scores = np.zeros(len(texts), np.float32)
        for batch in model.score(query, texts):
            scores[batch.indices] = batch.scores
        return scores

    return rank


def of_pairs(reranker: Reranker) -> Callable[[Sequence[tuple[str, str]]], NDArray[np.float32]]:
    """The same reranker for (query, passage) pairs of any queries; each query is read with all its passages at once."""

    def score(pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        rows: dict[str, list[int]] = {}
        for i, (query, _) in enumerate(pairs):
            rows.setdefault(query, []).append(i)
        scores = np.zeros(len(pairs), np.float32)
        for query, places in rows.items():
            scores[places] = reranker(query, [pairs[i][1] for i in places])
        return scores

    return score


def quick_cross_encoder(folder: Path, threads: int) -> Reranker:
    """The weights in `folder` with products in bfloat16, a batch on each thread: two to four times as fast."""
    from demo.training.run import score_padded
    from demo.training.starts import continued
    from demo.training.tokens import length_batches, load_tokenizer, tokenise

    start = continued(folder)
    tokenizer = load_tokenizer(start.tokenizer)

    def rank(query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        asked, *passages = tokenise([query, *texts], tokenizer)
        places = length_batches((len(p) + len(asked) + 3 for p in passages), _QUICK_BATCH_TOKENS)

        def scored(batch: list[int]) -> NDArray[np.float32]:
            with torch.autocast("cpu", torch.bfloat16):
                return score_padded(start.model, asked, [passages[i] for i in batch])

        scores = np.zeros(len(texts), np.float32)
        with on_cores(threads) as pool:
            for batch, values in zip(places, pool.map(scored, places), strict=True):
                scores[batch] = values
        return scores

    return rank


def bi_encoder(bf16: bool) -> Reranker | None:
    """The teacher's cosine, each text encoded once; None where its package is not installed."""
    from demo.training.teacher import Teacher, teacher_folder
    from demo.training.tokens import tokenise

    try:
        folder = teacher_folder()
    except ModuleNotFoundError:
        return None
    teacher = Teacher(folder, bf16=bf16)
    known: dict[str, NDArray[np.float32]] = {}

    def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
        new = [t for t in dict.fromkeys(texts) if t not in known]
        table = tokenise(new, teacher.tokenizer)
        known.update(zip(new, teacher.encode(table, list(range(len(new)))).astype(np.float32), strict=True))
        return np.stack([known[t] for t in texts])

    def rank(query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.asarray(vectors(texts) @ vectors([query])[0], np.float32)

    return rank


def table(rows: Sequence[tuple[str, dict[str, float]]], columns: Sequence[str]) -> str:
    """A Markdown table: one line per ranker, one column per collection, figures with three decimals."""
    lines = ["| ranker | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for label, values in rows:
        cells = (f"{values[c]:.3f}" if c in values else "" for c in columns)
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def column(judged: Judged) -> str:
    """Heading of a collection's column: its name, the qrels file if it is not the usual one, and the metric."""
    other = "" if judged.qrels_file == "qrels.tsv" else f" ({judged.qrels_file})"
    return f"{judged.name}{other} {'MRR' if judged.rerank_judged else 'NDCG@10'}"


def remembering(reranker: Reranker) -> Reranker:
    """The same reranker, which answers at once when asked the same again (two qrels files of one collection)."""
    known: dict[tuple[str, tuple[str, ...]], NDArray[np.float32]] = {}

    def rank(query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        key = (query, tuple(texts))
        if key not in known:
            known[key] = reranker(query, texts)
        return known[key]

    return rank


@dataclass(frozen=True)
class Measuring:
    """How a table is measured.

    Attributes:
        depth: BM25 candidates per query.
        threads: CPU threads.
        teacher: Whether the bi-encoder has a row, if it is installed.
        quick: Whether models compute in bfloat16 rather than as the app does.
    """

    depth: int = 100
    threads: int = 2
    teacher: bool = True
    quick: bool = False


def report(collections: Sequence[Judged], models: Sequence[Path], measuring: Measuring) -> str:
    """The table of BM25, the models and, if asked for and installed, the teacher."""
    open_model = quick_cross_encoder if measuring.quick else cross_encoder
    rankers = [(folder.name, remembering(open_model(folder, measuring.threads))) for folder in models]
    if measuring.teacher and (cosine := bi_encoder(measuring.quick)) is not None:
        rankers.append(("all-MiniLM-L6-v2 (bi-encoder)", remembering(cosine)))
    rows: list[tuple[str, dict[str, float]]] = [(label, {}) for label in ("BM25", *(r[0] for r in rankers))]
    for judged in collections:
        candidates = bm25_candidates(judged, measuring.depth)
        rows[0][1][column(judged)] = measure(judged, bm25_run(judged, candidates))
        for (_, values), (label, reranker) in zip(rows[1:], rankers, strict=True):
            values[column(judged)] = measure(judged, rerank(judged, candidates, reranker, label))
    return table(rows, [column(judged) for judged in collections])
