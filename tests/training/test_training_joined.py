"""Two cross-encoders as one that is as wide as both."""

# ruff: noqa: E402 (imports follow the checks for optional packages)

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("transformers", reason="needs transformers")
pytest.importorskip("tqdm", reason="needs demo/training/requirements.txt")

from made_narrow import WIDTH, WORDS, narrow_model

from demo.training.joined import join, norm_names, spreads

LENGTH, ROWS = 14, 40


def made(seed: int, scale: float = 1.0) -> Any:
    """A narrow model in which no weight is 0 or 1 by chance."""
    model = narrow_model(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(torch.randn_like(weight) * 0.15 * scale + ("LayerNorm.weight" in name))
    return model


def pairs() -> tuple[Any, Any]:
    """Rows of several lengths, padded with 0."""
    torch.manual_seed(5)
    ids, types = torch.randint(1, WORDS, (ROWS, LENGTH)), torch.zeros(ROWS, LENGTH, dtype=torch.long)
    types[:, 5:] = 1
    for row in range(ROWS):
        ids[row, LENGTH - row % 6 :] = 0
    return ids, types


def logits(model: Any) -> Any:
    ids, types = pairs()
    with torch.inference_mode():
        return model(input_ids=ids, token_type_ids=types, attention_mask=(ids != 0).long()).logits[:, 0]


def test_a_model_beside_itself_gives_its_own_logits() -> None:
    model = made(1)
    whole = join([model, model, model], *pairs())
    assert (whole.config.hidden_size, whole.config.num_attention_heads) == (3 * WIDTH, 6)
    assert torch.allclose(logits(whole), logits(model), atol=1e-4)


def test_a_model_beside_itself_in_another_measure_gives_its_own_logits() -> None:
    """What stands in front of the first norm may be of any size; the joined model hears both alike."""
    model, large = made(1), made(1)
    for table in ("word_embeddings", "position_embeddings", "token_type_embeddings"):
        getattr(large.bert.embeddings, table).weight.data *= 50.0
    assert torch.allclose(logits(large), logits(model), atol=1e-4)
    assert torch.allclose(logits(join([model, large], *pairs())), logits(model), atol=1e-4)


def test_two_models_give_about_the_mean_of_their_logits() -> None:
    first, second = made(1), made(2, 0.7)
    mean, found = (logits(first) + logits(second)) / 2, logits(join([first, second], *pairs()))
    alike = float(torch.corrcoef(torch.stack([mean, found]))[0, 1])
    assert alike > 0.98
    assert float((found - mean).square().mean().sqrt()) < 0.2 * float(mean.std())


def test_every_norm_is_given_a_spread_of_one_and_no_part_reads_the_other() -> None:
    first, second = made(1), made(2, 0.7)
    whole = join([first, second], *pairs())
    assert len(norm_names(whole)) == 5
    assert spreads(whole, *pairs()) == pytest.approx([16.0, 1.0, 1.0, 1.0, 1.0], rel=0.1)
    key = whole.bert.encoder.layer[1].attention.self.key.weight.detach()
    assert float(key[:WIDTH, WIDTH:].abs().max()) == 0.0 == float(key[WIDTH:, :WIDTH].abs().max())
    assert float(key[:WIDTH, :WIDTH].abs().min()) > 0.0
