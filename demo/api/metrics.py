"""`/metrics`: figures of use in Prometheus' text format, version 0.0.4; no texts and no addresses are among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from fastapi import FastAPI
from starlette.responses import PlainTextResponse

from demo.memory import resident_bytes
from demo.service import RankingService
from demo.uploads import Uploads
from demo.usage import Sample

PREFIX = "rerank_lens_"

MEANINGS = {
    "requests_total": ("counter", "Requests that ended, by what was asked and how they ended."),
    "refusals_total": ("counter", "Requests that were refused before they began, by reason."),
    "wait_seconds_total": ("counter", "Seconds that requests waited."),
    "work_seconds_total": ("counter", "Seconds that requests were worked at."),
    "pairs_total": ("counter", "Query-passage pairs of requests that were done."),
    "running": ("gauge", "Requests that run now, by lane."),
    "waiting": ("gauge", "Requests that wait now, by lane."),
    "memory_bytes": ("gauge", "Memory of the process."),
    "kept_bytes": ("gauge", "Memory of what is kept for later, about, by what it is."),
    "model_bytes": ("gauge", "Weights of loaded models."),
    "uploads_bytes": ("gauge", "Uploads on disk."),
}
"""Name → type and meaning."""


def add_metrics(app: FastAPI, service: RankingService, uploads: Uploads | None) -> None:
    """Adds the route."""

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> PlainTextResponse:
        """All figures now."""
        return PlainTextResponse(written(samples(service, uploads)), media_type="text/plain; version=0.0.4")


def samples(service: RankingService, uploads: Uploads | None) -> Iterator[Sample]:
    """Every figure, those of one name together."""
    for sample in service.usage.samples():
        yield Sample(f"{sample.name}_total", sample.labels, sample.value)
    counts = service.turns.counts()
    for state in ("running", "waiting"):
        yield from (Sample(state, (("lane", lane),), counts[f"{lane} {state}"]) for lane in ("small", "large"))
    yield Sample("memory_bytes", (), resident_bytes())
    yield from (Sample("kept_bytes", (("what", what),), size) for what, size in service.kept_bytes().items())
    yield from (
        Sample("model_bytes", (("model", model), ("precision", precision)), size)
        for model, precision, size in service.loaded_models()
    )
    if uploads is not None:
        yield Sample("uploads_bytes", (), uploads.stored_bytes)


def written(found: Iterable[Sample]) -> str:
    """The figures as text; those of one name must stand together."""
    lines = []
    for name, group in groupby(found, key=lambda sample: sample.name):
        kind, meaning = MEANINGS[name]
        lines += [f"# HELP {PREFIX}{name} {meaning}", f"# TYPE {PREFIX}{name} {kind}"]
        lines += [f"{PREFIX}{name}{_labels(sample)} {_number(sample.value)}" for sample in group]
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    """With all its digits: of a counter, it is what the last ones add that is of interest."""
    return str(int(value)) if float(value).is_integer() else repr(value)


def _labels(sample: Sample) -> str:
    parts = (f'{name}="{_escaped(value)}"' for name, value in sample.labels)
    return f"{{{','.join(parts)}}}" if sample.labels else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
