"""The forward pass of ModernBERT: angles and neighbours by hand, long rows against transformers."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from made_rerankers import CLASSIFIERS, SIZES, load, write_ettin

from demo.rankers.cross_encoder.layouts import Files
from demo.rankers.cross_encoder.modern import (
    BLOCK,
    Modern,
    angles,
    kinds_of,
    near,
    plan_of,
    pooling_mode,
    side_by_side,
    turn,
)

pytestmark = pytest.mark.filterwarnings("ignore")

CPU = torch.device("cpu")


def test_pairs_are_put_side_by_side() -> None:
    # Two heads of four numbers: 0 pairs with 2, 1 with 3.
    assert side_by_side(torch.arange(8), 2).tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


def test_a_pair_is_turned_by_its_position() -> None:
    # Position 2, base 100, four numbers: angles 2 · 100^0 = 2 and 2 · 100^−(2/4) = 0.2.
    by = angles(3, 4, 100.0, CPU)[2]
    assert by.angle().tolist() == pytest.approx([2.0, 0.2])
    turned = turn(torch.tensor([1.0, 0.0, 0.0, 1.0]), by)
    expected = [math.cos(2), math.sin(2), -math.sin(0.2), math.cos(0.2)]
    assert turned.tolist() == pytest.approx(expected, abs=1e-6)


def test_neighbours_are_at_most_so_far_apart() -> None:
    band = near(range(4, 6), range(2, 8), 1, torch.zeros(1))
    assert (band == 0).tolist() == [[False, True, True, True, False, False], [False, False, True, True, True, False]]


@pytest.mark.parametrize("tokens", [40, 130, BLOCK + 1, 2 * BLOCK + 70])
def test_long_rows_are_those_of_transformers(tokens: int, tmp_path: Path) -> None:
    """Rows shorter than a neighbourhood, than a block, and of several blocks, the second of each batch padded."""
    folder = CLASSIFIERS["gte modernbert"].write(tmp_path)
    own = load(folder).network.forward
    assert isinstance(own, Modern)
    module = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    ids = torch.randint(5, 400, (2, tokens), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    mask[1, tokens - 9 :] = 0
    with torch.inference_mode():
        np.testing.assert_allclose(own(ids, mask, None), module(ids, attention_mask=mask).logits, rtol=0, atol=1e-5)


def test_a_local_last_layer_is_computed_for_the_first_token_too(tmp_path: Path) -> None:
    config = SIZES | {"global_attn_every_n_layers": 2, "num_hidden_layers": 2, "local_attention": 16}
    row = replace(CLASSIFIERS["granite"], config=config | {"classifier_pooling": "cls"})
    folder = row.write(tmp_path)
    own = load(folder).network.forward
    assert own.layers[-1].reach == 8
    module = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    ids = torch.randint(5, 400, (2, 50), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        np.testing.assert_allclose(own(ids, None, None), module(ids).logits, rtol=0, atol=1e-5)


def test_kinds_of_layers() -> None:
    assert [kind[:4] for kind in kinds_of({"num_hidden_layers": 4})] == ["full", "slid", "slid", "full"]
    assert kinds_of({"num_hidden_layers": 1, "layer_types": ["sliding_attention"]}) == ["sliding_attention"]


def test_pooling_is_read_in_either_form() -> None:
    assert pooling_mode({"pooling_mode": "cls"}) == "cls"
    assert pooling_mode({"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}) == "mean"
    assert pooling_mode({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True}) == ""
    assert pooling_mode({"pooling_mode": ["cls", "max"]}) == ""


def test_what_the_forward_does_not_have_is_left_to_sentence_transformers(tmp_path: Path) -> None:
    files = Files.read(write_ettin(tmp_path))
    plan = plan_of(files)
    assert plan is not None
    assert [part.name for part in plan.head] == ["2_Dense/linear", "4_Dense/linear"]
    for change in ({"hidden_activation": "silu"}, {"rope_scaling": {"factor": 2}}, {"model_type": "bert"}):
        assert plan_of(replace(files, config={**files.config, **change})) is None
    dense = files.folder / "2_Dense" / "config.json"
    dense.write_text(json.dumps(json.loads(dense.read_text()) | {"use_residual": True}))
    assert plan_of(files) is None
