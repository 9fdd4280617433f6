"""What the app remembers and shares between visitors: loaded models, term indexes, scores. Everything else is a value.

`RankingService` is the one stateful object. It hands out frozen records and keeps nothing that belongs to a visitor:
a term index lives only as long as its collection, and a kept score is found only by someone who has the texts.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock, Thread
from time import perf_counter
from typing import Literal, Protocol
from weakref import WeakKeyDictionary

import numpy as np

from demo import cautions
from demo.comparison import compare, take_candidates
from demo.errors import DemoError, InputError
from demo.kept_scores import Kept, KeptScores, Recording, pair_keys
from demo.language import Text
from demo.library import Library
from demo.loaded_models import Batch, LoadedModels, Scorer, Tell
from demo.rankers import loading
from demo.rankers.bm25 import Bm25Index, Bm25Settings
from demo.records import (
    Card,
    Collection,
    Comparison,
    Cost,
    IntArray,
    ModelSpec,
    Query,
    Ranker,
    Ranking,
    ScoreKind,
)
from demo.settings import ROOT, Settings

CORPORA = ROOT / "corpora"
BUNDLED = ROOT / "demo" / "bundled"
FIRST_SCORES = "first_scores.json"
INDEXES_PER_COLLECTION = 4
PRECISIONS = ("fp32", "bf16", "fp16")

BM25 = Ranker("bm25", "BM25", ScoreKind.BM25)
ENGINE = Ranker("engine", "Engine", ScoreKind.ENGINE)

FirstStage = Literal["bm25", "engine"]
Where = Literal["bundled", "cached", "download", "local"]


@dataclass(frozen=True, eq=False)
class RerankRequest:
    """What a visitor wants ranked.

    Attributes:
        model: key, alias, hub id or folder; empty takes the default.
        depth: candidates taken from the first stage; None or 0 takes as many as allowed.
        windows: whether long passages are scored in overlapping windows, best window counting.
        precision: "fp32", "bf16" or "fp16"; empty takes the setting.
    """

    query: str
    collection: Collection
    model: str = ""
    bm25: Bm25Settings = field(default_factory=Bm25Settings)
    first_stage: FirstStage = "bm25"
    depth: int | None = None
    windows: bool = False
    precision: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: `done` of `total` in this stage (total 0 where it is not known), and what is being done."""

    stage: Literal["indexing", "loading", "scoring"]
    done: int
    total: int
    detail: Text


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model on offer and where its weights are now."""

    spec: ModelSpec
    where: Where


class ModelSource(Protocol):
    """Where models come from; the module `rankers.loading` is one."""

    def default_model(self, settings: Settings) -> ModelSpec: ...
    def resolve(self, name: str, settings: Settings) -> ModelSpec: ...
    def fingerprint(self, spec: ModelSpec, settings: Settings) -> str | None: ...
    def available(self, settings: Settings) -> Sequence[tuple[ModelSpec, Where]]: ...
    def load_cross_encoder(self, spec: ModelSpec, settings: Settings, progress: Tell) -> Scorer: ...


@dataclass(frozen=True, slots=True)
class _Run:
    """A request that was found to be in order."""

    query: Query
    collection: Collection
    spec: ModelSpec
    depth: int
    precision: str
    windows: bool


class RankingService:
    """Ranks, compares and remembers. Safe to use from several threads.

    Args:
        library: the bundled collections.
        models: where models come from.
        recordings: folder whose sub-folders hold `first_scores.json`, read at the start; None reads nothing.
    """

    def __init__(
        self,
        settings: Settings,
        library: Library | None = None,
        models: ModelSource | None = None,
        recordings: Path | None = BUNDLED,
    ) -> None:
        self.settings = settings
        self._library = Library(CORPORA) if library is None else library
        self._source: ModelSource = loading if models is None else models
        self._collections: dict[str, Collection] = {}
        self._indexes: WeakKeyDictionary[Collection, OrderedDict[Bm25Settings, Bm25Index]] = WeakKeyDictionary()
        self._models = LoadedModels(self._source.load_cross_encoder, settings)
        self._kept = KeptScores(settings.kept_scores)
        self._lock = Lock()
        for path in sorted(recordings.glob(f"*/{FIRST_SCORES}")) if recordings else ():
            self._kept.keep(Recording.read(path).rows)

    # ---- what there is to choose from ----------------------------------------------------------------------------

    def cards(self) -> tuple[tuple[str, Card], ...]:
        """Key and card of every bundled collection, in the order to show them."""
        return tuple(self._library.cards())

    def collection(self, key: str) -> Collection:
        """The bundled collection, always the same object.

        Raises:
            InputError: there is none of this key.
        """
        with self._lock:
            if key not in self._collections:
                self._collections[key] = self._library.load(key)
            return self._collections[key]

    def first_query(self, key: str) -> Query:
        """The query that a bundled collection is shown with first."""
        return self._library.first_query(key)

    def traps(self, key: str) -> Mapping[str, Text]:
        """query_id → what to look for, for the bundled collection; empty for any other key."""
        return self._library.traps(key) if key in dict(self.cards()) else {}

    def models(self) -> tuple[ModelChoice, ...]:
        """Every model on offer, without importing torch."""
        return tuple(ModelChoice(spec, where) for spec, where in self._source.available(self.settings))

    def default_model(self) -> str:
        """Key of the model chosen at the start: the setting's, or the first whose weights are on this machine."""
        return self._source.default_model(self.settings).key

    def warm_up(self) -> Thread:
        """Starts importing torch and loading the default model in the background; returns the thread that does it.

        A model that cannot be loaded is left for the first run that needs it, which then says so.
        """
        thread = Thread(target=self._warm_up, name="warm up", daemon=True)
        thread.start()
        return thread

    def _warm_up(self) -> None:
        try:
            self._models.ask(self._source.default_model(self.settings), self.settings.precision).loaded()
        except DemoError:
            return

    # ---- ranking -------------------------------------------------------------------------------------------------

    def rerank(self, request: RerankRequest) -> Iterator[Progress | Comparison]:
        """Yields how far the run is, and last the comparison. Closing the iterator stops the work.

        Scores that were computed before are not computed again; if all were, no model is loaded.

        Raises:
            InputError: the query is empty or too long, there are no passages, the depth or precision is not allowed,
                the model is unknown, or the engine gave no scores.
            ModelError: the model cannot be loaded or gave no usable score.
        """
        run = self._checked(request)
        total = len(run.collection.passages)
        yield Progress("indexing", 0, total, Text("Ranking with the first stage", "正在进行第一阶段排序"))
        first, warnings = self._first_stage(request, run)
        chosen = take_candidates(first, run.depth)
        warnings += cautions.not_all_taken(chosen.size, total, self.settings.max_candidates)
        after = yield from self._rerank(run, chosen)
        passages = [run.collection.passages[index] for index in chosen.tolist()]
        warnings += cautions.unknown_script(run.query.text, passages, run.spec)
        warnings += cautions.not_read_to_the_end(after)
        warnings += cautions.told_nothing_apart(after)
        yield compare(run.query, run.collection, first, chosen, after, tuple(warnings))

    def _checked(self, request: RerankRequest) -> _Run:
        text = request.query.strip()
        size = len(request.collection.passages)
        _check_query(text, self.settings.max_query_chars)
        if size == 0:
            raise InputError(
                "There are no passages to rank. Paste some, upload a file or choose a collection.",
                "没有可排序的段落。请粘贴文本、上传文件或选择一个集合。",
            )
        if request.first_stage not in (BM25.key, ENGINE.key):
            raise InputError(
                f"There is no first stage “{request.first_stage}”. Choose {BM25.key} or {ENGINE.key}.",
                f"没有“{request.first_stage}”这种第一阶段。请选择 {BM25.key} 或 {ENGINE.key}。",
            )
        precision = request.precision or self.settings.precision
        if precision not in PRECISIONS:
            raise InputError(
                f"There is no precision “{precision}”. Choose {', '.join(PRECISIONS[:-1])} or {PRECISIONS[-1]}.",
                f"没有“{precision}”这种精度。请从 {'、'.join(PRECISIONS)} 中选择。",
            )
        return _Run(
            query=_known_query(request.collection, text),
            collection=request.collection,
            spec=self._source.resolve(request.model or self.default_model(), self.settings),
            depth=_depth(request.depth, size, self.settings.max_candidates),
            precision=precision,
            windows=request.windows,
        )

    def _first_stage(self, request: RerankRequest, run: _Run) -> tuple[Ranking, list[Text]]:
        """The ranking of the whole collection, and what must be said about it."""
        if request.first_stage == ENGINE.key:
            return _engine_ranking(run.collection), []
        start = perf_counter()
        index, built = self._index(run.collection, request.bm25)
        indexed = perf_counter()
        scores = index.scores(run.query.text)
        cost = Cost(
            pairs=len(run.collection.passages),
            index_seconds=indexed - start if built else 0.0,
            model_seconds=perf_counter() - indexed,
        )
        first = Ranking.from_scores(BM25, scores, cost)
        collapse = index.collapse(run.query.text)
        return first, [collapse] if collapse else cautions.nothing_matched(first)

    def _index(self, collection: Collection, settings: Bm25Settings) -> tuple[Bm25Index, bool]:
        """The collection's term index, and whether it had to be built now."""
        with self._lock:
            indexes = self._indexes.setdefault(collection, OrderedDict())
            if settings in indexes:
                indexes.move_to_end(settings)
                return indexes[settings], False
        index = Bm25Index.build(collection.passages, settings)
        with self._lock:
            indexes[settings] = index
            if len(indexes) > INDEXES_PER_COLLECTION:
                indexes.popitem(last=False)
        return index, True

    def _rerank(self, run: _Run, chosen: IntArray) -> Generator[Progress, None, Ranking]:
        """The reranker's ranking of the chosen passages; yields its progress."""
        contents = [run.collection.passages[index].content for index in chosen.tolist()]
        fingerprint = self._source.fingerprint(run.spec, self.settings)
        rows = self._find(run, fingerprint, contents)
        cost = Cost(pairs=len(contents), kept_pairs=len(contents))
        if None in rows:
            waited = not self._models.has(run.spec, run.precision)
            model = yield from self._obtain(run)
            if model.fingerprint != fingerprint:  # scores of two sets of weights never share a ranking
                rows = self._find(run, model.fingerprint, contents)
            cost = yield from self._compute(run, model, contents, rows)
            cost = replace(cost, load_seconds=model.load_seconds if waited else 0.0)
        known = [row for row in rows if row is not None]
        ranker = Ranker(run.spec.key, run.spec.label, ScoreKind.LOGIT)
        scores = np.array([row.score for row in known], dtype=np.float32)
        return Ranking.from_scores(ranker, scores, cost, tuple(row.extent for row in known))

    def _find(self, run: _Run, fingerprint: str | None, contents: list[str]) -> list[Kept | None]:
        """The kept score of each passage; None for all while the weights are not on this machine."""
        if fingerprint is None:
            return [None] * len(contents)
        return self._kept.find(pair_keys(fingerprint, run.precision, run.windows, run.query.text, contents))

    def _obtain(self, run: _Run) -> Generator[Progress, None, Scorer]:
        """The model, loaded; yields what the loading does until then."""
        ticket = self._models.ask(run.spec, run.precision)
        while not ticket.ready():
            yield Progress("loading", 0, 0, ticket.detail)
        return ticket.loaded()

    def _compute(
        self, run: _Run, model: Scorer, contents: list[str], rows: list[Kept | None]
    ) -> Generator[Progress, None, Cost]:
        """Fills the missing rows, keeps their scores, and returns what it took; yields its progress.

        Scores of a run that is cancelled half-way are kept.
        """
        missing = [place for place, row in enumerate(rows) if row is None]
        keys = pair_keys(model.fingerprint, run.precision, run.windows, run.query.text, contents)
        total, done, spent = len(contents), len(contents) - len(missing), _Spent()
        yield _scoring(done, total)
        with closing(model.score(run.query.text, [contents[place] for place in missing], run.windows)) as batches:
            for batch in batches:
                fresh = _fresh_rows(batch, missing)
                for place, row in fresh:
                    rows[place] = row
                self._kept.keep((keys[place], row) for place, row in fresh)
                spent.add(batch)
                done += len(fresh)
                yield _scoring(done, total)
        return Cost(
            pairs=total,
            kept_pairs=total - len(missing),
            tokenise_seconds=spent.tokenise_seconds,
            model_seconds=spent.model_seconds,
            tokens=spent.tokens,
            device=model.device,
            precision=model.precision,
        )


@dataclass(slots=True)
class _Spent:
    """What the batches of one run took together."""

    tokenise_seconds: float = 0.0
    model_seconds: float = 0.0
    tokens: int = 0

    def add(self, batch: Batch) -> None:
        self.tokenise_seconds += batch.tokenise_seconds
        self.model_seconds += batch.model_seconds
        self.tokens += batch.tokens


def _fresh_rows(batch: Batch, missing: Sequence[int]) -> list[tuple[int, Kept]]:
    """The batch's scores with their places among all candidates."""
    scores, places = batch.scores.tolist(), [missing[index] for index in batch.indices.tolist()]
    return [(place, Kept(score, extent)) for place, score, extent in zip(places, scores, batch.extents, strict=True)]


def _scoring(done: int, total: int) -> Progress:
    return Progress("scoring", done, total, Text(f"Scored {done} of {total} passages", f"已打分 {done}/{total} 个段落"))


def _check_query(text: str, most: int) -> None:
    if not text:
        raise InputError(
            "The query is empty. Type a question or a few words.",
            "查询为空。请输入一个问题或几个词。",
        )
    if len(text) > most:
        raise InputError(
            f"The query has {len(text):,} characters; at most {most:,} are allowed. Shorten it.",
            f"查询有 {len(text):,} 个字符，最多允许 {most:,} 个。请缩短。",
        )


def _depth(asked: int | None, size: int, allowed: int) -> int:
    """Candidates to take from `size` passages: what was asked for, but never more than allowed."""
    if asked is not None and asked < 0:
        raise InputError(
            f"The number of passages to rerank is {asked}. Write 1 or more, or 0 for as many as allowed ({allowed:,}).",
            f"要重排的段落数是 {asked}。请写 1 或更大的数，或写 0 表示尽可能多（最多 {allowed:,}）。",
        )
    return min(asked or size, size, allowed)


def _known_query(collection: Collection, text: str) -> Query:
    """The collection's query of exactly this text, so that its judgments count; else a query without an id."""
    return next((query for query in collection.queries if query.text.strip() == text), Query("", text))


def _engine_ranking(collection: Collection) -> Ranking:
    """The ranking by the scores that the passages came with."""
    scores = collection.engine_scores
    if scores is None:
        raise InputError(
            "These passages came without an engine's scores. Choose BM25 as the first stage, or upload a search "
            "response of Elasticsearch, OpenSearch or Solr.",
            "这些段落没有附带搜索引擎的得分。请选择 BM25 作为第一阶段，"
            "或上传 Elasticsearch、OpenSearch、Solr 的搜索响应。",
        )
    without = [passage.doc_id for passage in collection.passages if passage.doc_id not in scores]
    if without:
        raise InputError(
            f"{len(without)} of {len(collection.passages)} passages have no engine score, “{without[0]}” first. "
            "Choose BM25 as the first stage, or upload the response with all scores.",
            f"{len(collection.passages)} 个段落中有 {len(without)} 个没有搜索引擎得分，第一个是“{without[0]}”。"
            "请选择 BM25 作为第一阶段，或上传含有全部得分的响应。",
        )
    return Ranking.from_scores(ENGINE, [scores[passage.doc_id] for passage in collection.passages])
