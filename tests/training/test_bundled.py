"""The shipped weights themselves: what they must do whatever they were trained with."""

# ruff: noqa: E402 (imports follow the checks for optional packages)

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="needs torch")
transformers = pytest.importorskip("transformers", reason="needs transformers")

from demo.training.robustness import Property, held, pairs, properties

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(path.parent for path in (ROOT / "demo" / "bundled").glob("*/config.json"))
pytestmark = pytest.mark.skipif(not FOLDERS, reason="no bundled model")

SHAPES = {
    "medium": (2, 256, 4, 1_024, 30_522),
    "tiny": (2, 128, 2, 512, 30_522),
    "technical": (2, 128, 2, 512, 30_522),
    "small": (7, 384, 12, 1_536, 26_000),
}
"""Layers, width, heads, feed-forward width, word pieces."""
LEAST = {
    "medium": {
        "opening": 0.95,
        "names": 0.9,
        "numbers": 0.9,
        "order": 0.75,
        "longer": 0.75,
        "tripled": 0.8,
        "stuffed": 0.75,
        "strange": 0.85,
    },
    "tiny": {
        "opening": 0.95,
        "names": 0.9,
        "numbers": 0.9,
        "order": 0.6,
        "longer": 0.65,
        "tripled": 0.75,
        "stuffed": 0.8,
        "strange": 0.9,
    },
    "technical": {"opening": 0.95, "names": 0.9, "numbers": 0.9, "order": 0.65, "longer": 0.8, "tripled": 0.8},
    "small": {"opening": 0.95, "names": 0.9, "numbers": 0.9, "order": 0.8, "longer": 0.8, "tripled": 0.8},
}
"""Share of cases in which a property must hold."""
LARGEST_FOLDER = 46_000_000

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


ASKED_OF_ALL = properties(ROOT / "corpora")
"""What is counted over many cases."""

OPENINGS = [(text.split(". ")[0] + ".", PASSAGES) for text in PASSAGES]
WORDS = {"heart": 0, "bread": 1, "python": 2, "saturn": 3, "photosynthesis": 5, "bees": 8, "inflation": 9}
TIDES = "what causes the tides of the ocean"

ASKED = [*OPENINGS, *((word, PASSAGES) for word in (*WORDS, TIDES, ""))]
ALL_PAIRS = list(dict.fromkeys([*pairs(ASKED_OF_ALL), *((query, text) for query, texts in ASKED for text in texts)]))
"""What most tests ask for: each pair is scored once."""


@dataclass(frozen=True)
class Loaded:
    """A bundled model as transformers alone loads it."""

    name: str
    tokenizer: Any
    model: Any
    known: dict[tuple[str, str], float] = field(default_factory=dict)

    def scores(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """Logits of (query, passage) pairs; computed where they are not known."""
        missing = [pair for pair in dict.fromkeys(pairs) if pair not in self.known]
        self.known.update(zip(missing, self.computed(missing).tolist(), strict=True))
        return np.array([self.known[pair] for pair in pairs], np.float32)

    def computed(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """Logits computed now; pairs of like length are read together."""
        logits = np.zeros(len(pairs), np.float32)
        by_length = sorted(range(len(pairs)), key=lambda i: len(pairs[i][1]))
        for start in range(0, len(pairs), 16):
            places = by_length[start : start + 16]
            queries, passages = zip(*(pairs[i] for i in places), strict=True)
            inputs = self.tokenizer(list(queries), list(passages), padding=True, truncation=True, return_tensors="pt")
            with torch.inference_mode():
                logits[places] = self.model(**inputs).logits[:, 0].numpy()
        return logits

    def rank(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Logits of some passages for one query."""
        return self.scores([(query, passage) for passage in passages])


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda folder: folder.name)
def loaded(request: pytest.FixtureRequest) -> Loaded:
    return load(request.param)


@cache
def load(folder: Path) -> Loaded:
    """The model, which has read all pairs; once a process, whatever the order of the tests."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    found = Loaded(folder.name, tokenizer, model)
    found.scores(ALL_PAIRS)
    return found


on_each = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


@on_each
def test_every_file_is_under_ten_megabytes(folder: Path) -> None:
    sizes = {p.name: p.stat().st_size for p in folder.iterdir()}
    assert sizes.keys() >= {"config.json", "tokenizer.json", "tokenizer_config.json", "README.md"}
    assert any(name.endswith(".safetensors") for name in sizes)
    assert max(sizes.values()) < 10_000_000
    assert sum(sizes.values()) < LARGEST_FOLDER


@on_each
def test_it_has_the_shape_that_its_card_names(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    names = ("num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size", "vocab_size")
    assert tuple(config[n] for n in names) == SHAPES[folder.name]
    assert config["max_position_embeddings"] == 512
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert f"{SHAPES[folder.name][0]} layers, width {SHAPES[folder.name][1]}" in card
    assert f"{SHAPES[folder.name][4]:,} word pieces" in card


@on_each
def test_it_loads_without_missing_weights_and_without_a_warning(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("transformers")
    logger.addHandler(caplog.handler)
    try:
        model, report = transformers.AutoModelForSequenceClassification.from_pretrained(
            folder, output_loading_info=True
        )
    finally:
        logger.removeHandler(caplog.handler)
    assert not any(report[name] for name in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert [
        r.message for r in caplog.records if r.name.startswith("transformers") and r.levelno >= logging.WARNING
    ] == []
    assert model.config.num_labels == 1
    assert next(model.parameters()).dtype == torch.float32


@on_each
def test_its_tokenizer_gives_back_what_it_read(folder: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    text = "photosynthesis in berlin's parks, 1,024 hectares; cafe zurich?"
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert tokenizer.unk_token_id not in ids
    assert tokenizer.decode(ids).replace(" ", "") == text.replace(" ", "")
    assert (tokenizer.pad_token_id, tokenizer.cls_token_id, tokenizer.sep_token_id) == (0, 101, 102)
    assert max(tokenizer.get_vocab().values()) == len(tokenizer) - 1 == SHAPES[folder.name][4] - 1


# ---- what they must do ---------------------------------------------------------------------------------------------


def test_the_population_of_berlin_comes_before_its_museums(loaded: Loaded) -> None:
    population, museums = loaded.rank(
        "How many people live in Berlin?",
        (
            "Berlin had a population of 3,520,031 registered inhabitants in an area of 891.82 square kilometers.",
            "Berlin is well known for its museums.",
        ),
    )
    assert population > museums


@pytest.mark.parametrize("index", range(len(PASSAGES)))
def test_a_passages_own_opening_sentence_ranks_it_first(loaded: Loaded, index: int) -> None:
    assert loaded.rank(*OPENINGS[index]).argmax() == index


@pytest.mark.parametrize("asked", ASKED_OF_ALL, ids=lambda row: row.key)
def test_it_holds_in_as_many_cases_as_the_card_says(loaded: Loaded, asked: Property) -> None:
    """One more or less, as other processors round otherwise."""
    count = held(asked, dict(zip(ALL_PAIRS, loaded.scores(ALL_PAIRS).tolist(), strict=True)))
    card = (ROOT / "demo" / "bundled" / loaded.name / "README.md").read_text(encoding="utf-8")
    told = re.search(rf"\| {re.escape(asked.text)} \| (\d+) of {len(asked.cases)} \|", card)
    assert told is not None
    assert abs(int(told[1]) - count) <= 1
    assert count >= LEAST[loaded.name].get(asked.key, 0) * len(asked.cases)


@pytest.mark.parametrize("query", ["", "berlin", "?", "北京", "the", "word " * 600])
def test_odd_queries_give_finite_scores(loaded: Loaded, query: str) -> None:
    assert np.abs(loaded.rank(query, (*PASSAGES[:3], "", "word " * 900))).max() < 100


def test_an_empty_query_favours_nothing_strongly(loaded: Loaded) -> None:
    assert loaded.rank("", PASSAGES).max() < loaded.rank(TIDES, PASSAGES).max()


@pytest.mark.parametrize(("query", "index"), WORDS.items())
def test_one_word_finds_its_passage(loaded: Loaded, query: str, index: int) -> None:
    assert loaded.rank(query, PASSAGES).argmax() == index


def test_scores_are_the_same_each_time_and_alone_or_together(loaded: Loaded) -> None:
    pairs = [("why do tides come twice a day", text) for text in PASSAGES]
    together = loaded.computed(pairs)
    assert loaded.computed(pairs).tolist() == together.tolist()
    alone = [loaded.computed([pair])[0] for pair in pairs]
    assert alone == pytest.approx(together, abs=1e-4)


def test_scores_spread_as_logits_do(loaded: Loaded) -> None:
    found = loaded.rank(TIDES, PASSAGES)
    assert found.max() - found.min() > 4
    assert found.argmax() == 7
    assert found.min() < 0
