"""Budgets: what a request asks for, and the sentence for one that asks for too much."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes import (
    TINY_MODEL,
    FakeRanker,
    FakeSource,
    collection_of,
    made_collection,
    plan_of,
    request,
    service_with,
)

from demo import budgets
from demo.budgets import Size, scorers, tokens_of
from demo.errors import InputError
from demo.evaluation.outcomes import listed_candidates
from demo.evaluation.protocol import Plan
from demo.metrics.effectiveness import parse_measures
from demo.rankers.cross_encoder.ranker import CrossEncoder
from demo.rankers.cross_encoder.scoring import USUAL_TOKENS, Use
from demo.records import Passage
from demo.settings import Settings


def test_a_fusion_counts_as_its_members_and_nobody_twice() -> None:
    service = service_with(FakeSource())
    rankers = service.rankers.read_all(["bm25", "rrf(bm25+tiny)", "rrf(bm25+tiny[max_tokens=9])", "tiny"])
    assert [str(ranker) for ranker in scorers(rankers)] == ["bm25", '"tiny"', '"tiny"[max_tokens=9]']


@pytest.mark.parametrize(("text", "tokens"), [("", 1), ("abcd" * 5, 6), ("柏林有居", 3)])
def test_tokens_are_estimated_by_characters(text: str, tokens: int) -> None:
    assert tokens_of(text) == tokens


def test_tokens_are_those_that_the_model_reads_of_the_longest_passages() -> None:
    service = service_with(FakeSource())
    texts = ["x" * 40, "x" * 400, "x" * 4]  # 11, 101 and 2 tokens, each with 2 of the query

    def tokens(ranker: str) -> int:
        return Size.of(service.rankers.read_all(ranker), texts, 2, "a b c").tokens

    assert tokens("tiny") == 103 + 13
    assert tokens("tiny[max_tokens=50]") == 50 + 13
    assert tokens("tiny[max_tokens=50;windows]") == 103 + 13
    assert tokens("bm25, no/such") == 0


def test_a_model_whose_length_is_not_known_yet_reads_what_is_usual() -> None:
    service, text = service_with(FakeSource()), "x" * 40_000
    ranker = service.rankers.read("tiny")
    assert isinstance(ranker, CrossEncoder)
    unknown = Use(replace(TINY_MODEL, max_tokens=0), "fp32", windows=False, max_tokens=0)
    assert ranker.scoring.most_tokens(unknown) == USUAL_TOKENS
    assert ranker.scoring.most_tokens(replace(unknown, max_tokens=100)) == 100
    assert Size.of([ranker], [text], 1, "a").tokens == TINY_MODEL.max_tokens
    service.run(request(), [ranker]).run()  # a loaded one tells
    assert ranker.scoring.most_tokens(unknown) == TINY_MODEL.max_tokens


def test_scores_that_are_kept_are_no_work() -> None:
    service = service_with(FakeSource())
    asked, rankers = request(), service.rankers.read_all("bm25, tiny")
    texts = [passage.content for passage in asked.collection.passages]

    def work(query: str, most: int = 99) -> Size:
        return Size.of(rankers, texts, most, query)

    before = work(asked.query)
    service.run(asked, rankers).run()
    after = work(asked.query)
    assert (after.pairs, after.tokens) == (before.pairs, 0)
    assert after.seconds < before.seconds
    assert work("another query").tokens > 0
    assert work(asked.query, 2).tokens > 0  # who knows which two


@pytest.mark.parametrize(
    ("limits", "rankers", "said"),
    [
        ({"max_members": 2}, "bm25, tiny, rrf(bm25+tiny[max_tokens=9])", "^3 rankers would score, .* at most 2 may"),
        ({"max_pairs": 7}, "bm25, tiny", "^4 passages and 2 rankers make 8 pairs to score; at most 7 are possible"),
        ({"max_tokens": 20}, "tiny", "^The models would read about [0-9]+ tokens; at most 20 are possible"),
    ],
)
def test_a_request_over_a_budget_is_refused_before_any_work(limits: dict[str, int], rankers: str, said: str) -> None:
    source = FakeSource()
    service = service_with(source, Settings(**limits))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=said):
        next(service.run(request(), service.rankers.read_all(rankers)))
    assert source.loads == []
    assert not any(service.turns.counts().values())


def test_within_its_budgets_it_runs() -> None:
    service = service_with(FakeSource(), Settings(max_members=2, max_pairs=8))
    assert len(service.run(request(), service.rankers.read_all("bm25, tiny, rrf(bm25+tiny)")).run().columns) == 3


def test_an_evaluation_has_a_budget_of_its_own() -> None:
    service, plan = (
        service_with(FakeSource(), Settings(max_evaluation_pairs=3)),
        plan_of(request().collection, FakeRanker("a")),
    )
    with pytest.raises(InputError, match=r"^1 queries, 4 candidates each and 1 rankers make 4 pairs .* at most 3"):
        next(service.evaluate(plan))
    assert len(service_with(FakeSource()).evaluate(plan).run().outcomes) == 1


def test_what_the_first_stage_reads_counts() -> None:
    service = service_with(FakeSource(), Settings(max_tokens=1))
    asked = replace(request(), first=service.rankers.read("dense(bundled/small)"))
    with pytest.raises(InputError, match=r"^The models would read about \d+ tokens; at most 1 "):
        next(service.run(asked, service.rankers.read_all("bm25")))


def test_indexes_that_are_missing_take_time_by_the_characters_and_each_once() -> None:
    service = service_with(FakeSource())
    rankers = service.rankers.read_all("bm25, bm25[k1=2], rrf(bm25+bm25[stemmer=german]), tiny")
    asked = request(first=rankers[0])
    chars = sum(len(passage.content) for passage in asked.collection.passages)

    def seconds() -> float:
        tokens, spent = budgets.preparation(rankers, asked.collection)
        assert tokens == 0
        return spent

    assert seconds() == pytest.approx(2 * chars * budgets.INDEX_SECONDS)
    service.run(asked, rankers[:1]).run()
    assert seconds() == pytest.approx(chars * budgets.INDEX_SECONDS)
    service.run(asked, rankers).run()
    assert seconds() == 0
    assert budgets.preparation(rankers, request().collection) != (0, 0.0)  # equal texts, but another collection


def test_few_long_passages_are_a_large_request_until_they_are_indexed() -> None:
    service = service_with(FakeSource())
    bm25 = service.rankers.read("bm25")
    collection = collection_of(tuple(Passage(str(number), "word " * 4_000) for number in range(150)))  # 3 million

    def lane() -> str:
        steps = service.run(request(collection=collection, first=bm25, query="word"), [bm25])
        next(steps)
        (found,) = [lane for lane, count in service.turns.counts().items() if count]
        steps.run()
        return found

    assert lane() == "large running"
    assert lane() == "small running"


def test_an_evaluation_has_a_budget_of_figures() -> None:
    collection = made_collection({"q1": {"a": 1}, "q2": {"b": 1}}, ["a", "b"])
    plan = plan_of(collection, FakeRanker("a"), FakeRanker("b"), measures=parse_measures("mrr ndcg@5 p@1"))
    service = service_with(FakeSource(), Settings(max_figures=11))
    with pytest.raises(InputError, match=r"^2 queries, 2 rankers and 3 measures make 12 figures .* at most 11"):
        next(service.evaluate(plan))
    assert len(service_with(FakeSource(), Settings(max_figures=12)).evaluate(plan).run().outcomes) == 2
    unjudged = plan_of(replace(collection, qrels={}), FakeRanker("a"), measures=plan.measures)
    assert len(service_with(FakeSource(), Settings(max_figures=1)).evaluate(unjudged).run().outcomes) == 2


def test_listed_candidates_count_whatever_the_depth() -> None:
    collection = made_collection({"q1": {"a": 1}, "q2": {"b": 1}}, ["a", "b", "c"])

    def plan(depth: int, **listed: list[str]) -> Plan:
        candidates = listed_candidates(listed, collection, collection.queries)
        return replace(plan_of(collection, FakeRanker("a"), candidates=candidates), depth=depth)

    service = service_with(FakeSource(), Settings(max_evaluation_pairs=5))
    with pytest.raises(InputError, match=r"^2 queries, 3 candidates each and 1 rankers make 6 pairs"):
        next(service.evaluate(plan(1, q1=["a", "b", "c"], q2=["c", "b", "a"])))
    assert plan(100, q1=["a", "b"], q2=["c"]).candidates_each == 2  # 1.5 on average
    assert plan(100, q1=["a"]).candidates_each == 1


def test_every_budget_is_a_setting() -> None:
    settings, size = Settings(), Size(1, 1, 1, 1, 0.1)
    for budget in (*budgets.RUN, *budgets.EVALUATION):
        assert getattr(settings, budget.setting) > getattr(size, budget.measured)
