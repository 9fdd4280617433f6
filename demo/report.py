"""A comparison to take away: JSON for programs, CSV for spreadsheets."""

from __future__ import annotations

import json
import math
from typing import Any

from demo.comparison import summary
from demo.formats import write_csv
from demo.records import Comparison, Cost, ModelUse
from demo.versions import versions

Cell = str | int | float | None

COLUMNS = (
    "rank",
    "previous_rank",
    "change",
    "doc_id",
    "title",
    "text",
    "first_stage_score",
    "score",
    "pair_tokens",
    "read_tokens",
    "truncated",
    "grade",
)


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison as JSON values, results best first; infinite scores become null."""
    agreement = comparison.agreement
    return {
        "query": comparison.query.text,
        "query_id": comparison.query.query_id or None,
        "collection": comparison.collection_key,
        "collection_size": comparison.collection_size,
        "first_stage": comparison.before.ranker.key,
        "model": comparison.after.ranker.key,
        **used(comparison.after.ranker.model),
        "score_kinds": {
            "first_stage_score": comparison.before.ranker.kind.value,
            "score": comparison.after.ranker.kind.value,
        },
        "device": comparison.after.cost.device,
        "versions": versions(),
        "timings": {"first_stage": timings(comparison.before.cost), "model": timings(comparison.after.cost)},
        "agreement": {
            "kendall_tau_b": agreement.tau_b,
            "overlap": agreement.overlap,
            "k": agreement.k,
            "rbo": agreement.rbo,
            "rbo_p": agreement.rbo_p,
        },
        "summary": str(summary(comparison)),
        "warnings": [str(warning) for warning in comparison.warnings],
        "results": [_result(comparison, index) for index in comparison.after.order.tolist()],
    }


def as_json_text(comparison: Comparison) -> str:
    """`as_json` as text; no character is escaped that need not be."""
    return json_text(as_json(comparison))


def json_text(values: dict[str, Any]) -> str:
    """JSON values as strict JSON, indented."""
    return json.dumps(values, ensure_ascii=False, indent=2, allow_nan=False)


def used(use: ModelUse | None) -> dict[str, Any]:
    """Which weights of a model gave the scores, and how it was used, as JSON values; null for rankers without one."""
    return {
        "revision": use and (use.revision or None),
        "precision": use and use.precision,
        "max_tokens": use and use.max_tokens,
        "windows": use and use.windows,
    }


def timings(cost: Cost) -> dict[str, Any]:
    """What scoring took, as JSON values."""
    return {
        "pairs": cost.pairs,
        "kept_pairs": cost.kept_pairs,
        "index_seconds": cost.index_seconds,
        "tokenise_seconds": cost.tokenise_seconds,
        "model_seconds": cost.model_seconds,
        "load_seconds": cost.load_seconds,
        "tokens": cost.tokens,
        "pairs_per_second": cost.pace.pairs_per_second if cost.pace else None,
        "timed_pairs": cost.pace.pairs if cost.pace else 0,
    }


def _result(comparison: Comparison, index: int) -> dict[str, Any]:
    passage, extents = comparison.candidates[index], comparison.after.extents
    extent = extents[index] if extents else None
    return {
        "rank": int(comparison.after.ranks[index]),
        "previous_rank": int(comparison.before.ranks[index]),
        "change": int(comparison.moves[index]),
        "doc_id": passage.doc_id,
        "title": passage.title,
        "text": passage.text,
        "first_stage_score": finite(float(comparison.before.scores[index])),
        "score": finite(float(comparison.after.scores[index])),
        "pair_tokens": extent.pair_tokens if extent else None,
        "read_tokens": extent.read_tokens if extent else None,
        "truncated": extent.truncated if extent else None,
        "grade": comparison.grades[index],
    }


def finite(value: float) -> float | None:
    """The number, or None where JSON has none for it."""
    return value if math.isfinite(value) else None


def as_rows(comparison: Comparison) -> list[list[Cell]]:
    """`COLUMNS`, then one row per result, best first; None where nothing is known."""
    results = (_result(comparison, index) for index in comparison.after.order.tolist())
    return [list(COLUMNS), *([result[name] for name in COLUMNS] for result in results)]


def as_csv(comparison: Comparison) -> str:
    """`as_rows` as CSV, in which no cell is a formula to a spreadsheet."""
    return write_csv(as_rows(comparison))
