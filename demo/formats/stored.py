"""Passages of a collection that is too large for memory, in a database on disk: by their indices and by their ids."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import overload

from demo.errors import not_writable
from demo.formats.assembly import ambiguous_id, check_limits
from demo.formats.source import LINE, Entry, Limits, Location
from demo.records import Passage

_FILE = "passages.sqlite"
_CACHE = "PRAGMA cache_size = -8000"
"""Of pages, in KiB: what each connection may keep in memory."""

_AT_A_TIME = 500
"""Ids in one question; the database takes more, and answers no sooner."""


class PassagesOnDisk(Sequence[Passage]):
    """The passages that a `PassageWriter` wrote, in their order. Each is read when it is asked for.

    Args:
        titles: whether they have their titles.
    """

    def __init__(self, folder: Path, titles: bool = True) -> None:
        self._folder, self._titles = folder, titles
        self._database = _opened(folder)
        ((size,),) = self._database.execute("SELECT count(*) FROM passages")
        self._size = int(size)

    @property
    def folder(self) -> str:
        """Where they lie."""
        return str(self._folder)

    def without_titles(self) -> PassagesOnDisk:
        """The same passages with no title."""
        return PassagesOnDisk(self._folder, False)

    def indices_of(self, doc_ids: Iterable[str]) -> dict[str, int]:
        """doc_id → index, of those that are there, in the order of the ids."""
        asked = list(dict.fromkeys(doc_ids))
        known: dict[str, int] = {}
        for start in range(0, len(asked), _AT_A_TIME):
            part = asked[start : start + _AT_A_TIME]
            marks = ",".join("?" * len(part))
            known.update(self._database.execute(f"SELECT doc_id, place FROM passages WHERE doc_id IN ({marks})", part))
        return {doc_id: known[doc_id] for doc_id in asked if doc_id in known}

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> Passage: ...
    @overload
    def __getitem__(self, index: slice) -> list[Passage]: ...
    def __getitem__(self, index: int | slice) -> Passage | list[Passage]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(self._size))]
        key = (range(self._size)[index],)
        (row,) = self._database.execute("SELECT doc_id, text, title, fields FROM passages WHERE place = ?", key)
        return self._passage(*row)

    def __iter__(self) -> Iterator[Passage]:
        for row in self._database.execute("SELECT doc_id, text, title, fields FROM passages ORDER BY place"):
            yield self._passage(*row)

    def _passage(self, doc_id: str, text: str, title: str, fields: str) -> Passage:
        return Passage(doc_id, text, title if self._titles else "", json.loads(fields) if fields else {})


class PassageWriter:
    """Writes passages into a folder, where there must be none.

    Attributes:
        size: passages that were written.
        duplicates: entries left out because the same came before under the same id.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder, self._limits = folder, limits
        self.size = self.duplicates = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise not_writable(folder, error) from error
        self._database = _opened(folder)
        for line in (
            "PRAGMA journal_mode = OFF",  # after a crash it is written anew
            "PRAGMA synchronous = OFF",
            "CREATE TABLE passages (place INTEGER PRIMARY KEY, doc_id TEXT UNIQUE NOT NULL, text TEXT, title TEXT, "
            "fields TEXT, file TEXT, line INTEGER)",
        ):
            self._database.execute(line)

    def add(self, entry: Entry) -> None:
        """Writes an entry with an id.

        Raises:
            InputError: the id stands for another text already, a limit is passed, or the folder cannot be written.
        """
        check_limits(entry, self.size, self._limits)
        fields = json.dumps(dict(entry.fields)) if entry.fields else ""
        where = entry.location
        row = self.size, entry.doc_id, entry.text, entry.title, fields, where.file, where.number
        try:
            added = self._database.execute("INSERT OR IGNORE INTO passages VALUES (?, ?, ?, ?, ?, ?, ?)", row).rowcount
        except sqlite3.OperationalError as error:
            raise not_writable(self._folder, error) from error
        if added:
            self.size += 1
        else:
            self._repeated(entry)

    def _repeated(self, entry: Entry) -> None:
        ((text, title, file, line),) = self._database.execute(
            "SELECT text, title, file, line FROM passages WHERE doc_id = ?", (entry.doc_id,)
        )
        if (text, title) != (entry.text, entry.title):
            raise ambiguous_id(entry, Entry(Location(file, LINE, line), text, title, entry.doc_id))
        self.duplicates += 1

    def finished(self) -> PassagesOnDisk:
        """All that was written."""
        self._database.commit()
        self._database.close()
        return PassagesOnDisk(self._folder)


def _opened(folder: Path) -> sqlite3.Connection:
    """The folder's database.

    Raises:
        InputError: it cannot be opened.
    """
    try:
        database = sqlite3.connect(folder / _FILE, check_same_thread=False)
        database.execute(_CACHE)
    except sqlite3.OperationalError as error:
        raise not_writable(folder, error) from error
    return database
