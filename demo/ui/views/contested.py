"""The passages that rankers disagree about, group by group, each with its rank in every ranking."""

from __future__ import annotations

import math
from dataclasses import dataclass

from demo.messages import Language
from demo.phrases import passage_name
from demo.records import Result
from demo.results.contested import GROUPS, Contest, apart_means
from demo.results.contested import contested as contests_of
from demo.ui.views.render import render

SHOWN = 8
"""Passages of a group; the table of all has the rest."""


@dataclass(frozen=True, slots=True)
class RankTint:
    """A rank in one ranking, “–” where it did not find the passage: 1 has the full tint, the last none."""

    rank: str
    tint: float


@dataclass(frozen=True, slots=True)
class ContestedRow:
    """One passage and where each ranking has it."""

    index: int
    name: str
    tints: tuple[RankTint, ...]
    spread: int


@dataclass(frozen=True, slots=True)
class ContestedSection:
    """A group: heading, meaning, its first rows, how many it has in all and how many are left out."""

    label: str
    meaning: str
    count: int
    rows: tuple[ContestedRow, ...]
    left_out: int
    is_open: bool


def contested(result: Result, language: Language) -> str:
    """The groups that have any passage, the agreed one last and closed."""
    found = contests_of(result)
    sections = [
        ContestedSection(
            label=group.label.to(language),
            meaning=group.meaning.to(language),
            count=len(members),
            rows=tuple(_row(contest, result) for contest in members[:SHOWN]),
            left_out=max(0, len(members) - SHOWN),
            is_open=group is not GROUPS[0],
        )
        for group in (*GROUPS[1:], GROUPS[0])
        if (members := [contest for contest in found if contest.group is group])
    ]
    return render(
        "contested.html",
        language,
        sections=sections,
        labels=[ranking.ranker.label for ranking in result.rankings],
        apart=apart_means(result.size).to(language),
    )


def _row(contest: Contest, result: Result) -> ContestedRow:
    at = contest.candidate
    ranks = [ranking.rank(at) for ranking in result.rankings]
    return ContestedRow(
        index=contest.candidate,
        name=passage_name(result.candidates[contest.candidate]),
        tints=tuple(_tint(rank, result.size) for rank in ranks),
        spread=contest.spread,
    )


def _tint(rank: int | None, size: int) -> RankTint:
    if rank is None:
        return RankTint("–", 0.0)
    return RankTint(str(rank), round(1 - math.log(rank) / math.log(size), 3) if size > 1 else 1.0)
