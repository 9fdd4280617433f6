"""`/rerank` and `/compare`: the same for programs, as JSON, without a page.

from gradio_client import Client
Client("http://127.0.0.1:7860").predict("a query", ["one passage", "another"], api_name="/rerank")
"""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.events import api

from demo import formats, lineup_report, report
from demo.errors import DemoError
from demo.rankers.choices import CrossEncoderChoice, parse_rankers
from demo.records import Comparison, Lineup
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
            *_, comparison = service.rerank(Request(query, collection), CrossEncoderChoice(model, windows=windows))
            assert isinstance(comparison, Comparison)
            return report.as_json(comparison)
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
            choices = parse_rankers("\n".join(rankers))
            *_, lineup = service.line_up(Request(query, collection), choices)
            assert isinstance(lineup, Lineup)
            return lineup_report.as_json(lineup)
        except Exception as error:
            raise _refusal(error) from error

    for endpoint in (rerank, compare):
        api(endpoint, api_name=endpoint.__name__, concurrency_limit=4, concurrency_id="ranking")


def _refusal(error: Exception) -> gr.Error:
    """The error as the caller hears of it."""
    return gr.Error(str(sentence_of(error)), print_exception=not isinstance(error, DemoError))
