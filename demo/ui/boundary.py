"""The one place where an error becomes a message on the page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

from demo.errors import DemoError, InputError
from demo.messages import Message
from demo.ui import wording

Result = TypeVar("Result")
Found = TypeVar("Found")
_LOG = logging.getLogger(__name__)


def sentence_of(error: Exception) -> Message:
    """The sentence for the person: a DemoError's own; a neutral one for a bug, whose traceback goes to the log."""
    if isinstance(error, DemoError):
        return error.message
    _LOG.error("A handler of the page failed", exc_info=error)
    return wording.BUG


def guarded(steps: Iterator[Result], failed: Callable[[Message], Result]) -> Iterator[Result]:
    """The steps, and `failed(sentence)` as the last one if they end in an error. Closing stops the steps."""
    try:
        yield from steps
    except Exception as error:  # noqa: BLE001  the boundary: everything is either told or logged
        yield failed(sentence_of(error))


def existing(found: Found | None, missing: Message) -> Found:
    """What was found.

    Raises:
        InputError: it is None; its sentence is `missing`.
    """
    if found is None:
        raise InputError(missing)
    return found
