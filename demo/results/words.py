"""A result in one or two plain sentences: what one ranking changes of another, and what many say together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from operator import itemgetter

import numpy as np

from demo.messages import Message, clauses, listed, plural, sentence
from demo.metrics.agreement import TAU_B, all_tied
from demo.phrases import count_passages, passage_name, signed
from demo.records import Passage, Ranking, Result
from demo.results.change import TOP_K, Change, tau_words
from demo.results.contested import AGREE, contested, told_ranks
from demo.score_kinds import Side

# ---- two rankings ------------------------------------------------------------------------------------------------


def change_summary(change: Change, candidates: Sequence[Passage], k: int = TOP_K) -> Message:
    """What changed, in one plain sentence: who came into the top k from where, and what became of the first place."""
    if change.size == 0:
        return Message("There was nothing to rank.")
    if change.size == 1:
        return sentence(Message("there is only one passage, so its rank cannot change"))
    if all_tied(change.after):
        subject = change.after.ranker.kind.subject
        return sentence(Message("{subject} gave all passages the same score, so it has no order", subject=subject))
    return sentence(clauses([*_who_came(change, k), *_first_place(change, candidates)]))


def _who_came(change: Change, k: int) -> list[Message]:
    """How many came into the top k from nowhere and from below; where none did, how many moved."""
    before, after = change.before.ranker.label, change.after.ranker.kind.subject
    if not change.before.found.any():
        return [Message("{before} found none of the passages", before=before)]
    if all_tied(change.before):
        return [Message("{before} gave all passages the same score, so it had no order", before=before)]
    brought, raised = len(change.brought(k)), len(change.raised(k))
    if not brought:
        return [_raised(raised, after, k) if raised else _who_moved(change)]
    if change.size <= k:
        words = plural(
            "{after} ranked {count} passage that {before} never found",
            "{after} ranked {count} passages that {before} never found",
            brought,
            after=after,
            before=before,
        )
        return [words]
    words = plural(
        "{after} brought {count} passage that {before} never found into the top {k}",
        "{after} brought {count} passages that {before} never found into the top {k}",
        brought,
        after=after,
        before=before,
        k=k,
    )
    more = plural("{count} more rose into it from below", "{count} more rose into it from below", raised)
    return [words, more] if raised else [words]


def _raised(count: int, after: Message, k: int) -> Message:
    return plural(
        "{after} raised {count} passage from below into the top {k}",
        "{after} raised {count} passages from below into the top {k}",
        count,
        after=after,
        k=k,
    )


def _first_place(change: Change, candidates: Sequence[Passage]) -> list[Message]:
    """What happened at the top, if one passage alone is there."""
    first = np.flatnonzero(change.after.found & (change.after.ranks == 1))
    if first.size != 1:
        return []
    winner = int(first[0])
    name, old = passage_name(candidates[winner]), int(change.before.ranks[winner])
    if not change.before.found.any():
        return [Message("“{name}” is first", name=name)]
    if not change.before.found[winner]:
        return [Message("the first result is new: “{name}”", name=name)]
    sharing = int((change.before.ranks[change.before.found] == old).sum())
    if old == 1 and sharing > 1:
        return [
            Message("“{name}” is first, one of {count} that shared the first place before", name=name, count=sharing)
        ]
    if old == 1:
        return [Message("the first result stays: “{name}”", name=name)]
    return [Message("the first result changed: “{name}”, before at rank {old}", name=name, old=old)]


def _who_moved(change: Change) -> Message:
    subject, total, count = change.after.ranker.kind.subject, change.comparable, change.moved
    if not count:
        return Message("{subject} moved none of the {total} passages", subject=subject, total=total)
    if count == total == 2:
        return Message("{subject} moved both passages", subject=subject)
    if count == total:
        return Message("{subject} moved all {total} passages", subject=subject, total=total)
    return Message("{subject} moved {moved} of {total} passages", subject=subject, moved=count, total=total)


# ---- any number of rankings --------------------------------------------------------------------------------------


def summary(result: Result, k: int = TOP_K) -> Message:
    """How many rankings there are, who agrees most and least by τ_b, what all put in the top k, what is most contested.

    Speaks only of the columns that are there. A fusion agrees with its members by the way it is made, so agreement is
    told of the others where there are two. O(m² n log n) for m rankings.
    """
    rankings = result.rankings
    if not result.size:
        return Message("There was nothing to rank.")
    if not rankings:
        return _no_ranking(len(result.failures))
    if len(rankings) == 1:
        return _sentence([_one_ranking(result, rankings[0]), *_failed(result)])
    who = _sentence([_how_many(result), *_failed(result), *_who_agrees(rankings)])
    what = _sentence([*_common_top(result, k), _most_contested(result, k)])
    return Message("{first} {second}", first=who, second=what)


def _sentence(parts: list[Message]) -> Message:
    return sentence(clauses(parts))


def _no_ranking(failures: int) -> Message:
    if not failures:
        return Message("There is no ranking yet.")
    if failures == 1:
        return Message("The ranker failed, so there is no ranking.")
    return Message("All {failures} rankers failed, so there is no ranking.", failures=failures)


def _one_ranking(result: Result, ranking: Ranking) -> Message:
    label, passages = ranking.ranker.label, count_passages(result.size)
    first = np.flatnonzero(ranking.found & (ranking.ranks == 1))
    if not first.size:
        return Message("{before} found none of the passages", before=label)
    if first.size > 1:
        return Message("{label} alone ranked {passages}", label=label, passages=passages)
    winner = passage_name(result.candidates[int(first[0])])
    return Message("{label} alone ranked {passages}, “{winner}” first", label=label, passages=passages, winner=winner)


def _how_many(result: Result) -> Message:
    count = len(result.rankings)
    return Message("{rankers} rankers ranked {passages}", rankers=count, passages=count_passages(result.size))


def _failed(result: Result) -> list[Message]:
    labels = [failure.ranker.label for failure in result.failures]
    if not labels:
        return []
    return [Message("{labels} failed", labels=listed(labels))]


def _who_agrees(rankings: tuple[Ranking, ...]) -> list[Message]:
    """The pairs with the highest and the lowest τ_b; of equals the one that comes first."""
    plain = tuple(ranking for ranking in rankings if ranking.ranker.kind.side is not Side.FUSION)
    if 1 < len(plain) < len(rankings):
        return [*_who_agrees(plain), Message("fusions aside")]
    found = [
        (tau, one, other) for one, other in combinations(rankings, 2) if (tau := TAU_B.between(one, other)) is not None
    ]
    if not found:
        return [Message("agreement τ is not defined for any two of them")]
    most, least = max(found, key=lambda row: row[0]), min(found, key=lambda row: row[0])
    (high, one, other), (low, third, fourth) = most, least
    labels = {"one": one.ranker.label, "other": other.ranker.label}
    if len(found) == 1:
        word = tau_words(one, other, high)
        return [Message("{one} and {other} agree with τ {high}: {word}", **labels, high=signed(high), word=word)]
    if high == low:
        return [Message("any two of them agree with τ {high}", high=signed(high))]
    return [
        Message(
            "{one} and {other} agree most (τ {high}), {third} and {fourth} least (τ {low})",
            **labels,
            high=signed(high),
            third=third.ranker.label,
            fourth=fourth.ranker.label,
            low=signed(low),
        )
    ]


def _common_top(result: Result, k: int) -> list[Message]:
    """How many passages all rankings have in the top k, where it can be fewer than k."""
    if result.size <= k:
        return []
    common = len(set.intersection(*(set(ranking.top(k).tolist()) for ranking in result.rankings)))
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


def _most_contested(result: Result, k: int) -> Message:
    top = next(iter(contested(result, k)), None)
    if top is None or top.group is AGREE:
        return Message("no two of them place any passage far apart")
    name = passage_name(result.candidates[top.candidate])
    ranks = [(float(told_ranks(each)[top.candidate]), each.ranker.label) for each in result.rankings]
    known = [row for row in ranks if not math.isnan(row[0])]
    at_best, at_worst = min(known, key=itemgetter(0))[1], max(known, key=itemgetter(0))[1]
    return Message(
        "most contested is “{name}”: rank {best} for {at_best}, {worst} for {at_worst}",
        name=name,
        best=top.best,
        at_best=at_best,
        worst=top.worst,
        at_worst=at_worst,
    )
