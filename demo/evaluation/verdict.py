"""Does reranking pay? The answer in plain words, and what makes it doubtful; without judgments, what it changes."""

from __future__ import annotations

from collections.abc import Sequence

from demo.evaluation.figures import SIGNIFICANT, Evaluation, PairedTest, describe_p
from demo.messages import NOTHING, Message, plural
from demo.metrics.effectiveness import Measure, parse_measure
from demo.metrics.significance import describe_effect
from demo.phrases import count_queries, price_of_thousand, seconds, signed
from demo.records import RankerSpec

JUDGED_AT_10 = parse_measure("judged@10")
FEW_QUERIES = 25
LITTLE_JUDGED = 0.5
UNLIKE_JUDGED = 0.1
"""A difference of Judged@10 that can by itself make a difference of quality."""


def best_of(evaluation: Evaluation, measure: Measure | None) -> RankerSpec | None:
    """The ranker with the highest mean other than the baseline, the first of equals; None where there is no other.

    Args:
        measure: None where nothing is judged: then the first.
    """
    others = [ranker for ranker in evaluation.rankers if ranker.key != evaluation.baseline]
    if measure is None:
        return next(iter(others), None)
    return max(others, key=lambda ranker: evaluation.figures[ranker.key, measure].mean, default=None)


def what_changes(evaluation: Evaluation, ranker: RankerSpec) -> Message:
    """How much the ranker changes of the baseline's order, where nothing tells which is better."""
    baseline = next(each for each in evaluation.rankers if each.key == evaluation.baseline)
    changes = evaluation.changes.get(ranker.key)
    if changes is None and evaluation.changes:
        return Message(
            "{label} is the baseline, which others are held against. Choose another ranker to look at.",
            label=ranker.label,
        )
    if changes is None:
        return Message(
            "{label} ranked {queries}. There is no other ranker to hold against it.",
            label=baseline.label,
            queries=_queries(evaluation),
        )
    new = NOTHING
    if not changes.fits:
        new = Message(
            ", and on average {new:.1f} of its first ten are not among {label}'s", new=changes.new, label=baseline.label
        )
    return Message(
        "{label} puts another passage first than {baseline} on {other_first:,} of {queries}{new}. Nothing is "
        "judged, so this says how much changes, not which is better.",
        label=ranker.label,
        baseline=baseline.label,
        other_first=changes.other_first,
        queries=_queries(evaluation),
        new=new,
    )


def verdict(evaluation: Evaluation, measure: Measure) -> Message:
    """Whether the best ranker is better than the baseline: by how much, surely or by chance, where, at what cost."""
    baseline = next(ranker for ranker in evaluation.rankers if ranker.key == evaluation.baseline)
    best = best_of(evaluation, measure)
    before = evaluation.figures[baseline.key, measure].mean
    if best is None:
        return Message(
            "{label} has {measure} {before:.3f} on {queries}. There is no other ranker to hold against it.",
            label=baseline.label,
            measure=measure.name,
            before=before,
            queries=_queries(evaluation),
        )
    figure = evaluation.figures[best.key, measure]
    assert figure.test is not None, "every ranker but the baseline is tested"
    answer, sureness = _answer(figure.test, measure), _sureness(figure.test)
    values = f"{before:.3f} → {figure.mean:.3f} ({signed(figure.test.difference, 3, plus=True)})"
    counts = _counts(figure.test)
    cost = _cost(evaluation, best)
    return Message(
        "{answer} {label} against {label_2}: {name} {values}.{sureness} {counts}{cost}",
        answer=answer,
        label=best.label,
        label_2=baseline.label,
        name=measure.name,
        values=values,
        sureness=sureness,
        counts=counts,
        cost=cost,
    )


def _queries(evaluation: Evaluation) -> Message:
    return count_queries(len(evaluation.query_ids))


def _answer(test: PairedTest, measure: Measure) -> Message:
    if test.significant:
        gained = test.difference > 0
        return Message("It makes the ranking better.") if gained else Message("It makes the ranking worse.")
    if not test.differing:
        return Message("It changes no query's {measure}.", measure=measure.name)
    if test.least_p >= SIGNIFICANT:
        return Message("Too few queries differ to tell.")
    return Message("No sure gain.") if test.difference > 0 else Message("No gain.")


def _sureness(test: PairedTest) -> Message:
    if not test.differing:
        return NOTHING
    word, p = describe_effect(test.effect), describe_p(test.corrected_p)
    if test.significant:
        effect = NOTHING if test.effect is None else Message(", a {word} effect", word=word)
        return Message(" That is hardly chance ({p}{effect}).", p=p, effect=effect)
    return Message(" That could be chance ({p}).", p=p)


def _counts(test: PairedTest) -> Message:
    total = test.better + test.worse + test.equal
    return Message(
        "Better on {better:,} of {queries}, worse on {worse:,}, equal on {equal:,}.",
        better=test.better,
        queries=count_queries(total),
        worse=test.worse,
        equal=test.equal,
    )


def _cost(evaluation: Evaluation, ranker: RankerSpec) -> Message:
    speed = evaluation.speeds[ranker.key]
    if speed.seconds_per_query is None:
        return NOTHING
    time, where = seconds(speed.seconds_per_query), f" ({speed.device})" if speed.device else ""
    if speed.usd_per_query:
        return Message(
            " It takes {time} a query{where} and costs {price}.",
            time=time,
            where=where,
            price=price_of_thousand(speed.usd_per_query),
        )
    if speed.earlier:
        return Message(" It takes {time} a query, as measured in an earlier run on this machine.", time=time)
    return Message(" It takes {time} a query{where}.", time=time, where=where)


# ---- what makes it doubtful --------------------------------------------------------------------------------------


def cautions(evaluation: Evaluation, measure: Measure | None) -> tuple[Message, ...]:
    """What the person should know before trusting the figures, each a sentence without a full stop.

    Args:
        measure: the one that the verdict is by; None where nothing is judged.
    """
    return (
        *_beyond_reach(evaluation, measure),
        *evaluation.notes,
        *_few_queries(evaluation),
        *_judged(evaluation),
        *_truncated(evaluation),
    )


def _beyond_reach(evaluation: Evaluation, measure: Measure | None) -> Sequence[Message]:
    """What is left of the gain behind a first stage that hands on no more than it found."""
    reach, best = evaluation.reach, best_of(evaluation, measure)
    if reach is None or measure is None or best is None:
        return ()
    gain = reach.means[best.key, measure] - reach.means[evaluation.baseline, measure]
    return (
        Message(
            "The first stage did not find {unfound:,} of the {relevant:,} relevant candidates. Had only what it found "
            "been reranked, {label} would have {measure} {mean:.3f} ({gain})",
            unfound=reach.unfound,
            relevant=reach.relevant,
            label=best.label,
            measure=measure.name,
            mean=reach.means[best.key, measure],
            gain=signed(gain, 3, plus=True),
        ),
    )


def _few_queries(evaluation: Evaluation) -> Sequence[Message]:
    count = len(evaluation.query_ids)
    if count >= FEW_QUERIES or not evaluation.measures:
        return ()
    return (
        plural(
            "{count} query is few: only large differences can be told from chance",
            "{count} queries are few: only large differences can be told from chance",
            count,
        ),
    )


def _judged(evaluation: Evaluation) -> Sequence[Message]:
    """Where too little is judged, or not alike for all, and the lengths of the lists are not the reason."""
    if JUDGED_AT_10 not in evaluation.measures:
        return ()
    figures = {ranker: evaluation.figures[ranker.key, JUDGED_AT_10].mean for ranker in evaluation.rankers}
    shares = {ranker: evaluation.judged_shares[ranker.key] for ranker in evaluation.rankers}
    low, high = min(figures, key=figures.__getitem__), max(figures, key=figures.__getitem__)
    if min(figures[high] - figures[low], shares[high] - shares[low]) >= UNLIKE_JUDGED:
        return (
            Message(
                "Judged@10 is {shares:.2f} for {low} and {shares_2:.2f} for {high}: what nobody judged gains nothing, "
                "so the comparison favours the second",
                shares=figures[low],
                low=low.label,
                shares_2=figures[high],
                high=high.label,
            ),
        )
    if max(figures[low], shares[low]) < LITTLE_JUDGED:
        return (
            Message(
                "Little is judged (Judged@10 from {shares:.2f}): what nobody judged gains nothing, however good",
                shares=figures[low],
            ),
        )
    return ()


def _truncated(evaluation: Evaluation) -> Sequence[Message]:
    return [
        Message(
            "{label} did not read {truncated:,} of {pairs:,} passages to their end",
            label=ranker.label,
            truncated=speed.truncated,
            pairs=speed.pairs,
        )
        for ranker in evaluation.rankers
        for speed in [evaluation.speeds[ranker.key]]
        if speed.truncated
    ]
