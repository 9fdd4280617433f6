"""What an evaluation says, as HTML: the answer, the table, the queries one by one, what a score means.

Without judgments the first three say what a ranker changes, and the last nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from demo.charts.evaluation.threshold import describe_cut, threshold_data
from demo.charts.evaluation.view import EvaluationView
from demo.evaluation.analysis import QueryDifference, differences
from demo.evaluation.changes import Changes, QueryChange
from demo.evaluation.figures import Figure, PairedTest, describe_p, describe_test
from demo.evaluation.outcomes import Outcome
from demo.evaluation.presets import published_value
from demo.evaluation.protocol import PartialEvaluation
from demo.evaluation.slices import QUERIES, Field, Slice, slices
from demo.evaluation.verdict import JUDGED_AT_10, best_of, cautions, verdict, what_changes
from demo.messages import NOTHING, Language, Message
from demo.messages import sentence as as_sentence
from demo.metrics.agreement import RBO
from demo.metrics.calibration import fit_isotonic, fit_platt
from demo.metrics.effectiveness import Measure
from demo.metrics.significance import Interval, describe_effect
from demo.phrases import Direction, direction, price_of_thousand, seconds, signed
from demo.records import RankerSpec
from demo.ui import wording as w
from demo.ui.evaluate.session import BY_GAIN, Evaluated
from demo.ui.views.render import render

SHOWN_QUERIES = 300
"""Of a longer list its two ends are shown, as the greatest gains and the greatest losses."""


def so_far(done: PartialEvaluation, measure: Measure, means: Sequence[tuple[str, float]], language: Language) -> str:
    """The means over the queries that are done, while others are still to come."""
    return render(
        "evaluation_so_far.html",
        language,
        done=len(done.outcomes),
        total=done.total,
        measure=measure.name,
        means=[(label, f"{value:.3f}") for label, value in means],
    )


# ---- the answer --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EvaluationFigure:
    """One of the figures in the strip below the answer."""

    label: Message
    value: str
    sub: str
    meaning: Message = NOTHING


def headline(evaluated: Evaluated, view: EvaluationView, language: Language) -> str:
    """The answer in plain words, what makes it doubtful, and the key figures."""
    evaluation = view.evaluation
    done = evaluated.done
    sentence = verdict(evaluation, view.measure) if view.chosen else what_changes(evaluation, view.ranker)
    partial = w.EVALUATE_PARTIAL.format(done=f"{len(done.outcomes):,}", total=f"{done.total:,}")
    return render(
        "evaluation_headline.html",
        language,
        collection=evaluated.collection.card.title.to(language),
        preset=evaluated.preset.label.to(language) if evaluated.preset else "",
        partial=partial.to(language) if done.partial else "",
        run=id(done),
        question=(w.ANSWER if view.chosen else w.WHAT_CHANGES).to(language),
        sentence=sentence.to(language),
        cautions=[as_sentence(each).to(language) for each in cautions(evaluation, view.chosen)],
        figures=[
            _queries_figure(view, language),
            *(_quality_figures(view, language) if view.chosen else _change_figures(view, language)),
        ],
    )


def _queries_figure(view: EvaluationView, language: Language) -> EvaluationFigure:
    depth = w.UP_TO_CANDIDATES.format(depth=f"{view.evaluation.depth:,}").to(language)
    return EvaluationFigure(w.QUERIES, f"{len(view.evaluation.query_ids):,}", depth)


def _change_figures(view: EvaluationView, language: Language) -> list[EvaluationFigure]:
    """What the ranker that is looked at changes, and what it takes."""
    found, changes = [], view.evaluation.changes.get(view.key)
    if changes is not None:
        of_all = w.OF_QUERIES.format(n=f"{len(changes.rows):,}").to(language)
        mean_of = w.MEAN_OF_QUERIES.to(language)
        found.append(EvaluationFigure(w.OTHER_FIRST_ON, f"{changes.other_first:,}", of_all))
        if not changes.fits:
            found.append(EvaluationFigure(w.NEW_IN_TEN, f"{changes.new:.1f}", mean_of))
        found.append(EvaluationFigure(w.AGREEMENT_RBO, f"{changes.rbo:.2f}", mean_of, RBO.meaning))
    return [*found, _time_figure(view, view.key, language)]


def _time_figure(view: EvaluationView, key: str, language: Language) -> EvaluationFigure:
    speed = view.evaluation.speeds[key]
    if not speed.seconds_per_query:
        return EvaluationFigure(w.TIME_PER_QUERY, "–", w.ALL_KNOWN.to(language))
    device = " · ".join(filter(None, (speed.device, speed.precision)))
    remark = w.MEASURED_EARLIER.to(language) if speed.earlier else device
    return EvaluationFigure(w.TIME_PER_QUERY, seconds(speed.seconds_per_query), remark)


def _quality_figures(view: EvaluationView, language: Language) -> list[EvaluationFigure]:
    """The best ranker and how it stands against the baseline, and what it takes."""
    evaluation, measure = view.evaluation, view.measure
    best = best_of(evaluation, measure) or view.baseline
    figure, before = view.figure(best.key), view.figure(view.baseline.key)
    found = [
        EvaluationFigure(
            Message("{name}, {label}", name=measure.name, label=best.label),
            f"{figure.mean:.3f}",
            _interval(figure.interval),
            measure.row.meaning,
        ),
    ]
    if figure.test is not None:
        test = figure.test
        against = Message("Against {label}", label=view.baseline.label)
        sub = f"{before.mean:.3f} → {figure.mean:.3f}"
        found += [
            EvaluationFigure(against, signed(test.difference, 3, plus=True), sub),
            EvaluationFigure(
                w.BETTER_AND_WORSE,
                f"{test.better:,} · {test.worse:,}",
                w.EQUAL.format(n=f"{test.equal:,}").to(language),
            ),
        ]
    return [*found, _time_figure(view, best.key, language)]


def _interval(interval: Interval, decimals: int = 3) -> str:
    return f"[{signed(interval.low, decimals)}, {signed(interval.high, decimals)}]"


# ---- the table ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EvaluationCell:
    """A mean with its interval; `best` of its column, `significant` against the baseline; `published` "" if unknown."""

    mean: str
    interval: str
    best: bool
    significant: bool
    published: str


@dataclass(frozen=True, slots=True)
class Against:
    """What the paired test against the baseline says, in short cells; `words` is the same in a sentence."""

    direction: Direction
    difference: str
    interval: str
    p: str
    effect: str
    counts: str
    words: str


@dataclass(frozen=True, slots=True)
class EvaluationRow:
    """One ranker of the table.

    Attributes:
        key: as the ranker is written, where that is not its label.
        against: None for the baseline.
        looked_at: whether it is the ranker that the pictures show.
        price: of 1,000 queries, where the owner of a server states one.
    """

    label: str
    key: str
    cells: tuple[EvaluationCell, ...]
    against: Against | None
    looked_at: bool
    time: str
    price: str


def table(evaluated: Evaluated, view: EvaluationView, language: Language) -> str:
    """Rankers by measures with the test of the one that is looked at, or by what they change; why some failed."""
    evaluation = view.evaluation
    failed = [(failure.ranker.label, failure.reason.to(language)) for failure in evaluated.done.failures]
    if view.chosen is None:
        return render(
            "evaluation_changes.html",
            language,
            rows=[_change_row(view, ranker) for ranker in evaluation.rankers],
            failed=failed,
            baseline=view.baseline.label,
        )
    rows = [_row(evaluated, view, ranker_index, language) for ranker_index in range(len(evaluation.rankers))]
    return render(
        "evaluation_table.html",
        language,
        rows=rows,
        failed=failed,
        measures=evaluation.measures,
        chosen=view.measure,
        baseline=view.baseline.label,
        tested=len(rows) > 1,
        relevant_from=evaluation.relevant_from,
    )


def _row(evaluated: Evaluated, view: EvaluationView, ranker_index: int, language: Language) -> EvaluationRow:
    evaluation = view.evaluation
    ranker = evaluation.rankers[ranker_index]
    test = view.figure(ranker.key).test
    return EvaluationRow(
        label=ranker.label,
        key=_key(ranker),
        cells=tuple(_cell(evaluated, view, ranker.key, measure) for measure in evaluation.measures),
        against=None if test is None else _against(test, language),
        looked_at=ranker.key == view.key,
        time=_time(view, ranker),
        price=price_of_thousand(usd).to(language) if (usd := evaluation.speeds[ranker.key].usd_per_query) else "",
    )


def _key(ranker: RankerSpec) -> str:
    """How the ranker is written, where that is not its label."""
    return ranker.key if ranker.key != ranker.label else ""


def _time(view: EvaluationView, ranker: RankerSpec) -> str:
    time = view.evaluation.speeds[ranker.key].seconds_per_query
    return "–" if time is None else seconds(time)


def _against(test: PairedTest, language: Language) -> Against:
    return Against(
        direction=direction(test.difference),
        difference=signed(test.difference, 3, plus=True),
        interval=_interval(test.interval),
        p=describe_p(test.corrected_p),
        effect=describe_effect(test.effect).to(language),
        counts=f"▲ {test.better:,}  ▼ {test.worse:,}  ● {test.equal:,}",
        words=describe_test(test).to(language),
    )


def _cell(evaluated: Evaluated, view: EvaluationView, key: str, measure: Measure) -> EvaluationCell:
    evaluation, preset = view.evaluation, evaluated.preset
    figure: Figure = evaluation.figures[key, measure]
    best = max(evaluation.figures[ranker.key, measure].mean for ranker in evaluation.rankers)
    published = published_value(preset, key) if preset is not None and measure == preset.measure else None
    return EvaluationCell(
        mean=f"{figure.mean:.3f}",
        interval="" if measure == JUDGED_AT_10 else _interval(figure.interval),
        best=len(evaluation.rankers) > 1 and figure.mean == best and measure != JUDGED_AT_10,
        significant=figure.test is not None and figure.test.significant,
        published="" if published is None else f"{published:.3f}",
    )


@dataclass(frozen=True, slots=True)
class SliceRow:
    """One value of a field: how many queries count, and a mean for each ranker with its difference from the baseline.

    Attributes:
        is_here: whether the evaluation is of the queries with this value alone.
    """

    value: str
    queries: int
    cells: tuple[SliceCell, ...]
    is_here: bool


@dataclass(frozen=True, slots=True)
class SliceCell:
    """A mean and its difference from the baseline's; `difference` is "" for the baseline itself."""

    mean: str
    difference: str
    direction: Direction
    best: bool


def by_field(evaluated: Evaluated, view: EvaluationView, field: Field | None, language: Language) -> str:
    """A row for each value of the field, over all queries; "" where there is no field to choose, or no measure."""
    if view.chosen is None or not evaluated.fields:
        return ""
    if field is None:
        return render("evaluation_slices.html", language, help=w.SLICES_EMPTY.to(language), rows=[])
    evaluation, measure = view.evaluation, view.chosen
    found = slices(evaluated.every, evaluated.collection, field, measure, evaluation.relevant_from)
    base = [ranker.key for ranker in evaluation.rankers].index(evaluation.baseline)
    said = w.SLICES_BY_QUERY if field.side == QUERIES else w.SLICES_BY_PASSAGE
    return render(
        "evaluation_slices.html",
        language,
        help=said.format(measure=measure.name, baseline=view.baseline.label).to(language),
        labels=[ranker.label for ranker in evaluation.rankers],
        rows=[
            SliceRow(each.value or "–", each.queries, _slice_cells(each, base), evaluated.within == (field, each.value))
            for each in found
        ],
        name=field.name,
    )


def _slice_cells(found: Slice, base: int) -> tuple[SliceCell, ...]:
    best = max(found.means)
    return tuple(
        SliceCell(
            f"{value:.3f}",
            "" if ranker_index == base else signed(value - found.means[base], 3, plus=True),
            direction(value - found.means[base]),
            len(found.means) > 1 and value == best,
        )
        for ranker_index, value in enumerate(found.means)
    )


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One ranker of the table of changes; `cells` are None for the baseline."""

    label: str
    key: str
    cells: tuple[str, str, str] | None
    looked_at: bool
    time: str


def _change_row(view: EvaluationView, ranker: RankerSpec) -> ChangeRow:
    changes = view.evaluation.changes.get(ranker.key)
    cells = None
    if changes is not None:
        first = f"{changes.other_first:,} / {len(changes.rows):,}"
        cells = (f"{changes.rbo:.2f}", "–" if changes.fits else f"{changes.new:.1f}", first)
    return ChangeRow(ranker.label, _key(ranker), cells, ranker.key == view.key, _time(view, ranker))


# ---- query by query ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gain:
    """Both figures of one query."""

    before: str
    after: str
    difference: str
    direction: Direction


@dataclass(frozen=True, slots=True)
class QueryRow:
    """One query: what it asks, and what became of it.

    Attributes:
        query_index: among the outcomes.
        gain: None where nothing is judged; change: None for the baseline itself, and for a query without candidates.
        differs: what is said of it in Rerank; "" for nothing.
    """

    number: int
    query_index: int
    text: str
    query_id: str
    gain: Gain | None
    change: QueryChange | None
    differs: str


def queries(
    view: EvaluationView,
    order: str,
    language: Language,
    live: bool = True,
    differs: Callable[[Outcome], Message] = lambda outcome: NOTHING,
) -> str:
    """Every query with what it gains and what changes; where there is a server, one opens in Rerank.

    Args:
        order: BY_GAIN, the greatest first, or BY_AGREEMENT, the least first; without judgments it is the second.
        differs: what is said of a query in Rerank if its candidates are others there.
    """
    changes = view.evaluation.changes.get(view.key, Changes((), fits=True))
    gains = differences(view.evaluation, view.key, view.chosen) if view.chosen else ()
    by_gain = bool(gains) and (order == BY_GAIN or not changes.rows)
    ids = [row.query_id for row in (gains if by_gain else changes.least_agreeing())]
    met = set(ids)
    without = [query_id for query_id in view.evaluation.query_ids if query_id not in met]
    rows = _query_rows(view, [*ids, *without], gains, changes, lambda outcome: differs(outcome).to(language))
    half = SHOWN_QUERIES // 2
    cut = len(rows) > SHOWN_QUERIES
    return render(
        "evaluation_queries.html",
        language,
        first=rows[:half] if cut else rows,
        last=rows[-half:] if cut else [],
        between=len(rows) - 2 * half if cut else 0,
        total=len(rows),
        live=live,
        columns=2 + 3 * bool(gains) + 2 * bool(changes.rows),
        help=w.QUERIES_BY_GAIN if by_gain else w.QUERIES_BY_AGREEMENT,
        changes=bool(changes.rows),
        measure=view.chosen.name if view.chosen else "",
        ranker=view.ranker.label,
        baseline=view.baseline.label,
    )


def _query_rows(
    view: EvaluationView,
    ids: Sequence[str],
    gains: Sequence[QueryDifference],
    changes: Changes,
    differs: Callable[[Outcome], str],
) -> list[QueryRow]:
    query_indices = {query_id: query_index for query_index, query_id in enumerate(view.evaluation.query_ids)}
    of_gain = {row.query_id: _gain(row) for row in gains}
    of_change = {row.query_id: row for row in changes.rows}
    return [
        QueryRow(
            number,
            query_indices[query_id],
            view.outcomes[query_indices[query_id]].query.text,
            query_id,
            of_gain.get(query_id),
            of_change.get(query_id),
            differs(view.outcomes[query_indices[query_id]]),
        )
        for number, query_id in enumerate(ids, 1)
    ]


def _gain(row: QueryDifference) -> Gain:
    difference = signed(row.difference, 3, plus=True)
    return Gain(f"{row.before:.3f}", f"{row.after:.3f}", difference, direction(row.difference))


# ---- what a score means ------------------------------------------------------------------------------------------


def meaning(view: EvaluationView, threshold: float | None, language: Language) -> str:
    """What cutting at the threshold keeps, how likely relevance is there, and the curve in two numbers."""
    data = threshold_data(view, threshold)
    scores, relevant = view.relevant()
    platt, isotonic = fit_platt(scores, relevant), fit_isotonic(scores, relevant)
    if data.chosen is None or data.best is None or platt is None or isotonic is None:
        return render("evaluation_meaning.html", language, known=False)
    at = data.chosen.threshold
    words = describe_cut(data.chosen)
    return render(
        "evaluation_meaning.html",
        language,
        known=True,
        ranker=view.ranker.label,
        cut=Message("{words}.", words=words).to(language),
        chance=w.CHANCE_AT.format(
            score=signed(at, plus=True),
            platt=f"{float(platt.probability(at)):.2f}",
            isotonic=f"{float(isotonic.probability(at)):.2f}",
        ).to(language),
        best=w.BEST_F1.format(score=signed(data.best.threshold, plus=True)).to(language),
        slope=signed(platt.slope, 4),
        intercept=signed(platt.intercept, 4, plus=True),
        counts=w.FITTED_ON.format(n=f"{relevant.size:,}", relevant=f"{int(relevant.sum()):,}").to(language),
        unjudged=w.UNJUDGED_COUNT.to(language) if view.unjudged_too else "",
    )
