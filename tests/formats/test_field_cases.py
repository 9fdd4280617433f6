"""What people's tools write, kind by kind: every file is read as it is meant, or refused with what it is."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import sys
import tarfile
import zipfile

import docx
import pytest
from openpyxl import Workbook
from pypdf import PdfReader, PdfWriter

from demo.errors import InputError
from demo.formats import Fields, Limits, Loaded, from_texts, read_files, read_judgments, read_pasted
from demo.formats.documents import example_pdf
from demo.formats.fields import UnknownShapeError, find_field, flat, scalar_named
from demo.formats.judged import Judged, read_judged_files
from demo.formats.source import Source
from demo.formats.trec_runs import Run, read_run

LIMITS = Limits(passages=1000, passage_chars=10_000, upload_bytes=10_000_000, unpacked_bytes=20_000_000)

BEANS, PEAS, TULIPS = "Sow the beans in May, after the last frost.", "Peas climb on nets.", "Plant tulips in autumn."
PASSAGES = {"g1": BEANS, "g2": PEAS, "g3": TULIPS}
WHEN, WHERE = "when to sow beans", "where do peas climb"
CORPUS = "".join(json.dumps({"_id": key, "text": text}) + "\n" for key, text in PASSAGES.items())
QUERIES = json.dumps({"_id": "a", "text": WHEN}) + "\n" + json.dumps({"_id": "b", "text": WHERE}) + "\n"
QRELS = {"a": {"g1": 1}, "b": {"g2": 2}}
QRELS_TSV = "query-id\tcorpus-id\tscore\na\tg1\t1\nb\tg2\t2\n"

Files = dict[str, str | bytes]


def as_bytes(files: Files) -> list[tuple[str, bytes]]:
    return [(name, content.encode() if isinstance(content, str) else content) for name, content in files.items()]


def rerank(files: Files, fields: Fields = Fields()) -> Loaded:
    return read_files(as_bytes(files), LIMITS, fields=fields)


def evaluate(files: Files, fields: Fields = Fields()) -> Judged:
    return read_judged_files(as_bytes(files), LIMITS, "garden", fields=fields)


def run(name: str, content: str) -> Run:
    return read_run(Source(name, content.encode(), LIMITS))


def passages(loaded: Loaded | Judged) -> dict[str, str]:
    return {passage.doc_id: passage.text for passage in loaded.collection.passages}


def texts(loaded: Loaded | Judged) -> list[str]:
    return list(passages(loaded).values())


def queries(loaded: Loaded | Judged) -> dict[str, str]:
    return {query.query_id: query.text for query in loaded.collection.queries}


def graded(loaded: Loaded | Judged) -> dict[str, dict[str, int]]:
    """Query text → passage text → grade."""
    known = passages(loaded)
    return {
        query.text: {known[key]: grade for key, grade in loaded.collection.qrels.get(query.query_id, {}).items()}
        for query in loaded.collection.queries
    }


def note(loaded: Loaded | Judged) -> str:
    return str(loaded.reading.sentence())


def refusal(read: object, *values: object) -> str:
    assert callable(read)
    with pytest.raises(InputError) as caught:
        read(*values)
    return str(caught.value)


# ---- 1, 18: queries ----------------------------------------------------------------------------------------------

XML = f"""<?xml version="1.0"?><!DOCTYPE topics [<!ENTITY x SYSTEM "file:///etc/passwd">]><!-- two -->
<topics task="Garden"><topic number="a"><query>{WHEN}</query><question>At what time of the year?</question></topic>
<topic number="b"><narrative>Any place &amp; time.</narrative><query>{WHERE}</query></topic></topics>"""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("topics.xml", XML),
        ("topics.xml", f"<r><t><num>a</num><title>{WHEN}</title></t><t><num>b</num><title>{WHERE}</title></t></r>"),
        ("queries.csv", f'id,text\na,{WHEN}\nb,"{WHERE}"\n'),
        ("queries.csv", f"text;lang;qid\n{WHEN};en;a\n{WHERE};en;b\n"),
        ("queries.json", json.dumps([{"id": "a", "text": WHEN}, {"id": "b", "text": WHERE}], indent=1)),
        ("queries.json", json.dumps({"a": WHEN, "b": WHERE})),
        ("queries.json", json.dumps({"queries": [{"qid": "a", "query": WHEN}, {"qid": "b", "query": WHERE}]})),
        ("queries.json", json.dumps({"a": {"title": WHEN}, "b": {"title": WHERE}})),
        (
            "queries.jsonl",
            f'{{"query_id": "a", "query_text": "{WHEN}"}}\n{{"query_id": "b", "query_text": "{WHERE}"}}\n',
        ),
        ("queries.jsonl", f'{{"id": "a", "queryText": "{WHEN}"}},\n{{"id": "b", "queryText": "{WHERE}"}}'),
        ("queries.tsv", f"qid\tquery\tcategory\na\t{WHEN}\tsowing\nb\t{WHERE}\tclimbing\n"),
        ("queries.tsv", f"a\t{WHEN}\na\t{WHEN}\nb\t{WHERE}\n"),
        ("topics.txt", f"<top>\n<num> Number: a\n<query> {WHEN} </query>\n<top>\n<num> b <title> {WHERE}\n</top>"),
        ("topics.txt", f"<top><num>a</num><title></title><desc>{WHEN}</desc></top><top><num>b<title>{WHERE}</top>"),
    ],
)
def test_queries_have_their_ids_and_short_texts(name: str, content: str) -> None:
    judged = evaluate({"corpus.jsonl": CORPUS, name: content, "qrels.tsv": QRELS_TSV})
    assert queries(judged) == {"a": WHEN, "b": WHERE}
    assert judged.collection.qrels == QRELS


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("701:how\n702: where now\n", {"701": "how", "702": "where now"}),
        ("7 how to\n9 where to\n", {"7": "how to", "9": "where to"}),
        ("c++: how to\npython: how to\n", {"1": "c++: how to", "2": "python: how to"}),
        ("10 best ovens\n10 worst ovens\n", {"1": "10 best ovens", "2": "10 worst ovens"}),
        ("{braces} in a query\n", {"1": "{braces} in a query"}),
        ("who wrote this long book\t['me']\nwho is that person then\t['you']", {"1": "who wrote this long book",
                                                                              "2": "who is that person then"}),
    ],
)  # fmt: skip
def test_an_id_is_split_off_only_where_every_line_has_one(content: str, found: dict[str, str]) -> None:
    assert queries(evaluate({"corpus.jsonl": CORPUS, "queries.txt": content})) == found


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("asked.csv", f"id,query\na,{WHEN}\nb,{WHERE}\n"),
        ("asked.json", json.dumps([{"id": "a", "query": WHEN}, {"id": "b", "query": WHERE}])),
        ("asked.jsonl", f'{{"qid": "a", "question": "{WHEN}"}}\n{{"qid": "b", "question": "{WHERE}"}}\n'),
        ("asked.txt", f"<top><num>a<title>{WHEN}</top><top><num>b<title>{WHERE}</top>"),
    ],
)
def test_queries_are_known_without_a_name_that_says_so(name: str, content: str) -> None:
    assert queries(evaluate({"corpus.jsonl": CORPUS, name: content})) == {"a": WHEN, "b": WHERE}


def test_a_table_of_one_column_has_a_header_and_quotes() -> None:
    judged = evaluate({"corpus.jsonl": CORPUS, "queries.csv": f'query\n{WHEN}\n"why, then"\n'})
    assert list(queries(judged).values()) == [WHEN, "why, then"]


def test_the_same_query_twice_is_counted_and_with_another_text_refused() -> None:
    files: Files = {"corpus.jsonl": CORPUS, "queries.tsv": f"a\t{WHEN}\na\t{WHEN}\n"}
    assert "1 repeated query left out" in note(evaluate(files))
    assert "repeats the id “a”" in refusal(evaluate, {**files, "queries.tsv": f"a\t{WHEN}\na\t{WHERE}\n"})


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("<?xml version='1.0'?>", "looks like XML"),
        ('{"a": 1', "is not valid JSON"),
        ('{"size": 3}', "has no text"),
        ("id,kind,place\n1,x,y\n", "none of its columns is the query: “id”, “kind”, “place”"),
        ("id,kind,place\n1,x,y,z\n2", "none of its columns is the query"),
    ],
)
def test_queries_of_a_shape_that_is_not_known_are_never_lines(content: str, sentence: str) -> None:
    assert sentence in refusal(evaluate, {"corpus.jsonl": CORPUS, "queries.txt": content})


# ---- 2, 3: PDF ---------------------------------------------------------------------------------------------------

_GLYPHS = {"1": "ffi", "2": "fi", "3": "fl"}


def pdf_with_ligatures(lines: list[str]) -> bytes:
    """A page of these lines, in which 1, 2 and 3 are the glyphs ffi, fi and fl."""
    names = "/Differences[49/ffi/fi/fl]"
    content = "BT /F1 12 Tf 14 TL 72 720 Td " + " ".join(f"({line}) Tj T*" for line in lines) + " ET"
    font = f"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman/Encoding<</Type/Encoding{names}>>>>"
    example = example_pdf().decode()
    head, _, _ = example.partition("4 0 obj")
    body = f"4 0 obj\n<</Length {len(content)}>>\nstream\n{content}\nendstream\nendobj\n5 0 obj\n{font}\nendobj\n"
    return f"{head}{body}trailer\n<</Size 6/Root 1 0 R>>\n%%EOF".encode()


def test_ligatures_of_a_pdf_are_letters_and_words_cut_before_them_whole() -> None:
    line = "An e1cient gardener waters in the morning, when the sun is low and de-"
    loaded = rerank({"p.pdf": pdf_with_ligatures([line, "2ned beds lose the least; 3owers like it."])})
    assert "An efficient gardener" in texts(loaded)[0]
    assert "defined beds" in texts(loaded)[0]
    assert "flowers like it." in texts(loaded)[0]


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_a_pdf_that_only_an_owners_password_protects_is_read(algorithm: str) -> None:
    def locked(user: str) -> bytes:
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(example_pdf())))
        writer.encrypt(user, "owner", algorithm=algorithm)
        file = io.BytesIO()
        writer.write(file)
        return file.getvalue()

    assert "Berlin has 3,520,031" in texts(rerank({"p.pdf": locked("")}))[0]
    assert "protected by a password" in refusal(rerank, {"p.pdf": locked("secret")})


# ---- 4: sets to rerank -------------------------------------------------------------------------------------------

GRADED = {WHEN: {BEANS: 1, TULIPS: 0}, WHERE: {PEAS: 1, TULIPS: 0}}


def lines(*values: object) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def a_set(query: str, good: str, bad: str) -> str:
    return lines({query: WHEN, good: [BEANS], bad: [TULIPS]}, {query: WHERE, good: [PEAS], bad: [TULIPS]})


def marked(mark: str, good: object, bad: object, text: str = "text") -> str:
    return lines(
        {"query": WHEN, "passages": [{text: BEANS, mark: good}, {text: TULIPS, mark: bad}]},
        {"query": WHERE, "passages": [{text: PEAS, mark: good}, {text: TULIPS, mark: bad}]},
    )


def passages_in(key: str, *found: str) -> list[dict[str, str]]:
    return [{"docid": next(k for k, text in PASSAGES.items() if text == one), key: one} for one in found]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("test.jsonl", a_set("query", "positive", "negative")),
        ("test.json", json.dumps([json.loads(line) for line in a_set("query", "pos", "neg").splitlines()])),
        ("train.jsonl", a_set("anchor", "positives", "hard_negatives")),
        ("set.jsonl", lines({"query_id": "a", "query": WHEN, "positive_passages": passages_in("text", BEANS),
                             "negative_passages": passages_in("text", TULIPS)},
                            {"query_id": "b", "query": WHERE, "positive_passages": passages_in("text", PEAS),
                             "negative_passages": passages_in("text", TULIPS)})),
        ("dpr.json", json.dumps([{"question": WHEN, "answers": ["in May"], "positive_ctxs": passages_in("text", BEANS),
                                  "negative_ctxs": [], "hard_negative_ctxs": passages_in("text", TULIPS)},
                                 {"question": WHERE, "answers": ["nets"], "positive_ctxs": passages_in("text", PEAS),
                                  "hard_negative_ctxs": passages_in("text", TULIPS)}])),
        ("marco.jsonl", marked("is_selected", 1, 0, "passage_text")),
        ("read.jsonl", marked("has_answer", True, False)),
        ("cols.jsonl", lines({"query": WHEN, "passages": {"is_selected": [1, 0], "passage_text": [BEANS, TULIPS]}},
                             {"query": WHERE, "passages": {"is_selected": [1, 0], "passage_text": [PEAS, TULIPS]}})),
        ("pairs.jsonl", lines(*({"query": q, "document": t, "label": g} for q, d in GRADED.items()
                                for t, g in d.items()))),
        ("table.csv", "query,document,relevance\n" + "".join(f'{q},"{t}",{g}\n' for q, d in GRADED.items()
                                                            for t, g in d.items())),
        ("table.tsv", "label\tanswer\tquestion\n" + "".join(f"{g}\t{t}\t{q}\n" for q, d in GRADED.items()
                                                           for t, g in d.items())),
        ("table.csv", "question;sentence;rating\n" + "".join(f"{q};{t};{g}\n" for q, d in GRADED.items()
                                                            for t, g in d.items())),
        ("triples.tsv", f"{WHEN}\t{BEANS}\t{TULIPS}\n{WHERE}\t{PEAS}\t{TULIPS}\n"),
        ("triples.jsonl", lines({"anchor": WHEN, "positive": BEANS, "negative": TULIPS},
                                {"anchor": WHERE, "positive": PEAS, "negative_1": TULIPS})),
    ],
)  # fmt: skip
def test_a_set_to_rerank_gives_queries_and_graded_passages(name: str, content: str) -> None:
    judged = evaluate({name: content})
    assert graded(judged) == GRADED
    assert list(queries(judged).values()) == [WHEN, WHERE]
    assert len(passages(judged)) == 3
    assert graded(rerank({name: content})) == GRADED


def test_a_query_without_passages_is_told() -> None:
    judged = evaluate({"set.jsonl": a_set("query", "pos", "neg") + lines({"query": "why", "pos": [], "neg": []})})
    assert graded(judged) == GRADED
    assert "queries without passages left out: 1" in note(judged)


def test_ids_of_a_set_are_kept_and_titles_too() -> None:
    one = {"query_id": "a", "query": WHEN, "positive_passages": [{"docid": "g1", "title": "Beans", "text": BEANS}]}
    judged = evaluate({"set.jsonl": lines({**one, "negative_passages": [{"docid": "g9", "text": PEAS}]}, one)})
    assert [(p.doc_id, p.title) for p in judged.collection.passages] == [("g1", "Beans"), ("g9", "")]
    assert judged.collection.qrels == {"a": {"g1": 1, "g9": 0}}


def test_a_candidate_that_nobody_marked_is_unjudged() -> None:
    content = lines(
        {"query": {"text": WHEN, "qid": "7"}, "candidates": [{"docid": "g1", "doc": {"text": BEANS}}]},
        {"query": {"text": WHERE, "qid": "8"}, "candidates": [{"docid": "g2", "doc": {"text": PEAS}}]},
    )
    loaded = rerank({"requests.jsonl": content})
    assert queries(loaded) == {"7": WHEN, "8": WHERE}
    assert loaded.collection.qrels == {}


# ---- 5, 6: encodings ---------------------------------------------------------------------------------------------


def test_a_bad_byte_does_not_spoil_a_file() -> None:
    content = "Jardin d’été : fèves, choux-fleurs.\nSemé en mai.\n".encode() + b"\xff20 \xc2\xb0C sous serre.\n"
    loaded = rerank({"p.txt": content})
    assert texts(loaded)[0] == "Jardin d’été : fèves, choux-fleurs."
    assert "1 character cannot be read" in note(loaded)
    assert "read as" not in note(loaded)


def test_a_short_file_of_windows_1252_stays_one() -> None:
    assert texts(rerank({"p.txt": "Fèves et céleri dès l'été".encode("cp1252")})) == ["Fèves et céleri dès l'été"]


# ---- 7: DOCX -----------------------------------------------------------------------------------------------------

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'


def docx_of(body: str) -> bytes:
    file = io.BytesIO()
    docx.Document().save(file)
    out = io.BytesIO()
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(out, "w") as changed:
        for name in archive.namelist():
            is_main = name == "word/document.xml"
            changed.writestr(
                name, f"<w:document {W} {MC}><w:body>{body}</w:body></w:document>" if is_main else archive.read(name)
            )
    return out.getvalue()


def paragraph(inner: str) -> str:
    return f"<w:p>{inner}</w:p>"


def words(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


BOX = (
    "<mc:AlternateContent><mc:Choice><w:txbxContent>{box}</w:txbxContent></mc:Choice>"
    "<mc:Fallback><w:txbxContent>{box}</w:txbxContent></mc:Fallback></mc:AlternateContent>"
)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (f"<w:sdt><w:sdtContent>{paragraph(words('In a control.'))}</w:sdtContent></w:sdt>", ["In a control."]),
        (paragraph(f"{words('Sow in ')}<w:sdt><w:sdtContent>{words('May')}</w:sdtContent></w:sdt>"), ["Sow in May"]),
        (paragraph(f"{words('Sow ')}<w:ins>{words('beans')}</w:ins>"
                   "<w:del><w:r><w:delText>peas</w:delText></w:r></w:del>"), ["Sow beans"]),
        (paragraph(f"<w:moveFrom>{words('gone')}</w:moveFrom>{words('kept')}") +
         paragraph(f"<w:moveTo>{words('here')}</w:moveTo>"), ["kept", "here"]),
        (paragraph(words("Outside.") + "<w:r>" + BOX.format(box=paragraph(words("In a box."))) + "</w:r>"),
         ["Outside.", "In a box."]),
        (f"<w:tbl><w:tr><w:tc>{paragraph(words('a'))}<w:tbl><w:tr><w:tc>{paragraph(words('inner'))}</w:tc></w:tr>"
         f"</w:tbl></w:tc><w:tc>{paragraph(words('b'))}</w:tc></w:tr></w:tbl>", ["a inner | b"]),
    ],
)  # fmt: skip
def test_a_document_gives_what_its_reader_sees(body: str, found: list[str]) -> None:
    assert texts(rerank({"n.docx": docx_of(body)})) == found


# ---- 8, 20, 24: tables -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("p.tsv", f'id\ttext\ng1\t"First line.\nSecond ""line""."\ng2\t{PEAS}\n',
         {"g1": 'First line.\nSecond "line".', "g2": PEAS}),
        ("p.tsv", f'id\ttext\ng1\t"Opens and does not close\ng2\t{PEAS}\n',
         {"g1": '"Opens and does not close', "g2": PEAS}),
        ("p.csv", f"chunk_id,chunk_text,source\ng1,{PEAS},a.pdf\n", {"g1": PEAS}),
        ("p.csv", f"sku,Inhalt des Blattes\n7,{PEAS}\n9,{TULIPS}\n", {"7": PEAS, "9": TULIPS}),
        ("p.csv", f"id,link,beschreibung,tags\ng1,https://example.org/a/very/long/address/of/a/page/in/it,{PEAS},x\n",
         {"g1": PEAS}),
        ("p.csv", f",id,text,\n0,g1,{PEAS},\n1,g3,{TULIPS},\n", {"g1": PEAS, "g3": TULIPS}),
        ("p.csv", f"\n\nid;text;n\ng1;{PEAS};2,5\n", {"g1": PEAS}),
        ("p.csv", 'id,text\ng1,5" pots\n', {"g1": '5" pots'}),
        ("p.jsonl", f'{{"id": 1, "text": NaN}}\n{{"id": 2, "text": "{PEAS}"}}\n', {"2": PEAS}),
        ("p.csv", f"sep=;\nid;text\ng1;{PEAS}\n", {"g1": PEAS}),
        ("p.csv", f"# made on Monday\nid,text\ng1,{PEAS}\n", {"g1": PEAS}),
        ("p.csv", 'id,text\ng1,"He said \\"sow\\", then left"\ng2,Peas\n',
         {"g1": 'He said "sow", then left', "g2": "Peas"}),
    ],
)  # fmt: skip
def test_tables_as_tools_write_them(name: str, content: str, found: dict[str, str]) -> None:
    assert passages(rerank({name: content})) == found


@pytest.mark.parametrize("name", ["p.tsv", "p.csv"])
def test_a_table_without_a_header_loses_no_row(name: str) -> None:
    separator = "\t" if name.endswith(".tsv") else ","
    rows = [("7", PEAS, "3"), ("8", TULIPS, "4")]
    content = "".join(separator.join(row) + "\n" for row in rows)
    try:
        found = " ".join(texts(rerank({name: content})))
    except InputError as error:
        found = str(error)
    assert PEAS in found


def test_a_column_can_be_chosen() -> None:
    content = f'key,note,remark\n1,{PEAS},{TULIPS}\n2,"{BEANS}",{PEAS}\n'
    assert texts(rerank({"p.csv": content}, Fields(text="remark", id="key"))) == [TULIPS, PEAS]
    assert "has no field “absent”; found: “key”" in refusal(rerank, {"p.csv": content}, Fields(text="absent"))


def test_fields_beside_the_text_stay_and_what_was_taken_for_what_is_told() -> None:
    loaded = rerank({"p.csv": f"year,id,body\n1999,g2,{PEAS}\n"})
    assert loaded.collection.passages[0].fields == {"year": "1999"}
    assert {(column.name, str(column.role)) for column in loaded.reading.columns} == {("body", "text"), ("id", "id")}
    assert [passage.text for passage in loaded.reading.preview.passages] == [PEAS]


# ---- 9, 10, 12, 13, 14, 22: JSON ---------------------------------------------------------------------------------

TWO = {"g1": BEANS, "g2": PEAS}
RECORDS = [{"id": key, "text": text} for key, text in TWO.items()]
SOURCES = {key: {"title": "T", "body": text} for key, text in TWO.items()}
HITS = [
    {"_index": "x", "_id": key, "_score": 2.0 - at, "_source": value} for at, (key, value) in enumerate(SOURCES.items())
]


def langchain(key: str, text: str) -> dict[str, object]:
    path = ["langchain", "schema", "document", "Document"]
    inner = {"page_content": text, "metadata": {"text": "not this", "page": 1}, "type": "Document", "id": key}
    return {"lc": 1, "type": "constructor", "id": path, "kwargs": inner}


@pytest.mark.parametrize(
    "value",
    [
        {"name": "Garden", "description": "Three notes on a garden.", "chunks": RECORDS},
        {"id": ["g1", "g2"], "text": [BEANS, PEAS]},
        {"columns": ["id", "text"], "data": [["g1", BEANS], ["g2", PEAS]], "index": [0, 1]},
        {"id": {"0": "g1", "1": "g2"}, "text": {"0": BEANS, "1": PEAS}},
        {"features": [], "rows": [{"row_idx": at, "row": one} for at, one in enumerate(RECORDS)]},
        {"ids": ["g1", "g2"], "documents": [BEANS, PEAS], "metadatas": [{"p": 1}, {"p": 2}]},
        {"ids": [["g1", "g2"]], "documents": [[BEANS, PEAS]], "distances": [[0.1, 0.4]], "metadatas": [[None, None]]},
        {"hits": {"hits": HITS}},
        {"responses": [{"hits": {"hits": HITS[:1]}}, {"hits": {"hits": HITS[1:]}}]},
        HITS,
        {"response": {"docs": [{"id": key, "body_txt_en": [text], "_version_": 1} for key, text in TWO.items()]}},
        {"root": {"children": [{"id": f"id:n:t::{key}", "relevance": 0.5, "fields": value}
                               for key, value in SOURCES.items()]}},
        {"found": 2, "hits": [{"document": {"id": key, **value}, "text_match": 9,
                               "highlights": [{"snippet": "a long highlight of words that is no text at all"}]}
                              for key, value in SOURCES.items()]},
        {"hits": [{"objectID": key, "overview": text, "_highlightResult": {"overview": {"value": "x" * 99}}}
                  for key, text in TWO.items()], "nbHits": 2},
        {"hits": [{"id": key, "overview": text, "_formatted": {"overview": text + text}} for key, text in TWO.items()],
         "processingTimeMs": 1},
        {"results": [{"hits": [{"document": {"id": key, "body": text}}]} for key, text in TWO.items()]},
        {"@odata.context": "x", "value": [{"@search.score": 1.0, "id": key, "content": text}
                                          for key, text in TWO.items()]},
        {"result": [{"id": key, "score": 0.9, "payload": {"page_content": text, "metadata": {"text": "n"}}}
                    for key, text in TWO.items()], "status": "ok"},
        {"result": {"points": [{"id": key, "payload": {"text": text}} for key, text in TWO.items()]}},
        {"data": {"Get": {"Note": [{"body": text, "_additional": {"id": key, "distance": 0.2}}
                                   for key, text in TWO.items()]}}},
        {"objects": [{"id": key, "class": "Note", "properties": {"body": text}} for key, text in TWO.items()]},
        {"matches": [{"id": key, "score": 0.5, "values": [0.1] * 50, "metadata": {"text": text}}
                     for key, text in TWO.items()], "namespace": ""},
        [langchain(key, text) for key, text in TWO.items()],
        [{"node": {"id_": key, "text": text, "metadata": {"file": "a"}}, "score": 0.3} for key, text in TWO.items()],
        [{"id": key, "metadata": {"text": "not this"}, "page_content": text} for key, text in TWO.items()],
        {"query": {"text": WHEN, "qid": "1"}, "candidates": [{"docid": key, "score": 1, "doc": {"_id": 5, "text": text}}
                                                             for key, text in TWO.items()]},
    ],
)  # fmt: skip
def test_json_of_engines_stores_and_frameworks_gives_the_passages(value: object) -> None:
    assert passages(rerank({"answer.json": json.dumps(value, indent=1)})) == TWO
    assert passages(rerank({"answer.txt": json.dumps(value)})) == TWO


@pytest.mark.parametrize(
    "content",
    [
        lines(
            {"index": {"_id": "g1"}}, SOURCES["g1"], {"delete": {"_id": "g7"}}, {"create": {"_id": "g2"}}, SOURCES["g2"]
        ),
        lines({"update": {"_id": "g1"}}, {"doc": SOURCES["g1"]}, {"index": {"_id": "g2"}}, SOURCES["g2"]),
        lines(*HITS),
        lines({"hits": {"hits": HITS[:1]}}, {"hits": {"hits": HITS[1:]}}),
        lines(*({"put": f"id:n:t::{key}", "fields": value} for key, value in SOURCES.items())),
        json.dumps(RECORDS, indent=2),
        "\n".join(json.dumps(one, indent=2) for one in RECORDS),
        ",\n".join(json.dumps(one) for one in RECORDS),
        lines(*(langchain(key, text) for key, text in TWO.items())),
    ],
)
def test_json_lines_of_engines_and_json_under_that_name(content: str) -> None:
    assert passages(rerank({"feed.jsonl": content})) == TWO
    assert passages(evaluate({"corpus.jsonl": content, "queries.jsonl": QUERIES})) == TWO


def test_scores_of_engines_come_along_and_distances_count_down() -> None:
    assert rerank({"a.json": json.dumps({"hits": {"hits": HITS}})}).collection.engine_scores == {"g1": 2.0, "g2": 1.0}
    answer = {"ids": [["g1", "g2"]], "documents": [[BEANS, PEAS]], "distances": [[0.1, 0.4]]}
    assert rerank({"a.json": json.dumps(answer)}).collection.engine_scores == {"g1": -0.1, "g2": -0.4}


@pytest.mark.parametrize(
    "value",
    [
        {"id": "x", "results": [{"document": {"text": PEAS}, "index": 1, "relevance_score": 0.9},
                                {"document": {"text": BEANS}, "index": 0, "relevance_score": 0.1}], "meta": {"v": 1}},
        {"object": "list", "data": [{"relevance_score": 0.9, "index": 1, "document": PEAS},
                                    {"relevance_score": 0.1, "index": 0, "document": BEANS}]},
        [{"index": 1, "score": 0.9, "text": PEAS}, {"index": 0, "score": 0.1, "text": BEANS}],
    ],
)  # fmt: skip
def test_the_answer_of_a_rerank_service_keeps_order_and_scores(value: object) -> None:
    loaded = rerank({"answer.json": json.dumps(value)})
    assert texts(loaded) == [PEAS, BEANS]
    assert list((loaded.collection.engine_scores or {}).values()) == [0.9, 0.1]


def test_an_answer_of_places_and_scores_alone_is_named() -> None:
    value = {"results": [{"index": 1, "relevance_score": 0.9}]}
    assert "places and scores, and no texts" in refusal(rerank, {"a.json": json.dumps(value)})


def test_sections_of_a_hit_are_its_text() -> None:
    sections = [{"heading": "how", "text": BEANS}, {"heading": "tip", "text": "Water them."}]
    hit = {"_id": "g1", "_source": {"title": "Beans", "sections": sections}}
    assert passages(rerank({"a.json": json.dumps({"hits": {"hits": [hit]}})})) == {"g1": f"{BEANS}\nWater them."}


def test_of_two_lists_the_one_taken_is_told() -> None:
    value = {"notes": RECORDS, "authors": [{"text": "A person who wrote it."}]}
    assert "passages from “notes”, not from “authors”" in note(rerank({"a.json": json.dumps(value)}))


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"matches": [{"x": 1}] * 12, "took": 3}, "an object with “matches” (12 items, each with “x”), “took”"),
        ({"id": ["g1"], "text": [BEANS, PEAS]}, "“id” lists 1 values and “text” 2. Columns need as many values each."),
        ({"error": "there is no such index here"}, "an object with “error”"),
        ({"tags": ["a", "b"], "size": 2}, "an object with “tags” (2 items), “size”"),
    ],
)
def test_an_unknown_shape_is_refused_and_described(value: object, sentence: str) -> None:
    assert sentence in refusal(rerank, {"a.json": json.dumps(value)})


def test_a_refusal_names_the_fields_to_choose_from() -> None:
    with pytest.raises(UnknownShapeError) as caught:
        rerank({"a.jsonl": lines({"x": 1, "remark": "short"}, {"x": 2, "remark": "brief"})})
    assert caught.value.names == ("x", "remark")
    chosen = rerank({"a.jsonl": lines({"x": 1, "remark": "short"}, {"x": 2, "remark": "brief"})}, Fields(text="remark"))
    assert texts(chosen) == ["short", "brief"]


def test_records_of_ever_other_fields_are_refused_early() -> None:
    def of(names: int) -> str:
        return lines({"text": BEANS}, *({"text": PEAS, **{f"{a}{n}": 1 for a in "abcd"}} for n in range(names // 4)))

    sentence = refusal(rerank, {"a.jsonl": of(20_004)})
    assert sentence.startswith("Line 5,001 of a.jsonl brings a field whose name is new after 20,000 others")
    assert texts(rerank({"a.jsonl": of(19_996)})) == [BEANS, PEAS]


@pytest.mark.parametrize("names", [[f"field {number} {'x' * 60}" for number in range(500)], ["m" * 3_000]])
def test_names_of_many_or_long_fields_do_not_stay_in_the_process(names: list[str]) -> None:
    record = dict.fromkeys(names, "a word or two")
    references = [sys.getrefcount(name) for name in names]
    assert find_field(record, ("text",)) is None
    assert scalar_named(flat(record), ("text",)) is None
    assert [sys.getrefcount(name) for name in names] == references


def test_one_text_where_a_list_is_meant_is_refused() -> None:
    assert "list of texts" in refusal(from_texts, BEANS, LIMITS)
    assert "list of texts" in refusal(from_texts, {"text": BEANS}, LIMITS)


# ---- 11: qrels ---------------------------------------------------------------------------------------------------

QRELS_FILES = [
    ("qrels.csv", "query-id,corpus-id,score\na,g1,1\nb,g2,2\n"),
    ("qrels.csv", '"score";"docid";"query"\n1;g1;a\n2.0;g2;b\n'),
    ("qrels.json", json.dumps(QRELS)),
    ("qrels.json", json.dumps([{"query": "a", "docid": "g1", "rel": 1}, {"query": "b", "docid": "g2", "rel": 2}])),
    ("qrels.json", json.dumps({"name": "j", "judgmentRatings": [
        {"query": key, "ratings": [{"docId": doc, "rating": f"{grade}.0"} for doc, grade in docs.items()]}
        for key, docs in QRELS.items()]})),
    ("qrels.json", json.dumps({"requests": [{"id": key, "request": {}, "ratings": [
        {"_index": "x", "_id": doc, "rating": grade} for doc, grade in docs.items()]}
        for key, docs in QRELS.items()]})),
    ("qrels.jsonl", lines({"query-id": "a", "corpus-id": "g1", "score": 1.0},
                          {"query-id": "b", "corpus-id": "g2", "score": 2})),
    ("qrels.tsv", "qid\titer\tdocid\trel\na\t0\tg1\t1\nb\t0\tg2\t2\n"),
    ("qrels.txt", "qid iter docid rel\na 0 g1 1\nb 0 g2 2\n"),
    ("case.csv", "Team Name,Case Name,Case ID,Query Text,Doc ID,Title,Doc Position,Rating,Notes\n"
                 "t,c,7,a,g1,T,1,1,\nt,c,7,b,g2,U,1,2,x\n"),
    ("qrels.csv", "a,g1,1\nb,g2,2\n"),
    ("qrels.txt", "# pooled to depth ten\na 0 g1 1\nb  0\tg2  2\t\t\n"),
    ("qrels.txt", "a\tQ0\tg1\t1\nb\tQ0\tg2\t2\t\t\n"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content"), QRELS_FILES)
def test_judgments_of_every_form(name: str, content: str) -> None:
    judged = evaluate({"corpus.jsonl": CORPUS, "queries.jsonl": QUERIES, name: content})
    assert judged.collection.qrels == QRELS
    assert read_judgments(name, content.encode(), LIMITS) == QRELS
    assert read_judgments(f"{name}.gz", gzip.compress(content.encode()), LIMITS) == QRELS


def test_judgments_may_name_queries_by_text_and_ids_as_fractions() -> None:
    by_text = f'query,docid,rating\n{WHEN},g1,1\n"{WHERE}",g2,2\n'
    assert evaluate({"corpus.jsonl": CORPUS, "queries.jsonl": QUERIES, "j.csv": by_text}).collection.qrels == QRELS
    numbers: Files = {"corpus.jsonl": lines({"_id": 1, "text": BEANS}, {"_id": 2, "text": PEAS}),
                      "queries.jsonl": lines({"_id": 10, "text": WHEN}), "qrels.tsv": "10.0\t2.0\t1.0\n"}  # fmt: skip
    assert evaluate(numbers).collection.qrels == {"10": {"2": 1}}


def test_judgments_without_grades_count_as_1_where_a_header_says_what_they_are() -> None:
    files: Files = {"corpus.jsonl": CORPUS, "queries.jsonl": QUERIES, "qrels.tsv": "qid\tpid\na\tg1\n"}
    judged = evaluate(files)
    assert judged.collection.qrels == {"a": {"g1": 1}}
    assert "no grades: each pair counts as grade 1" in note(judged)
    assert "has 2 columns" in refusal(evaluate, {**files, "qrels.tsv": "a\tg1\n"})


def test_columns_of_judgments_can_be_chosen() -> None:
    content = "wer,was,wie\na,g1,1\nb,g2,2\n"
    assert "names no query, passage and grade: “wer”, “was”, “wie”" in refusal(
        read_judgments, "j.csv", content.encode(), LIMITS
    )
    fields = Fields(query="wer", id="was", grade="wie")
    assert read_judgments("j.csv", content.encode(), LIMITS, fields) == QRELS


def test_a_number_sign_in_an_id_is_no_comment() -> None:
    assert read_judgments("q.txt", b"#a 0 d#1 1\n# a comment of some words\n", LIMITS) == {"#a": {"d#1": 1}}


# ---- 15, 24: archives and workbooks ------------------------------------------------------------------------------

FOLDER: Files = {"corpus.jsonl": CORPUS, "queries.jsonl": QUERIES, "qrels.tsv": QRELS_TSV}


def zipped(files: Files) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(files: Files) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in as_bytes(files):
            info = tarfile.TarInfo(f"./garden/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def workbook(*sheets: list[list[object]]) -> bytes:
    book = Workbook()
    for at, rows in enumerate(sheets):
        sheet = book.create_sheet(f"S{at + 1}", at)
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "pack"),
    [("g.tar", bytes), ("g.tar.gz", gzip.compress), ("g.tgz", gzip.compress), ("g.tar.bz2", bz2.compress),
     ("g.tar.xz", lzma.compress)],
)  # fmt: skip
def test_collections_in_tar_archives(name: str, pack: object) -> None:
    assert callable(pack)
    judged = evaluate({name: pack(tarred(FOLDER))})
    assert (queries(judged), judged.collection.qrels) == ({"a": WHEN, "b": WHERE}, QRELS)
    assert queries(rerank({name: pack(tarred(FOLDER))})) == {"a": WHEN, "b": WHERE}


@pytest.mark.parametrize("path", ["../x.txt", "/etc/x.txt"])
def test_paths_that_lead_out_of_a_tar_archive_are_refused(path: str) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(path))
    assert "path leads out of the archive" in refusal(rerank, {"p.tar": file.getvalue()})


def test_a_name_in_a_tar_that_is_no_utf_8_can_be_written() -> None:
    found = passages(rerank({"p.tar": tarred({"a.txt": "one", "b\udcff.txt": "two"})}))
    assert found == {"a-1": "one", "b\ufffd-1": "two"}


def test_links_in_a_tar_archive_are_left_out() -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        link = tarfile.TarInfo("link.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        info = tarfile.TarInfo("a.txt")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"one"))
    assert texts(rerank({"p.tar": file.getvalue()})) == ["one"]


def test_a_workbook_is_read_sheet_by_sheet() -> None:
    rows: list[list[object]] = [["query", "document", "label"], [WHEN, BEANS, 1], [WHEN, TULIPS, 0],
                                [WHERE, PEAS, 1.0], [WHERE, TULIPS, 0]]  # fmt: skip
    assert graded(evaluate({"judged.xlsx": workbook(rows)})) == GRADED
    assert graded(rerank({"judged.xlsx": workbook(rows)})) == GRADED
    two = rerank({"b.xlsx": workbook([["id", "text"], [1, BEANS]], [["id", "text", "n"], ["x", f"{PEAS}\nnow", 2.5]])})
    assert passages(two) == {"1": BEANS, "x": f"{PEAS}\nnow"}
    assert two.collection.passages[1].fields == {"n": "2.5"}
    assert texts(rerank({"c.xlsx": workbook([[BEANS], [PEAS]])})) == [BEANS, PEAS]


def test_what_is_wrong_in_a_workbook_is_told_by_its_row() -> None:
    rows: list[list[object]] = [["id", "text"], ["x", "one\ntwo"], ["x", PEAS]]
    assert refusal(rerank, {"b.xlsx": workbook(rows)}).startswith("Row 3 of b.xlsx/S1 has the id “x” of row 2")
    assert "Excel" in refusal(rerank, {"b.xlsx": workbook([])})


def test_office_files_in_an_archive_are_left_out_and_counted() -> None:
    loaded = rerank(
        {"n.zip": zipped({"a.txt": f"{BEANS}\n{PEAS}\n", "b.xlsx": workbook([["x"]]), "c.html.bin": b"\0"})}
    )
    assert texts(loaded) == [BEANS, PEAS]
    assert "files of other kinds left out: 2" in note(loaded)


@pytest.mark.parametrize("part", ["ppt/presentation.xml", "META-INF/container.xml", "content.xml"])
def test_other_office_files_are_named(part: str) -> None:
    assert "which is not read. Save" in refusal(rerank, {"s.bin": zipped({part: "<a/>"})})


def test_parquet_is_read_where_pyarrow_is_installed() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    file = io.BytesIO()
    rows = [json.loads(line) for line in a_set("query", "positive", "negative").splitlines()]
    parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    assert graded(evaluate({"test.parquet": file.getvalue()})) == GRADED


def test_parquet_is_refused_with_what_to_do_where_it_is_not() -> None:
    if __import__("importlib.util").util.find_spec("pyarrow"):
        pytest.skip("pyarrow is installed")
    assert "needs the package pyarrow" in refusal(rerank, {"t.parquet": b"PAR1 and more"})


def test_several_collections_in_an_archive_are_named_by_their_folders() -> None:
    files: Files = {f"{name}/{file}": content for name in ("herbs", "trees") for file, content in FOLDER.items()}
    sentence = refusal(evaluate, {"all.zip": zipped(files)})
    assert "herbs" in sentence
    assert "trees" in sentence


# ---- 16, 19, 23: what stands beside a collection -----------------------------------------------------------------


def test_figures_and_several_runs_beside_a_collection_are_named() -> None:
    judged = evaluate({**FOLDER, "bm25.eval.txt": "map\tall\t0.3\nndcg\tall\t0.4\n",
                       "run.bm25.txt": "a Q0 g1 1 9.1 bm25\n", "run.dense.txt": "a Q0 g2 1 0.9 dense\n"})  # fmt: skip
    assert passages(judged) == PASSAGES
    assert "left out: bm25.eval.txt" in note(judged)
    assert "run.bm25.txt, run.dense.txt" in note(judged)
    assert {name: dict(run.rankings) for name, run in judged.runs.items()} == {
        "run.bm25.txt": {"a": ("g1",)},
        "run.dense.txt": {"a": ("g2",)},
    }


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("run.json", json.dumps({"a": {"g2": 9.5, "g1": 3.2}, "b": {"g3": 1.5}})),
        ("run.tsv", "a\tg2\t1\t9.5\na\tg1\t2\t3.2\nb\tg3\t1\t1.5\n"),
        ("run.tsv", "a\tg2\t9.5\t1\na\tg1\t3.2\t2\nb\tg3\t1.5\t1\n"),
        ("run.txt", "a Q0 g2 1 9.5\na Q0 g1 2 3.2\nb Q0 g3 1 1.5\n"),
        ("run.txt", "a g2 1 9.5 bm25\na g1 2 3.2 bm25\nb g3 1 1.5 bm25\n"),
        ("run.txt", "# a comment\na Q0 g1 - 3.2 my tag\na Q0 g2 - 9.5 my tag\nb Q0 g3 - 1.5 my tag\n"),
        ("run.csv", "qid,docid,score\na,g1,3.2\na,g2,9.5\nb,g3,1.5\n"),
        ("run.csv", "rank,doc_id,query_id,score\n2,g1,a,3.2\n1,g2,a,9.5\n1,g3,b,1.5\n"),
        ("run.jsonl", lines({"query_id": "a", "doc_id": "g1", "score": 3.2},
                            {"query_id": "a", "doc_id": "g2", "score": 9.5},
                            {"query_id": "b", "doc_id": "g3", "score": 1.5})),
        ("run.jsonl", lines({"query": {"qid": "a", "text": WHEN}, "candidates": [{"docid": "g2", "score": 9.5},
                                                                              {"docid": "g1", "score": 3.2}]},
                            {"query": {"qid": "b", "text": WHERE}, "candidates": [{"docid": "g3", "score": 1.5}]})),
    ],
)  # fmt: skip
def test_runs_of_every_form(name: str, content: str) -> None:
    found = run(name, content)
    assert found.rankings == {"a": ("g2", "g1"), "b": ("g3",)}
    assert found.scores == {"a": (9.5, 3.2), "b": (1.5,)}


def test_runs_of_ranks_alone_may_have_q0() -> None:
    assert run("run.txt", "a Q0 g2 1\na Q0 g1 2\n").rankings == {"a": ("g2", "g1")}


def test_the_json_that_rerank_reads_is_a_collection_in_evaluate() -> None:
    value = {"passages": RECORDS, "queries": {"a": WHEN}, "qrels": {"a": {"g1": 1}}}
    for read in (evaluate, rerank):
        loaded = read({"set.json": json.dumps(value)})
        assert (queries(loaded), loaded.collection.qrels) == ({"a": WHEN}, {"a": {"g1": 1}})


@pytest.mark.parametrize(("name", "content"), QRELS_FILES[:4])
def test_rerank_reads_a_corpus_queries_and_qrels_as_evaluate_does(name: str, content: str) -> None:
    loaded = rerank(
        {"docs.csv": f'id,text\ng1,"{BEANS}"\ng2,{PEAS}\n', "queries.tsv": f"a\t{WHEN}\nb\t{WHERE}\n", name: content}
    )
    assert passages(loaded) == TWO
    assert loaded.collection.qrels == QRELS


# ---- 21, 48: marks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("<p>Sow &amp; water the beans.</p>", "Sow & water the beans."),
        ("<p>Sow.&nbsp;<code>May</code></p>\n<p>Then wait.</p>", "Sow. May Then wait."),
        ("The element <div> holds blocks, List<T> does not.", "The element <div> holds blocks, List<T> does not."),
        ("if a < b and c > d", "if a < b and c > d"),
        ("<div> is an element", "<div> is an element"),
        ("Say <b>it</b> &amp; leave", "Say <b>it</b> &amp; leave"),
    ],
)
def test_texts_that_are_html_are_cleaned_and_texts_about_it_are_not(text: str, clean: str) -> None:
    loaded = rerank({"so.csv": f'Id,Title,Body\n1,T,"{text}"\n2,U,Plain.\n'})
    assert texts(loaded)[0] == clean
    assert ("HTML marks taken out of 1 passage" in note(loaded)) == (text.startswith("<p>"))
    assert ("HTML marks stand in 1 passage" in note(loaded)) == ("</b>" in text)


def test_other_xml_is_read_by_its_elements_and_html_by_its_blocks() -> None:
    page = "<pages><page><name>A</name><body>{}</body></page><page><name>B</name><body>{}</body></page></pages>"
    assert texts(rerank({"p.xml": '<?xml version="1.0"?>' + page.format(BEANS, PEAS)})) == [BEANS, PEAS]
    html = (
        f"<html><head><style>p {{}}</style></head><body><h1>A</h1><p>{BEANS}</p><ul><li>{PEAS}</li></ul></body></html>"
    )
    assert [(p.title, p.text) for p in rerank({"p.html": html}).collection.passages] == [("A", BEANS), ("A", PEAS)]
    assert "XML" in refusal(rerank, {"p.xml": '<?xml version="1.0"?><a></a>'})


# ---- shops, help desks, wikis, papers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        *(
            "sku,product_name,description",
            "product_id,product_title,product_description",
            "asin,name,product_description",
        ),
        *("ticket_id,subject,message", "issue_key,title,description", "Handle,Title,Body (HTML)", "doi,title,abstract"),
        *("arxiv_id,title,summary", "page_id,page_title,wikitext", "article_id,article_title,article_body"),
    ],
)
def test_the_names_of_shops_help_desks_wikis_and_papers_are_known(names: str) -> None:
    table = f"{names}\nk1,Peas,{PEAS}\nk2,Tulips,{TULIPS}\n"
    rows = [dict(zip(names.split(","), row, strict=True)) for row in (("k1", "Peas", PEAS), ("k2", "Tulips", TULIPS))]
    for loaded in (rerank({"p.csv": table}), read_pasted(table, LIMITS), rerank({"p.json": json.dumps(rows)})):
        found = [(each.doc_id, each.title, each.text) for each in loaded.collection.passages]
        assert found == [("k1", "Peas", PEAS), ("k2", "Tulips", TULIPS)]
        assert loaded.reading.is_certain


def test_hits_of_a_shop_are_read_with_the_names_of_its_products() -> None:
    hits = [{"_id": "7", "_score": 2.0, "_source": {"product_name": "Net", "description": PEAS}}]
    (passage,) = rerank({"hits.json": json.dumps({"hits": {"hits": hits}})}).collection.passages
    assert (passage.doc_id, passage.title, passage.text) == ("7", "Net", PEAS)


def test_what_several_passages_are_about_names_none_of_them() -> None:
    shared = rerank({"p.csv": f"asin,review_body\nB1,{PEAS}\nB1,{TULIPS}\n"})
    assert passages(shared) == {"1": PEAS, "2": TULIPS}
    assert [dict(each.fields) for each in shared.collection.passages] == [{"asin": "B1"}] * 2
    assert passages(rerank({"p.csv": f"asin,review_body\nB1,{PEAS}\nB2,{TULIPS}\n"})) == {"B1": PEAS, "B2": TULIPS}
    with_own = f"id,asin,review_body\nr1,B1,{PEAS}\nr2,B1,{TULIPS}\n"
    assert passages(rerank({"p.csv": with_own})) == {"r1": PEAS, "r2": TULIPS}


def test_long_fields_that_no_ranker_reads_are_named() -> None:
    long = f"{PEAS} {BEANS}"
    table = rerank({"p.csv": f'sku,title,description,care,brand\n1,Net,{PEAS},"{long}",Green Corner\n'})
    assert note(table).endswith("text from column “description”; the rankers do not read “care”")
    objects = rerank(
        {"p.json": json.dumps([{"text": PEAS, "care": long, "tags": ["a", "b"], "url": "https://a.b/" * 5}])}
    )
    assert note(objects).endswith("; the rankers do not read “care”")
    assert "do not read" not in note(rerank({"p.csv": f'id,title,text\n1,"{long}",{PEAS}\n'}))


def test_where_the_text_is_from_is_left_to_what_tells_it_beside_the_summary() -> None:
    loaded = rerank({"p.csv": f"id,body,year\n1,{PEAS},1999\n"})
    assert note(loaded) == "1 passage, one per row of a table; text from column “body”"
    assert str(loaded.reading.summary()) == "1 passage, one per row of a table"
    assert [column.name for column in loaded.reading.columns] == ["body", "id"]


def test_what_a_service_says_went_wrong_is_no_passage() -> None:
    with pytest.raises(InputError, match="an object with “message”, “status”"):
        rerank({"p.json": json.dumps({"message": "There is no index of this name.", "status": 404})})


def test_tickets_with_a_subject_matter_and_a_rating_are_no_judgments() -> None:
    tickets = [
        {"ticket_id": n, "topic": "billing", "message": text, "rating": 5} for n, text in ((1, PEAS), (2, TULIPS))
    ]
    assert passages(rerank({"tickets.json": json.dumps(tickets)})) == {"1": PEAS, "2": TULIPS}


def test_where_json_breaks_off_is_said_in_one_sentence() -> None:
    with pytest.raises(
        InputError, match=r"p[.]json is not valid JSON: unterminated string starting at column 11[.] Mend"
    ):
        rerank({"p.json": '[{"text": "Sow the beans'})
