"""Small random checkpoints in the layouts of published ones, and a hub cache to put them in."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import save_file
from torch import Tensor

from demo.rankers.cross_encoder.model import LoadedCrossEncoder

COMMIT = "0123456789abcdef0123456789abcdef01234567"

WIDTH, LAYERS, HEADS, POSITIONS = 128, 2, 2, 512

TEXT = (
    "berlin has about three million people the capital of germany museums and lakes rome is old paris river winter "
    "cold how many live in which city where long passage on"
)
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = list(string.ascii_lowercase + string.digits + ".,?!'-")
VOCABULARY = [*SPECIAL, *LETTERS, *(f"##{letter}" for letter in LETTERS), *TEXT.split(), "柏", "林"]
"""Letters too, into which all other words fall."""

SIZES = {"vocab_size": len(VOCABULARY), "num_hidden_layers": LAYERS, "num_attention_heads": HEADS}
SIZES |= {"hidden_size": WIDTH, "intermediate_size": 4 * WIDTH, "max_position_embeddings": POSITIONS}
"""What a BERT-like config says of the made models."""

QUERY = "how many people live in berlin?"
PASSAGES = (
    "Berlin has about three million people.",
    "Rome is old.",
    "",
    "The capital of Germany has museums and lakes, and a cold winter.",
    "柏林 Berlin Zürich – naïve 😀 x",
    "berlin " * 700,
    "where which city river how many people live in paris?",
)
"""Short, empty, not ASCII, and one that is longer than any model reads."""


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def write_vocabulary(folder: Path, words: list[str] = VOCABULARY, newline: str = "\n") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_bytes((newline.join(words) + newline).encode())


def random_state(model: torch.nn.Module, seed: int = 0, scale: float = 0.08) -> dict[str, Tensor]:
    """Weights large enough for scores that lie far apart."""
    generator = torch.Generator().manual_seed(seed)
    state = model.state_dict()
    for name, value in state.items():
        if value.is_floating_point():
            noise = torch.randn(value.shape, generator=generator) * scale
            state[name] = 1 + noise if name.lower().endswith("norm.weight") else noise
    return {name: value.contiguous() for name, value in state.items()}


def bert_state(labels: int, kind: str = "bert", seed: int = 0) -> dict[str, Tensor]:
    """Weights of a small BertForSequenceClassification or ElectraForSequenceClassification."""
    config = transformers.AutoConfig.for_model(kind, **SIZES, num_labels=labels)
    if kind == "electra":
        config.embedding_size = WIDTH
    return random_state(transformers.AutoModelForSequenceClassification.from_config(config), seed)


def bert_config(labels: int, kind: str = "bert") -> dict[str, Any]:
    """config.json of a checkpoint that says everything of itself."""
    names = {"bert": "BertForSequenceClassification", "electra": "ElectraForSequenceClassification"}
    own = {"embedding_size": WIDTH} if kind == "electra" else {}
    return {
        "model_type": kind,
        "architectures": [names[kind]],
        "id2label": {str(label): f"LABEL_{label}" for label in range(labels)},
        **SIZES,
        **own,
    }


def write_checkpoint(folder: Path, config: Mapping[str, Any], state: dict[str, Tensor], pickled: bool = False) -> Path:
    """Weights, config.json and vocab.txt; a tokenizer_config.json is left to the caller."""
    write_json(folder / "config.json", config)
    write_vocabulary(folder)
    if pickled:
        torch.save(state, folder / "pytorch_model.bin")
    else:
        save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def write_bert(folder: Path, labels: int = 1, kind: str = "bert", seed: int = 0) -> Path:
    """A small cross-encoder of BERT's or ELECTRA's class in the folder."""
    return write_checkpoint(folder, bert_config(labels, kind), bert_state(labels, kind, seed))


@dataclass(frozen=True)
class HubCache:
    """A folder laid out as huggingface_hub lays out its cache."""

    root: Path

    def snapshot(self, name: str) -> Path:
        """The folder of a repository's files, as if it had been downloaded."""
        repository = self.root / f"models--{name.replace('/', '--')}"
        folder = repository / "snapshots" / COMMIT
        folder.mkdir(parents=True, exist_ok=True)
        (repository / "refs").mkdir(exist_ok=True)
        (repository / "refs" / "main").write_text(COMMIT)
        return folder


def scores_of(model: LoadedCrossEncoder, query: str, texts: Sequence[str], windows: bool = False) -> list[float]:
    """The scores in the order of the texts."""
    scores = [float("nan")] * len(texts)
    for batch in model.score(query, texts, windows):
        for index, score in zip(batch.indices.tolist(), batch.scores.tolist(), strict=True):
            scores[index] = score
    return scores
