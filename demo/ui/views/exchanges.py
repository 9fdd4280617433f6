"""Who enters the first ranks of each ranking and who leaves them, against the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from demo.messages import Language
from demo.phrases import passage_name, shorten
from demo.records import Result
from demo.results.change import TOP_K
from demo.results.exchanges import Entrant, Exchange
from demo.results.exchanges import exchanges as exchanges_of
from demo.results.members import find_ranking
from demo.ui import wording as w
from demo.ui.views.render import render

NAME_CHARS = 48


@dataclass(frozen=True, slots=True)
class Guest:
    """A passage that entered or left: its rank here, and where the other ranking has it."""

    index: int
    rank: int
    name: str
    elsewhere: str


@dataclass(frozen=True, slots=True)
class ExchangeRow:
    """One ranking against the reference."""

    label: str
    overlap: str
    entered: tuple[Guest, ...]
    left: tuple[Guest, ...]


def exchanges(result: Result, reference: str, language: Language) -> str:
    """A row for every other ranking; "" where all have the same passages in their first ranks."""
    found = exchanges_of(result, reference) if reference else ()
    if not any(each.entered or each.left for each in found):
        return ""
    label = find_ranking(result, reference).ranker.label
    return render(
        "exchanges.html",
        language,
        help=w.EXCHANGES_HELP.format(reference=label, k=TOP_K).to(language),
        rows=[_row(each, result, label, language) for each in found],
    )


def _row(exchange: Exchange, result: Result, reference: str, language: Language) -> ExchangeRow:
    label, counts = exchange.ranker.label, {"shared": exchange.shared, "own": exchange.own, "other": exchange.other}
    differ = exchange.own or exchange.other
    return ExchangeRow(
        label,
        w.LISTS_OVERLAP.format(ranker=label, reference=reference, **counts).to(language) if differ else "",
        _guests(exchange.entered, result, reference, language),
        _guests(exchange.left, result, label, language),
    )


def _guests(entrants: Sequence[Entrant], result: Result, other: str, language: Language) -> tuple[Guest, ...]:
    def elsewhere(rank: int | None) -> str:
        said = w.NOT_IN_LIST.format(ranker=other) if rank is None else w.AT_RANK_OF.format(ranker=other, rank=rank)
        return said.to(language)

    return tuple(
        Guest(
            each.candidate,
            each.rank,
            shorten(passage_name(result.candidates[each.candidate]), NAME_CHARS),
            elsewhere(each.other_rank),
        )
        for each in entrants
    )
