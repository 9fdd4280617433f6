"""What the Compare tab does, free of components: forms in, frozen `View`s out.

A result is scored once; depth, fusion, reference, measure and scale only draw it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any

from demo.charts import RESULT_CHARTS, Chart
from demo.charts.scales import RAW, find_scale
from demo.charts.speed import SpeedData, speed_alt, speed_data, speed_figure, unmeasured_note
from demo.errors import DemoError, InputError
from demo.formats.trec_runs import Run
from demo.judgments import Judgments
from demo.messages import Language, joined
from demo.metrics.agreement import MEASURES, AgreementMeasure, find_measure
from demo.rankers.engine import RunRanker, names_run
from demo.rankers.fusion import RRF_K, Fusion, find_method
from demo.rankers.protocol import Ranker
from demo.records import Collection, Ranking, Result
from demo.results.depth import at_depth
from demo.results.members import with_fusion
from demo.results.report import as_csv, as_json
from demo.results.what_if import what_if
from demo.score_kinds import Side
from demo.service import MOST_RANKERS
from demo.ui import wording as w
from demo.ui.boundary import guarded
from demo.ui.inputs.handlers import InputsForm, number
from demo.ui.judging import JUDGED, LOADED, figures, judged_box
from demo.ui.links import RANKERS, Link, needs_download, read, written
from demo.ui.parts import HIDDEN, ChartView, drawn_chart
from demo.ui.progress import render_progress, seldom
from demo.ui.result_tab import WHY, ResultTab
from demo.ui.sections import ALWAYS, ChartRow, Occasion, Section, View, draw
from demo.ui.session import Question, ShownResult
from demo.ui.views import (
    agreement,
    cards,
    contested,
    depth,
    exchanges,
    facts,
    flow,
    headline,
    passages,
    programs,
    speed,
    status,
)
from demo.ui.views import what_if as what_if_view
from demo.ui.views.judged import Figures

NO_FUSION = ""
NO_RUNS: Mapping[str, Run] = MappingProxyType({})
AGREEMENT, QUALITY = SPEED_AXES = ("agreement", "NDCG@10")
SPEED = "speed"
"""Key of the chart of speed; the other charts are those of RESULT_CHARTS."""
WHAT_IF = "what-if"
"""Key of the section in which an edit is tried."""
GROWING, VIEWPOINT = frozenset({"growing"}), frozenset({"viewpoint"})
"""The occasions that one more ranker has ended, and that reference, measure, scale or axis was chosen anew."""


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """How a result is looked at; the fields are named as the components they come from.

    Attributes:
        depth: candidates that are reranked, the rest keeping the first stage's order; 0, or as many as there are: all.
            Every run starts with all.
        fusion: one of the fusion methods, or NO_FUSION.
        weights: MOST_RANKERS numbers, of which the first belong to the rankers in their order.
        reference: key of the ranker that the others are held against; "" takes the largest model.
        axis: one of SPEED_AXES.
    """

    depth: int | None = 0
    fusion: str = NO_FUSION
    k: float | None = RRF_K
    weights: tuple[float, ...] = (1.0,) * MOST_RANKERS
    reference: str | None = ""
    measure: str = MEASURES[0].key
    scale: str = RAW.key
    axis: str = AGREEMENT


@dataclass(frozen=True, slots=True)
class WhatIfForm:
    """An edit to try: another query, and perhaps another text for one candidate."""

    query: str
    passage: int | None
    text: str


@dataclass(frozen=True, eq=False)
class CompareLook:
    """What the sections are drawn from.

    Attributes:
        result: what is drawn, with the visitor's own judgments.
        reference: key of the ranker that the others are held against; "" where there is no ranking.
        live: whether there is a server to judge for and to ask why.
    """

    shown: ShownResult
    judgments: Judgments
    result: Result
    options: CompareOptions
    reference: str
    language: Language
    live: bool = True

    @property
    def measure(self) -> AgreementMeasure:
        """How agreement is measured."""
        return find_measure(self.options.measure)

    @property
    def quality(self) -> Mapping[str, Figures]:
        """What the judgments say of each ranker."""
        return figures(self.shown, self.judgments)

    @cached_property
    def speed(self) -> SpeedData:
        """Who is how fast, against agreement or quality as the visitor asked."""
        by_quality = self.options.axis == QUALITY and self.quality
        values = {key: row[QUALITY] for key, row in self.quality.items()} if by_quality else None
        return speed_data(self.result, self.reference, self.measure, values)


def _score_chart(row: Chart, look: CompareLook) -> ChartView:
    if not look.reference:
        return HIDDEN
    data = row.data(look.result, find_scale(look.options.scale))
    return drawn_chart(row.label, row.alt(data), row.figure(data, look.language), look.language)


def _speed_chart(look: CompareLook) -> ChartView:
    if not look.reference:
        return HIDDEN
    return drawn_chart(w.SPEED, speed_alt(look.speed), speed_figure(look.speed, look.language), look.language)


def _agreement(look: CompareLook) -> str:
    if not look.reference:
        return ""
    return agreement.agreement(look.result, look.measure.key, look.reference, look.language)


def _speeds(look: CompareLook) -> str:
    if not look.reference:
        return ""
    note = unmeasured_note(look.speed)
    notes = [note] if note else []
    tables = speed.speed_table(look.result, look.reference, look.measure, look.quality, look.language, notes)
    return tables + speed.published_table(look.result, look.language)


def _table(look: CompareLook) -> str:
    return passages.table(look.result, look.shown.collection.card.grades, look.shown.analysis, look.language)


SECTIONS: tuple[Section[CompareLook], ...] = (
    Section("headline", draw=lambda look: headline.headline(look.result, look.language), on=GROWING),
    Section("judged", draw=lambda look: judged_box(look.shown, look.judgments, look.language), on=JUDGED | LOADED),
    Section("share", saved=False),
    Section("table", w.RESULT_TABLE, _table, on=GROWING | LOADED),
    Section(WHY),
    Section("flow", w.RANK_FLOW, lambda look: flow.flow(look.result, look.language), on=GROWING),
    Section("contested", w.CONTESTED, lambda look: contested.contested(look.result, look.language)),
    Section(
        "exchanges",
        w.EXCHANGES,
        lambda look: exchanges.exchanges(look.result, look.reference, look.language),
        on=VIEWPOINT,
    ),
    Section("agreement", w.AGREEMENT, _agreement, on=VIEWPOINT),
    Section(
        "scores",
        w.SCORES,
        lambda look: facts.score_facts(look.result, look.language),
        tuple(ChartRow(row.key, partial(_score_chart, row), VIEWPOINT) for row in RESULT_CHARTS),
        folded=True,
    ),
    Section("depths", w.DEPTH_AND_FUSION, lambda look: depth.depth(look.shown.result, look.language), folded=True),
    Section("speeds", w.SPEED, _speeds, (ChartRow(SPEED, _speed_chart, VIEWPOINT),), on=VIEWPOINT, folded=True),
    Section("cards", w.CARDS, lambda look: cards.reading_cards(look.result.columns, look.language), folded=True),
    Section("code", w.CODE, lambda look: programs.programs(look.shown, look.language), folded=True, saved=False),
    Section(WHAT_IF, w.EDIT, folded=True, saved=False),
    Section(
        "panel",
        draw=lambda look: passages.panel(look.result, look.language, look.shown.collection.card.grades, look.live),
        on=GROWING,
        beside=True,
    ),
)


class CompareTab(ResultTab):
    """What the tab does: forms in, views out."""

    name, file, nothing, rows = "compare", "rerank-lens-compare", w.COMPARE_FIRST, SECTIONS

    # ---- which rankers -------------------------------------------------------------------------------------------

    def read(self, texts: Sequence[str], runs: Mapping[str, Run]) -> tuple[Ranker, ...]:
        """The rankers that texts name, in their order, each once; those of runs are named as `run_rankers` names them.

        Raises:
            InputError: none is named, or one cannot be read.
        """
        given = run_rankers(runs)
        found = [given[text] if text in given else self.service.rankers.read(text) for text in texts if text.strip()]
        if not found:
            return self.service.rankers.read_all(texts)
        return tuple({ranker.spec.key: ranker for ranker in reversed(found)}.values())[::-1]

    def added(
        self,
        chosen: Sequence[str],
        model: str,
        precision: str,
        max_tokens: float | None,
        windows: bool,
        instruction: str = "",
    ) -> list[str]:
        """The chosen rankers and one more, used in its own way.

        Raises:
            InputError: no model is named, or the length is not a whole number.
        """
        if not model:
            raise InputError(w.NO_MODEL)
        usual = precision == self.pane.settings.precision
        tokens = int(number(max_tokens, "max_tokens"))
        ranker = self.service.reranker(model, "" if usual else precision, windows, tokens, instruction.strip())
        return list(dict.fromkeys([*chosen, ranker.spec.key]))

    # ---- running -------------------------------------------------------------------------------------------------

    def run(
        self,
        form: InputsForm,
        rankers: Sequence[str],
        options: CompareOptions,
        judgments: Judgments,
        language: Language,
        runs: Mapping[str, Run] = NO_RUNS,
    ) -> Iterator[View[ShownResult]]:
        """Views as each ranker ends, the finished one last; closing the iterator stops the work.

        Args:
            runs: those that some of the rankers name.
        """
        whole = replace(options, depth=0)

        def views() -> Iterator[View[ShownResult]]:
            asked, given = self.read(rankers, runs), run_rankers(runs)
            keys = [each.spec.key for each in asked]
            beside = tuple(replace(given[key], must_fit=False) for key in keys if key in given)
            for step in self.steps(form, lambda first: asked, language, beside):
                if isinstance(step, str):
                    yield View(status=step)
                elif len(step.result.columns) < len(asked):
                    yield View(drawn=self.draw(step, whole, judgments, language, GROWING))
                elif not step.result.rankings:
                    raise InputError(joined([failure.reason for failure in step.result.failures], "{head} {tail}"))
                else:
                    view = self.draw_view(step, whole, judgments, language)
                    yield replace(view, status="", drawn={**view.drawn, WHY: "", WHAT_IF: ""})

        return guarded(views(), lambda sentence: View(status=status.alert(sentence, language)))

    # ---- drawing -------------------------------------------------------------------------------------------------

    def columns(self, shown: ShownResult, result: Result, options: CompareOptions) -> Result:
        """The result as the options want to see it: reranked to a depth, then fused.

        Raises:
            InputError: the fusion's weights or k are not usable.
        """
        depth = int(options.depth or 0)
        cut = at_depth(result, depth) if 0 < depth < result.size else result
        members = [shown.ranker(ranking.ranker.key) for ranking in cut.rankings if not is_fused(ranking)]
        known = tuple(member for member in members if member is not None)
        if options.fusion == NO_FUSION or len(known) < 2:
            return cut
        weights = tuple(options.weights[: len(known)])
        k = number(options.k, "k") if find_method(options.fusion).has_k else RRF_K
        return with_fusion(cut, Fusion(options.fusion, known, weights, k))

    def redraw(
        self, shown: ShownResult | None, options: CompareOptions, judgments: Judgments, language: Language
    ) -> View[ShownResult]:
        """Everything anew after depth or fusion changed; nothing is scored."""
        return View() if shown is None else self.draw_view(shown, options, judgments, language)

    def draw_view(
        self, shown: ShownResult, options: CompareOptions, judgments: Judgments, language: Language
    ) -> View[ShownResult]:
        """All sections of a result, reranked and fused as the options want it."""
        shown = replace(shown, drawn=self.columns(shown, shown.result, options))
        return View(shown, drawn=self.draw(shown, options, judgments, language))

    def referred(
        self, shown: ShownResult | None, options: CompareOptions, judgments: Judgments, language: Language
    ) -> View[ShownResult]:
        """The parts that depend on the reference, the measure, the scale or the axis."""
        return View() if shown is None else View(drawn=self.draw(shown, options, judgments, language, VIEWPOINT))

    def draw(
        self,
        shown: ShownResult,
        options: CompareOptions,
        judgments: Judgments,
        language: Language,
        occasion: Occasion = ALWAYS,
        live: bool = True,
    ) -> dict[str, Any]:
        """The sections of what is drawn, or those that an occasion changes."""
        result = shown.judged(judgments)
        reference = reference_of(result, options.reference)
        look = CompareLook(shown, judgments, result, options, reference, language, live)
        return draw(self.name, SECTIONS, look, language, occasion)

    # ---- what if -------------------------------------------------------------------------------------------------

    def rank_edit(
        self, shown: ShownResult | None, edit: WhatIfForm, options: CompareOptions, language: Language
    ) -> Iterator[View[ShownResult]]:
        """Views while the edited query and passage are ranked anew, the table of old and new ranks last."""

        def views() -> Iterator[View[ShownResult]]:
            last = self.require_result(shown)
            collection = edited_collection(last, edit)
            if collection is last.collection and edit.query.strip() == last.query.text:
                raise InputError(w.NOTHING_EDITED)
            request = replace(last.request, query=edit.query, collection=collection)
            steps = self.service.run(request, last.rankers, self.pane.visitor(), "what-if")
            for step in seldom(steps):
                if step.so_far is None:
                    yield View(drawn={WHAT_IF: render_progress(step, language)})
            before = self.columns(last, last.result, options)
            found = what_if(before, self.columns(last, steps.result, options))
            yield View(drawn={WHAT_IF: what_if_view.what_if(found, language)})

        return guarded(views(), lambda sentence: View(drawn={WHAT_IF: status.alert(sentence, language)}))

    # ---- links -----------------------------------------------------------------------------------------------------

    def link(self, form: InputsForm, rankers: Sequence[str]) -> dict[str, str]:
        """The link to what the form and the rankers say; `links.written` tells what does not fit into one.

        Raises:
            InputError: no ranker is chosen, one cannot be read, or one is a run.
        """
        if any(names_run(text) for text in rankers):
            raise InputError(w.RUNS_NOT_IN_LINKS)
        return {"text": written(Link(form, rankers=self.service.rankers.read_all(rankers)), self.pane)}

    def opening(self, asked: Mapping[str, str], language: Language) -> Iterator[View[ShownResult]]:
        """The result that the address asks for, if it does, or why it is not opened."""
        if not asked.get(RANKERS):
            return
        try:
            link = read(asked, self.pane)
            missing = ", ".join(needs_download(link, self.pane)) if link else ""
            told_why = status.notice(w.COMPARE_LINK_DOWNLOADS.format(models=missing), language) if missing else ""
        except DemoError as error:
            link, told_why = None, status.alert(w.LINK_REFUSED.format(reason=error.to(language)), language)
        if told_why:
            yield View(status=told_why, drawn={"headline": invitation(language)})
        elif link:
            yield from self.run(link.form, tuple(map(str, link.rankers)), CompareOptions(), Judgments(), language)

    # ---- to take away --------------------------------------------------------------------------------------------

    def as_json(self, result: Result) -> dict[str, Any]:
        """All rankings as JSON values."""
        return as_json(result)

    def as_csv(self, result: Result) -> str:
        """All rankings as CSV."""
        return as_csv(result)

    def html(
        self,
        shown: ShownResult | None,
        judgments: Judgments,
        options: CompareOptions,
        question: Question | None,
        language: Language,
    ) -> dict[str, str]:
        """File name and content of the result as a page of its own, looked at as it is now."""
        found = self.require_result(shown)
        drawn = self.draw(found, options, judgments, language, live=False)
        return self.page(found, drawn, judgments, question, language)


def invitation(language: Language) -> str:
    """What stands in place of the headline before the first run."""
    return status.invitation(w.COMPARE_QUESTION, w.COMPARE_EMPTY, language)


def run_rankers(runs: Mapping[str, Run]) -> dict[str, RunRanker]:
    """The runs as rankers by their keys; a query that one of them lacks is an error of it."""
    rankers = (RunRanker(run, name, must_fit=True) for name, run in runs.items())
    return {ranker.spec.key: ranker for ranker in rankers}


def is_fused(ranking: Ranking) -> bool:
    """Whether the ranking is a fusion itself."""
    return ranking.ranker.kind.side is Side.FUSION


def reference_of(result: Result, asked: str | None) -> str:
    """Key of the ranker to hold the others against: the one asked for if it is here, else the largest model's.

    Without any model the first ranker's; "" where there is no ranking at all.
    """
    keys = [ranking.ranker.key for ranking in result.rankings]
    if asked in keys:
        return str(asked)
    sizes = [ranking.ranker.model.spec.parameters if ranking.ranker.model else -1 for ranking in result.rankings]
    return keys[sizes.index(max(sizes))] if keys else ""


def edited_collection(shown: ShownResult, edit: WhatIfForm) -> Collection:
    """The collection with the edited passage; the same collection where nothing of it is edited."""
    collection = shown.collection
    if edit.passage is None or not edit.text.strip():
        return collection
    old = shown.candidates[edit.passage]
    if edit.text.strip() == old.text.strip():
        return collection
    fresh = replace(old, text=edit.text.strip())
    passages = tuple(fresh if passage.doc_id == old.doc_id else passage for passage in collection.passages)
    return replace(collection, passages=passages)
