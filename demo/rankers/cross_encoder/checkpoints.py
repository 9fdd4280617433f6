"""A checkpoint's files on this machine: where they are, whether they are all there, and what identifies them.

Reads JSON and file headers only, so that the page can ask before torch is imported.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

from demo.errors import ModelError
from demo.messages import Message
from demo.rankers.catalog import BUNDLED_PREFIX, find
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
        return sum(prod(row["shape"]) for path in self.weights for row in _safetensors_rows(path))

    def fingerprint(self) -> str:
        """What changes whenever the scores may: the hub's commit, else the contents (bundled) or sizes and dates.

        Contents are read for bundled weights only: they are small, and must have one fingerprint on every machine.
        """
        if self.folder.parent.name == "snapshots":
            return self.folder.name
        names = (CONFIG, *TOKENIZER_FILES)
        files = (*(self.folder / name for name in names if (self.folder / name).is_file()), *self.weights)
        states = tuple((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files)
        if self.content_hashed:
            return _digest_of_contents(states)
        return _digest(f"{Path(path).name} {size} {changed}".encode() for path, size, changed in states)


@lru_cache(maxsize=8)
def _digest_of_contents(states: tuple[tuple[str, int, int], ...]) -> str:
    return _digest(hashlib.sha256(Path(path).read_bytes()).digest() for path, _, _ in states)


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:40]


def _safetensors_rows(path: Path) -> list[Mapping[str, Any]]:
    """dtype, shape and place of every tensor in the file."""
    try:
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        return [row for name, row in header.items() if name != "__metadata__"]
    except (ValueError, OverflowError, MemoryError, AttributeError) as error:
        raise damaged(path) from error


def damaged(path: Path) -> ModelError:
    """That a file cannot be read as what it should be."""
    return ModelError(
        Message("The file {path} is damaged or incomplete. Delete it, then download or copy it again.", path=path)
    )


def untrained(spec: ModelSpec, missing: list[str]) -> ModelError:
    """That weights which the model needs are not in its files."""
    names = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")
    return ModelError(
        Message(
            "“{label}” has no trained reranking head. Missing in its files: {names}. It is likely a plain encoder or a "
            "bi-encoder. Choose a cross-encoder.",
            label=spec.label,
            names=names,
        )
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
    for name in WEIGHTS:
        if (folder / name).is_file():
            return (folder / name,)
        index = folder / f"{name}.index.json"
        if index.is_file():
            shards = tuple(folder / shard for shard in _shard_names(index))
            return shards if all(map(Path.is_file, shards)) else ()
    return ()


def _shard_names(index: Path) -> list[str]:
    try:
        return sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise damaged(index) from error


def wanted_files(files: Mapping[str, int], weights: bool = True) -> dict[str, int]:
    """What to download of a repository's files: config, tokenizer, and the preferred weights; empty without weights."""
    chosen = {name: files[name] for name in (CONFIG, *TOKENIZER_FILES) if name in files}
    if not weights:
        return chosen
    for name in WEIGHTS:
        stem, _, suffix = name.partition(".")
        shards = [file for file in files if file.startswith(f"{stem}-") and file.endswith(f".{suffix}")]
        if name in files:
            return chosen | {name: files[name]}
        if f"{name}.index.json" in files and shards:
            return chosen | {file: files[file] for file in (f"{name}.index.json", *shards)}
    return {}


# ---- reading config.json -------------------------------------------------------------------------------------------


def read_config(folder: Path) -> dict[str, Any]:
    """config.json as it is.

    Raises:
        ModelError: it is not a JSON object.
    """
    return read_object(folder / CONFIG)


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


def completed(spec: ModelSpec, config: Mapping[str, Any]) -> ModelSpec:
    """The spec with what config.json says of a model that the catalog does not know; catalog rows stay as they are.

    Raises:
        ModelError: the config is not that of a cross-encoder with one or two outputs.
    """
    if spec == find(spec.key):
        return spec
    architecture = str(next(iter(config.get("architectures") or ()), ""))
    if architecture and not architecture.endswith("ForSequenceClassification"):
        raise ModelError(
            Message(
                "“{label}” is a {architecture}, not a cross-encoder: bi-encoders, decoders and plain encoders give no "
                "score to a pair. Choose a model of class …ForSequenceClassification.",
                label=spec.label,
                architecture=architecture,
            )
        )
    labels = len(config["id2label"]) if config.get("id2label") else _whole(config.get("num_labels")) or 2
    if labels not in (1, 2):
        raise ModelError(
            Message(
                "“{label}” has {labels} outputs; a reranker has one or two. It is likely a classifier for other "
                "classes.",
                label=spec.label,
                labels=labels,
            )
        )
    return replace(
        spec,
        architecture=architecture,
        labels=labels,
        layers=_whole(config.get("num_hidden_layers") or config.get("n_layers")),
        width=_whole(config.get("hidden_size") or config.get("dim")),
    )


def _whole(value: object) -> int:
    """The value if it is a whole number, else 0."""
    return value if isinstance(value, int) else 0
