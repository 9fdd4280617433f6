"""Downloads from a hub that runs in the test, over HTTP as huggingface_hub speaks it, and what a hub may refuse."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import huggingface_hub.constants
import pytest
from made_checkpoints import COMMIT, PASSAGES, QUERY, bert_config, scores_of, write_bert, write_json, write_vocabulary
from made_rerankers import write_ettin
from rerank_servers import answering

from demo.errors import InputError, ModelError, RemoteError
from demo.rankers.cross_encoder.hub import Hub
from demo.rankers.cross_encoder.loaded_models import LoadedModels
from demo.rankers.cross_encoder.loading import available, fingerprint, load_cross_encoder, resolve
from demo.rankers.cross_encoder.model import LoadedCrossEncoder
from demo.records import ModelSpec
from demo.settings import ROOT, Settings

ANY = Settings(any_model=True)
NEW, OLD = "cross-encoder/ms-marco-MiniLM-L6-v2", "cross-encoder/ms-marco-MiniLM-L-6-v2"


@dataclass
class ServedHub:
    """A hub with one folder per repository; what was asked for is noted."""

    root: Path
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def folder(self, name: str) -> Path:
        return self.root / name

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for a path."""
        self.asked.append(path)
        parts = path.strip("/").split("/")
        is_listing = parts[:2] == ["api", "models"]
        name = "/".join(parts[2:4] if is_listing else parts[:2])
        if name in self.refusals:
            status, code = self.refusals[name]
            return status, {"X-Error-Code": code}, b""
        folder = self.folder(name)
        if not folder.is_dir():
            return 404, {"X-Error-Code": "RepoNotFound"}, b""
        if is_listing:
            found = sorted(each for each in folder.rglob("*") if each.is_file())
            files = [{"rfilename": each.relative_to(folder).as_posix(), "size": each.stat().st_size} for each in found]
            body = json.dumps({"id": name, "sha": COMMIT, "siblings": files}).encode()
            return 200, {"Content-Type": "application/json"}, body
        body = (folder / "/".join(parts[4:])).read_bytes()
        return 200, {"ETag": f'"{hashlib.sha256(body).hexdigest()}"', "X-Repo-Commit": COMMIT}, body


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ServedHub, Hub]]:
    """The hub, and how to reach it; downloads are allowed for the time of the test."""
    content = ServedHub(tmp_path / "served")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = content.answer(self.path.partition("?")[0])
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
    with answering(Handler) as url:
        yield content, Hub(url, tmp_path / "cache")


def test_a_model_is_downloaded_loaded_and_then_here(served: tuple[ServedHub, Hub], tmp_path: Path) -> None:
    content, hub = served
    folder = write_bert(content.folder(NEW))
    (folder / "README.md").write_text("not needed")
    (folder / "pytorch_model.bin").write_bytes(b"not needed either")
    spec, heard = resolve(OLD, ANY), []
    assert fingerprint(spec, ANY, hub) is None
    model = load_cross_encoder(spec, ANY, lambda text: heard.append(text), hub=hub)

    expected = load_cross_encoder(resolve(str(folder), ANY), ANY)
    assert scores_of(model, QUERY, PASSAGES) == pytest.approx(scores_of(expected, QUERY, PASSAGES), abs=1e-6)
    assert not any("README" in path or "pytorch_model" in path for path in content.asked)
    assert model.fingerprint == fingerprint(spec, ANY, hub)
    assert model.fingerprint.startswith(f"{COMMIT}+")
    assert {each.key: where for each, where in available(ANY, hub, tmp_path)}[NEW] == "cached"

    size = (folder / "model.safetensors").stat().st_size
    total = (
        f"{sum((folder / name).stat().st_size for name in ('config.json', 'vocab.txt', 'model.safetensors')) / 1e6:.1f}"
    )
    assert size > 1e6
    assert str(heard[0]) == "Asking the hub for MiniLM-L6-v2"
    assert f"Downloading {NEW}: 0.0 of {total} MB" in [str(text) for text in heard]
    assert f"正在下载 {NEW}：{total} / {total} MB" in [text.to("zh") for text in heard]
    assert [str(text) for text in heard[-2:]] == ["Starting PyTorch", "Reading the weights of MiniLM-L6-v2"]

    content.asked.clear()
    load_cross_encoder(spec, ANY, hub=hub)
    assert content.asked == [], "what is here is not asked for again"


def test_an_old_name_is_tried_where_the_new_one_is_unknown(served: tuple[ServedHub, Hub]) -> None:
    content, hub = served
    write_bert(content.folder(OLD))
    load_cross_encoder(resolve(NEW, ANY), ANY, hub=hub)
    assert str(fingerprint(resolve(NEW, ANY), ANY, hub)).startswith(COMMIT)


def test_a_tokenizer_from_another_repository_comes_along(served: tuple[ServedHub, Hub]) -> None:
    content, hub = served
    write_bert(content.folder("someone/reranker"))
    (content.folder("someone/reranker") / "vocab.txt").write_text("not\nthis\n")
    write_vocabulary(content.folder("someone/base"))
    spec = ModelSpec("someone/reranker", "reranker", tokenizer="someone/base", lower_case=True)
    model = load_cross_encoder(spec, ANY, hub=hub)
    assert model.pairs.encode(["berlin has"])[0].size == 2


def test_another_model_is_looked_at_before_its_weights_are_fetched(served: tuple[ServedHub, Hub]) -> None:
    content, hub = served
    write_json(content.folder("someone/lm") / "config.json", bert_config(1) | {"architectures": ["LlamaForCausalLM"]})
    (content.folder("someone/lm") / "model.safetensors").write_bytes(b"large")
    with pytest.raises(ModelError, match=r"is a language model .LlamaForCausalLM. without a template"):
        load_cross_encoder(resolve("someone/lm", ANY), ANY, hub=hub)
    assert not any("safetensors" in path for path in content.asked)


def test_a_model_that_would_not_fit_into_memory_is_not_downloaded(served: tuple[ServedHub, Hub]) -> None:
    content, hub = served
    with (write_bert(content.folder(NEW)) / "model.safetensors").open("r+b") as file:
        file.truncate(10**13)  # a hole takes no room on the disk
    with pytest.raises(ModelError, match=r"There is not enough memory for “MiniLM-L6-v2”: it needs about 13000\.0 GB"):
        load_cross_encoder(resolve(NEW, ANY), ANY, hub=hub)
    assert not any("safetensors" in path for path in content.asked)


def test_a_repository_without_pytorch_weights(served: tuple[ServedHub, Hub]) -> None:
    content, hub = served
    write_json(content.folder("someone/tf") / "config.json", bert_config(1))
    (content.folder("someone/tf") / "tf_model.h5").write_bytes(b"")
    with pytest.raises(ModelError, match="has no PyTorch weights on the hub"):
        load_cross_encoder(resolve("someone/tf", ANY), ANY, hub=hub)


@pytest.mark.parametrize(
    ("status", "code", "kind", "words"),
    [
        (404, "RepoNotFound", InputError, "no public model “someone/secret”. Check the spelling"),
        (401, "RepoNotFound", InputError, "for a private model, log in on this machine"),
        (403, "GatedRepo", RemoteError, "does not let this machine have “someone/secret”: its owner must allow it"),
        (403, "", RemoteError, "does not let this machine have"),
        (418, "", RemoteError, "The hub answered 418 when asked for “someone/secret”"),
    ],
)
def test_what_the_hub_refuses(
    status: int, code: str, kind: type[Exception], words: str, served: tuple[ServedHub, Hub]
) -> None:
    content, hub = served
    content.refusals["someone/secret"] = (status, code)
    with pytest.raises(kind, match=words):
        load_cross_encoder(resolve("someone/secret", ANY), ANY, hub=hub)


def test_a_hub_out_of_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    start = time.perf_counter()
    with pytest.raises(RemoteError, match=f"“{NEW}” is not on this machine, and the hub could not be reached"):
        load_cross_encoder(resolve(NEW, ANY), ANY, hub=Hub("http://127.0.0.1:9", tmp_path))
    assert time.perf_counter() - start < 10


def test_offline_is_said_at_once(tmp_path: Path) -> None:
    """With HF_HUB_OFFLINE=1 in the environment, as huggingface_hub reads it when it is imported."""
    code = (
        "from demo.errors import InputError; from demo.rankers.cross_encoder import loading\n"
        "from demo.settings import Settings\n"
        "try: loading.load_cross_encoder(loading.resolve('nboost/pt-tinybert-msmarco', Settings()), Settings())\n"
        "except InputError as error: print(error)"
    )
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert "“nboost/pt-tinybert-msmarco” is not on this machine, and its owner allows no downloads" in done.stdout


# ---- large files, as the hub sends them: elsewhere, in parts, slowly -------------------------------------------------


@dataclass
class LargeFiles:
    """A hub that keeps weights elsewhere: it names their digest and size, and redirects.

    Attributes:
        broken: how often a transfer of weights ends after half of what was asked for.
        pause: seconds between pieces of weights.
        ranges: byte ranges that were asked for, "" for whole files.
    """

    root: Path
    broken: int = 0
    pause: float = 0.0
    ranges: list[str] = field(default_factory=list)
    sent: int = 0

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = handler.path.partition("?")[0].strip("/").split("/")
        if parts[0] == "elsewhere":
            return self._weights(handler, self.root / "/".join(parts[1:]))
        if parts[:2] == ["api", "models"]:
            folder = self.root / "/".join(parts[2:4])
            found = sorted(each for each in folder.rglob("*") if each.is_file())
            files = [{"rfilename": each.relative_to(folder).as_posix(), "size": each.stat().st_size} for each in found]
            body = json.dumps({"id": "/".join(parts[2:4]), "sha": COMMIT, "siblings": files}).encode()
            return self._answer(handler, 200, {"Content-Type": "application/json"}, body)
        path = self.root / "/".join(parts[:2]) / "/".join(parts[4:])
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{digest}"'}
        if path.suffix != ".safetensors":
            return self._answer(handler, 200, headers, path.read_bytes())
        headers |= {"X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(path.stat().st_size)}
        port = handler.server.server_address[1]
        headers |= {"Location": f"http://localhost:{port}/elsewhere/{path.relative_to(self.root).as_posix()}"}
        return self._answer(handler, 302, headers, b"")

    def _weights(self, handler: BaseHTTPRequestHandler, path: Path) -> None:
        body, asked = path.read_bytes(), handler.headers.get("Range", "")
        digest = hashlib.sha256(body).hexdigest()
        if handler.command == "GET":
            self.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").partition("-")[0]) if asked else 0
        rest = body[start:]
        handler.send_response(206 if asked else 200)
        handler.send_header("Content-Length", str(len(rest)))
        handler.send_header("ETag", f'"{digest}"')
        if asked:
            handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        handler.end_headers()
        if handler.command != "GET":
            return
        if self.broken:
            self.broken -= 1
            rest = rest[: len(rest) // 2]
        piece = max(1, len(rest) // 40)
        for begin in range(0, len(rest), piece):
            handler.wfile.write(rest[begin : begin + piece])
            handler.wfile.flush()
            self.sent += piece
            time.sleep(self.pause)
        handler.close_connection = True

    @staticmethod
    def _answer(handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes) -> None:
        handler.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command == "GET":
            handler.wfile.write(body)


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[LargeFiles, Hub]]:
    content = LargeFiles(tmp_path / "served")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                content.serve(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 2**16)  # 10 MB otherwise
    with answering(Handler) as url:
        yield content, Hub(url, tmp_path / "cache")


ETTIN = "cross-encoder/ettin-reranker-17m-v1"


@pytest.mark.filterwarnings("ignore")
def test_a_chain_comes_with_its_folders_and_is_there_without_the_hub(
    large: tuple[LargeFiles, Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, hub = large
    saved = write_ettin(tmp_path / "made")
    shutil.copytree(saved, content.root / ETTIN)
    heard: list[str] = []
    model = load_cross_encoder(resolve(ETTIN, ANY, hub), ANY, lambda text: heard.append(str(text)), hub=hub)
    expected = load_cross_encoder(resolve(str(saved), ANY), ANY)
    assert scores_of(model, QUERY, PASSAGES) == pytest.approx(scores_of(expected, QUERY, PASSAGES), abs=1e-5)
    downloaded = [text for text in heard if text.startswith("Downloading")]
    assert downloaded[-1].split(": ")[1].split(" of ")[0] == downloaded[-1].split(" of ")[1].removesuffix(" MB")

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    asked = len(content.ranges)
    again = load_cross_encoder(resolve(ETTIN, ANY, hub), ANY, hub=Hub("http://127.0.0.1:9", hub.cache))
    assert again.fingerprint == model.fingerprint
    assert len(content.ranges) == asked


def test_a_transfer_that_breaks_off_goes_on_from_where_it_was(large: tuple[LargeFiles, Hub]) -> None:
    content, hub = large
    folder = write_bert(content.root / NEW)
    content.broken = 1
    with suppress(RemoteError):  # huggingface_hub may go on by itself
        load_cross_encoder(resolve(NEW, ANY, hub), ANY, hub=hub)
    model = load_cross_encoder(resolve(NEW, ANY, hub), ANY, hub=hub)
    assert content.ranges[0] == ""
    assert content.ranges[1].startswith("bytes=")
    expected = load_cross_encoder(resolve(str(folder), ANY), ANY)
    assert scores_of(model, QUERY, PASSAGES) == pytest.approx(scores_of(expected, QUERY, PASSAGES), abs=1e-6)


def test_a_download_stops_when_nobody_waits_for_it_and_goes_on_later(large: tuple[LargeFiles, Hub]) -> None:
    content, hub = large
    write_bert(content.root / NEW)
    content.pause = 0.1
    spec, settings = resolve(NEW, ANY, hub), ANY
    models: LoadedModels[LoadedCrossEncoder] = LoadedModels(
        lambda spec, settings, tell: load_cross_encoder(spec, settings, tell, hub), settings
    )
    with models.claim(spec, "fp32") as ticket:
        while not content.sent:
            assert not ticket.ready(0.05)
    with pytest.raises(RemoteError, match="was stopped, since nobody waited"):
        ticket.loaded()
    before = content.sent
    assert before < (content.root / NEW / "model.safetensors").stat().st_size
    assert not models.has(spec, "fp32")

    content.pause = 0.0
    with models.claim(spec, "fp32") as ticket:
        assert ticket.loaded().spec.key == NEW
