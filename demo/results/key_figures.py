"""The five figures above the charts of two rankings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from demo.messages import NOTHING, Message
from demo.metrics.agreement import OVERLAP, TAU_B
from demo.phrases import Direction, change_mark, count_pairs, direction, passage_name, rate, seconds, signed
from demo.records import Cost, Passage
from demo.results.change import FEWEST_ORDERED, TOP_K, Change, tau_words


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One figure of the strip above the charts.

    Attributes:
        key: stable id of the figure.
        value: the figure as shown, the same in every language; "–" where there is none.
        sub: what it means here, one line.
        direction: "up" or "down" where the figure is a move.
        candidate: the candidate it speaks of, None where it speaks of all.
        meaning: what the figure is, whatever its value.
    """

    key: str
    label: Message
    value: str
    sub: Message
    direction: Direction = "same"
    candidate: int | None = None
    meaning: Message = NOTHING


def key_figures(change: Change, candidates: Sequence[Passage]) -> tuple[KeyFigure, ...]:
    """τ, overlap, biggest climb, biggest drop and time, always these five in this order."""
    return (
        _tau_figure(change),
        _overlap_figure(change),
        _move_figure(change, candidates, "climb", Message("Biggest climb"), change.biggest_climb()),
        _move_figure(change, candidates, "drop", Message("Biggest drop"), change.biggest_drop()),
        _time_figure(change.after.cost),
    )


def _tau_figure(change: Change) -> KeyFigure:
    agreement, label = change.agreement, Message("Do the orders agree? (τ)")
    if agreement.tau_b is None:
        few = agreement.k < 2
        return KeyFigure("tau", label, "–", Message("needs two passages") if few else Message("all scores tied"))
    word = tau_words(change.before, change.after, agreement.tau_b)
    if change.comparable < FEWEST_ORDERED:
        return KeyFigure("tau", label, signed(agreement.tau_b), word, meaning=TAU_B.meaning)
    subs = {
        "none": Message("no agreement of the two orders"),
        "reversed": Message("the two orders tend to be reversed"),
    }
    sub = subs.get(word.english, Message("{word} agreement of the two orders", word=word))
    return KeyFigure("tau", label, signed(agreement.tau_b), sub, meaning=TAU_B.meaning)


def _overlap_figure(change: Change) -> KeyFigure:
    agreement = change.agreement
    label = Message("In both top {k}", k=agreement.k or TOP_K)
    if change.size == 0:
        return KeyFigure("overlap", label, "–", Message("no passages"))
    new = len(change.came_in(agreement.k))
    sub = Message("{new} came in", new=new) if new else Message("the same passages in both")
    return KeyFigure("overlap", label, f"{agreement.overlap}/{agreement.k}", sub, meaning=OVERLAP.meaning)


def _move_figure(
    change: Change, candidates: Sequence[Passage], key: str, label: Message, candidate: int | None
) -> KeyFigure:
    if candidate is None:
        return KeyFigure(key, label, "–", Message("nothing moved that way"))
    move = change.move(candidate)
    sub = Message(
        "{old} → {new}: {name}",
        old=int(change.before.ranks[candidate]),
        new=int(change.after.ranks[candidate]),
        name=passage_name(candidates[candidate], 32),
    )
    return KeyFigure(key, label, change_mark(move), sub, direction(move), candidate)


def _time_figure(cost: Cost) -> KeyFigure:
    label, computed = Message("Scored in"), cost.pairs - cost.kept_pairs
    if computed <= 0:
        sub = Message("{pairs} kept from before", pairs=count_pairs(cost.pairs))
        if cost.pace is not None:
            earlier = Message("in an earlier run; {sub}", sub=sub)
            return KeyFigure("time", Message("Pairs a second"), rate(cost.pace.pairs_per_second), earlier)
        return KeyFigure("time", label, "–" if not cost.pairs else "0 s", sub)
    size = count_pairs(cost.pairs)
    if cost.kept_pairs:
        size = Message("{computed} of {pairs}", computed=computed, pairs=size)
    if cost.own_pace is not None:
        size = Message("{pairs}, {speed} a second", pairs=size, speed=rate(cost.own_pace.pairs_per_second))
    return KeyFigure("time", label, seconds(cost.tokenise_seconds + cost.model_seconds), size)
