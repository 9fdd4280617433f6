"""From a data folder to a work folder: a pool of passages, queries, the bi-encoder's vectors.

The work folder then holds

    pool.jsonl          {"text"}: the passages, in the order of their index
    queries.jsonl       {"text", "known", "kind", "split"}: `known` is the pool index of a passage that answers, or null
    NAME-vectors.npy    the bi-encoder's unit vectors of pool and queries, float16
    used.json           which sets were read, their licences, and how many rows each gave
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random

import numpy as np
import torch
from tqdm import tqdm

from demo.training.lexical import Bm25Matrix
from demo.training.sources import (
    KINDS,
    SOURCES,
    DataError,
    Section,
    Source,
    find_file,
    read_pairs,
    read_queries,
    read_sections,
)
from demo.training.synthetic import make_query, sentences
from demo.training.teacher import Teacher, encode_table, teacher_folder
from demo.training.tokens import tokenise

_WORD = re.compile(r"[a-z0-9]+")
_QUERIES_AT_ONCE = 256
_LEAST_WORDS = 8
_RANKS = 12
"""BM25's best passages of each query that may enter the pool."""


@dataclass(frozen=True)
class Amounts:
    """How much is taken of what was read.

    Attributes:
        passages: Of the sets of passages, in the pool.
        chance_share: Share of these that are drawn at random; the others are BM25's best for some query.
        made_queries: Queries made from passages.
        held_out: Real questions of each set kept from training, at most a tenth of it.
        scale: Factor on every set's own limit.
    """

    passages: int = 130_000
    chance_share: float = 0.15
    made_queries: int = 12_000
    held_out: int = 100
    scale: float = 1.0


@dataclass
class Pool:
    """Passages without duplicates, and queries that may point into them."""

    sections: dict[str, Section] = field(default_factory=dict)
    """By the passage's text as it is read; a passage's index is its place."""
    queries: list[dict[str, str | int | None]] = field(default_factory=list)
    _index: dict[str, int] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)

    def add(self, text: str, section: Section | None = None) -> int:
        """Index of `text` in the pool; added if it is new."""
        if text not in self._index:
            self._index[text] = len(self._index)
            self.sections[text] = section or Section("", "", text)
        return self._index[text]

    def ask(self, text: str, known: int | None, kind: str) -> None:
        """Adds a query, unless the same words were asked before."""
        words = " ".join(_WORD.findall(text.lower()))
        if words not in self._asked:
            self._asked.add(words)
            self.queries.append({"text": text, "known": known, "kind": kind, "split": "train"})


def chosen_sources(data: Path, names: list[str] | None) -> list[tuple[Source, Path]]:
    """The sets to read, each with its file.

    Without `names`: the rows of `sources.SOURCES` that lie below `data`, or `data` itself when it holds a file of a
    known kind. Names that are no row are taken whole, their licence «as stated by the user».

    Raises:
        DataError: Nothing was found, or a named set is missing.
    """
    rows = {s.name: s for s in SOURCES}
    found: list[tuple[Source, Path]] = []
    for name in names or [".", *rows]:
        folder = data / name
        for kind in KINDS:
            path = find_file(folder, kind)
            if path is not None:
                known = rows.get(name)
                source = known or Source(folder.resolve().name, kind, None, "as stated by the user")
                found.append((source, path))
        if names and not any(path.parent == folder for _, path in found):
            raise DataError(f"{folder} holds no pairs.jsonl, queries.jsonl or passages.jsonl (.xz and .gz will do).")
    if not found:
        raise DataError(f"{data} holds no known set. Put pairs.jsonl into it, or name sets with --sets.")
    return found


def build_pool(found: list[tuple[Source, Path]], amounts: Amounts, rng: Random) -> tuple[Pool, list[dict[str, object]]]:
    """The pool, and a report row for each set that was read."""
    pool, others, report = Pool(), Pool(), []
    for source, path in found:
        limit = None if source.limit is None else int(source.limit * amounts.scale)
        if path.name.startswith("passages"):
            count = _add_sections(others, read_sections(path), limit, rng)
        else:
            count = _add_questions(pool, source.name, path, limit, rng)
        report.append({**asdict(source), "rows_used": count})
    _hold_out(pool, amounts.held_out, rng)
    texts = list(others.sections)
    for place in sorted(_wanted(pool, texts, amounts, rng)):
        pool.add(texts[place], others.sections[texts[place]])
    _add_made_queries(pool, amounts.made_queries, rng)
    return pool, report


def _add_questions(pool: Pool, name: str, path: Path, limit: int | None, rng: Random) -> int:
    if path.name.startswith("pairs"):
        rows = [(pair.query, pair.positive) for pair in read_pairs(path)]
    else:
        rows = [(query, "") for query in read_queries(path)]
    if limit is not None and len(rows) > limit:
        rows = rng.sample(rows, limit)
    before = len(pool.queries)
    for query, positive in rows:
        pool.ask(query, pool.add(positive) if positive else None, name)
    return len(pool.queries) - before


def _add_sections(pool: Pool, sections: list[Section], limit: int | None, rng: Random) -> int:
    """Adds whole documents, drawn at random and cut up, so that passages of one document compete with each other."""
    documents: dict[str, list[Section]] = {}
    for section in sections:
        documents.setdefault(section.title, []).append(section)
    names = list(documents)
    rng.shuffle(names)
    count = 0
    for name in names:
        if limit is not None and count >= limit:
            break
        for section in documents[name]:
            for text in cut_up(section.text, rng):
                piece = Section(section.title, section.heading, text)
                pool.add(with_title(piece, rng), piece)
        count += len(documents[name])
    return count


def cut_up(text: str, rng: Random) -> list[str]:
    """The text in runs of whole sentences; one text in ten stays whole, a short rest is left out.

    Each run ends where it reaches a drawn number of words, 12 to 75, as passages on the web differ in length.
    """
    if rng.random() < 0.1:
        return [text]
    runs: list[str] = []
    current: list[str] = []
    wanted = rng.randint(12, 75)
    for sentence in sentences(text):
        current.extend(sentence.split())
        if len(current) >= wanted:
            runs.append(" ".join(current))
            current, wanted = [], rng.randint(12, 75)
    return [*runs, " ".join(current)] if len(current) >= _LEAST_WORDS or not runs else runs


def with_title(section: Section, rng: Random) -> str:
    """The passage as it enters the pool: half of the time behind its title, as search engines often store it."""
    if not section.title or rng.random() < 0.5:
        return section.text
    heading = f" {section.heading}." if section.heading and rng.random() < 0.3 else ""
    return f"{section.title}.{heading} {section.text}"


def _hold_out(pool: Pool, count: int, rng: Random) -> None:
    by_kind: dict[str, list[dict[str, str | int | None]]] = {}
    for query in pool.queries:
        by_kind.setdefault(str(query["kind"]), []).append(query)
    for queries in by_kind.values():
        for query in rng.sample(queries, min(count, len(queries) // 10)):
            query["split"] = "held out"


def _wanted(pool: Pool, texts: list[str], amounts: Amounts, rng: Random) -> set[int]:
    """Places in `texts` of the passages that enter the pool: some at random, then BM25's best, rank by rank."""
    if len(texts) <= amounts.passages:
        return set(range(len(texts)))
    share = amounts.chance_share if pool.queries else 1.0
    chosen = set(rng.sample(range(len(texts)), int(share * amounts.passages)))
    if share == 1.0:
        return chosen
    index = Bm25Matrix(texts)
    queries = [str(query["text"]) for query in pool.queries]
    blocks = range(0, len(queries), _QUERIES_AT_ONCE)
    best = [index.best(queries[i : i + _QUERIES_AT_ONCE], _RANKS) for i in tqdm(blocks, desc="BM25 chooses the pool")]
    for place in np.concatenate(best).T.ravel().tolist():
        if len(chosen) >= amounts.passages:
            break
        if place >= 0:
            chosen.add(place)
    return chosen


def _add_made_queries(pool: Pool, count: int, rng: Random) -> None:
    texts = list(pool.sections)
    if not texts:
        return
    idf = word_idf(texts)
    for _ in range(count):
        index = rng.randrange(len(texts))
        made = make_query(pool.sections[texts[index]], rng, idf)
        if made is not None:
            pool.ask(made[0], index, made[1])


def word_idf(texts: Iterable[str]) -> Mapping[str, float]:
    """ln(N / df) of each lower-case word."""
    documents: Counter[str] = Counter()
    total = 0
    for text in texts:
        documents.update(set(_WORD.findall(text.lower())))
        total += 1
    return {word: math.log(total / df) for word, df in documents.items()}


@dataclass(frozen=True)
class Reading:
    """Which bi-encoder reads (None: all-MiniLM-L6-v2), on how many threads, and whether with products in bfloat16."""

    teacher: Path | None = None
    threads: int = 2
    bf16: bool = False


def prepare(data: Path, work: Path, names: list[str] | None, amounts: Amounts, seed: int, reading: Reading) -> None:
    """Fills the work folder; parts that are there already are kept."""
    torch.set_num_threads(1)
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "used.json").is_file():
        pool, report = build_pool(chosen_sources(data, names), amounts, Random(seed))
        _write_pool(work, pool, report)
    teacher = Teacher(reading.teacher or teacher_folder(), bf16=reading.bf16)
    for label in ("queries", "pool"):
        path = work / f"{label}-vectors.npy"
        if not path.is_file():
            table = tokenise([str(row["text"]) for row in read_rows(work / f"{label}.jsonl")], teacher.tokenizer)
            np.save(path, encode_table(teacher, table, work / "vectors", label, reading.threads))


def read_rows(path: Path) -> list[dict[str, str | int | None]]:
    """The rows of one of the work folder's JSON-lines files."""
    with path.open(encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def _write_pool(work: Path, pool: Pool, report: list[dict[str, object]]) -> None:
    _write_rows(work / "pool.jsonl", ({"text": text} for text in pool.sections))
    _write_rows(work / "queries.jsonl", pool.queries)
    kinds = Counter(str(q["kind"]) for q in pool.queries)
    summary = {"sets": report, "passages": len(pool.sections), "queries": dict(kinds)}
    (work / "used.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False), encoding="utf-8")


def _write_rows(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
