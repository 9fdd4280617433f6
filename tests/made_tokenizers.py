"""Small tokenizers in the ways that families of models have: BERT's, RoBERTa's, SentencePiece's, XLNet's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import transformers
from made_checkpoints import PASSAGES, QUERY, TEXT, VOCABULARY, write_vocabulary
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

TRAINING_TEXT = [TEXT, *PASSAGES[:5], QUERY]


def wrapped(tokenizer: Tokenizer, **options: Any) -> Any:
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **options)


def bert_like(folder: Path) -> Any:
    write_vocabulary(folder)
    return transformers.BertTokenizer.from_pretrained(folder, do_lower_case=True)


def roberta_like(folder: Path) -> Any:
    """Byte-level BPE with <s> a </s></s> b </s> and no token types."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(TRAINING_TEXT, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    names = {"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>"}
    names |= {"pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>"}
    return wrapped(tokenizer, model_input_names=["input_ids", "attention_mask"], **names)


def unigram_like(folder: Path) -> Any:
    """SentencePiece's unigrams as XLM-R and DeBERTa have them: [CLS] a [SEP] b [SEP] with types, padded on the left."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"]
    trainer = trainers.UnigramTrainer(vocab_size=120, special_tokens=special, unk_token="[UNK]", show_progress=False)
    tokenizer.train_from_iterator(TRAINING_TEXT, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 1), ("[SEP]", 2)],
    )
    names = {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]"}
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    return wrapped(tokenizer, model_input_names=inputs, padding_side="left", **names)


def xlnet_like(folder: Path) -> Any:
    """The classification token at the end: a <sep> b <sep> <cls>, each with a type of its own."""
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(VOCABULARY)}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A:0 [SEP]:0 [CLS]:2",
        pair="$A:0 [SEP]:0 $B:1 [SEP]:1 [CLS]:2",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    return wrapped(tokenizer, model_input_names=inputs, pad_token="[PAD]", unk_token="[UNK]")
