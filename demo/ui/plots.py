"""Figures for gr.Plot: the figure's JSON plus plotly's own settings, which a Figure cannot carry."""

from __future__ import annotations

import json

import plotly.graph_objects as go
from gradio.components.plot import PlotData

CONFIG = {"displayModeBar": False, "responsive": True, "scrollZoom": False}


def plot(figure: go.Figure) -> PlotData:
    """What gr.Plot passes on to the page unchanged: no mode bar, no accidental zoom on a phone."""
    text = figure.to_json()
    return PlotData(type="plotly", plot=f'{text[:-1]}, "config": {json.dumps(CONFIG)}}}')
