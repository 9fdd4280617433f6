"""What the Evaluate tab does, free of components: forms in, frozen `View`s out.

An evaluation is scored once; measure, baseline, ranker, grade and threshold only draw it again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from demo import uploads
from demo.charts.evaluation import EVALUATION_CHARTS, EvaluationChart
from demo.charts.evaluation.view import EvaluationView
from demo.errors import DemoError, InputError
from demo.evaluation import evaluate, report
from demo.evaluation.outcomes import Outcome
from demo.evaluation.presets import find_preset
from demo.evaluation.protocol import JUDGED, Asked, PartialEvaluation, read_rankers, set_up
from demo.evaluation.slices import QUERIES, Field, values_of
from demo.evaluation.verdict import JUDGED_AT_10, best_of
from demo.formats.judged import Judged, read_judged_files
from demo.formats.outputs import candidates_rank_llm, collection_beir, qrels_jsonl, qrels_quepid, set_to_rerank
from demo.formats.source import Fields
from demo.messages import NOTHING, Language, Message, joined
from demo.metrics.calibration import fit_isotonic, fit_platt
from demo.metrics.effectiveness import MOST_GRADE, USUAL, mean, measure_run, parse_measures
from demo.phrases import shorten
from demo.progress import Steps
from demo.rankers.engine import Engine, RunRanker
from demo.rankers.protocol import Ranker
from demo.records import Collection, Failure
from demo.service import RankingService
from demo.ui import wording as w
from demo.ui.boundary import guarded, require
from demo.ui.evaluate import links
from demo.ui.evaluate.session import EVERY, GIVEN, NO_PRESET, RUN, WITH, Evaluated, EvaluateForm, EvaluateOptions
from demo.ui.inputs.fields import Choices, Understood, understand
from demo.ui.inputs.handlers import COLLECTION, UPLOAD, InputsPane, uploaded_or_refused
from demo.ui.links import not_here
from demo.ui.parts import HIDDEN, ChartView, archive, check_fits_page, drawn_chart
from demo.ui.progress import PROGRESS_SECONDS, TimeLeft, render_progress
from demo.ui.saving import saved_page
from demo.ui.sections import ALWAYS, ChartRow, Occasion, Section, View, draw
from demo.ui.views import evaluation as views
from demo.ui.views import status

DEPTH = 100
"""Candidates of a query at the start, as usual in the literature."""
SO_FAR_SECONDS = 2.0
MOST_RUN_LINES = 300_000
"""Of a run file that the browser is given; larger ones are for the command line."""


@dataclass(frozen=True, eq=False)
class Opened:
    """A query of an evaluation as the shared inputs take it.

    Attributes:
        collection: all passages, or the candidates alone with the scores of the run that they come of.
    """

    query: str
    source: str
    collection: Collection
    first_stage: str
    depth: int
    said: Message


@dataclass(frozen=True, eq=False)
class EvaluateLook:
    """What the sections are drawn from.

    Attributes:
        live: whether there is a server to open a query with.
    """

    evaluated: Evaluated
    view: EvaluationView
    options: EvaluateOptions
    language: Language
    live: bool = True

    @property
    def field(self) -> Field | None:
        """The field whose values have figures of their own."""
        return field_of(self.evaluated, self.options)

    def differs(self, outcome: Outcome) -> Message:
        """What is said of the query in Rerank if its candidates are others there."""
        evaluated = self.evaluated
        return NOTHING if evaluated.first_stage and outcome.doc_ids else evaluated.differs


MEASURE, ORDER, CUT, FIELD = (frozenset({name}) for name in ("measure", "order", "cut", "field"))
"""The occasions that another measure, order of the queries, threshold or field was chosen."""


def _chart(row: EvaluationChart, look: EvaluateLook) -> ChartView:
    """One chart's heading with its words for screen readers, and its picture; hidden where there is nothing to draw."""
    if row.judged and look.view.chosen is None:
        return HIDDEN
    data = row.data(look.view, look.options.threshold)
    if row.is_bare(data):
        return HIDDEN
    return drawn_chart(row.label, row.alt(data), row.figure(data, look.language), look.language)


def _charts(scores: bool) -> tuple[ChartRow[EvaluateLook], ...]:
    """Those of the scores of one ranker, or those of the queries."""
    return tuple(
        ChartRow(
            f"evaluation-{row.key}",
            partial(_chart, row),
            (CUT if row.cut else frozenset()) | (MEASURE if row.judged and not row.scores else frozenset()),
        )
        for row in EVALUATION_CHARTS
        if row.scores == scores
    )


def _meaning(look: EvaluateLook) -> str:
    return views.meaning(look.view, look.options.threshold, look.language) if look.view.chosen else ""


SECTIONS: tuple[Section[EvaluateLook], ...] = (
    Section("headline", draw=lambda look: views.headline(look.evaluated, look.view, look.language), on=MEASURE),
    Section("share", saved=False),
    Section(
        "table", w.RANKERS_COMPARED, lambda look: views.table(look.evaluated, look.view, look.language), on=MEASURE
    ),
    Section(
        "slices",
        w.SLICES,
        lambda look: views.by_field(look.evaluated, look.view, look.field, look.language),
        on=MEASURE | FIELD,
    ),
    Section("charts", w.EVALUATION_CHARTS, charts=_charts(scores=False)),
    Section(
        "queries",
        w.QUERIES,
        lambda look: views.queries(look.view, look.options.order, look.language, look.live, look.differs),
        on=MEASURE | ORDER,
    ),
    Section("meaning", w.MEANING, _meaning, _charts(scores=True), on=CUT, folded=True),
)


class EvaluateTab:
    """What the tab does: forms in, views out."""

    name = "evaluate"

    def __init__(self, pane: InputsPane) -> None:
        self.pane = pane
        self.service: RankingService = pane.service

    # ---- inputs --------------------------------------------------------------------------------------------------

    def read_upload(self, paths: Sequence[str] | None, qrels: str, choices: Choices) -> Understood[Judged]:
        """How the uploaded judged collection is understood, or why it cannot be."""
        if not paths:
            return Understood(sentence=w.EVALUATE_UPLOAD_NONE)

        def read(fields: Fields) -> Judged:
            files = list(map(uploads.read, paths))
            key = files[0][0] if len(files) == 1 else "uploaded"
            return read_judged_files(files, self.pane.limits, key, qrels.strip(), fields)

        return understand(read, choices)

    def default_form(self) -> EvaluateForm:
        """The form before anything is chosen."""
        return EvaluateForm(
            source=COLLECTION,
            collection=self.service.cards()[0][0],
            uploaded=None,
            candidates=GIVEN,
            run=None,
            depth=DEPTH,
            rankers=(str(self.service.default_first_stage()), self.service.default_model()),
            preset=NO_PRESET,
            measures=tuple(measure.key for measure in USUAL),
            relevant_from=1,
            queries=0,
        )

    # ---- links ---------------------------------------------------------------------------------------------------

    def link(self, form: EvaluateForm) -> dict[str, str]:
        """The link to what the form says; `links.written` tells what does not fit into one."""
        return {"text": urlencode(links.written(form, self.default_form(), self.service))}

    def linked(self, asked: Mapping[str, str], language: Language) -> tuple[EvaluateForm | None, str]:
        """The form that the address asks for, if it does, and why it cannot be run at once, if so.

        Following a link downloads nothing by itself.
        """
        try:
            form = links.read(asked, self.default_form(), self.service)
        except DemoError as error:
            return None, status.alert(w.LINK_REFUSED.format(reason=error.to(language)), language)
        missing = ", ".join(not_here(self._rankers(form))) if form else ""
        if missing:
            return form, status.notice(w.EVALUATE_LINK_DOWNLOADS.format(models=missing), language)
        return form, ""

    def _rankers(self, form: EvaluateForm) -> list[Ranker]:
        """The rankers of the form, first the one that finds the candidates, if one does."""
        finder = self._finder(form)
        return [*([finder] if finder else []), *self.service.rankers.read_all(form.rankers)]

    def _finder(self, form: EvaluateForm) -> Ranker | None:
        """The ranker that finds the candidates; None where they are given, judged or a run's."""
        return None if form.candidates in (GIVEN, JUDGED, RUN) else self.service.rankers.read(form.candidates)

    # ---- running -------------------------------------------------------------------------------------------------

    def run(
        self, form: EvaluateForm, options: EvaluateOptions, language: Language, before: Evaluated | None = None
    ) -> Iterator[View[Evaluated]]:
        """Views while queries are ranked, the finished one last; closing the iterator stops the work.

        Args:
            before: the evaluation before, whose baseline stays if a person chose it and it is there again.
        """
        if before is not None:
            options = replace(options, baseline=before.chosen_baseline)
        return guarded(
            self._run(form, options, language), lambda sentence: View(status=status.alert(sentence, language))
        )

    def _run(self, form: EvaluateForm, options: EvaluateOptions, language: Language) -> Iterator[View[Evaluated]]:
        yield View(status=status.progress(w.EVALUATE_PREPARING.to(language), 0, 0, language))
        begun, steps = self._begin(form)
        begun = replace(begun, baseline=options.baseline)
        relevant_from = whole(form.relevant_from, w.RELEVANT_FROM, 1, MOST_GRADE)
        pace, last, counted = TimeLeft(), -PROGRESS_SECONDS, _Counted()
        for step in steps:
            if isinstance(step.so_far, PartialEvaluation):
                begun = replace(begun, done=step.so_far)
                pace.one_done()
                if begun.collection.is_judged and counted.is_due(len(begun.done.outcomes)):
                    yield View(drawn={"headline": self._so_far(begun, relevant_from, language)})
            elif perf_counter() - last >= PROGRESS_SECONDS:
                last = perf_counter()
                yield View(begun, render_progress(step, language, pace.left(step.total - step.done)))
        begun = replace(begun, done=steps.result)
        if not begun.done.outcomes:
            raise _all_failed(begun.done.failures)
        yield View(begun, status.progress(w.EVALUATE_TESTING.to(language), 0, 0, language))
        yield replace(self._measured(begun, options, relevant_from, language), status="")

    def _begin(self, form: EvaluateForm) -> tuple[Evaluated, Steps[PartialEvaluation]]:
        """What is known before the first query, and the work itself.

        Raises:
            InputError: something that was chosen or typed cannot be used.
        """
        judged = self._judged(form)
        preset = None if form.preset == NO_PRESET else find_preset(form.preset)
        measures = parse_measures(" ".join(form.measures))
        depth = whole(form.depth, w.EVALUATE_DEPTH, 1, self.pane.settings.max_candidates)
        most = whole(form.queries, w.MOST_QUERIES, 0)
        rankers = self.service.rankers
        asked: Asked = self._finder(form) or form.candidates
        if form.candidates == RUN:
            asked = uploaded_or_refused(form.run, w.NO_RUN_FILE)
        plan = set_up(
            judged,
            read_rankers(form.rankers, judged, rankers),
            (*measures, JUDGED_AT_10),
            self.service.default_first_stage(),
            asked,
            depth,
            most,
            preset,
        )
        first = plan.candidates.first
        begun = Evaluated(
            judged=judged,
            bundled=form.source == COLLECTION,
            done=PartialEvaluation((), plan.failures, len(plan.queries)),
            measures=plan.measures,
            preset=preset,
            first="" if first is None else first.spec.key,
            depth=depth,
            notes=plan.candidates.notes,
            first_stage=self._in_rerank(first),
            differs=w.CANDIDATES_DIFFER.format(label=self.service.default_first_stage().spec.label),
        )
        return begun, self.service.evaluate(plan, self.pane.visitor())

    def _in_rerank(self, first: Ranker | None) -> str:
        """The first stage of Rerank that has the same candidates; "" if there is none."""
        if isinstance(first, RunRanker):
            return str(Engine())
        return str(first) if str(first) in map(str, self.pane.first_stages()) else ""

    def _judged(self, form: EvaluateForm) -> Judged:
        if form.source == COLLECTION:
            return Judged.bundled(self.service.collection(form.collection))
        return uploaded_or_refused(form.uploaded, w.NO_JUDGED_UPLOAD)

    def _so_far(self, begun: Evaluated, relevant_from: int, language: Language) -> str:
        """The means over the queries that are done."""
        outcomes, measure = begun.done.outcomes, begun.measures[0]
        if not outcomes:
            return ""
        qrels = {each.query.query_id: begun.collection.qrels.get(each.query.query_id, {}) for each in outcomes}
        means = []
        for ranker_index, ranking in enumerate(outcomes[0].rankings):
            run = {each.query.query_id: each.ranked(ranker_index) for each in outcomes}
            values = measure_run(qrels, run, (measure,), relevant_from)[measure]
            means.append((ranking.ranker.label, mean(values.values())))
        return views.so_far(begun.done, measure, means, language)

    def stopped(
        self, evaluated: Evaluated | None, options: EvaluateOptions, relevant_from: float | None, language: Language
    ) -> View[Evaluated]:
        """What was done when the person stopped the work, said to be a part."""
        if evaluated is None or not evaluated.done.outcomes or evaluated.evaluation is not None:
            return View(status=status.notice(w.EVALUATE_STOPPED_EMPTY, language))
        options = replace(options, baseline=evaluated.baseline)
        done, total = len(evaluated.done.outcomes), evaluated.done.total
        said = w.EVALUATE_STOPPED.format(done=f"{done:,}", total=f"{total:,}")
        drawn = self.redraw(evaluated, options, relevant_from, language)
        return drawn if drawn.status else replace(drawn, status=status.notice(said, language))

    # ---- drawing -------------------------------------------------------------------------------------------------

    def redraw(
        self, evaluated: Evaluated | None, options: EvaluateOptions, relevant_from: float | None, language: Language
    ) -> View[Evaluated]:
        """Everything anew after something that is looked at changed; nothing is scored."""
        if evaluated is None or not evaluated.done.outcomes:
            return View()
        try:
            grade = whole(relevant_from, w.RELEVANT_FROM, 1, MOST_GRADE)
            return self._measured(evaluated, options, grade, language)
        except DemoError as error:
            return View(status=status.alert(error.message, language))

    def returned(
        self, evaluated: Evaluated | None, options: EvaluateOptions, relevant_from: float | None, language: Language
    ) -> View[Evaluated]:
        """What has to be drawn anew when the visitor comes back, perhaps having judged elsewhere."""
        if evaluated is None or evaluated.own == options.counted:
            return View()
        return self.redraw(evaluated, options, relevant_from, language)

    def _measured(
        self, evaluated: Evaluated, options: EvaluateOptions, relevant_from: int, language: Language
    ) -> View[Evaluated]:
        """The evaluation with this baseline, this grade and the judgments that count, drawn."""
        if options.counted != evaluated.own:
            evaluated = replace(evaluated, own=options.counted, evaluation=None)
        within = within_of(evaluated, options)
        if within != evaluated.within:
            evaluated = replace(evaluated, within=within, evaluation=None)
        outcomes, known = evaluated.outcomes, evaluated.evaluation
        keys = [ranking.ranker.key for ranking in outcomes[0].rankings]
        baseline = options.baseline if options.baseline in keys else evaluated.usual_baseline
        if known is None or (known.baseline, known.relevant_from) != (baseline, relevant_from):
            own = (w.OWN_COUNT,) if evaluated.collection is not evaluated.judged.collection else ()
            part = (_within_note(evaluated, *within),) if within else ()
            notes = (*evaluated.notes, *own, *part)
            known = evaluate(outcomes, evaluated.collection, evaluated.measures, baseline, relevant_from, notes)
        return self.draw_view(replace(evaluated, evaluation=known), replace(options, baseline=baseline), language)

    def draw_view(self, evaluated: Evaluated, options: EvaluateOptions, language: Language) -> View[Evaluated]:
        """Every part of the page for a measured evaluation."""
        return View(evaluated, drawn=self._draw(evaluated, options, language))

    def again(
        self, evaluated: Evaluated | None, options: EvaluateOptions, language: Language, occasion: Occasion
    ) -> View[Evaluated]:
        """What an occasion changes: MEASURE, ORDER or CUT."""
        if evaluated is None or evaluated.evaluation is None:
            return View()
        return View(evaluated, drawn=self._draw(evaluated, options, language, occasion))

    def _draw(
        self,
        evaluated: Evaluated,
        options: EvaluateOptions,
        language: Language,
        occasion: Occasion = ALWAYS,
        live: bool = True,
    ) -> dict[str, Any]:
        look = EvaluateLook(evaluated, evaluation_view_of(evaluated, options), options, language, live)
        return draw(self.name, SECTIONS, look, language, occasion)

    # ---- going on from here --------------------------------------------------------------------------------------

    def opened(self, evaluated: Evaluated, query_index: int) -> Opened:
        """The query with this number among the outcomes, for the shared inputs.

        Where a run made the candidates, they come alone, with its scores as the engine's.
        """
        outcome, collection = evaluated.outcomes[query_index], evaluated.judged.collection
        if evaluated.first_stage == str(Engine()) and outcome.doc_ids:
            part = _candidates_alone(evaluated, outcome)
            said = w.OPENED_CANDIDATES.format(name=collection.key, candidates=f"{len(part.passages):,}")
            return Opened(outcome.query.text, UPLOAD, part, evaluated.first_stage, 0, said)
        said = w.OPENED_FROM.format(name=collection.key, passages=f"{len(collection.passages):,}")
        source = COLLECTION if evaluated.bundled else UPLOAD
        usual = str(self.service.default_first_stage())
        first = usual if evaluated.first_stage in ("", str(Engine())) else evaluated.first_stage
        return Opened(outcome.query.text, source, collection, first, evaluated.depth, said)

    def file(self, kind: str, evaluated: Evaluated | None, options: EvaluateOptions) -> dict[str, str]:
        """Name and content of a file for the browser to save; `kind` is a key of FILES.

        Raises:
            InputError: there is nothing to save yet, it is too large, or an id cannot stand in it.
        """
        evaluated = _ran(evaluated)
        view = evaluation_view_of(evaluated, options)
        suffix, write = FILES[kind]
        content, name = write(view), f"rerank-lens-{suffix}"
        return {"name": name, "text": content} if isinstance(content, str) else archive(name, content)

    def html(self, evaluated: Evaluated | None, options: EvaluateOptions, language: Language) -> dict[str, str]:
        """Name and content of the evaluation as a page of its own, looked at as it is now.

        Raises:
            InputError: there is nothing to save yet.
        """
        evaluated = _ran(evaluated)
        view, drawn = evaluation_view_of(evaluated, options), self._draw(evaluated, options, language, live=False)
        data = report.as_json(view.evaluation, view.outcomes, view.collection, view.ordered)
        page = saved_page(self.name, SECTIONS, view.evaluation.collection_key, drawn, data, language)
        return {"name": "rerank-lens-evaluation.html", "text": page}


def _candidates_alone(evaluated: Evaluated, outcome: Outcome) -> Collection:
    """The query with its candidates and their scores by the run that made them."""
    collection, query_id = evaluated.judged.collection, outcome.query.query_id
    indices = collection.indices_of(outcome.doc_ids)
    ranking = next(each for each in outcome.rankings if each.ranker.key == evaluated.first)
    return replace(
        collection,
        passages=tuple(collection.passages[indices[doc_id]] for doc_id in outcome.doc_ids),
        queries=(outcome.query,),
        qrels={query_id: grades} if (grades := collection.qrels.get(query_id)) else {},
        engine_scores=dict(zip(outcome.doc_ids, ranking.scores.tolist(), strict=True)),
    )


def _ran(evaluated: Evaluated | None) -> Evaluated:
    """The last evaluation; an error where there is none, or where it has not come to figures."""
    return require(evaluated if evaluated and evaluated.evaluation else None, w.EVALUATE_FIRST)


def whole(value: float | None, label: Message, least: int, most: int = sys.maxsize) -> int:
    """The whole number in a field.

    Raises:
        InputError: the field is empty, or its number is not whole, below `least` or above `most`.
    """
    if value is not None and value == int(value) and least <= value <= most:
        return int(value)
    found = Message("empty") if value is None else Message("{value:g}", value=value)
    span = Message("{least} or more", least=least)
    if most < sys.maxsize:
        span = Message("{least} to {most:,}", least=least, most=most)
    raise InputError(w.WRONG_NUMBER.format(label=label, found=found, span=span))


class _Counted:
    """When means so far are worth telling: seldom at first, and ever more seldom, so that the telling stays cheap."""

    def __init__(self) -> None:
        self._next, self._at = 1, perf_counter()

    def is_due(self, done: int) -> bool:
        """Whether to tell them now, after `done` queries."""
        if done < self._next or perf_counter() < self._at:
            return False
        self._next, self._at = done + max(1, done // 10), perf_counter() + SO_FAR_SECONDS
        return True


def _all_failed(failures: Sequence[Failure]) -> InputError:
    """Every ranker's reason in one sentence."""
    reasons = [Message("{label}: {reason}", label=each.ranker.label, reason=each.reason) for each in failures]
    return InputError(joined(reasons, "{head} {tail}"))


def field_of(evaluated: Evaluated, options: EvaluateOptions) -> Field | None:
    """The field that the options ask for, if it is there."""
    return next((field for field in evaluated.fields if str(field) == options.field), None)


def within_of(evaluated: Evaluated, options: EvaluateOptions) -> tuple[Field, str] | None:
    """The field and the value of the queries to evaluate alone, if there are such queries."""
    field, value = field_of(evaluated, options), options.value.removeprefix(WITH)
    if field is None or field.side != QUERIES or options.value == EVERY:
        return None
    return (field, value) if value in values_of(evaluated.every, field) else None


def _within_note(evaluated: Evaluated, field: Field, value: str) -> Message:
    return w.WITHIN.format(
        queries=len(evaluated.outcomes), of=len(evaluated.every), name=field.name, value=shorten(value or "–", 60)
    )


def evaluation_view_of(evaluated: Evaluated, options: EvaluateOptions) -> EvaluationView:
    """What the options ask for, or in place of what is not there: the first measure, if any, the best other ranker.

    Unjudged passages count where without them only one kind of passage would be judged.
    """
    evaluation = evaluated.evaluation
    assert evaluation is not None, "a view is made of what was measured"
    wanted = [each for each in evaluation.measures if each.key == options.measure] or evaluation.measures
    measure = wanted[0] if wanted else None
    keys = [ranker.key for ranker in evaluation.rankers]
    best = best_of(evaluation, measure)
    key = options.ranker if options.ranker in keys else evaluation.baseline if best is None else best.key
    view = EvaluationView(
        evaluation,
        evaluated.outcomes,
        evaluated.collection,
        measure,
        key,
        ordered=bool(evaluated.first),
        unjudged_too=options.unjudged_too,
    )
    _, relevant = view.relevant()
    return replace(view, unjudged_too=True) if relevant.all() else view


# ---- to take away ------------------------------------------------------------------------------------------------


def _run_file(view: EvaluationView) -> str:
    _check_run_lines(view, 1)
    return report.run_file(view.outcomes, view.ranker_index)


def _run_files(view: EvaluationView) -> dict[str, str]:
    _check_run_lines(view, len(view.evaluation.rankers))
    return report.all_run_files(view.outcomes)


def _mteb(view: EvaluationView) -> str:
    if view.chosen is None:
        raise InputError(w.NOTHING_JUDGED)
    return report.mteb_result(view.evaluation, view.key, view.chosen)


def _beir(view: EvaluationView) -> dict[str, str]:
    check_fits_page(view.collection.passages)
    return collection_beir(view.collection)


def _set_to_rerank(view: EvaluationView) -> str:
    check_fits_page(view.collection.passages)
    return set_to_rerank(view.collection, view.evaluation.relevant_from)


def _rank_llm(view: EvaluationView) -> str:
    _check_run_lines(view, 1)
    return candidates_rank_llm(view.collection, report.ranked(view.outcomes, view.ranker_index))


def _check_run_lines(view: EvaluationView, rankers: int) -> None:
    """Nothing, if the runs of so many rankers are not too large for the browser.

    Raises:
        InputError: they are.
    """
    lines = rankers * sum(len(outcome.doc_ids) for outcome in view.outcomes)
    if lines > MOST_RUN_LINES:
        sentence = w.RUN_TOO_LARGE.format(lines=f"{lines:,}", most=f"{MOST_RUN_LINES:,}")
        raise InputError(sentence)


def _calibration(view: EvaluationView) -> str:
    """Platt's two numbers and the isotonic curve's knots, as JSON."""
    scores, relevant = view.relevant()
    platt, isotonic = fit_platt(scores, relevant), fit_isotonic(scores, relevant)
    if platt is None or isotonic is None:
        raise InputError(w.NO_CALIBRATION)
    changes = [
        index
        for index, value in enumerate(isotonic.probabilities)
        if index in (0, isotonic.scores.size - 1)
        or value != isotonic.probabilities[index - 1]
        or value != isotonic.probabilities[index + 1]
    ]
    value = {
        "ranker": view.key,
        "collection": view.evaluation.collection_key,
        "queries": len(view.outcomes),
        "passages": int(relevant.size),
        "relevant": int(relevant.sum()),
        "relevant_from": view.evaluation.relevant_from,
        "unjudged_as_irrelevant": view.unjudged_too,
        "platt": {
            "slope": platt.slope,
            "intercept": platt.intercept,
            "probability": "1 / (1 + exp(-(slope * score + intercept)))",
        },
        "isotonic": {
            "scores": isotonic.scores[changes].tolist(),
            "probabilities": isotonic.probabilities[changes].tolist(),
            "between": "straight lines; level beyond the ends",
        },
    }
    return json.dumps(value, ensure_ascii=False, indent=2)


CALIBRATION = "calibration"
FILES: dict[str, tuple[str, Callable[[EvaluationView], str | dict[str, str]]]] = {
    "run": ("evaluation.run", _run_file),
    "runs": ("runs.zip", _run_files),
    "csv": ("per-query.csv", lambda view: report.per_query_csv(view.evaluation, view.outcomes)),
    "json": (
        "evaluation.json",
        lambda view: report.as_json_text(view.evaluation, view.outcomes, view.collection, view.ordered),
    ),
    "markdown": ("table.md", lambda view: report.markdown_table(view.evaluation)),
    "latex": ("table.tex", lambda view: report.latex_table(view.evaluation)),
    CALIBRATION: ("calibration.json", _calibration),
    "quepid": ("quepid.csv", lambda view: qrels_quepid(view.collection.qrels, view.collection)),
    "qrels": ("judgments.jsonl", lambda view: qrels_jsonl(view.collection.qrels)),
    "rank_llm": ("candidates.jsonl", _rank_llm),
    "set": ("to-rerank.jsonl", _set_to_rerank),
    "beir": ("collection.zip", _beir),
    "mteb": ("mteb.json", _mteb),
}
"""Kind → end of the file's name, and what is in it: a text, or the files of an archive by their names."""
JUDGED_FILES = (CALIBRATION, "quepid", "qrels", "set", "mteb")
"""Those of them that need judgments."""
