"""A trained model as a folder that transformers, sentence-transformers and the app load by themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from demo.training.tokens import load_tokenizer

_SPECIAL = {
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}
_LARGEST_FILE = "9950KB"


def export(model: Any, tokenizer: Path, folder: Path) -> None:
    """Writes config.json, float16 weights in files under 10 MB, tokenizer.json and tokenizer_config.json.

    The config names float32, so the stored halves are widened on loading and scores are computed in full precision.

    Args:
        model: A one-label `BertForSequenceClassification`; its weights are rounded to float16 in place.
        tokenizer: A tokenizer.json; its truncation and padding are left out.
        folder: Made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model.half().save_pretrained(folder, max_shard_size=_LARGEST_FILE)
    for path in folder.glob("*.safetensors"):
        path.chmod(0o644)
    settings = model.config.to_dict() | {
        "architectures": ["BertForSequenceClassification"],
        "dtype": "float32",
        "id2label": {"0": "LABEL_0"},
        "label2id": {"LABEL_0": 0},
        "sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity"},
    }
    for name in ("_name_or_path", "transformers_version"):
        settings.pop(name, None)
    _write_json(folder / "config.json", settings)
    load_tokenizer(tokenizer).save(str(folder / "tokenizer.json"))
    _write_json(
        folder / "tokenizer_config.json",
        {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 512, **_SPECIAL},
    )


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")
