"""Every family of rerankers that people use, against sentence-transformers' CrossEncoder on the same checkpoint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_rerankers import RERANKERS, load, oracle_scores, our_scores, write_fused


def assert_equal(found: np.ndarray, expected: np.ndarray) -> None:
    """Differences below 1e-4, and the same order of all scores that are further apart."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
    assert np.ptp(expected) > 0.05, "scores that tell nothing apart"
    order = expected.argsort()
    apart = np.diff(expected[order]) > 1e-4
    assert (np.diff(found[order])[apart] > 0).all()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", RERANKERS)
def test_scores_are_those_of_sentence_transformers(name: str, tmp_path: Path) -> None:
    folder = RERANKERS[name](tmp_path)
    assert_equal(our_scores(load(folder)), oracle_scores(folder))


@pytest.mark.filterwarnings("ignore")
def test_an_xlm_roberta_under_names_of_its_own_is_one(tmp_path: Path) -> None:
    """jina-reranker-v2: sentence-transformers without its code would give the layers random weights."""
    plain, fused = write_fused(tmp_path)
    assert_equal(our_scores(load(fused)), oracle_scores(plain))
