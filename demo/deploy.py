"""Creates or updates a Space: `python -m demo.deploy owner/name` says what would be sent, with `--send` it is.

A Space gets the files it runs on and the docs that its README leads to; files that it has besides are deleted. Its
README has a picture of its own for links (`thumbnail`). The token is the one of `hf auth login`, or HF_TOKEN.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from demo.settings import ROOT

FILES = ("app.py", "README.md", "CONTRIBUTING.md", "LICENSE", "SECURITY.md", "requirements.txt")
FOLDERS = ("demo", "corpora", "docs")
LEFT_OUT = ("demo/training", "demo/benchmark", "demo/serving", "demo/deploy.py")
"""Parts that a Space has no use for, and the app never imports."""

HUB = "https://huggingface.co"
KEPT = frozenset({".gitattributes"})
"""Files of a Space that are the hub's own."""

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")


@dataclass(frozen=True, slots=True)
class SpaceFile:
    """A file of the Space: its path there, and its content."""

    path: str
    content: bytes


def files_of(root: Path, space: str, hub: str = HUB) -> tuple[SpaceFile, ...]:
    """What belongs on the Space of this name.

    Raises:
        FileNotFoundError: one of FILES is missing.
    """
    found = []
    for path in (*(root / name for name in FILES), *_within(root)):
        name, content = path.relative_to(root).as_posix(), path.read_bytes()
        found.append(SpaceFile(name, with_thumbnail(content, space, hub) if name == "README.md" else content))
    return tuple(found)


def _within(root: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            name = path.relative_to(root).as_posix()
            is_hidden = any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(root).parts)
            if path.is_file() and not is_hidden and not name.startswith(LEFT_OUT):
                yield path


def with_thumbnail(readme: bytes, space: str, hub: str = HUB) -> bytes:
    """The README whose front matter names the Space's own picture.

    Raises:
        ValueError: it has no front matter.
    """
    text = readme.decode("utf-8")
    if not text.startswith("---\n"):
        raise ValueError("README.md does not begin with front matter, a block between two lines of ---")
    rest = re.sub(r"^thumbnail:.*\n", "", text.removeprefix("---\n"), count=1, flags=re.MULTILINE)
    return f"---\nthumbnail: {hub}/spaces/{space}/resolve/main/demo/page.png\n{rest}".encode()


def send(space: str, files: Sequence[SpaceFile], hub: str, private: bool) -> str:
    """Creates the Space if there is none, makes its files these, and returns its address."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    api = HfApi(endpoint=hub)
    api.create_repo(space, repo_type="space", space_sdk="gradio", private=private, exist_ok=True)
    there = set(api.list_repo_files(space, repo_type="space"))
    surplus = there - {file.path for file in files} - KEPT
    api.create_commit(
        space,
        [
            *(CommitOperationAdd(file.path, file.content) for file in files),
            *(CommitOperationDelete(path) for path in sorted(surplus)),
        ],
        commit_message="Update the app",
        repo_type="space",
    )
    return f"{hub}/spaces/{space}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Says or sends; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo.deploy", description=__doc__)
    parser.add_argument("space", help="owner/name")
    parser.add_argument("--send", action="store_true", help="do it, instead of saying what would be sent")
    parser.add_argument("--private", action="store_true", help="a Space that is created is private")
    parser.add_argument("--hub", default=HUB, help="address of the hub")
    asked = parser.parse_args(arguments)
    if not _NAME.fullmatch(asked.space):
        parser.error(f"“{asked.space[:80]}” is no name of a Space. Write owner/name.")
    files = files_of(ROOT, asked.space, asked.hub)
    total = sum(len(file.content) for file in files)
    if asked.send:
        print(f"{len(files)} files, {total / 1e6:.1f} MB: {send(asked.space, files, asked.hub, asked.private)}")
        return 0
    for file in files:
        print(f"{len(file.content):>12,}  {file.path}")
    print(f"{len(files)} files, {total / 1e6:.1f} MB would be sent to {asked.space}. Nothing was; add --send.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
