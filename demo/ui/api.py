"""`/rerank` and `/compare`: the same for programs, as JSON, without a page.

from gradio_client import Client
Client("http://127.0.0.1:7860").predict("a query", ["one passage", "another"], api_name="/rerank")

While the work goes on, an answer holds only `progress`; the last one is the result, and what `predict` gives. A call
that is cancelled, or whose caller goes away, stops between two batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
from gradio.events import api

from demo import arguments, formats
from demo.errors import DemoError, InputError
from demo.progress import Progress, Steps
from demo.records import Result
from demo.results import Pair
from demo.results.report import as_json, pair_as_json
from demo.service import MOST_RANKERS, RankingService, Request
from demo.settings import Settings
from demo.ui import wording as w
from demo.ui.boundary import sentence_of
from demo.ui.progress import seldom
from demo.ui.visitors import current_request, current_visitor

MOST_NAME_CHARS = 2_000
"""Longest text that names a model or a ranker."""

Answer = dict[str, Any]


def add_api(settings: Settings, service: RankingService) -> None:
    """Adds the named endpoints to the page that is being built."""
    limits = formats.Limits.from_settings(settings)

    def asked(query: Any, passages: Any) -> Request:
        text = arguments.text("query", query, settings.max_query_chars)
        rows = arguments.passages("passages", passages, settings.max_passages)
        return Request(text, formats.from_texts(rows, limits), service.default_first_stage())

    def rerank(query: str, passages: list[str], model: str = "", windows: bool = False) -> Iterator[Answer]:
        """Ranks passages by BM25 and by a cross-encoder, and says what changed.

        Args:
            query: a question or a few words.
            passages: the texts to rank, two or more to make sense; each gets its place, from 1, as its id.
            model: a model of the Models tab by its key; empty takes the default.
            windows: score long passages in overlapping windows, best window wins.
        """

        def begin() -> Steps[Result]:
            wanted = asked(query, passages)
            name = arguments.text("model", model, MOST_NAME_CHARS)
            reranker = service.cross_encoder(name, windows=arguments.yes("windows", windows))
            return service.run(wanted, (wanted.first, reranker), current_visitor(settings.proxies), "/rerank")

        def answer(result: Result) -> Answer:
            if result.failures:
                raise InputError(result.failures[0].reason)
            return pair_as_json(Pair.of(result))

        yield from _answers(begin, answer)

    def compare(query: str, passages: list[str], rankers: list[str]) -> Iterator[Answer]:
        """Ranks passages by any number of rankers, and says how far they agree.

        Args:
            query: a question or a few words.
            passages: the texts to rank, two or more to make sense; each gets its place, from 1, as its id.
            rankers: such as "bm25", "bm25[k1=1.2]", "bundled/tiny", "rrf(bm25+bundled/tiny)".
        """

        def begin() -> Steps[Result]:
            wanted = asked(query, passages)
            texts = arguments.texts("rankers", rankers, MOST_RANKERS, MOST_NAME_CHARS)
            return service.run(wanted, service.rankers.read_all(texts), current_visitor(settings.proxies), "/compare")

        yield from _answers(begin, as_json)

    for endpoint in (rerank, compare):
        api(endpoint, api_name=endpoint.__name__, concurrency_limit=None, concurrency_id="ranking")


def _answers(begin: Callable[[], Steps[Result]], answer: Callable[[Result], Answer]) -> Iterator[Answer]:
    """The progress of the work as answers, then its result as one."""
    language = w.language_of(current_request())
    try:
        steps = begin()
        for step in seldom(steps):
            yield {"progress": _as_json(step, step.detail.to(language))}
        yield answer(steps.result)
    except Exception as error:
        raise gr.Error(sentence_of(error).to(language), print_exception=not isinstance(error, DemoError)) from error


def _as_json(step: Progress, words: str) -> Answer:
    return {"stage": step.stage, "done": step.done, "total": step.total, "detail": words}
