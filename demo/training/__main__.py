"""Command line: `python -m demo.training prepare|train|mean|evaluate|robustness`; each has `--help`."""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from demo.training.sources import DataError

_DEFAULT_WORK = Path("training-work")


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command; data that cannot be used end it with a sentence."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except DataError as error:
        raise SystemExit(str(error)) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo.training", description=__doc__)
    commands = parser.add_subparsers(required=True)
    _prepare_options(commands.add_parser("prepare", help="read the training sets, label them with the teacher"))
    _train_options(commands.add_parser("train", help="train the student and write its folder"))
    _mean_options(commands.add_parser("mean", help="the mean of the weights of models that come from one another"))
    _evaluate_options(commands.add_parser("evaluate", help="table of BM25, a model and the teacher"))
    _robustness_options(commands.add_parser("robustness", help="table of what models must do whatever they learnt"))
    return parser


def _work_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--work", type=Path, default=_DEFAULT_WORK, help="folder for working files (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=13, help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default: %(default)s)")


def _prepare_options(parser: argparse.ArgumentParser) -> None:
    _work_option(parser)
    parser.add_argument("--data", type=Path, required=True, help="folder of training sets, or of one pairs.jsonl")
    parser.add_argument("--sets", nargs="+", help="folders below --data to read (default: the known ones)")
    parser.add_argument("--passages", type=int, default=130_000, help="passages to choose (default: %(default)s)")
    parser.add_argument("--made-queries", type=int, default=12_000, help="queries to make from passages")
    parser.add_argument("--scale", type=float, default=1.0, help="factor on the rows taken from each set")
    parser.add_argument("--teacher", type=Path, help="folder of a bi-encoder (default: all-MiniLM-L6-v2)")
    parser.add_argument("--bf16", action="store_true", help="let the teacher compute in bfloat16")
    parser.set_defaults(run=_prepare)


def _prepare(options: argparse.Namespace) -> None:
    from demo.training.prepare import Amounts, Reading, prepare

    amounts = Amounts(passages=options.passages, made_queries=options.made_queries, scale=options.scale)
    reading = Reading(options.teacher, options.threads, options.bf16)
    prepare(options.data, options.work, options.sets, amounts, options.seed, reading)
    used = json.loads((options.work / "used.json").read_text(encoding="utf-8"))
    for row in used["sets"]:
        print(f"{row['name']}: {row['rows_used']} rows, {row['licence']}")
    print(f"{used['passages']} passages; queries: {used['queries']}")


def _train_options(parser: argparse.ArgumentParser) -> None:
    from demo.training.losses import Targets, Weights
    from demo.training.recipes import RECIPES
    from demo.training.trainer import Recipe

    _work_option(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder the model is written to")
    parser.add_argument(
        "--model", choices=RECIPES, default="tiny", help="whose start and recipe (default: %(default)s)"
    )
    parser.add_argument("--start", type=Path, help="folder of a model to go on with, instead of a fresh start")
    parser.add_argument("--name", help="name of the run's checkpoints (default: that of --model)")
    parser.add_argument("--every", type=int, default=500, help="steps between checkpoints (default: %(default)s)")
    parser.add_argument("--minutes", type=float, help="stop and write the model after so many minutes")
    parser.add_argument("--watch", type=Path, help="a small judged collection to measure along the way, never to learn")
    for group in (Recipe, Targets, Weights):
        for row in fields(group):
            name = f"--{row.name.replace('_', '-')}"
            if isinstance(row.default, bool):
                parser.add_argument(name, action=argparse.BooleanOptionalAction, help="default: the recipe's")
            elif isinstance(row.default, int | float) and row.name not in ("seed", "workers"):
                parser.add_argument(name, type=type(row.default), help="default: the recipe's")
    parser.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> None:
    from demo.training.recipes import RECIPES
    from demo.training.run import Run, train

    def given(part: Any) -> Any:
        """The recipe, or one of its parts, with the options that were given."""
        named = {f.name: getattr(options, f.name, None) for f in fields(part)}
        return replace(part, **{name: value for name, value in named.items() if value is not None})

    recipe = RECIPES[options.model]
    parts = {"targets": given(recipe.targets), "weights": given(recipe.weights), "workers": options.threads}
    recipe = replace(given(recipe), **parts)
    print(json.dumps(asdict(recipe)))
    name, start = options.name or options.model, options.start or options.model
    run = Run(options.work, name, options.out, options.every, start, options.minutes, options.watch)
    train(recipe, run)


def _mean_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, nargs="+", required=True, help="folders of models of one shape")
    parser.add_argument("--out", type=Path, required=True, help="folder the model is written to")
    parser.set_defaults(run=_mean)


def _mean(options: argparse.Namespace) -> None:
    from demo.training.export import export
    from demo.training.mean import mean_of

    try:
        start = mean_of(options.model)
    except ValueError as error:
        raise SystemExit(str(error)) from error
    export(start.model, start.tokenizer, options.out)


def _evaluate_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, nargs="+", required=True, help="folder of a cross-encoder")
    parser.add_argument("--collections", type=Path, required=True, help="folder of judged collections (BEIR layout)")
    parser.add_argument("--only", nargs="+", help="collections to measure (default: all)")
    parser.add_argument("--queries", type=int, help="measure the first so many queries of each collection only")
    parser.add_argument("--depth", type=int, default=100, help="BM25 candidates per query (default: %(default)s)")
    parser.add_argument("--no-teacher", action="store_true", help="leave the bi-encoder out")
    parser.add_argument("--quick", action="store_true", help="compute in bfloat16: faster, figures hardly differ")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default: %(default)s)")
    parser.set_defaults(run=_evaluate)


def _evaluate(options: argparse.Namespace) -> None:
    import torch

    from demo.training.evaluate import Measuring, report
    from demo.training.judged import read_all

    torch.set_num_threads(1 if options.quick else options.threads)
    chosen = [c for c in read_all(options.collections) if not options.only or c.name in options.only]
    if options.queries:
        chosen = [c.first_queries(options.queries) for c in chosen]
    measuring = Measuring(options.depth, options.threads, not options.no_teacher, options.quick)
    print(report(chosen, options.model, measuring))


def _robustness_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, nargs="+", required=True, help="folder of a cross-encoder")
    parser.add_argument("--corpora", type=Path, default=Path("corpora"), help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default: %(default)s)")
    parser.set_defaults(run=_robustness)


def _robustness(options: argparse.Namespace) -> None:
    from demo.training.evaluate import cross_encoder, of_pairs
    from demo.training.robustness import properties, report

    models = {str(folder): of_pairs(cross_encoder(folder, options.threads)) for folder in options.model}
    print(report(properties(options.corpora), models))


if __name__ == "__main__":
    main()
