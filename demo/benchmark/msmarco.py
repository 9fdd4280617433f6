"""What reranking MS MARCO's dev set takes: 6,980 queries with 1,000 passages each, by every model of the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from demo.benchmark.material import PROFILES, SHAPES, Shape, passages, shapes
from demo.benchmark.models import folder_of, load, one_by_one, scores
from demo.benchmark.options import Options, Row
from demo.benchmark.timing import in_turns
from demo.benchmark.visitors import GPUS, PAIR_TOKENS, by_operations, estimated
from demo.rankers.catalog import MODELS
from demo.records import ModelSpec

PAIRS = 6_980 * 1_000
NIGHT_HOURS = 10
HEAD_WIDTH = 64
BATCH = 4_096
SECONDS = 4.0
"""That each measurement is to take, about."""

SLOW_FLOPS = 50e9


def msmarco(options: Options) -> Iterator[Row]:
    """6,980 × 1,000 pairs on this machine and on GPUs; what is not among --shapes by its operations."""
    measured: dict[tuple[int, int], float] = {}
    for shape in shapes(options.shapes):
        if (shape.layers, shape.width) not in measured:
            measured[shape.layers, shape.width] = _pairs_per_second(shape, options)
    for spec in MODELS:
        if spec.layers and spec.width:
            yield _row(spec, measured)


def _pairs_per_second(shape: Shape, options: Options) -> float:
    """Of passages that were not met before, all processors together."""
    amount = max(32, min(1_000, int(SECONDS * SLOW_FLOPS / shape.flops(PAIR_TOKENS))))
    model = load(folder_of(shape, options.work), options, "fp32")
    drawn = [passages(amount, PROFILES["msmarco"], seed) for seed in range(options.repeats + 1)]
    taken = in_turns({shape.key: one_by_one(lambda texts: scores(model, texts), drawn)}, options.repeats)
    return amount / min(taken[shape.key])


def _row(spec: ModelSpec, measured: dict[tuple[int, int], float]) -> Row:
    shape = _shape_of(spec)
    known = measured.get((spec.layers, spec.width))
    speed = known or _like_nearest(shape, measured)
    hours = PAIRS / speed / 3_600
    row: Row = {"model": spec.label, "pairs/s here": f"{speed:,.0f}" if known else f"{speed:,.0f} (by operations)"}
    row |= {"hours here": f"{hours:,.1f}", f"machines for {NIGHT_HOURS} h": ceil(hours / NIGHT_HOURS)}
    row["hours on two quiet cores (by operations)"] = f"{PAIRS * by_operations(shape).pair_seconds / 2 / 3_600:,.1f}"
    for name, peak in GPUS.items():
        seconds = PAIRS / BATCH * estimated(shape, peak).of(BATCH)
        row[f"hours on one {name} (estimated)"] = f"{seconds / 3_600:.1f}"
    return row


def _shape_of(spec: ModelSpec) -> Shape:
    same = (shape for shape in SHAPES if (shape.layers, shape.width) == (spec.layers, spec.width))
    heads = max(1, spec.width // HEAD_WIDTH)
    return next(same, Shape(spec.key, "bert", spec.layers, spec.width, heads))


def _like_nearest(shape: Shape, measured: dict[tuple[int, int], float]) -> float:
    """Pairs a second at the operations a second of the measured shape whose width and layers are nearest."""
    known = [each for each in SHAPES if (each.layers, each.width) in measured]
    nearest = min(known, key=lambda each: (abs(each.width - shape.width), abs(each.layers - shape.layers)))
    per_second = measured[nearest.layers, nearest.width] * nearest.flops(PAIR_TOKENS)
    return per_second / shape.flops(PAIR_TOKENS)
