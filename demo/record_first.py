"""Records the scores of the worked example beside the weights that gave them; the page shows it before torch is up.

    python -m demo.record_first

To be run again whenever the bundled weights, the first collection or its first query change. A recording that does not
fit is never found, and the example is then computed as any other run.
"""

from __future__ import annotations

import logging

from demo.rankers.cross_encoder import loading
from demo.rankers.cross_encoder.kept_scores import Kept, Recording, pair_keys
from demo.records import Result
from demo.service import BUNDLED, FIRST_SCORES, RankingService
from demo.settings import Settings

log = logging.getLogger(__name__)


def worked_example(service: RankingService) -> Result:
    """The result that the page opens with: the first stage and the default model."""
    request = service.worked_example()
    return service.run(request, (request.first, service.rankers.read(service.default_model()))).run()


def recording_of(result: Result, fingerprint: str, precision: str) -> Recording:
    """The model's scores under the keys they are looked up by; the run must not have used windows."""
    contents = [passage.content for passage in result.candidates]
    keys = pair_keys(fingerprint, precision, "", result.query.text, contents)
    ranking = result.rankings[1]
    rows = zip(keys, map(Kept, ranking.scores.tolist(), ranking.extents), strict=True)
    return Recording(
        model=ranking.ranker.key,
        fingerprint=fingerprint,
        precision=precision,
        reading="",
        collection=result.collection.key,
        query=result.query.text,
        rows=tuple(rows),
    )


def main() -> None:
    """Writes the recording of the model that the page opens with, from scores computed now."""
    settings = Settings()
    service = RankingService(settings, recordings=None)
    spec = loading.default_model(settings)
    fingerprint = loading.fingerprint(spec, settings)
    assert fingerprint is not None, "the bundled weights are here"
    result = worked_example(service)
    path = BUNDLED / spec.key.rsplit("/", 1)[-1] / FIRST_SCORES
    recording_of(result, fingerprint, settings.precision).write(path)
    log.info("%s: %d scores", path, result.size)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    main()
