"""The tab's handlers as plain functions: forms in, views out, errors as sentences."""

from __future__ import annotations

import ast
import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.errors import InputError
from demo.messages import Message
from demo.ui import wording
from demo.ui.boundary import guarded, sentence_of
from demo.ui.inputs.components import parameter_label, rearranged


def test_a_known_error_is_told_and_a_bug_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    known = InputError("Line 7 has no text.")
    assert sentence_of(known) == Message("Line 7 has no text.")
    assert caplog.records == []
    with caplog.at_level(logging.ERROR):
        assert sentence_of(ZeroDivisionError("secret")) is wording.BUG
    assert "secret" in caplog.text


def test_steps_before_an_error_are_kept() -> None:
    def steps() -> Iterator[str]:
        yield "half"
        raise InputError("stop")

    assert list(guarded(steps(), lambda sentence: str(sentence))) == ["half", "stop"]


def test_closing_stops_the_steps() -> None:
    closed = []

    def steps() -> Iterator[str]:
        try:
            yield "one"
            yield "two"
        finally:
            closed.append(True)

    run = guarded(steps(), lambda sentence: str(sentence))
    assert next(run) == "one"
    run.close()  # type: ignore[attr-defined]
    assert closed == [True]


@pytest.mark.parametrize(
    ("header", "language"),
    [("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-GB,zh;q=0.5", "en"), ("fr", "en"), ("", "en"), ("ZH-tw", "zh")],
)
def test_language_follows_the_browser(header: str, language: str) -> None:
    class Request:
        headers = {"accept-language": header}  # noqa: RUF012

    assert wording.language_of(Request()) == language  # type: ignore[arg-type]
    assert wording.language_of(None) == "en"


@pytest.mark.parametrize("others", ["other=1", "a/b=1", 'j={"a":1}', "a[b]=1", "=", "two words=a b"])
def test_the_language_that_was_chosen_goes_first_beside_cookies_of_others(others: str) -> None:
    class Request:
        headers = {"accept-language": "en", "cookie": f"{others}; lens-language=zh"}  # noqa: RUF012

    assert wording.language_of(Request()) == "zh"  # type: ignore[arg-type]


def test_every_label_is_there_in_both_languages() -> None:
    labels = {name: value for name, value in vars(wording).items() if isinstance(value, Message)}
    assert len(labels) > 80
    for name, text in labels.items():
        assert str(text).strip(), name
        assert text.to("zh").strip(), name
        assert str(text).count("{") == text.to("zh").count("{"), name


def test_no_label_is_left_unused() -> None:
    folder = Path(wording.__file__).parent
    used = "".join(
        path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.suffix in (".py", ".html") and path.name != "wording.py"
    )
    names = [name for name, value in vars(wording).items() if isinstance(value, Message)]
    assert [name for name in names if f".{name}" not in used] == []


def test_no_label_is_written_twice() -> None:
    tree = ast.parse(Path(wording.__file__).read_text(encoding="utf-8"))
    names = [target.id for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_labels_are_registered_once() -> None:
    labels = wording.Labels()
    first, again, other = labels(wording.RUN), labels(wording.RUN), labels(wording.STOP)
    assert first.key == again.key != other.key
    assert labels.i18n().translations["zh"][first.key] == wording.RUN.to("zh")


def test_a_parameter_says_its_range() -> None:
    from demo.rankers.bm25_index import B

    assert str(parameter_label(B)).endswith("(0 – 1)")


def test_uploaded_files_are_moved_up_and_removed() -> None:
    assert rearranged(["a", "b", "c"], 2, "up") == ["a", "c", "b"]
    assert rearranged(["a", "b", "c"], 1, "remove") == ["a", "c"]
    assert rearranged(["a"], 0, "remove") == []
