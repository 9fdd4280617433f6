"""Queries made from passages, for passages that no one has asked a question about.

Search engines meet questions, keyword lists, titles, statements and pasted sentences; each maker below imitates one of
these. None needs a model. A maker returns None where the passage does not suit it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from demo.training.sources import Section

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'(])")
_WORD = re.compile(r"[A-Za-z0-9][\w'-]*")
_QUESTION = re.compile(r"^(what|who|when|where|why|how|which|is|are|do|does|can)\b", re.IGNORECASE)


def sentences(text: str) -> list[str]:
    """The sentences of `text`, split after . ! ? before a capital; order kept."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]


def opening(section: Section, rng: Random, idf: Mapping[str, float]) -> str | None:
    """The passage's own first sentence, 5 to 40 words."""
    return _of_length(sentences(section.text)[:1], 5, 40, rng)


def statement(section: Section, rng: Random, idf: Mapping[str, float]) -> str | None:
    """Any sentence but the first, 6 to 30 words."""
    return _of_length(sentences(section.text)[1:], 6, 30, rng)


def claim(section: Section, rng: Random, idf: Mapping[str, float]) -> str | None:
    """A sentence without some of its frequent words: each word stays with a chance that grows with its idf."""
    sentence = statement(section, rng, idf)
    if sentence is None:
        return None
    words = _WORD.findall(sentence)
    kept = [w for w in words if rng.random() < min(0.95, 0.35 + 0.12 * idf.get(w.lower(), 8.0))]
    return " ".join(kept[:18]) if len(kept) >= 4 else None


def keywords(section: Section, rng: Random, idf: Mapping[str, float]) -> str | None:
    """Two to six words of the passage, drawn with weight idf², in the order drawn, lower case."""
    words = sorted({w.lower() for w in _WORD.findall(section.text) if len(w) > 2})
    weights = [idf.get(w, 8.0) ** 2 for w in words]
    if len(words) < 6 or not any(weights):
        return None
    drawn = rng.choices(words, weights, k=rng.randint(2, 6))
    return " ".join(dict.fromkeys(drawn))


def title_and_heading(section: Section, rng: Random, idf: Mapping[str, float]) -> str | None:
    """Title and heading as a searcher would type them; questions stay questions."""
    if not section.heading:
        return None
    if _QUESTION.match(section.heading):
        return section.heading
    phrase = f"{section.title} {section.heading}" if rng.random() < 0.7 else f"{section.heading} of {section.title}"
    return phrase.lower() if rng.random() < 0.5 else phrase


def heading_question(section: Section, rng: Random, idf: Mapping[str, float]) -> str | None:
    """A question from the heading («what is the history of Berlin?»), or from the title for an opening passage."""
    if not section.title or _QUESTION.match(section.heading):
        return None
    if not section.heading:
        return rng.choice(("what is {}", "{} definition", "{}", "information about {}")).format(section.title)
    form = rng.choice(
        ("what is the {h} of {t}?", "{t}: what about {h}?", "how is the {h} of {t}", "tell me about {t} and {h}")
    )
    return form.format(h=section.heading.lower(), t=section.title)


Maker = Callable[[Section, Random, Mapping[str, float]], str | None]


@dataclass(frozen=True)
class MakerRow:
    """A maker, its name in the reports, and its share of the made queries (shares sum to 1)."""

    name: str
    make: Maker
    share: float


MAKERS: tuple[MakerRow, ...] = (
    MakerRow("keywords", keywords, 0.24),
    MakerRow("claim", claim, 0.22),
    MakerRow("statement", statement, 0.20),
    MakerRow("title_and_heading", title_and_heading, 0.16),
    MakerRow("heading_question", heading_question, 0.12),
    MakerRow("opening", opening, 0.06),
)


def make_query(section: Section, rng: Random, idf: Mapping[str, float]) -> tuple[str, str] | None:
    """A made query and its maker's name; the first drawn maker that suits the passage wins, None if none does."""
    rows = list(MAKERS)
    while rows:
        row = rng.choices(rows, [r.share for r in rows])[0]
        query = row.make(section, rng, idf)
        if query:
            return query, row.name
        rows.remove(row)
    return None


def _of_length(candidates: list[str], low: int, high: int, rng: Random) -> str | None:
    fitting = [s for s in candidates if low <= len(s.split()) <= high]
    return rng.choice(fitting) if fitting else None
