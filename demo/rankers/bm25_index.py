"""BM25: a passage scores by the query's terms in it, rare terms more, repeats ever less, long passages a little less.

rank_bm25 is the authority for models, parameters and idf (Trotman, Puurula, Burgess 2014,
doi:10.1145/2682862.2682863). Its scores are computed here from postings, the passages of each term, because its own
loop visits every passage for every term: equal to 1e-9, and hundreds of times faster on 100,000 passages. Its Okapi
gives a term in half of the passages weight 0, which ruins short lists; so the default is its Okapi with Lucene's idf.
"""

from __future__ import annotations

import math
import sys
from array import array
from collections import Counter, defaultdict
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any
from weakref import ref

import numpy as np
import numpy.typing as npt
import rank_bm25

from demo.errors import InputError
from demo.memory import BoundedByOwner
from demo.messages import Message, listed
from demo.phrases import shown
from demo.progress import Progress, as_steps
from demo.records import Collection, Passage
from demo.text import Analysis, tokens

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


TERM_BYTES = 150
"""What a term takes as text and in a table, about."""

STRETCH_CHARS = 250_000
"""Characters that are counted between two chances to stop."""


@dataclass(frozen=True, slots=True)
class Postings:
    """Which passages hold each term, and how often.

    Attributes:
        vocabulary: term → its number t, in order of first occurrence.
        offsets: int64 (terms + 1,); the postings of term t are those from offsets[t] to offsets[t + 1].
        passages: int64, the passage of each posting, ascending within a term.
        frequencies: float64, how often the term occurs in that passage, ≥ 1.
        lengths: float64 (n,), terms in each passage, repeats included.
    """

    vocabulary: Mapping[str, int]
    offsets: Ints
    passages: Ints
    frequencies: Floats
    lengths: Floats

    @classmethod
    def count(cls, texts: Iterable[Sequence[str]]) -> Postings:
        """The postings of passages that were cut into terms already."""
        counting = _Counting()
        for terms in texts:
            counting.add(terms)
        return counting.postings()

    def of(self, term: str) -> slice:
        """Where the term's postings are; an empty slice for a term that no passage holds."""
        number = self.vocabulary.get(term)
        return slice(0, 0) if number is None else slice(int(self.offsets[number]), int(self.offsets[number + 1]))

    @property
    def memory_bytes(self) -> int:
        """Memory that they take, about: arrays, and TERM_BYTES for each term."""
        arrays = (self.offsets, self.passages, self.frequencies, self.lengths)
        return sum(part.nbytes for part in arrays) + TERM_BYTES * len(self.vocabulary)


class _Counting:
    """Postings on their way: the terms of the passages so far, one after another, each as its number."""

    def __init__(self) -> None:
        self._numbers: defaultdict[str, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__
        self._terms, self._lengths = array("q"), array("q")

    def add(self, terms: Sequence[str]) -> None:
        """Adds a passage."""
        self._terms.extend(map(self._numbers.__getitem__, terms))
        self._lengths.append(len(terms))

    def postings(self) -> Postings:
        """Those of all passages that were added."""
        terms, lengths = np.array(self._terms, np.int64), np.array(self._lengths, np.int64)
        pairs = terms * lengths.size + np.repeat(np.arange(lengths.size), lengths)
        pairs, frequencies = np.unique(pairs, return_counts=True)
        of_term, passages = np.divmod(pairs, max(lengths.size, 1))
        offsets = np.searchsorted(of_term, np.arange(len(self._numbers) + 1))
        return Postings(
            dict(self._numbers), offsets, passages, frequencies.astype(np.float64), lengths.astype(np.float64)
        )


@as_steps
def count_passages(
    passages: Sequence[Passage], analysis: Analysis
) -> Generator[Progress, None, tuple[Postings, float]]:
    """The postings of the passages' contents (title and text), and the seconds that they took, pauses apart.

    It can be stopped after every STRETCH_CHARS.
    """
    counting, chars, seconds, start = _Counting(), 0, 0.0, perf_counter()
    for passage_index, passage in enumerate(passages):
        if chars >= STRETCH_CHARS:
            seconds += perf_counter() - start
            total = len(passages)
            yield Progress("indexing", passage_index, total, Message("Indexing {total:,} passages", total=total))
            chars, start = 0, perf_counter()
        content = passage.content
        chars += len(content)
        counting.add(tokens(content, analysis))
    postings = counting.postings()
    return postings, seconds + perf_counter() - start


# ---- rank_bm25's models, fed with postings -------------------------------------------------------------------------


class _Counted:
    """Hands rank_bm25 what it would otherwise count from the passages by itself."""

    idf: dict[str, float]
    k1: float
    b: float

    def _initialize(self, postings: Postings) -> dict[str, int]:
        self.corpus_size = postings.lengths.size
        self.doc_len = postings.lengths
        self.avgdl = float(postings.lengths.mean())
        return dict(zip(postings.vocabulary, np.diff(postings.offsets).tolist(), strict=True))

    def _relative_lengths(self, lengths: Floats) -> Floats:
        """The length normalisation: 1 for a passage of average length, whatever b."""
        return 1 - self.b + self.b * lengths / self.avgdl

    def floor(self) -> float:
        """What a term of the collection adds, times its idf, to every passage, whether it holds the term or not."""
        return 0.0

    def weights(self, frequencies: Floats, lengths: Floats) -> Floats:
        """What a term adds, times its idf and over the floor, to passages that hold it `frequencies` ≥ 1 times."""
        return frequencies * (self.k1 + 1) / (frequencies + self.k1 * self._relative_lengths(lengths))


class _Okapi(_Counted, rank_bm25.BM25Okapi):  # type: ignore[misc]
    """rank_bm25's Okapi: idf ln((N − n + ½)/(n + ½)), negative ones replaced by ε times the mean idf."""


class _Lucene(_Okapi):
    """The same with Lucene's idf, which is above 0 for every term; ε plays no part."""

    def _calc_idf(self, passages_with: Mapping[str, int]) -> None:
        self.idf = {term: math.log(1 + (self.corpus_size - n + 0.5) / (n + 0.5)) for term, n in passages_with.items()}


class _L(_Counted, rank_bm25.BM25L):  # type: ignore[misc]
    """rank_bm25's BM25L, which multiplies by the term's frequency once more than the paper does."""

    delta: float

    def weights(self, frequencies: Floats, lengths: Floats) -> Floats:
        relative = frequencies / self._relative_lengths(lengths) + self.delta
        return frequencies * (self.k1 + 1) * relative / (self.k1 + relative)


class _Plus(_Counted, rank_bm25.BM25Plus):  # type: ignore[misc]
    """rank_bm25's BM25+, which adds δ · idf to every passage, also to those without the term."""

    delta: float

    def floor(self) -> float:
        """δ."""
        return self.delta


# ---- what can be chosen --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number of a variant: its field in Bm25Settings, its sign in formulas, default, least and greatest value."""

    name: str
    sign: str
    default: float
    least: float
    most: float
    meaning: Message


@dataclass(frozen=True, slots=True)
class Variant:
    """A form of BM25.

    Attributes:
        formula: the sum over the query's terms, repeats counted. N: passages; n: those with the term; f: how often
            this passage has it; L: this passage's length over the mean length, in terms.
        model: the class that takes postings and the parameters.
    """

    key: str
    label: Message
    formula: str
    parameters: tuple[Parameter, ...]
    model: type[Any]

    @property
    def defaults(self) -> dict[str, float]:
        """Parameter name → default."""
        return {parameter.name: parameter.default for parameter in self.parameters}


K1 = Parameter("k1", "k₁", 1.5, 0.0, 10.0, Message("how much repeats of a term add"))
B = Parameter("b", "b", 0.75, 0.0, 1.0, Message("how much long passages lose"))
EPSILON = Parameter("epsilon", "ε", 0.25, 0.0, 1.0, Message("weight of very frequent terms, × mean idf"))
DELTA_L = Parameter("delta", "δ", 0.5, 0.0, 10.0, Message("added to the normalised frequency"))
DELTA_PLUS = Parameter("delta", "δ", 1.0, 0.0, 10.0, Message("added for every term"))

VARIANTS = (
    Variant(
        "lucene",
        Message("Lucene idf"),
        "Σ ln(1 + (N − n + ½) / (n + ½)) · f (k₁ + 1) / (f + k₁ (1 − b + b L))",
        (K1, B),
        _Lucene,
    ),
    Variant(
        "okapi",
        Message("Okapi"),
        "Σ idf · f (k₁ + 1) / (f + k₁ (1 − b + b L)), idf = ln((N − n + ½) / (n + ½)), or ε · mean idf where below 0",
        (K1, B, EPSILON),
        _Okapi,
    ),
    Variant(
        "bm25l",
        Message("BM25L"),
        "Σ ln((N + 1) / (n + ½)) · f (k₁ + 1) (c + δ) / (k₁ + c + δ), c = f / (1 − b + b L)",
        (K1, B, DELTA_L),
        _L,
    ),
    Variant(
        "bm25plus",
        Message("BM25+"),
        "Σ ln((N + 1) / n) · (δ + f (k₁ + 1) / (f + k₁ (1 − b + b L)))",
        (K1, B, DELTA_PLUS),
        _Plus,
    ),
)


def find_variant(key: str) -> Variant:
    """The variant of this key.

    Raises:
        InputError: there is none.
    """
    for variant in VARIANTS:
        if variant.key == key:
            return variant
    keys = [variant.key for variant in VARIANTS]
    raise InputError("There is no BM25 variant “{key}”. Choose one of {keys}.", key=shown(str(key)), keys=listed(keys))


@dataclass(frozen=True, slots=True)
class Bm25Settings:
    """A variant with its parameters and the analysis of texts.

    A parameter that is None takes the variant's default; one that the variant does not have stays None.

    Raises:
        InputError: unknown variant, a parameter that it does not have, or a value out of range.
    """

    variant: str = "lucene"
    k1: float | None = None
    b: float | None = None
    delta: float | None = None
    epsilon: float | None = None
    analysis: Analysis = field(default_factory=Analysis)

    def __post_init__(self) -> None:
        variant = find_variant(self.variant)
        for parameter in variant.parameters:
            value = getattr(self, parameter.name)
            object.__setattr__(self, parameter.name, parameter.default if value is None else _checked(parameter, value))
        for name in ("k1", "b", "delta", "epsilon"):
            if name not in variant.defaults and getattr(self, name) is not None:
                raise InputError(
                    "The BM25 variant “{key}” has no {name}; it has {defaults}. Leave {name} out.",
                    key=variant.key,
                    name=name,
                    defaults=listed(variant.defaults),
                )

    @property
    def numbers(self) -> dict[str, float]:
        """Name and value of the variant's parameters."""
        return {name: getattr(self, name) for name in find_variant(self.variant).defaults}


def _checked(parameter: Parameter, value: float) -> float:
    if parameter.least <= value <= parameter.most:
        return float(value)
    raise InputError(
        "BM25's {sign} is {value:g}. Write a number from {least:g} to {most:g}.",
        sign=parameter.sign,
        value=value,
        least=parameter.least,
        most=parameter.most,
    )


# ---- the index -----------------------------------------------------------------------------------------------------


class Bm25Index:
    """Passages, counted for BM25. Takes any list: empty, one passage, passages without a term."""

    def __init__(self, postings: Postings, settings: Bm25Settings) -> None:
        self.settings = settings
        self._postings = postings
        model = find_variant(settings.variant).model
        self._model: Any = model(postings, **settings.numbers) if postings.vocabulary else None

    @classmethod
    def build(cls, passages: Sequence[Passage], settings: Bm25Settings) -> Bm25Index:
        """The index of the passages' contents (title and text)."""
        postings, _ = count_passages(passages, settings.analysis).run()
        return cls(postings, settings)

    @property
    def size(self) -> int:
        """Number of passages."""
        return self._postings.lengths.size

    @property
    def memory_bytes(self) -> int:
        """Memory that it takes beside its postings, about: TERM_BYTES for the weight of each term."""
        return TERM_BYTES * len(self._postings.vocabulary)

    def idf(self, term: str) -> float:
        """The weight of a term as the passages make it; 0 for a term that none of them holds."""
        return 0.0 if self._model is None else float(self._model.idf.get(term) or 0.0)

    def scores(self, query: str) -> Floats:
        """BM25 of every passage, float64 (n,): the sum over the query's terms, a repeated term counted each time.

        All 0 for a query without terms. Where rank_bm25 divides 0 by 0 (k₁ = 0 and a passage without the term), the
        term adds nothing.
        """
        total = np.zeros(self.size)
        for term, count in self._query_terms(query).items():
            where = self._postings.of(term)
            total += count * self.idf(term) * self._model.floor()
            total[self._postings.passages[where]] += count * self.idf(term) * self._weights(where)
        return total

    def matches(self, query: str) -> npt.NDArray[np.bool_]:
        """bool (n,), which passages hold a term of the query."""
        found = np.zeros(self.size, dtype=np.bool_)
        for term in self._query_terms(query):
            found[self._postings.passages[self._postings.of(term)]] = True
        return found

    def term_weights(self, query: str, index: int) -> list[tuple[str, float]]:
        """Each different term of the query, in its order, with what it adds to passage `index`; the sum is its score.

        A repeated term's weight holds all its repeats; a term that adds nothing has weight 0.
        """
        known = self._query_terms(query)
        weights = dict.fromkeys(tokens(query, self.settings.analysis), 0.0)
        for term, count in known.items():
            where = self._postings.of(term)
            posting_index = where.start + int(np.searchsorted(self._postings.passages[where], index))
            found = posting_index < where.stop and self._postings.passages[posting_index] == index
            own = float(self._weights(slice(posting_index, posting_index + 1))[0]) if found else 0.0
            weights[term] = count * self.idf(term) * (self._model.floor() + own)
        return list(weights.items())

    def collapse(self, query: str) -> Message | None:
        """A warning that terms of the query weigh nothing, or count against passages that hold them; None if not so.

        Only Okapi's idf does this: to terms in half of the passages, or to every frequent term of a very short list.
        """
        powerless = [term for term in self._query_terms(query) if self.idf(term) <= 0]
        if not powerless:
            return None
        words = listed(f"“{term}”" for term in powerless)
        counts = "/".join(str(where.stop - where.start) for where in map(self._postings.of, powerless))
        return Message(
            "Okapi BM25 gives {words} weight 0 or less, because {counts} of {size} passages hold it: word match "
            "counts for nothing there. Choose the variant with Lucene's idf.",
            words=words,
            counts=counts,
            size=self.size,
        )

    def _query_terms(self, query: str) -> dict[str, int]:
        """The query's terms that some passage holds, with how often the query has them."""
        counted = Counter(tokens(query, self.settings.analysis))
        return {term: count for term, count in counted.items() if term in self._postings.vocabulary}

    def _weights(self, where: slice) -> Floats:
        postings = self._postings
        weights: Floats = self._model.weights(postings.frequencies[where], postings.lengths[postings.passages[where]])
        return weights


# ---- the indexes of collections ------------------------------------------------------------------------------------


class TermIndexes:
    """Indexes of living collections; the longest unused are forgotten first. Safe to use from several threads.

    Settings with the same analysis share their postings, which are in use whenever one of their indexes is, and so are
    never forgotten before it.

    Args:
        capacity: bytes that all take at most; the latest one is kept whatever it takes.
    """

    def __init__(self, capacity: int = sys.maxsize) -> None:
        self._kept = BoundedByOwner[Collection, Bm25Settings | Analysis, Bm25Index | Postings](
            capacity, lambda key, value: value.memory_bytes, least=2
        )

    @property
    def memory_bytes(self) -> int:
        """Memory of all indexes, about."""
        return self._kept.memory_bytes

    def has(self, collection: Collection, analysis: Analysis) -> bool:
        """Whether the collection's terms of this analysis are counted already."""
        return self._kept.find([(ref(collection), analysis)]) != [None]

    @as_steps
    def get(self, collection: Collection, settings: Bm25Settings) -> Generator[Progress, None, tuple[Bm25Index, float]]:
        """The collection's index, and the seconds that it took to build it now; 0 where it was known."""
        of_index, of_postings = (ref(collection), settings), (ref(collection), settings.analysis)
        index, counted = self._kept.find([of_index, of_postings])
        if isinstance(index, Bm25Index):
            return index, 0.0
        seconds = 0.0
        if not isinstance(counted, Postings):
            postings, seconds = yield from count_passages(collection.passages, settings.analysis)
            counted = self._kept.get(of_postings, lambda: postings)
            assert isinstance(counted, Postings), "an analysis is the key of postings"
        start = perf_counter()
        index = Bm25Index(counted, settings)
        self._kept.keep([(of_index, index), (of_postings, counted)])
        return index, seconds + perf_counter() - start
