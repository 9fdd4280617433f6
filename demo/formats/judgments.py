"""Judgments alone, apart from any collection: qrels in, qrels out."""

from __future__ import annotations

from collections.abc import Mapping

from demo.errors import InputError
from demo.formats.archive import unpack
from demo.formats.qrels import read_qrels
from demo.formats.source import Fields, Limits, Source
from demo.messages import listed

Qrels = Mapping[str, Mapping[str, int]]
"""query_id → doc_id → grade."""


def read_judgments(file: str, content: bytes, limits: Limits, fields: Fields = Fields()) -> Qrels:
    """What a file of judgments says, in any form that `read_qrels` knows, packed or not.

    Raises:
        InputError: it is not text, breaks the rules of `read_qrels`, or is an archive of several files.
    """
    files = unpack([(file, content)], limits)
    if len(files) != 1:
        raise InputError(
            "{file} holds {files} files: {names}. Give the one with the judgments.",
            file=file,
            files=len(files),
            names=listed(name for name, _ in files[:6]),
        )
    qrels: dict[str, dict[str, int]] = {}
    for judgment in read_qrels(Source(*files[0], limits, chosen=fields)):
        qrels.setdefault(judgment.query_id, {})[judgment.doc_id] = judgment.grade
    return qrels


def write_judgments(qrels: Qrels) -> str:
    """TREC's four columns, separated by tabs, so that ids with spaces come back whole from `read_judgments`."""
    rows = ((name, doc_id, grade) for name, grades in qrels.items() for doc_id, grade in grades.items())
    return "".join(f"{name}\t0\t{doc_id}\t{grade}\n" for name, doc_id, grade in rows)
