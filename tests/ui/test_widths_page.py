"""What holds of every tab at every width, in a real browser: nothing sideways, answer and button in view."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.browser

SIZES = ((390, 844), (768, 1024), (1024, 768), (1366, 768), (1920, 1080))
TABS = ("rerank", "compare", "evaluate", "history", "tour", "models", "about")
ANSWERED = ("rerank", "compare", "evaluate")
NARROW = 900
"""Pixels of the widest window in which the inputs are one line."""
SETTLED = """() => {
  scrollTo(0, 0);
  return new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)));
}"""
SEEN = """tab => {
  const box = selector => {
    const part = [...document.querySelectorAll(selector)].find(each => each.getBoundingClientRect().width);
    return part ? part.getBoundingClientRect().toJSON() : null;
  };
  return {
    page: document.documentElement.scrollWidth,
    shown: box(`#tab-${tab}`),
    headline: box(`#tab-${tab} .headline`),
    run: box(`#${tab}`),
    line: box('.inputs-line'),
  };
}"""


def test_every_tab_at_every_width(open_page: Any) -> None:
    page = open_page(unfolded=False)
    for tab in TABS:
        page.evaluate("tab => document.querySelector(`#tab-${tab}-button`).click()", tab)
        if tab in ANSWERED:
            page.wait_for_selector(f"#tab-{tab} .headline")
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate(SETTLED)
            seen, where = page.evaluate(SEEN, tab), (tab, width)
            beside = 310 if width > NARROW and tab in ANSWERED else 0
            assert seen["page"] <= width, where
            assert seen["shown"]["width"] >= min(width - beside, 1800) * 0.85, where
            if tab in ANSWERED:
                assert 0 < seen["headline"]["top"] < seen["headline"]["bottom"] <= height, where
                part = seen["line"] if width <= NARROW else seen["run"]
                assert 0 <= part["top"] < part["bottom"] <= height, where
                assert seen["headline"]["width"] >= seen["shown"]["width"] * 0.5, where
