"""Links to the Evaluate tab: what is written is read back, what cannot be opened is told, nothing is downloaded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest
from fakes import FakeSource
from kit import tab_with

from demo.errors import InputError
from demo.ui.compare.handlers import CompareTab
from demo.ui.evaluate import links
from demo.ui.evaluate.handlers import EvaluateTab
from demo.ui.evaluate.session import RUN
from demo.ui.inputs.handlers import UPLOAD
from demo.ui.links import read as read_link


@pytest.fixture
def tab() -> EvaluateTab:
    return tab_with()


def test_a_link_names_collection_and_rankers_and_nothing_usual(tab: EvaluateTab) -> None:
    start = tab.default_form()
    assert links.written(start, start, tab.service) == {"evaluate": "cities", "rankers": "bm25,bundled/tiny"}
    text = tab.link(replace(start, rankers=("bm25[k1=1.2;b=0.4]",)))["text"]
    assert parse_qs(text) == {"evaluate": ["cities"], "rankers": ["bm25[k1=1.2;b=0.4]"]}


def test_what_is_written_is_read_back(tab: EvaluateTab) -> None:
    start = tab.default_form()
    form = replace(
        start,
        candidates="judged",
        depth=20,
        rankers=("bm25[k1=1.2]", "rrf(bm25+bundled/tiny)[k=10]"),
        preset="trec-dl-2019",
        measures=("ndcg@5", "mrr"),
        relevant_from=2,
        queries=3,
    )
    for each in (start, form):
        assert links.read(links.written(each, start, tab.service), start, tab.service) == each


def test_uploads_do_not_fit(tab: EvaluateTab) -> None:
    for form in (replace(tab.default_form(), source=UPLOAD), replace(tab.default_form(), candidates=RUN)):
        with pytest.raises(InputError, match="Uploaded files do not fit into a link"):
            tab.link(form)
    with pytest.raises(InputError, match="No ranker is named"):
        tab.link(replace(tab.default_form(), rankers=()))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"evaluate": "nowhere"}, "There is no collection “nowhere”"),
        ({"evaluate": "cities", "rankers": "bm25[k9=1]"}, "bm25 has no option “k9”"),
        ({"evaluate": "cities", "candidates": "bundled/tiny"}, "The link asks for the candidates “bundled/tiny”"),
        ({"evaluate": "cities", "measures": "bleu"}, "There is no measure “bleu”."),
        ({"evaluate": "cities", "preset": "dl20"}, "There is no preset “dl20”."),
        ({"evaluate": "cities", "depth": "deep"}, "The link says depth is “deep”."),
    ],
)
def test_what_cannot_be_opened_is_told(tab: EvaluateTab, values: dict[str, str], sentence: str) -> None:
    form, reason = tab.linked(values, "en")
    assert form is None
    assert f"The link cannot be opened. {sentence}" in reason
    assert 'role="alert"' in reason


def test_an_evaluation_opens_neither_rerank_nor_compare_and_these_open_none(tab: EvaluateTab) -> None:
    asked = {"evaluate": "cities", "rankers": "bm25,bundled/tiny", "depth": "3"}
    assert read_link(asked, tab.pane) is None
    assert list(CompareTab(tab.pane).opening(asked, "en")) == []
    form, reason = tab.linked(asked, "en")
    assert (form, reason) == (replace(tab.default_form(), depth=3), "")
    assert tab.linked({"query": "x", "rankers": "bm25"}, "en") == (None, "")


def test_following_a_link_downloads_nothing() -> None:
    source = FakeSource()
    form, reason = tab_with(source).linked({"evaluate": "cities", "rankers": "bm25,hub/big"}, "en")
    assert form is not None
    assert "asks for hub/big, which would be downloaded. Press Evaluate" in reason
    asked = {"evaluate": "cities", "candidates": "dense(hub/dense)", "rankers": "bm25"}
    _, reason = tab_with(source).linked(asked, "en")
    assert "asks for hub/dense, which would be downloaded. Press Evaluate" in reason
    assert source.loads == []


@pytest.mark.browser
def test_a_link_that_cannot_be_opened_says_so_in_its_tab(open_page: Any) -> None:
    page = open_page(asked="?evaluate=nowhere")
    page.wait_for_selector("#evaluate-status-box .alert")
    assert "There is no collection “nowhere”" in page.inner_text("#evaluate-status-box")
    assert page.is_visible("#evaluate-headline-box .invitation")


@pytest.mark.browser
def test_a_link_fills_the_tab_and_evaluates(open_page: Any) -> None:
    page = open_page(asked="?evaluate=cooking&rankers=bm25,bm25[variant=okapi]&depth=5&measures=mrr&queries=4")
    page.wait_for_selector(".evaluation-answer")
    page.wait_for_selector("#evaluation-calibration .main-svg")
    assert page.get_by_role("tab", name="Evaluate").get_attribute("aria-selected") == "true"
    assert "MRR" in page.inner_text(".evaluation-answer .sentence")
    assert page.locator(".evaluation-queries [data-query]").count() == 4
    page.click("#evaluate-options > button")
    assert page.input_value("#evaluate-depth input") == "5"
    page.click("#evaluate-link")
    page.wait_for_url("**/?evaluate=cooking&rankers=*&depth=5&queries=4&measures=mrr")
    page.get_by_role("tab", name="Rerank").click()
    assert "Paris, Texas" in page.inner_text("#rerank-headline-box .query q")
