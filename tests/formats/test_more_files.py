"""Files as further tools write them: each kind by Rerank and by Evaluate, nothing misread without a word."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from demo.errors import InputError
from demo.formats import read_files
from demo.formats.fields import UnknownShapeError
from demo.formats.judged import read_judged_files
from demo.formats.run_files import read_runs
from demo.formats.source import Fields, Limits
from demo.records import Collection

LIMITS = Limits(1_000, 100_000, 10_000_000, 10_000_000)
A, B, C = "Keep onions in a dark and dry place.", "The oven needs forty minutes.", "Flour goes in last."
PASSAGES = {"k1": A, "k2": B}
CORPUS = ("corpus.jsonl", "\n".join(json.dumps({"_id": key, "text": text}) for key, text in PASSAGES.items()).encode())
QUERIES = ("queries.tsv", b"q1\tonions storage\nq2\toven heat\n")
QRELS = ("qrels.txt", b"q1 0 k1 1\nq2 0 k2 2\n")

Files = list[tuple[str, bytes]]


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


def both(files: Files, fields: Fields = Fields()) -> list[Collection]:
    """What Rerank and what Evaluate read."""
    rerank = read_files(files, LIMITS, fields=fields).collection
    return [rerank, read_judged_files(files, LIMITS, "c", fields=fields).collection]


def texts(collection: Collection) -> Mapping[str, str]:
    return {passage.doc_id: passage.text for passage in collection.passages}


# ---- passages ----------------------------------------------------------------------------------------------------

SOLR = (
    '<?xml version="1.0"?><response><lst name="responseHeader"><int name="status">0</int></lst>'
    '<result name="response" numFound="{count}">{docs}</result></response>'
)
DOC = '<doc><str name="id">{0}</str><str name="text">{1}</str><float name="score">2.0</float></doc>'
PUBMED = (
    "<PubmedArticle><MedlineCitation><PMID>{0}</PMID><Article><ArticleTitle>T</ArticleTitle><Abstract><AbstractText>"
    "{1}</AbstractText></Abstract></Article></MedlineCitation></PubmedArticle>"
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("table.md", f"| id | text |\n| --- | :-: |\n| k1 | {A} |\n| k2 | {B} |\n"),
        ("psql.txt", f" id |  content\n----+---------\n k1 | {A}\n k2 | {B}\n(2 rows)\n"),
        ("mysql.txt", f"+----+------+\n| id | text |\n+----+------+\n| k1 | {A} |\n| k2 | {B} |\n+----+------+\n"
                      "2 rows in set"),
        ("solr.xml", SOLR.format(count=2, docs=DOC.format("k1", A) + DOC.format("k2", B))),
        ("add.xml", f'<add><doc><field name="id">k1</field><field name="text">{A}</field></doc>'
                    f'<doc><field name="id">k2</field><field name="text">{B}</field></doc></add>'),
        ("feed.xml", f"<rss><channel><title>News</title><link>x</link><description>d</description><item><guid>k1</guid>"
                     f"<description>{A}</description></item><item><guid>k2</guid><description>{B}</description></item>"
                     "</channel></rss>"),
        ("pubmed.xml", f"<PubmedArticleSet>{PUBMED.format('k1', A)}{PUBMED.format('k2', B)}</PubmedArticleSet>"),
        ("rows.json", json.dumps({"features": [], "rows": [{"row": {"id": "k1", "text": A}},
                                                           {"row": {"id": "k2", "text": B}}]})),
        ("lines.jsonl", f'\ufeff{{"id": "k1", "text": "{A}"}},\r\n{{"id": "k2", "text": "{B}"}},\r\n'),
    ],
)  # fmt: skip
def test_passages_are_read_with_their_ids(name: str, content: str) -> None:
    assert texts(read_files([(name, content.encode())], LIMITS).collection) == PASSAGES


def test_one_document_of_solr_is_one_passage_with_its_own_text() -> None:
    content = SOLR.format(count=1, docs=DOC.format("k1", A)).encode()
    assert texts(read_files([("solr.xml", content)], LIMITS).collection) == {"k1": A}


def test_text_with_elements_in_it_stays_whole() -> None:
    one, two = f"<body><h1>One</h1><p>{A}</p> and</body>", f"<body>{B}</body>"
    content = f"<pages><page id='k1'>{one}</page><page id='k2'>{two}</page></pages>"
    assert texts(read_files([("p.xml", content.encode())], LIMITS).collection) == {"k1": f"One {A} and", "k2": B}


def test_the_number_of_a_pair_is_kept_and_is_no_score() -> None:
    pairs = [[{"page_content": A, "metadata": {"source": "a"}}, 0.9], [{"page_content": B, "metadata": {}}, 0.5]]
    collection = read_files([("d.json", dumped(pairs))], LIMITS).collection
    assert [passage.text for passage in collection.passages] == [A, B]
    assert collection.passages[0].fields == {"source": "a", "number beside it": "0.9"}
    assert collection.engine_scores is None


def test_a_title_that_stands_in_for_a_text_is_said_and_doubted() -> None:
    value = {"results": [{"id": "k1", "document": {"name": "One"}}, {"id": "k2", "document": {"name": "Two"}}]}
    reading = read_files([("v.json", dumped(value))], LIMITS).reading
    assert "no field of texts: “name” stands in for it" in str(reading.sentence())
    assert not reading.is_certain


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.vtt", f"WEBVTT\n\n00:00:01.000 --> 00:00:04.000\n{A}\n", "a subtitle file"),
        ("a.txt", f"1\r\n00:00:01,000 --> 00:00:04,000\r\n{A}\r\n", "a subtitle file"),
        ("a.txt", f"@article{{k1,\n abstract={{{A}}}\n}}\n", "BibTeX"),
        ("a.ris", f"TY  - JOUR\nAB  - {A}\nER  - \n", "RIS"),
        ("a.rtf", f"{{\\rtf1\\ansi {A}}}", "a document in RTF"),
        ("a.yml", f"- id: k1\n  text: {A}\n", "YAML"),
        ("a.txt", f"id  text\n--  ------\nk1  {A}\n", "a table drawn with blanks"),
    ],
)
def test_kinds_that_are_not_read_are_named_and_never_cut_into_lines(name: str, content: str, kind: str) -> None:
    with pytest.raises(InputError, match="which is not read") as caught:
        read_files([(name, content.encode())], LIMITS)
    assert kind in str(caught.value)
    assert read_files([(name, content.encode())], LIMITS, "lines").collection.passages  # if a person wants just that


@pytest.mark.parametrize(
    "value",
    [
        {"error": {"root_cause": [{"type": "x", "reason": "no such index as this"}]}, "status": 404},
        {"detail": [{"loc": ["body"], "msg": "field required in the body", "type": "missing"}]},
        {"errors": [{"message": "the class is not there"}], "data": {"Get": {"Note": None}}},
    ],
)
def test_what_a_service_says_of_an_error_is_no_passage(value: Any) -> None:
    with pytest.raises(InputError, match="nothing in it is a list of passages"):
        read_files([("answer.json", dumped(value))], LIMITS)


def hit(key: str, score: float) -> dict[str, Any]:
    return {"_id": key, "_score": score, "_source": {"body": PASSAGES[key]}}


FIRST, SECOND = {"hits": {"hits": [hit("k1", 2.0)]}}, {"hits": {"hits": [hit("k2", 9.0), hit("k1", 1.0)]}}


@pytest.mark.parametrize(
    "value",
    [
        {"responses": [FIRST, SECOND]},
        [FIRST, SECOND],
        {"results": [{"hits": [{"document": {"id": key, "body": text}, "text_match": 3}]}
                     for key, text in PASSAGES.items()]},
        {"result": [{"points": [{"id": key, "score": 0.5, "payload": {"text": text}}]}
                    for key, text in PASSAGES.items()], "status": "ok"},
        {"ids": [["k1"], ["k2"]], "documents": [[A], [B]], "distances": [[0.1], [0.2]]},
    ],
)  # fmt: skip
def test_scores_of_several_searches_make_no_ranking(value: Any) -> None:
    loaded = read_files([("answer.json", dumped(value))], LIMITS)
    assert texts(loaded.collection) == PASSAGES
    assert loaded.reading.scores == 0
    assert "hits of 2 searches, whose scores are not comparable and left out" in str(loaded.reading.sentence())


def test_a_search_that_failed_is_counted_and_the_others_are_read() -> None:
    value = {"responses": [SECOND, {"error": {"type": "index_not_found_exception"}, "status": 404}]}
    loaded = read_files([("answer.json", dumped(value))], LIMITS)
    assert (texts(loaded.collection), loaded.reading.scores) == (PASSAGES, 2)
    assert "searches that failed left out: 1" in str(loaded.reading.sentence())


def test_groups_of_one_search_keep_their_scores() -> None:
    groups = [{"groupValue": key, "doclist": {"docs": [{"id": key, "text": text, "score": 1.5}]}}
              for key, text in PASSAGES.items()]  # fmt: skip
    loaded = read_files([("answer.json", dumped({"grouped": {"kind": {"groups": groups}}}))], LIMITS)
    assert (texts(loaded.collection), loaded.reading.scores) == (PASSAGES, 2)


def test_answers_of_a_rerank_service_a_line_give_every_passage() -> None:
    lines = [{"id": f"x{n}", "results": [{"index": 0, "relevance_score": 0.5, "document": {"text": text}}]}
             for n, text in enumerate(PASSAGES.values())]  # fmt: skip
    loaded = read_files([("answers.jsonl", "\n".join(map(json.dumps, lines)).encode())], LIMITS)
    assert [passage.text for passage in loaded.collection.passages] == [A, B]
    assert loaded.reading.scores == 0


def test_the_items_of_an_unknown_list_offer_their_fields_and_are_read_as_chosen() -> None:
    value = {"state": "ok", "page": {"rows": [{"ref": "k1", "what": "tulip"}, {"ref": "k2", "what": "pea"}]}}
    with pytest.raises(UnknownShapeError, match="nothing in it is a list of passages") as caught:
        read_files([("rows.json", dumped(value))], LIMITS)
    assert caught.value.names == ("ref", "what")
    loaded = read_files([("rows.json", dumped(value))], LIMITS, fields=Fields(text="what", id="ref"))
    assert texts(loaded.collection) == {"k1": "tulip", "k2": "pea"}


# ---- queries and judgments ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("topics.xml", '<?xml version="1.0" encoding="UTF-16"?><topics>'
                       '<topic id="q1"><title>onions storage</title></topic>'
                       '<topic id="q2"><title>oven heat</title></topic></topics>'),
        ("queries.csv", "\ufeffid;question;\r\nq1;onions storage;\r\nq2;oven heat;\r\n"),
        ("queries.json", json.dumps({"data": {"queries": [{"qid": "q1", "text": "onions storage"},
                                                          {"qid": "q2", "text": "oven heat"}]}})),
        ("queries.json", json.dumps({"q1": {"title": "onions storage"}, "q2": {"title": "oven heat"}})),
        ("queries.md", "| qid | query |\n|---|---|\n| q1 | onions storage |\n| q2 | oven heat |\n"),
    ],
)  # fmt: skip
def test_queries_are_read_by_both(name: str, content: str) -> None:
    packed = content.encode("utf-16" if "UTF-16" in content else "utf-8")
    for files in ([CORPUS, (name, packed), QRELS], [QRELS, (name, packed), CORPUS]):
        for collection in both(files):
            assert {query.query_id: query.text for query in collection.queries} == {
                "q1": "onions storage",
                "q2": "oven heat",
            }
            assert collection.qrels == {"q1": {"k1": 1}, "q2": {"k2": 2}}


@pytest.mark.parametrize(
    ("name", "content", "second"),
    [
        ("qrels.csv", b",query_id,doc_id,relevance\n0,q1,k1,1\n1,q2,k2,2\n", 2),
        ("qrels.csv", b'"query";"docid";"rating"\r\n"onions storage";"k1";"1"\r\n"oven heat";"k2";"2"\r\n', 2),
        ("qrels.json.gz", gzip.compress(dumped([{"qid": "q1", "docid": "k1", "label": 1},
                                                {"qid": "q2", "docid": "k2", "label": 2}]), mtime=0), 2),
        ("qrels.json", dumped({"q1": ["k1"], "q2": ["k2"]}), 1),
        ("qrels.jsonl", b'{"query_id":"q1","doc_id":"k1","relevant":true}\n'
                        b'{"query_id":"q2","doc_id":"k2","relevant":false}\n', 0),
        ("qrels.csv", b"query_id,doc_id,relevant\nq1,k1,True\nq2,k2,False\n", 0),
    ],
)  # fmt: skip
def test_judgments_are_read_by_both(name: str, content: bytes, second: int) -> None:
    for collection in both([CORPUS, QUERIES, (name, content)]):
        assert collection.qrels == {"q1": {"k1": 1}, "q2": {"k2": second}}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("quepid.csv", b"query,docid,rating\nonions storage,k1,3\noven heat,k2,\noven heat,k1,null\n"),
        ("qrels.jsonl", b'{"query_id": "q1", "doc_id": "k1", "rating": 3}\n'
                        b'{"query_id": "q2", "doc_id": "k2", "rating": null}\n'
                        b'{"query_id": "q2", "doc_id": "k1", "rating": ""}\n'),
    ],
)  # fmt: skip
def test_pairs_that_nobody_has_graded_are_counted_and_are_not_0(name: str, content: bytes) -> None:
    judged = read_judged_files([CORPUS, QUERIES, (name, content)], LIMITS, "c")
    assert judged.collection.qrels == {"q1": {"k1": 3}}
    assert "pairs without a grade left out: 2" in str(judged.reading.sentence())


RATINGS = [{"query": "oven heat", "ratings": [{"docId": "k2", "rating": "3.0"}]}]


@pytest.mark.parametrize(
    "value",
    [
        {"hits": {"hits": [{"_id": "x", "_source": {"name": "set", "judgmentRatings": RATINGS}}]}},
        {
            "requests": [{"id": "q2", "request": {}, "ratings": [{"_index": "n", "_id": "k2", "rating": 3}]}],
            "metric": {},
        },
        {"name": "set", "ratings": [{"query": "oven heat", "doc_id": "k2", "rating": 3}]},
        [{"_id": "j7", "scenario_id": "q2", "doc": {"_id": "k2"}, "rating": 3}],
    ],
)
def test_judgments_as_tools_for_search_keep_them_are_known_under_any_name(value: Any) -> None:
    for collection in both([CORPUS, QUERIES, ("export.json", dumped(value))]):
        assert collection.qrels == {"q2": {"k2": 3}}


def test_documents_with_ratings_of_their_own_are_passages() -> None:
    rows = [{"id": key, "title": "T", "text": text, "ratings": [4, 5]} for key, text in PASSAGES.items()]
    assert texts(read_files([("products.json", dumped({"products": rows}))], LIMITS).collection) == PASSAGES


def test_a_map_to_relevant_passages_says_that_it_has_no_grades() -> None:
    reading = read_judged_files([CORPUS, QUERIES, ("qrels.json", dumped({"q1": ["k1"]}))], LIMITS, "c").reading
    assert "no grades: each pair counts as grade 1" in str(reading.sentence())


def test_a_dataset_of_llamaindex_is_whole_in_one_file() -> None:
    value = {
        "queries": {"q1": "onions", "q2": "oven"},
        "corpus": PASSAGES,
        "relevant_docs": {"q1": ["k1"], "q2": ["k2"]},
    }
    for collection in both([("dataset.json", dumped({**value, "mode": "text"}))]):
        assert texts(collection) == PASSAGES
        assert collection.qrels == {"q1": {"k1": 1}, "q2": {"k2": 1}}


def test_queries_beside_trec_qrels_of_beir_are_read_by_both() -> None:
    queries = ("queries.jsonl", b'{"_id": "q1", "text": "onions"}\n{"_id": "q2", "text": "oven"}\n')
    for collection in both([CORPUS, queries, QRELS]):
        assert collection.qrels == {"q1": {"k1": 1}, "q2": {"k2": 2}}


# ---- sets to rerank ----------------------------------------------------------------------------------------------


def test_questions_on_paragraphs_are_a_set() -> None:
    def paragraph(text: str, query_id: str, question: str) -> dict[str, Any]:
        return {"context": text, "qas": [{"id": query_id, "question": question, "answers": [{"text": "dark"}]}]}

    articles = [{"title": "Kitchen", "paragraphs": [paragraph(A, "q1", "where?"), paragraph(B, "q2", "how long?")]}]
    for collection in both([("squad.json", dumped({"version": "1.1", "data": articles}))]):
        assert [(passage.title, passage.text) for passage in collection.passages] == [("Kitchen", A), ("Kitchen", B)]
        assert [(query.query_id, query.text) for query in collection.queries] == [("q1", "where?"), ("q2", "how long?")]
        assert list(collection.qrels) == ["q1", "q2"]


@pytest.mark.parametrize(
    "value",
    [
        {"data": [{"title": "T", "paragraphs": [{"context": A, "qas": ["x"]}]}]},
        {"data": [{"title": "T", "paragraphs": [{"context": A, "qas": [None]}]}]},
        *(
            [{"question": "q", "context": [["Store", [A]]], "supporting_facts": facts}]
            for facts in (3, "x", [1, 2], [[]], [[{}]], {"title": 5}, {"title": [[1]]})
        ),
    ],
)
def test_odd_values_where_objects_should_be_are_read_or_refused(value: Any) -> None:
    try:
        collections = both([("odd.json", dumped(value))])
    except InputError:
        return
    assert all(collection.passages for collection in collections)


def test_retrieved_contexts_are_candidates_that_nobody_judged() -> None:
    rows = [{"user_input": "onions", "retrieved_contexts": [A, B], "reference": "dark"},
            {"user_input": "oven", "retrieved_contexts": [B, C], "reference": "hot"}]  # fmt: skip
    for collection in both([("ragas.jsonl", "\n".join(map(json.dumps, rows)).encode())]):
        assert [passage.text for passage in collection.passages] == [A, B, C]
        assert [dict(query.fields) for query in collection.queries] == [{"reference": "dark"}, {"reference": "hot"}]
        assert not collection.is_judged


@pytest.mark.parametrize(
    ("context", "facts"),
    [
        ([["Store", ["Keep onions in a dark ", "and dry place."]], ["Heat", [B]]], [["Store", 0]]),
        ({"title": ["Store", "Heat"], "sentences": [[A], [B]]}, {"title": ["Store"], "sent_id": [0]}),
    ],
)
def test_titles_with_sentences_are_passages_and_answers_are_none(context: Any, facts: Any) -> None:
    row = {"_id": "5a", "question": "where", "answer": "yes", "context": context, "supporting_facts": facts}
    for collection in both([("hotpot.json", dumped([row]))]):
        assert [(one.title, one.text) for one in collection.passages] == [("Store", A), ("Heat", B)]
        assert collection.qrels == {"q1": {"a1": 1, "a2": 0}}


@pytest.mark.parametrize(
    "value",
    [
        {"query": {"0": "where", "1": "how"}, "query_id": {"0": 7, "1": 8},
         "passages": {"0": [{"is_selected": 1, "passage_text": A}], "1": [{"is_selected": 0, "passage_text": B}]}},
        {"7": {"question": "where", "contexts": [{"text": A, "has_answer": True}]},
         "8": {"question": "how", "contexts": [{"text": B, "has_answer": False}]}},
    ],
)  # fmt: skip
def test_sets_in_columns_and_under_ids_are_read_whole(value: Any) -> None:
    for collection in both([("set.json", dumped(value))]):
        assert collection.qrels == {"7": {"a1": 1}, "8": {"a2": 0}}


def test_one_question_with_its_contexts_is_a_set() -> None:
    row = {"user_input": "where", "retrieved_contexts": [A, B], "reference_contexts": [A], "response": "there"}
    for collection in both([("ragas.jsonl", dumped(row))]):
        assert [passage.text for passage in collection.passages] == [A, B]
        assert [query.text for query in collection.queries] == ["where"]


def test_labels_that_do_not_fit_the_passages_are_refused() -> None:
    rows = [{"query": "where", "docs": [A, B], "labels": [1, 0]}, {"query": "how", "docs": [B], "labels": [1, 0]}]
    with pytest.raises(InputError, match=re.escape("Item 2 of set.json has 2 labels for 1 passages.")):
        read_judged_files([("set.json", dumped(rows))], LIMITS, "c")


def test_a_set_is_read_beside_a_table_of_notes_which_is_named() -> None:
    files = [
        ("set.csv", f"query,passage,label\nwhere,{A},1\nwhere,{B},0\n".encode()),
        ("notes.csv", b"id,text\nn1,So\n"),
    ]
    judged = read_judged_files(files, LIMITS, "c")
    assert judged.collection.qrels == {"q1": {"a1": 1, "a2": 0}}
    assert "left out: notes.csv" in str(judged.reading.sentence())


def test_lists_in_cells_are_lists() -> None:
    table = f"query,positive,negative\nonions,\"['{A}', '{C}']\",\"['{B}']\"\n"
    for collection in both([("s.csv", table.encode())]):
        assert [passage.text for passage in collection.passages] == [A, C, B]
        assert list(collection.qrels.values()) == [{"a1": 1, "a2": 1, "a3": 0}]
    numpy = f"query,positive,negative\nonions,\"['{A}' '{C}']\",\"['{B}']\"\n"
    with pytest.raises(InputError, match="a list without commas between its texts"):
        read_files([("s.csv", numpy.encode())], LIMITS)


TABLE = f"Anfrage;Treffer;Wertung;Sprache\r\nonions;{A};1;de\r\noven;{B};0;en\r\n".encode()


def test_a_table_with_unknown_headings_offers_them_and_is_read_as_chosen() -> None:
    with pytest.raises(UnknownShapeError, match=r"Taken for none of these: frage\.csv") as caught:
        read_judged_files([("frage.csv", TABLE)], LIMITS, "c")
    assert caught.value.names == ("Anfrage", "Treffer", "Wertung", "Sprache")
    chosen = Fields(query="Anfrage", text="Treffer", grade="Wertung")
    for collection in both([("frage.csv", TABLE)], chosen):
        assert [passage.text for passage in collection.passages] == [A, B]
        assert list(collection.qrels.values()) == [{"a1": 1}, {"a2": 0}]
        assert [dict(query.fields) for query in collection.queries] == [{"Sprache": "de"}, {"Sprache": "en"}]


def test_columns_of_a_table_of_pairs_go_where_they_belong() -> None:
    rows = (
        "q1,onions,short,k1,dark place,wiki,9,1",
        "q1,onions,short,k2,an oven,news,8,0",
        "q2,oven,long,k2,an oven,news,7,1",
    )
    table = "\n".join(["qid,query,kind,pid,passage,source,votes,label", *rows]).encode()
    loaded = read_files([("pairs.csv", table)], LIMITS)
    assert {query.query_id: dict(query.fields) for query in loaded.collection.queries} == {
        "q1": {"kind": "short"},
        "q2": {"kind": "long"},
    }
    assert {passage.doc_id: dict(passage.fields) for passage in loaded.collection.passages} == {
        "k1": {"source": "wiki"},
        "k2": {"source": "news"},
    }
    assert "columns that speak of pairs, not kept: votes" in str(loaded.reading.sentence())


# ---- runs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "scores"),
    [
        ("r.json", dumped([{"query_id": "q1", "doc_id": "k1", "score": "9.5"},
                           {"query_id": "q1", "doc_id": "k2", "score": "10.5"}]), (10.5, 9.5)),
        ("r.csv", "\ufeffqid;docid;score\r\nq1;k1;9,5\r\nq1;k2;10,5\r\n".encode(), (10.5, 9.5)),
        ("r.json", dumped({"q1": ["k2", "k1"]}), (-1.0, -2.0)),
        ("r.json", dumped({"q1": [["k2", 1.5], ["k1", 1.0]]}), (1.5, 1.0)),
        ("r.tsv.gz", gzip.compress(b"q1\tk2\t1\t\nq1\tk1\t2\t\n", mtime=0), (-1.0, -2.0)),
        ("r.run", b"\xef\xbb\xbfqid Q0 docno rank score tag\r\nq1 Q0 k2 1 9.5 t\r\nq1 Q0 k1 2 8.5 t\r\n", (9.5, 8.5)),
        ("r.md", b"| qid | docid | score |\n|---|---|---|\n| q1 | k2 | 2 |\n| q1 | k1 | 1 |\n", (2.0, 1.0)),
    ],
)  # fmt: skip
def test_runs_are_read(name: str, content: bytes, scores: tuple[float, ...]) -> None:
    (run,) = read_runs([(name, content)], LIMITS).runs.values()
    assert (run.rankings, run.scores) == ({"q1": ("k2", "k1")}, {"q1": scores})
    assert run.notes == ()


def test_the_ids_that_collections_go_by_are_taken_before_numbers_of_an_index() -> None:
    run = read_runs([("res.csv", b"qid,docid,docno,rank,score\n1,0,k1,0,9.5\n1,1,k2,1,8.5\n")], LIMITS).runs["res.csv"]
    assert run.rankings == {"1": ("k1", "k2")}


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("out.txt", "map\tall\t0.25\nP_5\tall\t0.5\n", "figures of trec_eval"),
        ("bm25.txt", "q1 Q0 k1 1 9.5 bm25\nq1 Q0 k2 2 8.5 bm25\n", "a run"),
        ("bm25.json", '{"q1": {"k1": 9.5}}', "a run"),
        ("judged.txt", "q1 0 k1 1\nq2 0 k2 2\n", "judgments (qrels)"),
        ("set.json", '{"judgmentRatings": [{"query": "oven heat", "ratings": [{"docId": "k1", "rating": "3"}]}]}',
         "judgments (qrels)"),
        ("wt09.xml", '<webtrack2009><topic number="1"><query>oven heat</query><description>x</description></topic>'
                     '<topic number="2"><query>onions storage</query></topic></webtrack2009>', "topics"),
        ("t.txt", "<top>\n<num> Number: 1\n<title> oven heat\n</top>\n", "topics"),
    ],
)  # fmt: skip
def test_what_holds_no_passages_is_named_and_never_cut_into_lines(name: str, content: str, kind: str) -> None:
    with pytest.raises(InputError, match=re.escape(f"{name} holds {kind} and no passages.")):
        read_files([(name, content.encode())], LIMITS)
    loaded = read_files([CORPUS, (name, content.encode())], LIMITS)
    assert texts(loaded.collection) == PASSAGES
    assert f"left out: {name}" in str(loaded.reading.sentence()) or loaded.collection.queries or loaded.collection.qrels


@pytest.mark.parametrize("root", ["webtrack2009", "topics", "queries", "parameters"])
def test_topics_in_xml_are_known_under_any_file_name(root: str) -> None:
    topics = "".join(f"<topic number='{n}'><query>{text}</query></topic>" for n, text in ((1, "onions"), (2, "heat")))
    for collection in both([CORPUS, ("wt09.xml", f"<?xml version='1.0'?><{root}>{topics}</{root}>".encode())]):
        assert {query.query_id: query.text for query in collection.queries} == {"1": "onions", "2": "heat"}


@pytest.mark.parametrize(
    ("topics", "queries"),
    [
        ([{"number": 31, "title": "cancer", "turn": [{"number": 1, "raw_utterance": "What is it?"},
                                                     {"number": 2, "raw_utterance": "Is it treatable?"}]}],
         {"31_1": "What is it?", "31_2": "Is it treatable?"}),
        ([{"number": 106, "turn": [{"number": 3, "raw_utterance": "Is it?", "passage": "Yes.",
                                    "manual_rewritten_utterance": "Is cancer treatable?"}]}],
         {"106_3": "Is cancer treatable?"}),
        ([{"number": "9-1", "turns": [{"turn_id": 1, "utterance": "Why?", "resolved_utterance": "Why onions?"}]}],
         {"9-1_1": "Why onions?"}),
    ],
)  # fmt: skip
def test_each_turn_of_a_conversation_is_a_query(topics: Any, queries: Mapping[str, str]) -> None:
    qrels = ("qrels.txt", f"{next(iter(queries))} 0 k1 1\n".encode())
    judged = read_judged_files([CORPUS, ("2021_topics.json", dumped(topics)), qrels], LIMITS, "c")
    assert {query.query_id: query.text for query in judged.collection.queries} == queries
    assert "a query from each turn, its text from" in str(judged.reading.sentence())


def queries_of(name: str, content: str, fields: Fields = Fields()) -> tuple[Mapping[str, str], str]:
    """Ids and texts of the queries in a file beside a corpus, and how they were understood."""
    judged = read_judged_files([CORPUS, (name, content.encode())], LIMITS, "c", fields=fields)
    return {query.query_id: query.text for query in judged.collection.queries}, str(judged.reading.sentence())


@pytest.mark.parametrize("separator", [",", ";", "|"])
def test_a_header_of_queries_that_nobody_knows_is_refused_and_can_be_chosen(separator: str) -> None:
    content = "\n".join(
        separator.join(row) for row in (("nr", "frage"), ("a1", "how hot"), ("a2", "where do they keep"))
    )
    with pytest.raises(UnknownShapeError, match="none of its columns is the query: “nr”, “frage”") as caught:
        queries_of("queries.csv", content)
    assert caught.value.names == ("nr", "frage")
    found, _ = queries_of("queries.csv", content, Fields(query="frage", id="nr"))
    assert found == {"a1": "how hot", "a2": "where do they keep"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("queries.csv", '7,"where, and how long"\n9,how hot\n', "ids of queries from the start of their lines"),
        ("queries.csv", "7;where, and how long\r\n9;how hot\r\n", "ids of queries from the start of their lines"),
        ("queries.txt", "7. where, and how long\n9. how hot\n", "ids of queries from the start of their lines"),
        ("queries.tsv", "7\twhere, and how long\tstore\n9\thow hot\theat\n", "queries from the second of 3 columns"),
    ],
)
def test_rows_without_a_header_have_their_own_ids(name: str, content: str, said: str) -> None:
    found, sentence = queries_of(name, content)
    assert found == {"7": "where, and how long", "9": "how hot"}
    assert said in sentence


@pytest.mark.parametrize(
    ("name", "content"),
    [("queries.csv", "query\nhow hot\nwhere\n"), ("queries.csv", "query,kind\nhow hot,a\nwhere,b\n")],
)
def test_queries_of_a_table_without_ids_are_numbered_from_1(name: str, content: str) -> None:
    found, sentence = queries_of(name, content)
    assert found == {"1": "how hot", "2": "where"}
    assert "queries are numbered from 1" in sentence


def test_a_set_of_queries_of_opensearch_is_read_and_yaml_is_named() -> None:
    value = {"name": "set", "sampling": "manual", "querySetQueries": [{"queryText": "how hot"}, {"queryText": "where"}]}
    assert list(queries_of("queries.json", json.dumps(value))[0].values()) == ["how hot", "where"]
    with pytest.raises(InputError, match=re.escape("queries.yaml is YAML, which is not read")):
        queries_of("queries.yaml", "- id: 1\n  text: how hot\n")


CLEF = "<topic lang='de'><identifier>{0}</identifier><title>{1}</title><description>d</description></topic>"


@pytest.mark.parametrize(
    ("content", "query_id"),
    [
        (f"<topics>{CLEF.format('10.2452/401-AH', 'Zwiebeln')}{CLEF.format('10.2452/402-AH', 'Ofen')}</topics>",
         "10.2452/401-AH"),
        ("<top>\n<num> C041 </num>\n<DE-title> Zwiebeln </DE-title>\n<DE-narr> n </DE-narr>\n</top>\n", "C041"),
    ],
)  # fmt: skip
def test_topics_of_clef_are_read(content: str, query_id: str) -> None:
    qrels = ("qrels.txt", f"{query_id} 0 k1 1\n".encode())
    collection = read_judged_files([CORPUS, ("Top-de00.txt", content.encode()), qrels], LIMITS, "c").collection
    assert (collection.queries[0].query_id, collection.queries[0].text) == (query_id, "Zwiebeln")


def test_zeros_before_the_numbers_of_topics_are_passed_over_on_either_side() -> None:
    topics = ("topics.txt", b"<top>\n<num> Number: 051\n<title> onions\n<narr> Narrative:\nAll.\n</top>\n")
    for number in ("051", "51"):
        files = [CORPUS, topics, ("qrels.txt", f"{number} 0 k1 1\n".encode())]
        collection = read_judged_files(files, LIMITS, "c").collection
        assert collection.qrels == {"51": {"k1": 1}}
        assert collection.queries[0].fields == {"narr": "All."}


def test_a_corpus_with_topics_and_scores_as_fields_is_no_file_of_judgments() -> None:
    rows = [{"id": "k1", "topic": "store", "text": A, "score": 2}, {"id": "k2", "topic": "heat", "text": B, "score": 1}]
    csv = f"id,topic,text,score\nk1,store,{A},2\nk2,heat,{B},1\n".encode()
    for file in (("data.jsonl", "\n".join(map(json.dumps, rows)).encode()), ("data.csv", csv)):
        for collection in both([file, QUERIES]):
            assert texts(collection) == PASSAGES


def test_answers_of_an_engine_are_no_run() -> None:
    value = {"q1": {"hits": {"hits": [{"_id": "k2", "_score": 3.0}]}}}
    with pytest.raises(InputError, match="A run needs a map from query ids"):
        read_runs([("r.json", dumped(value))], LIMITS)
