"""Candidates for every query, and the groups that a training step reads.

A query's candidates are its known passage, the passages nearest to it for the bi-encoder, the best ones for BM25, and
some at random. Their labels are computed once and kept; a training step draws a few of them anew each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from demo.training.cores import on_cores
from demo.training.lexical import Bm25Matrix
from demo.training.sources import DataError
from demo.training.tokens import Ids, TokenTable, length_batches, padded, splice

_QUERIES_AT_ONCE = 128
_ARRAYS = ("passages", "cosine", "sparse", "lexical", "known")


@dataclass(frozen=True)
class Mining:
    """How many candidates a query keeps of each kind (besides the first one).

    Attributes:
        nearest: Passages nearest to it for the teacher.
        lexical: Best ones for BM25.
        chance: Drawn at random.
    """

    nearest: int = 48
    lexical: int = 64
    chance: int = 16


@dataclass(frozen=True)
class Candidates:
    """Labelled candidates; row = query, column 0 = the known passage, then nearest, lexical, chance.

    Attributes:
        passages: Pool indices, int32, shape (queries, candidates).
        cosine: The bi-encoder's cosine, float16.
        sparse: The sparse teacher's score, 0 to about 60, float16.
        lexical: BM25 divided by the sum of the query's idf, 0 to 1, float16.
        known: Whether column 0 is known to answer, bool, shape (queries,); elsewhere it is the nearest one.
    """

    passages: NDArray[np.int32]
    cosine: NDArray[np.float16]
    sparse: NDArray[np.float16]
    lexical: NDArray[np.float16]
    known: NDArray[np.bool_]

    def labels(self, query: Any, columns: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
        """Cosine, sparse and lexical scores of some columns of a query (or of each of some), float32."""
        cosine, sparse, lexical = (
            torch.from_numpy(values[query, columns]).float() for values in (self.cosine, self.sparse, self.lexical)
        )
        return cosine, sparse, lexical

    def save(self, path: Path) -> None:
        """Writes the arrays to `path` (.npz)."""
        np.savez(path, **{name: getattr(self, name) for name in _ARRAYS})

    @classmethod
    def load(cls, path: Path) -> Candidates:
        """The candidates that `save` wrote.

        Raises:
            DataError: an earlier version wrote them, without the sparse teacher's scores.
        """
        with np.load(path) as arrays:
            if not set(_ARRAYS) <= set(arrays):
                raise DataError(f"{path} is of an earlier version. Delete it, and the candidates are found again.")
            return cls(*(arrays[name] for name in _ARRAYS))


def mine(
    queries: Sequence[str],
    known: NDArray[np.int32],
    query_vectors: NDArray[np.float16],
    pool_vectors: NDArray[np.float16],
    bm25: Bm25Matrix,
    mining: Mining,
    seed: int,
    workers: int = 1,
) -> Candidates:
    """Candidates of all queries, without the sparse teacher's scores.

    A passage may stand in two columns of a row; that is harmless.

    Args:
        queries: Their texts.
        known: Pool index of each query's known passage, −1 where none is known.
        query_vectors: The bi-encoder's unit vectors of the queries.
        pool_vectors: The same of the pool.
        bm25: Over the same pool.
        mining: How many of each kind.
        seed: Of the random ones.
        workers: Threads.

    Raises:
        DataError: The pool has fewer passages than a query keeps of one kind.
    """
    found, needed = len(pool_vectors), max(mining.nearest, mining.lexical)
    if found < needed:
        raise DataError(f"The pool has {found} passages. Training needs at least {needed}: add some.")
    pool = torch.from_numpy(pool_vectors.astype(np.float32))

    def mined(start: int) -> Candidates:
        block = slice(start, start + _QUERIES_AT_ONCE)
        texts = list(queries[block])
        cosine = (torch.from_numpy(query_vectors[block].astype(np.float32)) @ pool.T).numpy()
        lexical = bm25.scores(texts) / np.maximum(bm25.best_possible(texts), 1e-6)[:, None]
        nearest = _best(cosine, mining.nearest)
        first = np.where(known[block] < 0, nearest[:, 0], known[block])
        chance = np.random.default_rng([seed, start]).integers(0, len(pool), (len(texts), mining.chance))
        columns = np.concatenate([first[:, None], nearest, _best(lexical, mining.lexical), chance], axis=1)
        near, matched = (np.take_along_axis(v, columns, axis=1).astype(np.float16) for v in (cosine, lexical))
        return Candidates(columns.astype(np.int32), near, np.zeros_like(near), matched, known[block] >= 0)

    starts = range(0, len(queries), _QUERIES_AT_ONCE)
    with on_cores(workers) as threads:
        parts = list(tqdm(threads.map(mined, starts), total=len(starts), desc="candidates", unit="block"))
    return Candidates(*(np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS))


def _best(scores: NDArray[Any], count: int) -> NDArray[np.int64]:
    """Columns of the `count` largest of each row, best first."""
    return torch.from_numpy(scores).topk(count, dim=1).indices.numpy()


@dataclass(frozen=True)
class Surroundings:
    """Passages between which a group's candidates stand.

    Attributes:
        seed: Of which.
        shares: How much of the room up to the group's limit they take, 0 to 1, for each candidate.
    """

    seed: int
    shares: NDArray[np.float64]


@dataclass(frozen=True)
class Group:
    """What a step draws for one query.

    Attributes:
        query: Row of the candidates.
        columns: Which of its candidates, column 0 first.
        limit: Word pieces read of each passage.
        shuffle: Seed of the order in which the last candidate's words are read; None: as they stand.
        stuffing: Seed of the places at which the query's words are put into the last candidate; None: nowhere.
        surroundings: What stands around each candidate; None: it stands alone.
    """

    query: int
    columns: NDArray[np.int64]
    limit: int
    shuffle: int | None = None
    stuffing: int | None = None
    surroundings: Surroundings | None = None

    def with_shuffled(self, seed: int) -> Group:
        """The same group with its first candidate in place of its last, the words in random order."""
        return replace(self, columns=np.append(self.columns[:-1], self.columns[0]), shuffle=seed)

    def with_stuffed(self, seed: int) -> Group:
        """The same group, the query's words in its last candidate, which is worth what it was."""
        return replace(self, stuffing=seed)


@dataclass(frozen=True)
class Phase:
    """How a stretch of the training draws its passages' lengths.

    Attributes:
        until: Share of all steps at which the phase ends, 0 to 1.
        short: Word pieces read of most passages.
        long: Word pieces read in the other groups.
        long_share: Share of groups that read long.
        surrounded: Whether each passage of these groups stands between others that were drawn at random. It keeps most
            of its target, so a long text is worth about what its best part is.
    """

    until: float
    short: int
    long: int
    long_share: float
    surrounded: bool = False


def draw_groups(
    rng: np.random.Generator, queries: NDArray[np.int64], mining: Mining, phase: Phase, size: int
) -> list[Group]:
    """A group of `size` candidates for each of `queries`.

    The first one, then nearest, lexical and chance about 3 : 3 : 1, drawn from the whole lists, so that easy and hard
    ones both occur.
    """
    rest = size - 1
    chance = max(1, rest // 7)
    nearest = (rest - chance) // 2
    parts = ((mining.nearest, nearest), (mining.lexical, rest - chance - nearest), (mining.chance, chance))
    firsts = 1 + np.cumsum([0, mining.nearest, mining.lexical])
    drawn: list[Group] = []
    for query in queries:
        columns = [first + rng.choice(n, k, replace=False) for first, (n, k) in zip(firsts, parts, strict=True)]
        long = rng.random() < phase.long_share
        around = Surroundings(int(rng.integers(2**31)), rng.random(size)) if long and phase.surrounded else None
        limit = phase.long if long else phase.short
        drawn.append(Group(int(query), np.concatenate([[0], *columns]), limit, surroundings=around))
    return drawn


def stuffed(passage: Ids, query: Ids, rng: np.random.Generator) -> Ids:
    """The passage with the query's words put in one to three times, each time whole and at a random place."""
    for _ in range(rng.integers(1, 4)):
        place = int(rng.integers(len(passage) + 1)) if rng.random() < 0.5 else 0
        passage = np.concatenate([passage[:place], query, passage[place:]])
    return passage


def surrounded(passage: Ids, pool: TokenTable, room: int, rng: np.random.Generator) -> Ids:
    """The passage somewhere between others of the pool, of which `room` word pieces are read."""
    others: Ids = np.zeros(0, np.int32)
    while len(others) < room:
        others = np.concatenate([others, pool[int(rng.integers(len(pool)))]])
    before = int(rng.integers(room + 1))
    return np.concatenate([others[:before], passage, others[before:room]])


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
        query = queries[group.query][:96]
        passages = [pool[int(candidates.passages[group.query, c])][: group.limit] for c in group.columns]
        if group.shuffle is not None:
            passages[-1] = pool.shuffled(passages[-1], np.random.default_rng(group.shuffle))
        if group.stuffing is not None:
            passages[-1] = stuffed(passages[-1], query, np.random.default_rng(group.stuffing))[: group.limit]
        if group.surroundings is not None:
            rng = np.random.default_rng(group.surroundings.seed)
            rooms = [
                int(share * (group.limit - len(passage)))
                for share, passage in zip(group.surroundings.shares, passages, strict=True)
            ]
            passages = [surrounded(passage, pool, room, rng) for passage, room in zip(passages, rooms, strict=True)]
        rows.extend(splice(query, passage) for passage in passages)
    result: list[Batch] = []
    for places in length_batches((len(ids) for ids, _ in rows), budget):
        result.append(Batch(np.asarray(places), *padded([rows[place] for place in places])))
    return result
