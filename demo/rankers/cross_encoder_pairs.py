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
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from demo.errors import InputError, ModelError
from demo.rankers.cross_encoder_tokenizer import TextTokenizer
from demo.records import Extent

Ids = npt.NDArray[np.uint16 | np.int32]
"""Tokens of a text: uint16 where the vocabulary has no more, which halves what is kept."""

Inputs = dict[str, npt.NDArray[np.int64]]

KEPT_TOKENS = 2_000_000
"""Tokens of passages that are kept between queries: 4 MB, or 8 MB for vocabularies of more than 65,536."""

SPARE_CHARS = 100
"""More of a text than its average token would need is cut again to find where tokens are."""

PROBE = "word"


class Window(NamedTuple):
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
    """The special tokens of a pair, before, between and after its two texts.

    Attributes:
        types: token types in the order of a pair: one for each special token and one for each text.
    """

    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]
    types: tuple[int, ...]

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
            (*types[: first + 1], *types[end : second + 1], *types[last:]),
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
        tokenizer: its backend is changed, so it must not be used elsewhere.
        max_tokens: longest pair, special tokens included.

    Raises:
        ModelError: the tokenizer cannot make pairs, or they have no room.
    """

    def __init__(self, tokenizer: TextTokenizer, max_tokens: int) -> None:
        self._backend = tokenizer.backend
        self._backend.no_truncation()
        self._backend.no_padding()
        self._frame = Frame.of(self._backend)
        self._special = self._frame.size
        self._tokenizer = tokenizer
        self._dtype = np.dtype(np.uint16 if self._backend.get_vocab_size() <= 2**16 else np.int32)
        self._kept = KeptTokens(KEPT_TOKENS, self._dtype)
        self.max_tokens = max_tokens
        if max_tokens < self.least_tokens:
            raise ModelError(
                f"The model reads {max_tokens} tokens at most, which leaves no room for a query and a passage.",
                f"该模型最多读取 {max_tokens} 个 token，放不下查询和段落。",
            )

    @property
    def least_tokens(self) -> int:
        """The shortest maximum that holds one token of either text besides the special ones."""
        return self._special + 2

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
        return min(max_tokens or self.max_tokens, self.max_tokens) - self._special

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """The tokens of each text, without special tokens, however many they are."""
        found = self._kept.find(texts)
        missing = list(dict.fromkeys(text for text in texts if text not in found))
        encodings = self._backend.encode_batch_fast(list(map(_writable, missing)), add_special_tokens=False)
        fresh = {text: np.array(encoding.ids, self._dtype) for text, encoding in zip(missing, encodings, strict=True)}
        self._kept.keep(fresh)
        return [found[text] if text in found else fresh[text] for text in texts]

    def windows(self, query: Ids, passages: Sequence[Ids], room: int, overlapping: bool) -> list[Window]:
        """What is read of each passage: its beginning, or all of it in overlapping windows; in passage order.

        Args:
            room: tokens for both texts, as the method `room` gives them.
        """
        rows: list[Window] = []
        for place, passage in enumerate(passages):
            query_tokens, left = longest_first(query.size, passage.size, room)
            for start in starts(passage.size, left) if overlapping else (0,):
                rows.append(Window(place, query_tokens, start, min(start + left, passage.size)))
        return rows

    def inputs(self, query: Ids, passages: Sequence[Ids], windows: Sequence[Window]) -> Inputs:
        """What the model takes: int64 arrays (windows, longest window), padded on the tokenizer's side."""
        sizes = np.array([self.length(window) for window in windows])[:, None]
        columns = np.arange(sizes.max())
        read = columns >= columns.size - sizes if self._tokenizer.pads_left else columns < sizes
        ids = np.full(read.shape, self._tokenizer.pad, np.int64)
        ids[read] = self._flat_ids(query, passages, windows)
        inputs = {"input_ids": ids, "attention_mask": read.astype(np.int64)}
        if self._tokenizer.typed:
            types = np.full(read.shape, self._tokenizer.pad_type, np.int64)
            types[read] = self._flat_types(windows)
            inputs["token_type_ids"] = types
        return inputs

    def _flat_ids(self, query: Ids, passages: Sequence[Ids], windows: Sequence[Window]) -> npt.NDArray[Any]:
        """The tokens of all pairs one behind another."""
        frame = self._frame
        openings = {
            count: np.concatenate([np.array(frame.before, np.int64), query[:count], np.array(frame.between, np.int64)])
            for count in {window.query_tokens for window in windows}
        }
        after = np.array(frame.after, np.int64)
        parts = [
            part
            for window in windows
            for part in (openings[window.query_tokens], passages[window.passage][window.start : window.stop], after)
        ]
        return np.concatenate(parts)

    def _flat_types(self, windows: Sequence[Window]) -> npt.NDArray[np.int64]:
        """Their token types, likewise."""
        frame = self._frame
        counts = np.ones((len(windows), len(frame.types)), np.int64)
        counts[:, len(frame.before)] = [window.query_tokens for window in windows]
        counts[:, -1 - len(frame.after)] = [window.stop - window.start for window in windows]
        return np.repeat(np.tile(np.array(frame.types, np.int64), len(windows)), counts.ravel())

    def length(self, window: Window) -> int:
        """Tokens of a pair, special tokens included."""
        return window.tokens + self._special

    def extent(self, query: Ids, passage: Ids, text: str, window: Window, windows: int) -> Extent:
        """What the model read of the passage in this window, the best of so many."""
        start_char, end_char = 0, len(text)
        if window.start > 0 or window.stop < passage.size:
            spans = self._spans(_writable(text), passage, window.stop)
            start_char = spans[window.start][0] if window.start > 0 else 0
            end_char = spans[window.stop - 1][1] if window.stop < passage.size else len(text)
        return Extent(
            pair_tokens=query.size + passage.size + self._special,
            read_tokens=self.length(window),
            start_char=start_char,
            end_char=end_char,
            windows=windows,
        )

    def _spans(self, text: str, passage: Ids, count: int) -> list[tuple[int, int]]:
        """Where the first `count` tokens of the text are in it.

        A beginning that is about long enough is cut into tokens first: where it has the very tokens of the whole up to
        one beyond `count`, so are their places.
        """
        beginning = text[: SPARE_CHARS + len(text) * (count + 1) * 5 // (passage.size * 4)]
        encoding = self._backend.encode(beginning, add_special_tokens=False)
        if len(encoding.ids) <= count + 1 or encoding.ids[: count + 1] != passage[: count + 1].tolist():
            encoding = self._backend.encode(text, add_special_tokens=False)
        spans: list[tuple[int, int]] = encoding.offsets
        return spans


class KeptTokens:
    """Tokens of texts that were met before, the longest unused forgotten first; texts are kept as digests only.

    Args:
        capacity: tokens that are kept at most.
        dtype: of the tokens.
    """

    def __init__(self, capacity: int, dtype: npt.DTypeLike) -> None:
        self._capacity = capacity
        self._dtype = np.dtype(dtype)
        self._rows: OrderedDict[bytes, bytes] = OrderedDict()  # bytes, because small arrays take twice as much
        self._tokens = 0
        self._lock = Lock()

    def find(self, texts: Sequence[str]) -> dict[str, Ids]:
        """The tokens of those texts that are kept."""
        found: dict[str, Ids] = {}
        with self._lock:
            for text in texts:
                key = _digest(text)
                if key in self._rows:
                    self._rows.move_to_end(key)
                    found[text] = np.frombuffer(self._rows[key], self._dtype)
        return found

    def keep(self, rows: dict[str, Ids]) -> None:
        """Remembers the rows, and forgets the oldest beyond the capacity."""
        with self._lock:
            for text, ids in rows.items():
                key = _digest(text)
                self._forget(key)
                self._rows[key] = ids.tobytes()
                self._tokens += ids.size
            while self._tokens > self._capacity:
                self._forget(next(iter(self._rows)))

    def _forget(self, key: bytes) -> None:
        self._tokens -= len(self._rows.pop(key, b"")) // self._dtype.itemsize


def _writable(text: str) -> str:
    """The text with “?” for halves of surrogate pairs, which JSON may hold and no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
