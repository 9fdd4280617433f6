"""Pasted text that is no prose is read or refused as it is in a file, or doubted; prose is read with certainty."""

from __future__ import annotations

import json

import pytest

from demo.errors import InputError
from demo.formats import Limits, Loaded, read_files, read_pasted

LIMITS = Limits(passages=1000, passage_chars=10_000, upload_bytes=10_000_000, unpacked_bytes=20_000_000)

BEANS, PEAS, TULIPS = "Beans need warm soil.", "Peas climb on nets.", "Plant tulips in autumn."


def paste(text: str) -> Loaded:
    return read_pasted(text, LIMITS)


def upload(text: str, name: str = "p.txt") -> Loaded:
    return read_files([(name, text.encode())], LIMITS)


def texts(loaded: Loaded) -> list[str]:
    return [passage.text for passage in loaded.collection.passages]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("empty", [1, 2])
def test_a_table_whose_first_texts_are_empty_is_a_table(separator: str, empty: int) -> None:
    rows = [("id", "text"), *((f"e{n}", "") for n in range(empty)), ("g1", BEANS), ("g2", PEAS), ("g3", TULIPS)]
    text = "".join(separator.join(row) + "\n" for row in rows)
    for loaded in (paste(text), upload(text), upload(text, "p.csv")):
        assert texts(loaded) == [BEANS, PEAS, TULIPS]
        assert f"{empty} passage{'s' * (empty > 1)} without text skipped" in str(loaded.reading.sentence())


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["g1,Beans, as we know, need warm soil.", f"g2,{PEAS}"], "Line 2{of} has 4 cells, but the header has 2."),
        ([f"g1,{PEAS}", "g2,Beans, it is said."], "Line 3{of} has 3 cells, but the header has 2."),
        ([f'g1,"Beans" are {PEAS}', f"g2,{TULIPS}"], "Line 2{of} has a quotation mark that is not closed"),
    ],
)
def test_a_broken_row_of_a_table_is_named_alike_in_text_and_file(rows: list[str], said: str) -> None:
    text = "\n".join(["id,text", *rows])
    for read, of in ((paste, ""), (upload, " of p.txt"), (lambda text: upload(text, "p.csv"), " of p.csv")):
        with pytest.raises(InputError) as caught:
            read(text)
        assert str(caught.value).startswith(said.format(of=of))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("q1 0 d1 1\nq1 0 d2 0\nq2 0 d3 1\n", "judgments (qrels)"),
        ("q1 Q0 d1 1 9.1 bm25\nq1 Q0 d2 2 8.4 bm25\n", "a run"),
        ("q1\td1\t9.1\nq1\td2\t8.4\n", "a run"),
        ('{"q1": {"d1": 9.1, "d2": 8.4}}', "a run"),
        ("runid all bm25\nmap all 0.3\nP_10 all 0.4\n", "figures of trec_eval"),
        ("<top>\n<num> Number: 1\n<title> beans\n</top>\n", "topics"),
    ],
)
def test_what_holds_no_passages_is_refused_alike_in_text_and_file(text: str, kind: str) -> None:
    for read, name in ((paste, "The pasted text"), (upload, "p.txt")):
        with pytest.raises(InputError) as caught:
            read(text)
        assert str(caught.value).startswith(f"{name} holds {kind} and no passages.")
    assert texts(read_pasted(text, LIMITS, "lines")) == text.splitlines()


OBJECT = json.dumps([{"name": "beans", "text": BEANS}, {"name": "peas", "text": PEAS}], indent=1)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"The engine said:\n{OBJECT}\nIs it right?", "JSON"),
        (f"The engine said:\n\n```json\n{OBJECT[:-1]}\n```", "JSON"),
        (f"The engine said:\n[\n{BEANS}\n{PEAS}\n]", "JSON"),
        (f'{BEANS}\n{{"text": 1}}\n{PEAS}\n{TULIPS}', "JSON"),
        (f"['{BEANS}'\n '{PEAS}'\n '{TULIPS}']", "a list of Python"),
        (f"[Document(page_content='{BEANS}', metadata={{'at': date(1)}}),\n Document(''),\n Document('')]",
         "a list of Python"),
        (f"{BEANS}\n```\n{PEAS}\n```\n{TULIPS}", "Markdown"),
        (f"┌────┬──────┐\n│ id │ text │\n├────┼──────┤\n│ 1  │ {BEANS} │\n└────┴──────┘", "a table"),
        (f"shape: (1, 2)\n┌────┬──────┐\n│ id ┆ text │\n╞════╪══════╡\n│ 1  ┆ {BEANS} │\n└────┴──────┘", "a table"),
        (f"-[ RECORD 1 ]----\nid   | 1\ntext | {BEANS}\n-[ RECORD 2 ]----\nid   | 2\ntext | {PEAS}", "a table"),
        (f"{'*' * 27} 1. row {'*' * 27}\n  id: 1\ntext: {BEANS}", "a table"),
        ("apples 3 2.50\npears 2 1.75\nplums 1 3.25", "a run"),
        ("q1 d1 1.5\nq1 d2 2.5\nq2 d1 0.5", "a run"),
        (f"Content, context, and meaning\nThe content, its context and more\n{BEANS}", "a table"),
        (f"ID, please\nYes, sir\n{BEANS}", "a table"),
        (OBJECT[OBJECT.index('"text"') :], "JSON"),
        ("q1\td1\t1\nq1\td2\t0\nq2\td1\t1", "judgments (qrels)"),
        ("query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td2\t0", "judgments (qrels)"),
        ("beans peas 0.5\nbeans tulips 0.25\npeas beans 0.75", "a run"),
        (f"id, text\n1, Beans, it is said, need warm soil.\n2, {PEAS}\n3, {TULIPS}", "a table"),
        (f"bay,remark\n1,{BEANS}\n2,{PEAS}\n3,{TULIPS}", "a table"),
        (f"g1\t{BEANS}\ng2 {PEAS}\ng3\t{TULIPS}", "lines of id, tab and text"),
    ],
)  # fmt: skip
def test_what_may_be_no_prose_is_doubted(text: str, kind: str) -> None:
    for loaded in (paste(text), upload(text)):
        assert not loaded.reading.is_certain
        assert str(loaded.reading.sentence()).endswith(f"not certain: it also looks like {kind}")
    assert read_pasted(text, LIMITS, "lines").reading.is_certain


@pytest.mark.parametrize(
    "lines",
    [
        ["Content, not form, matters here.", "Beans, peas and tulips grow.", "In May, sow beans."],
        ["Beans, peas, tulips", "Nets, poles, string", "Water, light, warmth"],
        [BEANS, "Boil three eggs 5", PEAS, TULIPS],
        [BEANS, "Apollo 11 landed 1", PEAS],
        ["Passage number 1", "Passage number 2", "Passage number 3"],
        ["Wash all pots", "Peel some potatoes", "Cook all beans"],
        ["Berlin has 3,520,031 people.", "Paris has 2,102,650 people.", "Rome has 2,755,309 people."],
        ['"Title": a word in quotation marks.', BEANS, PEAS, TULIPS],
        [BEANS, "id,text", PEAS, TULIPS],
        ["Content; form; style", "Matter; shape; look"],
        ["ID, please", "Yes, sir"],
        ['["Yesterday"] was sung by Paul.', "[x] stands for it.", BEANS],
        ['{"x"} is a set.', "So are others.", BEANS],
        ["[[1, 2], [3, 4]] is a matrix.", BEANS],
        ["[[ -f file ]] tests for a file.", BEANS],
        ["apples 3 2.50", "pears 2 1.75"],
        ["iPhone15 black 999.99", "Pixel8 white 699.50"],
        ["Messi 10 0.85", "Ronaldo 7 0.79"],
        [BEANS, "Peas\tclimb on nets.", TULIPS],
        ["Text; title; more", BEANS, PEAS],
        ["[ ] sow beans", "[x] water peas", "[ ] buy tulips"],
        ["[[Beans]] grow in May.", "[[Peas|They]] climb."],
        ["{} is an empty dict.", "[] is an empty list."],
    ],
)
def test_prose_that_looks_a_little_like_it_is_read_as_lines_with_certainty(lines: list[str]) -> None:
    for loaded in (paste("\n".join(lines)), upload("\n".join(lines))):
        assert texts(loaded) == lines
        assert str(loaded.reading.sentence()) == f"{len(lines)} passages, one per line"
        assert loaded.reading.is_certain


@pytest.mark.parametrize(
    "lines",
    [
        ["Content, context, and meaning", "We talk about content, context and more", "Body, mind, and soul", BEANS],
        ["Text, audio, and video are media", "Images, sounds, smells and tastes", "Beans, peas, and tulips", BEANS],
        ["Content; form; style", "Matter; shape; look", "Body; mind; soul"],
    ],
)
def test_enumerations_under_a_word_for_text_are_read_whole(lines: list[str]) -> None:
    for loaded in (paste("\n".join(lines)), upload("\n".join(lines))):
        assert texts(loaded) == lines
        assert not loaded.reading.is_certain


@pytest.mark.parametrize(
    "text",
    [
        f"id, text\n1, {BEANS}\n2, {PEAS}",
        f"title; text\nBeans; {BEANS}\nPeas; {PEAS}",
        f"text, id\n{BEANS}, 1\n{PEAS}, 2",
        f"id | text\n1 | {BEANS}\n2 | {PEAS}",
        f"text,label\n{BEANS},1\n{PEAS},0",
    ],
)
def test_a_header_that_names_what_passages_have_is_certain_whatever_its_blanks(text: str) -> None:
    loaded = paste(text)
    assert texts(loaded) == [BEANS, PEAS]
    assert loaded.reading.is_certain


def test_a_table_whose_header_names_only_a_text_between_blanks_is_doubted() -> None:
    loaded = paste(f"text, label\n{BEANS}, 1\n{PEAS}, 0")
    assert texts(loaded) == [BEANS, PEAS]
    assert str(loaded.reading.sentence()).endswith("not certain: it also looks like lines of prose")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('["a" "b"]', "Line 1 is not valid JSON: expecting ',' delimiter"),
        ('["a", "b",]', "Line 1 is not valid JSON"),
        ('["a", "b"', "Line 1 is not valid JSON: expecting ',' delimiter"),
        ('["a", "b"]]', "Line 1 is not valid JSON: extra data"),
        ('[\n"a"\n"b"\n]', "Line 3 is not valid JSON: expecting ',' delimiter"),
        ('[[1, 2] [3, 4]]', "Line 1 is not valid JSON"),
        ('[{"text": "a"} {"text": "b"}]', "Line 1 is not valid JSON"),
        ('{"text": "a"}}\n{"text": "b"}', "Line 1 is not valid JSON: extra data"),
        ('{"text" "a"}', "Line 1 is not valid JSON: expecting ':' delimiter"),
        ('[\n// first\n"a"\n"b"\n]', "Line 4 is not valid JSON: expecting ',' delimiter"),
    ],
)  # fmt: skip
def test_broken_json_is_refused_with_its_line(text: str, said: str) -> None:
    for read in (paste, upload):
        with pytest.raises(InputError, match="is not valid JSON") as caught:
            read(text)
        assert str(caught.value).replace(" of p.txt", "").startswith(said)


@pytest.mark.parametrize(
    "lines",
    [
        ["Phone 14 pro 999", "Phone 13 mini 599", "Tablet 20 ultra 899"],
        ["Germany 7 Brazil 1", "Italy 3 Spain 2", "France 1 Peru 0"],
        ["Mozart 27 January 1756"],
        ["Flour 0 kg 2", "Sugar 0 kg 1", "Salt 0 spoons 5"],
        ["苹果 0 红色 3", "香蕉 0 黄色 2"],
    ],
)
def test_lists_of_things_with_numbers_are_lines_and_no_judgments(lines: list[str]) -> None:
    for loaded in (paste("\n".join(lines)), upload("\n".join(lines))):
        assert texts(loaded) == lines


def test_prices_behind_words_are_lines_and_no_run() -> None:
    lines = ["Apple pie 3.50", "Plum cake 4.25", "Bean soup 5.75"]
    for loaded in (paste("\n".join(lines)), upload("\n".join(lines))):
        assert texts(loaded) == lines
