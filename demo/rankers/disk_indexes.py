"""Indexes of the embedded engine tantivy, in memory or on disk, made once and kept as long as their collection."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary, finalize

import numpy as np

from demo.errors import InputError
from demo.messages import Message
from demo.progress import Progress, as_steps
from demo.records import Collection, FloatArray, IntArray, Passage
from demo.text import Analysis, tokens

MOST_HITS = 10_000
WRITER_BYTES = 100_000_000
"""Memory of the engine while it makes an index."""

TELL_EVERY = 20_000
"""Passages between two chances to stop."""

_TERMS, _INDEX = "terms", "place"


def not_installed() -> InputError:
    """That the engine is not there."""
    return InputError("tantivy is not installed: pip install -r requirements-search.txt")


def is_installed() -> bool:
    """Whether the engine is there."""
    return find_spec("tantivy") is not None


class DiskIndexes:
    """An index for each living collection and analysis, deleted with the collection. Safe to use from several threads.

    Args:
        folder: where they are; "" keeps them in memory, or beside the passages where those lie on disk.
    """

    def __init__(self, folder: str = "") -> None:
        self._folder = folder
        self._indexes: WeakKeyDictionary[Collection, dict[Analysis, DiskIndex]] = WeakKeyDictionary()
        self._lock = Lock()

    def has(self, collection: Collection, analysis: Analysis) -> bool:
        """Whether the collection's index is made already."""
        with self._lock:
            return analysis in self._indexes.get(collection, {})

    @as_steps
    def get(self, collection: Collection, analysis: Analysis) -> Generator[Progress, None, tuple[DiskIndex, bool]]:
        """The collection's index, and whether it had to be made now.

        Raises:
            InputError: tantivy is not installed, or the folder cannot be written.
        """
        with self._lock:
            known = self._indexes.setdefault(collection, {})
            if analysis in known:
                return known[analysis], False
        try:
            index = yield from _made(collection.passages, analysis, self._new_folder(collection))
        except OSError as error:
            raise InputError(
                "{path} cannot be written ({strerror}). Choose another folder with RERANK_LENS_INDEXES_FOLDER.",
                path=self._folder,
                strerror=error.strerror,
            ) from error
        with self._lock:
            return known.setdefault(analysis, index), True

    def _new_folder(self, collection: Collection) -> str:
        """A folder that goes when the collection does; "" for none."""
        parent = self._folder or (collection.on_disk.folder if collection.on_disk else "")
        if not parent:
            return ""
        folder = tempfile.TemporaryDirectory(prefix="index-", dir=parent)
        finalize(collection, folder.cleanup)
        return folder.name


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Passages that were found: int64 (m,) indices into the collection and float32 (m,) scores."""

    indices: IntArray
    scores: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class DiskIndex:
    """The engine's index of n passages."""

    engine: Any
    schema: Any
    analysis: Analysis
    size: int

    def search(self, query: str) -> Hits:
        """The best MOST_HITS passages that have a term of the query, best first."""
        import tantivy

        terms = Counter(tokens(query, self.analysis))
        if not terms or not self.size:
            return Hits(np.zeros(0, np.int64), np.zeros(0, np.float32))
        parts = []
        for term, count in terms.items():
            one = tantivy.Query.term_query(self.schema, _TERMS, term, "freq")
            parts.append((tantivy.Occur.Should, tantivy.Query.boost_query(one, float(count))))
        searcher = self.engine.searcher()
        hits = searcher.search(tantivy.Query.boolean_query(parts), min(self.size, MOST_HITS), count=False).hits
        indices = searcher.fast_field_values(_INDEX, [address for _, address in hits])
        return Hits(np.array(indices, np.int64), np.array([score for score, _ in hits], np.float32))


def _made(passages: Sequence[Passage], analysis: Analysis, folder: str) -> Generator[Progress, None, DiskIndex]:
    try:
        import tantivy
    except ImportError as error:
        raise not_installed() from error
    builder = tantivy.SchemaBuilder()
    builder.add_text_field(_TERMS, tokenizer_name="whitespace", index_option="freq")
    builder.add_unsigned_field(_INDEX, fast=True)
    schema = builder.build()
    engine = tantivy.Index(schema, path=folder) if folder else tantivy.Index(schema)
    writer = engine.writer(WRITER_BYTES, 1)
    total = len(passages)
    for passage_index, passage in enumerate(passages):
        if passage_index % TELL_EVERY == 0:
            yield Progress("indexing", passage_index, total, Message("Indexing {total:,} passages", total=total))
        document = tantivy.Document()
        document.add_text(_TERMS, " ".join(tokens(passage.content, analysis)))
        document.add_unsigned(_INDEX, passage_index)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    engine.reload()
    return DiskIndex(engine, schema, analysis, len(passages))
