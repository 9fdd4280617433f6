"""Lines between two columns, as SVG paths."""

from __future__ import annotations


def curve(x: tuple[float, float], y: tuple[float, float]) -> str:
    """From one point to another, level at both ends."""
    middle = round((x[0] + x[1]) / 2, 3)
    return f"M{x[0]:g} {y[0]:g} C{middle:g} {y[0]:g} {middle:g} {y[1]:g} {x[1]:g} {y[1]:g}"
