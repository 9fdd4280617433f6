"""Files in a real browser: runs beside models, fields as columns and to slice by, archives that are saved."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from kit import unfold

pytestmark = pytest.mark.browser

PASSAGES = """{"_id": "p1", "text": "Tulips need a cold winter to bloom.", "colour": "red", "height": 9}
{"_id": "p2", "text": "Peas climb on nets and sticks.", "colour": "green", "height": 120}
{"_id": "p3", "text": "Tulips and peas grow in every garden.", "colour": "blue", "height": 40}
"""
QUERIES = "qid,query,language\nq1,tulips in winter,en\nq2,peas on nets,de\nq3,garden,en\n"
QRELS = "query-id\tcorpus-id\tscore\nq1\tp1\t1\nq2\tp2\t1\nq3\tp3\t1\n"
RUN = "q1 Q0 p2 1 9.5 mine\nq1 Q0 p1 2 3.5 mine\n"


def choose(page: Any, button: str, *paths: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.click(button)
    chooser.value.set_files([str(path) for path in paths])


def archive_of(page: Any, button: str) -> tuple[str, dict[str, str]]:
    """Name of the archive that the button saves, and its files."""
    with page.expect_download() as download:
        page.click(button)
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as packed:
        files = {name: packed.read(name).decode() for name in packed.namelist()}
    return download.value.suggested_filename, files


def says(page: Any, selector: str, text: str) -> None:
    page.wait_for_function(
        "([selector, text]) => document.querySelector(selector)?.textContent.includes(text)", arg=[selector, text]
    )


@pytest.fixture
def folder(tmp_path: Path) -> list[Path]:
    paths = []
    for name, text in (("corpus.jsonl", PASSAGES), ("queries.csv", QUERIES), ("qrels.tsv", QRELS)):
        paths.append(tmp_path / name)
        paths[-1].write_text(text, encoding="utf-8")
    return paths


def reranked(page: Any, paths: list[Path], query: str) -> None:
    page.check("#source input[value=upload]")
    choose(page, "#upload", *paths)
    says(page, "#upload-note", "3 passages")
    page.fill("#query textarea", query)


def test_fields_become_columns_on_wish_and_the_runs_are_an_archive(open_page: Any, folder: list[Path]) -> None:
    page = open_page()
    reranked(page, folder, "tulips in winter")
    page.click("#rerank")
    says(page, "#rerank-headline-box", "tulips in winter")
    page.wait_for_function("() => !document.querySelector('#rerank-actions .lens-status.progress')")
    unfold(page)
    table = "#rerank-results .ranking"
    page.click(f"{table} .wish summary")
    assert page.eval_on_selector_all(f"{table} .wish input", "all => all.map(box => box.value)") == ["colour", "height"]
    page.check(f"{table} .wish input[value=colour]")
    page.check(f"{table} .wish input[value=height]")
    page.click(f"{table} .wish summary")
    heads = page.eval_on_selector_all(f"{table} th", "all => all.map(head => head.textContent)")
    assert heads[-2:] == ["colour", "height"]
    page.click(f"{table} th.col-field:has-text('height')")
    cells = "rows => rows.map(row => [...row.querySelectorAll('td.field')].map(cell => cell.textContent))"
    assert page.eval_on_selector_all(f"{table} tbody tr", cells) == [["red", "9"], ["blue", "40"], ["green", "120"]]
    page.click(f"{table} .wish summary")
    page.uncheck(f"{table} .wish input[value=colour]")
    assert page.locator(f"{table} th.col-field").count() == 1
    name, files = archive_of(page, "#rerank-runs")
    assert (name, sorted(files)) == ("rerank-lens-runs.zip", ["bm25.run", "bundled_medium.run"])
    assert all(line.split()[:2] == ["q1", "Q0"] for text in files.values() for line in text.splitlines())
    _, collection = archive_of(page, "#rerank-beir")
    assert sorted(collection) == ["corpus.jsonl", "qrels/test.tsv", "queries.jsonl"]
    assert json.loads(collection["corpus.jsonl"].splitlines()[0])["metadata"] == {"colour": "red", "height": "9"}


def test_any_file_can_be_chosen_and_what_holds_no_passages_is_named(open_page: Any, tmp_path: Path) -> None:
    page = open_page()
    page.check("#source input[value=upload]")
    for name, content, sentence in (
        ("mine.run", RUN, "mine.run holds a run and no passages."),
        ("notes.rtf", r"{\rtf1\ansi Tulips}", "notes.rtf is a document in RTF, which is not read."),
    ):
        (tmp_path / name).write_text(content, encoding="utf-8")
        choose(page, "#upload", tmp_path / name)
        says(page, "#upload-note", sentence)


def test_a_choice_of_fields_holds_for_the_next_file_of_that_shape(open_page: Any, tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text(json.dumps({"rows": [{"ref": 1, "what": "tulip"}, {"ref": 2, "what": "pea"}]}), encoding="utf-8")
    second.write_text(json.dumps({"rows": [{"ref": n, "what": f"bulb {n}"} for n in range(3)]}), encoding="utf-8")
    page = open_page()
    page.check("#source input[value=upload]")
    choose(page, "#upload", first)
    says(page, "#upload-note", "an object with “rows” (2 items, each with “ref”, “what”)")
    page.click("#upload-fields-text input")
    page.click("#upload-fields-text [role=option]:has-text('what')")
    says(page, "#upload-note", "2 passages")
    choose(page, "#upload", second)
    says(page, "#upload-note", "3 passages")


def test_a_run_file_is_a_column_beside_models(open_page: Any, folder: list[Path], tmp_path: Path) -> None:
    run = tmp_path / "mine.run"
    run.write_text(RUN, encoding="utf-8")
    page = open_page()
    page.get_by_role("tab", name="Compare").click()
    page.wait_for_selector("#compare-results .flow")
    reranked(page, folder, "tulips in winter")
    choose(page, "#compare-run-files", run)
    says(page, "#compare-run-files-note", "mine.run: 2 results for 1 query")
    says(page, "#rankers", "mine.run")
    page.click("#compare")
    says(page, "#compare-table-box", "mine.run")
    page.wait_for_function("() => !document.querySelector('#compare-actions .lens-status.progress')")
    unfold(page)
    says(page, "#compare-exchanges-box", "not in the list of mine.run")
    _, files = archive_of(page, "#compare-runs")
    assert files["run_mine.run.run"] == "q1 Q0 p2 1 9.5 run_mine.run\nq1 Q0 p1 2 3.5 run_mine.run\n"


def test_an_evaluation_is_sliced_by_a_field_and_its_collection_saved(open_page: Any, folder: list[Path]) -> None:
    page = open_page()
    page.get_by_role("tab", name="Evaluate").click()
    page.check("#evaluate-source input[value=upload]")
    choose(page, "#evaluate-upload", *folder)
    says(page, "#evaluate-upload-note", "3 queries")
    page.click("#evaluate")
    page.wait_for_selector("#evaluate-table-box .evaluation-table")
    page.wait_for_function("() => !document.querySelector('#evaluate-status-box').innerText.trim()")
    unfold(page)
    page.click("#look-field input")
    page.click("#look-field [role=option]:has-text('language (queries)')")
    rows = "rows => rows.map(row => [...row.cells].slice(0, 2).map(cell => cell.textContent))"
    page.wait_for_selector("#evaluate-slices-box tbody tr")
    assert page.eval_on_selector_all("#evaluate-slices-box tbody tr", rows) == [["en", "2"], ["de", "1"]]
    page.click("#look-value input")
    page.click("#look-value [role=option]:has-text('de')")
    says(page, "#evaluate-headline-box", "Queries with language “de” alone count: 1 of 3.")
    _, files = archive_of(page, "#evaluate-beir")
    assert json.loads(files["queries.jsonl"].splitlines()[1])["metadata"] == {"language": "de"}
