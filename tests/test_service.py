import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from threading import Barrier, Event, Thread
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from demo.rankers.choices import Bm25Choice, CrossEncoderChoice, RankerChoice, parse_rankers

from demo.errors import DemoError, InputError, ModelError
from demo.messages import NOTHING, Message
from demo.rankers.cross_encoder.kept_scores import Kept, Recording, pair_keys
from demo.rankers.cross_encoder.loaded_models import Batch, Tell
from demo.rankers.cross_encoder.scoring import Where
from demo.records import (
    Card,
    Collection,
    Comparison,
    Explanation,
    Extent,
    Failure,
    Lineup,
    ModelSpec,
    Occlusion,
    Pace,
    Passage,
    Query,
    ScoreKind,
    TermWeights,
)
from demo.service import ModelChoice, Progress, RankingService, Request
from demo.settings import Settings

TINY = ModelSpec("bundled/tiny", "Tiny", "BERT", aliases=("tiny",))
BIG = ModelSpec("hub/big", "Big", "BERT")
PASSAGES = (
    Passage("d1", "Berlin is a town in New Hampshire, and Berlin is small."),
    Passage("d2", "The capital of Germany has 3.7 million inhabitants."),
    Passage("d3", "Berlin has 3.7 million inhabitants and many lakes."),
    Passage("d4", "Cork is a bark."),
)
QUERY = "Berlin inhabitants"


def length_score(query: str, text: str) -> float:
    """What the fake model thinks: the shorter the better."""
    return -float(len(text))


@dataclass
class FakeModel:
    """Scores two texts a batch, longest first, as a real one would."""

    fingerprint: str = "tiny-1"
    spec: ModelSpec = TINY
    engine: str = "transformers"
    emulated: bool = False
    precision: str = "fp32"
    load_seconds: float = 0.75
    bytes: int = 100
    judge: Callable[[str, str], float] = length_score
    scored: list[str] = field(default_factory=list)
    closed: int = 0

    def score(
        self, query: str, texts: Sequence[str], windows: bool = False, max_tokens: int = 0
    ) -> Generator[Batch, None, None]:
        longest_first = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
        try:
            for start in range(0, len(texts), 2):
                yield self._batch(query, texts, longest_first[start : start + 2], windows)
        finally:
            self.closed += 1

    def _batch(self, query: str, texts: Sequence[str], indices: list[int], windows: bool) -> Batch:
        self.scored += [texts[index] for index in indices]
        return SimpleNamespace(  # type: ignore[return-value]
            indices=np.array(indices, dtype=np.int64),
            scores=np.array([self.judge(query, texts[index]) for index in indices], dtype=np.float32),
            extents=tuple(self._extent(texts[index], windows) for index in indices),
            tokenise_seconds=0.25,
            model_seconds=0.5,
            tokens=10,
            device="cpu",
        )

    @staticmethod
    def _extent(text: str, windows: bool) -> Extent:
        """One token a character, 60 of them read at once."""
        return Extent(len(text), min(60, len(text)), 0, min(60, len(text)), -(-len(text) // 60) if windows else 1)


@dataclass
class FakeSource:
    """Two models, one of them not on this machine; waits for `go` before it loads."""

    model: FakeModel = field(default_factory=FakeModel)
    loads: list[tuple[str, str]] = field(default_factory=list)
    go: Event = field(default_factory=Event)
    error: DemoError | None = None
    on_disk: str = ""

    def __post_init__(self) -> None:
        self.go.set()

    def default_model(self, settings: Settings) -> ModelSpec:
        return TINY

    def resolve(self, name: str, settings: Settings) -> ModelSpec:
        for spec in (TINY, BIG):
            if name in (spec.key, *spec.aliases):
                return spec
        raise InputError(Message("{text}", text=f"No model {name}."))

    def fingerprint(self, spec: ModelSpec, settings: Settings) -> str | None:
        return (self.on_disk or self.model.fingerprint) if spec is TINY else None

    def available(self, settings: Settings) -> Sequence[tuple[ModelSpec, Where]]:
        return ((TINY, "bundled"), (BIG, "download"))

    def load_cross_encoder(self, spec: ModelSpec, settings: Settings, progress: Tell) -> FakeModel:
        self.loads.append((spec.key, settings.precision))
        progress(Message("Reading the weights"))
        assert self.go.wait(5)
        if self.error:
            raise self.error
        self.model.precision, self.model.spec = settings.precision, spec
        return self.model


class FakeLibrary:
    """One collection with a judged query."""

    def cards(self) -> tuple[tuple[str, Card], ...]:
        return (("cities", Card(Message("Cities"), NOTHING)),)

    def load(self, key: str) -> Collection:
        return collection_of(PASSAGES)

    def first_query(self, key: str) -> Query:
        return Query("q1", QUERY)

    def traps(self, key: str) -> Mapping[str, Message]:
        return {"q1": Message("Two Berlins.")}


def collection_of(passages: tuple[Passage, ...], **parts: Any) -> Collection:
    return Collection(
        "cities",
        Card(Message("Cities"), NOTHING),
        passages,
        (Query("q1", QUERY),),
        {"q1": {"d1": 0, "d3": 3}},
        **parts,
    )


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def service(source: FakeSource) -> RankingService:
    return service_with(source)


def service_with(source: FakeSource, settings: Settings = Settings(), recordings: Path | None = None) -> RankingService:
    return RankingService(settings, FakeLibrary(), source, recordings)  # type: ignore[arg-type]


CHOICE_PARTS = {row.name for row in fields(CrossEncoderChoice)}


def request(**parts: Any) -> tuple[Request, CrossEncoderChoice]:
    """The request and the reranker that the parts speak of."""
    wanted = {"query": QUERY, "collection": collection_of(PASSAGES)} | parts
    choice = {name: wanted.pop(name) for name in CHOICE_PARTS & set(wanted)}
    return Request(**wanted), CrossEncoderChoice(**choice)


def run(service: RankingService, **parts: Any) -> Comparison:
    *_, last = service.rerank(*request(**parts))
    assert isinstance(last, Comparison)
    return last


def warnings_of(comparison: Comparison) -> str:
    return "\n".join(str(warning) for warning in comparison.warnings)


# ---- a run ---------------------------------------------------------------------------------------------------------


def test_a_run_ranks_the_whole_collection_then_its_candidates(service: RankingService) -> None:
    comparison = run(service)
    # both words: d3; one word: d1 (Berlin twice) before d2; none: d4
    assert [passage.doc_id for passage in comparison.candidates] == ["d3", "d1", "d2", "d4"]
    assert comparison.before.scores[-1] == 0
    assert comparison.after.scores.tolist() == [-float(len(each.text)) for each in comparison.candidates]
    assert comparison.after.ranks.tolist() == [2, 4, 3, 1]
    assert [extent.pair_tokens for extent in comparison.after.extents] == [
        len(each.text) for each in comparison.candidates
    ]
    assert comparison.grades == (3, 0, None, None)
    assert comparison.warnings == ()


def test_progress_tells_each_stage(service: RankingService) -> None:
    steps = [step for step in service.rerank(*request()) if isinstance(step, Progress)]
    stages = [step.stage for step in steps]
    assert stages == sorted(stages, key=["indexing", "loading", "scoring"].index)
    assert [(step.done, step.total) for step in steps if step.stage == "scoring"] == [(0, 4), (2, 4), (4, 4)]


def test_cost_adds_up_the_batches_and_keeps_loading_apart(service: RankingService) -> None:
    cost = run(service).after.cost
    assert (cost.pairs, cost.kept_pairs, cost.tokens) == (4, 0, 20)
    assert (cost.tokenise_seconds, cost.model_seconds) == (0.5, 1.0)
    assert (cost.load_seconds, cost.device, cost.precision) == (0.75, "cpu", "fp32")
    again = run(service, query="another query").after.cost
    assert again.load_seconds == 0.0


def test_the_model_is_the_default_a_key_or_an_alias(service: RankingService) -> None:
    assert run(service).after.ranker.key == "bundled/tiny"
    assert run(service, model="tiny").after.ranker.key == "bundled/tiny"
    assert run(service, model="hub/big").after.ranker.label == "Big"
    with pytest.raises(InputError, match="No model nobody"):
        run(service, model="nobody")


def test_judgments_count_for_the_very_words_of_a_query_only(service: RankingService) -> None:
    assert run(service, query=f" {QUERY}\n").query == Query("q1", QUERY)
    changed = run(service, query=f"{QUERY}?")
    assert (changed.query.query_id, set(changed.grades)) == ("", {None})


def test_engine_scores_as_first_stage(service: RankingService) -> None:
    scores = {"d1": 1.0, "d2": 9.0, "d3": 2.0, "d4": 3.0}
    comparison = run(service, collection=collection_of(PASSAGES, engine_scores=scores), first_stage="engine")
    assert [passage.doc_id for passage in comparison.candidates] == ["d2", "d4", "d3", "d1"]
    assert comparison.before.scores.tolist() == [9.0, 3.0, 2.0, 1.0]


# ---- what is refused, and what is warned of ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "en", "zh"),
    [
        ({"query": " \n "}, "query is empty. Type", "查询为空"),
        ({"query": "x" * 2001}, "2,001 characters; at most 2,000", "2,001 个字符"),
        ({"collection": collection_of(())}, "no passages to rank. Paste", "没有可排序的段落"),
        ({"depth": -1}, "rerank is -1. Write 1 or more", "段落数是 -1"),
        ({"first_stage": "grep"}, "no first stage “grep”. Choose bm25 or engine", "没有“grep”"),
        ({"precision": "int4"}, "no precision “int4”. Choose fp32, bf16 or fp16", "没有“int4”"),
        ({"first_stage": "engine"}, "without an engine's scores. Choose BM25", "没有附带搜索引擎的得分"),
        (
            {"first_stage": "engine", "collection": collection_of(PASSAGES, engine_scores={"d1": 1.0, "d4": 2.0})},
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


@pytest.mark.parametrize(("depth", "size"), [(None, 4), (0, 4), (2, 2), (4, 4), (99, 4)])
def test_depth_is_taken_from_the_top(service: RankingService, depth: int | None, size: int) -> None:
    comparison = run(service, depth=depth)
    assert (comparison.size, comparison.collection_size) == (size, 4)
    assert ("best 2 of 4" in warnings_of(comparison)) == (size < 4)


def test_never_more_candidates_than_the_setting_allows(source: FakeSource) -> None:
    comparison = run(service_with(source, Settings(max_candidates=3)), depth=4)
    assert comparison.size == 3
    assert "3 is the most that this machine reranks at once" in warnings_of(comparison)
    assert len(source.model.scored) == 3


def test_warns_where_no_passage_holds_a_word_of_the_query(service: RankingService) -> None:
    comparison = run(service, query="zebra")
    assert "No passage contains a word of the query" in warnings_of(comparison)
    assert [passage.doc_id for passage in comparison.candidates] == ["d1", "d2", "d3", "d4"]


def test_warns_of_passages_that_were_cut_unless_windows_read_them(service: RankingService) -> None:
    long = (Passage("d1", "Berlin " * 30), Passage("d2", "inhabitants"))
    cut = run(service, collection=collection_of(long))
    assert "1 of 2 passages was longer than Tiny reads" in warnings_of(cut)
    read = run(service, collection=collection_of(long), windows=True)
    assert "longer than Tiny reads" not in warnings_of(read)
    assert read.after.cost.kept_pairs == 0  # another way of reading, another score


def test_warns_where_the_model_tells_nothing_apart() -> None:
    comparison = run(service_with(FakeSource(FakeModel(judge=lambda query, text: 1.5))))
    assert "gave all 4 passages the same score" in warnings_of(comparison)
    assert comparison.after.ranks.tolist() == [1, 2, 3, 4]


def test_warns_of_a_script_the_model_did_not_learn(service: RankingService) -> None:
    comparison = run(service, query="柏林有多少人", collection=collection_of((Passage("d1", "柏林有三百七十万人"),)))
    assert "Tiny was trained on English" in warnings_of(comparison)


def test_a_score_that_is_no_number_names_its_candidate() -> None:
    service = service_with(FakeSource(FakeModel(judge=lambda query, text: float("nan") if "bark" in text else 1.0)))
    with pytest.raises(ModelError, match="no number for candidate 4 of 4"):
        run(service)


# ---- why -----------------------------------------------------------------------------------------------------------


def explanation(service: RankingService, choice: Bm25Choice | CrossEncoderChoice, index: int) -> Explanation:
    *_, last = service.explain(choice, Query("q1", QUERY), PASSAGES[index], collection_of(PASSAGES))
    assert isinstance(last, TermWeights | Occlusion)
    return last


def test_a_bm25_score_is_the_sum_of_its_terms(service: RankingService) -> None:
    found = explanation(service, Bm25Choice(), 0)
    assert isinstance(found, TermWeights)
    assert [(each.term, each.word) for each in found.weights] == [("berlin", "Berlin"), ("inhabit", "inhabitants")]
    assert found.weights[0].value > found.weights[1].value == 0.0
    assert sum(each.value for each in found.weights) == pytest.approx(found.score, abs=1e-6)
    assert found.score == pytest.approx(run(service).before.scores[1])  # d1 is the second candidate


def test_a_cross_encoder_is_asked_without_each_word(service: RankingService, source: FakeSource) -> None:
    found = explanation(service, CrossEncoderChoice("bundled/tiny"), 3)
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
    explanation(service, CrossEncoderChoice("bundled/tiny"), 3)
    assert len(source.model.scored) == computed  # all scores were kept


# ---- what is remembered --------------------------------------------------------------------------------------------


def test_nothing_is_computed_twice(service: RankingService, source: FakeSource) -> None:
    first, second = run(service), run(service)
    assert second.after.scores.tolist() == first.after.scores.tolist()
    assert second.after.extents == first.after.extents
    assert (second.after.cost.kept_pairs, second.after.cost.model_seconds) == (4, 0.0)
    assert len(source.model.scored) == 4
    more = run(service, collection=collection_of((*PASSAGES, Passage("d5", "Berlin lakes"))))
    assert (more.after.cost.pairs, more.after.cost.kept_pairs) == (5, 4)
    assert source.model.scored[4:] == ["Berlin lakes"]


def test_the_pace_is_that_of_the_run_that_computed_most_pairs(service: RankingService) -> None:
    assert run(service).after.cost.earlier is None
    more = run(service, collection=collection_of((*PASSAGES, Passage("d5", "Berlin lakes")))).after.cost
    assert (more.own_pace, more.pace) == (Pace(1, 0.75), Pace(4, 1.5))
    assert run(service, query="inhabitants").after.cost.earlier is None  # as many pairs as then: the later run counts
    assert run(service, precision="bf16", collection=collection_of(PASSAGES[:2])).after.cost.pace == Pace(2, 0.75)


def test_another_query_passage_or_precision_is_computed_anew(service: RankingService, source: FakeSource) -> None:
    run(service)
    assert run(service, query="inhabitants").after.cost.kept_pairs == 0
    assert run(service, precision="bf16").after.cost.kept_pairs == 0
    retitled = tuple(Passage(each.doc_id, each.text, "A title") for each in PASSAGES)
    assert run(service, collection=collection_of(retitled)).after.cost.kept_pairs == 0
    assert source.loads == [("bundled/tiny", "fp32"), ("bundled/tiny", "bf16")]


def test_a_model_from_elsewhere_is_found_again_once_it_is_known(service: RankingService, source: FakeSource) -> None:
    run(service, model="hub/big")
    assert run(service, model="hub/big").after.cost.kept_pairs == 4
    assert len(source.model.scored) == 4


def test_scores_of_two_sets_of_weights_never_share_a_ranking(tmp_path: Path) -> None:
    record(tmp_path, "tiny-0", PASSAGES[:2])
    source = FakeSource(FakeModel("tiny-1"), on_disk="tiny-0")  # the weights changed between looking up and loading
    comparison = run(service_with(source, recordings=tmp_path))
    assert comparison.after.cost.kept_pairs == 0
    assert comparison.after.scores.max() < 0  # all are the model's own; recorded ones are 0 and more


def test_a_term_index_is_built_once(service: RankingService) -> None:
    collection = collection_of(PASSAGES)
    assert run(service, collection=collection).before.cost.index_seconds > 0
    assert run(service, collection=collection, query="lakes").before.cost.index_seconds == 0


def test_a_recording_answers_without_loading_the_model(tmp_path: Path, source: FakeSource) -> None:
    record(tmp_path, "tiny-1")
    comparison = run(service_with(source, recordings=tmp_path))
    assert source.loads == []
    assert sorted(comparison.after.scores.tolist()) == [0.0, 1.0, 2.0, 3.0]
    assert comparison.after.cost.kept_pairs == 4


def test_a_recording_of_other_weights_is_not_found(tmp_path: Path, source: FakeSource) -> None:
    record(tmp_path, "tiny-0")
    comparison = run(service_with(source, recordings=tmp_path))
    assert source.loads == [("bundled/tiny", "fp32")]
    assert comparison.after.cost.kept_pairs == 0
    assert comparison.after.scores.max() < 0


def record(folder: Path, fingerprint: str, passages: Sequence[Passage] = PASSAGES) -> None:
    keys = pair_keys(fingerprint, "fp32", "", QUERY, [passage.content for passage in passages])
    rows = tuple((key, Kept(float(number), Extent(9, 9, 0, 9))) for number, key in enumerate(keys))
    (folder / "tiny").mkdir()
    recording = Recording("bundled/tiny", fingerprint, "fp32", "", "cities", QUERY, rows)
    recording.write(folder / "tiny" / "first_scores.json")


# ---- cancelling, waiting, sharing ----------------------------------------------------------------------------------


def until(steps: Iterator[Progress | Comparison], stage: str, done: int) -> None:
    """Runs until the stage has got so far."""
    for step in steps:
        if isinstance(step, Progress) and (step.stage, step.done) == (stage, done):
            return
    raise AssertionError(f"never got to {stage} {done}")


def test_closing_stops_the_model_and_what_was_scored_stays(service: RankingService, source: FakeSource) -> None:
    steps = service.rerank(*request())
    until(steps, "scoring", 2)
    steps.close()  # type: ignore[attr-defined]
    assert (len(source.model.scored), source.model.closed) == (2, 1)
    assert run(service).after.cost.kept_pairs == 2
    assert len(source.model.scored) == 4


def test_who_leaves_while_the_model_loads_does_not_stop_it(source: FakeSource) -> None:
    source.go.clear()
    service = service_with(source)
    steps = service.rerank(*request())
    until(steps, "loading", 0)
    steps.close()  # type: ignore[attr-defined]
    source.go.set()
    run(service)
    assert source.loads == [("bundled/tiny", "fp32")]


def test_visitors_at_once_share_the_load_and_get_their_own_results(source: FakeSource) -> None:
    source.go.clear()
    service = service_with(source)
    queries = [f"Berlin {number}" for number in range(6)]
    found: dict[str, Comparison] = {}
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
    assert {query: comparison.query.text for query, comparison in found.items()} == {query: query for query in queries}
    assert len(source.model.scored) == 4 * len(queries)


def test_a_model_that_cannot_be_loaded_is_tried_again(service: RankingService, source: FakeSource) -> None:
    source.error = ModelError(Message("The weights are damaged."))
    with pytest.raises(ModelError, match="damaged"):
        run(service)
    source.error = None
    assert run(service).size == 4


def test_warming_up_loads_the_default_model(service: RankingService, source: FakeSource) -> None:
    service.warm_up().join(5)
    assert source.loads == [("bundled/tiny", "fp32")]
    assert run(service, query="inhabitants").after.cost.load_seconds == 0.0


def test_warming_up_times_the_default_model_even_where_its_scores_were_recorded(
    tmp_path: Path, source: FakeSource
) -> None:
    record(tmp_path, source.model.fingerprint, PASSAGES)
    service = service_with(source, recordings=tmp_path)
    assert run(service).after.cost.pace is None
    service.warm_up().join(5)
    cost = run(service).after.cost
    assert (cost.kept_pairs, cost.own_pace, cost.pace) == (4, None, Pace(4, 1.5))  # two batches of 0.25 + 0.5 s


def test_warming_up_in_vain_is_told_by_the_first_run(service: RankingService, source: FakeSource) -> None:
    source.error = ModelError(Message("The weights are damaged."))
    service.warm_up().join(5)
    with pytest.raises(ModelError, match="damaged"):
        run(service)


# ---- lineups -------------------------------------------------------------------------------------------------------


def line_up(service: RankingService, rankers: str, **parts: Any) -> Lineup:
    *_, last = service.line_up(request(**parts)[0], parse_rankers(rankers))
    assert isinstance(last, Lineup)
    return last


def test_a_lineup_ranks_the_same_candidates_with_every_ranker(service: RankingService) -> None:
    lineup = line_up(service, "bundled/tiny, bm25, bm25[variant=okapi], hub/big, tiny[precision=bf16;windows]")
    assert [passage.doc_id for passage in lineup.candidates] == ["d3", "d1", "d2", "d4"]
    assert lineup.first.ranks.tolist() == [1, 2, 3, 4]
    assert [ranking.ranker.label for ranking in lineup.rankings] == [
        "Tiny",
        "BM25",
        "BM25 · Okapi",
        "Big",
        "Tiny · bf16 · MaxP",
    ]
    assert [ranking.ranker.key for ranking in lineup.rankings][-1] == "bundled/tiny[precision=bf16;windows]"
    assert lineup.rankings[0].scores.tolist() == [-float(len(each.text)) for each in lineup.candidates]
    assert lineup.rankings[1].scores.tolist() == lineup.first.scores.tolist()
    assert lineup.grades == (3, 0, None, None)


def test_a_lineup_grows_by_a_ranker_at_a_time(service: RankingService) -> None:
    steps = service.line_up(request()[0], parse_rankers("bm25, tiny"))
    grown = [len(step.columns) for step in steps if isinstance(step, Lineup)]
    assert grown == [1, 2]


def test_progress_names_the_ranker(service: RankingService) -> None:
    steps = service.line_up(request()[0], parse_rankers("bm25, tiny"))
    told = [str(step.detail) for step in steps if isinstance(step, Progress)]
    assert told[-1] == "tiny (2 of 2): Scored 4 of 4 passages"


def test_one_failing_ranker_says_why_and_the_rest_go_on(service: RankingService) -> None:
    lineup = line_up(service, "nobody/knows, bm25, tiny[precision=int4], engine, tiny")
    assert [isinstance(column, Failure) for column in lineup.columns] == [True, False, True, True, False]
    assert [failure.ranker.key for failure in lineup.failures] == ["nobody/knows", "tiny[precision=int4]", "engine"]
    assert "No model nobody/knows" in str(lineup.failures[0].reason)
    assert "no precision “int4”" in str(lineup.failures[1].reason)
    assert "without an engine's scores" in str(lineup.failures[2].reason)


def test_a_fusion_is_a_ranker(service: RankingService, source: FakeSource) -> None:
    lineup = line_up(service, "bm25, tiny, rrf(bm25+tiny)[k=0]")
    bm25, tiny, fused = lineup.rankings
    assert fused.ranker.kind is ScoreKind.RRF
    expected = [1 / a + 1 / b for a, b in zip(bm25.ranks.tolist(), tiny.ranks.tolist(), strict=True)]
    assert fused.scores.tolist() == pytest.approx(expected)
    assert len(source.model.scored) == 4  # the fusion takes the scores that are there


@pytest.mark.parametrize("rankers", [(), tuple(CrossEncoderChoice(f"owner/m{number}") for number in range(9))])
def test_a_lineup_has_one_to_eight_rankers(service: RankingService, rankers: tuple[RankerChoice, ...]) -> None:
    with pytest.raises(InputError, match="Choose 1 to 8"):
        list(service.line_up(request()[0], rankers))


def test_only_what_is_new_is_scored(service: RankingService, source: FakeSource) -> None:
    line_up(service, "bm25, tiny")
    source.model.scored.clear()
    line_up(service, "tiny, bm25[k1=2], rrf(bm25+tiny)")
    assert source.model.scored == []
    line_up(service, "tiny, tiny[max_tokens=20]", collection=collection_of((*PASSAGES, Passage("d5", "Berlin lakes"))))
    assert source.model.scored[0] == "Berlin lakes"  # one new passage for tiny, five for its shorter reading
    assert len(source.model.scored) == 6


# ---- what there is to choose from ----------------------------------------------------------------------------------


def test_collections_are_the_same_object_each_time(service: RankingService) -> None:
    assert service.collection("cities") is service.collection("cities")
    assert [key for key, _ in service.cards()] == ["cities"]
    assert service.first_query("cities").text == QUERY
    assert str(service.traps("cities")["q1"]) == "Two Berlins."
    assert service.traps("pasted") == {}


def test_models_on_offer(service: RankingService) -> None:
    assert service.models() == (ModelChoice(TINY, "bundled"), ModelChoice(BIG, "download"))
    assert service.default_model() == "bundled/tiny"


def test_the_service_starts_without_torch() -> None:
    code = (
        "import sys; from demo.service import RankingService; from demo.settings import Settings\n"
        "service = RankingService(Settings()); service.models(); service.default_model()\n"
        "sys.exit(sorted({'torch', 'transformers'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
