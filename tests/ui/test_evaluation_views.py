"""What an evaluation says, as HTML: figures in their places, and text of visitors as text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_evaluations import Told, made_collection, made_outcomes

from demo.charts.evaluation import Study
from demo.evaluation import evaluate
from demo.evaluation.presets import find_preset
from demo.evaluation.trials import Trial
from demo.formats.judged import Judged
from demo.language import Language, Text
from demo.metrics.effectiveness import parse_measures
from demo.records import Collection, Failure, Query, Ranker, ScoreKind
from demo.ui.evaluate.session import Evaluated
from demo.ui.views import evaluation as views

MEASURES = parse_measures("ndcg@10 mrr judged@10")
MODEL = "cross-encoder/ms-marco-MiniLM-L6-v2"
NASTY = "<img src=x onerror=alert(1)> ${boo()} {{7*7}}"


def made(queries: int, total: int | None = None, failures: tuple[Failure, ...] = ()) -> tuple[Evaluated, Study]:
    """The model finds every relevant passage first, the baseline second."""
    qrels = {f"q{number}": {"a": 1, "b": 0} for number in range(queries)}
    plain = made_collection(qrels, ["a", "b"])
    collection = Collection("made", plain.card, plain.passages, tuple(Query(q, f"{q} {NASTY}") for q in qrels), qrels)
    told = [Told("bm25", {q: {"b": 1.0} for q in qrels}), Told(MODEL, {q: {"a": 1.0} for q in qrels})]
    outcomes = tuple(made_outcomes(collection, *told))
    evaluation = evaluate(outcomes, collection, MEASURES)
    trial = Trial(outcomes, failures, total or queries)
    evaluated = Evaluated(Judged.bundled(collection), True, trial, MEASURES, None, "bm25", 2, (), evaluation)
    return evaluated, Study(evaluation, outcomes, collection, MEASURES[0], MODEL)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_visitors_text_stays_text(language: Language) -> None:
    failure = Failure(Ranker(NASTY, NASTY, ScoreKind.LOGIT), Text(NASTY, NASTY))
    evaluated, study = made(3, failures=(failure,))
    pages = (
        views.headline(evaluated, study, language),
        views.table(evaluated, study, language),
        views.queries(study, language),
        views.meaning(study, None, language),
        views.so_far(evaluated.trial, MEASURES[0], [(NASTY, 0.5)], language),
    )
    for page in pages:
        assert "<img" not in page


def test_the_table_says_who_is_better_and_by_how_much() -> None:
    """The baseline has NDCG 1 / log₂ 3 = 0.631 everywhere, the model 1; 20 differing queries are hardly chance."""
    evaluated, study = made(20)
    page = views.table(evaluated, study, "en")
    assert "0.631" in page
    assert "+0.369" in page
    assert "▲ 20  ▼ 0  ● 0" in page
    assert page.count("†</sup>") == 2  # NDCG and MRR; Judged@10 is the same for both
    assert "p &lt; 0.001" in page
    assert page.count('class="mean best"') == 2


def test_a_published_value_stands_beside_the_measured_one_only_in_its_protocol() -> None:
    """MiniLM-L6 has NDCG@10 74.30 in the published table."""
    evaluated, study = made(3)
    assert "published" not in views.table(evaluated, study, "en")
    preset = replace(evaluated, preset=find_preset("trec-dl-2019"))
    assert "published 0.743" in views.table(preset, study, "en")


def test_one_ranker_alone_is_not_tested() -> None:
    evaluated, study = made(3)
    alone = tuple(outcome.without(1) for outcome in study.outcomes)
    single = evaluate(alone, study.collection, MEASURES)
    page = views.table(evaluated, replace(study, evaluation=single, outcomes=alone, key="bm25"), "en")
    assert "against" not in page.split("</thead>")[0]
    assert 'class="badge"' not in page


def test_a_part_is_said_to_be_a_part() -> None:
    assert "partial" in views.headline(*made(3, total=9), "en")
    assert "partial" not in views.headline(*made(3), "en")


def test_a_long_list_shows_its_two_ends() -> None:
    _, study = made(views.SHOWN_QUERIES + 7)
    page = views.queries(study, "en")
    assert page.count("data-query=") == views.SHOWN_QUERIES
    assert "7 queries between" in page
    _, study = made(views.SHOWN_QUERIES)
    assert "between" not in views.queries(study, "en")


def test_a_row_tells_the_place_of_its_query() -> None:
    _, study = made(3)
    assert 'data-query="2"' in views.queries(study, "en")


def test_where_only_one_kind_is_judged_no_score_means_anything() -> None:
    _, study = made(3)
    hopeless = evaluate(study.outcomes, study.collection, MEASURES, relevant_from=2)
    assert "Only one kind of passage is judged" in views.meaning(replace(study, evaluation=hopeless), None, "en")
