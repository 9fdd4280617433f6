"""Laws of reading: the order of files and of columns does not matter, and no file goes missing without a word."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.errors import InputError
from demo.formats import FORMATS, Limits, read_files, read_judgments, read_pasted, write_csv, write_judgments
from demo.formats.judged import read_judged_files
from demo.formats.qrels import find_qrels
from demo.formats.source import Source
from demo.formats.topics import read_topics
from demo.formats.trec_runs import read_run

LIMITS = Limits(passages=1000, passage_chars=100_000, upload_bytes=10_000_000, unpacked_bytes=10_000_000)
QUIETLY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

WORD = st.text("abcdefgxyzäß文0123456789", min_size=1, max_size=8)
SENTENCE = st.lists(WORD, min_size=3, max_size=9).map(" ".join)
GRADES = st.dictionaries(SENTENCE, st.integers(-1, 3), min_size=1, max_size=3)
TABLE = st.dictionaries(WORD.map("d{}".format), SENTENCE, min_size=2, max_size=6)

FILES = {
    "corpus.jsonl": '{"_id": "1", "text": "one"}\n{"_id": "2", "text": "two"}\n',
    "more_docs.csv": "id,text\n3,three\n",
    "queries.tsv": "a\tx\nb\ty\n",
    "qrels.csv": "query-id,corpus-id,score\na,1,1\n",
    "qrels.dev.txt": "b 0 2 1\n",
    "run.bm25.txt": "a Q0 1 1 9.5 bm25\n",
    "run.dense.txt": "a Q0 2 1 0.5 dense\n",
    "readme.me": "some words\n",
    "scores.txt": "map all 0.4\nP_10 all 0.1\n",
}


@QUIETLY
@given(chosen=st.permutations(sorted(FILES)), extra=st.sets(st.sampled_from(sorted(FILES))))
def test_any_order_of_files_gives_the_same_and_every_file_is_used_or_named(chosen: list[str], extra: set[str]) -> None:
    needed = {"corpus.jsonl", "queries.tsv", "qrels.csv"}
    names = [name for name in chosen if name in needed | extra and name != "qrels.dev.txt"]
    judged = read_judged_files([(name, FILES[name].encode()) for name in names], LIMITS, "set")
    plain = read_judged_files([(name, FILES[name].encode()) for name in sorted(names)], LIMITS, "set")
    assert judged.collection.passages == plain.collection.passages
    assert judged.collection.qrels == plain.collection.qrels
    assert judged.reading.sentence() == plain.reading.sentence()
    said = str(judged.reading.sentence())
    used = {"corpus.jsonl", "queries.tsv", "qrels.csv", *judged.runs}
    assert all(name in used or name in said for name in names)


@pytest.mark.parametrize("order", permutations(("id", "title", "text")))
@pytest.mark.parametrize("separator", [",", ";", "|", "\t"])
def test_columns_may_stand_in_any_order(order: tuple[str, ...], separator: str) -> None:
    row = {"id": "k7", "title": "T", "text": "one two"}
    text = separator.join(order) + "\n" + separator.join(row[name] for name in order) + "\n"
    passage = read_pasted(text, LIMITS).collection.passages[0]
    assert (passage.doc_id, passage.title, passage.text) == ("k7", "T", "one two")


@pytest.mark.parametrize("order", permutations(("query-id", "corpus-id", "score", "iter")))
@pytest.mark.parametrize("separator", [",", ";", "\t", " "])
def test_columns_of_judgments_may_stand_in_any_order(order: tuple[str, ...], separator: str) -> None:
    row = {"query-id": "q", "corpus-id": "d", "score": "2", "iter": "0"}
    text = separator.join(order) + "\n" + separator.join(row[name] for name in order) + "\n"
    assert read_judgments("j.txt", text.encode(), LIMITS) == {"q": {"d": 2}}


@QUIETLY
@given(table=TABLE)
def test_passages_come_back_from_every_way_to_write_them(table: dict[str, str]) -> None:
    records = [{"id": key, "text": text} for key, text in table.items()]
    ways = {
        "p.jsonl": "".join(json.dumps(record) + "\n" for record in records),
        "p.json": json.dumps(records),
        "q.json": json.dumps({"id": list(table), "text": list(table.values())}),
        "r.json": json.dumps({"hits": {"hits": [{"_id": key, "_source": {"x": text}} for key, text in table.items()]}}),
        "p.csv": write_csv([("id", "text"), *table.items()]),
        "p.tsv": "id\ttext\n" + "".join(f"{key}\t{text}\n" for key, text in table.items()),
        "p.xml": "<?xml version='1.0'?><all>" + "".join(f"<p id='{key}'><text>{text}</text></p>"
                                                       for key, text in table.items()) + "</all>",
    }  # fmt: skip
    for name, content in ways.items():
        found = read_files([(name, content.encode())], LIMITS).collection.passages
        assert {passage.doc_id: passage.text for passage in found} == table, name


@QUIETLY
@given(qrels=st.dictionaries(SENTENCE, GRADES, min_size=1, max_size=3))
def test_judgments_come_back_from_what_is_written(qrels: dict[str, dict[str, int]]) -> None:
    assert read_judgments("j.tsv", write_judgments(qrels).encode(), LIMITS) == qrels


@QUIETLY
@given(text=st.text(st.sampled_from("<>/&;!-[]{}\":,|\t\n #=ab1 文\\'?"), max_size=60))
def test_whatever_is_pasted_gives_passages_or_a_sentence(text: str) -> None:
    with suppress(InputError):
        assert read_pasted(text, LIMITS).collection.passages


@QUIETLY
@given(text=st.text(st.sampled_from("<>/&;!-[]{}\":,|\t\n #=ab1 文\\'?"), max_size=60))
@pytest.mark.parametrize("read", [read_topics, find_qrels, read_run, *(row.read for row in FORMATS if row.pasted)])
def test_every_reader_gives_a_value_or_a_sentence_for_any_text(read: object, text: str) -> None:
    assert callable(read)
    with suppress(InputError):
        assert read(Source("p.txt", text.encode(), LIMITS)) is not None
