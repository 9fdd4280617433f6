"""Command line: `python -m demo.evaluate --collection PATH --rankers bm25,bundled --out DIR`.

Scores go to DIR query by query; the same command after a kill goes on where it ended. At the end DIR holds a TREC run
file for each ranker, per_query.csv, evaluation.json, table.md and table.tex; with --slice slices.csv.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from demo.budgets import scorers
from demo.errors import DemoError, InputError
from demo.evaluate.journal import Journal, file_stem
from demo.evaluate.spread import Spread, WorkerTotals
from demo.evaluation import Evaluation, Outcome, evaluate, report
from demo.evaluation.figures import describe_test
from demo.evaluation.presets import PRESETS, Preset, find_preset, published_value
from demo.evaluation.protocol import (
    JUDGED,
    Asked,
    PartialEvaluation,
    Plan,
    read_baseline,
    read_rankers,
    run_queries,
    set_up,
)
from demo.evaluation.slices import named_field
from demo.evaluation.verdict import what_changes
from demo.formats.irds import read_ir_dataset
from demo.formats.judged import Judged, read_judged_folder
from demo.formats.run_files import read_one_run
from demo.formats.source import Limits
from demo.formats.stored import PassagesOnDisk
from demo.formats.streamed import LARGE_BYTES, NotStreamedError, is_large, read_streamed_folder
from demo.messages import listed
from demo.metrics.effectiveness import MOST_GRADE, USUAL, Measure, parse_measures
from demo.rankers.protocol import IndexesInMemory, Ranker
from demo.rankers.registry import Rankers
from demo.records import Collection, Failure
from demo.service import RankingService
from demo.settings import Settings

DATASET_PREFIX = "irds:"
_UNLIMITED = Limits(*[sys.maxsize] * 4)
STOPPED = 130
PASSAGES = "passages-on-disk"
"""Folder in --out where passages and their index lie while the command runs, if they are not in memory."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one evaluation; what cannot be used ends it with a sentence and status 1."""
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except DemoError as error:
        raise SystemExit(str(error)) from error
    finally:
        shutil.rmtree(options.out / PASSAGES, ignore_errors=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo.evaluate", description=__doc__.split("\n\n")[1])
    add = parser.add_argument
    add("--collection", help="folder or archive (BEIR, TREC, answers with labels), a bundled collection's key, or "
        f"{DATASET_PREFIX}ID for ir_datasets (default: the preset's)")  # fmt: skip
    add("--out", type=Path, required=True, help="folder for scores and results; the same folder goes on")
    add(
        "--rankers",
        default="bm25,bundled",
        help="bm25, bundled, a model's key, hub id or folder, each with options, as bm25[k1=1.2], or a fusion, as "
        "rrf(bm25+bundled); every run in the collection is one more (default: %(default)s)",
    )
    add("--candidates", default="", help="a first stage, “judged” (the judged passages of each query), or a run file "
        "(default: what the collection brings, else bm25)")  # fmt: skip
    add("--depth", type=int, help="candidates of each query (default: 100, or the preset's)")
    add("--measures", help=f"default: {','.join(measure.key for measure in USUAL)}")
    add("--relevant-from", type=int, help="lowest grade that is relevant for binary measures (default: 1)")
    add("--baseline", default="", help="ranker that the others are tested against (default: the first)")
    add("--preset", choices=[preset.key for preset in PRESETS], help="depth, measure and grade of a published protocol")
    add("--qrels", default="", help="file of judgments in the collection, where there are several")
    add("--queries", type=int, help="take only the first so many queries")
    add("--slice", default="", metavar="FIELD", help="figures for each value of a field of queries or passages: "
        "printed, and in slices.csv")  # fmt: skip
    add("--mteb", action="store_true", help="also write each ranker's means as a result of MTEB, RANKER.mteb.json")
    add("--ray", type=int, nargs="?", const=0, metavar="WORKERS", help="let so many processes score, by Ray Data "
        "(default: one a processor; needs requirements-ray.txt)")  # fmt: skip
    add("--ray-address", default="", help="a Ray cluster to do so on; its machines must see --out")
    add("--disk", action="store_true", help="keep passages on disk rather than in memory, as is done anyhow with more "
        f"than {LARGE_BYTES // 10**6} MB of files")  # fmt: skip
    add("--no-titles", action="store_true", help="rank passages without their titles")
    return parser


@dataclass(frozen=True, slots=True)
class _Protocol:
    """What is measured, on what, and how deep."""

    collection: str
    depth: int
    measures: tuple[Measure, ...]
    relevant_from: int
    preset: Preset | None


def _protocol(options: argparse.Namespace) -> _Protocol:
    preset = find_preset(options.preset) if options.preset else None
    measures = parse_measures(options.measures) if options.measures else USUAL
    if preset is not None:
        measures = tuple(dict.fromkeys((preset.measure, *measures)))
    depth = options.depth if options.depth is not None else preset.depth if preset else 100
    grade = options.relevant_from if options.relevant_from is not None else preset.relevant_from if preset else 1
    for name, value in (("--depth", depth), ("--relevant-from", grade), ("--queries", options.queries)):
        if value is not None and value < 1:
            raise InputError("{name} is {value}. Write 1 or more.", name=name, value=value)
    if grade > MOST_GRADE:
        raise InputError(
            "{name} is {value}. Write {most} or less.", name="--relevant-from", value=grade, most=MOST_GRADE
        )
    collection = options.collection or (f"{DATASET_PREFIX}{preset.dataset}" if preset else "")
    if not collection:
        raise InputError("No collection was named. Give --collection, or --preset with its own.")
    return _Protocol(collection, depth, measures, grade, preset)


def _run(options: argparse.Namespace) -> None:
    settings, protocol = Settings.from_env().of_command_line(), _protocol(options)
    service = RankingService(settings, recordings=None)
    judged = _judged(protocol.collection, options, service)
    if options.no_titles:
        judged = replace(judged, collection=_without_titles(judged.collection))
    collection = judged.collection
    for name, asked in (("--slice", options.slice), ("--mteb", options.mteb)):
        if asked and not collection.is_judged:
            raise InputError("{name} writes figures, and nothing is judged here. Leave it out.", name=name)
    print(f"{protocol.collection}: {judged.reading.sentence()}.")
    plan = set_up(
        judged,
        read_rankers(options.rankers, judged, service.rankers),
        protocol.measures,
        service.default_first_stage(),
        _asked(options.candidates, service.rankers),
        protocol.depth,
        options.queries,
        protocol.preset,
    )
    _check_failures(plan.failures)
    _tell_memory(plan)
    baseline = read_baseline(options.baseline, plan, service.rankers)
    field = named_field(options.slice, plan.queries, collection) if options.slice else None
    spread = _spread(plan, settings, options)
    found = _collect(plan, options.out / "scores", spread)
    _tell_workers(spread.totals if spread else {})
    outcomes, notes = found.outcomes, plan.candidates.notes
    evaluation = evaluate(outcomes, collection, protocol.measures, baseline, protocol.relevant_from, notes)
    _write_figures(options.out, evaluation, outcomes, collection, plan.candidates.first is not None)
    _tell(evaluation, protocol.preset)
    if field is not None and evaluation.measures:
        _write(options.out / "slices.csv", report.slices_csv(evaluation, outcomes, collection, field))
        print(report.slices_markdown(evaluation, outcomes, collection, field, evaluation.measures[0]))
    if options.mteb and evaluation.measures:
        for ranker in evaluation.rankers:
            text = report.mteb_result(evaluation, ranker.key, evaluation.measures[0])
            _write(options.out / f"{file_stem(ranker.key)}.mteb.json", text)
    _write_runs(options.out, evaluation, outcomes)


def _spread(plan: Plan, settings: Settings, options: argparse.Namespace) -> Spread | None:
    """The workers that were asked for."""
    if options.ray is None:
        return None
    return Spread(plan, settings, options.ray, options.ray_address, options.out / "spread")


def _collect(plan: Plan, folder: Path, spread: Spread | None = None) -> PartialEvaluation:
    """Every outcome, with progress and journals; stopping by hand ends with a sentence and status 130."""
    done, total = 0, len(plan.queries)
    with ExitStack() as stack, tqdm(total=total, unit="query", desc=plan.collection.key) as bar:
        if spread is not None:
            stack.enter_context(spread)

        def journal(ranker: Ranker) -> Ranker:
            worked = spread.over(ranker) if spread else ranker
            kept = stack.enter_context(Journal(worked, plan.collection, folder))
            if spread:
                spread.expect(ranker, kept.has)
            return kept

        steps = run_queries(plan, journal)
        try:
            for step in steps:
                if isinstance(step.so_far, PartialEvaluation):
                    _check_failures(step.so_far.failures)
                    bar.update(len(step.so_far.outcomes) - done)
                    done = len(step.so_far.outcomes)
        except KeyboardInterrupt:
            print(f"\nStopped after {done} of {total} queries. The same command goes on from there.", file=sys.stderr)
            raise SystemExit(STOPPED) from None
        _check_failures(steps.result.failures)
        return steps.result


def _tell_workers(totals: Mapping[str, WorkerTotals]) -> None:
    """Prints what each worker did."""
    for name, done in sorted(totals.items()):
        if done.seconds:
            print(f"Worker {name}: {done.pairs:,} pairs, {done.pairs / done.seconds:,.0f} a second.")


def _check_failures(failures: Sequence[Failure]) -> None:
    """Nothing, if no ranker failed.

    Raises:
        InputError: with the first reason; what was scored stays on disk.
    """
    for failure in failures:
        raise InputError("{ranker}: {reason}", ranker=failure.ranker.key, reason=failure.reason)


# ---- what goes in ------------------------------------------------------------------------------------------------


def _judged(name: str, options: argparse.Namespace, service: RankingService) -> Judged:
    """The collection that the name stands for: bundled, of ir_datasets, or a path.

    Raises:
        InputError: there is none, or as its reader says.
    """
    if name.startswith(DATASET_PREFIX):
        return read_ir_dataset(name.removeprefix(DATASET_PREFIX))
    keys = [key for key, _ in service.cards()]
    if name in keys:
        return Judged.bundled(service.collection(name))
    path = Path(name)
    if path.exists() and (options.disk or is_large(path)):
        try:
            return _streamed(path, options)
        except NotStreamedError as error:
            print(f"Note: {error}")
    if path.exists():
        return read_judged_folder(path, _UNLIMITED, options.qrels)
    raise InputError(
        "There is no collection “{name}”: no such folder or file, and the bundled ones are {keys}.",
        name=name,
        keys=listed(keys),
    )


def _streamed(path: Path, options: argparse.Namespace) -> Judged:
    """The collection with its passages on disk, below --out until the end."""
    folder = options.out / PASSAGES
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
    with tqdm(unit="B", unit_scale=True, desc="reading") as bar:
        return read_streamed_folder(path, _UNLIMITED, folder, options.qrels, bar.update)


def _tell_memory(plan: Plan) -> None:
    """Says which rankers need memory for all passages, where those lie on disk."""
    if plan.collection.on_disk is None:
        return
    held = [ranker for ranker in scorers(plan.rankers) if isinstance(ranker, IndexesInMemory)]
    for ranker in held:
        print(
            f"Note: {ranker.spec.label} keeps an index of all {len(plan.collection.passages):,} passages in memory. "
            "With too little of it, take --candidates tantivy or a search engine, and leave it out of --rankers."
        )


def _without_titles(collection: Collection) -> Collection:
    if isinstance(collection.passages, PassagesOnDisk):
        return replace(collection, passages=collection.passages.without_titles())
    return replace(collection, passages=tuple(replace(passage, title="") for passage in collection.passages))


def _asked(candidates: str, rankers: Rankers) -> Asked:
    """What `--candidates` asks for: a run file is read, anything else names a first stage.

    Raises:
        InputError: there is no such run file or first stage, or the file is no run.
    """
    if candidates in ("", JUDGED):
        return candidates
    path = Path(candidates)
    if not path.is_file():
        ranker = rankers.read(candidates)
        if ranker.spec.ranks_collection:
            return ranker
    try:
        return next(iter(read_one_run([(path.name, path.read_bytes())], _UNLIMITED).runs.values()))
    except OSError as error:
        raise InputError(
            "The run {path} cannot be read ({strerror}). Write a first stage such as bm25, “judged” or the path of "
            "a run file.",
            path=path,
            strerror=error.strerror,
        ) from error


# ---- what comes out ----------------------------------------------------------------------------------------------


def _write_figures(
    folder: Path, evaluation: Evaluation, outcomes: Sequence[Outcome], collection: Collection, ordered: bool
) -> None:
    _write(folder / "per_query.csv", report.per_query_csv(evaluation, outcomes))
    _write(folder / "evaluation.json", report.as_json_text(evaluation, outcomes, collection, ordered))
    _write(folder / "table.md", report.markdown_table(evaluation))
    _write(folder / "table.tex", report.latex_table(evaluation))


def _write_runs(folder: Path, evaluation: Evaluation, outcomes: Sequence[Outcome]) -> None:
    """Writes each ranker's run, except where an id cannot stand in one, which is said."""
    unfit: InputError | None = None
    for ranker_index, ranker in enumerate(evaluation.rankers):
        try:
            text = report.run_file(outcomes, ranker_index)
        except InputError as error:
            unfit = error
        else:
            _write(folder / f"{file_stem(ranker.key)}.run", text)
    if unfit is not None:
        print(f"Note: run files were left out. {unfit}", file=sys.stderr)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise InputError(
            "{path} cannot be written ({strerror}). The scores are kept; make room, or choose another --out.",
            path=path,
            strerror=error.strerror,
        ) from error


def _tell(evaluation: Evaluation, preset: Preset | None) -> None:
    """Prints the table, each test in words, and what was published for the same model; or what changes."""
    print(report.markdown_table(evaluation))
    if evaluation.measures:
        _tell_tests(evaluation, evaluation.measures[0], preset)
    else:
        for ranker in evaluation.rankers:
            if ranker.key in evaluation.changes:
                print(what_changes(evaluation, ranker))
    for note in evaluation.notes:
        print(f"Note: {note}.")


def _tell_tests(evaluation: Evaluation, measure: Measure, preset: Preset | None) -> None:
    for ranker in evaluation.rankers:
        test = evaluation.figures[ranker.key, measure].test
        if test is not None:
            print(f"{ranker.label}, {measure.name}: {describe_test(test)}.")
        published = None if preset is None else published_value(preset, ranker.key)
        if preset is not None and published is not None:
            mean = evaluation.figures[ranker.key, preset.measure].mean
            print(f"{ranker.label}, {preset.measure.name}: {mean:.4f} here, {published:.4f} published.")


if __name__ == "__main__":
    main()
