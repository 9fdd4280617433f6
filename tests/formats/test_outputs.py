"""What is written is read back by our readers, and tags of runs tell nothing of the server."""

from __future__ import annotations

import json

import pytest

from demo.errors import InputError
from demo.formats import Limits, read_files, read_judgments
from demo.formats.archive import unpack, zipped
from demo.formats.judged import read_judged_files
from demo.formats.outputs import (
    Ranked,
    candidates_rank_llm,
    collection_beir,
    qrels_beir,
    qrels_jsonl,
    qrels_quepid,
    result_mteb,
    run_files,
    run_tag,
    run_text,
    set_to_rerank,
)
from demo.formats.source import Source
from demo.formats.trec_runs import read_run
from demo.messages import Message
from demo.records import Card, Collection, Passage, Query

LIMITS = Limits(1000, 10_000, 10_000_000, 10_000_000)
QRELS = {"q1": {"d1": 2, "d2": 0}, "q 2": {"d1": -1}}
PASSAGES = (Passage("d1", "one, two", "T", {"year": "1999"}), Passage("d2", "三\nfour"))
QUERIES = (Query("q1", "=what, now?", {"language": "en"}), Query("q 2", "why"))
COLLECTION = Collection("c", Card(Message("c"), Message("c")), PASSAGES, QUERIES, QRELS)
RANKED = [Ranked("q1", ("d2", "d1"), (1.5, -0.25))]


def test_runs_are_read_back() -> None:
    run = read_run(Source("r.txt", run_text("/srv/models/my model", RANKED).encode(), LIMITS))
    assert run.rankings == {"q1": ("d2", "d1")}
    assert run.tag == "my_model"
    with pytest.raises(InputError, match="separated by white space"):
        run_text("x", [Ranked("q 2", ("d1",), (1.0,))])


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("bm25[k1=1.2]", "bm25[k1=1.2]"),
        ("rrf(bm25+bundled/tiny)", "rrf(bm25+bundled_tiny)"),
        ("/home/me/models/ours/", "ours"),
        (r"C:\models\ours", "ours"),
        ("模型 一", "模型_一"),
        ("rrf(bm25+/srv/models/ours)[k=10]", "rrf(bm25+ours)[k=10]"),
        ("/srv/models/ours[max_tokens=32;windows]", "ours[max_tokens=32_windows]"),
        ('z(bm25+"/srv/my models/a+b")', "z(bm25+a+b)"),
        ("run:my run.txt", "run_my_run.txt"),
        ("/", "run"),
        ("", "run"),
        ("x" * 200, "x" * 80),
    ],
)
def test_tags_have_neither_blanks_nor_paths(name: str, tag: str) -> None:
    assert run_tag(name) == tag


def test_no_two_runs_have_one_name_and_every_tag_is_that_name() -> None:
    files = run_files([("a b", RANKED), ("A_b", RANKED), ("a/b", RANKED)])
    assert list(files) == ["a_b.run", "A_b-2.run", "a_b-3.run"]
    assert files["A_b-2.run"].splitlines()[0] == "q1 Q0 d2 1 1.5 A_b-2"
    assert zipped(files) == zipped(files)
    assert dict(unpack([("runs.zip", zipped(files))], LIMITS)) == {
        f"runs.zip/{name}": text.encode() for name, text in files.items()
    }


@pytest.mark.parametrize(("name", "text"), [("q.tsv", qrels_beir(QRELS)), ("q.jsonl", qrels_jsonl(QRELS))])
def test_judgments_are_read_back(name: str, text: str) -> None:
    assert read_judgments(name, text.encode(), LIMITS) == QRELS


def test_quepid_gets_queries_by_text_and_gives_them_back() -> None:
    text = qrels_quepid(QRELS, COLLECTION)
    assert text.startswith('query,docid,rating\r\n"\'=what, now?",d1,2\r\n')
    assert read_judgments("q.csv", text.encode(), LIMITS) == {"=what, now?": {"d1": 2, "d2": 0}, "why": {"d1": -1}}


def test_judgments_of_quepid_find_queries_that_a_spreadsheet_would_run() -> None:
    files = {**collection_beir(COLLECTION), "qrels/test.tsv": "", "q.csv": qrels_quepid(QRELS, COLLECTION)}
    judged = read_judged_files([(name, text.encode()) for name, text in files.items() if text], LIMITS, "c")
    assert judged.collection.qrels == QRELS


def test_a_folder_of_beir_is_the_collection_again() -> None:
    files = [(name, text.encode()) for name, text in collection_beir(COLLECTION).items()]
    again = read_judged_files(files, LIMITS, "c").collection
    assert (again.passages, again.queries, again.qrels) == (PASSAGES, QUERIES, QRELS)
    assert [dict(query.fields) for query in again.queries] == [{"language": "en"}, {}]
    unjudged = Collection("c", COLLECTION.card, PASSAGES, QUERIES, {})
    assert set(collection_beir(unjudged)) == {"corpus.jsonl", "queries.jsonl"}


def test_candidates_for_rank_llm_are_read_back() -> None:
    again = read_files([("r.jsonl", candidates_rank_llm(COLLECTION, RANKED).encode())], LIMITS).collection
    assert [passage.doc_id for passage in again.passages] == ["d2", "d1"]
    assert again.passages[1].title == "T"


def test_a_set_to_rerank_is_read_back() -> None:
    again = read_judged_files([("s.jsonl", set_to_rerank(COLLECTION).encode())], LIMITS, "s").collection
    assert [query.text for query in again.queries] == ["=what, now?"]
    assert list(again.qrels.values()) == [{"a1": 1, "a2": 0}]


def test_a_set_needs_a_relevant_passage() -> None:
    with pytest.raises(InputError, match="grade 3 or more"):
        set_to_rerank(COLLECTION, relevant_from=3)


def test_a_result_has_the_form_of_mteb() -> None:
    result = json.loads(result_mteb("Garden", "nDCG@10", {"nDCG@10": 0.5, "RR": 1.0}))
    assert result["scores"]["test"][0]["main_score"] == 0.5
    assert result["scores"]["test"][0]["ndcg_at_10"] == 0.5
    assert (result["task_name"], result["mteb_version"]) == ("Garden", "rerank-lens")
