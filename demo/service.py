"""What the app remembers and shares between visitors: loaded models, term indexes, scores. Everything else is a value.

`RankingService` is the one stateful object. It hands out frozen records and keeps nothing that belongs to a visitor:
a term index lives only as long as its collection, and a kept score is found only by someone who has the texts.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Lock, Thread
from time import perf_counter
from typing import Literal

from demo import cautions
from demo.comparison import compare, take_candidates
from demo.errors import DemoError, InputError
from demo.evaluation.outcomes import Candidates, judged_candidates, listed_candidates, run_candidates
from demo.evaluation.trials import Stepwise
from demo.explain import occlude
from demo.formats.judged import Judged
from demo.formats.trec_runs import Run
from demo.kept_scores import Recording
from demo.library import Library
from demo.messages import Message
from demo.rankers import loading
from demo.rankers.bm25 import Bm25Settings, find_variant
from demo.rankers.choices import Bm25Choice, CrossEncoderChoice, EngineChoice, FusionChoice, RankerChoice
from demo.rankers.fusion import fuse
from demo.records import (
    Card,
    Collection,
    Comparison,
    Cost,
    Explanation,
    Failure,
    IntArray,
    Lineup,
    ModelSpec,
    Passage,
    Query,
    Ranker,
    Ranking,
    ScoreKind,
    TermWeight,
    TermWeights,
)
from demo.scoring import ModelSource, Progress, Scoring, Where
from demo.settings import ROOT, Settings
from demo.term_indexes import TermIndexes
from demo.text import token_spans

CORPORA = ROOT / "corpora"
BUNDLED = ROOT / "demo" / "bundled"
FIRST_SCORES = "first_scores.json"
MOST_RANKERS = 8

ENGINE = Ranker("engine", "Engine", ScoreKind.ENGINE)

FirstStage = Literal["bm25", "engine"]
Asked = Run | Literal["", "bm25", "judged"]
"""Candidates that an evaluation may ask for; see `RankingService.first_stage`."""


@dataclass(frozen=True, eq=False)
class Request:
    """Whose passages are ranked for which query, and which of them are candidates.

    Attributes:
        bm25: settings of the first stage, where that is BM25.
        depth: candidates taken from the first stage; None or 0 takes as many as allowed.
    """

    query: str
    collection: Collection
    bm25: Bm25Settings = field(default_factory=Bm25Settings)
    first_stage: FirstStage = "bm25"
    depth: int | None = None


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model on offer and where its weights are now."""

    spec: ModelSpec
    where: Where


@dataclass(frozen=True, eq=False)
class _Candidates:
    """What the first stage passed on.

    Attributes:
        first: the first stage's ranking of the whole collection.
        chosen: int64 (n,), the candidates' places in the collection, best first; passages: themselves, likewise.
        warnings: what must be said about the first stage.
    """

    query: Query
    collection: Collection
    first: Ranking
    chosen: IntArray
    passages: tuple[Passage, ...]
    warnings: tuple[Message, ...]


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
        self._indexes = TermIndexes()
        self._scoring = Scoring(settings, self._source)
        self._lock = Lock()
        for path in sorted(recordings.glob(f"*/{FIRST_SCORES}")) if recordings else ():
            self._scoring.keep(Recording.read(path).rows)

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

    def worked_example(self) -> Request:
        """What the page opens with: the first collection with its first query, all else by default."""
        key = self.cards()[0][0]
        return Request(self.first_query(key).text, self.collection(key))

    def traps(self, key: str) -> Mapping[str, Message]:
        """query_id → what to look for, for the bundled collection; empty for any other key."""
        return self._library.traps(key) if key in dict(self.cards()) else {}

    def models(self) -> tuple[ModelChoice, ...]:
        """Every model on offer, without importing torch."""
        return tuple(ModelChoice(spec, where) for spec, where in self._source.available(self.settings))

    def default_model(self) -> str:
        """Key of the model chosen at the start: the setting's, or the first whose weights are on this machine."""
        return self._source.default_model(self.settings).key

    def warm_up(self) -> Thread:
        """Starts importing torch, loading the default model and timing it on the worked example; returns the thread.

        A model that cannot be loaded is left for the first run that needs it, which then says so.
        """
        thread = Thread(target=self._warm_up, name="warm up", daemon=True)
        thread.start()
        return thread

    def _warm_up(self) -> None:
        example = self.worked_example()
        try:
            self._scoring.warm_up(example.query, [passage.content for passage in example.collection.passages])
        except DemoError:
            return

    # ---- ranking -------------------------------------------------------------------------------------------------

    def rerank(self, request: Request, reranker: CrossEncoderChoice) -> Iterator[Progress | Comparison]:
        """Yields how far the run is, and last the comparison. Closing the iterator stops the work.

        Scores that were computed before are not computed again; if all were, no model is loaded.

        Raises:
            InputError: the query is empty or too long, there are no passages, the depth or precision is not allowed,
                the model is unknown, or the engine gave no scores.
            ModelError: the model cannot be loaded or gave no usable score.
        """
        self._check(request)
        use = self._scoring.checked(reranker)
        candidates = yield from self._candidates(request)
        contents = [passage.content for passage in candidates.passages]
        after = yield from self._scoring.rank(use, candidates.query.text, contents)
        warnings = (
            *candidates.warnings,
            *cautions.unknown_script(candidates.query.text, candidates.passages, use.spec),
            *cautions.not_read_to_the_end(after),
            *cautions.slower_than_exact(after),
            *cautions.told_nothing_apart(after),
        )
        yield compare(candidates.query, candidates.collection, candidates.first, candidates.chosen, after, warnings)

    def line_up(self, request: Request, rankers: tuple[RankerChoice, ...]) -> Iterator[Progress | Lineup]:
        """Yields how far the run is, and a lineup as each ranker ends, the last one complete.

        A ranker that fails has its reason in its own place, and the rest go on. Closing the iterator stops the work.

        Raises:
            InputError: as `rerank`, but for the models; no ranker, or more than MOST_RANKERS, were asked for.
        """
        self._check(request)
        if not 1 <= len(rankers) <= MOST_RANKERS:
            raise InputError(
                Message(
                    "{rankers} rankers were chosen. Choose 1 to {most_rankers}.",
                    rankers=len(rankers),
                    most_rankers=MOST_RANKERS,
                )
            )
        candidates = yield from self._candidates(request)
        columns: list[Ranking | Failure] = []
        for number, choice in enumerate(rankers, 1):
            for step in self._attempt(choice, candidates):
                if isinstance(step, Progress):
                    yield _told_of(step, label_of(choice), number, len(rankers))
                else:
                    columns.append(step)
            yield _lineup(candidates, tuple(columns))

    def _attempt(self, choice: RankerChoice, candidates: _Candidates) -> Iterator[Progress | Ranking | Failure]:
        """Progress, and last the ranking or why there is none."""
        try:
            yield (yield from self._ranking(choice, candidates.query, candidates.collection, candidates.chosen))
        except DemoError as error:
            yield failure_of(choice, error)

    def _ranking(
        self, choice: RankerChoice, query: Query, collection: Collection, chosen: IntArray
    ) -> Generator[Progress, None, Ranking]:
        """The ranker's ranking of the passages at these places in the collection; yields its progress."""
        if isinstance(choice, Bm25Choice):
            yield _indexing(collection)
            return _of_candidates(self._bm25(choice, query, collection)[0], chosen)
        if isinstance(choice, EngineChoice):
            return _of_candidates(_engine_ranking(collection), chosen)
        if isinstance(choice, FusionChoice):
            members = []
            for member in choice.members:
                members.append((yield from self._ranking(member, query, collection, chosen)))
            return fuse(choice, members)
        contents = [collection.passages[index].content for index in chosen.tolist()]
        return (yield from self._scoring.rank(self._scoring.checked(choice), query.text, contents))

    def explain(
        self, choice: Bm25Choice | CrossEncoderChoice, query: Query, passage: Passage, collection: Collection
    ) -> Iterator[Progress | Explanation]:
        """Yields how far the work is, and last why the ranker's score of the passage is what it is.

        Args:
            collection: where BM25's term statistics come from; it holds the passage.

        Raises:
            DemoError: the model is unknown, cannot be loaded or gave no usable score.
        """
        if isinstance(choice, CrossEncoderChoice):
            use = self._scoring.checked(choice)
            yield (yield from occlude(query.text, passage.content, partial(self._scoring.rank, use)))
            return
        place = next(place for place, each in enumerate(collection.passages) if each.doc_id == passage.doc_id)
        index, _ = self._indexes.get(collection, choice.settings)
        spans = token_spans(query.text, choice.settings.analysis)
        words = {term: query.text[start:end] for term, start, end in reversed(spans)}
        found = index.term_weights(query.text, place)
        weights = tuple(TermWeight(term, words[term], value) for term, value in found)
        yield TermWeights(self._ranker(choice), sum(value for _, value in found), weights)

    # ---- evaluation ----------------------------------------------------------------------------------------------

    def rerankers(self, choices: Sequence[RankerChoice], collection: Collection) -> tuple[Stepwise, ...]:
        """The rankers as evaluations take them, each once, their models found but not loaded.

        Raises:
            InputError: a model or precision is unknown.
        """
        made = [self.reranker(choice, collection) for choice in choices]
        return tuple({reranker.ranker.key: reranker for reranker in made}.values())

    def reranker(self, choice: RankerChoice, collection: Collection) -> Stepwise:
        """One ranker as `rerankers` gives it."""

        def steps(query: Query, among: Collection, chosen: IntArray) -> Generator[Progress, None, Ranking]:
            return self._ranking(choice, query, among, chosen)

        return Stepwise(self._ranker(choice), lambda: self._fingerprint(choice), steps)

    def first_stage(self, judged: Judged, queries: Sequence[Query], depth: int, asked: Asked = "") -> Candidates:
        """The candidates of an evaluation.

        Args:
            asked: a run; BM25's best passages; the judged passages of each query; "" takes what came with the
                collection, or else BM25's.
            depth: most candidates of a query, of BM25 and of runs.

        Raises:
            InputError: the run or the list does not fit the collection.
        """
        collection = judged.collection
        run = asked if isinstance(asked, Run) else judged.run if asked == "" else None
        if run is not None:
            return run_candidates(run, collection, queries, depth)
        if asked == "judged":
            return judged_candidates(collection, queries)
        if asked == "" and judged.candidates:
            return listed_candidates(judged.candidates, collection, queries)
        choice = Bm25Choice()

        def best(query: Query) -> IntArray:
            return self._bm25(choice, query, collection)[0].order[:depth]

        return Candidates(best, self.reranker(choice, collection))

    def _ranker(self, choice: RankerChoice) -> Ranker:
        """Who will give the scores, before there are any; raises where a model or precision is unknown."""
        if isinstance(choice, CrossEncoderChoice):
            use = self._scoring.checked(choice)
            return use.ranker(use.spec, "", "")
        for member in choice.members if isinstance(choice, FusionChoice) else ():
            self._ranker(member)
        return Ranker(str(choice), label_of(choice), _KINDS[type(choice)])

    def _fingerprint(self, choice: RankerChoice) -> str:
        """What changes whenever the ranker's scores for the same collection may."""
        if isinstance(choice, CrossEncoderChoice):
            return self._scoring.fingerprint(self._scoring.checked(choice))
        if isinstance(choice, FusionChoice):
            return " ".join((str(choice), *map(self._fingerprint, choice.members)))
        return repr(choice)

    def _check(self, request: Request) -> None:
        _check_query(request.query.strip(), self.settings.max_query_chars)
        if not request.collection.passages:
            raise InputError(
                Message("There are no passages to rank. Paste some, upload a file or choose a collection.")
            )
        if request.first_stage not in ("bm25", "engine"):
            raise InputError(
                Message(
                    "There is no first stage “{first_stage}”. Choose bm25 or engine.", first_stage=request.first_stage
                )
            )
        if request.depth is not None and request.depth < 0:
            most = self.settings.max_candidates
            raise InputError(
                Message(
                    "The number of passages to rerank is {depth}. Write 1 or more, or 0 for as many as allowed "
                    "({most:,}).",
                    depth=request.depth,
                    most=most,
                )
            )

    def _candidates(self, request: Request) -> Generator[Progress, None, _Candidates]:
        """What the first stage passes on; yields its progress."""
        yield _indexing(request.collection)
        query, collection = _known_query(request.collection, request.query.strip()), request.collection
        warnings: list[Message] = []
        if request.first_stage == "engine":
            first = _engine_ranking(collection)
        else:
            first, warnings = self._bm25(Bm25Choice(request.bm25), query, collection)
        total, most = len(collection.passages), self.settings.max_candidates
        chosen = take_candidates(first, min(request.depth or total, total, most))
        warnings += cautions.not_all_taken(chosen.size, total, most)
        passages = tuple(collection.passages[index] for index in chosen.tolist())
        return _Candidates(query, collection, first, chosen, passages, tuple(warnings))

    def _bm25(self, choice: Bm25Choice, query: Query, collection: Collection) -> tuple[Ranking, list[Message]]:
        """BM25's ranking of the whole collection, and what must be said about it."""
        start = perf_counter()
        index, built = self._indexes.get(collection, choice.settings)
        indexed = perf_counter()
        scores = index.scores(query.text)
        cost = Cost(
            pairs=len(collection.passages),
            index_seconds=indexed - start if built else 0.0,
            model_seconds=perf_counter() - indexed,
        )
        ranking = Ranking.from_scores(Ranker(str(choice), label_of(choice), ScoreKind.BM25), scores, cost)
        collapse = index.collapse(query.text)
        return ranking, [collapse] if collapse else cautions.nothing_matched(ranking)


_KINDS = {
    Bm25Choice: ScoreKind.BM25,
    EngineChoice: ScoreKind.ENGINE,
    CrossEncoderChoice: ScoreKind.LOGIT,
    FusionChoice: ScoreKind.RRF,
}
"""What a ranker would have given that gave nothing."""


def failure_of(choice: RankerChoice, error: DemoError) -> Failure:
    """The place of a ranker that gave nothing."""
    return Failure(Ranker(str(choice), label_of(choice), _KINDS[type(choice)]), error.message)


def label_of(choice: RankerChoice) -> str:
    """A name for people: the settings that are not the default ones stand behind it."""
    if isinstance(choice, EngineChoice):
        return ENGINE.label
    if isinstance(choice, Bm25Choice):
        variant = choice.settings.variant
        names = () if variant == Bm25Settings().variant else (str(find_variant(variant).label),)
        options = str(choice).removeprefix("bm25").strip("[]").split(";")
        return " · ".join(("BM25", *names, *(part for part in options if part and not part.startswith("variant="))))
    return str(choice)


def _indexing(collection: Collection) -> Progress:
    detail = Message("Ranking with the first stage")
    return Progress("indexing", 0, len(collection.passages), detail)


def _told_of(step: Progress, label: str, number: int, total: int) -> Progress:
    """The progress of one of several rankers."""
    return replace(
        step,
        detail=Message(
            "{label} ({number} of {total}): {detail}", label=label, number=number, total=total, detail=step.detail
        ),
    )


def _of_candidates(ranking: Ranking, chosen: IntArray) -> Ranking:
    """The ranking of the candidates alone, by their scores in the whole collection."""
    return Ranking.from_scores(ranking.ranker, ranking.scores[chosen], ranking.cost)


def _lineup(candidates: _Candidates, columns: tuple[Ranking | Failure, ...]) -> Lineup:
    judged = candidates.collection.qrels.get(candidates.query.query_id, {})
    rankings = [column for column in columns if isinstance(column, Ranking)]
    models = dict.fromkeys(ranking.ranker.model.spec for ranking in rankings if ranking.ranker.model)
    warnings = dict.fromkeys(
        (
            *candidates.warnings,
            *(
                each
                for spec in models
                for each in cautions.unknown_script(candidates.query.text, candidates.passages, spec)
            ),
            *(each for ranking in rankings for each in cautions.not_read_to_the_end(ranking)),
            *(each for ranking in rankings for each in cautions.slower_than_exact(ranking)),
            *(each for ranking in rankings for each in cautions.told_nothing_apart(ranking)),
        )
    )
    return Lineup(
        query=candidates.query,
        collection_key=candidates.collection.key,
        collection_size=len(candidates.collection.passages),
        candidates=candidates.passages,
        first=_of_candidates(candidates.first, candidates.chosen),
        columns=columns,
        grades=tuple(judged.get(passage.doc_id) for passage in candidates.passages),
        warnings=tuple(warnings),
    )


def _check_query(text: str, most: int) -> None:
    if not text:
        raise InputError(Message("The query is empty. Type a question or a few words."))
    if len(text) > most:
        raise InputError(
            Message(
                "The query has {text:,} characters; at most {most:,} are allowed. Shorten it.",
                text=len(text),
                most=most,
            )
        )


def _known_query(collection: Collection, text: str) -> Query:
    """The collection's query of exactly this text, so that its judgments count; else a query without an id."""
    return next((query for query in collection.queries if query.text.strip() == text), Query("", text))


def _engine_ranking(collection: Collection) -> Ranking:
    """The ranking by the scores that the passages came with."""
    scores = collection.engine_scores
    if scores is None:
        raise InputError(
            Message(
                "These passages came without an engine's scores. Choose BM25 as the first stage, or upload a search "
                "response of Elasticsearch, OpenSearch or Solr."
            )
        )
    without = [passage.doc_id for passage in collection.passages if passage.doc_id not in scores]
    if without:
        raise InputError(
            Message(
                "{without} of {passages} passages have no engine score, “{without_2}” first. Choose BM25 as the first "
                "stage, or upload the response with all scores.",
                without=len(without),
                passages=len(collection.passages),
                without_2=without[0],
            )
        )
    return Ranking.from_scores(ENGINE, [scores[passage.doc_id] for passage in collection.passages])
