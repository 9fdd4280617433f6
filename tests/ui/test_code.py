"""The Python program of a result: run as it was saved, it gives the ranks and scores that were on screen."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeSource, service_with
from kit import HOSTILE, compared_of, shown_of

from demo.errors import InputError
from demo.rankers.engine import Engine
from demo.records import Passage, Ranking
from demo.settings import Settings
from demo.ui.code import ADDRESS, MOST_CHARS, python_program
from demo.ui.compare.handlers import CompareTab
from demo.ui.inputs.handlers import InputsPane
from demo.ui.parts import SAVE
from demo.ui.rerank.handlers import RerankTab


@pytest.fixture
def pane() -> InputsPane:
    return InputsPane(Settings(), service_with(FakeSource()))


def values(program: str) -> dict[str, Any]:
    """What the program's constants are."""
    found: dict[str, Any] = {}
    head, _, _ = program.partition("answer = ")
    exec(head.replace("from gradio_client import Client", ""), found)
    return {name: found[name] for name in ("PAGE", "QUERY", "PASSAGES", "RANKERS")}


def test_it_holds_query_passages_and_rankers_whatever_their_characters(pane: InputsPane) -> None:
    tab = RerankTab(pane)
    shown = shown_of(tab, f'{HOSTILE}\nShe said "it\'s" {{query}} \\n 100 %\nb\u2028柏林')
    file = tab.code(shown)
    assert file["name"] == "rerank-lens.py"
    found = values(file["text"])
    assert (found["QUERY"], found["RANKERS"]) == (HOSTILE, ["bm25", "bundled/tiny"])
    wanted = [{"id": each.doc_id, "text": each.text} for each in shown.collection.passages]
    assert found["PASSAGES"] == wanted
    assert found["PAGE"] == ADDRESS


def test_titles_and_every_column_come_along(pane: InputsPane) -> None:
    tab = CompareTab(pane)
    compared = compared_of(tab, rankers=("bm25[k1=1.2]", "bundled/tiny", "rrf(bm25+bundled/tiny)"))
    titled = replace(compared.collection, passages=(Passage("d", "text", "Title"), *compared.collection.passages))
    program = python_program(replace(compared, request=replace(compared.request, collection=titled)))
    assert values(program)["PASSAGES"][0] == {"id": "d", "title": "Title", "text": "text"}
    assert values(tab.code(compared)["text"])["RANKERS"] == ["bm25[k1=1.2]", "bundled/tiny", "rrf(bm25+bundled/tiny)"]


def test_what_no_program_can_ask_for_is_said(pane: InputsPane) -> None:
    shown = shown_of(RerankTab(pane))
    given = replace(shown.request, collection=replace(shown.collection, engine_scores={"1": 1.0}))
    column = Ranking.from_scores(Engine().spec, shown.rankings[0].scores)
    with pytest.raises(InputError, match="cannot ask for an engine's scores again"):
        python_program(replace(shown, request=given, drawn=replace(shown.drawn, columns=(column,))))
    long = replace(shown.collection, passages=(Passage("d", "x" * (MOST_CHARS + 1)),))
    with pytest.raises(InputError, match="The passages have 500,001 characters, and a program holds at most 500,000"):
        python_program(replace(shown, request=replace(shown.request, collection=long)))
    for tab in (RerankTab(pane), CompareTab(pane)):
        with pytest.raises(InputError):
            tab.code(None)


def test_the_browser_knows_where_to_write_the_address() -> None:
    assert ADDRESS in SAVE


@pytest.mark.browser
def test_the_saved_program_runs_and_gives_what_was_on_screen(open_page: Any) -> None:
    page = open_page()
    page.wait_for_selector("#rerank-results .ranking tbody tr")
    with page.expect_download() as download:
        page.click("#rerank-python")
    program = Path(download.value.path()).read_text(encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines() if "\t" in line]
    with page.expect_download() as download:
        page.click("#rerank-csv")
    table = csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig")))
    shown = {row["doc_id"]: (row["previous_rank"], row["rank"]) for row in table}
    assert len(rows) == 20
    for column, ranked in enumerate((rows[:10], rows[10:])):
        best = sorted(int(ranks[column]) for ranks in shown.values() if ranks[column])[:10]
        assert [int(row[0]) for row in ranked] == best
        assert [row[0] for row in ranked] == [shown[row[2]][column] for row in ranked]
