"""A grade of relevance as files write it."""

from __future__ import annotations

from typing import Any

from demo.errors import InputError
from demo.formats.fields import shorten_value
from demo.formats.source import Location

GRADES = range(-10, 101)
_TRUTHS = {"true": 1, "false": 0}


def read_grade(value: Any, location: Location) -> int:
    """A grade as a whole number; “2”, 2 and 2.0 are the same, true is 1 and false 0.

    Raises:
        InputError: it is not a whole number, or not between −10 and 100.
    """
    if isinstance(value, str) and value.strip().lower() in _TRUTHS:
        value = _TRUTHS[value.strip().lower()]
    try:
        number = float(value) if isinstance(value, int | float | str) else float("nan")
    except (ValueError, OverflowError):
        number = float("nan")
    if number in GRADES:
        return int(number)
    shown = "[…]" if isinstance(value, list) else "{…}" if isinstance(value, dict) else shorten_value(value)
    raise InputError(
        "{where}: the grade is {value}. A grade is a whole number from −10 to 100, usually 0 to 3.",
        where=location.start,
        value=shown,
    )


def is_whole(text: str) -> bool:
    """Whether a cell holds a whole number, as “2”, “-1” or “2.0”."""
    return text.strip().removeprefix("-").removesuffix(".0").isdecimal()
