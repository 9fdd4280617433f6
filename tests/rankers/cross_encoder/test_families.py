"""Layouts of rerankers that no row of the catalog has, against sentence-transformers' CrossEncoder."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_catalog import LAYOUTS
from made_rerankers import RERANKERS, assert_equal, load, oracle_scores, our_scores

IN_CATALOG = [layout.write for layout in LAYOUTS]
"""`tests/rankers/test_catalog.py` checks these."""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [name for name, write in RERANKERS.items() if write not in IN_CATALOG])
def test_scores_are_those_of_sentence_transformers(name: str, tmp_path: Path) -> None:
    folder = RERANKERS[name](tmp_path)
    assert_equal(our_scores(load(folder)), oracle_scores(folder))
