"""The shipped weights themselves: what they must do whatever they were trained with."""

# ruff: noqa: E402 (imports follow the checks for optional packages)

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="needs torch")
transformers = pytest.importorskip("transformers", reason="needs transformers")

from demo.library import Library

ROOT = Path(__file__).parents[2]
FOLDERS = sorted(path.parent for path in (ROOT / "demo" / "bundled").glob("*/config.json"))
pytestmark = pytest.mark.skipif(not FOLDERS, reason="no bundled model")

SHAPES = {"tiny": (2, 128, 2, 512, 30_522), "small": (7, 384, 12, 1_536, 26_000)}
"""Layers, width, heads, feed-forward width, word pieces."""
IN_ORDER = {"tiny": 0.65, "small": 0.8}
"""Share of passages that score higher than the same words shuffled."""
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


CITIES = {
    "Berlin": "3,700,000",
    "Madrid": "3,300,000",
    "Rome": "2,800,000",
    "Paris": "2,100,000",
    "Vienna": "1,900,000",
    "Hamburg": "1,800,000",
    "Warsaw": "1,700,000",
    "Munich": "1,500,000",
    "Lyon": "520,000",
    "Lisbon": "510,000",
}

LIBRARY = Library(ROOT / "corpora")
ENGLISH = [LIBRARY.load(key) for key in ("cities", "health", "cooking", "programming", "support", "astronomy")]
COLLECTIONS = {c.key: [p.content for p in c.passages] for c in ENGLISH}


def _judged(wanted: Callable[[int], bool]) -> list[tuple[str, str]]:
    """For each query of the English collections, itself and its first passage with a wanted grade."""
    texts = [{p.doc_id: p.content for p in c.passages} for c in ENGLISH]
    return [
        (query.text, next(text[d] for d, grade in c.qrels[query.query_id].items() if wanted(grade)))
        for c, text in zip(ENGLISH, texts, strict=True)
        for query in c.queries
    ]


Pairs = list[tuple[str, str]]

ANSWERED, UNANSWERED = _judged(lambda grade: grade >= 2), _judged(lambda grade: grade == 0)

STRANGE = " ".join(PASSAGES[:2])
LENGTHENED = [(query, f"{text} {STRANGE}") for query, text in ANSWERED]
DOUBLED = [(query, f"{text} {STRANGE} {text}") for query, text in UNANSWERED]


def _shuffled(pairs: Pairs) -> Pairs:
    rng = random.Random(0)
    return [(query, " ".join(rng.sample(text.split(), len(text.split())))) for query, text in pairs]


SHUFFLED = _shuffled(ANSWERED)

NEIGHBOURS = [
    [text for text in texts[start : start + 10] if ". " in text]
    for texts in COLLECTIONS.values()
    for start in range(0, 30, 5)
]
"""Passages of one collection, which are alike in theme and style."""

AMONG_NEIGHBOURS = [(group[0].split(". ")[0] + ".", group) for group in NEIGHBOURS]
OPENINGS = [(text.split(". ")[0] + ".", PASSAGES) for text in PASSAGES]
WORDS = {"heart": 0, "bread": 1, "python": 2, "saturn": 3, "photosynthesis": 5, "bees": 8, "inflation": 9}
TIDES = "what causes the tides of the ocean"

POPULATIONS = [f"{city} has a population of about {n} inhabitants." for city, n in CITIES.items()]
YEARS = (1648, 1789, 1815, 1848, 1871, 1918, 1945, 1969, 1989, 2004)
TREATIES = [f"In {year} the treaty was signed and the borders were drawn anew." for year in YEARS]
NAMED = [
    [(form.format(city), POPULATIONS) for city in CITIES]
    for form in ("population of {}", "How many people live in {}?")
]
NUMBERED = [[(form.format(year), TREATIES) for year in YEARS] for form in ("treaty of {}", "What was signed in {}?")]

ASKED = [
    *(*AMONG_NEIGHBOURS, *OPENINGS, *(row for part in (*NAMED, *NUMBERED) for row in part)),
    *((word, PASSAGES) for word in (*WORDS, TIDES, "")),
]
ALL_PAIRS = list(
    dict.fromkeys(
        [*ANSWERED, *SHUFFLED, *LENGTHENED, *DOUBLED, *((query, text) for query, texts in ASKED for text in texts)]
    )
)
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

    def firsts(self, asked: Sequence[tuple[str, Sequence[str]]]) -> list[int]:
        """For each query and its passages, the place of the passage that ranks first."""
        scores = self.scores([(query, passage) for query, passages in asked for passage in passages])
        ends = np.cumsum([len(passages) for _, passages in asked])
        return [int(part.argmax()) for part in np.split(scores, ends[:-1])]


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


@pytest.fixture(scope="module")
def answers(loaded: Loaded) -> NDArray[np.float32]:
    """Logits of passages that answer."""
    return loaded.scores(ANSWERED)


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


def test_an_opening_sentence_finds_its_passage_among_its_neighbours(loaded: Loaded) -> None:
    assert loaded.firsts(AMONG_NEIGHBOURS).count(0) >= 0.95 * len(NEIGHBOURS)


def test_shuffled_words_score_lower_than_the_passage(loaded: Loaded, answers: NDArray[np.float32]) -> None:
    """Two layers know little of word order, as tiny's card says."""
    assert np.mean(answers > loaded.scores(SHUFFLED)) >= IN_ORDER[loaded.name]


def test_length_alone_is_not_rewarded(loaded: Loaded, answers: NDArray[np.float32]) -> None:
    """Neither do two strange passages behind an answer lift it, nor behind a passage that does not answer above one."""
    assert np.mean(loaded.scores(LENGTHENED) <= answers) >= 0.8
    assert np.mean(loaded.scores(DOUBLED) < answers) >= 0.8


@pytest.mark.parametrize("query", ["", "berlin", "?", "北京", "the", "word " * 600])
def test_odd_queries_give_finite_scores(loaded: Loaded, query: str) -> None:
    assert np.abs(loaded.rank(query, (*PASSAGES[:3], "", "word " * 900))).max() < 100


def test_an_empty_query_favours_nothing_strongly(loaded: Loaded) -> None:
    assert loaded.rank("", PASSAGES).max() < loaded.rank(TIDES, PASSAGES).max()


@pytest.mark.parametrize(("query", "index"), WORDS.items())
def test_one_word_finds_its_passage(loaded: Loaded, query: str, index: int) -> None:
    assert loaded.rank(query, PASSAGES).argmax() == index


def test_names_distinguish(loaded: Loaded) -> None:
    """The same sentence on another city is not the answer."""
    for asked in NAMED:
        assert np.mean(np.equal(loaded.firsts(asked), range(len(CITIES)))) >= 0.9


def test_numbers_distinguish(loaded: Loaded) -> None:
    """The same sentence on another year is not the answer."""
    for asked in NUMBERED:
        assert np.mean(np.equal(loaded.firsts(asked), range(len(YEARS)))) >= 0.9


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
