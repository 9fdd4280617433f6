"""What the Compare tab does, free of components: forms in, frozen `View`s out.

The fields of `View` have the names of the components they belong to. A lineup is scored once; depth, fusion, reference,
measure and scale only draw it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import plotly.graph_objects as go

from demo.charts import LINEUP_CHARTS, RAW, find_scale, speed_alt, speed_data, speed_figure
from demo.errors import InputError
from demo.judgments import Judgments
from demo.lineup_report import as_csv, as_json, as_json_text
from demo.lineups import at_depth, what_if, with_fusion
from demo.messages import Language, Message
from demo.metrics.agreement import MEASURES, find_measure
from demo.rankers.choices import (
    RRF_K,
    CrossEncoderChoice,
    FusionChoice,
    parse_ranker,
    parse_rankers,
)
from demo.rankers.cross_encoder.scoring import Progress
from demo.records import Collection, Lineup, Passage, Ranking
from demo.service import MOST_RANKERS, RankingService
from demo.ui import wording as w
from demo.ui.boundary import existing, guarded
from demo.ui.code import python_program
from demo.ui.explaining import Question, answer
from demo.ui.inputs.handlers import Form, InputsPane, number
from demo.ui.judging import figures, judged_box
from demo.ui.links import Link, needs_download, read_if_right, written
from demo.ui.parts import ChartView
from demo.ui.plots import plot
from demo.ui.progress import seldom, told
from demo.ui.saving import Section, saved_page
from demo.ui.session import Compared
from demo.ui.views import (
    agreement,
    cards,
    contested,
    depth,
    flow,
    headline,
    lineup_table,
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
"""Key of the last chart; the others are those of LINEUP_CHARTS."""
FILE = "rerank-lens-compare"


@dataclass(frozen=True, slots=True)
class Controls:
    """How a lineup is looked at; the fields are named as the components they come from.

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

    compared: Compared | None = None
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


class CompareTab:
    """What the tab does: forms in, views out."""

    def __init__(self, pane: InputsPane) -> None:
        self.pane = pane
        self.service: RankingService = pane.service

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
        choice = CrossEncoderChoice(model, precision, windows, int(number(max_tokens, "max_tokens")))
        return list(dict.fromkeys([*chosen, str(choice)]))

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
        choices, controls = parse_rankers("\n".join(rankers)), replace(controls, depth=0)
        request = self.pane.request(form)
        for step in seldom(self.service.line_up(request, choices)):
            if isinstance(step, Progress):
                yield View(status=told(step, language))
                continue
            compared = Compared(step, step, request, choices)
            if len(step.columns) < len(choices):
                yield self._growing(compared, judgments, language)
            else:
                yield replace(self.drawn(compared, controls, judgments, language), status="", why="", what_if="")

    def _growing(self, compared: Compared, judgments: Judgments, language: Language) -> View:
        """What is there before the last ranker has ended: words, flow and table, but no plots."""
        lineup = compared.judged(judgments)
        return View(
            headline=headline.lineup_headline(lineup, language),
            flow=flow.flow(lineup, language),
            why="",
            table=self.table(compared, judgments, language),
            panel=lineup_table.lineup_panel(lineup, language, compared.collection.card.grades),
        )

    # ---- drawing -------------------------------------------------------------------------------------------------

    def columned(self, lineup: Lineup, controls: Controls) -> Lineup:
        """The lineup as the controls want to see it: reranked to a depth, then fused.

        Raises:
            InputError: the fusion's weights or k are not usable.
        """
        depth = int(controls.depth or 0)
        cut = at_depth(lineup, depth) if 0 < depth < lineup.size else lineup
        members = tuple(ranking for ranking in cut.rankings if not is_fused(ranking))
        if controls.fusion == NO_FUSION or len(members) < 2:
            return cut
        choices = tuple(parse_ranker(member.ranker.key) for member in members)
        weights = tuple(controls.weights[: len(members)])
        k = number(controls.k, "k") if controls.fusion == "rrf" else RRF_K
        return with_fusion(cut, FusionChoice(controls.fusion, choices, weights, k))  # type: ignore[arg-type]

    def redrawn(self, compared: Compared | None, controls: Controls, judgments: Judgments, language: Language) -> View:
        """Everything anew after depth or fusion changed; nothing is scored."""
        return View() if compared is None else self.drawn(compared, controls, judgments, language)

    def drawn(self, compared: Compared, controls: Controls, judgments: Judgments, language: Language) -> View:
        """Every part of the page for a lineup."""
        compared = replace(compared, drawn=self.columned(compared.lineup, controls))
        lineup = compared.judged(judgments)
        return replace(
            self.referred(compared, controls, judgments, language),
            compared=compared,
            headline=headline.lineup_headline(lineup, language),
            judged=judged_box(compared, judgments, language),
            flow=flow.flow(lineup, language),
            panel=lineup_table.lineup_panel(lineup, language, compared.collection.card.grades),
            contested=contested.contested(lineup, language),
            scores=score_facts.score_facts(lineup, language),
            depths=depth.depth(compared.lineup, language),
            cards=cards.reading_cards(lineup.columns, language),
            table=self.table(compared, judgments, language),
        )

    def referred(self, compared: Compared, controls: Controls, judgments: Judgments, language: Language) -> View:
        """The parts that depend on the reference, the measure, the scale or the axis."""
        lineup, measure = compared.judged(judgments), find_measure(controls.measure)
        reference = reference_of(lineup, controls.reference)
        if not reference:
            return View(agreement="", speed="", charts=(None,) * (1 + len(LINEUP_CHARTS)))
        quality = figures(compared, judgments)
        by_quality = controls.axis == QUALITY and quality
        values = {key: row[QUALITY] for key, row in quality.items()} if by_quality else None
        speeds = speed_data(lineup, reference, measure, values)
        charts = [(row, row.data(lineup, find_scale(controls.scale))) for row in LINEUP_CHARTS]
        return View(
            agreement=agreement.agreement(lineup, measure.key, reference, language),
            speed=speed.speed_table(lineup, reference, measure, quality, language)
            + speed.published_table(lineup, language),
            charts=(
                *(self._chart(row.label, row.alt(data), row.figure(data, language), language) for row, data in charts),
                self._chart(w.SPEED, speed_alt(speeds), speed_figure(speeds, language), language),
            ),
        )

    @staticmethod
    def _chart(heading: Message, alt: Message, figure: go.Figure, language: Language) -> ChartView:
        return ChartView(status.chart_note(heading, alt, language), plot(figure))

    def table(self, compared: Compared, judgments: Judgments, language: Language) -> str:
        """The table of all candidates: what the flow shows, in figures."""
        meanings = compared.collection.card.grades
        return lineup_table.lineup_table(compared.judged(judgments), meanings, compared.analysis, language)

    # ---- what if -------------------------------------------------------------------------------------------------

    def try_out(
        self, compared: Compared | None, edit: WhatIfForm, controls: Controls, language: Language
    ) -> Iterator[View]:
        """Views while the edited query and passage are ranked anew, the table of old and new ranks last."""
        return guarded(
            self._try_out(compared, edit, controls, language),
            lambda sentence: View(what_if=status.alert(sentence, language)),
        )

    def _try_out(
        self, compared: Compared | None, edit: WhatIfForm, controls: Controls, language: Language
    ) -> Iterator[View]:
        compared = _ran(compared)
        collection = edited_collection(compared, edit)
        if collection is compared.collection and edit.query.strip() == compared.query.text:
            raise InputError(w.NOTHING_EDITED)
        request = replace(compared.request, query=edit.query, collection=collection)
        for step in seldom(self.service.line_up(request, compared.choices)):
            if isinstance(step, Progress):
                yield View(what_if=told(step, language))
            elif len(step.columns) == len(compared.choices):
                after = self.columned(step, controls)
                found = what_if(self.columned(compared.lineup, controls), after)
                yield View(what_if=what_if_view.what_if(found, language))

    # ---- links -----------------------------------------------------------------------------------------------------

    def link(self, form: Form, rankers: Sequence[str]) -> dict[str, str]:
        """The link to what the form and the rankers say; `links.written` tells what does not fit into one.

        Raises:
            InputError: no ranker is chosen, or one cannot be read.
        """
        chosen = tuple(map(str, parse_rankers(",".join(rankers))))
        return {"text": written(Link(form, rankers=chosen), self.pane)}

    def opening(self, asked: Mapping[str, str], language: Language) -> Iterator[View]:
        """The lineup that the address asks for, if it does and nothing would have to be downloaded for it."""
        link = read_if_right(asked, self.pane)
        if link is None or not link.rankers:
            return
        missing = ", ".join(needs_download(link, self.pane))
        if missing:
            told_why = status.notice(w.LINK_DOWNLOADS.format(models=missing), language)
            yield View(status=told_why, headline=invitation(language))
        else:
            yield from self.run(link.form, link.rankers, Controls(), Judgments(), language)

    # ---- to take away --------------------------------------------------------------------------------------------

    def html(
        self,
        compared: Compared | None,
        judgments: Judgments,
        controls: Controls,
        question: Question | None,
        language: Language,
    ) -> dict[str, str]:
        """File name and content of the lineup as a page of its own, looked at as it is now, “why?” if it was asked."""
        return {"name": f"{FILE}.html", "text": self._page(_ran(compared), judgments, controls, question, language)}

    def csv(self, compared: Compared | None, judgments: Judgments) -> dict[str, str]:
        """File name and content of the lineup as CSV; cells that a spreadsheet would run are defused."""
        return {"name": f"{FILE}.csv", "text": as_csv(_ran(compared).judged(judgments))}

    def json(self, compared: Compared | None, judgments: Judgments) -> dict[str, str]:
        """File name and content of the lineup as JSON."""
        return {"name": f"{FILE}.json", "text": as_json_text(_ran(compared).judged(judgments))}

    def code(self, compared: Compared | None) -> dict[str, str]:
        """File name and content of the lineup as a program that asks for it."""
        found = _ran(compared)
        program = python_program(found, [column.ranker.key for column in found.drawn.columns])
        return {"name": f"{FILE}.py", "text": program}

    def _page(
        self,
        compared: Compared,
        judgments: Judgments,
        controls: Controls,
        question: Question | None,
        language: Language,
    ) -> str:
        lineup, meanings = compared.judged(judgments), compared.collection.card.grades
        view = self.drawn(compared, controls, judgments, language)
        sections: dict[str, Section] = {
            "compare-headline-box": view.headline,
            "compare-judged-box": view.judged,
            "flow-box": view.flow,
            "compare-why-box": answer(self.service, question, compared, language),
            "compare-panel-box": lineup_table.lineup_panel(lineup, language, meanings, live=False),
            "columns": view.depths,
            "agreement-box": view.agreement,
            "contested-box": view.contested,
            "lineup-plots-row": dict(zip((*(row.key for row in LINEUP_CHARTS), SPEED), view.charts or (), strict=True)),
            "scores-box": view.scores,
            "speed-box": view.speed,
            "cards-box": view.cards,
            "lineup-table-box": view.table,
        }
        return saved_page("compare-results", lineup.query.text, sections, as_json(lineup), language)


def invitation(language: Language) -> str:
    """What stands in place of the headline before the first run."""
    return status.invitation(w.COMPARE_QUESTION, w.COMPARE_EMPTY, language)


def is_fused(ranking: Ranking) -> bool:
    """Whether the ranking is a fusion itself."""
    return isinstance(parse_ranker(ranking.ranker.key), FusionChoice)


def reference_of(lineup: Lineup, asked: str | None) -> str:
    """Key of the ranker to hold the others against: the one asked for if it is here, else the largest model's.

    Without any model the first ranker's; "" where there is no ranking at all.
    """
    keys = [ranking.ranker.key for ranking in lineup.rankings]
    if asked in keys:
        return str(asked)
    sizes = [ranking.ranker.model.spec.parameters if ranking.ranker.model else -1 for ranking in lineup.rankings]
    return keys[sizes.index(max(sizes))] if keys else ""


def edited_collection(compared: Compared, edit: WhatIfForm) -> Collection:
    """The collection with the edited passage; the same collection where nothing of it is edited."""
    collection = compared.collection
    if edit.passage is None or not edit.text.strip():
        return collection
    old = compared.candidates[edit.passage]
    if edit.text.strip() == old.text.strip():
        return collection
    fresh = Passage(old.doc_id, edit.text.strip(), old.title)
    passages = tuple(fresh if passage.doc_id == old.doc_id else passage for passage in collection.passages)
    return replace(collection, passages=passages)


def _ran(compared: Compared | None) -> Compared:
    """The last lineup; an error where there is none."""
    return existing(compared, w.COMPARE_FIRST)
