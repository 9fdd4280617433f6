"""Why a passage has its scores: BM25's terms with their weights, both texts shaded by what leaving words out did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from demo.messages import Language
from demo.phrases import direction, passage_name, score_text, shorten
from demo.records import Effect, Explanation, Occlusion, Passage, RankerSpec, TermWeights
from demo.text import word_spans
from demo.ui import wording as w
from demo.ui.views.passage_text import score_words
from demo.ui.views.render import render

STRONGEST = 6
"""Words that are listed below the shaded texts."""
NAME_COLUMNS, WORD_COLUMNS = 60, 40


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text with its effect, "" for what was not left out; tint: 0…1, its part of the strongest."""

    text: str
    effect: str = ""
    direction: str = ""
    tint: float = 0.0


@dataclass(frozen=True, slots=True)
class WordRow:
    """A word with its number.

    Attributes:
        share: 0…1, of the largest in the table.
        note: the text it was left out of; of a BM25 term, how it is counted where that is not how it is written.
    """

    label: str
    value: str
    share: float
    note: str = ""
    direction: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """A BM25 score and what it is the sum of."""

    label: str
    score: str
    rows: tuple[WordRow, ...]


@dataclass(frozen=True, slots=True)
class Shaded:
    """A cross-encoder's score, both texts in pieces, the strongest words, and a note where words were joined."""

    label: str
    score: str
    query: tuple[Piece, ...]
    content: tuple[Piece, ...]
    rows: tuple[WordRow, ...]
    joined: str


def why(passage: Passage, found: Sequence[Explanation], left_out: Sequence[RankerSpec], language: Language) -> str:
    """The card of one passage.

    Args:
        left_out: rankers whose scores are not taken apart.
    """
    labels = ", ".join(ranker.label for ranker in left_out)
    return render(
        "why.html",
        language,
        name=passage_name(passage, NAME_COLUMNS),
        terms=[_terms(each) for each in found if isinstance(each, TermWeights)],
        occlusions=[shaded(each, language) for each in found if isinstance(each, Occlusion)],
        left_out=w.WHY_NOT.format(labels=labels).to(language) if labels else "",
    )


def _terms(found: TermWeights) -> Terms:
    most = max((abs(each.value) for each in found.weights), default=0.0) or 1.0
    rows = (
        WordRow(
            each.word,
            score_text(each.value),
            round(abs(each.value) / most, 3),
            note="" if each.term == each.word.casefold() else each.term,
        )
        for each in found.weights
    )
    return Terms(found.ranker.label, score_words(found.score, found.ranker.kind), tuple(rows))


def shaded(found: Occlusion, language: Language) -> Shaded:
    """The occlusion as it is drawn; tints compare the words of both texts."""
    most = max((abs(effect.value) for effect in (*found.of_query, *found.of_passage)), default=0.0) or 1.0
    sources = [(found.query, w.QUERY, each) for each in found.of_query]
    sources += [(found.content, w.COLUMN_PASSAGE, each) for each in found.of_passage]
    strongest = sorted(sources, key=lambda source: -abs(source[2].value))[:STRONGEST]
    rows = (
        WordRow(
            shorten(text[effect.start : effect.end], WORD_COLUMNS),
            _effect(effect),
            round(abs(effect.value) / most, 3),
            origin.to(language),
            direction(effect.value),
        )
        for text, origin, effect in strongest
    )
    words = max((len(word_spans(found.content[each.start : each.end])) for each in found.of_passage), default=0)
    return Shaded(
        found.ranker.label,
        score_words(found.score, found.ranker.kind),
        pieces(found.query, found.of_query, most),
        pieces(found.content, found.of_passage, most),
        tuple(rows),
        w.WHY_JOINED.format(words=words).to(language) if words > 1 else "",
    )


def pieces(text: str, effects: Sequence[Effect], most: float) -> tuple[Piece, ...]:
    """The text cut at the effects; `most` has tint 1."""
    found, end = [], 0
    for effect in effects:
        found.append(Piece(text[end : effect.start]))
        tint = round(abs(effect.value) / most, 3)
        found.append(Piece(text[effect.start : effect.end], _effect(effect), direction(effect.value), tint))
        end = effect.end
    return tuple(piece for piece in (*found, Piece(text[end:])) if piece.text)


def _effect(effect: Effect) -> str:
    return score_text(effect.value, plus=True)
