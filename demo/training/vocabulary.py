"""A smaller WordPiece vocabulary cut out of BERT's: exact for the pieces it keeps, rarer words fall into smaller ones.

The word embeddings of a width-384 model are one tensor of 12 MB in 8-bit floats; with 26,000 pieces they fit into a
file of 10 MB.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FIRST_WORD = 104
"""The ids up to [MASK] keep their places, so that the special pieces have the same ids in every vocabulary."""


def kept_pieces(tokenizer: Path, counts: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Ids of the `size` pieces to keep, ascending.

    The first 104 (with the special pieces), every single character, alone and as a continuation, so that no text
    becomes unknown that was not before, and then the most frequent ones; ties go to the lower id.

    Args:
        tokenizer: A tokenizer.json of BERT's uncased vocabulary.
        counts: How often each piece occurs in texts of the kind that the model will read, shape (pieces,).
        size: At least as many as have to stay.
    """
    pieces = _model(tokenizer)["vocab"]
    must = [i for piece, i in pieces.items() if i < FIRST_WORD or len(piece.removeprefix("##")) == 1]
    rank = counts.astype(np.float64)
    rank[must] = np.inf
    return np.sort(np.argsort(-rank, kind="stable")[:size])


def write_pruned(tokenizer: Path, kept: NDArray[np.int64], path: Path) -> None:
    """Writes a tokenizer.json that knows the kept pieces only; piece kept[i] gets id i."""
    settings = json.loads(tokenizer.read_text(encoding="utf-8"))
    by_id = {i: piece for piece, i in settings["model"]["vocab"].items()}
    settings["model"]["vocab"] = {by_id[int(old)]: new for new, old in enumerate(kept)}
    settings["truncation"] = settings["padding"] = None
    path.write_text(json.dumps(settings, ensure_ascii=False), encoding="utf-8")


def _model(tokenizer: Path) -> dict[str, dict[str, int]]:
    model: dict[str, dict[str, int]] = json.loads(tokenizer.read_text(encoding="utf-8"))["model"]
    return model
