"""A cross-encoder of two narrow layers with random weights, for tests that need a shape and no meaning."""

from __future__ import annotations

from typing import Any

WORDS, WIDTH = 160, 64


def narrow_model(seed: int) -> Any:
    """One label, 160 word pieces, width 64, two heads."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=WORDS,
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=2 * WIDTH,
        num_labels=1,
        initializer_range=0.1,
    )
    return BertForSequenceClassification(config).eval()
