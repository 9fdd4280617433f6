"""Rerankers and candidates for evaluations, made by the service over its indexes, models and kept scores."""

from __future__ import annotations

import numpy as np
import pytest
from demo.evaluation.trials import Trial, try_out
from demo.rankers.choices import RankerChoice, parse_rankers
from test_service import PASSAGES, TINY, FakeModel, FakeSource, collection_of, service_with

from demo.errors import InputError
from demo.formats.judged import Judged
from demo.formats.trec_runs import Run
from demo.messages import Message
from demo.records import Collection, Query
from demo.service import RankingService, failure_of
from demo.settings import Settings

COLLECTION = collection_of(PASSAGES)
QUERY = COLLECTION.queries[0]
EVERY = np.arange(4)


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def service(source: FakeSource) -> RankingService:
    return service_with(source)


def names(collection: Collection, indices: np.ndarray) -> list[str]:
    return [collection.passages[index].doc_id for index in indices.tolist()]


# ---- rerankers ---------------------------------------------------------------------------------------------------


def test_a_cross_encoder_ranks_the_candidates_it_is_given(service: RankingService) -> None:
    (reranker,) = service.rerankers(parse_rankers("tiny"), COLLECTION)
    ranking = reranker.rank(QUERY, COLLECTION, np.array([3, 0]))
    assert ranking.scores.tolist() == [-float(len(PASSAGES[3].text)), -float(len(PASSAGES[0].text))]
    assert ranking.ranker.key == reranker.ranker.key == "bundled/tiny"


def test_bm25_ranks_candidates_by_the_statistics_of_the_whole_collection(service: RankingService) -> None:
    """Both words: d3; one word: d1, with Berlin twice, before d2; none: d4."""
    (reranker,) = service.rerankers(parse_rankers("bm25"), COLLECTION)
    whole = reranker.rank(QUERY, COLLECTION, EVERY).scores
    assert np.argsort(-whole).tolist() == [2, 0, 1, 3]
    assert reranker.rank(QUERY, COLLECTION, np.array([3, 2])).scores.tolist() == [whole[3], whole[2]]


def test_a_fusion_ranks_by_its_members(service: RankingService) -> None:
    """Ranks of d1…d4: BM25 2, 3, 1, 4 and the shorter first 4, 3, 2, 1; RRF of d3 is 1/61 + 1/62."""
    (reranker,) = service.rerankers(parse_rankers("rrf(bm25+tiny)"), COLLECTION)
    scores = reranker.rank(QUERY, COLLECTION, EVERY).scores
    assert scores[2] == pytest.approx(1 / 61 + 1 / 62)
    assert int(np.argmax(scores)) == 2


def test_a_score_is_computed_once_whoever_asks(service: RankingService, source: FakeSource) -> None:
    first, again = service.reranker(*choice("tiny")), service.reranker(*choice("tiny"))
    first.rank(QUERY, COLLECTION, EVERY)
    assert again.rank(QUERY, COLLECTION, EVERY).cost.kept_pairs == 4
    assert len(source.model.scored) == 4


def choice(text: str) -> tuple[RankerChoice, Collection]:
    return parse_rankers(text)[0], COLLECTION


def test_the_same_ranker_by_two_names_is_one(service: RankingService) -> None:
    rerankers = service.rerankers(parse_rankers("bm25, tiny, bundled/tiny, tiny[max_tokens=64]"), COLLECTION)
    assert [each.ranker.key for each in rerankers] == ["bm25", "bundled/tiny", "bundled/tiny[max_tokens=64]"]


def test_an_unknown_model_is_refused_before_anything_is_scored(service: RankingService, source: FakeSource) -> None:
    for text in ("nobody/knows", "rrf(bm25+nobody/knows)", "tiny[precision=int3]"):
        with pytest.raises(InputError):
            service.reranker(*choice(text))
    assert source.loads == []


def test_a_fingerprint_changes_with_weights_precision_and_reading() -> None:
    def fingerprint(text: str, weights: str = "w1", **settings: str) -> str:
        service = service_with(FakeSource(FakeModel(weights)), Settings(**settings))  # type: ignore[arg-type]
        return service.reranker(*choice(text)).fingerprint

    found = [
        fingerprint("tiny"),
        fingerprint("tiny", "w2"),
        fingerprint("tiny", precision="bf16"),
        fingerprint("tiny[windows]"),
        fingerprint("tiny[max_tokens=64]"),
        fingerprint("bm25"),
        fingerprint("bm25[k1=2]"),
        fingerprint("rrf(bm25+tiny)"),
        fingerprint("rrf(bm25+tiny)", "w2"),
        fingerprint("rrf(bm25[k1=2]+tiny)"),
        fingerprint("rrf(bm25+tiny)[k=1]"),
    ]
    assert len(set(found)) == len(found)
    assert fingerprint("tiny") == fingerprint("bundled/tiny[precision=fp32]")


def test_weights_that_are_not_here_are_fetched_for_their_fingerprint(
    service: RankingService, source: FakeSource
) -> None:
    reranker = service.reranker(*choice("hub/big"))
    assert source.loads == []
    assert reranker.fingerprint == "tiny-1 fp32"
    assert source.loads == [("hub/big", "fp32")]


def test_a_ranker_that_cannot_begin_has_a_place_with_its_reason(service: RankingService) -> None:
    (unknown,) = parse_rankers("nobody/knows")
    failure = failure_of(unknown, InputError(Message("No model.")))
    assert (failure.ranker.key, str(failure.reason)) == ("nobody/knows", "No model.")


def test_loading_and_scoring_are_told_on_the_way(service: RankingService) -> None:
    candidates = service.first_stage(Judged.bundled(COLLECTION), COLLECTION.queries, 2)
    rerankers = service.rerankers(parse_rankers("bm25, tiny"), COLLECTION)
    steps = list(try_out(COLLECTION, COLLECTION.queries, candidates, rerankers))
    trial = steps.pop()
    assert isinstance(trial, Trial)
    assert [ranking.ranker.key for ranking in trial.outcomes[0].rankings] == ["bm25", TINY.key]
    assert {step.stage for step in steps} >= {"indexing", "scoring"}  # type: ignore[union-attr]


# ---- candidates --------------------------------------------------------------------------------------------------


def test_bm25_gives_its_best_and_is_then_the_first_stage(service: RankingService) -> None:
    candidates = service.first_stage(Judged.bundled(COLLECTION), COLLECTION.queries, 2)
    assert names(COLLECTION, candidates.of(QUERY)) == ["d3", "d1"]
    assert candidates.first is not None
    assert candidates.first.ranker.key == "bm25"
    deep = service.first_stage(Judged.bundled(COLLECTION), COLLECTION.queries, 99)
    assert names(COLLECTION, deep.of(QUERY)) == ["d3", "d1", "d2", "d4"]


def test_judged_passages_have_no_first_stage(service: RankingService) -> None:
    candidates = service.first_stage(Judged.bundled(COLLECTION), COLLECTION.queries, 2, "judged")
    assert names(COLLECTION, candidates.of(QUERY)) == ["d1", "d3"]
    assert candidates.first is None


RUN = Run("lucene", {"q1": ("d4", "d2", "d1")}, {"q1": (3.0, 2.0, 1.0)})


def test_a_run_gives_its_best(service: RankingService) -> None:
    candidates = service.first_stage(Judged.bundled(COLLECTION), COLLECTION.queries, 2, RUN)
    assert names(COLLECTION, candidates.of(QUERY)) == ["d4", "d2"]
    assert candidates.first is not None
    assert candidates.first.ranker.key == "run:lucene"


def test_what_came_with_the_collection_goes_first_unless_bm25_is_asked_for(service: RankingService) -> None:
    bundled = Judged.bundled(COLLECTION)
    with_run = Judged(COLLECTION, bundled.reading, RUN.rankings, RUN)
    with_list = Judged(COLLECTION, bundled.reading, {"q1": ["d2", "d4", "d1"]})
    queries = COLLECTION.queries
    assert names(COLLECTION, service.first_stage(with_run, queries, 1).of(QUERY)) == ["d4"]
    listed = service.first_stage(with_list, queries, 1)
    assert names(COLLECTION, listed.of(QUERY)) == ["d2", "d4", "d1"]
    assert listed.first is None
    assert names(COLLECTION, service.first_stage(with_run, queries, 1, "bm25").of(QUERY)) == ["d3"]


def test_a_run_of_other_queries_is_refused(service: RankingService) -> None:
    other = Run("x", {"other": ("d1",)}, {"other": (1.0,)})
    with pytest.raises(InputError, match="The candidates are for other queries"):
        service.first_stage(Judged.bundled(COLLECTION), (Query("q1", "?"),), 2, other)
