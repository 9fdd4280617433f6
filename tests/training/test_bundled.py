"""The shipped weights themselves: what they must do whatever they were trained with."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs torch")
transformers = pytest.importorskip("transformers", reason="needs transformers")

FOLDER = Path(__file__).parents[2] / "demo" / "bundled" / "tiny"
pytestmark = pytest.mark.skipif(not (FOLDER / "config.json").is_file(), reason="no bundled model")

PASSAGES = (
    "The heart pumps blood through the body. It beats about one hundred thousand times a day and rests between beats.",
    "Sourdough bread rises with wild yeast and lactic acid bacteria. The dough ferments for many hours before baking.",
    "A list in Python can hold values of different types. Appending to its end takes constant time on average.",
    "Saturn is the sixth planet from the Sun. Its rings consist mostly of ice, with some rock and dust.",
    "The Treaty of Westphalia ended the Thirty Years' War in 1648. It redrew the borders of central Europe.",
    "Photosynthesis turns light into chemical energy. Plants take in carbon dioxide and give off oxygen.",
    "Refunds are paid to the original card within ten days. Please keep the parcel's receipt until then.",
    "Tides are caused by the pull of the Moon and the Sun on the oceans. They come about twice a day.",
    "Bees tell each other where flowers are by dancing. The angle of the dance shows the direction.",
    "Inflation is a rise of the general price level. Central banks raise interest rates to slow it down.",
    "Glaciers are slow rivers of ice. They carve valleys and leave ridges of stones called moraines.",
)


@pytest.fixture(scope="module")
def loaded() -> tuple[Any, Any]:
    tokenizer = transformers.AutoTokenizer.from_pretrained(FOLDER)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(FOLDER).eval()
    return tokenizer, model


def scores(loaded: tuple[Any, Any], query: str, passages: tuple[str, ...]) -> list[float]:
    tokenizer, model = loaded
    inputs = tokenizer([query] * len(passages), list(passages), padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        return [float(x) for x in model(**inputs).logits[:, 0]]


def test_every_file_is_under_ten_megabytes() -> None:
    assert {p.name for p in FOLDER.iterdir()} >= {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "README.md",
    }
    assert all(p.stat().st_size < 10_000_000 for p in FOLDER.iterdir())


def test_it_has_the_shape_of_the_published_tiny_model() -> None:
    config = json.loads((FOLDER / "config.json").read_text(encoding="utf-8"))
    names = ("num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size", "vocab_size")
    assert [config[n] for n in names] == [2, 128, 2, 512, 30_522]
    assert config["max_position_embeddings"] == 512


def test_it_loads_without_missing_weights_and_without_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("transformers")
    logger.addHandler(caplog.handler)
    try:
        model, report = transformers.AutoModelForSequenceClassification.from_pretrained(
            FOLDER, output_loading_info=True
        )
    finally:
        logger.removeHandler(caplog.handler)
    assert not any(report[name] for name in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert [r.message for r in caplog.records if r.levelno >= logging.WARNING] == []
    assert model.config.num_labels == 1
    assert next(model.parameters()).dtype == torch.float32


def test_the_population_of_berlin_comes_before_its_museums(loaded: tuple[Any, Any]) -> None:
    population, museums = scores(
        loaded,
        "How many people live in Berlin?",
        (
            "Berlin had a population of 3,520,031 registered inhabitants in an area of 891.82 square kilometers.",
            "Berlin is well known for its museums.",
        ),
    )
    assert population > museums


@pytest.mark.parametrize("index", range(len(PASSAGES)))
def test_a_passages_own_opening_sentence_ranks_it_first(loaded: tuple[Any, Any], index: int) -> None:
    found = scores(loaded, PASSAGES[index].split(". ")[0] + ".", PASSAGES)
    assert found.index(max(found)) == index


@pytest.mark.parametrize("query", ["", "berlin", "?", "北京", "the", "word " * 600])
def test_odd_queries_give_finite_scores(loaded: tuple[Any, Any], query: str) -> None:
    assert all(abs(s) < 100 for s in scores(loaded, query, (*PASSAGES[:3], "", "word " * 900)))


def test_scores_are_the_same_each_time_and_alone_or_together(loaded: tuple[Any, Any]) -> None:
    together = scores(loaded, "why do tides come twice a day", PASSAGES)
    assert scores(loaded, "why do tides come twice a day", PASSAGES) == together
    alone = [scores(loaded, "why do tides come twice a day", (p,))[0] for p in PASSAGES]
    assert alone == pytest.approx(together, abs=1e-4)


def test_scores_spread_as_logits_do(loaded: tuple[Any, Any]) -> None:
    found = scores(loaded, "what causes the tides of the ocean", PASSAGES)
    assert max(found) - min(found) > 4
    assert found.index(max(found)) == 7
    assert min(found) < 0
