"""Ranks as lines through one column per ranking, in HTML and SVG; two columns make a slope chart.

Positions are shares of the height, and of the width between the first and the last column, so the drawing needs no
width from the browser: it fits a phone and follows the theme by style sheet alone. Every end is a button that speaks
its ranks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from demo.charts.flow import HEAD_END, FlowData, FlowLine, flow_alt, flow_data
from demo.messages import Language, Message
from demo.phrases import change_mark, describe_change, direction, passage_name
from demo.records import Failure, Ranking, Result
from demo.ui import wording as w
from demo.ui.views.curves import curve
from demo.ui.views.render import render

ROW_HEIGHTS = {"all": 34, "emphasis": 15, "tops": 27}
LOW_ROW_HEIGHT, FULL_HEIGHT_UP_TO = 12, 45
FAR = 22.0
"""A move over this share of the height, in percent, stands out among three or more columns."""
MANY = 4
"""From this many columns on, a narrow page numbers them and names them below."""


@dataclass(frozen=True, slots=True)
class End:
    """A passage's place in one column: a button with rank, change and name."""

    index: int
    rank: str
    top: float
    classes: str
    direction: str
    arrow: str
    name: str
    spoken: str


@dataclass(frozen=True, slots=True)
class FlowColumn:
    """A ranking's column: the first carries names on its left, the last on its right, those between carry ranks.

    `unfound` says how many candidates it did not find; their lines end at its foot.
    """

    number: int
    label: str
    side: Literal["before", "between", "after"]
    at: float
    ends: tuple[End, ...]
    unfound: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """The place of a ranking that failed."""

    number: int
    label: str
    at: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A line between two columns as an SVG path in a 100 × 100 box that is stretched to the field."""

    index: int
    classes: str
    path: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A rank of the logarithmic tail."""

    top: float
    label: str


@dataclass(frozen=True, slots=True)
class Sentences:
    """What differs between the chart of two rankings and that of any number: heading, note and spoken ends.

    `first` and `later` take rank, ranker, other_rank, other, change and name; `other` is the column before, and for the
    first column the next.
    """

    kind: Literal["slope", "flow"]
    heading: Message
    part: Message
    keys: Message
    first: Message
    later: Message


SLOPE = Sentences("slope", w.RANK_CHANGE, w.SLOPE_PART, w.SLOPE_KEYS, w.END_BEFORE, w.END_AFTER)
FLOW = Sentences("flow", w.RANK_FLOW, w.FLOW_PART, w.FLOW_KEYS, w.FLOW_FIRST, w.FLOW_END)

MOVES = (w.MOVED_UP, w.MOVED_DOWN, w.NOT_MOVED)
FAR_MOVES = (w.MOVED_FAR_UP, w.MOVED_FAR_DOWN, w.MOVED_LITTLE)
"""What the colours say among three or more columns."""


def slope(result: Result, language: Language) -> str:
    """The chart of the ranking change; for an empty result a heading and a sentence."""
    return _chart(result, SLOPE, language)


def flow(result: Result, language: Language) -> str:
    """The chart of all rankings of the result; a ranker that failed keeps its place and says so."""
    return _chart(result, FLOW, language)


def _chart(result: Result, sentences: Sentences, language: Language) -> str:
    columns, candidates = result.columns, result.candidates
    labels = [column.ranker.label for column in columns]
    data = flow_data([column for column in columns if isinstance(column, Ranking)])
    ranked = [number for number, column in enumerate(columns) if isinstance(column, Ranking)]
    first, last = (ranked[0], ranked[-1]) if ranked else (len(columns), len(columns))
    at = {number: (number - first) / (last - first) if last > first else 0.0 for number in range(first, last + 1)}
    names = [passage_name(candidates[line.candidate]) for line in data.lines]
    shown = [
        FlowColumn(
            number=number + 1,
            label=labels[number],
            side="after" if number == last else "before" if number == first else "between",
            at=round(at[number], 4),
            ends=_ends(data, column_index, names, [labels[each] for each in ranked], sentences, language),
            unfound=w.UNFOUND_HERE.format(count=data.unfound[column_index]).to(language)
            if data.unfound[column_index]
            else "",
        )
        for column_index, number in enumerate(ranked)
    ]
    gaps = [
        Gap(number + 1, labels[number], round(at.get(number, 0.0), 4))
        for number, column in enumerate(columns)
        if isinstance(column, Failure)
    ]
    percents = [_percent(at[number]) for number in ranked]
    return render(
        "flow.html",
        language,
        sentences=sentences,
        alt=flow_alt(data).to(language),
        note=_note(data, sentences, language),
        columns=shown,
        before=[gap for gap in gaps if gap.number <= first],
        among=[gap for gap in gaps if first < gap.number <= last],
        after=[gap for gap in gaps if gap.number > last + 1],
        labels=list(enumerate(labels, 1)),
        many=last - first + 1 >= MANY,
        gaps=max(1, last - first),
        moves=FAR_MOVES if last - first > 1 else MOVES,
        dashed=any(data.unfound),
        height=_height(data),
        row_height=_row_height(data),
        segments=[
            segment
            for line in sorted(data.lines, key=lambda line: (line.strong, line.spread))
            for segment in _segments(line, percents)
        ],
        ticks=[Tick(_percent(tick.at), w.TICK.format(rank=tick.rank).to(language)) for tick in data.ticks],
    )


def _row_height(data: FlowData) -> int:
    """Pixels from one rank to the next; less for many, so that the whole chart fits a screen."""
    if data.mode == "emphasis" and data.rows > FULL_HEIGHT_UP_TO:
        return LOW_ROW_HEIGHT
    return ROW_HEIGHTS[data.mode]


def _height(data: FlowData) -> int:
    """Pixels between the first and the last row."""
    if data.mode == "tops":
        return round((data.k - 1) * _row_height(data) / HEAD_END)
    return max(1, data.rows - 1) * _row_height(data)


def _note(data: FlowData, sentences: Sentences, language: Language) -> str:
    if not data.columns:
        return w.FLOW_EMPTY.to(language)
    if data.mode != "tops":
        return ""
    return sentences.part.format(drawn=len(data.lines), k=data.k, total=data.size).to(language)


def _ends(
    data: FlowData,
    column_index: int,
    names: Sequence[str],
    labels: Sequence[str],
    sentences: Sentences,
    language: Language,
) -> tuple[End, ...]:
    """The buttons of the column at `column_index` among the rankings, from the top down."""
    named = sorted(zip(data.lines, names, strict=True), key=lambda pair: pair[0].at[column_index])
    return tuple(_end(line, name, column_index, labels, sentences, language) for line, name in named)


def _end(
    line: FlowLine, name: str, column_index: int, labels: Sequence[str], sentences: Sentences, language: Language
) -> End:
    """A column's change is from the column before; the first column's is to the next."""
    moves: tuple[int | None, ...] = line.moves or (0,)
    move = moves[max(0, column_index - 1)]
    other = column_index - 1 if column_index else min(1, len(labels) - 1)
    change = describe_change(move)
    rank, other_rank = line.ranks[column_index], line.ranks[other]
    known = rank is not None and other_rank is not None
    sentence = (sentences.later if column_index else sentences.first) if known else w.END_UNFOUND
    ranks = {"rank": "–" if rank is None else rank, "other_rank": "–" if other_rank is None else other_rank}
    classes = [
        direction(move),
        "strong" if line.strong else "",
        "labelled" if line.named[column_index] else "",
        "unfound" if rank is None else "",
    ]
    return End(
        index=line.candidate,
        rank="–" if rank is None else str(rank),
        top=_percent(line.at[column_index]),
        classes=" ".join(filter(None, classes)),
        direction=direction(move),
        arrow=change_mark(move) if column_index else "",
        name=name,
        spoken=sentence.format(**ranks, ranker=labels[column_index], other=labels[other], change=change, name=name).to(
            language
        ),
    )


def _segments(line: FlowLine, percents: Sequence[float]) -> list[Segment]:
    """The line's parts from column to column, each with the direction and the size of its own move."""
    return [
        Segment(line.candidate, " ".join(filter(None, classes)), curve(x, y))
        for move, named, x, y in zip(
            line.moves, pairwise(line.named), pairwise(percents), pairwise(map(_percent, line.at)), strict=True
        )
        for classes in [
            (
                direction(move),
                "strong" if line.strong and any(named) else "",
                "far" if abs(y[1] - y[0]) >= FAR else "",
            )
        ]
    ]


def _percent(share: float) -> float:
    return round(share * 100, 3)
