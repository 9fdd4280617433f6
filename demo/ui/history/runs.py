"""What a browser keeps of a run: what was asked for, who ranked, and the head of every order.

A passage is known again by a digest of its content, so two runs can be laid side by side whatever its id was.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from typing import Any

from demo.judgments import Judgments
from demo.messages import ENGLISH
from demo.metrics.agreement import TAU_B
from demo.phrases import passage_name
from demo.records import Passage, Ranking
from demo.ui.judging import figures
from demo.ui.session import ShownResult

MOST_RUNS = 20
MOST_PLACES = 100
"""Passages of a ranking that are kept, from the top."""
MOST_CHARS = 400_000
"""Of all runs together; addresses of older runs go first, then the runs."""
TAU = "Kendall τ"


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

    def is_again(self, other: PastRun) -> bool:
        """Whether the other has the same results for the same question, at another time or by another address.

        A press that is refused leaves the results as they are, beside inputs that do not make them.
        """
        return replace(self, time="", address="") == replace(other, time="", address="")


def _digest(texts: Iterable[str]) -> str:
    found = blake2b(digest_size=6)
    for text in texts:
        found.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return found.hexdigest()


def past_run(shown: ShownResult, judgments: Judgments, address: str, time: str) -> PastRun:
    """What is kept of a result."""
    candidates = shown.candidates
    digests = [_digest([passage.content]) for passage in candidates]
    judged = figures(shown, judgments)
    columns = tuple(_column(ranking, shown.rankings, digests, judged) for ranking in shown.rankings)
    kept = {digest for column in columns for digest in column.order}
    return PastRun(
        time=time,
        address=address,
        query=shown.query.text,
        source=shown.collection.card.title.to(ENGLISH),
        passages=len(candidates),
        digest=_digest(sorted(digests)),
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
        figures={name: round(float(value), 4) for name, value in found.items()},
    )


def _names(candidates: Sequence[Passage], digests: Sequence[str], kept: set[str]) -> dict[str, str]:
    rows = zip(digests, candidates, strict=True)
    return {digest: passage_name(passage) for digest, passage in rows if digest in kept}


# ---- as text -----------------------------------------------------------------------------------------------------


def with_run(runs: Sequence[PastRun], run: PastRun) -> tuple[PastRun, ...]:
    """The runs with this one, the latest first and none twice, as many as may be kept."""
    known = next((each.address for each in runs if each.is_again(run) and each.address), run.address)
    run = replace(run, address=known)
    found = [run, *(each for each in runs if not each.is_again(run))][:MOST_RUNS]
    while len(runs_text(found)) > MOST_CHARS:
        with_address = [place for place, each in enumerate(found) if each.address]
        if with_address:
            found[with_address[-1]] = replace(found[with_address[-1]], address="")
        else:
            found.pop()
    return tuple(found)


def runs_text(runs: Sequence[PastRun]) -> str:
    """The runs as JSON."""
    return json.dumps([asdict(run) for run in runs], ensure_ascii=False, separators=(",", ":"))


def read_runs(text: str | None) -> tuple[PastRun, ...]:
    """The runs again; none where the text is not what `runs_text` gives."""
    try:
        return tuple(_read(row) for row in json.loads(text or "[]"))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return ()


def _read(row: Mapping[str, Any]) -> PastRun:
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
