"""Two results on one page: each keeps its own selection, order and judgments. Static pages, no app behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fakes import make_pair, random_result

from demo.text import Analysis
from demo.ui import theme
from demo.ui.views import contested, flow, passages

pytestmark = pytest.mark.browser

RESULT = random_result(20, 3)
PAIR = make_pair([4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 4.0, 3.0])
HEARD = "document.addEventListener('lens-judge', event => { (window.heard ??= []).push(event.detail); })"


def compare_parts() -> str:
    parts = (
        flow.flow(RESULT, "en"),
        contested.contested(RESULT, "en"),
        passages.panel(RESULT, "en"),
        passages.table(RESULT, {}, Analysis(), "en"),
    )
    return "".join(parts)


def compare_area() -> str:
    return f'<div class="scene" id="compare-results">{compare_parts()}</div>'


def rerank_area() -> str:
    parts = (
        flow.slope(PAIR.result, "en"),
        passages.panel(PAIR.result, "en"),
        passages.pair_table(PAIR, {}, Analysis(), "en"),
    )
    return f'<div id="rerank-results" class="scene">{"".join(parts)}</div>'


@pytest.fixture
def open_areas(browser: Any) -> Iterator[Callable[..., Any]]:
    """`open_areas(width=…)`: both areas on a page that fails the test on an error of the script."""
    pages, problems = [], []

    def opened(width: int = 1300) -> Any:
        page = browser.new_page(viewport={"width": width, "height": 900})
        pages.append(page)
        page.on("pageerror", lambda error: problems.append(str(error)))
        content = f"<style>{theme.css()}</style>{theme.head()}<body>{compare_area()}{rerank_area()}</body>"
        page.set_content(f"<!doctype html><html>{content}</html>")
        page.wait_for_selector("#rerank-results tr[aria-selected=true]")
        page.evaluate(HEARD)
        return page

    yield opened
    for page in pages:
        page.close()
    assert problems == []


def chosen(page: Any, area: str) -> tuple[int, int]:
    """What the table and the panel of the area show."""
    row = page.get_attribute(f"{area} tr[aria-selected=true]", "data-i")
    return int(row), int(page.get_attribute(f"{area} .panel", "data-i"))


def ids(page: Any, area: str) -> list[int]:
    return page.eval_on_selector_all(f"{area} tbody tr[data-rank]", "rows => rows.map(row => Number(row.dataset.i))")


def test_each_area_starts_with_its_own_first(open_areas: Callable[..., Any]) -> None:
    page = open_areas()
    assert chosen(page, "#rerank-results") == (2, 2)
    first = int(RESULT.rankings[0].order[0])
    assert chosen(page, "#compare-results") == (first, first)


def test_a_choice_stays_in_its_area(open_areas: Callable[..., Any]) -> None:
    page = open_areas()
    page.locator("#compare-results .flow .between .end").nth(4).click()
    fifth = int(RESULT.rankings[1].order[4])
    assert chosen(page, "#compare-results") == (fifth, fifth)
    assert chosen(page, "#rerank-results") == (2, 2)
    assert page.locator(f"#compare-results .flow path.picked[data-i='{fifth}']").count() == 2
    pick = page.locator("#compare-results .picks .pick").first
    pick.click()
    index = int(pick.get_attribute("data-i"))
    assert chosen(page, "#compare-results") == (index, index)
    page.locator("#rerank-results tbody tr").nth(1).click()
    assert chosen(page, "#rerank-results") == (3, 3)
    assert chosen(page, "#compare-results") == (index, index)


def test_sorting_and_searching_stay_in_their_table(open_areas: Callable[..., Any]) -> None:
    page = open_areas()
    before = ids(page, "#rerank-results")
    page.click("#compare-results th[data-key=spread] button")
    spreads = page.eval_on_selector_all(
        "#compare-results tbody tr[data-rank]", "rows => rows.map(r => +r.dataset.spread)"
    )
    assert spreads == sorted(spreads, reverse=True)
    page.fill("#compare-results input[type=search]", "berlin")
    assert ids(page, "#rerank-results") == before
    assert page.locator("#rerank-results tbody tr:visible").count() == 4


def test_the_flow_by_keyboard(open_areas: Callable[..., Any]) -> None:
    page = open_areas()
    page.locator("#compare-results .flow .before .end").first.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    second = int(RESULT.rankings[0].order[1])
    here = page.evaluate("() => [document.activeElement.dataset.i, document.activeElement.parentNode.className]")
    assert here == [str(second), "column after"], "the same passage, and no column beyond the last"
    assert chosen(page, "#compare-results")[0] == second
    assert page.locator("#compare-results .column.after .end[tabindex='0']").count() == 1


def test_pointing_isolates_one_passage_in_one_chart(open_areas: Callable[..., Any]) -> None:
    page = open_areas()
    end = page.locator("#compare-results .flow .between .end").nth(2)
    end.hover()
    assert page.locator("#compare-results .field.isolating .end.on").count() == 3
    assert page.locator("#rerank-results .field.isolating").count() == 0
    page.mouse.move(1, 1)
    assert page.locator(".field.isolating").count() == 0


def test_a_judgment_is_shown_at_once_and_told(open_areas: Callable[..., Any]) -> None:
    page = open_areas()
    assert not page.is_visible("#rerank-results td.grade >> nth=0")
    page.locator("#rerank-results tbody tr").first.focus()
    page.keyboard.press("2")
    row = page.locator("#rerank-results tbody tr").first
    assert row.get_attribute("data-grade") == "2"
    assert row.locator("td.grade").inner_text() == "2"
    assert page.get_attribute("#rerank-results .judge [data-grade='2']", "aria-checked") == "true"
    assert "2: relevant" in page.inner_text("#rerank-results .panel")
    assert not page.is_visible("#compare-results td.grade >> nth=0")
    page.keyboard.press("2")  # nothing new
    page.keyboard.press("Delete")
    page.click("#compare-results .judge [data-grade='0']")
    first = int(RESULT.rankings[0].order[0])
    assert page.evaluate("window.heard") == [
        {"scene": "rerank-results", "index": 2, "grade": 2},
        {"scene": "rerank-results", "index": 2, "grade": None},
        {"scene": "compare-results", "index": first, "grade": 0},
    ]


def test_parts_that_arrive_again_show_the_old_choice(open_areas: Callable[..., Any]) -> None:
    page = open_areas()
    page.locator("#compare-results tbody tr[data-rank]").nth(6).click()
    was = chosen(page, "#compare-results")
    assert was[0] != int(RESULT.rankings[0].order[0])
    page.evaluate("html => { document.querySelector('#compare-results').outerHTML = html; }", compare_area())
    page.wait_for_selector("#compare-results tr[aria-selected=true]")
    assert chosen(page, "#compare-results")[0] == int(RESULT.rankings[0].order[0]), "another area is another choice"
    page.locator("#compare-results tbody tr[data-rank]").nth(6).click()
    page.evaluate("html => { document.querySelector('#compare-results').innerHTML = html; }", compare_parts())
    page.wait_for_selector("#compare-results tr[aria-selected=true]")
    assert chosen(page, "#compare-results") == was
    assert page.locator(f"#compare-results .flow .end.picked[data-i='{was[0]}']").count() == 3


@pytest.mark.parametrize("width", [390, 1300])
def test_nothing_is_wider_than_the_page(open_areas: Callable[..., Any], width: int) -> None:
    page = open_areas(width)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
