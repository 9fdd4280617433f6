"""Parquet: each row as a line of JSON, where the package pyarrow is installed.

It is no requirement: it is 40 MB for one format, and whoever has such files has it mostly.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

from demo.errors import InputError

_BATCH_ROWS = 1_000
_MARK = b"PAR1"
PARQUET_SUFFIX = ".parquet"


def is_parquet(content: bytes) -> bool:
    """Whether the content has a Parquet file's mark."""
    return content.startswith(_MARK)


def lines_of(name: str, content: bytes, most_bytes: int) -> bytes:
    """The rows as JSON lines, in UTF-8.

    Raises:
        InputError: pyarrow is not installed, the file is broken, or the rows come to more than `most_bytes`.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ModuleNotFoundError as error:
        raise InputError(
            "Reading {file} needs the package pyarrow, which is not installed here. Save it as JSON lines or CSV, "
            "or run “pip install pyarrow”.",
            file=name,
        ) from error
    lines = io.BytesIO()
    try:
        for row in _rows(ParquetFile(io.BytesIO(content))):
            lines.write(json.dumps(row, ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n")
            if lines.tell() > most_bytes:
                raise InputError(
                    "{file} holds rows of more than {most:,} bytes. Give a part of it.", file=name, most=most_bytes
                )
    except (ArrowException, OSError, ValueError) as error:
        raise InputError(
            "{file} cannot be read as Parquet: it is broken. Save it again, or as JSON lines.", file=name
        ) from error
    return lines.getvalue()


def _rows(file: Any) -> Iterator[dict[str, Any]]:
    for batch in file.iter_batches(batch_size=_BATCH_ROWS):
        yield from batch.to_pylist()
