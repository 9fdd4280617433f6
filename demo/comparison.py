"""What a reranker changed: from two rankings to moves, agreement and a few plain words.

    first = Ranking over the whole collection
    chosen = take_candidates(first, depth)          # the candidates, in the first stage's order
    after = Ranking over the chosen passages
    comparison = compare(query, collection, first, chosen, after)

Movement is not quality: nothing here says which of the two rankings is better.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.messages import Message, clauses, sentence
from demo.metrics.agreement import OVERLAP_K, RBO_PERSISTENCE, all_tied, describe_tau, overlap_at_k, rbo_ext, tau_b
from demo.phrases import (
    Direction,
    change_mark,
    count_pairs,
    direction,
    passage_name,
    rate,
    seconds,
    signed,
)
from demo.records import Agreement, Collection, Comparison, Cost, IntArray, Query, Ranking, ScoreKind

TOP_K = OVERLAP_K

SUBJECTS = {
    ScoreKind.BM25: Message("BM25"),
    ScoreKind.ENGINE: Message("the engine"),
    ScoreKind.LOGIT: Message("the cross-encoder"),
    ScoreKind.RRF: Message("the fusion"),
    ScoreKind.WEIGHTED_SUM: Message("the fusion"),
}


# ---- from rankings to a comparison -------------------------------------------------------------------------------


def take_candidates(first: Ranking, depth: int) -> IntArray:
    """Indices into the collection of the first stage's best `depth` passages, best first; all if there are fewer."""
    return first.order[: max(depth, 0)]


def compare(
    query: Query,
    collection: Collection,
    first: Ranking,
    chosen: IntArray,
    after: Ranking,
    warnings: tuple[Message, ...] = (),
) -> Comparison:
    """The first stage's ranking of the chosen passages beside the reranker's.

    Args:
        query: its `query_id` decides which judgments count; an id without judgments leaves every grade None.
        first: the first stage over all passages of the collection.
        chosen: what `take_candidates` gave.
        after: the reranker's ranking of the chosen passages, in the order of `chosen`.

    Raises:
        ValueError: `first` does not cover the collection, or `after` does not cover `chosen`.
    """
    if first.scores.size != len(collection.passages) or after.scores.size != chosen.size:
        raise ValueError(
            f"{first.scores.size} first scores for {len(collection.passages)} passages, "
            f"{after.scores.size} new scores for {chosen.size} candidates"
        )
    candidates = tuple(collection.passages[index] for index in chosen.tolist())
    before = Ranking.from_scores(first.ranker, first.scores[chosen], first.cost)
    judged = collection.qrels.get(query.query_id, {})
    return Comparison(
        query=query,
        collection_key=collection.key,
        collection_size=len(collection.passages),
        candidates=candidates,
        before=before,
        after=after,
        moves=before.ranks - after.ranks,
        agreement=agree(before, after),
        grades=tuple(judged.get(passage.doc_id) for passage in candidates),
        warnings=warnings,
    )


def agree(before: Ranking, after: Ranking, k: int = TOP_K) -> Agreement:
    """How far two rankings of the same candidates agree; equal scores are ties to τ_b only."""
    k = min(k, before.scores.size)
    one, other = before.order.tolist(), after.order.tolist()
    return Agreement(
        tau_b=tau_b(before.scores, after.scores),
        overlap=overlap_at_k(one, other, k),
        k=k,
        rbo=rbo_ext(one, other, RBO_PERSISTENCE),
        rbo_p=RBO_PERSISTENCE,
    )


# ---- who moved ---------------------------------------------------------------------------------------------------


def moved(comparison: Comparison) -> int:
    """Number of candidates whose rank changed."""
    return int(np.count_nonzero(comparison.moves))


def biggest_climb(comparison: Comparison) -> int | None:
    """The candidate that rose by most ranks, of equals the one that ends higher; None if none rose."""
    return next((index for index in biggest_movers(comparison) if comparison.moves[index] > 0), None)


def biggest_drop(comparison: Comparison) -> int | None:
    """The candidate that fell by most ranks, of equals the one that started higher; None if none fell."""
    falls = np.lexsort((comparison.before.ranks, comparison.moves))
    return int(falls[0]) if falls.size and comparison.moves[falls[0]] < 0 else None


def biggest_movers(comparison: Comparison, count: int | None = None) -> list[int]:
    """Candidates whose rank changed, by ranks moved in either direction, of equals the one that ends higher first."""
    order = np.lexsort((comparison.after.ranks, -np.abs(comparison.moves)))
    return [int(index) for index in order if comparison.moves[index]][:count]


# ---- in words ----------------------------------------------------------------------------------------------------


def summary(comparison: Comparison) -> Message:
    """What changed, in one or two plain sentences."""
    if comparison.size == 0:
        return Message("There was nothing to rank.")
    parts = [_who_moved(comparison)]
    if comparison.size > 1:
        parts += [*_first_place(comparison), *_top_overlap(comparison), _agreement(comparison)]
    return sentence(clauses(parts))


def _who_moved(comparison: Comparison) -> Message:
    subject, total, count = SUBJECTS[comparison.after.ranker.kind], comparison.size, moved(comparison)
    if total == 1:
        return Message("there is only one passage, so its rank cannot change")
    if all_tied(comparison.after):
        return Message(
            "{subject} gave all {total} passages the same score, so the order stays as it was",
            subject=subject,
            total=total,
        )
    if not count:
        return Message("{subject} moved none of the {total} passages", subject=subject, total=total)
    if count == total:
        return Message("{subject} moved all {total} passages", subject=subject, total=total)
    return Message("{subject} moved {moved} of {total} passages", subject=subject, moved=count, total=total)


def _first_place(comparison: Comparison) -> list[Message]:
    """What happened at the top, where anything moved at all."""
    if not moved(comparison):
        return []
    winner = int(comparison.after.order[0])
    name, old = passage_name(comparison.candidates[winner]), int(comparison.before.ranks[winner])
    if old == 1:
        return [Message("“{name}” stays first", name=name)]
    return [Message("“{name}” rose from {old} to 1", name=name, old=old)]


def _top_overlap(comparison: Comparison) -> list[Message]:
    """The overlap of the two top k, where it can be less than k."""
    if comparison.size <= comparison.agreement.k:
        return []
    k, overlap = comparison.agreement.k, comparison.agreement.overlap
    return [Message("top-{k} overlap {overlap} of {k}", k=k, overlap=overlap)]


def _agreement(comparison: Comparison) -> Message:
    tau = comparison.agreement.tau_b
    if tau is None:
        return Message("agreement τ is not defined, because one side's scores are all equal")
    word = describe_tau(tau)
    return Message("agreement τ {tau}: {word}", tau=signed(tau), word=word)


# ---- key figures -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One figure of the strip above the charts.

    Attributes:
        key: stable id of the figure.
        value: the figure as shown, the same in both languages; "–" where there is none.
        sub: what it means here, one line.
        direction: "up" or "down" where the figure is a move.
        candidate: the candidate it speaks of, None where it speaks of all.
    """

    key: str
    label: Message
    value: str
    sub: Message
    direction: Direction = "same"
    candidate: int | None = None


def key_figures(comparison: Comparison) -> tuple[KeyFigure, ...]:
    """τ, overlap, biggest climb, biggest drop and time, always these five in this order."""
    return (
        _tau_figure(comparison.agreement),
        _overlap_figure(comparison),
        _move_figure(comparison, "climb", Message("Biggest climb"), biggest_climb(comparison)),
        _move_figure(comparison, "drop", Message("Biggest drop"), biggest_drop(comparison)),
        _time_figure(comparison.after.cost),
    )


def _tau_figure(agreement: Agreement) -> KeyFigure:
    label = Message("Kendall τ")
    if agreement.tau_b is None:
        few = agreement.k < 2
        return KeyFigure(
            "tau",
            label,
            "–",
            Message("needs two passages") if few else Message("all scores tied"),
        )
    word = describe_tau(agreement.tau_b)
    subs = {
        "none": Message("no agreement of the two orders"),
        "reversed": Message("the two orders tend to be reversed"),
    }
    sub = subs.get(word.english, Message("{word} agreement of the two orders", word=word))
    return KeyFigure("tau", label, signed(agreement.tau_b), sub)


def _overlap_figure(comparison: Comparison) -> KeyFigure:
    agreement = comparison.agreement
    label = Message("Top-{k} overlap", k=agreement.k)
    if comparison.size == 0:
        return KeyFigure("overlap", Message("Top-{top_k} overlap", top_k=TOP_K), "–", Message("no passages"))
    if comparison.size <= agreement.k:
        sub = Message("{top_k} or fewer passages: all are in both", top_k=TOP_K)
    else:
        new = agreement.k - agreement.overlap
        sub = Message("{new} came in, {new} left", new=new) if new else Message("the same passages in both")
    return KeyFigure("overlap", label, f"{agreement.overlap}/{agreement.k}", sub)


def _move_figure(comparison: Comparison, key: str, label: Message, candidate: int | None) -> KeyFigure:
    if candidate is None:
        return KeyFigure(key, label, "–", Message("nothing moved that way"))
    move = int(comparison.moves[candidate])
    old, new = int(comparison.before.ranks[candidate]), int(comparison.after.ranks[candidate])
    name = passage_name(comparison.candidates[candidate], 32)
    return KeyFigure(
        key,
        label,
        change_mark(move),
        Message("{old} → {new}: {name}", old=old, new=new, name=name),
        direction(move),
        candidate,
    )


def _time_figure(cost: Cost) -> KeyFigure:
    label, computed = Message("Scored in"), cost.pairs - cost.kept_pairs
    if computed <= 0:
        sub = Message("{pairs} kept from before", pairs=count_pairs(cost.pairs))
        if cost.pace is not None:
            earlier = Message("in an earlier run; {sub}", sub=sub)
            return KeyFigure("time", Message("Pairs a second"), rate(cost.pace.pairs_per_second), earlier)
        return KeyFigure("time", label, "–" if not cost.pairs else "0 s", sub)
    size = count_pairs(cost.pairs)
    if cost.kept_pairs:
        size = Message("{computed} of {pairs}", computed=computed, pairs=size)
    if cost.own_pace is not None:
        size = Message("{pairs}, {speed} a second", pairs=size, speed=rate(cost.own_pace.pairs_per_second))
    return KeyFigure("time", label, seconds(cost.tokenise_seconds + cost.model_seconds), size)
