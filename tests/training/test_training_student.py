"""The short forward, and the training loop on a toy set."""

# ruff: noqa: E402 (imports follow the checks for optional packages)

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("transformers", reason="needs transformers")
pytest.importorskip("tqdm", reason="needs demo/training/requirements.txt")
pytest.importorskip("scipy", reason="needs demo/training/requirements.txt")

from made_narrow import WORDS, narrow_model

from demo.training.groups import Candidates, Mining, Phase
from demo.training.run import resume
from demo.training.student import score
from demo.training.tokens import splice, table_of
from demo.training.trainer import Material, Recipe, Trainer, held_out

QUERIES, PASSAGES = 24, 24


def toy_material() -> Material:
    """Query i shares its three word pieces with passage i; every other passage is wrong."""
    rng = np.random.default_rng(1)
    pieces = [rng.permutation(np.arange(103, WORDS, dtype=np.int32))[:12] for _ in range(PASSAGES)]
    queries = table_of([p[:3] for p in pieces[:QUERIES]])
    others = np.stack([np.delete(np.arange(PASSAGES), q)[:13] for q in range(QUERIES)])
    passages = np.concatenate([np.arange(QUERIES)[:, None], others], axis=1).astype(np.int32)
    cosine = np.where(passages == passages[:, :1], 0.9, 0.1).astype(np.float16)
    zeros = np.zeros_like(cosine)
    candidates = Candidates(passages, cosine, zeros, zeros, np.ones(QUERIES, np.bool_))
    return Material(candidates, queries, table_of(pieces), np.arange(QUERIES), np.arange(0))


TOY = Recipe(
    steps=30,
    groups=4,
    size=6,
    rate=1e-3,
    warmup=3,
    mining=Mining(nearest=5, lexical=5, chance=3),
    phases=(Phase(1.0, 12, 12, 0.0),),
)


def padded(rows: list[tuple[Any, Any]]) -> tuple[Any, Any]:
    ids, types = np.zeros((2, len(rows), max(len(r[0]) for r in rows)), np.int64)
    for line, (row_ids, row_types) in enumerate(rows):
        ids[line, : len(row_ids)], types[line, : len(row_ids)] = row_ids, row_types
    return torch.from_numpy(ids), torch.from_numpy(types)


def test_the_short_forward_equals_the_models_own() -> None:
    model, material = narrow_model(0), toy_material()
    ids, types = padded([splice(material.queries[i], material.pool[i][: 3 + i]) for i in range(6)])
    with torch.inference_mode():
        own = model(input_ids=ids, token_type_ids=types, attention_mask=(ids != 0).long()).logits[:, 0]
        assert score(model, ids, types) == pytest.approx(own, abs=1e-5)


def test_training_reduces_the_loss_and_ranks_the_known_passage_first() -> None:
    material, losses = toy_material(), []
    recipe = replace(TOY, steps=200, rate=3e-3)
    trainer = Trainer(narrow_model(0), material, recipe)
    trainer.run(200, lambda _, loss: losses.append(loss))
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])
    assert trainer.pairs == 200 * 4 * 6
    found = held_out(trainer.model, material, material.asked, recipe)
    assert found["known_mrr"] > 0.6
    assert found["kl"] < held_out(narrow_model(0), material, material.asked, recipe)["kl"]


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = Trainer(narrow_model(0), toy_material(), TOY)
    whole.run(6)
    first = Trainer(narrow_model(0), toy_material(), TOY)
    first.run(3)
    first.save(tmp_path / "last.pt")
    second = Trainer(narrow_model(5), toy_material(), TOY)
    second.load(tmp_path / "last.pt")
    second.run(6)
    assert second.pairs == whole.pairs
    for name, value in whole.average.items():
        assert torch.equal(value, second.average[name]), name


def test_shared_work_gives_the_gradients_of_one_worker() -> None:
    """The loss is a mean over groups, so two halves of equal size average to the whole."""
    one, two = (Trainer(narrow_model(0), toy_material(), replace(TOY, workers=n)) for n in (1, 2))
    one.run(1)
    two.run(1)
    for name, value in one.average.items():
        assert value == pytest.approx(two.average[name], abs=2e-4), name


def test_frozen_embeddings_and_layers_stay_as_they_are() -> None:
    trainer = Trainer(narrow_model(0), toy_material(), replace(TOY, frozen=2))
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    trainer.run(2)
    changed = {name for name, value in trainer.model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == set(trainer.average) - {"bert.encoder.layer.1.attention.self.key.bias"}  # adds to all alike
    assert any(name.startswith("bert.encoder.layer.1.") for name in changed)
    assert not any("embeddings" in name or ".layer.0." in name for name in changed)
    layers = Trainer(narrow_model(0), toy_material(), replace(TOY, frozen=1)).average
    assert any(".layer.0." in name for name in layers)
    assert not any("embeddings" in name for name in layers)


def test_the_rate_rises_stays_and_falls() -> None:
    recipe = Recipe(steps=100, rate=1.0, warmup=10, cooling=0.2)
    assert [recipe.rate_at(step) for step in (0, 9, 50, 80)] == pytest.approx([0.1, 1.0, 1.0, 1.0])
    assert recipe.cools_from == 80
    assert recipe.rate_at(90) == pytest.approx(0.5)
    assert recipe.rate_at(99) == pytest.approx(0.05)


def test_a_run_that_is_to_be_longer_goes_back_to_the_full_rate(tmp_path: Path) -> None:
    trainer = Trainer(narrow_model(0), toy_material(), replace(TOY, steps=4))
    for name, until in (("steady", 2), ("last", 4)):
        trainer.run(until)
        trainer.save(tmp_path / f"{name}.pt")
    for steps, step in ((4, 4), (8, 2)):
        again = Trainer(narrow_model(0), toy_material(), replace(TOY, steps=steps))
        resume(again, tmp_path)
        assert again.step == step
