"""A lineup in one or two plain sentences."""

from __future__ import annotations

from itertools import combinations

from demo.comparison import TOP_K
from demo.language import Text
from demo.lineups.contested import AGREE, contested
from demo.metrics.agreement import TAU_B, describe_tau
from demo.phrases import passage_name, signed
from demo.records import Lineup, Ranking, ScoreKind

FUSION_KINDS = frozenset({ScoreKind.RRF, ScoreKind.WEIGHTED_SUM})


def summary(lineup: Lineup, k: int = TOP_K) -> Text:
    """How many rankings there are, who agrees most and least by τ_b, what all put in the top k, what is most contested.

    Speaks only of the columns that are there. A fusion agrees with its members by the way it is made, so agreement is
    told of the others where there are two. O(m² n log n) for m rankings.
    """
    rankings = lineup.rankings
    if not lineup.size:
        return Text("There was nothing to rank.", "没有可排序的段落。")
    if not rankings:
        return _no_ranking(len(lineup.failures))
    if len(rankings) == 1:
        return _sentence([_one_ranking(lineup, rankings[0]), *_failed(lineup)])
    who = _sentence([_how_many(lineup), *_failed(lineup), *_who_agrees(rankings)])
    what = _sentence([*_common_top(lineup, k), _most_contested(lineup, k)])
    return Text(f"{who.en} {what.en}", who.zh + what.zh)


def _sentence(parts: list[Text]) -> Text:
    en = "; ".join(part.en for part in parts)
    return Text(f"{en[0].upper()}{en[1:]}.", "；".join(part.zh for part in parts) + "。")


def _no_ranking(failures: int) -> Text:
    if not failures:
        return Text("There is no ranking yet.", "还没有排序结果。")
    if failures == 1:
        return Text("The ranker failed, so there is no ranking.", "该排序器失败，没有排序结果。")
    return Text(
        f"All {failures} rankers failed, so there is no ranking.", f"{failures} 个排序器全部失败，没有排序结果。"
    )


def _passages(size: int) -> str:
    return "1 passage" if size == 1 else f"{size} passages"


def _one_ranking(lineup: Lineup, ranking: Ranking) -> Text:
    label, winner = ranking.ranker.label, passage_name(lineup.candidates[int(ranking.order[0])])
    return Text(
        f"{label} alone ranked {_passages(lineup.size)}, “{winner}” first",
        f"只有 {label} 对 {lineup.size} 个段落排了序，“{winner}”居首",
    )


def _how_many(lineup: Lineup) -> Text:
    count = len(lineup.rankings)
    return Text(f"{count} rankers ranked {_passages(lineup.size)}", f"{count} 个排序器对 {lineup.size} 个段落排了序")


def _failed(lineup: Lineup) -> list[Text]:
    labels = [failure.ranker.label for failure in lineup.failures]
    if not labels:
        return []
    return [Text(f"{', '.join(labels)} failed", f"{'、'.join(labels)} 失败")]


def _who_agrees(rankings: tuple[Ranking, ...]) -> list[Text]:
    """The pairs with the highest and the lowest τ_b; of equals the one that comes first."""
    plain = [ranking for ranking in rankings if ranking.ranker.kind not in FUSION_KINDS]
    found = [
        (tau, one.ranker.label, other.ranker.label)
        for one, other in combinations(plain if len(plain) > 1 else rankings, 2)
        if (tau := TAU_B.between(one, other)) is not None
    ]
    if not found:
        return [Text("agreement τ is not defined for any two of them", "其中任何两个之间的一致性 τ 都无定义")]
    most, least = max(found, key=lambda row: row[0]), min(found, key=lambda row: row[0])
    (high, one, other), (low, third, fourth) = most, least
    if len(found) == 1:
        word = describe_tau(high)
        return [
            Text(
                f"{one} and {other} agree with τ {signed(high)}: {word.en}",
                f"{one} 与 {other} 的一致性 τ 为 {signed(high)}：{word.zh}",
            )
        ]
    if high == low:
        return [Text(f"any two of them agree with τ {signed(high)}", f"其中任何两个的一致性 τ 都是 {signed(high)}")]
    return [
        Text(
            f"{one} and {other} agree most (τ {signed(high)}), {third} and {fourth} least (τ {signed(low)})",
            f"{one} 与 {other} 最一致（τ {signed(high)}），{third} 与 {fourth} 最不一致（τ {signed(low)}）",
        )
    ]


def _common_top(lineup: Lineup, k: int) -> list[Text]:
    """How many passages all rankings have in the top k, where it can be fewer than k."""
    if lineup.size <= k:
        return []
    common = len(set.intersection(*(set(ranking.order[:k].tolist()) for ranking in lineup.rankings)))
    if not common:
        return [Text(f"no passage is in every ranker's top {k}", f"没有段落同时进入所有排序器的前 {k} 名")]
    subject = "1 passage is" if common == 1 else f"{common} passages are"
    return [Text(f"{subject} in every ranker's top {k}", f"{common} 个段落同时进入所有排序器的前 {k} 名")]


def _most_contested(lineup: Lineup, k: int) -> Text:
    top = contested(lineup, k)[0]
    if top.group is AGREE:
        return Text("no two of them place any passage far apart", "没有任何两个排序器给同一段落的名次相距很远")
    name = passage_name(lineup.candidates[top.candidate])
    at_best = next(each for each in lineup.rankings if each.ranks[top.candidate] == top.best).ranker.label
    at_worst = next(each for each in lineup.rankings if each.ranks[top.candidate] == top.worst).ranker.label
    return Text(
        f"most contested is “{name}”: rank {top.best} for {at_best}, {top.worst} for {at_worst}",
        f"分歧最大的是“{name}”：{at_best} 排第 {top.best}，{at_worst} 排第 {top.worst}",
    )
