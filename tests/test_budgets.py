"""Budgets: what a request asks for, and the sentence for one that asks for too much."""

from __future__ import annotations

import pytest
from fakes import FakeRanker, FakeSource, plan_of, request, service_with

from demo import budgets
from demo.budgets import Size, scorers, tokens_of
from demo.errors import InputError
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


def test_every_budget_is_a_setting() -> None:
    settings, size = Settings(), Size(1, 1, 1, 1, 0.1)
    for budget in (*budgets.RUN, *budgets.EVALUATION):
        assert getattr(settings, budget.setting) > getattr(size, budget.measured)
