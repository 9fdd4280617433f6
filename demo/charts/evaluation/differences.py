"""On which queries a ranker gains and on which it loses, sorted from the greatest gain to the greatest loss."""

from __future__ import annotations

from dataclasses import dataclass

from demo.charts.evaluation.view import EvaluationView
from demo.charts.style import BASELINE, DOWN, SAME, UP, Figure, axis, axis_title, bar, caption, escaped, layout
from demo.evaluation.analysis import QueryDifference, differences
from demo.messages import Language, Message
from demo.phrases import count_queries, shorten, signed

HEIGHT = 270
LEFT = 40
HOVER_COLUMNS = 60
MARGIN = 0.08
"""Above the greatest gain and below the greatest loss, or below 0; a share of the range."""
LEAST_HEIGHT = 0.012
"""How high a query without a difference is drawn, so that it can be seen and pointed at; a share of the range."""


@dataclass(frozen=True, eq=False)
class DifferencesData:
    """The queries, the greatest gain first.

    Attributes:
        rows: one for each query; texts: what each asks; query_indices: which it is among the outcomes.
        itself: whether the ranker is the baseline, so that nothing can differ.
    """

    rows: tuple[QueryDifference, ...]
    texts: tuple[str, ...]
    query_indices: tuple[int, ...]
    measure: str
    ranker: str
    baseline: str
    itself: bool

    @property
    def better(self) -> int:
        """Queries on which the ranker is better than the baseline."""
        return sum(row.difference > 0 for row in self.rows)

    @property
    def worse(self) -> int:
        """Queries on which it is worse."""
        return sum(row.difference < 0 for row in self.rows)


def differences_data(view: EvaluationView) -> DifferencesData:
    """Every query's difference by the measure."""
    rows = differences(view.evaluation, view.key, view.measure)
    texts = {outcome.query.query_id: outcome.query.text for outcome in view.outcomes}
    query_indices = {query_id: query_index for query_index, query_id in enumerate(view.evaluation.query_ids)}
    return DifferencesData(
        rows,
        tuple(texts[row.query_id] for row in rows),
        tuple(query_indices[row.query_id] for row in rows),
        view.measure.name,
        view.ranker.label,
        view.baseline.label,
        view.key == view.evaluation.baseline,
    )


def differences_figure(data: DifferencesData, language: Language) -> Figure:
    """One bar a query, up where the ranker is better; `customdata` is “query ” and the place of its outcome."""
    figure = Figure(layout(HEIGHT, margin={"l": LEFT + 6, "r": 10, "t": 30, "b": 34}))
    values = [row.difference for row in data.rows]
    low, high = min(values, default=0.0), max(values, default=0.0)
    span = max(0.05, max(high, 0.0) - min(low, 0.0))
    least = LEAST_HEIGHT * span
    figure.add(
        bar(
            x=list(range(1, len(values) + 1)),
            y=[value or least for value in values],
            base=[0 if value else -least / 2 for value in values],
            width=0.8,
            marker={
                "color": [UP if value > 0 else DOWN if value < 0 else SAME for value in values],
                "line": {"width": 0},
            },
            customdata=[f"query {query_index}" for query_index in data.query_indices],
            hovertext=[_hover(data, at) for at in range(len(values))],
            hoverinfo="text",
        )
    )
    figure.layout["xaxis"] = axis(
        showgrid=False,
        range=[0.4, len(values) + 0.6],
        tickmode="auto",
        nticks=min(12, len(values) + 1),
        tickformat="d",
        title=axis_title(Message("queries, the greatest gain first").to(language)),
    )
    figure.layout["yaxis"] = axis(
        range=[min(low, 0.0) - MARGIN * span, max(high, 0.0) + MARGIN * span],
        zeroline=True,
        zerolinecolor=BASELINE,
        nticks=6,
    )
    # from above the numbers of the axis on: the plot of a phone is too narrow for it
    figure.write(caption(f"<b>{data.measure}</b>   {_key(data, language)}", 1.0, xshift=-LEFT, yshift=5))
    return figure


def _key(data: DifferencesData, language: Language) -> str:
    if data.itself:
        return Message("The baseline against itself").to(language)
    equal = len(data.rows) - data.better - data.worse
    words = (
        (UP, "▲", Message("better"), data.better),
        (DOWN, "▼", Message("worse"), data.worse),
        (SAME, "●", Message("equal"), equal),
    )
    return "   ".join(
        f'<span style="color:{colour}">{sign}</span> {word.to(language)} {count}' for colour, sign, word, count in words
    )


def _hover(data: DifferencesData, at: int) -> str:
    row = data.rows[at]
    sign = "▲" if row.difference > 0 else "▼" if row.difference < 0 else "●"
    return (
        f"<b>{sign} {signed(row.difference, 3, plus=True)}</b>  {data.measure} {row.before:.3f} → {row.after:.3f}"
        f"<br>{escaped(shorten(data.texts[at], HOVER_COLUMNS))}"
    )


def differences_alt(data: DifferencesData) -> Message:
    """The chart in one sentence."""
    queries = count_queries(len(data.rows))
    if data.itself:
        return Message(
            "{ranker} is the baseline itself: nothing differs on {queries}.", ranker=data.ranker, queries=queries
        )
    most, least = data.rows[0].difference, data.rows[-1].difference
    return Message(
        "{measure} of {ranker} less that of {baseline} on {queries}: higher on {better}, lower on {worse}, from "
        "{least} to {most}.",
        measure=data.measure,
        ranker=data.ranker,
        baseline=data.baseline,
        queries=queries,
        better=data.better,
        worse=data.worse,
        least=signed(least, 3, plus=True),
        most=signed(most, 3, plus=True),
    )
