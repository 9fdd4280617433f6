"""Judging by hand, the same in every tab: grades in, figures out, judgments saved and loaded as qrels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from demo import formats, uploads
from demo.errors import InputError
from demo.judgments import GRADES, Judgments
from demo.messages import Language
from demo.metrics.effectiveness import measure_query, parse_measures
from demo.ui import wording as w
from demo.ui.boundary import sentence_of
from demo.ui.inputs.components import Inputs
from demo.ui.inputs.handlers import InputsForm, InputsPane
from demo.ui.memory import Memory, follow_tabs, judgments_text, read_judgments
from demo.ui.page import IN_TURN, QUICK, current_page, page_html
from demo.ui.parts import build_download
from demo.ui.sections import Built, Drawn, Occasion, View
from demo.ui.session import ShownResult, grades_by_id
from demo.ui.values import event_entry, event_index, event_value
from demo.ui.views import status
from demo.ui.views.judged import Figures, judged_figures

MEASURES = parse_measures("ndcg@10 mrr@10 p@10 judged@10")

JUDGED, LOADED = frozenset({"judged"}), frozenset({"loaded"})
"""The occasions that one passage was judged, which the browser has shown already, and that judgments were loaded."""

BRIDGE = """document.addEventListener('lens-judge', (event) => trigger('select', event.detail));"""
"""The page's script tells of a judgment; this passes it on to the server."""


def figures(shown: ShownResult, judgments: Judgments) -> Mapping[str, Figures]:
    """Ranker key → MEASURES by name, for this query; empty where no passage of the collection is judged."""
    grades = grades_by_id(shown, judgments)
    if not grades:
        return {}
    names = [passage.doc_id for passage in shown.candidates]
    found = {}
    for ranking in shown.rankings:
        values = measure_query([names[index] for index in ranking.top(len(names)).tolist()], grades, MEASURES)
        found[ranking.ranker.key] = {measure.name: value for measure, value in values.items()}
    return found


def judged_box(shown: ShownResult, judgments: Judgments, language: Language) -> str:
    """What the judgments say of every ranking; nothing where there are none."""
    return judged_figures(shown.rankings, figures(shown, judgments), language)


def taken(path: Path, form: InputsForm, pane: InputsPane, judgments: Judgments) -> tuple[Judgments, int]:
    """The judgments with those of a qrels file, for the passages that the form points at; and how many grades of the
    file are beyond those that can be given here.

    Raises:
        InputError: the file is no qrels file, or speaks of none of the passages.
    """
    name, content = uploads.read(path)
    passages = pane.collection(form).passages
    qrels = formats.read_judgments(name, content, pane.limits)
    if not Judgments().take(qrels, passages):
        raise InputError(
            "{name} judges none of these {passages} passages: no id of the file is among theirs. Choose the "
            "passages first that it belongs to.",
            name=name,
            passages=len(passages),
        )
    ids = {passage.doc_id for passage in passages}
    beyond = sum(doc_id in ids and grade not in GRADES for grades in qrels.values() for doc_id, grade in grades.items())
    return judgments.take(qrels, passages), beyond


@dataclass(frozen=True, slots=True)
class Scene:
    """An area of results in which passages can be judged.

    Attributes:
        name: its element's id; built: its components.
        draw: what JUDGED or LOADED changes of what is shown there, by key.
    """

    name: str
    built: Built
    draw: Callable[[Any, Judgments, Language, Occasion], Mapping[str, Drawn]]


@dataclass(slots=True)
class Judging:
    """Judgments of one visitor, and where they are shown.

    Attributes:
        judgments: None while the server keeps none, since the page has just been opened or was forgotten.
    """

    inputs: Inputs
    memory: Memory
    label: w.Labels
    judgments: gr.State = field(default_factory=lambda: gr.State(None))
    scenes: list[Scene] = field(default_factory=list)

    def wire(self) -> None:
        """Builds the controls below the inputs and connects all scenes; to be called once all tabs are built."""
        bridge = gr.HTML("", js_on_load=BRIDGE, visible="hidden")
        with self.inputs.column, gr.Accordion(self.label(w.JUDGING), open=False, elem_id="judging"):
            note = page_html(status.reading(w.JUDGING_HELP, "en"), elem_id="judging-note")
            load = gr.UploadButton(self.label(w.JUDGING_LOAD), size="sm", elem_id="load-judgments")  # type: ignore[arg-type]
            save = build_download(self.label(w.JUDGING_SAVE), "save-judgments")
        states = [scene.built.kept for scene in self.scenes]

        def drawn(
            request: gr.Request, judgments: Judgments, values: Sequence[Any], on: frozenset[str]
        ) -> dict[Any, Any]:
            found: dict[Any, Any] = {self.judgments: judgments, self.memory.judgments: judgments_text(judgments)}
            for scene, value in zip(self.scenes, values, strict=True):
                if value is not None:
                    view = View[Any](drawn=scene.draw(value, judgments, w.language_of(request), on))
                    found |= scene.built.updates(view)
            return found

        names = [scene.name for scene in self.scenes]

        def judge(
            request: gr.Request, event: gr.EventData, judgments: Judgments | None, kept: str, *values: Any
        ) -> dict[Any, Any]:
            where = values[names.index(event_entry(event, "scene", names))]
            if where is None:
                raise InputError(w.RESULT_GONE)
            passage = where.candidates[event_index(event, "index", len(where.candidates))]
            grade = event_entry(event, "grade", (None, *GRADES))
            return drawn(request, known(judgments, kept).judge(where.query, passage, grade), values, JUDGED)

        def loaded(
            request: gr.Request, path: str | None, judgments: Judgments | None, kept: str, *rest: Any
        ) -> dict[Any, Any]:
            values, typed = rest[: len(states)], rest[len(states) :]
            language = w.language_of(request)
            try:
                before, form = known(judgments, kept), InputsForm(*typed)
                after, beyond = taken(Path(str(path)), form, self.inputs.pane, before)
            except Exception as error:  # noqa: BLE001  part of the boundary: told or logged
                return {note: status.reading(sentence_of(error), language, bad=True)}
            finally:
                uploads.forget(path)
            said = (w.JUDGING_LOADED_CUT if beyond else w.JUDGING_LOADED).format(n=len(after), beyond=beyond)
            return drawn(request, after, values, LOADED) | {note: status.reading(said, language)}

        def told(request: gr.Request, event: gr.EventData, *values: Any) -> dict[Any, Any]:
            return drawn(request, read_judgments(event_value(event, "text", str)), values, LOADED)

        def written(judgments: Judgments | None, kept: str, *shown: ShownResult | None) -> dict[str, str]:
            return saved(known(judgments, kept), *shown)

        current_page().load(read_judgments, self.memory.judgments, self.judgments, **QUICK)
        known_parts = [self.judgments, self.memory.judgments]
        outputs = [
            *known_parts,
            *(part for scene in self.scenes for part in scene.built.outputs()),
        ]
        bridge.select(judge, [*known_parts, *states], outputs, trigger_mode="multiple", **IN_TURN)
        follow_tabs(self.memory.judgments, "judgments").select(told, states, outputs, **QUICK)
        load.upload(loaded, [load, *known_parts, *states, *self.inputs.components()], [*outputs, note], **QUICK)
        save.serve(written, [*known_parts, *states])


def known(judgments: Judgments | None, kept: str) -> Judgments:
    """The judgments; those that the browser keeps where the server has forgotten them (None)."""
    return read_judgments(kept) if judgments is None else judgments


def saved(judgments: Judgments, *shown: ShownResult | None) -> dict[str, str]:
    """File name and content of the judgments as TREC qrels, with the ids of the passages that are shown.

    Raises:
        InputError: none was made yet.
    """
    if not judgments:
        raise InputError(w.NO_JUDGMENTS)
    passages = [passage for result in shown if result is not None for passage in result.candidates]
    return {"name": "judgments.qrels.txt", "text": formats.write_judgments(judgments.qrels(passages))}
