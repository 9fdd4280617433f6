"""`/rerank` and `/compare`: the same for programs, as JSON, without a page.

from gradio_client import Client
Client("http://127.0.0.1:7860").predict("a query", ["one passage", "another"], api_name="/rerank")
"""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.events import api

from demo import formats
from demo.errors import DemoError, InputError
from demo.results import Pair
from demo.results.report import as_json, pair_as_json
from demo.service import RankingService, Request
from demo.settings import Settings
from demo.ui.boundary import sentence_of


def add_api(settings: Settings, service: RankingService) -> None:
    """Adds the named endpoints to the page that is being built."""
    limits = formats.Limits.from_settings(settings)

    def rerank(query: str, passages: list[str], model: str = "", windows: bool = False) -> dict[str, Any]:
        """Ranks passages by BM25 and by a cross-encoder, and says what changed.

        Args:
            query: a question or a few words.
            passages: the texts to rank, two or more to make sense; each gets its place, from 1, as its id.
            model: a model of the Models tab by its key; empty takes the default.
            windows: score long passages in overlapping windows, best window wins.
        """
        try:
            collection = formats.from_texts(passages, limits)
            request = Request(query, collection, service.default_first_stage())
            result = service.run(request, (request.first, service.cross_encoder(model, windows=windows))).run()
            if result.failures:
                raise InputError(result.failures[0].reason)
            return pair_as_json(Pair.of(result))
        except Exception as error:
            raise _refusal(error) from error

    def compare(query: str, passages: list[str], rankers: list[str]) -> dict[str, Any]:
        """Ranks passages by any number of rankers, and says how far they agree.

        Args:
            query: a question or a few words.
            passages: the texts to rank, two or more to make sense; each gets its place, from 1, as its id.
            rankers: such as "bm25", "bm25[k1=1.2]", "bundled/tiny", "rrf(bm25+bundled/tiny)".
        """
        try:
            collection = formats.from_texts(passages, limits)
            request = Request(query, collection, service.default_first_stage())
            return as_json(service.run(request, service.rankers.read_all(rankers)).run())
        except Exception as error:
            raise _refusal(error) from error

    for endpoint in (rerank, compare):
        api(endpoint, api_name=endpoint.__name__, concurrency_limit=4, concurrency_id="ranking")


def _refusal(error: Exception) -> gr.Error:
    """The error as the caller hears of it."""
    return gr.Error(str(sentence_of(error)), print_exception=not isinstance(error, DemoError))
