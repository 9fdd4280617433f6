"""Judged collections in the BEIR layout, and what of them a reranker is asked to order."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from demo.records import Passage, Query


@dataclass(frozen=True)
class Judged:
    """A collection with judgments.

    Attributes:
        name: Folder name.
        passages: All passages.
        queries: Those with at least one relevant passage.
        qrels: query_id → doc_id → grade.
        qrels_file: Name of the file the judgments come from.
    """

    name: str
    passages: tuple[Passage, ...]
    queries: tuple[Query, ...]
    qrels: dict[str, dict[str, int]]
    qrels_file: str

    @property
    def rerank_judged(self) -> bool:
        """Whether irrelevant passages are judged too (grade 0): then the judged rows themselves are reordered."""
        return any(grade == 0 for grades in self.qrels.values() for grade in grades.values())

    def first_queries(self, count: int) -> Judged:
        """The same collection with its first `count` queries only."""
        return replace(self, queries=self.queries[:count])


def read_judged(folder: Path, qrels_file: str = "qrels.tsv", titles: bool = True) -> Judged:
    """The collection in `folder`: corpus.jsonl, queries.jsonl and a qrels file with a header line.

    Args:
        folder: In the BEIR layout.
        qrels_file: Name of the qrels file.
        titles: Whether passages keep their titles.
    """
    passages = tuple(
        Passage(row["_id"], row["text"], row.get("title", "") if titles else "")
        for row in _rows(folder / "corpus.jsonl")
    )
    qrels: dict[str, dict[str, int]] = {}
    for line in (folder / qrels_file).read_text(encoding="utf-8").splitlines()[1:]:
        query_id, doc_id, grade = line.split("\t")
        qrels.setdefault(query_id, {})[doc_id] = int(grade)
    queries = tuple(
        Query(row["_id"], row["text"])
        for row in _rows(folder / "queries.jsonl")
        if any(grade > 0 for grade in qrels.get(row["_id"], {}).values())
    )
    return Judged(folder.name, passages, queries, qrels, qrels_file)


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def read_all(folder: Path) -> list[Judged]:
    """Every judged collection below `folder`, by name; several qrels files give several entries.

    Where all judged passages of each query have one title (sentences of one article), titles are left out: they tell
    nothing, and published figures are without them.
    """
    found: list[Judged] = []
    for corpus in sorted(folder.glob("*/corpus.jsonl")):
        for qrels in sorted(corpus.parent.glob("qrels*.tsv")):
            judged = read_judged(corpus.parent, qrels.name)
            found.append(read_judged(corpus.parent, qrels.name, titles=False) if _one_title_each(judged) else judged)
    return found


def _one_title_each(judged: Judged) -> bool:
    titles = {p.doc_id: p.title for p in judged.passages}
    return judged.rerank_judged and all(
        len({titles[d] for d in grades if d in titles}) <= 1 for grades in judged.qrels.values()
    )
