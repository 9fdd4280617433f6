"""How values are written on the page: passages on one line, moves, signed numbers, durations, rates."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import accumulate
from math import floor, log10
from typing import Literal

from demo.messages import Language, Message, plural
from demo.records import Passage

NAME_COLUMNS = 60

_MOST_READ = 10_000
"""Characters of what is to be cut."""

Direction = Literal["up", "down", "same", "new"]
"""The way of a move; «new» where there was no rank to move from."""


def passage_name(passage: Passage, columns: int = NAME_COLUMNS) -> str:
    """The passage's title, or else the start of its text, or else its id, on one line of at most `columns` columns."""
    return shorten(passage.title, columns) or shorten(passage.text, columns) or shorten(passage.doc_id, columns)


def shorten(text: str, columns: int) -> str:
    """The text on one line, cut at a word with … so that it takes at most `columns` columns.

    A Chinese, Japanese or Korean character takes two columns and may be cut after; an accent takes none and stays
    with its letter. A first word that is too long by itself is cut inside.
    """
    line = " ".join(text.split())
    if line[: columns + 1].isascii():  # a column each, which is quick to tell
        if len(line) <= columns:
            return line
        end = max(0, columns - 1)
    elif _fits(line, columns):
        return line
    else:
        end = _fitting(line, columns - 1)
    head = line[:end]
    inside_word = not line[end].isspace() and _columns(line[end]) == 1
    if inside_word and " " in head:
        head = head[: head.rindex(" ")]
    return head.rstrip(" ,;:.–—-，；：。、") + "…"


@dataclass(frozen=True, slots=True)
class Shortened:
    """A message cut to at most `columns` columns in whatever language it is said, without its full stop."""

    text: Message
    columns: int

    def to(self, language: Language) -> str:
        """The beginning in `language`."""
        return shorten(self.text.to(language), self.columns).rstrip(".。")


def _fitting(line: str, columns: int) -> int:
    """How many characters of the line take at most `columns` columns together."""
    end = used = 0
    while used + _columns(line[end]) <= columns:
        used += _columns(line[end])
        end += 1
    return end


def shown(text: str, columns: int = 80) -> str:
    """What somebody wrote as a sentence quotes it, however long it is."""
    return shorten(text[:_MOST_READ], columns)


def _fits(line: str, columns: int) -> bool:
    """Whether the line takes at most `columns` columns; looks no further than needed to tell."""
    return all(used <= columns for used in accumulate(map(_columns, line)))


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def direction(move: float | None) -> Direction:
    """The way of a move; None is a move from or to no rank at all."""
    if move is None:
        return "new"
    return "up" if move > 0 else "down" if move < 0 else "same"


def change_mark(move: int | None) -> str:
    """The move as an arrow with a number, “▲ 8”, “▼ 3”, “●” where nothing moved, “✦” where there was no rank."""
    if move is None:
        return "✦"
    return f"▲ {move}" if move > 0 else f"▼ {-move}" if move < 0 else "●"


def describe_change(move: int | None) -> Message:
    """The move in words: “up 8”, “down 3”, “unchanged”."""
    if move is None:
        return Message("not ranked by both")
    if move > 0:
        return Message("up {move}", move=move)
    if move < 0:
        return Message("down {move}", move=-move)
    return Message("unchanged")


def signed(value: float, places: int = 2, plus: bool = False) -> str:
    """The number with a real minus sign; never “−0.00”."""
    text = f"{value:+.{places}f}" if plus else f"{value:.{places}f}"
    if not text.strip("+-0."):
        return text.lstrip("+-")
    return text.replace("-", "−")


def score_text(value: float, places: int = 2, plus: bool = False) -> str:
    """The score as `signed` writes it, and with one significant digit where that would show a score near 0 as 0."""
    text = signed(value, places, plus)
    if value == 0 or text.strip("+−0."):
        return text
    return f"{value:{'+' if plus else ''}.1g}".replace("-", "−")


def count_passages(count: int) -> Message:
    """“1 passage”, “1,200 passages”."""
    return plural("{count:,} passage", "{count:,} passages", count)


def count_queries(count: int) -> Message:
    """“1 query”, “1,200 queries”."""
    return plural("{count:,} query", "{count:,} queries", count)


def count_results(count: int) -> Message:
    """The number of lines of a run: “1 result”, “1,200 results”."""
    return plural("{count:,} result", "{count:,} results", count)


def count_pairs(count: int) -> Message:
    """The number of (query, passage) pairs: “1 pair”, “40 pairs”."""
    return plural("{count:,} pair", "{count:,} pairs", count)


def price(usd: float) -> Message:
    """US dollars to two figures, or to the cent from 1 on: “0.0021 USD”, “12.50 USD”."""
    figures = 2 if usd >= 1 else max(2, 1 - floor(log10(usd))) if usd > 0 else 0
    return Message("{usd} USD", usd=f"{usd:,.{figures}f}")


def price_of_thousand(usd_per_query: float) -> Message:
    """What 1,000 queries cost at this price of one."""
    return Message("{price} per 1,000 queries", price=price(1000 * usd_per_query))


def rate(speed: float) -> str:
    """A speed as a whole number from 10 upwards, with one decimal below: “1,050”, “2.5”."""
    return f"{speed:,.0f}" if speed >= 10 else f"{speed:.1f}"


def seconds(value: float) -> str:
    """A duration for people: “4 ms”, “1.2 s”, “2 min 5 s”."""
    if value < 0.0995:
        return f"{value * 1000:.0f} ms" if value >= 0.001 else "< 1 ms"
    if value < 99.5:
        return f"{value:.2f} s" if value < 0.995 else f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"
