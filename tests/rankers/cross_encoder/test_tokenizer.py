"""BERT's tokenizer read without transformers against the one that transformers makes of the same files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import transformers
from made_checkpoints import PASSAGES, QUERY, VOCABULARY, bert_config, write_json, write_vocabulary
from made_tokenizers import roberta_like, unigram_like, xlnet_like

from demo.rankers.cross_encoder.tokenizer import read_bert_tokenizer
from demo.rankers.cross_encoder.transformers_network import as_text_tokenizer
from demo.records import ModelSpec
from demo.settings import ROOT

SPEC = ModelSpec("made", "Made")
TEXTS = (
    *PASSAGES,
    QUERY,
    "[SEP] Berlin [MASK] [unk] [CLS]x",
    "Zürich ZÜRICH naïve",
    "柏林在哪里",
    "a\u0301 b\u00a0c\ttab\0",
)


def write(folder: Path, **config: Any) -> Path:
    write_vocabulary(folder)
    write_json(folder / "config.json", bert_config(1))
    if config:
        write_json(folder / "tokenizer_config.json", config)
    return folder


def cut(tokenizer: Any) -> list[tuple[list[int], list[tuple[int, int]]]]:
    backend = tokenizer.backend
    backend.no_truncation()
    backend.no_padding()
    return [(encoding.ids, encoding.offsets) for encoding in backend.encode_batch(list(TEXTS))] + [
        (encoding.ids, encoding.type_ids) for encoding in backend.encode_batch([(QUERY, text) for text in TEXTS])
    ]


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"do_lower_case": False, "model_max_length": 40, "tokenizer_class": "BertTokenizer"},
        {"do_lower_case": True, "strip_accents": False, "tokenizer_class": "BertTokenizerFast", "never_split": None},
        {"tokenize_chinese_chars": False, "tokenizer_class": "ElectraTokenizer", "padding_side": "right"},
        {"tokenizer_class": "DistilBertTokenizer", "cls_token": {"__type": "AddedToken", "content": "[CLS]"}},
        {"added_tokens_decoder": {"0": {"content": "[PAD]", "lstrip": False, "special": True, "normalized": False}}},
    ],
    ids=str,
)
@pytest.mark.parametrize("saved", [False, True])
def test_it_is_the_tokenizer_of_transformers(config: dict[str, Any], saved: bool, tmp_path: Path) -> None:
    folder = write(tmp_path / "written", **config)
    oracle = transformers.AutoTokenizer.from_pretrained(folder)
    if saved:  # tokenizer.json instead of vocab.txt, and everything that transformers writes of itself
        oracle.save_pretrained(tmp_path / "saved")
        folder = tmp_path / "saved"
        write_json(folder / "config.json", bert_config(1))
        oracle = transformers.AutoTokenizer.from_pretrained(folder)
    read, expected = read_bert_tokenizer(SPEC, folder), as_text_tokenizer(oracle)
    assert read is not None
    assert (read.typed, read.pad, read.pad_type, read.pads_left) == (
        expected.typed,
        expected.pad,
        expected.pad_type,
        expected.pads_left,
    )
    assert min(read.max_tokens, 10**9) == min(expected.max_tokens, 10**9)
    assert cut(read) == cut(expected)


@pytest.mark.parametrize("lower_case", [True, False])
def test_the_catalog_may_say_whether_case_counts(lower_case: bool, tmp_path: Path) -> None:
    folder = write(tmp_path, do_lower_case=not lower_case)
    read = read_bert_tokenizer(ModelSpec("made", "Made", lower_case=lower_case), folder)
    expected = transformers.BertTokenizer.from_pretrained(folder, do_lower_case=lower_case)
    assert read is not None
    assert cut(read) == cut(as_text_tokenizer(expected))


def test_the_bundled_tokenizer_is_that_of_transformers() -> None:
    folder = ROOT / "demo" / "bundled" / "tiny"
    read = read_bert_tokenizer(SPEC, folder)
    assert read is not None
    assert cut(read) == cut(as_text_tokenizer(transformers.AutoTokenizer.from_pretrained(folder)))


@pytest.mark.parametrize(
    "config",
    [
        {"tokenizer_class": "BertJapaneseTokenizer"},
        {"padding_side": "left"},
        {"cls_token": "<s>"},
        {"additional_special_tokens": ["[Q]"]},
        {"added_tokens_decoder": {"99": {"content": "[Q]"}}},
        {"added_tokens_decoder": {"4": {"content": "[MASK]", "lstrip": True}}},
        {"a_key_of_tomorrow": 1},
    ],
    ids=str,
)
def test_what_asks_for_more_is_left_to_transformers(config: dict[str, Any], tmp_path: Path) -> None:
    assert read_bert_tokenizer(SPEC, write(tmp_path, **config)) is None


@pytest.mark.parametrize("family", [roberta_like, unigram_like, xlnet_like])
def test_other_vocabularies_are_left_to_transformers(family: Any, tmp_path: Path) -> None:
    family(tmp_path).save_pretrained(tmp_path)
    assert read_bert_tokenizer(SPEC, tmp_path) is None


def test_a_vocabulary_without_the_usual_tokens_is_left_to_transformers(tmp_path: Path) -> None:
    write_vocabulary(tmp_path, VOCABULARY[1:])
    assert read_bert_tokenizer(SPEC, tmp_path) is None
    (tmp_path / "vocab.txt").unlink()
    assert read_bert_tokenizer(SPEC, tmp_path) is None


def test_an_added_token_in_tokenizer_json_is_left_to_transformers(tmp_path: Path) -> None:
    transformers.AutoTokenizer.from_pretrained(write(tmp_path / "written")).save_pretrained(tmp_path)
    content = json.loads((tmp_path / "tokenizer.json").read_text())
    content["added_tokens"].append({"id": 500, "content": "[Q]", "special": True})
    write_json(tmp_path / "tokenizer.json", content)
    assert read_bert_tokenizer(SPEC, tmp_path) is None
