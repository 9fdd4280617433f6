"""How far the bundled models' order in another precision agrees with their order in fp32."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import mean

import numpy as np

from demo.benchmark.models import load
from demo.benchmark.options import Options, Row
from demo.library import Library
from demo.metrics.agreement import overlap_at_k, tau_b
from demo.records import FloatArray
from demo.service import BUNDLED, CORPORA

DEPTH = 10


def agreement(options: Options) -> Iterator[Row]:
    """Means over the first queries of the bundled collections, each with every passage of its collection."""
    folders = sorted(path.parent for path in BUNDLED.glob("*/config.json"))
    for folder in (each for each in folders if not options.bundled or each.name in options.bundled):
        exact = _scores(folder, options, "fp32")
        for precision in options.precisions:
            if precision != "fp32":
                name: Row = {"model": f"bundled/{folder.name}", "precision": precision}
                yield name | _compared(exact, _scores(folder, options, precision))


def _compared(exact: list[FloatArray], other: list[FloatArray]) -> Row:
    """Scores of the same passages for the same queries in fp32 and in another one."""
    pairs = list(zip(exact, other, strict=True))
    orders = [(np.argsort(-a, kind="stable").tolist(), np.argsort(-b, kind="stable").tolist()) for a, b in pairs]
    taus = [tau for tau in (tau_b(a, b) for a, b in pairs) if tau is not None]
    return {
        "queries": len(pairs),
        "Kendall τ": round(mean(taus), 4),
        "least τ": round(min(taus), 4),
        f"top {DEPTH} shared": round(mean(overlap_at_k(a, b, DEPTH) for a, b in orders) / DEPTH, 4),
        "same first": round(mean(a[0] == b[0] for a, b in orders), 4),
        "largest difference": round(float(max(np.abs(a - b).max() for a, b in pairs)), 4),
    }


def _scores(folder: Path, options: Options, precision: str) -> list[FloatArray]:
    """Of every query, in the order of the collection's passages."""
    library, model = Library(CORPORA), load(folder, options, precision)
    rows = []
    for collection in map(library.load, library.keys()):
        texts = [passage.content for passage in collection.passages]
        for query in collection.queries[: options.queries]:
            row = np.full(len(texts), np.nan, np.float32)
            for batch in model.score(query.text, texts):
                row[batch.indices] = batch.scores
            rows.append(row)
    return rows
