"""Figures by a field of the queries or of the passages, worked by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes import giving, made_collection, made_outcomes

from demo.errors import InputError
from demo.evaluation import evaluate, report
from demo.evaluation.slices import PASSAGES, QUERIES, Field, Slice, fields_of, named_field, only_with, slices, values_of
from demo.metrics.effectiveness import parse_measure

MRR = parse_measure("mrr")
LANGUAGES = {"q1": "en", "q2": "de", "q3": "en"}
SOURCES = {"a": "wiki", "b": "wiki", "c": "news", "d": "news"}
PLAIN = made_collection({"q1": {"b": 1}, "q2": {"c": 2}, "q3": {"d": 1, "gone": 1}}, list("abcd"))
COLLECTION = replace(
    PLAIN,
    queries=tuple(
        replace(query, fields={"language": LANGUAGES[query.query_id], "url": query.query_id}) for query in PLAIN.queries
    ),
    passages=tuple(replace(passage, fields={"source": SOURCES[passage.doc_id]}) for passage in PLAIN.passages),
)
FIRST = giving("first", {q: {"a": 4, "b": 3, "c": 2, "d": 1} for q in LANGUAGES})
BETTER = giving("better", {"q1": {"b": 9}, "q2": {"c": 9, "a": 10}, "q3": {"d": 9}})
OUTCOMES = made_outcomes(COLLECTION, FIRST, BETTER)
LANGUAGE, SOURCE = Field(QUERIES, "language"), Field(PASSAGES, "source")


def test_fields_that_part_queries_or_judged_passages_are_offered() -> None:
    assert fields_of(OUTCOMES, COLLECTION) == (LANGUAGE, SOURCE)  # each query has a url of its own
    assert fields_of(made_outcomes(PLAIN, FIRST), PLAIN) == ()
    same = replace(COLLECTION, queries=tuple(replace(each, fields={"language": "en"}) for each in PLAIN.queries))
    assert fields_of(made_outcomes(same, FIRST), same) == (SOURCE,)


def test_a_field_of_the_queries_has_means_over_the_queries_of_each_value() -> None:
    # first: q1 1/2, q2 1/3, q3 1/4; better: 1, 1/2, 1
    assert slices(OUTCOMES, COLLECTION, LANGUAGE, MRR) == (
        Slice("en", 2, ((1 / 2 + 1 / 4) / 2, 1.0)),
        Slice("de", 1, (1 / 3, 1 / 2)),
    )


def test_a_field_of_the_passages_is_measured_as_if_the_others_were_not_there() -> None:
    # news: first has c before d, so q2 1 and q3 1/2; better puts c and d first; wiki: only q1 has a relevant one, b
    assert slices(OUTCOMES, COLLECTION, SOURCE, MRR) == (
        Slice("news", 2, ((1 + 1 / 2) / 2, 1.0)),
        Slice("wiki", 1, (1 / 2, 1.0)),
    )


def test_only_relevant_passages_make_a_query_count() -> None:
    assert slices(OUTCOMES, COLLECTION, SOURCE, MRR, relevant_from=2) == (Slice("news", 1, (1.0, 1.0)),)


def test_queries_without_the_field_are_a_slice_of_their_own() -> None:
    lacking = replace(
        COLLECTION, queries=tuple(replace(q, fields={}) if q.query_id == "q2" else q for q in COLLECTION.queries)
    )
    outcomes = made_outcomes(lacking, FIRST)
    assert values_of(outcomes, LANGUAGE) == ("en", "")
    assert [each.query.query_id for each in only_with(outcomes, LANGUAGE, "")] == ["q2"]
    assert slices(outcomes, lacking, LANGUAGE, MRR)[1] == Slice("", 1, (1 / 3,))


def test_the_order_of_the_queries_changes_nothing() -> None:
    turned = list(reversed(OUTCOMES))
    assert slices(turned, COLLECTION, LANGUAGE, MRR) == slices(OUTCOMES, COLLECTION, LANGUAGE, MRR)
    assert slices(turned, COLLECTION, SOURCE, MRR) == slices(OUTCOMES, COLLECTION, SOURCE, MRR)


def test_a_field_is_named_alone_or_with_its_side() -> None:
    for text, field in (("language", LANGUAGE), ("query:language", LANGUAGE), ("source", SOURCE)):
        assert named_field(text, COLLECTION.queries, COLLECTION) == field
    assert named_field("url", COLLECTION.queries, COLLECTION) == Field(QUERIES, "url")
    with pytest.raises(InputError, match=r"Neither .* “topic”. Found: query:language, query:url, passage:sou"):
        named_field("topic", COLLECTION.queries, COLLECTION)
    with pytest.raises(InputError, match="Neither"):
        named_field("passage:language", COLLECTION.queries, COLLECTION)


def test_slices_are_written_down_for_every_measure() -> None:
    evaluation = evaluate(OUTCOMES, COLLECTION, (MRR, parse_measure("p@1")))
    assert report.slice_rows(evaluation, OUTCOMES, COLLECTION, LANGUAGE) == [
        ["query:language", "queries", "first MRR", "better MRR", "first P@1", "better P@1"],
        ["en", 2, 3 / 8, 1.0, 0.0, 1.0],
        ["de", 1, 1 / 3, 1 / 2, 0.0, 0.0],
    ]
    assert report.slices_csv(evaluation, OUTCOMES, COLLECTION, LANGUAGE).splitlines()[1] == "en,2,0.375,1.0,0.0,1.0"
    assert report.slices_markdown(evaluation, OUTCOMES, COLLECTION, LANGUAGE, MRR).splitlines() == [
        "| query:language · MRR | queries | First | Better |",
        "| --- | ---: | ---: | ---: |",
        "| en | 2 | 0.375 | 1.000 |",
        "| de | 1 | 0.333 | 0.500 |",
    ]
    header, first, *_ = report.per_query_rows(evaluation, OUTCOMES)
    assert (header[-2:], first[-2:]) == (["field language", "field url"], ["en", "q1"])
