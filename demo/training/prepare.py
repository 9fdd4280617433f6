"""From a data folder to a work folder: a pool of passages, queries, the teacher's vectors.

The work folder then holds

    pool.jsonl          {"text"}: the passages, in the order of their index
    queries.jsonl       {"text", "positive", "kind", "split"}: `positive` is a pool index
    sentences.jsonl     {"text", "passage"}: sentences of the passages that answer questions, with their pool index
    NAME-vectors.npy    the teacher's unit vectors of pool, sentences and queries, float16
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

from demo.training.sources import (
    SOURCES,
    DataError,
    Section,
    Source,
    find_file,
    read_pairs,
    read_sections,
)
from demo.training.synthetic import MAKERS, make_query, sentences
from demo.training.teacher import Teacher, encode_table, teacher_folder
from demo.training.tokens import load_tokenizer, tokenise

_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True)
class Amounts:
    """How much is made of what was read.

    Attributes:
        made_queries: Queries made from passages, in all.
        pieces: Short passages of one or two sentences cut out of longer ones.
        joined: Long passages joined from two of the same document.
        split_passages: Answering passages that also go in sentence by sentence, so that questions meet single sentences
            of one text.
        held_out: Real questions kept from training, to watch progress.
        scale: Factor on every set's own limit.
    """

    made_queries: int = 20_000
    pieces: int = 8_000
    joined: int = 1_000
    split_passages: int = 3_000
    held_out: int = 300
    scale: float = 1.0


@dataclass
class Pool:
    """Passages without duplicates, and queries that point into them."""

    texts: list[str] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    queries: list[dict[str, str | int]] = field(default_factory=list)
    _index: dict[str, int] = field(default_factory=dict)

    def add(self, text: str, section: Section | None = None) -> int:
        """Index of `text` in the pool; added if it is new."""
        if text not in self._index:
            self._index[text] = len(self.texts)
            self.texts.append(text)
            self.sections.append(section or Section("", "", text))
        return self._index[text]

    def ask(self, text: str, positive: int, kind: str, split: str = "train") -> None:
        """Adds a query."""
        self.queries.append({"text": text, "positive": positive, "kind": kind, "split": split})


def chosen_sources(data: Path, names: list[str] | None) -> list[tuple[Source, Path]]:
    """The sets to read, each with its file.

    Without `names`: the rows of `sources.SOURCES` that lie below `data`, or `data` itself when it holds pairs.jsonl or
    passages.jsonl. Names that are no row are taken whole, their licence «as stated by the user».

    Raises:
        DataError: Nothing was found, or a named set is missing.
    """
    rows = {s.name: s for s in SOURCES}
    found: list[tuple[Source, Path]] = []
    for name in names or [".", *rows]:
        folder = data / name
        for kind in ("pairs", "passages"):
            path = find_file(folder, kind)
            if path is not None:
                known = rows.get(name)
                source = known or Source(folder.resolve().name, kind, None, "as stated by the user")
                found.append((source, path))
        if names and not any(path.parent == folder for _, path in found):
            raise DataError(f"{folder} holds neither pairs.jsonl nor passages.jsonl (.xz and .gz will do).")
    if not found:
        raise DataError(f"{data} holds no known set. Put pairs.jsonl into it, or name sets with --sets.")
    return found


def build_pool(found: list[tuple[Source, Path]], amounts: Amounts, rng: Random) -> tuple[Pool, list[dict[str, object]]]:
    """The pool, and a report row for each set that was read."""
    pool, report = Pool(), []
    for source, path in found:
        limit = None if source.limit is None else int(source.limit * amounts.scale)
        if path.name.startswith("pairs"):
            count = _add_pairs(pool, source.name, path, limit, rng)
        else:
            count = _add_sections(pool, read_sections(path), limit, rng)
        report.append({**asdict(source), "rows_used": count})
    _hold_out(pool, amounts.held_out, rng)
    whole = len(pool.texts)
    _add_pieces(pool, amounts.pieces, whole, rng)
    _add_joined(pool, amounts.joined, whole, rng)
    _add_made_queries(pool, amounts.made_queries, rng)
    return pool, report


def _add_pairs(pool: Pool, name: str, path: Path, limit: int | None, rng: Random) -> int:
    pairs = read_pairs(path)
    if limit is not None and len(pairs) > limit:
        pairs = rng.sample(pairs, limit)
    for pair in pairs:
        pool.ask(pair.query, pool.add(pair.positive), name)
    return len(pairs)


def _add_sections(pool: Pool, sections: list[Section], limit: int | None, rng: Random) -> int:
    """Adds whole documents, drawn at random, so that passages of one document compete with each other."""
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
            pool.add(with_title(section, rng), section)
        count += len(documents[name])
    return count


def with_title(section: Section, rng: Random) -> str:
    """The passage as it enters the pool: half of the time behind its title, as search engines often store it."""
    if not section.title or rng.random() < 0.5:
        return section.text
    heading = f" {section.heading}." if section.heading and rng.random() < 0.3 else ""
    return f"{section.title}.{heading} {section.text}"


def _hold_out(pool: Pool, count: int, rng: Random) -> None:
    count = min(count, len(pool.queries) // 10)
    for query in rng.sample(pool.queries, count):
        query["split"] = "held out"


def _add_pieces(pool: Pool, count: int, whole: int, rng: Random) -> None:
    for index in rng.sample(range(whole), min(count, whole)):
        parts = sentences(pool.sections[index].text)
        if len(parts) < 3:
            continue
        start = rng.randrange(len(parts))
        text = " ".join(parts[start : start + rng.choice((1, 1, 2))])
        if len(text.split()) >= 6:
            title = pool.sections[index].title
            pool.add(text, Section(title, "", text))


def _add_joined(pool: Pool, count: int, whole: int, rng: Random) -> None:
    pairs = [
        (a, b)
        for a, b in zip(pool.sections[: whole - 1], pool.sections[1:whole], strict=True)
        if a.title and a.title == b.title
    ]
    for first, second in rng.sample(pairs, min(count, len(pairs))):
        text = f"{first.text} {second.text}"
        pool.add(text, Section(first.title, "", text))


def _add_made_queries(pool: Pool, count: int, rng: Random) -> None:
    if not pool.texts:
        return
    idf = word_idf(pool.texts)
    for _ in range(count):
        index = rng.randrange(len(pool.texts))
        made = make_query(pool.sections[index], rng, idf)
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
    """How the teacher reads: on how many threads, and whether products are computed in bfloat16."""

    threads: int = 2
    bf16: bool = False


def prepare(data: Path, work: Path, names: list[str] | None, amounts: Amounts, seed: int, reading: Reading) -> None:
    """Fills the work folder; parts that are there already are kept."""
    torch.set_num_threads(1)
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "used.json").is_file():
        pool, report = build_pool(chosen_sources(data, names), amounts, Random(seed))
        _write_pool(work, pool, report)
    if not (work / "sentences.jsonl").is_file():
        _write_rows(work / "sentences.jsonl", _split_answers(work, amounts.split_passages, Random(seed)))
    folder = teacher_folder()
    tokenizer = load_tokenizer(folder / "tokenizer.json")
    teacher = Teacher(folder, bf16=reading.bf16)
    for label in ("queries", "sentences", "pool"):
        table = tokenise([str(row["text"]) for row in read_rows(work / f"{label}.jsonl")], tokenizer)
        vectors = encode_table(teacher, table, work / "vectors", label, reading.threads)
        np.save(work / f"{label}-vectors.npy", vectors)


def _split_answers(work: Path, count: int, rng: Random) -> list[dict[str, object]]:
    """Sentences of `count` passages that answer an asked question, at most eight of each, with the passage's index."""
    made = {row.name for row in MAKERS}
    asked = {int(row["positive"]) for row in read_rows(work / "queries.jsonl") if row["kind"] not in made}
    texts = [str(row["text"]) for row in read_rows(work / "pool.jsonl")]
    parts = {index: sentences(texts[index]) for index in sorted(asked)}
    several = [index for index, found in parts.items() if len(found) >= 3]
    chosen = sorted(rng.sample(several, min(count, len(several))))
    return [{"text": text, "passage": index} for index in chosen for text in parts[index][:8] if len(text.split()) >= 4]


def read_rows(path: Path) -> list[dict[str, str | int]]:
    """The rows of one of the work folder's JSON-lines files."""
    with path.open(encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def _write_pool(work: Path, pool: Pool, report: list[dict[str, object]]) -> None:
    _write_rows(work / "pool.jsonl", ({"text": t} for t in pool.texts))
    _write_rows(work / "queries.jsonl", pool.queries)
    kinds = Counter(str(q["kind"]) for q in pool.queries)
    summary = {"sets": report, "passages": len(pool.texts), "queries": dict(kinds)}
    (work / "used.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False), encoding="utf-8")


def _write_rows(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
