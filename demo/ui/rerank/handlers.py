"""What the Rerank tab does, free of components: forms in, frozen `View`s out.

The tab shows a result of two columns, the first stage and one reranker, and what the second changes of the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from demo.charts import PAIR_CHARTS, Chart
from demo.charts.scales import RAW, Scale, find_scale
from demo.errors import DemoError, InputError
from demo.judgments import Judgments
from demo.messages import Language, Message
from demo.rankers.protocol import Ranker
from demo.records import Result
from demo.results.change import Pair
from demo.results.report import pair_as_csv, pair_as_json
from demo.text import Analysis
from demo.ui import wording as w
from demo.ui.boundary import guarded
from demo.ui.inputs.handlers import InputsForm
from demo.ui.judging import JUDGED, LOADED, judged_box
from demo.ui.links import Link, needs_download, read, written
from demo.ui.parts import HIDDEN, ChartView, drawn_chart
from demo.ui.result_tab import WHY, ResultTab
from demo.ui.sections import ALWAYS, ChartRow, Occasion, Section, View, draw
from demo.ui.session import Question, ShownResult
from demo.ui.views import cards, cost, flow, headline, passages, programs, status, tops

SCALE = frozenset({"scale"})
"""The occasion that another scale was chosen."""


@dataclass(frozen=True, eq=False)
class RerankLook:
    """What the sections are drawn from.

    Attributes:
        live: whether there is a server to judge for and to ask why.
    """

    shown: ShownResult
    judgments: Judgments
    pair: Pair
    scale: Scale
    language: Language
    live: bool = True

    @property
    def meanings(self) -> Mapping[int, Message]:
        """What each grade means in this collection."""
        return self.shown.collection.card.grades

    @property
    def analysis(self) -> Analysis:
        """How texts are cut into terms."""
        return self.shown.analysis


def _chart(row: Chart, look: RerankLook) -> ChartView:
    """One chart's heading with its words for screen readers, and its picture; nothing where so few gain none by it."""
    if look.pair.result.size < row.from_size:
        return HIDDEN
    data = row.data(look.pair, look.scale)
    return drawn_chart(row.label, row.alt(data), row.figure(data, look.language), look.language)


def _scale_words(look: RerankLook) -> Message:
    """How scores are shown; a saved page has no switch above that says it."""
    scale = look.scale
    return scale.formula if look.live else Message("{choice}: {formula}", choice=scale.choice, formula=scale.formula)


SECTIONS: tuple[Section[RerankLook], ...] = (
    Section("headline", draw=lambda look: headline.pair_headline(look.pair, look.shown.trap, look.language)),
    Section("judged", draw=lambda look: judged_box(look.shown, look.judgments, look.language), on=JUDGED | LOADED),
    Section("share", saved=False),
    Section(
        "tops",
        draw=lambda look: tops.tops(look.pair, look.meanings, look.analysis, look.language, look.live),
        on=LOADED,
    ),
    Section(WHY),
    Section("slope", w.RANK_CHANGE, lambda look: flow.slope(look.pair.result, look.language)),
    Section(
        "scores",
        w.SCORES,
        lambda look: status.reading(_scale_words(look), look.language),
        tuple(
            ChartRow(row.key, partial(_chart, row), SCALE if row.scaled else frozenset(), row.from_size == 0)
            for row in PAIR_CHARTS
        ),
        on=SCALE,
    ),
    Section("figures", w.HOW_MUCH, lambda look: headline.key_figure_strip(look.pair, look.language)),
    Section(
        "table",
        w.RANKING,
        lambda look: passages.pair_table(look.pair, look.meanings, look.analysis, look.language),
        on=LOADED,
        folded=True,
    ),
    Section(
        "cost",
        w.TIME,
        lambda look: cost.cost(look.pair, look.language) + cards.reading_cards(look.shown.rankings, look.language),
        folded=True,
    ),
    Section("code", w.CODE, lambda look: programs.programs(look.shown, look.language), folded=True, saved=False),
    Section(
        "panel",
        draw=lambda look: passages.panel(look.pair.result, look.language, look.meanings, look.live),
        beside=True,
    ),
)


class RerankTab(ResultTab):
    """What the tab does: forms in, views out."""

    name, file, nothing, rows = "rerank", "rerank-lens", w.NOTHING_YET, SECTIONS

    def reranker(self, model: str, precision: str = "", windows: bool = False) -> Ranker:
        """The model or remote reranker of this name, a model used in this way; "" takes the default model."""
        usual = precision in ("", self.pane.settings.precision)
        return self.service.reranker(model, "" if usual else precision, windows)

    def run(
        self, form: InputsForm, reranker: Ranker, judgments: Judgments, scale: str, language: Language
    ) -> Iterator[View[ShownResult]]:
        """Views while the ranking is made, the finished one last; closing the iterator stops the work."""

        def views() -> Iterator[View[ShownResult]]:
            for step in self.steps(form, lambda first: (first, reranker), language):
                if isinstance(step, str):
                    yield View(status=step)
                elif step.result.failures:
                    raise InputError(step.result.failures[0].reason)
                elif len(step.result.columns) == len(step.rankers):
                    yield View(step, "", {**self.draw(step, judgments, language, scale), WHY: ""})

        return guarded(views(), lambda sentence: View(status=status.alert(sentence, language)))

    def draw(
        self,
        shown: ShownResult,
        judgments: Judgments,
        language: Language,
        scale: str = RAW.key,
        occasion: Occasion = ALWAYS,
        live: bool = True,
    ) -> dict[str, Any]:
        """The sections of a result, or those that an occasion changes."""
        look = RerankLook(shown, judgments, Pair.of(shown.judged(judgments)), find_scale(scale), language, live)
        return draw(self.name, SECTIONS, look, language, occasion)

    def opening(
        self, asked: Mapping[str, str], language: Language, judgments: Judgments = Judgments()
    ) -> Iterator[View[ShownResult]]:
        """What a visitor sees first: what the address asks for, or else the first collection's first query.

        Where a link cannot be opened, or needs a model that is not here yet, the example stands below the reason; where
        what it opens cannot be ranked, an invitation.
        """
        try:
            link = read(asked, self.pane)
            missing = needs_download(link, self.pane) if link else []
            reason = status.notice(w.LINK_DOWNLOADS.format(models=", ".join(missing)), language) if missing else ""
        except DemoError as error:
            told_why = w.LINK_WRONG.format(reason=error.to(language))
            link, missing, reason = None, [], status.alert(told_why, language)
        link = Link(self.pane.default_form()) if link is None or missing else link
        view: View[ShownResult] = View()
        for view in self.run(link.form, link.reranker or self.reranker(""), judgments, RAW.key, language):
            yield view if view.status else replace(view, status=reason)
        if view.kept is None:
            invitation = status.invitation(w.RERANK_QUESTION, w.RERANK_EMPTY, language)
            yield replace(view, drawn={"headline": invitation})

    def rescaled(self, shown: ShownResult | None, scale: str, language: Language) -> View[ShownResult]:
        """The charts on another scale; nothing is scored again."""
        return View() if shown is None else View(drawn=self.draw(shown, Judgments(), language, scale, SCALE))

    def link(self, form: InputsForm, reranker: Ranker) -> dict[str, str]:
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
        self,
        shown: ShownResult | None,
        judgments: Judgments | None,
        scale: str,
        question: Question | None,
        language: Language,
    ) -> dict[str, str]:
        """File name and content of the last result as a page of its own."""
        found, made = self.require_result(shown), judgments or Judgments()
        return self.page(found, self.draw(found, made, language, scale, live=False), made, question, language)
