"""Judged collections that are too large for memory: the corpus is read in pieces and kept on disk, the rest as ever.

A corpus can be read in pieces if none needs another: JSON lines, an id, a tab and the text on each line, or TREC's
documents, packed by gzip and the like or not. The passages are those that reading it whole would give.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from demo.errors import InputError
from demo.formats.archive import PACKINGS, unpack
from demo.formats.assembly import Marks
from demo.formats.beir import CORPUS
from demo.formats.fields import ID, names_thing
from demo.formats.judged import (
    Judged,
    corpus_files,
    corpus_format,
    files_of,
    read_bytes,
    read_judged_sources,
    role_of,
    whole_number,
)
from demo.formats.qrels import find_qrels
from demo.formats.reading import Preview
from demo.formats.registry import Format
from demo.formats.source import Column, Limits, Source
from demo.formats.stored import PassagesOnDisk, PassageWriter
from demo.messages import Message

LARGE_BYTES = 200_000_000
"""Files of a collection, unpacked, from which on its passages are kept on disk; about half a million passages."""

_PACKED = 4
"""How much larger text is than when it is packed, about."""

PIECE_BYTES = 1 << 20
"""Of a corpus that are read at a time, about."""

_HEAD_BYTES = 1 << 18
"""Of a file's beginning, by which it is told what it is."""


class NotStreamedError(InputError):
    """The collection can be read only as a whole; the sentence says why."""


_PIECE_ENDS = {"jsonl": b"", "id_lines": b"", "trec_sgml": b"</doc>"}
"""Formats that can be read in pieces, and what the last line of a piece ends with, in small letters."""


def is_large(path: Path, large_bytes: int = LARGE_BYTES) -> bool:
    """Whether a folder's files come to more than so many bytes."""
    if not path.is_dir():
        return False
    suffixes = tuple(packing.suffix for packing in PACKINGS)
    sizes = (one.stat().st_size * (_PACKED if name.endswith(suffixes) else 1) for name, one in files_of(path))
    return sum(sizes) > large_bytes


def read_streamed_folder(
    path: Path,
    limits: Limits,
    folder: Path,
    qrels: str = "",
    tell: Callable[[int], None] = lambda read: None,
    piece_bytes: int = PIECE_BYTES,
) -> Judged:
    """The judged collection in a folder, its passages on disk; otherwise as `read_judged_folder`.

    Args:
        folder: for the passages; it must be empty or not be there yet.
        tell: hears how many bytes of the corpus were read since the last time.

    Raises:
        NotStreamedError: it can be read only as a whole.
        InputError: as `read_judged_folder`.
    """
    if not path.is_dir():
        raise NotStreamedError("{path} is no folder. Unpack it, so that it can be read in pieces.", path=path)
    files = sorted((_file(name, one, limits) for name, one in files_of(path)), key=lambda file: file.name)
    corpora = corpus_files([Source(file.name, b"", limits) for file in files if file.role == "corpus"])[0]
    used = [file for file in files if file.role == "corpus" and file.name in {source.file for source in corpora}]
    rest = [source for file in files if file not in used for source in _sources(file, limits)]
    corpus = _Corpus(limits, tell, piece_bytes)
    passages = corpus.read(used, folder)
    judged_ids = [doc_id for source in rest if role_of(source) == "qrels" for doc_id in _judged_ids(source)]
    stand_in = Source(CORPUS, _named_only(passages, judged_ids), limits)
    judged = read_judged_sources([stand_in, *rest], limits, path.resolve().name or "collection", qrels)
    reading = replace(
        judged.reading,
        passages=len(passages),
        duplicates=corpus.duplicates,
        empty_passages=corpus.empty_passages,
        notes=(*judged.reading.notes, *corpus.marks.notes(), _ON_DISK),
        columns=(),
        names=(),
        preview=Preview(),
    )
    card = replace(judged.collection.card, description=reading.sentence())
    return replace(judged, collection=replace(judged.collection, card=card, passages=passages), reading=reading)


_ON_DISK = Message("its passages stay on disk")


def _judged_ids(source: Source) -> Iterator[str]:
    """The passages that a file of judgments names, also as they are named where 10.0 means 10."""
    for judgment in find_qrels(source).judgments:
        yield judgment.doc_id
        yield whole_number(judgment.doc_id)


def _named_only(passages: PassagesOnDisk, doc_ids: Sequence[str]) -> bytes:
    """JSON lines of passages that have these ids and nothing else, and of the first one."""
    known = dict.fromkeys([passages[0].doc_id, *passages.indices_of(doc_ids)])
    return "".join(json.dumps({"_id": doc_id, "text": doc_id}) + "\n" for doc_id in known).encode()


# ---- the corpus --------------------------------------------------------------------------------------------------


class _Corpus:
    """What was read of a corpus, beside its passages."""

    def __init__(self, limits: Limits, tell: Callable[[int], None], piece_bytes: int) -> None:
        self._limits, self._tell, self._piece_bytes = limits, tell, piece_bytes
        self._columns: dict[Message, Column] = {}
        self.marks = Marks()
        self.duplicates = self.empty_passages = 0

    def read(self, files: Sequence[_File], folder: Path) -> PassagesOnDisk:
        """The passages of all files, in their order.

        Raises:
            InputError: as the formats say, or there are none.
        """
        formats = [(file, *_piecewise(file)) for file in files]
        writer = PassageWriter(folder, self._limits)
        for file, row, end in formats:
            for piece in self._pieces(file, end):
                self._read_piece(piece, row, writer)
        self.duplicates = writer.duplicates
        passages = writer.finished()
        if not passages:
            raise InputError(
                "There are no passages in {name}: nothing in it has text. Give one passage per line, or choose "
                "another way to read it.",
                name=files[0].name,
            )
        return passages

    def _read_piece(self, piece: Source, row: Format, writer: PassageWriter) -> None:
        found = row.read(piece)
        for column in found.columns:
            known = self._columns.setdefault(column.role, column)
            told_together = column.role is ID and names_thing(column.name)
            if known.name != column.name or not column.certain or told_together:
                raise _whole(piece.file, Message("which field is what can be told only by all of them together"))
        for entry in map(self.marks.cleaned, found.entries):
            if not entry.doc_id:
                raise _whole(piece.file, Message("not every passage has an id"))
            writer.add(entry)
        self.empty_passages += found.empty_passages

    def _pieces(self, file: _File, end: bytes) -> Iterator[Source]:
        """The file in pieces of whole lines, each about `piece_bytes` long."""
        first_line, piece = 1, bytearray()
        with _opened(file.path) as content:
            for line in content:
                piece += line
                if len(piece) >= self._piece_bytes and line.strip().lower().endswith(end):
                    yield self._source(file.name, bytes(piece), first_line)
                    first_line, piece = first_line + piece.count(b"\n"), bytearray()
            if piece.strip():
                yield self._source(file.name, bytes(piece), first_line)

    def _source(self, name: str, piece: bytes, first_line: int) -> Source:
        self._tell(len(piece))
        source = Source(name, piece, self._limits, first_line=first_line)
        try:
            plain = "\x00" not in piece.decode()
        except UnicodeDecodeError:
            plain = False
        if not plain:
            raise _whole(name, Message("it is not UTF-8 throughout"))
        return source


def _piecewise(file: _File) -> tuple[Format, bytes]:
    """The format of a corpus, and how a piece of it ends.

    Raises:
        NotStreamedError: it cannot be read in pieces.
    """
    if file.format is None or file.format.key not in _PIECE_ENDS:
        raise _whole(file.name, Message("only JSON lines, id, tab and text, and TREC’s documents are read in pieces"))
    return file.format, _PIECE_ENDS[file.format.key]


def _whole(name: str, reason: Message) -> NotStreamedError:
    return NotStreamedError("{name} is read into memory as a whole: {reason}.", name=name, reason=reason)


# ---- files -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _File:
    """A file of the folder: its name unpacked, what it is, and its format if it is a corpus."""

    name: str
    path: Path
    role: str
    format: Format | None


def _file(name: str, path: Path, limits: Limits) -> _File:
    suffix = next((packing.suffix for packing in PACKINGS if name.lower().endswith(packing.suffix)), "")
    name = name[: -len(suffix)] if suffix else name
    head = Source(name, _head(path), limits)
    role = role_of(head)
    return _File(name, path, role, corpus_format(head) if role == "corpus" else None)


def _sources(file: _File, limits: Limits) -> Iterator[Source]:
    """What the file holds; of a corpus that is not used its beginning, by which it is named."""
    if file.role == "corpus":
        yield Source(file.name, _head(file.path), limits)
        return
    for name, content in unpack([(file.name, read_bytes(file.path))], limits):
        yield Source(name, content, limits)


def _opened(path: Path) -> IO[bytes]:
    """The file's content, unpacked if it is packed by itself."""
    with path.open("rb") as file:
        start = file.read(8)
    packing = next((packing for packing in PACKINGS if start.startswith(packing.start)), None)
    opened: IO[bytes] = packing.open(path) if packing else path.open("rb")
    return opened


def _head(path: Path) -> bytes:
    """The first lines of a file, unpacked; all of a small one."""
    with _opened(path) as file:
        head = file.read(_HEAD_BYTES)
    return head if len(head) < _HEAD_BYTES else head[: head.rfind(b"\n") + 1 or None]
