"""The page on formats is what the rows say, and every example on it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.formats import Limits, read_judgments
from demo.formats.__main__ import page
from demo.formats.forms import FORMS, Form
from demo.formats.judged import read_judged_files, role_of
from demo.formats.registry import FORMATS
from demo.formats.source import Source
from demo.formats.topics import read_topics
from demo.formats.trec_runs import read_run

LIMITS = Limits(1000, 10_000, 10_000_000, 10_000_000)
PAGE = Path(__file__).resolve().parents[2] / "docs" / "formats.md"
CORPUS = b'{"_id": "b1", "text": "Berlin has 3.5 million people."}\n'

on_each = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.file)


def test_the_page_is_made_of_the_rows() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
    assert all(str(row.label) in page() for row in FORMATS)


def grade_in(form: Form) -> int:
    """3, or 1 where the form has no grades."""
    return 3 if "3" in form.example else 1


@on_each
def test_every_example_is_read_as_what_it_is(form: Form) -> None:
    source = Source(form.file, form.example.encode(), LIMITS)
    assert role_of(source) == form.part
    if form.part == "queries":
        assert [query.query_id for query in read_topics(source)] == ["q1", "q2"]
    elif form.part == "qrels":
        assert read_judgments(form.file, source.content, LIMITS) == {"q1": {"b1": grade_in(form)}}
    else:
        assert (read_run(source).rankings, read_run(source).scores) == ({"q1": ("b1",)}, {"q1": (9.1,)})


@pytest.mark.parametrize("queries", [form for form in FORMS if form.part == "queries"], ids=lambda form: form.file)
@pytest.mark.parametrize("qrels", [form for form in FORMS if form.part == "qrels"], ids=lambda form: form.file)
def test_every_form_of_queries_goes_with_every_form_of_judgments(queries: Form, qrels: Form) -> None:
    files = [("corpus.jsonl", CORPUS), *((form.file, form.example.encode()) for form in (queries, qrels))]
    collection = read_judged_files(files, LIMITS, "set").collection
    assert [query.query_id for query in collection.queries] == ["q1", "q2"]
    assert collection.qrels == {"q1": {"b1": grade_in(qrels)}}


@on_each
def test_every_form_says_itself_in_every_language(form: Form) -> None:
    assert str(form.label)
    assert form.label.to("zh")
