"""Run files: the order of scores, what contradicts itself, and files that every reader finds the same order in."""

from __future__ import annotations

import json
import math
import random
import re
import sys

import ir_measures
import numpy as np
import pytest

from demo.errors import InputError
from demo.formats.source import Limits, Source
from demo.formats.trec_runs import Run, looks_like_run, read_run, run_lines

LIMITS = Limits(*[sys.maxsize] * 4)


def source(text: str) -> Source:
    return Source("bm25.run", text.encode(), LIMITS)


def read(text: str) -> Run:
    return read_run(source(text))


def test_scores_decide_the_order() -> None:
    run = read("1 Q0 a 1 2.5 tag\n1 Q0 b 2 9 tag\n2\tQ0\tc\t1\t-3e-2\ttag\n")
    assert run.rankings == {"1": ("b", "a"), "2": ("c",)}
    assert run.scores == {"1": (9.0, 2.5), "2": (-0.03,)}
    assert run.tag == "tag"


def test_equal_scores_keep_their_ranks_then_their_lines() -> None:
    run = read("1 Q0 z 2 5 t\n1 Q0 a 3 5 t\n1 Q0 m 1 5 t\n1 Q0 b 3 5 t\n")
    assert run.rankings["1"] == ("m", "z", "a", "b")
    assert run.notes == ()


def test_a_score_with_more_digits_than_a_float_holds_is_the_highest() -> None:
    text = json.dumps({"q1": {"d1": int("1" * 400), "d2": 2.5}})
    assert looks_like_run(source(text))
    assert read(text).scores == {"q1": (math.inf, 2.5)}
    assert not looks_like_run(source(json.dumps({"q1": {"d1": int("1" * 400), "d2": 2}})))  # they may be grades


def test_three_columns_have_ranks_alone() -> None:
    run = read("1\tb\t2\n1\ta\t1\n")
    assert run.rankings == {"1": ("a", "b")}
    assert run.scores == {"1": (-1.0, -2.0)}
    assert run.tag == ""


@pytest.mark.parametrize(
    ("text", "ranking"),
    [
        ("1\ta\t12\n1\tb\t95\n1\tc\t85\n", ("b", "c", "a")),  # neither from 1 nor rising: scores
        ("1\ta\t95\n1\tb\t85\n", ("a", "b")),
        ("1\ta\t11\n1\tb\t12\n2\tc\t11\n", ("a", "b")),  # a second page of ranks
        ("1\ta\t2\n2\tc\t1\n1\tb\t1\n", ("b", "a")),
        ("1 Q0 a 7\n1 Q0 b 7.5\n", ("b", "a")),
        ("1 Q0 a 7.5 t\n1 Q0 b 8 t\n", ("b", "a")),
        ("1\tQ0\tb c\t1\t2\tt\n1\tQ0\ta\t2\t1\tt\n", ("b c", "a")),
    ],
)
def test_a_column_of_numbers_is_ranks_only_where_it_counts_upwards(text: str, ranking: tuple[str, ...]) -> None:
    assert read(text).rankings["1"] == ranking


@pytest.mark.parametrize(
    ("text", "kind"),
    [("map\tall\t0.25\nP_5\tall\t0.2\n", "figures of trec_eval"), ("1 0 a 1\n1 0 b 0\n", "judgments (qrels)")],
)
def test_what_is_no_run_is_not_ranked(text: str, kind: str) -> None:
    with pytest.raises(InputError, match=re.escape(f"bm25.run holds {kind} and no run.")):
        read(text)


def test_ranks_that_contradict_scores_are_told() -> None:
    run = read("1 Q0 a 1 2.5 t\n1 Q0 b 2 9 t\n2 Q0 c 1 4 t\n")
    assert [str(note) for note in run.notes] == ["ranks and scores disagree for 1 of 2 queries; scores decide"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1 Q0 a 1 2 t\n1 Q0 b 2\n", "Line 2 of bm25.run has 4 columns."),
        ("1 Q0 a 1 two t\n", "Line 1 of bm25.run: the score is “two”, which is not a number."),
        ("1 Q0 a 1 nan t\n", "Line 1 of bm25.run: the score is “nan”"),
        ("1 Q0 a first 2 t\n", "Line 1 of bm25.run: the rank is “first”"),
        ("1 Q0 a 1 2 t\n2 Q0 a 1 2 t\n\n1 Q0 a 2 1 t\n",
         "Line 4 of bm25.run ranks passage “a” for query “1” again, after line 1 of bm25.run."),
        (" \n\n", "bm25.run holds no results."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_file_and_line(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)) as caught:
        read(text)
    assert "bm25.run" in caught.value.to("zh")


@pytest.mark.parametrize(
    ("text", "is_run"),
    [
        ("\n1 Q0 a 1 2.5 t\n", True),
        ("1\ta\t1\t2.5\n", True),
        ("query_id,doc_id,rank,score\n1,a,1,9\n", True),
        ("query_id,doc_id,score\n1,a,9.5\n", True),
        ("query_id;doc_id;score\n1;a;9,5\n", True),
        ('{"qid": "1", "docid": "a", "score": 9.5}\n', True),
        ('{"1": [["a", 9.5]]}', True),
        ('{"1": [{"docid": "a", "score": 9}]}', True),
        ('{"query-id": "1", "corpus-ids": ["a", "b"]}\n', True),
        ("query_id,doc_id,score\n1,a,2\n", False),
        ("query_id,doc_id,rating\n1,a,2\n", False),
        ("1\ta\t1\n", False),
        ("1 0 a 1\n", False),
        ("map all 0.25\nP_5 all 0.5\n", False),
        ("one two three four five six\n", False),
        ("", False),
    ],
)
def test_a_run_is_told_by_its_columns(text: str, is_run: bool) -> None:
    assert looks_like_run(source(text)) == is_run


# ---- writing -----------------------------------------------------------------------------------------------------


def test_lines_have_six_columns() -> None:
    lines = list(run_lines("tiny", [("q1", ["b", "a"], [1.5, 0.25]), ("空", ["é"], [-2.0])]))
    assert lines == ["q1 Q0 b 1 1.5 tiny\n", "q1 Q0 a 2 0.25 tiny\n", "空 Q0 é 1 -2.0 tiny\n"]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("different", [1, 3, 1000])
def test_every_reader_finds_the_order_that_was_written(seed: int, different: int) -> None:
    draw = random.Random(seed)
    doc_ids = draw.sample([f"d{n}" for n in range(1000)], 200)
    scores = sorted((float(np.float32(draw.randrange(different) / 7 - 20)) for _ in doc_ids), reverse=True)
    text = "".join(run_lines("t", [("q", doc_ids, scores)]))
    run = read(text)
    assert list(run.rankings["q"]) == doc_ids
    assert run.scores["q"] == pytest.approx(scores, rel=1e-4)
    in_32_bits = {row.doc_id: np.float32(row.score) for row in ir_measures.read_trec_run(text)}
    assert sorted(in_32_bits, key=lambda doc: (in_32_bits[doc], doc), reverse=True) == doc_ids  # as trec_eval sorts


def test_infinite_scores_are_written_as_large_ones() -> None:
    run = read("".join(run_lines("t", [("q", ["a", "b", "c", "d"], [math.inf, math.inf, -math.inf, -math.inf])])))
    assert run.rankings["q"] == ("a", "b", "c", "d")
    assert all(map(math.isfinite, run.scores["q"]))


@pytest.mark.parametrize("word", ["", "two words", "tab\there", " a", "\u3000"])
def test_ids_that_would_break_the_columns_are_refused(word: str) -> None:
    with pytest.raises(InputError, match="separated by white space"):
        list(run_lines("t", [("q", [word], [1.0])]))
    with pytest.raises(InputError, match="separated by white space"):
        list(run_lines("t", [(word, ["a"], [1.0])]))
