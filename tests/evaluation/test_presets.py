"""The published protocols and their values."""

from __future__ import annotations

import pytest
from fakes import made_collection

from demo.errors import InputError
from demo.evaluation.presets import PRESETS, Preset, check_preset, find_preset, published_value
from demo.rankers.catalog import CATALOG


def test_the_two_protocols_of_the_table() -> None:
    trec, dev = find_preset("trec-dl-2019"), find_preset("ms-marco-dev")
    assert (trec.measure.name, trec.depth, trec.relevant_from) == ("NDCG@10", 1000, 2)
    assert (dev.measure.name, dev.depth, dev.relevant_from) == ("MRR@10", 1000, 1)


def test_published_values_are_the_catalogs() -> None:
    name = "cross-encoder/ms-marco-MiniLM-L-6-v2"  # an alias
    assert published_value(find_preset("trec-dl-2019"), name) == pytest.approx(0.7430)
    assert published_value(find_preset("ms-marco-dev"), name) == pytest.approx(0.3901)
    assert published_value(find_preset("ms-marco-dev"), "bm25") is None
    assert published_value(find_preset("ms-marco-dev"), "bundled/tiny") is None


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_every_preset_fits_the_catalog_and_speaks_both_languages(preset: Preset) -> None:
    values = [preset.published(spec.published) for spec in CATALOG if spec.published is not None]
    assert values
    assert all(0 < value < 1 for value in values)
    assert preset.label.to("zh")
    assert preset.description.to("zh")


def test_a_protocol_needs_judgments() -> None:
    preset = find_preset("trec-dl-2019")
    check_preset(preset, made_collection({"q": {"a": 1}}, ["a"]))
    check_preset(None, made_collection({"q": {}}, ["a"]))
    with pytest.raises(InputError, match="is a protocol of measuring, and nothing is judged here"):
        check_preset(preset, made_collection({"q": {}}, ["a"]))


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(InputError, match=r"no preset “dl20”\. Choose one of trec-dl-2019, ms-marco-dev"):
        find_preset("dl20")
