"""What a visitor does, in a real browser: look, choose, type, paste, upload, sort, search, stop, err, save."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeModel, FakeSource, SlowModel
from kit import accessibility_problems, unfold
from served_app import served

from demo.service import RankingService

pytestmark = pytest.mark.browser

LINES = [
    "The library opens at nine in the morning.",
    "Opening hours of the library: the library, the library, the library.",
    "Cats sleep for most of the day.",
    "You can borrow up to ten books for four weeks.",
    "On Sundays the reading room stays closed.",
]


def run(page: Any, words: str | None = None) -> None:
    """Presses Rerank and waits for the headline of the query that is in the field."""
    page.click("#rerank")
    query = words if words is not None else page.input_value("#query textarea").strip()
    page.wait_for_function(
        "query => document.querySelector('.headline .query q')?.textContent.trim() === query"
        " && !document.querySelector('.lens-status.progress')",
        arg=query,
    )


def paste(page: Any, text: str) -> None:
    page.check("#source input[value=paste]")
    page.fill("#paste textarea", text)


def table_ids(page: Any) -> list[int]:
    return page.eval_on_selector_all(".ranking tbody tr:not([hidden])", "rows => rows.map(r => Number(r.dataset.i))")


def chosen(page: Any) -> int:
    return int(page.get_attribute(".ranking tr[aria-selected=true]", "data-i"))


def test_the_first_thing_seen_is_a_result(open_page: Any) -> None:
    page = open_page()
    assert "Paris, Texas" in page.inner_text(".headline .query")
    assert "brought 1 passage that BM25 never found into the top 10" in page.inner_text("#summary")
    assert page.locator(".figures > div").count() == 5
    assert page.locator(".tops .before .hit").count() == page.locator(".tops .after .hit").count() == 10
    lone = page.locator(".tops .after .hit:has(.unfound:has-text('not found by BM25'))")
    assert lone.count() == 1
    assert lone.locator(".snippet").bounding_box()["height"] > 30  # two lines of text, as the others have
    page.wait_for_selector("#distribution .main-svg")
    page.wait_for_selector("#scatter .main-svg")
    assert page.inner_text(".panel .doc") != ""


def test_another_query_with_the_keyboard(open_page: Any) -> None:
    page = open_page()
    page.fill("#query textarea", "largest city in South America")
    page.press("#query textarea", "Control+Enter")
    page.wait_for_function("() => document.querySelector('.headline .query q').textContent.includes('South America')")


def test_another_collection_brings_its_queries(open_page: Any) -> None:
    page = open_page()
    page.click("#collection input")
    page.get_by_role("option").nth(2).click()
    page.wait_for_function("() => !document.querySelector('#query textarea').value.includes('Paris')")
    run(page)
    assert page.locator(".ranking tbody tr").count() >= 25


def test_pasted_passages(open_page: Any) -> None:
    page = open_page()
    paste(page, "\n".join([*LINES, "", LINES[2]]))
    page.wait_for_function("() => /5 passages/.test(document.querySelector('#paste-note').textContent)")
    assert "duplicate" in page.inner_text("#paste-note")
    page.fill("#query textarea", "when does the library open")
    run(page)
    assert page.locator(".ranking tbody tr").count() == 5


def test_another_reading_of_the_same_text(open_page: Any) -> None:
    page = open_page()
    paste(page, "one line\nof the first\n\nand a second")
    page.wait_for_function("() => /\\d passages/.test(document.querySelector('#paste-note').textContent)")
    before = page.inner_text("#paste-note")
    page.click("#reading input")
    other = "one per line" if "blank" in before else "blank"
    page.get_by_role("option", name=re.compile(other, re.I)).click()
    page.wait_for_function("was => document.querySelector('#paste-note').innerText !== was", arg=before)


def test_uploaded_files(open_page: Any, tmp_path: Path) -> None:
    file = tmp_path / "passages.jsonl"
    file.write_text(
        "\n".join(json.dumps({"_id": f"p{i}", "text": line}) for i, line in enumerate(LINES)), encoding="utf-8"
    )
    page = open_page()
    page.check("#source input[value=upload]")
    with page.expect_file_chooser() as chooser:
        page.click("#upload")
    chooser.value.set_files(str(file))
    page.wait_for_function("() => /5 passages/.test(document.querySelector('#upload-note').textContent)")
    page.fill("#query textarea", "how long may I keep a book")
    run(page)
    assert set(page.eval_on_selector_all(".docline", "all => all.map(x => x.textContent)")) == {
        f"p{i}" for i in range(5)
    }


ON_SCATTER = """() => document.querySelector('#scatter .js-plotly-plot')._fullData
  .flatMap(trace => [...trace.customdata ?? []])"""
RINGED = """id => {
  const traces = document.querySelector('#scatter .js-plotly-plot')._fullData;
  const ring = traces.find(trace => trace.name === 'selected');
  const home = traces.find(trace => trace.customdata && [...trace.customdata].includes(id));
  const at = [...home.customdata].indexOf(id);
  return ring.x.length === 1 && ring.x[0] === home.x[at] && ring.y[0] === home.y[at];
}"""


def test_one_selection_runs_through_every_view(open_page: Any) -> None:
    page = open_page()
    page.wait_for_selector("#scatter .main-svg")
    assert chosen(page) == int(page.get_attribute(".ranking", "data-first"))
    third = page.locator(".slope .after .end").nth(2)
    third.click()
    index = int(third.get_attribute("data-i"))
    assert chosen(page) == index
    assert page.get_attribute(".panel", "data-i") == str(index)
    assert page.locator(f".slope path.picked[data-i='{index}']").count() == 1
    other = next(i for i in table_ids(page)[3:] if i in page.evaluate(ON_SCATTER))
    page.evaluate(
        "id => document.querySelector('#scatter .js-plotly-plot').emit('plotly_click', {points: [{customdata: id}]})",
        other,
    )
    assert chosen(page) == other
    page.wait_for_function(RINGED, arg=other)  # plots follow one after the other
    row = page.locator(f".ranking tr[data-i='{other}'] [data-cell=text]").inner_text()
    assert page.inner_text(".panel .body") == row


def ask_why(page: Any, scene: str = "#rerank-results") -> str:
    """Presses the panel's button and gives the words of the answer."""
    page.click(f"{scene} .panel .explain")
    page.wait_for_function(
        f"() => document.querySelectorAll('{scene} .why .said').length"
        f" && !document.querySelector('{scene} .why + .progress')"
    )
    return str(page.inner_text(f"{scene} .why"))


def test_why_a_passage_has_its_scores(open_page: Any) -> None:
    page = open_page()
    said = ask_why(page)
    assert "Why this score? Paris, Texas" in said
    assert re.search(r"residents resid\s+1\.58", said), said  # BM25's terms
    assert re.search(r"Texas\s+Passage\s+\+\d", said), said  # the model loses most without these words
    page.wait_for_function("() => Math.abs(document.querySelector('.why').getBoundingClientRect().top) < 300")
    page.locator("#rerank-results .flow .end").first.click()
    page.wait_for_selector(".panel .doc:has-text('paris-texas-film')")
    assert "Why this score? Paris, Texas" in page.inner_text(".why")  # of the passage that it names
    page.click("#rerank-results .panel .explain")
    page.wait_for_selector(".why h2:has-text('Wim Wenders')")
    page.fill("#query textarea", "How many people live in Berlin?")
    run(page)
    assert page.locator(".why").count() == 0


def test_the_slope_by_keyboard(open_page: Any) -> None:
    page = open_page()
    first = page.locator(".slope .after .end").first
    first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    second = page.locator(".slope .after .end").nth(1)
    assert chosen(page) == int(second.get_attribute("data-i"))
    assert re.match(r"rank 2, was \d+, (up \d+|down \d+|unchanged): ", second.get_attribute("aria-label"))


def test_sorting_and_searching(open_page: Any) -> None:
    page = open_page()
    by_new_rank = table_ids(page)
    page.select_option(".ranking select", "was")
    was = page.eval_on_selector_all(".ranking tbody tr", "rows => rows.map(row => Number(row.dataset.was))")
    assert was == sorted(was)
    page.click(".ranking th[data-key=afterScore] button")
    assert page.get_attribute(".ranking th[data-key=afterScore]", "aria-sort") == "descending"
    page.fill(".ranking input[type=search]", "berlin")
    shown = table_ids(page)
    assert 0 < len(shown) < len(by_new_rank)
    for nowhere in ("zzzz", "sigmoid", "why this"):  # what the page says of a passage is not searched
        page.fill(".ranking input[type=search]", nowhere)
        assert table_ids(page) == []
    assert page.is_visible(".ranking .none")


COUNT_DRAWN = """() => {
  const seen = new WeakSet();
  window.drawn = {};
  new MutationObserver(() => document.querySelectorAll('#rerank-results .js-plotly-plot').forEach((plot) => {
    if (!plot.on || seen.has(plot)) return;
    seen.add(plot);
    const { id } = plot.closest('[id]');
    plot.on('plotly_afterplot', () => { drawn[id] = (drawn[id] ?? 0) + 1; });
  })).observe(document.body, { childList: true, subtree: true });
}"""


CHOICE_IS_MARKED = """() => ['distribution', 'scatter'].every((id) =>
  document.querySelector(`#${id} .js-plotly-plot`)?._fullData
    ?.some(({ name, x }) => name === 'selected' && x?.length))"""


def test_each_chart_is_drawn_once_for_a_run(open_page: Any) -> None:
    page = open_page()
    page.wait_for_function(CHOICE_IS_MARKED)
    page.wait_for_timeout(300)  # the example's charts are as they stay
    page.evaluate(COUNT_DRAWN)
    page.fill("#query textarea", "capital of Georgia")
    run(page)
    page.wait_for_function("() => drawn.distribution && drawn.scatter")
    page.wait_for_timeout(800)
    assert page.evaluate("drawn") == {"distribution": 1, "scatter": 1}


def test_a_picture_for_an_element_that_stays_is_drawn(open_page: Any) -> None:
    page = open_page()
    page.wait_for_function(CHOICE_IS_MARKED)
    page.evaluate("Plotly.react(document.querySelector('#scatter .js-plotly-plot'), [{ y: [1, 2] }], {})")
    page.wait_for_function("() => document.querySelector('#scatter .js-plotly-plot')._fullData.length === 1")


def test_another_scale_redraws_without_scoring(open_page: Any) -> None:
    page = open_page()
    page.wait_for_selector("#distribution .main-svg")
    page.check("#scale input[value=rank]")
    page.wait_for_function(
        "() => document.querySelector('#distribution .main-svg') &&"
        " /rank/.test(document.querySelector('#distribution').textContent)"
    )
    assert "(n − r)" in page.inner_text("#rerank-scores-box")


def test_an_error_loses_nothing(open_page: Any) -> None:
    page = open_page()
    paste(page, "\n".join(LINES))
    page.fill("#query textarea", "   ")
    page.click("#rerank")
    page.wait_for_selector("#rerank-status-box [role=alert]")
    assert "query" in page.inner_text("#rerank-status-box").lower()
    assert page.input_value("#paste textarea") == "\n".join(LINES)
    assert page.locator(".ranking tbody tr").count() > 12, "the result before is still there"
    page.fill("#query textarea", "library hours")
    run(page)
    assert page.locator("#rerank-status-box [role=alert]").count() == 0


def test_unreadable_text_says_where(open_page: Any) -> None:
    page = open_page()
    paste(page, '{"text": "fine"}\n{"text": "also fine"}\n{"no": "text"}')
    page.click("#reading input")
    page.get_by_role("option", name=re.compile("JSONL|JSON lines", re.I)).click()
    page.wait_for_selector("#paste-note .bad")
    assert "ine 3" in page.inner_text("#paste-note")
    page.click("#rerank")  # it is said once, where the eye is
    page.wait_for_selector("#rerank-status-box .alert:has-text('ine 3')")
    page.wait_for_selector("#paste-note .bad", state="detached")
    page.fill("#paste textarea", "One passage.\nAnother passage.\nA third.")
    page.wait_for_function("() => document.querySelector('#paste-note').textContent.trim()")


def test_markup_in_a_passage_stays_text(open_page: Any) -> None:
    page = open_page()
    nasty = [
        '<img src=x onerror="window.hacked = 1"> library',
        "${(() => { window.hacked = 2; })()} library {{ value }}",
        "</script><script>window.hacked = 3</script> library",
        '" onmouseover="window.hacked = 4" library',
    ]
    paste(page, "\n".join(nasty))
    page.fill("#query textarea", "<b>library</b> ${window.hacked = 5}")
    run(page)
    page.wait_for_timeout(300)
    for end in page.locator(".slope .after .end").all():
        end.hover()
        end.click()
    page.wait_for_selector("#scatter .main-svg")
    assert page.evaluate("() => window.hacked") is None
    assert "<img src=x" in page.inner_text(".ranking tbody")
    assert page.locator(".lens img, .lens script").count() == 0


UNCOVERED = """selector => {
  const part = document.querySelector(selector), { left, top } = part.getBoundingClientRect();
  return part.contains(document.elementFromPoint(left + 4, top + 4));
}"""


def test_phone(open_page: Any) -> None:
    page = open_page(width=390, height=844)
    page.wait_for_selector("#scatter .main-svg")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    assert not page.is_visible(".ranking thead")
    assert not page.is_visible(".panel")
    page.locator(".slope .after .end").nth(1).click()
    assert page.is_visible(".panel")
    page.click(".panel .close")
    assert not page.is_visible(".panel")
    assert page.locator(".ranking tbody tr:visible").count() == 10
    row = page.locator(".ranking tbody tr").nth(2)
    row.click()
    row.locator(".explain").click()
    page.wait_for_selector(".why .said")
    assert row.locator("[data-cell=doc]").inner_text().split(" · ")[0] in page.inner_text(".why h2")
    assert page.locator(".ranking .explain:visible").count() == 1
    page.wait_for_timeout(800)  # it is scrolled to smoothly
    assert page.evaluate(UNCOVERED, ".why h2")
    page.click(".ranking .more")
    assert page.locator(".ranking tbody tr:visible").count() > 10


def test_dark(open_page: Any) -> None:
    page = open_page(color_scheme="dark")
    page.wait_for_selector("#scatter .main-svg")
    assert page.evaluate("() => document.body.classList.contains('dark')")
    ground = page.evaluate("() => getComputedStyle(document.querySelector('.slope')).backgroundColor")
    ink = page.evaluate("() => getComputedStyle(document.querySelector('#summary')).color")
    dark, light = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in (ground, ink))
    assert dark < 150 < 550 < light


def test_chinese(open_page: Any) -> None:
    page = open_page(locale="zh-CN")
    assert page.inner_text("#rerank") == "重排"
    assert "段落" in page.inner_text("#summary")
    page.fill("#query textarea", "")
    page.click("#rerank")
    page.wait_for_selector("#rerank-status-box [role=alert]")
    assert "查询" in page.inner_text("#rerank-status-box")


def test_models_and_about(open_page: Any) -> None:
    page = open_page()
    page.get_by_role("tab", name="Models").click()
    page.wait_for_selector("#models table")
    assert "cross-encoder/ms-marco-MiniLM-L6-v2" in page.inner_text("#models")
    assert "74.30" in page.inner_text("#models")
    heading = page.get_by_role("button", name="NDCG@10 DL19")
    for way, best in (("descending", "MiniLM-L12-v2"), ("ascending", "nboost TinyBERT")):
        heading.press("Enter")
        assert page.get_attribute("#models th[data-key=ndcg]", "aria-sort") == way
        assert page.locator("#models tbody th").first.inner_text().startswith(best)
    page.get_by_role("button", name="Use ELECTRA-base as the cross-encoder").click()
    page.wait_for_function("document.querySelector('#model input').value.startsWith('ELECTRA-base')")
    assert page.get_by_role("tab", name="Rerank").get_attribute("aria-selected") == "true"
    page.get_by_role("tab", name="About").click()
    assert "Movement is not quality" in page.inner_text("#about")
    here, compared = page.eval_on_selector_all("#about a", "links => links.map(link => link.search)")
    assert compared == f"{here}&rankers=bm25%2Cbundled%2Fmedium"


def test_about_fits_a_phone(open_page: Any) -> None:
    page = open_page(width=390, height=844)
    page.get_by_role("tab", name="More tabs").or_(page.get_by_role("button", name="More tabs")).click()
    page.locator(".overflow-dropdown button", has_text="About").click()
    page.wait_for_selector("#about h2")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_saved_csv_and_json(open_page: Any) -> None:
    page = open_page()
    paste(page, "\n".join(["=1+2 the library", *LINES]))
    page.fill("#query textarea", "library")
    run(page)
    with page.expect_download() as download:
        page.click("#rerank-csv")
    table = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
    assert len(table) == 6
    assert any("'=1+2" in "".join(row.values()) for row in table)
    with page.expect_download() as download:
        page.click("#rerank-json")
    answer = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert len(answer["results"]) == 6


def test_a_saved_page_works_without_a_server(open_page: Any, browser: Any, tmp_path: Path) -> None:
    page = open_page()
    page.wait_for_selector("#scatter .main-svg")
    why = ask_why(page)
    with page.expect_download() as download:
        page.click("#rerank-html")
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    problems: list[str] = []
    context = browser.new_context(viewport={"width": 1366, "height": 900}, color_scheme="dark", offline=True)
    saved = context.new_page()
    saved.on("console", lambda m: problems.append(m.text) if m.type in ("error", "warning") else None)
    saved.on("pageerror", lambda error: problems.append(str(error)))
    saved.on("request", lambda request: problems.append(request.url) if request.url.startswith("http") else None)
    saved.goto(path.as_uri())
    saved.wait_for_function("() => document.querySelectorAll('.main-svg').length > 2")
    unfold(saved)
    assert len(table_ids(saved)) == len(table_ids(page))
    assert chosen(saved) == chosen(page)
    assert saved.inner_text("#rerank-results .why") == why
    saved.click(".ranking tbody tr:nth-child(4)")
    row = saved.locator(".ranking tbody tr:nth-child(4)")
    assert chosen(saved) == int(row.get_attribute("data-i"))
    assert saved.inner_text(".panel .body") == row.locator("[data-cell=text]").inner_text()
    saved.wait_for_function("() => document.querySelector('#scatter-card .figure')._fullData.at(-1).x.length === 1")
    saved.fill(".ranking input[type=search]", "census")
    assert 0 < saved.locator(".ranking tbody tr:not([hidden])").count() < len(table_ids(page))
    assert saved.evaluate("document.documentElement.scrollWidth") <= 1366
    with saved.expect_download() as data:
        saved.click("#save-data")
    assert json.loads(Path(data.value.path()).read_text(encoding="utf-8"))["versions"]["torch"]
    context.close()
    assert problems == []


def test_accessibility(open_page: Any) -> None:
    page = open_page()
    page.wait_for_selector("#scatter .main-svg")
    ask_why(page)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.evaluate("scheme => document.body.classList.toggle('dark', scheme === 'dark')", scheme)
        assert accessibility_problems(page, ".lens", contrast_alone=scheme == "dark") == []


@pytest.fixture(scope="module")
def slow() -> Iterator[tuple[str, FakeModel]]:
    """An app on a slow model, and that model."""
    model = SlowModel()
    source = FakeSource(model)
    with served(lambda settings: RankingService(settings, models=source, recordings=None)) as address:
        yield address, model


def test_stop_frees_the_machine_and_loses_nothing(open_page: Any, slow: tuple[str, FakeModel]) -> None:
    address, model = slow
    page = open_page(address=address)
    before = page.inner_text("#summary")
    paste(page, "\n".join(f"passage number {number}" for number in range(400)))
    page.fill("#query textarea", "a number")
    page.click("#rerank")
    page.wait_for_selector("#rerank-status-box [role=progressbar][aria-valuenow]")
    page.click("#rerank-stop")
    page.wait_for_function("() => /Stopped/.test(document.querySelector('#rerank-status-box').textContent)")
    page.wait_for_timeout(400)
    done = len(model.scored)
    page.wait_for_timeout(600)
    assert len(model.scored) == done < 400
    assert page.inner_text("#summary") == before
    assert page.input_value("#query textarea") == "a number"
    assert not page.is_visible("#rerank-stop")


def test_two_visitors_see_their_own(open_page: Any, slow: tuple[str, FakeModel]) -> None:
    address, _ = slow
    pages = [open_page(address=address), open_page(address=address)]
    for number, page in enumerate(pages):
        paste(page, f"secret of visitor {number}\nsome other text")
        page.fill("#query textarea", f"visitor {number}")
        page.click("#rerank")
    for number, page in enumerate(pages):
        page.wait_for_function(
            "query => document.querySelector('.headline .query q')?.textContent === query", arg=f"visitor {number}"
        )
        assert f"visitor {number}" in page.inner_text(".ranking tbody")
        assert f"visitor {1 - number}" not in page.inner_text(".ranking tbody")


def test_the_api_answers_in_json(url: str) -> None:
    from gradio_client import Client
    from gradio_client.exceptions import AppError

    client = Client(url, verbose=False)
    answer = client.predict("when does the library open", LINES, api_name="/rerank")
    assert [row["doc_id"] for row in answer["results"]] != []
    assert sorted(row["rank"] for row in answer["results"]) == [1, 2, 3, 4, 5]
    with pytest.raises(AppError, match="query is empty"):
        client.predict(" ", LINES, api_name="/rerank")
    named = client.view_api(return_format="dict")["named_endpoints"]
    assert [name for name in named if not name.endswith("_tool")] == ["/rerank", "/compare", "/evaluate"]


def test_another_reading_leaves_the_collections_queries(open_page: Any) -> None:
    page = open_page()
    paste(page, "one\ntwo")
    page.click("#reading input")
    page.get_by_role("option", name=re.compile("One per line", re.I)).click()
    page.wait_for_timeout(600)
    page.check("#source input[value=collection]")
    page.click("#examples input")
    assert page.get_by_role("listbox").get_by_role("option").count() == 12


def test_a_link_opens_what_was_shared(open_page: Any) -> None:
    page = open_page()
    paste(page, "\n".join(LINES))
    page.fill("#query textarea", "when does it open & close?")
    page.click("#options > button")
    page.fill("#depth input", "3")
    for allows, said in (("Promise.resolve()", "on the clipboard and"), ("Promise.reject()", "did not let it onto")):
        page.evaluate(f"() => {{ navigator.clipboard.writeText = () => {allows}; }}")
        page.click("#rerank-link")
        page.wait_for_selector(f".toast-wrap:has-text('{said}')")
    page.wait_for_url("**/?query=*")
    shared = open_page(asked=page.url[page.url.index("?") :])
    assert shared.inner_text(".headline .query q") == "when does it open & close?"
    assert shared.locator("#rerank-results .ranking tbody tr").count() == 3
    assert shared.input_value("#query textarea") == "when does it open & close?"
    assert shared.input_value("#paste textarea") == "\n".join(LINES)
    assert shared.is_checked("#source input[value=paste]")


def test_a_link_with_rankers_opens_compare(open_page: Any) -> None:
    page = open_page(asked="?query=bread+dough&collection=cooking&rankers=bm25,bm25[variant=okapi]")
    page.wait_for_selector("#compare-results .flow")
    assert page.get_by_role("tab", name="Compare").get_attribute("aria-selected") == "true"
    assert page.inner_text("#compare-headline-box .query q") == "bread dough"
    assert page.inner_text("#compare-judged-box").strip() == ""  # this query is nobody's
    page.get_by_role("tab", name="Rerank").click()
    assert page.inner_text("#rerank-headline-box .query q") == "bread dough"


def test_a_link_that_cannot_be_opened_says_so_above_the_example(open_page: Any) -> None:
    page = open_page(asked="?query=x&collection=nowhere")
    assert "There is no collection “nowhere”" in page.inner_text("#rerank-status-box")
    assert "Paris, Texas" in page.inner_text(".headline .query")
