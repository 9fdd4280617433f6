"""The sparse teacher: weights by the formula, and scores that are dot products of them."""

# ruff: noqa: E402 (imports follow the checks for optional packages)

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch")
transformers = pytest.importorskip("transformers", reason="needs transformers")
pytest.importorskip("tqdm", reason="needs demo/training/requirements.txt")

from made_tokenizers import bert_like

from demo.training.sparse import SparseTeacher, sparse_scores, sparse_weights
from demo.training.tokens import Ids, table_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("splade")
    tokenizer = bert_like(folder)
    torch.manual_seed(3)
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        initializer_range=0.3,
    )
    transformers.BertForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def made_texts(vocabulary: int, lengths: tuple[int, ...]) -> list[Ids]:
    rng = np.random.default_rng(1)
    return [rng.integers(5, vocabulary, length).astype(np.int32) for length in lengths]


def expected(folder: Path, text: Ids, limit: int) -> np.ndarray:
    """ln(1 + max(0, logit)), the largest over the text's places, as transformers alone gives it."""
    model = transformers.AutoModelForMaskedLM.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    ids = [tokenizer.cls_token_id, *text.tolist()[: limit - 2], tokenizer.sep_token_id]
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([ids])).logits[0]
    return np.asarray(torch.log1p(torch.relu(logits)).amax(0))


def test_weights_are_those_of_the_formula(folder: Path) -> None:
    teacher = SparseTeacher(folder, limit=8)
    texts = made_texts(40, (3, 6, 9, 1))
    found = teacher.weights(texts)
    for row, text in zip(found.toarray(), texts, strict=True):
        assert row == pytest.approx(expected(folder, text, 8), abs=1e-5)
    assert 0 < found.nnz < found.shape[0] * found.shape[1]


def test_scores_are_dot_products_and_a_passage_may_be_asked_for_several_times(folder: Path) -> None:
    teacher = SparseTeacher(folder)
    queries, pool = (table_of(made_texts(40, lengths)) for lengths in ((2, 3, 4), (9, 5, 7, 12)))
    weights = sparse_weights(teacher, queries, workers=2)
    wanted = np.asarray([[0, 3], [3, 3], [1, 0]], np.int32)
    scores = sparse_scores(teacher, weights, pool, wanted, workers=2)
    dots = weights.toarray() @ teacher.weights(list(pool)).toarray().T
    assert scores == pytest.approx(np.take_along_axis(dots, wanted, axis=1), rel=2e-3)
    assert np.ptp(scores.astype(float)) > 0.1
