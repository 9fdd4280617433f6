"""What open pages hold in their sessions: uploads, runs, judgments, results; bounded in bytes together.

Bytes are estimated: texts and arrays by their own sizes, all else by a constant for each entry, measured with
tracemalloc on a run of 300,000 results, qrels of 97,000 pairs and a collection of 20,000 passages. What is there while
a file is read is not counted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from sys import getsizeof
from typing import Any
from weakref import WeakKeyDictionary

from gradio.state_holder import StateHolder

from demo.formats.judged import Judged
from demo.formats.trec_runs import Run
from demo.judgments import Judgments
from demo.rankers.engine import RunRanker
from demo.records import Collection, Ranking, Result
from demo.ui.evaluate.session import Evaluated
from demo.ui.session import Question, ShownResult

POINTER_BYTES = 8
ENTRY_BYTES = 40
"""Of an id with a grade or a score, beside its text."""
OBJECT_BYTES = 200
"""Of a passage, a query or a dict, beside its texts, with its places in indices."""
SCORE_BYTES = 21
"""Of one candidate in a ranking: score, found, order, rank."""
EXTENT_BYTES = 250
RANKING_BYTES = 1_000
"""Of a ranking without any candidates."""


def _lists_bytes(lists: Mapping[str, Iterable[str]]) -> int:
    """Of ids for each query."""
    ids = list(chain.from_iterable(lists.values()))
    return len(lists) * OBJECT_BYTES + sum(map(getsizeof, chain(lists, ids))) + len(ids) * ENTRY_BYTES


def _collection_bytes(collection: Collection) -> int:
    passages = 0 if collection.on_disk else collection.memory_bytes + len(collection.passages) * OBJECT_BYTES
    texts = ((each.query_id, each.text, *each.fields.values()) for each in collection.queries)
    queries = sum(map(getsizeof, chain.from_iterable(texts))) + len(collection.queries) * OBJECT_BYTES
    return passages + queries + _lists_bytes(collection.qrels) + len(collection.engine_scores or ()) * ENTRY_BYTES


def _ranking_bytes(ranking: Ranking) -> int:
    return RANKING_BYTES + ranking.scores.size * SCORE_BYTES + len(ranking.extents) * EXTENT_BYTES


def _evaluated_bytes(evaluated: Evaluated) -> int:
    """Of outcomes, whose ids are those of the passages, figures, changes, and qrels that judgments were added to."""
    total = 0
    for each in evaluated.done.outcomes:
        size, rankings = len(each.doc_ids), len(each.rankings)
        total += OBJECT_BYTES + size * POINTER_BYTES + rankings * (RANKING_BYTES + size * SCORE_BYTES)
    if evaluated.evaluation is not None:
        total += sum(figure.values.nbytes for figure in evaluated.evaluation.figures.values())
        total += sum(len(each.rows) * OBJECT_BYTES for each in evaluated.evaluation.changes.values())
    if evaluated.own:
        total += sum(OBJECT_BYTES + len(each) * ENTRY_BYTES for each in evaluated.judged.collection.qrels.values())
    return total


def _judgments_bytes(judgments: Judgments) -> int:
    texts = ((*key, row.doc_id) for key, row in judgments.rows.items())
    return len(judgments) * OBJECT_BYTES + sum(map(getsizeof, chain.from_iterable(texts)))


@dataclass(frozen=True, slots=True)
class Held:
    """What values of a class hold.

    Attributes:
        own_bytes: about, without `parts`, which are other values that it holds.
        remembered: whether they are counted once for each value, since that takes long.
    """

    kind: type[Any] | tuple[type[Any], ...]
    own_bytes: Callable[[Any], int] = lambda _: 0
    parts: Callable[[Any], Iterable[Any]] = lambda _: ()
    remembered: bool = False


HELD = (
    Held(str, getsizeof),
    Held((tuple, list), lambda values: len(values) * POINTER_BYTES, lambda values: values),
    Held(Collection, _collection_bytes, remembered=True),
    Held(Run, lambda run: _lists_bytes(run.rankings), remembered=True),
    Held(Judged, lambda it: _lists_bytes(it.candidates), lambda it: (it.collection, it.run, it.runs), remembered=True),
    Held(Ranking, _ranking_bytes),
    Held(
        Result,
        lambda result: result.size * POINTER_BYTES,
        lambda result: (result.collection, result.first, *result.rankings),
    ),
    Held(RunRanker, parts=lambda ranker: (ranker.run,)),
    Held(
        ShownResult,
        parts=lambda it: (it.result, it.drawn, it.collection, it.request.first, *it.request.beside, *it.rankers),
    ),
    Held(Question, parts=lambda question: (question.shown,)),
    Held(Evaluated, _evaluated_bytes, lambda evaluated: (evaluated.judged, evaluated.own)),
    Held(Judgments, _judgments_bytes),
    Held(Mapping, lambda values: len(values) * ENTRY_BYTES, lambda values: (*values.keys(), *values.values())),
)
"""Every class of values that a State of the page can hold and that can be large; all else counts as nothing."""


class HeldInSessions:
    """Forgets what sessions unused for longest hold while those of all take too much; the latest's stays.

    All their States are then as at the start: what such a page uploaded must be uploaded again, and its results be run
    again.

    Args:
        most_bytes: that all sessions may take.

    Attributes:
        held: bytes by session, of those that hold anything.
    """

    def __init__(self, most_bytes: int = sys.maxsize) -> None:
        self._most_bytes = most_bytes
        self.held: dict[str, int] = {}
        self._known = WeakKeyDictionary[Any, int]()

    def note(self, sessions: StateHolder, latest: str) -> None:
        """Weighs the session that was just in use, and makes room where all together take too much."""
        with sessions.lock:
            self.held = {name: size for name, size in self.held.items() if name in sessions.session_data}
            self._weigh(sessions, latest)
            if sum(self.held.values()) > self._most_bytes:
                self._make_room(sessions, latest)

    def _weigh(self, sessions: StateHolder, name: str) -> None:
        found = sessions.session_data.get(name)
        size = self.bytes_of(found.state_data.values()) if found else 0
        self.held.pop(name, None)
        if size:
            self.held[name] = size

    def _make_room(self, sessions: StateHolder, latest: str) -> None:
        left = sum(self.held.values())
        for name in list(sessions.session_data):  # the longest unused first
            if left <= self._most_bytes:
                return
            if name != latest and name in self.held:
                sessions.session_data[name].state_data.clear()
                left -= self.held.pop(name)

    def bytes_of(self, values: Iterable[Any]) -> int:
        """Memory that the values take, about; what several of them hold counts once."""
        total, seen, waiting = 0, set[int](), list(values)
        while waiting:
            value = waiting.pop()
            row = next((row for row in HELD if isinstance(value, row.kind)), None)
            if row is not None and id(value) not in seen:
                seen.add(id(value))
                total += self._own_bytes(row, value)
                waiting += row.parts(value)
        return total

    def _own_bytes(self, row: Held, value: Any) -> int:
        if not row.remembered:
            return row.own_bytes(value)
        if value not in self._known:
            self._known[value] = row.own_bytes(value)
        return self._known[value]
