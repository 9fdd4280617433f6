"""Records the scores of the worked example beside the weights that gave them; the page shows it before torch is up.

    python -m demo.record_first

To be run again whenever the bundled weights, the first collection or its first query change. A recording that does not
fit is never found, and the example is then computed as any other run.
"""

from __future__ import annotations

import logging

from demo.kept_scores import Kept, Recording, pair_keys
from demo.rankers import loading
from demo.rankers.choices import CrossEncoderChoice
from demo.records import Comparison
from demo.service import BUNDLED, FIRST_SCORES, RankingService
from demo.settings import Settings

log = logging.getLogger(__name__)


def worked_example(service: RankingService) -> Comparison:
    """The comparison that the page opens with."""
    *_, last = service.rerank(service.worked_example(), CrossEncoderChoice())
    assert isinstance(last, Comparison)
    return last


def recording_of(comparison: Comparison, fingerprint: str, precision: str) -> Recording:
    """The comparison's scores under the keys they are looked up by; the run must not have used windows."""
    contents = [passage.content for passage in comparison.candidates]
    keys = pair_keys(fingerprint, precision, "", comparison.query.text, contents)
    scores = comparison.after.scores.tolist()
    rows = zip(keys, map(Kept, scores, comparison.after.extents), strict=True)
    return Recording(
        model=comparison.after.ranker.key,
        fingerprint=fingerprint,
        precision=precision,
        reading="",
        collection=comparison.collection_key,
        query=comparison.query.text,
        rows=tuple(rows),
    )


def main() -> None:
    """Writes the recording of the model that the page opens with, from scores computed now."""
    settings = Settings()
    service = RankingService(settings, recordings=None)
    spec = loading.default_model(settings)
    fingerprint = loading.fingerprint(spec, settings)
    assert fingerprint is not None, "the bundled weights are here"
    comparison = worked_example(service)
    path = BUNDLED / spec.key.rsplit("/", 1)[-1] / FIRST_SCORES
    recording_of(comparison, fingerprint, settings.precision).write(path)
    log.info("%s: %d scores", path, comparison.size)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main()
