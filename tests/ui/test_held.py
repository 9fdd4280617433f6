"""What sessions hold: weighed as it is, forgotten in all its parts, the longest unused first."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from weakref import ref

import gradio as gr
import pytest
from fakes import FakeSource, collection_of, service_with
from gradio.state_holder import StateHolder

from demo.evaluation.figures import evaluate
from demo.evaluation.protocol import set_up
from demo.formats.judged import Judged, read_judged_files
from demo.formats.source import Limits, Source
from demo.formats.trec_runs import Run, read_run
from demo.judgments import Judgments
from demo.metrics.effectiveness import parse_measures
from demo.rankers.engine import RunRanker
from demo.records import Passage, Query
from demo.service import Request
from demo.settings import Settings
from demo.text import Analysis
from demo.ui.evaluate.session import Evaluated
from demo.ui.held import HeldInSessions
from demo.ui.session import Question, ShownResult

LIMITS = Limits.from_settings(Settings())
TEXT = 100_000
"""Characters of a passage that is large here."""


def run_of(results: int) -> Run:
    lines = (f"q{n % 100} Q0 document-{n} {n} {-n * 0.25} tag" for n in range(results))
    return read_run(Source("a.run", "\n".join(lines).encode(), LIMITS))


def judged_of(judgments: int) -> Judged:
    corpus = b'{"_id": "document-0", "text": "a"}'
    queries = "\n".join(f'{{"_id": "q{n}", "text": "b"}}' for n in range(100))
    qrels = "\n".join(f"q{n % 100} 0 document-{n} 1" for n in range(judgments))
    files = [("corpus.jsonl", corpus), ("queries.jsonl", queries.encode()), ("test.qrels", qrels.encode())]
    return read_judged_files(files, LIMITS, "made", "")


def shown_of(chars: int) -> ShownResult:
    service = service_with(FakeSource())
    collection = collection_of((Passage("d1", "Berlin" + "x" * chars), Passage("d2", "Cork")))
    request = Request("Berlin", collection, service.default_first_stage())
    rankers = (request.first, service.rankers.read("bundled/tiny"))
    result = service.run(request, rankers).run()
    return ShownResult(result, result, request, rankers, Analysis())


def evaluated_of(queries: int) -> Evaluated:
    """Two rankers over passages that the collection holds once, however many queries there are."""
    service = service_with(FakeSource())
    asked = tuple(Query(f"q{n}", "Berlin") for n in range(queries))
    qrels = {query.query_id: {"d1": 1} for query in asked}
    judged = Judged.bundled(replace(collection_of(), queries=asked, qrels=qrels))
    measures = parse_measures("ndcg@10")
    rankers = service.rankers.read_all("bm25, tiny")
    done = service.evaluate(set_up(judged, rankers, measures, service.default_first_stage())).run()
    found = Evaluated(judged, False, done, measures, None, "bm25", 100, ())
    return replace(found, evaluation=evaluate(done.outcomes, judged.collection, measures))


def judgments_of(judged: int) -> Judgments:
    made = {("q", f"content {n} " + "x" * 100): f"d{n}" for n in range(judged)}
    passages = [Passage(doc_id, content) for (_, content), doc_id in made.items()]
    return Judgments().take({"q": dict.fromkeys(made.values(), 1)}, passages)


def holder_of(**sessions: Any) -> StateHolder:
    """Sessions with one value in a State each, the longest unused first."""
    with gr.Blocks(analytics_enabled=False) as page:
        state = gr.State("as at the start")
    holder = StateHolder()
    holder.set_blocks(page)
    for name, value in sessions.items():
        holder[name].state_data[state._id] = value
    return holder


def held(holder: StateHolder, name: str) -> Any:
    return next(iter(holder.session_data[name].state_data.values()), None)


@pytest.mark.parametrize("make", [run_of, judged_of, evaluated_of])
def test_bytes_are_about_those_that_values_take(make: Callable[[int], Any]) -> None:
    make(10)  # whatever is loaded by the first
    count = 300 if make is evaluated_of else 20_000
    gc.collect()
    tracemalloc.start()
    try:
        value = make(count)
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken / 2 < HeldInSessions().bytes_of([value]) < taken * 2


@pytest.mark.parametrize(
    ("value", "least"),
    [
        (shown_of(TEXT), TEXT),
        (Question(shown_of(TEXT), 0), TEXT),
        (("a query", "x" * TEXT, shown_of(0).collection), TEXT),
        ({"a.run": run_of(2_000)}, 100_000),
        (RunRanker(run_of(2_000)), 100_000),
        (judgments_of(1_000), 150_000),
        ({("x" * TEXT,): 1}, TEXT),
    ],
    ids=["result", "question", "what was asked", "runs", "ranker of a run", "judgments", "chosen fields"],
)
def test_whatever_a_page_keeps_is_weighed(value: Any, least: int) -> None:
    assert least < HeldInSessions().bytes_of([value]) < 4 * least


def test_what_several_values_hold_counts_once() -> None:
    shown, weights = shown_of(TEXT), HeldInSessions()
    together = weights.bytes_of([shown, Question(shown, 0), ("asked", shown.collection), shown.collection])
    assert together < weights.bytes_of([shown]) + 200


def test_a_new_page_holds_nothing() -> None:
    assert HeldInSessions().bytes_of([None, {}, [], Judgments()]) == 0


def test_everything_of_the_longest_unused_session_is_forgotten_and_of_no_other() -> None:
    holder = holder_of(a=Question(shown_of(TEXT), 0), b=Question(shown_of(TEXT), 0), c=Question(shown_of(TEXT), 0))
    gone = ref(held(holder, "a").shown)
    kept = HeldInSessions(5 * TEXT // 2)
    for name in "abc":
        kept.note(holder, name)
    gc.collect()
    assert gone() is None
    assert held(holder, "a") is None
    assert holder["a"][next(iter(holder["a"].blocks_config.blocks))] == "as at the start"
    assert isinstance(held(holder, "b"), Question)
    assert isinstance(held(holder, "c"), Question)


def test_the_session_in_use_keeps_what_it_holds_however_much() -> None:
    holder = holder_of(a=run_of(2_000))
    HeldInSessions(10).note(holder, "a")
    assert isinstance(held(holder, "a"), Run)


def test_sessions_that_hold_nothing_or_have_ended_are_not_remembered() -> None:
    holder, kept = holder_of(a="x", b=None, c="y"), HeldInSessions()
    for name in ("a", "b", "c", "never"):
        kept.note(holder, name)
    assert list(kept.held) == ["a", "c"]
    del holder.session_data["a"]
    kept.note(holder, "c")
    assert list(kept.held) == ["c"]
