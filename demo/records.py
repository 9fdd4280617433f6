"""The nouns of the field, frozen, and what they mean here.

- A **first stage** makes **candidates** from the whole collection; it is a ranker that can rank the whole collection. A
  **reranker** reorders candidates and never adds any. Term statistics come from the collection, never from the
  candidates.
- A ranker returns **scores only**, float32, in the order of its input, and says which passages it **found**: BM25 has
  not ranked a passage without any word of the query. `Ranking.from_scores` alone sorts, refuses NaN, and gives ranks.
- **Ranks** start at 1 and are competition ranks: tied passages share the best of their places, and the next one counts
  all of them (1, 2, 2, 4). Passages that were not found are one group without a rank of its own, below all others.
- **Order inside a tie means nothing.** Where one is needed, it is that of the candidates, and candidates that tie in
  the first stage stand in the order of their texts, whatever the order of the list they came in.
- Every score carries its **kind**. Two kinds never share an axis, a colour scale or a sum.
- Cross-encoders give **raw logits in fp32**; two-label models give `logit[1] − logit[0]`. Sigmoid is for display.
- **Unjudged is not 0**: a passage without a judgment has grade `None`.
- **Truncation is visible**: an `Extent` says which part of a passage the model read.
- **Identity is an id** (`doc_id`, `query_id`, `key`), never text, label or position.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from sys import getsizeof
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from demo.errors import ModelError
from demo.messages import NOTHING, Language, Message
from demo.score_kinds import ScoreKind

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that can be ranked. `doc_id` is unique within its collection; `fields` is what else was said of it."""

    doc_id: str
    text: str
    title: str = ""
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def content(self) -> str:
        """What every ranker reads: title, a space, text (the BEIR convention), or the text alone."""
        return f"{self.title} {self.text}" if self.title else self.text


@dataclass(frozen=True, slots=True)
class Query:
    """A question or a handful of words; `query_id` is unique within its collection.

    `fields` is what else was said of it; two queries are the same by id and text.
    """

    query_id: str
    text: str
    fields: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Card:
    """What a collection says of itself."""

    title: Message
    description: Message
    language: Language = "en"
    licence: str = ""
    source: str = ""
    grades: Mapping[int, Message] = field(default_factory=dict)
    """The meaning of each relevance grade, 0 upwards."""


@runtime_checkable
class OnDisk(Protocol):
    """Passages that are read from disk one by one, where a collection is too large for memory."""

    @property
    def folder(self) -> str:
        """Where they lie, and where what is made of them can lie; it goes with them."""

    def indices_of(self, doc_ids: Iterable[str]) -> dict[str, int]:
        """doc_id → index, of those that are there."""


@dataclass(frozen=True, eq=False)
class Collection:
    """Passages, perhaps with queries, judgments and scores that an engine gave them.

    `eq=False`: two collections are the same only if they are the same object, so a collection can be a cache key.

    Attributes:
        passages: a tuple, or `OnDisk`.
    """

    key: str
    card: Card
    passages: Sequence[Passage]
    queries: tuple[Query, ...] = ()
    qrels: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """query_id → doc_id → grade. A pair that is not there is unjudged."""
    engine_scores: Mapping[str, float] | None = None
    """doc_id → the score of the engine that the passages were copied from; None where no engine gave any."""

    @property
    def is_judged(self) -> bool:
        """Whether there is any judgment."""
        return any(self.qrels.values())

    @cached_property
    def text_order(self) -> IntArray:
        """int64 (n,), each passage's place among all by title and text, then id: an order that no list decides."""
        keys = [(passage.content, passage.doc_id) for passage in self.passages]
        positions = np.empty(len(keys), dtype=np.int64)
        positions[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
        return positions

    def text_order_of(self, indices: IntArray) -> IntArray:
        """int64 (m,), what sorts the passages at these indices as `text_order` does; no others are read from disk."""
        if self.on_disk is None:
            return self.text_order[indices]
        part = Collection(self.key, self.card, [self.passages[index] for index in indices.tolist()])
        return part.text_order

    @property
    def on_disk(self) -> OnDisk | None:
        """Its passages, if they lie on disk."""
        return self.passages if isinstance(self.passages, OnDisk) else None

    def indices_of(self, doc_ids: Iterable[str]) -> dict[str, int]:
        """doc_id → index in `passages`, of those that are there."""
        if self.on_disk is not None:
            return self.on_disk.indices_of(doc_ids)
        return {doc_id: self._indices[doc_id] for doc_id in doc_ids if doc_id in self._indices}

    @cached_property
    def digest(self) -> str:
        """What changes whenever a passage or a query does, though not with judgments: they change no score."""
        digest = hashlib.sha256()
        for passage in self.passages:
            digest.update(json.dumps([passage.doc_id, passage.title, passage.text]).encode())
        for query in self.queries:
            digest.update(json.dumps([query.query_id, query.text]).encode())
        return digest.hexdigest()[:32]

    @cached_property
    def memory_bytes(self) -> int:
        """Memory of the passages' texts, about; nothing where they lie on disk."""
        if self.on_disk is not None:
            return 0
        rows = ((each.doc_id, each.title, each.text, *each.fields.values()) for each in self.passages)
        return sum(getsizeof(text) for row in rows for text in row)

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {passage.doc_id: index for index, passage in enumerate(self.passages)}


class Extent(NamedTuple):
    """What a model read of one passage.

    Attributes:
        pair_tokens: length of the whole pair in tokens, special tokens included, had nothing been cut.
        read_tokens: tokens of the pair that the model read in the window that gave the score; ≤ its maximum length.
        start_char, end_char: the part of `Passage.content` that it read, end exclusive.
        windows: number of windows that were scored; 1 without windowing.
    """

    pair_tokens: int
    read_tokens: int
    start_char: int
    end_char: int
    windows: int = 1

    @property
    def truncated(self) -> bool:
        """Whether some of the passage was read in no window."""
        return self.windows == 1 and self.read_tokens < self.pair_tokens


@dataclass(frozen=True, slots=True)
class Pace:
    """How long computing so many pairs took: seconds of tokenising and model together, above 0."""

    pairs: int
    seconds: float

    @property
    def pairs_per_second(self) -> float:
        """Pairs a second."""
        return self.pairs / self.seconds


@dataclass(frozen=True, slots=True)
class Cost:
    """What scoring took. Seconds are wall-clock; pairs are (query, passage) pairs.

    Attributes:
        pairs: pairs whose score was asked for.
        kept_pairs: of these, pairs whose score was known already and was not computed again.
        index_seconds: building the term index (BM25; 0 when it was kept from before).
        tokenise_seconds, model_seconds: the two parts of scoring; load_seconds stands apart from both.
        device: "cpu", "cuda:0 NVIDIA H100"…; precision: "fp32", "bf16"…; both empty where they do not apply.
        emulated: whether the device has no instructions for the precision, so that it was slower than fp32.
        model_bytes: memory that the model's weights take; 0 where it is not loaded.
        usd: what a server beyond this machine bills for it, in US dollars, where its owner states a price; else 0.
        kept_usd: the same of the kept pairs, when their scores were computed.
        earlier: what an earlier run of the same ranker on this machine took that computed more pairs; None: none did.
    """

    pairs: int = 0
    kept_pairs: int = 0
    index_seconds: float = 0.0
    tokenise_seconds: float = 0.0
    model_seconds: float = 0.0
    load_seconds: float = 0.0
    tokens: int = 0
    device: str = ""
    precision: str = ""
    emulated: bool = False
    model_bytes: int = 0
    usd: float = 0.0
    kept_usd: float = 0.0
    earlier: Pace | None = None

    @property
    def seconds(self) -> float:
        """Index, tokenising and model together, loading apart."""
        return self.index_seconds + self.tokenise_seconds + self.model_seconds

    @property
    def own_pace(self) -> Pace | None:
        """Of this run; None when nothing was computed."""
        computed = self.pairs - self.kept_pairs
        spent = self.tokenise_seconds + self.model_seconds
        return Pace(computed, spent) if computed and spent > 0 else None

    @property
    def pace(self) -> Pace | None:
        """Of the run that computed most pairs, this one or an earlier one; None when nothing ever was computed."""
        return self.earlier or self.own_pace


@dataclass(frozen=True, slots=True)
class RankerSpec:
    """Who gives scores.

    Attributes:
        key: its id, which is also how it is written; label: a name for people.
        model: for a cross-encoder, how it is used.
        ranks_collection: whether it can rank a whole collection at once, and so be a first stage.
        sends_texts: whether the passages leave this machine for their scores, wherever models run.
        came_along: whether its scores came with the passages or in a file, so that nobody can be asked for them again.
    """

    key: str
    label: str
    kind: ScoreKind
    model: ModelUse | None = None
    ranks_collection: bool = False
    sends_texts: bool = False
    came_along: bool = False


@dataclass(frozen=True, eq=False)
class Ranking:
    """Scores of n candidates and the order they make.

    Attributes:
        scores: float32 (n,), in candidate order.
        found: bool (n,), whether the ranker ranked the candidate at all.
        order: int64 (n,), candidate indices, best first, ties in candidate order, those not found last.
        ranks: int64 (n,), the competition rank of each candidate, from 1; one below the last rank for those not found.
        extents: what the ranker read of each candidate; empty for rankers that read everything.
        warnings: what must be said about these scores.
    """

    ranker: RankerSpec
    scores: FloatArray
    found: BoolArray
    order: IntArray
    ranks: IntArray
    cost: Cost = Cost()
    extents: tuple[Extent, ...] = ()
    warnings: tuple[Message, ...] = ()

    @classmethod
    def from_scores(
        cls,
        ranker: RankerSpec,
        scores: npt.ArrayLike,
        cost: Cost = Cost(),
        extents: tuple[Extent, ...] = (),
        found: npt.ArrayLike | None = None,
        warnings: tuple[Message, ...] = (),
    ) -> Ranking:
        """The ranking that the scores make: highest first.

        Args:
            found: which candidates the ranker ranked; None: all.

        Raises:
            ModelError: a score is not a number; the sentence names the first such candidate by its place.
        """
        values = np.asarray(scores, dtype=np.float32)
        bad = np.flatnonzero(np.isnan(values))
        if bad.size:
            raise ModelError(
                "{label} gave no number for candidate {place} of {size}. Leave that passage out, or choose another "
                "model or precision.",
                label=ranker.label,
                place=int(bad[0]) + 1,
                size=values.size,
            )
        known = np.ones(values.size, dtype=np.bool_) if found is None else np.asarray(found, dtype=np.bool_)
        keys = (~known, np.where(known, -values, 0))
        order = np.lexsort(keys[::-1]).astype(np.int64)
        return cls(ranker, values, known, order, competition_ranks(order, *keys), cost, extents, warnings)

    def of(self, indices: IntArray) -> Ranking:
        """The ranking of these candidates alone, by the scores they have; `indices` is int64 (m,)."""
        extents = tuple(self.extents[index] for index in indices.tolist()) if self.extents else ()
        return Ranking.from_scores(
            self.ranker, self.scores[indices], self.cost, extents, self.found[indices], self.warnings
        )

    def rank(self, index: int) -> int | None:
        """The candidate's rank; None where it was not found."""
        return int(self.ranks[index]) if self.found[index] else None

    def top(self, k: int) -> IntArray:
        """int64 (≤ k,), the best k candidates that were found, best first."""
        return self.order[: min(k, int(self.found.sum()))]


def competition_ranks(order: IntArray, *keys: npt.NDArray[Any]) -> IntArray:
    """int64 (n,), the competition rank of each candidate: those with equal keys share the best of their places.

    Args:
        order: candidate indices, best first.
        keys: what the order sorts by, each (n,).
    """
    ranks = np.empty(order.size, dtype=np.int64)
    if order.size:
        differs = np.any([key[order][1:] != key[order][:-1] for key in keys], axis=0)
        starts = np.concatenate([[0], np.where(differs, np.arange(1, order.size), 0)])
        ranks[order] = np.maximum.accumulate(starts) + 1
    return ranks


class ScoreReading(Enum):
    """How a checkpoint's output becomes one score per pair."""

    SINGLE = "logit[0]"
    DIFFERENCE = "logit[1] − logit[0]"
    ANSWER = "logit of the word for yes, less that of the word for no if it has one"


class Head(Enum):
    """Which module reads the encoder's [CLS] vector."""

    CHECKPOINT = "as in the checkpoint"
    LINEAR = "dropout and one linear layer on [CLS]"
    BERT_CAT = "DistilBERT and one linear layer on [CLS]"


@dataclass(frozen=True, slots=True)
class Published:
    """A row of the published MS MARCO table: NDCG@10 on TREC DL 2019, MRR@10 on dev, documents a second on a V100."""

    ndcg_at_10: float
    mrr_at_10: float
    docs_per_second: int


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One cross-encoder: where it is, how its score is read, and what is known of it.

    Attributes:
        key: canonical id: a hub id, "bundled/<name>", or a local folder's path.
        aliases: other ids of the same weights.
        labels: outputs of the classification head, 1 or 2.
        tokenizer: id to take the tokenizer from when the checkpoint's own must not be used; None: the checkpoint's.
        lower_case: what the checkpoint's vocabulary expects; None leaves it to the tokenizer's files.
        max_tokens: longest pair that it reads by default, special tokens included; limit_tokens: the longest that it
            can read; 0 where they are not known before its files are here.
        prompt: the instruction or prompt that its files set, used by default.
        takes_instruction: whether another one may be used instead.
        cautions: what its files say that makes its scores doubtful.
        architecture: the transformers class; "" where its files say it, those of other rows being of no help.
        layers, width: of the encoder; 0 where they are not known before loading.
        parameters: number of weights, or 0 where it is not known before loading.
        weights_bytes: size of the download, or 0 where it is not known.
        sbert_activation: what sentence-transformers' CrossEncoder applies by default.
        notes: what is particular about it, and how that is known.
    """

    key: str
    label: str
    architecture: str = ""
    layers: int = 0
    width: int = 0
    labels: int = 1
    head: Head = Head.CHECKPOINT
    aliases: tuple[str, ...] = ()
    tokenizer: str | None = None
    lower_case: bool | None = None
    max_tokens: int = 512
    limit_tokens: int = 0
    prompt: str = ""
    takes_instruction: bool = False
    cautions: tuple[Message, ...] = ()
    parameters: int = 0
    weights_bytes: int = 0
    sbert_activation: str = "Identity"
    language: str = "English"
    licence: str = ""
    published: Published | None = None
    notes: Message = NOTHING

    @property
    def reading(self) -> ScoreReading:
        """How its output becomes one score."""
        if self.architecture.endswith("ForCausalLM"):
            return ScoreReading.ANSWER
        return ScoreReading.SINGLE if self.labels == 1 else ScoreReading.DIFFERENCE


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A cross-encoder and how it was used.

    Attributes:
        revision: what changes whenever the weights do; "" where it is not known.
        max_tokens: longest pair that was read, special tokens included.
        windows: whether long passages were read in overlapping windows.
        backend: what computed the scores, "own forward" or "sentence-transformers"; "" where all were kept from before.
        instruction: what the model was told besides the query; "" for nothing.
    """

    spec: ModelSpec
    revision: str
    precision: str
    max_tokens: int
    windows: bool
    backend: str = ""
    instruction: str = ""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two rankings of the same candidates agree.

    Attributes:
        tau_b: Kendall's τ_b of the scores, −1…1; None where it is undefined (fewer than two candidates, or all tied).
        overlap: passages in both top k; k: that cutoff, min(10, n).
        rbo: extrapolated rank-biased overlap, 0…1; None for no candidates. rbo_p: its persistence.
    """

    tau_b: float | None
    overlap: int
    k: int
    rbo: float | None
    rbo_p: float


@dataclass(frozen=True, slots=True)
class TermWeight:
    """A term of a query, as it is counted and as it first stands in the query, and what it adds to a BM25 score."""

    term: str
    word: str
    value: float


@dataclass(frozen=True, slots=True)
class TermWeights:
    """A BM25 score taken apart: each different term of the query with what it adds; the sum is the score."""

    ranker: RankerSpec
    score: float
    weights: tuple[TermWeight, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """A stretch of a text, from character `start` to `end` (exclusive): the score less what it is without it."""

    start: int
    end: int
    value: float


@dataclass(frozen=True, slots=True)
class Occlusion:
    """A cross-encoder's score and what words of both texts do to it; disjoint, ascending effects, in the score's unit.

    Attributes:
        query, content: the texts that the effects point into.
        of_query, of_passage: one effect for each word, or for each few words of a long text; of the passage, as far as
            it was read; empty for a query of one word.
    """

    ranker: RankerSpec
    score: float
    query: str
    content: str
    of_query: tuple[Effect, ...]
    of_passage: tuple[Effect, ...]


Explanation = TermWeights | Occlusion


@dataclass(frozen=True, slots=True)
class Failure:
    """A ranker that gave no ranking, and why."""

    ranker: RankerSpec
    reason: Message


@dataclass(frozen=True, eq=False)
class Result:
    """Any number of rankings of one query's candidates, side by side.

    Attributes:
        collection: where the candidates were taken from; term statistics come from all of it.
        candidates: n passages in the first stage's order.
        first: the first stage's ranking of the candidates.
        columns: what became of each ranker that was asked for, in the order asked for; fewer while some still run.
        grades: relevance of each candidate to this query, None where unjudged.
        warnings: what the person should know before trusting the picture.
    """

    query: Query
    collection: Collection
    candidates: tuple[Passage, ...]
    first: Ranking
    columns: tuple[Ranking | Failure, ...]
    grades: tuple[int | None, ...]
    warnings: tuple[Message, ...] = ()

    @property
    def size(self) -> int:
        """Number of candidates."""
        return len(self.candidates)

    @property
    def rankings(self) -> tuple[Ranking, ...]:
        """The columns that are rankings, in their order."""
        return tuple(column for column in self.columns if isinstance(column, Ranking))

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The columns that are not."""
        return tuple(column for column in self.columns if isinstance(column, Failure))
