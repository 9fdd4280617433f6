"""Files dropped anywhere on the page, in a real browser: read, listed, put in order, removed; errors forgotten."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.browser

DROP = """files => {
  const carried = new DataTransfer();
  files.forEach(([name, text]) => carried.items.add(new File([text], name)));
  const target = document.querySelector('.tops');
  ['dragover', 'drop'].forEach(kind => target.dispatchEvent(
    new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: carried })));
}"""


def note(page: Any, words: str) -> None:
    page.wait_for_function("words => document.querySelector('#upload-note').textContent.includes(words)", arg=words)


def listed(page: Any) -> list[str]:
    return [str(name) for name in page.locator(".uploads li span").all_text_contents()]


def test_files_are_dropped_listed_moved_and_removed(open_page: Any) -> None:
    page = open_page()
    page.check("#source input[value=upload]")
    page.click("#rerank")
    page.wait_for_selector("#rerank-status-box [role=alert]")  # there is no file yet
    page.evaluate(DROP, [["a.txt", "one line\nanother line"], ["b.txt", "a third line"]])
    note(page, "3 passages")
    assert not page.is_visible("#rerank-status-box [role=alert]")
    assert page.is_checked("#source input[value=upload]")
    assert listed(page) == ["a.txt", "b.txt"]
    page.click("[data-upload='1'][data-action=up]")
    page.wait_for_function("() => document.querySelector('.uploads li span').textContent === 'b.txt'")
    page.click("[data-upload='0'][data-action=remove]")
    note(page, "2 passages")
    assert listed(page) == []
    page.evaluate(DROP, [["broken.json", "{"]])
    page.wait_for_selector("#upload-note .bad")
    page.evaluate(DROP, [["c.txt", "four\nwords\nstand\nhere"]])
    note(page, "4 passages")
    assert page.locator("#upload-note .bad").count() == 0
