"""Every model of the catalog in one lineup, on small checkpoints made in their layouts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from made_catalog import layout_of
from made_checkpoints import HubCache, write_vocabulary

from demo.messages import NOTHING, Message
from demo.rankers.catalog import CATALOG
from demo.rankers.cross_encoder import loading
from demo.rankers.cross_encoder.hub import Hub
from demo.rankers.cross_encoder.loaded_models import Tell
from demo.rankers.cross_encoder.model import LoadedCrossEncoder
from demo.rankers.cross_encoder.scoring import Where
from demo.records import Card, Collection, ModelSpec, Passage
from demo.service import MOST_RANKERS, RankingService, Request
from demo.settings import Settings

TEXTS = ("berlin has museums and people", "rome is old", "berlin", "people", "rome has museums")


@dataclass(frozen=True)
class MadeSource:
    """The module `loading` with a hub and a bundled folder of one's own."""

    hub: Hub
    bundled: Path

    def default_model(self, settings: Settings) -> ModelSpec:
        return loading.default_model(settings, self.hub, self.bundled)

    def resolve(self, name: str, settings: Settings) -> ModelSpec:
        return loading.resolve(name, settings)

    def fingerprint(self, spec: ModelSpec, settings: Settings) -> str | None:
        return loading.fingerprint(spec, settings, self.hub, self.bundled)

    def available(self, settings: Settings) -> Sequence[tuple[ModelSpec, Where]]:
        return loading.available(settings, self.hub, self.bundled)

    def load_cross_encoder(self, spec: ModelSpec, settings: Settings, progress: Tell) -> LoadedCrossEncoder:
        return loading.load_cross_encoder(spec, settings, progress, self.hub, self.bundled)


def make_catalog(root: Path) -> MadeSource:
    """A checkpoint in its own layout for every row of the catalog; all are of one commit, so no score may be kept."""
    cache, bundled = HubCache(root / "hub"), root / "bundled"
    for spec in CATALOG:
        local = bundled / spec.key.removeprefix("bundled/")
        layout_of(spec).write(local if spec.key.startswith("bundled/") else cache.snapshot(spec.key), spec)
        if spec.tokenizer:
            write_vocabulary(cache.snapshot(spec.tokenizer))
    return MadeSource(Hub(cache=cache.root), bundled)


def test_every_layout_ranks_in_a_lineup(tmp_path: Path) -> None:
    service = RankingService(Settings(kept_scores=0), models=make_catalog(tmp_path), recordings=None)
    passages = tuple(Passage(f"d{number}", text) for number, text in enumerate(TEXTS, 1))
    collection = Collection("made", Card(Message("Made"), NOTHING), passages)
    ranked = {}
    for start in range(0, len(CATALOG), MOST_RANKERS):
        rankers = [service.rankers.read(spec.key) for spec in CATALOG[start : start + MOST_RANKERS]]
        result = service.run(Request("berlin has people", collection, service.default_first_stage()), rankers).run()
        assert result.failures == ()
        ranked |= {ranking.ranker.key: ranking for ranking in result.rankings}
    assert list(ranked) == [spec.key for spec in CATALOG]
    for spec in CATALOG:
        ranking = ranked[spec.key]
        assert np.isfinite(ranking.scores).all()
        assert ranking.cost.model_bytes > 0
        assert ranking.ranker.model is not None
        assert ranking.ranker.model.spec.key == spec.key
        assert ranking.ranker.model.max_tokens == 512
        assert ranking.ranker.model.revision
