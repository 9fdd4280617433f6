"""Made-up lineups, for tests of everything that reads one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from demo.language import Text
from demo.records import (
    Cost,
    Extent,
    Failure,
    Lineup,
    ModelSpec,
    ModelUse,
    Passage,
    Query,
    Ranker,
    Ranking,
    ScoreKind,
)

FAILED = Failure(
    Ranker("hub/broken", "Broken", ScoreKind.LOGIT),
    Text("hub/broken has no weights. Choose another model.", "hub/broken 没有权重。请换一个模型。"),
)


def ranker(number: int, label: str = "") -> Ranker:
    """BM25 first, then cross-encoders."""
    if number == 0:
        return Ranker("bm25", label or "BM25", ScoreKind.BM25)
    key = f"hub/model-{number}"
    spec = ModelSpec(key, label or f"Model {number}", parameters=number * 1_000_000)
    return Ranker(key, spec.label, ScoreKind.LOGIT, ModelUse(spec, f"abc{number}", "fp32", 512, False))


def ranking(owner: Ranker, scores: npt.ArrayLike, cost: Cost = Cost(), extents: tuple[Extent, ...] = ()) -> Ranking:
    """A ranking in which NaN stands for a passage that was not reranked: it keeps its place below the others."""
    values = np.asarray(scores, dtype=np.float32)
    order = np.argsort(np.where(np.isnan(values), np.inf, -values), kind="stable").astype(np.int64)
    ranks = np.empty_like(order)
    ranks[order] = np.arange(1, values.size + 1)
    return Ranking(owner, values, order, ranks, cost, extents)


def build_lineup(
    columns: Sequence[Sequence[float] | Failure],
    texts: Sequence[str] | None = None,
    *,
    labels: Sequence[str] = (),
    grades: Sequence[int | None] | None = None,
    costs: Sequence[Cost] = (),
) -> Lineup:
    """The lineup of score lists in candidate order; the first stage ranks the candidates as they come."""
    size = next((len(column) for column in columns if not isinstance(column, Failure)), 0)
    words = texts or [f"passage {number}" for number in range(1, size + 1)]
    return Lineup(
        query=Query("q", "a query"),
        collection_key="made",
        collection_size=size,
        candidates=tuple(Passage(f"d{number}", text) for number, text in enumerate(words, 1)),
        first=Ranking.from_scores(ranker(0), np.arange(size, 0, -1.0)),
        columns=tuple(
            column
            if isinstance(column, Failure)
            else ranking(ranker(number, labels[number] if labels else ""), column, costs[number] if costs else Cost())
            for number, column in enumerate(columns)
        ),
        grades=tuple(grades) if grades is not None else (None,) * size,
    )


def random_lineup(size: int, rankers: int, seed: int = 1, **more: object) -> Lineup:
    """Rankings that agree in part, with long, short, Chinese and Arabic passages."""
    draw = np.random.default_rng(seed)
    truth = draw.normal(0, 3, size)
    scores = [(truth + draw.normal(0, 3 if number else 5, size)).tolist() for number in range(rankers)]
    kinds = ("Passage {} says that A & B are <b>bold</b>", "柏林有 {} 万居民。", "الفقرة رقم {} عن مدينة برلين", "{}")
    odd = [kinds[index % 4] if index % 3 == 0 else kinds[0] for index in range(size)]
    texts = [kind.format(index) + " and more of it" * (index % 5) for index, kind in enumerate(odd)]
    return build_lineup(scores, texts, **more)  # type: ignore[arg-type]
