"""Files out of .zip, .tar, .gz, .bz2 and .xz, and tables out of workbooks, with a ceiling on what they unpack to.

It happens in memory only, in a process of its own (`isolated`); nothing is ever written to disk. A declared size is not
believed: reading stops at the ceiling.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any

from demo.errors import InputError
from demo.formats.isolated import run_isolated
from demo.formats.parquet import PARQUET_SUFFIX, is_parquet, lines_of
from demo.formats.source import Limits
from demo.messages import Message

MAX_MEMBERS = 1_000
MAX_RATIO = 200
DOCX_XML_BYTES = 20_000_000
_RATIO_FREE_BYTES = 1_000_000
_CHUNK_BYTES = 1 << 20
_SYMLINK = 0o120000
BROKEN = (
    *(OSError, EOFError, zlib.error, zipfile.BadZipFile, struct.error, NotImplementedError, RuntimeError, ValueError),
    *(LookupError, ArithmeticError, lzma.LZMAError, tarfile.TarError, TypeError),
)
"""What the readers of archives raise on archives that are broken, locked or packed in an unknown way."""

File = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Packing:
    """One way to pack a single file.

    Attributes:
        start: the bytes that it starts with; suffix: of its files.
    """

    start: bytes
    suffix: str
    open: Callable[..., Any]


PACKINGS = (
    Packing(b"\x1f\x8b", ".gz", gzip.open),
    Packing(b"BZh", ".bz2", bz2.open),
    Packing(b"\xfd7zXZ\x00", ".xz", lzma.open),
)
ARCHIVE_SUFFIXES = (*(packing.suffix for packing in PACKINGS), ".zip", ".tar", ".tgz", PARQUET_SUFFIX)

_DOCUMENTS = {
    "word/document.xml": "docx",
    "xl/workbook.xml": "xlsx",
    "ppt/presentation.xml": "pptx",
    "META-INF/container.xml": "epub",
    "content.xml": "odf",
}
"""The parts by which documents are known that are packed as .zip archives."""


def unpack(files: Sequence[File], limits: Limits) -> list[File]:
    """The files with every archive among them replaced by what it holds, names as “archive.zip/folder/file”.

    Hidden files, folders' own entries, links and what macOS adds are left out. A workbook is replaced by its sheets as
    CSV, named “book.xlsx/Sheet”, and a Parquet file by JSON lines; within an archive both stay whole, as a .docx always
    does.

    Raises:
        InputError: an archive is broken, protected by a password, holds another archive or a path that leads out of
            it, has more than 1,000 files, or unpacks to more than the limit or to 200 times its size.
    """
    unpacked: list[File] = []
    left = limits.unpacked_bytes
    for name, content in files:
        if not is_packed(content):
            unpacked.append((name, content))
            continue
        for inner_name, inner in run_isolated(open_archive, name, content, left, limits, name=name):
            left -= len(inner)
            unpacked.append((inner_name, inner))
    return unpacked


def is_packed(content: bytes) -> bool:
    """Whether the content is an archive or a workbook rather than a file to read."""
    return (
        _packing(content) is not None
        or is_tar(content)
        or is_parquet(content)
        or (is_zip(content) and not _is_docx(content))
    )


def _is_docx(content: bytes) -> bool:
    """Whether a zip archive is a .docx; names of files stand in it as they are, so that most need no opening here."""
    return b"word/document.xml" in content and document_kind(content) == "docx"


def open_archive(name: str, content: bytes, left: int, limits: Limits) -> list[File]:
    """What one archive holds; see `unpack`."""
    return list(_open(name, content, left, limits))


def _open(name: str, content: bytes, left: int, limits: Limits) -> Iterator[File]:
    if _packing(content) is not None:
        inner_name, inner = _unpacked(name, content, left, limits)
        if is_tar(inner):
            yield from _untar(name, inner, left, limits)
        elif document_kind(inner) in ("", "docx"):
            yield inner_name, inner
        else:
            yield from _open(inner_name, inner, left, limits)
    elif is_tar(content):
        yield from _untar(name, content, left, limits)
    elif is_parquet(content):
        yield f"{name}.jsonl", lines_of(name, content, left)
    elif document_kind(content) == "xlsx":
        from demo.formats.workbook import sheets_of

        _check_unpacked_size(name, content, limits)
        yield from sheets_of(name, content)
    elif kind := document_kind(content):
        raise _no_archive(name, kind)
    else:
        yield from _unzip(name, content, left, limits)


def _packing(content: bytes) -> Packing | None:
    return next((packing for packing in PACKINGS if content.startswith(packing.start)), None)


def is_tar(content: bytes) -> bool:
    """Whether the content has a tar archive's mark."""
    return content[257:262] == b"ustar"


def is_zip(content: bytes) -> bool:
    """Whether the content starts as a zip archive does, an empty one included."""
    return content.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def document_kind(content: bytes) -> str:
    """“docx”, “xlsx” or another kind of document that is a zip archive; "" for archives proper."""
    if not is_zip(content):
        return ""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = set(archive.namelist())
    except BROKEN:
        return ""
    return next((kind for part, kind in _DOCUMENTS.items() if part in names), "")


def _no_archive(name: str, kind: str) -> InputError:
    if kind == "odf":
        return InputError(
            "{name} is an OpenDocument file, which is not read. Save a table as .xlsx or CSV, a text as .docx or PDF.",
            name=name,
        )
    return InputError(
        "{name} is a presentation or a book, which is not read. Save it as PDF, or copy its text and paste it.",
        name=name,
    )


def _check_unpacked_size(name: str, content: bytes, limits: Limits) -> None:
    if sum(part.file_size for _, part in _members(name, content, limits)) > limits.unpacked_bytes:
        raise _too_large(name, limits)


def check_docx(name: str, content: bytes, limits: Limits) -> None:
    """Nothing, if the parts of a .docx are no larger than the limit, and its XML no larger than 20 million bytes.

    Raises:
        InputError: it is not a zip archive, or it would unpack to too much.
    """
    members = _members(name, content, limits)
    if sum(part.file_size for _, part in members) > limits.unpacked_bytes:
        raise _too_large(name, limits)
    size = sum(part.file_size for path, part in members if path.suffix in (".xml", ".rels"))
    if size > DOCX_XML_BYTES:
        raise InputError(
            "{name} has {size:,} bytes of XML in it; at most {docx_xml_bytes:,} are read. Split the document.",
            name=name,
            size=size,
            docx_xml_bytes=DOCX_XML_BYTES,
        )


# ---- single files ------------------------------------------------------------------------------------------------


def _unpacked(name: str, content: bytes, left: int, limits: Limits) -> File:
    """The one file inside; its name is the archive's without its ending."""
    packing = _packing(content)
    assert packing is not None
    try:
        with packing.open(BytesIO(content)) as stream:
            inner = _read(stream, name, len(content), left, limits)
    except BROKEN as error:
        raise _broken(name) from error
    if _packing(inner) is not None or (is_zip(inner) and not document_kind(inner)):
        raise _nested(name, name)
    return (name[: -len(packing.suffix)] if name.lower().endswith(packing.suffix) else name), inner


def _read(stream: Any, name: str, packed: int, left: int, limits: Limits) -> bytes:
    """The stream's content.

    Raises:
        InputError: there is more than `left`, or far more than `packed` bytes can honestly hold.
    """
    content = bytearray()
    while chunk := stream.read(_CHUNK_BYTES):
        content += chunk
        if len(content) > left:
            raise _too_large(name, limits)
        if len(content) > max(_RATIO_FREE_BYTES, MAX_RATIO * packed):
            raise InputError(
                "{name} unpacks to more than {max_ratio} times its size, which no text does. Upload the text itself.",
                name=name,
                max_ratio=MAX_RATIO,
            )
    return bytes(content)


# ---- zip ---------------------------------------------------------------------------------------------------------


def _unzip(name: str, content: bytes, left: int, limits: Limits) -> Iterator[File]:
    members = _members(name, content, limits)
    if sum(info.file_size for _, info in members) > left:
        raise _too_large(name, limits)
    with zipfile.ZipFile(BytesIO(content)) as archive:
        for path, info in members:
            if not _is_wanted(path, info):
                continue
            inner_name = f"{name}/{path}"
            try:
                with archive.open(info) as stream:
                    inner = _read(stream, inner_name, info.compress_size, left, limits)
            except BROKEN as error:
                raise _broken(inner_name) from error
            inner_name, inner = _member(inner_name, inner, left, limits)
            if (is_zip(inner) and not document_kind(inner)) or is_tar(inner):
                raise _nested(name, str(path))
            left -= len(inner)
            yield inner_name, inner


def _member(name: str, content: bytes, left: int, limits: Limits) -> File:
    """A file out of an archive, unpacked if it is packed by itself."""
    return _unpacked(name, content, left, limits) if _packing(content) is not None else (name, content)


def _members(name: str, content: bytes, limits: Limits) -> list[tuple[PurePosixPath, zipfile.ZipInfo]]:
    """The files of the archive with their paths in it.

    Raises:
        InputError: it cannot be read, is protected, has too many files, or a path that leads out of it.
    """
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except BROKEN as error:
        raise _broken(name) from error
    if len(infos) > MAX_MEMBERS:
        raise _too_many_files(name, len(infos))
    if any(info.flag_bits & 1 for info in infos):
        raise InputError("{name} is protected by a password. Unpack it and upload its files.", name=name)
    return [(_safe_path(name, info.filename), info) for info in infos]


def _safe_path(name: str, path: str) -> PurePosixPath:
    """The path, if it stays inside the archive."""
    parts = PurePosixPath(path.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or (parts.parts and parts.parts[0].endswith(":")):
        raise InputError(
            "{name} holds a file whose path leads out of the archive: “{path}”. Pack the folder again.",
            name=name,
            path=path[:80],
        )
    return parts


def _is_wanted(path: PurePosixPath, info: zipfile.ZipInfo) -> bool:
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not hidden and (info.external_attr >> 16) & 0o170000 != _SYMLINK


# ---- tar ---------------------------------------------------------------------------------------------------------


def _untar(name: str, content: bytes, left: int, limits: Limits) -> Iterator[File]:
    try:
        with tarfile.open(fileobj=BytesIO(content), errors="replace") as archive:
            for count, info in enumerate(archive, 1):
                if count > MAX_MEMBERS:
                    raise _too_many_files(name, count)
                path = _safe_path(name, info.name)
                if not info.isfile() or any(part.startswith((".", "__MACOSX")) for part in path.parts if part != "."):
                    continue
                stream = archive.extractfile(info)
                assert stream is not None
                inner_name = f"{name}/{path}"
                inner = _read(stream, inner_name, len(content), left, limits)
                inner_name, inner = _member(inner_name, inner, left, limits)
                if (is_zip(inner) and not document_kind(inner)) or is_tar(inner):
                    raise _nested(name, str(path))
                left -= len(inner)
                yield inner_name, inner
    except BROKEN as error:
        raise _broken(name) from error


# ---- sentences ---------------------------------------------------------------------------------------------------


def _too_large(name: str, limits: Limits) -> InputError:
    size = f"{limits.unpacked_bytes:,}"
    return InputError(
        "With {name}, what is packed in the upload comes to more than {size} bytes. Upload a part of it (the "
        "limit is the setting RERANK_LENS_MAX_UNPACKED_BYTES).",
        name=name,
        size=size,
    )


def _too_many_files(name: str, count: int) -> InputError:
    return InputError(
        "{name} holds {infos:,} files; at most {max_members:,} are read. Put the passages into fewer files.",
        name=name,
        infos=count,
        max_members=MAX_MEMBERS,
    )


def _broken(name: str) -> InputError:
    if name.lower().endswith((".docx", ".xlsx")):
        return InputError(
            "{name} is broken or another kind of file. Save it again, or copy what is in it and paste it.", name=name
        )
    return InputError(
        "{name} is broken or packed in a way that cannot be read. Pack it again as .zip (deflate) or .gz.", name=name
    )


def _nested(name: str, inner: str) -> InputError:
    return InputError(
        Message("{name} holds another archive ({inner}). Unpack it and upload its files.", name=name, inner=inner)
        if inner != name
        else Message("{name} holds another archive. Unpack it and upload its files.", name=name)
    )


# ---- writing --------------------------------------------------------------------------------------------------------


def zipped(files: Mapping[str, str]) -> bytes:
    """The files in one ZIP archive, the same for the same files."""
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        for name, text in files.items():
            packed.writestr(zipfile.ZipInfo(name), text.encode(), zipfile.ZIP_DEFLATED)
    return archive.getvalue()
