"""Bi-encoders as sentence-transformers computes them, and the bundled one. Needs torch: import it late.

No code of a checkpoint is ever run.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from time import perf_counter
from typing import Any

import numpy as np
import torch

from demo.errors import DemoError, ModelError
from demo.messages import Message
from demo.rankers.cross_encoder import loading
from demo.rankers.cross_encoder.checkpoints import Checkpoint, find_checkpoint, is_bundled
from demo.rankers.cross_encoder.forward import BertEncoder
from demo.rankers.cross_encoder.hub import Hub
from demo.rankers.cross_encoder.layouts import PARTS, Files, describe, is_bi_encoder
from demo.rankers.cross_encoder.loaded_models import Tell
from demo.rankers.cross_encoder.network import choose_device, open_encoder
from demo.rankers.cross_encoder.pairs import writable
from demo.rankers.cross_encoder.tokenizer import TextTokenizer
from demo.records import Extent, FloatArray, ModelSpec
from demo.settings import Settings

BATCH = 32

BUNDLED_TOKENS = 256
"""What the bi-encoder that Small was made of was trained to read."""


class SentenceEncoder:
    """A SentenceTransformer, ready to encode in fp32."""

    def __init__(self, model: Any, load_seconds: float) -> None:
        self._model = model
        self.load_seconds = load_seconds
        self._tokenizer = deepcopy(model.tokenizer.backend_tokenizer)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    @property
    def bytes(self) -> int:
        """Memory that the weights take."""
        return sum(tensor.nbytes for tensor in self._model.parameters())

    @property
    def device(self) -> str:
        """Where it computes."""
        return str(self._model.device)

    def passages(self, texts: Sequence[str]) -> FloatArray:
        """float32 (texts, dimensions), with the prompt for documents if the model has one."""
        vectors: FloatArray = self._model.encode_document(
            list(map(writable, texts)), batch_size=BATCH, show_progress_bar=False
        )
        return vectors.astype(np.float32)

    def similarities(self, query: str, vectors: FloatArray) -> FloatArray:
        """float32 (texts,): cosine or whatever the model's files name, with the prompt for queries if it has one."""
        if not len(vectors):
            return np.zeros(0, np.float32)
        vector = self._model.encode_query([writable(query)], show_progress_bar=False)
        similarities: FloatArray = self._model.similarity(vector, torch.from_numpy(vectors))[0].float().numpy()
        return similarities

    def extents(self, texts: Sequence[str]) -> Sequence[Extent]:
        """What it reads of each text: its beginning, up to the model's length."""
        most = int(self._model.max_seq_length or 10**9)
        encodings = self._tokenizer.encode_batch(list(map(writable, texts)))
        return [_extent(text, encoding, most) for text, encoding in zip(texts, encodings, strict=True)]


def _extent(text: str, encoding: Any, most: int) -> Extent:
    size = len(encoding.ids)
    if size <= most:
        return Extent(size, size, 0, len(text))
    special = sum(encoding.special_tokens_mask)
    ends = [end for (_, end), mark in zip(encoding.offsets, encoding.special_tokens_mask, strict=True) if not mark]
    return Extent(size, most, 0, ends[max(most - special, 1) - 1])


def load_encoder(
    spec: ModelSpec, settings: Settings, tell: Tell, hub: Hub = loading.HUB
) -> SentenceEncoder | BundledEncoder:
    """The bi-encoder, downloaded if need be.

    Raises:
        DemoError: as `loading.load_cross_encoder`; ModelError where it is no bi-encoder.
    """
    start = perf_counter()
    checkpoint = find_checkpoint(spec, hub) or loading.fetch(spec, hub, tell, lambda spec, _: spec)
    if is_bundled(spec):
        device = torch.device(choose_device(settings.device))
        encoder, tokenizer = open_encoder(describe(spec, checkpoint.folder), checkpoint, device)
        return BundledEncoder(encoder, tokenizer, device, perf_counter() - start)
    from sentence_transformers import SentenceTransformer

    _check(spec, checkpoint)
    tell(Message("Reading the weights of {label}", label=spec.label))
    try:
        model = SentenceTransformer(
            str(checkpoint.folder),
            device=choose_device(settings.device),
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"dtype": torch.float32},
        )
    except DemoError:
        raise
    except Exception as error:
        raise loading.not_loadable(spec, checkpoint, error) from error
    return SentenceEncoder(model.eval(), perf_counter() - start)


def _check(spec: ModelSpec, checkpoint: Checkpoint) -> None:
    files = Files.read(checkpoint.folder)
    if not is_bi_encoder(files):
        raise ModelError(
            "“{label}” was not saved as a bi-encoder: it has no modules.json of sentence-transformers that says "
            "how its tokens become one vector. Choose another model.",
            label=spec.label,
        )
    if any(part.name not in PARTS or not part.full_name.startswith("sentence_transformers.") for part in files.parts):
        raise ModelError(
            "“{label}” needs code of its own, and code that comes with a model is never run. Choose another model.",
            label=spec.label,
        )


class BundledEncoder:
    """The encoder of a bundled cross-encoder as a bi-encoder: the mean of its tokens before the last layer.

    Small's layers but the last are those of a bi-encoder that was trained further (its card tells how), and as such
    they still find by meaning. Computed by our own forward pass, in fp32.
    """

    def __init__(
        self, encoder: BertEncoder, tokenizer: TextTokenizer, device: torch.device, load_seconds: float
    ) -> None:
        self._encoder, self._tokenizer, self._device = encoder, tokenizer.backend, device
        self._tokenizer.no_truncation()
        self._tokenizer.enable_padding(pad_id=tokenizer.pad)
        self.load_seconds = load_seconds

    @property
    def bytes(self) -> int:
        """Memory that the weights take."""
        return sum(tensor.nbytes for tensor in self._encoder.tensors)

    @property
    def device(self) -> str:
        """Where it computes."""
        return str(self._device)

    @torch.inference_mode()
    def passages(self, texts: Sequence[str]) -> FloatArray:
        """float32 (texts, width), each of length 1."""
        parts = [self._batch(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)

    def _batch(self, texts: Sequence[str]) -> FloatArray:
        encodings = self._tokenizer.encode_batch(list(map(writable, texts)))
        rows = torch.tensor([encoding.ids[:BUNDLED_TOKENS] for encoding in encodings], device=self._device)
        read = torch.tensor([encoding.attention_mask[:BUNDLED_TOKENS] for encoding in encodings], device=self._device)
        means = self._encoder.mean_before_last(rows, read)
        vectors: FloatArray = torch.nn.functional.normalize(means, dim=-1).cpu().numpy()
        return vectors

    def similarities(self, query: str, vectors: FloatArray) -> FloatArray:
        """float32 (texts,): cosines."""
        similarities: FloatArray = (vectors @ self.passages([query])[0]) if len(vectors) else np.zeros(0, np.float32)
        return similarities

    def extents(self, texts: Sequence[str]) -> Sequence[Extent]:
        """What it reads of each text: its beginning."""
        encodings = [self._tokenizer.encode(text) for text in map(writable, texts)]
        return [_extent(text, encoding, BUNDLED_TOKENS) for text, encoding in zip(texts, encodings, strict=True)]
