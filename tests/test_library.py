"""The bundled collections are whole, and what is wrong in one is said with file and line."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest

from demo.errors import InputError
from demo.library import Library
from demo.records import Collection

CORPORA = Path(__file__).resolve().parent.parent / "corpora"
LIBRARY = Library(CORPORA)
EXPECTED = {"cities", "health", "cooking", "programming", "support", "astronomy", "long-documents", "chinese"}

on_each = pytest.mark.parametrize("key", LIBRARY.keys())


def test_all_eight_collections_are_there_in_their_order() -> None:
    assert set(LIBRARY.keys()) >= EXPECTED
    orders = [entry.order for entry in LIBRARY.entries.values()]
    assert orders == list(range(1, len(orders) + 1))
    assert {path.name for path in CORPORA.iterdir() if path.is_dir()} == set(LIBRARY.keys())


@on_each
def test_sizes(key: str) -> None:
    collection = LIBRARY.load(key)
    assert 25 <= len(collection.passages) <= 60
    assert 8 <= len(collection.queries) <= 15


@on_each
def test_passages_are_distinct_clean_and_named(key: str) -> None:
    passages = LIBRARY.load(key).passages
    assert len({passage.doc_id for passage in passages}) == len(passages)
    assert len({passage.content for passage in passages}) == len(passages)
    for passage in passages:
        assert re.fullmatch(r"[\w.-]+", passage.doc_id)
        assert passage.text == passage.text.strip() != ""
        assert "\ufffd" not in passage.content


@on_each
def test_every_query_has_an_answer_and_judgments_of_what_it_is_not(key: str) -> None:
    collection = LIBRARY.load(key)
    for query in collection.queries:
        grades = collection.qrels[query.query_id].values()
        assert max(grades) >= 2, query
        assert min(grades) == 0, query


@on_each
def test_grades_are_0_to_3_each_with_its_meaning_in_both_languages(key: str) -> None:
    collection = LIBRARY.load(key)
    used = {grade for grades in collection.qrels.values() for grade in grades.values()}
    assert used <= set(collection.card.grades) == {0, 1, 2, 3}
    for meaning in collection.card.grades.values():
        assert str(meaning) != meaning.to("zh")
        assert re.search("[\u4e00-\u9fff]", meaning.to("zh"))


@on_each
def test_the_card_says_what_it_is_in_both_languages(key: str) -> None:
    card = LIBRARY.entries[key].card
    assert card.licence == "CC0-1.0"
    assert card.source
    for text in (card.title, card.description):
        assert str(text)
        assert re.search("[\u4e00-\u9fff]", text.to("zh"))
    assert card.language == ("zh" if key == "chinese" else "en")


@on_each
def test_what_to_look_for_is_said_for_queries_that_exist(key: str) -> None:
    queries = {query.query_id for query in LIBRARY.load(key).queries}
    traps = LIBRARY.traps(key)
    assert set(traps) <= queries
    assert LIBRARY.first_query(key).query_id in traps
    assert all(str(trap.look_for) and re.search("[\u4e00-\u9fff]", trap.look_for.to("zh")) for trap in traps.values())


@on_each
def test_queries_differ(key: str) -> None:
    queries = LIBRARY.load(key).queries
    assert len({query.text.casefold() for query in queries}) == len(queries)


@pytest.mark.skipif(importlib.util.find_spec("demo.rankers.bm25_index") is None, reason="needs the BM25 ranker")
@on_each
def test_what_bm25_puts_among_its_first_five_is_judged(key: str) -> None:
    from demo.rankers.bm25_index import Bm25Index, Bm25Settings

    collection = LIBRARY.load(key)
    index = Bm25Index.build(collection.passages, Bm25Settings())
    for query in collection.queries:
        scores = index.scores(query.text)
        best = sorted(range(len(scores)), key=lambda position: -scores[position])[:5]
        found = [collection.passages[position].doc_id for position in best if scores[position] > 0]
        assert set(found) <= set(collection.qrels[query.query_id]), query


def test_the_first_collection_has_the_question_on_berlin() -> None:
    assert LIBRARY.keys()[0] == "cities"
    assert "How many people live in Berlin?" in [query.text for query in LIBRARY.load("cities").queries]


def test_long_documents_are_longer_than_a_model_reads() -> None:
    words = [len(passage.text.split()) for passage in LIBRARY.load("long-documents").passages]
    assert sum(count > 400 for count in words) >= 8  # 400 English words are over 512 tokens


def test_a_collection_is_read_anew_each_time() -> None:
    assert LIBRARY.load("cities") is not LIBRARY.load("cities")


# ---- what is wrong is said ---------------------------------------------------------------------------------------

CARD = """
title = "Small"
description = "A small one."
language = "en"
licence = "CC0-1.0"
source = "Here."
order = 1
first_query = "q1"
[grades]
"0" = "No"
"1" = "Yes"
[[traps]]
query = "q1"
kind = "negation"
trap = "Look."
"""
FILES = {
    "card.toml": CARD,
    "corpus.jsonl": '{"_id": "d1", "text": "one"}\n{"_id": "d2", "title": "T", "text": "two"}\n',
    "queries.jsonl": '{"_id": "q1", "text": "x"}\n',
    "qrels.tsv": "query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td2\t0\n",
}


def load(folder: Path, **changes: str) -> Collection:
    (folder / "small").mkdir()
    for name, content in {**FILES, **{name.replace("_", "."): content for name, content in changes.items()}}.items():
        if content:
            (folder / "small" / name).write_text(content, "utf-8")
    return Library(folder).load("small")


def test_a_small_collection_is_read(tmp_path: Path) -> None:
    collection = load(tmp_path)
    assert [(p.doc_id, p.title, p.text) for p in collection.passages] == [("d1", "", "one"), ("d2", "T", "two")]
    assert collection.qrels == {"q1": {"d1": 1, "d2": 0}}
    assert str(collection.card.grades[1]) == "Yes"
    assert Library(tmp_path).first_query("small") == collection.queries[0]
    trap = Library(tmp_path).traps("small")["q1"]
    assert (str(trap.kind.label), str(trap.look_for)) == ("Negation", "Look.")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"qrels_tsv": "q1\td1\t1\nq1\td9\t1\n"}, "Line 2 of small/qrels.tsv judges passage “d9” for query “q1”;"),
        ({"qrels_tsv": "q1\td1\t1\nq7\td1\t1\n"}, "Line 2 of small/qrels.tsv judges passage “d1” for query “q7”;"),
        ({"qrels_tsv": "q1\td1\t2\n"}, "Line 1 of small/qrels.tsv has grade 2, whose meaning card.toml does not give."),
        ({"qrels_tsv": "q1\td1\n"}, "Line 1 of small/qrels.tsv has 2 columns."),
        (
            {"corpus_jsonl": '{"_id": "d1", "text": "one"}\n{"_id": "d1", "text": "2"}'},
            "Line 2 of small/corpus.jsonl has the id “d1”",
        ),
        (
            {"corpus_jsonl": '{"_id": "d1", "text": "one"}\n' * 2},
            "small/corpus.jsonl has passages twice (1) or without text (0).",
        ),
        ({"corpus_jsonl": '{"text": "one"}'}, "Line 1 of small/corpus.jsonl has no _id."),
        ({"corpus_jsonl": '{"_id": "d1"}'}, "Line 1 of small/corpus.jsonl has no text."),
        ({"queries_jsonl": ""}, "small/queries.jsonl cannot be read."),
        ({"queries_jsonl": '{"_id": "q1"}'}, "Line 1 of small/queries.jsonl has no text."),
        (
            {"card_toml": CARD.replace('first_query = "q1"', 'first_query = "q9"')},
            "small/card.toml names the query “q9”",
        ),
        (
            {"card_toml": CARD.replace('query = "q1"\nkind', 'query = "q8"\nkind')},
            "small/card.toml names the query “q8”",
        ),
        (
            {"card_toml": CARD.replace('"negation"', '"riddle"')},
            "small/card.toml has a trap of the kind “riddle”. Choose one of same-name, two-senses,",
        ),
        (
            {"card_toml": CARD.replace("order = 1", "order = ")},
            "small/card.toml is not valid TOML: Invalid value (at line 7",
        ),
        (
            {"card_toml": CARD.replace("licence", "license")},
            "small/card.toml has no usable “licence”. It needs a text there.",
        ),
        ({"card_toml": CARD.replace('"Small"', "7")}, "small/card.toml has no usable “title”. It needs a text there."),
        (
            {"card_toml": CARD.replace('"1" =', '"one" =')},
            "small/card.toml has a grade that is not a whole number: 0, one.",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_file(tmp_path: Path, changes: dict[str, str], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, **changes)
    assert str(caught.value).startswith(sentence)
    assert re.search("[\u4e00-\u9fff]", caught.value.to("zh"))


def test_an_unknown_collection_is_refused_with_those_there_are(tmp_path: Path) -> None:
    load(tmp_path)
    with pytest.raises(InputError, match=r"no collection “other”\. Choose one of small\."):
        Library(tmp_path).load("other")


def test_a_folder_without_collections_has_none(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    assert Library(tmp_path).cards() == ()
    assert Library(tmp_path / "absent").keys() == ()


def test_the_files_are_plain_beir_files() -> None:
    for path in CORPORA.glob("*/*.jsonl"):
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        assert all(
            set(row) == ({"_id", "title", "text"} if path.name == "corpus.jsonl" else {"_id", "text"}) for row in rows
        )
