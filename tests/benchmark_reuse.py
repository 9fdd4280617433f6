"""What is scored again when a run changes a little: `python tests/benchmark_reuse.py --passages 500`.

Prints, for a first run and for each change after it, the pairs that were computed and the seconds it took: the same
again, one passage more, one ranker more, another query; and the milliseconds of a slider that scores nothing.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from time import perf_counter

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent)]

from benchmark_page import passages as make_passages

from demo import formats
from demo.rankers.fusion import Fusion
from demo.records import Passage, Result
from demo.results.depth import at_depth
from demo.results.members import with_fusion
from demo.service import RankingService, Request
from demo.settings import Settings

RANKERS = "bm25, bundled/tiny"
ONE_MORE = f"{RANKERS}, bundled/tiny[max_tokens=64]"


def timed(service: RankingService, request: Request, rankers: str, name: str) -> Result:
    """Runs the request and prints a line of the table."""
    start = perf_counter()
    result = service.run(request, service.rankers.read_all(rankers)).run()
    spent = perf_counter() - start
    models = [ranking for ranking in result.rankings if ranking.ranker.model]
    computed = sum(ranking.cost.pairs - ranking.cost.kept_pairs for ranking in models)
    print(f"{name:<24} {computed:>6} of {sum(ranking.cost.pairs for ranking in models):>6} pairs {spent:>8.3f} s")
    return result


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=500)
    count = parser.parse_args().passages
    settings = Settings(max_candidates=count + 1)
    collection = formats.read_pasted(make_passages(count), formats.Limits.from_settings(settings)).collection
    service = RankingService(settings)
    service.warm_up().join()

    request = Request("how many people live in the city", collection, service.default_first_stage())
    result = timed(service, request, RANKERS, "first run")
    timed(service, request, RANKERS, "the same again")
    longer = replace(collection, passages=(*collection.passages, Passage("new", "A passage that was not there.")))
    timed(service, replace(request, collection=longer), RANKERS, "one passage more")
    timed(service, request, ONE_MORE, "one ranker more")
    timed(service, replace(request, query="opening hours"), RANKERS, "another query")

    start = perf_counter()
    with_fusion(at_depth(result, count // 2), Fusion("rrf", service.rankers.read_all(RANKERS), (1, 0.5)))
    print(f"{'depth and fusion moved':<24} {'0':>6} pairs {1000 * (perf_counter() - start):>19.2f} ms")


if __name__ == "__main__":
    main()
