"""What the page is to a stranger, in a real browser: the answer at once, at every width, by hand and by key, kept."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.browser

TOP = "selector => Math.round(document.querySelector(selector).getBoundingClientRect().top)"
BOX = "selector => { const b = document.querySelector(selector).getBoundingClientRect(); return [b.top, b.bottom]; }"
COVERED = """() => [...document.querySelectorAll('#rerank-panel-box :is(.judge button, .explain)')].filter(one => {
  const box = one.getBoundingClientRect();
  return !one.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
}).length"""
NARROWEST = """() => Math.min(...[...document.querySelectorAll('#rerank-results .ranking tbody tr')].slice(0, 10)
  .map(row => row.querySelector('.text').getBoundingClientRect().width))"""
JUDGED = "() => document.querySelectorAll('#rerank-results .ranking tbody tr:not([data-grade=\"-1\"])').length"
KEPT = "localStorage.getItem('rerank-lens-judgments')"


def rerank(page: Any, query: str, passages: str) -> None:
    """Pastes the passages and waits for their result."""
    page.check("#source input[value=paste]")
    page.fill("#paste textarea", passages)
    page.fill("#query textarea", query)
    page.wait_for_function("() => /passage/.test(document.querySelector('#paste-note').textContent)")
    page.click("#rerank")
    page.wait_for_function("q => document.querySelector('#rerank-results .query q')?.textContent === q", arg=query)


def test_answer_and_buttons_are_in_view_and_nothing_covers_the_panel(open_page: Any) -> None:
    page = open_page(width=1366, height=768, unfolded=False)
    assert page.evaluate(TOP, "#summary") < page.evaluate(TOP, ".tops .after .hit") < 400
    for mode in ("collection", "paste", "upload"):
        page.check(f"#source input[value={mode}]")
        top, bottom = page.evaluate(BOX, "#rerank")
        assert 0 < top < bottom <= 768, mode
    page.check("#source input[value=collection]")
    page.click("#rerank-results .jump a:has-text('All passages')")
    page.wait_for_selector("#rerank-results .ranking tbody tr >> nth=2")
    page.locator("#rerank-results .ranking tbody tr").nth(2).click()
    page.wait_for_function(f"() => ({COVERED})() === 0")
    for width in (1000, 1152, 1280, 1366, 1920):
        page.set_viewport_size({"width": width, "height": 768})
        assert page.evaluate(NARROWEST) >= 240, width
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_a_chosen_query_runs_and_what_is_stale_says_so(open_page: Any) -> None:
    page = open_page(unfolded=False)
    note = page.locator("#rerank-results .stale-note")
    page.click("#inputs button:has-text('First stage')")  # its fields are made now, and hold what was run
    page.wait_for_selector("#inputs input[type=number]")
    page.wait_for_timeout(1100)
    assert not note.is_visible()
    page.fill("#query textarea", "something else")
    note.wait_for(state="visible")
    page.evaluate("() => window.scrollTo(0, 900)")
    page.click("#examples input")
    page.get_by_role("option").nth(3).click()
    page.wait_for_function(
        "() => { const q = document.querySelector('#rerank-results .query q').textContent;"
        " return !q.includes('Paris, Texas') && q === document.querySelector('#query textarea').value.trim(); }"
    )
    page.wait_for_function(f"() => ({TOP})('#rerank-headline-section') >= 0")
    note.wait_for(state="hidden")
    page.wait_for_url("**/?query=*")
    page.fill("#query textarea", " ")  # a refused run leaves the results of the one before
    page.click("#rerank")
    page.wait_for_selector("#rerank-run-box .alert")
    page.wait_for_timeout(600)
    assert note.is_visible()
    page.locator("#rerank-results .tops .after .hit .name").nth(2).click()  # nor does a look at them make them new
    page.wait_for_timeout(600)
    assert note.is_visible()


def test_judging_by_key_goes_on_and_outlives_a_reload(open_page: Any) -> None:
    page = open_page(unfolded=False)
    lines = [f"The library of town {number} opens at {number}." for number in range(1, 13)]
    rerank(page, "when does the library open", "\n".join(lines))
    page.wait_for_url("**/?query=*")
    page.click("#rerank-results .panel [data-mode=onward]")
    page.fill("#rerank-results .ranking input[type=search]", "nowhere", force=True)
    page.click("#rerank-results .panel [data-mode=blind]")
    assert not page.is_visible("#rerank-results .panel dl")
    assert not page.is_visible("#rerank-results .headline")
    shown = page.locator("#rerank-results .ranking thead th:visible").all_inner_texts()
    assert [each.strip() for each in shown] == ["Passage"]  # nothing is graded yet
    assert page.locator("#rerank-results .ranking tbody tr:visible").count() == len(lines)
    assert page.inner_text("#rerank-results .panel [data-place]") == "1 / 12"
    page.click("#rerank-results .panel .body")
    first = page.get_attribute("#rerank-results .panel", "data-i")
    page.keyboard.press("2")
    page.wait_for_selector("#rerank-judged-box summary", state="attached")
    page.wait_for_function(f"() => {KEPT}")
    kept = page.evaluate(KEPT)
    page.keyboard.press("0")
    page.wait_for_function(f"() => ({JUDGED})() === 2")
    assert page.get_attribute("#rerank-results .panel", "data-i") != first
    page.wait_for_function(f"kept => {KEPT} !== kept", arg=kept)
    page.reload()
    page.wait_for_selector("#rerank-judged-box summary")
    assert page.inner_text("#rerank-results .query q") == "when does the library open"
    assert page.evaluate(JUDGED) == 2
    assert page.input_value("#paste textarea") == "\n".join(lines)
    page.click("#tab-about-button")
    page.go_back()
    page.wait_for_selector("#rerank-results .tops")


def test_judged_blind_nothing_tells_of_the_grades_from_before(open_page: Any) -> None:
    page = open_page(width=390, height=844, unfolded=False)
    grades = "#rerank-results .ranking td.grade [data-cell=grade]:visible"
    page.locator(".tops .after .hit .name").first.click()
    page.click("#rerank-results .panel [data-mode=blind]")
    page.click("#rerank-results .panel [data-mode=onward]")
    assert page.locator(grades).count() == 0  # all 59 are judged
    marked = "all => all.every(one => getComputedStyle(one).backgroundColor === 'rgba(0, 0, 0, 0)')"
    assert page.eval_on_selector_all("#rerank-results :is(.ranking, .panel) mark", marked)
    for grade, place in (("0", "2 / 59"), ("1", "3 / 59")):
        assert page.inner_text("#rerank-results .panel [data-field=grade-words]") == "unjudged"
        assert page.get_attribute("#rerank-results .panel [aria-checked=true]", "data-grade") == ""
        page.click(f"#rerank-results .panel [data-grade='{grade}']")
        assert page.inner_text("#rerank-results .panel [data-place]") == place
    page.click("#rerank-results .panel .close")
    assert page.locator(grades).all_inner_texts() == ["0", "1"]
    page.click("#rerank-results .blind-on button")
    assert page.is_visible("#rerank-results .headline")
    assert not page.is_visible("#rerank-results .blind-on")
    assert page.get_attribute("#rerank-results .panel [data-mode=blind]", "aria-pressed") == "false"
    assert page.evaluate(JUDGED) == 59


def test_results_come_first_on_a_phone(open_page: Any) -> None:
    page = open_page(width=390, height=844, unfolded=False)
    assert page.evaluate(TOP, "#summary") < 300
    assert page.evaluate(TOP, ".tops .after .hit") < 844
    assert not page.is_visible("#query")
    assert "Paris, Texas" in page.inner_text("#inputs .inputs-line")
    second = page.locator(".tops .after .hit").nth(1)
    assert second.locator("small").inner_text() == "was 1"
    assert page.locator(".tops .touch:visible").count() == 1  # the chosen passage alone has buttons
    second.locator(".name").click()
    page.click("#rerank-results .panel .close")
    second.locator(".judge [data-grade='1']").click()
    assert second.locator("[data-cell=grade]").inner_text() == "1"
    page.click("#inputs .inputs-line button")
    page.fill("#query textarea", "largest city in South America")
    page.click("#rerank")
    page.wait_for_function("() => document.querySelector('#rerank-results .query q').textContent.includes('South')")
    page.wait_for_function(f"() => ({TOP})('#summary') < 400")
    assert not page.is_visible("#query")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_arrows_move_sliders_and_radio_buttons(open_page: Any) -> None:
    page = open_page()
    assert {
        len(set(names)) for names in [page.eval_on_selector_all("#scale input", "all => all.map(x => x.name)")]
    } == {1}
    page.focus("#scale input[value=raw]")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => /e⁻|exp|1 \\/ \\(1/.test(document.querySelector('#rerank-scores-box').textContent)")
    page.click("#tab-compare-button")
    page.wait_for_selector("#compare-results .flow")
    page.wait_for_function("() => !document.querySelector('#compare-actions .lens-status.progress')")
    page.click("#compare-depths-section .fold")
    before = page.inner_text("#compare-results .ranking tbody")
    page.focus("#depth-slider input[type=range]")
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function(
        "was => document.querySelector('#compare-results .ranking tbody').innerText !== was", arg=before
    )


def test_language_and_theme_change_the_whole_page(open_page: Any) -> None:
    page = open_page(unfolded=False)
    page.click("[data-theme-switch]")
    assert page.evaluate("() => document.body.classList.contains('dark')")
    page.click("[data-language=zh]")
    page.wait_for_function("() => document.querySelector('#rerank')?.innerText === '重排'")
    page.wait_for_selector("#summary")
    assert "交叉编码器" in page.inner_text("#summary")
    page.wait_for_function("() => document.body.classList.contains('dark')")


def test_what_was_typed_and_not_run_outlives_another_language_and_a_reload(open_page: Any) -> None:
    page = open_page(unfolded=False)
    rerank(page, "which is red", "A red door.\nA green door.")
    page.click("#source input[value=paste]")
    page.fill("#query textarea", "which is <blue>")
    page.fill("#paste textarea", "Ein blaues Haus.\n一座蓝色的房子。\nThird.")
    page.wait_for_function("() => document.querySelector('#paste-note').innerText.includes('3')")
    page.click("[data-language=zh]")
    page.wait_for_function("() => document.querySelector('#rerank')?.innerText === '重排'")
    for again in (False, True):
        if again:
            page.reload()
        page.wait_for_function("() => document.querySelector('#query textarea')?.value === 'which is <blue>'")
        page.wait_for_function("() => document.querySelector('#paste textarea').value.endsWith('Third.')")
        assert page.is_checked("#source input[value=paste]")
        page.wait_for_function("() => document.querySelector('#paste-note').innerText.includes('3')")
        page.wait_for_selector("#rerank-results .stale-note:visible")
        assert "A red door." in page.inner_text("#rerank-results .ranking"), "the run before, beside inputs that wait"


def test_a_refused_run_leaves_the_run_before_to_reload_and_history(open_page: Any) -> None:
    page = open_page(unfolded=False)
    rerank(page, "which is red", "A red door.\nA green door.")
    page.wait_for_url("**/?query=which+is+red*")
    page.fill("#query textarea", "")
    page.fill("#paste textarea", "A blue house.\nA red boat.\nThird.")
    page.wait_for_function("() => document.querySelector('#paste-note').innerText.includes('3')")
    page.click("#rerank")
    page.wait_for_selector("#rerank-run-box [role=alert]")
    page.wait_for_timeout(500)
    page.reload()
    page.wait_for_function("() => document.querySelector('#paste textarea')?.value.endsWith('Third.')")
    page.wait_for_selector("#rerank-results .stale-note:visible")
    assert "A red door." in page.inner_text("#rerank-results .ranking")
    assert not page.query_selector("#rerank-run-box [role=alert]")
    assert page.input_value("#query textarea") == ""
    page.click("#tab-history-button")
    page.wait_for_selector(".past-runs li")
    assert page.locator(".past-runs li").count() == 1


def test_a_run_is_kept_with_the_inputs_it_was_asked_with(open_page: Any) -> None:
    page = open_page(unfolded=False)
    page.click("#source input[value=paste]")
    page.fill("#query textarea", "which is red")
    page.fill("#paste textarea", "\n".join(f"Door {number} is red or green." for number in range(150)))
    page.wait_for_function("() => document.querySelector('#paste-note').innerText.includes('150')")
    page.click("#rerank")
    page.fill("#query textarea", "typed while it ran")
    page.wait_for_url("**/?query=which+is+red&*")
    page.wait_for_selector("#rerank-results .stale-note:visible")


def test_an_earlier_query_is_opened_without_what_was_typed_later(open_page: Any) -> None:
    page = open_page(unfolded=False)
    rerank(page, "which is red", "A red door.\nA green door.")
    rerank(page, "which is green", "A red door.\nA green door.")
    page.fill("#query textarea", "something else")
    page.wait_for_selector("#rerank-results .stale-note:visible")
    page.go_back()
    page.wait_for_function("() => document.querySelector('#query textarea')?.value === 'which is red'")
    page.wait_for_selector("#summary")
    page.wait_for_timeout(1200)
    assert page.input_value("#query textarea") == "which is red"


@pytest.mark.parametrize(
    ("query", "passages", "hits"),
    [
        ("nothing of this", "eins\nzwei\ndrei", 3),
        ("同一个词", "同一个词\n" + "长" * 400 + "\n" + "w" * 400 + "\nكلمة واحدة", 4),
        ("one", "one", 1),
    ],
)
def test_odd_passages_are_readable(open_page: Any, query: str, passages: str, hits: int) -> None:
    page = open_page(width=1024, height=768, unfolded=False)
    rerank(page, query, passages)
    page.wait_for_function(
        "count => document.querySelectorAll('#rerank-results .after .hit').length === count", arg=hits
    )
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 1024
