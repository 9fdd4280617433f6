"""The history of runs: what is kept of one, two of them side by side, and the session as a file."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from fakes import FakeSource, service_with
from kit import finished, shown_of, tab_with

from demo.errors import InputError
from demo.judgments import Judgments
from demo.settings import Settings
from demo.ui.history.differences import evaluations_side_by_side, runs_side_by_side
from demo.ui.history.evaluations import PastEvaluation, PastMeans, past_evaluation
from demo.ui.history.past import (
    MOST_CHARS,
    MOST_RUNS,
    Past,
    in_order,
    latest_two,
    partners,
    read_runs,
    runs_text,
    with_run,
    with_runs,
)
from demo.ui.history.runs import TAU, PastColumn, PastRun, past_run
from demo.ui.history.session_file import Session, read_session, session_text
from demo.ui.inputs.handlers import InputsPane
from demo.ui.memory import NOTHING, asked, judgments_text, read_judgments
from demo.ui.rerank.handlers import RerankTab
from demo.ui.views.history import run_list, two_runs

TIME = "2026-11-28T17:00:00+00:00"


def run_of(order: str, ranker: str = "Tiny", **parts: object) -> PastRun:
    """A run whose last ranking has the passages a, b, c… in this order, each named by its capital."""
    columns = (
        PastColumn("BM25", ("a", "b"), (1, 2), {"NDCG@10": 0.5}),
        PastColumn(ranker, tuple(order), tuple(range(1, len(order) + 1)), {"NDCG@10": 0.75, TAU: 0.4}),
    )
    names = {letter: letter.upper() for letter in {*order, "a", "b"}}
    source = "Cities and people"
    run = PastRun(
        TIME, "query=q", "q", source, passages=12, digest="d", first_stage="bm25", columns=columns, names=names
    )
    return replace(run, **parts)  # type: ignore[arg-type]


def test_two_runs_stand_in_the_order_of_their_times_whichever_was_chosen_first() -> None:
    late, early = run_of("ab"), run_of("ba")
    assert in_order([late, early], 0, 1) == in_order([late, early], 1, 0) == (early, late)
    page = two_runs(early, late, "en")
    assert page.index("Earlier run") < page.index("Later run")
    assert "earlier 2" in page
    assert "later 2" in page


def test_what_is_kept_of_a_result() -> None:
    shown = shown_of(RerankTab(InputsPane(Settings(), service_with(FakeSource()))), "Berlin.\nBerlin is big.\nCats.")
    run = past_run(shown, Judgments(), "query=x", TIME)
    assert (run.passages, run.query, run.address, run.time) == (3, shown.query.text, "query=x", TIME)
    first, last = run.columns
    assert (first.ranker, len(last.order)) == ("BM25", 3)
    assert [run.names[digest] for digest in last.order] == [
        shown.candidates[index].text for index in shown.rankings[-1].order.tolist()
    ]
    assert TAU not in first.figures
    assert read_runs(runs_text([run])) == (run,)


def test_the_latest_is_first_and_none_stands_twice() -> None:
    one, two = run_of("abc"), run_of("bac")
    runs = with_run(with_run((), one), two)
    assert runs == (two, one)
    again = replace(one, time="2026-11-28T18:00:00+00:00")
    assert with_run(runs, again) == (again, two)
    elsewhere, too_long = replace(one, address="query=other"), replace(one, address="")
    assert with_run(with_run((), one), elsewhere) == (elsewhere,)
    assert with_run(with_run((), one), too_long) == (one,)
    many: tuple[Past, ...] = ()
    for number in range(MOST_RUNS + 5):
        many = with_run(many, run_of("abc", query=f"query {number}"))
    assert (len(many), getattr(many[0], "query", "")) == (MOST_RUNS, f"query {MOST_RUNS + 4}")


def test_addresses_that_are_too_long_go_first_those_of_older_runs() -> None:
    long = "x" * (MOST_CHARS // 2)
    runs = with_run((run_of("abc", address=long, query="old"),), run_of("abc", address=long, query="new"))
    assert [(run.query, len(run.address)) for run in runs if isinstance(run, PastRun)] == [
        ("new", len(long)),
        ("old", 0),
    ]


@pytest.mark.parametrize(
    "text", [None, "", "no JSON", '[{"kind": "other"}]', "[1]", '[{"time": 1}]', '{"a": 1}', "[" * 5000]
)
def test_what_is_no_history_gives_none(text: str | None) -> None:
    assert read_runs(text) == ()


def test_two_runs_side_by_side() -> None:
    found = runs_side_by_side(run_of("abcdefghijkl"), run_of("bakcdefghijl", query="r"))
    assert [(str(line.name), line.same) for line in found.lines] == [
        ("Query", False),
        ("Passages", True),
        ("First stage", True),
        ("Rankers", True),
    ]
    tiny, words = found.orders
    # k came in from 11 at 3, so c…i moved down by one and j fell out; a and b changed places
    assert str(tiny.summary) == "1 passage came into the top 10; 9 of the 9 in both moved; another is first."
    assert [(each.name, each.mark, str(each.other)) for each in tiny.after[:3]] == [
        ("B", "▲ 1", "earlier 2"),
        ("A", "▼ 1", "earlier 1"),
        ("K", "▲ 8", "earlier 11"),
    ]
    assert (tiny.before[9].name, str(tiny.before[9].other)) == ("J", "later 11")
    assert str(words.summary) == "The first 2 are the same, in the same order."
    assert [(str(line.name), str(line.before), line.same) for line in found.figures] == [
        ("NDCG@10, Tiny", "0.750", True),
        ("Kendall τ, Tiny", "0.400", True),
        ("NDCG@10, BM25", "0.500", True),
    ]


def test_other_passages_have_no_move() -> None:
    found = runs_side_by_side(run_of("abc"), run_of("xyz", digest="e", source="Mine", ranker="Small"))
    order = found.orders[0]
    assert (order.before_label, order.after_label) == ("Tiny", "Small")
    assert str(order.summary) == "No passage is in both rankings."
    assert {each.mark for each in (*order.before, *order.after)} == {"✦"}
    assert str(order.after[0].other) == "not there before, or not found"
    assert not found.lines[1].same


def test_a_passage_without_a_rank_among_the_same_passages_was_not_found() -> None:
    order = runs_side_by_side(run_of("abc"), run_of("abd", query="r")).orders[0]
    assert [str(each.other) for each in order.before] == ["later 1", "later 2", "not found by Tiny"]
    assert [str(each.other) for each in order.after] == ["earlier 1", "earlier 2", "not found by Tiny"]
    many = "".join(chr(0x4E00 + number) for number in range(101))
    cut = runs_side_by_side(run_of(many[1:]), run_of(many[:100], query="r")).orders[0]
    assert str(cut.after[0].other) == "not among the first 100 of Tiny"


def evaluation_of(values: str, ranker: str = "Tiny", **parts: object) -> PastEvaluation:
    """An evaluation of two rankers on the queries p, q, r, on which the second has these tenths."""
    tenths = tuple(int(value) / 10 for value in values)
    columns = (
        PastMeans("BM25", {"NDCG@10": 0.5}, (0.5, 0.5, 0.5)),
        PastMeans(ranker, {"NDCG@10": sum(tenths) / 3}, tenths),
    )
    made = PastEvaluation(
        TIME, "evaluate=cities", "Cities and people", 59, "d", 3, ("p", "q", "r"), "bm25", 100, 1, columns
    )
    return replace(made, **parts)  # type: ignore[arg-type]


def test_what_is_kept_of_an_evaluation() -> None:
    _, evaluated, _ = finished(tab_with())
    run = past_evaluation(evaluated, Judgments(), "evaluate=cities", TIME)
    assert run is not None
    evaluation = evaluated.evaluation
    assert evaluation is not None
    assert (run.source, run.queries, run.address) == ("Cities and people", len(evaluation.query_ids), "evaluate=cities")
    assert run.measures == tuple(measure.name for measure in evaluation.measures)
    figure = evaluation.figures[evaluation.rankers[-1].key, evaluation.measures[0]]
    last = run.columns[-1]
    assert last.ranker == evaluation.rankers[-1].label
    assert last.figures[run.measures[0]] == pytest.approx(figure.mean, abs=1e-4)
    assert last.values == pytest.approx(figure.values, abs=1e-4)
    assert read_runs(runs_text([run])) == (run,)
    assert past_evaluation(replace(evaluated, evaluation=None), Judgments(), "", TIME) is None


def test_two_evaluations_side_by_side() -> None:
    found = evaluations_side_by_side(evaluation_of("259"), evaluation_of("658", "Small", relevant_from=2))
    assert [str(line.name) for line in found.lines if not line.same] == ["Rankers", "Relevant from grade"]
    assert [(str(line.name), str(line.before), str(line.after), line.difference) for line in found.figures] == [
        ("NDCG@10, Tiny → Small", "0.533", "0.633", "+0.100"),  # (2 + 5 + 9) / 30, (6 + 5 + 8) / 30
        ("NDCG@10, BM25", "0.500", "0.500", ""),
    ]
    assert found.queries is not None
    assert str(found.queries.summary) == "Better on 1 of the 3 queries in both, worse on 1, equal on 1."
    assert [(str(line.name), line.difference, line.way) for line in found.queries.lines] == [
        ("p", "+0.400", "up"),
        ("r", "−0.100", "down"),
    ]
    assert not found.orders


def test_queries_of_one_text_are_each_compared() -> None:
    same = ("p", "p", "p")
    found = evaluations_side_by_side(evaluation_of("259", asked=same), evaluation_of("658", asked=same)).queries
    assert found is not None
    assert str(found.summary) == "Better on 1 of the 3 queries in both, worse on 1, equal on 1."
    assert [(str(line.name), line.difference) for line in found.lines] == [("p", "+0.400"), ("p", "−0.100")]


def test_evaluations_of_other_queries_or_measures_have_no_queries_to_compare() -> None:
    one = evaluation_of("259")
    assert evaluations_side_by_side(one, replace(one, asked=("x", "y", "z"), digest="e")).queries is None
    by_mrr = replace(one, columns=tuple(replace(column, figures={"MRR": 0.5}) for column in one.columns))
    assert evaluations_side_by_side(one, by_mrr).queries is None


def test_runs_stand_beside_those_of_their_kind() -> None:
    runs = (evaluation_of("259"), run_of("abc"), run_of("bac"), evaluation_of("658"))
    assert partners(runs, 0) == [3]
    assert latest_two(runs) == (0, 3)
    assert latest_two(runs[1:]) == (0, 1)
    assert latest_two(runs[:2]) is None


def test_evaluations_are_drawn_in_both_languages() -> None:
    runs = [evaluation_of("259", asked=("<b>p", "q", "r")), evaluation_of("658", asked=("<b>p", "q", "r"))]
    for language, name in (("en", "Evaluate: <q"), ("zh", "城市与人口")):
        assert name in run_list(runs, language)
        assert 'href="?evaluate=cities"' in run_list(runs, language)
        drawn = two_runs(runs[1], runs[0], language)
        assert "&lt;b&gt;p" in drawn
        assert "−0.400" in drawn


def test_runs_are_drawn_escaped_and_in_both_languages() -> None:
    runs = [run_of("ab", query="<b>x</b>", address="query=x&rankers=bm25"), run_of("ba", address="")]
    for language in ("en", "zh"):
        listed = run_list(runs, language)
        assert "<b>x</b>" not in listed
        assert 'href="?query=x&amp;rankers=bm25"' in listed
        assert "&lt;b&gt;x" in two_runs(runs[1], runs[0], language)
    assert "城市" in run_list(runs, "zh")
    assert "Nothing was run yet" in run_list([], "en")


def test_a_longer_history_is_cut() -> None:
    runs = [run_of("abc", query=f"query {number}") for number in range(MOST_RUNS + 5)]
    assert read_runs(runs_text(runs)) == tuple(runs[:MOST_RUNS])


def test_the_runs_of_a_file_stand_beside_those_that_are_there() -> None:
    old, new = run_of("abc", time="2026-11-27T10:00:00+00:00"), run_of("acb", time="2026-11-29T10:00:00+00:00")
    between = run_of("bac", time="2026-11-28T10:00:00+00:00")
    assert with_runs((new, old), (between, old)) == (new, between, old)
    assert with_runs((), ()) == ()


def test_a_session_comes_back_from_its_file() -> None:
    judgments = Judgments()
    session = Session("query=q&passages=a", judgments_text(judgments), runs_text([run_of("abc")]))
    assert read_session("s.json", session_text(session).encode()) == session


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff{", "it is not JSON"),
        (b"[]", "is no saved session"),
        (b'{"format": "other"}', "is no saved session"),
        (json.dumps({"format": "rerank-lens-session", "version": 9}).encode(), "another version"),
        (json.dumps({"format": "rerank-lens-session", "version": 1, "run": 3}).encode(), "not text"),
        (b'{"format": "rerank-lens-session", "version": 1, "run": "query=\\ud800"}', "not text"),
        (json.dumps({"format": "rerank-lens-session", "version": 1, "history": "[1]"}).encode(), "runs cannot be read"),
        (
            json.dumps({"format": "rerank-lens-session", "version": 1, "judgments": "[1]"}).encode(),
            "judgments cannot be read",
        ),
    ],
)
def test_a_file_that_is_no_session_says_why(content: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_session("s.json", content)


def test_an_address_without_names_of_this_app_opens_what_was_kept() -> None:
    class Request:
        def __init__(self, **params: str) -> None:
            self.query_params = params

    kept = "query=kept&model=bm25"
    opened = {"query": "kept", "model": "bm25"}
    for params in ({}, {"__theme": "dark"}, {"utm_source": "mail"}, {"evaluate": "cities"}):
        assert asked(Request(**params), kept) == opened, params  # type: ignore[arg-type]
    assert asked(Request(query="linked", utm_source="mail"), kept)["query"] == "linked"  # type: ignore[arg-type]
    assert asked(Request(), NOTHING) == asked(Request(), None) == {}  # type: ignore[arg-type]


def test_nothing_kept_is_read_as_nothing() -> None:
    assert read_runs(NOTHING) == ()
    assert not read_judgments(NOTHING).rows
