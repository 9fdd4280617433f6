"""What an edit of the query or of a passage changed: the old and the new ranks together, for every ranker."""

from __future__ import annotations

from dataclasses import dataclass

from demo.records import Passage, RankerSpec, Ranking, Result
from demo.results.change import TOP_K

Ranks = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Shift:
    """One passage before and after the edit; each tuple has one place for each ranker of the `WhatIf`.

    Attributes:
        passage: as it is after the edit, or before it where it is no candidate any more.
        edited: whether its title or text changed; a passage that is a candidate on one side only is not edited.
        before, after: its ranks, None where it is no candidate or was not found.
        moves: before − after, positive is up; None where it has no rank on one side.
    """

    passage: Passage
    edited: bool
    before: Ranks
    after: Ranks
    moves: Ranks


@dataclass(frozen=True, slots=True)
class WhatIf:
    """An edit and what came of it.

    Attributes:
        query_before, query_after: the text of the query.
        rankers: those with a ranking on both sides, in the order after the edit.
        shifts: every candidate of either side, those worth showing first at the front: the edited, then those in
            either top k, then the rest; each part by largest move of any ranker.
    """

    query_before: str
    query_after: str
    rankers: tuple[RankerSpec, ...]
    shifts: tuple[Shift, ...]


def what_if(before: Result, after: Result, k: int = TOP_K) -> WhatIf:
    """Both results together; rankers are matched by key, passages by doc_id.

    For the order alone, a passage that is a candidate on one side only moves from or to just below the other side's
    last rank.
    """
    old_rankings = {ranking.ranker.key: ranking for ranking in before.rankings}
    pairs = [(old_rankings[new.ranker.key], new) for new in after.rankings if new.ranker.key in old_rankings]
    old, new = _places(before), _places(after)
    passages = {passage.doc_id: passage for passage in (*before.candidates, *after.candidates)}

    def shift(doc_id: str, passage: Passage) -> Shift:
        was, is_now = old.get(doc_id), new.get(doc_id)
        ranks_before = tuple(_rank(ranking, was) for ranking, _ in pairs)
        ranks_after = tuple(_rank(ranking, is_now) for _, ranking in pairs)
        edited = was is not None and is_now is not None and before.candidates[was] != passage
        return Shift(passage, edited, ranks_before, ranks_after, tuple(map(_move, ranks_before, ranks_after)))

    def worth(shift: Shift) -> tuple[bool, bool, int]:
        in_top = any(rank is not None and rank <= k for rank in (*shift.before, *shift.after))
        return not shift.edited, not in_top, -_largest_move(shift, before.size + 1, after.size + 1)

    return WhatIf(
        query_before=before.query.text,
        query_after=after.query.text,
        rankers=tuple(ranking.ranker for _, ranking in pairs),
        shifts=tuple(sorted((shift(doc_id, passage) for doc_id, passage in passages.items()), key=worth)),
    )


def _places(result: Result) -> dict[str, int]:
    return {passage.doc_id: index for index, passage in enumerate(result.candidates)}


def _rank(ranking: Ranking, candidate: int | None) -> int | None:
    return None if candidate is None else ranking.rank(candidate)


def _move(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else before - after


def _largest_move(shift: Shift, below_before: int, below_after: int) -> int:
    moves = (
        abs((below_before if one is None else one) - (below_after if other is None else other))
        for one, other in zip(shift.before, shift.after, strict=True)
    )
    return max(moves, default=0)
