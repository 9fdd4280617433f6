"""What the server draws of a result: flow, table and panel that say the same, and small tables worked by hand."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from fakes import BM25, LARGE, LOST, SMALL, TINY, make_result, random_result, ranking, result_of

from demo.messages import Language, Message
from demo.metrics.agreement import MEASURES, TAU_B
from demo.rankers.catalog import CATALOG
from demo.records import Cost, Extent, ModelUse, Passage, RankerSpec, Result
from demo.results.what_if import what_if as what_changed
from demo.score_kinds import ENGINE, LOGIT
from demo.text import Analysis
from demo.ui.views import (
    agreement,
    cards,
    contested,
    depth,
    facts,
    flow,
    headline,
    judged,
    passage_text,
    passages,
    speed,
    what_if,
)

LANGUAGES: tuple[Language, ...] = ("en", "zh")
NAN = float("nan")
FIGURES = {"bm25": {"NDCG@10": 0.5, "MRR@10": 0.0}, "tiny": {"NDCG@10": 0.25, "MRR@10": 1.0}}

# candidates 0, 1, 2 are d1, d2, d3: BM25 has them in order, Tiny puts the last first, Large turns them round
THREE = make_result(
    3, ranking(BM25, [0, 1, 2]), ranking(TINY, [2, 0, 1]), ranking(LARGE, [2, 1, 0]), texts={"d1": "one", "d2": "two"}
)


def table(result: Result, language: Language = "en") -> str:
    return passages.table(result, {}, Analysis(), language)


def everything(result: Result, language: Language) -> list[str]:
    """Every view of the result."""
    reference = result.rankings[0].ranker.key if result.rankings else ""
    rated = [speed.speed_table(result, reference, TAU_B, FIGURES, language)] if result.rankings else []
    return [
        flow.flow(result, language),
        table(result, language),
        passages.panel(result, language),
        headline.headline(result, language),
        *(agreement.agreement(result, measure.key, reference, language) for measure in MEASURES),
        contested.contested(result, language),
        facts.score_facts(result, language),
        depth.depth(result, language),
        what_if.what_if(what_changed(result, result), language),
        judged.judged_figures(result.rankings, {each.ranker.key: {"P@10": 0.5} for each in result.rankings}, language),
        speed.published_table(result, language),
        cards.reading_cards(result.columns, language),
        *rated,
    ]


CASES = {
    "nothing yet": make_result(2),
    "all failed": make_result(0, LOST),
    "empty": result_of([[], []]),
    "one": result_of([[1.0], [2.0]]),
    "one ranker": random_result(20, 1),
    "two": random_result(2, 2),
    "all tied": result_of([[1.0] * 15, [0.0] * 15, [2.0] * 15]),
    "infinite": result_of([[3.0, 2.0, 1.0], [float("-inf"), 1.0, float("inf")], [float("inf")] * 3]),
    "not all reranked": result_of([[4.0, 3.0, 2.0, 1.0], [0.5, 2.0, NAN, NAN], [NAN] * 4]),
    "failures among them": result_of([LOST, [1.0, 2.0], LOST, [2.0, 1.0], LOST]),
    "five by twelve": random_result(12, 5),
    "five by sixty": random_result(60, 5),
    "eight by sixty-one": random_result(61, 8),
    "eight by five hundred": random_result(500, 8),
}


@pytest.mark.parametrize("result", CASES.values(), ids=CASES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_view_draws_whatever_it_is_given(result: Result, language: Language) -> None:
    for page in everything(result, language):
        assert "nan" not in re.sub(r"<[^>]*>", " ", page).lower().split()
        assert "None" not in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_view_escapes(language: Language) -> None:
    nasty = "<img src=x onerror=alert(1)> \"'& ${x} {{x}}"
    ranker = RankerSpec("k", nasty, LOGIT, replace(TINY.model, revision=nasty))  # type: ignore[type-var]
    lost = replace(LOST, ranker=replace(ranker, key="lost"), reason=Message("{text}", text=nasty))
    result = make_result(
        2,
        ranking(BM25, [0, 1]),
        ranking(ranker, [1, 0]),
        lost,
        texts={"d1": nasty},
        query=nasty,
        warnings=(Message("{text}", text=nasty),),
    )
    pages = "".join(everything(result, language))
    assert "<img" not in pages
    assert pages.count("&lt;img src=x onerror=alert(1)&gt;") > 15


# ---- flow --------------------------------------------------------------------------------------------------------


def columns_of(page: str) -> list[list[tuple[int, int]]]:
    """For each column from the left, candidate and spoken rank from the top down."""
    found = []
    for part in page.split('<div class="column ')[1:]:
        spoken = re.findall(r'data-i="(\d+)" tabindex="-?\d" aria-label="rank (\d+) ', part)
        found.append([(int(index), int(rank)) for index, rank in spoken])
    return found


def test_each_end_speaks_its_rank_and_the_one_before() -> None:
    page = flow.flow(THREE, "en")
    assert re.findall(r'aria-label="(rank [^"]*)"', page) == [
        "rank 1 in BM25: one",
        "rank 2 in BM25: two",
        "rank 3 in BM25: passage 3",
        "rank 1 in Tiny, 3 in BM25, up 2: passage 3",
        "rank 2 in Tiny, 1 in BM25, down 1: one",
        "rank 3 in Tiny, 2 in BM25, down 1: two",
        "rank 1 in Large, 1 in Tiny, unchanged: passage 3",
        "rank 2 in Large, 3 in Tiny, up 1: two",
        "rank 3 in Large, 2 in Tiny, down 1: one",
    ]


@pytest.mark.parametrize("size", [1, 10, 40, 61, 500])
@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_every_column_holds_the_same_passages_and_one_stop_for_tab(size: int, count: int) -> None:
    page = flow.flow(random_result(size, count), "en")
    columns = columns_of(page)
    assert len(columns) == count
    assert len({frozenset(index for index, _ in column) for column in columns}) == 1
    for column in columns:
        assert all(one[1] < other[1] for one, other in pairwise(column))
    assert page.count('tabindex="0" aria-label="rank') == count
    assert page.count("<path ") == len(columns[0]) * (count - 1)


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_failure_keeps_its_place_and_no_line_ends_there(place: int) -> None:
    columns = [ranking(BM25, [0, 1]), ranking(TINY, [1, 0]), ranking(LARGE, [0, 1])]
    page = flow.flow(make_result(2, *columns[:place], LOST, *columns[place:]), "en")
    assert page.count('class="lost"') == 1
    assert len(columns_of(page)) == 3
    order = re.findall(r'class="number">(\d)<', page)
    assert sorted(order) == ["1", "2", "3", "4"]
    # three gaps between four places with the failure inside; two between three with it at an edge
    assert f"--gaps: {3 if place in (1, 2) else 2}" in page


def test_the_table_says_the_same_as_the_flow() -> None:
    result = random_result(40, 5)
    drawn = columns_of(flow.flow(result, "en"))
    rows = re.findall(r"<tr data-i=\"(\d+)\"[^>]*?((?: data-rank\d=\"\d+\")+)", table(result))
    told = {int(index): [int(rank) for rank in re.findall(r'="(\d+)"', ranks)] for index, ranks in rows}
    assert len(told) == 40
    for number, column in enumerate(drawn):
        assert {index: told[index][number] for index, _ in column} == dict(column)


# ---- table and panel ---------------------------------------------------------------------------------------------


def test_rows_come_in_the_first_rankings_order_with_all_ranks_and_the_spread() -> None:
    rows = passages.rows(THREE, {}, Analysis(), "en")
    found = [(row.passage.name, [verdict.rank for verdict in row.verdicts], row.spread) for row in rows]
    assert found == [("one", [1, 2, 3], 2), ("two", [2, 3, 2], 1), ("passage 3", [3, 1, 1], 2)]


def test_what_was_not_reranked_or_not_read_is_said() -> None:
    result = result_of([[2.0, 1.0], [3.0, NAN]], ["a b c", "d e f"])
    cut = replace(result.rankings[1], extents=(Extent(9, 7, 0, 3), Extent(3, 3, 0, 5)))
    result = replace(result, columns=(result.columns[0], cut))
    first, second = passages.rows(result, {}, Analysis(), "en")
    assert first.verdicts[1].reading.startswith("The model read 7 of 9 tokens")
    assert (second.verdicts[1].score, second.verdicts[1].rank_words) == ("–", "rank 2 · not reranked at this depth")
    assert second.verdicts[1].share == 0


def test_every_field_of_the_panel_has_its_cell_in_the_row() -> None:
    result = random_result(3, 4)
    fields = set(re.findall(r'data-field="([^"]+)"', passages.panel(result, "en")))
    cells = set(re.findall(r'data-cell="([^"]+)"', table(result)))
    assert fields - cells == {"fields", *(f"reading-{number}" for number in range(4))}  # nothing was cut, no fields
    shares = set(re.findall(r'data-share="([^"]+)"', passages.panel(result, "en")))
    assert shares == {f"share{number}" for number in range(4)}


def test_what_else_was_said_of_a_passage_waits_in_its_row_for_the_panel() -> None:
    first, *others = THREE.candidates
    told = replace(first, fields={"url": "https://a/b", "<b>": "1 & 2\n" + "long " * 200})
    page = table(replace(THREE, candidates=(told, *others)))
    assert page.count('data-cell="fields"') == 1
    assert '<dt>url</dt><dd dir="auto">https://a/b</dd>' in page
    (value,) = re.findall(r'<dt>&lt;b&gt;</dt><dd dir="auto">(1 &amp; 2 long [^<]*…)</dd>', page)
    assert len(value) <= passage_text.FIELD_COLUMNS + len("amp;")
    assert "<b>" not in page.split('data-cell="fields"')[1].split("</dl>")[0]


def test_of_many_fields_the_first_are_shown_and_the_others_counted() -> None:
    shown = passage_text.shown_fields({f"f{n}": "v" for n in range(passage_text.MOST_FIELDS + 1200)}, 10)
    assert len(shown) == passage_text.MOST_FIELDS + 1
    assert shown[-1] == ("…", "+1,200")


def test_grades_show_once_there_is_one() -> None:
    assert 'class="lens ranking all many-ranked"' in table(THREE)
    page = table(replace(THREE, grades=(None, 2, None)))
    assert 'class="lens ranking judged all many-ranked"' in page
    assert page.count('data-grade="-1"') == 2
    assert '<span data-cell="grade">2</span><span hidden data-cell="grade-words">2: relevant</span>' in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_judging_control_says_what_each_grade_means(language: Language) -> None:
    own = {3: Message("names the library")}
    page = passages.panel(THREE, language, own)
    buttons = re.findall(r'role="radio" data-grade="(\d?)" title="([^"]+)"', page)
    assert [key for key, _ in buttons] == ["", "0", "1", "2", "3"]
    assert buttons[4][1] == f"3: {own[3].to(language)}"


# ---- small tables, worked by hand --------------------------------------------------------------------------------


def cells_of(page: str) -> list[list[str]]:
    """The words of the first table's body, row by row."""
    body = page.split("<tbody>")[1].split("</tbody>")[0]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in body.split("</tr>")[:-1]]
    return [[" ".join(re.sub(r"<[^>]*>", " ", cell).split()) for cell in row] for row in rows]


def test_agreement_by_pairs() -> None:
    # of three pairs BM25 and Tiny order one alike: (1 − 2) / 3; BM25 and Large none; Tiny and Large two: (2 − 1) / 3
    page = agreement.agreement(THREE, "tau_b", "tiny", "en")
    assert cells_of(page) == [
        ["BM25", "1.00", "−0.33", "−1.00"],
        ["Tiny reference", "−0.33", "1.00", "0.33"],
        ["Large", "−1.00", "0.33", "1.00"],
    ]
    assert str(TAU_B.meaning) in page
    assert page.count('<tr class="marked">') == 1


def test_agreement_of_one_is_none() -> None:
    page = agreement.agreement(make_result(2, ranking(BM25, [0, 1])), "tau_b", "bm25", "en")
    assert "Two rankings are needed" in page
    assert "<table" not in page


def test_contested_passages_stand_in_their_groups() -> None:
    # d40 is last for BM25 and first for both models, everything else moves by one place
    last_first = [39, *range(39)]
    result = make_result(40, ranking(BM25, range(40)), ranking(SMALL, last_first), ranking(LARGE, last_first))
    page = contested.contested(result, "en")
    assert re.findall(r"<strong>([^<]*)</strong> <span class=\"soft\">\((\d+)\)", page) == [
        ("BM25 alone", "1"),
        ("All agree", "39"),
    ]
    assert cells_of(page) == [["passage 40", "40", "1", "1", "39"]]
    assert page.count("<details open>") == 1
    assert "and 31 more" in page


def test_margins_and_ties() -> None:
    result = result_of([[5.0, 2.0, 2.0, 1.0]])
    # steps 3, 0, 1: their median is 1
    assert cells_of(facts.score_facts(result, "en")) == [["BM25", "BM25 score", "3.00", "1.000", "2", "3", "4", "0"]]


def test_depth_counts_and_names_what_it_misses() -> None:
    result = make_result(30, ranking(BM25, range(30)), ranking(TINY, [29, 15, *range(15), *range(16, 29)]))
    page = depth.depth(result, "en")
    # the top ten are d30, d16 and d1 … d8: depth 10 misses the first two, 20 misses d30, 30 nothing
    assert cells_of(page) == [["Tiny", "2", "1", "0", "30"]]
    assert re.findall(r'class="pick" data-i="(\d+)"[^>]*>([^<]*)<', page) == [
        ("29", "rank 1, first stage 30: passage 30"),
        ("15", "rank 2, first stage 16: passage 16"),
    ]


def test_first_stages_have_no_depth() -> None:
    assert "no depth limits it" in depth.depth(make_result(3, ranking(BM25, [0, 1, 2])), "en")


def test_an_edit_shows_old_and_new_ranks() -> None:
    before = make_result(2, ranking(BM25, [0, 1]), ranking(TINY, [1, 0]))
    after = make_result(3, ranking(BM25, [1, 0, 2]), ranking(TINY, [1, 0, 2]), query="another")
    after = replace(after, candidates=(Passage("d1", "changed"), *after.candidates[1:]))
    page = what_if.what_if(what_changed(before, after), "en")
    assert cells_of(page)[0] == ["changed edited", "1 → 2 ▼ 1", "2 → 2 ●"]
    assert sorted(cells_of(page)[1:]) == [
        ["passage 2", "2 → 1 ▲ 1", "1 → 1 ●"],
        ["passage 3", "– → 3 new", "– → 3 new"],
    ]
    assert "another" in page


def test_figures_of_judgments() -> None:
    result = make_result(2, ranking(BM25, [0, 1]), ranking(TINY, [1, 0]))
    assert cells_of(judged.judged_figures(result.rankings, FIGURES, "en")) == [
        ["BM25", "0.500 best", "0.000"],
        ["Tiny", "0.250", "1.000 best"],
    ]
    assert judged.judged_figures(result.rankings, {}, "en") == ""


def test_speed_beside_agreement() -> None:
    cost = Cost(10, 2, model_seconds=0.1, load_seconds=1.5, tokens=1234, model_bytes=91_000_000)
    result = make_result(2, ranking(BM25, [0, 1]), ranking(TINY, [1, 0], cost))
    # 8 pairs in 0.1 s: 12.5 ms each; the reverse of the reference: τ = −1
    assert cells_of(speed.speed_table(result, "bm25", TAU_B, FIGURES, "en")) == [
        ["BM25", "–", "0", "–", "–", "–", "reference", "0.500", "0.000"],
        ["Tiny", "12.5", "8", "1,234", "1.5 s", "91 MB", "−1.00", "0.250", "1.000"],
    ]


def test_published_figures_stand_apart_and_only_where_there_are_any() -> None:
    spec = CATALOG[0]
    assert spec.published is not None
    known = RankerSpec(spec.key, spec.label, LOGIT, ModelUse(spec, "", "fp32", 512, windows=False))
    again = replace(known, key=f"{spec.key}[windows]")
    result = make_result(1, ranking(known, [0]), ranking(again, [0]), ranking(TINY, [0]))
    assert cells_of(speed.published_table(result, "en")) == [[spec.label, "74.30", "39.01", "1,800"]]
    assert speed.published_table(make_result(1, ranking(TINY, [0])), "en") == ""


def test_a_card_says_how_the_score_is_read_and_what_is_not_known() -> None:
    page = cards.reading_cards(make_result(1, ranking(BM25, [0]), ranking(TINY, [0]), LOST).columns, "en")
    facts = dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", page.split("</details>")[0]))
    assert facts["The score is"] == "logit[0]"
    assert facts["In sentence-transformers"] == "Identity by default; here the raw logit, any real number"
    assert facts["Parameters"] == "4,000,000"
    assert facts["Longest pair"] == "512 tokens of 512"
    assert facts["Revision"] == "r1"
    assert facts["Licence"] == facts["Memory of the weights"] == facts["Shape"] == "not known"
    assert page.count("<details>") == 2, "BM25 is no model; the failed model has a card too"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_failure_gives_its_whole_reason_in_its_own_line(language: Language) -> None:
    page = headline.headline(make_result(2, ranking(BM25, [0, 1]), LOST), language)
    assert f"<li><strong>Lost</strong> {LOST.reason.to(language)}</li>" in page


def test_what_a_run_does_not_list_has_no_score() -> None:
    assert passage_text.score_words(float("-inf"), ENGINE) == "–"
    assert passage_text.score_words(2.0, ENGINE) == "2.00"


def test_the_fields_of_the_passages_are_offered_as_columns() -> None:
    plain = make_result(2, ranking(BM25, [0, 1]))
    assert 'class="wish"' not in passages.table(plain, {}, Analysis(), "en")
    first, second = plain.candidates
    told = replace(plain, candidates=(replace(first, fields={"colour": "red"}), replace(second, fields={"n": "1"})))
    page = passages.table(told, {}, Analysis(), "en")
    assert re.findall(r'type="checkbox" value="([^"]*)"', page) == ["colour", "n"]
