"""No reader's work grows faster than its input: what repeats without end is read, or refused, in one pass.

The seconds are this thread's own, so other work on the machine does not count; noise can only make a try slower, so a
reader passes if one of several tries shows linear growth, which a quadratic one never does: for four times the input it
takes sixteen times as long.
"""

from __future__ import annotations

import gc
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from demo.errors import InputError
from demo.formats import FORMATS, Limits, read_files, read_pasted
from demo.formats.answers import read_answers
from demo.formats.documents import paragraphs_of_page
from demo.formats.encoding import decode
from demo.formats.judged import role_of
from demo.formats.qrels import find_qrels
from demo.formats.source import Source
from demo.formats.topics import read_topics
from demo.formats.trec_runs import read_run
from demo.formats.wrapping import unwrap

LIMITS = Limits(passages=10**7, passage_chars=10**8, upload_bytes=10**9, unpacked_bytes=10**9)
TRIES = 5
SPREAD = 4
MOST = 2.5**2
"""Twice the input may take two and a half times as long, so four times the input this many times."""
UNMEASURED_SECONDS = 0.04

Read = Callable[[Source], object]


def pump(unit: str, before: str = "", after: str = "") -> Callable[[int], str]:
    """Makes texts of so many characters in which one unit is repeated."""
    return lambda size: before + unit * max(1, (size - len(before) - len(after)) // len(unit)) + after


def numbered(line: str) -> Callable[[int], str]:
    """Makes texts of lines with numbers in them."""
    width = len(line.format(10_000))
    return lambda size: "".join(line.format(number) for number in range(size // width))


def wide(before: str, cell: str, after: str = "") -> Callable[[int], str]:
    return lambda size: before + ",".join(cell.format(n) for n in range(size // len(cell.format(10_000)))) + after


DOC = "<DOC><DOCNO>1</DOCNO>"
PUMPS: dict[str, Callable[[int], str]] = {
    "title": pump("<title>", DOC, "</DOC>"),
    "text": pump("<text>", DOC, "</DOC>"),
    "docno": pump("<docno>", "<DOC>", "</DOC>"),
    "comment": pump("<!--", f"{DOC}<TEXT>", "</TEXT></DOC>"),
    "cdata": pump("<![CDATA[", "<a>"),
    "open doc": pump("<DOC ", DOC),
    "doc": pump("<DOC>"),
    "many commands": pump("curl a\n"),
    "many open commands": pump("curl 'a\n"),
    "docs": pump(f"{DOC}x</DOC>\n"),
    "less": pump("<", DOC),
    "declaration": pump("<!x ", "<a>"),
    "name": pump("b", "<a"),
    "attributes": pump("x=", "<a ", "></a>"),
    "entities": pump("&#x", DOC, "</DOC>"),
    "top": pump("<top>"),
    "num": pump("<num>", "<top>", "</top>"),
    "num blanks": pump(" ", "<top><num>", "x</top>"),
    "deep": pump("<a>"),
    "mismatched": pump("<a></b>", "<r>"),
    "topics": pump("<t n='1'><q>x</q></t>", "<r>", "</r>"),
    "script": pump("<script>", "<html>"),
    "html": pump("<p>a</p>", "<html>"),
    "front matter": pump("a\n", "---\n"),
    "heading": pump(" #", "# a"),
    "heading blanks": pump(" ", "# ", "a"),
    "fences": pump("```\n"),
    "wide csv": wide("text,", "abc{}", "\nx,y\n"),
    "sparse csv": pump("1,x y z" + "," * 300 + "\n", "id,text" + "," * 300 + "\n"),
    "open quote": pump('"', "id,text\n1,"),
    "backslashes": pump('\\"', 'id,text\n1,"'),
    "open tsv cells": pump('1\t"x\n', "id\ttext\n"),
    "open tsv lines": pump('"x\n', 'id\ttext\n1\t"y\n'),
    "separators": pump(";"),
    "tabs": pump("\t"),
    "blanks": pump(" "),
    "line ends": pump("\n"),
    "returns": pump("\r"),
    "comments": pump("#\n"),
    "paragraphs": pump("a\n\n"),
    "pairs": pump("a\tb\n"),
    "letter": pump("a"),
    "han": pump("中"),
    "lists": pump("["),
    "objects": pump('{"a":'),
    "jsonl": pump('{"id":1,"text":"a b"}\n'),
    "several json": pump('{"text":\n"a"}\n'),
    "keys": wide("{", '"k{}":"a b c d e f g h i j k"', "}"),
    "keys of items": wide("[", '{{"k{}":"a b c d e f g h i j k"}}', "]"),
    "lists in an object": wide("{", '"l{}":[{{"text":"a"}}]', "}"),
    "hits": wide('{"hits":{"hits":[', '{{"_id":"{}","_source":{{"text":"a"}}}}', "]}}"),
    "bulk": pump('{"index":{"_id":"1"}}\n'),
    "sets": pump('{"query":"a","pos":["b"],"neg":["c"]}\n'),
    "map": wide('{"q":{', '"d{}":1', "}}"),
    "qrels": numbered("q 0 d{} 1\n"),
    "run": numbered("q Q0 d{0} 1 {0} t\n"),
    "ids": numbered("d{}\tx\n"),
    "colons": numbered("{}:how to\n"),
    "commands": pump("curl x\\\n"),
    "open commands": pump("curl 'x' '\n"),
    "requests": pump('GET /a\n{"a":1}\n'),
    "announced lists": pump("[\n", "# GET /a\n"),
    "long texts": pump('"a":"""', "{"),
    "titles": pump("a\n", "Title\nid,text\n"),
    "open commands of lines": pump("curl \\\n"),
    "remarks": pump("#\n", after="["),
    "comments in json": pump('"//', '["a", // b\n'),
    "comments of json": pump("//\n", "["),
    "list of python": pump("'a',", "[", "]"),
    "open list of python": pump("'a',", "["),
    "deep list of python": pump("[", "['a',"),
    "quotes of python": pump("' '", "['a'"),
    "fenced list": pump('"a",\n', "x\n```\n[", '"b"]\n```\n'),
    "set": pump('"x"', "{"),
    "spaced header": pump("a, b\n", "text, form\n"),
    "bars": pump("│ a\n"),
    "triples": pump("a b c\td e f\tg h i\n"),
}
READERS: dict[str, Read] = {
    "paste": lambda source: read_pasted(source.text, LIMITS),
    "topics": read_topics,
    "qrels": find_qrels,
    "run": read_run,
    "answers": read_answers,
    "role": role_of,
    **{row.key: row.read for row in FORMATS if row.pasted},
}


@pytest.fixture(scope="module", autouse=True)
def only_new_objects() -> Iterator[None]:
    """Keeps the objects of all other tests out of the garbage collector's way."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def seconds(read: Callable[[], object]) -> float:
    start = time.thread_time()
    with suppress(InputError):
        read()
    return time.thread_time() - start


def grows_linearly(read: Callable[[int], object], size: int) -> bool:
    """Whether some try shows that work grows no faster than input, up to four times the size."""
    for _ in range(TRIES):
        more = seconds(lambda: read(SPREAD * size))
        if more < UNMEASURED_SECONDS or more <= MOST * seconds(lambda: read(size)):
            return True
    return False


def reading(reader: Read, text: Callable[[int], str]) -> Callable[[int], object]:
    texts = {}

    def read(size: int) -> object:
        content = texts.setdefault(size, text(size).encode())
        return reader(Source("p.txt", content, LIMITS))

    return read


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_is_linear_in_every_pumped_text(reader: str) -> None:
    slow = [name for name, text in PUMPS.items() if not grows_linearly(reading(READERS[reader], text), 5_000)]
    assert slow == []


@pytest.mark.parametrize("name", PUMPS)
def test_every_pumped_text_is_understood_in_linear_time(name: str) -> None:
    assert grows_linearly(reading(READERS["paste"], PUMPS[name]), 25_000)


WORST = ("title", "num", "front matter", "wide csv", "open tsv lines", "keys")
"""What once took minutes, and what takes longest today."""


@pytest.mark.parametrize("name", WORST)
def test_a_million_characters_are_understood_within_ten_seconds(name: str) -> None:
    text = PUMPS[name](1_000_000)
    assert any(seconds(lambda: read_pasted(text, LIMITS)) < 10 for _ in range(3))


def test_commands_that_do_not_end_cost_little_more_than_remarks() -> None:
    def of(text: str) -> float:
        return seconds(lambda: unwrap(Source("", text.encode(), LIMITS)))

    assert any(of("curl \\\n" * 20_000 + "[1]") < 3 * of("#\n" * 20_000 + "[1]") for _ in range(TRIES))


FEW = Limits(passages=100, passage_chars=10**6, upload_bytes=10**9, unpacked_bytes=10**9)
PARTS = {
    "a.txt": ('"\n', "", ""),
    "digits.txt": ("7\n", "", ""),
    "paragraphs.txt": ("a\n\n", "", ""),
    "a.csv": ("a,\n", "text,id\n", ""),
    "a.tsv": ("1\ta\n", "id\ttext\n", ""),
    "a.md": ("a\n\n", "", ""),
    "a.html": ("<p>a", "<html>", ""),
    "a.xml": ("<a>b</a>", "<r>", "</r>"),
    "a.sgml": ("<DOC><DOCNO>1</DOCNO>x</DOC>\n", "", ""),
    "a.jsonl": ('{"text": "a"}\n', "", ""),
    "a.json": ('"a",', "[", '"a"]'),
    "hits.json": ('{"_id": "1", "_source": {"text": "a"}},', '{"hits": {"hits": [',
                  '{"_id": "1", "_source": {"text": "a"}}]}}'),
}  # fmt: skip


@pytest.mark.parametrize("name", PARTS)
def test_repeated_passages_are_refused_while_they_are_read_from_ten_times_as_many_on(name: str) -> None:
    part, before, after = PARTS[name]
    loaded = read_files([(name, (before + part * 990 + after).encode())], FEW)
    assert len(loaded.collection.passages) == 1
    with pytest.raises(
        InputError, match=rf"^{name}: more than [12],[05]00 lines, rows or elements, repeated ones incl"
    ):
        read_files([(name, (before + part * 3_000 + after).encode())], FEW)


def test_repeated_passages_of_several_files_are_counted_together() -> None:
    with pytest.raises(InputError, match=r"^The 4 files: more than 1,000 lines"):
        read_files([(f"{number}.txt", b"a\n" * 300) for number in range(4)], FEW)


@pytest.mark.parametrize("text", [pump("a\n"), pump("-\n"), pump("a-\n"), pump("中\n"), pump(" ")])
def test_paragraphs_of_a_page_are_found_in_linear_time(text: Callable[[int], str]) -> None:
    assert grows_linearly(lambda size: paragraphs_of_page(text(size)), 50_000)


@pytest.mark.parametrize("unit", [b"\xe9", b"\xe9a", b"\xc4\xe3", b"\xff\xc3\xa9", b"a\x00"])
def test_encodings_are_told_in_linear_time(unit: bytes) -> None:
    assert grows_linearly(lambda size: decode(unit * (size // len(unit)), "p.txt"), 50_000)


# ---- documents of foreign formats ---------------------------------------------------------------------------------

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def docx(body: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f"<w:document {W}><w:body>{body}</w:body></w:document>")
    return file.getvalue()


def in_time(name: str, content: bytes) -> None:
    """Reads the file or is refused, in time even on a busy machine."""
    start = time.monotonic()
    with suppress(InputError):
        read_files([(name, content)], LIMITS)
    assert time.monotonic() - start < 20


@pytest.mark.parametrize(
    "body",
    [
        '<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="20000000"/></w:tcPr><w:p/></w:tc></w:tr></w:tbl>' * 2,
        "<w:p>" + "<w:r><w:t>a</w:t></w:r>" * 200_000 + "</w:p>",
        "<w:p/>" * 400_000,
        "<w:sdt><w:sdtContent>" * 200 + "<w:p/>" + "</w:sdtContent></w:sdt>" * 200,
        "<w:tbl><w:tr><w:tc>" * 80 + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * 80,
        "<w:tbl><w:tr>" + "<w:tc><w:p/></w:tc>" * 100_000 + "</w:tr></w:tbl>",
    ],
    ids=["spans", "runs", "paragraphs", "controls", "tables", "cells"],
)
def test_documents_of_many_parts_are_read_in_time(body: str) -> None:
    in_time("p.docx", docx(body))


def test_a_document_of_too_many_elements_tells_how_many() -> None:
    with pytest.raises(InputError, match="elements; at most 500,000 are read"):
        read_files([("p.docx", docx("<w:p/>" * 600_000))], LIMITS)


@pytest.mark.parametrize(
    "kids",
    ["3 0 R " * 100_000, "2 0 R ", "4 0 R " * 100_000],
    ids=["pages", "a tree in itself", "no pages"],
)
def test_pdfs_of_many_parts_are_read_in_time(kids: str) -> None:
    count = kids.count("R")
    pages = f"2 0 obj<</Type/Pages/Count {count}/Kids[{kids}]>>endobj\n"
    page = "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\n"
    head = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    in_time("p.pdf", f"{head}{pages}{page}trailer<</Root 1 0 R>>".encode())


def test_archives_of_many_files_are_refused_in_time() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(30_000):
            archive.writestr(str(number), "")
    in_time("p.zip", file.getvalue())


def test_json_of_deep_nesting_is_refused() -> None:
    with pytest.raises(InputError, match="nested too deeply"):
        read_pasted("[" * 200_000 + json.dumps("a") + "]" * 200_000, LIMITS, "json")
