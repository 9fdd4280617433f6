"""What a browser keeps of a run of one query: what was asked for, who ranked, and the head of every order.

A passage is known again by a digest of its content, so two runs can be laid side by side whatever its id was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from demo.judgments import Judgments
from demo.messages import ENGLISH
from demo.metrics.agreement import TAU_B
from demo.phrases import passage_name
from demo.records import Passage, Ranking
from demo.ui.judging import figures
from demo.ui.session import ShownResult

MOST_PLACES = 100
"""Passages of a ranking that are kept, from the top."""
TAU = "Kendall τ"
DECIMALS = 6
"""Of a figure that is kept: enough that it is rounded on the page as where it was measured."""


@dataclass(frozen=True, slots=True)
class PastColumn:
    """One ranking.

    Attributes:
        ranker: its label.
        order: digests of the passages that it found, best first, at most MOST_PLACES; `ranks` are theirs, from 1.
        figures: name of a measure → its value: by the judgments, and the agreement with the first column.
    """

    ranker: str
    order: tuple[str, ...]
    ranks: tuple[int, ...]
    figures: Mapping[str, float]

    def rank(self, passage: str) -> int | None:
        """The passage's rank; None where it is not among those kept."""
        return self.ranks[self.order.index(passage)] if passage in self.order else None


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run.

    Attributes:
        time: when it ended, ISO 8601 in UTC.
        address: the link behind “?” that runs it again; "" where there is none, or it was too long to keep.
        source: title of the collection; passages: number of candidates; digest: of them all, whatever their order.
        first_stage: what made the candidates, as text.
        names: digest of each passage in an order → title or first words.
    """

    time: str
    address: str
    query: str
    source: str
    passages: int
    digest: str
    first_stage: str
    columns: tuple[PastColumn, ...]
    names: Mapping[str, str]

    @property
    def rankers(self) -> str:
        """The labels of the columns."""
        return " · ".join(column.ranker for column in self.columns)


def digest_of(texts: Iterable[str]) -> str:
    """A short mark by which the same texts in the same order are known again."""
    found = blake2b(digest_size=6)
    for text in texts:
        found.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return found.hexdigest()


def past_run(shown: ShownResult, judgments: Judgments, address: str, time: str) -> PastRun:
    """What is kept of a result."""
    candidates = shown.candidates
    digests = [digest_of([passage.content]) for passage in candidates]
    judged = figures(shown, judgments)
    columns = tuple(_column(ranking, shown.rankings, digests, judged) for ranking in shown.rankings)
    kept = {digest for column in columns for digest in column.order}
    return PastRun(
        time=time,
        address=address,
        query=shown.query.text,
        source=shown.collection.card.title.to(ENGLISH),
        passages=len(candidates),
        digest=digest_of(sorted(digests)),
        first_stage=str(shown.request.first),
        columns=columns,
        names=_names(candidates, digests, kept),
    )


def _column(
    ranking: Ranking, rankings: Sequence[Ranking], digests: Sequence[str], judged: Mapping[str, Mapping[str, float]]
) -> PastColumn:
    top = ranking.top(MOST_PLACES).tolist()
    tau = None if ranking is rankings[0] else TAU_B.between(rankings[0], ranking)
    found = dict(judged.get(ranking.ranker.key, {})) | ({} if tau is None else {TAU: tau})
    return PastColumn(
        ranker=ranking.ranker.label,
        order=tuple(digests[index] for index in top),
        ranks=tuple(int(ranking.ranks[index]) for index in top),
        figures={name: round(float(value), DECIMALS) for name, value in found.items()},
    )


def _names(candidates: Sequence[Passage], digests: Sequence[str], kept: set[str]) -> dict[str, str]:
    rows = zip(digests, candidates, strict=True)
    return {digest: passage_name(passage) for digest, passage in rows if digest in kept}


def read_past_run(row: Mapping[str, Any]) -> PastRun:
    """The run that `dataclasses.asdict` made the row of.

    Raises:
        ValueError, TypeError, KeyError, AttributeError, OverflowError: it is no such row.
    """
    words = ("time", "address", "query", "source", "digest", "first_stage")
    columns = tuple(
        PastColumn(
            ranker=str(column["ranker"]),
            order=tuple(map(str, column["order"])),
            ranks=tuple(map(int, column["ranks"])),
            figures={str(name): float(value) for name, value in column["figures"].items()},
        )
        for column in row["columns"]
    )
    if any(len(column.order) != len(column.ranks) for column in columns):
        raise ValueError("a rank is missing")
    names = {str(digest): str(name) for digest, name in row["names"].items()}
    return PastRun(
        **{word: str(row[word]) for word in words}, passages=int(row["passages"]), columns=columns, names=names
    )
