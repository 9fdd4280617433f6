"""Scores on disk, one line for each finished query, so that a run that was stopped goes on where it ended.

The first line of a journal says for which collection and ranker it is; scores of two never mix. A line that was torn by
a kill is dropped and its query scored again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, replace
from os import SEEK_END
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from demo.errors import InputError, not_writable
from demo.messages import Message
from demo.progress import Progress, as_steps
from demo.rankers.protocol import Ranker, Wrapped
from demo.records import Collection, Cost, Extent, IntArray, Query, Ranking

_FORM = 2
_STEM_CHARS = 80
_FIELDS = {"query_id", "doc_ids", "scores", "found", "extents", "cost"}


def file_stem(ranker: str) -> str:
    """A file name for a ranker's key, without suffix: its ASCII letters, and a digest where that is not all of it."""
    stem = re.sub(r"[^A-Za-z0-9.+=-]+", "_", ranker).strip("._")
    if re.fullmatch(r"[\w.+=/()[\];-]*", ranker, re.ASCII) and len(stem) <= _STEM_CHARS:
        return stem
    return f"{stem[:_STEM_CHARS]}-{hashlib.sha256(ranker.encode()).hexdigest()[:8]}"


class Journal(Wrapped):
    """A ranker that writes down each of its rankings and answers from there when asked again. Close it at the end.

    Raises:
        InputError: the file is for another collection or other scores, broken inside, or cannot be written.
    """

    def __init__(self, ranker: Ranker, collection: Collection, folder: Path) -> None:
        self.ranker = ranker
        self._path = folder / f"{file_stem(ranker.spec.key)}.jsonl"
        header = {
            "form": _FORM,
            "collection": collection.digest,
            "ranker": ranker.spec.key,
            "fingerprint": ranker.fingerprint(),
        }
        self._places: dict[str, int] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file: IO[bytes] = self._path.open("r+b" if self._path.exists() else "w+b")
            end = self._read(header)
            self._file.truncate(end)
            if not end:
                self._append(header)
        except OSError as error:
            raise not_writable(self._path, error) from error

    def has(self, query_id: str) -> bool:
        """Whether the query's ranking is written down."""
        return query_id in self._places

    @as_steps
    def rank(self, query: Query, collection: Collection, indices: IntArray) -> Generator[Progress, None, Ranking]:
        """The ranking as it was written down, or else a new one, which is written down.

        Raises:
            InputError: what was written down is for other candidates.
        """
        doc_ids = [collection.passages[index].doc_id for index in indices.tolist()]
        if query.query_id not in self._places:
            ranking = yield from self.ranker.rank(query, collection, indices)
            self._places[query.query_id] = self._append(_row(query, doc_ids, ranking))
            return ranking
        self._file.seek(self._places[query.query_id])
        row = json.loads(self._file.readline())
        if row["doc_ids"] != doc_ids:
            raise self._other_run(Message("the candidates of query “{query_id}”", query_id=query.query_id))
        extents = tuple(Extent(*values) for values in row["extents"])
        return Ranking.from_scores(self.spec, row["scores"], Cost(**row["cost"]), extents, row["found"])

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ---- the file ------------------------------------------------------------------------------------------------

    def _read(self, header: Mapping[str, Any]) -> int:
        """Takes over the whole lines of the file; returns where they end, which is before a line that was torn."""
        end = 0
        for number, line in enumerate(self._file, 1):
            if not line.endswith(b"\n"):
                break
            row = self._parsed(line, number)
            if number == 1 and row != header:
                if not self._file.read(1):
                    break  # nothing was scored, so nothing is lost
                raise self._other_run(Message("its collection, its settings or its model’s weights"))
            if number > 1:
                self._places[row["query_id"]] = end
            end += len(line)
        return end

    def _parsed(self, line: bytes, number: int) -> Mapping[str, Any]:
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if isinstance(row, dict) and (number == 1 or row.keys() >= _FIELDS):
            return row
        raise InputError(
            "Line {number} of {path} is broken. Delete that line, and its query is scored again.",
            number=number,
            path=self._path,
        )

    def _append(self, row: Mapping[str, Any]) -> int:
        """Writes the row at the end of the file; returns where it starts."""
        try:
            start = self._file.seek(0, SEEK_END)
            self._file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
            self._file.flush()
        except OSError as error:
            raise not_writable(self._path, error) from error
        return start

    def _other_run(self, what: Message) -> InputError:
        return InputError(
            "{path} holds scores of another run: {what} differ. Choose another folder with --out, or delete the file.",
            path=self._path,
            what=what,
        )


def _row(query: Query, doc_ids: Sequence[str], ranking: Ranking) -> dict[str, Any]:
    return {
        "query_id": query.query_id,
        "doc_ids": list(doc_ids),
        "scores": ranking.scores.tolist(),
        "found": ranking.found.tolist(),
        "extents": ranking.extents,
        "cost": asdict(replace(ranking.cost, earlier=None)),
    }
