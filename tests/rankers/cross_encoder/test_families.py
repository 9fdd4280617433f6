"""Every family of rerankers that people use, against sentence-transformers' CrossEncoder on the same checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made_rerankers import PAIRS, RERANKERS, write_fused

from demo.rankers.cross_encoder.loading import load_cross_encoder, resolve
from demo.rankers.cross_encoder.model import CrossEncoder
from demo.settings import Settings


def load(folder: Path, **settings: Any) -> CrossEncoder:
    chosen = Settings(device="cpu", **settings)
    return load_cross_encoder(resolve(str(folder), chosen), chosen)


def oracle_scores(folder: Path, **options: Any) -> np.ndarray:
    """float32 (pairs,): raw logits, or the second less the first, as sentence-transformers computes them in fp32."""
    from sentence_transformers import CrossEncoder as Oracle

    model = Oracle(
        str(folder), device="cpu", activation_fn=torch.nn.Identity(), model_kwargs={"dtype": torch.float32}, **options
    )
    if model.tokenizer.pad_token_id is not None and model[0].config.pad_token_id is None:
        model[0].config.pad_token_id = model.tokenizer.pad_token_id
    logits = model.predict(list(PAIRS), show_progress_bar=False)
    return logits if logits.ndim == 1 else logits[:, 1] - logits[:, 0]


def our_scores(model: CrossEncoder, **options: Any) -> np.ndarray:
    """The same pairs, query by query."""
    scores = np.full(len(PAIRS), np.nan, np.float32)
    for query in dict.fromkeys(query for query, _ in PAIRS):
        places = [place for place, pair in enumerate(PAIRS) if pair[0] == query]
        texts = [PAIRS[place][1] for place in places]
        for batch in model.score(query, texts, **options):
            scores[np.array(places)[batch.indices]] = batch.scores
    return scores


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
