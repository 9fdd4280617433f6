"""Versions of what the scores depend on, for whoever wants to make them again."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

SCORING = ("torch", "transformers", "tokenizers", "numpy", "rank-bm25")


def version_of(package: str) -> str:
    """Of an installed package; “none” where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


@cache
def versions() -> dict[str, str]:
    """Python's and those of the packages that scores depend on, by name."""
    return {"python": platform.python_version(), **{package: version_of(package) for package in SCORING}}
