"""BM25 over the training pool, as one sparse matrix, so that any pair's score and any query's best passages are cheap.

Lucene's formula: idf = ln(1 + (N − n + ½) / (n + ½)), weight = idf · f / (f + k1 · (1 − b + b · |d| / mean |d|)); the
query counts each term once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import snowballstemmer
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix

_WORD = re.compile(r"[a-z0-9]+")
_STEMMER = snowballstemmer.stemmer("english")
_FREQUENT = 0.2
"""Terms in more than this share of the passages are left out: they cost most of the time and decide nothing."""

Scores = NDArray[np.float32]


@cache
def _stem(word: str) -> str:
    return str(_STEMMER.stemWord(word))


def terms(text: str) -> list[str]:
    """Stemmed lower-case words of `text`, in order."""
    return [_stem(word) for word in _WORD.findall(text.lower())]


class Bm25Matrix:
    """BM25 weights of a pool of passages.

    Args:
        passages: The texts; a passage's index is its place here.
        k1: Saturation of the term frequency.
        b: Share of the length normalisation, 0 to 1.
    """

    def __init__(self, passages: Sequence[str], k1: float = 1.2, b: float = 0.75) -> None:
        self._vocabulary: dict[str, int] = {}
        counts = self._count(passages, grow=True)
        lengths = np.asarray(counts.sum(1)).ravel()
        document_frequency = np.bincount(counts.indices, minlength=len(self._vocabulary))
        total = len(passages)
        self._idf = np.log1p((total - document_frequency + 0.5) / (document_frequency + 0.5)).astype(np.float32)
        self._idf[document_frequency > max(_FREQUENT * total, 5)] = 0.0
        norm = k1 * (1 - b + b * lengths / max(lengths.mean(), 1e-9))
        rows = np.repeat(np.arange(total), np.diff(counts.indptr))
        weights = self._idf[counts.indices] * counts.data / (counts.data + norm[rows])
        matrix = csr_matrix((weights.astype(np.float32), counts.indices, counts.indptr), counts.shape)
        matrix.eliminate_zeros()
        self._passages_by_term = csc_matrix(matrix).T.tocsr()

    def _count(self, texts: Sequence[str], grow: bool) -> csr_matrix:
        indices: list[int] = []
        offsets = [0]
        for text in texts:
            if grow:
                indices.extend(self._vocabulary.setdefault(t, len(self._vocabulary)) for t in terms(text))
            else:
                indices.extend({self._vocabulary[t] for t in terms(text) if t in self._vocabulary})
            offsets.append(len(indices))
        shape = (len(texts), len(self._vocabulary))
        counts = csr_matrix((np.ones(len(indices), np.float32), np.asarray(indices, np.int32), offsets), shape)
        counts.sum_duplicates()
        return counts

    def scores(self, queries: Sequence[str]) -> Scores:
        """BM25 of every query with every passage, shape (queries, passages); keep the number of queries small."""
        return np.asarray((self._count(queries, grow=False) @ self._passages_by_term).toarray(), np.float32)

    def best(self, queries: Sequence[str], count: int) -> NDArray[np.int32]:
        """Places of each query's `count` best passages, best first, shape (queries, count).

        −1 where fewer passages share a term with the query.
        """
        found = (self._count(queries, grow=False) @ self._passages_by_term).tocsr()
        rows = np.full((len(queries), count), -1, np.int32)
        for row, (start, end) in enumerate(pairwise(found.indptr)):
            scores = found.data[start:end]
            top = np.argpartition(-scores, count)[:count] if len(scores) > count else np.arange(len(scores))
            top = top[np.argsort(-scores[top], kind="stable")]
            rows[row, : len(top)] = found.indices[start:end][top]
        return rows

    def best_possible(self, queries: Sequence[str]) -> Scores:
        """Sum of the idf of each query's known terms: the bound that no passage's score exceeds, shape (queries,)."""
        return np.asarray(self._count(queries, grow=False) @ self._idf, np.float32)
