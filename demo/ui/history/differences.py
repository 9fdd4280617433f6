"""Two runs side by side: what was asked differently, what became of the order, and query by query of the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from demo.messages import NOTHING, Message, clauses, plural, sentence
from demo.phrases import Direction, change_mark, direction, signed
from demo.ui.history.evaluations import PastEvaluation, PastMeans
from demo.ui.history.runs import MOST_PLACES, TAU, PastColumn, PastRun

TOP_K = 10
MOST_QUERIES = 10
"""Queries of two evaluations that are told one by one: those whose figure changed most."""


@dataclass(frozen=True, slots=True)
class Line:
    """What both runs have of one thing, and whether it is the same; `difference` of two numbers, else ""."""

    name: Message
    before: Message
    after: Message
    same: bool
    difference: str = ""
    way: Direction = "same"

    @classmethod
    def of(cls, name: Message, before: str, after: str) -> Line:
        """The line of two texts."""
        return cls(name, _text(before), _text(after), before == after)

    @classmethod
    def of_figures(cls, name: Message, before: float | None, after: float | None) -> Line:
        """The line of two numbers, of which one may be missing."""
        if before is None or after is None:
            return cls(name, _text(_number(before)), _text(_number(after)), before == after)
        way = direction(after - before)
        difference = "" if after == before else signed(after - before, 3, plus=True)
        return cls(name, _text(_number(before)), _text(_number(after)), before == after, difference, way)


@dataclass(frozen=True, slots=True)
class TopPassage:
    """A passage in the top of one run.

    Attributes:
        mark: arrow and number on the way from the first run to the second; `way` its direction.
        other: where the other run has it.
    """

    rank: int
    name: str
    mark: str
    way: Direction
    other: Message


@dataclass(frozen=True, slots=True)
class OrderChange:
    """The tops of two rankings, one of each run, and in one sentence what changed."""

    before_label: str
    after_label: str
    before: tuple[TopPassage, ...]
    after: tuple[TopPassage, ...]
    summary: Message


@dataclass(frozen=True, slots=True)
class QueryChanges:
    """One measure query by query: in one sentence, and the queries that it changed most."""

    heading: Message
    summary: Message
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class SideBySide:
    """What differs between two runs of one kind."""

    lines: tuple[Line, ...]
    figures: tuple[Line, ...]
    orders: tuple[OrderChange, ...] = ()
    queries: QueryChanges | None = None


def runs_side_by_side(before: PastRun, after: PastRun) -> SideBySide:
    """The two runs compared: what was asked, the figures, and each pair of rankings that belong together."""
    pairs = tuple(_pairs(before.columns, after.columns))
    return SideBySide(
        lines=(
            Line.of(Message("Query"), before.query, after.query),
            Line(Message("Passages"), _passages(before), _passages(after), before.digest == after.digest),
            Line.of(Message("First stage"), before.first_stage, after.first_stage),
            Line.of(Message("Rankers"), before.rankers, after.rankers),
        ),
        figures=tuple(line for pair in pairs for line in _figures(*pair)),
        orders=tuple(_order(before, after, *pair) for pair in pairs),
    )


def evaluations_side_by_side(before: PastEvaluation, after: PastEvaluation) -> SideBySide:
    """The two evaluations compared: what was asked, the means of rankers that belong together, and every query."""
    pairs = tuple(_pairs(before.columns, after.columns))
    return SideBySide(
        lines=(
            Line(Message("Collection"), _passages(before), _passages(after), before.digest == after.digest),
            Line(
                Message("Queries"),
                _text(f"{before.queries:,}"),
                _text(f"{after.queries:,}"),
                (before.queries, before.asked) == (after.queries, after.asked),
            ),
            Line.of(Message("Candidates"), _candidates(before), _candidates(after)),
            Line.of(Message("Rankers"), before.rankers, after.rankers),
            Line.of(Message("Measures"), " · ".join(before.measures), " · ".join(after.measures)),
            Line.of(Message("Relevant from grade"), str(before.relevant_from), str(after.relevant_from)),
        ),
        figures=tuple(line for pair in pairs for line in _figures(*pair)),
        queries=_queries(before, after, *pairs[0]) if pairs else None,
    )


def _queries(before: PastEvaluation, after: PastEvaluation, old: PastMeans, new: PastMeans) -> QueryChanges | None:
    """The first measure on the queries that both have; None where it is not the same, or no query is in both."""
    was = dict(zip(_numbered(before.asked), old.values, strict=False))
    now = dict(zip(_numbered(after.asked), new.values, strict=False))
    both = [query for query in now if query in was]
    if not both or before.measures[:1] != after.measures[:1]:
        return None
    better, worse = (sum(sign * (now[query] - was[query]) > 0 for query in both) for sign in (1, -1))
    changed = sorted(both, key=lambda query: -abs(now[query] - was[query]))[: min(better + worse, MOST_QUERIES)]
    return QueryChanges(
        Message("{name}, {ranker}, query by query", name=after.measures[0], ranker=_label(old, new)),
        Message(
            "Better on {better} of the {both} queries in both, worse on {worse}, equal on {equal}.",
            better=better,
            both=len(both),
            worse=worse,
            equal=len(both) - better - worse,
        ),
        tuple(Line.of_figures(_text(query[0]), was[query], now[query]) for query in changed),
    )


def _numbered(texts: Sequence[str]) -> list[tuple[str, int]]:
    """Each with how often it stood before: queries may have the same text, or begin alike where they are cut short."""
    before: Counter[str] = Counter()
    found = []
    for text in texts:
        found.append((text, before[text]))
        before[text] += 1
    return found


def _text(text: str) -> Message:
    return Message("{text}", text=text)


def _passages(run: PastRun | PastEvaluation) -> Message:
    return Message("{source} · {passages:,}", source=Message(run.source), passages=run.passages)


def _candidates(run: PastEvaluation) -> str:
    return " · ".join(filter(None, (run.first_stage, f"≤ {run.depth:,}")))


Column = TypeVar("Column", PastColumn, PastMeans)


def _pairs(before: Sequence[Column], after: Sequence[Column]) -> Iterator[tuple[Column, Column]]:
    """The last columns of both, then every other two of the same ranker."""
    if not before or not after:
        return
    last = (before[-1], after[-1])
    yield last
    for column in after:
        other = next((each for each in before if each.ranker == column.ranker), None)
        if other is not None and (other, column) != last:
            yield other, column


def _label(before: PastColumn | PastMeans, after: PastColumn | PastMeans) -> str:
    return after.ranker if before.ranker == after.ranker else f"{before.ranker} → {after.ranker}"


def _figures(before: PastColumn | PastMeans, after: PastColumn | PastMeans) -> Iterator[Line]:
    for name in dict.fromkeys([*before.figures, *after.figures]):
        label = Message("{name}, {ranker}", name=name, ranker=_label(before, after))
        line = Line.of_figures(label, before.figures.get(name), after.figures.get(name))
        yield replace(line, way="same") if name == TAU else line  # to agree more is not to be better


def _number(value: float | None) -> str:
    return "–" if value is None else signed(value, 3)


def _order(before: PastRun, after: PastRun, old: PastColumn, new: PastColumn) -> OrderChange:
    same = before.digest == after.digest
    gone = _unranked(new) if same else Message("no longer there, or not found")
    fresh = _unranked(old) if same else Message("not there before, or not found")
    return OrderChange(
        before_label=old.ranker,
        after_label=new.ranker,
        before=tuple(_listed(old, before, old, new, Message("later {rank}"), gone)),
        after=tuple(_listed(new, after, old, new, Message("earlier {rank}"), fresh)),
        summary=_summary(old, new),
    )


def _unranked(column: PastColumn) -> Message:
    """Why a passage that was there has no rank: only those found are kept, and of these the first."""
    if len(column.order) < MOST_PLACES:
        return Message("not found by {ranker}", ranker=column.ranker)
    return Message("not among the first {n} of {ranker}", n=MOST_PLACES, ranker=column.ranker)


def _top(column: PastColumn) -> list[str]:
    """Digests of the passages with a rank of TOP_K or better."""
    return [digest for digest, rank in zip(column.order, column.ranks, strict=True) if rank <= TOP_K][:TOP_K]


def _listed(
    column: PastColumn, run: PastRun, old: PastColumn, new: PastColumn, elsewhere: Message, nowhere: Message
) -> Iterator[TopPassage]:
    for digest in _top(column):
        was, now = old.rank(digest), new.rank(digest)
        move = None if was is None or now is None else was - now
        other = now if column is old else was
        yield TopPassage(
            rank=column.rank(digest) or 0,
            name=run.names.get(digest, digest),
            mark=change_mark(move),
            way=direction(move),
            other=nowhere if other is None else elsewhere.format(rank=other),
        )


def _summary(old: PastColumn, new: PastColumn) -> Message:
    """How many came into the top, how many of those in both moved, and what became of the first."""
    before, after = _top(old), _top(new)
    if not set(old.order) & set(new.order):
        return sentence(Message("no passage is in both rankings"))
    both = [digest for digest in after if digest in before]
    moved = sum(old.rank(digest) != new.rank(digest) for digest in both)
    entered = len(after) - len(both)
    if not entered and not moved:
        return sentence(Message("the first {k} are the same, in the same order", k=len(after)))
    parts: Sequence[Message] = [
        plural("{count} passage came into the top {k}", "{count} passages came into the top {k}", entered, k=TOP_K)
        if entered
        else Message("the top {k} holds the same passages", k=TOP_K),
        Message("{moved} of the {both} in both moved", moved=moved, both=len(both)) if both else NOTHING,
        Message("the first stays") if before[:1] == after[:1] else Message("another is first"),
    ]
    return sentence(clauses([part for part in parts if part is not NOTHING]))
