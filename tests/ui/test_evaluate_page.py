"""What a visitor does on the Evaluate tab, in a real browser: run, look again, stop, open a query, save, err."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeSource, SlowModel
from kit import accessibility_problems, unfold
from served_app import served

from demo.service import RankingService

pytestmark = pytest.mark.browser

SHOWN = "#evaluate-status-box .lens-status, .evaluation-answer"
BEGUN = f"() => [...document.querySelectorAll('{SHOWN}')].some(part => !part.dataset.before)"
DONE = "() => !document.querySelector('#evaluate-status-box .lens-status.progress')"
PASSAGES = ["Berlin has 3.5 million people.", "Museums of Berlin.", "Köln liegt am Rhein.", "Nothing of the kind."]


def tab(open_page: Any, **options: Any) -> Any:
    """The Evaluate tab with its worked example."""
    page = open_page(**options)
    page.click("#tab-evaluate-button")
    page.wait_for_selector(".evaluation-answer")
    page.wait_for_function(DONE)
    return page


def evaluate(page: Any) -> None:
    """Presses Evaluate and waits for the answer, plots included."""
    page.eval_on_selector_all(SHOWN, "parts => parts.forEach(part => part.dataset.before = 'yes')")
    page.click("#evaluate")
    page.wait_for_function(BEGUN)
    page.wait_for_function(DONE)
    page.wait_for_selector("#evaluation-calibration .main-svg", state="attached")
    unfold(page)


def choose(page: Any, button: str, *paths: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.click(button)
    chooser.value.set_files([str(path) for path in paths])


def save(page: Any, button: str) -> tuple[str, str]:
    """Name and content of the file that the button saves."""
    with page.expect_download() as download:
        page.click(button)
    file = download.value
    return file.suggested_filename, Path(file.path()).read_text(encoding="utf-8")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "towns.zip"
    with zipfile.ZipFile(path, "w") as beir:
        corpus = [json.dumps({"_id": f"d{n}", "text": text}) for n, text in enumerate(PASSAGES, 1)]
        queries = [json.dumps({"_id": "q1", "text": "people in Berlin"}), json.dumps({"_id": "q2", "text": "Köln"})]
        beir.writestr("corpus.jsonl", "\n".join(corpus))
        beir.writestr("queries.jsonl", "\n".join(queries))
        beir.writestr("qrels.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td3\t1\n")
    return path


def test_an_evaluation_answers_and_is_looked_at_again(open_page: Any) -> None:
    page = tab(open_page)
    unfold(page)
    assert "Medium against BM25: NDCG@10" in page.inner_text(".evaluation-answer .sentence")
    assert page.locator(".evaluation-table tbody tr").count() == 2
    assert page.locator(".evaluation-queries [data-query]").count() == 12
    page.click("#look-measure input")
    page.get_by_role("option", name="MAP", exact=True).click()
    page.wait_for_function("() => /: MAP /.test(document.querySelector('.evaluation-answer .sentence').textContent)")
    page.click("#look-baseline input")
    page.get_by_role("option", name="Medium", exact=True).click()
    page.wait_for_function("() => /BM25 against Medium/.test(document.querySelector('.evaluation-answer').textContent)")
    page.fill("#threshold input[type=number]", "9")
    page.press("#threshold input[type=number]", "Tab")
    page.wait_for_function(
        "() => /what scores .9.00 or more/.test(document.querySelector('#evaluate-meaning-box').innerText)"
    )
    page.wait_for_url("**/?evaluate=cities&rankers=*")  # kept in the history, and opened again by a reload
    page.click("#tab-history-button")
    assert "Cities and people" in page.inner_text(".past-runs li >> nth=0")


def test_a_query_opens_in_rerank_with_its_collection_and_judgments(open_page: Any, archive: Path) -> None:
    page = tab(open_page)
    page.check("#evaluate-source input[value=upload]")
    choose(page, "#evaluate-upload", archive)
    page.wait_for_function("() => /4 passages/.test(document.querySelector('#evaluate-upload-note').textContent)")
    evaluate(page)
    page.locator(".evaluation-queries [data-query]", has_text="Köln").click()
    page.wait_for_function("() => document.querySelector('#rerank-results .headline .query q')?.textContent === 'Köln'")
    page.wait_for_selector("#rerank-results .ranking tbody tr")
    assert page.locator("#rerank-results .ranking tbody tr").count() == 4
    assert "NDCG@10" in page.inner_text("#rerank-judged-box")
    assert page.is_checked("#source input[value=upload]")
    assert "towns.zip" in page.inner_text("#upload-note")


def test_the_queries_are_walked_through_and_back_stands_at_its_row(open_page: Any) -> None:
    page = tab(open_page)
    rows = page.locator(".evaluation-queries [data-query]")
    texts = rows.all_text_contents()
    shown = "text => document.querySelector('#rerank-results .headline .query q')?.textContent === text"
    focused = "place => document.activeElement === document.querySelectorAll('.evaluation-queries [data-query]')[place]"
    assert not page.is_visible(".walk")
    rows.nth(1).click()
    page.wait_for_function(shown, arg=texts[1])
    page.wait_for_function("() => document.querySelector('[data-walked]').textContent === '2 / 12'")
    assert page.locator("#rerank-results .headline").bounding_box()["width"] > 600  # the bar takes no place beside it
    page.wait_for_function("() => location.search.includes('query=')")
    page.evaluate("window.stayed = true")
    page.go_back()  # the evaluation is still there
    page.wait_for_function("place => window.stayed && (" + focused + ")(place)", arg=1)
    page.click("#tab-rerank-button")
    page.click(".walk [data-walk='1']")
    page.wait_for_function(shown, arg=texts[2])
    page.wait_for_selector("#rerank-run-box .lens-status.progress", state="detached")
    page.click(".walk [data-walk='0']")
    page.wait_for_function(focused, arg=2)
    page.click("#tab-rerank-button")
    page.fill("#query textarea", "something else")
    page.click("#rerank")
    page.wait_for_function(shown, arg="something else")
    page.wait_for_selector(".walk", state="hidden")


def test_a_bar_opens_its_query_too(open_page: Any) -> None:
    page = tab(open_page)
    evaluate(page)
    wanted = page.locator(".evaluation-queries [data-query]").first.inner_text()
    place = page.locator(".evaluation-queries [data-query]").first.get_attribute("data-query")
    page.evaluate(
        "place => document.querySelector('#evaluation-differences .js-plotly-plot')"
        ".emit('plotly_click', {points: [{customdata: 'query ' + place}]})",
        place,
    )
    page.wait_for_function(
        "wanted => document.querySelector('#rerank-results .headline .query q')?.textContent === wanted", arg=wanted
    )


@pytest.fixture
def unjudged(tmp_path: Path) -> tuple[Path, Path]:
    """A file of passages and one of queries."""
    corpus, queries = tmp_path / "corpus.tsv", tmp_path / "queries.txt"
    corpus.write_text("".join(f"d{n}\t{text}\n" for n, text in enumerate(PASSAGES, 1)), encoding="utf-8")
    queries.write_text("people in Berlin\nKöln\n", encoding="utf-8")
    return corpus, queries


def unjudged_evaluation(page: Any, files: tuple[Path, Path]) -> None:
    """Uploads the files, presses Evaluate and waits for what changes."""
    page.check("#evaluate-source input[value=upload]")
    choose(page, "#evaluate-upload", *files)
    page.wait_for_function("() => /no judgments/.test(document.querySelector('#evaluate-upload-note').textContent)")
    page.click("#evaluate")
    page.wait_for_function("() => /Nothing is judged/.test(document.querySelector('.evaluation-answer').textContent)")
    page.wait_for_function(DONE)
    page.wait_for_selector("#evaluation-changes .main-svg")
    unfold(page)


def test_queries_without_judgments_show_what_changes_and_open(open_page: Any, unjudged: tuple[Path, Path]) -> None:
    page = tab(open_page)
    unjudged_evaluation(page, unjudged)
    assert "Nothing is judged" in page.inner_text(".evaluation-answer .sentence")
    hidden = (
        "#evaluation-differences",
        "#evaluation-calibration",
        "#evaluate-meaning-box",
        "#look-measure",
        "#look-order",
    )
    assert [part for part in (*hidden, "#evaluate-calibration") if page.is_visible(part)] == []
    page.evaluate(
        "document.querySelector('#evaluation-changes .js-plotly-plot')"
        ".emit('plotly_click', {points: [{customdata: 'query 1'}]})"
    )
    page.wait_for_function("() => document.querySelector('#rerank-results .headline .query q')?.textContent === 'Köln'")
    page.click("#rerank-results #rerank-panel-box [data-grade='3']")
    page.wait_for_selector("#rerank-judged-box table", state="attached")
    page.click("#tab-evaluate-button")
    page.check("#look-own input")
    page.wait_for_function("() => /NDCG@10/.test(document.querySelector('.evaluation-answer').textContent)")
    assert page.locator(".evaluation-queries [data-query]").count() == 1
    page.uncheck("#look-own input")
    page.wait_for_function("() => document.querySelectorAll('.evaluation-queries [data-query]').length === 2")
    page.check("#evaluate-source input[value=collection]")
    evaluate(page)  # what was hidden is there again
    assert page.is_visible("#look-measure")
    page.check("#look-order input[value=agreement]")
    page.wait_for_function("() => /least agreement/.test(document.querySelector('.evaluation-queries p').textContent)")


def test_files_are_saved(open_page: Any) -> None:
    page = tab(open_page)
    evaluate(page)
    name, text = save(page, "#evaluate-csv")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert name == "rerank-lens-per-query.csv"
    assert len(rows) == 1 + 12
    name, text = save(page, "#evaluate-run")
    assert name == "rerank-lens-evaluation.run"
    assert text.splitlines()[0].split()[1:6:4] == ["Q0", "bundled_medium"]
    name, text = save(page, "#evaluate-calibration")
    assert json.loads(text)["ranker"] == "bundled/medium"


def test_a_bad_upload_is_said_in_place_and_nothing_is_lost(open_page: Any, archive: Path, tmp_path: Path) -> None:
    page = tab(open_page)
    note = page.locator("#evaluate-results .stale-note")
    page.check("#evaluate-source input[value=upload]")
    note.wait_for(state="visible")
    page.click("#evaluate")
    page.wait_for_selector("#evaluate-status-box .alert")
    assert "Upload passages and queries, better with judgments" in page.inner_text("#evaluate-status-box")
    bad = tmp_path / "notes.txt"
    bad.write_text("just words\n", encoding="utf-8")
    choose(page, "#evaluate-upload", bad)
    page.wait_for_selector("#evaluate-upload-note .bad")
    assert "A corpus and queries are needed, and qrels to measure quality" in page.inner_text("#evaluate-upload-note")
    page.click("#evaluate")
    page.wait_for_selector("#evaluate-status-box .alert:has-text('A corpus and queries are needed')")
    page.wait_for_selector("#evaluate-upload-note .bad", state="detached")
    choose(page, "#evaluate-upload", archive)
    page.wait_for_function("() => /2 queries/.test(document.querySelector('#evaluate-upload-note').textContent)")
    evaluate(page)
    assert "towns.zip" in page.inner_text(".evaluation-answer .query")
    note.wait_for(state="hidden")


@pytest.fixture(scope="module")
def slow() -> Iterator[tuple[str, SlowModel]]:
    """An app on a slow model, and that model."""
    model = SlowModel()
    source = FakeSource(model)
    with served(lambda settings: RankingService(settings, models=source, recordings=None)) as address:
        yield address, model


def test_stop_keeps_what_is_done(open_page: Any, slow: tuple[str, SlowModel]) -> None:
    address, model = slow
    page = open_page(address=address)
    page.click("#tab-evaluate-button")
    page.wait_for_function("() => /Query [4-9] of 12/.test(document.querySelector('#evaluate-status-box').textContent)")
    assert "left" in page.inner_text("#evaluate-status-box")
    assert "so far, over" in page.inner_text("#evaluate-headline-box")
    page.click("#evaluate-stop")
    page.wait_for_selector(".evaluation-answer .partial")
    page.wait_for_timeout(500)
    done = len(model.scored)
    page.wait_for_timeout(700)
    assert len(model.scored) == done
    assert "of 12 queries: the work was stopped before the end" in page.inner_text(".evaluation-answer")
    assert 2 <= page.locator(".evaluation-queries [data-query]").count() < 12
    page.click("#evaluate-options button")
    page.fill("#evaluate-depth input", "8")
    page.click("#evaluate")
    page.wait_for_function("() => document.querySelectorAll('.evaluation-queries [data-query]').length === 12")
    assert page.locator(".evaluation-answer .partial").count() == 0


def test_a_link_evaluates_on_a_phone_without_sideways_scrolling(open_page: Any) -> None:
    asked = "?evaluate=cities&rankers=bm25,bundled/tiny"  # no hand opens the inputs, which stand in one line
    page = open_page(width=390, height=844, color_scheme="dark", locale="zh-CN", asked=asked)
    page.wait_for_selector(".evaluation-answer")
    page.wait_for_function(DONE)
    page.wait_for_selector("#evaluation-differences .main-svg")
    page.wait_for_timeout(500)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    assert "它让排序变好" in page.inner_text(".evaluation-answer .sentence")


def test_accessibility(open_page: Any, unjudged: tuple[Path, Path]) -> None:
    page = tab(open_page)
    for scheme, work in (("light", unfold), ("dark", lambda page: unjudged_evaluation(page, unjudged))):
        page.evaluate("scheme => document.body.classList.toggle('dark', scheme === 'dark')", scheme)
        work(page)
        page.wait_for_function(DONE)
        assert accessibility_problems(page, "#evaluate-page .lens") == []
