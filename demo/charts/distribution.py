"""How the scores of each ranker are spread: one histogram with a rug for each ranking, never two on one axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from demo.charts.scales import RAW, Scale, Values, scaled
from demo.charts.style import (
    BASELINE,
    SELECTED,
    SELECTED_TRACE,
    Figure,
    Part,
    axis,
    bar,
    caption,
    centred,
    escaped,
    faint,
    hovers,
    layout,
    opening,
    rank_hovers,
    scatter,
)
from demo.messages import NOTHING, Language, Message, clauses
from demo.phrases import count_passages, shorten, signed
from demo.records import IntArray, Ranking, Result
from demo.results.change import TOP_K, Pair

TALL, LOW = 134, 84
"""Pixels of one histogram: where there are one or two, and where there are more."""
BETWEEN, ABOVE, MARGINS = 53, 6, {"l": 34, "r": 10, "t": 22, "b": 30}
"""Pixels from one histogram to the heading of the next and its bars, above the first, and around all."""
RUG_SHARE = 0.16
"""Height of the rug below the bars, as a share of the tallest bar."""
REST_OPACITY = 0.5
"""Of the bars of what is not in the top k."""
NAME_COLUMNS = 24


@dataclass(frozen=True, eq=False)
class Panel:
    """The distribution of one ranker's scores.

    Attributes:
        name: the ranker's, or empty where the kind of score says enough; title: kind and scale.
        note: what must be said beside it, or None.
        colour: of the kind of score.
        values: float64 (m,), the finite scores on the scale; empty where it is undefined.
        candidates: int64 (m,), the candidate of each value.
        top: bool (m,), whether that candidate is in this ranker's own top k.
        edges: float64 (b + 1,), ascending bin edges; a value on an inner edge falls to the right.
        top_counts, rest_counts: int64 (b,), the bars' two parts.
        hovers: the hover text of each candidate.
    """

    name: str
    title: Message
    note: Message | None
    colour: str
    values: Values
    candidates: IntArray
    top: npt.NDArray[np.bool_]
    edges: Values
    top_counts: IntArray
    rest_counts: IntArray
    hovers: tuple[Message, ...]


@dataclass(frozen=True, eq=False)
class DistributionData:
    """One panel for each ranking.

    Attributes:
        k: the cutoff of the solid bars; size: number of candidates.
    """

    panels: tuple[Panel, ...]
    k: int
    size: int


def pair_distribution_data(pair: Pair, scale: Scale = RAW) -> DistributionData:
    """The scores of both rankers on the scale, binned each by itself."""
    texts = hovers(pair)
    k = min(TOP_K, pair.result.size)
    panels = tuple(_panel(ranking, scale, k, "", texts) for ranking in (pair.before, pair.after))
    return DistributionData(panels, k, pair.result.size)


def distribution_data(result: Result, scale: Scale = RAW) -> DistributionData:
    """The scores of every ranking on the scale, binned each by itself, in the order of the columns."""
    k, openings = min(TOP_K, result.size), [opening(passage) for passage in result.candidates]
    panels = tuple(
        _panel(ranking, scale, k, ranking.ranker.label, rank_hovers(openings, ranking)) for ranking in result.rankings
    )
    return DistributionData(panels, k, result.size)


def _panel(ranking: Ranking, scale: Scale, k: int, name: str, texts: tuple[Message, ...]) -> Panel:
    reading = scaled(ranking, scale)
    scores = np.empty(0) if reading.values is None else reading.values
    candidates = np.flatnonzero(np.isfinite(scores)).astype(np.int64)
    values, top = scores[candidates], np.isin(candidates, ranking.top(k))
    edges = bin_edges(values)
    return Panel(
        name=name,
        title=reading.label,
        note=reading.note,
        colour=ranking.ranker.kind.colour,
        values=values,
        candidates=candidates,
        top=top,
        edges=edges,
        top_counts=np.histogram(values[top], edges)[0].astype(np.int64),
        rest_counts=np.histogram(values[~top], edges)[0].astype(np.int64),
        hovers=texts,
    )


def bin_edges(values: Values) -> Values:
    """Edges at round numbers: 1, 2, 2.5 or 5 times a power of ten apart, at most 3·∛n bins and never more than 24
    (10 for short lists).

    Equal values get one bin around them; no values get the single bin 0…1.
    """
    if values.size == 0:
        return np.array([0.0, 1.0])
    low, high = float(values.min()), float(values.max())
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-300):
        return np.array([low - 0.5, low + 0.5])
    step = _round_step((high - low) / min(24, max(10, math.ceil(3 * values.size ** (1 / 3)))))
    first, last = math.floor(low / step), math.ceil(high / step)
    edges = np.arange(first, max(last, first + 1) + 1, dtype=np.float64) * step
    edges[0], edges[-1] = min(edges[0], low), max(edges[-1], high)  # no value falls out by rounding
    return edges


def axis_range(edges: Values, margin: float) -> list[float]:
    """The edges with a margin, as a share of their span; a lone bin gets three times its width on each side."""
    low, high = float(edges[0]), float(edges[-1])
    pad = (high - low) * (3 if edges.size == 2 else margin)
    return [low - pad, high + pad]


def _round_step(width: float) -> float:
    """The smallest round step that is not below `width`."""
    power = 10.0 ** math.floor(math.log10(width))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= width * (1 - 1e-9))


def distribution_figure(data: DistributionData, language: Language) -> Figure:
    """The histograms one below the other, first ranking on top, with rugs whose ticks carry the candidate's index."""
    count = len(data.panels)
    tall = TALL if count <= 2 else LOW
    inner = ABOVE + max(1, count) * (tall + BETWEEN) - BETWEEN
    traces: list[Part] = []
    axes: Part = {}
    words: list[Part] = []
    for number, panel in enumerate(data.panels):
        top = 1 - (ABOVE + number * (tall + BETWEEN)) / inner
        names = _axis_name("x", number), _axis_name("y", number), _axis_name("y", count + number)
        traces += _traces(panel, data.k, names, language)
        axes |= _axes(panel, names, (max(0.0, top - tall / inner), top))
        words += _words(panel, number, (max(0.0, top - tall / inner), top), data, language)
    if not count:
        words.append(centred(Message("No ranking to show").to(language)))
    height = inner + MARGINS["t"] + MARGINS["b"]
    return Figure(layout(height, barmode="stack", margin=MARGINS, annotations=words, **axes), traces)


def _traces(panel: Panel, k: int, names: tuple[str, str, str], language: Language) -> list[Part]:
    """The bars of one panel on their own axis, rug and selection on an axis from 0 to 1 laid over it."""
    x, y, over = names
    if not panel.values.size:
        return [_selection(x, over)]
    return [*_bars(panel, k, x, y, language), _rug(panel, x, over, language), _selection(x, over)]


def _axes(panel: Panel, names: tuple[str, str, str], domain: tuple[float, float]) -> Part:
    """The three axes of one panel, which stands between two paper heights."""
    x, y, over = names
    tallest, filled = max(1, int((panel.top_counts + panel.rest_counts).max())), bool(panel.values.size)
    return {
        f"xaxis{x[1:]}": axis(
            anchor=y, range=axis_range(panel.edges, 0.02), showgrid=False, nticks=7, showticklabels=filled
        ),
        f"yaxis{y[1:]}": axis(
            anchor=x,
            domain=list(domain),
            range=[-RUG_SHARE * tallest, tallest * 1.06],
            tickvals=_count_ticks(tallest),
            zeroline=filled,
            zerolinecolor=BASELINE,
            showgrid=filled,
            showticklabels=filled,
        ),
        f"yaxis{over[1:]}": axis(anchor=x, overlaying=y, range=[0, 1], visible=False),
    }


def _words(
    panel: Panel, number: int, domain: tuple[float, float], data: DistributionData, language: Language
) -> list[Part]:
    """The heading above a panel, and in an empty one why it is."""
    bottom, top = domain
    heading = caption(_heading(panel, number, data, language), top, yshift=3)
    if panel.values.size or not panel.note:
        return [heading]
    middle = (bottom + top) / 2
    return [heading, caption(panel.note.to(language), middle, x=0.5, xanchor="center", yanchor="middle")]


def _axis_name(letter: str, number: int) -> str:
    return letter if number == 0 else f"{letter}{number + 1}"


def _heading(panel: Panel, number: int, data: DistributionData, language: Language) -> str:
    """Name, kind and scale, remarks; what the solid bars are is said once where there are more than two panels."""
    title = panel.title.to(language)
    remarks = [title] if panel.name else []
    remarks += [panel.note.to(language)] if panel.note and panel.values.size else []
    if panel.values.size and data.size > data.k and (number == 0 or len(data.panels) <= 2):
        remarks.append(Message("solid: top {k}", k=data.k).to(language))
    small = "".join(f'<span style="font-size:11px"> · {remark}</span>' for remark in remarks)
    return f"<b>{escaped(shorten(panel.name, NAME_COLUMNS)) or title}</b>{small}"


def _bars(panel: Panel, k: int, x: str, y: str, language: Language) -> list[Part]:
    centres, widths = (panel.edges[:-1] + panel.edges[1:]) / 2, np.diff(panel.edges)
    texts = [text.to(language) for text in _bar_texts(panel, k)]
    parts = (
        ("top", panel.top_counts, panel.colour),
        ("rest", panel.rest_counts, faint(panel.colour, REST_OPACITY)),
    )
    return [
        bar(
            name=name,
            x=centres.tolist(),
            y=counts.tolist(),
            width=(widths * 0.94).tolist(),
            xaxis=x,
            yaxis=y,
            marker={"color": colour, "line": {"width": 0}},
            hovertext=texts,
            hoverinfo="text",
        )
        for name, counts, colour in parts
    ]


def _bar_texts(panel: Panel, k: int) -> list[Message]:
    decimals = _decimals(float(panel.edges[1] - panel.edges[0]))
    texts = []
    for low, high, top, rest in zip(panel.edges, panel.edges[1:], panel.top_counts, panel.rest_counts, strict=False):
        count = int(top + rest)
        span = f"{signed(float(low), decimals)} … {signed(float(high), decimals)}"
        texts.append(
            Message(
                "{span}<br>{passages}, {top} in the top {k}", span=span, passages=count_passages(count), top=top, k=k
            )
        )
    return texts


def _decimals(step: float) -> int:
    """Decimals that tell two edges apart, quarters included."""
    decimals = max(0, -math.floor(math.log10(step)))
    return decimals if math.isclose(step * 10**decimals, round(step * 10**decimals)) else decimals + 1


def _rug(panel: Panel, x: str, over: str, language: Language) -> Part:
    height = RUG_SHARE / (RUG_SHARE + 1.06) / 2
    size = 9 if panel.values.size <= 100 else 7
    return scatter(
        name="rug",
        mode="markers",
        x=panel.values.tolist(),
        y=[height] * panel.values.size,
        xaxis=x,
        yaxis=over,
        customdata=panel.candidates.tolist(),
        hovertext=[panel.hovers[index].to(language) for index in panel.candidates.tolist()],
        hoverinfo="text",
        marker={
            "symbol": "line-ns",
            "size": size,
            "opacity": np.where(panel.top, 1.0, 0.55).tolist(),
            "line": {"width": 1.4, "color": panel.colour},
        },
    )


def _selection(x: str, over: str) -> Part:
    """The line the page moves to the chosen candidate's score; `meta` tells it to span the whole height."""
    return scatter(
        name=SELECTED_TRACE,
        meta="stem",
        mode="lines",
        x=[],
        y=[],
        xaxis=x,
        yaxis=over,
        line={"color": SELECTED, "width": 2.5},
        hoverinfo="skip",
        cliponaxis=False,
    )


def _count_ticks(tallest: int) -> list[int]:
    """At most four whole numbers from 0 to the tallest bar."""
    step = max(1, math.ceil(_round_step(tallest / 3)))
    return list(range(0, tallest + 1, step))


def distribution_alt(data: DistributionData) -> Message:
    """The chart in one sentence."""
    if not data.panels:
        return Message("Score distributions: no ranking to show.")
    parts = [_panel_alt(panel) for panel in data.panels]
    return Message(
        "Score distributions of {passages}: {parts}.", passages=count_passages(data.size), parts=clauses(parts)
    )


def _panel_alt(panel: Panel) -> Message:
    title = Message("{name}, {title}", name=panel.name, title=panel.title) if panel.name else panel.title
    if not panel.values.size:
        note = panel.note or Message("nothing to show")
        return Message("{title}: {note!l}", title=title, note=note)
    low, middle, high = (signed(float(each)) for each in np.quantile(panel.values, (0, 0.5, 1)))
    remark = Message(" ({note})", note=panel.note) if panel.note else NOTHING
    return Message(
        "{title}{remark} from {low} to {high}, median {middle}",
        title=title,
        remark=remark,
        low=low,
        high=high,
        middle=middle,
    )
