"""Speed against agreement or quality: milliseconds a pair, measured in this run, against how far a ranker agrees with a
reference, or how well it ranks what was judged. Rankers without a measured speed are named instead of drawn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demo.charts.style import GRID, INK, Figure, Part, axis, axis_title, centred, escaped, layout, scatter
from demo.messages import Language, Message, clauses, listed
from demo.metrics.agreement import AgreementMeasure
from demo.phrases import price, shorten, signed
from demo.records import Result
from demo.results.members import find_ranking
from demo.results.speed import SpeedRow, speed_rows
from demo.score_kinds import Side

HEIGHT, MARGINS = 340, {"l": 52, "r": 14, "t": 14, "b": 46}
LABEL_HEIGHT, LABEL_COLUMNS = 16, 22
LEAST_SPAN = 0.2
"""Of the upright axis, so that small differences do not look large."""
KEPT = Message("all scores kept from before")
FUSED = Message("made of other rankers' scores")
ELSEWHERE = Message("scored elsewhere")
_UNMEASURED = {Side.FUSION: FUSED, Side.GIVEN: ELSEWHERE}
UNDEFINED = Message("its value is not defined")


@dataclass(frozen=True, slots=True)
class SpeedPoint:
    """One ranker that computed pairs.

    Attributes:
        milliseconds: a pair, tokenising and model; value: agreement or quality.
        colour: of the kind of score.
        shift: pixels that its label stands above the point, so that no two labels share a line.
        leftwards: whether the label stands to the left, being on the right half.
        usd: what this ranking cost, where the owner of a server states a price; else 0.
    """

    label: str
    milliseconds: float
    value: float
    colour: str
    is_reference: bool
    shift: float
    leftwards: bool
    usd: float = 0.0


@dataclass(frozen=True, slots=True)
class SpeedData:
    """Rankers by speed and by agreement or quality.

    Attributes:
        x_range: milliseconds, both ends; y_range: of the values, both ends; y_label: what they are.
        unmeasured: rankers that are not drawn, each with the reason.
    """

    points: tuple[SpeedPoint, ...]
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    y_label: Message
    unmeasured: tuple[tuple[str, Message], ...]


def speed_data(
    result: Result, reference_key: str, measure: AgreementMeasure, quality: Mapping[str, float] | None = None
) -> SpeedData:
    """Where each ranker stands; the reference, which agrees with itself, stands at 1.

    Args:
        quality: NDCG@10 by ranker key where the list is judged; takes the place of agreement.

    Raises:
        InputError: the reference failed or is not here.
    """
    reference = find_ranking(result, reference_key).ranker.label
    y_label = Message("{label} with {reference}", label=measure.label, reference=reference)
    drawn: list[tuple[SpeedRow, float, float]] = []
    unmeasured: list[tuple[str, Message]] = []
    for row in speed_rows(result, reference_key, measure):
        agreement = 1.0 if row.is_reference else row.agreement
        value = agreement if quality is None else quality.get(row.ranker.key)
        if row.milliseconds_per_pair is None:
            unmeasured.append((row.ranker.label, _UNMEASURED.get(row.ranker.kind.side, KEPT)))
        elif value is None:
            unmeasured.append((row.ranker.label, UNDEFINED))
        else:
            drawn.append((row, row.milliseconds_per_pair, value))
    x_range = _x_range([milliseconds for _, milliseconds, _ in drawn])
    y_range = _y_range([value for _, _, value in drawn])
    middle = math.sqrt(x_range[0] * x_range[1])
    shifts = _label_shifts([value for _, _, value in drawn], y_range)
    points = tuple(
        SpeedPoint(
            label=row.ranker.label,
            milliseconds=milliseconds,
            value=value,
            colour=row.ranker.kind.colour,
            is_reference=row.is_reference,
            shift=shift,
            leftwards=milliseconds > middle,
            usd=row.cost.usd,
        )
        for (row, milliseconds, value), shift in zip(drawn, shifts, strict=True)
    )
    return SpeedData(points, x_range, y_range, y_label if quality is None else Message("NDCG@10"), tuple(unmeasured))


def _x_range(values: Sequence[float]) -> tuple[float, float]:
    return (min(values) / 2, max(values) * 2) if values else (1.0, 100.0)


def _y_range(values: Sequence[float]) -> tuple[float, float]:
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    spare = max(0.0, LEAST_SPAN - (high - low)) / 2 + 0.12 * max(LEAST_SPAN, high - low)
    return low - spare, high + spare


def _label_shifts(values: Sequence[float], y_range: tuple[float, float]) -> list[float]:
    """Pixels upwards for each label, so that all are at least a line apart and as near to their points as that allows.

    Labels are pushed apart from the top down; a stack that would leave the plot is moved up as a whole.
    """
    inner = HEIGHT - MARGINS["t"] - MARGINS["b"]
    natural = [(y_range[1] - value) / (y_range[1] - y_range[0]) * inner for value in values]
    placed, last = {}, -math.inf
    for index in sorted(range(len(values)), key=natural.__getitem__):
        last = max(natural[index] - LABEL_HEIGHT / 3, last + LABEL_HEIGHT)
        placed[index] = last
    spare = max(0.0, max(placed.values(), default=0.0) - (inner - LABEL_HEIGHT / 2))
    return [natural[index] - placed[index] + spare for index in range(len(values))]


def speed_figure(data: SpeedData, language: Language) -> Figure:
    """One labelled point for each ranker, milliseconds a pair on a log axis; better is up and to the left."""
    figure = Figure(layout(HEIGHT, margin=MARGINS))
    for point in data.points:
        figure.add(_trace(point, data, language))
        figure.write(_label(point, language))
    if not data.points:
        figure.write(centred(_nothing(data).to(language)))
    ticks = _ticks(*data.x_range)
    figure.layout["xaxis"] = axis(
        type="log",
        range=[math.log10(end) for end in data.x_range],
        tickvals=ticks,
        ticktext=[f"{tick:g}" for tick in ticks],
        title=axis_title(Message("milliseconds a pair (log)").to(language)),
        showgrid=bool(data.points),
        showticklabels=bool(data.points),
    )
    figure.layout["yaxis"] = axis(
        range=list(data.y_range),
        nticks=6,
        title=axis_title(escaped(shorten(data.y_label.to(language), 44))),
        showgrid=bool(data.points),
        showticklabels=bool(data.points),
    )
    return figure


def _trace(point: SpeedPoint, data: SpeedData, language: Language) -> Part:
    """A diamond for the reference, a disc for the others; no `customdata`, as a click chooses passages only."""
    what = escaped(data.y_label.to(language))
    pace = Message("{three_figures} ms a pair", three_figures=three_figures(point.milliseconds)).to(language)
    bill = f"<br>{price(point.usd).to(language)}" if point.usd else ""
    return scatter(
        name=point.label,
        mode="markers",
        x=[point.milliseconds],
        y=[point.value],
        hovertext=[f"<b>{escaped(point.label)}</b><br>{pace}<br>{what} {signed(point.value)}{bill}"],
        hoverinfo="text",
        marker={
            "symbol": "diamond-open" if point.is_reference else "circle",
            "size": 13,
            "color": point.colour,
            "line": {"width": 2.5 if point.is_reference else 0, "color": point.colour},
        },
    )


def three_figures(value: float) -> str:
    """A positive number to three figures, never in powers of ten: “0.123”, “12.3”, “1,235”."""
    return f"{value:,.0f}" if value >= 99.95 else f"{value:.3g}"


def _label(point: SpeedPoint, language: Language) -> Part:
    note = Message(" (reference)").to(language) if point.is_reference else ""
    return {
        "text": f"{escaped(shorten(point.label, LABEL_COLUMNS))}{note}",
        "x": math.log10(point.milliseconds),
        "y": point.value,
        "ax": -14 if point.leftwards else 14,
        "ay": -point.shift,
        "xanchor": "right" if point.leftwards else "left",
        "yanchor": "middle",
        "showarrow": True,
        "arrowhead": 0,
        "arrowwidth": 1,
        "arrowcolor": GRID,
        "standoff": 6,
        "font": {"size": 12, "color": INK},
    }


def _ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times the powers of ten within the range; powers of ten alone over more than three of them."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1, 2, 5) if high / low <= 1000 else (1,)
    return [factor * 10.0**power for power in powers for factor in factors if low <= factor * 10.0**power <= high]


def _nothing(data: SpeedData) -> Message:
    if data.unmeasured:
        return Message("Nothing was computed in this run")
    return Message("No ranking to show")


def unmeasured_note(data: SpeedData) -> Message | None:
    """Who is not drawn and why, in one sentence; None where everyone is."""
    if not data.unmeasured:
        return None
    rankers = [Message("{label} ({reason})", label=label, reason=reason) for label, reason in data.unmeasured]
    return Message("Not drawn: {rankers}.", rankers=listed(rankers))


def speed_alt(data: SpeedData) -> Message:
    """The chart in one sentence."""
    if not data.points:
        nothing = _nothing(data)
        return Message("Speed: {nothing!l}.", nothing=nothing)
    parts = [
        f"{point.label} {three_figures(point.milliseconds)} ms, {signed(point.value)}"
        for point in sorted(data.points, key=lambda point: point.milliseconds)
    ]
    return Message(
        "Milliseconds a pair and {y_label}, fastest first: {parts}.", y_label=data.y_label, parts=clauses(parts)
    )
