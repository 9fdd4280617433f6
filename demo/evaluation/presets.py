"""The protocols of the published MS MARCO table, so that a figure measured here can stand beside the published one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from demo.errors import InputError
from demo.messages import Message, listed
from demo.metrics.effectiveness import Measure, parse_measure
from demo.phrases import shown
from demo.rankers.catalog import CATALOG
from demo.records import Collection, Published


@dataclass(frozen=True, slots=True)
class Preset:
    """A protocol.

    Attributes:
        measure: the one that the table gives; published: its value there, 0…1.
        depth: candidates of each query, from the run that belongs to the collection.
        relevant_from: the lowest grade that counts as relevant for binary measures.
        dataset: ir_datasets' id of the queries, judgments and candidates.
    """

    key: str
    label: Message
    description: Message
    measure: Measure
    depth: int
    relevant_from: int
    dataset: str
    published: Callable[[Published], float]


PRESETS = (
    Preset(
        key="trec-dl-2019",
        label=Message("TREC Deep Learning 2019, passages"),
        description=Message(
            "Rerank the given top 1,000 of the 43 judged queries; NDCG@10. Binary measures count grades 2 and 3."
        ),
        measure=parse_measure("ndcg@10"),
        depth=1000,
        relevant_from=2,
        dataset="msmarco-passage/trec-dl-2019/judged",
        published=lambda row: row.ndcg_at_10 / 100,
    ),
    Preset(
        key="ms-marco-dev",
        label=Message("MS MARCO dev, passages"),
        description=Message("Rerank the given top 1,000 of the 6,980 small dev queries; MRR@10."),
        measure=parse_measure("mrr@10"),
        depth=1000,
        relevant_from=1,
        dataset="msmarco-passage/dev/small",
        published=lambda row: row.mrr_at_10 / 100,
    ),
)


def find_preset(key: str) -> Preset:
    """The preset of this key.

    Raises:
        InputError: there is none.
    """
    for preset in PRESETS:
        if preset.key == key:
            return preset
    keys = [preset.key for preset in PRESETS]
    raise InputError("There is no preset “{key}”. Choose one of {keys}.", key=shown(key), keys=listed(keys))


def check_preset(preset: Preset | None, collection: Collection) -> None:
    """Nothing, if there is no preset or something to measure it on.

    Raises:
        InputError: the collection has no judgments.
    """
    if preset is not None and not collection.is_judged:
        raise InputError(
            "“{label}” is a protocol of measuring, and nothing is judged here. Add qrels, or choose none.",
            label=preset.label,
        )


def published_value(preset: Preset, ranker: str) -> float | None:
    """What the published table gives for the model of this key or alias; None if it is not in the table."""
    spec = next((spec for spec in CATALOG if ranker in (spec.key, *spec.aliases)), None)
    return None if spec is None or spec.published is None else preset.published(spec.published)
