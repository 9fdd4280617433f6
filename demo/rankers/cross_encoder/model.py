"""A cross-encoder reads query and passage together and gives one score to the pair, so every pair costs a forward pass.

Pairs are sorted by length and batched by tokens, so that little is spent on padding. Scores are raw logits in fp32;
of two outputs the score is logit 1 − logit 0, which has the order of softmax without its saturation (Nogueira, Cho
2019, arXiv:1901.04085). A passage too long for the model may be read in overlapping windows, the best of which counts
(MaxP: Dai, Callan 2019, doi:10.1145/3331184.3331303).
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from math import ceil
from time import perf_counter
from typing import Protocol

import numpy as np

from demo.errors import InputError, ModelError
from demo.rankers.cross_encoder.loaded_models import BEGINNINGS, TOKENS, Batch
from demo.rankers.cross_encoder.pairs import Inputs, PairTokenizer, Tokens, Windows
from demo.records import Extent, FloatArray, IntArray, ModelSpec

log = logging.getLogger(__name__)

TOKENISE_CHARS = 500_000
"""Characters that are cut into tokens between two chances to stop: a tenth of a second or so."""


class MemoryShortError(Exception):
    """A batch did not fit into memory."""


class Network(Protocol):
    """Turns pairs into logits."""

    @property
    def backend(self) -> str:
        """What computes them: "own forward" or "sentence-transformers"."""
        ...

    @property
    def lanes(self) -> int:
        """Batches that it computes side by side, each in a thread of its own."""
        ...

    @property
    def device(self) -> str: ...
    @property
    def precision(self) -> str: ...
    @property
    def emulated(self) -> bool: ...
    @property
    def bytes(self) -> int: ...
    @property
    def kept_bytes(self) -> int: ...

    def start_lane(self) -> None:
        """Called once in every thread that will call `logits`."""
        ...

    def logits(self, inputs: Inputs) -> FloatArray:
        """float32 (rows, labels); raises MemoryShortError."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """Texts to score for a query, and how they are read.

    Attributes:
        windows: read passages that are too long in overlapping windows, the best of which counts.
        max_tokens: longest pair, special tokens included; 0 is what the model reads by default.
        instruction: what the model is told besides the query; "" takes its own.
    """

    query: str
    texts: Sequence[str]
    windows: bool = False
    max_tokens: int = 0
    instruction: str = ""


@dataclass(slots=True)
class LoadedCrossEncoder:
    """A loaded model. Safe to use from several threads: they take turns, batch by batch.

    Attributes:
        fingerprint: what changes whenever the weights do.
        batch_tokens: most tokens in one batch, padding included; halves itself when memory is short.
    """

    spec: ModelSpec
    pairs: PairTokenizer
    network: Network
    fingerprint: str
    batch_tokens: int
    load_seconds: float = 0.0
    _lanes: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self._lanes = ThreadPoolExecutor(self.network.lanes, "lane", self.network.start_lane)

    @property
    def backend(self) -> str:
        """What computes the logits: "own forward" or "sentence-transformers"."""
        return self.network.backend

    @property
    def device(self) -> str:
        """ "cpu", or the GPU with its name."""
        return self.network.device

    @property
    def precision(self) -> str:
        """ "fp32", "bf16" or "fp16"."""
        return self.network.precision

    @property
    def emulated(self) -> bool:
        """Whether the device has no instructions for the precision, so that it is slower than fp32."""
        return self.network.emulated

    @property
    def bytes(self) -> int:
        """Memory that the weights take."""
        return self.network.bytes

    @property
    def kept_bytes(self) -> Mapping[str, int]:
        """Memory of what is kept so that nothing is tokenised or read twice, about, by what it is."""
        return {TOKENS: self.pairs.kept_bytes, BEGINNINGS: self.network.kept_bytes}

    def score(
        self, query: str, texts: Sequence[str], windows: bool = False, max_tokens: int = 0, instruction: str = ""
    ) -> Generator[Batch, None, None]:
        """As `score_all` of one query; the arguments are those of `Asked`."""
        return self.score_all([Asked(query, texts, windows, max_tokens, instruction)])

    def check(self, asked: Asked) -> None:
        """Nothing, if it can be scored as it is asked for.

        Raises:
            InputError: `max_tokens` leaves no room for a query and a passage, or is more than the model can read; the
                model takes no instruction.
        """
        if asked.instruction and not self.spec.takes_instruction:
            raise InputError(
                "{label} takes no instruction: its files have neither a template nor prompts. Leave the option out.",
                label=self.spec.label,
            )
        self.pairs.room(asked.max_tokens)
        self.pairs.question(asked.query, asked.instruction)

    def score_all(self, asked: Sequence[Asked]) -> Generator[Batch, None, None]:
        """Yields the scores of all texts, batch by batch, longest first; closing the generator stops the work.

        Every text is in exactly one batch, beside texts of other queries if they are about as long. Scores do not
        depend on the other texts beyond rounding (1e-4). Places count the texts of all queries, one after another.

        Raises:
            InputError: as `check`, of any of them.
            ModelError: a score is not a finite number, or not even one pair fits into memory.
        """
        for each in asked:
            self.check(each)
        asked = [each for each in asked if each.texts]
        start = perf_counter()
        found: list[Tokens] = []
        for each in asked:
            parts: list[Tokens] = []
            for chunk in _chunks(each.texts, TOKENISE_CHARS):
                if parts:
                    yield _nothing(perf_counter() - start, self.device)
                    start = perf_counter()
                parts.append(self.pairs.encode(self.pairs.passages(chunk)))
            found.append(Tokens.joined(parts))
        if not found:
            return
        run = _Run(self, asked, found)
        tokenise_seconds = perf_counter() - start
        try:
            while not run.done():
                yield run.step(tokenise_seconds)
                tokenise_seconds = 0.0
        finally:
            run.cancel()

    def submit(self, inputs: Inputs) -> Future[FloatArray]:
        """The logits of a batch, to come; batches are computed in the order in which they are handed in."""
        return self._lanes.submit(self.network.logits, inputs)


@dataclass(frozen=True, slots=True, eq=False)
class _Ahead:
    """A batch that was handed in: which windows, and what the network takes of them."""

    rows: IntArray
    inputs: Inputs
    logits: Future[FloatArray]


class _Run:
    """The windows of one or more queries: those pending, those handed in, and the best of each passage.

    One batch more is handed in than the network has lanes, so that no lane waits for Python; and no more than that, so
    that what another visitor hands in comes next.
    """

    def __init__(self, model: LoadedCrossEncoder, asked: Sequence[Asked], found: Sequence[Tokens]) -> None:
        pairs = model.pairs
        queries = pairs.encode([pairs.question(each.query, each.instruction) for each in asked])
        read = [
            pairs.windows(query, passages, pairs.room(each.max_tokens), each.windows)
            for each, query, passages in zip(asked, queries, found, strict=True)
        ]
        texts = [text for each in asked for text in each.texts]
        self._model, self._queries, self._texts, self._passages = model, queries, texts, Tokens.joined(found)
        self._windows = windows = Windows.joined(read, list(map(len, found)))
        self._lengths = model.pairs.lengths(windows)
        self._pending = self._by_length(np.arange(len(windows)))
        self._ahead: deque[_Ahead] = deque()
        self._budget = _even_budget(int(self._lengths.sum()), model.batch_tokens, model.network.lanes)
        self._counts = np.bincount(windows.passages, minlength=len(texts))
        self._left = self._counts.copy()
        self._best_scores = np.full(len(texts), -np.inf, np.float32)
        self._best_windows = np.full(len(texts), -1, np.int64)

    def done(self) -> bool:
        """Whether every window has its score."""
        return not self._pending.size and not self._ahead

    def step(self, tokenise_seconds: float) -> Batch:
        """The next batch, when it is computed; `tokenise_seconds` were spent before it."""
        start = perf_counter()
        while True:
            self._hand_in()
            batch = self._ahead.popleft()
            try:
                scores = read_scores(batch.logits.result())
            except MemoryShortError as error:
                self._shrink(batch, error)
                continue
            except (RuntimeError, IndexError, ValueError) as error:
                raise self._not_computed(error) from error
            done = self._take(batch.rows, scores)
            return Batch(
                indices=done,
                scores=self._best_scores[done],
                extents=self._extents(done),
                tokenise_seconds=tokenise_seconds,
                model_seconds=perf_counter() - start,
                tokens=int(self._lengths[batch.rows].sum()),
                device=self._model.device,
            )

    def cancel(self) -> list[_Ahead]:
        """Takes back the batches that no lane has begun with."""
        taken = [batch for batch in self._ahead if batch.logits.cancel()]
        self._ahead = deque(batch for batch in self._ahead if not batch.logits.cancelled())
        return taken

    def _hand_in(self) -> None:
        while self._pending.size and len(self._ahead) <= self._model.network.lanes:
            rows = self._next()
            windows = self._windows[rows]
            inputs = self._model.pairs.inputs(self._queries, self._passages, windows)
            inputs["shared"] = np.array(self._model.pairs.shared(windows))
            self._ahead.append(_Ahead(rows, inputs, self._model.submit(inputs)))

    def _next(self) -> IntArray:
        """Takes as many of the longest pending windows as the budget holds, but at least one."""
        longest = int(self._lengths[self._pending[-1]])
        count = max(1, min(self._budget, self._model.batch_tokens) // longest)
        self._pending, rows = self._pending[:-count], self._pending[-count:]
        return rows

    def _by_length(self, rows: IntArray) -> IntArray:
        """The windows, the longest last."""
        return rows[self._lengths[rows].argsort(kind="stable")]

    def _shrink(self, batch: _Ahead, error: MemoryShortError) -> None:
        """Halves the budget after a batch that did not fit, and makes it pending again with those not begun.

        Raises:
            ModelError: the batch had one row only.
        """
        tokens = batch.inputs["input_ids"].size
        if len(batch.rows) == 1:
            raise ModelError(
                "{label} needs more memory for one pair of {tokens} tokens than {device} has free. Choose a "
                "smaller model, or free some memory.",
                label=self._model.spec.label,
                tokens=tokens,
                device=self._model.device,
            ) from error
        self._model.batch_tokens = max(1, min(self._model.batch_tokens, tokens // 2))
        back = [each.rows for each in (batch, *self.cancel())]
        self._pending = self._by_length(np.concatenate([self._pending, *back]))

    def _take(self, rows: IntArray, scores: FloatArray) -> IntArray:
        """Notes the windows' scores and returns the passages whose last window this was.

        Raises:
            ModelError: a score is not a finite number.
        """
        passages = self._windows.passages[rows]
        wrong = np.flatnonzero(~np.isfinite(scores))
        if wrong.size:
            raise self._no_number(int(passages[wrong[0]]), float(scores[wrong[0]]))
        upwards = scores.argsort(kind="stable")  # of a passage's windows in this batch the highest is noted last
        better = upwards[scores[upwards] > self._best_scores[passages[upwards]]]
        self._best_scores[passages[better]] = scores[better]
        self._best_windows[passages[better]] = rows[better]
        np.subtract.at(self._left, passages, 1)
        met = np.unique(passages)
        done: IntArray = met[self._left[met] == 0]
        return done

    def _extents(self, indices: IntArray) -> tuple[Extent, ...]:
        """What was read of these passages in their best windows."""
        windows = self._windows[self._best_windows[indices]]
        return self._model.pairs.extents(self._queries, self._passages, self._texts, windows, self._counts[indices])

    def _not_computed(self, error: Exception) -> ModelError:
        log.exception("%s could not be computed", self._model.spec.key, exc_info=error)
        return ModelError(
            "{label} could not be computed ({reason}). Its files may not belong together: download it again, or choose "
            "another model.",
            label=self._model.spec.label,
            reason=f"{type(error).__name__}: {error}"[:200],
        )

    def _no_number(self, text_index: int, score: float) -> ModelError:
        label, precision = self._model.spec.label, self._model.precision
        text = " ".join(self._texts[text_index].split())[:40]
        return ModelError(
            "{label} gave {score} for passage {place} of {texts} (“{text}”) in {precision}. Choose fp32, or leave "
            "that passage out.",
            label=label,
            score=score,
            place=text_index + 1,
            texts=len(self._texts),
            text=text,
            precision=precision,
        )


def read_scores(logits: FloatArray) -> FloatArray:
    """float32 (rows,): the only logit, or logit 1 − logit 0."""
    scores: FloatArray = logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]
    return scores


def _even_budget(tokens: int, most: int, lanes: int) -> int:
    """Tokens of a batch, at most `most`, so that every lane has about as many of all `tokens` to read."""
    batches = lanes * max(1, ceil(tokens / (lanes * most)))
    return min(most, ceil(tokens / batches))


def _chunks(texts: Sequence[str], chars: int) -> Iterator[Sequence[str]]:
    """The texts in stretches of about so many characters."""
    begin = size = 0
    for text_index, text in enumerate(texts):
        size += len(text)
        if size >= chars:
            yield texts[begin : text_index + 1]
            begin, size = text_index + 1, 0
    if begin < len(texts):
        yield texts[begin:]


def _nothing(tokenise_seconds: float, device: str) -> Batch:
    """A batch that completed no text."""
    return Batch(np.zeros(0, np.int64), np.zeros(0, np.float32), (), tokenise_seconds, 0.0, 0, device)
