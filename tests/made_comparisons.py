"""Made-up comparisons, for tests of everything that reads one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from demo.comparison import compare, take_candidates

from demo.messages import NOTHING, Message
from demo.records import (
    Card,
    Collection,
    Comparison,
    Cost,
    Extent,
    ModelSpec,
    ModelUse,
    Passage,
    Query,
    Ranker,
    Ranking,
    ScoreKind,
)

MakeComparison = Callable[..., Comparison]

BM25 = Ranker("bm25", "BM25", ScoreKind.BM25)
USE = ModelUse(ModelSpec("bundled/tiny", "Tiny"), "3f2a", "fp32", max_tokens=512, windows=False)
MODEL = Ranker("bundled/tiny", "Tiny", ScoreKind.LOGIT, USE)


def build_comparison(
    before: Sequence[float],
    after: Sequence[float],
    texts: Sequence[str] | None = None,
    *,
    grades: dict[str, int] | None = None,
    cost: Cost = Cost(),
    extents: tuple[Extent, ...] = (),
    warnings: tuple[Message, ...] = (),
    depth: int | None = None,
) -> Comparison:
    """The comparison of two score lists in collection order; `after[i]` belongs to the same passage as `before[i]`."""
    texts = texts or [f"passage {number}" for number in range(1, len(before) + 1)]
    passages = tuple(Passage(f"d{number}", text) for number, text in enumerate(texts, 1))
    collection = Collection(
        "made", Card(Message("Made"), NOTHING), passages, (Query("q", "a query"),), {"q": grades or {}}
    )
    first = Ranking.from_scores(BM25, before, Cost(pairs=len(before), index_seconds=0.01, model_seconds=0.002))
    chosen = take_candidates(first, len(before) if depth is None else depth)
    new = Ranking.from_scores(MODEL, [after[index] for index in chosen], cost, extents)
    return compare(Query("q", "a query"), collection, first, chosen, new, warnings)
