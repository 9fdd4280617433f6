"""What the Compare tab does, free of components: forms in, frozen `View`s out.

The fields of `View` have the names of the components they belong to. A lineup is scored once; depth, fusion, reference,
measure and scale only draw it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from demo.charts import LINEUP_CHARTS, RAW, find_scale
from demo.errors import InputError
from demo.judgments import Judgments
from demo.language import Language
from demo.lineup_report import as_csv, as_json_text
from demo.lineups import at_depth, what_if, with_fusion
from demo.metrics.agreement import MEASURES
from demo.rankers.bm25 import VARIANTS, Bm25Settings
from demo.rankers.choices import (
    RRF_K,
    Bm25Choice,
    CrossEncoderChoice,
    EngineChoice,
    FusionChoice,
    RankerChoice,
    parse_ranker,
    parse_rankers,
)
from demo.records import Collection, Lineup, Passage, Ranking
from demo.scoring import Progress
from demo.service import MOST_RANKERS, RankingService
from demo.ui import wording as w
from demo.ui.boundary import guarded
from demo.ui.inputs.handlers import Form, InputsPane, number
from demo.ui.judging import figures, judged_box
from demo.ui.parts import ChartView
from demo.ui.plots import plot
from demo.ui.progress import seldom, told
from demo.ui.session import Compared
from demo.ui.views import compare as views
from demo.ui.views import flow, lineup_table, status

NO_FUSION = ""
SPEED_AXES = ("agreement", "ndcg@10")


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
    axis: str = SPEED_AXES[0]


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

    def offered(self) -> list[RankerChoice]:
        """What the menu offers: the variants of BM25, the engine's scores, every model."""
        variants = [Bm25Choice(Bm25Settings(variant=row.key)) for row in VARIANTS]
        return [*variants, EngineChoice(), *(CrossEncoderChoice(row.spec.key) for row in self.service.models())]

    def default_rankers(self) -> list[str]:
        """What is chosen at the start: BM25, and the models that come with the page."""
        bundled = [row.spec.key for row in self.service.models() if row.where == "bundled"]
        return [str(Bm25Choice()), *bundled]

    def added(
        self, chosen: Sequence[str], model: str, precision: str, max_tokens: float | None, windows: bool
    ) -> list[str]:
        """The chosen rankers and one more, used in its own way.

        Raises:
            InputError: no model is named, or the length is not a whole number.
        """
        if not model:
            raise InputError(w.NO_MODEL.en, w.NO_MODEL.zh)
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
                yield replace(self.drawn(compared, controls, judgments, language), status="", what_if="")

    def _growing(self, compared: Compared, judgments: Judgments, language: Language) -> View:
        """What is there before the last ranker has ended: words, flow and table, but no plots."""
        lineup = compared.judged(judgments)
        return View(
            headline=views.headline(lineup, language),
            flow=flow.flow(lineup, language),
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
            headline=views.headline(lineup, language),
            judged=judged_box(compared, judgments, language),
            flow=flow.flow(lineup, language),
            panel=lineup_table.lineup_panel(lineup, language, compared.collection.card.grades),
            contested=views.contested(lineup, language),
            scores=views.score_facts(lineup, language),
            depths=views.depths(compared.lineup, language),
            cards=views.cards(lineup, language),
            table=self.table(compared, judgments, language),
        )

    def referred(self, compared: Compared, controls: Controls, judgments: Judgments, language: Language) -> View:
        """The parts that depend on the reference, the measure, the scale or the axis."""
        lineup = compared.judged(judgments)
        reference = reference_of(lineup, controls.reference)
        quality = {key: {m.key: value for m, value in row.items()} for key, row in figures(compared, judgments).items()}
        on_axis = {key: row["ndcg@10"] for key, row in quality.items()} if controls.axis != SPEED_AXES[0] else None
        return View(
            agreement=views.agreement(lineup, controls.measure, reference, language),
            speed=views.speed(lineup, reference, quality, language),
            charts=tuple(
                ChartView(
                    note=status.chart_note(row.label, row.alt(data), language), figure=plot(row.figure(data, language))
                )
                for row in LINEUP_CHARTS
                for data in [row.data(lineup, find_scale(controls.scale))]
            ),
        )

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
        if compared is None:
            raise InputError(w.COMPARE_FIRST.en, w.COMPARE_FIRST.zh)
        collection = edited_collection(compared, edit)
        if collection is compared.collection and edit.query.strip() == compared.query.text:
            raise InputError(w.NOTHING_EDITED.en, w.NOTHING_EDITED.zh)
        request = replace(compared.request, query=edit.query, collection=collection)
        for step in seldom(self.service.line_up(request, compared.choices)):
            if isinstance(step, Progress):
                yield View(what_if=told(step, language))
            elif len(step.columns) == len(compared.choices):
                after = self.columned(step, controls)
                found = what_if(self.columned(compared.lineup, controls), after)
                yield View(what_if=views.what_if(found, language))

    # ---- to take away --------------------------------------------------------------------------------------------

    def csv(self, compared: Compared | None, judgments: Judgments) -> dict[str, str]:
        """File name and content of the lineup as CSV; cells that a spreadsheet would run are defused."""
        return _download(compared, judgments, "csv", as_csv)

    def json(self, compared: Compared | None, judgments: Judgments) -> dict[str, str]:
        """File name and content of the lineup as JSON."""
        return _download(compared, judgments, "json", as_json_text)


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


def _download(
    compared: Compared | None, judgments: Judgments, suffix: str, write: Callable[[Lineup], str]
) -> dict[str, str]:
    """Name and content of a file for the browser to save; nothing is written on the server.

    Raises:
        InputError: there is no finished lineup yet.
    """
    if compared is None:
        raise InputError(w.COMPARE_FIRST.en, w.COMPARE_FIRST.zh)
    return {"name": f"rerank-lens-compare.{suffix}", "text": write(compared.judged(judgments))}
