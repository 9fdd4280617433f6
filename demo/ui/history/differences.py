"""Two runs side by side: what was asked differently, and what became of the order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from demo.messages import NOTHING, Message, clauses, plural, sentence
from demo.phrases import Direction, change_mark, direction, signed
from demo.ui.history.runs import PastColumn, PastRun

TOP_K = 10


@dataclass(frozen=True, slots=True)
class Line:
    """What both runs have of one thing, as text, and whether it is the same."""

    name: Message
    before: str
    after: str
    same: bool

    @classmethod
    def of(cls, name: Message, before: str, after: str) -> Line:
        """The line of two texts."""
        return cls(name, before, after, before == after)


@dataclass(frozen=True, slots=True)
class Place:
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
    before: tuple[Place, ...]
    after: tuple[Place, ...]
    summary: Message


@dataclass(frozen=True, slots=True)
class SideBySide:
    """What differs between two runs."""

    lines: tuple[Line, ...]
    figures: tuple[Line, ...]
    orders: tuple[OrderChange, ...]


def side_by_side(before: PastRun, after: PastRun) -> SideBySide:
    """The two runs compared: what was asked, the figures, and each pair of rankings that belong together."""
    pairs = tuple(_pairs(before, after))
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


def _passages(run: PastRun) -> str:
    return f"{run.source} · {run.passages:,}"


def _pairs(before: PastRun, after: PastRun) -> Iterator[tuple[PastColumn, PastColumn]]:
    """The last rankings of both, then every other two of the same ranker."""
    if not before.columns or not after.columns:
        return
    last = (before.columns[-1], after.columns[-1])
    yield last
    for column in after.columns:
        other = next((each for each in before.columns if each.ranker == column.ranker), None)
        if other is not None and (other, column) != last:
            yield other, column


def _label(before: PastColumn, after: PastColumn) -> str:
    return after.ranker if before.ranker == after.ranker else f"{before.ranker} → {after.ranker}"


def _figures(before: PastColumn, after: PastColumn) -> Iterator[Line]:
    for name in dict.fromkeys([*before.figures, *after.figures]):
        label = Message("{name}, {ranker}", name=name, ranker=_label(before, after))
        yield Line.of(label, *(_number(column.figures.get(name)) for column in (before, after)))


def _number(value: float | None) -> str:
    return "–" if value is None else signed(value, 3)


def _order(before: PastRun, after: PastRun, old: PastColumn, new: PastColumn) -> OrderChange:
    return OrderChange(
        before_label=old.ranker,
        after_label=new.ranker,
        before=tuple(_places(old, before, old, new, Message("now {rank}"), Message("no longer among the passages"))),
        after=tuple(_places(new, after, old, new, Message("was {rank}"), Message("not there before"))),
        summary=_summary(old, new),
    )


def _top(column: PastColumn) -> list[str]:
    """Digests of the passages with a rank of TOP_K or better."""
    return [digest for digest, rank in zip(column.order, column.ranks, strict=True) if rank <= TOP_K][:TOP_K]


def _places(
    column: PastColumn, run: PastRun, old: PastColumn, new: PastColumn, elsewhere: Message, nowhere: Message
) -> Iterator[Place]:
    for digest in _top(column):
        was, now = old.rank(digest), new.rank(digest)
        move = None if was is None or now is None else was - now
        other = now if column is old else was
        yield Place(
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
