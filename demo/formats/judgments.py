"""Judgments alone, apart from any collection: qrels in, qrels out."""

from __future__ import annotations

from collections.abc import Mapping

from demo.formats.beir import read_qrels
from demo.formats.source import Limits, Source

Qrels = Mapping[str, Mapping[str, int]]
"""query_id → doc_id → grade."""


def read_judgments(file: str, content: bytes, limits: Limits) -> Qrels:
    """What a qrels file judges: BEIR's three columns or TREC's four.

    Raises:
        InputError: it is not text, or breaks the rules of `read_qrels`.
    """
    qrels: dict[str, dict[str, int]] = {}
    for judgment in read_qrels(Source(file, content, limits)):
        qrels.setdefault(judgment.query_id, {})[judgment.doc_id] = judgment.grade
    return qrels


def write_judgments(qrels: Qrels) -> str:
    """TREC's four columns, separated by tabs, so that ids with spaces come back whole from `read_judgments`."""
    rows = ((name, doc_id, grade) for name, grades in qrels.items() for doc_id, grade in grades.items())
    return "".join(f"{name}\t0\t{doc_id}\t{grade}\n" for name, doc_id, grade in rows)
