"""The service: what a run gives, what it refuses and warns of, what it remembers, and who waits for whom."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from fakes import (
    BIG_MODEL,
    PASSAGES,
    QUERY,
    TINY_MODEL,
    FakeModel,
    FakeRanker,
    FakeSource,
    collection_of,
    request,
    run,
    service_with,
)

from demo.errors import InputError, ModelError
from demo.progress import Progress
from demo.rankers.bm25 import Bm25
from demo.rankers.cross_encoder.kept_scores import Kept, Recording, pair_keys
from demo.rankers.engine import Engine
from demo.records import (
    Explanation,
    Extent,
    Failure,
    Occlusion,
    Pace,
    Passage,
    Query,
    Ranking,
    Result,
    TermWeights,
)
from demo.score_kinds import PROBABILITY, RRF
from demo.service import ModelChoice, RankingService
from demo.settings import Settings


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def service(source: FakeSource) -> RankingService:
    return service_with(source)


def only(result: Result) -> Ranking:
    """The one ranking of a result."""
    (ranking,) = result.rankings
    return ranking


def rerun(service: RankingService, rankers: str = "bundled/tiny", **parts: Any) -> Ranking:
    """The one ranking of a run."""
    return only(run(service, rankers, **parts))


HOPELESS = "On a scale of 0…1 the best score of a model is 0.000: perhaps no passage answers the query."
"""Said of the fake model's scores, which are far below 0."""


def warnings_of(result: Result) -> str:
    return "\n".join(str(warning) for warning in result.warnings)


# ---- a run ---------------------------------------------------------------------------------------------------------


def test_a_run_ranks_the_whole_collection_then_its_candidates(service: RankingService) -> None:
    result = run(service)
    # both words: d3; one word: d1 (Berlin twice) before d2; none: d4, which is not found
    assert [passage.doc_id for passage in result.candidates] == ["d3", "d1", "d2", "d4"]
    assert result.first.found.tolist() == [True, True, True, False]
    after = only(result)
    assert after.scores.tolist() == [-float(len(each.text)) for each in result.candidates]
    assert after.ranks.tolist() == [2, 4, 3, 1]
    assert [extent.pair_tokens for extent in after.extents] == [len(each.text) for each in result.candidates]
    assert result.grades == (3, 0, None, None)
    assert warnings_of(result) == HOPELESS


def test_candidates_that_tie_stand_in_the_order_of_their_texts(service: RankingService) -> None:
    twins = tuple(Passage(f"d{number}", text) for number, text in enumerate(["y Berlin", "u", "x Berlin", "v"], 1))
    for passages in (twins, twins[::-1]):
        found = run(service, "bm25", query="Berlin", collection=collection_of(passages))
        assert [passage.text for passage in found.candidates] == ["x Berlin", "y Berlin", "u", "v"]
        assert found.first.ranks.tolist() == [1, 1, 3, 3]


def test_progress_tells_each_stage(service: RankingService) -> None:
    steps = list(service.run(request(), service.rankers.read_all("bundled/tiny")))
    stages = [step.stage for step in steps]
    assert stages == sorted(stages, key=["indexing", "loading", "scoring"].index)
    scored = [(step.done, step.total) for step in steps if step.stage == "scoring"]
    assert scored == [(0, 4), (2, 4), (4, 4), (1, 1)]  # of passages, then of rankers


def test_cost_adds_up_the_batches_and_keeps_loading_apart(service: RankingService) -> None:
    cost = rerun(service).cost
    assert (cost.pairs, cost.kept_pairs, cost.tokens) == (4, 0, 20)
    assert (cost.tokenise_seconds, cost.model_seconds) == (0.5, 1.0)
    assert (cost.load_seconds, cost.device, cost.precision) == (0.75, "cpu", "fp32")
    assert rerun(service, query="another query").cost.load_seconds == 0.0


def test_the_model_is_the_default_a_key_or_an_alias(service: RankingService) -> None:
    assert only(service.run(request(), [service.cross_encoder()]).run()).ranker.key == "bundled/tiny"
    assert rerun(service, "tiny").ranker.key == "bundled/tiny"
    assert rerun(service, "hub/big").ranker.label == "Big"
    assert run(service, "nobody").failures[0].ranker.key == '"nobody"'


def test_judgments_count_for_the_very_words_of_a_query_only(service: RankingService) -> None:
    assert run(service, query=f" {QUERY}\n").query == Query("q1", QUERY)
    changed = run(service, query=f"{QUERY}?")
    assert (changed.query.query_id, set(changed.grades)) == ("", {None})


def test_engine_scores_as_first_stage(service: RankingService) -> None:
    scores = {"d1": 1.0, "d2": 9.0, "d3": 2.0, "d4": 3.0}
    result = run(service, collection=collection_of(PASSAGES, engine_scores=scores), first=Engine())
    assert [passage.doc_id for passage in result.candidates] == ["d2", "d4", "d3", "d1"]
    assert result.first.scores.tolist() == [9.0, 3.0, 2.0, 1.0]


def test_engine_scores_of_64_bits_are_tied_only_where_they_are_equal(service: RankingService) -> None:
    """Typesense's text_match: floats of 32 bits are 2³⁶ apart there, so these would be one."""
    scores = {"d1": 578730123365187705.0, "d2": 578730123365711993.0, "d3": 578730123365187705.0, "d4": 1.0}
    result = run(service, collection=collection_of(PASSAGES, engine_scores=scores), first=Engine())
    assert result.candidates[0].doc_id == "d2"
    assert result.first.ranks.tolist() == [1, 2, 2, 4]


def test_any_ranker_of_a_whole_collection_can_be_the_first_stage(service: RankingService) -> None:
    longest = FakeRanker("longest", lambda query, passage: float(len(passage.text)), PROBABILITY, ranks_collection=True)
    result = run(service, "bm25", first=longest, depth=2)
    assert [passage.doc_id for passage in result.candidates] == ["d1", "d2"]
    assert result.first.ranker.kind is PROBABILITY


# ---- what is refused, and what is warned of ------------------------------------------------------------------------

NO_STAGE = FakeRanker("grep")


@pytest.mark.parametrize(
    ("parts", "en", "zh"),
    [
        ({"query": " \n "}, "query is empty. Type", "查询为空"),
        ({"query": "x" * 2001}, "2,001 characters; at most 2,000", "2,001 个字符"),
        ({"collection": collection_of(())}, "no passages to rank. Paste", "没有可排序的段落"),
        ({"depth": -1}, "rerank is -1. Write 1 or more", "段落数是 -1"),
        ({"first": NO_STAGE}, "Grep cannot be the first stage, because it cannot rank a whole", "Grep"),
        ({"first": NO_STAGE}, "Choose bm25 / bm25[variant=okapi] /", "bm25[variant=okapi]"),
        ({"first": Engine()}, "without an engine's scores. Choose BM25", "没有附带搜索引擎的得分"),
        (
            {"first": Engine(), "collection": collection_of(PASSAGES, engine_scores={"d1": 1.0, "d4": 2.0})},
            "2 of 4 passages have no engine score, “d2” first",
            "第一个是“d2”",
        ),
    ],
)
def test_refusals_say_what_to_do(service: RankingService, parts: dict[str, Any], en: str, zh: str) -> None:
    with pytest.raises(InputError) as caught:
        run(service, **parts)
    assert en in caught.value.to("en")
    assert zh in caught.value.to("zh")


@pytest.mark.parametrize(("depth", "size"), [(None, 4), (0, 4), (1, 1), (2, 2), (3, 3), (4, 4), (99, 4)])
def test_depth_is_taken_from_the_top(service: RankingService, depth: int | None, size: int) -> None:
    result = run(service, depth=depth)
    assert (result.size, len(result.collection.passages)) == (size, 4)
    assert ("best 2 of 4" in warnings_of(result)) == (size == 2)


def test_a_depth_counts_only_what_the_first_stage_found(service: RankingService) -> None:
    """Three of four passages hold a word of the query; a depth of all takes the fourth too, below them."""
    partly = run(service, depth=3)
    assert [passage.doc_id for passage in partly.candidates] == ["d3", "d1", "d2"]
    reranked, hopeless = map(str, partly.warnings)
    assert reranked == "The first stage found 3 of 4 passages, and only these were reranked."
    assert hopeless == HOPELESS
    nothing = run(service, query="zebra", depth=3)
    assert (nothing.size, nothing.first.scores.size) == (0, 0)
    assert "The first stage found 0 of 4 passages" in warnings_of(nothing)


def test_never_more_candidates_than_the_setting_allows(source: FakeSource) -> None:
    result = run(service_with(source, Settings(max_candidates=2)), depth=4)
    assert result.size == 2
    assert "2 is the most that this machine reranks at once" in warnings_of(result)
    assert len(source.model.scored) == 2


def test_warns_where_no_passage_holds_a_word_of_the_query(service: RankingService) -> None:
    result = run(service, query="zebra")
    assert warnings_of(result).count("No passage contains a word of the query") == 1
    assert not result.first.found.any()
    texts = [passage.text for passage in result.candidates]
    assert texts == sorted(texts)  # they are one group, in the order of their texts


def test_warns_of_passages_that_were_cut_unless_windows_read_them(service: RankingService) -> None:
    long = (Passage("d1", "Berlin " * 30), Passage("d2", "inhabitants"))
    cut = run(service, collection=collection_of(long))
    assert "1 of 2 passages was longer than Tiny reads" in warnings_of(cut)
    read = run(service, "tiny[windows]", collection=collection_of(long))
    assert "longer than Tiny reads" not in warnings_of(read)
    assert only(read).cost.kept_pairs == 0  # another way of reading, another score


def test_warns_where_the_model_tells_nothing_apart() -> None:
    result = run(service_with(FakeSource(FakeModel(judge=lambda query, text: 1.5))))
    assert "gave all 4 passages the same score" in warnings_of(result)
    assert only(result).ranks.tolist() == [1, 1, 1, 1]


def test_warns_of_a_script_the_model_did_not_learn(service: RankingService) -> None:
    result = run(service, query="柏林有多少人", collection=collection_of((Passage("d1", "柏林有三百七十万人"),)))
    assert "Tiny was trained on English" in warnings_of(result)


def test_a_score_that_is_no_number_names_its_candidate() -> None:
    service = service_with(FakeSource(FakeModel(judge=lambda query, text: float("nan") if "bark" in text else 1.0)))
    (failure,) = run(service).failures
    assert "no number for candidate 4 of 4" in str(failure.reason)


# ---- why -----------------------------------------------------------------------------------------------------------


def explanation(service: RankingService, ranker: str, index: int) -> Explanation:
    steps = service.explain(service.rankers.read(ranker), Query("q1", QUERY), collection_of(PASSAGES), index)
    assert steps is not None
    return steps.run()


def test_a_bm25_score_is_the_sum_of_its_terms(service: RankingService) -> None:
    found = explanation(service, "bm25", 0)
    assert isinstance(found, TermWeights)
    assert [(each.term, each.word) for each in found.weights] == [("berlin", "Berlin"), ("inhabit", "inhabitants")]
    assert found.weights[0].value > found.weights[1].value == 0.0
    assert sum(each.value for each in found.weights) == pytest.approx(found.score, abs=1e-6)
    assert found.score == pytest.approx(run(service).first.scores[1])  # d1 is the second candidate


def test_a_cross_encoder_is_asked_without_each_word(service: RankingService, source: FakeSource) -> None:
    found = explanation(service, "bundled/tiny", 3)
    assert isinstance(found, Occlusion)
    # “Cork is a bark.”, a character costs 1: a word costs its length and the space that goes with it
    assert [(each.start, each.end, each.value) for each in found.of_passage] == [
        (0, 4, -5.0),
        (5, 7, -3.0),
        (8, 9, -2.0),
        (10, 14, -4.0),
    ]
    assert [(each.start, each.end, each.value) for each in found.of_query] == [(0, 6, 0.0), (7, 18, 0.0)]
    computed = len(source.model.scored)
    explanation(service, "bundled/tiny", 3)
    assert len(source.model.scored) == computed  # all scores were kept


def test_who_cannot_explain_says_nothing(service: RankingService) -> None:
    for ranker in (Engine(), FakeRanker("fake")):
        assert service.explain(ranker, Query("q1", QUERY), collection_of(PASSAGES), 0) is None


# ---- what is remembered --------------------------------------------------------------------------------------------


def test_nothing_is_computed_twice(service: RankingService, source: FakeSource) -> None:
    first, second = rerun(service), rerun(service)
    assert second.scores.tolist() == first.scores.tolist()
    assert second.extents == first.extents
    assert (second.cost.kept_pairs, second.cost.model_seconds) == (4, 0.0)
    assert (second.cost.model_bytes, second.cost.precision) == (first.cost.model_bytes, first.cost.precision)
    assert second.ranker.model == first.ranker.model
    assert len(source.model.scored) == 4
    more = rerun(service, collection=collection_of((*PASSAGES, Passage("d5", "Berlin lakes")))).cost
    assert (more.pairs, more.kept_pairs) == (5, 4)
    assert source.model.scored[4:] == ["Berlin lakes"]


def test_the_pace_is_that_of_the_run_that_computed_most_pairs(service: RankingService) -> None:
    assert rerun(service).cost.earlier is None
    more = rerun(service, collection=collection_of((*PASSAGES, Passage("d5", "Berlin lakes")))).cost
    assert (more.own_pace, more.pace) == (Pace(1, 0.75), Pace(4, 1.5))
    assert rerun(service, query="inhabitants").cost.earlier is None  # as many pairs as then: the later run counts
    two = collection_of(PASSAGES[:2])
    assert rerun(service, "tiny[precision=bf16]", collection=two).cost.pace == Pace(2, 0.75)


def test_another_query_passage_or_precision_is_computed_anew(service: RankingService, source: FakeSource) -> None:
    run(service)
    assert rerun(service, query="inhabitants").cost.kept_pairs == 0
    assert rerun(service, "tiny[precision=bf16]").cost.kept_pairs == 0
    retitled = tuple(Passage(each.doc_id, each.text, "A title") for each in PASSAGES)
    assert rerun(service, collection=collection_of(retitled)).cost.kept_pairs == 0
    assert source.loads == [("bundled/tiny", "fp32"), ("bundled/tiny", "bf16")]


def test_a_model_from_elsewhere_is_found_again_once_it_is_known(service: RankingService, source: FakeSource) -> None:
    run(service, "hub/big")
    assert rerun(service, "hub/big").cost.kept_pairs == 4
    assert len(source.model.scored) == 4


def test_scores_of_two_sets_of_weights_never_share_a_ranking(tmp_path: Path) -> None:
    record(tmp_path, "tiny-0", PASSAGES[:2])
    source = FakeSource(FakeModel("tiny-1"), on_disk="tiny-0")  # the weights changed between looking up and loading
    ranking = rerun(service_with(source, recordings=tmp_path))
    assert ranking.cost.kept_pairs == 0
    assert ranking.scores.max() < 0  # all are the model's own; recorded ones are 0 and more


def test_a_term_index_is_built_once(service: RankingService) -> None:
    collection, first = collection_of(PASSAGES), service.default_first_stage()
    assert run(service, collection=collection, first=first).first.cost.index_seconds > 0
    assert run(service, collection=collection, first=first, query="lakes").first.cost.index_seconds == 0
    assert rerun(service, "bm25", collection=collection, first=first).cost.index_seconds == 0


def test_the_first_stage_is_no_second_column_of_work(service: RankingService) -> None:
    result = run(service, "bm25, tiny")
    assert result.columns[0] is result.first


def test_a_recording_answers_without_loading_the_model(tmp_path: Path, source: FakeSource) -> None:
    record(tmp_path, "tiny-1")
    ranking = rerun(service_with(source, recordings=tmp_path))
    assert source.loads == []
    assert sorted(ranking.scores.tolist()) == [0.0, 1.0, 2.0, 3.0]
    assert ranking.cost.kept_pairs == 4


def test_a_recording_of_other_weights_is_not_found(tmp_path: Path, source: FakeSource) -> None:
    record(tmp_path, "tiny-0")
    ranking = rerun(service_with(source, recordings=tmp_path))
    assert source.loads == [("bundled/tiny", "fp32")]
    assert ranking.cost.kept_pairs == 0
    assert ranking.scores.max() < 0


def record(folder: Path, fingerprint: str, passages: Sequence[Passage] = PASSAGES) -> None:
    keys = pair_keys(fingerprint, "fp32", "", QUERY, [passage.content for passage in passages])
    rows = tuple((key, Kept(float(number), Extent(9, 9, 0, 9))) for number, key in enumerate(keys))
    (folder / "tiny").mkdir()
    recording = Recording("bundled/tiny", fingerprint, "fp32", "", "cities", QUERY, rows)
    recording.write(folder / "tiny" / "first_scores.json")


# ---- cancelling, waiting, sharing ----------------------------------------------------------------------------------


def until(steps: Iterator[Progress], stage: str, done: int) -> None:
    """Runs until the stage has got so far."""
    for step in steps:
        if (step.stage, step.done) == (stage, done):
            return
    raise AssertionError(f"never got to {stage} {done}")


def test_closing_stops_the_model_and_what_was_scored_stays(service: RankingService, source: FakeSource) -> None:
    steps = service.run(request(), service.rankers.read_all("tiny"))
    until(steps, "scoring", 2)
    steps.close()
    assert (len(source.model.scored), source.model.closed) == (2, 1)
    assert rerun(service).cost.kept_pairs == 2
    assert len(source.model.scored) == 4


def test_who_leaves_while_the_model_loads_does_not_stop_it(source: FakeSource) -> None:
    source.go.clear()
    service = service_with(source)
    steps = service.run(request(), service.rankers.read_all("tiny"))
    until(steps, "loading", 0)
    steps.close()
    source.go.set()
    run(service)
    assert source.loads == [("bundled/tiny", "fp32")]


def test_visitors_at_once_share_the_load_and_get_their_own_results(source: FakeSource) -> None:
    source.go.clear()
    service = service_with(source)
    queries = [f"Berlin {number}" for number in range(6)]
    found: dict[str, Result] = {}
    together = Barrier(len(queries) + 1)

    def visit(query: str) -> None:
        together.wait(5)
        found[query] = run(service, query=query, collection=collection_of(PASSAGES))

    threads = [Thread(target=visit, args=(query,)) for query in queries]
    for thread in threads:
        thread.start()
    together.wait(5)
    source.go.set()
    for thread in threads:
        thread.join(10)
    assert source.loads == [("bundled/tiny", "fp32")]
    assert {query: result.query.text for query, result in found.items()} == {query: query for query in queries}
    assert len(source.model.scored) == 4 * len(queries)


def test_a_model_that_cannot_be_loaded_is_tried_again(service: RankingService, source: FakeSource) -> None:
    source.error = ModelError("The weights are damaged.")
    assert [str(failure.reason) for failure in run(service).failures] == ["The weights are damaged."]
    source.error = None
    assert rerun(service).scores.size == 4


def test_warming_up_loads_the_default_model(service: RankingService, source: FakeSource) -> None:
    service.warm_up().join(5)
    assert source.loads == [("bundled/tiny", "fp32")]
    assert rerun(service, query="inhabitants").cost.load_seconds == 0.0


def test_warming_up_times_the_default_model_even_where_its_scores_were_recorded(
    tmp_path: Path, source: FakeSource
) -> None:
    record(tmp_path, source.model.fingerprint, PASSAGES)
    service = service_with(source, recordings=tmp_path)
    assert rerun(service).cost.pace is None
    service.warm_up().join(5)
    cost = rerun(service).cost
    assert (cost.kept_pairs, cost.own_pace, cost.pace) == (4, None, Pace(4, 1.5))  # two batches of 0.25 + 0.5 s


def test_warming_up_in_vain_is_told_by_the_first_run(service: RankingService, source: FakeSource) -> None:
    source.error = ModelError("The weights are damaged.")
    service.warm_up().join(5)
    assert "damaged" in str(run(service).failures[0].reason)


# ---- many rankers --------------------------------------------------------------------------------------------------


def test_every_ranker_orders_the_same_candidates(service: RankingService) -> None:
    result = run(service, "bundled/tiny, bm25, bm25[variant=okapi], hub/big, tiny[precision=bf16;windows]")
    assert [passage.doc_id for passage in result.candidates] == ["d3", "d1", "d2", "d4"]
    assert result.first.ranks.tolist() == [1, 2, 3, 4]
    assert [ranking.ranker.label for ranking in result.rankings] == [
        "Tiny",
        "BM25",
        "BM25 · Okapi",
        "Big",
        "Tiny · bf16 · MaxP",
    ]
    assert [ranking.ranker.key for ranking in result.rankings][-1] == "bundled/tiny[precision=bf16;windows]"
    assert result.rankings[0].scores.tolist() == [-float(len(each.text)) for each in result.candidates]
    assert result.rankings[1].scores.tolist() == result.first.scores.tolist()
    assert result.grades == (3, 0, None, None)


def test_a_result_grows_by_a_column_at_a_time(service: RankingService) -> None:
    steps = service.run(request(), service.rankers.read_all("bm25, tiny"))
    grown = [len(step.so_far.columns) for step in steps if isinstance(step.so_far, Result)]
    assert grown == [1, 2]
    assert len(steps.result.columns) == 2


def test_progress_names_the_ranker(service: RankingService) -> None:
    steps = list(service.run(request(), service.rankers.read_all("bm25, tiny")))
    assert [str(step.detail) for step in steps][-2:] == ["Tiny (2 of 2): Scored 4 of 4 passages", "Compared"]


def test_one_failing_ranker_says_why_and_the_rest_go_on(service: RankingService) -> None:
    result = run(service, "nobody/knows, bm25, tiny[precision=int4], engine, tiny")
    assert [isinstance(column, Failure) for column in result.columns] == [True, False, True, True, False]
    assert [failure.ranker.key for failure in result.failures] == ["nobody/knows", '"tiny"[precision=int4]', "engine"]
    assert "No model nobody/knows" in str(result.failures[0].reason)
    assert "no precision “int4”" in str(result.failures[1].reason)
    assert "without an engine's scores" in str(result.failures[2].reason)


FAULT = "It failed by a fault of this app; the log has the details."


def test_a_bug_in_one_ranker_is_its_own_column_and_goes_to_the_log(
    service: RankingService, caplog: pytest.LogCaptureFixture
) -> None:
    broken = FakeRanker("broken", error=ZeroDivisionError("a secret"))
    result = service.run(request(), [broken, Bm25(), *service.rankers.read_all("tiny")]).run()
    assert [column.ranker.key for column in result.columns] == ["broken", "bm25", "bundled/tiny"]
    assert [str(failure.reason) for failure in result.failures] == [FAULT]
    assert "a secret" in caplog.text  # with its traceback, for whoever runs the app
    assert result.failures[0].reason.to("zh") != FAULT


def test_a_bug_in_loading_a_model_is_its_own_column(service: RankingService, source: FakeSource) -> None:
    source.error = RuntimeError("no padding token")
    result = run(service, "tiny, bm25")
    assert [isinstance(column, Failure) for column in result.columns] == [True, False]
    assert str(result.failures[0].reason) == FAULT


def test_a_model_may_be_computed_by_a_backend_that_nobody_knows() -> None:
    result = run(service_with(FakeSource(FakeModel(backend="onnx"))), "bm25, tiny")
    assert result.failures == ()
    assert result.rankings[1].ranker.model is not None
    assert result.rankings[1].ranker.model.backend == "onnx"


def test_closing_is_no_failure(service: RankingService) -> None:
    stopped = FakeRanker("stopped")
    steps = service.run(request(), [stopped, Bm25()])
    until(steps, "scoring", 0)
    steps.close()
    with pytest.raises(ValueError, match="not come to its end"):
        _ = steps.result


def test_a_fusion_is_a_ranker(service: RankingService, source: FakeSource) -> None:
    bm25, tiny, fused = run(service, "bm25, tiny, rrf(bm25+tiny)[k=0]").rankings
    assert fused.ranker.kind is RRF
    shares = zip(bm25.ranks.tolist(), bm25.found.tolist(), tiny.ranks.tolist(), strict=True)
    assert fused.scores.tolist() == pytest.approx([found / a + 1 / b for a, found, b in shares])
    assert len(source.model.scored) == 4  # the fusion takes the scores that are there


@pytest.mark.parametrize("count", [0, 9])
def test_a_result_has_one_to_eight_columns(service: RankingService, count: int) -> None:
    with pytest.raises(InputError, match="Choose 1 to 8"):
        service.run(request(), [FakeRanker(f"m{number}") for number in range(count)]).run()


def test_only_what_is_new_is_scored(service: RankingService, source: FakeSource) -> None:
    run(service, "bm25, tiny")
    source.model.scored.clear()
    run(service, "tiny, bm25[k1=2], rrf(bm25+tiny)")
    assert source.model.scored == []
    run(service, "tiny, tiny[max_tokens=20]", collection=collection_of((*PASSAGES, Passage("d5", "Berlin lakes"))))
    assert source.model.scored[0] == "Berlin lakes"  # one new passage for tiny, five for its shorter reading
    assert len(source.model.scored) == 6


# ---- what there is to choose from ----------------------------------------------------------------------------------


def test_collections_are_the_same_object_each_time(service: RankingService) -> None:
    assert service.collection("cities") is service.collection("cities")
    assert [key for key, _ in service.cards()] == ["cities"]
    assert service.first_query("cities").text == QUERY
    assert str(service.traps("cities")["q1"].look_for) == "Two Berlins."
    assert service.traps("pasted") == {}


def test_models_on_offer(service: RankingService) -> None:
    assert service.models() == (ModelChoice(TINY_MODEL, "bundled"), ModelChoice(BIG_MODEL, "download"))
    assert service.default_model() == "bundled/tiny"


def test_the_service_starts_without_torch() -> None:
    code = (
        "import sys; from demo.service import RankingService; from demo.settings import Settings\n"
        "service = RankingService(Settings()); service.models(); service.default_model()\n"
        "sys.exit(sorted({'torch', 'transformers'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
