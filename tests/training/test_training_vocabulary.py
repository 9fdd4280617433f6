"""Cutting a vocabulary: what stays, where it lies, and that the tokenizer still loads and reads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tokenizers", reason="needs demo/training/requirements.txt")

from demo.training.tokens import load_tokenizer
from demo.training.vocabulary import kept_pieces, write_pruned

WHOLE = Path(__file__).parents[2] / "demo" / "bundled" / "tiny" / "tokenizer.json"
pytestmark = pytest.mark.skipif(not WHOLE.is_file(), reason="no bundled tokenizer")

VOCABULARY: dict[str, int] = json.loads(WHOLE.read_text(encoding="utf-8"))["model"]["vocab"] if WHOLE.is_file() else {}
SIZE = 2_500


@pytest.fixture(scope="module")
def counts() -> np.ndarray:
    """«berlin» and «population» are seen often, all else once."""
    found = np.ones(len(VOCABULARY), np.int64)
    found[[VOCABULARY["berlin"], VOCABULARY["population"]]] = 100
    return found


@pytest.fixture(scope="module")
def pruned(counts: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pruned") / "tokenizer.json"
    write_pruned(WHOLE, kept_pieces(WHOLE, counts, SIZE), path)
    return path


def test_special_pieces_single_characters_and_frequent_pieces_stay(counts: np.ndarray) -> None:
    kept = kept_pieces(WHOLE, counts, SIZE)
    assert len(kept) == len(set(kept.tolist())) == SIZE
    assert kept[:104].tolist() == list(range(104))
    needed = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##a", "7", "##7", "?", "ß", "北"}
    needed |= {"berlin", "population"}
    assert {VOCABULARY[piece] for piece in needed} <= set(kept.tolist())
    assert VOCABULARY["paris"] not in kept


def test_kept_pieces_are_read_as_before_and_others_in_smaller_ones(pruned: Path, counts: np.ndarray) -> None:
    before, after = load_tokenizer(WHOLE), load_tokenizer(pruned)
    kept = kept_pieces(WHOLE, counts, SIZE)
    text = "Population: 3, Berlin?"
    assert after.encode(text).tokens == before.encode(text).tokens
    assert [int(kept[i]) for i in after.encode(text).ids] == before.encode(text).ids
    assert before.encode("photosynthesis", add_special_tokens=False).tokens == ["photos", "##yn", "##thesis"]
    pieces = after.encode("photosynthesis", add_special_tokens=False).tokens
    assert "".join(piece.removeprefix("##") for piece in pieces) == "photosynthesis"
    assert "[UNK]" not in pieces


def test_transformers_reads_the_same_ids(pruned: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="needs transformers")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True}
    (pruned.parent / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    tokenizer = transformers.AutoTokenizer.from_pretrained(pruned.parent)
    query, passage = "naïve café 北京", "Über 2,000 m² of photosynthesis"
    assert tokenizer(query, passage)["input_ids"] == load_tokenizer(pruned).encode(query, passage).ids
    assert tokenizer.vocab_size == SIZE
