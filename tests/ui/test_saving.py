"""A saved page: whole, without a server or a network, and with every text still a text."""

from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from fakes import FakeSource, service_with
from kit import HOSTILE, compared_of, finished, shown_of, tab_with

from demo.errors import InputError
from demo.judgments import Judgments
from demo.messages import Language
from demo.results.change import Pair
from demo.results.report import as_json, pair_as_json
from demo.settings import Settings
from demo.ui.compare.handlers import CompareOptions, CompareTab
from demo.ui.evaluate.session import EvaluateOptions
from demo.ui.explaining import answer
from demo.ui.inputs.handlers import InputsPane
from demo.ui.rerank.handlers import RerankTab
from demo.ui.session import Question


class Elements(HTMLParser):
    """What a browser would find: the elements with their attributes, scripts that run, and JSON."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.programs: list[str] = []
        self.data: list[str] = []
        self._script: list[str] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag == "script":
            self._script = self.data if ("type", "application/json") in attrs else self.programs
            self._script.append("")

    def handle_endtag(self, tag: str) -> None:
        self._script = None

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self._script[-1] += data

    def of_class(self, name: str) -> list[str]:
        return [tag for tag, attrs in self.found if name in (attrs.get("class") or "").split()]


@pytest.fixture
def pane() -> InputsPane:
    return InputsPane(Settings(), service_with(FakeSource()))


def test_why_is_saved_as_it_was_asked_and_only_about_these_rankings(pane: InputsPane) -> None:
    tab = RerankTab(pane)
    shown, later = shown_of(tab), shown_of(tab, "Quite other passages.\nTwo of them.")
    question = Question(shown, 1)
    card = answer(tab.service, question, shown, "en")
    assert 'class="lens card why"' in card
    assert card in tab.html(shown, Judgments(), "raw", question, "en")["text"]
    assert 'class="lens card why"' not in tab.html(later, Judgments(), "raw", question, "en")["text"]


Save = Callable[[InputsPane, Language], tuple[dict[str, str], object]]


def saved_comparison(pane: InputsPane, language: Language) -> tuple[dict[str, str], object]:
    tab = RerankTab(pane)
    shown = shown_of(tab)
    return tab.html(shown, Judgments(), "z", Question(shown, 1), language), pair_as_json(Pair.of(shown.drawn))


def saved_result(pane: InputsPane, language: Language) -> tuple[dict[str, str], object]:
    tab = CompareTab(pane)
    compared = compared_of(tab)
    return tab.html(compared, Judgments(), CompareOptions(), Question(compared, 0), language), as_json(compared.result)


def saved_evaluation(pane: InputsPane, language: Language) -> tuple[dict[str, str], object]:
    tab = tab_with()
    _, evaluated, options = finished(tab)
    return tab.html(evaluated, options, language), json.loads(tab.file("json", evaluated, options)["text"])


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("save", [saved_comparison, saved_result, saved_evaluation])
def test_a_saved_page_is_whole(pane: InputsPane, save: Save, language: Language) -> None:
    saved, data = save(pane, language)
    assert saved["name"].endswith(".html")
    elements = Elements(saved["text"])
    elsewhere = [
        tag for tag, attrs in elements.found if "src" in attrs or not (attrs.get("href") or "#").startswith("#")
    ]
    assert elsewhere == []
    *figures, held = map(json.loads, elements.data)
    assert held == data
    assert len(figures) == len(elements.of_class("figure")) >= 2
    assert all(figure["data"] and figure["layout"]["height"] > 0 for figure in figures)
    assert "torch" in saved["text"]


def test_texts_stay_texts(pane: InputsPane) -> None:
    saved, _ = saved_comparison(pane, "en")
    elements = Elements(saved["text"])
    assert len(elements.programs) == 3
    assert not any("alert(1)" in program for program in elements.programs)
    assert [attrs for tag, attrs in elements.found if tag == "img" or "onerror" in attrs] == []
    assert json.loads(elements.data[-1])["query"] == HOSTILE


@pytest.mark.parametrize("save", [saved_comparison, saved_result, saved_evaluation])
def test_nothing_in_it_needs_the_server(pane: InputsPane, save: Save) -> None:
    saved, _ = save(pane, "en")
    elements = Elements(saved["text"])
    assert elements.of_class("judge") == elements.of_class("explain") == []
    assert [attrs for _, attrs in elements.found if "data-query" in attrs] == []


def test_what_is_empty_is_left_out(pane: InputsPane) -> None:
    saved, _ = saved_comparison(pane, "en")
    places = [attrs["id"] for tag, attrs in Elements(saved["text"]).found if tag == "div" and attrs.get("id")]
    in_order = [place for place in places if place in ("rerank-headline-box", "rerank-slope-box", "rerank-table-box")]
    assert in_order == ["rerank-headline-box", "rerank-slope-box", "rerank-table-box"]
    assert "By the judgments" not in saved["text"]


def test_judgments_and_scale_are_those_of_the_page(pane: InputsPane) -> None:
    tab = RerankTab(pane)
    shown = shown_of(tab)
    judgments = Judgments().judge(shown.query, shown.candidates[1], 3)
    text = tab.html(shown, judgments, "z", None, "en")["text"]
    assert "(s − mean) / deviation" in text
    data = json.loads(Elements(text).data[-1])
    assert {row["doc_id"]: row["grade"] for row in data["results"]}[shown.candidates[1].doc_id] == 3


def test_before_there_is_a_result_the_sentence_says_what_to_press(pane: InputsPane) -> None:
    with pytest.raises(InputError, match="Press Rerank first"):
        RerankTab(pane).html(None, Judgments(), "raw", None, "en")
    with pytest.raises(InputError, match="Press Compare first"):
        CompareTab(pane).html(None, Judgments(), CompareOptions(), None, "en")
    with pytest.raises(InputError, match="Press Evaluate first"):
        tab_with().html(None, EvaluateOptions(), "en")
