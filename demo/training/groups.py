"""Candidates for every query, and the groups that a training step reads.

A query's candidates are its known passage, the passages nearest to it for the teacher, the best ones for BM25, some at
random, and single sentences of the known passage. Their labels are computed once and kept; a training step draws a few
of them anew each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from demo.training.lexical import Bm25Matrix
from demo.training.sources import DataError
from demo.training.tokens import Ids, TokenTable, length_batches, splice

_QUERIES_AT_ONCE = 128
_ARRAYS = ("passages", "cosine", "lexical", "has_siblings")


@dataclass(frozen=True)
class Mining:
    """How many candidates a query keeps of each kind (besides its known passage).

    Attributes:
        nearest: Passages nearest to it for the teacher.
        lexical: Best ones for BM25.
        chance: Drawn at random.
        siblings: Sentences of its known passage; fewer are filled up at random.
    """

    nearest: int = 24
    lexical: int = 24
    chance: int = 16
    siblings: int = 7


@dataclass(frozen=True)
class Candidates:
    """Labelled candidates; row = query, column 0 = the known passage, then nearest, lexical, chance, siblings.

    Attributes:
        passages: Pool indices, int32, shape (queries, candidates).
        cosine: The teacher's cosine, float16.
        lexical: BM25 divided by the sum of the query's idf, 0 to 1, float16.
        has_siblings: Whether at least three columns are sentences of the known passage, bool, shape (queries,).
    """

    passages: NDArray[np.int32]
    cosine: NDArray[np.float16]
    lexical: NDArray[np.float16]
    has_siblings: NDArray[np.bool_]

    def save(self, path: Path) -> None:
        """Writes the arrays to `path` (.npz)."""
        np.savez(path, **{name: getattr(self, name) for name in _ARRAYS})

    @classmethod
    def load(cls, path: Path) -> Candidates:
        """The candidates that `save` wrote."""
        with np.load(path) as arrays:
            return cls(*(arrays[name] for name in _ARRAYS))


def mine(
    queries: Sequence[str],
    known: NDArray[np.int32],
    query_vectors: NDArray[np.float16],
    pool_vectors: NDArray[np.float16],
    bm25: Bm25Matrix,
    sentences: Mapping[int, Sequence[int]],
    mining: Mining,
    seed: int,
) -> Candidates:
    """Candidates of all queries. A passage may stand in two columns of a row; that is harmless.

    Args:
        queries: Their texts.
        known: Pool index of each query's known passage.
        query_vectors: The teacher's unit vectors of the queries.
        pool_vectors: The same of the pool.
        bm25: Over the same pool.
        sentences: Pool indices of a passage's sentences, by the passage's own index.
        mining: How many of each kind.
        seed: Of the random ones.

    Raises:
        DataError: The pool has fewer passages than a query keeps of one kind.
    """
    least = max(mining.nearest, mining.lexical)
    if len(pool_vectors) < least:
        raise DataError(f"The pool has {len(pool_vectors)} passages. Training needs at least {least}: add some.")
    rng = np.random.default_rng(seed)
    siblings, has_siblings = _siblings(known, sentences, mining.siblings, len(pool_vectors), rng)
    pool = torch.from_numpy(pool_vectors.astype(np.float32))
    parts: list[Candidates] = []
    for start in tqdm(range(0, len(queries), _QUERIES_AT_ONCE), desc="candidates", unit="block"):
        block = slice(start, start + _QUERIES_AT_ONCE)
        cosine = (torch.from_numpy(query_vectors[block].astype(np.float32)) @ pool.T).numpy()
        texts = list(queries[block])
        lexical = bm25.scores(texts) / np.maximum(bm25.best_possible(texts), 1e-6)[:, None]
        passages = np.concatenate(
            [
                known[block][:, None],
                _best(cosine, mining.nearest),
                _best(lexical, mining.lexical),
                rng.integers(0, len(pool), (len(texts), mining.chance)),
                siblings[block],
            ],
            axis=1,
        ).astype(np.int32)
        take = np.arange(len(texts))[:, None]
        near, matched = cosine[take, passages].astype(np.float16), lexical[take, passages].astype(np.float16)
        parts.append(Candidates(passages, near, matched, has_siblings[block]))
    return Candidates(*(np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS))


def _siblings(
    known: NDArray[np.int32],
    sentences: Mapping[int, Sequence[int]],
    count: int,
    pool: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """`count` sentences of each known passage, filled up at random, and whether at least three are real ones."""
    rows = rng.integers(0, pool, (len(known), count))
    enough = np.zeros(len(known), np.bool_)
    for row, passage in enumerate(known):
        own = sentences.get(int(passage), ())
        drawn = rng.permutation(np.asarray(own, np.int64))[:count]
        rows[row, : len(drawn)] = drawn
        enough[row] = len(own) >= 3
    return rows, enough


def _best(scores: NDArray[Any], count: int) -> NDArray[np.int64]:
    """Columns of the `count` largest of each row, best first."""
    return torch.from_numpy(scores).topk(count, dim=1).indices.numpy()


@dataclass(frozen=True)
class Group:
    """What a step draws for one query.

    Attributes:
        query: Row of the candidates.
        columns: Which of its candidates, the known passage first.
        limit: Word pieces read of each passage.
        cross: A cross-encoder's logits of these candidates; None where none has read them.
        shuffle: Seed of the order in which the last candidate's words are read; None: as they stand.
    """

    query: int
    columns: NDArray[np.int64]
    limit: int
    cross: NDArray[np.float32] | None = None
    shuffle: int | None = None

    def with_shuffled(self, seed: int) -> Group:
        """The same group with the known passage in place of its last candidate, its words in random order."""
        columns = np.append(self.columns[:-1], self.columns[0])
        cross = None if self.cross is None else np.append(self.cross[:-1], self.cross[0])
        return replace(self, columns=columns, cross=cross, shuffle=seed)


@dataclass(frozen=True)
class Phase:
    """How a stretch of the training draws its passages' lengths.

    Attributes:
        until: Share of all steps at which the phase ends, 0 to 1.
        short: Word pieces read of most passages.
        long: Word pieces read in the other groups.
        long_share: Share of groups that read long.
    """

    until: float
    short: int
    long: int
    long_share: float


PHASES: tuple[Phase, ...] = (
    Phase(0.50, 64, 160, 0.10),
    Phase(0.80, 96, 256, 0.15),
    Phase(1.00, 144, 320, 0.25),
)


def draw_groups(
    rng: np.random.Generator,
    queries: NDArray[np.int64],
    candidates: Candidates,
    mining: Mining,
    phase: Phase,
    size: int,
    sibling_share: float,
) -> list[Group]:
    """A group of `size` candidates for each of `queries`.

    The known passage, then nearest, lexical and chance about 3 : 3 : 1, drawn from the whole lists, so that easy and
    hard ones both occur. Where a query has sentences of its known passage, this share of its groups are those
    sentences instead.
    """
    drawn: list[Group] = []
    for query in queries:
        if candidates.has_siblings[query] and rng.random() < sibling_share:
            columns = _sibling_columns(rng, mining, size)
        else:
            columns = _mixed_columns(rng, mining, size)
        limit = phase.long if rng.random() < phase.long_share else phase.short
        drawn.append(Group(int(query), columns, limit))
    return drawn


def _mixed_columns(rng: np.random.Generator, mining: Mining, size: int) -> NDArray[np.int64]:
    near, lexical, chance = mining.nearest, mining.lexical, mining.chance
    rest = size - 1
    random_count = max(1, rest // 7)
    near_count = (rest - random_count) // 2
    kinds = (
        (1, near, near_count),
        (1 + near, lexical, rest - random_count - near_count),
        (1 + near + lexical, chance, random_count),
    )
    return np.concatenate([[0], *(first + rng.choice(n, k, replace=False) for first, n, k in kinds)])


def _sibling_columns(rng: np.random.Generator, mining: Mining, size: int) -> NDArray[np.int64]:
    first = 1 + mining.nearest + mining.lexical + mining.chance
    siblings = first + np.arange(min(mining.siblings, size - 1))
    filled = 1 + rng.choice(mining.nearest, size - 1 - len(siblings), replace=False)
    return np.concatenate([[0], siblings, filled])


@dataclass(frozen=True)
class Taught:
    """What a cross-encoder gave to some candidates of some queries.

    Attributes:
        queries: Rows of the candidates, int64, shape (taught,).
        columns: Which candidates of each, the known passage first, int64, shape (taught, read).
        logits: Its logits of these, float32, same shape.
    """

    queries: NDArray[np.int64]
    columns: NDArray[np.int64]
    logits: NDArray[np.float32]

    def draw(self, rng: np.random.Generator, queries: NDArray[np.int64], phase: Phase, size: int) -> list[Group]:
        """A group of `size` of the read candidates for each of `queries`, the known passage among them."""
        row = dict(zip(self.queries.tolist(), range(len(self.queries)), strict=True))
        drawn: list[Group] = []
        for query in queries:
            at = row[int(query)]
            picked = np.concatenate([[0], 1 + rng.choice(self.columns.shape[1] - 1, size - 1, replace=False)])
            limit = phase.long if rng.random() < phase.long_share else phase.short
            drawn.append(Group(int(query), self.columns[at, picked], limit, self.logits[at, picked]))
        return drawn


@dataclass(frozen=True)
class Batch:
    """A padded slice of a step's pairs.

    Attributes:
        places: Which of the step's pairs these are (group-major).
        ids: Word pieces, int64, shape (pairs, length).
        types: Token types, same shape.
    """

    places: NDArray[np.int64]
    ids: NDArray[np.int64]
    types: NDArray[np.int64]


def batches(
    groups: Sequence[Group], candidates: Candidates, queries: TokenTable, pool: TokenTable, budget: int
) -> list[Batch]:
    """The pairs of all groups, sorted by length and padded in batches of at most `budget` tokens."""
    rows: list[tuple[Ids, NDArray[np.int64]]] = []
    for group in groups:
        passages = [pool[int(candidates.passages[group.query, c])][: group.limit] for c in group.columns]
        if group.shuffle is not None:
            passages[-1] = pool.shuffled(passages[-1], np.random.default_rng(group.shuffle))
        rows.extend(splice(queries[group.query][:96], passage) for passage in passages)
    result: list[Batch] = []
    for places in length_batches((len(ids) for ids, _ in rows), budget):
        length = max(len(rows[p][0]) for p in places)
        ids, types = np.zeros((2, len(places), length), np.int64)
        for line, place in enumerate(places):
            piece_ids, piece_types = rows[place]
            ids[line, : len(piece_ids)] = piece_ids
            types[line, : len(piece_ids)] = piece_types
        result.append(Batch(np.asarray(places), ids, types))
    return result
