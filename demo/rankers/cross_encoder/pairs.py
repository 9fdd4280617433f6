"""From texts to what a cross-encoder reads: one row of tokens for each pair of query and passage.

Query and passages are cut into tokens once each and then joined, with the special tokens where the tokenizer itself
would put them; a pair that is too long is cut as transformers' «longest_first» cuts it. Both give the very tokens that
encoding the pair would, without encoding the query again for every passage.

A GPU takes pairs faster than Python makes objects, so there is an array for each thing that many pairs have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import repeat
from sys import getsizeof
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from demo.errors import InputError, ModelError
from demo.memory import Bounded
from demo.rankers.cross_encoder.tokenizer import TextTokenizer
from demo.records import Extent, IntArray

Ids = npt.NDArray[np.uint16 | np.int32]
"""Tokens of a text: uint16 where the vocabulary has no more, which halves what is kept."""

Inputs = dict[str, IntArray]

KEPT_TOKENS = 2_000_000
"""Tokens of passages kept between queries, about: 16 MB with the texts, 20 MB for vocabularies of more than 65,536."""

TEXT_BYTES = 6
"""Bytes of text and of its row for one token, as English has them; who has more keeps fewer texts."""

SPARE_CHARS = 100
"""More of a text than its average token would need is cut again to find where tokens are."""

PROBE = "word"


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """The tokens of texts, one text behind another.

    Attributes:
        ids: all of them.
        starts, sizes: int64 (texts,), where in `ids` each text begins, and how many tokens it has.
    """

    ids: Ids
    starts: IntArray
    sizes: IntArray

    @classmethod
    def of(cls, ids: Ids, sizes: IntArray) -> Tokens:
        """Texts of these sizes."""
        return cls(ids, np.cumsum(sizes) - sizes, sizes)

    @classmethod
    def joined(cls, parts: Sequence[Tokens]) -> Tokens:
        """The texts of all parts, of which there must be one."""
        return cls.of(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("ids", "sizes")))

    def __len__(self) -> int:
        return len(self.sizes)

    def __iter__(self) -> Iterator[Ids]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, index: int) -> Ids:
        return self.ids[self.starts[index] : self.starts[index] + self.sizes[index]]


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Pairs as the model reads them: the query's first tokens and a stretch of a passage's.

    Attributes:
        queries, passages: int64 (windows,), like the others; which query and which passage each reads.
        query_tokens: how many of the query it reads.
        starts, stops: where in the passage its stretch begins and ends.
        tails: tokens that stand behind a stretch only where the passage's own end was cut off.
    """

    queries: IntArray
    passages: IntArray
    query_tokens: IntArray
    starts: IntArray
    stops: IntArray
    tails: IntArray

    def __len__(self) -> int:
        return len(self.passages)

    @classmethod
    def joined(cls, parts: Sequence[Windows], sizes: Sequence[int]) -> Windows:
        """The windows of several queries, each of which has passages of its own.

        Args:
            sizes: how many passages each query has.
        """
        offsets = np.cumsum(sizes) - sizes
        shifted = [
            replace(part, queries=part.queries + index, passages=part.passages + offsets[index])
            for index, part in enumerate(parts)
        ]
        return cls(*(np.concatenate([getattr(part, field.name) for part in shifted]) for field in fields(cls)))

    def __getitem__(self, passage_indices: IntArray | slice) -> Windows:
        return Windows(*(getattr(self, field.name)[passage_indices] for field in fields(self)))

    @property
    def tokens(self) -> IntArray:
        """Lengths without special tokens."""
        lengths: IntArray = self.query_tokens + self.stops - self.starts + self.tails
        return lengths


@dataclass(frozen=True, slots=True)
class PairFrame:
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
    def of(cls, backend: Any) -> PairFrame:
        """What the tokenizer puts around a pair.

        Raises:
            ModelError: it cannot join two texts.
        """
        encoding = backend.encode(PROBE, PROBE, add_special_tokens=True)
        ids, types, sides = encoding.ids, encoding.type_ids, encoding.sequence_ids
        query = [index for index, side in enumerate(sides) if side == 0]
        passage = [index for index, side in enumerate(sides) if side == 1]
        if not query or not passage:
            raise ModelError(
                "The tokenizer of this model cannot join two texts, so it is no cross-encoder's. Choose another model."
            )
        first, end, second, last = query[0], query[-1] + 1, passage[0], passage[-1] + 1
        return cls(
            tuple(ids[:first]),
            tuple(ids[end:second]),
            tuple(ids[last:]),
            (*types[: first + 1], *types[end : second + 1], *types[last:]),
        )


def longest_first(first: int, second: IntArray, room: int) -> tuple[IntArray, IntArray]:
    """Tokens left of the query and of each passage so that both fit into `room`, as transformers cuts them.

    The longer one gives way until both are equal; then both do, and the one that was longer keeps an odd token.

    Args:
        first, second: how many tokens the query has, and each passage.
    """
    short = np.minimum(np.minimum(first, second), room // 2)
    long = np.minimum(np.maximum(first, second), room - short)
    return np.where(first <= second, short, long), np.where(first <= second, long, short)


def overlapping_starts(sizes: IntArray, room: IntArray) -> tuple[IntArray, IntArray]:
    """Of every window of `room` tokens over a text of `sizes`: which text it is in, and where it begins there.

    Windows are half a window apart, the last one ends at the end; a text that fits, or has no room, has one.
    """
    over = np.where(room > 0, np.maximum(sizes - room, 0), 0)
    step = np.maximum(room // 2, 1)
    counts = 1 - (-over // step)
    texts = np.repeat(np.arange(len(sizes)), counts)
    numbers = np.arange(len(texts)) - np.repeat(np.cumsum(counts) - counts, counts)
    return texts, np.minimum(numbers * step[texts], over[texts])


@dataclass(frozen=True, slots=True)
class Wording:
    """A template filled with an instruction: what stands before the query, between it and the passage, and behind."""

    before: str
    between: str
    after: str


@dataclass(frozen=True, slots=True)
class Seams:
    """Which characters of a template are cut into tokens together with the passage.

    A tokenizer may join a space or a line break with what stands beside it, so that texts and template cannot be cut
    into tokens apart everywhere.

    Attributes:
        before, after: of these characters, those that stand next to the passage.
    """

    before: str
    after: str

    def split(self, wording: Wording) -> tuple[str, str, str, str]:
        """What is cut with the query (behind it), with the passage (before and behind it), and by itself."""
        lead = wording.between.rstrip(self.before) if self.before else wording.between
        rest = wording.after.lstrip(self.after) if self.after else wording.after
        glue, tail = wording.between[len(lead) :], wording.after[: len(wording.after) - len(rest)]
        return lead, glue, tail, rest


SEAMS = tuple(Seams(before, after) for before in (" ", " \n", "") for after in ("", " \n"))
"""In the order in which they are tried."""


class PairForm(Protocol):
    """How query and passage become one row."""

    @property
    def frame(self) -> PairFrame: ...
    @property
    def glue(self) -> str:
        """What is put before every passage; tail: what is put behind it."""
        ...

    @property
    def tail(self) -> str: ...
    @property
    def tail_ids(self) -> tuple[int, ...]:
        """The tail's tokens, which stand behind a passage that is cut."""
        ...

    @property
    def fixed_tokens(self) -> int:
        """Tokens of what is put before every query by default."""
        ...

    def question(self, query: str, instruction: str) -> str:
        """What is cut into tokens for the query; "" takes the model's own instruction."""
        ...

    def cut(self, query: int, passages: IntArray, room: int) -> tuple[IntArray, IntArray]:
        """Tokens left of the query and of each passage so that both fit into `room`."""
        ...


@dataclass(frozen=True, slots=True)
class Joined:
    """Two texts with the tokenizer's special tokens around them, and perhaps a prompt before the query."""

    frame: PairFrame
    prompt: str = ""
    glue: str = ""
    tail: str = ""
    tail_ids: tuple[int, ...] = ()
    fixed_tokens: int = 0

    def question(self, query: str, instruction: str) -> str:
        """Prompt and query."""
        return (instruction or self.prompt) + query

    def cut(self, query: int, passages: IntArray, room: int) -> tuple[IntArray, IntArray]:
        """The longer text gives way first."""
        return longest_first(query, passages, room)


class Worded:
    """Two texts within a template, such as a chat's. Of a pair that is too long the passage alone gives way.

    Args:
        backend: a tokenizer of the tokenizers library.
        word: the template filled with an instruction, "" for the model's own.
    """

    def __init__(self, backend: Any, word: Callable[[str], Wording], seams: Seams) -> None:
        self._word, self._seams = word, seams
        _, *self._fixed = seams.split(word(""))
        self.glue, self.tail, rest = self._fixed
        after = _ids(backend, rest)
        self.tail_ids = _ids(backend, self.tail)
        self.frame = PairFrame((), (), after, (0,) * (2 + len(after)))
        self.fixed_tokens = len(_ids(backend, self.question("", ""))) + len(self.tail_ids)

    def question(self, query: str, instruction: str) -> str:
        """All that stands before the passage.

        Raises:
            InputError: the template puts the instruction behind the passage.
        """
        wording = self._word(instruction)
        lead, *fixed = self._seams.split(wording)
        if fixed != self._fixed:
            raise InputError("This model's template puts the instruction behind the passage. Leave it out.")
        return f"{wording.before}{query}{lead}"

    def cut(self, query: int, passages: IntArray, room: int) -> tuple[IntArray, IntArray]:
        """The passage gives way; the query only where it leaves no room by itself."""
        whole, less = query + passages <= room, max(room - len(self.tail_ids), 0)
        kept = min(query, less)
        return np.where(whole, query, kept), np.where(whole, passages, np.minimum(passages, less - kept))


def _ids(backend: Any, text: str) -> tuple[int, ...]:
    return tuple(backend.encode(text, add_special_tokens=False).ids)


class PairTokenizer:
    """Cuts texts into tokens and joins them to pairs. Safe to use from several threads.

    Args:
        tokenizer: its backend is changed, so it must not be used elsewhere.
        max_tokens: longest pair by default, special tokens included.
        limit_tokens: longest pair that may be asked for; 0: no more than the default.
        prompt: what stands before every query by default.
        word: fills the model's template with an instruction; None: it has none.
        seams: how the template is cut into tokens.

    Raises:
        ModelError: the tokenizer cannot make pairs, or they have no room.
    """

    def __init__(
        self,
        tokenizer: TextTokenizer,
        max_tokens: int,
        limit_tokens: int = 0,
        prompt: str = "",
        word: Callable[[str], Wording] | None = None,
        seams: Seams = SEAMS[0],
    ) -> None:
        self._backend = tokenizer.backend
        self.cut_nothing()
        self._form: PairForm = (
            Worded(self._backend, word, seams) if word else Joined(PairFrame.of(self._backend), prompt)
        )
        self._frame = self._form.frame
        self._tokenizer = tokenizer
        self.limit_tokens = max(max_tokens, limit_tokens)
        self._dtype = np.dtype(np.uint16 if self._backend.get_vocab_size() <= 2**16 else np.int32)
        self._kept = KeptTokens(KEPT_TOKENS * (self._dtype.itemsize + TEXT_BYTES))
        self.max_tokens = max_tokens
        if max_tokens < self.least_tokens:
            raise ModelError(
                "The model reads {max_tokens} tokens at most, which leaves no room for a query and a passage.",
                max_tokens=max_tokens,
            )

    @property
    def kept_bytes(self) -> int:
        """Memory of the tokens that are kept and of their texts, about."""
        return self._kept.memory_bytes

    def cut_nothing(self) -> None:
        """Has the tokenizer neither cut nor pad, whoever else used it."""
        self._backend.no_truncation()
        self._backend.no_padding()

    @property
    def least_tokens(self) -> int:
        """The shortest maximum that holds one token of either text besides what stands around them."""
        return self._frame.size + self._form.fixed_tokens + 2

    @property
    def vocabulary_size(self) -> int:
        """Tokens that the tokenizer knows."""
        return int(self._backend.get_vocab_size())

    @property
    def marks_texts(self) -> bool:
        """Whether something stands between query and passage."""
        return bool(self._frame.between) or self._form.fixed_tokens > 0

    def question(self, query: str, instruction: str = "") -> str:
        """What is cut into tokens for the query; "" takes the model's own instruction."""
        return self._form.question(query, instruction)

    def passages(self, texts: Sequence[str]) -> Sequence[str]:
        """What is cut into tokens for each passage."""
        glue, tail = self._form.glue, self._form.tail
        return [f"{glue}{text}{tail}" for text in texts] if glue or tail else texts

    def room(self, max_tokens: int = 0) -> int:
        """Tokens for both texts in pairs of at most `max_tokens`; 0 is what the model reads by default.

        Raises:
            InputError: that is less than `least_tokens` or more than `limit_tokens`.
        """
        if max_tokens and not self.least_tokens <= max_tokens <= self.limit_tokens:
            raise InputError(
                "The maximum length is {max_tokens} tokens. Write {least_tokens} to {limit_tokens}, so that query "
                "and passage have room and the model can read them, or 0 for its usual length.",
                max_tokens=max_tokens,
                least_tokens=self.least_tokens,
                limit_tokens=self.limit_tokens,
            )
        return (max_tokens or self.max_tokens) - self._frame.size

    def encode(self, texts: Sequence[str]) -> Tokens:
        """The tokens of each text, without special tokens, however many they are."""
        rows = self._kept.find(texts)
        missing = list(dict.fromkeys(text for text, row in zip(texts, rows, strict=True) if row is None))
        encodings = self._backend.encode_batch_fast(list(map(writable, missing)), add_special_tokens=False)
        fresh = {
            text: np.array(encoding.ids, self._dtype).tobytes()
            for text, encoding in zip(missing, encodings, strict=True)
        }
        self._kept.keep(fresh.items())
        found = [fresh[text] if row is None else row for text, row in zip(texts, rows, strict=True)]
        sizes = np.fromiter(map(len, found), np.int64, len(found)) // self._dtype.itemsize
        return Tokens.of(np.frombuffer(b"".join(found), self._dtype), sizes)

    def windows(self, query: Ids, passages: Tokens, room: int, overlapping: bool) -> Windows:
        """What is read of each passage for one query: its beginning, or all of it in overlapping windows, in order.

        Args:
            room: tokens for both texts, as the method `room` gives them.
        """
        query_tokens, left = self._form.cut(query.size, passages.sizes, room)
        passage_indices = np.arange(len(passages))
        starts = passages.sizes - left if self._tokenizer.cuts_left else np.zeros(len(passages), np.int64)
        if overlapping:
            passage_indices, starts = overlapping_starts(passages.sizes, left)
        stops = np.minimum(starts + left[passage_indices], passages.sizes[passage_indices])
        tails = np.where(stops < passages.sizes[passage_indices], len(self._form.tail_ids), 0)
        return Windows(
            np.zeros_like(passage_indices), passage_indices, query_tokens[passage_indices], starts, stops, tails
        )

    def lengths(self, windows: Windows) -> IntArray:
        """Tokens of each pair, special tokens included."""
        lengths: IntArray = windows.tokens + self._frame.size
        return lengths

    def inputs(self, queries: Tokens, passages: Tokens, windows: Windows) -> Inputs:
        """What the model takes: int64 arrays (windows, longest window), padded on the tokenizer's side."""
        sizes = self.lengths(windows)[:, None]
        columns = np.arange(sizes.max())
        read = columns >= columns.size - sizes if self._tokenizer.pads_left else columns < sizes
        ids = np.full(read.shape, self._tokenizer.pad, np.int64)
        ids[read] = self._flat_ids(queries, passages, windows)
        inputs = {"input_ids": ids, "attention_mask": read.astype(np.int64)}
        if self._tokenizer.typed:
            types = np.full(read.shape, self._tokenizer.pad_type, np.int64)
            types[read] = self._flat_types(windows)
            inputs["token_type_ids"] = types
        return inputs

    def shared(self, windows: Windows) -> int:
        """So many tokens at the beginning are the same in all rows, and are not a whole row.

        That is all that stands before the passage; only what stands before the query, where rows hold several queries
        or more or less of one.
        """
        if self._tokenizer.pads_left:
            return 0
        before = len(self._frame.before)
        if not np.ptp(windows.queries) and not np.ptp(windows.query_tokens):
            before += int(windows.query_tokens[0]) + len(self._frame.between)
        return min(before, int(self.lengths(windows).min()) - 1)

    def _flat_ids(self, queries: Tokens, passages: Tokens, windows: Windows) -> IntArray:
        """The tokens of all pairs one behind another."""
        frame, ids = self._frame, passages.ids
        before, between, after = (np.array(part, np.int64) for part in (frame.before, frame.between, frame.after))
        afters = {0: after, len(self._form.tail_ids): np.array((*self._form.tail_ids, *frame.after), np.int64)}
        begun = list(zip(windows.queries.tolist(), windows.query_tokens.tolist(), strict=True))
        openings = {
            (index, count): np.concatenate([before, self._cut(queries[index], count), between])
            for index, count in set(begun)
        }
        offsets = passages.starts[windows.passages]
        begins, ends = (offsets + windows.starts).tolist(), (offsets + windows.stops).tolist()
        return np.concatenate(
            [
                part
                for opening, begin, end, tail in zip(begun, begins, ends, windows.tails.tolist(), strict=True)
                for part in (openings[opening], ids[begin:end], afters[tail])
            ]
        )

    def _cut(self, query: Ids, count: int) -> Ids:
        """So many tokens of the query, on the side that is kept."""
        return query[query.size - count :] if self._tokenizer.cuts_left else query[:count]

    def _flat_types(self, windows: Windows) -> IntArray:
        """Their token types, likewise."""
        frame = self._frame
        counts = np.ones((len(windows), len(frame.types)), np.int64)
        counts[:, len(frame.before)] = windows.query_tokens
        counts[:, -1 - len(frame.after)] = windows.stops - windows.starts + windows.tails
        return np.repeat(np.tile(np.array(frame.types, np.int64), len(windows)), counts.ravel())

    def extents(
        self, queries: Tokens, passages: Tokens, texts: Sequence[str], windows: Windows, counts: IntArray
    ) -> tuple[Extent, ...]:
        """What the model read of a passage in each window.

        Args:
            texts: of all passages.
            counts: windows that each one's passage has; this was the best of them.
        """
        sizes, passage_indices = passages.sizes[windows.passages], windows.passages.tolist()
        whole, read = queries.sizes[windows.queries] + sizes + self._frame.size, self.lengths(windows)
        ends = (len(texts[index]) for index in passage_indices)
        extents = list(map(Extent, whole.tolist(), read.tolist(), repeat(0), ends, counts.tolist()))
        for row in np.flatnonzero((windows.starts > 0) | (windows.stops < sizes)).tolist():
            text, tokens = texts[passage_indices[row]], passages[passage_indices[row]]
            start, end = self._read_chars(text, tokens, int(windows.starts[row]), int(windows.stops[row]))
            extents[row] = extents[row]._replace(start_char=start, end_char=end)
        return tuple(extents)

    def _read_chars(self, text: str, passage: Ids, start: int, stop: int) -> tuple[int, int]:
        """Where these tokens are in their text: from its beginning and to its end where nothing is cut off."""
        if stop == 0:
            return 0, 0
        glue, tail = self._form.glue, self._form.tail
        spans = self._spans(writable(f"{glue}{text}{tail}"), passage, stop)
        begin = spans[start][0] - len(glue) if start > 0 else 0
        end = spans[stop - 1][1] - len(glue) if stop < passage.size else len(text)
        return max(begin, 0), min(max(end, 0), len(text))

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


class KeptTokens(Bounded[str, bytes]):
    """Tokens of texts that were met before, as bytes, because small arrays take twice as much.

    Texts count as well: one of one long word has a single token.
    """

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity, lambda text, row: getsizeof(text) + getsizeof(row))


def writable(text: str) -> str:
    """The text with “?” for halves of surrogate pairs, which JSON may hold and no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
