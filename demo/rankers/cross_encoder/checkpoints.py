"""A checkpoint's files on this machine: where they are, whether they are all there, and what identifies them.

Reads JSON and file headers only, so that the page can ask before torch is imported.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

from demo.errors import ModelError
from demo.rankers.catalog import BUNDLED_PREFIX
from demo.rankers.cross_encoder.hub import Hub
from demo.records import ModelSpec

BUNDLED = Path(__file__).resolve().parents[2] / "bundled"

CONFIG = "config.json"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""In order of preference; each may be split into shards that `<name>.index.json` lists."""

VOCABULARIES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "sentencepiece.bpe.model",
    "spm.model",
    "spiece.model",
    "tokenizer.model",
)
TOKENIZER_FILES = (
    *VOCABULARIES,
    "merges.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
)
CHAT_TEMPLATES = ("chat_template.jinja", "chat_template.json")
OWN_CONFIG, TRANSFORMER_CONFIG, MODULES = (
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
    "modules.json",
)
SETTINGS_FILES = (*CHAT_TEMPLATES, OWN_CONFIG, TRANSFORMER_CONFIG, MODULES)
"""What sentence-transformers and chat templates keep beside the weights; all of it may change scores."""

PART_FILES = ("config.json", "model.safetensors", "pytorch_model.bin")
"""What a module of `modules.json` has in its own folder."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model whose files are all on this machine; weights and tokenizer may come from different folders."""

    folder: Path
    weights: tuple[Path, ...]
    tokenizer: Path
    content_hashed: bool

    @property
    def weights_bytes(self) -> int:
        """Size of the weights on disk."""
        return sum(path.stat().st_size for path in self.weights)

    def parameters(self) -> int:
        """Number of weights: exact for safetensors, for others as many as 4-byte numbers fill the files.

        Raises:
            ModelError: a safetensors file has no readable header.
        """
        if self.weights[0].suffix != ".safetensors":
            return self.weights_bytes // 4
        return sum(prod(row["shape"]) for path in self.weights for row in safetensors_rows(path).values())

    def fingerprint(self) -> str:
        """What changes whenever the scores may: a digest of all files that scores come from, behind the hub's commit.

        Of large files it takes the name of the hub's blob, which is a digest of its content, or size and date. Bundled
        weights are small and must have one fingerprint on every machine, so their contents are read.
        """
        small = [self.folder / name for name in (CONFIG, *TOKENIZER_FILES, *SETTINGS_FILES)]
        if self.tokenizer != self.folder:
            small += [self.tokenizer / name for name in TOKENIZER_FILES]
        small += [path for path in sorted(self.folder.glob("[0-9]*_*/*")) if path.name in PART_FILES]
        files = (*(path for path in small if path.is_file()), *self.weights)
        states = tuple((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files)
        if self.content_hashed:
            return _digest_of_contents(states)
        digest = _digest(_identity(self.folder, Path(path), size, changed) for path, size, changed in states)
        return f"{self.folder.name}+{digest[:12]}" if self.folder.parent.name == "snapshots" else digest


@lru_cache(maxsize=8)
def _digest_of_contents(states: tuple[tuple[str, int, int], ...]) -> str:
    return _digest(hashlib.sha256(Path(path).read_bytes()).digest() for path, _, _ in states)


def _identity(folder: Path, path: Path, size: int, changed: int) -> bytes:
    """A file's name with what its content is known by."""
    blob = path.resolve()
    name = path.relative_to(folder) if path.is_relative_to(folder) else path
    content = blob.name if blob.parent.name == "blobs" else f"{path} {size} {changed}"
    return f"{name} {content}\n".encode()


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:40]


def safetensors_rows(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """Name → dtype, shape and place of every tensor in the file.

    Raises:
        ModelError: the file has no readable header.
    """
    try:
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        return {name: row for name, row in header.items() if name != "__metadata__"}
    except (ValueError, OverflowError, MemoryError, AttributeError) as error:
        raise damaged(path) from error


POINTER = b"version https://git-lfs"
"""How a file begins that stands for another one, which Git LFS has not fetched."""


def damaged(path: Path) -> ModelError:
    """That a file cannot be read as what it should be."""
    if is_pointer(path):
        return ModelError(
            "The file {path} is a pointer of Git LFS, not the file itself. Run “git lfs pull” in its folder, or "
            "download it again.",
            path=path,
        )
    return ModelError("The file {path} is damaged or incomplete. Delete it, then download or copy it again.", path=path)


def is_pointer(path: Path) -> bool:
    """Whether Git LFS left a note in place of the file."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(POINTER)) == POINTER


# ---- what is not a whole checkpoint ----------------------------------------------------------------------------------

OTHER_FORMATS = (
    ("*.gguf", "GGUF"),
    ("*.onnx", "ONNX"),
    ("onnx/*.onnx", "ONNX"),
    ("openvino/*.xml", "OpenVINO"),
    ("tf_model*.h5", "TensorFlow"),
    ("flax_model*.msgpack", "Flax"),
)
"""Files of weights that are not read here, and the name of their format."""

ADAPTER = "adapter_config.json"


def is_model_folder(folder: Path) -> bool:
    """Whether something in the folder says that it is a model, if only for another program."""
    marks = (CONFIG, ADAPTER, *(pattern for pattern, _ in OTHER_FORMATS))
    return any(next(folder.glob(mark), None) is not None for mark in marks)


def incomplete(label: str, folder: Path) -> ModelError:
    """What a folder lacks to be a checkpoint."""
    if (folder / ADAPTER).is_file() and not weight_files(folder):
        return ModelError(
            "“{label}” is an adapter (PEFT) of {base}, not a whole model. Merge it into that model and save the "
            "result, or choose another model.",
            label=label,
            base=str(read_object(folder / ADAPTER).get("base_model_name_or_path") or "another model"),
        )
    lost = [path.name for path in _listed_files(folder) if not path.is_file()]
    if lost:
        return ModelError(
            "“{label}” is incomplete: {name} in {folder} is listed in the index of its weights and is not there. "
            "Copy it, or download the model again.",
            label=label,
            name=lost[0],
            folder=folder,
        )
    formats = [name for pattern, name in OTHER_FORMATS if next(folder.glob(pattern), None) is not None]
    if formats and not weight_files(folder):
        return ModelError(
            "The weights of “{label}” are in the format {format} only, which this page does not read. Choose a copy "
            "with model.safetensors or pytorch_model.bin.",
            label=label,
            format=formats[0],
        )
    if weight_files(folder) and not has_any(folder, VOCABULARIES):
        return ModelError(
            "“{label}” has no tokenizer in {folder}: tokenizer.json or a vocabulary is needed. Copy it there, or "
            "choose another model.",
            label=label,
            folder=folder,
        )
    return ModelError(
        "The files of “{label}” are missing or incomplete in {key}: a config.json, a tokenizer and "
        "model.safetensors or pytorch_model.bin are needed. Restore them, or choose another model.",
        label=label,
        key=folder,
    )


# ---- finding -------------------------------------------------------------------------------------------------------


def find_checkpoint(spec: ModelSpec, hub: Hub, bundled: Path = BUNDLED) -> Checkpoint | None:
    """The model's files if all are on this machine, else None. Asks nobody beyond it."""
    folders = [folder for folder in _folders(spec, hub, bundled) if (folder / CONFIG).is_file()]
    for folder in folders:
        weights = weight_files(folder)
        tokenizer = folder if spec.tokenizer is None else _cached_folder(hub, spec.tokenizer, VOCABULARIES)
        if weights and tokenizer is not None and has_any(tokenizer, VOCABULARIES):
            return Checkpoint(folder, weights, tokenizer, is_bundled(spec))
    return None


def is_bundled(spec: ModelSpec) -> bool:
    """Whether it ships with the repository."""
    return spec.key.startswith(BUNDLED_PREFIX)


def is_local(spec: ModelSpec) -> bool:
    """Whether its key is a folder."""
    return Path(spec.key).is_absolute()


def _folders(spec: ModelSpec, hub: Hub, bundled: Path) -> list[Path]:
    """Where the checkpoint may be."""
    if is_bundled(spec):
        return [bundled / spec.key.removeprefix(BUNDLED_PREFIX)]
    if is_local(spec):
        return [Path(spec.key)]
    found = (_cached_folder(hub, name, (CONFIG,)) for name in (spec.key, *spec.aliases))
    return [folder for folder in found if folder is not None]


def _cached_folder(hub: Hub, name: str, files: Iterable[str]) -> Path | None:
    """The cached snapshot of a hub repository, as far as it holds one of the files."""
    found = (hub.cached(name, file) for file in files)
    return next((path.parent for path in found if path is not None), None)


def has_any(folder: Path, names: Iterable[str]) -> bool:
    """Whether one of these files is in the folder."""
    return any((folder / name).is_file() for name in names)


def weight_files(folder: Path) -> tuple[Path, ...]:
    """The files of the preferred weights, all shards; empty if there are none or some are missing."""
    files = _listed_files(folder)
    return files if all(map(Path.is_file, files)) else ()


def _listed_files(folder: Path) -> tuple[Path, ...]:
    """The same, whether or not all shards are there."""
    for name in WEIGHTS:
        if (folder / name).is_file():
            return (folder / name,)
        index = folder / f"{name}.index.json"
        if index.is_file():
            return tuple(folder / shard for shard in _shard_names(index))
    return ()


def _shard_names(index: Path) -> list[str]:
    """Files beside the index, which may name no other."""
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise damaged(index) from error
    if any(Path(name).name != name for name in names):
        raise damaged(index)
    return names


def wanted_files(files: Mapping[str, int], weights: bool = True) -> dict[str, int]:
    """What to download of a repository's files: config, tokenizer, settings, modules, and the preferred weights.

    Empty without weights. Of the weights of modules the safetensors are preferred, too.
    """
    chosen = {name: files[name] for name in (CONFIG, *TOKENIZER_FILES, *SETTINGS_FILES) if name in files}
    chosen |= {name: files[name] for name in files if _PART_CONFIG.fullmatch(name)}
    if not weights:
        return chosen
    chosen |= _part_weights(files)
    for name in WEIGHTS:
        stem, _, suffix = name.partition(".")
        shards = [file for file in files if file.startswith(f"{stem}-") and file.endswith(f".{suffix}")]
        if name in files:
            return chosen | {name: files[name]}
        if f"{name}.index.json" in files and shards:
            return chosen | {file: files[file] for file in (f"{name}.index.json", *shards)}
    return {}


_PART_CONFIG = re.compile(r"\d+_[A-Za-z]+/config\.json")


def _part_weights(files: Mapping[str, int]) -> dict[str, int]:
    """The preferred weights of every module in a folder of its own."""
    folders = {name.rpartition("/")[0] for name in files if _PART_CONFIG.fullmatch(name)}
    found = (next((f"{folder}/{name}" for name in WEIGHTS if f"{folder}/{name}" in files), "") for folder in folders)
    return {name: files[name] for name in sorted(found) if name}


# ---- reading config.json -------------------------------------------------------------------------------------------


def read_config(folder: Path) -> dict[str, Any]:
    """config.json as it is.

    Raises:
        ModelError: it is not a JSON object.
    """
    return read_object(folder / CONFIG)


HALVES = ("float16", "bfloat16")
"""What config.json calls numbers of two bytes."""


def loaded_bytes(folder: Path, stored: int) -> int:
    """Memory that weights of so many bytes on disk take in fp32, in which they are read; by config.json alone.

    Raises:
        ModelError: config.json is not a JSON object.
    """
    config = read_config(folder)
    return stored * (2 if (config.get("dtype") or config.get("torch_dtype")) in HALVES else 1)


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        ModelError: there is none.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise damaged(path) from error
    if not isinstance(content, dict):
        raise damaged(path)
    return content
