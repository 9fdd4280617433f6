"""The visitor's own runs, in a real browser: kept, laid side by side, saved as a file and opened elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

pytestmark = pytest.mark.browser

LINES = "The library opens at nine.\nCats sleep for most of the day.\nBooks can be borrowed for four weeks."


def run(page: Any, query: str) -> None:
    page.fill("#query textarea", query)
    page.wait_for_timeout(300)
    page.click("#rerank")
    page.wait_for_function(
        "query => document.querySelector('#rerank-headline-box .query q')?.textContent === query", arg=query
    )
    page.wait_for_url(lambda url: url.startswith(f"{url.split('?')[0]}?query={quote_plus(query)}&"))  # it is kept now


def runs_kept(page: Any) -> int:
    return int(page.locator(".past-runs li").count())


def test_two_runs_stand_side_by_side_and_the_session_opens_elsewhere(open_page: Any, tmp_path: Path) -> None:
    page = open_page()
    page.check("#source input[value=paste]")
    page.fill("#paste textarea", LINES)
    run(page, "when does the library open")
    run(page, "how long can I keep a book")
    page.click("#tab-history-button")
    page.wait_for_selector("#side-by-side-box .two-runs")
    assert runs_kept(page) == 2
    rows = page.locator(".two-runs").first.locator("tr.differs")
    assert "how long can I keep a book" in rows.first.inner_text()
    assert rows.count() == 1  # passages, first stage and rankers are the same
    assert page.locator(".past-places").first.locator("li").count() == 3
    with page.expect_download() as download:
        page.click("#save-session")
    file = tmp_path / "session.json"
    download.value.save_as(file)
    assert json.loads(file.read_text(encoding="utf-8"))["format"] == "rerank-lens-session"

    other = open_page(width=390, height=844)
    other.click("#tab-history-button")
    with other.expect_file_chooser() as chooser:
        other.click("#open-session")
    chooser.value.set_files(str(file))
    other.wait_for_function("() => document.querySelector('#query textarea')?.value === 'how long can I keep a book'")
    assert other.input_value("#paste textarea") == LINES
    other.wait_for_function("() => document.querySelectorAll('#rerank-results .ranking tbody tr').length === 3")
    other.click("#tab-history-button")
    other.wait_for_selector(".past-runs li")
    assert runs_kept(other) == 2
    assert other.evaluate("document.documentElement.scrollWidth") <= 390
    other.click("#clear-history")
    other.wait_for_selector(".past-runs", state="detached")
    other.wait_for_timeout(500)
    other.reload()
    other.click("#tab-history-button")
    other.wait_for_selector("#past .lens")
    other.wait_for_timeout(1000)
    assert runs_kept(other) == 0
    file.write_text("{}", encoding="utf-8")
    with other.expect_file_chooser() as chooser:
        other.click("#open-session")
    chooser.value.set_files(str(file))
    other.wait_for_selector("[data-testid=toast-body]:has-text('no saved session')")


def ask(page: Any, query: str) -> None:
    """As `run`, in a page that may be kept busy by another."""
    page.fill("#query textarea", query)
    page.wait_for_timeout(300)
    page.click("#rerank")
    page.wait_for_url(f"**/?query={quote_plus(query)}&*")


def test_two_tabs_of_a_browser_keep_one_history_and_the_same_judgments(open_page: Any, url: str) -> None:
    page = open_page(unfolded=False)
    other = page.context.new_page()
    other.goto(url)
    other.wait_for_selector(".ranking tbody tr", state="attached")
    ask(page, "Where is London?")
    ask(other, "Where is Sydney?")
    other.click("#tab-history-button")
    other.wait_for_selector(".past-runs li >> nth=1")
    ask(page, "Where is Tokyo?")  # while the other one looks at the list
    other.wait_for_selector(".past-runs li >> nth=2")
    page.click("#rerank-panel-box .judge [data-grade='2']")
    page.wait_for_selector("#rerank-judged-box summary")  # of a query that nobody had judged
    other.click("#tab-rerank-button")
    ask(other, "Where is Tokyo?")
    other.wait_for_selector("#rerank-judged-box summary")
    for each in (page, other):
        each.reload()
        each.click("#tab-history-button")
        each.wait_for_selector(".past-runs li >> nth=3")
        assert runs_kept(each) == 4, "that of Tokyo twice, before and after it was judged"
    other.close()


def test_a_comparison_outlives_a_reload_and_comes_back(open_page: Any, url: str) -> None:
    page = open_page(unfolded=False)
    page.goto(f"{url}?query=freezing+bread&collection=cooking&rankers=bm25,bundled/tiny")
    shown = "word => document.querySelector('#compare-results .query q')?.textContent.includes(word)"
    page.wait_for_function(shown, arg="freezing bread")
    page.reload()
    page.wait_for_function(shown, arg="freezing bread")
    page.wait_for_timeout(1500)  # in which the tab's example would begin
    assert "freezing" in page.url
    page.fill("#query textarea", "warm milk")
    page.click("#compare")
    page.wait_for_function(shown, arg="warm milk")
    page.wait_for_url("**warm*milk**")
    page.go_back()
    page.wait_for_function(shown, arg="freezing bread")
    assert "freezing" in page.url


def test_back_brings_the_first_view_again(open_page: Any) -> None:
    page = open_page(unfolded=False)
    first = page.inner_text("#rerank-headline-box .query q")
    run(page, "Where is London?")
    run(page, "Where is Sydney?")
    for query in ("Where is London?", first):
        page.go_back()
        page.wait_for_function(
            "query => document.querySelector('#rerank-headline-box .query q')?.textContent === query", arg=query
        )
    page.wait_for_timeout(500)
    assert page.inner_text("#rerank-headline-box .query q") == first


@pytest.mark.parametrize(
    ("tab", "asked"),
    [
        ("evaluate", "?evaluate=cities&rankers=bm25,bundled/tiny"),
        ("compare", "?query=freezing+bread&collection=cooking&rankers=bm25,bundled/tiny"),
    ],
)
def test_one_press_of_back_leaves_what_a_link_opened(open_page: Any, url: str, tab: str, asked: str) -> None:
    page = open_page(unfolded=False)
    entries = page.evaluate("history.length")
    page.goto(f"{url}{asked}")
    page.wait_for_selector(f"#{tab}-results .headline .sentence")
    page.wait_for_timeout(500)
    assert page.evaluate("[history.length, history.state.tab]") == [entries + 1, tab]
    page.go_back()
    page.wait_for_selector("#rerank-results .tops .hit")
    assert "rankers" not in page.url


def test_a_paste_too_long_for_an_address_outlives_a_reload_in_compare(open_page: Any) -> None:
    page = open_page(unfolded=False)
    lines = "\n".join(f"Bread dough number {number} rests {'and rests ' * 20}overnight." for number in range(80))
    page.click("#source label:has(input[value=paste])")
    page.fill("#paste textarea", lines)
    page.fill("#query textarea", "bread dough")
    page.click("#tab-compare-button")
    page.wait_for_selector("#compare-results .headline")
    page.click("#tab-rerank-button")
    page.click("#rerank")
    shown = "tab => document.querySelector(`#${tab}-results .query q`)?.textContent === 'bread dough'"
    page.wait_for_function(shown, arg="rerank")
    page.wait_for_function("() => !document.querySelector('#rerank-run-box .lens-status.progress')")
    page.wait_for_timeout(1500)  # in which the run is written down
    page.click("#tab-compare-button")
    page.reload()
    page.wait_for_function(shown, arg="compare")
    assert page.input_value("#paste textarea") == lines
    assert "Paris" not in page.url


def test_a_reload_opens_the_tab_that_was_left(open_page: Any) -> None:
    page = open_page(unfolded=False)
    page.click("#tab-compare-button")
    page.wait_for_url("**/?*rankers=*")
    page.click("#tab-rerank-button")
    page.wait_for_function("() => document.querySelector('#frame').dataset.tab === 'tab-rerank'")
    page.wait_for_timeout(500)
    page.reload()
    page.wait_for_selector("#rerank-results .ranking tbody tr", state="attached")
    page.wait_for_timeout(1500)
    assert page.get_attribute("#frame", "data-tab") == "tab-rerank"


def test_back_from_another_tab_shows_the_run_that_ended_meanwhile(open_page: Any) -> None:
    page = open_page(unfolded=False)
    ask(page, "Where is London?")
    page.fill("#query textarea", "Where is Sydney?")
    page.wait_for_timeout(300)
    page.click("#rerank")
    page.click("#tab-history-button")
    page.wait_for_selector(".past-runs li >> nth=1")
    page.go_back()
    page.wait_for_url("**/?query=Where+is+Sydney*")
    page.wait_for_function(
        "() => document.querySelector('#rerank-headline-box .query q')?.textContent === 'Where is Sydney?'"
    )


def test_a_run_that_fits_no_link_has_no_address(open_page: Any, tmp_path: Path) -> None:
    page = open_page(unfolded=False)
    ask(page, "Where is London?")
    hits = [{"_id": f"d{n}", "_score": 9.0 - n, "_source": {"text": line}} for n, line in enumerate(LINES.splitlines())]
    file = tmp_path / "es.json"
    file.write_text(json.dumps({"hits": {"hits": hits}}), encoding="utf-8")
    page.click("#source input[value=upload]")
    with page.expect_file_chooser() as chooser:
        page.click("#upload")
    chooser.value.set_files(str(file))
    page.wait_for_function("() => document.querySelector('#upload-note').innerText.includes('3 passages')")
    page.click("#rerank")
    page.wait_for_function("() => location.search === ''")
