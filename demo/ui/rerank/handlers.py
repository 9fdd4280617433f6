"""What the Rerank tab does, free of components: forms in, frozen `View`s out.

The tab shows a result of two columns, the first stage and one reranker, and what the second changes of the first. The
fields of `View` have the names of the components they belong to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from demo.charts import PAIR_CHARTS, RAW, Chart, find_scale
from demo.errors import DemoError, InputError
from demo.judgments import Judgments
from demo.messages import Language
from demo.rankers.protocol import Ranker
from demo.records import Result
from demo.results import Pair
from demo.results.report import pair_as_csv, pair_as_json
from demo.ui import wording as w
from demo.ui.boundary import guarded
from demo.ui.explaining import Question
from demo.ui.inputs.handlers import Form
from demo.ui.judging import judged_box
from demo.ui.links import Link, needs_download, read, written
from demo.ui.parts import ChartView
from demo.ui.plots import plot
from demo.ui.result_tab import ResultTab
from demo.ui.saving import Section
from demo.ui.session import Shown
from demo.ui.views import cards, cost, flow, headline, passages, status


@dataclass(frozen=True, eq=False)
class View:
    """New values for the components of the same names; None leaves a component as it is."""

    shown: Shown | None = None
    status: str | None = None
    headline: str | None = None
    judged: str | None = None
    slope: str | None = None
    why: str | None = None
    panel: str | None = None
    charts: tuple[ChartView | None, ...] | None = None
    formula: str | None = None
    table: str | None = None
    cost: str | None = None


class RerankTab(ResultTab):
    """What the tab does: forms in, views out."""

    file, scene, nothing = "rerank-lens", "results", w.NOTHING_YET

    def reranker(self, model: str, precision: str = "", windows: bool = False) -> Ranker:
        """The model or remote reranker of this name, a model used in this way; "" takes the default model."""
        usual = precision in ("", self.pane.settings.precision)
        return self.service.reranker(model, "" if usual else precision, windows)

    def run(self, form: Form, reranker: Ranker, judgments: Judgments, scale: str, language: Language) -> Iterator[View]:
        """Views while the ranking is made, the finished one last; closing the iterator stops the work."""
        return guarded(
            self._run(form, reranker, judgments, scale, language),
            lambda sentence: View(status=status.alert(sentence, language)),
        )

    def _run(
        self, form: Form, reranker: Ranker, judgments: Judgments, scale: str, language: Language
    ) -> Iterator[View]:
        for step in self.steps(form, lambda first: (first, reranker), language):
            if isinstance(step, str):
                yield View(status=step)
            elif step.result.failures:
                raise InputError(step.result.failures[0].reason)
            elif len(step.result.columns) == len(step.rankers):
                yield self.finished(step, judgments, scale, language)

    def finished(self, shown: Shown, judgments: Judgments, scale: str, language: Language) -> View:
        """Every part of the page for a finished result."""
        pair = Pair.of(shown.judged(judgments))
        return View(
            shown=shown,
            status="",
            headline=headline.pair_headline(pair, shown.trap, language),
            judged=judged_box(shown, judgments, language),
            slope=flow.slope(pair.result, language),
            why="",
            panel=passages.panel(pair.result, language, shown.collection.card.grades),
            charts=tuple(self.chart(row, pair, scale, language) for row in PAIR_CHARTS),
            formula=status.reading(find_scale(scale).formula, language),
            table=self.table(shown, judgments, language),
            cost=cost.cost(pair, language),
        )

    def opening(self, asked: Mapping[str, str], language: Language) -> Iterator[View]:
        """What a visitor sees first: what the address asks for, or else the first collection's first query.

        Where a link cannot be opened, or needs a model that is not here yet, the example stands below the reason.
        """
        try:
            link = read(asked, self.pane)
            missing = needs_download(link, self.pane) if link else []
            reason = status.notice(w.LINK_DOWNLOADS.format(models=", ".join(missing)), language) if missing else ""
        except DemoError as error:
            told_why = w.LINK_WRONG.format(reason=error.to(language))
            link, missing, reason = None, [], status.alert(told_why, language)
        link = Link(self.pane.default_form()) if link is None or missing else link
        for view in self.run(link.form, link.reranker or self.reranker(""), Judgments(), RAW.key, language):
            yield view if view.status else replace(view, status=reason)

    def table(self, shown: Shown, judgments: Judgments, language: Language) -> str:
        """The table of all candidates."""
        pair = Pair.of(shown.judged(judgments))
        return passages.pair_table(pair, shown.collection.card.grades, shown.analysis, language)

    def rescaled(self, shown: Shown | None, scale: str, language: Language) -> View:
        """The charts on another scale; nothing is scored again."""
        if shown is None:
            return View()
        pair = Pair.of(shown.drawn)
        return View(
            charts=tuple(self.chart(row, pair, scale, language) if row.scaled else None for row in PAIR_CHARTS),
            formula=status.reading(find_scale(scale).formula, language),
        )

    def chart(self, row: Chart, pair: Pair, scale: str, language: Language) -> ChartView:
        """One chart's heading with its words for screen readers, and its picture."""
        data = row.data(pair, find_scale(scale))
        return ChartView(
            note=status.chart_note(row.label, row.alt(data), language),
            figure=plot(row.figure(data, language)),
            shown=pair.result.size >= row.from_size,
        )

    def link(self, form: Form, reranker: Ranker) -> dict[str, str]:
        """The link to what the form and the model say; `links.written` tells what does not fit into one."""
        return {"text": written(Link(form, reranker), self.pane)}

    # ---- to take away --------------------------------------------------------------------------------------------

    def as_json(self, result: Result) -> dict[str, Any]:
        """What the reranker changes, as JSON values."""
        return pair_as_json(Pair.of(result))

    def as_csv(self, result: Result) -> str:
        """What the reranker changes, as CSV."""
        return pair_as_csv(Pair.of(result))

    def html(
        self, shown: Shown | None, judgments: Judgments, scale: str, question: Question | None, language: Language
    ) -> dict[str, str]:
        """File name and content of the last result as a page of its own, with the answer to “why?” if asked."""
        found = self.existing(shown)
        view = self.finished(found, judgments, scale, language)

        def sections(why: str, panel: str) -> dict[str, Section]:
            return {
                "headline-box": view.headline,
                "judged-box": view.judged,
                "slope-box": view.slope,
                "why-box": why,
                "panel-box": panel,
                "scale-box": view.formula,
                "plots-row": dict(zip((row.key for row in PAIR_CHARTS), view.charts or (), strict=True)),
                "table-box": view.table,
                "cards-box": cards.reading_cards(found.rankings, language),
                "cost-box": view.cost,
            }

        return self.saved(found, judgments, question, sections, language)
