"""Files that make one judged collection: which is what, complete qrels, and what does not belong together."""

from __future__ import annotations

import gzip
import io
import re
import sys
import zipfile
from pathlib import Path

import pytest

from demo.errors import InputError
from demo.formats.fields import UnknownShapeError
from demo.formats.judged import CORPUS_FORMATS, ROLES, Judged, read_judged_files, read_judged_folder, role_of
from demo.formats.source import Fields, Limits, Source

LIMITS = Limits(*[sys.maxsize] * 4)

CORPUS = '{"_id": "1", "title": "T", "text": "one"}\n{"_id": "2", "text": "two"}\n'
QUERIES = '{"_id": "a", "text": "x"}\n{"_id": "b", "text": "y"}\n'
QRELS = "query-id\tcorpus-id\tscore\na\t1\t1\na\t9\t2\nc\t1\t1\n"
BEIR = {"corpus.jsonl": CORPUS, "queries.jsonl": QUERIES, "qrels/test.tsv": QRELS}
TREC = {
    "fr94.sgml": "<DOC><DOCNO>1</DOCNO><TITLE>T</TITLE><TEXT>one</TEXT></DOC>",
    "ft.1": "<DOC><DOCNO>2</DOCNO><TEXT>two</TEXT></DOC>",
    "topics.301": "<top><num> Number: a <title> x </top><top><num> Number: b <title> y </top>",
    "qrels.trec8.txt": "a 0 1 1\na 0 9 2\nc 0 1 1\n",
    "README.txt": "not a part of it",
}
TABS = {"collection.tsv": "1\tone\n2\ttwo\n", "queries.dev.tsv": "a\tx\nb\ty\n", "qrels.dev.tsv": "a\t0\t1\t1\n"}
RUN = "a Q0 2 1 9.5 lucene\na Q0 1 2 9.0 lucene\n"


def read(files: dict[str, str], qrels: str = "") -> Judged:
    return read_judged_files([(name, text.encode()) for name, text in files.items()], LIMITS, "set", qrels)


def refusal(files: dict[str, str], qrels: str = "") -> str:
    with pytest.raises(InputError) as caught:
        read(files, qrels)
    assert re.search("[\u4e00-\u9fff]", caught.value.to("zh"))
    return str(caught.value)


def zipped(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


# ---- what cannot be written --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["\\ud800", "\\udfff", "\\u0000"])
@pytest.mark.parametrize(
    "queries",
    [
        '{"_id": "a%s", "text": "x%s", "metadata": {"topic%s": "t%s", "n": 1}}\n{"_id": "b", "text": "y"}\n',
        '[{"_id": "a%s", "text": "x%s", "metadata": {"topic%s": "t%s"}},\n {"_id": "b", "text": "y"}]',
        '{"_id": "a%s", "text": "x%s",\n "metadata": {"topic%s": "t%s"}}\n{"_id": "b",\n "text": "y"}\n',
    ],
)
def test_nuls_and_halves_of_surrogate_pairs_become_characters_that_can_be_written(queries: str, mark: str) -> None:
    """JSON can hold them, no download can, and they end the process of trec_eval."""
    found = read(
        {
            "corpus.jsonl": CORPUS.replace('"1"', f'"1{mark}"').replace("}", f', "of{mark}": "it{mark}"}}'),
            "queries.jsonl" if queries.startswith("{") else "queries.json": queries.replace("%s", mark),
            "qrels.json": f'{{"a{mark}": {{"1{mark}": 2}}}}',
            "bm25.run.json": f'{{"a{mark}": {{"1{mark}": 2.5}}}}',
        }
    )
    (query, _), (passage, _) = found.collection.queries, found.collection.passages
    assert (query.query_id, query.text, query.fields["topic\ufffd"]) == ("a\ufffd", "x\ufffd", "t\ufffd")
    assert (passage.doc_id, passage.fields) == ("1\ufffd", {"of\ufffd": "it\ufffd"})
    assert found.collection.qrels == {"a\ufffd": {"1\ufffd": 2}}
    assert found.candidates == {"a\ufffd": ("1\ufffd",)}


def test_a_nul_of_a_text_file_becomes_a_character_that_can_be_written() -> None:
    found = read({"corpus.jsonl": CORPUS, "queries.tsv": "\ufeffa\tx\0\nb\ty\n", "qrels.tsv": QRELS})
    assert [query.text for query in found.collection.queries] == ["x\ufffd", "y"]


# ---- which is what -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "text", "role"),
    [
        ("qrels.tsv", "", "qrels"),
        ("cranqrel", "1 184 2 ", "qrels"),
        ("qrels/test.tsv", "broken", "qrels"),
        ("judgments.txt", "301 0 FR94-1 0\n301 0 FR94-2 1\n", "qrels"),
        ("dev.tsv", "query-id\tcorpus-id\tscore\na\t1\t1\n", "qrels"),
        ("run.bm25.txt", "broken", "run"),
        ("bm25.run", "1\t2\t3\n", "run"),
        ("input.bm25.gz.txt", RUN, "run"),
        ("topics.51-100", "<top>", "queries"),
        ("queries.dev.small.tsv", "1\tone two\n", "queries"),
        ("questions.tsv", "who wrote faust\tgoethe\t1\n", "answers"),
        ("top1000.dev.tsv", "1\t7\twho is it\tme and you\n", "answers"),
        ("corpus.jsonl", CORPUS, "corpus"),
        ("text.txt", "1\tone\n2\ttwo\n", "corpus"),
        ("fbis.0", "<DOC>", "corpus"),
        ("notes.txt", "a sentence\n", ""),
    ],
)
def test_a_file_is_known_by_its_name_or_its_content(file: str, text: str, role: str) -> None:
    assert role_of(Source(file, text.encode(), LIMITS)) == role


@pytest.mark.parametrize("files", [BEIR, TREC, TABS], ids=["beir", "trec", "tabs"])
def test_the_files_make_one_collection(files: dict[str, str]) -> None:
    collection = read(files).collection
    assert [(p.doc_id, p.text) for p in collection.passages] == [("1", "one"), ("2", "two")]
    assert [(q.query_id, q.text) for q in collection.queries] == [("a", "x"), ("b", "y")]
    assert collection.qrels["a"]["1"] == 1
    assert collection.key == "set"


def test_judgments_of_absent_passages_are_kept_and_of_absent_queries_told() -> None:
    judged = read(BEIR)
    assert judged.collection.qrels == {"a": {"1": 1, "9": 2}}
    assert str(judged.reading.sentence()) == (
        "2 passages, from a judged collection; 2 queries; 2 judgments; judgments from qrels/test.tsv; judgments of "
        "passages that the corpus lacks, kept for the ideal ranking: 1; judged queries without a text, left out: 1"
    )
    assert judged.collection.card.description == judged.reading.sentence()


def test_files_of_no_use_are_told() -> None:
    assert "left out: README.txt" in str(read(TREC).reading.sentence())


def test_one_run_gives_the_candidates_and_several_none() -> None:
    judged = read({**BEIR, "lucene.run": RUN})
    assert judged.candidates == {"a": ("2", "1")}
    assert judged.run is not None
    assert judged.run.tag == "lucene"
    assert read({**BEIR, "a.run": RUN, "b.run": RUN}).candidates == {}


def test_a_set_to_rerank_needs_no_other_file() -> None:
    judged = read({"wikiqa.tsv": "who wrote it\tme\t1\nwho wrote it\tyou\t0\n"})
    assert judged.candidates == {"q1": ("a1", "a2")}
    assert judged.collection.qrels == {"q1": {"a1": 1, "a2": 0}}


def test_candidates_without_labels_take_qrels_beside_them() -> None:
    judged = read({"top1000.tsv": "1\t7\twho is it\tme and you\n", "qrels.txt": "1 0 7 2\n1 0 8 3\n"})
    assert judged.candidates == {"1": ("7",)}
    assert judged.collection.qrels == {"1": {"7": 2, "8": 3}}


def test_the_usual_qrels_are_taken_and_others_on_demand() -> None:
    files = {**BEIR, "qrels/train.tsv": "b\t2\t1\n"}
    assert read(files).collection.qrels == {"a": {"1": 1, "9": 2}}
    assert read(files, "qrels/train.tsv").collection.qrels == {"b": {"2": 1}}
    assert refusal(files, "qrels/dev.tsv") == (
        "There are no qrels “qrels/dev.tsv” in the collection. Found: qrels/test.tsv, qrels/train.tsv."
    )


def test_folders_and_archives_are_read_alike(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    (folder / "qrels").mkdir(parents=True)
    for name, text in {**BEIR, "README.md": "x", ".hidden.jsonl": "x", "SOURCE.txt": "x"}.items():
        (folder / name).write_text(text, encoding="utf-8")
    packed = tmp_path / "set.zip"
    packed.write_bytes(zipped({f"set/{name}": text for name, text in BEIR.items()}))
    one, other = read_judged_folder(folder, LIMITS), read_judged_folder(packed, LIMITS)
    assert one.collection.passages == other.collection.passages
    assert one.collection.qrels == other.collection.qrels == {"a": {"1": 1, "9": 2}}
    assert one.reading.sentence() == other.reading.sentence()


def test_trecs_own_file_names_are_read(tmp_path: Path) -> None:
    for name, text in TREC.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert len(read_judged_folder(tmp_path, LIMITS).collection.passages) == 2


def test_packed_files_are_opened() -> None:
    files = [(f"{name}.gz", gzip.compress(text.encode())) for name, text in BEIR.items()]
    assert read_judged_files(files, LIMITS, "set").collection.qrels == {"a": {"1": 1, "9": 2}}


def test_without_qrels_all_queries_are_there_and_nothing_is_judged() -> None:
    judged = read({name: text for name, text in BEIR.items() if "qrels" not in name})
    assert [query.query_id for query in judged.collection.queries] == ["a", "b"]
    assert not judged.collection.is_judged
    assert str(judged.reading.sentence()) == (
        "2 passages, from a collection; 2 queries; no judgments: what rankers change is told, not which is better"
    )
    assert "没有相关性判断" in judged.reading.sentence().to("zh")


def test_qrels_that_are_asked_for_must_be_there() -> None:
    files = {name: text for name, text in BEIR.items() if "qrels" not in name}
    assert refusal(files, "qrels/test.tsv").startswith("There are no qrels “qrels/test.tsv” in the collection.")


# ---- what does not belong together -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"corpus.jsonl": None}, "There is no file of corpus among the files."),
        ({"queries.jsonl": None}, "There is no file of queries among the files."),
        ({"qrels/test.tsv": "\n"}, "set has no judgments, so nothing can be measured."),
        ({"qrels/test.tsv": "a\t1\thigh\n"}, 'Line 1 of qrels/test.tsv: the grade is "high".'),
        ({"qrels/test.tsv": "a\t1\t1\na\t1\t0\n"}, "Line 2 of qrels/test.tsv gives query “a” and passage “1” grade 0"),
        ({"qrels/test.tsv": "z\t1\t1\n"}, "Line 1 of qrels/test.tsv judges query “z”, and no judged query has a "
         "text; queries are named like “"),
        ({"qrels/test.tsv": "a\tz\t1\n"}, "Line 1 of qrels/test.tsv judges passage “z”, and no judged passage is in "
         "the corpus; its passages are named like “1”."),
        ({"queries.jsonl": QUERIES + '{"_id": "a", "text": "z"}'}, "Line 3 of queries.jsonl repeats the id “a”"),
        ({"corpus.jsonl": CORPUS + '{"_id": "1", "text": "x"}\n'}, "Line 3 of corpus.jsonl has the id “1” of line 1"),
        ({"corpus.jsonl": CORPUS + "{broken\n"}, "Line 3 of corpus.jsonl is not valid JSON"),
        ({"qrels/test.tsv": None, "qrels.a": "a 0 1 1", "qrels.b": "a 0 1 1"}, "There are 2 files of qrels: qrels.a, "
         "qrels.b. Name one"),
        ({"queries.a.tsv": "a\tx", "queries.jsonl": None, "queries.b.tsv": "a\tx"}, "There are 2 files of queries"),
        ({"corpus.jsonl": "a sentence\nand another\n"}, "corpus.jsonl is not a corpus that can be read."),
    ],
)  # fmt: skip
def test_what_is_missing_or_contradicts_is_said(changes: dict[str, str | None], sentence: str) -> None:
    files = {name: text for name, text in {**BEIR, **changes}.items() if text is not None}
    assert refusal(files).startswith(sentence)


def test_ids_that_do_not_meet_offer_the_fields_that_may_hold_them() -> None:
    files = {**BEIR, "corpus.csv": "nummer,text\nn7,one\nn8,two\n", "qrels/test.tsv": "a\tn8\t1\n"}
    del files["corpus.jsonl"]
    with pytest.raises(UnknownShapeError, match=r"Or choose the field with their ids[.]$") as refused:
        read(files)
    assert {"nummer", "text"} <= set(refused.value.names)
    chosen = Fields(id="nummer")
    judged = read_judged_files([(name, text.encode()) for name, text in files.items()], LIMITS, "set", fields=chosen)
    assert judged.collection.qrels == {"a": {"n8": 1}}


def test_a_path_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="absent cannot be read"):
        read_judged_folder(tmp_path / "absent", LIMITS)


def test_the_rows_have_keys_of_their_own() -> None:
    assert len({row.key for row in ROLES}) == len(ROLES)
    assert len({row.key for row in CORPUS_FORMATS}) == len(CORPUS_FORMATS)
    assert all(row.label.to("zh") for row in ROLES)
