"""Every kind of ranker, and the one place where a text becomes a ranker.

Several rankers are separated by commas or line breaks. Texts are read at the edge: a menu, a link, an endpoint, the
command line. What travels inside is the ranker.
"""

from __future__ import annotations

from collections.abc import Sequence

from demo.errors import InputError
from demo.messages import listed
from demo.phrases import shown
from demo.rankers import bm25, dense, disk_bm25, engine, fusion
from demo.rankers.bm25_index import TermIndexes
from demo.rankers.cross_encoder import ranker as cross_encoder
from demo.rankers.cross_encoder.scoring import Scoring
from demo.rankers.disk_indexes import DiskIndexes
from demo.rankers.encoding import Encoding
from demo.rankers.protocol import Kind, Ranker
from demo.rankers.remote import ranker as remote
from demo.rankers.remote.remotes import Remotes
from demo.rankers.search import ranker as search
from demo.rankers.search.searches import Searches
from demo.rankers.text_form import MOST_NAME_CHARS, check_length, read, split
from demo.rankers.tools import Tools
from demo.settings import Settings

KINDS = (
    bm25.KIND,
    disk_bm25.KIND,
    engine.KIND,
    search.KIND,
    dense.KIND,
    fusion.KIND,
    remote.KIND,
    cross_encoder.KIND,
)
"""The order of menus; the last kind takes every name that no other has."""

MOST_LIST_CHARS = 10 * MOST_NAME_CHARS
"""Longest list of rankers."""


class Rankers:
    """Reads rankers and offers them.

    Args:
        kinds: rows as in KINDS.

    Raises:
        InputError: the setting for remote rerankers or for search engines cannot be used.
    """

    def __init__(self, settings: Settings, scoring: Scoring, kinds: Sequence[Kind] = KINDS) -> None:
        self._kinds = tuple(kinds)
        encoding = Encoding(settings, beside=scoring.models_in_memory)
        remotes, searches = Remotes.of(settings), Searches.of(settings)
        disk_indexes = DiskIndexes(settings.indexes_folder)
        indexes = TermIndexes(settings.indexes_bytes)
        self._tools = Tools(settings, indexes, disk_indexes, scoring, encoding, remotes, searches, self.read)

    @property
    def index_bytes(self) -> int:
        """Memory of the term indexes, about."""
        return self._tools.indexes.memory_bytes

    @property
    def vector_bytes(self) -> int:
        """Memory of the passages' vectors that are kept."""
        return self._tools.encoding.kept_bytes

    def read(self, text: str) -> Ranker:
        """The ranker that a text stands for; whether its model exists is found out later.

        Raises:
            InputError: the text is too long, brackets do not match or hold what the ranker has no use for, or an option
                is unknown or has a wrong value.
        """
        check_length(shown(text), text)
        written = read(text)
        names = {name: kind for kind in self._kinds for name in kind.names}
        of_models = next(kind for kind in self._kinds if not kind.names)
        kind = of_models if written.quoted else names.get(written.name, of_models)
        if written.members is not None and not kind.brackets:
            raise InputError(
                "“{text}” has round brackets, and only {names} have any. Put a name that has round brackets of its "
                "own between quotation marks.",
                text=shown(text),
                names=listed(name for kind in self._kinds if kind.brackets for name in kind.names),
            )
        return kind.read(written, self._tools)

    def read_all(self, texts: str | Sequence[str]) -> tuple[Ranker, ...]:
        """The rankers of a list, those of one key once, in their order; a single text may hold several.

        Raises:
            InputError: none is named, the list is too long, or as `read`.
        """
        whole = texts if isinstance(texts, str) else ",".join(texts)
        check_length(shown(whole), whole, MOST_LIST_CHARS)
        parts = split(texts, ",\n") if isinstance(texts, str) else texts
        found: dict[str, Ranker] = {}
        for ranker in (self.read(part) for part in parts if part.strip()):
            found.setdefault(ranker.spec.key, ranker)
        if not found:
            raise InputError("No ranker is named. Write one or more, such as bm25, bundled/tiny.")
        return tuple(found.values())

    def offered(self) -> tuple[Ranker, ...]:
        """What menus show."""
        return tuple(ranker for kind in self._kinds for ranker in kind.offer(self._tools))

    def first_stages(self) -> tuple[Ranker, ...]:
        """Those of them that can rank a whole collection."""
        return tuple(ranker for ranker in self.offered() if ranker.spec.ranks_collection)

    def other_rerankers(self) -> tuple[Ranker, ...]:
        """Those that are neither first stages nor models."""
        named = (kind for kind in self._kinds if kind.names)
        return tuple(each for kind in named for each in kind.offer(self._tools) if not each.spec.ranks_collection)
