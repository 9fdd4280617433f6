"""What can be chosen, and what every section of the benchmark is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

Row = dict[str, str | int | float]
"""Column → value, a row of a section's table."""


@dataclass(frozen=True, slots=True)
class Options:
    """Choices of one run.

    Attributes:
        passages: for the smallest shape; larger ones get fewer, as they are slower, but at least 32.
        bundled: names of the bundled models whose precisions are compared; empty: all.
        queries: of each collection on which precisions are compared.
        families: keys of `families.FAMILIES`.
        work: folder for random checkpoints.
        sentence_transformers: whether to measure it alongside.
    """

    shapes: tuple[str, ...]
    device: str
    precisions: tuple[str, ...]
    bundled: tuple[str, ...]
    profile: str
    passages: int
    repeats: int
    most: int
    queries: int
    threads: int
    families: tuple[str, ...]
    work: Path
    sentence_transformers: bool


Section = Callable[[Options], Iterator[Row]]
