"""What a checkpoint is, as its JSON files say: a reranker of which layout, or something else with a name of its own.

A reranker comes in one of three layouts. A classifier has a head in its own class; a chain of modules has an encoder
at the root and small layers in folders beside it (`modules.json`); a causal model answers yes or no and its score is
read from the logits of those words (Nogueira, Jiang, Pradeep, Lin 2020, arXiv:2003.06713). Nothing that a repository
names is imported here or later: modules are known by the last part of their name.

Imports no torch, so that the page can ask about a folder before it is up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from demo.errors import ModelError
from demo.messages import Message, listed
from demo.rankers.catalog import find
from demo.rankers.cross_encoder.checkpoints import (
    CHAT_TEMPLATES,
    CONFIG,
    MODULES,
    OWN_CONFIG,
    TRANSFORMER_CONFIG,
    VOCABULARIES,
    damaged,
    has_any,
    read_config,
    read_object,
    safetensors_rows,
    weight_files,
)
from demo.rankers.text_form import quote
from demo.records import ModelSpec

TRANSFORMER, POOLING, DENSE, LAYER_NORM, LOGIT_SCORE = "Transformer", "Pooling", "Dense", "LayerNorm", "LogitScore"
NORMALIZE, DROPOUT = "Normalize", "Dropout"
PARTS = (TRANSFORMER, POOLING, DENSE, LAYER_NORM, LOGIT_SCORE, NORMALIZE, DROPOUT)
"""Modules of sentence-transformers that are accepted in `modules.json`, by the last part of their name."""

CLASSIFIER, CAUSAL = "ForSequenceClassification", "ForCausalLM"

AFTER_PADDING = (
    "roberta",
    "xlm-roberta",
    "xlm-roberta-xl",
    "camembert",
    "mpnet",
    "xmod",
    "data2vec-text",
    "longformer",
)
"""Model types that number positions from behind their padding token's number, so that they hold fewer tokens."""

SENTENCEPIECE_ONLY = ("sentencepiece.bpe.model", "spm.model", "spiece.model", "tokenizer.model")
NO_LIMIT = 10**9

FUSED = ".mixer.Wqkv."
"""In the names of an XLM-R whose queries, keys and values are one tensor, as jina-reranker-v2 keeps them."""


@dataclass(frozen=True, slots=True)
class LayoutPart:
    """A module of `modules.json`: the last part of its class's name, its whole name, and its folder ("": the root)."""

    name: str
    full_name: str
    path: str


@dataclass(frozen=True)
class Files:
    """What the JSON files of a folder say.

    Attributes:
        config: config.json; tokenizer: tokenizer_config.json.
        own: config_sentence_transformers.json; transformer: sentence_bert_config.json.
        parts: modules.json; empty where there is none.
    """

    folder: Path
    config: Mapping[str, Any]
    tokenizer: Mapping[str, Any]
    own: Mapping[str, Any]
    transformer: Mapping[str, Any]
    parts: tuple[LayoutPart, ...]

    @classmethod
    def read(cls, folder: Path) -> Files:
        """The files of the folder; all but config.json may be missing.

        Raises:
            ModelError: one is not what it should be.
        """
        others = ("tokenizer_config.json", OWN_CONFIG, TRANSFORMER_CONFIG)
        tokenizer, own, transformer = (
            read_object(folder / name) if (folder / name).is_file() else {} for name in others
        )
        return cls(folder, read_config(folder), tokenizer, own, transformer, _parts(folder))

    @property
    def architecture(self) -> str:
        """The class in config.json; "" where it names none."""
        named = self.config.get("architectures") or ()
        return named if isinstance(named, str) else str(next(iter(named), ""))

    @property
    def model_type(self) -> str:
        """The family in config.json."""
        return str(self.config.get("model_type") or "")

    @property
    def names(self) -> tuple[str, ...]:
        """Classes of the modules, in their order."""
        return tuple(part.name for part in self.parts)

    @property
    def saved_as(self) -> str:
        """The class of sentence-transformers that saved the folder; "" where none did."""
        return str(self.own.get("model_type") or "SentenceTransformer") if self.parts or self.own else ""

    @property
    def has_template(self) -> bool:
        """Whether the tokenizer brings a chat template."""
        return bool(self.tokenizer.get("chat_template")) or has_any(self.folder, CHAT_TEMPLATES)

    @cached_property
    def tensors(self) -> Mapping[str, Mapping[str, Any]]:
        """Name → row of every tensor of safetensors files; empty for others."""
        paths = [path for path in weight_files(self.folder) if path.suffix == ".safetensors"]
        return {name: row for path in paths for name, row in safetensors_rows(path).items()}

    @property
    def label_names(self) -> tuple[str, ...]:
        """What config.json calls the outputs, in their order, in small letters."""
        names = self.config.get("id2label") or {}
        return tuple(str(names[key]).lower() for key in sorted(names, key=int))

    @property
    def prompt(self) -> str:
        """What stands before every query by default."""
        prompts = self.own.get("prompts") or {}
        return str(prompts.get(self.own.get("default_prompt_name")) or "")

    def part_config(self, part: LayoutPart) -> Mapping[str, Any]:
        """What a module's own folder says of it.

        Raises:
            ModelError: it says nothing readable.
        """
        return read_object(self.folder / part.path / CONFIG)

    def processing(self, kind: str) -> Mapping[str, Any]:
        """What sentence_bert_config.json sets for "text", "common" or "chat_template"."""
        return dict((self.transformer.get("processing_kwargs") or {}).get(kind) or {})


def _parts(folder: Path) -> tuple[LayoutPart, ...]:
    path = folder / MODULES
    if not path.is_file():
        return ()
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        types = [(str(row["type"]), str(row["path"])) for row in sorted(rows, key=lambda row: int(row["idx"]))]
    except (ValueError, LookupError, TypeError, OSError) as error:
        raise damaged(path) from error
    if any(part.startswith("/") or ".." in Path(part).parts for _, part in types):
        raise damaged(path)
    return tuple(LayoutPart(name.rpartition(".")[2], name, part) for name, part in types)


# ---- what is refused -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Refusal:
    """A kind of checkpoint that gives no score to a pair: how it is known, and what to say of it."""

    applies: Callable[[Files], bool]
    sentence: Message


def _ends(*endings: str) -> Callable[[Files], bool]:
    return lambda files: files.architecture.endswith(endings)


def _is_classifier(files: Files) -> bool:
    return files.architecture.endswith(CLASSIFIER)


def _scores_pairs(files: Files) -> bool:
    """Whether the modules end in something that gives a score."""
    return files.saved_as == "CrossEncoder" and bool({DENSE, LOGIT_SCORE} & set(files.names))


def is_bi_encoder(files: Files) -> bool:
    """Whether sentence-transformers saved it as a model that makes vectors."""
    encodes = files.saved_as == "SentenceTransformer" and bool(files.parts)
    return encodes and not _is_classifier(files)


def _has_own_code(files: Files) -> bool:
    """Whether its class is code that comes with it; `auto_map` may also stand beside a class that transformers has."""
    if files.config.get("auto_map"):
        return not _is_known_class(files.model_type, files.architecture)
    return any(part.name not in PARTS or not _is_torchs(files, part) for part in files.parts)


def _is_torchs(files: Files, part: LayoutPart) -> bool:
    """Whether the activation of a dense module, if it is one, is a class of torch."""
    path = files.folder / part.path / CONFIG
    if part.name != DENSE or not path.is_file():
        return True
    return str(files.part_config(part).get("activation_function", TORCH)).startswith(TORCH)


TORCH = "torch.nn."


def _is_known_class(model_type: str, architecture: str) -> bool:
    """Whether transformers has this class for this family; looks into its source and imports nothing."""
    package = find_spec("transformers")
    if package is None or package.origin is None or not model_type.replace("-", "").replace("_", "").isalnum():
        return False
    folder = Path(package.origin).parent / "models" / model_type.replace("-", "_")
    wanted = f"class {architecture}(" if architecture else "class "
    return any(wanted in path.read_text(encoding="utf-8") for path in folder.glob("modeling_*.py"))


def _is_inference(files: Files) -> bool:
    return len(files.label_names) == 3 and {"entailment", "neutral", "contradiction"} == set(files.label_names)


def _lacks_sentencepiece(files: Files) -> bool:
    usable = [name for name in VOCABULARIES if name not in SENTENCEPIECE_ONLY]
    only = has_any(files.folder, SENTENCEPIECE_ONLY) and not has_any(files.folder, usable)
    return only and find_spec("sentencepiece") is None


def _is_bare_causal(files: Files) -> bool:
    return files.architecture.endswith(CAUSAL) and LOGIT_SCORE not in files.names and not files.has_template


REFUSALS = (
    Refusal(
        lambda files: files.saved_as == "SparseEncoder",
        Message(
            "“{label}” is a sparse encoder, which gives weights to words and no score to a pair. Choose a "
            "cross-encoder."
        ),
    ),
    Refusal(
        lambda files: files.saved_as == "MultiVectorEncoder" or files.architecture.startswith("HF_ColBERT"),
        Message(
            "“{label}” is a late-interaction model (ColBERT), which compares texts token by token; this page cannot "
            "compute it. Choose a cross-encoder, or a bi-encoder as dense({key})."
        ),
    ),
    Refusal(
        is_bi_encoder,
        Message(
            "“{label}” is a bi-encoder: it turns each text into a vector by itself and gives no score to a pair. Use "
            "it as dense({key}), or choose a cross-encoder."
        ),
    ),
    Refusal(
        lambda files: "ForRanking" in files.architecture,
        Message(
            "“{label}” is a listwise reranker: it reads all passages together, which this page cannot compute. Choose "
            "a model that scores one pair at a time."
        ),
    ),
    Refusal(
        lambda files: files.architecture.startswith(("LayerWise", "CostWise")),
        Message(
            "“{label}” is a layerwise reranker ({architecture}), which needs code of its own; code that comes with a "
            "model is never run. Choose another model."
        ),
    ),
    Refusal(
        _has_own_code,
        Message(
            "“{label}” needs code of its own ({architecture}), and code that comes with a model is never run. Choose a "
            "model of a class that transformers has, or a conversion of this one to such a class."
        ),
    ),
    Refusal(
        lambda files: bool(files.config.get("vision_config")) and not _is_classifier(files),
        Message("“{label}” reads images too ({architecture}); this page computes text only. Choose a text reranker."),
    ),
    Refusal(
        _ends("ForConditionalGeneration"),
        Message(
            "“{label}” is a sequence-to-sequence model ({architecture}), which writes its judgment as text; this page "
            "cannot compute it. Choose a cross-encoder."
        ),
    ),
    Refusal(
        _ends("ForMaskedLM", "ForPreTraining"),
        Message(
            "“{label}” is a masked language model ({architecture}): it was trained to fill gaps in a text and has no "
            "reranking head. Choose a model that was fine-tuned for reranking."
        ),
    ),
    Refusal(
        _is_bare_causal,
        Message(
            "“{label}” is a language model ({architecture}) without a template for a query and a document, so it is no "
            "reranker as it stands. Choose a reranker, or a version of this one with modules.json and chat_template."
        ),
    ),
    Refusal(
        lambda files: (
            bool(files.architecture)
            and not files.architecture.endswith((CLASSIFIER, CAUSAL))
            and not _scores_pairs(files)
        ),
        Message(
            "“{label}” is a plain encoder ({architecture}) without a reranking head. Choose a model that was "
            "fine-tuned for reranking, or use it as dense({key}) if it is a bi-encoder."
        ),
    ),
    Refusal(
        _is_inference,
        Message(
            "“{label}” is a model for natural-language inference with the labels {labels}; it tells whether one text "
            "follows from another, not whether a passage answers a query. Choose a reranker."
        ),
    ),
    Refusal(
        lambda files: not files.parts and len(files.label_names) > 2,
        Message("“{label}” is a classifier for {count} classes ({labels}); a reranker has one output or two."),
    ),
    Refusal(
        _lacks_sentencepiece,
        Message(
            "The tokenizer of “{label}” is a sentencepiece file, which needs the package sentencepiece. Install it "
            "with “pip install sentencepiece protobuf”, or add the model's tokenizer.json."
        ),
    ),
)
"""In this order: the first that applies is told."""


def _refuse(spec: ModelSpec, files: Files) -> None:
    """Nothing, if the checkpoint is a reranker that can be computed.

    Raises:
        ModelError: it is something else, and the sentence says what.
    """
    row = next((row for row in REFUSALS if row.applies(files)), None)
    if row is not None:
        raise ModelError(
            row.sentence.format(
                label=spec.label,
                key=quote(spec.key),
                architecture=files.architecture or files.model_type or "?",
                labels=listed(files.label_names[:5]),
                count=len(files.label_names),
            )
        )


HEADS: tuple[str, ...] = (
    "classifier.",
    "score.",
    "pre_classifier.",
    "head.",
    "bert.pooler.",
    "roberta.pooler.",
    "pooler.",
)
HEADS += ("_classification_layer.",)
"""How names of tensors begin that a body without a head lacks."""


def untrained(spec: ModelSpec, missing: Sequence[str]) -> ModelError:
    """That weights which the model needs are not in its files."""
    names = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")
    if not all(name.startswith(HEADS) for name in missing):
        return ModelError(
            "The weights of “{label}” are incomplete. Missing in its files: {names}. Download it again, or choose "
            "another model.",
            label=spec.label,
            names=names,
        )
    return ModelError(
        "“{label}” has no trained reranking head. Missing in its files: {names}. It is likely a plain encoder or a "
        "bi-encoder. Choose a cross-encoder.",
        label=spec.label,
        names=names,
    )


def wrong_head(spec: ModelSpec, found: int, stated: int) -> ModelError:
    """That the head gives another number of scores than config.json states."""
    return ModelError(
        "The head of “{label}” has {found} outputs, but its config.json states {stated}. Its files do not belong "
        "together: download it again, or choose another model.",
        label=spec.label,
        found=found,
        stated=stated,
    )


# ---- what must be said of some that are scored ---------------------------------------------------------------------

REVERSED = (("entailment", "not_entailment"), ("relevant", "irrelevant"), ("yes", "no"), ("true", "false"))
OPINIONS = {"negative", "positive"}


def _cautions(spec: ModelSpec, files: Files) -> tuple[Message, ...]:
    names = files.label_names
    found = []
    if names in REVERSED:
        found.append(
            Message(
                "The labels of {label} are {labels}, in this order. The score is the last less the first, so the most "
                "relevant passages may stand last. Check it, or choose another model.",
                label=spec.label,
                labels=listed(names),
            )
        )
    if OPINIONS & set(names):
        found.append(
            Message(
                "The labels of {label} are {labels}: it judges opinions, not relevance. Choose a reranker.",
                label=spec.label,
                labels=listed(names),
            )
        )
    if files.architecture.endswith(CAUSAL) and LOGIT_SCORE not in files.names:
        found.append(
            Message(
                "The files of {label} do not say that it is a reranker. It is a language model, and its answer “yes” "
                "or “no” is read; unless it was trained for that, its scores mean little.",
                label=spec.label,
            )
        )
    if "reward" in f"{files.folder.name} {files.model_type} {spec.key}".lower():
        found.append(Message("{label} is likely a reward model: it judges answers, not relevance.", label=spec.label))
    return tuple(found)


# ---- describing ----------------------------------------------------------------------------------------------------


_WRONG_VALUES = (ValueError, TypeError, LookupError, AttributeError, OverflowError)
"""What reading a setting raises that is of another kind than it should be."""


def describe(spec: ModelSpec, folder: Path) -> ModelSpec:
    """The spec with what its files say; what the catalog says of a model stays.

    Raises:
        ModelError: the folder holds no reranker that can be computed; the sentence says what it is.
    """
    try:
        return _described(spec, folder)
    except _WRONG_VALUES as error:
        raise ModelError(
            "A setting in the JSON files of “{label}” is not what it should be ({reason}). Correct it in {folder}, or "
            "download the model again.",
            label=spec.label,
            reason=f"{type(error).__name__}: {error}"[:200],
            folder=folder,
        ) from error


def _described(spec: ModelSpec, folder: Path) -> ModelSpec:
    files = Files.read(folder)
    listed_model = find(spec.key)
    if listed_model is None or not listed_model.architecture:
        _refuse(spec, files)
    own, limit = lengths(files)
    spec = replace(
        spec,
        max_tokens=min(spec.max_tokens or own, limit),
        limit_tokens=limit,
        prompt=files.prompt,
        takes_instruction=bool(files.has_template or files.own.get("prompts")),
        cautions=_cautions(spec, files),
    )
    if listed_model is not None and listed_model.architecture:
        return spec
    return replace(
        spec,
        architecture=files.architecture,
        labels=_labels(spec, files),
        layers=_whole(files.config.get("num_hidden_layers") or files.config.get("n_layers")),
        width=_whole(files.config.get("hidden_size") or files.config.get("dim")),
    )


def _labels(spec: ModelSpec, files: Files) -> int:
    """Outputs of the head: one for chains and causal models, else what config.json says, else what the weights have."""
    if _scores_pairs(files) or files.architecture.endswith(CAUSAL):
        return 1
    stated = len(files.label_names) or _whole(files.config.get("num_labels"))
    found = _head_rows(files)
    if not stated:
        return found or (1 if files.saved_as == "CrossEncoder" else 2)
    if found and found != stated:
        raise wrong_head(spec, found, stated)
    return stated


def _head_rows(files: Files) -> int:
    """Outputs of the layer that gives the logits, by the header of the weights; 0 where it is not known."""
    names = ("classifier.out_proj.weight", "classifier.weight", "score.weight")
    shapes = (files.tensors[name]["shape"] for name in names if name in files.tensors)
    return int(next(shapes, [0])[0])


def lengths(files: Files) -> tuple[int, int]:
    """Tokens of the longest pair: by default, and at most; as sentence-transformers takes them.

    The default is what sentence_bert_config.json sets, else what tokenizer and positions allow together.
    """
    tokenizer = _length(files.tokenizer.get("model_max_length") or files.tokenizer.get("max_len"))
    positions = _length(files.config.get("max_position_embeddings"))
    if files.model_type in AFTER_PADDING and positions < NO_LIMIT:
        positions -= _whole(files.config.get("pad_token_id", 1)) + 1
    limit = min(tokenizer, positions)
    set_lengths = (files.processing("text").get("max_length"), files.processing("common").get("max_length"))
    stated = next((length for length in (*set_lengths, files.transformer.get("max_seq_length")) if length), None)
    own = min(_length(stated), positions) if stated else limit
    return own, max(own, limit if limit < NO_LIMIT else own)


def _length(value: object) -> int:
    """The value as a number of tokens; NO_LIMIT where it states none."""
    return int(value) if isinstance(value, int | float) and 0 < value < NO_LIMIT else NO_LIMIT


def _whole(value: object) -> int:
    """The value if it is a whole number, else 0."""
    return value if isinstance(value, int) else 0


def reads_plainly(files: Files) -> bool:
    """Whether a pair is read as the tokenizer alone joins it: no template, and no setting but lengths and a prompt."""
    settings = {**(files.transformer.get("processing_kwargs") or {})}
    text = {key: value for key, value in (settings.pop("text", None) or {}).items() if key != "max_length"}
    return not files.transformer.get("do_lower_case") and not settings and not text and not files.has_template


def is_fused(files: Files) -> bool:
    """Whether it is an XLM-R with fused queries, keys and values under names of its own."""
    return any(FUSED in name for name in files.tensors)
