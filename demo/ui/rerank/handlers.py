"""What the Rerank tab does, free of components: a frozen `Form` in, frozen `View`s out.

The fields of `Form` and `View` have the names of the components they belong to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from gradio.components.plot import PlotData

from demo import formats
from demo.charts import CHARTS, RAW, Chart, find_scale
from demo.errors import DemoError, InputError
from demo.language import Language, Text
from demo.rankers.bm25 import VARIANTS, Bm25Settings, find_variant
from demo.records import Collection, Comparison
from demo.report import as_csv, as_json_text
from demo.service import FirstStage, Progress, RankingService, RerankRequest
from demo.settings import Settings
from demo.text import Analysis
from demo.ui import wording as w
from demo.ui.boundary import guarded, sentence_of
from demo.ui.plots import plot
from demo.ui.session import Session, Shown
from demo.ui.views import cost, headline, passages, slope, status

PROGRESS_SECONDS = 0.25
"""Progress is told no more often: every telling costs the browser and the queue more than a batch of a small model."""
COLLECTION, PASTE, UPLOAD = "collection", "paste", "upload"
PARAMETERS = ("k1", "b", "delta", "epsilon")
"""The numbers that some variant of BM25 has; each has a field, shown where the chosen variant has it."""


@dataclass(frozen=True, slots=True)
class Form:
    """What the person chose and typed; the fields are named as the components they come from."""

    query: str
    source: str
    collection: str
    pasted: str
    reading: str
    model: str
    first_stage: FirstStage
    variant: str
    k1: float | None
    b: float | None
    delta: float | None
    epsilon: float | None
    stop_words: bool
    stemmer: str
    depth: float | None
    windows: bool
    precision: str


@dataclass(frozen=True, slots=True)
class ChartView:
    """One chart: heading and words, picture, and whether the page offers it for this many passages."""

    note: str
    figure: PlotData
    shown: bool


@dataclass(frozen=True, eq=False)
class View:
    """New values for the components of the same names; None leaves a component as it is."""

    session: Session | None = None
    status: str | None = None
    headline: str | None = None
    slope: str | None = None
    panel: str | None = None
    charts: tuple[ChartView | None, ...] | None = None
    formula: str | None = None
    table: str | None = None
    cost: str | None = None


class RerankTab:
    """What the tab does, free of components: forms in, views out."""

    def __init__(self, settings: Settings, service: RankingService) -> None:
        self.settings = settings
        self.service = service
        self.limits = formats.Limits.from_settings(settings)

    # ---- running ---------------------------------------------------------------------------------------------

    def run(self, form: Form, session: Session, scale: str, language: Language) -> Iterator[View]:
        """Views while the ranking is made, the finished one last; closing the iterator stops the work."""
        return guarded(
            self._run(form, session, scale, language),
            lambda sentence: View(status=status.alert(sentence, language)),
        )

    def _run(self, form: Form, session: Session, scale: str, language: Language) -> Iterator[View]:
        collection = self.collection_of(form, session)
        request = self.request_of(form, collection)
        told = -PROGRESS_SECONDS
        for step in self.service.rerank(request):
            if isinstance(step, Progress):
                if perf_counter() - told >= PROGRESS_SECONDS:
                    told = perf_counter()
                    yield View(status=status.progress(step.detail.to(language), step.done, step.total, language))
            else:
                shown = Shown(step, request.bm25.analysis, collection.card.grades, self._trap(step))
                yield self.finished(replace(session, shown=shown), shown, scale, language)

    def finished(self, session: Session, shown: Shown, scale: str, language: Language) -> View:
        """Every part of the page for a finished comparison."""
        comparison = shown.comparison
        return View(
            session=session,
            status="",
            headline=headline.headline(comparison, shown.trap, language),
            slope=slope.slope(comparison, language),
            panel=passages.panel(comparison, language),
            charts=tuple(self.chart(row, comparison, scale, language) for row in CHARTS),
            formula=status.reading(find_scale(scale).formula, language),
            table=passages.table(comparison, shown.grades, shown.analysis, language),
            cost=cost.cost(comparison, language),
        )

    def opening(self, language: Language) -> Iterator[View]:
        """The worked example that a visitor sees first: the first collection's first query, all else by default."""
        return self.run(self.default_form(), Session(), RAW.key, language)

    def rescaled(self, session: Session, scale: str, language: Language) -> View:
        """The charts on another scale; nothing is scored again."""
        if session.shown is None:
            return View()
        comparison = session.shown.comparison
        return View(
            charts=tuple(self.chart(row, comparison, scale, language) if row.scaled else None for row in CHARTS),
            formula=status.reading(find_scale(scale).formula, language),
        )

    # ---- from the form to a request --------------------------------------------------------------------------

    def default_form(self) -> Form:
        """What the form holds before anyone touched it."""
        key = self.service.cards()[0][0]
        defaults = VARIANTS[0].defaults
        return Form(
            query=self.service.first_query(key).text,
            source=COLLECTION,
            collection=key,
            pasted="",
            reading="",
            model=self.service.default_model(),
            first_stage="bm25",
            variant=VARIANTS[0].key,
            **{name: defaults.get(name) for name in PARAMETERS},
            stop_words=True,
            stemmer="english",
            depth=0,
            windows=False,
            precision=self.settings.precision,
        )

    def query_for(self, key: str, typed: str) -> str:
        """The query to show once collection `key` is chosen: what was typed, unless it came from a collection."""
        known = (query.text for other, _ in self.service.cards() for query in self.service.collection(other).queries)
        return self.service.first_query(key).text if not typed.strip() or typed in known else typed

    def collection_of(self, form: Form, session: Session) -> Collection:
        """The passages that the form points at.

        Raises:
            InputError: nothing was uploaded yet, or the pasted text cannot be read as chosen.
        """
        if form.source == PASTE:
            return formats.read_pasted(form.pasted, self.limits, form.reading or None).collection
        if form.source == UPLOAD:
            if session.uploaded is None:
                raise InputError(w.NO_UPLOAD.en, w.NO_UPLOAD.zh)
            return session.uploaded
        return self.service.collection(form.collection)

    def request_of(self, form: Form, collection: Collection) -> RerankRequest:
        """The form's choices as a request to the service.

        Raises:
            InputError: a number is missing, or out of the range that the variant allows.
        """
        numbers = {name: _number(getattr(form, name), name) for name in find_variant(form.variant).defaults}
        analysis = Analysis(stop_words=form.stop_words, stemmer=form.stemmer)
        return RerankRequest(
            query=form.query,
            collection=collection,
            model=form.model,
            bm25=Bm25Settings(variant=form.variant, analysis=analysis, **numbers),
            first_stage=form.first_stage,
            depth=int(_number(form.depth, "depth")) or None,
            windows=form.windows,
            precision=form.precision,
        )

    def _trap(self, comparison: Comparison) -> Text | None:
        return self.service.traps(comparison.collection_key).get(comparison.query.query_id)

    # ---- parts -----------------------------------------------------------------------------------------------

    def chart(self, row: Chart, comparison: Comparison, scale: str, language: Language) -> ChartView:
        """One chart's heading with its words for screen readers, and its picture."""
        data = row.data(comparison, find_scale(scale))
        return ChartView(
            note=status.chart_note(row.label, row.alt(data), language),
            figure=plot(row.figure(data, language)),
            shown=comparison.size >= row.from_size,
        )

    def read_pasted(self, text: str, reading: str, language: Language) -> str:
        """One line that says how the pasted text is understood, or why it cannot be."""
        if not text.strip():
            return status.reading(w.PASTE_EMPTY, language)
        try:
            loaded = formats.read_pasted(text, self.limits, reading or None)
        except DemoError as error:
            return status.reading(error.text, language, bad=True)
        return status.reading(loaded.reading.sentence(), language)

    def read_uploaded(
        self, paths: list[str] | None, reading: str, session: Session, language: Language
    ) -> tuple[Session, str]:
        """The session with the uploaded collection, and one line that says how the files are understood.

        Files that cannot be read leave the collection that was there before.
        """
        if not paths:
            return session, status.reading(w.UPLOAD_NONE, language)
        try:
            files = [(Path(path).name, Path(path).read_bytes()) for path in paths]
            loaded = formats.read_files(files, self.limits, reading or None)
        except Exception as error:  # noqa: BLE001  part of the boundary: told or logged
            return session, status.reading(sentence_of(error), language, bad=True)
        return replace(session, uploaded=loaded.collection), status.reading(loaded.reading.sentence(), language)

    def csv(self, session: Session) -> dict[str, str]:
        """File name and content of the last comparison as CSV; cells that a spreadsheet would run are defused."""
        return _download(session, "csv", as_csv)

    def json(self, session: Session) -> dict[str, str]:
        """File name and content of the last comparison as JSON."""
        return _download(session, "json", as_json_text)


def _download(session: Session, suffix: str, write: Callable[[Comparison], str]) -> dict[str, str]:
    """Name and content of a file for the browser to save; nothing is written on the server.

    Raises:
        InputError: there is no finished comparison yet.
    """
    if session.shown is None:
        raise InputError(w.NOTHING_YET.en, w.NOTHING_YET.zh)
    return {"name": f"rerank-lens.{suffix}", "text": write(session.shown.comparison)}


def _number(value: float | None, name: str) -> float:
    """The number in a field.

    Raises:
        InputError: the field is empty.
    """
    if value is None:
        raise InputError(w.OPTION_NOT_A_NUMBER.en.format(name=name), w.OPTION_NOT_A_NUMBER.zh.format(name=name))
    return value
