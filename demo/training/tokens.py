"""Texts as arrays of word-piece ids, and the cross-encoder's input spliced from two of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

PAD, UNK, CLS, SEP = 0, 100, 101, 102
"""Ids of the special word pieces in BERT's uncased vocabulary."""

Ids = NDArray[np.int32]


@dataclass(frozen=True)
class TokenTable:
    """Many texts in one array.

    Attributes:
        ids: All word pieces behind one another, without special ones.
        offsets: Text i is `ids[offsets[i]:offsets[i + 1]]`; one longer than there are texts.
        continuing: Ids of the pieces that go on with a word («##s»).
    """

    ids: Ids
    offsets: NDArray[np.int64]
    continuing: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> Ids:
        return self.ids[self.offsets[index] : self.offsets[index + 1]]

    def __iter__(self) -> Iterator[Ids]:
        return (self[i] for i in range(len(self)))

    def shuffled(self, text: Ids, rng: np.random.Generator) -> Ids:
        """The words of a text in random order, each with its pieces together."""
        starts = [i for i, piece in enumerate(text.tolist()) if i and piece not in self.continuing]
        words = np.split(text, starts)
        return np.concatenate([words[i] for i in rng.permutation(len(words))])

    def lengths(self) -> NDArray[np.int64]:
        """Word pieces per text."""
        return np.diff(self.offsets)


def load_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a tokenizer.json, with its truncation and padding switched off."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def tokenise(texts: Sequence[str], tokenizer: Tokenizer, limit: int = 510) -> TokenTable:
    """The table of `texts`, each cut to `limit` word pieces."""
    rows: list[Ids] = []
    for start in range(0, len(texts), 4096):
        encoded = tokenizer.encode_batch(list(texts[start : start + 4096]), add_special_tokens=False)
        rows.extend(np.asarray(e.ids[:limit], dtype=np.int32) for e in encoded)
    continuing = frozenset(i for piece, i in tokenizer.get_vocab().items() if piece.startswith("##"))
    return table_of(rows, continuing)


def table_of(rows: Sequence[Ids], continuing: frozenset[int] = frozenset()) -> TokenTable:
    """The table of ready id arrays."""
    offsets = np.concatenate([[0], np.cumsum([len(r) for r in rows], dtype=np.int64)])
    ids = np.concatenate([*rows, np.zeros(0, np.int32)]).astype(np.int32)
    return TokenTable(ids, offsets.astype(np.int64), continuing)


def cut_pair(query: Ids, passage: Ids, limit: int) -> tuple[Ids, Ids]:
    """Both texts cut so that [CLS] query [SEP] passage [SEP] has at most `limit` ids.

    The longer text is cut until the pair fits; where both are too long, each keeps half and the longer one the odd
    piece. That is what the tokenizers' `longest_first` does, which takes the query for the shorter of two equals.
    """
    room = limit - 3
    if len(query) + len(passage) <= room:
        return query, passage
    kept = min(len(query), len(passage), room // 2)
    if len(query) <= len(passage):
        return query[:kept], passage[: room - kept]
    return query[: room - kept], passage[:kept]


def splice(query: Ids, passage: Ids, limit: int = 512) -> tuple[Ids, NDArray[np.int64]]:
    """The cross-encoder's input for one pair.

    Returns:
        [CLS] query [SEP] passage [SEP] and the token types: 0 up to the first [SEP], 1 after it.
    """
    query, passage = cut_pair(query, passage, limit)
    ids = np.concatenate([[CLS], query, [SEP], passage, [SEP]]).astype(np.int32)
    types = np.zeros(len(ids), np.int64)
    types[len(query) + 2 :] = 1
    return ids, types


def padded(rows: Sequence[tuple[Ids, NDArray[np.int64]]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Spliced pairs below each other: ids and token types, both padded with 0 to the longest, shape (pairs, length)."""
    ids, types = np.zeros((2, len(rows), max(len(row[0]) for row in rows)), np.int64)
    for line, (row_ids, row_types) in enumerate(rows):
        ids[line, : len(row_ids)], types[line, : len(row_ids)] = row_ids, row_types
    return ids, types


def framed(texts: Sequence[Ids], first: int = CLS, last: int = SEP, pad: int = PAD) -> tuple[Tensor, Tensor]:
    """Single texts as an encoder reads them: each between the two special pieces, padded to the longest.

    Returns:
        Ids, int64, and which of them are no padding, bool; both of shape (texts, length).
    """
    ids = np.full((len(texts), max(map(len, texts)) + 2), pad, np.int64)
    for row, text in zip(ids, texts, strict=True):
        row[: len(text) + 2] = [first, *text, last]
    lengths = torch.tensor([len(text) + 2 for text in texts])
    return torch.from_numpy(ids), torch.arange(ids.shape[1]) < lengths[:, None]


def length_batches(lengths: Iterable[int], budget: int) -> list[list[int]]:
    """Indices sorted by length and cut into batches of at most `budget` padded tokens (at least one row each)."""
    order = sorted(enumerate(lengths), key=lambda pair: pair[1])
    batches: list[list[int]] = []
    current: list[int] = []
    for index, length in order:
        if current and (len(current) + 1) * length > budget:
            batches.append(current)
            current = []
        current.append(index)
    return [*batches, current] if current else batches
