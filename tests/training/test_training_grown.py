"""The layout of small's start on a bi-encoder with random weights: texts are read apart, words found, both compared."""

# ruff: noqa: E402 (imports follow the checks for optional packages)

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch")
transformers = pytest.importorskip("transformers", reason="needs transformers")
pytest.importorskip("tqdm", reason="needs demo/training/requirements.txt")

from demo.training.grown import grow
from demo.training.marks import free_two, held
from demo.training.tokens import CLS, SEP

WORDS, WIDTH, HEADS = 400, 192, 8


def made_encoder() -> Any:
    torch.manual_seed(3)
    config = transformers.BertConfig(
        vocab_size=WORDS,
        hidden_size=WIDTH,
        num_hidden_layers=3,
        num_attention_heads=HEADS,
        intermediate_size=4 * WIDTH,
        initializer_range=0.08,
    )
    encoder = transformers.BertModel(config, add_pooling_layer=False).eval()
    encoder.embeddings.position_embeddings.weight.data *= 0.2  # words differ by more than places, as in a trained one
    return encoder


def texts(count: int, length: int, seed: int) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [[CLS, *rng.integers(110, WORDS, length).tolist(), SEP] for _ in range(count)]


QUERIES, PASSAGES = texts(60, 8, 1), texts(60, 30, 2)
IDF = torch.linspace(0.2, 1.0, WORDS).index_fill(0, torch.tensor([CLS, SEP]), 0.0)


@pytest.fixture(scope="module")
def encoder() -> Any:
    return made_encoder()


@pytest.fixture(scope="module")
def model(encoder: Any) -> Any:
    return grow(deepcopy(encoder), QUERIES, PASSAGES, IDF, seed=5)


def averages(encoder: Any, rows: list[list[int]]) -> Any:
    """Of the encoder; equally long texts."""
    with torch.inference_mode():
        return encoder(input_ids=torch.tensor(rows)).last_hidden_state.mean(1)


def pairs(query: list[int], passages: list[list[int]]) -> dict[str, Any]:
    ids = torch.tensor([[*query, *passage[1:]] for passage in passages])
    types = torch.tensor([[0] * len(query) + [1] * (len(passages[0]) - 1)] * len(passages))
    return {"input_ids": ids, "token_type_ids": types}


def test_scores_follow_the_cosine_where_words_do_not_count(encoder: Any, model: Any) -> None:
    blind = deepcopy(model)
    blind.bert.encoder.layer[-1].output.dense.weight.data[:2, 2 * WIDTH - 4 :] = 0.0
    queries, passages = averages(encoder, QUERIES[:5]), averages(encoder, PASSAGES)
    follows = []
    for row, query in enumerate(QUERIES[:5]):
        cosines = torch.cosine_similarity(queries[row : row + 1], passages)
        with torch.inference_mode():
            scores = blind(**pairs(query, PASSAGES)).logits[:, 0]
            with torch.autocast("cpu", torch.bfloat16):
                rounded = blind(**pairs(query, PASSAGES)).logits[:, 0].float()
        follows.append(np.corrcoef(scores, cosines)[0, 1])
        assert np.corrcoef(scores, rounded)[0, 1] > 0.97
    assert np.mean(follows) > 0.6


def test_a_passage_with_the_querys_words_scores_higher_the_rarer_they_are(model: Any) -> None:
    query, passage = QUERIES[0], PASSAGES[0]
    others = [word for word in query[1:-1] if word not in passage]
    common, rare = min(others), max(others)
    copies = [[*passage[:-2], word, SEP] for word in (passage[-2], common, rare)]
    with torch.inference_mode():
        without, some, more = model(**pairs(query, copies)).logits[:, 0].tolist()
    assert without < some < more


def test_a_querys_token_finds_its_word_in_the_passage_and_brings_its_idf(model: Any) -> None:
    heads = model.bert.encoder.layer[0].attention.output.dense.weight
    found = int(((heads != 0).sum(1) == 1).nonzero()[0])  # read from one number of one head
    query, passage = QUERIES[0], PASSAGES[0]
    added = [word for word in query[1:-1] if word not in passage][:3]
    with torch.inference_mode():
        before, after = (
            model(**pairs(query, [row]), output_hidden_states=True).hidden_states[1][0, 1 : len(query) - 1, found]
            for row in (passage, [*passage[:-4], *added, SEP])
        )
    brought = (after - before) / IDF[query[1:-1]]
    has = torch.tensor([word in added for word in query[1:-1]])
    assert float(brought[has].min()) > 5 * float(brought[~has].abs().max())
    assert float(brought[has].max()) < 1.5 * float(brought[has].min())


def test_no_token_but_the_first_is_read_with_the_other_text(model: Any) -> None:
    """Another passage changes what becomes of the query's tokens by next to nothing, up to the matching layer."""
    with torch.inference_mode():
        first, second = (
            model(**pairs(QUERIES[0], [passage]), output_hidden_states=True).hidden_states[-2][0, 1 : len(QUERIES[0])]
            for passage in PASSAGES[:2]
        )
    assert float((first - second).norm() / first.norm()) < 0.03


@pytest.fixture(scope="module")
def sides(model: Any) -> Any:
    """The two numbers of the width in which token types differ."""
    types = model.bert.embeddings.token_type_embeddings.weight
    places = (types[1] != types[0]).nonzero()[:, 0]
    assert len(places) == 2
    return places


def marks(model: Any, sides: Any, query: list[int], passage: list[int]) -> Any:
    """Of every token, after the embeddings and every layer but the last, shape (layers, tokens)."""
    with torch.inference_mode():
        states = model(**pairs(query, [passage]), output_hidden_states=True).hidden_states[:-1]
    return torch.stack([state[0][:, sides[0]] - state[0][:, sides[1]] for state in states])


def test_every_layer_hands_the_marks_on_and_the_first_token_has_none(model: Any, sides: Any) -> None:
    found = marks(model, sides, QUERIES[0], PASSAGES[0])
    rest, end = found[:, 1:], len(QUERIES[0]) - 1
    sign = torch.sign(rest[0, -1])
    assert float(found[:, 0].abs().max()) < 1e-5
    assert (torch.sign(rest[:, end:]) == sign).all()
    assert (torch.sign(rest[:, :end]) == -sign).all()
    assert float((rest.abs().max(1).values / rest.abs().min(1).values).max()) < 3


def test_what_writes_the_marks_is_held_and_training_leaves_the_rest_free(model: Any, sides: Any) -> None:
    moved = deepcopy(model)
    masks = held(moved)
    torch.manual_seed(0)
    with torch.no_grad():
        for name, weights in moved.named_parameters():
            noise = 0.01 * torch.randn_like(weights)
            weights += noise.masked_fill(masks[name], 0.0) if name in masks else noise
    found = marks(moved, sides, QUERIES[0], PASSAGES[0])
    assert float(found[:, 0].abs().max()) < 1e-5
    assert float(found[:, 1:].abs().min()) > 0
    share = sum(int(mask.sum()) for mask in masks.values()) / sum(w.numel() for w in moved.parameters())
    assert 0 < share < 0.1
    assert held(transformers.BertForSequenceClassification(model.config)) == {}


def test_a_head_with_two_numbers_freed_attends_as_before() -> None:
    torch.manual_seed(0)
    basis = torch.randn(6, WIDTH)
    read = torch.randn(500, 6) @ basis + 0.5  # six directions and a constant: eight numbers are enough
    query, key = torch.nn.Linear(WIDTH, 24), torch.nn.Linear(WIDTH, 24)
    rows = slice(8, 20)
    with torch.no_grad():

        def attention() -> Any:
            products = query(read)[:50, rows] @ key(read)[:, rows].T
            return (products / 50).softmax(1)

        before, other = attention(), query.weight[20:].clone()
        free_two(query, key, rows, read)
        assert torch.allclose(attention(), before, atol=1e-4)
    assert not query.weight[8:10].any()
    assert not key.weight[8:10].any()
    assert torch.equal(query.weight[20:], other)
