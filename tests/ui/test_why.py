"""Why a score is what it is, as the page says it: which words, how strong, in both languages, and what goes wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from fakes import PASSAGES, FakeSource, request, service_with

from demo.errors import ModelError
from demo.messages import Language
from demo.records import Effect, Occlusion, Passage, RankerSpec, TermWeight, TermWeights
from demo.score_kinds import BM25 as BM25_SCORE
from demo.score_kinds import LOGIT, RRF
from demo.text import Analysis
from demo.ui import wording as w
from demo.ui.explaining import explained
from demo.ui.session import ShownResult
from demo.ui.views.why import Piece, pieces, shaded, why

BM25 = RankerSpec("bm25", "BM25", BM25_SCORE)
TINY = RankerSpec("bundled/tiny", "Tiny", LOGIT)
FUSED = RankerSpec("rrf(bm25+bundled/tiny)", "RRF", RRF)
PASSAGE = Passage("d1", "a <b>red</b> car")


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def test_pieces_cover_the_text_and_compare_with_the_strongest() -> None:
    effects = (Effect(0, 1, -0.5), Effect(2, 5, 2.0))
    assert pieces("a red car", effects, 4.0) == (
        Piece("a", "−0.50", "down", 0.125),
        Piece(" "),
        Piece("red", "+2.00", "up", 0.5),
        Piece(" car"),
    )
    assert pieces("", (), 1.0) == ()


def test_the_strongest_words_of_both_texts_are_listed() -> None:
    found = Occlusion(TINY, 5.5, "red car", "a red car", (Effect(0, 3, 4.0),), (Effect(0, 1, -1.0), Effect(2, 5, 2.0)))
    part = shaded(found, "en")
    assert [(row.label, row.note, row.value, row.share, row.direction) for row in part.rows] == [
        ("red", "Query", "+4.00", 1.0, "up"),
        ("red", "Passage", "+2.00", 0.5, "up"),
        ("a", "Passage", "−1.00", 0.25, "down"),
    ]
    assert (part.score, part.joined) == ("+5.50", "")


def test_words_left_out_together_are_told() -> None:
    found = Occlusion(TINY, 1.0, "red", "one two three four", (), (Effect(0, 13, 1.0), Effect(14, 18, 0.0)))
    assert "up to 3 neighbouring words" in shaded(found, "en").joined


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_to_say_is_said(language: Language) -> None:
    page = why(PASSAGE, [TermWeights(BM25, 0.0, ()), Occlusion(TINY, 0.0, "x", "…", (), ())], [FUSED], language)
    assert w.WHY_NO_TERMS.to(language) in page
    assert w.WHY_NOT.format(labels="RRF").to(language) in page


def test_terms_show_the_query_s_words_and_what_is_counted() -> None:
    weights = (TermWeight("resid", "residents", 1.5), TermWeight("texas", "Texas", 0.0))
    page = text_of(why(PASSAGE, [TermWeights(BM25, 1.5, weights)], [], "en"))
    assert "BM25 1.50 Term Adds residents resid 1.50 Texas 0.00 The score is the sum" in page


def test_markup_stays_text() -> None:
    found = Occlusion(TINY, 1.0, "<i>", PASSAGE.text, (), (Effect(2, 12, 1.0),))
    page = why(PASSAGE, [found], [], "en")
    assert "<b>" not in page
    assert "&lt;b&gt;red&lt;/b&gt;" in page


# ---- the press and its answer --------------------------------------------------------------------------------------


def shown_with(source: FakeSource) -> tuple[Any, ShownResult]:
    service = service_with(source)
    asked, rankers = request(), service.rankers.read_all("bm25,bundled/tiny")
    result = service.run(asked, rankers).run()
    return service, ShownResult(result, result, asked, rankers, Analysis())


def test_both_rankers_of_a_comparison_are_asked() -> None:
    service, shown = shown_with(FakeSource())
    index = shown.candidates.index(PASSAGES[3])
    *progress, card = explained(service, shown, index, "en")
    assert any("lens-status card progress" in each for each in progress)
    assert "lens-status" not in card
    said = text_of(card)
    assert "BM25 0.00" in said
    # the model takes 1 off for every character, so a word costs its length and the space that goes with it
    assert "Tiny −15.00" in said
    assert "Cork Passage −5.00" in said
    assert "bark Passage −4.00" in said


def test_a_result_says_which_rankers_are_not_taken_apart() -> None:
    service = service_with(FakeSource())
    asked, rankers = request(), service.rankers.read_all("bm25, bundled/tiny, rrf(bm25+bundled/tiny)")
    result = service.run(asked, rankers).run()
    *_, card = explained(service, ShownResult(result, result, asked, rankers, Analysis()), 0, "en")
    fused = result.rankings[2].ranker.label
    assert f"Not taken apart: {fused}." in text_of(card)


def test_an_error_stands_below_what_was_found() -> None:
    source = FakeSource()
    service, shown = shown_with(source)
    source.error = ModelError("The weights are damaged.")
    big = service.rankers.read("hub/big")
    column = replace(shown.rankings[1], ranker=big.spec)
    drawn = replace(shown.drawn, columns=(shown.rankings[0], column))
    *_, card = explained(service, replace(shown, drawn=drawn, rankers=(*shown.rankers, big)), 0, "en")
    assert "The weights are damaged." in card
    assert "BM25" in text_of(card)
