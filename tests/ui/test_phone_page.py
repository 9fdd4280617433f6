"""The page on a phone, in a real browser: both lists, tabs that stay, targets for fingers, charts that are not cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytestmark = pytest.mark.browser

WIDTH = 390
TAB_TOP = "tab => Math.round(document.querySelector(`#tab-${tab}-button`).getBoundingClientRect().top)"
LOW = """selector => [...document.querySelectorAll(selector)].filter(part => part.offsetParent)
  .filter(part => part.getBoundingClientRect().height < 44).map(part => part.outerHTML.slice(0, 90))"""
CUT = """() => [...document.querySelectorAll('#evaluate-results .main-svg')].flatMap(picture => {
  const { left, right } = picture.getBoundingClientRect();
  return [...picture.querySelectorAll('text')].filter(text => text.textContent.trim()).filter(text => {
    const box = text.getBoundingClientRect();
    return box.width && (box.left < left || box.right > right);
  }).map(text => text.textContent);
})"""


def sides(page: Any) -> list[bool]:
    """Whether each of the two lists is seen."""
    return [page.is_visible(f"#rerank-results .tops .{side} .hit >> nth=0") for side in ("before", "after")]


def test_a_switch_shows_either_list_and_stays(open_page: Any) -> None:
    page = open_page(width=WIDTH, height=844, unfolded=False)
    buttons = page.locator("#rerank-results .sides button")
    assert buttons.all_inner_texts() == ["BM25", "Medium"]
    assert sides(page) == [False, True]
    buttons.first.click()
    assert sides(page) == [True, False]
    assert [each.get_attribute("aria-pressed") for each in buttons.all()] == ["true", "false"]
    page.locator(".tops .before .hit .name").nth(1).click()
    page.click("#rerank-results .panel .close")
    page.click(".tops .before .hit.picked .judge [data-grade='1']")
    assert page.inner_text(".tops .before .hit.picked [data-cell=grade]") == "1"
    page.click("#inputs .inputs-line button")
    page.fill("#query textarea", "largest city in South America")
    page.click("#rerank")
    page.wait_for_function("() => document.querySelector('#rerank-results .query q').textContent.includes('South')")
    page.wait_for_function("() => document.querySelector('.sides [data-side=before]').ariaPressed === 'true'")
    assert sides(page) == [True, False]
    buttons.last.press("Enter")
    assert sides(page) == [False, True]
    page.set_viewport_size({"width": 1024, "height": 768})
    assert sides(page) == [True, True]
    assert not page.is_visible("#rerank-results .sides")


def test_no_tab_moves_under_the_finger(open_page: Any) -> None:
    page = open_page(width=WIDTH, height=844, unfolded=False)
    tops = {}
    for tab in ("rerank", "compare", "evaluate", "history"):
        page.click(f"#tab-{tab}-button")
        page.wait_for_function("tab => document.querySelector('#frame').dataset.tab === `tab-${tab}`", arg=tab)
        page.evaluate("scrollTo(0, 0)")
        tops[tab] = page.evaluate(TAB_TOP, tab)
    assert len(set(tops.values())) == 1, tops


@pytest.fixture
def touched(browser: Any, url: str) -> Iterator[Any]:
    """The page on a phone's screen, which has no mouse."""
    context = browser.new_context(viewport={"width": WIDTH, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector(".ranking tbody tr", state="attached")
    yield page
    context.close()


def test_targets_are_large_enough_for_fingers_and_no_word_is_about_keys(touched: Any) -> None:
    page = touched
    page.tap("#rerank-results .opener")
    page.locator(".tops .after .hit .name").nth(1).tap()
    page.wait_for_selector("#rerank-results .panel .judge", state="visible")
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH
    assert page.evaluate(LOW, "[id$=share-section] :is(button, select), .judge button, .sides button") == []
    page.tap("#rerank-results .panel .close")
    page.tap("#inputs .inputs-line button")
    page.wait_for_selector("#query", state="visible")
    for words in ("Ctrl", "Tab into", "Pointing at"):
        assert page.get_by_text(words).locator("visible=true").count() == 0, words
    page.tap("#inputs .inputs-line button")
    page.locator("#rerank-table-section .fold").tap()
    assert page.locator(".ranking input[type=search]").bounding_box()["width"] > WIDTH / 2


def test_charts_of_an_evaluation_are_not_cut(open_page: Any, url: str) -> None:
    page = open_page(width=WIDTH, height=844, unfolded=False)
    page.goto(f"{url}?evaluate=cities&rankers=bm25,bundled/tiny")
    page.wait_for_selector("#evaluate-status-box .lens-status.progress, .evaluation-answer .sentence")
    page.wait_for_selector(".evaluation-answer .sentence")
    page.wait_for_function("() => !document.querySelector('#evaluate-status-box .lens-status.progress')")
    page.wait_for_selector("#evaluation-depth .main-svg")
    page.wait_for_selector("#evaluation-differences .main-svg")
    page.wait_for_timeout(500)  # they are drawn one after the other
    assert "also those not found" in page.text_content("#evaluation-depth .main-svg .xtitle")
    assert page.evaluate(CUT) == []
