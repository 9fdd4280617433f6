"""From a folder to a network that turns pairs into logits. Needs torch and transformers: import it late.

Nearly every checkpoint is an encoder with the head that its transformers class gives it. The others have a row in
LAYOUTS: Capreolus' ELECTRA has BERT's head, one linear layer on [CLS]; BERT_Cat is DistilBERT with such a layer in a
file of its own naming. No code of a checkpoint is ever run: pickles are read with weights_only, remote code is off.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import transformers
from torch import Tensor, nn

from demo.errors import InputError, ModelError
from demo.rankers.checkpoints import Checkpoint
from demo.rankers.cross_encoder import GPU_BUDGET, CrossEncoder, MemoryShortError
from demo.rankers.cross_encoder_pairs import PairTokenizer
from demo.records import FloatArray, Head, ModelSpec
from demo.settings import Settings

_loading = Lock()
"""transformers changes settings of the whole process while it loads, so that two models must not load at once."""

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

ATTENTION_HEAD_WIDTH = 64
"""Of DistilBERT; a BERT_Cat checkpoint does not say how many heads it has."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A network on its device.

    Attributes:
        module: takes arrays by name, of those that the tokenizer makes, and returns an object with `logits`.
        limit: the longest row it has positions for; 0 for no limit.
    """

    module: nn.Module
    torch_device: torch.device
    precision: str
    limit: int

    @property
    def device(self) -> str:
        """ "cpu", or the GPU with its name."""
        if self.torch_device.type != "cuda":
            return str(self.torch_device)
        index = self.torch_device.index or 0
        return f"cuda:{index} {torch.cuda.get_device_name(index)}"

    @property
    def on_gpu(self) -> bool:
        """Whether it runs on a GPU."""
        return self.torch_device.type == "cuda"

    @property
    def bytes(self) -> int:
        """Memory that the weights take."""
        tensors = (*self.module.parameters(), *self.module.buffers())
        return sum(tensor.nbytes for tensor in tensors)

    def logits(self, inputs: Mapping[str, npt.NDArray[np.int64]]) -> FloatArray:
        """float32 (rows, labels).

        Raises:
            MemoryShortError: the batch does not fit.
        """
        try:
            with torch.inference_mode():
                taken = inspect.signature(self.module.forward).parameters
                tensors = {
                    name: torch.from_numpy(values).to(self.torch_device)
                    for name, values in inputs.items()
                    if name in taken
                }
                logits: FloatArray = self.module(**tensors).logits.float().cpu().numpy()
                return logits
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            torch.cuda.empty_cache()
            raise MemoryShortError from error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch or Python raised this because memory was short, on a GPU or on the CPU."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "DefaultCPUAllocator" in str(error)


# ---- opening -------------------------------------------------------------------------------------------------------


def open_cross_encoder(spec: ModelSpec, checkpoint: Checkpoint, settings: Settings) -> CrossEncoder:
    """The model of the checkpoint on its device; the time it took is left at 0.

    Raises:
        InputError: the device is not there, or the precision is not for it.
        MemoryShortError: the model does not fit.
        ModelError: the checkpoint has no trained head, no fast tokenizer, or a class that transformers does not have.
        OSError, ValueError, RuntimeError…: whatever the libraries meet in damaged files.
    """
    device = choose_device(settings.device)
    _check_precision(settings.precision, device)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    try:
        network = load_network(spec, checkpoint, device, settings.precision)
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise MemoryShortError from error
    tokenizer = load_tokenizer(spec, checkpoint.tokenizer)
    limits = (spec.max_tokens, network.limit, tokenizer.model_max_length)
    return CrossEncoder(
        spec=spec,
        pairs=PairTokenizer(tokenizer, min(limit for limit in limits if limit > 0)),
        network=network,
        fingerprint=checkpoint.fingerprint(),
        batch_tokens=settings.batch_tokens * (GPU_BUDGET if network.on_gpu else 1),
    )


def choose_device(asked: str) -> str:
    """The device that was asked for; for "" the first GPU, or the CPU where there is none.

    Raises:
        InputError: this machine does not have it.
    """
    if not asked:
        return "cuda:0" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=asked)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise InputError(
            f"The setting device is “{asked}”, which this machine does not have. Write cpu, or cuda where there is an "
            "NVIDIA GPU.",
            f"设置 device 的值是“{asked}”，本机没有该设备。请写 cpu；有 NVIDIA GPU 时可写 cuda。",
        ) from error
    return asked


def _check_precision(precision: str, device: str) -> None:
    if precision == "fp16" and device == "cpu":
        raise InputError(
            "Precision fp16 needs a GPU, and this machine computes on the CPU. Choose fp32 or bf16.",
            "fp16 精度需要 GPU，而本机用 CPU 计算。请选择 fp32 或 bf16。",
        )


# ---- weights -------------------------------------------------------------------------------------------------------


def load_network(spec: ModelSpec, checkpoint: Checkpoint, device: str, precision: str) -> Network:
    """The network of the checkpoint, ready to score; raises what `open_cross_encoder` does."""
    layout = next(layout for layout in LAYOUTS if layout.head is spec.head)
    with _loading:
        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        module = layout.load(spec, checkpoint)
    module.eval().requires_grad_(False)
    limit = _positions(module)
    if precision != "fp32":
        _round_weights(module, DTYPES[precision], spec.labels)
    module.to(device)
    return Network(module, torch.device(device), precision, limit)


def _load_classifier(spec: ModelSpec, checkpoint: Checkpoint, may_miss: tuple[str, ...] = ()) -> nn.Module:
    """The checkpoint as its transformers class loads it."""
    owner = getattr(transformers, spec.architecture or "AutoModelForSequenceClassification", None)
    if owner is None:
        raise ModelError(
            f"“{spec.label}” is of class {spec.architecture}, which transformers {transformers.__version__} does not "
            "have, and code that comes with a model is never run. Choose another model.",
            f"“{spec.label}”的类型 {spec.architecture} 不在 transformers {transformers.__version__} 中，"
            "而模型自带的代码一律不运行。请选择其他模型。",
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
    missing = sorted(key for key in report["missing_keys"] if not key.startswith(may_miss or "\0"))
    if missing:
        raise untrained(spec, missing)
    return module  # type: ignore[no-any-return]


def untrained(spec: ModelSpec, missing: list[str]) -> ModelError:
    """That weights which the model needs are not in its files."""
    names = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")
    return ModelError(
        f"“{spec.label}” has no trained reranking head: {names} {'is' if len(missing) == 1 else 'are'} not in its "
        "files. It is likely a plain encoder or a bi-encoder. Choose a cross-encoder.",
        f"“{spec.label}”没有训练过的重排输出层：文件中缺少 {names}。它可能是普通编码器或双编码器。请选择交叉编码器。",
    )


class ClsLinear(nn.Module):
    """One linear layer on the first token's vector, as BERT's head is; dropout plays no part in scoring."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.linear = linear

    def forward(self, states: Tensor) -> Tensor:
        """(rows, tokens, width) → (rows, labels)."""
        logits: Tensor = self.linear(states[:, 0])
        return logits


def _load_with_linear_head(spec: ModelSpec, checkpoint: Checkpoint) -> nn.Module:
    module: Any = _load_classifier(spec, checkpoint, may_miss=("classifier.dense.",))
    module.classifier = ClsLinear(module.classifier.out_proj)
    return module  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class _Output:
    logits: Tensor


class BertCat(nn.Module):
    """DistilBERT and one linear layer on [CLS]."""

    def __init__(self, encoder: nn.Module, classifier: nn.Linear) -> None:
        super().__init__()
        self.encoder, self.classifier = encoder, classifier

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> _Output:
        """Tokens and mask (rows, tokens) → logits (rows, 1)."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return _Output(self.classifier(states[:, 0]))


def _load_bert_cat(spec: ModelSpec, checkpoint: Checkpoint) -> nn.Module:
    weights = _state(checkpoint)
    encoder_weights = {
        key.removeprefix("bert_model."): value for key, value in weights.items() if key.startswith("bert_model.")
    }
    try:
        encoder = transformers.DistilBertModel(_distilbert_config(encoder_weights))
        classifier = nn.Linear(encoder.config.dim, spec.labels)
        classifier.load_state_dict({name: weights[f"_classification_layer.{name}"] for name in ("weight", "bias")})
    except KeyError as error:
        raise untrained(spec, [str(error.args[0])]) from error
    report = encoder.load_state_dict(encoder_weights, strict=False)
    if report.missing_keys:
        raise untrained(spec, [f"bert_model.{key}" for key in report.missing_keys])
    return BertCat(encoder, classifier)


def _distilbert_config(weights: Mapping[str, Tensor]) -> Any:
    """The shape that the weights themselves have; the checkpoint's config names a base model instead."""
    words, width = weights["embeddings.word_embeddings.weight"].shape
    layers = {int(key.split(".")[2]) for key in weights if key.startswith("transformer.layer.")}
    return transformers.DistilBertConfig(
        vocab_size=words,
        dim=width,
        n_layers=len(layers),
        n_heads=max(1, width // ATTENTION_HEAD_WIDTH),
        hidden_dim=weights["transformer.layer.0.ffn.lin1.weight"].shape[0],
        max_position_embeddings=weights["embeddings.position_embeddings.weight"].shape[0],
    )


def _state(checkpoint: Checkpoint) -> dict[str, Tensor]:
    """All tensors of the checkpoint's files, by name."""
    from safetensors.torch import load_file

    state: dict[str, Tensor] = {}
    for path in checkpoint.weights:
        if path.suffix == ".safetensors":
            state |= load_file(path)
        else:
            state |= torch.load(path, map_location="cpu", weights_only=True)
    return state


@dataclass(frozen=True, slots=True)
class Layout:
    """How the checkpoints with this head are loaded."""

    head: Head
    load: Callable[[ModelSpec, Checkpoint], nn.Module]


LAYOUTS = (
    Layout(Head.CHECKPOINT, _load_classifier),
    Layout(Head.LINEAR, _load_with_linear_head),
    Layout(Head.BERT_CAT, _load_bert_cat),
)


# ---- what the module says of itself --------------------------------------------------------------------------------


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


def load_tokenizer(spec: ModelSpec, folder: Path) -> Any:
    """The tokenizer of a checkpoint, backed by the tokenizers library.

    Raises:
        ModelError: it exists as Python code only.
    """
    if spec.lower_case is not None:
        return transformers.BertTokenizer.from_pretrained(folder, do_lower_case=spec.lower_case, local_files_only=True)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    if not tokenizer.is_fast:
        raise ModelError(
            f"The tokenizer of “{spec.label}” ({type(tokenizer).__name__}) has no fast form, which is needed to tell "
            "what was read of a passage. Choose another model.",
            f"“{spec.label}”的分词器（{type(tokenizer).__name__}）没有快速版本，无法判断读取了段落的哪些部分。请选择其他模型。",
        )
    return tokenizer
