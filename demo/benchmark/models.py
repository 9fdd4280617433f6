"""Documents a second by model and precision, on passages met before or not; sentence-transformers alongside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from demo.benchmark.material import PROFILES, QUERY, TINY, Shape, passages, shapes
from demo.benchmark.options import Options, Row
from demo.benchmark.timing import Spread, Work, in_turns, ratio
from demo.rankers.cross_encoder.loading import load_cross_encoder, resolve
from demo.records import FloatArray
from demo.service import BUNDLED
from demo.settings import Settings

if TYPE_CHECKING:
    from demo.rankers.cross_encoder.model import LoadedCrossEncoder

ORACLE = "sentence-transformers"
FEWEST = 32
BATCH_SIZES = (16, 32, 64)
"""Of sentence-transformers; the best of them is what is compared with."""


def folder_of(shape: Shape, work: Path) -> Path:
    """The bundled weights, or random ones of this shape."""
    if shape == TINY:
        return BUNDLED / "tiny"
    folder = work / shape.key
    return folder if (folder / "config.json").is_file() else shape.write(folder)


def load(folder: Path, options: Options, precision: str) -> LoadedCrossEncoder:
    """The app's own model of the checkpoint."""
    settings = Settings(device=options.device, precision=precision, threads=options.threads)
    return load_cross_encoder(resolve(str(folder), settings), settings)


def scores(model: LoadedCrossEncoder, texts: list[str], max_tokens: int = 0) -> FloatArray:
    """In the order of the texts."""
    result = np.full(len(texts), np.nan, np.float32)
    for batch in model.score(QUERY, texts, max_tokens=max_tokens):
        result[batch.indices] = batch.scores
    return result


def peak_gflops(options: Options) -> float:
    """10⁹ operations a second in a large fp32 matrix product, the best of ten."""
    import torch

    size, device = 2_048, options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    if options.threads:
        torch.set_num_threads(options.threads)
    left = torch.rand(size, size, device=device)

    def product() -> None:
        float((left @ left)[0, 0])  # reading a number waits for the product on any device

    return 2 * size**3 / min(in_turns({"product": product}, 10)["product"]) / 1e9


def by_model(options: Options) -> Iterator[Row]:
    """One row for each model, precision, and whether the passages were met before."""
    peak = peak_gflops(options)
    for shape in shapes(options.shapes):
        amount = max(FEWEST, min(options.passages, int(options.passages * TINY.flops(92) / shape.flops(92) * 4)))
        yield from _rows(shape, amount, options, peak)


def _rows(shape: Shape, amount: int, options: Options, peak: float) -> Iterator[Row]:
    folder = folder_of(shape, options.work)
    drawn = [passages(amount, PROFILES[options.profile], seed) for seed in range(options.repeats + 1)]
    contenders: dict[str, Work] = {}
    if options.sentence_transformers:
        oracle = Oracle.load(folder, options).with_best_batch(drawn[0][:FEWEST])
        contenders[ORACLE] = one_by_one(oracle.scores, drawn)
    for precision in options.precisions:
        model = load(folder, options, precision)
        for state in ("new", "seen"):  # in this order, so that the second meets what the first has met
            contenders[f"{state}, {precision}"] = one_by_one(partial(scores, model), drawn)
    seconds = in_turns(contenders, options.repeats)
    tokens = sum(batch.tokens for batch in model.score(QUERY, drawn[0])) / amount
    for name, taken in seconds.items():
        speed = Spread.of([amount / each for each in taken])
        row: Row = {"model": shape.key, "contender": name, "docs/s": round(speed.median)}
        if name == ORACLE:
            row["backend"] = f"batches of {oracle.batch}"
        else:
            row["backend"] = model.backend
            row["of fp32 peak"] = f"{speed.median * shape.flops(tokens) / 1e9 / peak:.0%}"
            row |= _ratios(seconds, taken)
        yield row | {"passages": amount, "tokens": round(tokens), "device": model.device}


def _ratios(seconds: Mapping[str, Sequence[float]], taken: Sequence[float]) -> Row:
    """How many times faster than sentence-transformers, if that was measured."""
    if ORACLE not in seconds:
        return {}
    times = ratio(seconds[ORACLE], taken)
    return {"ratio": round(times.median, 2), "least": round(times.least, 2), "most": round(times.most, 2)}


def one_by_one(work: Callable[[list[str]], object], drawn: Sequence[list[str]]) -> Work:
    """Work on the next of the drawn lists each time."""
    lists = iter(drawn)
    return lambda: work(next(lists))


@dataclass(frozen=True, slots=True)
class Oracle:
    """sentence-transformers' CrossEncoder, raw logits in fp32."""

    model: Any
    batch: int

    @classmethod
    def load(cls, folder: Path, options: Options) -> Oracle:
        """The checkpoint, with sentence-transformers' own batch size."""
        import sentence_transformers
        import torch

        device = options.device or None
        model = sentence_transformers.CrossEncoder(str(folder), device=device, activation_fn=torch.nn.Identity())
        return cls(model, 32)

    def scores(self, texts: list[str]) -> object:
        """In the order of the texts."""
        pairs = [(QUERY, text) for text in texts]
        return self.model.predict(pairs, batch_size=self.batch, show_progress_bar=False)

    def with_best_batch(self, texts: list[str]) -> Oracle:
        """The same with the batch size that is fastest here."""
        tried = {size: Oracle(self.model, size) for size in BATCH_SIZES}
        seconds = in_turns({str(size): partial(each.scores, texts) for size, each in tried.items()}, 3)
        return min(tried.values(), key=lambda each: min(seconds[str(each.batch)]))
