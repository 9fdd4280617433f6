"""BM25 by tantivy, an embedded engine like Lucene, whose index may lie on disk: for more passages than memory holds.

Passages are cut into terms as for `bm25` and weighed by the same formula, with k1 = 1.2 and b = 0.75, which the engine
does not let anyone change. It has Lucene's one difference: of a passage with more than 40 terms the length is rounded
down to fit into one byte, so its score is a little higher. Only the best MOST_HITS passages are found.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter

from demo.messages import Message
from demo.progress import Progress, as_steps
from demo.rankers.bm25 import analysis_options, read_analysis
from demo.rankers.disk_indexes import DiskIndexes, Hits, is_installed, not_installed
from demo.rankers.protocol import Kind
from demo.rankers.text_form import RankerOptions, Written, write_options
from demo.rankers.tools import Tools
from demo.records import Collection, Cost, IntArray, Query, RankerSpec, Ranking
from demo.score_kinds import BM25
from demo.text import Analysis

NAME = "tantivy"


@dataclass(frozen=True, slots=True)
class DiskBm25:
    """Tantivy's BM25 over terms of this analysis."""

    analysis: Analysis = field(default_factory=Analysis)
    indexes: DiskIndexes = field(default_factory=DiskIndexes, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{NAME}{write_options(analysis_options(self.analysis))}"

    @property
    def spec(self) -> RankerSpec:
        """Named by the settings that are not the usual ones."""
        options = (f"{name}={value}" for name, value in analysis_options(self.analysis).items() if value is not None)
        return RankerSpec(str(self), " · ".join(("Tantivy", *options)), BM25, ranks_collection=True)

    def check(self) -> None:
        """The engine is installed.

        Raises:
            InputError: it is not.
        """
        if not is_installed():
            raise not_installed()

    def fingerprint(self) -> str:
        """The analysis; formula and parameters are the engine's."""
        return f"{NAME} {self.analysis!r}"

    def missing_index(self, collection: Collection) -> Hashable:
        """As `budgets.IndexesTerms.missing_index`."""
        return None if self.indexes.has(collection, self.analysis) else (NAME, self.analysis)

    @as_steps
    def rank(self, query: Query, collection: Collection, indices: IntArray) -> Generator[Progress, None, Ranking]:
        """As `Ranker.rank`; a passage without any term of the query is not found."""
        hits, cost = yield from self._hits(query, collection)
        known = dict(zip(hits.indices.tolist(), hits.scores.tolist(), strict=True))
        scores = [known.get(index, 0.0) for index in indices.tolist()]
        found = [index in known for index in indices.tolist()]
        return Ranking.from_scores(self.spec, scores, replace(cost, pairs=indices.size), found=found)

    @as_steps
    def find(self, query: Query, collection: Collection) -> Generator[Progress, None, tuple[IntArray, Ranking]]:
        """As `Finds.find`."""
        hits, cost = yield from self._hits(query, collection)
        return hits.indices, Ranking.from_scores(self.spec, hits.scores, replace(cost, pairs=hits.indices.size))

    @as_steps
    def _hits(self, query: Query, collection: Collection) -> Generator[Progress, None, tuple[Hits, Cost]]:
        yield Progress("indexing", 0, len(collection.passages), Message("Ranking by matching words"))
        start = perf_counter()
        index, built = yield from self.indexes.get(collection, self.analysis)
        indexed = perf_counter()
        hits = index.search(query.text)
        return hits, Cost(
            index_seconds=indexed - start if built else 0.0,
            model_seconds=perf_counter() - indexed,
        )


def _read(written: Written, tools: Tools) -> DiskBm25:
    options = RankerOptions(NAME, written.options)
    analysis = read_analysis(options)
    options.close()
    return DiskBm25(analysis, tools.disk_indexes)


def _offer(tools: Tools) -> Sequence[DiskBm25]:
    return [DiskBm25(indexes=tools.disk_indexes)] if is_installed() else []


KIND = Kind("tantivy", (NAME,), _read, _offer)
