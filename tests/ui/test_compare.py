"""The Compare tab's handlers as plain functions: forms in, views out, errors as sentences."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace

import numpy as np
import pytest
from fakes import BIG_MODEL, PASSAGES, TINY_MODEL, FakeModel, FakeSource, service_with
from kit import compare_views, compared_of

from demo.errors import InputError
from demo.judgments import Judgments
from demo.score_kinds import RRF
from demo.settings import Settings
from demo.ui.compare.handlers import (
    SECTIONS,
    CompareOptions,
    CompareTab,
    WhatIfForm,
    edited_collection,
    is_fused,
    reference_of,
)
from demo.ui.compare.results import CompareOptionInputs
from demo.ui.inputs.handlers import InputsPane
from demo.ui.rankers import bundled_models, ranker_choices
from demo.ui.result_tab import analysis_of


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def tab(source: FakeSource) -> CompareTab:
    return CompareTab(InputsPane(Settings(), service_with(source)))


def test_controls_are_read_in_the_order_of_their_components() -> None:
    values = [5, "rrf", 10, *[0.5] * 8, "bm25", "rbo", "z", "NDCG@10"]
    assert CompareOptionInputs.read(values) == CompareOptions(5, "rrf", 10, (0.5,) * 8, "bm25", "rbo", "z", "NDCG@10")


def test_each_ranker_shows_as_soon_as_it_ends(tab: CompareTab) -> None:
    drawn = [view for view in compare_views(tab) if "flow" in view.drawn]
    assert len(drawn) == 3
    assert [view.kept is not None for view in drawn] == [False, False, True]
    assert [("Tiny" in str(view.drawn.get("flow", ""))) for view in drawn] == [False, True, True]
    last = drawn[-1]
    assert last.status == ""
    rows = {key for row in SECTIONS for key in (row.key, *(chart.key for chart in row.charts))}
    assert last.drawn.keys() == rows - {"share"} | {"jump"}


def test_what_cannot_be_run_is_said(tab: CompareTab) -> None:
    (view,) = compare_views(tab, [])
    assert "No ranker is named" in (view.status or "")
    (view,) = compare_views(tab, ["bm25[k1=high]"])
    assert "Write a number" in (view.status or "")
    views = compare_views(tab, [f"bm25[k1={number}]" for number in range(1, 10)])
    assert "Choose 1 to 8" in (views[-1].status or "")


@pytest.mark.parametrize(
    ("first", "stemmer"),
    [
        ("bm25[stemmer=german]", "german"),
        ("tantivy[stemmer=german]", "german"),
        ("rrf(engine+tantivy[stemmer=german])", "german"),
        ("engine", "english"),
    ],
)
def test_words_are_marked_as_the_first_stage_cuts_them(tab: CompareTab, first: str, stemmer: str) -> None:
    assert analysis_of(tab.service.rankers.read(first)).stemmer == stemmer


def test_one_that_fails_stands_in_its_own_place(tab: CompareTab) -> None:
    last = compare_views(tab, ["bm25", "nobody/knows", "bundled/tiny"])[-1]
    assert last.kept is not None
    assert [ranking.ranker.key for ranking in last.kept.result.rankings] == ["bm25", "bundled/tiny"]
    assert "No model nobody/knows" in str(last.drawn.get("headline", ""))


def test_depth_and_fusion_draw_again_without_scoring(tab: CompareTab, source: FakeSource) -> None:
    shown = compared_of(tab)
    source.model.scored.clear()
    view = tab.redraw(shown, CompareOptions(depth=2, fusion="rrf", k=0), Judgments(), "en")
    assert source.model.scored == []
    assert view.kept is not None
    bm25, tiny, big, fused = view.kept.drawn.rankings
    # BM25: d3 d1 d2 d4; the model likes the shorter: of the top two d3 before d1, the rest keep their places
    assert tiny.ranks.tolist() == [1, 2, 3, 4]
    assert fused.ranker.kind is RRF
    shares = [np.where(each.found, 1 / each.ranks, 0) for each in (bm25, tiny, big)]  # BM25 did not find d4
    expected = np.sum(shares, axis=0).tolist()
    assert fused.scores.tolist() == pytest.approx(expected)
    assert view.kept.result is shown.result


def test_a_ranker_without_a_speed_is_named_below_the_table(tab: CompareTab) -> None:
    def speeds(*rankers: str) -> str:
        return str(compare_views(tab, list(rankers))[-1].drawn["speeds"])

    assert "Not drawn" not in speeds("bm25", "tiny")
    assert "(made of other rankers&#39; scores)." in speeds("bm25", "tiny", "rrf(bm25+tiny)")


def test_a_fusion_that_was_asked_for_is_no_member_of_another(tab: CompareTab) -> None:
    shown = compared_of(tab, ["bm25", "bundled/tiny", "rrf(bm25+bundled/tiny)"])
    drawn = tab.columns(shown, shown.result, CompareOptions(fusion="z"))
    assert [is_fused(ranking) for ranking in drawn.rankings] == [False, False, True, True]
    assert drawn.rankings[-1].ranker.key == "z(bm25+bundled/tiny)"


def test_weights_that_cannot_be_used_are_said(tab: CompareTab) -> None:
    shown = compared_of(tab)
    with pytest.raises(InputError, match="one is above 0"):
        tab.redraw(shown, CompareOptions(fusion="rrf", weights=(0.0,) * 8), Judgments(), "en")


def test_the_reference_is_the_largest_model_unless_another_is_chosen(tab: CompareTab, source: FakeSource) -> None:
    result = compared_of(tab, ["bm25", "bm25[k1=2]"]).result
    assert reference_of(result, "") == "bm25"
    result = compared_of(tab).result
    assert reference_of(result, "") in (TINY_MODEL.key, BIG_MODEL.key)
    assert reference_of(result, "bm25") == "bm25"
    assert reference_of(result, "gone") == reference_of(result, None)
    assert reference_of(replace(result, columns=()), "bm25") == ""


def test_an_edited_passage_alone_is_scored_again(tab: CompareTab, source: FakeSource) -> None:
    shown = compared_of(tab)
    source.model.scored.clear()
    index = next(i for i, passage in enumerate(shown.candidates) if passage.doc_id == "d2")
    edit = WhatIfForm(shown.query.text, index, "Berlin.")
    *_, view = tab.rank_edit(shown, edit, CompareOptions(), "en")
    assert set(source.model.scored) == {"Berlin."}
    assert "Berlin" in str(view.drawn.get("what-if", ""))
    assert view.kept is None


def test_an_edit_needs_something_edited(tab: CompareTab) -> None:
    shown = compared_of(tab)
    for edit in (WhatIfForm(shown.query.text, None, ""), WhatIfForm(shown.query.text, 0, " ")):
        (view,) = tab.rank_edit(shown, edit, CompareOptions(), "en")
        assert "Nothing is different yet" in str(view.drawn.get("what-if", ""))
    (view,) = tab.rank_edit(None, WhatIfForm("q", None, ""), CompareOptions(), "en")
    assert "Press Compare first" in str(view.drawn.get("what-if", ""))
    *_, view = tab.rank_edit(shown, WhatIfForm("", None, ""), CompareOptions(), "en")
    assert "query is empty" in str(view.drawn.get("what-if", ""))


def test_an_edit_changes_no_passage_but_its_own(tab: CompareTab) -> None:
    shown = compared_of(tab)
    collection = edited_collection(shown, WhatIfForm("q", 1, "New text."))
    changed = [new for old, new in zip(shown.collection.passages, collection.passages, strict=True) if old != new]
    assert [(passage.doc_id, passage.text) for passage in changed] == [(shown.candidates[1].doc_id, "New text.")]
    assert edited_collection(shown, WhatIfForm("q", 1, shown.candidates[1].text)) is shown.collection


def test_a_model_is_added_with_its_options(tab: CompareTab) -> None:
    chosen = tab.added(["bm25"], "bundled/tiny", "bf16", 128, True)
    assert chosen == ["bm25", "bundled/tiny[precision=bf16;max_tokens=128;windows]"]
    assert tab.added(chosen, "bundled/tiny", "bf16", 128, True) == chosen
    told = tab.added([], "bundled/tiny", "fp32", 0, False, " Find the law; be strict ")
    assert told == ['bundled/tiny[instruction="Find the law; be strict"]']
    with pytest.raises(InputError, match="Choose a model"):
        tab.added([], "", "fp32", 0, False)
    with pytest.raises(InputError, match="max_tokens is empty"):
        tab.added([], "bundled/tiny", "fp32", None, False)


def test_everything_on_offer_can_be_read_back(tab: CompareTab) -> None:
    rankers = tab.service.rankers
    assert [rankers.read(str(ranker)) for ranker in rankers.offered()] == list(rankers.offered())
    assert [text for _, text in ranker_choices(tab.service, True, "en")] == [str(each) for each in rankers.offered()]
    assert ("Engine", "engine") not in ranker_choices(tab.service, False, "en")


def test_what_is_written_is_named_as_its_column(tab: CompareTab) -> None:
    texts = ["bm25[k1=0.9]", "bundled/tiny", "bundled/tiny[max_tokens=64]", "no ranker at all["]
    menu = ranker_choices(tab.service, True, "en", texts)
    added = menu[len(ranker_choices(tab.service, True, "en")) :]
    columns = [tab.service.rankers.read(text).spec.label for text in (texts[0], texts[2])]
    assert added == [(columns[0], texts[0]), (columns[1], texts[2])]
    assert "64" in columns[1]


def test_the_bundled_model_is_chosen_at_first(tab: CompareTab) -> None:
    assert bundled_models(tab.service) == ["bundled/tiny"]


def test_what_is_taken_away_holds_judgments_and_fusion(tab: CompareTab) -> None:
    shown = compared_of(tab)
    view = tab.redraw(shown, CompareOptions(fusion="rrf"), Judgments(), "en")
    judgments = Judgments().judge(shown.query, shown.candidates[2], 2)
    file = tab.json(view.kept, judgments)
    assert file["name"] == "rerank-lens-compare.json"
    content = json.loads(file["text"])
    assert len(content["rankers"]) == 4
    assert tab.csv(view.kept, judgments)["text"].count("\r\n") == 1 + len(PASSAGES)
    saved = tab.runs(view.kept)
    assert saved["name"].endswith("-runs.zip")
    assert b64decode(saved["base64"]).startswith(b"PK")
    with pytest.raises(InputError, match="Press Compare first"):
        tab.csv(None, judgments)


def test_a_score_that_is_no_number_fails_its_ranker_alone() -> None:
    broken = FakeSource(FakeModel(judge=lambda query, text: float("nan")))
    last = compare_views(CompareTab(InputsPane(Settings(), service_with(broken))))[-1]
    assert last.kept is not None
    assert [failure.ranker.key for failure in last.kept.result.failures] == ["bundled/tiny", "hub/big"]
