"""The history of runs: what is kept of one, two of them side by side, and the session as a file."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from fakes import FakeSource, service_with
from kit import shown_of

from demo.errors import InputError
from demo.judgments import Judgments
from demo.settings import Settings
from demo.ui.history.differences import side_by_side
from demo.ui.history.runs import (
    MOST_CHARS,
    MOST_RUNS,
    TAU,
    PastColumn,
    PastRun,
    past_run,
    read_runs,
    runs_text,
    with_run,
)
from demo.ui.history.session_file import Session, read_session, session_text
from demo.ui.inputs.handlers import InputsPane
from demo.ui.memory import judgments_text
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
    refused = replace(one, address="query=")  # pressed with an empty query: the results are still those of before
    assert with_run(with_run((), one), refused) == (one,)
    many: tuple[PastRun, ...] = ()
    for number in range(MOST_RUNS + 5):
        many = with_run(many, run_of("abc", query=f"query {number}"))
    assert (len(many), many[0].query) == (MOST_RUNS, f"query {MOST_RUNS + 4}")


def test_addresses_that_are_too_long_go_first_those_of_older_runs() -> None:
    long = "x" * (MOST_CHARS // 2)
    runs = with_run((run_of("abc", address=long, query="old"),), run_of("abc", address=long, query="new"))
    assert [(run.query, len(run.address)) for run in runs] == [("new", len(long)), ("old", 0)]


@pytest.mark.parametrize("text", [None, "", "no JSON", "[1]", '[{"time": 1}]', '{"a": 1}', "[" * 5000])
def test_what_is_no_history_gives_none(text: str | None) -> None:
    assert read_runs(text) == ()


def test_two_runs_side_by_side() -> None:
    found = side_by_side(run_of("abcdefghijkl"), run_of("bakcdefghijl", query="r"))
    assert [(str(line.name), line.same) for line in found.lines] == [
        ("Query", False),
        ("Passages", True),
        ("First stage", True),
        ("Rankers", True),
    ]
    tiny, words = found.orders
    # k came in from 11 at 3, so c…i moved down by one and j fell out; a and b changed places
    assert str(tiny.summary) == "1 passage came into the top 10; 9 of the 9 in both moved; another is first."
    assert [(place.name, place.mark, str(place.other)) for place in tiny.after[:3]] == [
        ("B", "▲ 1", "was 2"),
        ("A", "▼ 1", "was 1"),
        ("K", "▲ 8", "was 11"),
    ]
    assert (tiny.before[9].name, str(tiny.before[9].other)) == ("J", "now 11")
    assert str(words.summary) == "The first 2 are the same, in the same order."
    assert [(str(line.name), line.before, line.same) for line in found.figures] == [
        ("NDCG@10, Tiny", "0.750", True),
        ("Kendall τ, Tiny", "0.400", True),
        ("NDCG@10, BM25", "0.500", True),
    ]


def test_other_passages_have_no_move() -> None:
    found = side_by_side(run_of("abc"), run_of("xyz", digest="e", source="Mine", ranker="Small"))
    order = found.orders[0]
    assert (order.before_label, order.after_label) == ("Tiny", "Small")
    assert str(order.summary) == "No passage is in both rankings."
    assert {place.mark for place in (*order.before, *order.after)} == {"✦"}
    assert str(order.after[0].other) == "not there before"
    assert not found.lines[1].same


def test_runs_are_drawn_escaped_and_in_both_languages() -> None:
    runs = [run_of("ab", query="<b>x</b>", address="query=x&rankers=bm25"), run_of("ba", address="")]
    for language in ("en", "zh"):
        listed = run_list(runs, language)
        assert "<b>x</b>" not in listed
        assert 'href="?query=x&amp;rankers=bm25"' in listed
        assert "&lt;b&gt;x" in two_runs(runs[1], runs[0], language)
    assert "城市" in run_list(runs, "zh")
    assert "Nothing was run yet" in run_list([], "en")


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
