"""BM25 as a ranker: word match over an index of the whole collection, built once and kept no longer than that."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from demo.messages import Message
from demo.progress import Progress, as_steps
from demo.rankers.bm25_index import VARIANTS, Bm25Settings, TermIndexes, find_variant
from demo.rankers.protocol import Kind
from demo.rankers.text_form import RankerOptions, Written, write_number, write_options
from demo.rankers.tools import Tools
from demo.records import Collection, Cost, Explanation, IntArray, Query, RankerSpec, Ranking, TermWeight, TermWeights
from demo.score_kinds import BM25
from demo.text import Analysis, token_spans

NAME = "bm25"
NUMBERS = ("k1", "b", "delta", "epsilon")


@dataclass(frozen=True, slots=True)
class Bm25:
    """BM25 with these settings."""

    settings: Bm25Settings = field(default_factory=Bm25Settings)
    indexes: TermIndexes = field(default_factory=TermIndexes, compare=False, repr=False)

    index_in_memory = True

    def __str__(self) -> str:
        return f"{NAME}{write_options(self._options())}"

    def _options(self) -> dict[str, str | None]:
        """What differs from the defaults."""
        plain = Bm25Settings(variant=self.settings.variant)
        return {
            "variant": self.settings.variant if self.settings.variant != Bm25Settings().variant else None,
            **{
                name: write_number(value)
                for name, value in self.settings.numbers.items()
                if value != plain.numbers[name]
            },
            **analysis_options(self.settings.analysis),
        }

    @property
    def analysis(self) -> Analysis:
        """How texts are cut into terms."""
        return self.settings.analysis

    @property
    def spec(self) -> RankerSpec:
        """Named by its variant and the settings that are not the usual ones."""
        options = {name: value for name, value in self._options().items() if value is not None}
        variant = options.pop("variant", None)
        names = [str(find_variant(variant).label)] if variant else []
        label = " · ".join(("BM25", *names, *(f"{name}={value}" for name, value in options.items())))
        return RankerSpec(str(self), label, BM25, ranks_collection=True)

    def check(self) -> None:
        """Settings are checked when they are made."""

    def fingerprint(self) -> str:
        """The settings."""
        return repr(self.settings)

    def missing_index(self, collection: Collection) -> Hashable:
        """As `budgets.IndexesTerms.missing_index`."""
        return None if self.indexes.has(collection, self.analysis) else (NAME, self.analysis)

    @as_steps
    def rank(self, query: Query, collection: Collection, indices: IntArray) -> Generator[Progress, None, Ranking]:
        """As `Ranker.rank`; a passage without any term of the query is not found."""
        yield Progress("indexing", 0, len(collection.passages), Message("Ranking by matching words"))
        index, index_seconds = yield from self.indexes.get(collection, self.settings)
        indexed = perf_counter()
        scores, found = index.scores(query.text), index.matches(query.text)
        cost = Cost(
            pairs=indices.size,
            index_seconds=index_seconds,
            model_seconds=perf_counter() - indexed,
        )
        collapse = index.collapse(query.text)
        warnings = (collapse,) if collapse else () if found.any() or not found.size else (_nothing_found(),)
        return Ranking.from_scores(self.spec, scores[indices], cost, found=found[indices], warnings=warnings)

    @as_steps
    def explain(self, query: Query, collection: Collection, index: int) -> Generator[Progress, None, Explanation]:
        """The score as a sum over the query's terms."""
        yield Progress("indexing", 0, len(collection.passages), Message("Ranking by matching words"))
        terms, _ = yield from self.indexes.get(collection, self.settings)
        spans = token_spans(query.text, self.settings.analysis)
        words = {term: query.text[start:end] for term, start, end in reversed(spans)}
        found = terms.term_weights(query.text, index)
        weights = tuple(TermWeight(term, words[term], value) for term, value in found)
        return TermWeights(self.spec, float(np.sum([value for _, value in found])), weights)


def analysis_options(analysis: Analysis) -> dict[str, str | None]:
    """What of the analysis differs from the usual one, as options; None where nothing does."""
    usual = Analysis()
    return {
        "stop_words": None if analysis.stop_words == usual.stop_words else "no",
        "stemmer": None if analysis.stemmer == usual.stemmer else analysis.stemmer or "none",
    }


def read_analysis(options: RankerOptions) -> Analysis:
    """The analysis that the options say.

    Raises:
        InputError: one of them has no such value.
    """
    stop_words = options.yes("stop_words", Analysis().stop_words)
    stemmer = options.text("stemmer", Analysis().stemmer or "none")
    return Analysis(stop_words=stop_words, stemmer="" if stemmer == "none" else stemmer)


def _nothing_found() -> Message:
    return Message(
        "No passage contains a word of the query, so BM25 found none of them. Try other words, or keep stop words."
    )


def _read(written: Written, tools: Tools) -> Bm25:
    options = RankerOptions(NAME, written.options)
    variant = options.text("variant", Bm25Settings().variant)
    numbers = {name: options.number(name, np.nan) for name in NUMBERS}
    analysis = read_analysis(options)
    options.close()
    given = {name: value for name, value in numbers.items() if not np.isnan(value)}
    return Bm25(Bm25Settings(variant=variant, analysis=analysis, **given), tools.indexes)


def _offer(tools: Tools) -> Sequence[Bm25]:
    return [Bm25(Bm25Settings(variant=row.key), tools.indexes) for row in VARIANTS]


KIND = Kind("bm25", (NAME,), _read, _offer)
