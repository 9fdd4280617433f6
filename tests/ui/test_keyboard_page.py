"""The way of the Tab key through the page, in a real browser: menus that close behind it, what is open in its order."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.browser

WHERE = "() => document.activeElement.closest('[id]')?.id ?? document.activeElement.tagName"
NO_MENU = "() => !document.querySelector('ul[role=listbox]')"
ORDER = """() => [...document.querySelectorAll('#rerank-results :is(.jump a, .opener, .tops .name)')]
  .map(part => ['.jump a', '.opener', '.name'].find(kind => part.matches(kind)))"""


def test_menus_close_behind_the_tab_key_and_the_focus_goes_on(open_page: Any) -> None:
    page = open_page(unfolded=False)
    page.focus("#query textarea")
    seen: list[str] = []
    while "rerank" not in seen and len(seen) < 9:
        page.keyboard.press("Tab")
        seen.append(page.evaluate(WHERE))
        page.wait_for_timeout(250)  # in which gradio, or a visitor, would open the menu
        assert page.locator("ul[role=listbox]").count() <= 1, seen
    assert [each for each in seen if not each.startswith("html-")] == [
        *("examples", "source", "collection", "model", "rerank"),
    ]
    page.wait_for_function(NO_MENU)
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(WHERE) == "model"
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("ul[role=listbox]")  # it can still be chosen from
    page.keyboard.press("Shift+Tab")
    page.wait_for_function(NO_MENU)


def test_the_jump_list_stands_before_the_menu_and_the_lists(open_page: Any) -> None:
    page = open_page(unfolded=False)
    kinds = page.evaluate(ORDER)
    assert list(dict.fromkeys(kinds)) == [".jump a", ".opener", ".name"]
    page.click("#rerank-results .opener")
    page.wait_for_selector("#rerank-csv", state="visible")
    boxes = [page.locator(part).bounding_box() for part in ("#rerank-jump-box", "#rerank-share", ".tops .field")]
    tops = [box["y"] for box in boxes]
    assert tops == sorted(tops)
    assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"]


def test_folds_of_the_inputs_have_their_mark_where_sections_have_theirs(open_page: Any) -> None:
    page = open_page(unfolded=False)
    fold = page.locator("#options > .label-wrap")
    mark, words = (fold.locator(part).bounding_box() for part in (".icon", "span:not(.icon)"))
    assert mark["x"] + mark["width"] <= words["x"]
