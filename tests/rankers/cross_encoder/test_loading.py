"""From names to models: what may be named, what is on this machine, and the sentence for everything that goes wrong."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id
from made_checkpoints import (
    COMMIT,
    PASSAGES,
    QUERY,
    HubCache,
    bert_config,
    bert_state,
    scores_of,
    write_bert,
    write_checkpoint,
    write_json,
)
from safetensors.torch import save_file

from demo.errors import DemoError, InputError, ModelError
from demo.rankers.catalog import find
from demo.rankers.cross_encoder.checkpoints import find_checkpoint, loaded_bytes, wanted_files
from demo.rankers.cross_encoder.hub import HUB_ID, Hub
from demo.rankers.cross_encoder.loading import (
    available,
    check_memory,
    default_model,
    fingerprint,
    free_bytes,
    load_cross_encoder,
    resolve,
)
from demo.records import ModelSpec, ScoreReading
from demo.settings import ROOT, Settings

ANY, LISTED = Settings(any_model=True), Settings(any_model=False)


def load(folder: Path) -> Any:
    return load_cross_encoder(resolve(str(folder), ANY), ANY)


# ---- names -----------------------------------------------------------------------------------------------------------


def test_catalog_names_resolve_everywhere() -> None:
    for settings in (ANY, LISTED):
        spec = resolve("cross-encoder/ms-marco-MiniLM-L-6-v2", settings)
        assert spec.key == "cross-encoder/ms-marco-MiniLM-L6-v2"


def test_a_folder_says_what_it_holds(tmp_path: Path) -> None:
    spec = resolve(str(write_bert(tmp_path / "mine", labels=2)), ANY)
    assert (spec.key, spec.label) == (str(tmp_path / "mine"), "mine")
    assert (spec.architecture, spec.layers, spec.width) == ("BertForSequenceClassification", 2, 128)
    assert spec.reading is ScoreReading.DIFFERENCE


@pytest.mark.parametrize(
    "name",
    [
        "a/b",
        "a",
        "a/b.c-d_e",
        "a/B2",
        "a--b/c",
        "a/b..c",
        "a/b-",
        "a/b.",
        "-a/b",
        "a/b.git",
        "a/b.gitx",
        "ä/b",
        "a/b/c",
    ],
)
def test_hub_ids_are_those_that_huggingface_hub_takes(name: str) -> None:
    try:
        validate_repo_id(name)
    except HFValidationError:
        assert HUB_ID.fullmatch(name) is None
    else:
        assert HUB_ID.fullmatch(name) is not None


def test_another_hub_id_is_taken_as_it_is() -> None:
    spec = resolve("someone/some-reranker.v1", ANY)
    assert (spec.key, spec.label, spec.architecture) == ("someone/some-reranker.v1", "some-reranker.v1", "")


@pytest.mark.parametrize(
    "name", ["", "  ", "bundled/huge", "a/b/c", "../..", "/nowhere/at/all", "a b", "~nobody/x", "x\0y", "x" * 5000]
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="is no model: not in the list, not a folder") as refused:
        resolve(name, ANY)
    assert len(str(refused.value)) < 300  # a long name is not repeated whole


@pytest.mark.parametrize("name", ["someone/some-reranker", "/etc", "..", "bundled/huge"])
def test_a_page_with_a_list_allows_nothing_else(name: str) -> None:
    with pytest.raises(InputError, match="is not in the list of models, and this page does not allow others"):
        resolve(name, LISTED)


def test_own_models_are_allowed_where_nothing_else_is(tmp_path: Path) -> None:
    own, other = write_bert(tmp_path / "models" / "own"), write_bert(tmp_path / "other")
    (tmp_path / "models" / "link").symlink_to(other)
    settings = Settings(any_model=False, models_folder=str(tmp_path / "models"))
    assert resolve("own", settings) == resolve(str(own), settings)
    for name in (str(other), "../other", "link", ".", ""):
        with pytest.raises(InputError):
            resolve(name, settings)


@pytest.mark.parametrize(
    "public", [{"host": "0.0.0.0"}, {"proxies": 1}, {"allowed_hosts": "lens.example"}], ids=lambda row: next(iter(row))
)
def test_visitors_from_elsewhere_find_out_nothing_of_this_machines_folders(
    tmp_path: Path, public: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = write_bert(tmp_path / "models" / "own"), write_bert(tmp_path / "other")
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = Settings(models_folder=str(tmp_path / "models"), **public)
    sentences = set()
    for name in (str(other), str(tmp_path / "nothing"), "~/other", "~/nothing", "../other"):
        with pytest.raises(InputError, match="is no model: not in the list, and not a hub id") as refused:
            resolve(name, settings)
        sentences.add(str(refused.value).replace(name, ""))
    assert len(sentences) == 1
    assert resolve("own", settings).key == str(own)
    assert resolve("someone/some-reranker", settings).key == "someone/some-reranker"
    assert resolve(str(other), settings.of_command_line()).key == str(other)
    chosen = replace(settings, default_model=str(other))
    assert default_model(chosen).key == resolve("~/other", chosen).key == str(other)


# ---- what is here ----------------------------------------------------------------------------------------------------


def test_own_models_are_offered_and_what_is_none_says_why(tmp_path: Path) -> None:
    own = write_bert(tmp_path / "own")
    write_checkpoint(tmp_path / "classes", bert_config(5), {})
    write_checkpoint(tmp_path / "without weights", bert_config(1), {})
    (tmp_path / "without weights" / "model.safetensors").unlink()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{")
    settings = Settings(models_folder=str(tmp_path))
    found = available(settings, Hub(cache=tmp_path / "hub"), tmp_path / "bundled")
    assert [spec.key for spec, where in found if where == "local"] == [str(own)]
    assert {where for _, where in found} == {"local", "download", "unusable"}
    reasons = {spec.label: str(spec.notes) for spec, where in found if where == "unusable"}
    assert "is a classifier for 5 classes" in reasons["classes"]
    assert "missing or incomplete" in reasons["without weights"]
    assert "is damaged or incomplete" in reasons["broken"]
    assert not any(spec.key.startswith("bundled/") for spec, _ in found)


def test_default_model(tmp_path: Path) -> None:
    cache, bundled = HubCache(tmp_path / "hub"), tmp_path / "bundled"
    hub = Hub(cache=cache.root)
    assert default_model(Settings(), hub, bundled).key == "bundled/medium"
    write_bert(cache.snapshot("nboost/pt-bert-large-msmarco"), labels=2)
    write_bert(bundled / "tiny")
    assert default_model(Settings(), hub, bundled).key == "bundled/tiny"
    write_bert(cache.snapshot("cross-encoder/ms-marco-MiniLM-L-12-v2"))
    assert default_model(Settings(), hub, bundled).key == "cross-encoder/ms-marco-MiniLM-L12-v2"
    chosen = Settings(default_model="cross-encoder/ms-marco-TinyBERT-L-2-v2")
    assert default_model(chosen, hub, bundled).key == "cross-encoder/ms-marco-TinyBERT-L2-v2"


def test_weights_under_an_old_name_are_found_and_loaded(tmp_path: Path) -> None:
    write_bert(HubCache(tmp_path).snapshot("cross-encoder/ms-marco-MiniLM-L-6-v2"))
    spec, hub = resolve("cross-encoder/ms-marco-MiniLM-L6-v2", ANY), Hub(cache=tmp_path)
    assert str(fingerprint(spec, ANY, hub)).startswith(COMMIT)
    assert load_cross_encoder(spec, ANY, hub=hub).fingerprint == fingerprint(spec, ANY, hub)


@pytest.mark.parametrize("missing", ["config.json", "vocab.txt", "model.safetensors"])
def test_half_a_download_is_not_here(missing: str, tmp_path: Path) -> None:
    folder = write_bert(HubCache(tmp_path).snapshot("cross-encoder/ms-marco-MiniLM-L6-v2"))
    (folder / missing).unlink()
    spec = resolve("cross-encoder/ms-marco-MiniLM-L6-v2", ANY)
    assert find_checkpoint(spec, Hub(cache=tmp_path)) is None
    assert fingerprint(spec, ANY, Hub(cache=tmp_path)) is None


def test_fingerprint_of_a_folder_changes_with_its_weights(tmp_path: Path) -> None:
    spec = resolve(str(write_bert(tmp_path)), ANY)
    before = fingerprint(spec, ANY)
    assert before == fingerprint(spec, ANY) == load(tmp_path).fingerprint
    save_file(bert_state(1, seed=1), tmp_path / "model.safetensors")
    os.utime(tmp_path / "model.safetensors", ns=(1, 1))
    assert fingerprint(spec, ANY) != before


def test_fingerprint_of_bundled_weights_is_the_same_on_every_machine(tmp_path: Path) -> None:
    spec = find("bundled/tiny")
    assert spec is not None
    prints = []
    for machine in ("here", "there"):
        folder = write_bert(tmp_path / machine / "tiny")
        os.utime(folder / "model.safetensors", ns=(len(machine), len(machine)))
        prints.append(fingerprint(spec, ANY, bundled=tmp_path / machine))
    assert prints[0] == prints[1]
    save_file(bert_state(1, seed=1), tmp_path / "there" / "tiny" / "model.safetensors")
    assert fingerprint(spec, ANY, bundled=tmp_path / "there") != prints[0]


def test_asking_what_is_here_imports_no_torch() -> None:
    code = (
        "import sys; from demo.rankers.cross_encoder import loading; from demo.settings import Settings\n"
        "settings = Settings(); loading.available(settings)\n"
        "loading.fingerprint(loading.default_model(settings), settings)\n"
        "assert not {'torch', 'transformers'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


# ---- layouts on disk -------------------------------------------------------------------------------------------------


def write_shards(folder: Path, suffix: str) -> Path:
    """The checkpoint of `write_bert` in two files with an index."""
    state = bert_state(1)
    write_checkpoint(folder, bert_config(1), {})
    (folder / "model.safetensors").unlink()
    stem = "model" if suffix == "safetensors" else "pytorch_model"
    names = [f"{stem}-0000{number}-of-00002.{suffix}" for number in (1, 2)]
    halves = [dict(list(state.items())[part::2]) for part in (0, 1)]
    for name, half in zip(names, halves, strict=True):
        if suffix == "safetensors":
            save_file(half, folder / name, metadata={"format": "pt"})
        else:
            torch.save(half, folder / name)
    places = {key: name for name, half in zip(names, halves, strict=True) for key in half}
    write_json(folder / f"{stem}.{suffix}.index.json", {"metadata": {}, "weight_map": places})
    return folder


@pytest.mark.parametrize("suffix", ["safetensors", "bin"])
def test_shards_are_one_model(suffix: str, tmp_path: Path) -> None:
    whole = scores_of(load(write_bert(tmp_path / "whole")), QUERY, PASSAGES)
    folder = write_shards(tmp_path / "shards", suffix)
    assert scores_of(load(folder), QUERY, PASSAGES) == pytest.approx(whole, abs=1e-6)
    next(folder.glob(f"*-00002-of-00002.{suffix}")).unlink()
    with pytest.raises(ModelError, match="is listed in the index of its weights and is not there"):
        load(folder)


def test_parameters_are_counted_from_the_header(tmp_path: Path) -> None:
    state = bert_state(1)
    expected = sum(value.numel() for value in state.values())
    write_checkpoint(tmp_path, bert_config(1), {name: value.half() for name, value in state.items()})
    checkpoint = find_checkpoint(resolve(str(tmp_path), ANY), Hub())
    assert checkpoint is not None
    assert checkpoint.parameters() == expected
    assert checkpoint.weights_bytes > 2 * expected


def test_wanted_files_are_the_preferred_weights_and_what_reads_text() -> None:
    small = {"config.json": 1, "vocab.txt": 2, "tokenizer.json": 3, "README.md": 4, "modeling.py": 5}
    weights = {"pytorch_model.bin": 10, "model.safetensors": 11, "onnx/model.onnx": 12, "tf_model.h5": 13}
    needed = {"config.json": 1, "vocab.txt": 2, "tokenizer.json": 3}
    assert wanted_files(small | weights) == needed | {"model.safetensors": 11}
    assert wanted_files(small | {"pytorch_model.bin": 10, "flax_model.msgpack": 1}) == needed | {
        "pytorch_model.bin": 10
    }
    shards = {
        "model.safetensors.index.json": 1,
        "model-00001-of-00002.safetensors": 7,
        "model-00002-of-00002.safetensors": 8,
    }
    assert wanted_files(small | shards | {"pytorch_model.bin": 10}) == needed | shards
    assert wanted_files(small | {"tf_model.h5": 13}) == {}
    assert wanted_files(small | weights, weights=False) == needed


# ---- what goes wrong -------------------------------------------------------------------------------------------------


def without_head(folder: Path) -> None:
    """What a bi-encoder's folder often is: an encoder under a classifier's name."""
    state = {name: value for name, value in bert_state(1).items() if not name.startswith("classifier")}
    write_checkpoint(folder, bert_config(1), state)


def bi_encoder(folder: Path) -> None:
    write_checkpoint(folder, bert_config(1) | {"architectures": ["BertModel"]}, bert_state(1))


def decoder(folder: Path) -> None:
    write_checkpoint(folder, bert_config(1) | {"architectures": ["Qwen3ForCausalLM"]}, bert_state(1))


def three_labels(folder: Path) -> None:
    write_bert(folder, labels=3)


def own_code(folder: Path) -> None:
    own = {"auto_map": {"AutoModelForSequenceClassification": "modeling.Own"}, "model_type": "own"}
    write_checkpoint(folder, bert_config(1) | own | {"architectures": ["OwnForSequenceClassification"]}, bert_state(1))
    (folder / "modeling.py").write_text("raise SystemExit('the code of a checkpoint was run')")


def own_code_without_class(folder: Path) -> None:
    own_code(folder)
    config = json.loads((folder / "config.json").read_text())
    del config["architectures"]
    write_json(folder / "config.json", config)


class Trap:
    """An object whose unpickling runs code."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return (os.mkdir, ("/dev/null/the pickle was run",))


def trapped_pickle(folder: Path) -> None:
    write_checkpoint(folder, bert_config(1), {}, pickled=True)
    torch.save({"bert.weight": Trap()}, folder / "pytorch_model.bin")


def old_pickle(folder: Path) -> None:
    write_checkpoint(folder, bert_config(1), {}, pickled=True)
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"bert.weight": Trap()}))


def cut_off(folder: Path) -> None:
    path = write_bert(folder) / "model.safetensors"
    path.write_bytes(path.read_bytes()[:100_000])


def no_header(folder: Path) -> None:
    (write_bert(folder) / "model.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")


def empty_file(folder: Path) -> None:
    (write_bert(folder) / "model.safetensors").write_bytes(b"")


def another_shape(folder: Path) -> None:
    write_checkpoint(folder, bert_config(1) | {"vocab_size": 7}, bert_state(1))


def no_tokenizer(folder: Path) -> None:
    (write_bert(folder) / "vocab.txt").unlink()


def broken_tokenizer(folder: Path) -> None:
    (write_bert(folder) / "tokenizer.json").write_text("{}")


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize(
    ("write", "words"),
    [
        (without_head, "has no trained reranking head. Missing in its files: classifier.bias, classifier.weight."),
        (bi_encoder, "is a plain encoder .BertModel. without a reranking head"),
        (decoder, "is a language model .Qwen3ForCausalLM. without a template for a query and a document"),
        (three_labels, "is a classifier for 3 classes .label_0, label_1, label_2.; a reranker has one output or two"),
        (own_code, "code that comes with a model is never run"),
        (own_code_without_class, "code that comes with a model is never run"),
        (trapped_pickle, "would run code when opened, so they were not loaded"),
        (old_pickle, "would run code when opened, so they were not loaded"),
        (cut_off, "is damaged or incomplete"),
        (no_header, "is a pointer of Git LFS"),
        (empty_file, "is damaged or incomplete"),
        (another_shape, "could not be loaded"),
        (no_tokenizer, "has no tokenizer in"),
        (broken_tokenizer, "could not be loaded"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(
    write: Callable[[Path], None], words: str, tmp_path: Path
) -> None:
    write(tmp_path / "model")
    with pytest.raises(ModelError, match=words) as caught:
        load(tmp_path / "model")
    assert any("\u4e00" <= letter <= "\u9fff" for letter in caught.value.to("zh"))


def test_a_bundled_model_without_files_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="missing or incomplete in bundled/tiny"):
        load_cross_encoder(resolve("bundled/tiny", LISTED), LISTED, bundled=tmp_path)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(device="cpu", precision="fp16"), "fp16 needs a GPU"),
        (Settings(device="cuda:99"), "device is “cuda:99”, which this machine does not have"),
        (Settings(device="toaster"), "device is “toaster”, which this machine does not have"),
    ],
)
def test_devices_and_precisions_that_do_not_go_together(settings: Settings, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        load_cross_encoder(resolve(str(write_bert(tmp_path)), settings), settings)


def test_weights_in_half_precision_take_twice_their_size(tmp_path: Path) -> None:
    for number, (dtype, expected) in enumerate({"float32": 100, "bfloat16": 200, "float16": 200}.items()):
        write_checkpoint(tmp_path / str(number), bert_config(1) | {"dtype": dtype}, {})
        assert loaded_bytes(tmp_path / str(number), 100) == expected


# ---- memory ----------------------------------------------------------------------------------------------------------


def machine(root: Path, available_kb: int, limit: str = "", used: int = 0, cached: int = 0) -> Path:
    """The files in which Linux says how much memory there is."""
    (root / "proc").mkdir()
    (root / "proc" / "meminfo").write_text(f"MemTotal: 99999 kB\nMemAvailable:    {available_kb} kB\n")
    group = root / "sys" / "fs" / "cgroup"
    group.mkdir(parents=True)
    if limit:
        (group / "memory.max").write_text(f"{limit}\n")
        (group / "memory.current").write_text(f"{used}\n")
        (group / "memory.stat").write_text(f"anon 5\ninactive_file {cached}\n")
    return root


def test_free_memory_is_the_smaller_of_machine_and_container(tmp_path: Path) -> None:
    for place, (limit, expected) in enumerate(
        {"": 2_048_000, "max": 2_048_000, "900000": 900_000 - (700_000 - 100_000)}.items()
    ):
        root = tmp_path / str(place)
        root.mkdir()
        assert free_bytes(machine(root, 2_000, limit, used=700_000, cached=100_000)) == expected
    assert free_bytes(tmp_path / "a system without these files") is None


def test_a_model_that_does_not_fit_is_refused_before_it_is_read() -> None:
    spec = ModelSpec("someone/large", "Large")
    with pytest.raises(ModelError, match=r"needs about 1\.3 GB, and 1\.2 GB are free"):
        check_memory(spec, weights_bytes=1_000_000_000, free=1_200_000_000)
    check_memory(spec, weights_bytes=1_000_000_000, free=1_400_000_000)
    check_memory(spec, weights_bytes=10**15, free=None)


# ---- progress --------------------------------------------------------------------------------------------------------


def test_loading_says_what_it_does(tmp_path: Path) -> None:
    heard: list[str] = []
    spec = resolve(str(write_bert(tmp_path / "mine")), ANY)
    load_cross_encoder(spec, ANY, lambda text: heard.append(str(text)))
    assert heard == ["Starting PyTorch", "Reading the weights of mine"]


def test_every_refusal_is_a_sentence_in_both_languages() -> None:
    with pytest.raises(DemoError) as caught:
        resolve("a/b/c", LISTED)
    assert caught.value.to("zh").endswith("。")
