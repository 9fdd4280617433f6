"""The ranking change as two columns and the lines between them, in HTML and SVG.

Positions are shares of the height, so the drawing needs no width from the browser: it fits a phone and follows the
theme by style sheet alone. Every end is a button that speaks its ranks.
"""

from __future__ import annotations

from dataclasses import dataclass

from demo.charts import SlopeData, SlopeLine, slope_alt, slope_data
from demo.charts.slope import HEAD_END
from demo.language import Language, Text
from demo.phrases import change_mark, describe_change, direction, passage_name
from demo.records import Comparison
from demo.ui import wording as w
from demo.ui.views.render import render

ROW_HEIGHTS = {"all": 34, "emphasis": 15, "tops": 27}
LOW_ROW_HEIGHT, FULL_HEIGHT_UP_TO = 12, 45


@dataclass(frozen=True, slots=True)
class End:
    """One end of a line: a button with rank, change and name."""

    index: int
    rank: int
    top: float
    classes: str
    direction: str
    arrow: str
    name: str
    spoken: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line as an SVG path in a 100 × 100 box that is stretched to the field."""

    index: int
    classes: str
    path: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A rank of the logarithmic tail."""

    top: float
    label: str


def slope(comparison: Comparison, language: Language) -> str:
    """The chart of the ranking change; for an empty comparison a heading and a sentence."""
    data = slope_data(comparison)
    return render(
        "slope.html",
        language,
        alt=slope_alt(data).to(language),
        note=_note(data, language),
        before=comparison.before.ranker.label,
        height=_height(data),
        row_height=_row_height(data),
        before_ends=[
            _end(line, comparison, "before", language) for line in sorted(data.lines, key=lambda x: x.old_rank)
        ],
        after_ends=[_end(line, comparison, "after", language) for line in data.lines],
        lines=[_path(line) for line in sorted(data.lines, key=lambda x: (x.strong, abs(x.move)))],
        ticks=[Tick(_percent(tick.at), w.TICK.format(rank=tick.rank).to(language)) for tick in data.ticks],
    )


def _row_height(data: SlopeData) -> int:
    """Pixels from one rank to the next; less for many, so that the whole chart fits a screen."""
    if data.mode == "emphasis" and data.rows > FULL_HEIGHT_UP_TO:
        return LOW_ROW_HEIGHT
    return ROW_HEIGHTS[data.mode]


def _height(data: SlopeData) -> int:
    """Pixels between the first and the last row."""
    if data.mode == "tops":
        return round((data.k - 1) * _row_height(data) / HEAD_END)
    return max(1, data.rows - 1) * _row_height(data)


def _note(data: SlopeData, language: Language) -> str:
    if data.mode != "tops":
        return ""
    return w.SLOPE_PART.format(drawn=len(data.lines), k=data.k, total=data.size).to(language)


def _end(line: SlopeLine, comparison: Comparison, side: str, language: Language) -> End:
    before = side == "before"
    name = passage_name(comparison.candidates[line.candidate])
    change = describe_change(line.move)
    sentence = w.END_BEFORE if before else w.END_AFTER
    spoken = Text(
        sentence.en.format(rank=line.new_rank, old=line.old_rank, change=change.en, name=name),
        sentence.zh.format(rank=line.new_rank, old=line.old_rank, change=change.zh, name=name),
    )
    named = line.named_before if before else line.named_after
    classes = [direction(line.move), "strong" if line.strong else "", "labelled" if named else ""]
    return End(
        index=line.candidate,
        rank=line.old_rank if before else line.new_rank,
        top=_percent(line.old_at if before else line.new_at),
        classes=" ".join(filter(None, classes)),
        direction=direction(line.move),
        arrow=change_mark(line.move),
        name=name,
        spoken=spoken.to(language),
    )


def _path(line: SlopeLine) -> Line:
    start, end = _percent(line.old_at), _percent(line.new_at)
    return Line(
        index=line.candidate,
        classes=f"{direction(line.move)}{' strong' if line.strong else ''}",
        path=f"M0 {start} C50 {start} 50 {end} 100 {end}",
    )


def _percent(share: float) -> float:
    return round(share * 100, 3)
