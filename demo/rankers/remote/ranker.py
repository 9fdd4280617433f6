"""A reranker behind an address: a server that the owner has set up reads the texts and gives the scores.

It is written `remote(name)`. The texts leave this machine, which is why only the owner says where they may go.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Event
from time import perf_counter

from demo.errors import DemoError, InputError, RemoteError
from demo.messages import Message
from demo.phrases import shown
from demo.progress import Progress, as_steps
from demo.rankers.cross_encoder.kept_scores import Kept, KeptScores, pair_keys
from demo.rankers.protocol import named_kind
from demo.rankers.remote.calls import Caller, StoppedError
from demo.rankers.remote.protocols import Answer
from demo.rankers.remote.remotes import NAME, Remotes
from demo.rankers.remote.servers import Server
from demo.rankers.text_form import quote
from demo.records import Collection, Cost, Extent, IntArray, Query, RankerSpec, Ranking
from demo.score_kinds import PROBABILITY

_LOOK_SECONDS = 0.2
_NOT_TOLD = Extent(0, 0, 0, 0)
_TOGETHER = Message(
    "{label} reads the passages together: among others, or at another depth, they would have other scores."
)


@dataclass(frozen=True, slots=True)
class Remote:
    """The server of this name."""

    name: str
    remotes: Remotes = field(compare=False, repr=False)

    def __str__(self) -> str:
        return f"{NAME}({quote(self.name)})"

    @property
    def spec(self) -> RankerSpec:
        """Named by the owner's label; by the text itself where there is no such server."""
        caller = self.remotes.callers.get(self.name)
        if caller is None:
            return RankerSpec(str(self), shown(str(self)), PROBABILITY, sends_texts=True)
        return RankerSpec(str(self), caller.server.label, caller.server.kind, sends_texts=True)

    def check(self) -> None:
        """The server is set up, and its key is there."""
        self.remotes.caller(self.name).check()

    def fingerprint(self) -> str:
        """Protocol, address, model and kind of score: what the server itself changes is not known here."""
        return self.remotes.caller(self.name).server.identity

    @as_steps
    def rank(self, query: Query, collection: Collection, indices: IntArray) -> Generator[Progress, None, Ranking]:
        """As `Ranker.rank`; the same text is sent once, and scores of a named model are kept.

        Closing it starts no further request. Those on their way are billed by the server and come to nothing.
        """
        caller = self.remotes.caller(self.name)
        contents = [collection.passages[index].content for index in indices.tolist()]
        texts = list(dict.fromkeys(contents))
        work = _Work(caller, query.text, texts, self.remotes.kept)
        yield from work.steps()
        scores = [work.scores[content] for content in contents]
        warnings = (_TOGETHER.format(label=self.spec.label),) if caller.server.listwise else ()
        return Ranking.from_scores(self.spec, scores, work.cost(contents), warnings=warnings)


class _Work:
    """Different texts on their way to their scores."""

    def __init__(self, caller: Caller, query: str, texts: Sequence[str], kept: KeptScores) -> None:
        self._caller, self._query, self._total, self._kept = caller, query, len(texts), kept
        server = caller.server
        others = json.dumps(texts) if server.listwise else ""
        self._keys = dict(zip(texts, pair_keys(server.identity, "", others, query, texts), strict=True))
        found = kept.find(list(self._keys.values())) if server.model else [None] * len(texts)
        if server.listwise and None in found:
            found = [None] * len(texts)
        self.scores = {text: row.score for text, row in zip(texts, found, strict=True) if row is not None}
        self._missing = [text for text in texts if text not in self.scores]
        self._known = frozenset(self.scores)
        self._kept_usd = sum(row.usd for row in found if row is not None)
        self._answers: list[Answer] = []
        self._seconds = 0.0

    def steps(self) -> Generator[Progress, None, None]:
        """Fills in the missing scores.

        Raises:
            RemoteError: a request failed for good; what the others brought is kept.
            InputError: the passages must be in one request and are too many for it.
        """
        yield self._progress()
        if not self._missing:
            return
        start, stopped = perf_counter(), Event()
        batches = batched(self._missing, self._caller.server)
        if self._caller.server.listwise and len(batches) > 1:
            raise self._too_many()
        pool = ThreadPoolExecutor(min(len(batches), self._caller.server.concurrency), "remote")
        try:
            futures = {pool.submit(self._caller.call, self._query, batch, stopped): batch for batch in batches}
            yield from self._gather(futures, stopped)
        finally:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            self._seconds = perf_counter() - start

    def _gather(
        self, futures: Mapping[Future[Answer], Sequence[str]], stopped: Event
    ) -> Generator[Progress, None, None]:
        """Takes each answer as it comes; after a failure only those of requests that are on their way."""
        waiting, failure = set(futures), None
        while waiting:
            done, waiting = wait(waiting, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                try:
                    self._take(futures[future], future.result())
                except StoppedError:
                    continue
                except DemoError as error:
                    failure = failure or error
                    stopped.set()
            yield self._progress()
        if failure is not None:
            raise self._partly(failure) from failure

    def _too_many(self) -> InputError:
        server = self._caller.server
        return InputError(
            "{label} reads the passages together, and they are too many for one request, which takes {passages:,} "
            "passages and {chars:,} characters. Choose fewer passages to rerank.",
            label=server.label,
            passages=server.max_passages,
            chars=server.max_chars,
        )

    def _take(self, batch: Sequence[str], answer: Answer) -> None:
        self._answers.append(answer)
        self.scores.update(zip(batch, answer.scores, strict=True))
        if self._caller.server.model:
            usd = self._price(answer) / len(batch)
            self._kept.keep((self._keys[text], Kept(self.scores[text], _NOT_TOLD, usd)) for text in batch)

    def _price(self, answer: Answer) -> float:
        """What the server bills for the answer, in US dollars; 0 where its owner states no price."""
        server = self._caller.server
        return answer.units * server.usd_per_call + answer.tokens / 1e6 * server.usd_per_million_tokens

    def _partly(self, failure: DemoError) -> DemoError:
        """The failure, with what came in spite of it."""
        if not self.scores or not isinstance(failure, RemoteError):
            return failure
        told = Message(
            "{failure} Of {total} passages {done} have their score.",
            failure=failure.message,
            total=self._total,
            done=len(self.scores),
        )
        again = Message("{told} Run it again: those are not asked for twice.", told=told)
        return RemoteError(again if self._caller.server.model else told)

    def _progress(self) -> Progress:
        done, total = len(self.scores), self._total
        return Progress("scoring", done, total, Message("Scored {done} of {total} passages", done=done, total=total))

    def cost(self, contents: Sequence[str]) -> Cost:
        """What it took, and what it cost where the owner states a price."""
        return Cost(
            pairs=len(contents),
            kept_pairs=sum(text in self._known for text in contents),
            model_seconds=self._seconds,
            tokens=sum(answer.tokens for answer in self._answers),
            device=self._caller.server.row.label,
            usd=sum(map(self._price, self._answers)),
            kept_usd=self._kept_usd,
        )


def batched(texts: Sequence[str], server: Server) -> list[list[str]]:
    """The texts in as few requests as the server's limits allow, in their order."""
    batches: list[list[str]] = []
    chars = 0
    for text in texts:
        full = not batches or len(batches[-1]) >= server.max_passages or chars + len(text) > server.max_chars
        if full:
            batches.append([])
            chars = 0
        batches[-1].append(text)
        chars += len(text)
    return batches


KIND = named_kind(
    NAME,
    Message("A remote reranker is written with its name in round brackets, such as remote(my-reranker)."),
    lambda name, tools: Remote(name, tools.remotes),
    lambda tools: tools.remotes.callers,
)
