"""The Rerank tab: a query and passages on the left, what the cross-encoder changed on the right.

The handlers are methods of `RerankTab` that take a frozen `Form` and give frozen `View`s; `build` alone knows gradio's
components. The fields of `Form` and `View` have the names of the components they belong to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components.plot import PlotData

from demo import formats
from demo.charts import CHARTS, RAW, SCALES, Chart, find_scale
from demo.errors import DemoError, InputError
from demo.language import Language, Text
from demo.rankers.bm25 import VARIANTS, Bm25Settings, Parameter, Variant, find_variant
from demo.records import Collection, Comparison, Query
from demo.report import as_csv, as_json_text
from demo.service import Progress, RankingService, RerankRequest
from demo.settings import Settings
from demo.text import STEMMERS, Analysis
from demo.ui import wording as w
from demo.ui.boundary import guarded, sentence_of
from demo.ui.html import page_html
from demo.ui.limits import limits_of
from demo.ui.plots import plot
from demo.ui.session import Session, Shown
from demo.ui.views import cost, headline, models, passages, slope, status

COLLECTION, PASTE, UPLOAD = "collection", "paste", "upload"
SOURCES = ((w.SOURCE_COLLECTION, COLLECTION), (w.SOURCE_PASTE, PASTE), (w.SOURCE_UPLOAD, UPLOAD))
PARAMETERS = ("k1", "b", "delta", "epsilon")
"""The numbers that some variant of BM25 has; each has a field, shown where the chosen variant has it."""
SAVE = """(file) => {
  if (!file) return;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([file.text], {type: 'text/plain;charset=utf-8'}));
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}"""
"""Saves a file in the browser."""


@dataclass(frozen=True, slots=True)
class Form:
    """What the person chose and typed; the fields are named as the components they come from."""

    query: str
    source: str
    collection: str
    pasted: str
    reading: str
    model: str
    first_stage: str
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
        self.limits = limits_of(settings)

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
        for step in self.service.rerank(request):
            if isinstance(step, Progress):
                words = step.detail.to(language)
                yield View(status=status.progress(words, step.done, step.total, language))
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
            formula=status.formula(find_scale(scale).formula, language),
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
            formula=status.formula(find_scale(scale).formula, language),
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


def query_choices(queries: tuple[Query, ...]) -> list[tuple[str, str]]:
    """The queries as menu entries; choosing one puts its text into the query field."""
    return [(query.text, query.text) for query in queries]


def parameter_label(row: Parameter) -> Text:
    """Sign, meaning and range of a parameter: «k₁: how much repeats of a term add (0 – 10)»."""
    span = f"{row.least:g} – {row.most:g}"
    return Text(f"{row.sign}: {row.meaning.en} ({span})", f"{row.sign}：{row.meaning.zh}（{span}）")


def model_choices(service: RankingService, language: Language) -> list[tuple[str, str]]:
    """Every model on offer with where its weights are; the value is its key."""
    return [(f"{choice.spec.label} · {models.place(choice, language)}", choice.spec.key) for choice in service.models()]


def _download(session: Session, suffix: str, write: Callable[[Comparison], str]) -> dict[str, str]:
    """Name and content of a file for the browser to save; nothing is written on the server.

    Raises:
        gr.Error: there is no finished comparison yet.
    """
    if session.shown is None:
        raise gr.Error(w.NOTHING_YET.en, print_exception=False)
    return {"name": f"rerank-lens.{suffix}", "text": write(session.shown.comparison)}


def _number(value: float | None, name: str) -> float:
    """The number in a field.

    Raises:
        InputError: the field is empty.
    """
    if value is None:
        raise InputError(w.OPTION_NOT_A_NUMBER.en.format(name=name), w.OPTION_NOT_A_NUMBER.zh.format(name=name))
    return value


# ---- components ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChartParts:
    """The components of one chart."""

    box: gr.Column
    note: gr.HTML
    figure: gr.Plot


@dataclass(frozen=True, slots=True)
class Parts:
    """The components that a `View` fills, by the names of its fields."""

    session: gr.State
    status: gr.HTML
    headline: gr.HTML
    slope: gr.HTML
    panel: gr.HTML
    charts: tuple[ChartParts, ...]
    formula: gr.HTML
    table: gr.HTML
    cost: gr.HTML

    def outputs(self) -> list[Any]:
        """Every component, charts taken apart, as gradio wants them listed."""
        flat = [part for chart in self.charts for part in (chart.box, chart.note, chart.figure)]
        return [getattr(self, row.name) for row in fields(self) if row.name != "charts"] + flat

    def updates(self, view: View) -> dict[Any, Any]:
        """The view's values by component; what the view leaves alone is left out."""
        values = {row.name: getattr(view, row.name) for row in fields(view)}
        charts = values.pop("charts")
        found = {getattr(self, name): value for name, value in values.items() if value is not None}
        for part, chart in zip(self.charts, charts or (), strict=False):
            if chart is not None:
                found |= {part.note: chart.note, part.figure: chart.figure, part.box: gr.Column(visible=chart.shown)}
        return found


def build(settings: Settings, service: RankingService, label: w.Labels) -> None:
    """The tab's components and what happens when they are used."""
    tab = RerankTab(settings, service)
    with gr.Column(elem_id="rerank-page"):
        with gr.Column(elem_id="inputs"):
            form, extras = _inputs(tab, label)
        with gr.Column(elem_id="results"):
            parts, scale, downloads = _results(extras.status, label)
    _wire(tab, form, extras, parts, scale, downloads)


@dataclass(frozen=True, slots=True)
class Extras:
    """Components beside the form: they change it or speak of it."""

    examples: gr.Dropdown
    pasted_note: gr.HTML
    uploads: gr.UploadButton
    uploaded_note: gr.HTML
    run: gr.Button
    stop: gr.Button
    status: gr.HTML


def _inputs(tab: RerankTab, label: w.Labels) -> tuple[Form, Extras]:
    """The left column. The `Form` returned holds components instead of values."""
    start = tab.default_form()
    query = gr.Textbox(
        start.query,
        label=label(w.QUERY),
        info=label(w.QUERY_INFO),
        placeholder=label(w.QUERY_PLACEHOLDER),
        lines=2,
        max_lines=6,
        elem_id="query",
    )
    examples = gr.Dropdown(
        query_choices(tab.service.collection(start.collection).queries),
        value=start.query,
        label=label(w.EXAMPLE_QUERIES),
        elem_id="examples",
    )
    source = gr.Radio(
        [(label(text), key) for text, key in SOURCES],
        value=start.source,
        label=label(w.COLLECTION),
        elem_id="source",
    )
    with gr.Column(elem_id="from-collection"):
        collection = gr.Dropdown(
            [(label(card.title), key) for key, card in tab.service.cards()],
            value=start.collection,
            show_label=False,
            container=False,
            filterable=False,
            elem_id="collection",
        )
    with gr.Column(elem_id="from-paste"):
        pasted = gr.Textbox(
            label=label(w.PASTE),
            placeholder=label(w.PASTE_PLACEHOLDER),
            lines=8,
            max_lines=14,
            elem_id="paste",
        )
        pasted_note = page_html(status.reading(w.PASTE_EMPTY, "en"), elem_id="paste-note")
    with gr.Column(elem_id="from-upload"):
        uploads = gr.UploadButton(
            label(w.UPLOAD_BUTTON),
            file_count="multiple",
            file_types=list(formats.accepted_suffixes()),
            elem_id="upload",
        )
        uploaded_note = page_html(status.reading(w.UPLOAD_NONE, "en"), elem_id="upload-note")
    with gr.Column(elem_id="read-as"):
        reading = gr.Dropdown(
            [(label(w.FORMAT_AUTO), ""), *((label(row.label), row.key) for row in formats.PASTED_FORMATS)],
            value="",
            label=label(w.PASTE_FORMAT),
            elem_id="reading",
        )
    model = gr.Dropdown(
        model_choices(tab.service, "en"),
        value=start.model,
        label=label(w.MODEL),
        info=label(w.MODEL_INFO) if tab.settings.any_model else None,
        allow_custom_value=tab.settings.any_model,
        elem_id="model",
    )
    with gr.Column(elem_id="run-box"):
        status_box = page_html("", elem_id="status-box")
        with gr.Row(elem_id="run-row"):
            run = gr.Button(label(w.RUN), variant="primary", scale=3, elem_id="rerank")
            stop = gr.Button(label(w.STOP), scale=1, elem_id="stop")
    with gr.Accordion(label(w.OPTIONS), open=False, elem_id="options"):
        options = _options(tab, start, label)
    components = Form(
        query=query,
        source=source,
        collection=collection,
        pasted=pasted,
        reading=reading,
        model=model,
        **options,
    )
    return components, Extras(examples, pasted_note, uploads, uploaded_note, run, stop, status_box)


def _options(tab: RerankTab, start: Form, label: w.Labels) -> dict[str, Any]:
    """The first stage and the finer points, with the defaults of the first variant."""
    return {
        "first_stage": gr.Radio(
            [(label(w.FIRST_STAGE_BM25), "bm25"), (label(w.FIRST_STAGE_ENGINE), "engine")],
            value=start.first_stage,
            label=label(w.FIRST_STAGE),
            elem_id="first-stage",
        ),
        "variant": gr.Dropdown(
            [(label(row.label), row.key) for row in VARIANTS],
            value=start.variant,
            label=label(w.VARIANT),
            elem_id="variant",
        ),
        **{name: _parameter_field(name, VARIANTS[0], label) for name in PARAMETERS},
        "stop_words": gr.Checkbox(start.stop_words, label=label(w.STOP_WORDS), elem_id="stop-words"),
        "stemmer": gr.Dropdown(
            [(label(w.STEMMER_NONE), ""), *((name, name) for name in STEMMERS)],
            value=start.stemmer,
            label=label(w.STEMMER),
            elem_id="stemmer",
        ),
        "depth": gr.Number(
            start.depth, label=label(w.DEPTH), info=label(w.DEPTH_INFO), precision=0, minimum=0, elem_id="depth"
        ),
        "windows": gr.Checkbox(start.windows, label=label(w.WINDOWS), info=label(w.WINDOWS_INFO), elem_id="windows"),
        "precision": gr.Dropdown(
            ["fp32", "bf16", "fp16"], value=start.precision, label=label(w.PRECISION), elem_id="precision"
        ),
    }


def _parameter_field(name: str, variant: Variant, label: w.Labels) -> gr.Number:
    """The field of a parameter, hidden where the variant has none of that name."""
    row = next((row for row in variant.parameters if row.name == name), None)
    return gr.Number(
        row.default if row else None,
        label=label(parameter_label(row)) if row else name,
        visible=row is not None,
        elem_id=name,
    )


def _results(status_box: gr.HTML, label: w.Labels) -> tuple[Parts, gr.Radio, tuple[gr.Button, gr.Button, gr.JSON]]:
    """The right column, empty until the first comparison arrives."""
    headline_html = page_html("", elem_id="headline-box")
    slope_html = page_html("", elem_id="slope-box")
    panel_html = page_html("", elem_id="panel-box")
    with gr.Column(elem_id="scale-box"):
        scale = gr.Radio(
            [(label(row.label), row.key) for row in SCALES],
            value=SCALES[0].key,
            label=label(w.SCALE),
            elem_id="scale",
        )
        formula = page_html(status.formula(RAW.formula, "en"), elem_id="formula")
    with gr.Row(elem_id="plots-row"):
        charts = tuple(_chart(row) for row in CHARTS)
    table_html = page_html("", elem_id="table-box")
    with gr.Row(elem_id="footer-row"):
        cost_html = page_html("", elem_id="cost-box")
        with gr.Column(elem_id="downloads"):
            csv = gr.Button(label(w.DOWNLOAD_CSV), elem_id="download-csv")
            json_button = gr.Button(label(w.DOWNLOAD_JSON), elem_id="download-json")
    payload = gr.JSON(visible=False)
    session = gr.State(Session())
    parts = Parts(session, status_box, headline_html, slope_html, panel_html, charts, formula, table_html, cost_html)
    return parts, scale, (csv, json_button, payload)


def _chart(row: Chart) -> ChartParts:
    with gr.Column(elem_classes="plot-card", elem_id=f"{row.key}-card", visible=row.from_size == 0) as box:
        note = page_html("")
        figure = gr.Plot(show_label=False, container=False, elem_id=row.key)
    return ChartParts(box, note, figure)


# ---- events --------------------------------------------------------------------------------------------------


def _wire(
    tab: RerankTab,
    form: Form,
    extras: Extras,
    parts: Parts,
    scale: gr.Radio,
    downloads: tuple[gr.Button, gr.Button, gr.JSON],
) -> None:
    """Connects components with the tab's methods; every event is private and shows no loader of its own."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    quick: dict[str, Any] = quiet | {"concurrency_limit": 16, "concurrency_id": "quick"}
    ranking: dict[str, Any] = quiet | {"concurrency_limit": 4, "concurrency_id": "ranking"}
    form_parts = [getattr(form, row.name) for row in fields(Form)]

    def run(request: gr.Request, *values: Any) -> Iterator[dict[Any, Any]]:
        *typed, session, chosen_scale = values
        for view in tab.run(Form(*typed), session, chosen_scale, w.language_of(request)):
            yield parts.updates(view)

    def opening(request: gr.Request) -> Iterator[dict[Any, Any]]:
        for view in tab.opening(w.language_of(request)):
            yield parts.updates(view)

    def localised(request: gr.Request) -> tuple[Any, ...]:
        language = w.language_of(request)
        return (
            status.reading(w.PASTE_EMPTY, language),
            status.reading(w.UPLOAD_NONE, language),
            gr.Dropdown(choices=model_choices(tab.service, language)),
        )

    def stopped(request: gr.Request) -> str:
        return status.notice(w.STOPPED, w.language_of(request))

    def rescaled(request: gr.Request, session: Session, chosen: str) -> dict[Any, Any]:
        return parts.updates(tab.rescaled(session, chosen, w.language_of(request)))

    def pasted(request: gr.Request, text: str, reading: str) -> str:
        return tab.read_pasted(text, reading, w.language_of(request))

    def uploaded(request: gr.Request, paths: list[str] | None, reading: str, session: Session) -> tuple[Any, ...]:
        session, sentence = tab.read_uploaded(paths, reading, session, w.language_of(request))
        queries = session.uploaded.queries if session.uploaded else ()
        return session, sentence, gr.Dropdown(choices=query_choices(queries), value=None)

    def collection_chosen(key: str, query: str) -> tuple[Any, str]:
        queries, text = tab.service.collection(key).queries, tab.query_for(key, query)
        known = text if any(query.text == text for query in queries) else None
        return gr.Dropdown(choices=query_choices(queries), value=known), text

    def variant_chosen(request: gr.Request, key: str) -> list[Any]:
        language, rows = w.language_of(request), {row.name: row for row in find_variant(key).parameters}
        return [
            gr.Number(value=row.default, label=parameter_label(row).to(language), visible=True)
            if (row := rows.get(name))
            else gr.Number(value=None, visible=False)
            for name in PARAMETERS
        ]

    running = extras.run.click(
        run,
        [*form_parts, parts.session, scale],
        parts.outputs(),
        concurrency_limit=4,
        concurrency_id="ranking",
        **quiet,
    )
    extras.stop.click(stopped, None, parts.status, cancels=[running], **quick)
    page = gr.context.Context.root_block
    page.load(opening, None, parts.outputs(), **ranking)
    page.load(localised, None, [extras.pasted_note, extras.uploaded_note, form.model], **quick)
    scale.input(rescaled, [parts.session, scale], parts.outputs(), **quick)
    extras.examples.input(lambda query: query, extras.examples, form.query, **quick)
    form.collection.input(collection_chosen, [form.collection, form.query], [extras.examples, form.query], **quick)
    form.variant.input(variant_chosen, form.variant, [getattr(form, name) for name in PARAMETERS], **quick)
    gr.on(
        [form.pasted.change, form.reading.input],
        pasted,
        [form.pasted, form.reading],
        extras.pasted_note,
        trigger_mode="always_last",
        **quick,
    )
    gr.on(
        [extras.uploads.upload, form.reading.input],
        uploaded,
        [extras.uploads, form.reading, parts.session],
        [parts.session, extras.uploaded_note, extras.examples],
        **quick,
    )
    csv, json_button, payload = downloads
    for button, make in ((csv, tab.csv), (json_button, tab.json)):
        button.click(make, parts.session, payload, **quick).then(None, payload, None, js=SAVE, api_visibility="private")
