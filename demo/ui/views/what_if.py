"""What an edit of the query or of a passage changed: old and new ranks together, for every ranker."""

from __future__ import annotations

from dataclasses import dataclass

from demo.messages import Language
from demo.phrases import change_mark, direction, passage_name
from demo.results.what_if import Shift, WhatIf
from demo.ui import wording as w
from demo.ui.views.render import render

SHOWN = 20
"""Passages in the table; those that follow moved least."""


@dataclass(frozen=True, slots=True)
class WhatIfChange:
    """«3 → 1» and «▲ 2» in one ranking."""

    ranks: str
    arrow: str
    direction: str


@dataclass(frozen=True, slots=True)
class WhatIfRow:
    """One passage before and after."""

    name: str
    edited: bool
    changes: tuple[WhatIfChange, ...]


def what_if(found: WhatIf, language: Language) -> str:
    """The passages worth showing first, a column for each ranker, and both queries where the query was edited."""
    return render(
        "what_if.html",
        language,
        before=found.query_before,
        after=found.query_after,
        labels=[ranker.label for ranker in found.rankers],
        rows=[_row(shift, language) for shift in found.shifts[:SHOWN]] if found.rankers else [],
        left_out=max(0, len(found.shifts) - SHOWN),
    )


def _row(shift: Shift, language: Language) -> WhatIfRow:
    changes = zip(shift.before, shift.after, shift.moves, strict=True)
    return WhatIfRow(
        name=passage_name(shift.passage),
        edited=shift.edited,
        changes=tuple(_change(before, after, move, language) for before, after, move in changes),
    )


def _change(before: int | None, after: int | None, move: int | None, language: Language) -> WhatIfChange:
    if move is not None:
        return WhatIfChange(f"{before} → {after}", change_mark(move), direction(move))
    word = w.CAME_IN if before is None else w.WENT_OUT
    return WhatIfChange(f"{before or '–'} → {after or '–'}", word.to(language), "same")
