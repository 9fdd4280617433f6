"""Word-piece tables, the spliced input, and batches by length."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tokenizers", reason="needs demo/training/requirements.txt")

from demo.training.tokens import cut_pair, length_batches, load_tokenizer, splice, table_of, tokenise

BUNDLED = Path(__file__).parents[2] / "demo" / "bundled" / "tiny"
PAIRS = [
    ("How many people live in Berlin?", "Berlin has 3.7 million inhabitants."),
    ("", "A passage without a query."),
    ("naïve café 北京", "über 2,000 m²"),
    ("word " * 300, "passage " * 400),
    ("word " * 400, "passage " * 300),
    ("word " * 300, "passage " * 300),
    ("short", "long " * 900),
    ("long " * 900, "short"),
]


def ids(*values: int) -> np.ndarray:
    return np.asarray(values, np.int32)


def test_splice_puts_special_tokens_and_types_where_bert_has_them() -> None:
    row, types = splice(ids(7, 8), ids(9))
    assert row.tolist() == [101, 7, 8, 102, 9, 102]
    assert types.tolist() == [0, 0, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("query", "passage", "expected"),
    [(2, 9, (2, 3)), (9, 2, (3, 2)), (9, 8, (3, 2)), (8, 9, (2, 3)), (9, 9, (2, 3)), (1, 1, (1, 1)), (0, 9, (0, 5))],
)
def test_the_longer_text_is_cut_first(query: int, passage: int, expected: tuple[int, int]) -> None:
    """A limit of 8 leaves 5 ids beside [CLS], [SEP], [SEP]."""
    cut = cut_pair(ids(*range(query)), ids(*range(passage)), limit=8)
    assert (len(cut[0]), len(cut[1])) == expected


@pytest.mark.skipif(not (BUNDLED / "tokenizer.json").is_file(), reason="no bundled tokenizer")
@pytest.mark.parametrize("pair", PAIRS, ids=range(len(PAIRS)))
def test_splice_equals_the_tokenizer(pair: tuple[str, str]) -> None:
    tokenizer = load_tokenizer(BUNDLED / "tokenizer.json")
    table = tokenise(pair, tokenizer, limit=2000)
    row, types = splice(table[0], table[1], 512)
    tokenizer.enable_truncation(512, strategy="longest_first")
    whole = tokenizer.encode(*pair)
    assert row.tolist() == whole.ids
    assert types.tolist() == whole.type_ids


def test_a_table_gives_back_its_texts() -> None:
    table = table_of([ids(1, 2), ids(), ids(3)])
    assert [text.tolist() for text in table] == [[1, 2], [], [3]]
    assert table.lengths().tolist() == [2, 0, 1]


def test_shuffling_keeps_the_pieces_of_a_word_together() -> None:
    """Words 5 9, 6 and 7 9 9, as 9 goes on with a word."""
    table = table_of([], frozenset({9}))
    orders = {tuple(table.shuffled(ids(5, 9, 6, 7, 9, 9), np.random.default_rng(seed)).tolist()) for seed in range(60)}
    words = ((5, 9), (6,), (7, 9, 9))
    assert orders == {a + b + c for a, b, c in itertools.permutations(words)}
    assert table.shuffled(ids(), np.random.default_rng(0)).tolist() == []


def test_batches_are_sorted_and_stay_within_the_budget() -> None:
    """Lengths sorted: 1, 2, 3, 9 → 3 rows of 3 are 9 tokens, a fourth of 9 would be 36."""
    assert length_batches([9, 1, 3, 2], budget=10) == [[1, 3, 2], [0]]
    assert length_batches([99], budget=10) == [[0]]
    assert length_batches([], budget=10) == []
