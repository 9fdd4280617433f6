"""A result to take away: JSON for programs, CSV for spreadsheets; as a change where it is of two rankings."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from demo.formats import write_csv
from demo.formats.outputs import Ranked, collection_beir, run_files, set_to_rerank
from demo.judgments import query_key
from demo.metrics.agreement import MEASURES, OVERLAP_K, RBO_PERSISTENCE
from demo.records import Collection, Cost, Failure, ModelUse, Ranking, Result
from demo.results.change import Pair
from demo.results.members import agreement_matrix
from demo.results.words import change_summary, summary
from demo.versions import versions

Cell = str | int | float | None

PASSAGE_COLUMNS = ("doc_id", "title", "text", "grade")
CHANGE_COLUMNS = (
    *("rank", "previous_rank", "change", "doc_id", "title", "text", "first_stage_score", "score"),
    *("pair_tokens", "read_tokens", "truncated", "grade"),
)
MOST_FIELD_COLUMNS = 100
OTHER_FIELDS = "other fields"
"""The column for the fields that have none of their own, as JSON."""


def json_text(values: dict[str, Any]) -> str:
    """JSON values as strict JSON, indented; no character is escaped that need not be."""
    return json.dumps(values, ensure_ascii=False, indent=2, allow_nan=False)


def finite(value: float) -> float | None:
    """The number, or None where JSON has none for it."""
    return value if math.isfinite(value) else None


def used(use: ModelUse | None) -> dict[str, Any]:
    """Which weights of a model gave the scores, and how it was used, as JSON values; null for rankers without one."""
    return {
        "revision": use and (use.revision or None),
        "precision": use and use.precision,
        "max_tokens": use and use.max_tokens,
        "windows": use and use.windows,
        "instruction": use and (use.instruction or None),
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
        "usd": cost.usd,
    }


def _asked(result: Result) -> dict[str, Any]:
    """What was asked for."""
    return {
        "query": result.query.text,
        "query_id": result.query.query_id or None,
        "collection": result.collection.key,
        "collection_size": len(result.collection.passages),
        "first_stage": result.first.ranker.key,
    }


def _passage(result: Result, index: int) -> dict[str, Cell]:
    """`PASSAGE_COLUMNS` of one candidate."""
    passage = result.candidates[index]
    values = (passage.doc_id, passage.title, passage.text, result.grades[index])
    return dict(zip(PASSAGE_COLUMNS, values, strict=True))


def _field_rows(result: Result, taken: Sequence[str]) -> list[list[str]]:
    """The headings of the fields that the candidates have, then a row of their values for each candidate.

    Each field has a column, the most frequent `MOST_FIELD_COLUMNS` if there are more, and the others share one. A field
    with the name of one of the columns `taken` has “field ” before it.
    """
    counted = Counter(name for passage in result.candidates for name in passage.fields)
    frequent = {name for name, _ in counted.most_common(MOST_FIELD_COLUMNS)}
    shown = [name for name in counted if name in frequent]
    others = len(counted) > len(shown)

    def row(fields: Mapping[str, str]) -> list[str]:
        left = {name: value for name, value in fields.items() if name not in frequent}
        more = [json.dumps(left, ensure_ascii=False) if left else ""] if others else []
        return [*(fields.get(name, "") for name in shown), *more]

    heads = [f"field {name}" if name in (*taken, OTHER_FIELDS) else name for name in shown]
    return [[*heads, *([OTHER_FIELDS] if others else [])], *(row(passage.fields) for passage in result.candidates)]


# ---- any number of rankings --------------------------------------------------------------------------------------


def as_json(result: Result) -> dict[str, Any]:
    """The result as JSON values, passages in the first stage's order.

    Ranks of passages that were not found, and scores that are missing or infinite, are null. `agreement` has a matrix
    for each measure: row i, column j is ranking j against ranking i as the reference, in the order of those `rankers`
    that did not fail.
    """
    return {
        **_asked(result),
        "rankers": [_ranker(column) for column in result.columns],
        "versions": versions(),
        "agreement": {
            **{measure.key: list(map(list, agreement_matrix(result, measure))) for measure in MEASURES},
            "k": min(OVERLAP_K, result.size),
            "rbo_p": RBO_PERSISTENCE,
        },
        "summary": str(summary(result)),
        "warnings": [str(warning) for warning in result.warnings],
        "results": [_ranked(result, index) for index in range(result.size)],
    }


def _ranker(column: Ranking | Failure) -> dict[str, Any]:
    ranker, use = column.ranker, column.ranker.model
    return {
        "key": ranker.key,
        "label": ranker.label,
        "score_kind": ranker.kind.key,
        "model": use and use.spec.key,
        **used(use),
        "failure": str(column.reason) if isinstance(column, Failure) else None,
        "device": column.cost.device or None if isinstance(column, Ranking) else None,
        "timings": timings(column.cost) if isinstance(column, Ranking) else None,
    }


def _ranked(result: Result, index: int) -> dict[str, Any]:
    return {
        **_passage(result, index),
        "fields": dict(result.candidates[index].fields),
        "ranks": {ranking.ranker.key: ranking.rank(index) for ranking in result.rankings},
        "scores": {ranking.ranker.key: finite(float(ranking.scores[index])) for ranking in result.rankings},
    }


def as_csv(result: Result) -> str:
    """A heading, then a row for each candidate in the first stage's order: `PASSAGE_COLUMNS`, rank and score by each.

    The headings of a ranker are its key with “ rank” and “ score”; a ranker that failed has none. Behind them stands
    whatever else was said of the passages. No cell is a formula to a spreadsheet.
    """
    keys = [ranking.ranker.key for ranking in result.rankings]
    heading = [*PASSAGE_COLUMNS, *(f"{key} {name}" for key in keys for name in ("rank", "score"))]
    head, *fields = _field_rows(result, heading)
    rows = ([*_row(result, index), *fields[index]] for index in range(result.size))
    return write_csv([[*heading, *head], *rows])


def _row(result: Result, index: int) -> list[Cell]:
    cells: list[Cell] = [*_passage(result, index).values()]
    for ranking in result.rankings:
        cells += [ranking.rank(index), finite(float(ranking.scores[index]))]
    return cells


def as_runs(result: Result) -> dict[str, str]:
    """A TREC run file of every ranking by its name; a passage that was not found is not in it.

    A query without an id has one made of its words. What was not reranked at this depth stands behind the others in its
    order.

    Raises:
        InputError: an id holds white space.
    """
    doc_ids = [passage.doc_id for passage in result.candidates]
    return run_files(
        (ranking.ranker.key, [_ranked_of(query_key(result.query), doc_ids, ranking)]) for ranking in result.rankings
    )


def _ranked_of(query_id: str, doc_ids: Sequence[str], ranking: Ranking) -> Ranked:
    best = ranking.top(len(doc_ids)).tolist()
    scores = (float(ranking.scores[index]) for index in best)
    return Ranked(
        query_id, [doc_ids[index] for index in best], [-math.inf if math.isnan(score) else score for score in scores]
    )


def as_beir(result: Result) -> dict[str, str]:
    """The whole collection as the files of a BEIR folder, with the query and what the candidates are judged."""
    return collection_beir(_judged_collection(result))


def as_set(result: Result) -> str:
    """The query with its judged candidates as a set to rerank.

    Raises:
        InputError: no candidate is judged relevant.
    """
    judged = _judged_collection(result)
    own = tuple(query for query in judged.queries if query.query_id == query_key(result.query))
    return set_to_rerank(replace(judged, passages=result.candidates, queries=own))


def _judged_collection(result: Result) -> Collection:
    """The collection with the query and the grades of its candidates."""
    collection, key = result.collection, query_key(result.query)
    known = any(query.query_id == key for query in collection.queries)
    made = zip(result.candidates, result.grades, strict=True)
    grades = {passage.doc_id: grade for passage, grade in made if grade is not None}
    return replace(
        collection,
        queries=collection.queries if known else (*collection.queries, replace(result.query, query_id=key)),
        qrels={**collection.qrels, key: {**collection.qrels.get(key, {}), **grades}},
    )


# ---- two rankings ------------------------------------------------------------------------------------------------


def pair_as_json(pair: Pair) -> dict[str, Any]:
    """What one ranking changes of another as JSON values, passages in the new order."""
    result, change = pair.result, pair.change
    before, after, agreement = change.before, change.after, change.agreement
    return {
        **_asked(result),
        "model": after.ranker.key,
        **used(after.ranker.model),
        "score_kinds": {"first_stage_score": before.ranker.kind.key, "score": after.ranker.kind.key},
        "device": after.cost.device,
        "versions": versions(),
        "timings": {"first_stage": timings(before.cost), "model": timings(after.cost)},
        "agreement": {
            "kendall_tau_b": agreement.tau_b,
            "overlap": agreement.overlap,
            "k": agreement.k,
            "rbo": agreement.rbo,
            "rbo_p": agreement.rbo_p,
        },
        "summary": str(change_summary(change, result.candidates)),
        "warnings": [str(warning) for warning in result.warnings],
        "results": [_changed_with_fields(pair, index) for index in after.order.tolist()],
    }


def _changed(pair: Pair, index: int) -> dict[str, Any]:
    result, change = pair.result, pair.change
    extent = change.after.extents[index] if change.after.extents else None
    values: dict[str, Any] = {
        **_passage(result, index),
        "rank": change.after.rank(index),
        "previous_rank": change.before.rank(index),
        "change": change.move(index),
        "first_stage_score": finite(float(change.before.scores[index])),
        "score": finite(float(change.after.scores[index])),
        "pair_tokens": extent.pair_tokens if extent else None,
        "read_tokens": extent.read_tokens if extent else None,
        "truncated": extent.truncated if extent else None,
    }
    return {name: values[name] for name in CHANGE_COLUMNS}


def _changed_with_fields(pair: Pair, index: int) -> dict[str, Any]:
    return {**_changed(pair, index), "fields": dict(pair.result.candidates[index].fields)}


def pair_as_csv(pair: Pair) -> str:
    """`CHANGE_COLUMNS` and the passages' fields, then one row per result in the new order.

    No cell is a formula to a spreadsheet.
    """
    head, *fields = _field_rows(pair.result, CHANGE_COLUMNS)
    rows = ([*_changed(pair, index).values(), *fields[index]] for index in pair.after.order.tolist())
    return write_csv([[*CHANGE_COLUMNS, *head], *rows])
