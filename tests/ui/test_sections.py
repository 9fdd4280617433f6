"""Laws over the sections of every tab, and what the rows feed."""

from __future__ import annotations

from typing import Any

import pytest
from fakes import FakeSource, service_with
from kit import compared_of, finished, shown_of, tab_with

from demo.judgments import Judgments
from demo.settings import Settings
from demo.ui.compare.handlers import SECTIONS as COMPARE
from demo.ui.compare.handlers import CompareOptions, CompareTab
from demo.ui.evaluate.handlers import SECTIONS as EVALUATE
from demo.ui.inputs.handlers import InputsPane
from demo.ui.rerank.handlers import SCALE, RerankTab
from demo.ui.rerank.handlers import SECTIONS as RERANK
from demo.ui.sections import JUMP, Section, View

TABS = {"rerank": RERANK, "compare": COMPARE, "evaluate": EVALUATE}


@pytest.fixture
def pane() -> InputsPane:
    return InputsPane(Settings(), service_with(FakeSource()))


@pytest.mark.parametrize("rows", TABS.values(), ids=list(TABS))
def test_keys_are_unique_and_what_folds_has_a_heading(rows: tuple[Section[Any], ...]) -> None:
    keys = [JUMP, *(key for row in rows for key in (row.key, *(chart.key for chart in row.charts)))]
    assert len(set(keys)) == len(keys)
    assert all(row.heading is not None for row in rows if row.folded)
    assert rows[0].key == "headline"


def test_a_result_draws_every_row_and_an_occasion_only_its_own(pane: InputsPane) -> None:
    tab = RerankTab(pane)
    shown = shown_of(tab)
    whole = tab.draw(shown, Judgments(), "en")
    assert whole.keys() >= {row.key for row in RERANK if row.draw is not None} | {JUMP}
    assert tab.draw(shown, Judgments(), "en", "z", SCALE).keys() == {"scores", "distribution", "scatter"}


def test_the_jump_list_names_what_has_something_to_show(pane: InputsPane) -> None:
    jump = str(CompareTab(pane).draw(compared_of(CompareTab(pane)), CompareOptions(), Judgments(), "en")[JUMP])
    assert jump.index("#compare-table-section") < jump.index("#compare-flow-section")
    assert 'href="#compare-what-if-section"' in jump
    assert "panel" not in jump
    view, _, _ = finished(tab_with())
    assert 'href="#evaluate-queries-section"' in str(view.drawn[JUMP])


def test_the_saved_page_has_the_sections_in_their_order(pane: InputsPane) -> None:
    tab = RerankTab(pane)
    text = tab.html(shown_of(tab), Judgments(), "raw", None, "en")["text"]
    places = [text.index(f'id="rerank-{key}-section"') for key in ("headline", "tops", "slope", "scores", "table")]
    assert places == sorted(places)
    assert "rerank-share-section" not in text


def test_a_view_that_changes_nothing_names_one_component_all_the_same() -> None:
    import gradio as gr

    from demo.ui.sections import Built

    built = Built(gr.State(None), gr.HTML(), {"headline": gr.HTML()}, {})
    assert built.updates(View[Any]()) == {built.status: gr.skip()}
    assert built.updates(View[Any](status="told", drawn={"headline": "new"})) == {
        built.status: "told",
        built.boxes["headline"]: "new",
    }


def test_a_run_says_at_its_end_what_it_answered() -> None:
    import gradio as gr

    from demo.ui.sections import Built

    built = Built(gr.State(None), gr.HTML(), {}, {})
    views = [View[Any](status="Reads"), View[Any](kept="found"), View[Any](status="")]
    assert list(built.streamed(map(built.updates, views), ["query", 3]))[-1] == {built.answered: ("query", 3)}
    assert list(built.streamed(map(built.updates, views[:1]), ["query", 3]))[-1] == {built.answered: None}
