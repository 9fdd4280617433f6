"""Rankers and candidates for evaluations, made by the service over its indexes, models and kept scores."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import PASSAGES, TINY_MODEL, FakeModel, FakeSource, collection_of, service_with

from demo.errors import InputError, ModelError
from demo.evaluation.protocol import JUDGED, Asked, Plan, find_candidates, run_queries, set_up
from demo.formats.judged import Judged
from demo.formats.trec_runs import Run
from demo.metrics.effectiveness import USUAL
from demo.rankers.bm25 import Bm25
from demo.records import Collection, IntArray, Query, Ranking
from demo.service import RankingService
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


def ranked(service: RankingService, text: str, indices: IntArray = EVERY) -> Ranking:
    return service.rankers.read(text).rank(QUERY, COLLECTION, indices).run()


# ---- rankers -----------------------------------------------------------------------------------------------------


def test_a_cross_encoder_ranks_the_candidates_it_is_given(service: RankingService) -> None:
    ranking = ranked(service, "tiny", np.array([3, 0]))
    assert ranking.scores.tolist() == [-float(len(PASSAGES[3].text)), -float(len(PASSAGES[0].text))]
    assert ranking.ranker.key == service.rankers.read("tiny").spec.key == "bundled/tiny"


def test_bm25_ranks_candidates_by_the_statistics_of_the_whole_collection(service: RankingService) -> None:
    """Both words: d3; one word: d1, with Berlin twice, before d2; none: d4."""
    whole = ranked(service, "bm25")
    assert whole.ranks.tolist() == [2, 3, 1, 4]
    assert whole.found.tolist() == [True, True, True, False]
    assert ranked(service, "bm25", np.array([3, 2])).scores.tolist() == [whole.scores[3], whole.scores[2]]


def test_a_fusion_ranks_by_its_members(service: RankingService) -> None:
    """Ranks of d1…d4: BM25 2, 3, 1 and none, the shorter first 4, 3, 2, 1; d4 gets the model's share alone."""
    scores = ranked(service, "rrf(bm25+tiny)").scores
    assert scores == pytest.approx([1 / 62 + 1 / 64, 1 / 63 + 1 / 63, 1 / 61 + 1 / 62, 1 / 61], rel=1e-6)


def test_a_score_is_computed_once_whoever_asks(service: RankingService, source: FakeSource) -> None:
    ranked(service, "tiny")
    assert ranked(service, "tiny").cost.kept_pairs == 4
    assert len(source.model.scored) == 4


def test_an_unknown_model_is_refused_before_anything_is_scored(service: RankingService, source: FakeSource) -> None:
    for text in ("nobody/knows", "rrf(bm25+nobody/knows)", "tiny[precision=int3]"):
        with pytest.raises(InputError):
            service.rankers.read(text).check()
    assert source.loads == []


def test_a_fingerprint_changes_with_weights_precision_and_reading() -> None:
    def fingerprint(text: str, weights: str = "w1", **settings: str) -> str:
        service = service_with(FakeSource(FakeModel(weights)), Settings(**settings))  # type: ignore[arg-type]
        return service.rankers.read(text).fingerprint()

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
    ranker = service.rankers.read("hub/big")
    assert source.loads == []
    assert ranker.fingerprint() == "tiny-1 fp32"
    assert source.loads == [("hub/big", "fp32")]


# ---- candidates --------------------------------------------------------------------------------------------------


def candidates_of(asked: Asked = "", depth: int = 2, judged: Judged | None = None) -> list[str]:
    judged = judged or Judged.bundled(COLLECTION)
    found = find_candidates(judged, COLLECTION.queries, depth, asked, Bm25())
    return names(COLLECTION, found.of(QUERY).run())


def names(collection: Collection, indices: IntArray) -> list[str]:
    return [collection.passages[index].doc_id for index in indices.tolist()]


def first_of(asked: Asked = "", judged: Judged | None = None) -> str | None:
    found = find_candidates(judged or Judged.bundled(COLLECTION), COLLECTION.queries, 2, asked, Bm25())
    return found.first.spec.key if found.first else None


def test_the_first_stage_gives_its_best_and_is_then_measured(service: RankingService) -> None:
    assert candidates_of() == ["d3", "d1"]
    assert first_of() == "bm25"
    assert candidates_of(depth=3) == ["d3", "d1", "d2"]
    assert candidates_of(depth=99) == ["d3", "d1", "d2", "d4"]  # all there are, those that were not found last


def test_any_ranker_of_a_whole_collection_can_make_candidates(service: RankingService) -> None:
    assert candidates_of(service.rankers.read("rrf(bm25+bm25[k1=2])")) == ["d3", "d1"]
    assert first_of(service.rankers.read("rrf(bm25+bm25[k1=2])")) == "rrf(bm25+bm25[k1=2])"
    with pytest.raises(InputError, match="Tiny cannot rank a whole collection, so it makes no candidates"):
        candidates_of(service.rankers.read("tiny"))


def test_judged_passages_have_no_first_stage() -> None:
    assert candidates_of(JUDGED) == ["d3", "d1"]  # in the order of their texts, which means nothing
    assert first_of(JUDGED) is None


RUN = Run("lucene", {"q1": ("d4", "d2", "d1")}, {"q1": (3.0, 2.0, 1.0)})


def test_a_run_gives_its_best() -> None:
    assert candidates_of(RUN) == ["d4", "d2"]
    assert first_of(RUN) == "run:lucene"


def test_what_came_with_the_collection_goes_first_unless_a_first_stage_is_asked_for() -> None:
    bundled = Judged.bundled(COLLECTION)
    with_run = Judged(COLLECTION, bundled.reading, RUN.rankings, RUN)
    with_list = Judged(COLLECTION, bundled.reading, {"q1": ["d2", "d4", "d1"]})
    assert candidates_of(depth=1, judged=with_run) == ["d4"]
    assert candidates_of(depth=1, judged=with_list) == ["d2", "d4", "d1"]
    assert first_of(judged=with_list) is None
    assert candidates_of(Bm25(), depth=1, judged=with_run) == ["d3"]


def test_a_run_of_other_queries_is_refused() -> None:
    other = Run("x", {"other": ("d1",)}, {"other": (1.0,)})
    with pytest.raises(InputError, match="The candidates are for other queries"):
        find_candidates(Judged.bundled(COLLECTION), (Query("q1", "?"),), 2, other, Bm25())


# ---- all together ------------------------------------------------------------------------------------------------


def plan(service: RankingService, rankers: str, asked: Asked = "", depth: int = 2) -> Plan:
    return set_up(
        Judged.bundled(COLLECTION),
        service.rankers.read_all(rankers),
        USUAL,
        service.default_first_stage(),
        asked,
        depth,
    )


def test_the_first_stage_is_measured_too_and_each_ranker_once(service: RankingService) -> None:
    assert [ranker.spec.key for ranker in plan(service, "tiny").rankers] == ["bm25", "bundled/tiny"]
    assert [ranker.spec.key for ranker in plan(service, "tiny, bm25").rankers] == ["bundled/tiny", "bm25"]
    keys = [ranker.spec.key for ranker in plan(service, "bm25, tiny, bundled/tiny, tiny[max_tokens=64]").rankers]
    assert keys == ["bm25", "bundled/tiny", "bundled/tiny[max_tokens=64]"]
    assert [ranker.spec.key for ranker in plan(service, "tiny", JUDGED).rankers] == ["bundled/tiny"]


def test_a_ranker_that_cannot_begin_has_a_place_with_its_reason(service: RankingService) -> None:
    found = plan(service, "nobody/knows, bm25")
    assert [(each.ranker.key, str(each.reason)) for each in found.failures] == [
        ("nobody/knows", "No model nobody/knows.")
    ]
    outcome = run_queries(found).run()
    assert [ranking.ranker.key for ranking in outcome.outcomes[0].rankings] == ["bm25"]
    assert [failure.ranker.key for failure in outcome.failures] == ["nobody/knows"]


def test_loading_and_scoring_are_told_on_the_way(service: RankingService) -> None:
    steps = run_queries(plan(service, "bm25, tiny"))
    stages = {step.stage for step in steps}
    assert [ranking.ranker.key for ranking in steps.result.outcomes[0].rankings] == ["bm25", TINY_MODEL.key]
    assert stages >= {"indexing", "scoring"}


def test_a_model_that_cannot_be_loaded_ends_nothing_else(service: RankingService, source: FakeSource) -> None:
    source.error = ModelError(TINY_MODEL.notes)
    found = run_queries(plan(service, "bm25, tiny")).run()
    assert [ranking.ranker.key for ranking in found.outcomes[0].rankings] == ["bm25"]
    assert [failure.ranker.key for failure in found.failures] == ["bundled/tiny"]
