"""Pasted text or files in, one collection out: unpacking, choosing a format for each part, reading, assembling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from demo.errors import InputError
from demo.formats.archive import is_packed, unpack
from demo.formats.assembly import assemble
from demo.formats.beir import gather_folders
from demo.formats.doubts import find_doubts, find_doubts_of_table
from demo.formats.encoding import UTF_8
from demo.formats.json_text import read_items
from demo.formats.judged import makes_a_set, read_judged_sources, role_of, without_passages
from demo.formats.not_read import check_is_read
from demo.formats.reading import Loaded, Reading
from demo.formats.registry import FORMATS, PASTED_FORMATS, Format, accepted_suffixes, most_plausible
from demo.formats.source import Fields, Found, Limits, Source, check_bound, printable, printable_json
from demo.formats.wrapping import unwrap
from demo.messages import Message, listed
from demo.records import Collection


def read_pasted(text: str, limits: Limits, format_key: str | None = None, fields: Fields = Fields()) -> Loaded:
    """The pasted text as a collection with key “pasted”, read as the format asked for or the most plausible one.

    Args:
        fields: which fields hold what, where a person chose them.

    Raises:
        InputError: the text is empty or too large, has no passages in that format, or breaks its rules; or it plainly
            holds judgments, a run or topics, and no format was asked for.
    """
    source = Source("", printable(text).encode(), limits, chosen=fields)
    _check_size(source.start, len(source.content), limits)
    if format_key is None:
        _with_passages([source])
    row, found = _read(source, format_key, PASTED_FORMATS)
    reading = Reading((row.key,), row.manner, 0)
    title = Message("Pasted passages")
    return assemble([found], reading, "pasted", title, source.name, limits)


def from_texts(texts: Sequence[object], limits: Limits) -> Collection:
    """A collection with key “pasted” from texts, or from objects as in JSON lines, each with its place, from 1, as id.

    An object may have an id of its own. Empty texts are left out, repeated ones stay: a place always means the same.

    Raises:
        InputError: it is no list, there is no text at all, an element is neither text nor object, two have the same
            id, or a limit is passed.
    """
    if isinstance(texts, str | bytes | Mapping) or not isinstance(texts, Sequence):
        raise InputError("The passages need to be a list of texts or objects; put a single text into a list.")
    source = Source("", b"", limits)
    items = enumerate(printable_json(list(texts)), 1)
    found = read_items(((source.item(number), item) for number, item in items), source)
    entries = [replace(entry, doc_id=entry.doc_id or str(entry.location.number)) for entry in found.entries]
    reading = Reading(("json",), Message("from a list"), 0)
    title, name = Message("Passages from a list"), Message("the list")
    return assemble([replace(found, entries=tuple(entries))], reading, "pasted", title, name, limits).collection


def read_files(
    files: Sequence[tuple[str, bytes]], limits: Limits, format_key: str | None = None, fields: Fields = Fields()
) -> Loaded:
    """The files as one collection with key “uploaded”; archives are opened.

    A BEIR folder is read as one, and so are a corpus, queries and qrels in files of their own.

    Args:
        files: names and contents.
        format_key: how to read files of text; None takes the most plausible way for each.
        fields: which fields hold what, where a person chose them.

    Raises:
        InputError: nothing was uploaded, it is too large, or one of the files cannot be read; the sentence names it.
    """
    if not files:
        raise InputError("No file was uploaded. Choose at least one.")
    named = [(PurePosixPath(name.replace("\\", "/")).name or "file", content) for name, content in files]
    name = Message("{text}", text=named[0][0]) if len(named) == 1 else Message("the {named} files", named=len(named))
    _check_size(_start(named), sum(len(content) for _, content in named), limits)
    sources, left_out = _sources(named, limits, fields)
    if format_key is None and makes_a_set(sources):
        unused = [one.file for one in sources if role_of(one) == "run"]
        judged = read_judged_sources([one for one in sources if one.file not in unused], limits, "uploaded")
        return Loaded(judged.collection, replace(judged.reading, notes=(*judged.reading.notes, *_left_out(unused))))
    unused = []
    if format_key is None:
        sources, unused = _with_passages(sources)
    rows: list[Format] = []
    found: list[Found] = []
    count = 0
    for source in sources:
        row, one = _read(source, format_key, FORMATS)
        count += len(one.entries)
        check_bound(count, _start(named), limits)
        rows.append(row)
        found.append(one)
    reading = Reading(
        tuple(dict.fromkeys(row.key for row in rows)),
        _manner(rows),
        0,
        encodings=tuple(dict.fromkeys(s.decoded[1] for row, s in zip(rows, sources, strict=True) if row.pasted))
        or (UTF_8,),
        notes=(
            *((Message("files of other kinds left out: {left_out}", left_out=left_out),) if left_out else ()),
            *_left_out(unused),
        ),
    )
    return assemble(found, reading, "uploaded", name, name, limits)


def _left_out(files: Sequence[str]) -> tuple[Message, ...]:
    return (Message("left out: {left_out}", left_out=listed(files)),) if files else ()


def _with_passages(sources: Sequence[Source]) -> tuple[list[Source], list[str]]:
    """The sources without those that plainly hold judgments, runs or topics, and the names of these.

    Raises:
        InputError: nothing else is there.
    """
    kinds = [without_passages(source) for source in sources]
    kept = [source for source, kind in zip(sources, kinds, strict=True) if kind is None]
    if kept or not sources:
        return kept, [source.file for source, kind in zip(sources, kinds, strict=True) if kind is not None]
    raise InputError(
        "{file} holds {kind} and no passages. Give the passages too, or open it in Evaluate; to rank its lines all the "
        "same, choose “one per line”.",
        file=sources[0].start,
        kind=kinds[0] or Message("nothing"),
    )


def _start(files: Sequence[tuple[str, bytes]]) -> Message:
    """What the files are called where a sentence starts."""
    if len(files) == 1:
        return Message("{text}", text=files[0][0])
    return Message("The {named} files", named=len(files))


def _sources(files: Sequence[tuple[str, bytes]], limits: Limits, fields: Fields) -> tuple[list[Source], int]:
    """What is to be read of the files, and the number of files inside archives that no format knows."""
    uploaded = {name for name, _ in files}
    unpacked = [Source(name, content, limits, chosen=fields) for name, content in unpack(files, limits)]
    sources = gather_folders(unpacked)
    if any(source.folder for source in sources):
        return sources, len(unpacked) - sum(len(source.folder) for source in sources)
    known = [source for source in sources if source.file in uploaded or _is_known(source)]
    return known, len(sources) - len(known)


def _is_known(source: Source) -> bool:
    """Whether a file out of an archive can be read by its name."""
    if is_packed(source.content):
        return False
    return source.by_rows or _suffix(source.file) in accepted_suffixes() or "/" not in source.file


def _read(source: Source, format_key: str | None, rows: Sequence[Format]) -> tuple[Format, Found]:
    """The row that was asked for, or the first that fits, or the last that knows the file's suffix; and what it reads.

    Lines around the data are left out, unless prose was asked for or the name says that it is Markdown.

    Raises:
        InputError: there is no such row, or the file is plainly not in it, or breaks its rules.
    """
    told = next((row for row in rows if row.by_content and row.fits(source)), None)
    row = told or (_asked_for(source, format_key, rows) if format_key else None)
    if row is not None and (row.is_prose or (row.by_content and not source.by_rows)):
        return row, row.read(source)
    data, notes = unwrap(source)
    doubts: tuple[Message, ...] = ()
    if row is None:
        check_is_read(data)
        row = most_plausible(data, [row for row in rows if row.pasted])
        if row.is_prose and not row.fits(data):
            return row, row.read(source)
        doubts = find_doubts(data) if row.is_prose else find_doubts_of_table(data) if row.key == "csv" else ()
    found = row.read(data)
    return row, replace(found, notes=(*notes, *found.notes), doubts=doubts)


def _asked_for(source: Source, format_key: str, rows: Sequence[Format]) -> Format:
    row = next((row for row in rows if row.key == format_key), None)
    if row is not None and row.pasted:
        return row
    keys = [row.key for row in rows if row.pasted]
    raise InputError(
        "{name} cannot be read as “{format_key}”. Choose one of {keys}.",
        name=source.start,
        format_key=format_key,
        keys=listed(keys),
    )


def _suffix(file: str) -> str:
    return PurePosixPath(file).suffix.lower()


def _manner(rows: Sequence[Format]) -> Message:
    manners = tuple(dict.fromkeys(row.manner for row in rows))
    if len(rows) == 1:
        return manners[0]
    files = Message("from {rows} files", rows=len(rows))
    return Message("{manners}, {files}", manners=manners[0], files=files) if len(manners) == 1 else files


def _check_size(name: Message, size: int, limits: Limits) -> None:
    if size <= limits.upload_bytes:
        return
    raise InputError(
        "{name}: {size:,} bytes, at most {most:,} are read. Give a part of it (the limit is the setting "
        "RERANK_LENS_MAX_UPLOAD_BYTES).",
        name=name,
        size=size,
        most=limits.upload_bytes,
    )
