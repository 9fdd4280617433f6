"""The right side of the Compare tab, empty until a result arrives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from demo.charts.scales import SCALES
from demo.metrics.agreement import MEASURES
from demo.phrases import passage_name
from demo.rankers.fusion import METHODS, RRF_K
from demo.service import MOST_RANKERS
from demo.ui import wording as w
from demo.ui.compare.handlers import (
    NO_FUSION,
    SECTIONS,
    SPEED_AXES,
    WHAT_IF,
    CompareOptions,
    CompareTab,
    invitation,
    is_fused,
    reference_of,
)
from demo.ui.parts import ShareMenu, build_share
from demo.ui.rerank.results import FILES
from demo.ui.sections import Built, build_sections
from demo.ui.session import ShownResult


@dataclass(frozen=True, slots=True)
class CompareOptionInputs:
    """The components that `CompareOptions` are read from."""

    depth: gr.Slider
    fusion: gr.Radio
    k: gr.Slider
    weights: tuple[gr.Slider, ...]
    reference: gr.Dropdown
    measure: gr.Radio
    scale: gr.Radio
    axis: gr.Radio

    def components(self) -> list[Any]:
        """All of them, in the order that `read` takes their values."""
        return [self.depth, self.fusion, self.k, *self.weights, self.reference, self.measure, self.scale, self.axis]

    @staticmethod
    def read(values: list[Any]) -> CompareOptions:
        """The values of `components()` as a value of their own."""
        depth, fusion, k, *weights, reference, measure, scale, axis = values
        return CompareOptions(depth, fusion, k, tuple(weights), reference, measure, scale, axis)

    def fitted(self, shown: ShownResult, options: CompareOptions) -> dict[Any, Any]:
        """The controls for a new result: as many weights as rankers, its rankers as references, its size as depth."""
        rankings = [ranking for ranking in shown.result.rankings if not is_fused(ranking)]
        menu = [(ranking.ranker.label, ranking.ranker.key) for ranking in shown.result.rankings]
        size = shown.result.size
        weights = {
            slider: gr.Slider(label=rankings[ranker_index].ranker.label, visible=True)
            if ranker_index < len(rankings)
            else gr.Slider(visible=False)
            for ranker_index, slider in enumerate(self.weights)
        }
        return weights | {
            self.depth: gr.Slider(maximum=max(size, 2), value=size),
            self.reference: gr.Dropdown(choices=menu, value=reference_of(shown.result, options.reference)),
        }


@dataclass(frozen=True, slots=True)
class WhatIfInputs:
    """The components of an edit to try."""

    query: gr.Textbox
    passage: gr.Dropdown
    text: gr.Textbox
    run: gr.Button

    def fitted(self, shown: ShownResult) -> dict[Any, Any]:
        """The edit before anything is edited: the query as it was, the candidates to choose from."""
        menu = [(f"{i + 1}. {passage_name(each)}", i) for i, each in enumerate(shown.candidates)]
        return {
            self.query: gr.Textbox(value=shown.query.text),
            self.passage: gr.Dropdown(choices=menu, value=None),
            self.text: gr.Textbox(value=""),
        }


@dataclass(frozen=True, slots=True)
class CompareResults:
    """What a view fills, and what the visitor can still do with it."""

    built: Built
    panel: CompareOptionInputs
    what_if: WhatIfInputs
    share: ShareMenu


def build_results(status_box: gr.HTML, label: w.Labels) -> CompareResults:
    """The right side, empty until the first result arrives."""
    panel, edit = _build_panel(label), _build_what_if(label)
    share = build_share(CompareTab.name, FILES, label)
    controls = {
        "share": share.components(),
        "agreement": [panel.measure, panel.reference],
        "scores": [panel.scale],
        "depths": [panel.depth, panel.fusion, panel.k, *panel.weights],
        "speeds": [panel.axis],
        WHAT_IF: [edit.query, edit.passage, edit.text, edit.run],
    }
    start = {"headline": invitation("en")}
    return CompareResults(build_sections(CompareTab.name, SECTIONS, status_box, controls, start), panel, edit, share)


def _build_panel(label: w.Labels) -> CompareOptionInputs:
    """The controls, to be placed by the sections."""
    start = CompareOptions()
    return CompareOptionInputs(
        depth=gr.Slider(
            1,
            2,
            value=2,
            step=1,
            label=label(w.DEPTH_SLIDER),
            info=label(w.DEPTH_SLIDER_INFO),
            elem_id="depth-slider",
            render=False,
        ),
        fusion=gr.Radio(
            [(label(w.FUSION_NONE), NO_FUSION), *((label(row.choice), row.key) for row in METHODS)],
            value=start.fusion,
            label=label(w.FUSION),
            info=label(w.FUSION_INFO),
            elem_id="fusion",
            render=False,
        ),
        k=gr.Slider(0, 200, value=RRF_K, step=1, label=label(w.FUSION_K), elem_id="fusion-k", render=False),
        weights=tuple(
            gr.Slider(0, 2, value=1, step=0.05, visible=False, elem_id=f"weight-{ranker_index}", render=False)
            for ranker_index in range(MOST_RANKERS)
        ),
        reference=gr.Dropdown([], value=None, label=label(w.REFERENCE), elem_id="reference", render=False),
        measure=gr.Radio(
            [(label(row.label), row.key) for row in MEASURES],
            value=start.measure,
            label=label(w.AGREEMENT_BY),
            elem_id="measure",
            render=False,
        ),
        scale=gr.Radio(
            [(label(row.choice), row.key) for row in SCALES],
            value=start.scale,
            label=label(w.SCALE),
            elem_id="result-scale",
            render=False,
        ),
        axis=gr.Radio(
            [(label(w.SPEED_AGAINST[key]), key) for key in SPEED_AXES],
            value=start.axis,
            label=label(w.SPEED_AXIS),
            elem_id="speed-axis",
            render=False,
        ),
    )


def _build_what_if(label: w.Labels) -> WhatIfInputs:
    return WhatIfInputs(
        query=gr.Textbox(label=label(w.EDIT_QUERY), lines=1, max_lines=4, elem_id="what-if-query", render=False),
        passage=gr.Dropdown([], value=None, label=label(w.EDIT_PASSAGE), elem_id="what-if-passage", render=False),
        text=gr.Textbox(label=label(w.EDIT_TEXT), lines=3, max_lines=10, elem_id="what-if-text", render=False),
        run=gr.Button(label(w.EDIT_RUN), size="sm", elem_id="what-if-run", render=False),
    )
