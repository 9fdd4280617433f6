"""From a checkpoint to a network that turns pairs into logits, on the device and in the precision asked for.

Needs torch: import it late. Checkpoints of the architectures that `forward` knows, read as the tokenizer alone joins a
pair, are computed by it; all others by sentence-transformers, which is then imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock, Thread
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from demo.errors import InputError
from demo.messages import Message
from demo.rankers.cross_encoder import forward, modern
from demo.rankers.cross_encoder.checkpoints import Checkpoint, weight_files
from demo.rankers.cross_encoder.forward import BertEncoder, architecture_of
from demo.rankers.cross_encoder.layouts import TRANSFORMER, Files, is_fused, reads_plainly, untrained, wrong_head
from demo.rankers.cross_encoder.linear import has_bf16
from demo.rankers.cross_encoder.model import LoadedCrossEncoder, MemoryShortError
from demo.rankers.cross_encoder.pairs import Inputs, PairTokenizer
from demo.rankers.cross_encoder.tokenizer import NO_LIMIT, TextTokenizer, read_bert_tokenizer
from demo.rankers.cross_encoder.weights import read_tensors, unfused
from demo.records import FloatArray, ModelSpec
from demo.settings import Settings

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

OWN, SENTENCE_TRANSFORMERS = "own forward", "sentence-transformers"

GPU_BUDGET = 16
"""How many times the CPU's token budget a GPU takes in one batch."""

CACHED_NUMBERS = 3_072 * 128
"""Tokens times width of a batch on a CPU: with four times as many numbers, as the feed-forward layer has, it is 6 MB.

More does not stay in the cache: on two Zen 4 cores, 2,048 tokens instead of this take a tenth longer at width 384, a
quarter longer at 768; fewer tokens at width 128 take longer, too.
"""

LEAST_VOCABULARY = 0.8
"""Of a model's table of words, the share that a tokenizer knows; tables are rounded up by some percent at most."""

MOST_LANES = 8
"""More threads than this would wait for Python; they go into the lanes instead."""


_starting = Lock()
"""A thread that begins to use torch takes the number of threads of the latest call, whichever thread made it."""


class Forward(Protocol):
    """A module that is ready to score.

    Attributes:
        max_tokens: the longest row it has positions for, 0 for no limit.
        kept_bytes: memory of what it keeps of rows for the next call.
    """

    @property
    def max_tokens(self) -> int: ...
    @property
    def tensors(self) -> Sequence[Tensor]: ...
    @property
    def kept_bytes(self) -> int: ...

    def __call__(self, ids: Tensor, mask: Tensor | None, types: Tensor | None, shared: int = 0) -> Tensor:
        """The logits of pairs, float32 (R, labels).

        Args:
            ids, mask, types: (R, T): tokens, 1 for them and 0 for padding, and their types; None without padding, and
                without types.
            shared: so many tokens at the beginning are the same in all rows, and likely in the next call's.
        """
        ...


class Builder(Protocol):
    """Makes a forward pass of a checkpoint's tensors."""

    @property
    def labels(self) -> int: ...
    def missing(self) -> list[str]: ...
    def encoder(self) -> Forward: ...


@dataclass(frozen=True, slots=True, eq=False)
class TorchNetwork:
    """A forward pass on its device.

    Attributes:
        lanes: batches that may be computed side by side.
        threads: CPU threads of each.
    """

    forward: Forward
    backend: str
    torch_device: torch.device
    precision: str
    lanes: int
    threads: int

    @property
    def device(self) -> str:
        """ "cpu", or the GPU with its name."""
        if self.torch_device.type != "cuda":
            return str(self.torch_device)
        index = self.torch_device.index or 0
        return f"cuda:{index} {torch.cuda.get_device_name(index)}"

    @property
    def emulated(self) -> bool:
        """Whether the device has no instructions for the precision, so that it is slower than fp32."""
        return self.torch_device.type == "cpu" and self.precision == "bf16" and not has_bf16()

    @property
    def bytes(self) -> int:
        """Memory that the weights take."""
        return sum(tensor.nbytes for tensor in self.forward.tensors)

    @property
    def kept_bytes(self) -> int:
        """Memory of beginnings that pairs share, kept for the next ones."""
        return self.forward.kept_bytes

    def start_lane(self) -> None:
        """Gives the operations of this thread their threads; those of other threads keep what they have."""
        with _starting:
            others = torch.get_num_threads()
            torch.set_num_threads(self.threads)
            restore = Thread(target=torch.set_num_threads, args=(others,))
            restore.start()
            restore.join()

    def logits(self, inputs: Inputs) -> FloatArray:
        """float32 (rows, labels).

        Args:
            inputs: those of `PairTokenizer.inputs`; "shared", if there, is one number, that of `PairTokenizer.shared`.

        Raises:
            MemoryShortError: the batch does not fit.
        """
        mask = inputs["attention_mask"]
        try:
            with torch.inference_mode():
                logits = self.forward(
                    self._tensor(inputs["input_ids"]),
                    None if mask.all() else self._tensor(mask),
                    self._tensor(inputs["token_type_ids"]) if "token_type_ids" in inputs else None,
                    int(inputs.get("shared", np.int64(0))),
                )
                array: FloatArray = logits.cpu().numpy()
                return array
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            torch.cuda.empty_cache()
            raise MemoryShortError from error

    def _tensor(self, values: npt.NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(values).to(self.torch_device)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch or Python raised this because memory was short, on a GPU or on the CPU."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "DefaultCPUAllocator" in str(error)


# ---- opening -------------------------------------------------------------------------------------------------------


def open_cross_encoder(spec: ModelSpec, checkpoint: Checkpoint, settings: Settings) -> LoadedCrossEncoder:
    """The model of the checkpoint on its device; the time it took is left at 0.

    Raises:
        InputError: the device is not there, or the precision is not for it.
        MemoryShortError: the model does not fit.
        ModelError: the checkpoint has no trained head, no fast tokenizer, or a class that transformers does not have.
        OSError, ValueError, RuntimeError…: whatever the libraries meet in damaged files.
    """
    device = torch.device(choose_device(settings.device))
    _check_precision(settings.precision, device)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    try:
        network, pairs = _open(spec, checkpoint, device, settings.precision)
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise MemoryShortError from error
    cautions = (*spec.cautions, *_doubts(spec, checkpoint, pairs))
    return LoadedCrossEncoder(
        spec=replace(spec, max_tokens=pairs.max_tokens, limit_tokens=pairs.limit_tokens, cautions=cautions),
        pairs=pairs,
        network=network,
        fingerprint=checkpoint.fingerprint(),
        batch_tokens=_batch_tokens(spec, device, settings),
    )


def _doubts(spec: ModelSpec, checkpoint: Checkpoint, pairs: PairTokenizer) -> Iterator[Message]:
    """What must be said of its tokens."""
    if not pairs.marks_texts:
        yield Message(
            "{label} reads query and passage with nothing between them, since its files have no template for a pair. "
            "If it was trained with one, these scores are wrong. Look for a version with chat_template.jinja.",
            label=spec.label,
        )
    stated = Files.read(checkpoint.folder).config.get("vocab_size")
    if isinstance(stated, int) and pairs.vocabulary_size < LEAST_VOCABULARY * stated:
        yield Message(
            "The tokenizer of {label} knows {known:,} tokens, its model {stated:,}. Its files may not belong together, "
            "and then these scores are wrong.",
            label=spec.label,
            known=pairs.vocabulary_size,
            stated=stated,
        )


def _open(
    spec: ModelSpec, checkpoint: Checkpoint, device: torch.device, precision: str
) -> tuple[TorchNetwork, PairTokenizer]:
    """What computes the logits, and what makes its rows."""
    network = _own_network(spec, checkpoint, device, precision)
    if network is not None:
        most, limit = _lengths(spec, network.forward.max_tokens, load_tokenizer(spec, checkpoint).max_tokens)
        return network, PairTokenizer(load_tokenizer(spec, checkpoint), most, limit, spec.prompt)
    from demo.rankers.cross_encoder import sentence_transformers_network

    loaded = sentence_transformers_network.load(spec, checkpoint)
    if loaded.is_decoder:
        limits = _lengths(spec, loaded.max_tokens, loaded.tokenizer().max_tokens)
        pairs = loaded.pairs(*limits)
        return _in_lanes(loaded.decoder(device, DTYPES[precision]), device, precision), pairs
    chain = loaded.chain(device, DTYPES[precision])
    network = TorchNetwork(chain, SENTENCE_TRANSFORMERS, device, precision, lanes=1, threads=torch.get_num_threads())
    return network, loaded.pairs(*_lengths(spec, chain.max_tokens, loaded.tokenizer().max_tokens))


def _lengths(spec: ModelSpec, model_tokens: int, tokenizer_tokens: int) -> tuple[int, int]:
    """Tokens of the longest pair, by default and at most.

    Raises:
        ModelError: neither files nor weights set a limit.
    """
    positions = model_tokens or NO_LIMIT
    limit = min(max(spec.limit_tokens, spec.max_tokens) or tokenizer_tokens, positions)
    return min(spec.max_tokens or limit, limit), limit


def _batch_tokens(spec: ModelSpec, device: torch.device, settings: Settings) -> int:
    if device.type != "cpu":
        return settings.batch_tokens * GPU_BUDGET
    return min(settings.batch_tokens, CACHED_NUMBERS // max(1, spec.width))


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
            "The setting device is “{asked}”, which this machine does not have. Write cpu, or cuda where there is "
            "an NVIDIA GPU.",
            asked=asked,
        ) from error
    return asked


def _check_precision(precision: str, device: torch.device) -> None:
    if precision == "fp16" and device.type == "cpu":
        raise InputError("Precision fp16 needs a GPU, and this machine computes on the CPU. Choose fp32 or bf16.")


def _own_network(spec: ModelSpec, checkpoint: Checkpoint, device: torch.device, precision: str) -> TorchNetwork | None:
    """The network by a forward pass of this package; None where none computes such a checkpoint."""
    builder = _builder(spec, checkpoint, device, DTYPES[precision])
    if builder is None:
        return None
    missing = builder.missing()
    if missing:
        raise untrained(spec, missing)
    if builder.labels != spec.labels:
        raise wrong_head(spec, builder.labels, spec.labels)
    return _in_lanes(builder.encoder(), device, precision)


def _in_lanes(own: Forward, device: torch.device, precision: str) -> TorchNetwork:
    threads = torch.get_num_threads()
    lanes = min(threads, MOST_LANES) if device.type == "cpu" else 1
    return TorchNetwork(own, OWN, device, precision, lanes, threads // lanes)


def _builder(spec: ModelSpec, checkpoint: Checkpoint, device: torch.device, dtype: torch.dtype) -> Builder | None:
    files = Files.read(checkpoint.folder)
    if not reads_plainly(files):
        return None
    plan = modern.plan_of(files)
    if plan is not None:
        return modern.Builder(plan, files.config, _state(checkpoint, files), device, dtype)
    architecture = architecture_of(spec, files.config) if set(files.names) <= {TRANSFORMER} else None
    if architecture is None:
        return None
    return forward.Builder(architecture, files.config, _state(checkpoint, files), device, dtype)


def _state(checkpoint: Checkpoint, files: Files) -> Mapping[str, Tensor]:
    """All tensors of the checkpoint's files, by name; before those of a module in its own folder stands that folder.

    Checkpoints converted from TensorFlow call a norm's weight and bias gamma and beta, as transformers did once.
    """
    tensors = unfused(checkpoint.weights) if is_fused(files) else read_tensors(checkpoint.weights)
    state = {name.replace(".gamma", ".weight").replace(".beta", ".bias"): tensor for name, tensor in tensors.items()}
    for part in files.parts:
        if part.path:
            weights = read_tensors(weight_files(checkpoint.folder / part.path))
            state |= {f"{part.path}/{name}": tensor for name, tensor in weights.items()}
    return state


def open_encoder(spec: ModelSpec, checkpoint: Checkpoint, device: torch.device) -> tuple[BertEncoder, TextTokenizer]:
    """The encoder of a bundled checkpoint in fp32, and its tokenizer."""
    files = Files.read(checkpoint.folder)
    architecture = architecture_of(spec, files.config)
    assert architecture is not None, "bundled models have a forward pass of their own"
    builder = forward.Builder(architecture, files.config, _state(checkpoint, files), device, torch.float32)
    return builder.encoder(), load_tokenizer(spec, checkpoint)


def load_tokenizer(spec: ModelSpec, checkpoint: Checkpoint) -> TextTokenizer:
    """The checkpoint's tokenizer, by transformers only where that is needed.

    Raises:
        ModelError: it exists as Python code only.
    """
    tokenizer = read_bert_tokenizer(spec, checkpoint.tokenizer)
    if tokenizer is not None:
        return tokenizer
    from demo.rankers.cross_encoder import transformers_tokenizer

    return transformers_tokenizer.load_tokenizer(spec, checkpoint)
