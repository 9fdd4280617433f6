"""Figures of the charts as plotly's own, which refuses what it does not know."""

from __future__ import annotations

import plotly.graph_objects as go

from demo.charts.style import Figure


def drawn(figure: Figure) -> go.Figure:
    """The figure, looked through by plotly.

    Raises:
        ValueError: a name or a value in it is none that plotly has.
    """
    return go.Figure(figure.data, figure.layout)
