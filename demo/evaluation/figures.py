"""From outcomes and qrels to an `Evaluation`: per-query figures, means with intervals, tests against a baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from demo.errors import InputError
from demo.evaluation.changes import Changes, changes_between
from demo.evaluation.outcomes import Outcome
from demo.messages import Message, listed
from demo.metrics.effectiveness import Measure, mean, measure_run
from demo.metrics.significance import (
    Interval,
    bootstrap_intervals,
    describe_effect,
    holm,
    paired_effect,
    randomisation_ps,
    smallest_p,
)
from demo.phrases import shown, signed
from demo.records import Collection, RankerSpec

Floats = npt.NDArray[np.float64]

SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class PairedTest:
    """One ranker against the baseline, query by query.

    Attributes:
        difference: the mean of the differences, ranker − baseline; `interval` is its 95 % bootstrap interval.
        better, worse, equal: queries on which the ranker is that.
        p: two-sided, of the paired randomisation test; `corrected_p` after Holm over all rankers of this measure.
        least_p: the smallest p that so many differing queries can give.
        effect: Cohen's d of paired differences; None where it is undefined.
    """

    difference: float
    interval: Interval
    better: int
    worse: int
    equal: int
    p: float
    corrected_p: float
    least_p: float
    effect: float | None

    @property
    def differing(self) -> int:
        """Queries on which the two differ."""
        return self.better + self.worse

    @property
    def significant(self) -> bool:
        """Whether the corrected p is below 0.05."""
        return self.corrected_p < SIGNIFICANT


@dataclass(frozen=True, eq=False)
class Figure:
    """One ranker by one measure.

    Attributes:
        values: float64 (queries,), in the order of `Evaluation.query_ids`.
        mean: of the values; `interval` is its 95 % bootstrap interval.
        test: against the baseline; None for the baseline itself.
    """

    values: Floats
    mean: float
    interval: Interval
    test: PairedTest | None = None


@dataclass(frozen=True, slots=True)
class Speed:
    """What ranking took.

    Attributes:
        pairs: scored pairs; truncated: of these, passages that were not read to their end.
        seconds_per_query: wall-clock, loading and indexing apart, over the queries of which no score was known from
            before; if all were, at the pace of an earlier run on this machine; None where nothing was ever measured.
        pairs_per_second: None in the same case.
        earlier: whether the time is that of an earlier run.
        usd_per_query: what a server beyond this machine bills, in US dollars, scores that were known from before
            included; 0 where its owner states no price.
        device, precision: as in `Cost`.
    """

    pairs: int
    truncated: int
    seconds_per_query: float | None
    pairs_per_second: float | None
    device: str
    precision: str
    earlier: bool = False
    usd_per_query: float = 0.0


@dataclass(frozen=True, eq=False)
class Reach:
    """What a first stage left out: a reranker behind it alone would see nothing of that.

    Attributes:
        relevant: relevant candidates of all queries together; unfound: those of them that it did not find, 1 or more.
        means: (ranker key, measure) → mean if only what it found had been ranked.
    """

    relevant: int
    unfound: int
    means: Mapping[tuple[str, Measure], float]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Rankers by measures over the queries that were worked on; without judgments there are no measures.

    Attributes:
        query_ids: in the order of the work.
        baseline: key of the ranker that the others are tested against.
        relevant_from: the lowest grade that counts as relevant for binary measures.
        depth: most candidates that a query had.
        figures: (ranker key, measure) → figure, for every pair of the two.
        changes: ranker key → what it changes in the baseline's order, for every ranker but the baseline.
        speeds: ranker key → speed.
        notes: what the person should know before trusting the figures.
        judged_shares: ranker key → how many judged passages are among its first ten, as a share of ten or of all
            candidates if these are fewer: a mean over the queries for which it found any. Judged@10 divides by what was
            found, so that it is higher for a list without what was not found, and 0 for a query without any.
        reach: None where the first stage found all relevant candidates, or is not known.
    """

    collection_key: str
    query_ids: tuple[str, ...]
    rankers: tuple[RankerSpec, ...]
    measures: tuple[Measure, ...]
    baseline: str
    relevant_from: int
    depth: int
    figures: Mapping[tuple[str, Measure], Figure]
    changes: Mapping[str, Changes]
    speeds: Mapping[str, Speed]
    notes: tuple[Message, ...] = ()
    reach: Reach | None = None
    judged_shares: Mapping[str, float] = field(default_factory=dict)


# ---- making one --------------------------------------------------------------------------------------------------


def evaluate(
    outcomes: Sequence[Outcome],
    collection: Collection,
    measures: Sequence[Measure],
    baseline: str = "",
    relevant_from: int = 1,
    notes: tuple[Message, ...] = (),
) -> Evaluation:
    """The evaluation of the outcomes that there are, all or the first of them.

    Args:
        measures: left out where the collection has no judgments at all.
        baseline: key of a ranker; "" takes the first.

    Raises:
        InputError: there are no outcomes, no ranker has the key of the baseline, or `relevant_from` is below 1.
    """
    if not outcomes:
        raise InputError("No query has been ranked yet, so there is nothing to measure. Let at least one finish.")
    rankers = tuple(ranking.ranker for ranking in outcomes[0].rankings)
    baseline = known_baseline(baseline, rankers)
    keys = [ranker.key for ranker in rankers]
    before = keys.index(baseline)
    qrels = judged_of(outcomes, collection)
    measures = measures if collection.is_judged else ()
    values: dict[tuple[str, Measure], Floats] = {}
    judged_shares: dict[str, float] = {}
    for ranker_index, ranker in enumerate(rankers):
        run = {outcome.query.query_id: outcome.ranked(ranker_index) for outcome in outcomes}
        for measure, found in measure_run(qrels, run, measures, relevant_from).items():
            values[ranker.key, measure] = np.array(list(found.values()), dtype=np.float64)
        judged_shares[ranker.key] = _judged_share(run, outcomes, qrels)
    return Evaluation(
        collection_key=collection.key,
        query_ids=tuple(qrels),
        rankers=rankers,
        measures=tuple(measures),
        baseline=baseline,
        relevant_from=relevant_from,
        depth=max(len(outcome.doc_ids) for outcome in outcomes),
        figures=_figures(values, baseline),
        changes={
            key: changes_between(outcomes, before, ranker_index)
            for ranker_index, key in enumerate(keys)
            if ranker_index != before
        },
        speeds={ranker.key: _speed(outcomes, ranker_index) for ranker_index, ranker in enumerate(rankers)},
        notes=(*notes, *(_cautions(qrels, relevant_from) if measures else ())),
        reach=_reach(outcomes, qrels, rankers, measures, relevant_from) if measures else None,
        judged_shares=judged_shares,
    )


def _judged_share(
    run: Mapping[str, Sequence[str]], outcomes: Sequence[Outcome], qrels: Mapping[str, Mapping[str, int]]
) -> float:
    """See `Evaluation.judged_shares`; 0 where nothing was found at all."""
    shares = []
    for outcome in outcomes:
        query_id = outcome.query.query_id
        if top := run[query_id][:10]:
            shares.append(sum(doc_id in qrels[query_id] for doc_id in top) / min(10, len(outcome.doc_ids)))
    return mean(shares)


def _reach(
    outcomes: Sequence[Outcome],
    qrels: Mapping[str, Mapping[str, int]],
    rankers: Sequence[RankerSpec],
    measures: Sequence[Measure],
    relevant_from: int,
) -> Reach | None:
    """See `Evaluation.reach`."""

    def relevant(outcome: Outcome, doc_ids: Sequence[str]) -> int:
        grades = qrels[outcome.query.query_id]
        return sum(grades.get(doc_id, 0) >= relevant_from for doc_id in doc_ids)

    unfound = sum(relevant(outcome, outcome.doc_ids[outcome.found :]) for outcome in outcomes)
    if not unfound:
        return None
    means: dict[tuple[str, Measure], float] = {}
    for ranker_index, ranker in enumerate(rankers):
        run = {outcome.query.query_id: outcome.ranked(ranker_index, outcome.found) for outcome in outcomes}
        for measure, values in measure_run(qrels, run, measures, relevant_from).items():
            means[ranker.key, measure] = mean(values.values())
    return Reach(sum(relevant(outcome, outcome.doc_ids) for outcome in outcomes), unfound, means)


def judged_of(outcomes: Sequence[Outcome], collection: Collection) -> dict[str, Mapping[str, int]]:
    """The judgments of each query that was worked on, in the order of the work."""
    return {outcome.query.query_id: collection.qrels.get(outcome.query.query_id, {}) for outcome in outcomes}


def known_baseline(baseline: str, rankers: Sequence[RankerSpec]) -> str:
    """The key, or that of the first ranker for "".

    Raises:
        InputError: no ranker has it.
    """
    keys = [ranker.key for ranker in rankers]
    if not baseline or baseline in keys:
        return baseline or keys[0]
    raise InputError(
        "There is no ranker “{baseline}” to compare with. Choose one of {keys}.",
        baseline=shown(baseline),
        keys=listed(keys),
    )


def _figures(values: Mapping[tuple[str, Measure], Floats], baseline: str) -> dict[tuple[str, Measure], Figure]:
    """Means with their intervals and, but for those of the baseline, with their tests against it."""
    if not values:
        return {}
    tested = [key for key in values if key[0] != baseline]
    differences = [values[key] - values[baseline, key[1]] for key in tested]
    intervals = bootstrap_intervals([*values.values(), *differences])
    found_tests = map(_paired_test, differences, randomisation_ps(differences), intervals[len(values) :])
    tests = dict(zip(tested, found_tests, strict=True))
    for measure in dict.fromkeys(measure for _, measure in tested):
        of_measure = [key for key in tested if key[1] == measure]
        for key, p in zip(of_measure, holm([tests[each].p for each in of_measure]), strict=True):
            tests[key] = replace(tests[key], corrected_p=p)
    return {
        key: Figure(found, mean(found.tolist()), interval, tests.get(key))
        for (key, found), interval in zip(values.items(), intervals, strict=False)
    }


def _paired_test(differences: Floats, p: float, interval: Interval) -> PairedTest:
    """The test, not yet corrected for others beside it."""
    better, worse = int(np.count_nonzero(differences > 0)), int(np.count_nonzero(differences < 0))
    return PairedTest(
        difference=mean(differences.tolist()),
        interval=interval,
        better=better,
        worse=worse,
        equal=differences.size - better - worse,
        p=p,
        corrected_p=p,
        least_p=smallest_p(better + worse),
        effect=paired_effect(differences),
    )


def _speed(outcomes: Sequence[Outcome], ranker_index: int) -> Speed:
    costs = [outcome.rankings[ranker_index].cost for outcome in outcomes]
    fresh = [cost for cost in costs if not cost.kept_pairs]
    seconds = sum(cost.tokenise_seconds + cost.model_seconds for cost in fresh)
    last = next((cost for cost in reversed(costs) if cost.device), costs[-1])
    pairs, earlier = sum(cost.pairs for cost in costs), None
    rate = sum(cost.pairs for cost in fresh) / seconds if seconds > 0 else None
    if rate is None:
        earlier = next((cost.pace for cost in reversed(costs) if cost.pace is not None), None)
        rate = None if earlier is None else earlier.pairs_per_second
    per_query = seconds / len(fresh) if seconds > 0 else None if rate is None else pairs / len(costs) / rate
    return Speed(
        pairs=pairs,
        truncated=sum(outcome.truncated[ranker_index] for outcome in outcomes),
        seconds_per_query=per_query,
        pairs_per_second=rate,
        device=last.device,
        precision=last.precision,
        earlier=earlier is not None,
        usd_per_query=sum(cost.usd + cost.kept_usd for cost in costs) / len(costs),
    )


def _cautions(qrels: Mapping[str, Mapping[str, int]], relevant_from: int) -> tuple[Message, ...]:
    """What the judgments themselves make doubtful."""
    hopeless = sum(not any(grade >= relevant_from for grade in grades.values()) for grades in qrels.values())
    if not hopeless:
        return ()
    return (
        Message(
            "queries without a passage of grade {grade} or more, where every binary measure is 0: {hopeless:,} of "
            "{qrels:,}",
            grade=relevant_from,
            hopeless=hopeless,
            qrels=len(qrels),
        ),
    )


# ---- in words ----------------------------------------------------------------------------------------------------


def describe_test(test: PairedTest) -> Message:
    """What a test says, in a sentence: which way, by how much, chance or not, on how many queries."""
    change = signed(test.difference, 3, plus=True)
    counts = Message(
        "better on {better}, worse on {worse}, equal on {equal} queries",
        better=test.better,
        worse=test.worse,
        equal=test.equal,
    )
    word = describe_effect(test.effect)
    p = describe_p(test.corrected_p)
    if test.significant:
        verdict = Message("hardly chance ({p}, {word} effect)", p=p, word=word)
    elif test.least_p >= SIGNIFICANT:
        verdict = Message("too few queries differ to tell ({better})", better=test.differing)
    else:
        verdict = Message("could be chance ({p})", p=p)
    return Message("{change}, {verdict}: {counts}", change=change, verdict=verdict, counts=counts)


def describe_p(p: float) -> str:
    """The p-value as reports give it: “p = 0.03”, “p < 0.001”."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"
