"""`/rerank`: the same reranking for programs, as JSON, without a page.

from gradio_client import Client
Client("http://127.0.0.1:7860").predict("a query", ["one passage", "another"], api_name="/rerank")
"""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.events import api

from demo import formats
from demo.errors import DemoError
from demo.rankers.choices import CrossEncoderChoice
from demo.records import Comparison
from demo.report import as_json
from demo.service import RankingService, Request
from demo.settings import Settings
from demo.ui.boundary import sentence_of


def add_api(settings: Settings, service: RankingService) -> None:
    """Adds the named endpoint to the page that is being built."""
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
            return as_json(comparison)
        except Exception as error:
            raise gr.Error(sentence_of(error).en, print_exception=not isinstance(error, DemoError)) from error

    api(rerank, api_name="rerank", concurrency_limit=4, concurrency_id="ranking")
