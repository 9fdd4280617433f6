"""Where a training run begins: a model and the tokenizer it reads with.

- `pretrained`: the sparse teacher's two layers;
- `joined`: bundled models beside each other (module `joined`);
- `grown`: the teacher's encoder laid out as a cross-encoder (module `grown`), with a vocabulary cut to the pool's
  frequent pieces;
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
from transformers import AutoModel, BertForSequenceClassification

from demo.training.export import stored
from demo.training.grown import grow
from demo.training.joined import join
from demo.training.sparse import sparse_teacher_folder
from demo.training.teacher import teacher_folder
from demo.training.tokens import CLS, SEP, TokenTable, load_tokenizer, padded, splice, table_of, tokenise
from demo.training.vocabulary import FIRST_WORD, kept_pieces, write_pruned

_PIECES = 26_000
_ENLARGED = 64.0
"""How much larger the embeddings are made, so that 8-bit floats have all their digits; the norm behind undoes it."""
_TYPICAL, _LONGEST = 300, 94
"""Queries and passages that show the encoder at work, and word pieces read of each."""


@dataclass(frozen=True)
class Start:
    """A model to train, and the tokenizer.json that it reads with."""

    model: Any
    tokenizer: Path


def pretrained() -> Start:
    """The sparse teacher's encoder with a new head: two layers that have read web text, but never two texts at once."""
    folder = sparse_teacher_folder()
    model: Any = BertForSequenceClassification.from_pretrained(folder, num_labels=1)
    return Start(model.eval(), folder / "tokenizer.json")


def joined(folders: Sequence[Path], passages: Sequence[str], queries: Sequence[str], seed: int) -> Start:
    """The models in the folders as one, its word embeddings as they can be stored.

    Args:
        folders: Of models that share a tokenizer, a depth and the width of a head.
        passages: Some of them, each behind one of the queries, show how the models are used.
        queries: See above.
        seed: Of which.
    """
    models = [continued(folder).model for folder in folders]
    tokenizer, rng = folders[0] / "tokenizer.json", np.random.default_rng(seed)
    asked, read = (_typical(texts, tokenizer, rng) for texts in (queries, passages))
    ids, types = padded([splice(asked[i % len(asked)], read[i]) for i in range(len(read))])
    model = join(models, torch.from_numpy(ids), torch.from_numpy(types))
    _round(model.get_input_embeddings())
    return Start(model, tokenizer)


def piece_idf(texts: Sequence[str], tokenizer: Path, vocabulary: int) -> NDArray[np.float32]:
    """ln((N + 1) / (df + ½)) of every word piece over the texts."""
    table = tokenise(texts, load_tokenizer(tokenizer))
    once = table_of([np.unique(table[i]) for i in range(len(table))])
    frequency = np.bincount(once.ids, minlength=vocabulary)
    return np.log((len(table) + 1) / (frequency + 0.5)).astype(np.float32)


def grown(
    passages: Sequence[str],
    queries: Sequence[str],
    seed: int,
    folder: Path,
) -> Start:
    """The teacher's encoder as a cross-encoder that ranks about as the teacher does.

    Args:
        passages: Decide which word pieces stay.
        queries: Some of them, and of the passages, show how the encoder is used.
        seed: Of which, and of the weights that are left to training.
        folder: Gets the cut tokenizer.json.
    """
    tokenizer = folder / "tokenizer.json"
    source = teacher_folder()
    encoder: Any = AutoModel.from_pretrained(source).eval()
    counts = np.bincount(
        tokenise(passages, load_tokenizer(source / "tokenizer.json")).ids, minlength=encoder.config.vocab_size
    )
    kept = kept_pieces(source / "tokenizer.json", counts, _PIECES)
    write_pruned(source / "tokenizer.json", kept, tokenizer)
    _use_words(encoder, kept)
    rng = np.random.default_rng(seed)
    typical = [_between(_typical(texts, tokenizer, rng)) for texts in (queries, passages)]
    idf = torch.from_numpy(piece_idf(passages, tokenizer, len(kept)))
    idf[:FIRST_WORD] = 0.0
    model = grow(encoder, typical[0], typical[1], idf / idf.max(), seed)
    _round(model.get_input_embeddings())
    return Start(model, tokenizer)


def _use_words(encoder: Any, kept: NDArray[np.int64]) -> None:
    """Leaves the kept pieces' embeddings, as they can be stored."""
    words = encoder.get_input_embeddings().weight.detach()[torch.from_numpy(kept)]
    encoder.set_input_embeddings(torch.nn.Embedding(len(words), words.shape[1], _weight=words))
    encoder.config.vocab_size = len(kept)
    tables = encoder.embeddings
    with torch.no_grad():
        for table in (tables.word_embeddings, tables.token_type_embeddings, tables.position_embeddings):
            table.weight *= _ENLARGED
    _round(tables.word_embeddings)


def _round(table: torch.nn.Embedding) -> None:
    """Leaves what storing the table would leave, so that what is trained on top is what will be loaded."""
    table.weight.data = stored(table.weight.detach()).float()


def _typical(texts: Sequence[str], tokenizer: Path, rng: np.random.Generator) -> TokenTable:
    """Some of the texts in word pieces."""
    drawn = rng.choice(len(texts), min(_TYPICAL, len(texts)), replace=False)
    return tokenise([texts[i] for i in drawn], load_tokenizer(tokenizer), _LONGEST)


def _between(table: TokenTable) -> list[list[int]]:
    """The texts as an encoder reads each, between [CLS] and [SEP]."""
    return [[CLS, *table[i].tolist(), SEP] for i in range(len(table))]


def continued(folder: Path) -> Start:
    """The model in `folder`, in full precision."""
    model: Any = BertForSequenceClassification.from_pretrained(folder)
    return Start(model.eval(), folder / "tokenizer.json")
