"""What is shared of search engines within one process: the indexes there are, and connections to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock

from demo.errors import InputError
from demo.phrases import shown
from demo.rankers.search.engines import Search, find_engine
from demo.rankers.search.indexes import Index, read_indexes
from demo.settings import Settings, secret

NAME = "search"


class Searches:
    """The indexes that the owner has set up. Safe to use from several threads."""

    def __init__(self, indexes: Mapping[str, Index], secret: Callable[[str], str] = secret) -> None:
        for index in indexes.values():
            find_engine(index.engine)
        self.indexes = indexes
        self._secret = secret
        self._connected: dict[str, tuple[str, Search]] = {}
        self._lock = Lock()

    @classmethod
    def of(cls, settings: Settings) -> Searches:
        """Those of the settings.

        Raises:
            InputError: they cannot be read.
        """
        return cls(read_indexes(settings.searches))

    def index(self, name: str) -> Index:
        """The index of this name.

        Raises:
            InputError: there is none.
        """
        if name in self.indexes:
            return self.indexes[name]
        if not self.indexes:
            raise InputError(
                "There is no search engine “{name}”. Whoever runs this app has set up none; docs/rankers.md says how.",
                name=shown(name),
            )
        raise InputError(
            "There is no search engine “{name}”. Choose one of {names}.",
            name=shown(name),
            names=", ".join(f"{NAME}({each})" for each in self.indexes),
        )

    def search(self, name: str) -> Search:
        """The search over the index of this name, with the key as it is now.

        Raises:
            InputError: there is no such index, its key is missing, or the engine's client is not installed.
        """
        index = self.index(name)
        key = self._secret(index.key).strip() if index.key else ""
        if index.key and not key:
            raise InputError(
                "{label} needs a key, and the environment variable {variable} holds none. Whoever runs this app "
                "can set it.",
                label=index.label,
                variable=index.key,
            )
        with self._lock:
            known, search = self._connected.get(name, ("", None))
            if search is None or known != key:
                search = find_engine(index.engine).connect(index, key)
                self._connected[name] = key, search
        return search
