"""How far a ranker's order is from the baseline's, query by query, sorted from the least agreement to the most."""

from __future__ import annotations

from dataclasses import dataclass

from demo.charts.evaluation.view import EvaluationView
from demo.charts.style import SAME, UP, Figure, axis, axis_title, bar, caption, escaped, layout
from demo.evaluation.changes import Changes, QueryChange
from demo.messages import Language, Message
from demo.phrases import count_queries, shorten

HEIGHT = 270
HOVER_COLUMNS = 60
LEAST_HEIGHT = 0.01
"""How high a query without any agreement is drawn, so that it can be seen and pointed at."""
EMPTY = Message("The baseline against itself: nothing changes")


@dataclass(frozen=True, eq=False)
class ChangesData:
    """The queries, the least agreement first.

    Attributes:
        rows: one for each query with candidates; none for the baseline itself.
        texts: what each asks.
        other_first: queries on which another passage is first.
    """

    rows: tuple[QueryChange, ...]
    texts: tuple[str, ...]
    other_first: int
    ranker: str
    baseline: str


def changes_data(view: EvaluationView) -> ChangesData:
    """What the ranker changes."""
    changes = view.evaluation.changes.get(view.key, Changes((), fits=True))
    rows = changes.least_agreeing()
    texts = tuple(view.outcomes[row.query_index].query.text for row in rows)
    return ChangesData(rows, texts, changes.other_first, view.ranker.label, view.baseline.label)


def changes_figure(data: ChangesData, language: Language) -> Figure:
    """One bar a query, as high as its RBO; `customdata` is “query ” and the place of its outcome."""
    figure = Figure(layout(HEIGHT, margin={"l": 46, "r": 10, "t": 30, "b": 34}))
    count = len(data.rows)
    figure.add(
        bar(
            x=list(range(1, count + 1)),
            y=[max(row.rbo, LEAST_HEIGHT) for row in data.rows],
            width=0.8,
            marker={"color": [UP if row.other_first else SAME for row in data.rows], "line": {"width": 0}},
            customdata=[f"query {row.query_index}" for row in data.rows],
            hovertext=[_hover(data, at, language) for at in range(count)],
            hoverinfo="text",
        )
    )
    figure.layout["xaxis"] = axis(
        showgrid=False,
        range=[0.4, max(count, 1) + 0.6],
        tickmode="auto",
        nticks=min(12, count + 1),
        tickformat="d",
        title=axis_title(Message("queries, the least agreement first").to(language)),
    )
    figure.layout["yaxis"] = axis(range=[0, 1.05], nticks=6)
    if count:
        figure.write(caption(_key(data, language), 1.0, yshift=5))
    else:
        figure.leave_empty(EMPTY.to(language))
    return figure


def _key(data: ChangesData, language: Language) -> str:
    words = (
        (UP, Message("another first"), data.other_first),
        (SAME, Message("the same first"), len(data.rows) - data.other_first),
    )
    keys = "   ".join(
        f'<span style="color:{colour}">■</span> {word.to(language)} {count}' for colour, word, count in words
    )
    return f"<b>RBO</b>   {keys}"


def _hover(data: ChangesData, at: int, language: Language) -> str:
    row = data.rows[at]
    first = Message("another first") if row.other_first else Message("the same first")
    new = Message("{new} new among the first 10", new=row.new)
    return (
        f"<b>RBO {row.rbo:.2f}</b>  {first.to(language)} · {new.to(language)}"
        f"<br>{escaped(shorten(data.texts[at], HOVER_COLUMNS))}"
    )


def changes_alt(data: ChangesData) -> Message:
    """The chart in one sentence."""
    if not data.rows:
        return Message("{nothing}.", nothing=EMPTY)
    low, high = f"{data.rows[0].rbo:.2f}", f"{data.rows[-1].rbo:.2f}"
    return Message(
        "Agreement (RBO) of {ranker} with {baseline} on {queries}: from {low} to {high}; another passage is first on "
        "{other_first:,}.",
        ranker=data.ranker,
        baseline=data.baseline,
        queries=count_queries(len(data.rows)),
        low=low,
        high=high,
        other_first=data.other_first,
    )
