"""Where a training run begins: a model and the tokenizer it reads with.

- `laid_out`: the two-layer student that matches words before its first step (`student`);
- `grown`: all layers of the teacher's encoder under a fresh head, with a vocabulary cut to the pool's frequent pieces;
- `continued`: a model folder, such as a bundled one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, BertConfig, BertForSequenceClassification

from demo.training.student import RESERVED, initialise, tiny_config, word_vectors
from demo.training.teacher import teacher_folder
from demo.training.tokens import load_tokenizer, table_of, tokenise
from demo.training.vocabulary import kept_pieces, write_pruned

_PIECES = 12_900
_HEAD_DEVIATION = 0.15
"""Of the fresh head's weights: wide enough for logits to spread without waiting for the head to grow."""


@dataclass(frozen=True)
class Start:
    """A model to train, and the tokenizer.json that it reads with."""

    model: Any
    tokenizer: Path


def laid_out(texts: Sequence[str], seed: int) -> Start:
    """The start that `student` describes, from the teacher's word embeddings and the texts' idf."""
    tokenizer = teacher_folder() / "tokenizer.json"
    config = tiny_config()
    model: Any = BertForSequenceClassification(config)
    encoder = AutoModel.from_pretrained(teacher_folder())
    embeddings = encoder.get_input_embeddings().weight.detach().numpy()
    words = word_vectors(embeddings, config.hidden_size - RESERVED, seed)
    initialise(model, words, piece_idf(texts, tokenizer, config.vocab_size), seed)
    return Start(model.eval(), tokenizer)


def piece_idf(texts: Sequence[str], tokenizer: Path, vocabulary: int) -> NDArray[np.float32]:
    """ln((N + 1) / (df + ½)) of every word piece over the texts."""
    table = tokenise(texts, load_tokenizer(tokenizer))
    once = table_of([np.unique(table[i]) for i in range(len(table))])
    frequency = np.bincount(once.ids, minlength=vocabulary)
    return np.log((len(table) + 1) / (frequency + 0.5)).astype(np.float32)


def grown(texts: Sequence[str], seed: int, folder: Path) -> Start:
    """The teacher's encoder with a fresh head.

    Args:
        texts: Decide which word pieces stay.
        seed: Of the head's weights.
        folder: Gets the cut tokenizer.json.
    """
    tokenizer = folder / "tokenizer.json"
    source = teacher_folder()
    encoder: Any = AutoModel.from_pretrained(source)
    counts = np.bincount(
        tokenise(texts, load_tokenizer(source / "tokenizer.json")).ids, minlength=encoder.config.vocab_size
    )
    kept = kept_pieces(source / "tokenizer.json", counts, _PIECES)
    write_pruned(source / "tokenizer.json", kept, tokenizer)
    weights = encoder.state_dict()
    weights["embeddings.word_embeddings.weight"] = weights["embeddings.word_embeddings.weight"][torch.from_numpy(kept)]
    make: Any = BertConfig
    config = make(**(encoder.config.to_diff_dict() | {"vocab_size": len(kept), "num_labels": 1}))
    model: Any = BertForSequenceClassification(config)
    model.bert.load_state_dict(weights)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        model.classifier.weight.normal_(0.0, _HEAD_DEVIATION, generator=generator)
        model.classifier.bias.zero_()
    return Start(model.eval(), tokenizer)


def continued(folder: Path) -> Start:
    """The model in `folder`, in full precision."""
    model: Any = BertForSequenceClassification.from_pretrained(folder)
    return Start(model.eval(), folder / "tokenizer.json")
