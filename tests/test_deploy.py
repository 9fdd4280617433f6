"""Deploying: the app's files and docs, sent as the hub wants them; requirements that resolve on a Space."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

import pytest
import uvicorn
import yaml
from fastapi import FastAPI, Request

from demo.deploy import LEFT_OUT, files_of, main, with_thumbnail

ROOT = Path(__file__).resolve().parent.parent
SPACE = "me/lens"
SMALL_HUB_BYTES = 10_000_000
"""Larger ones are refused even by LFS on a Space's own page."""


def front_matter(readme: bytes) -> dict[str, Any]:
    return dict(yaml.safe_load(readme.decode().split("---\n")[1]))


# ---- which files ---------------------------------------------------------------------------------------------------


def test_a_space_gets_what_the_app_runs_on_and_what_its_readme_leads_to(tmp_path: Path) -> None:
    files = files_of(ROOT, SPACE)
    paths = {file.path for file in files}
    assert {
        "app.py",
        "README.md",
        "requirements.txt",
        "demo/page.png",
        "docs/models.md",
        "corpora/cities/corpus.jsonl",
    } <= paths
    assert not [path for path in paths if path.startswith((*LEFT_OUT, "tests", ".ci")) or "__pycache__" in path]
    for file in files:
        target = tmp_path / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
    code = (
        "from demo.service import RankingService; from demo.settings import Settings; from demo.ui.app import *;"
        "s = Settings(); service = RankingService(s); build_app(s, service);"
        "result = service.run(service.worked_example(), [service.cross_encoder('bundled/tiny')]).run();"
        "print(result.columns[0].ranker.label)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.strip().endswith("Tiny"), done.stderr


def test_the_readme_has_the_spaces_own_picture() -> None:
    (readme,) = (file.content for file in files_of(ROOT, SPACE) if file.path == "README.md")
    values = front_matter(readme)
    assert values["thumbnail"] == "https://huggingface.co/spaces/me/lens/resolve/main/demo/page.png"
    assert front_matter(with_thumbnail(readme, "you/lens"))["thumbnail"].count("you/lens") == 1
    assert readme.decode().split("---\n", 2)[2] == (ROOT / "README.md").read_text("utf-8").split("---\n", 2)[2]


def test_the_front_matter_is_whole() -> None:
    values = front_matter((ROOT / "README.md").read_bytes())
    assert {"title", "emoji", "sdk", "sdk_version", "python_version", "app_file", "license", "tags", "models"} <= set(
        values
    )
    assert (ROOT / values["app_file"]).is_file()
    preloaded = [row.split()[0] for row in values["preload_from_hub"]]
    assert set(preloaded) <= set(values["models"])
    assert re.fullmatch(r"\d+[mh]", values["startup_duration_timeout"])


def test_nothing_is_sent_unless_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([SPACE, "--hub", "http://127.0.0.1:1"]) == 0
    assert "Nothing was; add --send." in capsys.readouterr().out


@pytest.mark.parametrize("name", ["lens", "me/lens/more", "me/", "../lens", "me/le ns"])
def test_a_wrong_name_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([name])
    assert "Write owner/name." in capsys.readouterr().err


# ---- sending, to a server that speaks as the hub does --------------------------------------------------------------


@dataclass
class Hub:
    """What was sent to it."""

    url: str = ""
    created: list[dict[str, Any]] = field(default_factory=list)
    stored: dict[str, bytes] = field(default_factory=dict)
    commit: list[dict[str, Any]] = field(default_factory=list)
    there: tuple[str, ...] = (".gitattributes", "app.py", "old.txt")

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/api/repos/create")
        async def create(request: Request) -> dict[str, str]:
            self.created.append(await request.json())
            return {"url": f"{self.url}/spaces/{SPACE}"}

        @app.get(f"/api/spaces/{SPACE}/tree/main")
        async def tree() -> list[dict[str, Any]]:
            return [{"type": "file", "path": path, "size": 1, "oid": "0"} for path in self.there]

        @app.post("/api/validate-yaml")
        async def validate() -> dict[str, Any]:
            return {"errors": [], "warnings": []}

        @app.post(f"/api/spaces/{SPACE}/preupload/main")
        async def preupload(request: Request) -> dict[str, Any]:
            asked = (await request.json())["files"]
            large = (".png", ".safetensors", ".woff2")
            modes = {row["path"]: "lfs" if row["path"].endswith(large) else "regular" for row in asked}
            return {
                "files": [{"path": path, "uploadMode": mode, "shouldIgnore": False} for path, mode in modes.items()]
            }

        @app.post(f"/spaces/{SPACE}.git/info/lfs/objects/batch")
        async def batch(request: Request) -> dict[str, Any]:
            objects = (await request.json())["objects"]
            rows = [{**row, "actions": {"upload": {"href": f"{self.url}/store/{row['oid']}"}}} for row in objects]
            return {"transfer": "basic", "objects": rows}

        @app.put("/store/{oid}")
        async def store(oid: str, request: Request) -> None:
            self.stored[oid] = await request.body()

        @app.post(f"/api/spaces/{SPACE}/commit/main")
        async def commit(request: Request) -> dict[str, str]:
            self.commit = [json.loads(line) for line in (await request.body()).splitlines()]
            return {"commitUrl": f"{self.url}/spaces/{SPACE}/commit/a", "commitOid": "a"}

        return app

    def values(self, key: str) -> list[dict[str, Any]]:
        return [row["value"] for row in self.commit if row["key"] == key]


@contextmanager
def hub() -> Iterator[Hub]:
    found = Hub()
    server = uvicorn.Server(uvicorn.Config(found.app(), port=0, log_level="error"))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        sleep(0.01)
    found.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield found
    server.should_exit = True
    thread.join(10)


def test_a_space_is_created_and_made_equal() -> None:
    with hub() as there:
        environment = os.environ | {"HF_TOKEN": "hf_test", "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
        command = [sys.executable, "-m", "demo.deploy", SPACE, "--send", "--hub", there.url]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{there.url}/spaces/{SPACE}" in done.stdout
    assert [(row["name"], row["organization"], row["type"], row["sdk"]) for row in there.created] == [
        ("lens", "me", "space", "gradio")
    ]
    assert [row["path"] for row in there.values("deletedFile")] == ["old.txt"]
    expected = {file.path: file.content for file in files_of(ROOT, SPACE, there.url)}
    sent = {row["path"]: base64.b64decode(row["content"]) for row in there.values("file")}
    sent |= {row["path"]: there.stored[row["oid"]] for row in there.values("lfsFile")}
    assert sent == expected
    assert max(map(len, sent.values())) < SMALL_HUB_BYTES


# ---- what the builder of a Space installs ---------------------------------------------------------------------------


@pytest.mark.index
def test_the_requirements_resolve_with_what_a_space_adds(tmp_path: Path) -> None:
    values = front_matter((ROOT / "README.md").read_bytes())
    version = values["sdk_version"]
    added = [f"gradio[oauth,mcp]=={version}", "uvicorn>=0.14.0", "websockets>=10.4", "spaces"]
    wanted = tmp_path / "all.in"
    wanted.write_text("\n".join([(ROOT / "requirements.txt").read_text(), *added]))
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--python-version", values["python_version"]]
    command += ["--python-platform", "x86_64-unknown-linux-gnu", "--only-binary", ":all:", str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"gradio=={version}" in done.stdout.splitlines()
