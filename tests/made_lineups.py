"""Made-up lineups, for tests of everything that reads one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from demo.messages import Message
from demo.records import Cost, Failure, Lineup, ModelSpec, ModelUse, Passage, Query, Ranker, Ranking, ScoreKind

BM25 = Ranker("bm25", "BM25", ScoreKind.BM25)
OKAPI = Ranker("bm25[variant=okapi]", "BM25 Okapi", ScoreKind.BM25)
ENGINE = Ranker("engine", "Engine", ScoreKind.ENGINE)


def made_model(key: str, label: str, parameters: int = 0) -> Ranker:
    """A cross-encoder of that size; 0 leaves it unknown."""
    spec = ModelSpec(key, label, parameters=parameters)
    return Ranker(key, label, ScoreKind.LOGIT, ModelUse(spec, "r1", "fp32", 512, windows=False))


TINY = made_model("tiny", "Tiny", 4_000_000)
SMALL = made_model("small", "Small", 33_000_000)
LARGE = made_model("large", "Large", 335_000_000)
LOST = Failure(made_model("lost", "Lost"), Message("There is no such model."))


def ranking(ranker: Ranker, best_first: Sequence[int], cost: Cost = Cost()) -> Ranking:
    """The ranking with this order of candidates; rank r of n has score n − r."""
    scores = [0.0] * len(best_first)
    for place, candidate in enumerate(best_first, 1):
        scores[candidate] = float(len(best_first) - place)
    return Ranking.from_scores(ranker, scores, cost)


def build_lineup(
    size: int,
    *columns: Ranking | Failure,
    texts: Mapping[str, str] = {},
    grades: Sequence[int | None] = (),
    query: str = "a query",
    first: Ranker = BM25,
    doc_ids: Sequence[str] = (),
    warnings: tuple[Message, ...] = (),
) -> Lineup:
    """A lineup of `size` candidates d1, d2, … in the first stage's order, which says “passage 1”, … but for `texts`."""
    ids = doc_ids or [f"d{number}" for number in range(1, size + 1)]
    return Lineup(
        query=Query("q", query),
        collection_key="made",
        collection_size=size,
        candidates=tuple(Passage(each, texts.get(each, f"passage {each.removeprefix('d')}")) for each in ids),
        first=ranking(first, range(size)),
        columns=columns,
        grades=tuple(grades) or (None,) * size,
        warnings=warnings,
    )
