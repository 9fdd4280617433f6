"""Lineups from scores, with as many rankings as asked for, in several scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from made_lineups import BM25, LOST, build_lineup, made_model

from demo.records import Cost, Failure, Lineup, Ranker, Ranking

FAILED = LOST
KINDS = ("Passage {} says that A & B are <b>bold</b>", "柏林有 {} 万居民。", "الفقرة رقم {} عن مدينة برلين", "{}")


def owner(number: int, label: str = "") -> Ranker:
    """BM25 first, then cross-encoders."""
    if number == 0:
        return replace(BM25, label=label or BM25.label)
    return made_model(f"hub/model-{number}", label or f"Model {number}", number * 1_000_000)


def scored(ranker: Ranker, scores: npt.ArrayLike, cost: Cost = Cost()) -> Ranking:
    """A ranking in which NaN stands for a passage that was not reranked: it keeps its place below the others."""
    values = np.asarray(scores, dtype=np.float32)
    order = np.argsort(np.where(np.isnan(values), np.inf, -values), kind="stable").astype(np.int64)
    ranks = np.empty_like(order)
    ranks[order] = np.arange(1, values.size + 1)
    return Ranking(ranker, values, order, ranks, cost)


def lineup_of(
    columns: Sequence[Sequence[float] | Failure],
    texts: Sequence[str] = (),
    *,
    labels: Sequence[str] = (),
    costs: Sequence[Cost] = (),
    **more: Any,
) -> Lineup:
    """The lineup of these scores in candidate order; the first stage ranks the candidates as they come."""
    size = next((len(column) for column in columns if not isinstance(column, Failure)), 0)
    return build_lineup(
        size,
        *(
            column
            if isinstance(column, Failure)
            else scored(owner(number, labels[number] if labels else ""), column, costs[number] if costs else Cost())
            for number, column in enumerate(columns)
        ),
        texts={f"d{number}": text for number, text in enumerate(texts, 1)},
        **more,
    )


def random_lineup(size: int, rankers: int, seed: int = 1, **more: Any) -> Lineup:
    """Rankings that agree in part, of passages that are long, short, Latin, Chinese, Arabic and a bare number."""
    draw = np.random.default_rng(seed)
    truth = draw.normal(0, 3, size)
    scores = [(truth + draw.normal(0, 3 if number else 5, size)).tolist() for number in range(rankers)]
    odd = [KINDS[index % 4] if index % 3 == 0 else KINDS[0] for index in range(size)]
    texts = [kind.format(index) + " and more of it" * (index % 5) for index, kind in enumerate(odd)]
    return lineup_of(scores, texts, **more)
