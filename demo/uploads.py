"""The folder that uploads pass through: one for each process, emptied when the next one starts, bounded in bytes."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock
from time import time
from typing import IO

from demo.errors import InputError
from demo.phrases import shown
from demo.settings import Settings

LIFE_SECONDS = 600
"""How long an upload stays, so that another reading of it can be chosen."""

SAFE_SECONDS = 30
"""An upload is read soon after it has come; it is not deleted before, however full the folder is."""

VISITOR_SHARE = 0.1
"""Part of the folder that several uploads of one visitor may take while they are still coming."""

_LOCK = "in-use"


@dataclass(slots=True)
class Uploads:
    """The folder of this process.

    Attributes:
        path: where it is; it is removed by `close`, or by the next process that starts.
        most_bytes: of all files together, and of those that are still coming.
    """

    path: Path
    most_bytes: int
    _mark: IO[bytes]
    _lock: Lock = field(default_factory=Lock)
    _coming: Counter[str] = field(default_factory=Counter)  # bytes by visitor

    @classmethod
    def open(cls, settings: Settings) -> Uploads:
        """A new folder; those of processes that have ended are removed.

        Raises:
            OSError: nothing can be written there.
        """
        parent = Path(settings.uploads_folder or Path(tempfile.gettempdir()) / "rerank-lens")
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for old in parent.glob("run-*"):
            _remove_if_left(old)
        path = Path(mkdtemp(prefix="run-", dir=parent))
        mark = (path / _LOCK).open("wb")
        _claim(mark)
        return cls(path, settings.max_stored_bytes, mark)

    @property
    def stored_bytes(self) -> int:
        """Of all files."""
        return sum(size for _, _, size in self._files())

    def make_room(self, wanted_bytes: int, visitor: str = "") -> bool:
        """Whether so many bytes more fit, once files that nobody needs any longer are deleted, the oldest first.

        More than the disk has free do not fit, nor does another upload of a visitor whose uploads that are still coming
        would take more than VISITOR_SHARE together. If they fit, they are kept free until `came` is called; if not,
        only files older than LIFE_SECONDS are deleted.
        """
        now = time()
        with self._lock:
            files = sorted((written, path, size) for path, written, size in self._files())
            coming = self._coming.total() + wanted_bytes
            total = coming + sum(size for *_, size in files)
            needed = coming + sum(size for written, _, size in files if now - written <= SAFE_SECONDS)
            fits = needed <= self.most_bytes and self._has_share(visitor, wanted_bytes)
            for written, path, size in files:
                is_old, is_full = now - written > LIFE_SECONDS, total > self.most_bytes
                if is_old or (fits and is_full and now - written > SAFE_SECONDS):
                    path.unlink(missing_ok=True)
                    total -= size
            fits = fits and coming <= shutil.disk_usage(self.path).free
            if fits:
                self._coming += Counter({visitor: wanted_bytes})
        return fits

    def came(self, wanted_bytes: int, visitor: str = "") -> None:
        """Keeps that room free no longer: what was to come has been written, or never will be."""
        with self._lock:
            self._coming -= Counter({visitor: wanted_bytes})

    def _has_share(self, visitor: str, wanted_bytes: int) -> bool:
        before = self._coming[visitor]
        return not before or before + wanted_bytes <= VISITOR_SHARE * self.most_bytes

    def close(self) -> None:
        """Removes the folder with all that is in it."""
        self._mark.close()
        shutil.rmtree(self.path, ignore_errors=True)

    def _files(self) -> Iterator[tuple[Path, float, int]]:
        for path in self.path.rglob("*"):
            try:
                found = path.stat()
            except OSError:  # deleted meanwhile
                continue
            if path.is_file() and path.name != _LOCK:
                yield path, found.st_mtime, found.st_size


def forget(path: str | Path | None) -> None:
    """Deletes an upload that has been read and will not be read again."""
    if path is not None:
        Path(path).unlink(missing_ok=True)


def read(path: str | Path) -> tuple[str, bytes]:
    """Name and content of an upload.

    Raises:
        InputError: it has been deleted meanwhile.
    """
    try:
        return Path(path).name, Path(path).read_bytes()
    except FileNotFoundError as error:
        raise gone(path) from error


def gone(path: str | Path) -> InputError:
    """The error that this upload has been deleted."""
    return InputError(
        "{name} is no longer here: uploads are kept for {minutes} minutes. Choose the file again.",
        name=shown(Path(path).name),
        minutes=LIFE_SECONDS // 60,
    )


def _remove_if_left(path: Path) -> None:
    """Removes the folder if the process that made it has ended."""
    try:
        with (path / _LOCK).open("rb") as mark:
            if _claim(mark):
                shutil.rmtree(path, ignore_errors=True)
    except OSError:
        return


def _claim(mark: IO[bytes]) -> bool:
    """Whether nobody holds the file, which this process holds from now on until it is closed or the process ends."""
    try:
        import fcntl
    except ImportError:  # Windows: folders of ended processes stay
        return False
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
