"""What a text may be instead of the prose it is read as, for want of anything that is certain."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from demo.formats.qrels import looks_like_qrels
from demo.formats.source import Source
from demo.formats.tables import may_be_table
from demo.formats.trec_runs import looks_like_run
from demo.messages import Message

_SAMPLE_LINES = 50
_FEWEST_LINES = 3
"""Fewer lines than these are no reason to doubt."""
_OF_JSON = re.compile(r'[{}\[\], ]+|"(?:[^"\\]|\\.)*"\s*:\s*\S.*')
_ID_AND_TEXT = re.compile(r"\S+\t.*\S.*")


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that prose can be mistaken for; `suspects` tells whether a source may be it."""

    label: Message
    suspects: Callable[[Source], bool]


def find_doubts(source: Source) -> tuple[Message, ...]:
    """Why a text that is read as prose may be something else, a clause at most."""
    if len(source.rows) < _FEWEST_LINES:
        return ()
    label = next((row.label for row in DOUBTS if row.suspects(source)), None)
    return () if label is None else (Message("not certain: it also looks like {kind}", kind=label),)


def _most_match(pattern: re.Pattern[str]) -> Callable[[Source], bool]:
    """Whether half or more of the first lines match."""

    def match(source: Source) -> bool:
        rows = source.rows[:_SAMPLE_LINES]
        return 2 * sum(pattern.fullmatch(row) is not None for row in rows) >= len(rows)

    return match


def _may_be_judgments(source: Source) -> bool:
    """Whether it looks like judgments with a figure in an id on each line, a header apart."""
    rows = [row.rsplit(maxsplit=1)[0] for row in source.rows[1:_SAMPLE_LINES]]
    return all(re.search(r"\d", row) for row in rows) and looks_like_qrels(source)


DOUBTS = (
    Doubt(Message("JSON"), _most_match(_OF_JSON)),
    Doubt(Message("a run"), looks_like_run),
    Doubt(Message("judgments (qrels)"), _may_be_judgments),
    Doubt(Message("a table"), may_be_table),
    Doubt(Message("lines of id, tab and text"), _most_match(_ID_AND_TEXT)),
)
"""Of several, the first is told."""
