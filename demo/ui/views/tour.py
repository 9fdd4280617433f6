"""The traps of the bundled collections as cards: a query, what to look for, and two ways to open it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from demo.messages import Language
from demo.service import RankingService
from demo.ui.links import KEY, QUERY
from demo.ui.views.render import render

GUESS = "guess"
"""With this name in the address the page asks for a guess first (`assets/guess.js`)."""


@dataclass(frozen=True, slots=True)
class TrapCard:
    """A query with what to look for; `address` opens it, `guess` asks first which passage rises."""

    query: str
    trap: str
    address: str
    guess: str


@dataclass(frozen=True, slots=True)
class Stop:
    """The cards of one collection."""

    title: str
    description: str
    cards: tuple[TrapCard, ...]


def tour(service: RankingService, language: Language) -> str:
    """Every collection that has traps, with its cards."""
    stops = [
        Stop(card.title.to(language), card.description.to(language), _cards(service, key, language))
        for key, card in service.cards()
    ]
    return render("tour.html", language, stops=[stop for stop in stops if stop.cards])


def _cards(service: RankingService, key: str, language: Language) -> tuple[TrapCard, ...]:
    traps = service.traps(key)
    return tuple(
        TrapCard(
            query=query.text,
            trap=traps[query.query_id].to(language),
            address=urlencode({QUERY: query.text, KEY: key}),
            guess=urlencode({QUERY: query.text, KEY: key, GUESS: 1}),
        )
        for query in service.collection(key).queries
        if query.query_id in traps
    )
