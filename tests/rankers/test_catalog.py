"""Every row of the catalog: its figures, and that a small checkpoint in its exact layout is loaded and read right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
import transformers
from made_checkpoints import (
    COMMIT,
    SIZES,
    VOCABULARY,
    WIDTH,
    HubCache,
    bert_config,
    bert_state,
    cls_vector,
    linear,
    random_state,
    scores_of,
    write_checkpoint,
    write_json,
    write_vocabulary,
)
from torch import Tensor

from demo.rankers.catalog import CATALOG, DEFAULT_BUNDLED, find
from demo.rankers.cross_encoder.hub import Hub
from demo.rankers.cross_encoder.loading import available, default_model, fingerprint, load_cross_encoder, resolve
from demo.records import Head, ModelSpec, ScoreReading
from demo.settings import Settings

State = dict[str, Tensor]

WORDS = ("berlin has people", "berlin has museums and people", "rome is old", "berlin")
"""A query and three passages of words that are one token each, so that their tokens can be looked up by hand."""


# ---- the layouts, as far as they are known ---------------------------------------------------------------------------


def write_current(folder: Path, spec: ModelSpec) -> State:
    """cross-encoder/…: everything in config.json, safetensors."""
    kind = "electra" if "Electra" in spec.architecture else "bert"
    state = bert_state(1, kind)
    write_checkpoint(folder, bert_config(1, kind) | {"sbert_ce_default_activation_function": "x.Identity"}, state)
    write_json(folder / "tokenizer_config.json", {"do_lower_case": True, "model_max_length": 512})
    return state


def write_bundled(folder: Path, spec: ModelSpec) -> State:
    """bundled/…: weights stored as halves, widened on loading."""
    state = {name: value.half() for name, value in bert_state(1).items()}
    write_checkpoint(folder, bert_config(1) | {"dtype": "float32"}, state)
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "do_lower_case": True})
    return state


def write_nboost(folder: Path, spec: ModelSpec) -> State:
    """nboost/…: neither architectures nor labels nor model_type, a pickle, vocab.txt alone, surplus weights."""
    state = bert_state(2)
    surplus = {"fit_dense.weight": torch.ones(WIDTH, WIDTH), "fit_dense.bias": torch.ones(WIDTH)}
    write_checkpoint(folder, SIZES, state | surplus, pickled=True)
    return state


def write_capreolus(folder: Path, spec: ModelSpec) -> State:
    """Capreolus/…: ELECTRA's head with a dense layer that must play no part."""
    state = bert_state(2, "electra")
    write_checkpoint(folder, bert_config(2, "electra"), state, pickled=True)
    write_json(folder / "tokenizer_config.json", {"do_lower_case": True, "model_max_length": 512})
    return state


def write_amberoad(folder: Path, spec: ModelSpec) -> State:
    """amberoad/…: two labels, a tokenizer_config.json that says nothing of lower-casing."""
    state = bert_state(2)
    write_checkpoint(folder, bert_config(2), state, pickled=True)
    write_json(folder / "tokenizer_config.json", {"model_max_length": 512})
    return state


def write_bert_cat(folder: Path, spec: ModelSpec) -> State:
    """BERT_Cat: DistilBERT under bert_model, its own linear layer, and a vocab.txt with CRLF that must not be used."""
    config = transformers.DistilBertConfig(vocab_size=len(VOCABULARY), dim=WIDTH, n_layers=2, n_heads=2, hidden_dim=512)
    body = random_state(transformers.DistilBertModel(config))
    head = random_state(torch.nn.ModuleDict({"_classification_layer": torch.nn.Linear(WIDTH, 1)}))
    state = {f"bert_model.{name}": value for name, value in body.items()} | head
    write_checkpoint(folder, {"model_type": "BERT_Cat", "bert_model": "distilbert-base-uncased"}, state, pickled=True)
    write_vocabulary(folder, VOCABULARY[::-1], newline="\r\n")
    return state


@dataclass(frozen=True)
class Layout:
    """How a family of rows is laid out, and the score of a pair by hand from its weights."""

    prefix: str
    write: Callable[[Path, ModelSpec], State]
    score: Callable[[State, list[int], list[int]], float]


def one_logit(state: State, ids: list[int], types: list[int]) -> float:
    pooled = torch.tanh(linear(state, "bert.pooler.dense", cls_vector(state, "bert", ids, types)))
    return linear(state, "classifier", pooled).item()


def difference(state: State, ids: list[int], types: list[int]) -> float:
    pooled = torch.tanh(linear(state, "bert.pooler.dense", cls_vector(state, "bert", ids, types)))
    first, second = linear(state, "classifier", pooled).tolist()
    return second - first


def electra_logit(state: State, ids: list[int], types: list[int]) -> float:
    dense = linear(state, "classifier.dense", cls_vector(state, "electra", ids, types))
    return linear(state, "classifier.out_proj", torch.nn.functional.gelu(dense)).item()


def capreolus_difference(state: State, ids: list[int], types: list[int]) -> float:
    first, second = linear(state, "classifier.out_proj", cls_vector(state, "electra", ids, types)).tolist()
    return second - first


def bert_cat_logit(state: State, ids: list[int], types: list[int]) -> float:
    return linear(state, "_classification_layer", cls_vector(state, "distilbert", ids, None)).item()


LAYOUTS = (
    Layout("cross-encoder/ms-marco-electra", write_current, electra_logit),
    Layout("cross-encoder/", write_current, one_logit),
    Layout("bundled/", write_bundled, one_logit),
    Layout("nboost/", write_nboost, difference),
    Layout("Capreolus/", write_capreolus, capreolus_difference),
    Layout("amberoad/", write_amberoad, difference),
    Layout("sebastian-hofstaetter/", write_bert_cat, bert_cat_logit),
)


def layout_of(spec: ModelSpec) -> Layout:
    return next(layout for layout in LAYOUTS if spec.key.startswith(layout.prefix))


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
    assert is_bundled or model.fingerprint == COMMIT
    assert (model.spec, model.pairs.max_tokens) == (spec, 512)
    where = {each.key: where for each, where in available(settings, hub, bundled)}
    assert where.pop(spec.key) == ("bundled" if is_bundled else "cached")
    assert set(where.values()) == {"download"}
    assert default_model(settings, hub, bundled) == spec


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
