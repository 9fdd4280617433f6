"""What a text may be instead of the prose it is read as, for want of anything that is certain."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from demo.formats.qrels import looks_like_qrels
from demo.formats.source import Source
from demo.formats.tables import may_be_lines, may_be_table
from demo.formats.trec_runs import looks_like_run
from demo.messages import Message

_SAMPLE_LINES = 50
_FEWEST_LINES = 3
"""Fewer lines than these are no reason to doubt."""
_OF_JSON = re.compile(r'[{}\[\], ]+|"(?:[^"\\]|\\.)*"\s*:\s*\S.*')
_AMONG_JSON = re.compile(r'[{\[]|[}\]],?|\[?\{"[^"]*"\s*:.*')
"""A line that prose seldom has, and JSON of several lines nearly always."""
_OF_PYTHON = re.compile(r"[\[( ]*'.*'[\]),]*|[\[( ]*Document\(.*")
_FENCE = re.compile(r"(?:`{3,}|~{3,}).*")
_OF_BOX = re.compile(r".*[│┃║┆].*|[┌├└╭╰╞╘╔╚].*|shape: \(\d.*")
_OF_RECORD = re.compile(r"-\[ RECORD \d+ \][-+]*|\*{5,} \d+\. row \*{5,}")
"""Above each row, where a console of a database writes a line for each field: psql, MySQL."""
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
    return () if label is None else (_doubt(label),)


def find_doubts_of_table(source: Source) -> tuple[Message, ...]:
    """Why a text that is read as a table may be prose, a clause at most."""
    return (_doubt(Message("lines of prose")),) if may_be_lines(source) else ()


def _doubt(label: Message) -> Message:
    return Message("not certain: it also looks like {kind}", kind=label)


def _most_match(pattern: re.Pattern[str]) -> Callable[[Source], bool]:
    """Whether half or more of the first lines match."""

    def match(source: Source) -> bool:
        rows = source.rows[:_SAMPLE_LINES]
        return 2 * sum(pattern.fullmatch(row) is not None for row in rows) >= len(rows)

    return match


def _one_matches(pattern: re.Pattern[str]) -> Callable[[Source], bool]:
    """Whether one of the first lines matches."""
    return lambda source: any(pattern.fullmatch(row) is not None for row in source.rows[:_SAMPLE_LINES])


def _may_be_judgments(source: Source) -> bool:
    """Whether it looks like judgments with a figure in an id on each line, a header apart."""
    rows = [row.rsplit(maxsplit=1)[0] for row in source.rows[1:_SAMPLE_LINES]]
    return all(re.search(r"\d", row) for row in rows) and looks_like_qrels(source)


DOUBTS = (
    Doubt(Message("JSON"), _most_match(_OF_JSON)),
    Doubt(Message("JSON"), _one_matches(_AMONG_JSON)),
    Doubt(Message("a list of Python"), _most_match(_OF_PYTHON)),
    Doubt(Message("a table"), _most_match(_OF_BOX)),
    Doubt(Message("a table"), _one_matches(_OF_RECORD)),
    Doubt(Message("Markdown"), _one_matches(_FENCE)),
    Doubt(Message("a run"), looks_like_run),
    Doubt(Message("judgments (qrels)"), _may_be_judgments),
    Doubt(Message("a table"), may_be_table),
    Doubt(Message("lines of id, tab and text"), _most_match(_ID_AND_TEXT)),
)
"""Of several, the first is told."""
