"""What the README and its further pages say must be true: versions, settings and commands, each by its source."""

from __future__ import annotations

import re
from pathlib import Path

from demo.settings import table

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
REQUIREMENTS = (ROOT / "requirements.txt").read_text(encoding="utf-8")


def test_the_space_runs_the_gradio_that_is_tested() -> None:
    version = re.search(r"^sdk_version: (\S+)$", README, re.M)
    assert version
    assert f"gradio=={version[1]}\n" in REQUIREMENTS


def test_short_description_fits_a_space() -> None:
    description = re.search(r"^short_description: (.+)$", README, re.M)
    assert description
    assert len(description[1]) <= 60


def test_every_setting_is_in_the_table() -> None:
    assert re.findall(r"^\| `RERANK_LENS_.*\|$", SETTINGS, re.M) == table()


def test_both_commands_are_there() -> None:
    assert "pip install -r requirements.txt && .venv/bin/python app.py" in README
    tests = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1]
    assert f"pip install -r requirements.txt -r tests/requirements.txt && {tests}\n" in README


def test_every_page_that_is_named_is_there() -> None:
    pages = [README, *(path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md"))]
    named = {name for page in pages for name in re.findall(r"\]\((?:docs/)?([a-z]+\.md)\)", page)}
    assert named <= {path.name for path in (ROOT / "docs").glob("*.md")}
    assert all(f"docs/{path.name}" in README for path in (ROOT / "docs").glob("*.md"))


def test_no_file_is_too_large_for_a_space() -> None:
    folders = ("demo", "corpora", "tests", ".ci")
    large = [
        path
        for name in folders
        for path in (ROOT / name).rglob("*")
        if path.is_file() and path.stat().st_size > 10_000_000
    ]
    assert large == []
