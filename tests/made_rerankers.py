"""Small random rerankers in the layouts that people use now, saved by the libraries that save the published ones.

A random model proves layout, tokens, head and formula; it does not prove that a repository has that layout.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from made_checkpoints import PASSAGES as FEW
from made_checkpoints import QUERY, TEXT, random_state, write_vocabulary
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from demo.rankers.cross_encoder.loading import load_cross_encoder, resolve
from demo.rankers.cross_encoder.model import LoadedCrossEncoder
from demo.settings import Settings

WIDTH, INNER, HEADS, LAYERS = 64, 128, 4, 3
SIZES = {
    "hidden_size": WIDTH,
    "intermediate_size": INNER,
    "num_attention_heads": HEADS,
    "num_hidden_layers": LAYERS,
}

PAIRS: tuple[tuple[str, str], ...] = (
    *((QUERY, passage) for passage in FEW[:5]),
    (QUERY, "berlin has museums and lakes " * 1_000),
    (QUERY, "柏林有三百万居民。" * 30),
    (QUERY, "東京の人口は何人ですか"),
    (QUERY, "😀 👩‍👩‍👧 🇩🇪 café"),
    (QUERY, "bell\x07 null\x00 tab\t line\nfeed\r return\x1b"),
    (QUERY, "\n\n starts with lines"),
    (QUERY, "ends with spaces   "),
    (QUERY, " "),
    (QUERY, "word" * 300),
    (QUERY, "the capital of germany has museums and a river " * 40),
    (QUERY, "yes no yes no"),
    (QUERY, "<s> [SEP] </s> [CLS] <mask>"),
    (QUERY, "מה מספר התושבים? كم عدد السكان؟"),
    (QUERY, "x = [1, 2]; print(x)  # 3.14"),
    ("", "rome is old"),
    ("", ""),
    ("how many live in which city where " * 90, "rome is old"),
    ("how many live in which city where " * 90, "paris river winter cold " * 200),
    ("柏林 😀?", "berlin has three million people"),
)
"""24 pairs: empty, 5,000 words, Chinese and Japanese, emoji, control characters, longer than the models read."""

TRAINING_TEXT = [TEXT, QUERY, *FEW[:5], "yes no " * 40, *(passage for _, passage in PAIRS[6:12])]


# ---- tokenizers ------------------------------------------------------------------------------------------------------


def wrapped(tokenizer: Tokenizer, **options: Any) -> Any:
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **options)


def byte_level(special: list[str], size: int = 420) -> Tokenizer:
    """Byte-level BPE trained on the texts here; the special tokens come first."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TRAINING_TEXT, trainer)
    return tokenizer


def bert(folder: Path) -> Any:
    write_vocabulary(folder)
    return transformers.BertTokenizer.from_pretrained(folder, do_lower_case=True)


def modern(folder: Path) -> Any:
    """ModernBERT's: [CLS] a [SEP] b [SEP] without types."""
    tokenizer = byte_level(["[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 0), ("[SEP]", 1)]
    )
    names = {"cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]"}
    inputs = ["input_ids", "attention_mask"]
    return wrapped(tokenizer, model_input_names=inputs, model_max_length=1_024, mask_token="[MASK]", **names)


def roberta(folder: Path) -> Any:
    tokenizer = byte_level(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    names = {"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>"}
    names |= {"pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>"}
    inputs = ["input_ids", "attention_mask"]
    return wrapped(tokenizer, model_input_names=inputs, model_max_length=512, **names)


def unigram(special: list[str], pair: str, types: bool, length: int) -> Any:
    """SentencePiece's unigrams; `special` is start, padding, end, unknown, mask."""
    start, pad, end, unknown, mask = special
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=160, special_tokens=special, unk_token=unknown, show_progress=False)
    tokenizer.train_from_iterator(TRAINING_TEXT, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}", pair=pair, special_tokens=[(start, 0), (end, 2)]
    )
    names = {"cls_token": start, "pad_token": pad, "sep_token": end, "unk_token": unknown, "mask_token": mask}
    inputs = ["input_ids", *(["token_type_ids"] if types else []), "attention_mask"]
    return wrapped(tokenizer, model_input_names=inputs, model_max_length=length, **names)


def xlm_roberta(folder: Path) -> Any:
    return unigram(["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "<s> $A </s> </s> $B </s>", False, 1_024)


def short_xlm_roberta(folder: Path) -> Any:
    return unigram(["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "<s> $A </s> </s> $B </s>", False, 512)


def deberta(folder: Path) -> Any:
    pair = "[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1"
    return unigram(["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"], pair, True, 512)


QWEN_SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "yes", "no", "Yes", "0", "1"]


def qwen(folder: Path) -> Any:
    """Byte-level BPE with a chat's marks; adds nothing to a text by itself."""
    tokenizer = byte_level(QWEN_SPECIAL[:3], 500)
    tokenizer.add_tokens([word for word in QWEN_SPECIAL[3:5] if tokenizer.token_to_id(word) is None])
    names = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
    inputs = ["input_ids", "attention_mask"]
    return wrapped(tokenizer, model_input_names=inputs, model_max_length=768, **names)


def llama(folder: Path) -> Any:
    tokenizer = byte_level(["<bos>", "<eos>", "<pad>"], 500)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", pair="<bos> $A:0 <bos>:1 $B:1", special_tokens=[("<bos>", 0)]
    )
    names = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>"}
    inputs = ["input_ids", "attention_mask"]
    return wrapped(tokenizer, model_input_names=inputs, model_max_length=768, **names)


# ---- templates -------------------------------------------------------------------------------------------------------

QWEN_TEMPLATE = """\
{%- set asked = messages | selectattr("role", "eq", "system") | map(attribute="content") | first | default("Given a \
web search query, retrieve relevant passages that answer the query") -%}
<|im_start|>system
Judge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the answer \
can only be "yes" or "no".<|im_end|>
<|im_start|>user
<Instruct>: {{ asked }}
<Query>: {{ messages | selectattr("role", "eq", "query") | map(attribute="content") | first }}
<Document>: {{ messages | selectattr("role", "eq", "document") | map(attribute="content") | first }}<|im_end|>
<|im_start|>assistant
<think>

</think>

"""
"""Qwen3-Reranker's."""

ZERANK_TEMPLATE = """\
<|im_start|>system
{{ messages | selectattr("role", "eq", "query") | map(attribute="content") | first }}<|im_end|>
<|im_start|>user
{{ messages | selectattr("role", "eq", "document") | map(attribute="content") | first }}<|im_end|>
<|im_start|>assistant
"""
"""Query as the system's text, passage as the user's: as zerank has it, from its card."""

MXBAI_TEMPLATE = """\
<|im_start|>system
You are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>
<|im_start|>user
query: {{ messages | selectattr("role", "eq", "query") | map(attribute="content") | first }}
document: {{ messages | selectattr("role", "eq", "document") | map(attribute="content") | first }}
You are a search relevance expert who judges how well a document answers a query. For a document give 1, or 0 if it \
does not help.
Relevance:<|im_end|>
<|im_start|>assistant
"""

CTXL_TEMPLATE = """\
Check whether a given document contains information helpful to answer the query.
<Document> {{ messages | selectattr("role", "eq", "document") | map(attribute="content") | first }}
<Query> {{ messages | selectattr("role", "eq", "query") | map(attribute="content") | first }} ??"""
"""The passage first, as Contextual AI's rerankers have it by their cards."""

USUAL_CHAT = "{% for m in messages %}<|im_start|>{% if m.role in ('user', 'assistant', 'system') %}{{ m.content }}\
{% endif %}<|im_end|>{% endfor %}"
"""A chat's, in which a query and a document have no place."""


# ---- checkpoints -----------------------------------------------------------------------------------------------------


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def save_random(folder: Path, model: Any, scale: float = 0.08) -> None:
    model.load_state_dict(random_state(model, scale=scale), strict=False)
    if getattr(model.config, "tie_word_embeddings", False):
        model.tie_weights()
    model.save_pretrained(folder)


@dataclass(frozen=True)
class Classifier:
    """An …ForSequenceClassification as transformers saves it."""

    kind: str
    tokenizer: Callable[[Path], Any]
    labels: int = 1
    config: Mapping[str, Any] = field(default_factory=dict)
    template: str = ""
    scale: float = 0.08

    def write(self, folder: Path) -> Path:
        tokenizer = self.tokenizer(folder / "made")
        sizes = SIZES | {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}
        config = transformers.AutoConfig.for_model(self.kind, **(sizes | dict(self.config)), num_labels=self.labels)
        save_random(folder, transformers.AutoModelForSequenceClassification.from_config(config), self.scale)
        tokenizer.save_pretrained(folder)
        if self.template:
            (folder / "chat_template.jinja").write_text(self.template, encoding="utf-8")
        return folder


LONG = {"max_position_embeddings": 1_026, "type_vocab_size": 1}
ROBERTA_SIZE = {"max_position_embeddings": 514, "type_vocab_size": 1}
DISTIL = {"n_heads": HEADS, "n_layers": LAYERS, "dim": WIDTH, "hidden_dim": INNER}
DECODER = {"num_key_value_heads": 2, "head_dim": 16, "max_position_embeddings": 4_096}

CLASSIFIERS: Mapping[str, Classifier] = {
    "bert": Classifier("bert", bert),
    "electra": Classifier("electra", bert, config={"embedding_size": 32}),
    "distilbert": Classifier("distilbert", bert, config=DISTIL),
    "albert": Classifier("albert", bert, config={"embedding_size": 32}),
    "mpnet": Classifier("mpnet", roberta, config={"max_position_embeddings": 514}),
    "roberta": Classifier("roberta", roberta, config=ROBERTA_SIZE),
    "bge base and large": Classifier("xlm-roberta", short_xlm_roberta, config=ROBERTA_SIZE),
    "bge v2-m3": Classifier("xlm-roberta", xlm_roberta, config=LONG),
    "mxbai v1": Classifier(
        "deberta-v2",
        deberta,
        config={
            "relative_attention": True,
            "share_att_key": True,
            "position_buckets": 64,
            "norm_rel_ebd": "layer_norm",
            "pos_att_type": ["p2c", "c2p"],
            "position_biased_input": False,
            "type_vocab_size": 0,
        },
    ),
    "gte modernbert": Classifier(
        "modernbert", modern, config={"global_attn_every_n_layers": 2, "classifier_pooling": "mean"}
    ),
    "granite": Classifier("modernbert", modern, config={"global_attn_every_n_layers": 3, "classifier_pooling": "cls"}),
    "gte multilingual": Classifier("gte", xlm_roberta, config={"max_position_embeddings": 1_024}),
    "qwen3 classifier": Classifier("qwen3", qwen, config=DECODER, template=QWEN_TEMPLATE, scale=0.1),
    "qwen2 classifier of two": Classifier("qwen2", qwen, 2, DECODER, MXBAI_TEMPLATE, scale=0.1),
    "llama classifier": Classifier("llama", llama, config=DECODER, scale=0.1),
}


def write_ettin(folder: Path, pooling: str = "cls") -> Path:
    """A chain of modules as cross-encoder/ettin-reranker-* has it, saved by sentence-transformers."""
    from sentence_transformers import CrossEncoder
    from sentence_transformers.base.modules import Dense, Transformer
    from sentence_transformers.sentence_transformer.modules import LayerNorm, Pooling

    body = folder / "body"
    tokenizer = modern(folder)
    sizes = SIZES | {"vocab_size": len(tokenizer), "pad_token_id": 2, "global_attn_every_n_layers": 2}
    save_random(body, transformers.ModernBertModel(transformers.ModernBertConfig(**sizes)))
    tokenizer.save_pretrained(body)
    modules = [
        Transformer(str(body)),
        Pooling(WIDTH, pooling_mode=pooling),
        Dense(WIDTH, WIDTH, bias=False, activation_function=torch.nn.GELU()),
        LayerNorm(WIDTH),
        Dense(WIDTH, 1, activation_function=torch.nn.Identity(), module_output_name="scores"),
    ]
    for module in modules[2:]:
        module.load_state_dict(random_state(module, seed=1))
    CrossEncoder(modules=modules).save_pretrained(str(folder / "saved"))
    return folder / "saved"


def write_causal(
    folder: Path,
    template: str,
    yes: str = "yes",
    no: str | None = "no",
    kind: str = "qwen3",
    prompts: Mapping[str, str] | None = None,
) -> Path:
    """A language model whose score is the logit of a word, less that of another: Qwen3-Reranker and its like."""
    tokenizer = qwen(folder)
    sizes = SIZES | DECODER | {"vocab_size": len(tokenizer), "pad_token_id": 0, "tie_word_embeddings": True}
    config = transformers.AutoConfig.for_model(kind, **sizes)
    save_random(folder, transformers.AutoModelForCausalLM.from_config(config), 0.1)
    tokenizer.save_pretrained(folder)
    (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    base = "sentence_transformers."
    write_json(
        folder / "modules.json",
        [
            {"idx": 0, "name": "0", "path": "", "type": f"{base}base.modules.transformer.Transformer"},
            {
                "idx": 1,
                "name": "1",
                "path": "1_LogitScore",
                "type": f"{base}cross_encoder.modules.logit_score.LogitScore",
            },
        ],
    )
    ids = {word: tokenizer.convert_tokens_to_ids(word) for word in (yes, no) if word}
    write_json(
        folder / "1_LogitScore" / "config.json",
        {"true_token_id": ids[yes], "false_token_id": ids[no] if no else None, "module_input_name": "causal_logits"},
    )
    parameters = {"method": "forward", "method_output_name": "logits"}
    write_json(
        folder / "sentence_bert_config.json",
        {
            "transformer_task": "text-generation",
            "modality_config": {"text": parameters, "message": parameters | {"format": "flat"}},
            "module_output_name": "causal_logits",
        },
    )
    own = {"model_type": "CrossEncoder", "prompts": dict(prompts or {})}
    if prompts:
        own["default_prompt_name"] = next(iter(prompts))
    write_json(folder / "config_sentence_transformers.json", own)
    return folder


def write_prompted(folder: Path, kind: str = "bert", **settings: Any) -> Path:
    """A classifier saved by sentence-transformers with a default prompt."""
    from sentence_transformers import CrossEncoder

    plain = CLASSIFIERS[kind].write(folder / "plain")
    model = CrossEncoder(str(plain), prompts={"query": "city: "}, default_prompt_name="query", **settings)
    model.save_pretrained(str(folder / "saved"))
    return folder / "saved"


FUSED_NAMES = (
    ("roberta.embeddings.LayerNorm.", "roberta.emb_ln."),
    ("encoder.layer.", "encoder.layers."),
    (".attention.output.dense.", ".mixer.out_proj."),
    (".attention.output.LayerNorm.", ".norm1."),
    (".intermediate.dense.", ".mlp.fc1."),
    (".output.dense.", ".mlp.fc2."),
    (".output.LayerNorm.", ".norm2."),
)


def write_fused(folder: Path) -> tuple[Path, Path]:
    """An XLM-R, and the same under the names of jina-reranker-v2-base-multilingual with code of its own beside it."""
    plain = CLASSIFIERS["bge v2-m3"].write(folder / "plain")
    fused = shutil.copytree(plain, folder / "fused")
    state, renamed = load_file(plain / "model.safetensors"), {}
    for name, tensor in state.items():
        if ".attention.self." in name:
            stem, _, rest = name.partition(".attention.self.")
            part, _, end = rest.partition(".")
            key = f"{stem.replace('encoder.layer.', 'encoder.layers.')}.mixer.Wqkv.{end}"
            renamed.setdefault(key, {})[part] = tensor
        else:
            for old, new in FUSED_NAMES:
                name = name.replace(old, new)
            renamed[name] = tensor
    joined = {
        name: torch.cat([value[part] for part in ("query", "key", "value")]) if isinstance(value, dict) else value
        for name, value in renamed.items()
    }
    save_file(joined, fused / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((fused / "config.json").read_text())
    config["auto_map"] = {
        "AutoModelForSequenceClassification": "modeling_xlm_roberta.XLMRobertaForSequenceClassification"
    }
    write_json(fused / "config.json", config)
    (fused / "modeling_xlm_roberta.py").write_text("raise SystemExit('the code of a checkpoint was run')")
    return plain, fused


RERANKERS: Mapping[str, Callable[[Path], Path]] = {
    **{name: row.write for name, row in CLASSIFIERS.items()},
    "ettin": write_ettin,
    "ettin, mean": lambda folder: write_ettin(folder, "mean"),
    "qwen3": lambda folder: write_causal(folder, QWEN_TEMPLATE),
    "qwen3 with prompt": lambda folder: write_causal(
        folder, QWEN_TEMPLATE, prompts={"web": "Find the place asked for"}
    ),
    "zerank": lambda folder: write_causal(folder, ZERANK_TEMPLATE, "yes", None),
    "mxbai v2": lambda folder: write_causal(folder, MXBAI_TEMPLATE, "1", "0", "qwen2"),
    "bert with prompt": write_prompted,
    "roberta with prompt": lambda folder: write_prompted(folder, "roberta"),
}
"""Name → what writes the checkpoint into a folder and returns where it is."""


# ---- scores ----------------------------------------------------------------------------------------------------------


def load(folder: Path, **settings: Any) -> LoadedCrossEncoder:
    chosen = Settings(device="cpu", **settings)
    return load_cross_encoder(resolve(str(folder), chosen), chosen)


def oracle_scores(folder: Path, **options: Any) -> np.ndarray:
    """float32 (pairs,): raw logits, or the second less the first, as sentence-transformers computes them in fp32."""
    from sentence_transformers import CrossEncoder as Oracle

    model = Oracle(
        str(folder), device="cpu", activation_fn=torch.nn.Identity(), model_kwargs={"dtype": torch.float32}, **options
    )
    if model.tokenizer.pad_token_id is not None and model[0].config.pad_token_id is None:
        model[0].config.pad_token_id = model.tokenizer.pad_token_id
    logits = model.predict(list(PAIRS), show_progress_bar=False)
    return logits if logits.ndim == 1 else logits[:, 1] - logits[:, 0]


def assert_equal(found: np.ndarray, expected: np.ndarray) -> None:
    """Differences below 1e-4, and the same order of all scores that are further apart."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
    assert np.ptp(expected) > 0.05, "scores that tell nothing apart"
    order = expected.argsort()
    apart = np.diff(expected[order]) > 1e-4
    assert (np.diff(found[order])[apart] > 0).all()


def our_scores(model: LoadedCrossEncoder, **options: Any) -> np.ndarray:
    """The same pairs, query by query."""
    scores = np.full(len(PAIRS), np.nan, np.float32)
    for query in dict.fromkeys(query for query, _ in PAIRS):
        places = [place for place, pair in enumerate(PAIRS) if pair[0] == query]
        texts = [PAIRS[place][1] for place in places]
        for batch in model.score(query, texts, **options):
            scores[np.array(places)[batch.indices]] = batch.scores
    return scores
