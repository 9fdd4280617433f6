"""Scores that others published for the published weights; only where the hub can be reached."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from made_checkpoints import scores_of

from demo.rankers.catalog import find
from demo.rankers.cross_encoder.loading import load_cross_encoder, resolve
from demo.settings import Settings


@dataclass(frozen=True)
class Published:
    """What a source gives for one model, a query and some passages.

    Attributes:
        tolerance: absolute, by the digits that the source prints.
        probability: whether the sigmoid of the score is given.
    """

    model: str
    query: str
    passages: tuple[str, ...]
    scores: tuple[float, ...]
    source: str
    tolerance: float = 2e-4
    probability: bool = False


POPULATION = "How many people live in Berlin?"
BERLIN = (
    "Berlin had a population of 3,520,031 registered inhabitants in an area of 891.82 square kilometers.",
    "Berlin is well known for its museums.",
    "In 2014, the city state Berlin had 37,368 live births (+6.6%), a record number since 1991.",
    "The urban area of Berlin comprised about 4.1 million people in 2014, making it the seventh most populous urban "
    "area in the European Union.",
    "The city of Paris had a population of 2,165,423 people within its administrative city limits as of January 1, "
    "2019",
    "An estimated 300,000-420,000 Muslims reside in Berlin, making up about 8-11 percent of the population.",
    "Berlin is subdivided into 12 boroughs or districts (Bezirke).",
    "In 2015, the total labour force in Berlin was 1.85 million.",
    "In 2013 around 600,000 Berliners were registered in one of the more than 2,300 sport and fitness clubs.",
    "Berlin has a yearly total of about 135 million day visitors, which puts it in third place among the most-visited "
    "city destinations in the European Union.",
)
SAME = "is toprol xl the same as metoprolol?"
METOPROLOL = (
    "Metoprolol succinate is also known by the brand name Toprol XL. It is the extended-release form of metoprolol. "
    "Metoprolol succinate is approved to treat high blood pressure, chronic chest pain, and congestive heart failure.",
    "Pill with imprint 1 is White, Round and has been identified as Metoprolol Tartrate 25 mg.",
    "Interactions between your drugs No interactions were found between Allergy Relief and metoprolol. This does not "
    "necessarily mean no interactions exist. Always consult your healthcare provider.",
)
LIBRARY = (
    "We are very happy to show you the 🤗 Transformers library for pre-trained language models. We are helping the "
    "community work together towards the goal of advancing NLP 🔥.",
    "Hmm I don't like this new movie about transformers that i got from my local library. Those transformers are "
    "robots?",
)
README = "examples/cross_encoder/training/ms_marco/README.md of sentence-transformers, its ten passages"
WATCHED = "tests/cross_encoder/test_pretrained.py of sentence-transformers"

PUBLISHED = (
    Published(
        *("cross-encoder/ms-marco-MiniLM-L6-v2", POPULATION, BERLIN),
        (8.607138, -4.320077, 7.5978117, 8.915804, -4.237982, 8.2359, 0.33119553, 3.4510403, 6.352979, 5.416662),
        README,
        tolerance=2e-3,
    ),
    Published(
        *("cross-encoder/ms-marco-MiniLM-L12-v2", POPULATION, BERLIN[:2], (9.2189, -4.0780)),
        "card of the model",
        tolerance=2e-3,
    ),
    Published("cross-encoder/ms-marco-MiniLM-L6-v2", SAME, METOPROLOL, (8.1254511, -3.0450161, -3.1524129), WATCHED),
    Published("cross-encoder/ms-marco-TinyBERT-L2-v2", SAME, METOPROLOL, (8.1427679, 1.2057736, -2.7283530), WATCHED),
    Published(
        *("mixedbread-ai/mxbai-rerank-xsmall-v1", SAME, METOPROLOL, (0.9224735, 0.0479359, 0.0331515), WATCHED),
        probability=True,
    ),
    Published(
        *("sebastian-hofstaetter/distilbert-cat-margin_mse-T2-msmarco", "what is the transformers library", LIBRARY),
        (5.8996863, 2.2803378),
        "minimal_bert_cat_usage_example.ipynb of sebastian-hofstaetter/neural-ranking-kd",
        tolerance=2e-3,
    ),
)


@pytest.mark.hub
@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: f"{row.model} {row.query}")
def test_published_scores(row: Published) -> None:
    settings = Settings()
    model = load_cross_encoder(resolve(row.model, settings), settings)
    scores = np.array(scores_of(model, row.query, row.passages))
    found = 1 / (1 + np.exp(-scores)) if row.probability else scores
    np.testing.assert_allclose(found, row.scores, rtol=0, atol=row.tolerance)
    assert found.argsort().tolist() == np.argsort(row.scores).tolist()


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: f"{row.model} {row.query}")
def test_a_published_score_is_of_a_row_of_the_catalog(row: Published) -> None:
    spec = find(row.model)
    assert spec is not None
    assert spec.key == row.model
    assert len(row.passages) == len(row.scores)
    assert row.source
