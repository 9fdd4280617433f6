"""What all figures share: colours that hold on a light and a dark ground, one layout, and safe hover texts."""

from __future__ import annotations

import html
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from demo.messages import Language, Message
from demo.phrases import Direction, change_mark, score_text, shorten
from demo.records import Passage, Ranking
from demo.results.change import Pair

FONT = "IBM Plex Sans, system-ui, -apple-system, Segoe UI, Noto Sans CJK SC, sans-serif"
UP, DOWN, SAME, SELECTED = "#2f7ed8", "#e8590c", "#8a94a3", "#d6336c"
GRID, BASELINE = "rgba(138,148,163,0.22)", "rgba(138,148,163,0.6)"
INK = "#64748b"
CLEAR = "rgba(0,0,0,0)"
SELECTED_TRACE = "selected"
"""Name of the empty trace that the page fills with the chosen candidate."""

Part = dict[str, Any]
"""A trace, a layout or something in it, by the names of plotly's JSON."""

DIRECTIONS: tuple[tuple[Direction, str, str, str, Message], ...] = (
    ("new", SAME, "diamond-open", "✦", Message("not ranked by both")),
    ("same", SAME, "circle", "●", Message("stayed")),
    ("down", DOWN, "triangle-down", "▼", Message("fell")),
    ("up", UP, "triangle-up", "▲", Message("rose")),
)
"""Direction, colour, plotly symbol, sign, word; in drawing order, the last on top."""


@dataclass(frozen=True, eq=False)
class Figure:
    """A picture as plotly reads it: its layout and its traces, the last on top.

    Plain values, because plotly's own classes look at each of them, which takes longer than all else.
    """

    layout: Part
    data: list[Part] = field(default_factory=list)

    def add(self, *traces: Part) -> None:
        """Draws them above what is there."""
        self.data.extend(traces)

    def write(self, words: Part) -> None:
        """Adds an annotation, such as a `caption`."""
        self.layout["annotations"] = [*self.layout.get("annotations", []), words]

    def leave_empty(self, why: str) -> None:
        """Says in the middle why there is nothing, and takes titles, grid and numbers off the axes."""
        for name in ("xaxis", "yaxis"):
            self.layout[name] |= {"showgrid": False, "showticklabels": False}
            self.layout[name].pop("title", None)
        self.write(centred(why))


def faint(colour: str, opacity: float) -> str:
    """The colour, written “#rrggbb”, with the ground seen through it; opacity 0…1."""
    red, green, blue = bytes.fromhex(colour[1:])
    return f"rgba({red},{green},{blue},{opacity:g})"


def scatter(**parts: Any) -> Part:
    """A trace of points or lines."""
    return {"type": "scatter", **parts}


def bar(**parts: Any) -> Part:
    """A trace of bars."""
    return {"type": "bar", **parts}


def layout(height: int, **parts: Any) -> Part:
    """The common layout: no ground of its own, no legend, no title, nothing to drag."""
    base: Part = {
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"family": FONT, "size": 12, "color": INK},
        "height": height,
        "margin": {"l": 40, "r": 12, "t": 30, "b": 40},
        "dragmode": False,
        "showlegend": False,
        "hovermode": "closest",
        "hoverlabel": {"align": "left", "font": {"family": FONT, "size": 12}},
        "bargap": 0,
    }
    return base | parts


def axis(**parts: Any) -> Part:
    """A quiet axis: thin grid, no box, no zooming."""
    base: Part = {
        "fixedrange": True,
        "automargin": True,
        "gridcolor": GRID,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "tickfont": {"size": 11, "color": INK},
    }
    return base | {name: value for name, value in parts.items() if value is not None}


def axis_title(text: str, standoff: int = 8) -> Part:
    """An axis title in the small soft type."""
    return {"text": text, "font": {"size": 12, "color": INK}, "standoff": standoff}


def caption(text: str, y: float, size: int = 13, **parts: Any) -> Part:
    """A line of text that starts at the left edge of the plot, its foot at paper height `y`."""
    position = {"xref": "paper", "yref": "paper", "x": 0, "y": y, "xanchor": "left", "yanchor": "bottom"}
    return position | {"text": text, "showarrow": False, "align": "left", "font": {"size": size, "color": INK}} | parts


def spread(heights: Sequence[float], bounds: Sequence[float]) -> list[float]:
    """The heights of names on an axis with these bounds, moved apart where they would stand on each other."""
    step = (bounds[1] - bounds[0]) * 0.075
    found = list(heights)
    previous = -math.inf
    for at in sorted(range(len(heights)), key=lambda at: heights[at]):
        found[at] = previous = max(heights[at], previous + step)
    return found


def centred(text: str) -> Part:
    """A sentence in the middle of an empty plot."""
    return caption(text, 0.5, x=0.5, xanchor="center", yanchor="middle")


def direction_key(ways: Sequence[Direction], language: Language) -> str:
    """The key of the directions with their counts: «▲ rose 12  ▼ fell 20  ● stayed 8»; ✦ only where it occurs."""
    return "   ".join(
        f'<span style="color:{colour}">{sign}</span> {word.to(language)} {ways.count(way)}'
        for way, colour, _, sign, word in reversed(DIRECTIONS)
        if way != "new" or way in ways
    )


def escaped(text: str) -> str:
    """The text as plotly shows it literally: its pseudo-HTML escaped, on one line, nothing that UTF-8 cannot hold."""
    line = " ".join(text.split()).encode("utf-8", "replace").decode()
    return html.escape(line, quote=False)


def hover(pair: Pair, index: int) -> Message:
    """Rank change, start of the passage and both scores, ready for `hovertext`, narrow enough for a phone."""
    sides = (pair.before, pair.after)
    old, new = (int(ranking.ranks[index]) if ranking.found[index] else "–" for ranking in sides)
    return Message(
        "<b>{mark}</b>  rank {old} → {new}<br>{start}<br>{scores}",
        mark=change_mark(pair.change.move(index)),
        old=old,
        new=new,
        start=opening(pair.result.candidates[index]),
        scores=" · ".join(
            f"{escaped(ranking.ranker.label)} {score_text(float(ranking.scores[index]))}" for ranking in sides
        ),
    )


def opening(passage: Passage) -> str:
    """The start of the passage on a few short lines, escaped."""
    start = shorten(passage.title or passage.text or passage.doc_id, 72)
    wide = not start.isascii() and any(character >= "\u2e80" for character in start)
    return "<br>".join(escaped(line) for line in textwrap.wrap(start, 18 if wide else 36))


def rank_hovers(openings: Sequence[str], ranking: Ranking) -> tuple[Message, ...]:
    """Rank and score in one ranking before the start of each passage, in candidate order."""
    rows = zip(ranking.ranks.tolist(), ranking.found.tolist(), ranking.scores.tolist(), openings, strict=True)
    return tuple(
        Message(
            "<b>rank {rank}</b> · {score}<br>{start}",
            rank=rank if found else "–",
            score=score_text(score),
            start=start,
        )
        for rank, found, score, start in rows
    )


_HOVERS: WeakKeyDictionary[Pair, tuple[Message, ...]] = WeakKeyDictionary()


def hovers(pair: Pair) -> tuple[Message, ...]:
    """The hover text of every candidate, in candidate order; the same for all pictures of the pair."""
    found = _HOVERS.get(pair)
    if found is None:
        found = _HOVERS[pair] = tuple(hover(pair, index) for index in range(pair.result.size))
    return found
