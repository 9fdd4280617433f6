"""The last runs of a visitor, of one query or of many, as the browser keeps them: a list, and its text.

To keep another kind of run, write what is kept of it and its row in `KINDS`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from demo.ui.history.differences import SideBySide, evaluations_side_by_side, runs_side_by_side
from demo.ui.history.evaluations import PastEvaluation, read_past_evaluation
from demo.ui.history.runs import PastRun, read_past_run

MOST_RUNS = 20
MOST_CHARS = 400_000
"""Of all runs together; addresses of older runs go first, then the runs."""

Past = PastRun | PastEvaluation


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of run: its name in the text, its record, how that is read again, and two of them side by side."""

    name: str
    record: type
    read: Callable[[Mapping[str, Any]], Past]
    side_by_side: Callable[[Any, Any], SideBySide]


KINDS = (
    Kind("run", PastRun, read_past_run, runs_side_by_side),
    Kind("evaluation", PastEvaluation, read_past_evaluation, evaluations_side_by_side),
)


def kind_of(run: Past) -> Kind:
    """The row of its kind."""
    return next(kind for kind in KINDS if isinstance(run, kind.record))


def is_again(run: Past, other: Past) -> bool:
    """Whether the other has the same results for the same question, at another time or by another address."""
    return replace(run, time="", address="") == replace(other, time="", address="")


def partners(runs: Sequence[Past], run_index: int) -> list[int]:
    """Indices of the other runs that can stand beside this one: those of its kind."""
    kind = kind_of(runs[run_index])
    return [each for each, run in enumerate(runs) if each != run_index and kind_of(run) is kind]


def latest_two(runs: Sequence[Past]) -> tuple[int, int] | None:
    """Indices of the latest run that has an earlier one of its kind, and of that one; None where none has."""
    return next(((index, others[0]) for index in range(len(runs)) if (others := partners(runs, index))), None)


def in_order(runs: Sequence[Past], run_index: int, other: int) -> tuple[Past, Past]:
    """The two runs of the list, which has the latest first: the earlier one, then the later one."""
    return runs[max(run_index, other)], runs[min(run_index, other)]


def with_run(runs: Sequence[Past], run: Past) -> tuple[Past, ...]:
    """The runs with this one, the latest first and none twice, as many as may be kept."""
    known = next((each.address for each in runs if is_again(run, each) and each.address), "")
    run = replace(run, address=run.address or known)
    found = [run, *(each for each in runs if not is_again(run, each))][:MOST_RUNS]
    while len(runs_text(found)) > MOST_CHARS:
        with_address = [index for index, each in enumerate(found) if each.address]
        if with_address:
            found[with_address[-1]] = replace(found[with_address[-1]], address="")
        else:
            found.pop()
    return tuple(found)


def with_runs(runs: Sequence[Past], others: Sequence[Past]) -> tuple[Past, ...]:
    """Both, the latest first and none twice, as many as may be kept."""
    found: tuple[Past, ...] = ()
    for run in sorted([*runs, *others], key=lambda each: each.time):
        found = with_run(found, run)
    return found


def runs_text(runs: Sequence[Past]) -> str:
    """The runs as JSON."""
    rows = [{"kind": kind_of(run).name, **asdict(run)} for run in runs]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def read_runs(text: str | None) -> tuple[Past, ...]:
    """The runs again; none where the text is not what `runs_text` gives."""
    kinds = {kind.name: kind for kind in KINDS}
    try:
        return tuple(kinds[row.get("kind", "run")].read(row) for row in json.loads(text or "[]")[:MOST_RUNS])
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return ()
