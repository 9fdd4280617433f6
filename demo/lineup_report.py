"""A lineup to take away: JSON for programs, CSV for spreadsheets."""

from __future__ import annotations

from typing import Any

from demo.formats import write_csv
from demo.lineups import agreement_matrix, summary
from demo.metrics.agreement import MEASURES, OVERLAP_K, RBO_PERSISTENCE
from demo.records import Failure, Lineup, Ranking
from demo.report import Cell, finite, json_text, timings, used
from demo.versions import versions

PASSAGE_COLUMNS = ("doc_id", "title", "text", "grade")


def as_json(lineup: Lineup) -> dict[str, Any]:
    """The lineup as JSON values, passages in the first stage's order; scores that are missing or infinite become null.

    `agreement` has a matrix for each measure: row i, column j is ranking j against ranking i as the reference, in the
    order of those `rankers` that did not fail.
    """
    return {
        "query": lineup.query.text,
        "query_id": lineup.query.query_id or None,
        "collection": lineup.collection_key,
        "collection_size": lineup.collection_size,
        "first_stage": lineup.first.ranker.key,
        "rankers": [_ranker(column) for column in lineup.columns],
        "versions": versions(),
        "agreement": {
            **{measure.key: list(map(list, agreement_matrix(lineup, measure))) for measure in MEASURES},
            "k": min(OVERLAP_K, lineup.size),
            "rbo_p": RBO_PERSISTENCE,
        },
        "summary": str(summary(lineup)),
        "warnings": [str(warning) for warning in lineup.warnings],
        "results": [_result(lineup, index) for index in range(lineup.size)],
    }


def as_json_text(lineup: Lineup) -> str:
    """`as_json` as text; no character is escaped that need not be."""
    return json_text(as_json(lineup))


def _ranker(column: Ranking | Failure) -> dict[str, Any]:
    ranker, use = column.ranker, column.ranker.model
    return {
        "key": ranker.key,
        "label": ranker.label,
        "score_kind": ranker.kind.value,
        "model": use and use.spec.key,
        **used(use),
        "failure": str(column.reason) if isinstance(column, Failure) else None,
        "device": column.cost.device or None if isinstance(column, Ranking) else None,
        "timings": timings(column.cost) if isinstance(column, Ranking) else None,
    }


def _result(lineup: Lineup, index: int) -> dict[str, Any]:
    return {
        **_passage(lineup, index),
        "ranks": {ranking.ranker.key: int(ranking.ranks[index]) for ranking in lineup.rankings},
        "scores": {ranking.ranker.key: finite(float(ranking.scores[index])) for ranking in lineup.rankings},
    }


def _passage(lineup: Lineup, index: int) -> dict[str, Cell]:
    """`PASSAGE_COLUMNS` of one candidate."""
    passage = lineup.candidates[index]
    return {
        "doc_id": passage.doc_id,
        "title": passage.title,
        "text": passage.text,
        "grade": lineup.grades[index],
    }


def as_rows(lineup: Lineup) -> list[list[Cell]]:
    """A heading, then one row per candidate in the first stage's order: `PASSAGE_COLUMNS`, then rank and score by each.

    The headings of a ranker are its key with “ rank” and “ score”; a ranker that failed has none.
    """
    keys = [ranking.ranker.key for ranking in lineup.rankings]
    heading: list[Cell] = [*PASSAGE_COLUMNS, *(f"{key} {name}" for key in keys for name in ("rank", "score"))]
    return [heading, *(_row(lineup, index) for index in range(lineup.size))]


def _row(lineup: Lineup, index: int) -> list[Cell]:
    passage = _passage(lineup, index)
    cells: list[Cell] = [passage[name] for name in PASSAGE_COLUMNS]
    for ranking in lineup.rankings:
        cells += [int(ranking.ranks[index]), finite(float(ranking.scores[index]))]
    return cells


def as_csv(lineup: Lineup) -> str:
    """`as_rows` as CSV, in which no cell is a formula to a spreadsheet."""
    return write_csv(as_rows(lineup))
