"""What was asked of the app, counted and logged, without anything that a visitor wrote."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from secrets import token_bytes
from threading import Lock

LOG = logging.getLogger("rerank_lens.requests")
"""One line for each request; INFO."""

_SALT = token_bytes(16)


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for what.

    Attributes:
        visitor: the same for all requests of one visitor; "" for the machine's owner, whose number is not limited.
        what: a word for log and figures, such as "rerank".
        pairs: query–passage pairs to score; seconds: what that is expected to take when nobody else works.
    """

    visitor: str = ""
    what: str = "run"
    pairs: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure: its name, labels by name, and value."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float


@dataclass(slots=True)
class Usage:
    """Counts since the start. Safe to use from several threads."""

    _counts: Counter[tuple[str, tuple[tuple[str, str], ...]]] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def refused(self, why: str, what: str) -> None:
        """Notes that a request was refused before it began; `why` is one word."""
        self._add([("refusals", (("reason", why), ("what", what)), 1)])
        LOG.info("what=%s outcome=refused reason=%s", what, why)

    def ended(self, asking: Asking, outcome: str, seconds: float, worked_seconds: float) -> None:
        """Notes that a request ended: “done”, “stopped” or “failed”, after so many seconds of waiting and work."""
        waited = max(0.0, seconds - worked_seconds)
        what = (("what", asking.what),)
        self._add(
            [
                ("requests", (("outcome", outcome), *what), 1),
                ("wait_seconds", what, waited),
                ("work_seconds", what, worked_seconds),
                ("pairs", what, asking.pairs if outcome == "done" else 0),
            ]
        )
        LOG.info(
            "what=%s outcome=%s pairs=%d waited=%.2f worked=%.2f visitor=%s",
            asking.what,
            outcome,
            asking.pairs,
            waited,
            worked_seconds,
            _pseudonym(asking.visitor),
        )

    def samples(self) -> list[Sample]:
        """Every count, by name and labels."""
        with self._lock:
            return [Sample(name, labels, value) for (name, labels), value in sorted(self._counts.items())]

    def _add(self, rows: Iterable[tuple[str, tuple[tuple[str, str], ...], float]]) -> None:
        with self._lock:
            for name, labels, value in rows:
                self._counts[name, labels] += value  # type: ignore[assignment]


def _pseudonym(visitor: str) -> str:
    """Tells visitors apart until the app ends, without saying who they are."""
    return hashlib.blake2b(visitor.encode(), key=_SALT, digest_size=4).hexdigest() if visitor else "-"
