"""Messages: placeholders, plurals and nesting, and that every catalogue says all that the source says."""

from __future__ import annotations

import ast
from string import Formatter

import polib
import pytest

from demo.locale.__main__ import SOURCE, read_catalogue, sentences
from demo.messages import (
    LOCALE,
    NOTHING,
    Message,
    catalogue,
    clauses,
    joined,
    languages,
    listed,
    locales,
    plural,
    sentence,
)

CATALOGUES = sorted(LOCALE.glob("*.po"))
SAYING = ("Message", "plural", "InputError", "ModelError", "RemoteError", "BusyError")


def test_placeholders_are_filled_as_python_writes_them() -> None:
    assert str(Message("{name} has {count:,} lines.", name="a.txt", count=1200)) == "a.txt has 1,200 lines."


def test_a_sentence_without_values_keeps_its_braces() -> None:
    assert str(Message('{"text": …}')) == '{"text": …}'


def test_values_may_come_later() -> None:
    assert str(Message("{a} of {b}", a=1).format(b=2)) == "1 of 2"


def test_a_message_within_a_message_is_said_in_the_same_language() -> None:
    found = Message("{size} of {text}", size=plural("{count:,} query", "{count:,} queries", 2), text="x")
    assert str(found) == "2 queries of x"
    assert "2 个查询" in found.to("zh")


@pytest.mark.parametrize(("count", "said"), [(0, "0 queries"), (1, "1 query"), (1000, "1,000 queries")])
def test_english_has_two_forms_of_number(count: int, said: str) -> None:
    assert str(plural("{count:,} query", "{count:,} queries", count)) == said


def test_chinese_has_one_form_of_number() -> None:
    assert [plural("{count:,} query", "{count:,} queries", n).to("zh") for n in (1, 2)] == ["1 个查询", "2 个查询"]


def test_parts_are_joined_as_the_language_joins_them() -> None:
    parts = [Message("text"), "b", "c"]
    assert str(listed(parts)) == "text, b, c"
    assert listed(parts).to("zh") == "文本、b、c"
    assert str(clauses(parts)) == "text; b; c"
    assert joined([], "{head} {tail}") is NOTHING
    assert str(listed(["alone"])) == "alone"


def test_a_sentence_has_a_capital_and_a_full_stop() -> None:
    assert str(sentence(Message("no text"))) == "No text."
    assert str(Message("{text!l}", text="No text")) == "no text"


def test_a_language_without_a_catalogue_is_english() -> None:
    assert Message("Query").to("xx") == "Query"
    assert Message("Query").to("zh") == "查询"


def test_equal_messages_are_one_key() -> None:
    assert len({Message("{a}", a=1), Message("{a}", a=1), Message("{a}", a=2)}) == 2


def test_no_sentence_is_empty_in_every_language() -> None:
    assert {NOTHING.to(language) for language in languages()} == {""}


def test_chinese_knows_the_names_that_browsers_ask_for() -> None:
    assert set(locales("zh")) == {"zh", "zh-CN", "zh-TW"}
    assert locales("en") == ("en",)


# ---- catalogues ---------------------------------------------------------------------------------------------------


def _placeholders(text: str) -> set[str]:
    """Names and conversions of the text's placeholders; empty for a text that only looks as if it had some."""
    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name}
    except ValueError:
        return set()


@pytest.fixture(scope="module")
def said() -> set[str]:
    """The id of every sentence of the source."""
    return {m.id[0] if isinstance(m.id, tuple) else m.id for m in sentences() if m.id}


def test_the_source_says_something(said: set[str]) -> None:
    assert len(said) > 1000
    assert "Rerank Lens" in said


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
class TestCatalogue:
    def test_has_every_sentence_and_no_other(self, path, said: set[str]) -> None:
        assert {entry.msgid for entry in read_catalogue(path)} == said

    def test_leaves_nothing_untranslated(self, path) -> None:
        found: polib.POFile = read_catalogue(path)
        assert [entry.msgid for entry in found.untranslated_entries()] == []
        assert found.fuzzy_entries() == []

    def test_has_the_same_placeholders(self, path) -> None:
        wrong = [
            entry.msgid
            for entry in read_catalogue(path)
            for said in (entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr])
            if not _placeholders(said) <= _placeholders(entry.msgid) | _placeholders(entry.msgid_plural) | {"count"}
        ]
        assert wrong == []

    def test_is_read_by_gettext(self, path) -> None:
        assert catalogue(path.stem).gettext("Query") != "Query"


def test_every_sentence_gets_the_values_that_it_names() -> None:
    """One value too few fails only when the sentence is said; one too many is not said."""
    wrong = []
    for path in sorted(SOURCE.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id not in SAYING:
                continue
            texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            given = {keyword.arg for keyword in call.keywords} - {"retry_seconds"}
            if not texts or None in given or (not given and call.func.id == "Message"):  # `format` may fill it in later
                continue
            named = {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}
            if named - {"count"} != given - {"count"}:
                wrong.append(f"{path.name}:{call.lineno} {sorted(map(str, named ^ given))}")
    assert not wrong, "\n".join(wrong)


def test_a_sentence_that_ends_with_a_quoted_sentence_has_one_full_stop() -> None:
    stays = Message("the first result stays: “{name}”", name="Berlin has lakes.")
    assert str(sentence(stays)) == "The first result stays: “Berlin has lakes.”"
    assert sentence(stays.format(name="柏林有湖。")).to("zh").endswith("“柏林有湖。”")
    assert str(sentence(stays.format(name="Berlin"))) == "The first result stays: “Berlin”."
    assert str(Message("There is no “{name}”. Choose another.", name="a?")) == "There is no “a?”. Choose another."
