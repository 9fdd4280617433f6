from __future__ import annotations

import contextlib
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.errors import InputError
from demo.phrases import shown
from demo.rankers.text_form import RankerOptions, Written, quote, read, split, write_options

NAMES = st.text(max_size=12) | st.text(st.sampled_from(',;+()[]="\\\n \t\u3000aé柏'), max_size=8)
"""Any text, and texts of little else than the grammar's own characters and blanks."""

OPTIONS = st.dictionaries(st.sampled_from(["k", "precision", "instruction", "stop_words"]), NAMES, max_size=3)

in_time = settings(max_examples=150, deadline=None, derandomize=True, database=None)


# ---- there and back ------------------------------------------------------------------------------------------------


@in_time
@given(NAMES)
def test_any_name_is_read_as_it_was_written(name: str) -> None:
    assert read(quote(name)).name == name
    assert read(quote(name, always=True)) == Written(name, quoted=True)


@in_time
@given(NAMES)
def test_a_name_is_quoted_if_it_needs_it(name: str) -> None:
    needs = not name or name != name.strip() or bool(set(name) & set(',;+()[]="\\\n'))
    assert read(quote(name)).quoted == needs


@in_time
@given(NAMES, OPTIONS)
def test_any_options_are_read_as_they_were_written(name: str, options: dict[str, str]) -> None:
    found = read(quote(name) + write_options(options))
    assert (found.name, found.members, found.options) == (name, None, options)


@in_time
@given(st.lists(st.tuples(NAMES, OPTIONS), min_size=1, max_size=4), OPTIONS)
def test_any_members_of_a_fusion_are_read_as_they_were_written(
    members: list[tuple[str, dict[str, str]]], options: dict[str, str]
) -> None:
    texts = tuple(quote(name) + write_options(own) for name, own in members if name or not own)
    found = read(f"rrf({'+'.join(texts)}){write_options(options)}")
    assert (found.name, found.members, found.options) == ("rrf", texts, options)
    read_again = [read(text) for text in found.members or ()]
    assert [(each.name, each.options) for each in read_again] == [row for row in members if row[0] or not row[1]]


@in_time
@given(st.lists(st.tuples(NAMES, OPTIONS), min_size=1, max_size=4), st.sampled_from([",", "\n", " , ", ",\n"]))
def test_any_list_is_read_as_it_was_written(rankers: list[tuple[str, dict[str, str]]], separator: str) -> None:
    texts = [quote(name) + write_options(own) for name, own in rankers]
    found = [read(part) for part in split(separator.join(texts), ",\n") if part.strip()]
    assert [(each.name, each.options) for each in found] == rankers


@in_time
@given(st.text(st.sampled_from('ab,;+()[]="\\\n '), max_size=14))
def test_any_text_is_refused_or_its_name_and_options_can_be_written_again(text: str) -> None:
    with contextlib.suppress(InputError):
        written = read(text)
        known = {name: value for name, value in written.options.items() if name == quote(name)}
        again = read(quote(written.name, always=written.quoted) + write_options(known))
        assert (again.name, again.options) == (written.name, known)
        assert written.quoted <= again.quoted


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("bm25", Written("bm25")),
        (" bm25 [ k1 = 1.2 ; b=0.5 ] ", Written("bm25", options={"k1": "1.2", "b": "0.5"})),
        ("hub/big[windows]", Written("hub/big", options={"windows": ""})),
        ("rrf(bm25 + tiny)[k=10]", Written("rrf", members=("bm25", "tiny"), options={"k": "10"})),
        ("rrf()", Written("rrf", members=())),
        (
            "z(bm25[variant=okapi;k1=1.2]+hub/big[windows])",
            Written("z", members=("bm25[variant=okapi;k1=1.2]", "hub/big[windows]")),
        ),
        ('"my,model"[precision=bf16]', Written("my,model", quoted=True, options={"precision": "bf16"})),
        ('rrf("a+b"+"(c")', Written("rrf", members=('"a+b"', '"(c"'))),
        ('tiny[to="rank; [1] = first"]', Written("tiny", options={"to": "rank; [1] = first"})),
        (r'tiny[instruction="say \"hi\" \\ bye"]', Written("tiny", options={"instruction": r'say "hi" \ bye'})),
        ("tiny[a=b=c]", Written("tiny", options={"a": "b=c"})),
        (r"C:\models\tiny", Written(r"C:\models\tiny")),
        ("[windows]", Written("", options={"windows": ""})),
        ("", Written("")),
        ('""', Written("", quoted=True)),
        ("柏林/模型", Written("柏林/模型")),
    ],
)  # fmt: skip
def test_texts_taken_apart_by_hand(text: str, written: Written) -> None:
    assert read(text) == written


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bm25", "bm25"),
        ("hub/big-v1.5", "hub/big-v1.5"),
        ("my model", "my model"),
        ("my,model", '"my,model"'),
        ("v[2]", '"v[2]"'),
        ("a+b", '"a+b"'),
        (" a", '" a"'),
        ("", '""'),
        ('6"', r'"6\""'),
        (r"C:\m", r'"C:\\m"'),
    ],
)
def test_names_written_by_hand(name: str, text: str) -> None:
    assert quote(name) == text


def test_options_written_by_hand() -> None:
    assert write_options({}) == ""
    assert write_options({"k": None}) == ""
    assert write_options({"k": "10", "windows": "", "x": None, "to": "a;b"}) == '[k=10;windows;to="a;b"]'


# ---- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        *("rrf(bm25", "bm25[k1=1", "rrf(bm25[k1=1)", "bm25)", "bm25]", "a)(b", "a][b", ")", "rrf(bm25]", "bm25[k1=1)"),
        *("rrf(bm25[k1=1)]", '"open', 'a"b', r'"open\"', '"', 'tiny[to="a]', '"a"b', '"a" "b"', '"a"b"c"'),
    ],
)
def test_brackets_and_quotation_marks_that_do_not_match_are_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text)
    assert f"brackets or quotation marks in “{text}” do not match. Write for example" in str(caught.value)


def test_text_beside_a_quoted_value_is_refused() -> None:
    with pytest.raises(InputError, match='quotation marks in “"a"b” do not match'):
        read('tiny[to="a"b]')


def test_a_list_whose_brackets_do_not_match_is_refused() -> None:
    for text in ("bm25,rrf(bm25", "a),(b", 'bm25,"tiny'):
        with pytest.raises(InputError, match="do not match"):
            split(text, ",\n")


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("bm25[k1=1]x", "x"),
        ("rrf(bm25+tiny) more", "more"),
        ("bm25[k1=1](tiny)", "(tiny)"),
        ("rrf(bm25)(tiny)", "(tiny)"),
        ("v[2]-large", "-large"),
    ],
)
def test_text_behind_the_brackets_is_refused(text: str, rest: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text)
    assert f"“{text}” has “{rest}” behind its brackets" in str(caught.value)
    assert "between quotation marks" in str(caught.value)


def test_a_long_text_is_cut_in_the_sentence() -> None:
    with pytest.raises(InputError) as caught:
        read("(" * 100_000)
    assert len(str(caught.value)) < 400
    assert shown("a\n  b") == "a b"
    assert shown("x" * 80) == "x" * 80
    assert shown("x" * 81) == "x" * 79 + "…"


# ---- options -------------------------------------------------------------------------------------------------------


def test_options_are_taken_by_type() -> None:
    options = RankerOptions("tiny", {"a": "x;y", "b": "1.5", "c": "", "d": "no", "f": "7"})
    assert options.text("a") == "x;y"
    assert options.number("b", 0.0) == 1.5
    assert options.yes("c", False) is True
    assert options.yes("d", True) is False
    assert options.yes("e", True) is True
    assert options.whole("f", 0, 10, "a whole number") == 7  # type: ignore[arg-type]
    options.close()


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999", "one", "1,5", ""])
def test_a_number_is_finite(text: str) -> None:
    options = RankerOptions("bm25", {"k1": text})
    if not text:
        assert options.number("k1", 1.5) == 1.5
        return
    with pytest.raises(InputError, match=f"k1 of bm25 is “{text}”. Write a number"):
        options.number("k1", 1.5)


def test_an_option_that_nobody_took_is_refused_with_those_there_are() -> None:
    options = RankerOptions("bm25", {"k9": "1"})
    options.number("k1", 1.5)
    options.yes("stop_words", True)
    with pytest.raises(InputError, match=r"bm25 has no option “k9”; it has k1, stop_words\. Leave it out"):
        options.close()
    with pytest.raises(InputError, match=r"engine has no option “k9”; it has none\. Leave it out"):
        RankerOptions("engine", {"k9": "1"}).close()


# ---- large texts ---------------------------------------------------------------------------------------------------

MANY = 100_000


@pytest.mark.parametrize(
    "text",
    [
        "a" * MANY,
        '"' + "a" * MANY + '"',
        '"' + r"\"" * MANY + '"',
        '"a"' * MANY,
        "(" * MANY,
        "(" * MANY + ")" * MANY,
        "rrf(" * MANY + ")" * MANY,
        "rrf(" + "+".join(["bm25[k1=1]"] * MANY) + ")",
        "bm25[" + "a=1;" * MANY + "]",
        "bm25[a" + "=" * MANY + "]",
        " " * MANY,
        "rrf()" + " " * MANY + "x",
        ")" * MANY,
    ],
    ids=range(13),
)
def test_a_huge_text_takes_time_in_proportion(text: str) -> None:
    start = process_time()
    with contextlib.suppress(InputError):
        read(text)
    assert process_time() - start < 6  # a million characters take half a second
