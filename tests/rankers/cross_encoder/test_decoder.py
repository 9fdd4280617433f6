"""The forward pass of causal rerankers: what pairs share is computed once, and padding changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from made_checkpoints import scores_of
from made_rerankers import CLASSIFIERS, QWEN_TEMPLATE, load, write_causal

from demo.rankers.cross_encoder.decoder import Beginnings, Decoder, computes, later
from demo.rankers.cross_encoder.layouts import Files
from demo.rankers.cross_encoder.model import Asked

pytestmark = pytest.mark.filterwarnings("ignore")


def decoder_of(folder: Path) -> Decoder:
    network = load(write_causal(folder, QWEN_TEMPLATE)).network
    assert isinstance(network.forward, Decoder)
    return network.forward


def test_a_token_sees_itself_and_those_before_it() -> None:
    shut = later(1, 4, torch.device("cpu"))  # rows: tokens 1, 2 and 3 behind one that is shared
    assert (shut == 0).tolist() == [[True, True, False, False], [True, True, True, False], [True, True, True, True]]


def test_a_shared_beginning_changes_no_score_and_is_kept(tmp_path: Path) -> None:
    decoder = decoder_of(tmp_path)
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(5, 300, (3, 40), generator=generator)
    ids[:, :20] = ids[0, :20]
    mask = torch.ones_like(ids)
    mask[1, 31:] = 0
    whole = decoder(ids, mask, None)
    for _ in range(2):
        np.testing.assert_allclose(decoder(ids, mask, None, shared=20), whole, rtol=0, atol=1e-5)
    assert len(decoder.kept.rows) == 1
    alone = decoder(ids[1:2, :31], None, None)
    np.testing.assert_allclose(alone, whole[1:2], rtol=0, atol=1e-5)


def test_queries_that_are_scored_together_share_only_what_stands_before_them(tmp_path: Path) -> None:
    model = load(write_causal(tmp_path, QWEN_TEMPLATE))
    asked = [Asked("capital of France", ["Paris.", "Rome is old."]), Asked("capital of Norway", ["Oslo.", "Bergen."])]
    together = np.full(4, np.nan, np.float32)
    for batch in model.score_all(asked):
        together[batch.indices] = batch.scores
    alone = [scores_of(model, each.query, each.texts) for each in asked]
    np.testing.assert_allclose(together, np.concatenate(alone), rtol=0, atol=1e-5)


def test_beginnings_are_kept_within_their_bytes(tmp_path: Path) -> None:
    """One of 16 tokens: keys and values of 3 layers, each 2 heads of 16 numbers of 4 bytes."""
    one = 16 * 2 * 3 * 2 * 16 * 4
    decoder = replace(decoder_of(tmp_path), kept=Beginnings(capacity=2 * one))

    def read(first: int, shared: int = 16) -> torch.Tensor:
        return decoder(torch.arange(first, first + 40)[None], None, None, shared=shared)

    read(0)
    assert decoder.kept_bytes == one
    kept = [read(first) is not None and len(decoder.kept.rows) for first in (1, 0, 2)]
    assert kept == [2, 2, 2]
    assert decoder.kept_bytes == 2 * one
    before = list(decoder.kept.rows)
    read(0)
    assert list(decoder.kept.rows) == before[::-1], "the beginning that was met last but one is still there"
    whole = read(5, shared=0)
    np.testing.assert_allclose(read(5, shared=39), whole, rtol=0, atol=1e-5)
    assert decoder.kept_bytes <= 2 * one, "one that is larger is not kept"


def test_a_loaded_model_tells_what_its_beginnings_take(tmp_path: Path) -> None:
    model = load(write_causal(tmp_path, QWEN_TEMPLATE))
    assert model.kept_bytes["beginnings"] == 0
    scores_of(model, "capital of France", ["Paris.", "Rome is old."])
    (row,) = model.network.forward.kept.rows.values()
    assert model.kept_bytes["beginnings"] == sum(tensor.untyped_storage().nbytes() for seen in row for tensor in seen)


def test_a_padding_token_within_a_text_is_not_the_last_that_counts(tmp_path: Path) -> None:
    """As transformers' classifiers have it; of a language model the last one counts whatever it is."""
    network = load(CLASSIFIERS["llama classifier"].write(tmp_path)).network
    decoder = network.forward
    assert decoder.padding == 2
    ids = torch.tensor([[0, 9, 8, 7, 6, 5, 4, 9, 10, 2]])
    np.testing.assert_allclose(decoder(ids, None, None), decoder(ids[:, :9], None, None), rtol=0, atol=1e-6)
    np.testing.assert_allclose(decoder(ids, None, None, shared=9), decoder(ids, None, None), rtol=0, atol=1e-6)
    causal = replace(decoder, padding=None)
    assert not torch.allclose(causal(ids, None, None), decoder(ids, None, None))


@pytest.mark.parametrize(
    "change",
    [
        {"hidden_act": "gelu"},
        {"use_sliding_window": True},
        {"rope_scaling": {"type": "yarn", "factor": 4.0}},
        {"rope_parameters": {"rope_type": "llama3", "rope_theta": 1e4}},
        {"layer_types": ["full_attention", "sliding_attention"]},
        {"quantization_config": {"bits": 4}},
        {"model_type": "gemma2"},
    ],
    ids=str,
)
def test_what_the_forward_does_not_have_is_left_to_sentence_transformers(
    change: dict[str, object], tmp_path: Path
) -> None:
    files = Files.read(write_causal(tmp_path, QWEN_TEMPLATE))
    assert computes(files)
    assert not computes(replace(files, config={**files.config, **change}))
