"""A small checkpoint for every row of the catalog, in the layout of the published one, and its twin.

The twin has the same weights in a layout that sentence-transformers' CrossEncoder reads right, which it does not with
every published one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import torch
import transformers
from made_checkpoints import (
    SIZES,
    VOCABULARY,
    WIDTH,
    HubCache,
    bert_config,
    bert_state,
    random_state,
    write_checkpoint,
    write_json,
    write_vocabulary,
)
from made_rerankers import RERANKERS, write_fused
from torch import Tensor

from demo.rankers.cross_encoder import loading
from demo.rankers.cross_encoder.hub import Hub
from demo.rankers.cross_encoder.loaded_models import Tell
from demo.rankers.cross_encoder.model import LoadedCrossEncoder
from demo.rankers.cross_encoder.scoring import Where
from demo.records import ModelSpec
from demo.settings import Settings

State = dict[str, Tensor]

READ_AS = {"do_lower_case": True, "model_max_length": 512, "tokenizer_class": "BertTokenizer"}


def write_current(folder: Path, kind: str = "bert") -> Path:
    """cross-encoder/…: everything in config.json, safetensors."""
    activation = {"sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity"}
    write_checkpoint(folder, bert_config(1, kind) | activation, bert_state(1, kind))
    write_json(folder / "tokenizer_config.json", {"do_lower_case": True, "model_max_length": 512})
    return folder


def write_bundled(folder: Path) -> Path:
    """bundled/…: weights stored as halves, widened on loading."""
    state = {name: value.half() for name, value in bert_state(1).items()}
    write_checkpoint(folder, bert_config(1) | {"dtype": "float32"}, state)
    write_json(folder / "tokenizer_config.json", READ_AS)
    return folder


def write_nboost(folder: Path) -> Path:
    """nboost/…: neither architectures nor labels nor model_type, a pickle, vocab.txt alone, surplus weights."""
    surplus = {"fit_dense.weight": torch.ones(WIDTH, WIDTH), "fit_dense.bias": torch.ones(WIDTH)}
    return write_checkpoint(folder, SIZES, bert_state(2) | surplus, pickled=True)


def write_capreolus(folder: Path) -> Path:
    """Capreolus/…: ELECTRA's head with a dense layer that must play no part."""
    write_checkpoint(folder, bert_config(2, "electra"), bert_state(2, "electra"), pickled=True)
    write_json(folder / "tokenizer_config.json", {"do_lower_case": True, "model_max_length": 512})
    return folder


def write_amberoad(folder: Path) -> Path:
    """amberoad/…: two labels, a tokenizer_config.json that says nothing of lower-casing."""
    write_checkpoint(folder, bert_config(2), bert_state(2), pickled=True)
    write_json(folder / "tokenizer_config.json", {"model_max_length": 512})
    return folder


DISTIL = {"vocab_size": len(VOCABULARY), "dim": WIDTH, "n_layers": 2, "n_heads": 2, "hidden_dim": 512}


def write_bert_cat(folder: Path) -> Path:
    """BERT_Cat: DistilBERT under bert_model, its own linear layer, and a vocab.txt with CRLF that must not be used."""
    body = random_state(transformers.DistilBertModel(transformers.DistilBertConfig(**DISTIL)))
    head = random_state(torch.nn.ModuleDict({"_classification_layer": torch.nn.Linear(WIDTH, 1)}))
    state = {f"bert_model.{name}": value for name, value in body.items()} | head
    write_checkpoint(folder, {"model_type": "BERT_Cat", "bert_model": "distilbert-base-uncased"}, state, pickled=True)
    write_vocabulary(folder, VOCABULARY[::-1], newline="\r\n")
    return folder


# ---- twins -----------------------------------------------------------------------------------------------------------


def itself(folder: Path, room: Path) -> Path:
    """sentence-transformers reads the checkpoint as it is."""
    return folder


def with_config(folder: Path, room: Path) -> Path:
    """The same files with a config.json and a tokenizer_config.json that say everything."""
    twin = shutil.copytree(folder, room / "twin")
    write_json(twin / "config.json", bert_config(2))
    write_json(twin / "tokenizer_config.json", READ_AS)
    return twin


def capreolus_chain(folder: Path, room: Path) -> Path:
    """A linear layer alone behind ELECTRA's first token."""
    state: State = torch.load(folder / "pytorch_model.bin")
    config = transformers.ElectraConfig(**SIZES, embedding_size=WIDTH)
    return first_token_chain(transformers.ElectraModel(config), state, "electra.", "classifier.out_proj", room)


def bert_cat_chain(folder: Path, room: Path) -> Path:
    """A linear layer behind DistilBERT's first token."""
    state: State = torch.load(folder / "pytorch_model.bin")
    body = transformers.DistilBertModel(transformers.DistilBertConfig(**DISTIL))
    return first_token_chain(body, state, "bert_model.", "_classification_layer", room)


def first_token_chain(body: torch.nn.Module, state: State, prefix: str, head: str, room: Path) -> Path:
    """A chain of modules: a body, its first token, and the linear layer that is called `head` in the state."""
    from sentence_transformers import CrossEncoder
    from sentence_transformers.base.modules import Dense, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    body.load_state_dict({name[len(prefix) :]: value for name, value in state.items() if name.startswith(prefix)})
    body.save_pretrained(room / "body")
    write_vocabulary(room / "body")
    write_json(room / "body" / "tokenizer_config.json", READ_AS)
    labels = len(state[f"{head}.bias"])
    dense = Dense(WIDTH, labels, activation_function=torch.nn.Identity(), module_output_name="scores")
    dense.linear.load_state_dict({name: state[f"{head}.{name}"] for name in ("weight", "bias")})
    modules = [Transformer(str(room / "body")), Pooling(WIDTH, pooling_mode="cls"), dense]
    CrossEncoder(modules=modules).save_pretrained(str(room / "twin"))
    return room / "twin"


def plain_xlm_roberta(folder: Path, room: Path) -> Path:
    """The XLM-R that the fused one was made from."""
    return folder.parent / "plain"


# ---- rows ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Layout:
    """How a family of rows is laid out.

    Attributes:
        keys: of its rows, as a pattern.
        write: makes a checkpoint in a folder, and returns where it is.
        twin: of that checkpoint, made in the second folder.
    """

    keys: str
    write: Callable[[Path], Path]
    twin: Callable[[Path, Path], Path] = itself


LAYOUTS = (
    Layout("cross-encoder/ms-marco-electra-*", lambda folder: write_current(folder, "electra")),
    Layout("cross-encoder/ms-marco-*", write_current),
    Layout("bundled/*", write_bundled),
    Layout("nboost/*", write_nboost, with_config),
    Layout("Capreolus/*", write_capreolus, capreolus_chain),
    Layout("amberoad/*", write_amberoad),
    Layout("sebastian-hofstaetter/*", write_bert_cat, bert_cat_chain),
    Layout("cross-encoder/ettin-reranker-*", RERANKERS["ettin"]),
    Layout("mixedbread-ai/mxbai-rerank-*-v1", RERANKERS["mxbai v1"]),
    Layout("Alibaba-NLP/gte-reranker-modernbert-*", RERANKERS["gte modernbert"]),
    Layout("alibaba-nlp-community/gte-multilingual-*", RERANKERS["gte multilingual"]),
    Layout("ibm-granite/*", RERANKERS["granite"]),
    Layout("BAAI/bge-reranker-v2-m3", RERANKERS["bge v2-m3"]),
    Layout("BAAI/bge-reranker-*", RERANKERS["bge base and large"]),
    Layout("jinaai/jina-reranker-v2-*", lambda folder: write_fused(folder)[1], plain_xlm_roberta),
    Layout("Qwen/Qwen3-Reranker-*", RERANKERS["qwen3"]),
    Layout("mixedbread-ai/mxbai-rerank-*-v2", RERANKERS["mxbai v2"]),
    Layout("zeroentropy/zerank-*", RERANKERS["zerank"]),
)
"""A row of the catalog has the first layout whose pattern fits its key."""


def layout_of(spec: ModelSpec) -> Layout:
    """The layout of the row.

    Raises:
        LookupError: there is none, so that nothing shows that such a model is read right.
    """
    found = next((layout for layout in LAYOUTS if fnmatchcase(spec.key, layout.keys)), None)
    if found is None:
        raise LookupError(f"{spec.key} has no small checkpoint: add a row to LAYOUTS in tests/made_catalog.py")
    return found


@dataclass(frozen=True)
class MadeSource:
    """The module `loading` with a hub and a bundled folder of one's own."""

    hub: Hub
    bundled: Path

    @classmethod
    def with_model(cls, spec: ModelSpec, checkpoint: Path, root: Path) -> MadeSource:
        """One in which the row's files are those of the checkpoint."""
        cache, bundled = HubCache(root / "hub"), root / "bundled"
        if spec.key.startswith("bundled/"):
            bundled.mkdir(parents=True)
            os.symlink(checkpoint, bundled / spec.key.removeprefix("bundled/"))
        else:
            shutil.copytree(checkpoint, cache.snapshot(spec.key), copy_function=os.link, dirs_exist_ok=True)
        if spec.tokenizer:
            write_vocabulary(cache.snapshot(spec.tokenizer))
        return cls(Hub(cache=cache.root), bundled)

    def default_model(self, settings: Settings) -> ModelSpec:
        return loading.default_model(settings, self.hub, self.bundled)

    def resolve(self, name: str, settings: Settings) -> ModelSpec:
        return loading.resolve(name, settings, self.hub, self.bundled)

    def fingerprint(self, spec: ModelSpec, settings: Settings) -> str | None:
        return loading.fingerprint(spec, settings, self.hub, self.bundled)

    def available(self, settings: Settings) -> Sequence[tuple[ModelSpec, Where]]:
        return loading.available(settings, self.hub, self.bundled)

    def load_cross_encoder(self, spec: ModelSpec, settings: Settings, progress: Tell) -> LoadedCrossEncoder:
        return loading.load_cross_encoder(spec, settings, progress, self.hub, self.bundled)
