"""The page on paper, in a real browser: everything open, nothing for hands, and afterwards as before."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.browser


def test_all_passages_are_printed_and_no_controls(open_page: Any) -> None:
    page = open_page(color_scheme="dark", unfolded=False)
    page.wait_for_selector("#scatter .main-svg", state="attached")
    rows = page.locator("#rerank-results .ranking tbody tr")
    page.emulate_media(media="print")
    page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    assert rows.count() == page.locator("#rerank-results .ranking tbody tr:visible").count() == 59
    assert page.locator("#inputs:visible, .switches:visible, #rerank-share:visible, .touch:visible").count() == 0
    assert page.locator(".tops .before .hit:visible").count() == 10
    pictures = page.locator("#rerank-results .js-plotly-plot .main-svg")
    assert max(each.bounding_box()["width"] for each in pictures.all()) <= 681  # between the edges of a card on A4
    assert not page.evaluate("() => document.body.classList.contains('dark')")
    page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    assert page.locator("#rerank-results .ranking tbody tr:visible").count() == 0  # its section is folded again
    assert page.evaluate("() => document.body.classList.contains('dark')")
