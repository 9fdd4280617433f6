"""A trained model as a folder that transformers, sentence-transformers and the app load by themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from demo.training.tokens import load_tokenizer

_SPECIAL = {
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}
_LARGEST_FILE = 9_990_000
"""Bytes of tensors in a file."""


def export(model: Any, tokenizer: Path, folder: Path) -> None:
    """Writes config.json, weights as `stored` in files under 10 MB, tokenizer.json and tokenizer_config.json.

    The config names float32, so what is stored is widened on loading and scores are computed in full precision.

    Args:
        model: A one-label `BertForSequenceClassification`.
        tokenizer: A tokenizer.json; its truncation and padding are left out.
        folder: Made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: stored(weight.detach()) for name, weight in model.state_dict().items()}
    model.save_pretrained(folder, state_dict=weights, max_shard_size=_LARGEST_FILE)
    for path in folder.glob("*.safetensors"):
        path.chmod(0o644)
    settings = model.config.to_dict() | {
        "architectures": ["BertForSequenceClassification"],
        "dtype": "float32",
        "id2label": {"0": "LABEL_0"},
        "label2id": {"LABEL_0": 0},
        "sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity"},
    }
    for name in ("_name_or_path", "transformers_version", "position_embedding_type"):
        settings.pop(name, None)
    _write_json(folder / "config.json", settings)
    load_tokenizer(tokenizer).save(str(folder / "tokenizer.json"))
    _write_json(
        folder / "tokenizer_config.json",
        {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 512, **_SPECIAL},
    )


def stored(weight: Tensor) -> Tensor:
    """A weight as it is stored: float16, or float8 (E4M3) where one tensor would be larger than a file.

    E4M3 has 4 significant bits between 0.016 and 448, fewer below.
    """
    return weight.to(torch.float16 if 2 * weight.numel() <= _LARGEST_FILE else torch.float8_e4m3fn)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")
