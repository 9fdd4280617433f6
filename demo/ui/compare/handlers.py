"""What the Compare tab does, free of components: forms in, frozen `View`s out.

The fields of `View` have the names of the components they belong to. A result is scored once; depth, fusion, reference,
measure and scale only draw it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import plotly.graph_objects as go

from demo.charts import RAW, RESULT_CHARTS, find_scale, speed_alt, speed_data, speed_figure
from demo.errors import InputError
from demo.judgments import Judgments
from demo.messages import Language, Message
from demo.metrics.agreement import MEASURES, find_measure
from demo.rankers.fusion import RRF_K, Fusion
from demo.records import Collection, Passage, Ranking, Result
from demo.results import at_depth, what_if, with_fusion
from demo.results.report import as_csv, as_json
from demo.service import MOST_RANKERS
from demo.ui import wording as w
from demo.ui.boundary import guarded
from demo.ui.explaining import Question
from demo.ui.inputs.handlers import Form, number
from demo.ui.judging import figures, judged_box
from demo.ui.links import Link, needs_download, read_if_right, written
from demo.ui.parts import ChartView
from demo.ui.plots import plot
from demo.ui.progress import seldom, told
from demo.ui.result_tab import ResultTab
from demo.ui.saving import Section
from demo.ui.session import Shown
from demo.ui.views import (
    agreement,
    cards,
    contested,
    depth,
    flow,
    headline,
    passages,
    score_facts,
    speed,
    status,
)
from demo.ui.views import (
    what_if as what_if_view,
)

NO_FUSION = ""
AGREEMENT, QUALITY = SPEED_AXES = ("agreement", "NDCG@10")
SPEED = "speed"
"""Key of the last chart; the others are those of RESULT_CHARTS."""


@dataclass(frozen=True, slots=True)
class Controls:
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
class View:
    """New values for the components of the same names; None leaves a component as it is."""

    shown: Shown | None = None
    status: str | None = None
    headline: str | None = None
    judged: str | None = None
    flow: str | None = None
    why: str | None = None
    panel: str | None = None
    agreement: str | None = None
    contested: str | None = None
    charts: tuple[ChartView | None, ...] | None = None
    scores: str | None = None
    depths: str | None = None
    speed: str | None = None
    cards: str | None = None
    table: str | None = None
    what_if: str | None = None


class CompareTab(ResultTab):
    """What the tab does: forms in, views out."""

    file, scene, nothing = "rerank-lens-compare", "compare-results", w.COMPARE_FIRST

    # ---- which rankers -------------------------------------------------------------------------------------------

    def added(
        self, chosen: Sequence[str], model: str, precision: str, max_tokens: float | None, windows: bool
    ) -> list[str]:
        """The chosen rankers and one more, used in its own way.

        Raises:
            InputError: no model is named, or the length is not a whole number.
        """
        if not model:
            raise InputError(w.NO_MODEL)
        usual = precision == self.pane.settings.precision
        tokens = int(number(max_tokens, "max_tokens"))
        ranker = self.service.reranker(model, "" if usual else precision, windows, tokens)
        return list(dict.fromkeys([*chosen, ranker.spec.key]))

    # ---- running -------------------------------------------------------------------------------------------------

    def run(
        self, form: Form, rankers: Sequence[str], controls: Controls, judgments: Judgments, language: Language
    ) -> Iterator[View]:
        """Views as each ranker ends, the finished one last; closing the iterator stops the work."""
        return guarded(
            self._run(form, rankers, controls, judgments, language),
            lambda sentence: View(status=status.alert(sentence, language)),
        )

    def _run(
        self, form: Form, rankers: Sequence[str], controls: Controls, judgments: Judgments, language: Language
    ) -> Iterator[View]:
        asked, controls = self.service.rankers.read_all(rankers), replace(controls, depth=0)
        for step in self.steps(form, lambda first: asked, language):
            if isinstance(step, str):
                yield View(status=step)
            elif len(step.result.columns) < len(asked):
                yield self._growing(step, judgments, language)
            else:
                yield replace(self.drawn(step, controls, judgments, language), status="", why="", what_if="")

    def _growing(self, shown: Shown, judgments: Judgments, language: Language) -> View:
        """What is there before the last ranker has ended: words, flow and table, but no plots."""
        result = shown.judged(judgments)
        return View(
            headline=headline.headline(result, language),
            flow=flow.flow(result, language),
            why="",
            table=self.table(shown, judgments, language),
            panel=passages.panel(result, language, shown.collection.card.grades),
        )

    # ---- drawing -------------------------------------------------------------------------------------------------

    def columns(self, shown: Shown, result: Result, controls: Controls) -> Result:
        """The result as the controls want to see it: reranked to a depth, then fused.

        Raises:
            InputError: the fusion's weights or k are not usable.
        """
        depth = int(controls.depth or 0)
        cut = at_depth(result, depth) if 0 < depth < result.size else result
        members = [shown.ranker(ranking.ranker.key) for ranking in cut.rankings if not is_fused(ranking)]
        known = tuple(member for member in members if member is not None)
        if controls.fusion == NO_FUSION or len(known) < 2:
            return cut
        weights = tuple(controls.weights[: len(known)])
        k = number(controls.k, "k") if controls.fusion == "rrf" else RRF_K
        return with_fusion(cut, Fusion(controls.fusion, known, weights, k))

    def redrawn(self, shown: Shown | None, controls: Controls, judgments: Judgments, language: Language) -> View:
        """Everything anew after depth or fusion changed; nothing is scored."""
        return View() if shown is None else self.drawn(shown, controls, judgments, language)

    def drawn(self, shown: Shown, controls: Controls, judgments: Judgments, language: Language) -> View:
        """Every part of the page for a result."""
        shown = replace(shown, drawn=self.columns(shown, shown.result, controls))
        result = shown.judged(judgments)
        return replace(
            self.referred(shown, controls, judgments, language),
            shown=shown,
            headline=headline.headline(result, language),
            judged=judged_box(shown, judgments, language),
            flow=flow.flow(result, language),
            panel=passages.panel(result, language, shown.collection.card.grades),
            contested=contested.contested(result, language),
            scores=score_facts.score_facts(result, language),
            depths=depth.depth(shown.result, language),
            cards=cards.reading_cards(result.columns, language),
            table=self.table(shown, judgments, language),
        )

    def referred(self, shown: Shown, controls: Controls, judgments: Judgments, language: Language) -> View:
        """The parts that depend on the reference, the measure, the scale or the axis."""
        result, measure = shown.judged(judgments), find_measure(controls.measure)
        reference = reference_of(result, controls.reference)
        if not reference:
            return View(agreement="", speed="", charts=(None,) * (1 + len(RESULT_CHARTS)))
        quality = figures(shown, judgments)
        by_quality = controls.axis == QUALITY and quality
        values = {key: row[QUALITY] for key, row in quality.items()} if by_quality else None
        speeds = speed_data(result, reference, measure, values)
        charts = [(row, row.data(result, find_scale(controls.scale))) for row in RESULT_CHARTS]
        return View(
            agreement=agreement.agreement(result, measure.key, reference, language),
            speed=speed.speed_table(result, reference, measure, quality, language)
            + speed.published_table(result, language),
            charts=(
                *(self._chart(row.label, row.alt(data), row.figure(data, language), language) for row, data in charts),
                self._chart(w.SPEED, speed_alt(speeds), speed_figure(speeds, language), language),
            ),
        )

    @staticmethod
    def _chart(heading: Message, alt: Message, figure: go.Figure, language: Language) -> ChartView:
        return ChartView(status.chart_note(heading, alt, language), plot(figure))

    def table(self, shown: Shown, judgments: Judgments, language: Language) -> str:
        """The table of all candidates: what the flow shows, in figures."""
        meanings = shown.collection.card.grades
        return passages.table(shown.judged(judgments), meanings, shown.analysis, language)

    # ---- what if -------------------------------------------------------------------------------------------------

    def try_out(self, shown: Shown | None, edit: WhatIfForm, controls: Controls, language: Language) -> Iterator[View]:
        """Views while the edited query and passage are ranked anew, the table of old and new ranks last."""
        return guarded(
            self._try_out(shown, edit, controls, language),
            lambda sentence: View(what_if=status.alert(sentence, language)),
        )

    def _try_out(self, shown: Shown | None, edit: WhatIfForm, controls: Controls, language: Language) -> Iterator[View]:
        shown = self.existing(shown)
        collection = edited_collection(shown, edit)
        if collection is shown.collection and edit.query.strip() == shown.query.text:
            raise InputError(w.NOTHING_EDITED)
        request = replace(shown.request, query=edit.query, collection=collection)
        steps = self.service.run(request, shown.rankers, self.pane.visitor(), "what-if")
        for step in seldom(steps):
            if step.so_far is None:
                yield View(what_if=told(step, language))
        before = self.columns(shown, shown.result, controls)
        found = what_if(before, self.columns(shown, steps.result, controls))
        yield View(what_if=what_if_view.what_if(found, language))

    # ---- links -----------------------------------------------------------------------------------------------------

    def link(self, form: Form, rankers: Sequence[str]) -> dict[str, str]:
        """The link to what the form and the rankers say; `links.written` tells what does not fit into one.

        Raises:
            InputError: no ranker is chosen, or one cannot be read.
        """
        return {"text": written(Link(form, rankers=self.service.rankers.read_all(rankers)), self.pane)}

    def opening(self, asked: Mapping[str, str], language: Language) -> Iterator[View]:
        """The result that the address asks for, if it does and nothing would have to be downloaded for it."""
        link = read_if_right(asked, self.pane)
        if link is None or not link.rankers:
            return
        missing = ", ".join(needs_download(link, self.pane))
        if missing:
            told_why = status.notice(w.LINK_DOWNLOADS.format(models=missing), language)
            yield View(status=told_why, headline=invitation(language))
        else:
            yield from self.run(link.form, tuple(map(str, link.rankers)), Controls(), Judgments(), language)

    # ---- to take away --------------------------------------------------------------------------------------------

    def as_json(self, result: Result) -> dict[str, Any]:
        """All rankings as JSON values."""
        return as_json(result)

    def as_csv(self, result: Result) -> str:
        """All rankings as CSV."""
        return as_csv(result)

    def html(
        self,
        shown: Shown | None,
        judgments: Judgments,
        controls: Controls,
        question: Question | None,
        language: Language,
    ) -> dict[str, str]:
        """File name and content of the result as a page of its own, looked at as it is now, “why?” if it was asked."""
        found = self.existing(shown)
        view = self.drawn(found, controls, judgments, language)

        def sections(why: str, panel: str) -> dict[str, Section]:
            return {
                "compare-headline-box": view.headline,
                "compare-judged-box": view.judged,
                "flow-box": view.flow,
                "compare-why-box": why,
                "compare-panel-box": panel,
                "columns": view.depths,
                "agreement-box": view.agreement,
                "contested-box": view.contested,
                "result-plots-row": dict(
                    zip((*(row.key for row in RESULT_CHARTS), SPEED), view.charts or (), strict=True)
                ),
                "scores-box": view.scores,
                "speed-box": view.speed,
                "cards-box": view.cards,
                "result-table-box": view.table,
            }

        return self.saved(found, judgments, question, sections, language)


def invitation(language: Language) -> str:
    """What stands in place of the headline before the first run."""
    return status.invitation(w.COMPARE_QUESTION, w.COMPARE_EMPTY, language)


def is_fused(ranking: Ranking) -> bool:
    """Whether the ranking is a fusion itself."""
    return ranking.ranker.kind.side == "fusion"


def reference_of(result: Result, asked: str | None) -> str:
    """Key of the ranker to hold the others against: the one asked for if it is here, else the largest model's.

    Without any model the first ranker's; "" where there is no ranking at all.
    """
    keys = [ranking.ranker.key for ranking in result.rankings]
    if asked in keys:
        return str(asked)
    sizes = [ranking.ranker.model.spec.parameters if ranking.ranker.model else -1 for ranking in result.rankings]
    return keys[sizes.index(max(sizes))] if keys else ""


def edited_collection(shown: Shown, edit: WhatIfForm) -> Collection:
    """The collection with the edited passage; the same collection where nothing of it is edited."""
    collection = shown.collection
    if edit.passage is None or not edit.text.strip():
        return collection
    old = shown.candidates[edit.passage]
    if edit.text.strip() == old.text.strip():
        return collection
    fresh = Passage(old.doc_id, edit.text.strip(), old.title)
    passages = tuple(fresh if passage.doc_id == old.doc_id else passage for passage in collection.passages)
    return replace(collection, passages=passages)
