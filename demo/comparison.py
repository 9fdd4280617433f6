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

from demo.language import Text
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
from demo.records import Agreement, Collection, Comparison, Cost, IntArray, Pace, Query, Ranking, ScoreKind

TOP_K = OVERLAP_K

SUBJECTS = {
    ScoreKind.BM25: Text("BM25", "BM25"),
    ScoreKind.ENGINE: Text("the engine", "搜索引擎"),
    ScoreKind.LOGIT: Text("the cross-encoder", "交叉编码器"),
    ScoreKind.RRF: Text("the fusion", "融合"),
    ScoreKind.WEIGHTED_SUM: Text("the fusion", "融合"),
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
    warnings: tuple[Text, ...] = (),
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


def summary(comparison: Comparison) -> Text:
    """What changed, in one or two plain sentences."""
    if comparison.size == 0:
        return Text("There was nothing to rank.", "没有可排序的段落。")
    parts = [_who_moved(comparison)]
    if comparison.size > 1:
        parts += [*_first_place(comparison), *_top_overlap(comparison), _agreement(comparison)]
    sentence = Text("; ".join(part.en for part in parts) + ".", "；".join(part.zh for part in parts) + "。")
    return Text(sentence.en[0].upper() + sentence.en[1:], sentence.zh)


def _who_moved(comparison: Comparison) -> Text:
    subject, total, count = SUBJECTS[comparison.after.ranker.kind], comparison.size, moved(comparison)
    every = "both" if total == 2 else f"all {total}"
    if total == 1:
        return Text("there is only one passage, so its rank cannot change", "只有一个段落，名次不会变化")
    if all_tied(comparison.after):
        return Text(
            f"{subject.en} gave {every} passages the same score, so the order stays as it was",
            f"{subject.zh}给全部 {total} 个段落打了相同的分，因此顺序不变",
        )
    if not count:
        return Text(
            f"{subject.en} moved none of the {total} passages", f"{subject.zh}没有移动这 {total} 个段落中的任何一个"
        )
    return Text(
        f"{subject.en} moved {every if count == total else f'{count} of {total}'} passages",
        f"{subject.zh}移动了全部 {total} 个段落"
        if count == total
        else f"{subject.zh}移动了 {total} 个段落中的 {count} 个",
    )


def _first_place(comparison: Comparison) -> list[Text]:
    """What happened at the top, where anything moved at all."""
    if not moved(comparison):
        return []
    winner = int(comparison.after.order[0])
    name, old = passage_name(comparison.candidates[winner]), int(comparison.before.ranks[winner])
    if old == 1:
        return [Text(f"“{name}” stays first", f"“{name}”仍居第一")]
    return [Text(f"“{name}” rose from {old} to 1", f"“{name}”从第 {old} 名升到第 1 名")]


def _top_overlap(comparison: Comparison) -> list[Text]:
    """The overlap of the two top k, where it can be less than k."""
    if comparison.size <= comparison.agreement.k:
        return []
    k, overlap = comparison.agreement.k, comparison.agreement.overlap
    return [Text(f"top-{k} overlap {overlap} of {k}", f"前 {k} 名有 {overlap} 个重合")]


def _agreement(comparison: Comparison) -> Text:
    tau = comparison.agreement.tau_b
    if tau is None:
        return Text(
            "agreement τ is not defined, because one side's scores are all equal",
            "一致性 τ 无定义，因为其中一方的得分全部相同",
        )
    word = describe_tau(tau)
    return Text(f"agreement τ {signed(tau)}: {word.en}", f"一致性 τ {signed(tau)}：{word.zh}")


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
    label: Text
    value: str
    sub: Text
    direction: Direction = "same"
    candidate: int | None = None


def key_figures(comparison: Comparison) -> tuple[KeyFigure, ...]:
    """τ, overlap, biggest climb, biggest drop and time, always these five in this order."""
    return (
        _tau_figure(comparison.agreement),
        _overlap_figure(comparison),
        _move_figure(comparison, "climb", Text("Biggest climb", "最大升幅"), biggest_climb(comparison)),
        _move_figure(comparison, "drop", Text("Biggest drop", "最大降幅"), biggest_drop(comparison)),
        _time_figure(comparison.after.cost),
    )


def _tau_figure(agreement: Agreement) -> KeyFigure:
    label = Text("Kendall τ", "Kendall τ")
    if agreement.tau_b is None:
        few = agreement.k < 2
        return KeyFigure(
            "tau",
            label,
            "–",
            Text("needs two passages", "至少需要两个段落") if few else Text("all scores tied", "得分全部相同"),
        )
    word = describe_tau(agreement.tau_b)
    subs = {
        "none": Text("no agreement of the two orders", "两种顺序无一致性"),
        "reversed": Text("the two orders tend to be reversed", "两种顺序趋于相反"),
    }
    sub = subs.get(word.en, Text(f"{word.en} agreement of the two orders", f"两种顺序的一致性：{word.zh}"))
    return KeyFigure("tau", label, signed(agreement.tau_b), sub)


def _overlap_figure(comparison: Comparison) -> KeyFigure:
    agreement = comparison.agreement
    label = Text(f"Top-{agreement.k} overlap", f"前 {agreement.k} 名重合")
    if comparison.size == 0:
        return KeyFigure(
            "overlap", Text(f"Top-{TOP_K} overlap", f"前 {TOP_K} 名重合"), "–", Text("no passages", "没有段落")
        )
    if comparison.size <= agreement.k:
        sub = Text(f"{TOP_K} or fewer passages: all are in both", f"段落不超过 {TOP_K} 个，必然全部重合")
    else:
        new = agreement.k - agreement.overlap
        sub = Text(
            f"{new} came in, {new} left" if new else "the same passages in both",
            f"{new} 个进入，{new} 个退出" if new else "两边段落相同",
        )
    return KeyFigure("overlap", label, f"{agreement.overlap}/{agreement.k}", sub)


def _move_figure(comparison: Comparison, key: str, label: Text, candidate: int | None) -> KeyFigure:
    if candidate is None:
        return KeyFigure(key, label, "–", Text("nothing moved that way", "没有段落朝此方向移动"))
    move = int(comparison.moves[candidate])
    old, new = int(comparison.before.ranks[candidate]), int(comparison.after.ranks[candidate])
    name = passage_name(comparison.candidates[candidate], 32)
    return KeyFigure(
        key,
        label,
        change_mark(move),
        Text(f"{old} → {new}: {name}", f"{old} → {new}：{name}"),
        direction(move),
        candidate,
    )


def _time_figure(cost: Cost) -> KeyFigure:
    label, computed = Text("Scored in", "打分用时"), cost.pairs - cost.kept_pairs
    if computed <= 0:
        sub = Text(f"{count_pairs(cost.pairs)} kept from before", f"{cost.pairs} 对均沿用已有得分")
        if cost.pace is not None:
            earlier = Text(f"in an earlier run; {sub.en}", f"较早的一次运行；{sub.zh}")
            return KeyFigure("time", Text("Pairs a second", "每秒文本对"), rate(cost.pace.pairs_per_second), earlier)
        return KeyFigure("time", label, "–" if not cost.pairs else "0 s", sub)
    pace = _pace(cost.own_pace)
    kept = Text(f"{computed} of ", f"{cost.pairs} 对中计算了 ") if cost.kept_pairs else Text("", "")
    size = Text(f"{kept.en}{count_pairs(cost.pairs)}", f"{kept.zh}{computed} 对")
    return KeyFigure(
        "time", label, seconds(cost.tokenise_seconds + cost.model_seconds), Text(size.en + pace.en, size.zh + pace.zh)
    )


def _pace(pace: Pace | None) -> Text:
    """The end of a sentence that says how many pairs a second; "" for None."""
    if pace is None:
        return Text("", "")
    speed = rate(pace.pairs_per_second)
    return Text(f", {speed} a second", f"，每秒 {speed} 对")
