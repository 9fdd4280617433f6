"""What the Rerank tab does, free of components: forms in, frozen `View`s out.

The fields of `View` have the names of the components they belong to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from demo.charts import CHARTS, RAW, Chart, find_scale
from demo.errors import DemoError
from demo.judgments import Judgments
from demo.messages import Language
from demo.rankers.choices import CrossEncoderChoice
from demo.rankers.cross_encoder.scoring import Progress
from demo.records import Comparison
from demo.report import as_csv, as_json, as_json_text
from demo.service import RankingService
from demo.ui import wording as w
from demo.ui.boundary import existing, guarded
from demo.ui.code import python_program
from demo.ui.explaining import Question, answer
from demo.ui.inputs.handlers import Form, InputsPane
from demo.ui.judging import judged_box
from demo.ui.links import Link, needs_download, read, written
from demo.ui.parts import ChartView
from demo.ui.plots import plot
from demo.ui.progress import seldom, told
from demo.ui.saving import Section, saved_page
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


class RerankTab:
    """What the tab does: forms in, views out."""

    def __init__(self, pane: InputsPane) -> None:
        self.pane = pane
        self.service: RankingService = pane.service

    def run(
        self, form: Form, reranker: CrossEncoderChoice, judgments: Judgments, scale: str, language: Language
    ) -> Iterator[View]:
        """Views while the ranking is made, the finished one last; closing the iterator stops the work."""
        return guarded(
            self._run(form, reranker, judgments, scale, language),
            lambda sentence: View(status=status.alert(sentence, language)),
        )

    def _run(
        self, form: Form, reranker: CrossEncoderChoice, judgments: Judgments, scale: str, language: Language
    ) -> Iterator[View]:
        request = self.pane.request(form)
        for step in seldom(self.service.rerank(request, reranker)):
            if isinstance(step, Progress):
                yield View(status=told(step, language))
            else:
                trap = self.service.traps(step.collection_key).get(step.query.query_id)
                shown = Shown(step, request.collection, request.bm25.analysis, trap)
                yield self.finished(shown, judgments, scale, language)

    def finished(self, shown: Shown, judgments: Judgments, scale: str, language: Language) -> View:
        """Every part of the page for a finished comparison."""
        comparison = shown.judged(judgments)
        return View(
            shown=shown,
            status="",
            headline=headline.headline(comparison, shown.trap, language),
            judged=judged_box(shown, judgments, language),
            slope=flow.slope(comparison, language),
            why="",
            panel=passages.panel(comparison, language, shown.collection.card.grades),
            charts=tuple(self.chart(row, comparison, scale, language) for row in CHARTS),
            formula=status.reading(find_scale(scale).formula, language),
            table=self.table(shown, judgments, language),
            cost=cost.cost(comparison, language),
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
        for view in self.run(link.form, link.reranker, Judgments(), RAW.key, language):
            yield view if view.status else replace(view, status=reason)

    def table(self, shown: Shown, judgments: Judgments, language: Language) -> str:
        """The table of all candidates."""
        meanings = shown.collection.card.grades
        return passages.table(shown.judged(judgments), meanings, shown.analysis, language)

    def rescaled(self, shown: Shown | None, scale: str, language: Language) -> View:
        """The charts on another scale; nothing is scored again."""
        if shown is None:
            return View()
        return View(
            charts=tuple(self.chart(row, shown.comparison, scale, language) if row.scaled else None for row in CHARTS),
            formula=status.reading(find_scale(scale).formula, language),
        )

    def chart(self, row: Chart, comparison: Comparison, scale: str, language: Language) -> ChartView:
        """One chart's heading with its words for screen readers, and its picture."""
        data = row.data(comparison, find_scale(scale))
        return ChartView(
            note=status.chart_note(row.label, row.alt(data), language),
            figure=plot(row.figure(data, language)),
            shown=comparison.size >= row.from_size,
        )

    def link(self, form: Form, reranker: CrossEncoderChoice) -> dict[str, str]:
        """The link to what the form and the model say; `links.written` tells what does not fit into one."""
        if reranker.precision == self.pane.settings.precision:
            reranker = replace(reranker, precision="")
        return {"text": written(Link(form, reranker), self.pane)}

    def html(
        self, shown: Shown | None, judgments: Judgments, scale: str, question: Question | None, language: Language
    ) -> dict[str, str]:
        """File name and content of the last comparison as a page of its own, with the answer to “why?” if asked."""
        return {"name": "rerank-lens.html", "text": self._page(_ran(shown), judgments, scale, question, language)}

    def csv(self, shown: Shown | None, judgments: Judgments) -> dict[str, str]:
        """File name and content of the last comparison as CSV; cells that a spreadsheet would run are defused."""
        return {"name": "rerank-lens.csv", "text": as_csv(_ran(shown).judged(judgments))}

    def json(self, shown: Shown | None, judgments: Judgments) -> dict[str, str]:
        """File name and content of the last comparison as JSON."""
        return {"name": "rerank-lens.json", "text": as_json_text(_ran(shown).judged(judgments))}

    def code(self, shown: Shown | None) -> dict[str, str]:
        """File name and content of the last comparison as a program that asks for it."""
        found = _ran(shown)
        program = python_program(found, [ranking.ranker.key for ranking in found.rankings])
        return {"name": "rerank-lens.py", "text": program}

    def _page(
        self, shown: Shown, judgments: Judgments, scale: str, question: Question | None, language: Language
    ) -> str:
        comparison = shown.judged(judgments)
        view = self.finished(shown, judgments, scale, language)
        sections: dict[str, Section] = {
            "headline-box": view.headline,
            "judged-box": view.judged,
            "slope-box": view.slope,
            "why-box": answer(self.service, question, shown, language),
            "panel-box": passages.panel(comparison, language, shown.collection.card.grades, live=False),
            "scale-box": view.formula,
            "plots-row": dict(zip((row.key for row in CHARTS), view.charts or (), strict=True)),
            "table-box": view.table,
            "cards-box": cards.reading_cards(shown.rankings, language),
            "cost-box": view.cost,
        }
        return saved_page("results", comparison.query.text, sections, as_json(comparison), language)


def _ran(shown: Shown | None) -> Shown:
    """The last comparison; an error where there is none."""
    return existing(shown, w.NOTHING_YET)
