"""What rankers share within one process: what is remembered of collections and models, and how others are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from demo.rankers.bm25_index import TermIndexes
from demo.rankers.cross_encoder.scoring import Scoring
from demo.rankers.disk_indexes import DiskIndexes
from demo.rankers.encoding import Encoding
from demo.rankers.protocol import Ranker
from demo.rankers.remote.remotes import Remotes
from demo.rankers.search.searches import Searches
from demo.settings import Settings


@dataclass(frozen=True, eq=False)
class Tools:
    """Handed to every kind of ranker; holds no visitor's texts beyond the life of their collection.

    Attributes:
        indexes: term indexes of collections; disk_indexes: those of tantivy.
        scoring: models, and scores that were computed before.
        encoding: bi-encoders, and vectors of passages.
        remotes: rerankers behind an address.
        searches: search engines behind an address.
        read: the ranker that a text stands for.
    """

    settings: Settings
    indexes: TermIndexes
    disk_indexes: DiskIndexes
    scoring: Scoring
    encoding: Encoding
    remotes: Remotes
    searches: Searches
    read: Callable[[str], Ranker]
