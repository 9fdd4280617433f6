"""What the person who runs the app can set: environment variables, read here and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from demo.errors import InputError
from demo.messages import Message

PREFIX = "RERANK_LENS_"
_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})
ROOT = Path(__file__).resolve().parent.parent


def _describe(default: Any, text: str) -> Any:
    return field(default=default, metadata={"text": text})


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting with its default. `RERANK_LENS_<NAME>` in the environment overrides the field `<name>`."""

    host: str = _describe("127.0.0.1", "Address the page is served at; 0.0.0.0 for every interface.")
    port: int = _describe(7860, "Port of the page.")
    max_passages: int = _describe(20_000, "Most passages in one list or upload.")
    max_passage_chars: int = _describe(20_000, "Longest passage, in characters.")
    max_query_chars: int = _describe(2_000, "Longest query, in characters.")
    max_upload_bytes: int = _describe(20_000_000, "Largest upload, all files together.")
    max_unpacked_bytes: int = _describe(200_000_000, "Largest content of compressed files once unpacked.")
    max_candidates: int = _describe(1_000, "Most passages that one run gives to the cross-encoder.")
    max_waiting: int = _describe(32, "Visitors that may wait in the queue; the next one is asked to come back.")
    threads: int = _describe(0, "CPU threads for models; 0 takes every core.")
    device: str = _describe("", "Where models run: cpu, cuda, cuda:1…; empty takes a GPU if there is one.")
    zero_gpu: bool = _describe(False, "Whether GPUs are borrowed from ZeroGPU; on where Spaces say so.")
    precision: str = _describe("fp32", "fp32, or bf16 or fp16 on a GPU: faster, and scores change a little.")
    batch_tokens: int = _describe(
        4_096, "Most tokens in one batch on a CPU, fewer for wide models; a GPU takes 16 times as many."
    )
    models_bytes: int = _describe(4_000_000_000, "Memory for loaded models; the longest unused one goes first.")
    vectors_bytes: int = _describe(500_000_000, "Memory for vectors of passages; the longest unused ones go first.")
    kept_scores: int = _describe(500_000, "Scores kept so that nothing is computed twice.")
    default_model: str = _describe("", "Model chosen at the start; empty takes the first whose weights are here.")
    models_folder: str = _describe("", "Folder of own checkpoints, one sub-folder each, offered in the model menu.")
    any_model: bool = _describe(True, "Whether visitors may name any hub model; off on Spaces unless set.")
    remotes: str = _describe("", "Rerankers behind an address: a TOML file, or its text (docs/protocols.md).")
    protocols: bool = _describe(True, "Whether other programs may rerank here as by TEI, Cohere, Jina and MCP.")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """The settings that the environment asks for.

        Raises:
            InputError: a value does not fit its setting; the sentence names the variable and what is allowed.
        """
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        if "SPACE_ID" in environ:
            values |= {"host": "0.0.0.0", "any_model": False}
        if environ.get("SPACES_ZERO_GPU", "").lower() in _TRUE:
            values |= {"zero_gpu": True, "device": "cpu"}
        for row in fields(cls):
            name = PREFIX + row.name.upper()
            if name in environ:
                values[row.name] = _parse(name, environ[name], type(row.default))
        return cls(**values)


def secret(name: str) -> str:
    """The environment variable of this name, "" where it is not set; for what no setting may hold, such as a key."""
    return os.environ.get(name, "")


def silence_gradio() -> None:
    """Keeps gradio from sending usage figures and asking for newer versions; to be called before it is imported."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")


def _parse(name: str, text: str, kind: type) -> Any:
    """`text` as a value of `kind`; numbers must be whole and not negative."""
    text = text.strip()
    if kind is bool:
        if text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        raise InputError(Message("{name} is “{text}”. Write 1 or 0.", name=name, text=text))
    if kind is int:
        if text.replace("_", "").isdigit():
            return int(text)
        raise InputError(Message("{name} is “{text}”. Write a whole number, 0 or more.", name=name, text=text))
    return text
