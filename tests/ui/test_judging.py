"""Judging by hand: grades in, figures out, files in and out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import PASSAGES, FakeSource, collection_of, service_with

from demo.errors import InputError
from demo.judgments import Judgments, query_key
from demo.records import Collection, Passage, Query
from demo.service import Request
from demo.settings import Settings
from demo.text import Analysis
from demo.ui.inputs.handlers import UPLOAD, InputsPane
from demo.ui.judging import MEASURES, figures, judged_box, known, saved, taken
from demo.ui.memory import judgments_text, read_judgments
from demo.ui.session import ShownResult, grades_by_id

NDCG, MRR, PRECISION, JUDGED = (measure.name for measure in MEASURES)
PANE = InputsPane(Settings(), service_with(FakeSource()))


def shown_for(query: str, collection: Collection | None = None, depth: int | None = None) -> ShownResult:
    """A finished run; BM25 ranks d3 d1 d2 d4, the fake model the shorter first: d4 d3 d2 d1."""
    collection = collection or collection_of(PASSAGES)
    service = service_with(FakeSource())
    request = Request(query, collection, service.default_first_stage(), depth)
    rankers = (request.first, service.rankers.read("bundled/tiny"))
    result = service.run(request, rankers).run()
    return ShownResult(result, result, request, rankers, Analysis())


def test_figures_are_those_of_the_judgments_made() -> None:
    shown = shown_for("Berlin has inhabitants")
    by_id = {passage.doc_id: passage for passage in shown.candidates}
    judgments = Judgments().judge(shown.query, by_id["d4"], 2).judge(shown.query, by_id["d3"], 0)
    before, after = (figures(shown, judgments)[ranking.ranker.key] for ranking in shown.rankings)
    # gains 2 for d4 alone, so the ideal is 2 / log2(2); BM25 does not find d4, the model has it first
    assert (before[NDCG], before[MRR], before[PRECISION]) == (0, 0, 0)
    assert before[JUDGED] == pytest.approx(1 / 3)  # of the three that BM25 found, d3 is judged
    assert (after[NDCG], after[MRR]) == pytest.approx((1, 1))


def test_nothing_is_shown_while_nothing_is_judged() -> None:
    shown = shown_for("Berlin has inhabitants")
    assert figures(shown, Judgments()) == {}
    assert judged_box(shown, Judgments(), "en") == ""


def test_a_judged_passage_that_was_no_candidate_counts_for_the_ideal() -> None:
    shown = shown_for("Berlin inhabitants", depth=1)  # only d3, judged 3; d1 is judged 0
    assert grades_by_id(shown, Judgments()) == {"d1": 0, "d3": 3}
    judgments = Judgments().judge(shown.query, shown.candidates[0], None)
    assert figures(shown, judgments)[shown.rankings[0].ranker.key][NDCG] == pytest.approx(1)


def test_the_box_names_every_ranker_and_measure() -> None:
    shown = shown_for("Berlin inhabitants")
    box = judged_box(shown, Judgments(), "zh")
    for words in ("BM25", "Tiny", "NDCG@10", "MRR@10", "P@10", "Judged@10"):
        assert words in box


def test_saved_judgments_are_loaded_again(tmp_path: Path) -> None:
    query = Query("", "柏林")
    judgments = Judgments().judge(query, PASSAGES[0], 3)
    file = saved(judgments)
    assert file["text"] == f"{query_key(query)}\t0\td1\t3\n"
    path = tmp_path / file["name"]
    path.write_text(file["text"], encoding="utf-8")
    form = PANE.default_form()
    assert taken(path, form, PANE, Judgments()) == (judgments, 0)
    assert taken(path, form, PANE, judgments) == (judgments, 0), "the same file once more"
    path.write_text(f"{query_key(query)} 0 d1 4\n{query_key(query)} 0 d2 -1\n", encoding="utf-8")
    cut, beyond = taken(path, form, PANE, Judgments())
    assert ([row.grade for row in cut.rows.values()], beyond) == ([3, 0], 2)


def test_judgments_are_saved_with_the_ids_of_what_is_shown() -> None:
    shown = shown_for("Berlin inhabitants")
    passage = shown.candidates[1]
    before = replace(passage, doc_id="1")  # where it stood when it was judged; another passage stands there now
    judgments = Judgments().judge(shown.query, before, 2).judge(shown.query, Passage("9", "gone"), 1)
    key = query_key(shown.query)
    assert saved(judgments, None, shown)["text"] == f"{key}\t0\t9\t1\n{key}\t0\t{passage.doc_id}\t2\n"
    taken_id = judgments.judge(shown.query, Passage(passage.doc_id, "gone, too"), 0)
    assert saved(taken_id, shown)["text"].count(f"\t{passage.doc_id}\t") == 1, "one id has one grade"


def test_refusals_say_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "other.qrels"
    with pytest.raises(InputError, match="Nothing was judged by hand"):
        saved(Judgments())
    path.write_text("q1 0 somewhere-else 1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"other.qrels judges none of these 4 passages"):
        taken(path, PANE.default_form(), PANE, Judgments())
    path.write_text("q1 0 d1 high\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"Line 1 of other.qrels"):
        taken(path, PANE.default_form(), PANE, Judgments())


def test_kept_judgments_have_only_grades_that_can_be_given() -> None:
    grades = (0, 3, 4, -1, 10**8, 2**63, 1.5, None, "x", [], float("nan"))
    rows = [["q", f"text {grade!r}", "d", grade] for grade in grades]
    assert [row.grade for row in read_judgments(json.dumps(rows)).rows.values()] == [0, 3]
    made = Judgments().judge(Query("", "柏林"), PASSAGES[0], 3)
    assert read_judgments(judgments_text(made)) == made


@pytest.mark.parametrize("text", ["[1]", "[{}]", '["abc"]', '[["q", "text", "d", 1, 5]]', '{"a": 1}', "7", "[" * 5_000])
def test_what_holds_no_judgments_is_read_as_none(text: str) -> None:
    assert read_judgments(text) == Judgments()


def test_no_judgments_is_not_the_same_as_forgotten_ones() -> None:
    made = Judgments().judge(Query("", "柏林"), PASSAGES[0], 3)
    assert known(None, judgments_text(made)) == made
    assert known(Judgments(), judgments_text(made)) == Judgments()


def test_an_upload_that_never_came_is_said() -> None:
    with pytest.raises(InputError, match="no file here"):
        PANE.collection(replace(PANE.default_form(), source=UPLOAD))


def test_an_uploaded_response_keeps_its_engines_order() -> None:
    plain = collection_of(PASSAGES)
    scored = replace(plain, engine_scores={passage.doc_id: 1.0 for passage in PASSAGES})
    for before in ("bm25", "engine", "dense(bundled/small)"):
        assert PANE.fitting_first_stage(UPLOAD, scored, before) == "engine"
    for source, uploaded in ((UPLOAD, plain), (UPLOAD, None), ("collection", scored)):
        assert PANE.fitting_first_stage(source, uploaded, "engine") == "bm25"
        assert PANE.fitting_first_stage(source, uploaded, "dense(bundled/small)") == "dense(bundled/small)"
