"""A small checkpoint for every row of the catalog, in the layout of the published one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import transformers
from made_checkpoints import (
    SIZES,
    VOCABULARY,
    WIDTH,
    bert_config,
    bert_state,
    cls_vector,
    linear,
    random_state,
    write_checkpoint,
    write_json,
    write_vocabulary,
)
from torch import Tensor

from demo.records import ModelSpec

State = dict[str, Tensor]


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
