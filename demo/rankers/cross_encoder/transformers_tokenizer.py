"""Tokenizers as transformers makes them: those that `tokenizer` does not make by itself.

Needs transformers, whose import takes seconds: import it late. No code of a checkpoint is ever run.
"""

from __future__ import annotations

from typing import Any

import transformers

from demo.errors import ModelError
from demo.rankers.cross_encoder.checkpoints import Checkpoint
from demo.rankers.cross_encoder.tokenizer import TextTokenizer
from demo.records import ModelSpec


def load_tokenizer(spec: ModelSpec, checkpoint: Checkpoint) -> TextTokenizer:
    """The tokenizer of a checkpoint that this package computes, backed by the tokenizers library; it pads on the right.

    Raises:
        ModelError: it exists as Python code only.
    """
    folder = checkpoint.tokenizer
    if spec.lower_case is not None:
        made = transformers.BertTokenizer.from_pretrained(folder, do_lower_case=spec.lower_case, local_files_only=True)
        return as_text_tokenizer(made, either_side=False)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    return as_text_tokenizer(fast(spec, tokenizer), either_side=False)


def fast(spec: ModelSpec, tokenizer: Any) -> Any:
    """The tokenizer, if it has a fast form.

    Raises:
        ModelError: it exists as Python code only.
    """
    if not tokenizer.is_fast:
        raise ModelError(
            "The tokenizer of “{label}” ({name__}) has no fast form, which is needed to tell what was read of a "
            "passage. Choose another model.",
            label=spec.label,
            name__=type(tokenizer).__name__,
        )
    return tokenizer


def as_text_tokenizer(tokenizer: Any, either_side: bool = True) -> TextTokenizer:
    """A fast tokenizer of transformers; it is changed, so it must not be used elsewhere.

    Args:
        either_side: whether the model may be padded on the left. One that numbers positions from the row's beginning
            may not: its scores would depend on the other rows of the batch.
    """
    return TextTokenizer(
        backend=tokenizer.backend_tokenizer,
        max_tokens=tokenizer.model_max_length,
        typed="token_type_ids" in tokenizer.model_input_names,
        pad=tokenizer.pad_token_id or 0,
        pad_type=tokenizer.pad_token_type_id,
        pads_left=either_side and tokenizer.padding_side == "left",
        cuts_left=tokenizer.truncation_side == "left",
    )
