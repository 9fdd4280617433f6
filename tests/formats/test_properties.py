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
from demo.formats.outputs import (
    Ranked,
    candidates_rank_llm,
    collection_beir,
    qrels_beir,
    qrels_jsonl,
    qrels_quepid,
    run_text,
    set_to_rerank,
)
from demo.formats.qrels import find_qrels
from demo.formats.source import Source
from demo.formats.topics import read_topics
from demo.formats.trec_runs import read_run
from demo.messages import NOTHING, Message
from demo.records import Card, Collection, Passage, Query

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


# ---- runs, sets and outputs ----------------------------------------------------------------------------------------

RERANKED = {name: FILES[name] for name in ("corpus.jsonl", "queries.tsv", "qrels.csv", "run.bm25.txt", "more_docs.csv")}


@pytest.mark.parametrize("order", permutations(RERANKED))
def test_any_order_of_files_gives_rerank_the_same(order: tuple[str, ...]) -> None:
    loaded = read_files([(name, RERANKED[name].encode()) for name in order], LIMITS)
    assert [passage.doc_id for passage in loaded.collection.passages] == ["1", "2"]
    assert (loaded.collection.qrels, len(loaded.collection.queries)) == ({"a": {"1": 1}}, 2)
    assert "left out: more_docs.csv" in str(loaded.reading.sentence())


@pytest.mark.parametrize("order", permutations(("qid", "docid", "score", "rank", "tag")))
@pytest.mark.parametrize("separator", [",", ";", "|", "\t"])
def test_columns_of_a_run_may_stand_in_any_order(order: tuple[str, ...], separator: str) -> None:
    rows = [("a", "1", "0.5", "2", "t"), ("a", "2", "9.5", "1", "t")]
    cells = [
        order,
        *(tuple(dict(zip(("qid", "docid", "score", "rank", "tag"), r, strict=True))[c] for c in order) for r in rows),
    ]
    run = read_run(Source("r.csv", "\n".join(map(separator.join, cells)).encode(), LIMITS))
    assert (run.rankings, run.scores, run.tag, run.notes) == ({"a": ("2", "1")}, {"a": (9.5, 0.5)}, "t", ())


@pytest.mark.parametrize("order", permutations(("query", "passage", "label", "source")))
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_of_a_set_may_stand_in_any_order(order: tuple[str, ...], separator: str) -> None:
    rows = [("what is x", "x is one", "1", "wiki"), ("what is x", "y is two", "0", "news")]
    cells = [
        order,
        *(tuple(dict(zip(("query", "passage", "label", "source"), r, strict=True))[c] for c in order) for r in rows),
    ]
    collection = read_files([("s.csv", "\n".join(map(separator.join, cells)).encode())], LIMITS).collection
    assert [(each.text, dict(each.fields)) for each in collection.passages] == [
        ("x is one", {"source": "wiki"}),
        ("y is two", {"source": "news"}),
    ]
    assert collection.qrels == {"q1": {"a1": 1, "a2": 0}}


MADE = st.builds(
    lambda table, queries, draws: made_of(table, queries, draws),
    TABLE,
    st.dictionaries(WORD.map("q{}".format), SENTENCE, min_size=1, max_size=3),
    st.lists(st.integers(0, 3), min_size=18, max_size=18),
)


def made_of(table: dict[str, str], queries: dict[str, str], draws: list[int]) -> Collection:
    """A collection in which every text, and every query, is there once, and every pair is judged."""
    passages = tuple(
        Passage(doc_id, text, fields={"n": doc_id}) for text, doc_id in {t: d for d, t in table.items()}.items()
    )
    asked = tuple(
        Query(query_id, text, {"n": query_id}) for text, query_id in {t: q for q, t in queries.items()}.items()
    )
    grades = iter(draws)
    qrels = {query.query_id: {passage.doc_id: next(grades) for passage in passages} for query in asked}
    return Collection("made", Card(Message("Made"), NOTHING), passages, asked, qrels)


@QUIETLY
@given(made=MADE)
def test_every_output_is_read_back(made: Collection) -> None:
    folder = [(name, text.encode()) for name, text in collection_beir(made).items()]
    for files in (folder, folder[::-1]):
        again = read_judged_files(files, LIMITS, "again").collection
        assert (again.passages, again.queries, again.qrels) == (made.passages, made.queries, made.qrels)
        assert [query.fields for query in again.queries] == [query.fields for query in made.queries]
    assert read_judgments("q.tsv", qrels_beir(made.qrels).encode(), LIMITS) == made.qrels
    assert read_judgments("q.jsonl", qrels_jsonl(made.qrels).encode(), LIMITS) == made.qrels
    by_text = {query.text: made.qrels[query.query_id] for query in made.queries}
    assert read_judgments("q.csv", qrels_quepid(made.qrels, made).encode(), LIMITS) == by_text
    ranked = [
        Ranked(query, tuple(grades), [-float(n) for n in range(len(grades))]) for query, grades in made.qrels.items()
    ]
    for name, text in (("r.run", run_text("x", ranked)), ("r.jsonl", candidates_rank_llm(made, ranked))):
        run = read_run(Source(name, text.encode(), LIMITS))
        assert run.rankings == {one.query_id: one.doc_ids for one in ranked}


@QUIETLY
@given(made=MADE)
def test_a_set_to_rerank_is_read_back(made: Collection) -> None:
    if not any(grade > 0 for grades in made.qrels.values() for grade in grades.values()):
        with pytest.raises(InputError, match="No passage is judged relevant"):
            set_to_rerank(made)
        return
    again = read_judged_files([("s.jsonl", set_to_rerank(made).encode())], LIMITS, "again").collection
    expected = {}
    texts = {passage.doc_id: passage.text for passage in made.passages}
    for query in made.queries:
        grades = {texts[doc_id]: int(grade > 0) for doc_id, grade in made.qrels[query.query_id].items()}
        expected |= {query.text: grades} if any(grades.values()) else {}
    read = {passage.doc_id: passage.text for passage in again.passages}
    found = {query.query_id: query.text for query in again.queries}
    assert expected == {
        found[query_id]: {read[doc_id]: grade for doc_id, grade in grades.items()}
        for query_id, grades in again.qrels.items()
    }
