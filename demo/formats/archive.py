"""Files out of .gz and .zip, in memory only, with a ceiling on what they may unpack to.

Nothing is ever written to disk. A declared size is not believed: reading stops at the ceiling.
"""

from __future__ import annotations

import gzip
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import PurePosixPath
from typing import IO

from demo.errors import InputError
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
    *(LookupError, ArithmeticError),
)
"""What gzip and zipfile raise on archives that are broken, locked or packed in an unknown way."""

File = tuple[str, bytes]


def unpack(files: Sequence[File], limits: Limits) -> list[File]:
    """The files with every .gz and .zip among them replaced by what it holds, names as “archive.zip/folder/file”.

    Hidden files, folders' own entries, links and what macOS adds are left out. A .docx stays whole.

    Raises:
        InputError: an archive is broken, protected by a password, holds another archive or a path that leads out of
            it, has more than 1,000 files, or unpacks to more than the limit or to 200 times its size.
    """
    unpacked: list[File] = []
    left = limits.unpacked_bytes
    for name, content in files:
        for inner_name, inner in _open(name, content, left, limits):
            left -= len(inner) if inner is not content else 0
            unpacked.append((inner_name, inner))
    return unpacked


def _open(name: str, content: bytes, left: int, limits: Limits) -> Iterator[File]:
    if is_gzip(content):
        yield _ungzip(name, content, left, limits)
    elif is_zip(content) and not _is_docx(content):
        yield from _unzip(name, content, left, limits)
    else:
        yield name, content


def is_gzip(content: bytes) -> bool:
    """Whether the content starts as gzip does."""
    return content.startswith(b"\x1f\x8b")


def is_zip(content: bytes) -> bool:
    """Whether the content starts as a zip archive does, an empty one included."""
    return content.startswith((b"PK\x03\x04", b"PK\x05\x06"))


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
            Message(
                "{name} has {size:,} bytes of XML in it; at most {docx_xml_bytes:,} are read. Split the document.",
                name=name,
                size=size,
                docx_xml_bytes=DOCX_XML_BYTES,
            )
        )


# ---- gzip --------------------------------------------------------------------------------------------------------


def _ungzip(name: str, content: bytes, left: int, limits: Limits) -> File:
    """The one file inside; its name is the archive's without .gz."""
    try:
        with gzip.open(BytesIO(content)) as stream:
            inner = _read(stream, name, len(content), left, limits)
    except BROKEN as error:
        raise _broken(name) from error
    if is_gzip(inner) or (is_zip(inner) and not _is_docx(inner)):
        raise _nested(name, name)
    return (name[:-3] if name.lower().endswith(".gz") else name), inner


def _read(stream: IO[bytes] | gzip.GzipFile, name: str, packed: int, left: int, limits: Limits) -> bytes:
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
                Message(
                    "{name} unpacks to more than {max_ratio} times its size, which no text does. Upload the "
                    "text itself.",
                    name=name,
                    max_ratio=MAX_RATIO,
                )
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
            if is_gzip(inner):
                inner_name, inner = _ungzip(inner_name, inner, left, limits)
            if is_zip(inner) and not _is_docx(inner):
                raise _nested(name, str(path))
            left -= len(inner)
            yield inner_name, inner


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
        raise InputError(
            Message(
                "{name} holds {infos:,} files; at most {max_members:,} are read. Put the passages into fewer files.",
                name=name,
                infos=len(infos),
                max_members=MAX_MEMBERS,
            )
        )
    if any(info.flag_bits & 1 for info in infos):
        raise InputError(Message("{name} is protected by a password. Unpack it and upload its files.", name=name))
    return [(_safe_path(name, info.filename), info) for info in infos]


def _safe_path(name: str, path: str) -> PurePosixPath:
    """The path, if it stays inside the archive."""
    parts = PurePosixPath(path.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or (parts.parts and parts.parts[0].endswith(":")):
        raise InputError(
            Message(
                "{name} holds a file whose path leads out of the archive: “{path}”. Pack the folder again.",
                name=name,
                path=path[:80],
            )
        )
    return parts


def _is_wanted(path: PurePosixPath, info: zipfile.ZipInfo) -> bool:
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not hidden and (info.external_attr >> 16) & 0o170000 != _SYMLINK


def _is_docx(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return "word/document.xml" in archive.namelist()
    except BROKEN:
        return False


# ---- sentences ---------------------------------------------------------------------------------------------------


def _too_large(name: str, limits: Limits) -> InputError:
    size = f"{limits.unpacked_bytes:,}"
    return InputError(
        Message(
            "With {name}, what is packed in the upload comes to more than {size} bytes. Upload a part of it (the "
            "limit is the setting RERANK_LENS_MAX_UNPACKED_BYTES).",
            name=name,
            size=size,
        )
    )


def _broken(name: str) -> InputError:
    return InputError(
        Message(
            "{name} is broken or packed in a way that cannot be read. Pack it again as .zip (deflate) or .gz.",
            name=name,
        )
    )


def _nested(name: str, inner: str) -> InputError:
    return InputError(
        Message("{name} holds another archive ({inner}). Unpack it and upload its files.", name=name, inner=inner)
        if inner != name
        else Message("{name} holds another archive. Unpack it and upload its files.", name=name)
    )
