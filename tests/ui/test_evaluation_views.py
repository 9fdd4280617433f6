"""What an evaluation says, as HTML: figures in their places, and text of visitors as text."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from fakes import giving, made_collection, made_outcomes

from demo.charts.evaluation.view import EvaluationView
from demo.evaluation import evaluate
from demo.evaluation.presets import find_preset
from demo.evaluation.protocol import PartialEvaluation
from demo.formats.judged import Judged
from demo.messages import Language, Message
from demo.metrics.effectiveness import parse_measures
from demo.records import Collection, Failure, Query, RankerSpec
from demo.score_kinds import LOGIT
from demo.ui.evaluate.session import BY_AGREEMENT, BY_GAIN, Evaluated
from demo.ui.views import evaluation as views

MEASURES = parse_measures("ndcg@10 mrr judged@10")
MODEL = "cross-encoder/ms-marco-MiniLM-L6-v2"
NASTY = "<img src=x onerror=alert(1)> ${boo()} {{7*7}}"


def made(
    queries: int, total: int | None = None, failures: tuple[Failure, ...] = ()
) -> tuple[Evaluated, EvaluationView]:
    """The model finds every relevant passage first, the baseline second."""
    qrels = {f"q{number}": {"a": 1, "b": 0} for number in range(queries)}
    plain = made_collection(qrels, ["a", "b"])
    collection = Collection("made", plain.card, plain.passages, tuple(Query(q, f"{q} {NASTY}") for q in qrels), qrels)
    told = [giving("bm25", {q: {"b": 1.0} for q in qrels}), giving(MODEL, {q: {"a": 1.0} for q in qrels})]
    outcomes = tuple(made_outcomes(collection, *told))
    evaluation = evaluate(outcomes, collection, MEASURES)
    done = PartialEvaluation(outcomes, failures, total or queries)
    evaluated = Evaluated(Judged.bundled(collection), True, done, MEASURES, None, "bm25", 2, (), evaluation)
    return evaluated, EvaluationView(evaluation, outcomes, collection, MEASURES[0], MODEL)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_visitors_text_stays_text(language: Language) -> None:
    failure = Failure(RankerSpec(NASTY, NASTY, LOGIT), Message("{text}", text=NASTY))
    evaluated, view = made(3, failures=(failure,))
    pages = (
        views.headline(evaluated, view, language),
        views.table(evaluated, view, language),
        views.queries(view, BY_GAIN, language),
        views.meaning(view, None, language),
        views.so_far(evaluated.done, MEASURES[0], [(NASTY, 0.5)], language),
    )
    for page in pages:
        assert "<img" not in page


def test_the_table_says_who_is_better_and_by_how_much() -> None:
    """The baseline has NDCG 1 / log₂ 3 = 0.631 everywhere, the model 1; 20 differing queries are hardly chance."""
    evaluated, view = made(20)
    page = views.table(evaluated, view, "en")
    assert "0.631" in page
    assert "+0.369" in page
    assert "▲ 20  ▼ 0  ● 0" in page
    assert page.count("†</sup>") == 2  # NDCG and MRR; Judged@10 is the same for both
    assert "p &lt; 0.001" in page
    assert page.count('class="mean best"') == 2


def test_a_published_value_stands_beside_the_measured_one_only_in_its_protocol() -> None:
    """MiniLM-L6 has NDCG@10 74.30 in the published table."""
    evaluated, view = made(3)
    assert "published" not in views.table(evaluated, view, "en")
    preset = replace(evaluated, preset=find_preset("trec-dl-2019"))
    assert "published 0.743" in views.table(preset, view, "en")


def test_one_ranker_alone_is_not_tested() -> None:
    evaluated, view = made(3)
    alone = tuple(outcome.without(1) for outcome in view.outcomes)
    single = evaluate(alone, view.collection, MEASURES)
    page = views.table(evaluated, replace(view, evaluation=single, outcomes=alone, key="bm25"), "en")
    assert "against" not in page.split("</thead>")[0]
    assert 'class="badge"' not in page


def test_a_part_is_said_to_be_a_part() -> None:
    assert "partial" in views.headline(*made(3, total=9), "en")
    assert "partial" not in views.headline(*made(3), "en")


def test_a_long_list_shows_its_two_ends() -> None:
    _, view = made(views.SHOWN_QUERIES + 7)
    page = views.queries(view, BY_GAIN, "en")
    assert page.count("data-query=") == views.SHOWN_QUERIES
    assert "7 queries between" in page
    _, view = made(views.SHOWN_QUERIES)
    assert "between" not in views.queries(view, BY_GAIN, "en")


def test_a_row_tells_the_place_of_its_query() -> None:
    _, view = made(3)
    assert 'data-query="2"' in views.queries(view, BY_GAIN, "en")


def test_queries_are_sorted_by_gain_or_by_agreement() -> None:
    """The ranker turns the first two passages of q1, which costs, and the other two of q0, which does not."""
    qrels = {"q0": {"a": 1}, "q1": {"b": 1}}
    collection = made_collection(qrels, ["a", "b", "c"])
    before = giving("bm25", {"q0": {"a": 3, "c": 2, "b": 1}, "q1": {"b": 3, "a": 2, "c": 1}})
    after = giving(MODEL, {q: {"a": 3, "b": 2, "c": 1} for q in qrels})
    outcomes = tuple(made_outcomes(collection, before, after))
    view = EvaluationView(evaluate(outcomes, collection, MEASURES), outcomes, collection, MEASURES[0], MODEL)
    by_gain, by_agreement = (views.queries(view, order, "en") for order in (BY_GAIN, BY_AGREEMENT))
    assert re.findall(r'data-query="(\d)"', by_gain) == ["0", "1"]
    assert re.findall(r'data-query="(\d)"', by_agreement) == ["1", "0"]
    assert "the greatest gain first" in by_gain
    assert "the least agreement first" in by_agreement


# ---- without judgments -------------------------------------------------------------------------------------------


def unjudged(queries: int) -> tuple[Evaluated, EvaluationView]:
    """As `made`, and nobody has judged anything."""
    evaluated, view = made(queries)
    collection = replace(view.collection, qrels={})
    evaluation = evaluate(view.outcomes, collection, MEASURES)
    return (
        replace(evaluated, judged=Judged.bundled(collection), evaluation=evaluation),
        replace(view, evaluation=evaluation, collection=collection, chosen=None),
    )


def test_without_judgments_headline_table_and_queries_tell_what_changes() -> None:
    """Two passages turned round: RBO = 0.1 / 0.9 · 0.81 + 0.81 = 0.9 on every query, and always another one first."""
    evaluated, view = unjudged(3)
    page = views.headline(evaluated, view, "en")
    assert "puts another passage first than Bm25 on 3 of 3 queries. Nothing is judged" in page
    assert '<dd class="value">0.90</dd>' in page
    page = views.table(evaluated, view, "en")
    assert re.findall(r'<span class="mean">([^<]*)', page) == ["–", "–", "–", "0.90", "–", "3 / 3"]
    page = views.queries(view, BY_GAIN, "en")
    assert "the least agreement first" in page
    assert page.count("<b>another</b>") == 3
    assert "NDCG" not in page


def test_without_judgments_a_baseline_alone_shows_its_queries() -> None:
    evaluated, view = unjudged(3)
    alone = tuple(outcome.without(1) for outcome in view.outcomes)
    view = replace(view, evaluation=evaluate(alone, view.collection, MEASURES), outcomes=alone, key="bm25")
    assert "There is no other ranker" in views.headline(evaluated, view, "en")
    assert views.queries(view, BY_GAIN, "en").count("data-query=") == 3


def test_where_only_one_kind_is_judged_no_score_means_anything() -> None:
    _, view = made(3)
    hopeless = evaluate(view.outcomes, view.collection, MEASURES, relevant_from=2)
    assert "Only one kind of passage is judged" in views.meaning(replace(view, evaluation=hopeless), None, "en")
