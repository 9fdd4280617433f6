"""BM25 from postings against rank_bm25's own loop over the passages: the same scores, index and query apart."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from statistics import median
from time import perf_counter

import numpy as np
import rank_bm25

from demo.benchmark.material import PROFILES, passages
from demo.benchmark.options import Options, Row
from demo.benchmark.timing import in_turns
from demo.rankers.bm25_index import Bm25Index, Bm25Settings, Postings
from demo.text import Analysis, tokens

QUERIES, QUERY_WORDS = 5, 6


def bm25(options: Options) -> Iterator[Row]:
    """One row for each number of passages; Okapi with rank_bm25's defaults, passages cut into terms beforehand."""
    for amount in (10**power for power in range(3, 7) if 10**power <= options.most):
        texts = [tokens(text, Analysis()) for text in passages(amount, PROFILES[options.profile], amount)]
        queries = _queries(texts)
        start = perf_counter()
        index = Bm25Index(Postings.count(texts), Bm25Settings("okapi"))
        built = perf_counter()
        theirs = rank_bm25.BM25Okapi(texts)
        theirs_built = perf_counter()
        ratios, ours_ms, theirs_ms, differences = [], [], [], []
        for query in queries:
            terms = tokens(query, Analysis())
            differences.append(np.abs(index.scores(query) - theirs.get_scores(terms)).max())
            work = {"ours": partial(index.scores, query), "theirs": partial(theirs.get_scores, terms)}
            seconds = in_turns(work, options.repeats)
            ratios += [slow / fast for slow, fast in zip(seconds["theirs"], seconds["ours"], strict=True)]
            ours_ms.append(1e3 * median(seconds["ours"]))
            theirs_ms.append(1e3 * median(seconds["theirs"]))
        yield {
            "passages": amount,
            "query ms": round(median(ours_ms), 3),
            "rank_bm25 query ms": round(median(theirs_ms), 2),
            "ratio": round(median(ratios)),
            "least": round(min(ratios)),
            "most": round(max(ratios)),
            "index s": round(built - start, 2),
            "rank_bm25 index s": round(theirs_built - built, 2),
            "largest difference": float(max(differences)),
        }


def _queries(texts: list[list[str]]) -> list[str]:
    """Words drawn from the passages, as often as they are in them."""
    chance = random.Random(0)
    return [" ".join(chance.choice(chance.choice(texts)) for _ in range(QUERY_WORDS)) for _ in range(QUERIES)]
