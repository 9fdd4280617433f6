"""Passages that open pages hold in their sessions: uploads, and what was ranked last; bounded in bytes together."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from gradio.state_holder import StateHolder

from demo.records import Collection


class HeldPassages:
    """Forgets the passages of sessions unused for longest while those of all take too much; the latest's stay.

    What such a page uploaded must be uploaded again, and its results be run again.

    Args:
        most_bytes: that passages in all sessions may take.
    """

    def __init__(self, most_bytes: int = sys.maxsize) -> None:
        self._most_bytes = most_bytes
        self._held: dict[str, int] = {}  # by session; of one that has ended until room is needed

    def note(self, sessions: StateHolder, latest: str) -> None:
        """Weighs the session that was just in use, and makes room where all together take too much."""
        with sessions.lock:
            found = sessions.session_data.get(latest)
            self._held[latest] = held_bytes(found.state_data.values()) if found else 0
            if sum(self._held.values()) > self._most_bytes:
                self._make_room(sessions, latest)

    def _make_room(self, sessions: StateHolder, latest: str) -> None:
        self._held = {key: held_bytes(each.state_data.values()) for key, each in sessions.session_data.items()}
        left = sum(self._held.values())
        for session in list(sessions.session_data):  # the longest unused first
            if left <= self._most_bytes:
                return
            if session != latest and self._held[session]:
                values = sessions.session_data[session].state_data
                for key in [key for key, value in values.items() if _collection_of(value) is not None]:
                    values[key] = None
                left -= self._held.pop(session)


def held_bytes(values: Iterable[Any]) -> int:
    """Memory of the passages that the values hold, about, those of one list once."""
    collections = map(_collection_of, values)
    return sum({id(each.passages): each.memory_bytes for each in collections if each is not None}.values())


def _collection_of(value: Any) -> Collection | None:
    found = value if isinstance(value, Collection) else getattr(value, "collection", None)
    return found if isinstance(found, Collection) else None
