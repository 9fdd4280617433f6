"""Pairs a second of the families of rerankers that people use now, each beside sentence-transformers.

sentence-transformers computes in its usual batches of 32. "processor ratio" compares seconds of all processors
together, which other work on the machine hardly changes.

Checkpoints have the true widths, layers and vocabularies with random weights, and the bundled model's word pieces for
tokens; a published model's own tokenizer may cut the same text into fewer or more.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from demo.benchmark.material import PROFILES, passages
from demo.benchmark.models import ORACLE, Oracle, load, one_by_one, scores
from demo.benchmark.options import Options, Row
from demo.benchmark.timing import Spread, Work, ratio, times_in_turns
from demo.records import FloatArray
from demo.service import BUNDLED

SCALE = 0.05
"""Standard deviation of random weights: with transformers' 0.02 all pairs score nearly alike."""

TEMPLATE = """\
<|im_start|>system
Judge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the answer \
can only be "yes" or "no".<|im_end|>
<|im_start|>user
<Instruct>: Given a web search query, retrieve relevant passages that answer the query
<Query>: {{ messages | selectattr("role", "eq", "query") | map(attribute="content") | first }}
<Document>: {{ messages | selectattr("role", "eq", "document") | map(attribute="content") | first }}<|im_end|>
<|im_start|>assistant
<think>

</think>

"""
"""Qwen3-Reranker's, with its usual instruction."""

FEWEST = 16
"""Pairs, however large the model."""

MARKS = ("<|im_start|>", "<|im_end|>")


@dataclass(frozen=True, slots=True)
class Family:
    """One model of a family: what it is called, its sizes, and how it becomes a checkpoint.

    Attributes:
        share: pairs that are scored, as a share of `Options.passages`.
        config: of transformers, vocabulary and sizes included.
        save: writes weights and whatever else the layout has.
        typed: whether the model takes token types.
    """

    key: str
    share: float
    kind: str
    config: Mapping[str, Any]
    save: Callable[[Any, Any, Path], None]
    typed: bool = False
    others: Mapping[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """A checkpoint in the folder."""
        import torch
        import transformers

        torch.manual_seed(0)
        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        tokenizer = _tokenizer(self.typed)
        places = {"pad_token_id": 0, "initializer_range": SCALE}
        config = transformers.AutoConfig.for_model(self.kind, num_labels=1, **(places | dict(self.config)))
        self.save(config, tokenizer, folder)
        return folder


def _tokenizer(typed: bool) -> Any:
    import transformers

    inputs = ["input_ids", *(["token_type_ids"] if typed else []), "attention_mask"]
    names = {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]"}
    return transformers.PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_file=str(BUNDLED / "tiny" / "tokenizer.json"), model_input_names=inputs, model_max_length=512, **names
    )


def save_classifier(config: Any, tokenizer: Any, folder: Path) -> None:
    """…ForSequenceClassification, as transformers saves it."""
    import transformers

    model = transformers.AutoModelForSequenceClassification.from_config(config)  # type: ignore[no-untyped-call]
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def save_chain(config: Any, tokenizer: Any, folder: Path) -> None:
    """An encoder with small layers behind it, as sentence-transformers saves it."""
    import torch
    import transformers
    from sentence_transformers import CrossEncoder
    from sentence_transformers.base.modules import Dense, Transformer
    from sentence_transformers.sentence_transformer.modules import LayerNorm, Pooling

    body, width = folder / "body", config.hidden_size
    transformers.AutoModel.from_config(config).save_pretrained(body)  # type: ignore[no-untyped-call]
    tokenizer.save_pretrained(body)
    modules = [
        Transformer(str(body)),
        Pooling(width, pooling_mode="cls"),
        Dense(width, width, bias=False, activation_function=torch.nn.GELU()),
        LayerNorm(width),
        Dense(width, 1, activation_function=torch.nn.Identity(), module_output_name="scores"),
    ]
    CrossEncoder(modules=modules, device="cpu").save_pretrained(str(folder))
    shutil.rmtree(body)


def save_causal(config: Any, tokenizer: Any, folder: Path) -> None:
    """A language model that answers yes or no within a template."""
    import transformers

    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)  # type: ignore[no-untyped-call]
    backend = tokenizer.backend_tokenizer
    backend.post_processor = None
    tokenizer.add_special_tokens({"additional_special_tokens": list(MARKS)})
    tokenizer.save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")


def _modern(layers: int, width: int, inner: int, **others: Any) -> Mapping[str, Any]:
    sizes = {"num_hidden_layers": layers, "hidden_size": width, "intermediate_size": inner}
    return sizes | {"num_attention_heads": width // 64, "vocab_size": 50_368} | others


_BASE = {"num_hidden_layers": 12, "hidden_size": 768, "intermediate_size": 3_072, "num_attention_heads": 12}
_ROBERTA = _BASE | {"vocab_size": 250_002, "max_position_embeddings": 514, "type_vocab_size": 1}
_DEBERTA = {
    "vocab_size": 128_100,
    "hidden_size": 384,
    "intermediate_size": 1_536,
    "num_attention_heads": 6,
    "num_hidden_layers": 12,
    "relative_attention": True,
    "share_att_key": True,
    "position_buckets": 256,
    "norm_rel_ebd": "layer_norm",
    "pos_att_type": ["p2c", "c2p"],
    "position_biased_input": False,
    "max_relative_positions": -1,
    "type_vocab_size": 0,
}
_GTE = _BASE | {"vocab_size": 250_048, "max_position_embeddings": 8_192, "type_vocab_size": 1}
_DISTIL = {"vocab_size": 30_522, "dim": 768, "n_layers": 6, "n_heads": 12, "hidden_dim": 3_072}
_M3 = {
    "vocab_size": 250_002,
    "hidden_size": 1_024,
    "intermediate_size": 4_096,
    "num_hidden_layers": 4,
    "num_attention_heads": 16,
    "max_position_embeddings": 8_194,
    "type_vocab_size": 1,
}
_QWEN = {
    "vocab_size": 151_669,
    "hidden_size": 1_024,
    "intermediate_size": 3_072,
    "num_hidden_layers": 2,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "max_position_embeddings": 40_960,
    "tie_word_embeddings": True,
}

_QWEN2 = _QWEN | {
    "vocab_size": 151_936,
    "hidden_size": 896,
    "intermediate_size": 4_864,
    "num_attention_heads": 14,
    "num_key_value_heads": 2,
    "head_dim": 64,
}

FAMILIES = (
    Family("ettin-reranker-17m", 0.5, "modernbert", _modern(7, 256, 384), save_chain),
    Family("ettin-reranker-32m", 0.25, "modernbert", _modern(10, 384, 576), save_chain),
    Family(
        *("gte-reranker-modernbert-base", 0.064, "modernbert"),
        _modern(22, 768, 1_152, classifier_pooling="mean"),
        save_classifier,
    ),
    Family(
        *("granite-embedding-reranker-english-r2", 0.064, "modernbert"),
        _modern(22, 768, 1_152, classifier_pooling="cls"),
        save_classifier,
    ),
    Family("gte-multilingual-reranker-base", 0.064, "gte", _GTE, save_classifier),
    Family("bge-reranker-base", 0.064, "xlm-roberta", _ROBERTA, save_classifier),
    Family("bge-reranker-v2-m3-4-of-24-layers", 0.064, "xlm-roberta", _M3, save_classifier),
    Family("mxbai-rerank-xsmall-v1", 0.096, "deberta-v2", _DEBERTA, save_classifier, typed=True),
    Family(
        *("electra-base", 0.064, "electra"),
        _BASE | {"vocab_size": 30_522, "embedding_size": 768},
        save_classifier,
        typed=True,
    ),
    Family("distilbert-base", 0.096, "distilbert", _DISTIL, save_classifier),
    Family("roberta-base", 0.064, "roberta", _ROBERTA | {"vocab_size": 50_265}, save_classifier),
    Family(
        "mpnet-base", 0.064, "mpnet", _BASE | {"vocab_size": 30_527, "max_position_embeddings": 514}, save_classifier
    ),
    Family(
        *("albert-base", 0.064, "albert"),
        _BASE | {"vocab_size": 30_000, "embedding_size": 128},
        save_classifier,
        typed=True,
    ),
    Family("qwen3-reranker-0.6b-2-of-28-layers", 0.064, "qwen3", _QWEN, save_causal),
    Family("mxbai-rerank-base-v2-2-of-24-layers", 0.064, "qwen2", _QWEN2, save_causal),
)
"""Sizes as the published models have them; where a key says so, fewer layers, since all of them take too long."""


def by_family(options: Options) -> Iterator[Row]:
    """One row for each family: pairs a second in fp32 on new passages, and the largest difference between scores."""
    for family in (row for row in FAMILIES if row.key in options.families):
        yield from _rows(family, max(FEWEST, int(options.passages * family.share)), options)


def _rows(family: Family, amount: int, options: Options) -> Iterator[Row]:
    folder = family.write(options.work / "family")
    drawn = [passages(amount, PROFILES[options.profile], seed) for seed in range(options.repeats + 1)]
    model = load(folder, options, "fp32")
    ours = partial(scores, model)
    contenders: dict[str, Work] = {}
    row: Row = {"model": family.key, "passages": amount}
    if options.sentence_transformers:
        oracle = Oracle.load(folder, options)
        contenders[ORACLE] = one_by_one(oracle.scores, drawn)
        row["difference"] = f"{_difference(ours, oracle, drawn[0][:FEWEST]):.1e}"
    contenders["own"] = one_by_one(ours, drawn)
    times = times_in_turns(contenders, options.repeats)
    shutil.rmtree(folder)
    row["pairs/s"] = round(Spread.of([amount / each for each in times["own"].wall]).median, 1)
    if ORACLE in times:
        row[ORACLE] = round(Spread.of([amount / each for each in times[ORACLE].wall]).median, 1)
        wall = ratio(times[ORACLE].wall, times["own"].wall)
        processor = ratio(times[ORACLE].processor, times["own"].processor)
        row |= {"ratio": round(wall.median, 2), "least": round(wall.least, 2), "most": round(wall.most, 2)}
        row["processor ratio"] = round(processor.median, 2)
    yield row | {"backend": model.backend}


def _difference(ours: Callable[[list[str]], FloatArray], oracle: Oracle, texts: list[str]) -> float:
    """The largest between two scores of one pair."""
    theirs = np.asarray(oracle.scores(texts), np.float32).reshape(len(texts))
    return float(np.abs(ours(texts) - theirs).max())
