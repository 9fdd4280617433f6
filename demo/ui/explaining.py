"""Asking why a passage has its scores, the same in every tab: a press in the panel, an answer among the results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from demo.errors import InputError
from demo.messages import Language
from demo.records import Explanation
from demo.service import RankingService
from demo.ui import wording as w
from demo.ui.boundary import guarded
from demo.ui.page import RANKING, current_visitor
from demo.ui.progress import render_progress, seldom
from demo.ui.session import Question, ShownResult
from demo.ui.values import event_entry, event_index
from demo.ui.views import status
from demo.ui.views.why import why

BRIDGE = """document.addEventListener('lens-explain', (event) => trigger('select', event.detail));"""
"""The page's script tells which passage is asked about; this passes it on to the server."""


def explained(service: RankingService, shown: ShownResult, index: int, language: Language) -> Iterator[str]:
    """The card of candidate `index`, ranker after ranker, with the progress or the error below it."""
    passage, found = shown.candidates[index], list[Explanation]()
    passage_index = next(at for at, each in enumerate(shown.collection.passages) if each.doc_id == passage.doc_id)

    def card(below: str) -> str:
        return why(passage, found, (), language) + below

    def cards() -> Iterator[str]:
        left_out = []
        for ranking in shown.rankings:
            ranker = shown.ranker(ranking.ranker.key)
            steps = (
                service.explain(
                    ranker, shown.query, shown.collection, passage_index, current_visitor(service.settings.proxies)
                )
                if ranker
                else None
            )
            if steps is None:
                left_out.append(ranking.ranker)
                continue
            for step in seldom(steps):
                yield card(render_progress(step, language))
            found.append(steps.result)
        yield why(passage, found, left_out, language)

    return guarded(cards(), lambda sentence: card(status.alert(sentence, language)))


def answer(service: RankingService, question: Question | None, shown: ShownResult, language: Language) -> str:
    """The whole card of what was asked about these rankings; "" where nothing was, or only about earlier ones."""
    if question is None or question.shown.candidates is not shown.candidates:
        return ""
    *_, card = explained(service, shown, question.index, language)
    return card


@dataclass(frozen=True, slots=True)
class Asked:
    """An area of results in which it can be asked.

    Attributes:
        name: its element's id.
        shown: what is there; box: takes the answer.
        question: the latest.
    """

    name: str
    shown: gr.State
    box: gr.HTML
    question: gr.State = field(default_factory=lambda: gr.State(None))


@dataclass(slots=True)
class Explaining:
    """Where it can be asked, and what answers."""

    service: RankingService
    scenes: list[Asked] = field(default_factory=list)

    def wire(self) -> None:
        """Connects all scenes; to be called once all tabs are built."""
        bridge = gr.HTML("", js_on_load=BRIDGE, visible="hidden")
        names = [scene.name for scene in self.scenes]

        def explain(request: gr.Request, event: gr.EventData, *values: ShownResult | None) -> Iterator[Any]:
            at = names.index(event_entry(event, "scene", names))
            shown = values[at]
            others = [gr.skip() for _ in [*names, *names]]
            yield others  # gradio empties the outputs of a generator that gives nothing
            if shown is None:
                raise InputError(w.RESULT_GONE)
            question = Question(shown, event_index(event, "index", len(shown.candidates)))
            for card in explained(self.service, shown, question.index, w.language_of(request)):
                found = list(others)
                found[at], found[len(names) + at] = card, question
                yield found

        bridge.select(
            explain,
            [scene.shown for scene in self.scenes],
            [*(scene.box for scene in self.scenes), *(scene.question for scene in self.scenes)],
            trigger_mode="always_last",
            **RANKING,
        )
