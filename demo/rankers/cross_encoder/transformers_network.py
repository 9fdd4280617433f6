"""Checkpoints as their transformers classes load and compute them: every architecture without a forward of its own.

Needs transformers, whose import takes seconds: import it late. No code of a checkpoint is ever run: pickles are read
with weights_only, remote code is off.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from threading import Lock
from typing import Any

import torch
import transformers
from torch import Tensor, nn

from demo.errors import ModelError
from demo.messages import Message
from demo.rankers.cross_encoder.checkpoints import Checkpoint, untrained
from demo.rankers.cross_encoder.tokenizer import TextTokenizer
from demo.records import ModelSpec

_loading = Lock()
"""transformers changes settings of the whole process while it loads, so that two models must not load at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """A module of transformers on its device; calling it gives its logits.

    Attributes:
        module: takes tensors by name, of those that the tokenizer makes, and returns an object with `logits`.
        max_tokens: the longest row it has positions for; 0 for no limit.
    """

    module: nn.Module
    max_tokens: int

    def __call__(self, ids: Tensor, mask: Tensor | None, types: Tensor | None) -> Tensor:
        """Tokens, mask (1 for tokens, 0 for padding; None without padding) and types (R, T) → float32 (R, labels)."""
        mask = torch.ones_like(ids) if mask is None else mask
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        taken = inspect.signature(self.module.forward).parameters
        logits: Tensor = self.module(**{name: inputs[name] for name in inputs if name in taken}).logits
        return logits.float()

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """All weights and buffers."""
        return (*self.module.parameters(), *self.module.buffers())


def load_classifier(spec: ModelSpec, checkpoint: Checkpoint, device: torch.device, dtype: torch.dtype) -> Classifier:
    """The checkpoint as its transformers class loads it, ready to score.

    Raises:
        ModelError: the checkpoint has no trained head, or a class that transformers does not have.
        OSError, ValueError, RuntimeError…: whatever transformers meets in damaged files.
    """
    with _loading:
        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        module = _load(spec, checkpoint)
    module.eval().requires_grad_(False)
    limit = _positions(module)
    if dtype != torch.float32:
        _round_weights(module, dtype, spec.labels)
    return Classifier(module.to(device), limit)


def _load(spec: ModelSpec, checkpoint: Checkpoint) -> nn.Module:
    owner = getattr(transformers, spec.architecture or "AutoModelForSequenceClassification", None)
    if owner is None:
        raise ModelError(
            Message(
                "“{label}” is of class {architecture}, which transformers {version__} does not have, and code that "
                "comes with a model is never run. Choose another model.",
                label=spec.label,
                architecture=spec.architecture,
                version__=transformers.__version__,
            )
        )
    module, report = owner.from_pretrained(
        checkpoint.folder,
        num_labels=spec.labels,
        dtype=torch.float32,
        use_safetensors=checkpoint.weights[0].suffix == ".safetensors",
        weights_only=True,
        trust_remote_code=False,
        local_files_only=True,
        output_loading_info=True,
    )
    missing = sorted(report["missing_keys"])
    if missing:
        raise untrained(spec, missing)
    return module  # type: ignore[no-any-return]


def _positions(module: nn.Module) -> int:
    """Positions that the model was given, or 0 for one without a table of them; RoBERTa's start after its padding."""
    for name, part in module.named_modules():
        if name.endswith("position_embeddings") and isinstance(part, nn.Embedding):
            taken = 0 if part.padding_idx is None else part.padding_idx + 1
            return part.num_embeddings - taken
    return int(getattr(getattr(module, "config", None), "max_position_embeddings", 0) or 0)


def _round_weights(module: nn.Module, dtype: torch.dtype, labels: int) -> None:
    """Makes all weights `dtype` but those of the layer that gives the logits: rounded, close logits would become equal.

    Buffers stay as they are: angles of rotary positions need all their digits.
    """
    last = [part for part in module.modules() if isinstance(part, nn.Linear) and part.out_features == labels][-1]
    for parameter in module.parameters():
        parameter.data = parameter.data.to(dtype)
    last.float()
    last.register_forward_pre_hook(lambda _, arguments: (arguments[0].float(),))


def load_tokenizer(spec: ModelSpec, checkpoint: Checkpoint) -> TextTokenizer:
    """The tokenizer of a checkpoint, backed by the tokenizers library.

    Raises:
        ModelError: it exists as Python code only.
    """
    folder = checkpoint.tokenizer
    if spec.lower_case is not None:
        return as_text_tokenizer(
            transformers.BertTokenizer.from_pretrained(folder, do_lower_case=spec.lower_case, local_files_only=True)
        )
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    if not tokenizer.is_fast:
        raise ModelError(
            Message(
                "The tokenizer of “{label}” ({name__}) has no fast form, which is needed to tell what was read of a "
                "passage. Choose another model.",
                label=spec.label,
                name__=type(tokenizer).__name__,
            )
        )
    return as_text_tokenizer(tokenizer)


def as_text_tokenizer(tokenizer: Any) -> TextTokenizer:
    """A fast tokenizer of transformers; it is changed, so it must not be used elsewhere."""
    return TextTokenizer(
        backend=tokenizer.backend_tokenizer,
        max_tokens=tokenizer.model_max_length,
        typed="token_type_ids" in tokenizer.model_input_names,
        pad=tokenizer.pad_token_id or 0,
        pad_type=tokenizer.pad_token_type_id,
        pads_left=tokenizer.padding_side == "left",
    )
