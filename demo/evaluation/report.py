"""An evaluation to take away: JSON for programs, CSV for spreadsheets, Markdown and LaTeX for papers, TREC runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from demo.evaluation.analysis import graded_scores, quality_and_cost, quality_by_depth
from demo.evaluation.changes import Changes
from demo.evaluation.figures import SIGNIFICANT, Evaluation, Figure, PairedTest
from demo.evaluation.outcomes import Outcome
from demo.evaluation.slices import Field, slices
from demo.formats import write_csv
from demo.formats.outputs import Ranked, result_mteb, run_files, run_text
from demo.messages import Message
from demo.metrics.calibration import auc, fit_platt
from demo.metrics.effectiveness import Measure
from demo.metrics.significance import LEVEL
from demo.records import Collection, RankerSpec
from demo.versions import versions

Cell = str | float | int | None

MARK = "†"
_LATEX = {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}",
          "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}  # fmt: skip


# ---- TREC runs ---------------------------------------------------------------------------------------------------


def run_file(outcomes: Sequence[Outcome], ranker_index: int) -> str:
    """Ranker number `ranker_index`'s run, tagged by its key without blanks and folders.

    Read back it gives the same figures.

    Raises:
        InputError: an id holds white space.
    """
    return run_text(outcomes[0].rankings[ranker_index].ranker.key, ranked(outcomes, ranker_index)) if outcomes else ""


def all_run_files(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """Every ranker's run by the name of its file; as `run_file`."""
    rankers = [ranking.ranker.key for ranking in outcomes[0].rankings] if outcomes else []
    return run_files((key, ranked(outcomes, ranker_index)) for ranker_index, key in enumerate(rankers))


def ranked(outcomes: Sequence[Outcome], ranker_index: int) -> Iterator[Ranked]:
    """What ranker number `ranker_index` found for each query, best first."""
    for outcome in outcomes:
        ranking = outcome.rankings[ranker_index]
        scores = ranking.scores[ranking.top(len(outcome.doc_ids))].tolist()
        yield Ranked(outcome.query.query_id, outcome.ranked(ranker_index), scores)


# ---- query by query ----------------------------------------------------------------------------------------------


def per_query_rows(evaluation: Evaluation, outcomes: Sequence[Outcome] = ()) -> list[list[Cell]]:
    """A header, then a row for each query: its id, each ranker's figure by each measure, and what each changes.

    Behind them stand the fields of the queries of the outcomes, each under “field ” and its name.

    What it changes are its agreement with the baseline (RBO) and whether another passage is first; both are None for a
    query without candidates.
    """
    columns = [(ranker, measure) for ranker in evaluation.rankers for measure in evaluation.measures]
    values: list[list[Cell]] = [evaluation.figures[ranker.key, measure].values.tolist() for ranker, measure in columns]
    header: list[Cell] = ["query_id", *(f"{ranker.key} {measure.name}" for ranker, measure in columns)]
    for key, changes in evaluation.changes.items():
        of_query = {row.query_id: row for row in changes.rows}
        rows = [of_query.get(query_id) for query_id in evaluation.query_ids]
        header += [f"{key} RBO with {evaluation.baseline}", f"{key} other first than {evaluation.baseline}"]
        values.append([None if row is None else row.rbo for row in rows])
        values.append([None if row is None else int(row.other_first) for row in rows])
    fields = {outcome.query.query_id: outcome.query.fields for outcome in outcomes}
    for name in dict.fromkeys(name for found in fields.values() for name in found):
        header.append(f"field {name}")
        values.append([fields.get(query_id, {}).get(name) for query_id in evaluation.query_ids])
    return [header, *([query_id, *row] for query_id, *row in zip(evaluation.query_ids, *values, strict=True))]


def per_query_csv(evaluation: Evaluation, outcomes: Sequence[Outcome] = ()) -> str:
    """`per_query_rows` as CSV, in which no cell is a formula to a spreadsheet."""
    return write_csv(per_query_rows(evaluation, outcomes))


# ---- by a field --------------------------------------------------------------------------------------------------


def slice_rows(
    evaluation: Evaluation, outcomes: Sequence[Outcome], collection: Collection, field: Field
) -> list[list[Cell]]:
    """A header, then a row for each value of the field: how many queries count, each ranker's mean by each measure."""
    header: list[Cell] = [str(field), "queries"]
    rows: dict[str, list[Cell]] = {}
    for measure in evaluation.measures:
        header += [f"{ranker.key} {measure.name}" for ranker in evaluation.rankers]
        for found in slices(outcomes, collection, field, measure, evaluation.relevant_from):
            rows.setdefault(found.value, [found.value, found.queries]).extend(found.means)
    return [header, *rows.values()]


def slices_csv(evaluation: Evaluation, outcomes: Sequence[Outcome], collection: Collection, field: Field) -> str:
    """`slice_rows` as CSV, in which no cell is a formula to a spreadsheet."""
    return write_csv(slice_rows(evaluation, outcomes, collection, field))


def slices_markdown(
    evaluation: Evaluation, outcomes: Sequence[Outcome], collection: Collection, field: Field, measure: Measure
) -> str:
    """The slices by one measure in Markdown, a column for each ranker."""
    header = [f"{field} · {measure.name}", "queries", *(ranker.label for ranker in evaluation.rankers)]
    lines = [_pipes(map(_barred, header)), _pipes(["---", *(["---:"] * (len(header) - 1))])]
    for found in slices(outcomes, collection, field, measure, evaluation.relevant_from):
        cells = [_barred(found.value) or "–", f"{found.queries:,}", *(f"{value:.3f}" for value in found.means)]
        lines.append(_pipes(cells))
    return "\n".join([*lines, ""])


def _barred(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


# ---- tables ------------------------------------------------------------------------------------------------------


def table_rows(evaluation: Evaluation) -> list[list[str]]:
    """A header, then a row for each ranker: its label, and means with their intervals.

    † marks what differs from the baseline with a corrected p below 0.05. Without judgments the columns are what each
    ranker changes.
    """
    if not evaluation.measures:
        return _changes_rows(evaluation)
    header = ["", *(measure.name for measure in evaluation.measures)]
    return [
        header,
        *(
            [ranker.label, *(_cell(evaluation.figures[ranker.key, measure]) for measure in evaluation.measures)]
            for ranker in evaluation.rankers
        ),
    ]


def _changes_rows(evaluation: Evaluation) -> list[list[str]]:
    """As `table_rows`, of what the rankers change; nothing of the baseline."""
    rows = [["", "RBO", "new in the first 10", "other first"]]
    for ranker in evaluation.rankers:
        changes = evaluation.changes.get(ranker.key)
        cells = ["–"] * 3
        if changes is not None:
            cells = [f"{changes.rbo:.3f}", f"{changes.new:.1f}", f"{changes.other_first:,} of {len(changes.rows):,}"]
        rows.append([ranker.label, *cells])
    return rows


def _cell(figure: Figure) -> str:
    mark = MARK if figure.test is not None and figure.test.significant else ""
    return f"{figure.mean:.3f}{mark} [{figure.interval.low:.3f}, {figure.interval.high:.3f}]"


def _best_apart(evaluation: Evaluation, ranker: RankerSpec, row: Sequence[str]) -> list[tuple[str, str]]:
    """Each cell behind the label as what is bold, the best mean of its measure, and the rest."""
    if not evaluation.measures:
        return [("", cell) for cell in row[1:]]
    found = []
    for measure, cell in zip(evaluation.measures, row[1:], strict=True):
        best = max(evaluation.figures[each.key, measure].mean for each in evaluation.rankers)
        value, space, interval = cell.partition(" ")
        is_best = evaluation.figures[ranker.key, measure].mean == best
        found.append((value, space + interval) if is_best else ("", cell))
    return found


def caption(evaluation: Evaluation) -> Message:
    """What a reader of the table must know, in one paragraph."""
    baseline = next(ranker.label for ranker in evaluation.rankers if ranker.key == evaluation.baseline)
    queries, depth, grade = len(evaluation.query_ids), evaluation.depth, evaluation.relevant_from
    if not evaluation.measures:
        return Message(
            "{collection_key}: {queries:,} queries, up to {depth:,} candidates, nothing judged. What each ranker "
            "changes of {baseline}'s order: mean agreement (rank-biased overlap), mean number of passages that "
            "are new among the first ten, queries on which another passage is first.",
            collection_key=evaluation.collection_key,
            queries=queries,
            depth=depth,
            baseline=baseline,
        )
    return Message(
        "{collection_key}: {queries:,} queries, up to {depth:,} candidates, relevant from grade {grade}. "
        "Means with {level:.0%} bootstrap intervals; {mark} differs from {baseline} (paired randomisation "
        "test, Holm-corrected p < {significant:g}).",
        collection_key=evaluation.collection_key,
        queries=queries,
        depth=depth,
        grade=grade,
        level=LEVEL,
        mark=MARK,
        baseline=baseline,
        significant=SIGNIFICANT,
    )


def markdown_table(evaluation: Evaluation) -> str:
    """The table in Markdown, the best mean of each measure in bold, with its caption below."""
    header, *rows = table_rows(evaluation)
    lines = [_pipes(header), _pipes(["---", *(["---:"] * (len(header) - 1))])]
    for ranker, row in zip(evaluation.rankers, rows, strict=True):
        cells = [f"**{bold}**{rest}" if bold else rest for bold, rest in _best_apart(evaluation, ranker, row)]
        lines.append(_pipes([_barred(row[0]), *cells]))
    return "\n".join([*lines, "", str(caption(evaluation)), ""])


def _pipes(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def latex_table(evaluation: Evaluation) -> str:
    """The table in LaTeX (booktabs), the best mean of each measure in bold, with its caption."""
    header, *rows = table_rows(evaluation)
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_escaped(str(caption(evaluation)))}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(header) - 1)}}}",
        r"\toprule",
        _ampersands(map(_escaped, header)),
        r"\midrule",
    ]
    for ranker, row in zip(evaluation.rankers, rows, strict=True):
        cells = [
            rf"\textbf{{{_escaped(bold)}}}{_escaped(rest)}" if bold else _escaped(rest)
            for bold, rest in _best_apart(evaluation, ranker, row)
        ]
        lines.append(_ampersands([_escaped(row[0]), *cells]))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])


def _ampersands(cells: Iterator[str] | Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text).replace(MARK, r"$^\dagger$")


def mteb_result(evaluation: Evaluation, ranker: str, main: Measure) -> str:
    """One ranker's means as MTEB keeps a result, the collection being the task, with `main` as its main score.

    Args:
        ranker: its key.
    """
    means = {measure.name: evaluation.figures[ranker, measure].mean for measure in evaluation.measures}
    return result_mteb(evaluation.collection_key, main.name, means)


# ---- JSON --------------------------------------------------------------------------------------------------------


def as_json(
    evaluation: Evaluation, outcomes: Sequence[Outcome], collection: Collection, ordered: bool
) -> dict[str, Any]:
    """Everything as JSON values.

    Args:
        ordered: whether the order of the candidates means something, so that quality by depth does too.
    """
    return {
        "collection": evaluation.collection_key,
        "passages": len(collection.passages),
        "queries": len(evaluation.query_ids),
        "depth": evaluation.depth,
        "relevant_from": evaluation.relevant_from,
        "baseline": evaluation.baseline,
        "judged": bool(evaluation.measures),
        "measures": [measure.key for measure in evaluation.measures],
        "versions": versions(),
        "notes": [str(note) for note in evaluation.notes],
        "rankers": [
            _ranker(evaluation, outcomes, collection, ranker_index, ordered)
            for ranker_index in range(len(evaluation.rankers))
        ],
        "quality_and_cost": {
            measure.key: [
                {
                    "ranker": point.ranker,
                    "mean": point.quality,
                    "seconds_per_query": point.seconds_per_query,
                    "on_front": point.on_front,
                }
                for point in quality_and_cost(evaluation, measure)
            ]
            for measure in evaluation.measures
        },
    }


def as_json_text(evaluation: Evaluation, outcomes: Sequence[Outcome], collection: Collection, ordered: bool) -> str:
    """`as_json` as text; no character is escaped that need not be."""
    return json.dumps(as_json(evaluation, outcomes, collection, ordered), ensure_ascii=False, indent=2, allow_nan=False)


def _ranker(
    evaluation: Evaluation, outcomes: Sequence[Outcome], collection: Collection, ranker_index: int, ordered: bool
) -> dict[str, Any]:
    ranker, measures = evaluation.rankers[ranker_index], evaluation.measures
    speed, changes = evaluation.speeds[ranker.key], evaluation.changes.get(ranker.key)
    depths = quality_by_depth(outcomes, collection, ranker_index, measures, evaluation.relevant_from) if ordered else {}
    return {
        "key": ranker.key,
        "label": ranker.label,
        "score_kind": ranker.kind.key,
        "measures": {measure.key: _figure(evaluation.figures[ranker.key, measure]) for measure in measures},
        "by_depth": {
            measure.key: [[point.depth, point.mean] for point in points] for measure, points in depths.items()
        },
        "changes": None if changes is None else _changes(changes),
        "separation": _separation(outcomes, collection, ranker_index, evaluation.relevant_from),
        "speed": {
            "seconds_per_query": speed.seconds_per_query,
            "pairs_per_second": speed.pairs_per_second,
            "usd_per_query": speed.usd_per_query,
            "measured_earlier": speed.earlier,
            "pairs": speed.pairs,
            "truncated": speed.truncated,
            "device": speed.device,
            "precision": speed.precision,
        },
    }


def _changes(changes: Changes) -> dict[str, Any]:
    """Against the baseline."""
    return {
        "queries": len(changes.rows),
        "mean_rbo": changes.rbo,
        "mean_new_in_first_10": changes.new,
        "other_first": changes.other_first,
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "mean": figure.mean,
        "interval": [figure.interval.low, figure.interval.high],
        "test": None if figure.test is None else _test(figure.test),
    }


def _test(test: PairedTest) -> dict[str, Any]:
    return {
        "difference": test.difference,
        "interval": [test.interval.low, test.interval.high],
        "better": test.better,
        "worse": test.worse,
        "equal": test.equal,
        "p": test.p,
        "corrected_p": test.corrected_p,
        "effect": test.effect,
    }


def _separation(
    outcomes: Sequence[Outcome], collection: Collection, ranker_index: int, relevant_from: int
) -> dict[str, Any]:
    """How well scores tell relevant passages from others, and Platt's two numbers, over judged ones and over all."""
    graded = graded_scores(outcomes, collection, ranker_index)
    found: dict[str, Any] = {"scores": {str(grade): int(scores.size) for grade, scores in graded.by_grade().items()}}
    for name, unjudged_too in (("judged", False), ("unjudged_as_irrelevant", True)):
        scores, relevant = graded.relevant(relevant_from, unjudged_too)
        platt = fit_platt(scores, relevant)
        found[name] = {
            "auc": auc(scores, relevant),
            "platt": None if platt is None else {"slope": platt.slope, "intercept": platt.intercept},
        }
    return found
