"""Cross-encoders at work: a model is loaded when a score is missing, and no score is computed twice."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from threading import Lock
from typing import Literal, Protocol

import numpy as np

from demo.errors import InputError
from demo.memory import Bounded
from demo.messages import Message, listed
from demo.phrases import shown
from demo.progress import Progress, as_steps
from demo.rankers.cross_encoder.kept_scores import Kept, KeptScores, pair_keys
from demo.rankers.cross_encoder.loaded_models import BEGINNINGS, TOKENS, Batch, LoadedModels, Scorer, Tell
from demo.rankers.text_form import check_length
from demo.records import Cost, Extent, FloatArray, ModelSpec, ModelUse, Pace
from demo.settings import Settings

PRECISIONS = ("fp32", "bf16", "fp16")

OPERATIONS_PER_SECOND = 2e10
"""Of a machine of which nothing is known: a slow one, so that waits turn out shorter than they were told."""

UNKNOWN_PARAMETERS = 100_000_000

USUAL_TOKENS = 512
"""What most models read."""

MEMORY_TOKENS = 50_000
"""So many tokens back count half."""

MOST_PACES = 1_000
"""Of models and ways to use them whose longest run is remembered."""

Where = Literal["bundled", "cached", "served", "download", "local", "unusable"]


class ModelSource(Protocol):
    """Where models come from; the module `rankers.loading` is one."""

    def default_model(self, settings: Settings) -> ModelSpec: ...
    def resolve(self, name: str, settings: Settings) -> ModelSpec: ...
    def fingerprint(self, spec: ModelSpec, settings: Settings) -> str | None: ...
    def available(self, settings: Settings) -> Sequence[tuple[ModelSpec, Where]]: ...
    def load_cross_encoder(self, spec: ModelSpec, settings: Settings, progress: Tell) -> Scorer: ...


@dataclass(frozen=True, slots=True)
class Use:
    """A model that exists, and how its scores are to be made."""

    spec: ModelSpec
    precision: str
    windows: bool
    max_tokens: int
    instruction: str = ""

    @property
    def reading(self) -> str:
        """What of a pair is read, and what the model is told, apart from its own habit; "" for that."""
        instruction = f"instruction={self.instruction}" if self.instruction else ""
        return " ".join(filter(None, ("windows" if self.windows else "", str(self.max_tokens or ""), instruction)))

    def model(self, spec: ModelSpec, revision: str = "", backend: str = "") -> ModelUse:
        """What is told of it; `spec` may say more than this one, once the model is loaded."""
        read, instruction = self.max_tokens or spec.max_tokens, self.instruction or spec.prompt
        return ModelUse(spec, revision, self.precision, read, self.windows, backend, instruction)


@dataclass(frozen=True, eq=False)
class Scored:
    """What a model made of some passages, in their order: scores float32 (n,), extents n."""

    scores: FloatArray
    extents: tuple[Extent, ...]
    cost: Cost
    model: ModelUse


class Scoring:
    """Scores pairs with any cross-encoder. Safe to use from several threads."""

    def __init__(self, settings: Settings, source: ModelSource) -> None:
        self._settings = settings
        self._source = source
        self.models_in_memory = LoadedModels(source.load_cross_encoder, settings)
        self._kept = KeptScores(settings.kept_scores)
        self._paces: Bounded[tuple[str, str, str], Pace] = Bounded(MOST_PACES, lambda key, pace: 1)
        self._speeds = Speeds()

    def keep(self, rows: Iterable[tuple[bytes, Kept]]) -> None:
        """Remembers scores that were computed elsewhere."""
        self._kept.keep(rows)

    def loaded(self) -> dict[tuple[str, str], int]:
        """Bytes of each loaded model's weights, by its key and precision."""
        return self.models_in_memory.sizes()

    @property
    def kept_bytes(self) -> Mapping[str, int]:
        """Memory of what is kept, about, by what it is: scores, and what loaded models keep."""
        sizes = {"scores": self._kept.memory_bytes, TOKENS: 0, BEGINNINGS: 0}
        for model in self.models_in_memory.loaded().values():
            sizes |= {what: sizes[what] + size for what, size in model.kept_bytes.items()}
        return sizes

    def warm_up(self, query: str, contents: list[str]) -> None:
        """Loads the default model, times it on these pairs even if their scores are kept, and waits for it.

        Raises:
            DemoError: whatever the loading or scoring met.
        """
        use = self.use()
        for _ in range(2):  # a model is slow the first time
            self.score(use, query, contents, anew=True).run()

    @property
    def usual_precision(self) -> str:
        """What models compute in unless asked otherwise."""
        return self._settings.precision

    def expected_seconds(self, use: Use, tokens: int) -> float:
        """What reading so many tokens is expected to take, by what it took before or by the model's size."""
        return tokens * self._speeds.seconds_per_token(use.spec, use.precision)

    def most_tokens(self, use: Use) -> int:
        """The longest pair that the model reads; what is usual where that is not known before it is loaded."""
        model = self.models_in_memory.loaded().get((use.spec.key, use.precision))
        return use.max_tokens or (use.spec if model is None else model.spec).max_tokens or USUAL_TOKENS

    def unscored(self, use: Use, query: str, contents: Sequence[str]) -> list[str]:
        """Those of the contents whose score is not kept."""
        rows = self._find(use, self._source.fingerprint(use.spec, self._settings), query, contents)
        return [content for content, row in zip(contents, rows, strict=True) if row is None]

    def models(self) -> Sequence[tuple[ModelSpec, Where]]:
        """Every model on offer, and where its weights are now."""
        return self._source.available(self._settings)

    def default_model(self) -> ModelSpec:
        """The model chosen at the start."""
        return self._source.default_model(self._settings)

    def use(
        self,
        model: str = "",
        precision: str = "",
        windows: bool = False,
        max_tokens: int = 0,
        instruction: str = "",
    ) -> Use:
        """The model of this name, used in this way; "" and 0 take what is usual.

        Raises:
            InputError: the model or the precision is unknown, or the instruction is too long.
        """
        check_length("instruction", instruction)
        precision = precision or self._settings.precision
        if precision not in PRECISIONS:
            raise InputError(
                "There is no precision “{precision}”. Choose one of {precisions}.",
                precision=shown(precision),
                precisions=listed(PRECISIONS),
            )
        spec = self._source.resolve(model or self.default_model().key, self._settings)
        return Use(spec, precision, windows, max_tokens, instruction)

    def revision(self, use: Use) -> str:
        """What changes whenever the model's weights do; "" while they are not on this machine."""
        return self._source.fingerprint(use.spec, self._settings) or ""

    def fingerprint(self, use: Use) -> str:
        """What changes whenever the scores of this use may; loads the model where its weights are not here yet.

        Raises:
            DemoError: whatever the loading met.
        """
        weights = self._source.fingerprint(use.spec, self._settings)
        if weights is None:
            with self.models_in_memory.claim(use.spec, use.precision) as ticket:
                weights = ticket.loaded().fingerprint
        return " ".join(filter(None, (weights, use.precision, use.reading)))

    @as_steps
    def score(self, use: Use, query: str, contents: list[str], anew: bool = False) -> Generator[Progress, None, Scored]:
        """The model's scores of the contents. Those of a run that is closed half-way are kept.

        If all scores are kept, no model is loaded.

        Args:
            anew: compute every score even so.

        Raises:
            DemoError: the model cannot be loaded or gave no usable score.
        """
        fingerprint = self._source.fingerprint(use.spec, self._settings)
        rows = self._find(use, None if anew else fingerprint, query, contents)
        cost = Cost(pairs=len(contents), kept_pairs=len(contents))
        model: Scorer | None
        if None in rows:
            waited = not self.models_in_memory.has(use.spec, use.precision)
            with self.models_in_memory.claim(use.spec, use.precision) as ticket:
                while not ticket.ready():
                    yield Progress("loading", 0, 0, ticket.detail)
                model = ticket.loaded()
                while None in rows or model.fingerprint != fingerprint:
                    if model.fingerprint != fingerprint:  # scores of two sets of weights never share a ranking
                        fingerprint = model.fingerprint
                        rows = self._find(use, fingerprint, query, contents)
                    cost = yield from self._compute(use, model, query, contents, rows)
                self._speeds.note(use.spec, use.precision, cost.tokens, cost.tokenise_seconds + cost.model_seconds)
            cost = replace(cost, load_seconds=model.load_seconds if waited else 0.0)
        else:
            model = self.models_in_memory.loaded().get((use.spec.key, use.precision))
        spec, backend = use.spec, ""
        if model is not None and model.fingerprint == fingerprint:  # it gave the scores, now or earlier
            spec, backend = model.spec, model.backend
            cost = replace(cost, model_bytes=model.bytes, precision=model.precision, emulated=model.emulated)
        known = [row for row in rows if row is not None]
        scores = np.array([row.score for row in known], dtype=np.float32)
        cost = self._beside_earlier(use, fingerprint or "", cost)
        return Scored(scores, tuple(row.extent for row in known), cost, use.model(spec, fingerprint or "", backend))

    def _beside_earlier(self, use: Use, fingerprint: str, cost: Cost) -> Cost:
        """The cost with the earlier run of the same weights, used alike, that computed more pairs, if one did."""
        key = (fingerprint, use.precision, use.reading)
        own, (most,) = cost.own_pace, self._paces.find([key])
        if own is not None and (most is None or own.pairs >= most.pairs):
            self._paces.keep([(key, own)])
            most = None
        return replace(cost, earlier=most)

    def _find(self, use: Use, fingerprint: str | None, query: str, contents: Sequence[str]) -> list[Kept | None]:
        """The kept score of each text; None for all while the weights are not on this machine."""
        if fingerprint is None:
            return [None] * len(contents)
        return self._kept.find(pair_keys(fingerprint, use.precision, use.reading, query, contents))

    def _compute(
        self, use: Use, model: Scorer, query: str, contents: list[str], rows: list[Kept | None]
    ) -> Generator[Progress, None, Cost]:
        """Fills the missing rows, keeps their scores, and returns what it took; yields its progress."""
        missing = [index for index, row in enumerate(rows) if row is None]
        texts = [contents[index] for index in missing]
        keys = pair_keys(model.fingerprint, use.precision, use.reading, query, texts)
        total, done, spent = len(contents), len(contents) - len(missing), _Spent()
        yield _scoring(done, total)
        with closing(model.score(query, texts, use.windows, use.max_tokens, use.instruction)) as batches:
            for batch in batches:
                indices = batch.indices.tolist()
                fresh = [
                    Kept(score, extent) for score, extent in zip(batch.scores.tolist(), batch.extents, strict=True)
                ]
                for index, row in zip(indices, fresh, strict=True):
                    rows[missing[index]] = row
                self._kept.keep((keys[index], row) for index, row in zip(indices, fresh, strict=True))
                spent.add(batch)
                done += len(fresh)
                yield _scoring(done, total)
        return Cost(
            pairs=total,
            kept_pairs=total - len(missing),
            tokenise_seconds=spent.tokenise_seconds,
            model_seconds=spent.model_seconds,
            tokens=spent.tokens,
            device=spent.device,
        )


@dataclass(slots=True)
class _Spent:
    """What the batches of one run took together."""

    tokenise_seconds: float = 0.0
    model_seconds: float = 0.0
    tokens: int = 0
    device: str = ""

    def add(self, batch: Batch) -> None:
        self.tokenise_seconds += batch.tokenise_seconds
        self.model_seconds += batch.model_seconds
        self.tokens += batch.tokens
        self.device = batch.device


def _scoring(done: int, total: int) -> Progress:
    return Progress("scoring", done, total, Message("Scored {done} of {total} passages", done=done, total=total))


class Speeds:
    """Tokens and seconds of each model and precision, older ones counting less; for expectations only.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._spent: dict[tuple[str, str], tuple[float, float]] = {}
        self._lock = Lock()

    def note(self, spec: ModelSpec, precision: str, tokens: int, seconds: float) -> None:
        """Remembers how long reading so many tokens took."""
        if not tokens:
            return
        with self._lock:
            before, spent = self._spent.get((spec.key, precision), (0.0, 0.0))
            kept = 0.5 ** (tokens / MEMORY_TOKENS)
            self._spent[spec.key, precision] = (kept * before + tokens, kept * spent + seconds)

    def seconds_per_token(self, spec: ModelSpec, precision: str) -> float:
        """What a token of the model takes."""
        with self._lock:
            tokens, seconds = self._spent.get((spec.key, precision), (0.0, 0.0))
        return seconds / tokens if tokens else 2 * _weights_used(spec) / OPERATIONS_PER_SECOND


def _weights_used(spec: ModelSpec) -> float:
    """Weights that a token is multiplied with: those of the layers where they are known, embeddings apart."""
    of_layers = 12 * spec.layers * spec.width**2
    return of_layers or spec.parameters or UNKNOWN_PARAMETERS
