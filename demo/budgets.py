"""How much one request may ask for, and what it is expected to take; told before any work begins."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from demo.errors import DemoError, InputError
from demo.messages import Message
from demo.rankers.protocol import Ranker
from demo.records import Collection
from demo.settings import Settings

ASCII_CHARS_PER_TOKEN, OTHER_CHARS_PER_TOKEN = 4, 2
"""On average of English, and of texts with other letters: from 1 of Chinese to 4 of French."""

BM25_SECONDS = 2e-5
"""Of a passage of which only words are looked at, its index apart."""

FIGURE_SECONDS = 6e-5
"""Of a measure of one query, its part of intervals and tests included."""

INDEX_SECONDS = 4e-7
"""Of a character of a collection whose words are indexed."""


@runtime_checkable
class Composed(Protocol):
    """A ranker that is made of others."""

    @property
    def members(self) -> tuple[Ranker, ...]: ...


@runtime_checkable
class ReadsTokens(Protocol):
    """A ranker whose work grows with the tokens it reads."""

    def work(self, tokens: Sequence[int]) -> tuple[int, float]:
        """How many tokens it reads of pairs with so many each, and the seconds that this is expected to take here.

        Raises:
            DemoError: there is no such model.
        """

    def unscored(self, query: str, texts: Sequence[str]) -> Sequence[str]:
        """Those of the texts whose score is not kept from before, so that there is work to do.

        Raises:
            DemoError: there is no such model.
        """


@runtime_checkable
class EncodesCollection(Protocol):
    """A ranker that reads every passage of a collection once, before it can rank any."""

    def encoding_work(self, collection: Collection, tokens: Callable[[str], int]) -> tuple[int, float]:
        """How many tokens it would read of the collection, and the seconds that this is expected to take here.

        Nothing where it has read the collection already.

        Args:
            tokens: gives about how many tokens a text has.

        Raises:
            DemoError: there is no such model.
        """


@runtime_checkable
class IndexesTerms(Protocol):
    """A ranker that cuts every passage of a collection into terms once, before it can rank any."""

    def missing_index(self, collection: Collection) -> Hashable:
        """The index that it has to build of the collection, equal for rankers that share it; None where it is there."""


def scorers(rankers: Iterable[Ranker]) -> tuple[Ranker, ...]:
    """Those that score: fusions taken apart, each ranker once."""
    found: dict[Ranker, None] = {}
    for ranker in rankers:
        found |= dict.fromkeys(scorers(ranker.members)) if isinstance(ranker, Composed) else {ranker: None}
    return tuple(found)


def tokens_of(text: str) -> int:
    """About how many tokens the text has."""
    return 1 + len(text) // (ASCII_CHARS_PER_TOKEN if text.isascii() else OTHER_CHARS_PER_TOKEN)


def preparation(rankers: Iterable[Ranker], collection: Collection) -> tuple[int, float]:
    """Tokens that the rankers read of the whole collection before they rank, and the seconds that this takes.

    An index of terms is built once for all that share it, and takes time by the characters of the collection.
    """
    tokens, seconds, missing = 0, 0.0, set[Hashable]()
    for ranker in scorers(rankers):
        if isinstance(ranker, IndexesTerms):
            missing.add(ranker.missing_index(collection))
        if isinstance(ranker, EncodesCollection):
            with suppress(DemoError):  # there is no such model: it fails in its own place
                read, spent = ranker.encoding_work(collection, tokens_of)
                tokens, seconds = tokens + read, seconds + spent
    if built := len(missing - {None}):
        seconds += INDEX_SECONDS * built * sum(len(passage.content) for passage in collection.passages)
    return tokens, seconds


@dataclass(frozen=True, slots=True)
class Size:
    """What a request asks for.

    Attributes:
        passages: of each query; queries: 1, or those of an evaluation.
        scoring: rankers that score (`scorers`).
        tokens: that models read, estimated.
        seconds: expected when nobody else works.
        rankers, measures: whose figures are computed, and which, in an evaluation.
    """

    passages: int
    queries: int
    scoring: int
    tokens: int
    seconds: float
    rankers: int = 0
    measures: int = 0

    @property
    def figures(self) -> int:
        """Figures of single queries that are computed."""
        return self.queries * self.rankers * self.measures

    def measured(self, rankers: int, measures: int) -> Size:
        """The same with the figures of so many rankers and measures, and the time they take."""
        size = replace(self, rankers=rankers, measures=measures)
        return replace(size, seconds=size.seconds + FIGURE_SECONDS * size.figures)

    @property
    def pairs(self) -> int:
        """Query–passage pairs that are scored."""
        return self.queries * self.passages * self.scoring

    @classmethod
    def of(
        cls,
        rankers: Sequence[Ranker],
        texts: Sequence[str],
        most: int,
        query: str = "",
        queries: int = 1,
        before: tuple[int, float] = (0, 0.0),
    ) -> Size:
        """Of rankers that each score `most` of the texts, at worst the longest, for every query.

        Where all texts of one query are scored, those whose score is kept are no work.

        Args:
            before: tokens that are read once, before any query, and the seconds that this takes (`preparation`).
        """
        scoring, count = scorers(rankers), min(most, len(texts))
        tokens, seconds = before[0], before[1] + BM25_SECONDS * len(texts)
        for ranker in scoring:
            read, spent = _work(ranker, query, texts, count, queries == 1 and count == len(texts))
            tokens, seconds = tokens + queries * read, seconds + queries * spent
        return cls(count, queries, len(scoring), tokens, seconds)


def _work(ranker: Ranker, query: str, texts: Sequence[str], count: int, every: bool) -> tuple[int, float]:
    """Tokens and seconds; none for a ranker that does not exist, which fails in its own place."""
    if not isinstance(ranker, ReadsTokens):
        return 0, BM25_SECONDS * count
    try:
        left = ranker.unscored(query, texts) if every else texts
        return ranker.work([tokens_of(query) + tokens for tokens in sorted(map(tokens_of, left), reverse=True)[:count]])
    except DemoError:
        return 0, 0.0


@dataclass(frozen=True, slots=True)
class Budget:
    """One limit: the setting that holds it, what of a request it limits, and what is said of one that has more."""

    setting: str
    measured: str
    sentence: Message

    def check(self, size: Size, settings: Settings) -> None:
        """Nothing, if the size is within the limit.

        Raises:
            InputError: it is not.
        """
        found, most = getattr(size, self.measured), getattr(settings, self.setting)
        if found > most:
            values = {"found": f"{found:,}", "most": f"{most:,}"}
            rest = {"passages": f"{size.passages:,}", "queries": f"{size.queries:,}", "scoring": str(size.scoring)}
            measured = {"rankers": str(size.rankers), "measures": str(size.measures)}
            raise InputError(self.sentence.format(**values, **rest, **measured))


_MEMBERS = Budget(
    "max_members",
    "scoring",
    Message("{found} rankers would score, those inside fusions included; at most {most} may. Leave some out."),
)

RUN = (
    _MEMBERS,
    Budget(
        "max_pairs",
        "pairs",
        Message(
            "{passages} passages and {scoring} rankers make {found} pairs to score; at most {most} are possible in one "
            "request. Take fewer passages (“Passages to rerank”) or fewer rankers."
        ),
    ),
    Budget(
        "max_tokens",
        "tokens",
        Message(
            "The models would read about {found} tokens; at most {most} are possible in one request. Take fewer or "
            "shorter passages, fewer models, or no windows."
        ),
    ),
)
"""Of one query."""

EVALUATION = (
    _MEMBERS,
    Budget(
        "max_evaluation_pairs",
        "pairs",
        Message(
            "{queries} queries, {passages} candidates each and {scoring} rankers make {found} pairs to score; at most "
            "{most} are possible in one evaluation. Take fewer queries, candidates or rankers."
        ),
    ),
    Budget(
        "max_figures",
        "figures",
        Message(
            "{queries} queries, {rankers} rankers and {measures} measures make {found} figures to compute; at most "
            "{most} are possible in one evaluation. Take fewer queries, rankers or measures."
        ),
    ),
)
"""Of many."""


def check(budgets: Sequence[Budget], size: Size, settings: Settings) -> None:
    """Nothing, if the size is within all the budgets.

    Raises:
        InputError: it is not; the sentence says what there is too much of and how much is possible.
    """
    for budget in budgets:
        budget.check(size, settings)
