"""From texts to what a cross-encoder reads: one row of tokens for each pair of query and passage.

Query and passages are cut into tokens once each and then joined, with the special tokens where the tokenizer itself
would put them; a pair that is too long is cut as transformers' «longest_first» cuts it. Both give the very tokens that
encoding the pair would, without encoding the query again for every passage.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from demo.errors import InputError, ModelError
from demo.records import Extent

Ids = npt.NDArray[np.int32]
Inputs = dict[str, npt.NDArray[np.int64]]

KEPT_TOKENS = 2_000_000
"""Tokens of passages that are kept between queries: 8 MB."""

PROBE = "word"


@dataclass(frozen=True, slots=True)
class Window:
    """A pair as the model reads it: the query's first tokens and a stretch of the passage's."""

    passage: int
    query_tokens: int
    start: int
    stop: int

    @property
    def tokens(self) -> int:
        """Length without special tokens."""
        return self.query_tokens + self.stop - self.start


@dataclass(frozen=True, slots=True)
class Frame:
    """The special tokens of a pair, before, between and after its two texts, and the type of every part."""

    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]
    types: tuple[tuple[int, ...], int, tuple[int, ...], int, tuple[int, ...]]

    @property
    def size(self) -> int:
        """Number of special tokens."""
        return len(self.before) + len(self.between) + len(self.after)

    @classmethod
    def of(cls, backend: Any) -> Frame:
        """What the tokenizer puts around a pair.

        Raises:
            ModelError: it does not mark where the query ends, as cross-encoders' tokenizers do.
        """
        encoding = backend.encode(PROBE, PROBE, add_special_tokens=True)
        ids, types, sides = encoding.ids, encoding.type_ids, encoding.sequence_ids
        query = [place for place, side in enumerate(sides) if side == 0]
        passage = [place for place, side in enumerate(sides) if side == 1]
        if not query or not passage or query[-1] + 1 == passage[0]:
            raise ModelError(
                "The tokenizer puts no special token between query and passage, so this is not a cross-encoder. "
                "Choose a model of the BERT, ELECTRA, RoBERTa, DeBERTa or ModernBERT families.",
                "分词器没有在查询与段落之间加入特殊标记，因此这不是交叉编码器。"
                "请选择 BERT、ELECTRA、RoBERTa、DeBERTa 或 ModernBERT 系列的模型。",
            )
        first, end, second, last = query[0], query[-1] + 1, passage[0], passage[-1] + 1
        return cls(
            tuple(ids[:first]),
            tuple(ids[end:second]),
            tuple(ids[last:]),
            (tuple(types[:first]), types[first], tuple(types[end:second]), types[second], tuple(types[last:])),
        )


def longest_first(first: int, second: int, room: int) -> tuple[int, int]:
    """Tokens left of two texts of these lengths so that both fit into `room`, as transformers cuts them.

    The longer one gives way until both are equal; then both do, and the one that was longer keeps an odd token.
    """
    if first + second <= room:
        return first, second
    short, long = min(first, second), max(first, second)
    if short <= room // 2:
        long = room - short
    else:
        short, long = room // 2, room - room // 2
    return (short, long) if first <= second else (long, short)


def starts(length: int, room: int) -> list[int]:
    """Where windows of `room` tokens over `length` begin: half a window apart, the last one ending at the end."""
    if length <= room or room == 0:
        return [0]
    return [*range(0, length - room, max(1, room // 2)), length - room]


class PairTokenizer:
    """Cuts texts into tokens and joins them to pairs. Safe to use from several threads.

    Args:
        tokenizer: a tokenizer of transformers that is backed by the tokenizers library; it is changed, so it must not
            be used elsewhere.
        max_tokens: longest pair, special tokens included.

    Raises:
        ModelError: the tokenizer cannot make pairs, or they have no room.
    """

    def __init__(self, tokenizer: Any, max_tokens: int) -> None:
        self._backend = tokenizer.backend_tokenizer
        self._backend.no_truncation()
        self._backend.no_padding()
        self._frame = Frame.of(self._backend)
        self._typed = "token_type_ids" in tokenizer.model_input_names
        self._pad = tokenizer.pad_token_id or 0
        self._pad_type = tokenizer.pad_token_type_id
        self._pads_left = tokenizer.padding_side == "left"
        self._kept = KeptTokens(KEPT_TOKENS)
        self.max_tokens = max_tokens
        if max_tokens < self.least_tokens:
            raise ModelError(
                f"The model reads {max_tokens} tokens at most, which leaves no room for a query and a passage.",
                f"该模型最多读取 {max_tokens} 个 token，放不下查询和段落。",
            )

    @property
    def least_tokens(self) -> int:
        """The shortest maximum that holds one token of either text besides the special ones."""
        return self._frame.size + 2

    def room(self, max_tokens: int = 0) -> int:
        """Tokens for both texts in pairs of at most `max_tokens`; 0, or more than the model reads, is what it reads.

        Raises:
            InputError: that is less than `least_tokens`.
        """
        if max_tokens and max_tokens < self.least_tokens:
            raise InputError(
                f"The maximum length is {max_tokens} tokens. Write {self.least_tokens} to {self.max_tokens}, so that "
                "query and passage have room, or 0 for all that the model reads.",
                f"最大长度是 {max_tokens} 个 token。请写 {self.least_tokens} 到 {self.max_tokens}，以便放下查询和段落，"
                "或写 0 表示模型能读取的全部。",
            )
        return min(max_tokens or self.max_tokens, self.max_tokens) - self._frame.size

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """The tokens of each text, without special tokens, however many they are."""
        found = self._kept.find(texts)
        missing = list(dict.fromkeys(text for text in texts if text not in found))
        encodings = self._backend.encode_batch_fast(list(map(_writable, missing)), add_special_tokens=False)
        fresh = {text: np.array(encoding.ids, np.int32) for text, encoding in zip(missing, encodings, strict=True)}
        self._kept.keep(fresh)
        return [found[text] if text in found else fresh[text] for text in texts]

    def windows(self, query: Ids, passages: Sequence[Ids], overlapping: bool, max_tokens: int = 0) -> list[Window]:
        """What is read of each passage: its beginning, or all of it in overlapping windows; in passage order.

        Args:
            max_tokens: longest pair; see `room`.
        """
        whole = self.room(max_tokens)
        rows: list[Window] = []
        for place, passage in enumerate(passages):
            query_tokens, room = longest_first(query.size, passage.size, whole)
            for start in starts(passage.size, room) if overlapping else (0,):
                rows.append(Window(place, query_tokens, start, min(start + room, passage.size)))
        return rows

    def inputs(self, query: Ids, passages: Sequence[Ids], windows: Sequence[Window]) -> Inputs:
        """What the model takes: int64 arrays (windows, longest window), padded on the tokenizer's side."""
        width = self.length(max(windows, key=lambda window: window.tokens))
        shape = (len(windows), width)
        ids = np.full(shape, self._pad, np.int64)
        mask = np.zeros(shape, np.int64)
        types = np.full(shape, self._pad_type, np.int64)
        for row, window in enumerate(windows):
            parts = self._parts(query, passages[window.passage], window)
            size = self.length(window)
            where = slice(width - size, width) if self._pads_left else slice(0, size)
            ids[row, where] = np.concatenate([part for part, _ in parts])
            types[row, where] = np.concatenate([np.broadcast_to(kind, part.shape) for part, kind in parts])
            mask[row, where] = 1
        inputs = {"input_ids": ids, "attention_mask": mask}
        return inputs | {"token_type_ids": types} if self._typed else inputs

    def _parts(self, query: Ids, passage: Ids, window: Window) -> list[tuple[Ids, Any]]:
        """The five parts of a pair with their token types."""
        frame = self._frame
        texts = (
            np.array(frame.before, np.int32),
            query[: window.query_tokens],
            np.array(frame.between, np.int32),
            passage[window.start : window.stop],
            np.array(frame.after, np.int32),
        )
        return [(text, np.array(kind)) for text, kind in zip(texts, frame.types, strict=True)]

    def length(self, window: Window) -> int:
        """Tokens of a pair, special tokens included."""
        return window.tokens + self._frame.size

    def extent(self, query: Ids, passage: Ids, text: str, window: Window, windows: int) -> Extent:
        """What the model read of the passage in this window, the best of so many."""
        start_char, end_char = 0, len(text)
        if window.start > 0 or window.stop < passage.size:
            spans = self._backend.encode(_writable(text), add_special_tokens=False).offsets
            start_char = spans[window.start][0] if window.start > 0 else 0
            end_char = spans[window.stop - 1][1] if window.stop < passage.size else len(text)
        return Extent(
            pair_tokens=query.size + passage.size + self._frame.size,
            read_tokens=self.length(window),
            start_char=start_char,
            end_char=end_char,
            windows=windows,
        )


class KeptTokens:
    """Tokens of texts that were met before, the longest unused forgotten first; texts are kept as digests only."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._rows: OrderedDict[bytes, Ids] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def find(self, texts: Sequence[str]) -> dict[str, Ids]:
        """The tokens of those texts that are kept."""
        found = {}
        with self._lock:
            for text in texts:
                key = _digest(text)
                if key in self._rows:
                    self._rows.move_to_end(key)
                    found[text] = self._rows[key]
        return found

    def keep(self, rows: dict[str, Ids]) -> None:
        """Remembers the rows, and forgets the oldest beyond the capacity."""
        with self._lock:
            for text, ids in rows.items():
                key = _digest(text)
                self._size += ids.size - (self._rows[key].size if key in self._rows else 0)
                self._rows[key] = ids
            while self._size > self._capacity:
                self._size -= self._rows.popitem(last=False)[1].size


def _writable(text: str) -> str:
    """The text with “?” for halves of surrogate pairs, which JSON may hold and no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
