"""A replica that scores: models in its memory, and requests put together by `Batcher`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ray.util.metrics import Counter, Histogram

from demo.errors import DemoError
from demo.rankers.cross_encoder import loading
from demo.rankers.cross_encoder.batcher import Batcher, Done
from demo.rankers.cross_encoder.elsewhere.wire import About, Answer, Work
from demo.rankers.cross_encoder.loaded_models import LoadedModels
from demo.rankers.cross_encoder.model import Asked, LoadedCrossEncoder
from demo.settings import Settings

BATCH_PAIRS, WAIT_SECONDS = 256, 0.002
PAIRS_BOUNDS = [1, 8, 32, 64, 128, 256, 512, 1_024, 4_096]


class Scorer:
    """Scores with the models of this app. It has its default model before it takes any request.

    Args:
        settings: of this replica; `threads` are those that it was given.
        version: nothing but a reason to start anew: another one replaces all replicas, one after another.
    """

    def __init__(self, settings: Settings, version: str = "") -> None:
        self._settings = settings
        self._models: LoadedModels[LoadedCrossEncoder] = LoadedModels(loading.load_cross_encoder, settings)
        self._batcher = Batcher(BATCH_PAIRS, WAIT_SECONDS, self._note)
        self._pairs = Counter("rerank_lens_pairs", "Query-passage pairs that were scored.")
        self._sizes = Histogram("rerank_lens_batch_pairs", "Pairs of a batch.", boundaries=PAIRS_BOUNDS)
        self._seconds = Counter("rerank_lens_batch_seconds", "Seconds of scoring.")
        with self._models.claim(loading.default_model(settings), settings.precision) as ticket:
            ticket.loaded()

    def reconfigure(self, config: Mapping[str, Any]) -> None:
        """Takes over `batch_pairs` and `wait_seconds` of `user_config`, without a restart."""
        self._batcher.most_pairs = int(config.get("batch_pairs", BATCH_PAIRS))
        self._batcher.wait_seconds = float(config.get("wait_seconds", WAIT_SECONDS))

    def check_health(self) -> None:
        """Nothing while it works; Serve replaces a replica that raises.

        Raises:
            RuntimeError: nobody makes batches any more.
        """
        if not self._batcher.alive:
            raise RuntimeError("the thread that makes batches has ended")

    async def score(self, work: Work) -> Answer | DemoError:
        """The scores, or the reason why there are none; cancelling the request leaves it out of further work."""
        try:
            return await self._scored(work)
        except DemoError as error:
            return error

    async def places(self) -> Mapping[str, str]:
        """Key of each model on offer → where its weights are on this replica's machine."""
        found = await asyncio.to_thread(loading.available, self._settings)
        return {spec.key: where for spec, where in found}

    async def _scored(self, work: Work) -> Answer:
        spec = await asyncio.to_thread(loading.resolve, work.model, self._settings)
        with self._models.claim(spec, work.precision) as ticket:
            model = await asyncio.to_thread(ticket.loaded)
            about = About.of(model)
            if not work.texts:
                return Answer(about)
            asked = Asked(work.query, work.texts, work.windows, work.max_tokens, work.instruction)
            found = await self._batcher.score(model, asked)
        tokens = sum(extent.read_tokens * extent.windows for extent in found.extents)
        return Answer(about, tuple(found.scores.tolist()), found.extents, tokens, found.device)

    def _note(self, done: Done) -> None:
        self._pairs.inc(done.pairs)
        self._sizes.observe(done.pairs)
        self._seconds.inc(done.seconds)
