"""A lineup in one or two plain sentences."""

from __future__ import annotations

from itertools import combinations

from demo.comparison import TOP_K
from demo.lineups.contested import AGREE, contested
from demo.messages import Message, clauses, listed, plural, sentence
from demo.metrics.agreement import TAU_B, describe_tau
from demo.phrases import count_passages, passage_name, signed
from demo.records import Lineup, Ranking, ScoreKind

FUSION_KINDS = frozenset({ScoreKind.RRF, ScoreKind.WEIGHTED_SUM})


def summary(lineup: Lineup, k: int = TOP_K) -> Message:
    """How many rankings there are, who agrees most and least by τ_b, what all put in the top k, what is most contested.

    Speaks only of the columns that are there. A fusion agrees with its members by the way it is made, so agreement is
    told of the others where there are two. O(m² n log n) for m rankings.
    """
    rankings = lineup.rankings
    if not lineup.size:
        return Message("There was nothing to rank.")
    if not rankings:
        return _no_ranking(len(lineup.failures))
    if len(rankings) == 1:
        return _sentence([_one_ranking(lineup, rankings[0]), *_failed(lineup)])
    who = _sentence([_how_many(lineup), *_failed(lineup), *_who_agrees(rankings)])
    what = _sentence([*_common_top(lineup, k), _most_contested(lineup, k)])
    return Message("{first} {second}", first=who, second=what)


def _sentence(parts: list[Message]) -> Message:
    return sentence(clauses(parts))


def _no_ranking(failures: int) -> Message:
    if not failures:
        return Message("There is no ranking yet.")
    if failures == 1:
        return Message("The ranker failed, so there is no ranking.")
    return Message("All {failures} rankers failed, so there is no ranking.", failures=failures)


def _one_ranking(lineup: Lineup, ranking: Ranking) -> Message:
    label, winner = ranking.ranker.label, passage_name(lineup.candidates[int(ranking.order[0])])
    return Message(
        "{label} alone ranked {passages}, “{winner}” first",
        label=label,
        passages=count_passages(lineup.size),
        winner=winner,
    )


def _how_many(lineup: Lineup) -> Message:
    count = len(lineup.rankings)
    return Message("{rankers} rankers ranked {passages}", rankers=count, passages=count_passages(lineup.size))


def _failed(lineup: Lineup) -> list[Message]:
    labels = [failure.ranker.label for failure in lineup.failures]
    if not labels:
        return []
    return [Message("{labels} failed", labels=listed(labels))]


def _who_agrees(rankings: tuple[Ranking, ...]) -> list[Message]:
    """The pairs with the highest and the lowest τ_b; of equals the one that comes first."""
    plain = [ranking for ranking in rankings if ranking.ranker.kind not in FUSION_KINDS]
    found = [
        (tau, one.ranker.label, other.ranker.label)
        for one, other in combinations(plain if len(plain) > 1 else rankings, 2)
        if (tau := TAU_B.between(one, other)) is not None
    ]
    if not found:
        return [Message("agreement τ is not defined for any two of them")]
    most, least = max(found, key=lambda row: row[0]), min(found, key=lambda row: row[0])
    (high, one, other), (low, third, fourth) = most, least
    if len(found) == 1:
        word = describe_tau(high)
        return [
            Message("{one} and {other} agree with τ {high}: {word}", one=one, other=other, high=signed(high), word=word)
        ]
    if high == low:
        return [Message("any two of them agree with τ {high}", high=signed(high))]
    return [
        Message(
            "{one} and {other} agree most (τ {high}), {third} and {fourth} least (τ {low})",
            one=one,
            other=other,
            high=signed(high),
            third=third,
            fourth=fourth,
            low=signed(low),
        )
    ]


def _common_top(lineup: Lineup, k: int) -> list[Message]:
    """How many passages all rankings have in the top k, where it can be fewer than k."""
    if lineup.size <= k:
        return []
    common = len(set.intersection(*(set(ranking.order[:k].tolist()) for ranking in lineup.rankings)))
    if not common:
        return [Message("no passage is in every ranker's top {k}", k=k)]
    return [
        plural(
            "{count} passage is in every ranker's top {k}",
            "{count} passages are in every ranker's top {k}",
            common,
            k=k,
        )
    ]


def _most_contested(lineup: Lineup, k: int) -> Message:
    top = contested(lineup, k)[0]
    if top.group is AGREE:
        return Message("no two of them place any passage far apart")
    name = passage_name(lineup.candidates[top.candidate])
    at_best = next(each for each in lineup.rankings if each.ranks[top.candidate] == top.best).ranker.label
    at_worst = next(each for each in lineup.rankings if each.ranks[top.candidate] == top.worst).ranker.label
    return Message(
        "most contested is “{name}”: rank {best} for {at_best}, {worst} for {at_worst}",
        name=name,
        best=top.best,
        at_best=at_best,
        worst=top.worst,
        at_worst=at_worst,
    )
