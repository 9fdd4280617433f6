"""Words that explain themselves, and the tour of traps with its guess, in a real browser."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.browser


def test_a_measure_explains_itself_on_pointing_focus_and_touch(open_page: Any) -> None:
    page = open_page()
    term = page.locator(".figures .term").first
    term.scroll_into_view_if_needed()
    term.hover()
    assert "every pair of passages" in page.inner_text(".tip")
    page.mouse.move(2, 2)
    page.wait_for_selector(".tip", state="detached")
    page.locator(".figures .term").nth(1).focus()
    assert "both rankers have in common" in page.inner_text(".tip")
    page.keyboard.press("Escape")
    page.wait_for_selector(".tip", state="detached")
    page.click(".judged-box summary")
    page.click(".judged-box .term >> nth=0")  # a finger gives it the focus as well
    assert "1 is the ideal order" in page.inner_text(".tip")
    box = page.locator(".tip").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1366


def test_the_tour_opens_a_query_and_asks_for_a_guess(open_page: Any) -> None:
    page = open_page()
    page.click("#tab-tour-button")
    page.wait_for_selector(".tour .card")
    assert "carry one name" in page.inner_text("#tour-same-name")
    card = page.locator("#tour-same-name .card", has_text="residents of Paris, Texas").first
    card.locator(".hint summary").click()
    assert "A film has the same name" in card.inner_text()
    card.locator("text=Guess which one rises").click()
    page.wait_for_selector(".tops .before .hit")
    assert not page.is_visible(".tops .after .hit >> nth=0")
    assert not page.is_visible("#summary")
    page.click(".tops .before .hit >> nth=0")  # the film, which the cross-encoder puts second
    page.wait_for_selector(".guess [data-wrong]:visible")
    assert "Paris, Texas" in page.inner_text(".guess")
    assert page.is_visible(".tops .after .hit >> nth=0")
    assert page.is_visible("#summary")


def test_a_guess_on_a_phone(open_page: Any) -> None:
    page = open_page(width=390, height=844, asked="?query=residents+of+Paris%2C+Texas&collection=cities&guess=1")
    page.wait_for_selector(".tops .before .hit")
    assert not page.is_visible(".tops .after .hit >> nth=0")
    page.click(".tops .before .hit >> nth=1")
    page.wait_for_selector(".guess [data-right]:visible")
    assert page.is_visible(".tops .after .hit >> nth=0")
