"""Pairs as the tokenizer itself would make them, windows, and what was read of a passage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from sys import getsizeof
from typing import Any

import numpy as np
import pytest
from made_checkpoints import PASSAGES, QUERY, TEXT
from made_tokenizers import bert_like, roberta_like, unigram_like, wrapped, xlnet_like
from tokenizers import Tokenizer, models

from demo.errors import InputError, ModelError
from demo.rankers.cross_encoder.pairs import (
    KeptTokens,
    PairTokenizer,
    Tokens,
    Windows,
    longest_first,
    overlapping_starts,
)
from demo.rankers.cross_encoder.transformers_tokenizer import as_text_tokenizer

FAMILIES = (bert_like, roberta_like, unigram_like, xlnet_like)
Family = Callable[[Path], Any]


def rows_of(pairs: PairTokenizer, query: str, passages: Sequence[str], overlapping: bool = False) -> list[Any]:
    """The single rows, without padding, each with its token types where there are any."""
    question, texts, windows = cut(pairs, query, passages, overlapping=overlapping)
    rows = []
    for place in range(len(windows)):
        inputs = pairs.inputs(question, texts, windows[place : place + 1])
        rows.append({name: values[0].tolist() for name, values in inputs.items()})
    return rows


def cut(
    pairs: PairTokenizer, query: str, passages: Sequence[str], max_tokens: int = 0, overlapping: bool = False
) -> tuple[Tokens, Tokens, Windows]:
    """The query's tokens, the passages', and what of them is read."""
    question, texts = pairs.encode([query]), pairs.encode(passages)
    return question, texts, pairs.windows(question[0], texts, pairs.room(max_tokens), overlapping)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("max_tokens", [8, 13, 64])
def test_pairs_are_those_of_the_tokenizer(family: Family, max_tokens: int, tmp_path: Path) -> None:
    tokenizer = family(tmp_path)
    pairs = PairTokenizer(as_text_tokenizer(deepcopy(tokenizer)), max_tokens)
    for query in (QUERY, "", "berlin", "how many people live in which city where " * 5, "[SEP] berlin"):
        expected = tokenizer([query] * len(PASSAGES), list(PASSAGES), truncation="longest_first", max_length=max_tokens)
        for place, row in enumerate(rows_of(pairs, query, PASSAGES)):
            assert row == {name: expected[name][place] for name in tokenizer.model_input_names}


@pytest.mark.parametrize("family", FAMILIES)
def test_padding_is_that_of_the_tokenizer(family: Family, tmp_path: Path) -> None:
    tokenizer = family(tmp_path)
    pairs = PairTokenizer(as_text_tokenizer(deepcopy(tokenizer)), 24)
    inputs = pairs.inputs(*cut(pairs, QUERY, PASSAGES))
    expected = tokenizer(
        [QUERY] * len(PASSAGES), list(PASSAGES), truncation="longest_first", max_length=24, padding=True
    )
    assert inputs.keys() == set(tokenizer.model_input_names)
    for name, values in inputs.items():
        assert values.dtype == np.int64
        assert values.tolist() == expected[name]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("max_tokens", [12, 40])
def test_extent_is_the_span_of_the_tokens_that_were_read(family: Family, max_tokens: int, tmp_path: Path) -> None:
    tokenizer = family(tmp_path)
    pairs = PairTokenizer(as_text_tokenizer(deepcopy(tokenizer)), max_tokens)
    whole = tokenizer([QUERY] * len(PASSAGES), list(PASSAGES))
    shortened = tokenizer(
        [QUERY] * len(PASSAGES),
        list(PASSAGES),
        truncation="longest_first",
        max_length=max_tokens,
        return_offsets_mapping=True,
    )
    question, texts, windows = cut(pairs, QUERY, PASSAGES)
    extents = pairs.extents(question, texts, PASSAGES, windows, np.ones(len(PASSAGES), np.int64))
    for place, extent in enumerate(extents):
        assert extent.pair_tokens == len(whole["input_ids"][place])
        assert extent.read_tokens == len(shortened["input_ids"][place]) <= max_tokens
        spans = zip(shortened["offset_mapping"][place], shortened.sequence_ids(place), strict=True)
        ends = [end for (_, end), side in spans if side == 1]
        is_cut = len(ends) < whole.sequence_ids(place).count(1)
        assert (extent.start_char, extent.end_char) == (0, ends[-1] if is_cut else len(PASSAGES[place]))
        assert extent.truncated or not is_cut


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "passage",
    ["berlin " * 900, "x" * 3000 + " berlin" * 400, "berlin" + " " * 5000 + "rome " * 400, "a b c " * 300 + "é" * 900],
    ids=["even", "one long word", "a long gap", "short then long"],
)
def test_places_are_those_of_the_whole_text(family: Family, passage: str, tmp_path: Path) -> None:
    tokenizer = as_text_tokenizer(family(tmp_path))
    pairs = PairTokenizer(tokenizer, 64)
    question, texts, windows = cut(pairs, QUERY, [passage], overlapping=True)
    spans = tokenizer.backend.encode(passage, add_special_tokens=False).offsets
    extents = pairs.extents(question, texts, [passage], windows, np.full(len(windows), len(windows)))
    for start, stop, extent in zip(windows.starts, windows.stops, extents, strict=True):
        assert extent.start_char == (spans[start][0] if start else 0)
        assert extent.end_char == (spans[stop - 1][1] if stop < texts[0].size else len(passage))


def test_windows_overlap_by_half_and_reach_the_end(tmp_path: Path) -> None:
    # Room: 16 − 3 special − 3 of the query = 10 tokens; 27 tokens of passage: windows at 0, 5, 10, 15 and 17 = 27 − 10.
    pairs = PairTokenizer(as_text_tokenizer(bert_like(tmp_path)), 16)
    words = (TEXT.split() * 2)[:27]
    passage = " ".join(words)
    question, texts, windows = cut(pairs, "how many people", [passage], overlapping=True)
    stretches = list(zip(windows.starts.tolist(), windows.stops.tolist(), strict=True))
    assert stretches == [(0, 10), (5, 15), (10, 20), (15, 25), (17, 27)]
    extents = pairs.extents(question, texts, [passage], windows, np.full(5, 5))
    for (start, stop), extent in zip(stretches, extents, strict=True):
        assert passage[extent.start_char : extent.end_char].split() == words[start:stop]
        assert (extent.pair_tokens, extent.read_tokens, extent.windows, extent.truncated) == (33, 16, 5, False)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_shorter_maximum_cuts_as_the_tokenizer_does(family: Family, tmp_path: Path) -> None:
    tokenizer = family(tmp_path)
    pairs = PairTokenizer(as_text_tokenizer(deepcopy(tokenizer)), 64)
    expected = tokenizer([QUERY] * len(PASSAGES), list(PASSAGES), truncation="longest_first", max_length=13)
    question, texts, windows = cut(pairs, QUERY, PASSAGES, max_tokens=13)
    for place, ids in enumerate(expected["input_ids"]):
        assert pairs.inputs(question, texts, windows[place : place + 1])["input_ids"].tolist() == [ids]


def test_room_is_the_maximum_without_special_tokens(tmp_path: Path) -> None:
    pairs = PairTokenizer(as_text_tokenizer(bert_like(tmp_path)), 64)  # [CLS] … [SEP] … [SEP]
    assert [pairs.room(most) for most in (0, 5, 16, 64)] == [61, 2, 13, 61]
    for most in (4, 1, -1, -(10**9), 65, 10**9):
        with pytest.raises(InputError, match=rf"length is {most} tokens\. Write 5 to 64"):
            pairs.room(most)


def test_a_passage_that_fits_has_one_window(tmp_path: Path) -> None:
    pairs = PairTokenizer(as_text_tokenizer(bert_like(tmp_path)), 16)
    _, _, windows = cut(pairs, "how many people", ["berlin " * 10, "berlin " * 11, ""], overlapping=True)
    assert windows.passages.tolist() == [0, 1, 1, 2]
    assert windows.starts.tolist() == [0, 0, 1, 0]
    assert windows.stops.tolist() == [10, 10, 11, 0]


def test_longest_first_worked_by_hand() -> None:
    def left(first: int, seconds: list[int], room: int) -> list[list[int]]:
        return [part.tolist() for part in longest_first(first, np.array(seconds), room)]

    # Both fit; the longer one gives way; both do.
    assert left(3, [4, 40], 10) == [[3, 3], [4, 7]]
    assert left(40, [3, 50], 10) == [[7, 5], [3, 5]]
    # The longer one keeps the odd token, and of two equals the passage does.
    assert left(40, [50, 40, 30], 11) == [[5, 5, 6], [6, 6, 5]]
    assert left(0, [40], 10) == [[0], [10]]


def test_overlapping_starts_worked_by_hand() -> None:
    def found(sizes: list[int], room: list[int]) -> list[tuple[int, int]]:
        texts, starts = overlapping_starts(np.array(sizes), np.array(room))
        return list(zip(texts.tolist(), starts.tolist(), strict=True))

    assert found([10, 0, 11], [10, 10, 10]) == [(0, 0), (1, 0), (2, 0), (2, 1)]
    assert found([20, 3], [10, 1]) == [(0, 0), (0, 5), (0, 10), (1, 0), (1, 1), (1, 2)]
    assert found([7], [0]) == [(0, 0)]


def test_tokens_are_found_again_in_what_was_joined() -> None:
    first = Tokens.of(np.array([4, 5, 6], np.uint16), np.array([1, 0, 2]))
    second = Tokens.of(np.array([7], np.uint16), np.array([1]))
    whole = Tokens.joined([first, second])
    assert [ids.tolist() for ids in whole] == [[4], [], [5, 6], [7]]
    assert (len(whole), whole[2].tolist(), whole.ids.dtype) == (4, [5, 6], np.uint16)


def test_half_a_surrogate_pair_is_read_as_a_question_mark(tmp_path: Path) -> None:
    pairs = PairTokenizer(as_text_tokenizer(bert_like(tmp_path)), 8)
    broken, whole = pairs.encode(["berlin \ud83d " * 9, "berlin ? " * 9])
    assert broken.tolist() == whole.tolist()
    passages = ["berlin \ud83d " * 9]
    question, texts, windows = cut(pairs, "rome", passages)
    (extent,) = pairs.extents(question, texts, passages, windows, np.ones(1, np.int64))
    assert extent.end_char == len("berlin ? berlin ?")


def test_a_tokenizer_may_put_nothing_between_the_texts(tmp_path: Path) -> None:
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "word": 1}, "[UNK]"))
    pairs = PairTokenizer(as_text_tokenizer(wrapped(tokenizer, unk_token="[UNK]")), 512)
    assert not pairs.marks_texts
    assert rows_of(pairs, "word", ["other"])[0]["input_ids"] == [1, 0]


def test_no_room_for_a_pair_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="reads 4 tokens at most"):
        PairTokenizer(as_text_tokenizer(bert_like(tmp_path)), 4)


def test_kept_tokens_forget_the_longest_unused() -> None:
    two, three = getsizeof("a") + getsizeof(b"00"), getsizeof("a") + getsizeof(b"000")
    kept = KeptTokens(two + three)
    kept.keep({"a": b"00", "b": b"11"}.items())
    assert kept.memory_bytes == 2 * two
    assert kept.find(["a"]) == [b"00"]
    kept.keep({"c": b"00"}.items())
    assert kept.find(["a", "b", "c"]) == [b"00", None, b"00"]
    kept.keep({"too long": b"0" * 200}.items())
    assert kept.find(["a", "c", "too long"]) == [None] * 3
    assert kept.memory_bytes == 0
    kept.keep({"a": b"000"}.items())
    kept.keep({"a": b"000"}.items())
    kept.keep({"b": b"00"}.items())
    assert kept.find(["a", "b"]) == [b"000", b"00"]


def test_kept_tokens_count_long_texts_of_few_tokens() -> None:
    kept = KeptTokens(50_000)
    for number in range(20):
        kept.keep({f"{number:02}{'x' * 20_000}": b"0"}.items())
    assert 20_000 < kept.memory_bytes <= 50_000


def test_what_all_rows_share_is_never_a_whole_row(tmp_path: Path) -> None:
    pairs = PairTokenizer(as_text_tokenizer(deepcopy(bert_like(tmp_path))), 64)
    _, _, windows = cut(pairs, "how many", ["berlin has museums", "rome"])
    assert pairs.shared(windows) == 4  # [CLS] how many [SEP]
    _, _, windows = cut(pairs, "how many " * 40, ["berlin has museums", "rome is old " * 30])
    assert pairs.shared(windows) == 1  # [CLS]; 58 and 31 tokens of the query are left
    parts = [cut(pairs, query, ["rome is old"])[2] for query in ("how many", "how old")]
    assert pairs.shared(Windows.joined(parts, [1, 1])) == 1  # [CLS]; two queries of one length
    left = PairTokenizer(as_text_tokenizer(deepcopy(unigram_like(tmp_path))), 64)
    _, _, windows = cut(left, "how many", ["berlin has museums", "rome"])
    assert left.shared(windows) == 0  # padding stands before the rows
