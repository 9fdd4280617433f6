"""The right side of the Rerank tab, empty until a result arrives."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from demo.charts.scales import RAW, SCALES
from demo.ui import wording as w
from demo.ui.code import PROGRAMS
from demo.ui.parts import ShareMenu, build_for_browser, build_share
from demo.ui.rerank.handlers import SECTIONS, RerankTab
from demo.ui.sections import Built, build_sections

FILES = {
    "html": w.DOWNLOAD_HTML,
    "csv": w.DOWNLOAD_CSV,
    "json": w.DOWNLOAD_JSON,
    "runs": w.DOWNLOAD_RUNS,
    "set": w.DOWNLOAD_SET,
    "beir": w.DOWNLOAD_BEIR,
    **{program.key: w.DOWNLOAD_CODE.format(program=program.label) for program in PROGRAMS},
}
"""What can be taken away of a result."""


@dataclass(frozen=True, slots=True)
class RerankResults:
    """What a view fills, and what the visitor can still do with it."""

    built: Built
    scale: gr.Radio
    share: ShareMenu


def build_results(status_box: gr.HTML, label: w.Labels) -> RerankResults:
    """The right side, empty until the first result arrives."""
    scale = gr.Radio(
        [(label(row.choice), row.key) for row in SCALES],
        value=RAW.key,
        label=label(w.SCALE),
        elem_id="scale",
        render=False,
    )
    share = build_share(RerankTab.name, FILES, label)
    walk = build_for_browser("walk.html", placed=False)
    controls = {"headline": [walk], "share": share.components(), "scores": [scale]}
    return RerankResults(build_sections(RerankTab.name, SECTIONS, status_box, controls, {}), scale, share)
