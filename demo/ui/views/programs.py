"""A result as programs that make it again, to read and to copy."""

from __future__ import annotations

from dataclasses import dataclass

from demo.errors import InputError
from demo.messages import Language, Message
from demo.ui import wording as w
from demo.ui.code import PROGRAMS, Program
from demo.ui.session import ShownResult
from demo.ui.views.render import render

MOST_SHOWN_CHARS = 30_000
"""Of all passages together: each program holds them, and longer ones are for the files."""


@dataclass(frozen=True, slots=True)
class _ProgramRow:
    """One program: its text, or why there is none here."""

    label: Message
    text: str = ""
    problem: Message | None = None


def programs(shown: ShownResult, language: Language) -> str:
    """Every program, folded, with a button that copies it."""
    chars = sum(len(passage.content) for passage in shown.collection.passages)
    problem = w.CODE_TOO_LONG.format(chars=chars) if chars > MOST_SHOWN_CHARS else None
    rows = [_ProgramRow(program.label, problem=problem) if problem else _row(program, shown) for program in PROGRAMS]
    return render("programs.html", language, rows=rows)


def _row(program: Program, shown: ShownResult) -> _ProgramRow:
    try:
        return _ProgramRow(program.label, program.write(shown))
    except InputError as error:
        return _ProgramRow(program.label, problem=error.message)
