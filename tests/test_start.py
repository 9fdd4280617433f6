"""Starting and ending as a process: faults in one sentence, a clean end on SIGTERM."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest

from app import check_address, check_folders
from demo.errors import InputError
from demo.library import Library
from demo.rankers.cross_encoder.kept_scores import Recording
from demo.service import RankingService
from demo.settings import Settings

ROOT = Path(__file__).resolve().parent.parent


def started(**environment: str) -> subprocess.Popen[str]:
    variables = {f"RERANK_LENS_{name.upper()}": value for name, value in environment.items()}
    return subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def said_at_the_end(**environment: str) -> str:
    process = started(**environment)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert len(said.strip().splitlines()) == 1, said
    return said


def test_a_taken_port_is_told_in_one_sentence() -> None:
    with taken_port() as port:
        assert f"at 127.0.0.1, port {port}: Address already in use. Free the port" in said_at_the_end(port=str(port))


def test_a_wrong_port_address_or_folder_is_told_in_one_sentence(tmp_path: Path) -> None:
    assert said_at_the_end(port="99999").startswith("The port is 99999. Write a number")
    assert said_at_the_end(host="no-such-host.invalid").startswith("“no-such-host.invalid” is no address")
    (tmp_path / "file").touch()
    with taken_port() as number:
        pass
    port = str(number)  # free again
    assert "RERANK_LENS_UPLOADS_FOLDER" in said_at_the_end(uploads_folder=str(tmp_path / "file"), port=port)
    assert said_at_the_end(models_folder=str(tmp_path / "none"), port=port).startswith("There is no folder “")


def test_what_cannot_be_a_host_or_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^“a{70}” is no address of this machine"):
        check_address(Settings(host="a" * 70))
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"is no folder\. Name another with RERANK_LENS_INDEXES_FOLDER"):
        check_folders(Settings(indexes_folder=str(tmp_path / "file")))
    check_folders(Settings(models_folder=str(tmp_path), indexes_folder=str(tmp_path / "new")))


def test_missing_collections_and_broken_recordings_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^There are no collections in the folder corpora"):
        RankingService(Settings(), Library(tmp_path)).worked_example()
    (tmp_path / "first_scores.json").write_text('{"scores": 3}')
    with pytest.raises(InputError, match=r"first_scores\.json holds no recorded scores"):
        Recording.read(tmp_path / "first_scores.json")


def test_it_ends_cleanly_when_it_is_told_to(tmp_path: Path) -> None:
    with taken_port() as port:
        pass
    process = started(port=str(port), uploads_folder=str(tmp_path))
    address = f"http://127.0.0.1:{port}"
    end = monotonic() + 120
    while monotonic() < end:
        try:
            httpx.get(f"{address}/health").raise_for_status()
            break
        except httpx.TransportError:
            assert process.poll() is None, process.communicate()
            sleep(0.2)
    httpx.post(f"{address}/gradio_api/upload", files={"files": ("a.txt", b"left behind")}).raise_for_status()
    assert list(tmp_path.rglob("a.txt"))
    with httpx.stream("GET", f"{address}/gradio_api/heartbeat/abc", timeout=60) as held:
        next(held.iter_raw())
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert list(tmp_path.iterdir()) == []
