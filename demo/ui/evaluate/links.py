"""What a link to the Evaluate tab holds behind “?”: a collection that comes with the app, rankers, and the protocol.

Only what differs from the start is written, but for the collection and the rankers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from demo.errors import InputError
from demo.evaluation.presets import find_preset
from demo.evaluation.protocol import JUDGED
from demo.metrics.effectiveness import parse_measures
from demo.phrases import shown
from demo.service import RankingService
from demo.ui.evaluate.session import GIVEN, RUN, EvaluateForm
from demo.ui.inputs.handlers import COLLECTION
from demo.ui.links import EVALUATE, RANKERS, whole_number

NUMBERS = {"depth": "depth", "queries": "queries", "relevant_from": "grade"}
"""Fields of the form that are whole numbers, with their names in the address."""

CANDIDATES, MEASURES, PRESET = "candidates", "measures", "preset"


def written(form: EvaluateForm, start: EvaluateForm, service: RankingService) -> dict[str, str]:
    """The link's names and values.

    Raises:
        InputError: the collection or the run was uploaded, or no ranker, or one that cannot be read, is chosen.
    """
    if form.source != COLLECTION or form.candidates == RUN:
        raise InputError(
            "Uploaded files do not fit into a link. Choose one of the collections here, or save the result as HTML."
        )
    numbers = {name: getattr(form, field) for field, name in NUMBERS.items()}
    usual = {name: getattr(start, field) for field, name in NUMBERS.items()}
    values = {
        EVALUATE: form.collection,
        RANKERS: ",".join(map(str, service.rankers.read_all(form.rankers))),
        CANDIDATES: form.candidates,
        **{name: f"{value:g}" for name, value in numbers.items() if value not in (None, usual[name])},
        MEASURES: "" if form.measures == start.measures else ",".join(form.measures),
        PRESET: form.preset,
    }
    return {name: value for name, value in values.items() if value}


def read(values: Mapping[str, str], start: EvaluateForm, service: RankingService) -> EvaluateForm | None:
    """The form that the address asks for; None where it asks for no evaluation.

    Raises:
        InputError: it names a collection, ranker, measure, preset or number that there is not.
    """
    if EVALUATE not in values:
        return None
    candidates = values.get(CANDIDATES, GIVEN)
    if candidates not in (GIVEN, JUDGED) and not service.rankers.read(candidates).spec.ranks_collection:
        raise InputError(
            "The link asks for the candidates “{candidates}”. Write a first stage such as bm25, or {judged}, or "
            "leave it out.",
            candidates=shown(candidates),
            judged=JUDGED,
        )
    found: dict[str, Any] = {"collection": service.collection(values[EVALUATE]).key, "candidates": candidates}
    if RANKERS in values:
        found["rankers"] = tuple(map(str, service.rankers.read_all(values[RANKERS])))
    if MEASURES in values:
        found["measures"] = tuple(measure.key for measure in parse_measures(values[MEASURES]))
    if PRESET in values:
        found["preset"] = find_preset(values[PRESET]).key
    for field, name in NUMBERS.items():
        if name in values:
            found[field] = whole_number(name, values[name])
    return replace(start, **found)
