"""TREC's documents and topics: open elements, marks inside, line numbers of what is wrong."""

from __future__ import annotations

import re
import sys

import pytest

from demo.errors import InputError
from demo.formats.source import Limits, Source
from demo.formats.topics import read_topics
from demo.formats.trec_sgml import looks_like_documents, looks_like_topics, read_documents

LIMITS = Limits(*[sys.maxsize] * 4)


def source(text: str) -> Source:
    return Source("file.sgml", text.encode(), LIMITS)


def passages(text: str) -> list[tuple[str, str, str]]:
    return [(entry.doc_id, entry.title, entry.text) for entry in read_documents(source(text)).entries]


def queries(text: str) -> list[tuple[str, str]]:
    return [(query.query_id, query.text) for query in read_topics(source(text))[0]]


# ---- documents ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "passage"),
    [
        ("<DOC>\n<DOCNO> a </DOCNO>\n<TEXT>\none\n two </TEXT>\n</DOC>", ("a", "", "one two")),
        ("<doc><docno>7</docno><title>T</title><text>x</text></doc>", ("7", "T", "x")),
        ("<DOC><DOCNO>a</DOCNO><HEADLINE><P>Head</P></HEADLINE><TEXT><P>x</P><P>y</P></TEXT></DOC>",
         ("a", "Head", "x y")),
        ("<DOC><DOCNO>a</DOCNO><TEXT>x</TEXT><DATE>1</DATE><TEXT>y</TEXT></DOC>", ("a", "", "x y")),
        ("<DOC><DOCNO>a</DOCNO>words <b>and</b> more</DOC>", ("a", "", "words and more")),
        ("<DOC><DOCNO>a</DOCNO><DOCHDR>http://x</DOCHDR>words</DOC>", ("a", "", "words")),
        ("<DOC><DOCNO>a</DOCNO><TITLE>Only</TITLE></DOC>", ("a", "", "Only")),
        ("<DOC><DOCNO>a</DOCNO><TEXT>3 < 5 &amp; 5 > 3, R&D</TEXT></DOC>", ("a", "", "3 < 5 & 5 > 3, R&D")),
        ("<DOC><DOCNO>文</DOCNO><TEXT>柏林<!-- note --></TEXT></DOC>", ("文", "", "柏林")),
    ],
)  # fmt: skip
def test_a_document_gives_id_title_and_text(document: str, passage: tuple[str, str, str]) -> None:
    assert passages(document) == [passage]


def test_documents_without_text_are_counted() -> None:
    found = read_documents(source("<DOC><DOCNO>a</DOCNO><TEXT> </TEXT></DOC><DOC><DOCNO>b</DOCNO>x</DOC>"))
    assert [entry.doc_id for entry in found.entries] == ["b"]
    assert found.empty_passages == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<DOC><DOCNO>a</DOCNO>x</DOC>\n\n<DOC>\n<TEXT>y</TEXT></DOC>", "Line 3 of file.sgml starts a <DOC> without"),
        ("<DOC><DOCNO>a</DOCNO>x\n<DOC><DOCNO>b</DOCNO>y</DOC>", "Line 1 of file.sgml starts a <DOC> that is not"),
        ("<DOC><DOCNO>a</DOCNO>x</DOC>\n<DOC><DOCNO>b</DOCNO>y", "Line 2 of file.sgml starts a <DOC> that is not"),
        ("<DOC><DOCNO>a</DOCNO>x</DOC>\n</DOC>", "Line 2 of file.sgml has a </DOC> without a <DOC>"),
    ],
)
def test_broken_documents_are_named_by_their_line(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)) as caught:
        read_documents(source(text))
    assert "file.sgml" in caught.value.to("zh")


@pytest.mark.parametrize(
    ("text", "documents", "topics"),
    [
        ("<DOC>\n<DOCNO>", True, False),
        ("<?xml version='1.0'?>\n<xml><doc>", True, False),
        ("<docs><doc id='1'>", True, False),
        ("<DOCNO>", False, False),
        ("\n\n<top>\n", False, True),
        ("see <DOC>", False, False),
        ("", False, False),
    ],
)
def test_the_first_mark_tells_what_it_is(text: str, documents: bool, topics: bool) -> None:
    assert looks_like_documents(source(text)) == documents
    assert looks_like_topics(source(text)) == topics


# ---- topics ------------------------------------------------------------------------------------------------------

TOPICS = """<top>

<num> Number: 301
<title> International
Organized Crime

<desc> Description:
Identify organizations that participate.

<narr> Narrative:
A relevant document must <b>name</b> one.

</top>

<top>
<num> Number: 051 </num>
<dom> Domain: x
<title> Topic:  Airbus &amp; Boeing </title>
</top>

<top>
<num> Number: q-7
<title>
<desc> Description: What is long?
</top>
"""


def test_topics_give_number_and_title_or_description() -> None:
    assert queries(TOPICS) == [
        ("301", "International Organized Crime"),
        ("51", "Airbus & Boeing"),
        ("q-7", "What is long?"),
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<top><num> 1\n<title> x\n</top>\n<top><title> y </top>", "Line 4 of file.sgml starts a topic without <num>"),
        ("<top>\n<num> Number: 1 </top>", "Line 1 of file.sgml starts a topic without <title>"),
        ("<top><num> 1 <title> x </top>\n<top><num> 01 <title> y </top>",
         "Line 2 of file.sgml repeats the id “1” of line 1 of file.sgml"),
    ],
)  # fmt: skip
def test_broken_topics_are_named_by_their_line(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)):
        read_topics(source(text))


# ---- topics of other kinds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["1\tone two\n2\tzwei\tdrei\n", "qid\tquery\n1\tone two\n2\tzwei\tdrei", "\n1\t one two \n\n2\tzwei\tdrei"],
)
def test_topics_may_be_lines_of_id_and_text(text: str) -> None:
    assert queries(text) == [("1", "one two"), ("2", "zwei\tdrei")]


def test_topics_may_be_lines_of_text_alone() -> None:
    """Their ids are the numbers of their lines."""
    assert queries("one two\n\n 柏林 \n") == [("1", "one two"), ("3", "柏林")]


def test_topics_may_be_json_lines() -> None:
    assert queries('{"_id": "1", "text": "x"}\n{"_id": "2", "text": "y"}\n') == [("1", "x"), ("2", "y")]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1\tone\ntwo\n", "Line 2 of file.sgml has no query."),
        ("\tone\n", "Line 1 of file.sgml has no id."),
        ("1\tone\n1\ttwo\n", "Line 2 of file.sgml repeats the id “1” of line 1 of file.sgml"),
        (" \n", "file.sgml holds no queries"),
    ],
)
def test_broken_lines_of_topics_are_named(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)):
        read_topics(source(text))
