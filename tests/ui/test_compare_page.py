"""What a visitor does on the Compare tab, in a real browser: rankers side by side, one failing, judging, an edit."""

from __future__ import annotations

from typing import Any

import pytest
from kit import accessibility_problems, unfold

pytestmark = pytest.mark.browser

AREA = "#compare-results"
FAILING = "bundled/nowhere"


def opened(open_page: Any, *more: str, **options: Any) -> Any:
    """The Compare tab with its usual rankers and more, after a run."""
    page = open_page(**options)
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_selector("#rankers input", state="attached")  # folded away on a phone
    if more:
        for name in more:
            page.fill("#rankers input", name)
            page.press("#rankers input", "Enter")
        page.press("#rankers input", "Escape")
    page.wait_for_selector(f"{AREA} .flow")  # of the worked example
    page.wait_for_function("() => !document.querySelector('#compare-actions .lens-status.progress')")
    if more:
        page.click("#compare")
        page.wait_for_function(
            "count => document.querySelectorAll('#compare-judged-box tbody tr').length"
            " + document.querySelectorAll('#compare-headline-box .failures li').length === count",
            arg=5 + len(more),
        )
        page.wait_for_function("() => !document.querySelector('#compare-actions .lens-status.progress')")
    page.wait_for_selector("#speed .main-svg", state="attached")
    unfold(page)
    return page


def figures(page: Any) -> list[str]:
    """The row of figures of each ranker by the judgments."""
    words = "rows => rows.map(row => [...row.cells].map(cell => cell.textContent.trim()).join('\\t'))"
    return list(page.eval_on_selector_all("#compare-judged-box tbody tr", words))


def test_tables_of_the_usual_rankers_are_as_wide_as_their_place(open_page: Any) -> None:
    page = opened(open_page, width=1366)
    cut = "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.ariaLabel ?? one.className)"
    assert page.eval_on_selector_all(f"{AREA} :is(.wide, .ranking .scroll)", cut) == []
    heads = page.locator(f"{AREA} .ranking .col-ranker").all_inner_texts()
    assert [" ".join(head.split()) for head in heads[:4]] == ["BM25", "Medium 9.6 M", "Tiny 4.4 M", "Small 23 M"]


def test_the_tab_opens_with_a_worked_example_in_sections(open_page: Any) -> None:
    page = open_page(locale="zh-CN")
    page.get_by_role("tab", name="对比").click()
    page.wait_for_selector(f"{AREA} .flow")  # nothing was pressed
    page.wait_for_selector(f"{AREA} .jump a")
    assert page.locator(f"{AREA} .invitation").count() == 0
    tops = page.eval_on_selector_all(
        f"{AREA} .jump a", "all => all.map(a => document.querySelector(a.hash).getBoundingClientRect().top)"
    )
    assert tops == sorted(tops)
    table, flow = (page.locator(f"#compare-{key}-section").bounding_box()["y"] for key in ("table", "flow"))
    assert table < flow
    page.click(f"{AREA} .jump a:has-text('如果查询')")
    page.wait_for_selector("#what-if-query")


def test_three_rankers_of_which_one_fails(open_page: Any) -> None:
    page = opened(open_page, "bm25[variant=okapi]", FAILING)
    assert page.locator(f"{AREA} .ranking tbody tr").count() == 59
    headline = page.inner_text("#compare-headline-box")
    assert FAILING in headline
    assert "Choose one of the list" in headline or "not a hub id" in headline
    columns = ["BM25", "Medium", "Tiny", "Small", "Technical", "BM25 · Okapi"]
    assert [row.split("\t")[0] for row in figures(page)] == columns
    assert "Tiny" in page.inner_text("#compare-agreement-box")
    page.check("#measure input[value=rbo]")
    page.wait_for_function("() => document.querySelector('#compare-agreement-box').innerText.includes('Rank-biased')")
    page.locator("#compare-cards-box summary").first.click()
    assert "logit[0]" in page.inner_text("#compare-cards-box")


def test_one_selection_runs_through_the_tab_and_leaves_the_other_alone(open_page: Any) -> None:
    page = opened(open_page)
    before = page.get_attribute("#rerank-results .ranking tr[aria-selected=true]", "data-i")
    row = page.locator(f"{AREA} .ranking tbody tr").nth(4)
    row.click()
    chosen = row.get_attribute("data-i")
    assert page.get_attribute(f"{AREA} .panel", "data-i") == chosen
    assert page.locator(f'{AREA} .flow .picked[data-i="{chosen}"]').count() >= 2
    assert page.get_attribute("#rerank-results .ranking tr[aria-selected=true]", "data-i") == before
    end = page.locator(f"{AREA} .flow .end").first
    end.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.get_attribute(f"{AREA} .panel", "data-i") != chosen


CELLS = "box => [...document.querySelectorAll(`${box} tbody td`)].map(cell => cell.textContent).join(' ')"


def test_a_judgment_is_felt_in_both_tabs_saved_and_loaded(open_page: Any) -> None:
    page = opened(open_page)

    def cells(box: str, other_than: str = "") -> str:
        """The figures in the box, once they are other than these."""
        page.wait_for_function(f"([box, old]) => ({CELLS})(box) !== old", arg=[box, other_than])
        return str(page.evaluate(CELLS, box))

    in_compare, in_rerank = cells("#compare-judged-box"), cells("#rerank-judged-box")
    row = page.locator(f"{AREA} .ranking tbody tr").nth(6)
    row.click()
    row.focus()
    page.keyboard.press("3")
    cells("#compare-judged-box", other_than=in_compare)
    judged = cells("#rerank-judged-box", other_than=in_rerank)
    page.click("#judging button")
    with page.expect_download() as saved:
        page.click("#save-judgments")
    file = saved.value.path().read_text(encoding="utf-8")
    assert file.split("\t")[-1] == "3\n"

    page.reload()
    page.wait_for_selector("#rerank-judged-box table", state="attached")
    assert cells("#rerank-judged-box") == judged  # the browser kept it
    page.click("#judging button")
    page.set_input_files(
        "#judging input[type=file]", {"name": "mine.qrels", "mimeType": "text/plain", "buffer": file.encode()}
    )
    page.wait_for_selector("#judging-note:has-text('Judgments by hand: 1')")
    assert cells("#rerank-judged-box") == judged


def test_every_ranker_is_asked_why_but_fusions(open_page: Any) -> None:
    page = opened(open_page)
    page.check("#fusion input[value=rrf]")
    page.wait_for_function("() => document.querySelectorAll('#compare-judged-box tbody tr').length === 6")
    page.click(f"{AREA} .panel .explain")
    page.wait_for_selector(f"{AREA} .why:has-text('Not taken apart')")
    assert page.locator(f"{AREA} .why h3").all_inner_texts()[0].startswith("BM25")
    assert page.locator(f"{AREA} .why .said.content").count() == 4
    assert page.locator("#rerank-results .why").count() == 0


def test_depth_and_fusion_redraw(open_page: Any) -> None:
    page = opened(open_page)
    page.check("#fusion input[value=rrf]")
    page.wait_for_function("() => document.querySelectorAll('#compare-judged-box tbody tr').length === 6")
    assert "RRF (BM25 + Medium + Tiny + Small + Technical)" in page.text_content("#compare-judged-box")
    page.fill("#depth-slider input[type=number]", "1")
    page.press("#depth-slider input[type=number]", "Tab")
    page.wait_for_function(
        "() => { const rows = [...document.querySelectorAll('#compare-judged-box tbody tr')].map("
        "r => [...r.cells].slice(1).map(c => c.textContent).join()); return rows[0] === rows[1]; }"
    )  # with one passage reranked every order is BM25's


def test_an_edit_shows_old_and_new_ranks(open_page: Any) -> None:
    page = opened(open_page)
    page.click("#what-if-run")
    page.wait_for_selector("#compare-what-if-box .alert")
    page.fill("#what-if-query textarea, #what-if-query input", "the river Seine")
    page.click("#what-if-run")
    page.wait_for_selector("#compare-what-if-box table")
    assert "→" in page.inner_text("#compare-what-if-box table")


def test_what_cannot_be_run_leaves_what_was_typed(open_page: Any) -> None:
    page = opened(open_page)
    page.fill("#rankers input", "bm25[k1=high]")
    page.press("#rankers input", "Enter")
    page.press("#rankers input", "Escape")
    page.click("#compare")
    page.wait_for_selector("#compare-actions .alert")
    assert "Write a number" in page.inner_text("#compare-actions .alert")
    assert "bm25[k1=high]" in page.inner_text("#rankers")
    assert page.locator(f"{AREA} .ranking tbody tr").count() == 59


def test_a_phone_has_no_sideways_scroll(open_page: Any) -> None:
    page = opened(open_page, width=390, height=800)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator(f"{AREA} .flow .end.labelled").first.click()
    assert page.is_visible(f"{AREA} .panel.open")


def test_the_results_are_accessible(open_page: Any) -> None:
    page = opened(open_page, FAILING)
    for scheme in ("light", "dark"):
        page.evaluate("scheme => document.body.classList.toggle('dark', scheme === 'dark')", scheme)
        assert accessibility_problems(page, f"{AREA} .lens", contrast_alone=scheme == "dark") == []
