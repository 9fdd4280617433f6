"""A cross-encoder reads query and passage together and gives one score to the pair, so every pair costs a forward pass.

Pairs are sorted by length and batched by tokens, so that little is spent on padding. Scores are raw logits in fp32;
of two outputs the score is logit 1 − logit 0, which has the order of softmax without its saturation (Nogueira, Cho
2019, arXiv:1901.04085). A passage too long for the model may be read in overlapping windows, the best of which counts
(MaxP: Dai, Callan 2019, doi:10.1145/3331184.3331303).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from time import perf_counter
from typing import Protocol

import numpy as np
import numpy.typing as npt

from demo.errors import ModelError
from demo.rankers.cross_encoder_pairs import Ids, PairTokenizer, Window
from demo.records import Extent, FloatArray, IntArray, ModelSpec

TOKENISE_CHARS = 500_000
"""Characters that are cut into tokens between two chances to stop: a tenth of a second or so."""

GPU_BUDGET = 16
"""How many times the CPU's token budget a GPU takes in one batch."""


class MemoryShortError(Exception):
    """A batch did not fit into memory."""


class Network(Protocol):
    """Turns pairs into logits."""

    @property
    def device(self) -> str: ...
    @property
    def on_gpu(self) -> bool: ...
    @property
    def precision(self) -> str: ...
    @property
    def bytes(self) -> int: ...

    def logits(self, inputs: Mapping[str, npt.NDArray[np.int64]]) -> FloatArray:
        """float32 (rows, labels); raises MemoryShortError."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Scores of some of the texts, as one forward pass completed them; there may be none.

    Attributes:
        indices: int64 (m,), places among the texts that were given.
        scores: float32 (m,); extents: m, what was read of each.
        tokens: tokens that the model read in this pass, padding apart.
    """

    indices: IntArray
    scores: FloatArray
    extents: tuple[Extent, ...]
    tokenise_seconds: float
    model_seconds: float
    tokens: int


@dataclass(slots=True)
class _Best:
    """A passage's windows: how many there are, how many are left, and the best so far."""

    windows: int = 0
    left: int = 0
    score: float = -np.inf
    window: Window | None = None

    def take(self, score: float, window: Window) -> None:
        self.left -= 1
        if self.window is None or score > self.score:
            self.score, self.window = score, window


@dataclass(slots=True)
class CrossEncoder:
    """A loaded model. Safe to use from several threads: they take turns, batch by batch.

    Attributes:
        fingerprint: what changes whenever the weights do.
        batch_tokens: tokens in one batch, padding included; halves itself when memory is short.
    """

    spec: ModelSpec
    pairs: PairTokenizer
    network: Network
    fingerprint: str
    batch_tokens: int
    load_seconds: float = 0.0
    _turn: Lock = field(default_factory=Lock)

    @property
    def device(self) -> str:
        """ "cpu", or the GPU with its name."""
        return self.network.device

    @property
    def precision(self) -> str:
        """ "fp32", "bf16" or "fp16"."""
        return self.network.precision

    @property
    def bytes(self) -> int:
        """Memory that the weights take."""
        return self.network.bytes

    def score(
        self, query: str, texts: Sequence[str], windows: bool = False, max_tokens: int = 0
    ) -> Generator[Batch, None, None]:
        """Yields the scores of all texts, batch by batch, longest first; closing the generator stops the work.

        Every text is in exactly one batch. Scores do not depend on the other texts beyond rounding (1e-4).

        Args:
            windows: read passages that are too long in overlapping windows, the best of which counts.
            max_tokens: longest pair, special tokens included; 0, or more than the model reads, is what it reads.

        Raises:
            InputError: `max_tokens` leaves no room for a query and a passage.
            ModelError: a score is not a finite number, or not even one pair fits into memory.
        """
        self.pairs.room(max_tokens)
        passages: list[Ids] = []
        start = perf_counter()
        for chunk in _chunks(texts, TOKENISE_CHARS):
            passages += self.pairs.encode(chunk)
            if len(passages) < len(texts):
                yield _nothing(perf_counter() - start)
                start = perf_counter()
        run = _Run(self, query, texts, passages, windows, max_tokens)
        tokenise_seconds = perf_counter() - start
        while run.pending:
            batch = run.step(tokenise_seconds)
            tokenise_seconds = 0.0
            yield batch

    def logits(self, inputs: Mapping[str, npt.NDArray[np.int64]]) -> FloatArray:
        """One forward pass: float32 (rows, labels)."""
        with self._turn:
            return self.network.logits(inputs)


class _Run:
    """One query's windows, those left to score and the best of each passage."""

    def __init__(
        self,
        model: CrossEncoder,
        query: str,
        texts: Sequence[str],
        passages: Sequence[Ids],
        overlapping: bool,
        max_tokens: int,
    ) -> None:
        self._model, self._texts, self._passages = model, texts, passages
        self._query = model.pairs.encode([query])[0]
        rows = model.pairs.windows(self._query, passages, overlapping, max_tokens)
        self.pending = sorted(rows, key=lambda row: row.tokens, reverse=True)
        self._best = [_Best() for _ in texts]
        for row in rows:
            self._best[row.passage].windows += 1
            self._best[row.passage].left += 1

    def step(self, tokenise_seconds: float) -> Batch:
        """Scores the next batch; `tokenise_seconds` were spent before it."""
        while True:
            start = perf_counter()
            rows = self._next()
            inputs = self._model.pairs.inputs(self._query, self._passages, rows)
            built = perf_counter()
            try:
                logits = self._model.logits(inputs)
            except MemoryShortError as error:
                self._shrink(len(rows), inputs["input_ids"].size, error)
                continue
            model_seconds = perf_counter() - built
            del self.pending[: len(rows)]
            done = self._take(rows, read_scores(logits))
            return Batch(
                indices=np.array(done, np.int64),
                scores=np.array([self._best[place].score for place in done], np.float32),
                extents=tuple(map(self._extent, done)),
                tokenise_seconds=tokenise_seconds + built - start,
                model_seconds=model_seconds,
                tokens=int(inputs["attention_mask"].sum()),
            )

    def _next(self) -> list[Window]:
        """As many of the longest pending windows as the budget holds, but at least one."""
        longest = self._model.pairs.length(self.pending[0])
        return self.pending[: max(1, self._model.batch_tokens // longest)]

    def _shrink(self, rows: int, tokens: int, error: MemoryShortError) -> None:
        """Halves the budget after a batch that did not fit.

        Raises:
            ModelError: the batch had one row only.
        """
        if rows == 1:
            raise ModelError(
                f"{self._model.spec.label} needs more memory for one pair of {tokens} tokens than "
                f"{self._model.device} has free. Choose a smaller model, or free some memory.",
                f"{self._model.spec.label} 处理一个 {tokens} 个 token 的文本对所需的内存超过 {self._model.device} 的"
                "可用内存。请选择更小的模型，或释放一些内存。",
            ) from error
        self._model.batch_tokens = max(1, tokens // 2)

    def _take(self, rows: Sequence[Window], scores: FloatArray) -> list[int]:
        """Notes the windows' scores and returns the passages whose last window this was.

        Raises:
            ModelError: a score is not a finite number.
        """
        done = []
        for row, score in zip(rows, scores.tolist(), strict=True):
            if not np.isfinite(score):
                raise self._no_number(row.passage, score)
            best = self._best[row.passage]
            best.take(score, row)
            if best.left == 0:
                done.append(row.passage)
        return done

    def _extent(self, place: int) -> Extent:
        best = self._best[place]
        assert best.window is not None
        return self._model.pairs.extent(
            self._query, self._passages[place], self._texts[place], best.window, best.windows
        )

    def _no_number(self, place: int, score: float) -> ModelError:
        label, precision = self._model.spec.label, self._model.precision
        text = " ".join(self._texts[place].split())[:40]
        return ModelError(
            f"{label} gave {score} for passage {place + 1} of {len(self._texts)} (“{text}”) in {precision}. Choose "
            "fp32, or leave that passage out.",
            f"{label} 在 {precision} 下为第 {place + 1} 个段落（共 {len(self._texts)} 个，“{text}”）给出了 {score}。"
            "请选择 fp32，或去掉该段落。",
        )


def read_scores(logits: FloatArray) -> FloatArray:
    """float32 (rows,): the only logit, or logit 1 − logit 0."""
    scores: FloatArray = logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]
    return scores


def _chunks(texts: Sequence[str], chars: int) -> Iterator[Sequence[str]]:
    """The texts in stretches of about so many characters."""
    begin = size = 0
    for place, text in enumerate(texts):
        size += len(text)
        if size >= chars:
            yield texts[begin : place + 1]
            begin, size = place + 1, 0
    if begin < len(texts):
        yield texts[begin:]


def _nothing(tokenise_seconds: float) -> Batch:
    """A batch that completed no text."""
    return Batch(np.zeros(0, np.int64), np.zeros(0, np.float32), (), tokenise_seconds, 0.0, 0)
