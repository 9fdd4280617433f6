"""Every row of the catalog: its figures, and that a small checkpoint in its exact layout is loaded and read right."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import transformers
from made_catalog import layout_of
from made_checkpoints import (
    COMMIT,
    PASSAGES,
    QUERY,
    VOCABULARY,
    HubCache,
    scores_of,
    write_vocabulary,
)
from made_rerankers import write_ettin

from demo.rankers.catalog import CATALOG, DEFAULT_BUNDLED, MODELS, RECENT, find
from demo.rankers.cross_encoder.hub import Hub
from demo.rankers.cross_encoder.loading import available, default_model, fingerprint, load_cross_encoder, resolve
from demo.rankers.cross_encoder.model import LoadedCrossEncoder
from demo.records import Head, ModelSpec, ScoreReading
from demo.settings import Settings

WORDS = ("berlin has people", "berlin has museums and people", "rome is old", "berlin")
"""A query and three passages of words that are one token each, so that their tokens can be looked up by hand."""


@pytest.mark.parametrize("spec", CATALOG, ids=lambda spec: spec.key)
def test_layout_is_loaded_and_scored_as_by_hand(spec: ModelSpec, tmp_path: Path) -> None:
    layout, cache, bundled = layout_of(spec), HubCache(tmp_path / "hub"), tmp_path / "bundled"
    is_bundled = spec.key.startswith("bundled/")
    folder = bundled / spec.key.removeprefix("bundled/") if is_bundled else cache.snapshot(spec.key)
    state = layout.write(folder, spec)
    if spec.tokenizer:
        write_vocabulary(cache.snapshot(spec.tokenizer))
    hub, settings = Hub(cache=cache.root), Settings()

    model = load_cross_encoder(resolve(spec.key, settings), settings, hub=hub, bundled=bundled)
    query, *passages = WORDS
    scores = scores_of(model, query, passages)

    for index, passage in enumerate(passages):
        for_query = [VOCABULARY.index(word) for word in ("[CLS]", *query.split(), "[SEP]")]
        for_passage = [VOCABULARY.index(word) for word in (*passage.split(), "[SEP]")]
        types = [0] * len(for_query) + [1] * len(for_passage)
        assert scores[index] == pytest.approx(layout.score(state, for_query + for_passage, types), abs=2e-4)
    assert len({round(score, 2) for score in scores}) == len(passages), "scores that tell nothing apart"
    assert model.fingerprint == fingerprint(spec, settings, hub, bundled)
    assert is_bundled or model.fingerprint.startswith(COMMIT)
    known = replace(spec, limit_tokens=512)
    assert (model.spec, model.pairs.max_tokens) == (known, 512)
    where = {each.key: where for each, where in available(settings, hub, bundled)}
    assert where.pop(spec.key) == ("bundled" if is_bundled else "cached")
    assert set(where.values()) == {"download"}
    assert default_model(settings, hub, bundled).key == spec.key


@pytest.mark.parametrize("spec", [spec for spec in CATALOG if spec.lower_case], ids=lambda spec: spec.key)
def test_upper_case_is_read_as_lower_case(spec: ModelSpec, tmp_path: Path) -> None:
    cache = HubCache(tmp_path)
    layout_of(spec).write(cache.snapshot(spec.key), spec)
    if spec.tokenizer:
        write_vocabulary(cache.snapshot(spec.tokenizer))
    model = load_cross_encoder(spec, Settings(), hub=Hub(cache=tmp_path))
    scores = scores_of(model, "berlin", ["rome", "ROME", "Röme"])
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)
    assert scores[0] == pytest.approx(scores[2], abs=1e-5)


# ---- the rows as data ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", CATALOG, ids=lambda spec: spec.key)
def test_size_is_that_of_the_architecture(spec: ModelSpec) -> None:
    """transformers' own classes, without memory, have as many weights as the row says."""
    words = 105_879 if "multilingual" in spec.key else 26_000 if spec.key == "bundled/small" else 30_522
    inner = 1_200 if spec.width == 312 else 4 * spec.width
    with torch.device("meta"):
        if spec.head is Head.BERT_CAT:
            config = transformers.DistilBertConfig(
                vocab_size=words, dim=spec.width, n_layers=spec.layers, hidden_dim=inner
            )
            model = torch.nn.ModuleList([transformers.DistilBertModel(config), torch.nn.Linear(spec.width, 1)])
        else:
            kind = "electra" if "Electra" in spec.architecture else "bert"
            config = transformers.AutoConfig.for_model(
                kind,
                vocab_size=words,
                hidden_size=spec.width,
                embedding_size=spec.width,
                num_hidden_layers=spec.layers,
                num_attention_heads=1,
                intermediate_size=inner,
                num_labels=spec.labels,
            )
            model = transformers.AutoModelForSequenceClassification.from_config(config)
    assert sum(parameter.numel() for parameter in model.parameters()) == spec.parameters
    bytes_each = 2 if spec.key.startswith("bundled/") else 4
    in_one_byte = words * spec.width if spec.key == "bundled/small" else 0
    assert spec.weights_bytes == pytest.approx(bytes_each * spec.parameters - in_one_byte, rel=0.02)


def test_names_are_unique_and_found_in_any_case() -> None:
    names = [name for spec in CATALOG for name in (spec.key, *spec.aliases)]
    assert len({name.casefold() for name in names}) == len(names)
    for spec in CATALOG:
        assert find(f" {spec.key.upper()} ") is spec
    assert find("cross-encoder/ms-marco-MiniLM-L-6-v2") is find("cross-encoder/ms-marco-MiniLM-L6-v2")
    assert find("cross-encoder/ms-marco-MiniLM-L-6") is None


def test_reading_follows_from_the_labels() -> None:
    two = {spec.key for spec in CATALOG if spec.reading is ScoreReading.DIFFERENCE}
    assert two == {spec.key for spec in CATALOG if spec.key.split("/")[0] in ("nboost", "Capreolus", "amberoad")}


def test_bundled_stands_above_all_that_is_slower_or_weaker() -> None:
    """Whoever has a v2 MiniLM gets it; a large or old model in the cache does not push out the bundled one."""
    keys = [spec.key for spec in CATALOG]
    above = keys[: keys.index("bundled/tiny")]
    assert above == [key for key in keys if key.endswith("-v2")]
    assert keys[len(above) :][:2] == ["bundled/tiny", "bundled/small"]
    assert above[0] == "cross-encoder/ms-marco-MiniLM-L6-v2"


def test_the_command_may_call_the_bundled_default_bundled() -> None:
    spec = find("bundled")
    assert spec is not None
    assert spec.key == DEFAULT_BUNDLED


def test_recent_models_are_offered_and_their_layout_is_left_to_their_files() -> None:
    offered = {spec.key for spec, _ in available(Settings())}
    assert {spec.key for spec in RECENT} <= offered
    assert not any(spec.architecture or spec.published for spec in RECENT)
    names = [name.casefold() for spec in MODELS for name in (spec.key, *spec.aliases)]
    assert len(names) == len(set(names))


def test_what_is_here_stands_before_what_is_not() -> None:
    places = [where for _, where in available(Settings())]
    assert places == sorted(places, key=lambda where: where == "download")


def test_a_recent_model_is_read_from_its_files(tmp_path: Path) -> None:
    key = "cross-encoder/ettin-reranker-17m-v1"
    saved, folder = write_ettin(tmp_path / "made"), HubCache(tmp_path / "hub").snapshot(key)
    shutil.copytree(saved, folder, dirs_exist_ok=True)
    hub = Hub(cache=tmp_path / "hub")
    model = load_cross_encoder(resolve(key, Settings(), hub), Settings(), hub=hub)
    assert (model.spec.architecture, model.spec.labels, model.spec.max_tokens) == ("ModernBertModel", 1, 1_024)
    assert scores_of(model, QUERY, PASSAGES) == pytest.approx(scores_of(load_folder(saved), QUERY, PASSAGES), abs=1e-5)


def load_folder(folder: Path) -> LoadedCrossEncoder:
    return load_cross_encoder(resolve(str(folder), Settings()), Settings())
