"""What the server draws: escaped, in both languages, with marks, unread stretches and spoken ranks."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fakes import BM25, make_pair

from demo.library import TRAP_KINDS, Trap
from demo.messages import Language, Message
from demo.records import Cost, Extent, Pace, Passage, Query, RankerSpec, Ranking
from demo.results.change import Pair
from demo.score_kinds import BM25 as BM25_SCORE
from demo.score_kinds import LOGIT, PROBABILITY, SIMILARITY, ScoreKind
from demo.text import Analysis
from demo.ui.views import cost, flow, headline, passage_text, passages, status, tops

LANGUAGES: tuple[Language, ...] = ("en", "zh")


def test_parts_are_cut_where_marking_or_reading_changes() -> None:
    # content = "T abcdef" (title "T"), text "abcdef" begins at 2; the model read characters 0…6 of the content,
    # that is "abcd" of the text; "cde" matches the query
    found = passage_text.parts_of("abcdef", [(2, 5)], Extent(9, 7, 0, 6), offset=2, limit=100)
    assert [(part.text, part.marked, part.unread) for part in found] == [
        ("ab", False, False),
        ("cd", True, False),
        ("e", True, True),
        ("f", False, True),
    ]


def test_a_window_leaves_both_sides_unread() -> None:
    found = passage_text.parts_of("0123456789", [], Extent(30, 10, 3, 7, windows=3), offset=0, limit=100)
    assert [(part.text, part.unread) for part in found] == [("012", True), ("3456", False), ("789", True)]


def test_what_is_not_shown_is_not_cut() -> None:
    assert [part.text for part in passage_text.parts_of("abcdef", [(4, 6)], None, 0, limit=3)] == ["abc"]
    assert passage_text.parts_of("", [], None, 0, limit=3) == ()


@pytest.mark.parametrize(
    ("scores", "expected"), [([1.0, 3.0, 2.0], [0, 1, 0.5]), ([5.0, 5.0], [0, 0]), ([7.0], [0]), ([], [])]
)
def test_shares_lie_between_lowest_and_highest(scores: list[float], expected: list[float]) -> None:
    assert passage_text.shares(Ranking.from_scores(BM25, scores)).tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("kind", "scores", "expected"),
    [
        (LOGIT, [-13.43, -15.0], [0, 0]),  # the first of a hopeless list has no bar either
        (LOGIT, [math.log(3), 0.0, -math.inf, math.inf, math.nan], [0.75, 0.5, 0, 1, 0]),
        (PROBABILITY, [0.04, 0.02], [0.04, 0.02]),
        (SIMILARITY, [0.04, 0.02], [1, 0]),
    ],
)
def test_the_bar_of_a_probability_shows_it(kind: ScoreKind, scores: list[float], expected: list[float]) -> None:
    ranking = replace(
        Ranking.from_scores(RankerSpec("m", "M", kind), [0.0] * len(scores)), scores=np.array(scores, np.float32)
    )
    assert passage_text.shares(ranking).tolist() == pytest.approx(expected, abs=1e-5)


def test_logits_carry_their_sign() -> None:
    assert passage_text.score_words(7.7, LOGIT) == "+7.70"
    assert passage_text.score_words(-4.524, LOGIT) == "−4.52"
    assert passage_text.score_words(9.16, BM25_SCORE) == "9.16"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_view_escapes(language: Language) -> None:
    nasty = "<img src=x onerror=alert(1)> \"'& ${x} {{x}}"
    pair = make_pair([2.0, 1.0], [0.5, 3.0], texts=[nasty, nasty + "2"])
    pages = (
        tops.tops(pair, {}, Analysis(), language)
        + headline.pair_headline(pair, Trap(TRAP_KINDS[0], Message("{text}", text=nasty)), language)
        + flow.slope(pair.result, language)
        + passages.pair_table(pair, {}, Analysis(), language)
        + passages.panel(pair.result, language)
        + cost.cost(pair, language)
        + status.alert(Message("{text}", text=nasty), language)
    )
    assert "<img" not in pages
    assert "&lt;img src=x onerror=alert(1)&gt;" in pages


def test_rows_come_in_new_order_with_both_ranks() -> None:
    # before: b (3), a (2), c (1) → candidates b, a, c; after: c 9, a 5, b −1
    pair = make_pair([2.0, 3.0, 1.0], [5.0, -1.0, 9.0], texts=["a", "b", "c"])
    found = passages.pair_rows(pair, {}, Analysis(), "en")
    assert [
        (row.passage.name, row.verdicts[1].rank, row.verdicts[0].rank, row.keys["change"], row.arrow) for row in found
    ] == [
        ("c", 1, 3, 2, "▲ 2"),
        ("a", 2, 2, 0, "●"),
        ("b", 3, 1, -2, "▼ 2"),
    ]


def test_the_first_view_says_where_the_other_side_has_a_result() -> None:
    # BM25: a, b, and c not found; the model: c, b, a
    texts = ["Berlin museums", "Berlin", "the capital"]
    pair = make_pair([2.0, 1.0, 0.0], [1.0, 2.0, 3.0], texts=texts, found=[True, True, False])
    pair = replace(pair, result=replace(pair.result, query=Query("q", "Berlin")))
    page = tops.tops(pair, {}, Analysis(), "en")
    before, after = page.split('class="half after"')
    assert [re.findall(pattern, before) for pattern in (r"<b>(.*?)</b>", r"<small>(.*?)</small>")] == [
        ["1", "2"],
        ["now 3", "now 2"],
    ]
    assert [re.findall(pattern, after) for pattern in (r"<b>(.*?)</b>", r"<small>(.*?)</small>")] == [
        ["1", "2", "3"],
        ["was 2", "was 1"],
    ]
    assert after.count('title="not found by BM25"') == 1
    assert "<mark>Berlin</mark> museums" in before
    assert sorted(re.findall(r'<path class="([^"]*)"', page)) == ["down strong", "new over", "same strong"]
    assert 'class="judge"' not in tops.tops(pair, {}, Analysis(), "en", live=False)


def test_a_snippet_shows_where_the_query_is_met() -> None:
    text = "word " * 100 + "Berlin has museums, and Berlin has rivers " + "word " * 100
    parts = passage_text.snippet_of(text, "Berlin rivers", Analysis())
    said = "".join(part.text for part in parts)
    assert [part.text for part in parts if part.marked] == ["Berlin", "Berlin", "rivers"]
    assert said.startswith("… word")
    assert said.endswith("…")
    assert len(said) < 180
    assert "".join(part.text for part in passage_text.snippet_of("短文", "长", Analysis())) == "短文"


def test_slope_speaks_ranks() -> None:
    page = flow.slope(make_pair([2.0, 1.0], [0.0, 3.0], texts=["one", "two"]).result, "en")
    spoken = re.findall(r'aria-label="(rank [^"]*)"', page)
    assert spoken == [
        "rank 1 before, now 2, down 1: one",
        "rank 2 before, now 1, up 1: two",
        "rank 1, was 2, up 1: two",
        "rank 2, was 1, down 1: one",
    ]


@pytest.mark.parametrize("size", [0, 1, 2, 12, 13, 25, 26, 500])
@pytest.mark.parametrize("language", LANGUAGES)
def test_views_of_any_size(size: int, language: Language) -> None:
    pair = make_pair([float(size - i) for i in range(size)], [float(i) for i in range(size)])
    page = flow.slope(pair.result, language)
    drawn = page.count('class="end ')
    assert drawn == 2 * (size if size <= 25 else len({*range(10), *range(size - 10, size)}))
    assert tops.tops(pair, {}, Analysis(), language).count('<li class="hit"') == 2 * min(size, 10)
    assert passages.pair_table(pair, {}, Analysis(), language).count("<tr data-i=") == size
    assert headline.pair_headline(pair, None, language)


def test_progress_without_a_total_only_waits() -> None:
    assert "waiting" in status.progress("loading", 0, 0, "en")
    half = status.progress("scoring", 5, 10, "en")
    assert 'aria-valuenow="50"' in half
    assert "waiting" not in half


def test_a_dead_word_is_a_bug_in_the_template(monkeypatch: Any) -> None:
    from jinja2 import UndefinedError

    from demo.ui.views.render import render

    with pytest.raises(UndefinedError):
        render("alert.html", "en", head="only the head")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_collection_says_what_its_grades_mean(language: Language) -> None:
    from demo.library import Library
    from demo.service import CORPORA
    from demo.ui.views.collections import collection_note

    collection = Library(CORPORA).load("cities")
    page = collection_note(collection, language)
    assert all(f"<dt>{grade}</dt>" in page for grade in range(4))
    assert str(len(collection.passages)) in page
    assert collection.card.licence in page


def test_words_of_the_query_are_marked_in_titles_too() -> None:
    made = make_pair([1.0], [2.0]).result
    titled = replace(
        made, query=Query("", "paris"), candidates=(Passage("d1", "Its own Eiffel Tower", "Paris, Texas"),)
    )
    page = passages.pair_table(Pair.of(titled), {}, Analysis(), "en")
    assert '<div class="docline" data-cell="doc"><mark>Paris</mark>, Texas · d1</div>' in page


def test_a_passage_that_was_not_found_has_no_rank_and_a_shared_rank_says_so() -> None:
    pair = make_pair([2.0, 2.0, 0.0], [1.0, 2.0, 3.0], texts=["a", "b", "c"], found=[True, True, False])
    first, second, third = passages.pair_rows(pair, {}, Analysis(), "en")
    assert (first.passage.name, first.verdicts[0].rank_short, first.arrow) == ("c", "–", "✦")
    assert first.verdicts[0].rank_words == "not found by BM25"
    assert [row.verdicts[0].rank_short for row in (second, third)] == ["1=", "1="]
    assert second.verdicts[0].rank_words == "rank 1, shared by 2"


def test_kept_scores_are_told_with_the_pace_of_the_run_that_computed_them() -> None:
    def facts(**parts: object) -> str:
        page = cost.cost(make_pair([2.0, 1.0], [1.0, 2.0], cost=Cost(pairs=2, **parts)), "en")  # type: ignore[arg-type]
        return " ".join(re.sub(r"<[^>]*>", " ", page).split())

    assert "Pairs per second" not in facts(kept_pairs=2)
    kept = facts(kept_pairs=2, earlier=Pace(500, 0.25))
    assert "all scores kept from an earlier run Pairs per second 2,000, in an earlier run of 500 pairs" in kept
    assert "Pairs per second 4.0 Loading" in facts(kept_pairs=1, model_seconds=0.25)
    some = facts(kept_pairs=1, model_seconds=0.25, earlier=Pace(500, 0.25))
    assert "Pairs per second 2,000, in an earlier run of 500 pairs Loading" in some
