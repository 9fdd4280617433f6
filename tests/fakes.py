"""The test kit: rankers, models and libraries that do what they are told, and makers of collections and results.

Everything here is passed in from outside, as the real thing would be; nothing of the app is patched. Scores are told
or worked out by a function, so that every number in a test can be checked by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from time import sleep
from typing import Any

import numpy as np
import numpy.typing as npt

from demo.errors import InputError
from demo.evaluation.outcomes import Candidates, Outcome
from demo.evaluation.protocol import Plan, run_queries
from demo.formats.judged import Judged
from demo.library import TRAP_KINDS, Trap
from demo.messages import NOTHING, Message
from demo.metrics.effectiveness import Measure
from demo.progress import Progress, as_steps
from demo.rankers.bm25 import Bm25
from demo.rankers.cross_encoder.loaded_models import Batch, Tell
from demo.rankers.cross_encoder.scoring import Where
from demo.rankers.protocol import Kind, Ranker
from demo.rankers.registry import KINDS
from demo.records import (
    Card,
    Collection,
    Cost,
    Extent,
    Failure,
    IntArray,
    ModelSpec,
    ModelUse,
    Passage,
    Query,
    RankerSpec,
    Ranking,
    Result,
    competition_ranks,
)
from demo.results.change import Change, Pair, take_candidates
from demo.score_kinds import BM25 as BM25_SCORE
from demo.score_kinds import ENGINE as ENGINE_SCORE
from demo.score_kinds import LOGIT, ScoreKind
from demo.service import RankingService, Request
from demo.settings import Settings

# ---- a collection of four passages ---------------------------------------------------------------------------------

PASSAGES = (
    Passage("d1", "Berlin is a town in New Hampshire, and Berlin is small."),
    Passage("d2", "The capital of Germany has 3.7 million inhabitants."),
    Passage("d3", "Berlin has 3.7 million inhabitants and many lakes."),
    Passage("d4", "Cork is a bark."),
)
"""BM25 ranks them d3 (both words), d1 (Berlin twice), d2 for QUERY and does not find d4."""

QUERY = "Berlin inhabitants"


def collection_of(passages: tuple[Passage, ...] = PASSAGES, **parts: Any) -> Collection:
    """The passages with one judged query."""
    return Collection(
        "cities",
        Card(Message("Cities"), NOTHING),
        passages,
        (Query("q1", QUERY),),
        {"q1": {"d1": 0, "d3": 3}},
        **parts,
    )


class FakeLibrary:
    """One collection with a judged query."""

    def cards(self) -> tuple[tuple[str, Card], ...]:
        return (("cities", Card(Message("Cities"), NOTHING)),)

    def load(self, key: str) -> Collection:
        return collection_of(PASSAGES)

    def first_query(self, key: str) -> Query:
        return Query("q1", QUERY)

    def traps(self, key: str) -> Mapping[str, Trap]:
        return {"q1": Trap(TRAP_KINDS[0], Message("Two Berlins."))}


def made_collection(qrels: Mapping[str, Mapping[str, int]], doc_ids: Sequence[str]) -> Collection:
    """Passages of these ids and a query for each judged id, whose texts are their ids."""
    title = Message("Made")
    queries = tuple(Query(query_id, f"about {query_id}") for query_id in qrels)
    return Collection("made", Card(title, title), tuple(Passage(d, f"text of {d}") for d in doc_ids), queries, qrels)


# ---- models --------------------------------------------------------------------------------------------------------

TINY_MODEL = ModelSpec("bundled/tiny", "Tiny", "BERT", aliases=("tiny",))
BIG_MODEL = ModelSpec("hub/big", "Big", "BERT")


def length_score(query: str, text: str) -> float:
    """What the fake model thinks: the shorter the better."""
    return -float(len(text))


@dataclass
class FakeModel:
    """Scores two texts a batch, longest first, as a real one would."""

    fingerprint: str = "tiny-1"
    spec: ModelSpec = TINY_MODEL
    backend: str = "transformers"
    emulated: bool = False
    precision: str = "fp32"
    load_seconds: float = 0.75
    bytes: int = 100
    kept_bytes: Mapping[str, int] = field(default_factory=lambda: {"tokens": 30, "beginnings": 40})
    judge: Callable[[str, str], float] = length_score
    scored: list[str] = field(default_factory=list)
    closed: int = 0

    def score(
        self, query: str, texts: Sequence[str], windows: bool = False, max_tokens: int = 0, instruction: str = ""
    ) -> Generator[Batch, None, None]:
        longest_first = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
        try:
            for start in range(0, len(texts), 2):
                yield self._batch(query, texts, longest_first[start : start + 2], windows)
        finally:
            self.closed += 1

    def _batch(self, query: str, texts: Sequence[str], indices: list[int], windows: bool) -> Batch:
        self.scored += [texts[index] for index in indices]
        return Batch(
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


class SlowModel(FakeModel):
    """Takes a tenth of a second for two passages."""

    def score(
        self, query: str, texts: Sequence[str], windows: bool = False, max_tokens: int = 0, instruction: str = ""
    ) -> Generator[Batch, None, None]:
        for batch in super().score(query, texts, windows):
            sleep(0.1)
            yield batch


@dataclass
class FakeSource:
    """Two models, one of them not on this machine; waits for `go` before it loads."""

    model: FakeModel = field(default_factory=FakeModel)
    loads: list[tuple[str, str]] = field(default_factory=list)
    go: Event = field(default_factory=Event)
    error: Exception | None = None
    on_disk: str = ""

    def __post_init__(self) -> None:
        self.go.set()

    def default_model(self, settings: Settings) -> ModelSpec:
        return TINY_MODEL

    def resolve(self, name: str, settings: Settings) -> ModelSpec:
        for spec in (TINY_MODEL, BIG_MODEL):
            if name in (spec.key, *spec.aliases):
                return spec
        raise InputError("{text}", text=f"No model {name}.")

    def fingerprint(self, spec: ModelSpec, settings: Settings) -> str | None:
        return (self.on_disk or self.model.fingerprint) if spec is TINY_MODEL else None

    def available(self, settings: Settings) -> Sequence[tuple[ModelSpec, Where]]:
        return ((TINY_MODEL, "bundled"), (BIG_MODEL, "download"))

    def load_cross_encoder(self, spec: ModelSpec, settings: Settings, progress: Tell) -> FakeModel:
        self.loads.append((spec.key, settings.precision))
        progress(Message("Reading the weights"))
        assert self.go.wait(5)
        if self.error:
            raise self.error
        self.model.precision, self.model.spec = settings.precision, spec
        return self.model


# ---- rankers -------------------------------------------------------------------------------------------------------

Scores = Mapping[str, Mapping[str, float]]
"""query_id → doc_id → score."""


@dataclass(eq=False)
class FakeRanker:
    """A ranker that scores by a function, or fails as it is told; it remembers the queries that it was asked for.

    Attributes:
        judge: the score of a passage; None where it was not found.
        seconds: what a query takes; truncated: how many of its candidates are not read to their end.
        weights: its fingerprint.
        error: what it raises, for the query of id `error_at`, or for every one if that is "".
    """

    key: str
    judge: Callable[[Query, Passage], float | None] = lambda query, passage: 0.0
    kind: ScoreKind = LOGIT
    label: str = ""
    ranks_collection: bool = False
    seconds: float = 0.5
    truncated: int = 0
    weights: str = ""
    error: Exception | None = None
    error_at: str = ""
    asked: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return self.key

    @property
    def spec(self) -> RankerSpec:
        return RankerSpec(
            self.key, self.label or self.key.capitalize(), self.kind, ranks_collection=self.ranks_collection
        )

    def check(self) -> None:
        """Never fails before it ranks."""

    def fingerprint(self) -> str:
        return self.weights

    @as_steps
    def rank(self, query: Query, collection: Collection, indices: IntArray) -> Generator[Progress, None, Ranking]:
        self.asked.append(query.query_id)
        yield Progress("scoring", 0, indices.size, Message("Scoring"))
        if self.error is not None and self.error_at in ("", query.query_id):
            raise self.error
        found = [self.judge(query, collection.passages[index]) for index in indices.tolist()]
        cost = Cost(pairs=len(found), tokenise_seconds=0.0, model_seconds=self.seconds, tokens=9, device="cpu")
        extents = tuple(Extent(20, 10 if place < self.truncated else 20, 0, 7) for place in range(len(found)))
        return Ranking.from_scores(
            self.spec,
            [0.0 if score is None else score for score in found],
            cost,
            extents,
            [score is not None for score in found],
        )


def giving(key: str, scores: Scores, fingerprint: str = "", **more: Any) -> FakeRanker:
    """A ranker that gives the scores it was told, 0 where none."""
    return FakeRanker(
        key, lambda query, passage: scores.get(query.query_id, {}).get(passage.doc_id, 0.0), weights=fingerprint, **more
    )


# ---- a service -----------------------------------------------------------------------------------------------------


def service_with(
    source: FakeSource, settings: Settings = Settings(), recordings: Path | None = None, kinds: Sequence[Kind] = KINDS
) -> RankingService:
    """A service over FakeLibrary and these models."""
    return RankingService(settings, FakeLibrary(), source, recordings, kinds)  # type: ignore[arg-type]


def request(**parts: Any) -> Request:
    """QUERY over PASSAGES with BM25 first, except for what is given."""
    return Request(**({"query": QUERY, "collection": collection_of(PASSAGES), "first": Bm25()} | parts))


def run(service: RankingService, rankers: str = "bundled/tiny", **parts: Any) -> Result:
    """What becomes of the request that the parts make, by rankers as they are written."""
    return service.run(request(**parts), service.rankers.read_all(rankers)).run()


# ---- evaluations ---------------------------------------------------------------------------------------------------


def all_passages(collection: Collection, first: Ranker | None = None, without: Sequence[str] = ()) -> Candidates:
    """Every passage as a candidate of every query, in the collection's order; none for queries of these ids."""

    @as_steps
    def of(query: Query) -> Generator[Progress, None, IntArray]:
        yield Progress("indexing", 0, 0, Message("Taking all"))
        size = 0 if query.query_id in without else len(collection.passages)
        return np.arange(size, dtype=np.int64)

    return Candidates(of, first)


def plan_of(
    collection: Collection,
    *rankers: Ranker,
    candidates: Candidates | None = None,
    failures: tuple[Failure, ...] = (),
    measures: tuple[Measure, ...] = (),
    queries: int | None = None,
) -> Plan:
    """All queries, or the first so many, with every passage as a candidate unless others are given."""
    chosen = all_passages(collection) if candidates is None else candidates
    judged, depth = Judged.bundled(collection), len(collection.passages)
    return Plan(judged, collection.queries[:queries], chosen, tuple(rankers), failures, measures, None, depth)


def made_outcomes(collection: Collection, *rankers: Ranker, **more: Any) -> list[Outcome]:
    """The outcomes of all queries with every passage as a candidate; `more` as in `plan_of`."""
    found = run_queries(plan_of(collection, *rankers, **more)).run()
    assert not found.failures
    return list(found.outcomes)


# ---- results -------------------------------------------------------------------------------------------------------

BM25 = RankerSpec("bm25", "BM25", BM25_SCORE, ranks_collection=True)
OKAPI = RankerSpec("bm25[variant=okapi]", "BM25 Okapi", BM25_SCORE, ranks_collection=True)
ENGINE = RankerSpec("engine", "Engine", ENGINE_SCORE, ranks_collection=True, came_along=True)


def made_model(key: str, label: str, parameters: int = 0) -> RankerSpec:
    """A cross-encoder of that size; 0 leaves it unknown."""
    spec = ModelSpec(key, label, parameters=parameters)
    return RankerSpec(key, label, LOGIT, ModelUse(spec, "r1", "fp32", 512, windows=False))


TINY = made_model("tiny", "Tiny", 4_000_000)
SMALL = made_model("small", "Small", 33_000_000)
LARGE = made_model("large", "Large", 335_000_000)
LOST = FAILED = Failure(made_model("lost", "Lost"), Message("There is no such model."))
MODEL = RankerSpec(
    "bundled/tiny",
    "Tiny",
    LOGIT,
    ModelUse(ModelSpec("bundled/tiny", "Tiny"), "3f2a", "fp32", max_tokens=512, windows=False),
)


def ranking(ranker: RankerSpec, best_first: Sequence[int], cost: Cost = Cost(), unfound: Iterable[int] = ()) -> Ranking:
    """The ranking with this order of candidates; rank r of n has score n − r. Those `unfound` were not found."""
    scores = [0.0] * len(best_first)
    for place, candidate in enumerate(best_first, 1):
        scores[candidate] = float(len(best_first) - place)
    lost = set(unfound)
    return Ranking.from_scores(ranker, scores, cost, found=[index not in lost for index in range(len(scores))])


def make_result(
    size: int,
    *columns: Ranking | Failure,
    texts: Mapping[str, str] = {},
    grades: Sequence[int | None] = (),
    query: str = "a query",
    first: RankerSpec | Ranking = BM25,
    doc_ids: Sequence[str] = (),
    warnings: tuple[Message, ...] = (),
) -> Result:
    """A result of `size` candidates d1, d2, … in the first stage's order, which say “passage 1”, … except for `texts`.

    Args:
        first: the first stage, which ranks them as they come, or its ranking.
    """
    ids = doc_ids or [f"d{number}" for number in range(1, size + 1)]
    passages = tuple(Passage(each, texts.get(each, f"passage {each.removeprefix('d')}")) for each in ids)
    return Result(
        query=Query("q", query),
        collection=Collection("made", Card(Message("Made"), NOTHING), passages, (Query("q", query),)),
        candidates=passages,
        first=first if isinstance(first, Ranking) else ranking(first, range(size)),
        columns=columns,
        grades=tuple(grades) or (None,) * size,
        warnings=warnings,
    )


def make_pair(
    before: Sequence[float],
    after: Sequence[float],
    texts: Sequence[str] | None = None,
    *,
    found: Sequence[bool] | None = None,
    grades: Mapping[str, int] | None = None,
    cost: Cost = Cost(),
    extents: tuple[Extent, ...] = (),
    warnings: tuple[Message, ...] = (),
    depth: int | None = None,
) -> Pair:
    """The two columns BM25 and Tiny over a collection with these scores, and what the second changes of the first.

    Args:
        before, after: in the order of the collection; `after[i]` belongs to the same passage as `before[i]`.
        found: which passages BM25 found; None: all.
        depth: candidates taken; None: all passages.
    """
    texts = texts or [f"passage {number}" for number in range(1, len(before) + 1)]
    passages = tuple(Passage(f"d{number}", text) for number, text in enumerate(texts, 1))
    query, judged = Query("q", "a query"), dict(grades or {})
    collection = Collection("made", Card(Message("Made"), NOTHING), passages, (query,), {"q": judged})
    whole = Ranking.from_scores(
        BM25, before, Cost(pairs=len(before), index_seconds=0.01, model_seconds=0.002), found=found
    )
    chosen = take_candidates(whole, len(before) if depth is None else depth, np.arange(len(before)))
    first = whole.of(chosen)
    new = Ranking.from_scores(MODEL, [after[index] for index in chosen], cost, extents)
    candidates = tuple(passages[index] for index in chosen.tolist())
    known = tuple(judged.get(passage.doc_id) for passage in candidates)
    return Pair.of(Result(query, collection, candidates, first, (first, new), known, warnings))


def make_change(before: Sequence[float], after: Sequence[float], **more: Any) -> Change:
    """What Tiny changes of BM25; the arguments are those of `make_pair`."""
    return make_pair(before, after, **more).change


# ---- results from scores, also at random ---------------------------------------------------------------------------

SCRIPTS = ("Passage {} says that A & B are <b>bold</b>", "柏林有 {} 万居民。", "الفقرة رقم {} عن مدينة برلين", "{}")


def owner(number: int, label: str = "") -> RankerSpec:
    """BM25 first, then cross-encoders."""
    if number == 0:
        return replace(BM25, label=label or BM25.label)
    return made_model(f"hub/model-{number}", label or f"Model {number}", number * 1_000_000)


def scored(
    ranker: RankerSpec, scores: npt.ArrayLike, cost: Cost = Cost(), found: npt.ArrayLike | None = None
) -> Ranking:
    """A ranking in which NaN stands for a passage that was not reranked: those keep their order, below the others."""
    values = np.asarray(scores, dtype=np.float32)
    absent = np.isnan(values)
    if not absent.any():
        return Ranking.from_scores(ranker, values, cost, found=found)
    keys = (absent, np.where(absent, np.arange(values.size), -values))
    order = np.lexsort(keys[::-1]).astype(np.int64)
    return Ranking(ranker, values, np.ones(values.size, dtype=np.bool_), order, competition_ranks(order, *keys), cost)


def result_of(
    columns: Sequence[Sequence[float] | Failure],
    texts: Sequence[str] = (),
    *,
    labels: Sequence[str] = (),
    costs: Sequence[Cost] = (),
    unfound: int = 0,
    **more: Any,
) -> Result:
    """The result of these scores in candidate order; the first stage ranks the candidates as they come.

    Args:
        unfound: how many candidates, those with the lowest scores, the first column did not find.
    """
    size = next((len(column) for column in columns if not isinstance(column, Failure)), 0)

    def found(number: int, column: Sequence[float]) -> npt.ArrayLike | None:
        if number or not unfound:
            return None
        known = np.ones(size, dtype=np.bool_)
        known[np.argsort(column, kind="stable")[:unfound]] = False
        return known

    rankings = (
        column
        if isinstance(column, Failure)
        else scored(
            owner(number, labels[number] if labels else ""),
            column,
            costs[number] if costs else Cost(),
            found(number, column),
        )
        for number, column in enumerate(columns)
    )
    return make_result(size, *rankings, texts={f"d{number}": text for number, text in enumerate(texts, 1)}, **more)


def random_result(size: int, rankers: int, seed: int = 1, **more: Any) -> Result:
    """Rankings that agree in part, of passages that are long, short, Latin, Chinese, Arabic and a bare number."""
    draw = np.random.default_rng(seed)
    truth = draw.normal(0, 3, size)
    scores = [(truth + draw.normal(0, 3 if number else 5, size)).tolist() for number in range(rankers)]
    odd = [SCRIPTS[index % 4] if index % 3 == 0 else SCRIPTS[0] for index in range(size)]
    texts = [kind.format(index) + " and more of it" * (index % 5) for index, kind in enumerate(odd)]
    return result_of(scores, texts, **more)
