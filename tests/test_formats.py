"""Passages in: every format's own example, what detection chooses, what is refused and how, and hostile files."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import re
import time
import zipfile
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path

import docx
import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject

from demo.errors import InputError
from demo.formats import (
    FORMATS,
    PASTED_FORMATS,
    Format,
    Limits,
    Loaded,
    accepted_suffixes,
    from_texts,
    read_files,
    read_pasted,
    safe_cell,
    write_csv,
)
from demo.formats.documents import example_pdf, paragraphs_of_page
from demo.formats.isolated import run_isolated
from demo.settings import Settings

LIMITS = Limits(passages=50, passage_chars=500, upload_bytes=2_000_000, unpacked_bytes=4_000_000)


def paste(text: str, format_key: str | None = None, limits: Limits = LIMITS) -> Loaded:
    return read_pasted(text, limits, format_key)


def upload(*files: tuple[str, bytes | str], format_key: str | None = None, limits: Limits = LIMITS) -> Loaded:
    return read_files([(n, c.encode() if isinstance(c, str) else c) for n, c in files], limits, format_key)


def texts(loaded: Loaded) -> list[str]:
    return [passage.text for passage in loaded.collection.passages]


def ids(loaded: Loaded) -> list[str]:
    return [passage.doc_id for passage in loaded.collection.passages]


def refusal(action: object, *args: object, **kwargs: object) -> str:
    """The English sentence of the refusal, after checking that the Chinese one names the same figures and files."""
    assert callable(action)
    with pytest.raises(InputError) as caught:
        action(*args, **kwargs)
    sentence = caught.value.message
    assert re.search("[\u4e00-\u9fff]", sentence.to("zh"))
    named = set(re.findall(r"[\w.-]+\.(?:jsonl?|csv|tsv|txt|zip|gz|pdf|docx)|RERANK_\w+", str(sentence)))
    assert all(name in sentence.to("zh") for name in named), (named, sentence.to("zh"))
    return str(sentence)


def zipped(members: dict[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def example_file(row: Format) -> tuple[str, bytes]:
    """The format's example as an upload: a file name and its content."""
    content = row.example.encode() if isinstance(row.example, str) else row.example()
    return f"example{row.suffixes[0]}", content


# ---- every row ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.key)
def test_every_formats_example_is_recognised_and_read_as_an_upload(row: Format) -> None:
    loaded = upload(example_file(row))
    assert loaded.reading.format_key == row.key
    assert len(texts(loaded)) == 2 == loaded.reading.passages
    assert "Berlin" in loaded.collection.passages[0].content
    assert loaded.collection.key == "uploaded"


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.key)
def test_every_formats_example_is_read_the_same_inside_gzip_and_zip(row: Format) -> None:
    name, content = example_file(row)
    plain = upload((name, content)).collection.passages
    if name.endswith(".zip"):
        return
    assert upload((name + ".gz", gzip.compress(content))).collection.passages == plain
    if name.endswith(".xlsx"):
        return
    assert upload(("all.zip", zipped({f"folder/{name}": content}))).collection.passages == plain


@pytest.mark.parametrize("row", PASTED_FORMATS, ids=lambda row: row.key)
def test_every_pasted_formats_example_is_read_when_asked_for(row: Format) -> None:
    assert isinstance(row.example, str)
    loaded = paste(row.example, row.key)
    assert loaded.reading.format_key == row.key
    assert loaded.collection.passages == upload(example_file(row)).collection.passages


@pytest.mark.parametrize("row", [r for r in PASTED_FORMATS if r.key != "markdown"], ids=lambda row: row.key)
def test_every_pasted_formats_example_is_the_most_plausible_reading(row: Format) -> None:
    assert isinstance(row.example, str)
    assert paste(row.example).reading.format_key == row.key


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.key)
def test_every_format_says_itself_in_both_languages(row: Format) -> None:
    for text in (row.label, row.help, row.manner):
        assert str(text)
        assert text.to("zh")
    assert all(suffix in accepted_suffixes() for suffix in row.suffixes)


def test_keys_are_unique_and_the_last_row_takes_anything() -> None:
    assert len({row.key for row in FORMATS}) == len(FORMATS)
    assert FORMATS[-1].key == "lines"


# ---- what is most plausible --------------------------------------------------------------------------------------

WRAPPED = (
    "The quick brown fox jumps over the\nlazy dog and does not stop before\nthe river.\n\nA second paragraph follows."
)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("one", "lines"),
        ("one\ntwo\n\nthree\nfour", "lines"),
        ("A full sentence stands on this line.\nAnd one here, as long as that.\n\nThird sentence.", "lines"),
        ("one\n\ntwo", "paragraphs"),
        (WRAPPED, "paragraphs"),
        ("d1\tone\nd2\ttwo", "id_lines"),
        ("d1\tone\nd1\ttwo", "lines"),
        ("a sentence\twith a tab\nanother one", "lines"),
        ("docno\tbody\nd1\tone", "tsv"),
        ("Title;Content\na;b", "csv"),
        ("pid|passage\n1|one", "csv"),
        ("Body, mind and soul\nare three", "lines"),
        ("[1] Smith et al.\n[2] Jones et al.", "lines"),
        ('["one", "two"]', "json"),
        ('{"passages": ["one"]}', "json"),
        ('{"a": "one", "b": "two"}', "json"),
        ('{\n "text": "one"\n}', "json"),
        ('{"text": "one"}', "jsonl"),
        ('{"text": "one"}\n{"text": "two"}', "jsonl"),
        ("{not json}\nbut text", "lines"),
        ("# Heading\n\nText", "paragraphs"),
    ],
)
def test_the_most_plausible_reading(text: str, key: str) -> None:
    assert paste(text).reading.format_key == key


def test_another_reading_can_be_chosen() -> None:
    assert texts(paste("one\ntwo\n\nthree", "paragraphs")) == ["one\ntwo", "three"]
    assert texts(paste('["one"]', "lines")) == ['["one"]']


def test_an_unknown_reading_is_refused() -> None:
    assert "cannot be read as “pdf”. Choose one of elasticsearch, solr" in refusal(paste, "one", "pdf")


# ---- the sentence ------------------------------------------------------------------------------------------------


def test_the_sentence_counts_what_was_left_out() -> None:
    lines = [f"Passage number {n}" for n in range(24)]
    text = "\n".join([*lines[:10], "", *lines[10:], lines[3], lines[4]]) + "\n\n"
    sentence = paste(text).reading.sentence()
    assert str(sentence) == "24 passages, one per line; 2 duplicates left out; 1 empty line skipped"
    assert sentence.to("zh") == "24 个段落，每行一个；已省略 2 个重复段落；跳过 1 个空行"


def test_the_sentence_has_singulars_and_plurals() -> None:
    assert str(paste("one").reading.sentence()) == "1 passage, one per line"
    sentence = str(paste("one\n\n\none\ntwo", "lines").reading.sentence())
    assert sentence == "2 passages, one per line; 1 duplicate left out; 2 empty lines skipped"


def test_the_sentence_groups_thousands() -> None:
    loaded = paste("\n".join(map(str, range(1234))), limits=replace(LIMITS, passages=2000))
    assert str(loaded.reading.sentence()).startswith("1,234 passages")


def test_the_collections_card_says_how_it_was_read() -> None:
    loaded = paste("one\ntwo")
    assert loaded.collection.card.description == loaded.reading.sentence()
    assert loaded.collection.key == "pasted"


# ---- ids and duplicates ------------------------------------------------------------------------------------------


def test_passages_without_ids_are_numbered_after_duplicates_are_left_out() -> None:
    loaded = paste("one\none\ntwo")
    assert ids(loaded) == ["1", "2"]
    assert loaded.reading.duplicates == 1


def test_the_same_text_under_another_id_is_kept_and_counted() -> None:
    loaded = paste("a\tsame\nb\tsame\nc\tother")
    assert ids(loaded) == ["a", "b", "c"]
    assert (loaded.reading.duplicates, loaded.reading.repeated) == (0, 1)
    assert "1 text that came before kept under its own id" in str(loaded.reading.sentence())


def test_the_same_id_with_the_same_text_is_left_out() -> None:
    loaded = paste("a\tsame\na\tsame", "id_lines")
    assert ids(loaded) == ["a"]
    assert loaded.reading.duplicates == 1


def test_the_same_id_with_another_text_names_both_lines() -> None:
    sentence = refusal(upload, ("p.jsonl", '{"_id": "a", "text": "one"}\n\n{"_id": "a", "text": "two"}'))
    assert sentence == (
        "Line 3 of p.jsonl has the id “a” of line 1 of p.jsonl, but another text. Give every passage an id of its own."
    )


def test_a_number_that_is_taken_is_not_given_again() -> None:
    assert ids(paste('[{"id": 2, "text": "one"}, "two", "three"]')) == ["2", "1", "3"]


def test_title_and_text_together_make_a_passage() -> None:
    loaded = paste('[{"title": "A", "text": "same"}, {"title": "B", "text": "same"}]')
    assert [(p.title, p.text) for p in loaded.collection.passages] == [("A", "same"), ("B", "same")]


def test_ids_of_several_files_carry_the_files_names() -> None:
    loaded = upload(("a.txt", "one\ntwo"), ("b.txt", "three\none"))
    assert ids(loaded) == ["a-1", "a-2", "b-1"]
    assert str(loaded.reading.sentence()) == "3 passages, one per line, from 2 files; 1 duplicate left out"


def test_files_of_several_formats_make_one_collection() -> None:
    loaded = upload(("a.csv", "id,text\nx,one"), ("b.md", "# T\n\ntwo"))
    assert [(p.doc_id, p.title, p.text) for p in loaded.collection.passages] == [("x", "", "one"), ("b-1", "T", "two")]
    assert loaded.reading.format_keys == ("csv", "markdown")
    assert loaded.reading.format_key == ""
    assert str(loaded.reading.sentence()) == "2 passages, from 2 files"


def test_two_files_of_the_same_name_do_not_share_ids() -> None:
    assert ids(upload(("a.txt", "one"), ("a.txt", "two"))) == ["1", "2"]


def test_texts_from_a_program_keep_their_places_as_ids() -> None:
    collection = from_texts(["one", " ", "one", {"id": "x", "title": "T", "text": "two"}], LIMITS)
    assert [(p.doc_id, p.title, p.text) for p in collection.passages] == [
        ("1", "", "one"),
        ("3", "", "one"),
        ("x", "T", "two"),
    ]
    assert refusal(from_texts, [], LIMITS).startswith("There are no passages in the list")
    assert refusal(from_texts, ["one", 2], LIMITS).startswith("Item 2 is neither a text nor an object: 2.")


# ---- tables ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["ID,Title,TEXT", "doc-id,heading,Passage", "docno,title,body", "编号,标题,正文"])
def test_columns_are_found_by_their_usual_names(header: str) -> None:
    loaded = paste(f"{header}\n7,A,one")
    assert [(p.doc_id, p.title, p.text) for p in loaded.collection.passages] == [("7", "A", "one")]


def test_quoted_cells_hold_separators_quotation_marks_and_line_breaks() -> None:
    loaded = upload(("p.csv", 'id,text\r\na,"one, ""two""\r\nthree"\r\nb,four\r\n'))
    assert texts(loaded) == ['one, "two"\nthree', "four"]


def test_a_column_by_another_name_beside_the_text_is_said_to_be_left() -> None:
    assert "text from column “body”" in str(paste("id,body,year\na,one,1999").reading.sentence())


def test_a_file_with_one_column_is_a_table_when_its_name_says_so() -> None:
    assert texts(upload(("p.csv", 'text\n"one, two"\nthree'))) == ["one, two", "three"]


def test_of_two_columns_of_one_name_the_first_is_read() -> None:
    assert texts(paste("text,text\none,two")) == ["one"]


def test_tsv_cells_lose_their_quotation_marks() -> None:
    assert texts(paste('id\ttext\na\t"one ""two"""\nb\t5" disk')) == ['one "two"', '5" disk']


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("a,b\n1,2", "Line 1 of p.csv is read as the header, and none of its columns is the text: “a”, “b”."),
        ("id,text\na,one\nb,two, three", "Line 3 of p.csv has 3 cells, but the header has 2."),
        ('id,text\na,"one\nb,two\n', "Line 2 of p.csv has a quotation mark that is not closed"),
        ('id,text\na,"x\ny"\nb,"one" two\n', "Line 4 of p.csv has a quotation mark that is not closed, or one inside"),
        ("id,text\na," + "x" * 140_000, "Line 2 of p.csv starts a cell of more than 131,072 characters."),
    ],
)
def test_what_is_wrong_in_a_table_is_said_with_its_line(content: str, sentence: str) -> None:
    assert refusal(upload, ("p.csv", content)).startswith(sentence)


def test_rows_without_text_are_skipped_and_counted() -> None:
    loaded = paste("id,text\na,one\nb,\n\nc,two")
    assert ids(loaded) == ["a", "c"]
    assert (loaded.reading.empty_passages, loaded.reading.empty_lines) == (1, 1)


# ---- JSON --------------------------------------------------------------------------------------------------------


def test_a_json_list_may_mix_texts_and_objects() -> None:
    loaded = paste('["one", {"_id": 7, "name": "T", "content": ["two", "three"]}, "", {"text": null}]')
    assert [(p.doc_id, p.title, p.text) for p in loaded.collection.passages] == [
        ("1", "", "one"),
        ("7", "T", "two\nthree"),
    ]
    assert loaded.reading.empty_passages == 2


def test_queries_and_judgments_come_along() -> None:
    loaded = paste(
        json.dumps(
            {
                "corpus": {"d1": "one", "d2": {"title": "T", "text": "two"}},
                "queries": [{"id": "a", "text": "first?"}, "second?"],
                "qrels": [
                    {"query_id": "a", "doc_id": "d2", "grade": 2.0},
                    {"qid": "q2", "doc": "d9", "relevance": "1"},
                ],
            }
        )
    )
    assert ids(loaded) == ["d1", "d2"]
    assert [(q.query_id, q.text) for q in loaded.collection.queries] == [("a", "first?"), ("q2", "second?")]
    assert loaded.collection.qrels == {"a": {"d2": 2}}
    assert str(loaded.reading.sentence()) == (
        "2 passages, from JSON; 2 queries; 1 judgment; 1 judgment of an unknown query or passage left out"
    )


def test_one_query_is_enough() -> None:
    loaded = paste('{"query": "why?", "passages": ["one"], "qrels": {"q1": {"1": 3}}}')
    assert [(q.query_id, q.text) for q in loaded.collection.queries] == [("q1", "why?")]
    assert loaded.collection.qrels == {"q1": {"1": 3}}


@pytest.mark.parametrize("grade", ["NaN", "Infinity", "1.5", '"high"', "null", "[1]", "1e400", "101", "-11"])
def test_a_grade_that_is_no_whole_number_is_refused(grade: str) -> None:
    text = f'{{"passages": ["one"], "query": "x", "qrels": {{"q1": {{"1": {grade}}}}}}}'
    assert "A grade is a whole number from −10 to 100" in refusal(paste, text)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"text": "one"}\n{"text": "two"', "Line 2 of p.jsonl is not valid JSON: expecting"),
        ('{"text": "one"}\n\n{"id": 7}', "Line 3 of p.jsonl has no text. Each passage needs “text”"),
        ('{"text": "one"}\n[1]', "Line 2 of p.jsonl is neither a text nor an object: […]."),
        ('{"text": {"a": 1}}\n{"text": "one"}', "Line 1 of p.jsonl: “text” is an object. It needs to be a text."),
        ('{"text": "one", "id": true}', "Line 1 of p.jsonl: “id” is true or false."),
        ('{"text": "one"}\n' + "[" * 100_000, "The JSON that starts at line 2 of p.jsonl is nested too deeply."),
        ('{"text": ' + "9" * 5000 + "}", "The JSON that starts at line 1 of p.jsonl has a number with thousands of"),
        ('{"text": "one", "id": "' + "x" * 300 + '"}', "Line 1 of p.jsonl has an id of 300 characters; at most 256"),
    ],
)
def test_what_is_wrong_in_json_lines_is_said_with_its_line(content: str, sentence: str) -> None:
    assert refusal(upload, ("p.jsonl", content)).startswith(sentence)


def test_broken_json_names_line_and_column() -> None:
    sentence = refusal(upload, ("p.json", '[\n  "one",\n  {"text": "two"\n]'))
    assert sentence.startswith("Line 4 of p.json is not valid JSON: expecting ',' delimiter at column 1.")
    assert refusal(paste, '["one",\n "two"').startswith(
        "Line 2 is not valid JSON: expecting ',' delimiter at column 7."
    )


def test_json_that_holds_no_passages() -> None:
    assert refusal(upload, ("p.json", "17")).startswith("The JSON of p.json is 17. Passages need a list")
    assert refusal(upload, ("p.json", "[]")).startswith("There are no passages in p.json")


def test_half_a_surrogate_pair_becomes_a_character_that_can_be_written() -> None:
    assert texts(paste('["a\\ud800b"]')) == ["a\ufffdb"]
    assert texts(paste("a\ud800b", "lines"))[0].encode()
    (passage,) = from_texts([{"text": "a\ud800b", "id": "\udfff", "of\0": ["it\ud800"]}], LIMITS).passages
    assert (passage.doc_id, passage.text, passage.fields) == ("\ufffd", "a\ufffdb", {"of\ufffd": "it\ufffd"})


def test_unusual_line_separators_do_not_cut_json_lines() -> None:
    assert texts(upload(("p.jsonl", '{"text": "one\u2028two\x85three"}'))) == ["one\u2028two\x85three"]


# ---- engines -----------------------------------------------------------------------------------------------------


def elasticsearch(*hits: dict[str, object]) -> str:
    return json.dumps({"took": 1, "hits": {"total": {"value": len(hits)}, "hits": list(hits)}})


def test_hits_keep_ids_titles_and_scores() -> None:
    loaded = paste(
        elasticsearch(
            {"_id": "a", "_score": 2.5, "_source": {"title": "T", "body": "one", "url": "http://x"}},
            {"_id": "b", "_score": 1, "fields": {"title": ["U"], "body": ["two", "three"]}},
        )
    )
    assert [(p.doc_id, p.title, p.text) for p in loaded.collection.passages] == [
        ("a", "T", "one"),
        ("b", "U", "two\nthree"),
    ]
    assert loaded.collection.engine_scores == {"a": 2.5, "b": 1.0}
    assert "2 scores of the engine; text from “body”" in str(loaded.reading.sentence())


def test_the_longest_field_is_the_text_where_no_name_tells() -> None:
    loaded = paste(elasticsearch({"_id": "a", "_source": {"sku": "77-1", "meta": {"blurb": "A long blurb."}, "n": 3}}))
    assert texts(loaded) == ["A long blurb."]
    assert "text from “meta.blurb”" in str(loaded.reading.sentence())


@pytest.mark.parametrize("score", ["null", "NaN", "1e999", '"3"', "true"])
def test_scores_are_taken_only_if_every_hit_has_a_number(score: str) -> None:
    hits = elasticsearch(
        {"_id": "a", "_score": 1.0, "_source": {"text": "one"}}, {"_id": "b", "_score": 0, "_source": {"text": "two"}}
    )
    assert paste(hits.replace('"_score": 0', f'"_score": {score}')).collection.engine_scores is None
    assert paste(hits).collection.engine_scores == {"a": 1.0, "b": 0.0}


def test_hits_without_the_text_are_counted() -> None:
    loaded = paste(elasticsearch({"_id": "a", "_source": {"text": "one"}}, {"_id": "b", "_source": {"year": 1}}))
    assert (ids(loaded), loaded.reading.empty_passages) == (["a"], 1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (elasticsearch(), "The response in p.json has no hits."),
        (elasticsearch({"_id": "a", "_score": 1}), "The hits in p.json have no field with text."),
    ],
)
def test_responses_without_passages_are_refused(text: str, sentence: str) -> None:
    assert refusal(upload, ("p.json", text)).startswith(sentence)


def test_an_engines_error_is_not_taken_for_a_response() -> None:
    sentence = refusal(paste, '{"error": {"reason": "no such index"}, "status": 404}', "elasticsearch")
    assert sentence.startswith("The JSON of the pasted text has no list under “hits.hits”.")


def test_solr_documents_with_lists_and_dynamic_fields() -> None:
    response = {"response": {"docs": [{"id": "a", "title_t": ["T"], "content_txt_en": ["one", "two"], "score": 3.5}]}}
    loaded = paste(json.dumps(response))
    assert [(p.doc_id, p.title, p.text) for p in loaded.collection.passages] == [("a", "T", "one\ntwo")]
    assert loaded.collection.engine_scores == {"a": 3.5}


# ---- plain text and Markdown -------------------------------------------------------------------------------------


def test_script_and_markup_in_a_passage_stay_text() -> None:
    hostile = "<script>alert(1)</script> =cmd|'/c calc'!A0 {{7*7}} ${x} <img src=x onerror=alert(1)>"
    assert texts(paste(hostile)) == [hostile]
    assert texts(paste(json.dumps([hostile]))) == [hostile]


def test_lines_of_any_kind_end_a_passage() -> None:
    assert texts(paste("one\r\ntwo\rthree\nfour")) == ["one", "two", "three", "four"]


def test_an_id_line_without_its_parts_is_refused() -> None:
    assert refusal(paste, "a\tone\n\nb two", "id_lines").startswith("Line 3 has no tab. Each line needs an id, a tab")
    assert refusal(paste, "\tone", "id_lines").startswith("Line 1 has no id before the tab.")
    assert refusal(paste, "a\t ", "id_lines").startswith("Line 1 has no text.")


MARKDOWN = """---
author: me
---
Intro
# One #
Text of one
continues.
## Two

```python
# no heading

print()
```

Three
-----
- a
- b
"""


def test_markdown_headings_become_titles_and_code_stays_whole() -> None:
    loaded = upload(("p.md", MARKDOWN))
    assert [(p.title, p.text) for p in loaded.collection.passages] == [
        ("", "Intro"),
        ("One", "Text of one\ncontinues."),
        ("Two", "```python\n# no heading\n\nprint()\n```"),
        ("Three", "- a\n- b"),
    ]


@pytest.mark.parametrize("text", ["", " \n\t\n ", "\ufeff"])
def test_nothing_is_refused_with_what_to_do(text: str) -> None:
    assert refusal(paste, text).startswith("There are no passages in the pasted text: nothing in it has text. Give one")
    assert refusal(upload, ("p.txt", text)).startswith("There are no passages in p.txt")


def test_no_file_at_all() -> None:
    assert refusal(upload) == "No file was uploaded. Choose at least one."


# ---- encodings ---------------------------------------------------------------------------------------------------

CHINESE = "搜索引擎先用词语匹配找出候选段落，再由交叉编码器重新排序。\n柏林有三百五十万居民。"
FRENCH = "Les élèves français étaient très étonnés à l’arrivée.\nÇa coûte 5 €, naïf garçon."


@pytest.mark.parametrize(
    ("text", "codec", "name"),
    [
        (CHINESE, "utf-8", None),
        (CHINESE, "utf-8-sig", None),
        (CHINESE, "utf-16", "UTF-16"),
        (CHINESE, "utf-32", "UTF-32"),
        (CHINESE, "gb18030", "GB18030"),
        ("柏林", "gb18030", "GB18030"),
        ("English and 中文 mixed: 重新排序", "gb18030", "GB18030"),
        (FRENCH, "utf-16-le", "UTF-16"),
        (FRENCH, "utf-16-be", "UTF-16"),
        (FRENCH, "cp1252", "Windows-1252"),
        ("café", "latin-1", "Windows-1252"),
        ("Größe, Übermut, Straße", "latin-1", "Windows-1252"),
        ("caf\xe9 \x81", "latin-1", "Latin-1"),
        ("Съешь же ещё этих мягких французских булок, да выпей чаю.", "cp1251", "cp1251"),
        ("日本語の文章を検索するために、単語に分割する必要があります。", "shift_jis", "shift-jis"),
    ],
)
def test_encodings_are_told_apart(text: str, codec: str, name: str | None) -> None:
    loaded = upload(("p.txt", text.encode(codec)), format_key="lines")
    assert texts(loaded) == text.split("\n")
    sentence = str(loaded.reading.sentence())
    assert ("read as" in sentence) == (name is not None)
    if name:
        assert sentence.endswith(f"read as {name}")


@pytest.mark.parametrize(
    "content",
    [bytes(range(256)), b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", b"text\x00text", b"\x00" * 50],
)
def test_what_is_not_text_is_refused(content: bytes) -> None:
    assert refusal(upload, ("p.txt", content)).startswith("p.txt is not text")


def test_a_file_that_breaks_its_own_encoding_is_refused() -> None:
    assert refusal(upload, ("p.txt", b"\xff\xfea")).startswith("p.txt starts like UTF-16 but is not valid UTF-16")


# ---- limits ------------------------------------------------------------------------------------------------------


def test_limits_come_from_the_settings_that_the_sentences_name() -> None:
    settings = Settings(max_passages=1, max_passage_chars=2, max_upload_bytes=3, max_unpacked_bytes=4)
    assert Limits.from_settings(settings) == Limits(1, 2, 3, 4)
    names = {f"RERANK_LENS_{field.name.upper()}" for field in fields(Settings)}
    said = {
        *(refusal(paste, "one\ntwo\nthree", limits=replace(LIMITS, passages=2)),),
        *(refusal(paste, "x" * 501),),
        *(refusal(paste, "xx", limits=replace(LIMITS, upload_bytes=1)),),
        *(refusal(upload, ("p.txt.gz", gzip.compress(b"x" * 99)), limits=replace(LIMITS, unpacked_bytes=98)),),
    }
    named = {name for sentence in said for name in re.findall(r"RERANK_\w+", sentence)}
    assert len(named) == 4
    assert named <= names


def test_one_passage_too_many_is_named_by_its_line() -> None:
    limits = replace(LIMITS, passages=2)
    assert len(texts(paste("one\ntwo\ntwo", limits=limits))) == 2
    assert refusal(paste, "one\n\ntwo\nthree", "lines", limits).startswith(
        "Line 4 starts one passage too many: at most 2"
    )


def test_a_passage_that_is_too_long_is_named_by_its_line() -> None:
    assert len(texts(paste("x" * 500))) == 1
    assert refusal(paste, "one\n" + "x" * 501).startswith("Line 2 starts a passage of 501 characters; at most 500")
    titled = json.dumps([{"title": "t" * 10, "text": "x" * 495}])
    assert refusal(paste, titled).startswith("Item 1 starts a passage of 505 characters")


def test_an_upload_that_is_too_large_is_named() -> None:
    limits = replace(LIMITS, upload_bytes=10)
    assert refusal(upload, ("a.txt", "x" * 6), ("b.txt", "y" * 6), limits=limits).startswith(
        "The 2 files: 12 bytes, at"
    )


# ---- archives ----------------------------------------------------------------------------------------------------

BEIR = {
    "scifact/corpus.jsonl": '{"_id": "1", "title": "T", "text": "one"}\n{"_id": "2", "title": "", "text": "two"}\n',
    "scifact/queries.jsonl": '{"_id": "a", "text": "x"}\n{"_id": "b", "text": "y"}\n',
    "scifact/qrels/train.tsv": "query-id\tcorpus-id\tscore\nb\t2\t1\n",
    "scifact/qrels/test.tsv": "query-id\tcorpus-id\tscore\na\t1\t1\na\t9\t1\n",
    "scifact/README.md": "not a passage",
    "__MACOSX/scifact/._corpus.jsonl": "\x00\x01",
}


def test_a_beir_zip_gives_the_test_splits_queries_and_judgments() -> None:
    loaded = upload(("scifact.zip", zipped(BEIR)))
    assert [(p.doc_id, p.title, p.text) for p in loaded.collection.passages] == [("1", "T", "one"), ("2", "", "two")]
    assert [query.query_id for query in loaded.collection.queries] == ["a"]
    assert loaded.collection.qrels == {"a": {"1": 1}}
    assert str(loaded.reading.sentence()) == (
        "2 passages, from a BEIR folder; 1 query; 1 judgment; 1 judgment of an unknown query or passage left out; "
        "judgments from qrels/test.tsv; queries without judgments there left out: 1; "
        "left out: qrels/train.tsv, README.md"
    )


def test_the_files_of_a_beir_folder_may_come_one_by_one() -> None:
    files = [
        (name.rsplit("/", 1)[1], content)
        for name, content in BEIR.items()
        if "README" not in name and "MAC" not in name
    ]
    loaded = upload(*files)
    assert loaded.collection.qrels == {"a": {"1": 1}}
    assert loaded.reading.format_key == "beir"


def test_a_beir_folder_without_judgments_keeps_all_queries() -> None:
    loaded = upload(("s.zip", zipped({name: text for name, text in BEIR.items() if "qrels" not in name})))
    assert len(loaded.collection.queries) == 2
    assert loaded.collection.qrels == {}


def test_trec_qrels_have_four_columns() -> None:
    members = {"corpus.jsonl": BEIR["scifact/corpus.jsonl"], "queries.jsonl": BEIR["scifact/queries.jsonl"]}
    loaded = upload(("s.zip", zipped({**members, "qrels.tsv": "a 0 1 2\nb 0 2 -1\n"})))
    assert loaded.collection.qrels == {"a": {"1": 2}, "b": {"2": -1}}


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("qrels/test.tsv", "a\t1\n", "Line 1 of s.zip/scifact/qrels/test.tsv has 2 columns."),
        ("qrels/test.tsv", "a\t1\t1\na\t2\tx\n", 'Line 2 of s.zip/scifact/qrels/test.tsv: the grade is "x".'),
        ("qrels/test.tsv", "a\t1\tnan\n", 'Line 1 of s.zip/scifact/qrels/test.tsv: the grade is "nan".'),
        (
            "qrels/test.tsv",
            "a\t1\t1\na\t1\t2\n",
            "Line 2 of s.zip/scifact/qrels/test.tsv gives query “a” and passage “1”",
        ),
        ("queries.jsonl", '{"_id": "a"}', "Line 1 of s.zip/scifact/queries.jsonl has no text."),
        (
            "queries.jsonl",
            '{"_id": "a", "text": "x"}\n{"text": "x"}',
            "Line 2 of s.zip/scifact/queries.jsonl has no _id.",
        ),
        (
            "queries.jsonl",
            '{"_id": "a", "text": "x"}\n{"_id": "a", "text": "y"}\n',
            "Line 2 of s.zip/scifact/queries.jsonl repeats the id “a” of line 1",
        ),
        ("corpus.jsonl", '{"_id": "a"}', "Line 1 of s.zip/scifact/corpus.jsonl has no text."),
    ],
)
def test_what_is_wrong_in_a_beir_folder_is_said_with_file_and_line(name: str, content: str, sentence: str) -> None:
    assert refusal(upload, ("s.zip", zipped({**BEIR, f"scifact/{name}": content}))).startswith(sentence)


def test_two_beir_folders_are_one_too_many() -> None:
    twice = {**BEIR, **{name.replace("scifact", "other"): text for name, text in BEIR.items()}}
    assert refusal(upload, ("s.zip", zipped(twice))).startswith("There are 2 folders with a corpus.jsonl")


def test_any_other_zip_is_several_files() -> None:
    loaded = upload(
        ("all.zip", zipped({"a.txt": "one", "b/c.csv.gz": gzip.compress(b"id,text\nx,two"), "d.png": b"\x89PNG\x00"}))
    )
    assert [(p.doc_id, p.text) for p in loaded.collection.passages] == [("a-1", "one"), ("x", "two")]
    assert "files of other kinds left out: 1" in str(loaded.reading.sentence())


@pytest.mark.parametrize(
    "path", ["../../etc/passwd.txt", "/etc/passwd.txt", "a/../../b.txt", "..\\b.txt", "C:\\b.txt", "C:/b.txt"]
)
def test_paths_that_lead_out_of_an_archive_are_refused(path: str) -> None:
    assert "path leads out of the archive" in refusal(upload, ("p.zip", zipped({path: "one"})))


def test_links_in_an_archive_are_left_out() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("a.txt", "one")
    assert texts(upload(("p.zip", file.getvalue()))) == ["one"]


def test_a_zip_bomb_is_refused_by_its_declared_size() -> None:
    bomb = zipped({f"{n}.txt": b"0" * 1_000_000 for n in range(5)})
    assert len(bomb) < 50_000
    assert refusal(upload, ("bomb.zip", bomb)).startswith(
        "With bomb.zip, what is packed in the upload comes to more than 4,000,000"
    )


def test_a_zip_that_lies_about_its_size_is_refused() -> None:
    content = bytearray(zipped({"a.txt": b"0" * 3_000_000}))
    size = (3_000_000).to_bytes(4, "little")
    assert content.count(size) == 2
    assert refusal(upload, ("lie.zip", bytes(content.replace(size, (10).to_bytes(4, "little"))))).startswith(
        "lie.zip/a.txt is broken"
    )


def test_the_ceiling_is_shared_by_all_archives() -> None:
    packed = gzip.compress(b"\n".join(str(n**30).encode() for n in range(20_000)))
    limits = Limits(passages=10**6, passage_chars=500, upload_bytes=10**8, unpacked_bytes=3_000_000)
    assert len(texts(upload(("a.txt.gz", packed), limits=limits))) == 20_000
    sentence = refusal(upload, ("a.txt.gz", packed), ("b.txt.gz", packed), limits=limits)
    assert sentence.startswith("With b.txt.gz, what is packed in the upload comes to more than 3,000,000 bytes.")


def test_a_gzip_bomb_is_read_no_further_than_the_ceiling() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    assert refusal(upload, ("bomb.txt.gz", bomb)).startswith("With bomb.txt.gz, what is packed")
    roomy = replace(LIMITS, unpacked_bytes=100_000_000)
    assert refusal(upload, ("bomb.txt.gz", bomb), limits=roomy).startswith(
        "bomb.txt.gz unpacks to more than 200 times its size"
    )


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("p.zip", b"PK\x03\x04 and nothing else", "p.zip is broken"),
        ("p.txt.gz", b"\x1f\x8b and nothing else", "p.txt.gz is broken"),
        ("p.txt.gz", gzip.compress(b"one two three")[:-12], "p.txt.gz is broken"),
        ("p.zip", zipped({"q.zip": zipped({"a.txt": "one"})}), "p.zip holds another archive (q.zip)."),
        ("p.gz", gzip.compress(gzip.compress(b"one")), "p.gz holds another archive."),
        ("p.zip", zipped({f"{n}.txt": "" for n in range(1001)}), "p.zip holds 1,001 files; at most 1,000"),
        ("p.zip", zipped({}), "There are no passages in p.zip"),
    ],
    ids=[
        "no zip",
        "no gzip",
        "cut gzip",
        "zip in zip",
        "gzip in gzip",
        "many files",
        "no file",
    ],  # packed bytes hold the time
)
def test_archives_that_cannot_be_read_are_refused(name: str, content: bytes, sentence: str) -> None:
    assert refusal(upload, (name, content)).startswith(sentence)


def test_a_zip_with_a_password_is_refused() -> None:
    content = bytearray(zipped({"a.txt": "one"}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + at] |= 1
    assert refusal(upload, ("p.zip", bytes(content))).startswith("p.zip is protected by a password.")


# ---- PDF and DOCX ------------------------------------------------------------------------------------------------


def test_pdf_passages_are_named_by_page_and_paragraph() -> None:
    loaded = upload(("p.pdf", example_pdf()))
    assert ids(loaded) == ["p1-1", "p1-2"]
    assert ids(upload(("p.pdf", example_pdf()), ("b.txt", "one"))) == ["p-p1-1", "p-p1-2", "b-1"]


def test_paragraphs_of_a_page_end_after_short_lines_that_end_a_sentence() -> None:
    page = (
        "A line that is as long as the page is wide and hyphen-\nated here.\n"
        "The next paragraph starts\nhere\n\nAnother one\n12"
    )
    assert paragraphs_of_page(page) == [
        "A line that is as long as the page is wide and hyphenated here.",
        "The next paragraph starts here",
        "Another one 12",
    ]
    assert paragraphs_of_page("全文检索\n系统") == ["全文检索系统"]
    assert paragraphs_of_page("\n 12 \n") == []


def test_a_pdf_with_a_password_is_refused() -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(example_pdf())))
    writer.encrypt("secret", algorithm="RC4-128")
    file = io.BytesIO()
    writer.write(file)
    assert refusal(upload, ("p.pdf", file.getvalue())).startswith("p.pdf is protected by a password.")


def test_a_pdf_that_only_its_owner_may_change_is_read() -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(example_pdf())))
    writer.encrypt("", "owner", algorithm="RC4-128")
    file = io.BytesIO()
    writer.write(file)
    assert len(texts(upload(("p.pdf", file.getvalue())))) == 2


def test_a_pdf_without_text_is_refused() -> None:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    file = io.BytesIO()
    writer.write(file)
    assert refusal(upload, ("scan.pdf", file.getvalue())).startswith(
        "scan.pdf has no text: its pages are probably pictures"
    )


@pytest.mark.parametrize("keep", [5, 20, 200, 400])
def test_a_broken_pdf_is_refused(keep: int) -> None:
    assert refusal(upload, ("p.pdf", example_pdf()[:keep] + b"\n\x00garbage")).startswith("p.pdf ")


def test_a_document_that_takes_too_long_is_given_up() -> None:
    sentence = refusal(run_isolated, time.sleep, 9, name="slow.pdf", seconds=0.2)
    assert sentence.startswith("slow.pdf takes longer than 0.2 seconds to read. Split it")


def test_a_pdf_whose_page_unpacks_to_far_too_much_holds_up_nobody() -> None:
    writer = PdfWriter()
    stream = DecodedStreamObject()
    stream.set_data(b"BT /F1 9 Tf " + b"(a) Tj " * 1_000_000 + b"ET")
    page = writer.add_page(PdfReader(io.BytesIO(example_pdf())).pages[0])
    page[NameObject("/Contents")] = writer._add_object(stream.flate_encode())
    file = io.BytesIO()
    writer.write(file)
    assert len(file.getvalue()) < 50_000
    start = time.monotonic()
    with suppress(InputError):
        upload(("bomb.pdf", file.getvalue()))
    assert time.monotonic() - start < 20


def test_docx_headings_paragraphs_and_tables() -> None:
    document = docx.Document()
    document.add_paragraph("Before any heading.")
    document.add_heading("Cities", 1)
    document.add_paragraph("Berlin is large.")
    table = document.add_table(2, 2)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "Merged"
    table.cell(1, 0).text, table.cell(1, 1).text = "a", "b"
    document.add_paragraph("<b>After</b> the table.")
    file = io.BytesIO()
    document.save(file)
    loaded = upload(("p.docx", file.getvalue()))
    assert [(p.title, p.text) for p in loaded.collection.passages] == [
        ("", "Before any heading."),
        ("Cities", "Berlin is large."),
        ("Cities", "Merged"),
        ("Cities", "a | b"),
        ("Cities", "<b>After</b> the table."),
    ]


def docx_with(document_xml: bytes) -> bytes:
    """The example document with its main part replaced."""
    name, content = example_file(next(row for row in FORMATS if row.key == "docx"))
    assert name == "example.docx"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members: dict[str, bytes | str] = {info: archive.read(info) for info in archive.namelist()}
    return zipped({**members, "word/document.xml": document_xml})


W = b'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"no zip at all", "p.docx is broken"),
        (zipped({"word/document.xml": "<a/>"}), "p.docx cannot be read as DOCX"),
        (docx_with(b"<w:document"), "p.docx cannot be read as DOCX"),
        (docx_with(b"<w:document " + W + b"><w:body/></w:document>"), "p.docx has no paragraphs with text"),
        (docx_with(b"<w:document " + W + b">" + b" " * 5_000_000 + b"</w:document>"), "With p.docx, what is packed"),
    ],
)
def test_a_document_that_cannot_be_read_is_refused(content: bytes, sentence: str) -> None:
    assert refusal(upload, ("p.docx", content)).startswith(sentence)


def test_a_document_that_is_mostly_nothing_is_refused_by_its_size() -> None:
    content = docx_with(b"<w:document " + W + b"><w:body>" + b"<w:p/>" * 4_000_000 + b"</w:body></w:document>")
    assert len(content) < 200_000
    roomy = replace(LIMITS, unpacked_bytes=200_000_000)
    assert "bytes of XML in it; at most 20,000,000 are read." in refusal(upload, ("p.docx", content), limits=roomy)


def with_entities(declarations: bytes) -> bytes:
    """A document whose only paragraph is “one” and the entity j."""
    body = b"<w:document " + W + b"><w:body><w:p><w:r><w:t>one&j;</w:t></w:r></w:p></w:body></w:document>"
    return docx_with(b"<!DOCTYPE x [" + declarations + b"]>" + body)


def test_entities_in_a_document_do_not_read_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    declaration = f'<!ENTITY j SYSTEM "{secret.as_uri()}">'.encode()
    assert texts(upload(("p.docx", with_entities(declaration)))) == ["one"]


def test_entities_that_multiply_in_a_document_are_refused_or_left_alone() -> None:
    laughs = b'<!ENTITY a "ha">' + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    found: list[str] = []
    with suppress(InputError):
        found = texts(upload(("p.docx", with_entities(laughs))))
    assert found in ([], ["one"])


# ---- anything ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.key)
def test_damaged_files_give_passages_or_a_sentence_and_nothing_else(row: Format) -> None:
    name, content = example_file(row)
    chance = random.Random(row.key)
    outcomes = set()
    for _ in range(100):
        damaged = bytearray(content)
        for _ in range(chance.randint(1, 4)):
            start = chance.randrange(len(damaged))
            damaged[start : start + chance.randint(0, 9)] = chance.randbytes(chance.randint(0, 5))
        try:
            outcomes.add(bool(upload((name, bytes(damaged))).collection.passages))
        except InputError as error:
            outcomes.add(str(error).endswith((".", ").")))
    assert outcomes == {True}


# ---- CSV out -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-x", "'-x"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("＝1+1", "'＝1+1"),
        ("-", "'-"),
        ("-1+1", "'-1+1"),
        ("-3.5", "-3.5"),
        ("+2", "+2"),
        ("-1e-05", "-1e-05"),
        (-3.5, "-3.5"),
        (7, "7"),
        (None, ""),
        ("text = more", "text = more"),
        ("−3.5", "−3.5"),
    ],
)
def test_cells_that_a_spreadsheet_would_run_are_defused(value: object, cell: str) -> None:
    assert safe_cell(value) == cell


def test_written_csv_is_read_back_by_pythons_reader_and_by_ours() -> None:
    rows = [["id", "text"], ["a", 'one, "two"\nthree'], ["b", "四"]]
    text = write_csv(rows)
    assert list(csv.reader(io.StringIO(text, newline=""))) == rows
    assert texts(paste(text)) == ['one, "two"\nthree', "四"]
    assert write_csv([["=1", -1, None]]) == "'=1,-1,\r\n"


def test_queries_under_another_name_stand_beside_a_corpus_of_beir() -> None:
    files = (
        ("corpus.jsonl", b'{"_id": "d1", "text": "one"}\n{"_id": "d2", "text": "two"}\n'),
        ("queries.csv", b"qid,query,language\nq1,what is one,en\n"),
        ("qrels.tsv", b"query-id\tcorpus-id\tscore\nq1\td1\t1\n"),
    )
    for some in (files, files[::-1]):
        loaded = upload(*some)
        assert [query.text for query in loaded.collection.queries] == ["what is one"]
        assert loaded.collection.qrels == {"q1": {"d1": 1}}
    assert loaded.collection.queries[0].fields == {"language": "en"}
