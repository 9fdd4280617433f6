"""What is scored, and by which models: passages drawn from the bundled collections, random weights of exact shapes."""

from __future__ import annotations

import math
import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from demo.library import Library
from demo.service import BUNDLED, CORPORA

QUERY = "how do I keep tomato plants healthy through a cold and rainy summer"
LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Profile:
    """Lengths of passages in words: lognormal with this mean; `spread` is the deviation of the logarithm."""

    words: float
    spread: float


PROFILES: Mapping[str, Profile] = {
    "msmarco": Profile(56, 0.42),  # the mean of MS MARCO's passages, and about their spread
    "short": Profile(15, 0.3),
    "long": Profile(250, 0.3),
}


@cache
def _words() -> list[str]:
    library = Library(CORPORA)
    collections = [library.load(key) for key, card in library.cards() if card.language == LANGUAGE]
    return [word for each in collections for passage in each.passages for word in passage.text.split()]


def passages(count: int, profile: Profile, seed: int) -> list[str]:
    """Stretches of the bundled English collections; another seed gives others."""
    chance, words = random.Random(seed), _words()
    centre = math.log(profile.words) - profile.spread**2 / 2
    texts = []
    for _ in range(count):
        size = max(1, min(len(words), round(chance.lognormvariate(centre, profile.spread))))
        start = chance.randrange(len(words) - size + 1)
        texts.append(" ".join(words[start : start + size]))
    return texts


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of an encoder in the catalog; the feed-forward layer is four times as wide, if not said otherwise."""

    key: str
    kind: str
    layers: int
    width: int
    heads: int
    inner: int = 0

    @property
    def inner_width(self) -> int:
        """Width of the feed-forward layer."""
        return self.inner or 4 * self.width

    def flops(self, tokens: float) -> float:
        """Floating-point operations that one pair of so many tokens needs, the last layer computed for [CLS] alone."""
        per_token = 8 * self.width**2 + 4 * self.width * self.inner_width
        whole = (self.layers - 1) * tokens * (per_token + 4 * tokens * self.width)
        return whole + per_token + 4 * tokens * self.heads * self.width

    def write(self, folder: Path) -> Path:
        """A checkpoint of this shape with random weights and the bundled model's tokenizer."""
        import torch
        import transformers

        config = transformers.AutoConfig.for_model(
            self.kind,
            num_labels=1,
            num_hidden_layers=self.layers,
            hidden_size=self.width,
            num_attention_heads=self.heads,
            intermediate_size=self.inner_width,
            initializer_range=0.05,
            **({"embedding_size": self.width} if self.kind == "electra" else {}),
        )
        torch.manual_seed(0)
        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        model = transformers.AutoModelForSequenceClassification.from_config(config)  # type: ignore[no-untyped-call]
        model.save_pretrained(folder)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(BUNDLED / "tiny" / name, folder)
        return folder


TINY = Shape("bundled/tiny", "bert", 2, 128, 2)
SHAPES = (
    TINY,
    Shape("ms-marco-TinyBERT-L2-v2", "bert", 2, 128, 2),
    Shape("ms-marco-MiniLM-L2-v2", "bert", 2, 384, 12),
    Shape("ms-marco-MiniLM-L4-v2", "bert", 4, 384, 12),
    Shape("ms-marco-MiniLM-L6-v2", "bert", 6, 384, 12),
    Shape("ms-marco-MiniLM-L12-v2", "bert", 12, 384, 12),
    Shape("pt-tinybert-msmarco", "bert", 4, 312, 12, 1_200),
    Shape("ms-marco-electra-base", "electra", 12, 768, 12),
    Shape("pt-bert-base-uncased-msmarco", "bert", 12, 768, 12),
    Shape("pt-bert-large-msmarco", "bert", 24, 1_024, 16),
)
USUAL = (
    *("bundled/tiny", "ms-marco-TinyBERT-L2-v2", "ms-marco-MiniLM-L6-v2"),
    *("ms-marco-MiniLM-L12-v2", "ms-marco-electra-base"),
)


def shapes(keys: Sequence[str]) -> list[Shape]:
    """The rows of these keys, in the order of SHAPES."""
    return [shape for shape in SHAPES if shape.key in keys]
