"""Evaluate by a field: the menu of fields that part the queries, figures for each value, and queries of one value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from kit import finished, tab_with

from demo.formats.judged import Judged, read_judged_files
from demo.formats.source import Limits
from demo.ui.evaluate.handlers import FIELD, EvaluateTab, field_of, within_of
from demo.ui.evaluate.results import EvaluateOptionInputs
from demo.ui.evaluate.session import EVERY, Evaluated, EvaluateOptions
from demo.ui.inputs.handlers import UPLOAD

LIMITS = Limits(1_000, 100_000, 10_000_000, 10_000_000)
CORPUS = b"""{"_id": "d1", "text": "Berlin has 3.7 million inhabitants.", "source": "atlas"}
{"_id": "d2", "text": "Hamburg has a harbour.", "source": "guide"}
{"_id": "d3", "text": "Inhabitants of Berlin like lakes.", "source": "guide"}
"""
QUERIES = b"qid,query,language\nq1,inhabitants of Berlin,en\nq2,harbour of Hamburg,de\nq3,lakes of Berlin,en\n"
QRELS = b"query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\nq3\td3\t1\n"
BY_LANGUAGE = EvaluateOptions(field="query:language")


@pytest.fixture
def tab() -> EvaluateTab:
    return tab_with()


@pytest.fixture
def judged() -> Judged:
    files = [("corpus.jsonl", CORPUS), ("queries.csv", QUERIES), ("qrels.tsv", QRELS)]
    return read_judged_files(files, LIMITS, "towns")


def evaluated_of(tab: EvaluateTab, judged: Judged) -> Evaluated:
    return finished(tab, source=UPLOAD, uploaded=judged, measures=("mrr",), queries=0)[1]


def test_the_fields_of_queries_and_passages_are_offered(tab: EvaluateTab, judged: Judged) -> None:
    evaluated = evaluated_of(tab, judged)
    assert list(map(str, evaluated.fields)) == ["query:language", "passage:source"]
    assert field_of(evaluated, EvaluateOptions()) is None
    assert "Choose a field" in str(tab.again(evaluated, EvaluateOptions(), "en", FIELD).drawn["slices"])


def test_another_field_draws_only_its_table(tab: EvaluateTab, judged: Judged) -> None:
    view = tab.again(evaluated_of(tab, judged), BY_LANGUAGE, "en", FIELD)
    assert list(view.drawn) == ["slices"]
    page = str(view.drawn["slices"])
    assert page.index(">en<") < page.index(">de<")
    assert "MRR, means over the queries of each value; the baseline is BM25." in page
    by_passage = str(
        tab.again(evaluated_of(tab, judged), EvaluateOptions(field="passage:source"), "en", FIELD).drawn["slices"]
    )
    assert "as if the collection had only the passages of one value" in by_passage


def test_the_queries_of_one_value_are_evaluated_alone_and_it_is_said(tab: EvaluateTab, judged: Judged) -> None:
    evaluated = evaluated_of(tab, judged)
    view = tab.redraw(evaluated, replace(BY_LANGUAGE, value="=en"), 1, "en")
    assert view.kept is not None
    assert [each.query.query_id for each in view.kept.outcomes] == ["q1", "q3"]
    assert view.kept.evaluation is not None
    assert view.kept.evaluation.query_ids == ("q1", "q3")
    assert "queries with language “en” alone count: 2 of 3" in [str(note) for note in view.kept.evaluation.notes]
    assert "alone count: 2 of 3" in str(view.drawn["headline"])
    assert ">de<" in str(view.drawn["slices"])  # the table still has all values
    back = tab.redraw(view.kept, BY_LANGUAGE, 1, "en")
    assert back.kept is not None
    assert len(back.kept.outcomes) == 3
    assert tab.opened(view.kept, 1).query == "lakes of Berlin"


def test_what_is_not_there_is_passed_over(tab: EvaluateTab, judged: Judged) -> None:
    evaluated = evaluated_of(tab, judged)
    for options in (
        replace(BY_LANGUAGE, value="=fr"),
        EvaluateOptions(field="query:gone", value="=en"),
        EvaluateOptions(field="passage:source", value="=guide"),
        replace(BY_LANGUAGE, value=EVERY),
    ):
        assert within_of(evaluated, options) is None


def test_menus_show_the_fields_and_the_values_of_the_chosen_one(tab: EvaluateTab, judged: Judged) -> None:
    evaluated = evaluated_of(tab, judged)
    names: dict[str, Any] = {name: name for name in EvaluateOptionInputs.__dataclass_fields__}
    panel = EvaluateOptionInputs(**names)
    plain = panel.fields_offered(evaluated, EvaluateOptions(), "en")
    assert plain["field"].choices == [
        ("none", ""),
        ("language (queries)", "query:language"),
        ("source (passages)", "passage:source"),
    ]
    assert (plain["field"].visible, plain["value"].visible) == (True, False)
    chosen = panel.fields_offered(evaluated, replace(BY_LANGUAGE, value="=en"), "en")
    assert chosen["value"].choices == [("any value", ""), ("en", "=en"), ("de", "=de")]
    assert (chosen["field"].value, chosen["value"].value) == ("query:language", "=en")


def test_without_fields_there_is_no_section(tab: EvaluateTab) -> None:
    view, evaluated, _ = finished(tab)
    assert evaluated.fields == ()
    assert view.drawn["slices"] == ""
