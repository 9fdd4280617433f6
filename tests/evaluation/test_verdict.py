"""The answer in plain words: every case of it, and what is told beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes import FakeRanker, giving, made_collection, made_outcomes

from demo.evaluation import Evaluation, evaluate
from demo.evaluation.verdict import best_of, cautions, verdict
from demo.metrics.effectiveness import parse_measures

MEASURES = parse_measures("mrr judged@10")
MRR = MEASURES[0]


def found(better: int, worse: int, equal: int, rankers: tuple[str, ...] = ("base", "other")) -> Evaluation:
    """Two passages a query, one relevant: MRR is 1 where it is first and ½ where it is second."""
    total = better + worse + equal
    qrels = {f"q{number}": {"a": 1, "b": 0} for number in range(total)}
    collection = made_collection(qrels, ["a", "b"])
    first = {query: {"a": 1.0} if number >= better else {"b": 1.0} for number, query in enumerate(qrels)}
    second = {
        query: {"b": 1.0} if better <= number < better + worse else {"a": 1.0} for number, query in enumerate(qrels)
    }
    told = [giving(key, scores) for key, scores in zip(rankers, (first, second), strict=False)]
    return evaluate(made_outcomes(collection, *told), collection, MEASURES)


def test_a_sure_gain_is_said_and_whether_it_pays_is_left_to_the_reader() -> None:
    """Ten of twelve queries go from ½ to 1: 0.583 to 1; all signs alike has p = 2 / 2¹⁰ = 0.00195…"""
    assert str(verdict(found(10, 0, 2), MRR)) == (
        "It makes the ranking better. Other against Base: MRR 0.583 → 1.000 (+0.417). That is hardly chance "
        "(p = 0.002, a large effect). "
        "Better on 10 of 12 queries, worse on 0, equal on 2. It takes 0.50 s a query (cpu)."
    )


def test_a_sure_loss_is_said_plainly() -> None:
    words = verdict(found(0, 10, 2), MRR)
    assert str(words).startswith("It makes the ranking worse. Other against Base: MRR 1.000 → 0.583 (−0.417). That is")
    assert words.to("zh").startswith("排序反而变差。Other 与 Base 相比")


def test_what_could_be_chance_is_no_sure_gain() -> None:
    assert str(verdict(found(5, 3, 2), MRR)).startswith("No sure gain. Other against Base: MRR 0.750 → 0.850")
    assert str(verdict(found(3, 5, 2), MRR)).startswith("No gain.")
    assert "That could be chance (p = 0.73)." in str(verdict(found(5, 3, 2), MRR))  # 2·(56+28+8+1)/2⁸ = 0.727


def test_too_few_differing_queries_cannot_tell() -> None:
    """Five differing queries give at best p = 2 / 2⁵ = 0.0625."""
    assert str(verdict(found(5, 0, 9), MRR)).startswith("Too few queries differ to tell. Other against Base")


def test_nothing_changed() -> None:
    assert str(verdict(found(0, 0, 3), MRR)) == (
        "It changes no query's MRR. Other against Base: MRR 1.000 → 1.000 (0.000). "
        "Better on 0 of 3 queries, worse on 0, equal on 3. It takes 0.50 s a query (cpu)."
    )


def test_gains_that_losses_make_up_for_are_no_gain() -> None:
    assert str(verdict(found(4, 4, 2), MRR)).startswith(
        "No gain. Other against Base: MRR 0.800 → 0.800 (0.000). That could"
    )


def test_a_baseline_alone_has_nothing_to_be_held_against() -> None:
    alone = found(1, 0, 0, ("base",))
    assert best_of(alone, MRR) is None
    assert str(verdict(alone, MRR)) == "Base has MRR 0.500 on 1 query. There is no other ranker to hold against it."


def test_all_the_same_difference_has_no_effect_word() -> None:
    """d is undefined where every difference is the same, ½ on each of ten queries."""
    assert "hardly chance (p = 0.002)." in str(verdict(found(10, 0, 0), MRR))


def test_few_queries_are_told() -> None:
    assert [str(each) for each in cautions(found(10, 0, 2), MRR)] == [
        "12 queries are few: only large differences can be told from chance"
    ]
    assert [str(each) for each in cautions(found(1, 0, 0), MRR)] == [
        "1 query is few: only large differences can be told from chance"
    ]
    assert cautions(found(20, 2, 3), MRR) == ()


def judged(*shares: int) -> Evaluation:
    """Ten of twenty passages are found by each ranker, so many of them judged, over 25 queries."""
    names = [f"d{number}" for number in range(20)]
    qrels = {f"q{number}": dict.fromkeys(names[:10], 1) for number in range(25)}
    collection = made_collection(qrels, names)
    told = [
        giving(f"r{share}", {query: dict.fromkeys([*names[:share], *names[10 : 20 - share]], 1.0) for query in qrels})
        for share in shares
    ]
    return evaluate(made_outcomes(collection, *told), collection, MEASURES)


def test_little_or_unlike_judging_is_told() -> None:
    assert cautions(judged(9, 9), MRR) == ()
    assert [str(each) for each in cautions(judged(3, 3), MRR)] == [
        "Little is judged (Judged@10 from 0.30): what nobody judged gains nothing, however good"
    ]
    assert [str(each) for each in cautions(judged(9, 5), MRR)] == [
        "Judged@10 is 0.50 for R5 and 0.90 for R9: what nobody judged gains nothing, so the comparison favours the "
        "second"
    ]


def test_lists_of_unlike_lengths_alone_make_nothing_doubtful() -> None:
    """Six of ten candidates are judged. BM25 finds these alone: Judged@10 is 1 for it, and 0.6 for the run of all ten.

    The other run lacks 5 of 25 queries, which count as 0: 0.6 · 20 / 25 = 0.48.
    """
    names = [f"d{number}" for number in range(10)]
    qrels = {f"q{number}": dict.fromkeys(names[:6], 1) for number in range(25)}
    collection = made_collection(qrels, names)
    told = [
        FakeRanker("run", lambda query, passage: 1.0),
        FakeRanker("bm25", lambda query, passage: 1.0 if passage.doc_id in names[:6] else None),
        FakeRanker("part", lambda query, passage: None if query.query_id in list(qrels)[:5] else 1.0),
    ]
    evaluation = evaluate(made_outcomes(collection, *told), collection, MEASURES)
    figures = [evaluation.figures[ranker.key, MEASURES[1]].mean for ranker in told]
    assert figures == pytest.approx([0.6, 1.0, 0.48])
    assert evaluation.judged_shares == pytest.approx({"run": 0.6, "bm25": 0.6, "part": 0.6})
    assert cautions(evaluation, MRR) == ()


def test_passages_that_were_not_read_to_their_end_are_told() -> None:
    collection = made_collection({f"q{number}": {"a": 1} for number in range(30)}, ["a", "b"])
    evaluation = evaluate(made_outcomes(collection, giving("cut", {}, truncated=1)), collection, parse_measures("mrr"))
    assert [str(each) for each in cautions(evaluation, MRR)] == ["Cut did not read 30 of 60 passages to their end"]


def test_a_gain_from_passages_that_the_first_stage_did_not_find_is_told() -> None:
    """The second ranker puts the relevant passage first on all of 30 queries; on ten of them BM25 had not found it.

    Among what was found: the base has MRR ½ on 20 of 30, 0 on ten; the other 1 on 20.
    """
    qrels = {f"q{number}": {"b": 1} for number in range(30)}
    collection = made_collection(qrels, ["a", "b"])
    rankers = [
        giving("base", {query: {"a": 1.0} for query in qrels}),
        giving("other", {query: {"b": 1.0} for query in qrels}),
    ]
    outcomes = [
        replace(outcome, found=1 if number < 10 else 2)
        for number, outcome in enumerate(made_outcomes(collection, *rankers))
    ]
    evaluation = evaluate(outcomes, collection, [MRR])
    assert [str(each) for each in cautions(evaluation, MRR)] == [
        "The first stage did not find 10 of the 30 relevant candidates. Had only what it found been reranked, Other "
        "would have MRR 0.667 (+0.333)"
    ]
    assert cautions(evaluation, None) == ()
    assert cautions(evaluate(made_outcomes(collection, *rankers), collection, [MRR]), MRR) == ()
