"""The traps of the bundled collections as cards, by their kinds: a query, what to look for, and two ways to open it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from demo.library import TRAP_KINDS, TrapKind
from demo.messages import Language
from demo.service import RankingService
from demo.ui.links import KEY, QUERY
from demo.ui.views.render import render

GUESS = "guess"
"""With this name in the address the page asks for a guess first (`assets/guess.js`)."""


@dataclass(frozen=True, slots=True)
class TrapCard:
    """A query of a collection; `address` opens it, `guess` asks first which passage rises."""

    query: str
    collection: str
    look_for: str
    address: str
    guess: str


@dataclass(frozen=True, slots=True)
class Stop:
    """The cards of one kind."""

    key: str
    title: str
    meaning: str
    cards: tuple[TrapCard, ...]


def tour(service: RankingService, language: Language) -> str:
    """Every kind of trap that the collections have, with its cards."""
    stops = [
        Stop(kind.key, kind.label.to(language), kind.meaning.to(language), tuple(_cards(service, kind, language)))
        for kind in TRAP_KINDS
    ]
    return render("tour.html", language, stops=[stop for stop in stops if stop.cards])


def _cards(service: RankingService, kind: TrapKind, language: Language) -> Iterator[TrapCard]:
    for key, card in service.cards():
        traps = service.traps(key)
        for query in service.collection(key).queries:
            trap = traps.get(query.query_id)
            if trap is not None and trap.kind == kind:
                yield TrapCard(
                    query=query.text,
                    collection=card.title.to(language),
                    look_for=trap.look_for.to(language),
                    address=urlencode({QUERY: query.text, KEY: key}),
                    guess=urlencode({QUERY: query.text, KEY: key, GUESS: 1}),
                )
