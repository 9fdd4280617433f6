"""Scores that were computed once and need not be computed again, kept by what they depend on and nothing else.

A key is a digest: texts are not kept, and whoever asks for a score must already have the query and the passage.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from demo.errors import InputError
from demo.memory import Bounded
from demo.records import Extent

DIGEST_BYTES = 16

ROW_BYTES = 410
"""What a kept score takes in memory, key and place in the table included (tracemalloc, Python 3.11)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A score, what the model read for it, and what its server billed for it, in US dollars."""

    score: float
    extent: Extent
    usd: float = 0.0


def pair_keys(fingerprint: str, precision: str, reading: str, query: str, contents: Iterable[str]) -> list[bytes]:
    """One key for each passage: a digest of the weights, how they were run and read, the query and the passage."""
    common = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for part in (fingerprint, precision, reading, query):
        encoded = part.encode("utf-8", "surrogatepass")
        common.update(len(encoded).to_bytes(8) + encoded)
    keys = []
    for content in contents:
        digest = common.copy()
        digest.update(content.encode("utf-8", "surrogatepass"))
        keys.append(digest.digest())
    return keys


class KeptScores(Bounded[bytes, Kept]):
    """At most `capacity` scores; the one unused for longest goes first. Safe to use from several threads."""

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity * ROW_BYTES, lambda key, kept: ROW_BYTES)


@dataclass(frozen=True, slots=True)
class Recording:
    """Scores of one run, written to a file beside the weights that gave them.

    The keys hold the weights' fingerprint, so that a recording of other weights is never found and does no harm.
    """

    model: str
    fingerprint: str
    precision: str
    reading: str
    collection: str
    query: str
    rows: tuple[tuple[bytes, Kept], ...]

    def write(self, path: Path) -> None:
        """Writes the recording as JSON, one score a line."""
        about = {name: getattr(self, name) for name in self.__slots__ if name != "rows"}
        scores = {key.hex(): [kept.score, *kept.extent] for key, kept in self.rows}
        lines = ",\n".join(f"    {json.dumps(key)}: {json.dumps(values)}" for key, values in scores.items())
        head = json.dumps(about, ensure_ascii=False, indent=2).removesuffix("\n}")
        path.write_text(f'{head},\n  "scores": {{\n{lines}\n  }}\n}}\n', encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Recording:
        """The recording that `write` wrote.

        Raises:
            InputError: the file is not one.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            scores = content.pop("scores")
            rows = tuple((bytes.fromhex(key), Kept(score, Extent(*extent))) for key, (score, *extent) in scores.items())
            return cls(**content, rows=rows)
        except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise InputError(
                "{path} holds no recorded scores. Write it anew with python -m demo.record_first, or delete it.",
                path=path.as_posix(),
            ) from error
