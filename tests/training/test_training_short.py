"""An encoder made shorter: which layers stay, what they learn, and that a stopped run goes on as if it had not been."""

# ruff: noqa: E402 (imports follow the checks for optional packages)

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch")
transformers = pytest.importorskip("transformers", reason="needs transformers")
pytest.importorskip("tqdm", reason="needs demo/training/requirements.txt")

from demo.training.short import Shortener, Shortening, Taught, average, leave_out, shorten
from demo.training.sources import DataError
from demo.training.tokens import CLS, PAD, SEP, Ids, table_of

PLAN = Shortening(layers=(0, 2), steps=40, texts=8, rate=3e-3, warmup=5, cooling=0.5, longest=12)


def made_encoder() -> Any:
    torch.manual_seed(3)
    config = transformers.BertConfig(
        vocab_size=200,
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=64,
        initializer_range=0.1,
    )
    return transformers.BertModel(config, add_pooling_layer=False).eval()


def made_texts(count: int, seed: int) -> list[Ids]:
    rng = np.random.default_rng(seed)
    return [rng.integers(110, 200, int(rng.integers(3, 16))).astype(np.int32) for _ in range(count)]


def taught(encoder: Any) -> list[Taught]:
    parts = []
    for texts in (made_texts(60, 1), made_texts(80, 2)):
        with torch.inference_mode():
            vectors = average(encoder, texts).numpy().astype(np.float16)
            parts.append(Taught(table_of(texts), vectors, np.arange(len(texts)) >= 6))
    return parts


@pytest.fixture(scope="module")
def whole() -> Any:
    return made_encoder()


def shortener(whole: Any, plan: Shortening = PLAN, workers: int = 1) -> Shortener:
    encoder = deepcopy(whole)
    leave_out(encoder, plan.layers)
    return Shortener(encoder, taught(whole), plan, workers, seed=7)


def test_the_average_is_that_of_each_text_by_itself(whole: Any) -> None:
    texts = made_texts(3, 5)
    with torch.inference_mode():
        found = average(whole, texts)
        for vector, text in zip(found, texts, strict=True):
            alone = whole(input_ids=torch.tensor([[CLS, *text.tolist(), SEP]])).last_hidden_state[0].mean(0)
            assert torch.allclose(vector, alone / alone.norm(), atol=1e-5)
    assert PAD not in texts[0]


def test_the_chosen_layers_stay_as_they_were(whole: Any) -> None:
    encoder = deepcopy(whole)
    leave_out(encoder, (0, 2))
    assert encoder.config.num_hidden_layers == len(encoder.encoder.layer) == 2
    for here, there in enumerate((0, 2)):
        found, before = (e.encoder.layer[i].output.dense.weight for e, i in ((encoder, here), (whole, there)))
        assert torch.equal(found, before)


def test_training_brings_texts_that_were_not_read_nearer_to_the_whole_encoders_vectors(whole: Any) -> None:
    training = shortener(whole)
    embeddings = deepcopy(training.encoder.embeddings.state_dict())
    before = training.measure()
    training.run(PLAN.steps)
    after = training.measure()
    assert all(1 - late < 0.6 * (1 - early) for early, late in zip(before, after, strict=True))
    assert all(torch.equal(v, embeddings[k]) for k, v in training.encoder.embeddings.state_dict().items())


def test_two_workers_learn_what_one_learns(whole: Any) -> None:
    one, two = (shortener(whole, workers=n) for n in (1, 2))
    assert one.run(2) == pytest.approx(two.run(2), abs=1e-5)
    assert one.measure() == pytest.approx(two.measure(), abs=1e-4)


def test_a_stopped_run_goes_on_as_if_it_had_not_been(whole: Any, tmp_path: Path) -> None:
    through = shortener(whole)
    through.run(6)
    first, second = shortener(whole), shortener(whole)
    first.run(3)
    first.save(tmp_path / "short.pt")
    second.load(tmp_path / "short.pt")
    second.run(6)
    for name, value in through.encoder.state_dict().items():
        assert torch.equal(value, second.encoder.state_dict()[name]), name


def test_a_finished_encoder_is_read_from_its_checkpoint_and_measurements_are_kept(whole: Any, tmp_path: Path) -> None:
    plan, encoder, again = replace(PLAN, steps=4), deepcopy(whole), deepcopy(whole)
    shorten(encoder, taught(whole), plan, tmp_path, workers=1, seed=7, every=3)
    lines = [json.loads(line) for line in (tmp_path / "short.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["step"] for line in lines] == [3, 4]
    assert all(len(line["cosines"]) == 2 for line in lines)
    shorten(again, taught(whole), plan, tmp_path, workers=1, seed=7)
    assert all(torch.equal(value, encoder.state_dict()[name]) for name, value in again.state_dict().items())
    with pytest.raises(DataError, match=r"made with the layers \[0, 2\]"):
        shorten(deepcopy(whole), taught(whole), replace(plan, layers=(0, 1)), tmp_path, workers=1, seed=7)


def test_vectors_of_another_encoder_are_refused(whole: Any, tmp_path: Path) -> None:
    others = [replace(part, vectors=part.vectors[:, :16]) for part in taught(whole)]
    with pytest.raises(DataError, match="width 16, the encoder 32"):
        shorten(deepcopy(whole), others, PLAN, tmp_path, workers=1, seed=7)


def test_the_rate_rises_stays_and_falls() -> None:
    plan = Shortening(steps=100, rate=1.0, warmup=10, cooling=0.2)
    assert [plan.rate_at(step) for step in (0, 9, 50, 80)] == pytest.approx([0.1, 1.0, 1.0, 1.0])
    assert [plan.rate_at(step) for step in (90, 99)] == pytest.approx([0.5, 0.05])


def test_only_texts_to_learn_from_are_drawn(whole: Any) -> None:
    parts = taught(whole)
    wrong = [replace(part, vectors=np.where(part.learnt[:, None], part.vectors, np.float16("nan"))) for part in parts]
    encoder = deepcopy(whole)
    leave_out(encoder, PLAN.layers)
    assert np.isfinite(Shortener(encoder, wrong, PLAN, 1, seed=7).run(10))
