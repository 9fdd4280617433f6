"""What the app remembers and shares between visitors: collections, loaded models, term indexes, scores.

`RankingService` is the one stateful object. It hands out frozen records and keeps nothing that belongs to a visitor:
a term index lives only as long as its collection, and a kept score is found only by someone who has the texts.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Lock, Thread

import numpy as np

from demo import budgets
from demo.budgets import Size
from demo.errors import DemoError, InputError
from demo.evaluation.protocol import PartialEvaluation, Plan, run_queries
from demo.library import Library, Trap
from demo.messages import Message
from demo.progress import Progress, Steps, as_steps
from demo.rankers.cross_encoder import loading
from demo.rankers.cross_encoder.elsewhere.source import Elsewhere
from demo.rankers.cross_encoder.kept_scores import Recording
from demo.rankers.cross_encoder.occlusion import MOST_STRETCHES
from demo.rankers.cross_encoder.ranker import CrossEncoder
from demo.rankers.cross_encoder.scoring import ModelSource, Scoring, Where
from demo.rankers.protocol import Explains, Kind, Ranker, checked, failure_of
from demo.rankers.registry import KINDS, Rankers
from demo.records import Card, Collection, Explanation, Failure, IntArray, ModelSpec, Passage, Query, Ranking, Result
from demo.results import cautions
from demo.results.change import take_candidates
from demo.settings import ROOT, Settings
from demo.turns import Turns
from demo.usage import Asking, Usage

CORPORA = ROOT / "corpora"
BUNDLED = ROOT / "demo" / "bundled"
FIRST_SCORES = "first_scores.json"
MOST_RANKERS = 8
MOST_EXPLAINING_PAIRS = 2 * MOST_STRETCHES


@dataclass(frozen=True, eq=False)
class Request:
    """Whose passages are ranked for which query, and which of them are candidates.

    Attributes:
        first: the first stage.
        depth: candidates taken from the first stage; None or 0 takes as many as allowed.
        beside: rankers whose best passages are candidates too, as many of each; the first stage orders all of them.
    """

    query: str
    collection: Collection
    first: Ranker
    depth: int | None = None
    beside: tuple[Ranker, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model on offer and where its weights are now."""

    spec: ModelSpec
    where: Where


class RankingService:
    """Ranks, compares and remembers. Safe to use from several threads.

    Args:
        library: the bundled collections.
        models: where models come from; None: the servers that the settings name, or this machine.
        recordings: folder whose sub-folders hold `first_scores.json`, read at the start; None reads nothing.
        kinds: the kinds of ranker there are.
    """

    def __init__(
        self,
        settings: Settings,
        library: Library | None = None,
        models: ModelSource | None = None,
        recordings: Path | None = BUNDLED,
        kinds: Sequence[Kind] = KINDS,
    ) -> None:
        self.settings = settings
        self._library = Library(CORPORA) if library is None else library
        self._collections: dict[str, Collection] = {}
        models = _usual_models(settings) if models is None else models
        self._scoring = Scoring(settings, models)
        self.rankers = Rankers(settings, self._scoring, kinds)
        self.usage = Usage()
        self.turns = Turns(settings, self.usage, elsewhere=isinstance(models, Elsewhere))
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

    def traps(self, key: str) -> Mapping[str, Trap]:
        """query_id → what the query shows, for the bundled collection; empty for any other key."""
        return self._library.traps(key) if key in dict(self.cards()) else {}

    def models(self) -> tuple[ModelChoice, ...]:
        """Every model on offer, without importing torch."""
        return tuple(ModelChoice(spec, where) for spec, where in self._scoring.models())

    def default_model(self) -> str:
        """Key of the model chosen at the start: the setting's, or the first whose weights are on this machine."""
        return self._scoring.default_model().key

    def cross_encoder(
        self, model: str = "", precision: str = "", windows: bool = False, max_tokens: int = 0, instruction: str = ""
    ) -> Ranker:
        """A model used in its own way; "" and 0 take what is usual."""
        return CrossEncoder(model, self._scoring, precision, windows, max_tokens, instruction)

    def reranker(
        self, name: str = "", precision: str = "", windows: bool = False, max_tokens: int = 0, instruction: str = ""
    ) -> Ranker:
        """As `cross_encoder`, or the other reranker that is on offer under this name.

        Raises:
            InputError: an option is set, and that one has none.
        """
        other = next((each for each in self.rankers.other_rerankers() if str(each) == name), None)
        if other is None:
            return self.cross_encoder(name, precision, windows, max_tokens, instruction)
        if precision or windows or max_tokens or instruction:
            raise InputError(
                "{label} is asked as it is: it has no precision, windows, maximum length or instruction. Leave them "
                "as they are at the start.",
                label=other.spec.label,
            )
        return other

    def default_first_stage(self) -> Ranker:
        """The first stage chosen at the start."""
        return self.rankers.first_stages()[0]

    def worked_example(self) -> Request:
        """What the page opens with: the first collection with its first query, all else by default.

        Raises:
            InputError: there are no collections, or one of the first one's files is missing or wrong.
        """
        if not self.cards():
            raise InputError(
                "There are no collections in the folder corpora. Take the whole repository, with this folder."
            )
        key = self.cards()[0][0]
        return Request(self.first_query(key).text, self.collection(key), self.default_first_stage())

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

    # ---- what it holds -------------------------------------------------------------------------------------------

    def loaded_models(self) -> tuple[tuple[str, str, int], ...]:
        """Key, precision and bytes of every model in memory."""
        return tuple((key, precision, size) for (key, precision), size in sorted(self._scoring.loaded().items()))

    def kept_bytes(self) -> Mapping[str, int]:
        """Memory of what is kept for later, about, by what it is."""
        return {
            **self._scoring.kept_bytes,
            "term indexes": self.rankers.index_bytes,
            "vectors": self.rankers.vector_bytes,
        }

    # ---- ranking -------------------------------------------------------------------------------------------------

    @as_steps
    def run(
        self, request: Request, rankers: Sequence[Ranker], visitor: str = "", what: str = "run"
    ) -> Generator[Progress, None, Result]:
        """The request's candidates as each ranker orders them, one column each; closing it stops the work.

        `Progress.so_far` holds what there is after each column. A ranker that fails has its reason in its own place,
        and the rest go on. Scores that were computed before are not computed again.

        Args:
            visitor, what: as in `Asking`.

        Raises:
            InputError: the query is empty or too long, there are no passages, the depth is not allowed, the first stage
                cannot be one or failed; no ranker, more than MOST_RANKERS, or more work than the budgets allow was
                asked for.
            BusyError: there is no room for the request now.
        """
        self._check(request, rankers)
        size = self._size(request, rankers)
        budgets.check(budgets.RUN, size, self.settings)
        asking = Asking(visitor, what, size.pairs, size.seconds)
        return (yield from self.turns.take(asking, self._columns(request, rankers)))

    def _size(self, request: Request, rankers: Sequence[Ranker]) -> Size:
        """What the request asks for, at worst."""
        texts = [passage.content for passage in request.collection.passages]
        most = min(self._depth(request) * (1 + len(request.beside)), len(texts))
        before = budgets.preparation([*rankers, request.first, *request.beside], request.collection)
        return Size.of(rankers, texts, most, request.query, before=before)

    def _depth(self, request: Request) -> int:
        """Candidates that each ranker that makes any may give; of all together no more than the settings allow."""
        total, most = len(request.collection.passages), self.settings.max_candidates
        asked, lists = min(request.depth or total, total), 1 + len(request.beside)
        return min(asked, most) if total <= most else min(asked, max(1, most // lists))

    @as_steps
    def evaluate(self, plan: Plan, visitor: str = "") -> Generator[Progress, None, PartialEvaluation]:
        """The work of the plan (`run_queries`), when there is room for it.

        Raises:
            InputError: it asks for more than the budgets allow.
            BusyError: there is no room for it now.
        """
        texts = [passage.content for passage in plan.collection.passages]
        before = budgets.preparation(plan.rankers, plan.collection)
        size = Size.of(plan.rankers, texts, plan.candidates_each, queries=len(plan.queries), before=before)
        measures = len(plan.measures) if plan.collection.is_judged else 0
        size = size.measured(len(plan.rankers), measures)
        budgets.check(budgets.EVALUATION, size, self.settings)
        return (yield from self.turns.take(Asking(visitor, "evaluate", size.pairs, size.seconds), run_queries(plan)))

    @as_steps
    def _columns(self, request: Request, rankers: Sequence[Ranker]) -> Generator[Progress, None, Result]:
        """What `run` gives, begun at once."""
        found = yield from self._candidates(request)
        for number, ranker in enumerate(rankers, 1):
            column: Ranking | Failure
            if ranker == request.first:
                column = found.first
            else:
                try:
                    steps = ranker.rank(found.query, request.collection, found.chosen)
                    ranking = yield from steps.map_progress(partial(_of_ranker, ranker, number, len(rankers)))
                    column = checked(ranking, found.chosen.size)
                except Exception as error:  # noqa: BLE001  any fault of one ranker is told in its place
                    column = failure_of(ranker, error)
            found = found.with_column(column)
            yield Progress("scoring", number, len(rankers), Message("Compared"), found.result())
        return found.result()

    @as_steps
    def rank(
        self, ranker: Ranker, query: str, collection: Collection, visitor: str = "", what: str = "rank"
    ) -> Generator[Progress, None, Ranking]:
        """All passages as the ranker orders them, without a first stage; closing it stops the work.

        Args:
            visitor, what: as in `Asking`.

        Raises:
            InputError: the query is empty or too long, there are no passages, or it is more than the budgets allow.
            BusyError: there is no room for the request now.
            DemoError: as `Ranker.rank`.
        """
        _check_query(query.strip(), self.settings.max_query_chars)
        _check_passages(collection)
        texts = [passage.content for passage in collection.passages]
        size = Size.of([ranker], texts, len(texts), query, before=budgets.preparation([ranker], collection))
        budgets.check(budgets.RUN, size, self.settings)
        indices = np.arange(len(texts), dtype=np.int64)
        work = ranker.rank(Query("", query.strip()), collection, indices)
        ranking = yield from self.turns.take(Asking(visitor, what, size.pairs, size.seconds), work)
        return checked(ranking, indices.size)

    def explain(
        self, ranker: Ranker, query: Query, collection: Collection, index: int, visitor: str = ""
    ) -> Steps[Explanation] | None:
        """Why the passage at this place of the collection has its score; None where the ranker cannot say."""
        if not isinstance(ranker, Explains):
            return None
        text = collection.passages[index].content
        before = budgets.preparation([ranker], collection)
        size = Size.of([ranker], [text] * (1 + len(text.split())), MOST_EXPLAINING_PAIRS, query.text, before=before)
        asking = Asking(visitor, "explain", size.pairs, size.seconds)
        return self.turns.take(asking, ranker.explain(query, collection, index))

    def _check(self, request: Request, rankers: Sequence[Ranker]) -> None:
        _check_query(request.query.strip(), self.settings.max_query_chars)
        if not 1 <= len(rankers) <= MOST_RANKERS:
            raise InputError(
                "{rankers} rankers were chosen. Choose 1 to {most}.", rankers=len(rankers), most=MOST_RANKERS
            )
        _check_passages(request.collection)
        first = request.first.spec
        if not first.ranks_collection:
            raise InputError(
                "{label} cannot be the first stage, because it cannot rank a whole collection. Choose {stages}.",
                label=first.label,
                stages=" / ".join(str(stage) for stage in self.rankers.first_stages()),
            )
        if request.depth is not None and request.depth < 0:
            raise InputError(
                "The number of passages to rerank is {depth}. Write 1 or more, or 0 for as many as allowed ({most:,}).",
                depth=request.depth,
                most=self.settings.max_candidates,
            )

    @as_steps
    def _candidates(self, request: Request) -> Generator[Progress, None, _Found]:
        """What the first stage passes on, and what rankers beside it bring, in the first stage's order."""
        query, collection = _known_query(request.collection, request.query.strip()), request.collection
        total, depth = len(collection.passages), self._depth(request)
        everything, ties = np.arange(total, dtype=np.int64), collection.text_order
        first = checked((yield from request.first.rank(query, collection, everything)), total)
        chosen = take_candidates(first, depth, ties)
        warnings = cautions.not_all_taken(chosen.size, int(first.found.sum()), total, self.settings.max_candidates)
        brought = np.zeros(total, dtype=np.bool_)
        for ranker in request.beside:
            ranking = checked((yield from ranker.rank(query, collection, everything)), total)
            brought[ranking.top(depth)] = True
        brought[chosen] = False
        if brought.any():
            warnings += cautions.brought_beside(int(brought.sum()), request.first.spec.label)
            brought[chosen] = True
            whole = take_candidates(first, total, ties)
            chosen = whole[brought[whole]]
        passages = tuple(collection.passages[index] for index in chosen.tolist())
        return _Found(query, collection, passages, first.of(chosen), chosen, tuple(warnings))


def _usual_models(settings: Settings) -> ModelSource:
    if not settings.serving:
        return loading
    from demo.rankers.cross_encoder.elsewhere import http

    return http.source(settings)


@dataclass(frozen=True, eq=False)
class _Found:
    """What there is of a run: the first stage's ranking of the candidates, and columns.

    Attributes:
        chosen: int64 (n,), the candidates' places in the collection, best first.
    """

    query: Query
    collection: Collection
    passages: tuple[Passage, ...]
    first: Ranking
    chosen: IntArray
    warnings: tuple[Message, ...]
    columns: tuple[Ranking | Failure, ...] = ()

    def with_column(self, column: Ranking | Failure) -> _Found:
        return replace(self, columns=(*self.columns, column))

    def result(self) -> Result:
        judged = self.collection.qrels.get(self.query.query_id, {})
        rankings = [self.first, *(column for column in self.columns if isinstance(column, Ranking))]
        return Result(
            query=self.query,
            collection=self.collection,
            candidates=self.passages,
            first=self.first,
            columns=self.columns,
            grades=tuple(judged.get(passage.doc_id) for passage in self.passages),
            warnings=(*self.warnings, *cautions.of_rankings(self.query.text, self.passages, rankings)),
        )


def _of_ranker(ranker: Ranker, number: int, total: int, step: Progress) -> Progress:
    """The progress of one of several rankers."""
    if total == 1:
        return step
    detail = Message(
        "{label} ({number} of {total}): {detail}",
        label=ranker.spec.label,
        number=number,
        total=total,
        detail=step.detail,
    )
    return replace(step, detail=detail)


def _check_query(text: str, most: int) -> None:
    if not text:
        raise InputError("The query is empty. Type a question or a few words.")
    if len(text) > most:
        raise InputError(
            "The query has {length:,} characters; at most {most:,} are allowed. Shorten it.",
            length=len(text),
            most=most,
        )


def _check_passages(collection: Collection) -> None:
    if not collection.passages:
        raise InputError("There are no passages to rank. Paste some, upload a file or choose a collection.")


def _known_query(collection: Collection, text: str) -> Query:
    """The collection's query of exactly this text, so that its judgments count; else a query without an id."""
    return next((query for query in collection.queries if query.text.strip() == text), Query("", text))
