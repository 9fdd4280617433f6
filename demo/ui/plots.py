"""Figures for gr.Plot: JSON with plotly's own settings beside."""

from __future__ import annotations

from gradio.components.plot import PlotData
from plotly.io.json import to_json_plotly

from demo.charts.style import Figure

CONFIG = {"displayModeBar": False, "responsive": True, "scrollZoom": False}


def plot(figure: Figure) -> PlotData:
    """What gr.Plot passes on to the page unchanged: no mode bar, no accidental zoom on a phone."""
    parts = {"data": figure.data, "layout": figure.layout, "config": CONFIG}
    return PlotData(type="plotly", plot=to_json_plotly(parts))
