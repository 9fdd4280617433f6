"""How the time grows with the number of passages, their length and the number of models; and what is kept of them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from time import perf_counter

from demo.benchmark.material import PROFILES, QUERY, TINY, passages
from demo.benchmark.models import folder_of, load, scores
from demo.benchmark.options import Options, Row

KEPT = 10_000
LENGTHS = (20, 32, 64, 128, 256, 512)
MODELS = (1, 2, 4)


def by_passages(options: Options) -> Iterator[Row]:
    """Seconds of the bundled model for 10, 100, 1,000… passages that it meets for the first time."""
    model = load(folder_of(TINY, options.work), options, options.precisions[0])
    amounts = [10**power for power in range(1, 7) if 10**power <= options.most]
    for seed, amount in enumerate(amounts):
        texts = passages(amount, PROFILES[options.profile], seed)
        start = perf_counter()
        scores(model, texts)
        seconds = perf_counter() - start
        yield {"passages": amount, "seconds": round(seconds, 3), "µs a passage": round(1e6 * seconds / amount)}


def by_length(options: Options) -> Iterator[Row]:
    """Seconds of the bundled model for 200 pairs of exactly so many tokens, met before."""
    model, amount = load(folder_of(TINY, options.work), options, options.precisions[0]), 200
    texts = [" ".join([text] * 4) for text in passages(amount, PROFILES["long"], 0)]
    for tokens in LENGTHS:
        scores(model, texts, tokens)
        start = perf_counter()
        scores(model, texts, tokens)
        seconds = perf_counter() - start
        yield {
            "tokens a pair": tokens,
            "seconds": round(seconds, 3),
            "µs a token": round(1e6 * seconds / amount / tokens, 2),
        }


def by_models(options: Options) -> Iterator[Row]:
    """Seconds for the same passages through one, two, four models of the bundled shape, one after another."""
    loaded = [load(folder_of(TINY, options.work), options, options.precisions[0]) for _ in range(max(MODELS))]
    texts = passages(options.passages, PROFILES[options.profile], 0)
    for model in loaded:
        scores(model, texts)
    for count in MODELS:
        start = perf_counter()
        for model in loaded[:count]:
            scores(model, texts)
        seconds = perf_counter() - start
        yield {"models": count, "seconds": round(seconds, 3), "seconds a model": round(seconds / count, 3)}


def kept(options: Options) -> Iterator[Row]:
    """Memory for passages that were met, once for their texts and once for their tokens."""
    pairs = load(folder_of(TINY, options.work), options, options.precisions[0]).pairs
    pairs.encode([QUERY, *passages(1, PROFILES[options.profile], 0)])  # what is made once is not counted
    tracemalloc.start()
    texts = passages(KEPT, PROFILES[options.profile], 0)
    before, _ = tracemalloc.get_traced_memory()
    tokens = int(pairs.encode(texts).sizes.sum())
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    yield {
        "kept passages": len(set(texts)),
        "tokens a passage": round(tokens / KEPT, 1),
        "MB of texts": round(before / 1e6, 2),
        "MB of tokens": round((after - before) / 1e6, 2),
    }
