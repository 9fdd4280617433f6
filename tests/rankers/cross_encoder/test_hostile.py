"""Odd and hostile checkpoints in one models folder: each is named as what it is, and none ends a comparison."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from fakes import QUERY, collection_of
from made_checkpoints import write_bert, write_json
from made_rerankers import CLASSIFIERS, QWEN_TEMPLATE, write_causal, write_ettin
from safetensors.torch import load_file, save_file

from demo.rankers.cross_encoder import loading
from demo.rankers.cross_encoder.loading import available
from demo.records import Failure, Ranking
from demo.service import RankingService, Request
from demo.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore")

WEIGHTS = "model.safetensors"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n"


def change(path: Path, **values: object) -> None:
    """Sets values of a JSON file; None removes one."""
    content = (json.loads(path.read_text()) if path.is_file() else {}) | values
    write_json(path, {key: value for key, value in content.items() if value is not None})


def reweigh(folder: Path, new: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> None:
    """Writes other weights."""
    save_file(new(load_file(folder / WEIGHTS)), folder / WEIGHTS, metadata={"format": "pt"})


def bert(after: Callable[[Path], object], labels: int = 1) -> Callable[[Path], None]:
    """A small BERT with something done to its folder."""

    def write(folder: Path) -> None:
        write_bert(folder, labels)
        after(folder)

    return write


def causal(after: Callable[[Path], object]) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        write_causal(folder, QWEN_TEMPLATE)
        after(folder)

    return write


def ettin(after: Callable[[Path], object]) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        saved = write_ettin(folder.parent.parent / "made" / folder.name)
        shutil.move(saved, folder)
        after(folder)

    return write


def instead(name: str, content: bytes = b"x") -> Callable[[Path], None]:
    """This file instead of the weights."""

    def write(folder: Path) -> None:
        (folder / WEIGHTS).unlink()
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)

    return write


def adapter(folder: Path) -> None:
    folder.mkdir(parents=True)
    write_json(folder / "adapter_config.json", {"base_model_name_or_path": "Qwen/Qwen3-Reranker-0.6B"})
    save_file({"lora_A": torch.zeros(2, 2)}, folder / "adapter_model.safetensors")


def lost_shard(folder: Path) -> None:
    state = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    save_file(state, folder / "model-00001-of-00002.safetensors")
    names = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
    places = {name: names[number % 2] for number, name in enumerate(state)}
    write_json(folder / "model.safetensors.index.json", {"weight_map": places})


def without_padding(folder: Path) -> None:
    CLASSIFIERS["qwen3 classifier"].write(folder)
    change(folder / "config.json", pad_token_id=None)
    change(folder / "tokenizer_config.json", pad_token=None)


def without_tokenizer(folder: Path) -> None:
    for path in (*folder.glob("vocab*"), *folder.glob("tokenizer*")):
        path.unlink()


def short_table(folder: Path) -> None:
    CLASSIFIERS["roberta"].write(folder)
    change(folder / "config.json", vocab_size=9)
    name = "roberta.embeddings.word_embeddings.weight"
    reweigh(folder, lambda state: state | {name: state[name][:9].clone()})


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "no tokenizer": (bert(without_tokenizer), "has no tokenizer in"),
    "cut tokenizer": (
        lambda folder: (
            CLASSIFIERS["roberta"].write(folder),
            (folder / "tokenizer.json").write_text('{"model": {'),
            None,
        )[2],
        "tokenizer.json is damaged or incomplete",
    ),
    "three labels": (
        bert(lambda folder: change(folder / "config.json", id2label={"0": "a", "1": "b", "2": "c"}), 3),
        "is a classifier for 3 classes (a, b, c)",
    ),
    "other head": (
        bert(lambda folder: change(folder / "config.json", id2label={"0": "a"}), 2),
        "has 2 outputs, but its config.json states 1",
    ),
    "labels of words": (
        bert(lambda folder: change(folder / "config.json", id2label={"x": "a"})),
        "A setting in the JSON files of “labels of words” is not what it should be",
    ),
    "layer gone": (
        bert(lambda folder: reweigh(folder, lambda state: {k: v for k, v in state.items() if ".layer.1." not in k})),
        "The weights of “layer gone” are incomplete",
    ),
    "shard gone": (bert(lost_shard), "model-00002-of-00002.safetensors in"),
    "shard elsewhere": (
        bert(
            lambda folder: instead(
                "model.safetensors.index.json", b'{"weight_map": {"a": "../good/model.safetensors"}}'
            )(folder)
        ),
        "model.safetensors.index.json is damaged",
    ),
    "adapter": (adapter, "is an adapter (PEFT) of Qwen/Qwen3-Reranker-0.6B"),
    "onnx": (bert(instead("onnx/model.onnx")), "are in the format ONNX only"),
    "gguf": (bert(instead("model-q4.gguf")), "are in the format GGUF only"),
    "pointer": (bert(lambda folder: (folder / WEIGHTS).write_text(POINTER)), "is a pointer of Git LFS"),
    "old pointer": (bert(instead("pytorch_model.bin", POINTER.encode())), "is a pointer of Git LFS"),
    "five heads": (
        bert(lambda folder: change(folder / "config.json", num_attention_heads=5)),
        "five heads could not be computed",
    ),
    "short table": (short_table, "short table could not be computed"),
    "short length": (
        bert(lambda folder: change(folder / "tokenizer_config.json", model_max_length=3)),
        "reads 3 tokens at most",
    ),
    "tied weights gone": (
        causal(lambda f: reweigh(f, lambda state: {k: v for k, v in state.items() if "embed_tokens" not in k})),
        "The weights of “tied weights gone” are incomplete",
    ),
    "answer beyond the words": (
        causal(lambda folder: change(folder / "1_LogitScore" / "config.json", true_token_id=10**7)),
        "could not be loaded",
    ),
    "prompts of a list": (
        causal(lambda folder: change(folder / "config_sentence_transformers.json", prompts=["a"])),
        "is not what it should be",
    ),
    "layer of the head gone": (
        ettin(lambda folder: (folder / "2_Dense" / WEIGHTS).unlink()),
        "Missing in its files: 2_Dense/linear.weight",
    ),
    "activation of its own": (
        ettin(lambda folder: change(folder / "2_Dense" / "config.json", activation_function="os.system")),
        "needs code of its own",
    ),
}
"""Name of the folder → what writes it, and words of its sentence."""


def halved(dtype: torch.dtype) -> Callable[[Path], None]:
    return lambda folder: reweigh(folder, lambda state: {name: value.to(dtype) for name, value in state.items()})


def tiny_vocabulary(folder: Path) -> None:
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n")


SCORED: dict[str, tuple[Callable[[Path], None], str]] = {
    "fp16": (bert(halved(torch.float16)), ""),
    "bf16": (bert(halved(torch.bfloat16)), ""),
    "no padding token": (without_padding, ""),
    "length below zero": (bert(lambda f: change(f / "tokenizer_config.json", model_max_length=-5)), ""),
    "another's vocabulary": (bert(tiny_vocabulary), "knows 5 tokens, its model"),
}
"""The same for what is scored, with words of its warning."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("hostile") / "models"
    write_bert(root / "good")
    for name, (write, _) in {**REFUSED, **SCORED}.items():
        write(root / name)
    return root


def test_none_ends_a_comparison_and_each_is_named(folder: Path) -> None:
    service = RankingService(Settings(models_folder=str(folder), device="cpu"), models=loading, recordings=None)
    bm25 = service.rankers.read("bm25")
    request = Request(QUERY, collection_of(), bm25)
    good = service.rankers.read('"good"')
    names = [*REFUSED, *SCORED]
    expected = service.run(request, [good]).run().rankings[0].scores
    for begin in range(0, len(names), 6):
        part = names[begin : begin + 6]
        found = service.run(request, [bm25, *(service.rankers.read(f'"{name}"') for name in part), good]).run()
        columns: list[Ranking | Failure] = list(found.columns)
        assert isinstance(columns[0], Ranking)
        assert isinstance(columns[-1], Ranking)
        assert np.array_equal(columns[-1].scores, expected)
        for name, column in zip(part, columns[1:-1], strict=True):
            if name in REFUSED:
                assert isinstance(column, Failure), name
                assert REFUSED[name][1] in str(column.reason), (name, str(column.reason))
            else:
                assert isinstance(column, Ranking), (name, str(getattr(column, "reason", "")))
                assert SCORED[name][1] in " ".join(map(str, column.warnings)), name


def test_every_folder_is_listed(folder: Path) -> None:
    found = {spec.label: where for spec, where in available(Settings(models_folder=str(folder)))}
    assert {*REFUSED, *SCORED, "good"} <= found.keys()
    assert found["adapter"] == found["onnx"] == found["shard gone"] == "unusable"
    assert found["good"] == "local"
