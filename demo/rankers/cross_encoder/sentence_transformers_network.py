"""Checkpoints as sentence-transformers' CrossEncoder computes them: every layout without a forward pass of its own.

Its modules are loaded one by one, each by a class that stands in this file, and its own `preprocess` is what our tokens
are compared with before the first score. No code of a checkpoint is ever run: remote code is off, pickles are read with
weights_only.

Needs sentence-transformers, whose import takes seconds: import it late.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import torch
import transformers
from sentence_transformers import CrossEncoder
from sentence_transformers.base.modules import Dense, Module, Normalize, Transformer
from sentence_transformers.base.modules.transformer import TRANSFORMER_TASK_TO_AUTO_MODEL
from sentence_transformers.cross_encoder.modules import LogitScore
from sentence_transformers.sentence_transformer.modules import Dropout, LayerNorm, Pooling
from torch import Tensor, nn

from demo.errors import ModelError
from demo.rankers.cross_encoder import decoder, layouts
from demo.rankers.cross_encoder.checkpoints import Checkpoint
from demo.rankers.cross_encoder.decoder import Builder, Decoder
from demo.rankers.cross_encoder.layouts import Files, untrained
from demo.rankers.cross_encoder.linear import Linear
from demo.rankers.cross_encoder.pairs import SEAMS, PairTokenizer, Wording
from demo.rankers.cross_encoder.tokenizer import TextTokenizer
from demo.rankers.cross_encoder.transformers_tokenizer import as_text_tokenizer, fast
from demo.rankers.cross_encoder.weights import unfused
from demo.records import ModelSpec

_loading = Lock()
"""transformers changes settings of the whole process while it loads, so that two models must not load at once."""

PARTS: Mapping[str, type[Module]] = {
    layouts.POOLING: Pooling,
    layouts.DENSE: Dense,
    layouts.LAYER_NORM: LayerNorm,
    layouts.NORMALIZE: Normalize,
    layouts.DROPOUT: Dropout,
    layouts.LOGIT_SCORE: LogitScore,
}
"""Modules behind the first, which is a transformer."""

YES, NO = "yes", "no"
"""The words of a causal model whose files name none, as sentence-transformers takes them."""

MARKS = ("zqxone", "zqxtwo")
"""Stand for query and passage while a template is taken apart; no template holds them."""

SAMPLE = (
    ("how many live there?", "Three million people."),
    ("", ""),
    (" spaces \n around ", "\n\n a line, then\tanother \n"),
    ("柏林有多少人口", "😀 naïve – Zürich\u200b"),
    ("word", "many words " * 400),
)
"""Pairs on which tokens are compared."""

SHORT_ROOM = 24
"""Tokens for both texts when the comparison is about cutting."""


class _Transformer(Transformer):
    """The same, which refuses to invent weights that its files lack."""

    lacking: Sequence[str] = ()

    def _load_model(
        self,
        model_name_or_path: str,
        transformer_task: Any,
        config: Any,
        backend: str,
        is_peft_model: bool,
        **model_kwargs: Any,
    ) -> Any:
        owner: Any = TRANSFORMER_TASK_TO_AUTO_MODEL[transformer_task]
        path: str | None = model_name_or_path
        if "state_dict" in model_kwargs:  # an Auto class has no way to take tensors
            owner, path = getattr(transformers, config.architectures[0]), None
            model_kwargs = {name: model_kwargs[name] for name in ("state_dict", "dtype")}
        module, report = owner.from_pretrained(path, config=config, output_loading_info=True, **model_kwargs)
        self.lacking = sorted(report["missing_keys"])
        return module


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """A CrossEncoder of sentence-transformers on its device; calling it gives its raw scores. It keeps nothing of rows.

    Attributes:
        max_tokens: the longest row it has positions for; 0 for no limit.
    """

    kept_bytes = 0

    model: Any
    max_tokens: int

    def __call__(self, ids: Tensor, mask: Tensor | None, types: Tensor | None, shared: int = 0) -> Tensor:
        """As `network.Forward`."""
        first = self.model[0]
        features: dict[str, Any] = {"input_ids": ids, "attention_mask": torch.ones_like(ids) if mask is None else mask}
        features["modality"] = next(iter(first.modality_config))
        if types is not None:
            features["token_type_ids"] = types
        if first.transformer_task == "text-generation":
            features["logits_to_keep"] = 1
        scores: Tensor = self.model(features)["scores"]
        return scores.float()

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """All weights and buffers, each once."""
        return tuple({id(tensor): tensor for tensor in (*self.model.parameters(), *self.model.buffers())}.values())


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModule:
    """A checkpoint as sentence-transformers loads it, still on the CPU and in fp32."""

    model: Any
    files: Files
    spec: ModelSpec

    def chain(self, device: torch.device, dtype: torch.dtype) -> Chain:
        """The model ready to score; what it computes last stays fp32, so that close scores do not become equal."""
        limit = self.max_tokens
        if dtype != torch.float32:
            _round_weights(self.model, dtype, self.spec.labels)
        self.model.to(device)
        return Chain(self.model, limit)

    @property
    def max_tokens(self) -> int:
        """The longest row it has positions for; 0 for no limit."""
        return _positions(self.model[0].model)

    @property
    def is_decoder(self) -> bool:
        """Whether the forward pass of this package computes it, so that only its tokens are made here."""
        names = [type(module).__name__ for module in self.model][1:]
        wanted = [layouts.LOGIT_SCORE] if self.spec.architecture.endswith(layouts.CAUSAL) else []
        return names == wanted and decoder.computes(self.files)

    def decoder(self, device: torch.device, dtype: torch.dtype) -> Decoder:
        """The same by the forward pass of this package; the weights are taken out of this one."""
        module, causal = self.model[0].model, self.spec.architecture.endswith(layouts.CAUSAL)
        last = module.get_output_embeddings() if causal else module.score
        order = [0] if last.out_features == 1 else [1, 0] if causal else list(range(last.out_features))
        bias = None if last.bias is None else last.bias.detach()[order]
        head = Linear(last.weight.detach()[order], bias)
        state = dict(module.state_dict())
        for parameter in module.parameters():
            parameter.data = torch.empty(0)
        padding = None if causal else module.config.pad_token_id
        return Builder(self.files.config, state, head, padding, device, dtype).decoder()

    def tokenizer(self) -> TextTokenizer:
        """Its tokenizer, by which rows are made here.

        Raises:
            ModelError: it exists as Python code only.
        """
        either_side = _position_table(self.model[0].model) is None and not self.is_decoder
        return as_text_tokenizer(fast(self.spec, self.model[0].tokenizer), either_side)

    def _template(self) -> Callable[[str], Wording] | None:
        """Fills its template with an instruction; None where pairs are read without one.

        Raises:
            ModelError: the template has no place for a query and a document.
        """
        first = self.model[0]
        if "message" not in first.modality_config:
            return None
        failure = first.input_formatter.pair_roles_failure(self.files.processing("chat_template"))
        if failure is not None:
            raise ModelError(
                "The chat template of “{label}” has no place for a query and a document, so it is no reranker as "
                "it stands. Choose a version that was saved for sentence-transformers.",
                label=self.spec.label,
            )
        return self._word

    def _word(self, instruction: str) -> Wording:
        first = self.model[0]
        pair = [first.input_formatter.pair_to_messages(MARKS)]
        asked = instruction or self.spec.prompt
        if asked:
            pair = first.input_formatter.prepend_prompt_to_messages(pair, asked)
        settings = {k: v for k, v in self.files.processing("chat_template").items() if k not in _NOT_RENDERED}
        text = first.processor.apply_chat_template(pair, tokenize=False, **settings)[0]
        if 0 <= text.find(MARKS[1]) < text.find(MARKS[0]):
            raise ModelError(
                "“{label}” is a reranker that reads the passage before the query, as its chat template says. This page "
                "cannot compute such a model yet. Choose another reranker.",
                label=self.spec.label,
            )
        before, _, rest = text.partition(MARKS[0])
        between, _, after = rest.partition(MARKS[1])
        if MARKS[0] in rest or MARKS[1] in before or MARKS[1] in after or MARKS[1] not in rest:
            raise self._no_parts()
        return Wording(before, between, after)

    def _no_parts(self) -> ModelError:
        return ModelError(
            "“{label}” joins query and passage in a way that this page cannot follow, so its scores would not be "
            "its own. Choose another model.",
            label=self.spec.label,
        )

    def pairs(self, most: int, limit: int) -> PairTokenizer:
        """Makes rows with the tokens that sentence-transformers gives whole pairs and pairs that are cut.

        Args:
            most, limit: as `PairTokenizer` takes them.

        Raises:
            ModelError: they cannot be made so.
        """
        word = self._template()
        for seams in SEAMS if word else SEAMS[:1]:
            pairs = PairTokenizer(self.tokenizer(), most, limit, self.spec.prompt, word, seams)
            if self._agrees(pairs):
                return pairs
        raise self._no_parts()

    def _agrees(self, pairs: PairTokenizer) -> bool:
        short = pairs.least_tokens + SHORT_ROOM
        for most in (0, short if short < pairs.max_tokens else 0):
            theirs = self._theirs(pairs, most)
            pairs.cut_nothing()
            if theirs != _ours(pairs, most):
                return False
        return True

    def _theirs(self, pairs: PairTokenizer, most: int) -> list[list[int]]:
        settings = {"text": {"max_length": most or pairs.max_tokens}}
        prompt = self.spec.prompt or None
        rows = []
        for pair in SAMPLE:
            found = self.model.preprocess([pair], prompt=prompt, processing_kwargs=settings)
            rows.append(found["input_ids"][0][found["attention_mask"][0] == 1].tolist())
        return rows


_NOT_RENDERED = ("padding", "truncation", "max_length", "return_tensors", "restore_suffix")


def _ours(pairs: PairTokenizer, most: int) -> list[list[int]]:
    rows = []
    for query, passage in SAMPLE:
        questions, texts = pairs.encode([pairs.question(query)]), pairs.encode(pairs.passages([passage]))
        windows = pairs.windows(questions[0], texts, pairs.room(most), overlapping=False)
        rows.append(pairs.inputs(questions, texts, windows)["input_ids"][0].tolist())
    return rows


# ---- loading -------------------------------------------------------------------------------------------------------


def load(spec: ModelSpec, checkpoint: Checkpoint) -> LoadedModule:
    """The checkpoint as sentence-transformers loads it.

    Raises:
        ModelError: weights are missing in its files.
        OSError, ValueError, RuntimeError…: whatever the libraries meet in damaged files.
    """
    files = Files.read(checkpoint.folder)
    with _loading:
        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        first = _first_module(spec, checkpoint, files)
        if first.lacking:
            raise untrained(spec, first.lacking)
        modules = [first, *_other_modules(checkpoint, files, first)]
        model = CrossEncoder(modules=modules, device="cpu", activation_fn=nn.Identity())
    model.eval().requires_grad_(False)
    config, tokenizer = first.model.config, first.tokenizer
    if tokenizer is not None and tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    if tokenizer is not None and getattr(config, "pad_token_id", None) is None:
        config.pad_token_id = tokenizer.pad_token_id
    return LoadedModule(model, files, spec)


def _first_module(spec: ModelSpec, checkpoint: Checkpoint, files: Files) -> _Transformer:
    settings: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
    weights = settings | {
        "dtype": torch.float32,
        "use_safetensors": checkpoint.weights[0].suffix == ".safetensors",
        "weights_only": True,
    }
    if layouts.is_fused(files):
        weights["state_dict"] = unfused(checkpoint.weights)
    config = dict(settings)
    task = "text-generation" if spec.architecture.endswith(layouts.CAUSAL) else "sequence-classification"
    if files.parts and not (task == "sequence-classification" and set(files.names) == {layouts.TRANSFORMER}):
        task = files.transformer.get("transformer_task", "feature-extraction")
    if task == "sequence-classification":
        config["num_labels"] = spec.labels
    stored = _Transformer.load_config(str(checkpoint.folder), local_files_only=True) if files.transformer else {}
    kept = ("processing_kwargs", "modality_config", "module_output_name", "do_lower_case", "max_seq_length")
    first: _Transformer = _Transformer(
        str(checkpoint.folder),
        transformer_task=task,
        model_kwargs=weights,
        processor_kwargs=dict(settings),
        config_kwargs=config,
        **{key: stored[key] for key in kept if key in stored},
    )
    return first


def _other_modules(checkpoint: Checkpoint, files: Files, first: _Transformer) -> list[Module]:
    if not files.parts and first.transformer_task == "text-generation":
        tokenizer: Any = first.tokenizer
        yes, no = tokenizer.convert_tokens_to_ids([YES, NO])
        return [_answers(first, LogitScore(yes, no))]
    folder = str(checkpoint.folder)
    modules = [
        PARTS[part.name].load(folder, subfolder=part.path, local_files_only=True, trust_remote_code=False)
        for part in files.parts
        if part.name != layouts.TRANSFORMER
    ]
    return [_answers(first, module) if isinstance(module, LogitScore) else module for module in modules]


def _answers(first: _Transformer, score: LogitScore) -> LogitScore:
    """The same score from a last layer that computes the logits of its one or two words only, in fp32."""
    words = [score.true_token_id, *([] if score.false_token_id is None else [score.false_token_id])]
    model: Any = first.model
    old = model.get_output_embeddings()
    new = nn.Linear(old.in_features, len(words), bias=old.bias is not None)
    new.weight.data = old.weight.data[words].clone()
    if old.bias is not None:
        new.bias.data = old.bias.data[words].clone()
    model.set_output_embeddings(new)
    return LogitScore(0, None if len(words) == 1 else 1, score.module_input_name)


def _position_table(module: nn.Module) -> nn.Embedding | None:
    """Where the model looks up positions; None for one without a table."""
    tables = (part for name, part in module.named_modules() if name.endswith("position_embeddings"))
    return next((part for part in tables if isinstance(part, nn.Embedding)), None)


def _positions(module: nn.Module) -> int:
    """Positions that the model was given, or 0 for one without a limit; RoBERTa's start after its padding."""
    table = _position_table(module)
    if table is not None:
        return table.num_embeddings - (0 if table.padding_idx is None else table.padding_idx + 1)
    return int(getattr(getattr(module, "config", None), "max_position_embeddings", 0) or 0)


def _round_weights(module: nn.Module, dtype: torch.dtype, labels: int) -> None:
    """Makes all weights `dtype` but those of the layer that gives the logits: rounded, close logits would become equal.

    Buffers stay as they are: angles of rotary positions need all their digits.
    """
    linear = [part for part in module.modules() if isinstance(part, nn.Linear)]
    last = [part for part in linear if part.out_features <= max(2, labels)][-1]
    for parameter in module.parameters():
        parameter.data = parameter.data.to(dtype)
    last.float()
    last.register_forward_pre_hook(lambda _, arguments: (arguments[0].float(),))
