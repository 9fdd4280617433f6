"""BM25 indexes of collections, built once for each setting and kept as long as the collection is."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from weakref import WeakKeyDictionary

from demo.rankers.bm25_index import Bm25Index, Bm25Settings
from demo.records import Collection

INDEXES_PER_COLLECTION = 8
"""As many as a result may have columns."""


class TermIndexes:
    """At most INDEXES_PER_COLLECTION indexes of every living collection. Safe to use from several threads."""

    def __init__(self) -> None:
        self._indexes: WeakKeyDictionary[Collection, OrderedDict[Bm25Settings, Bm25Index]] = WeakKeyDictionary()
        self._lock = Lock()

    def __len__(self) -> int:
        """Number of collections that have an index."""
        return len(self._indexes)

    @property
    def memory_bytes(self) -> int:
        """Memory of all indexes, about."""
        with self._lock:
            return sum(index.memory_bytes for indexes in self._indexes.values() for index in indexes.values())

    def get(self, collection: Collection, settings: Bm25Settings) -> tuple[Bm25Index, bool]:
        """The collection's index, and whether it had to be built now."""
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
