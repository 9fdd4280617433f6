"""The folder of uploads: swept at the start, bounded, removed at the end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import time

import pytest

from demo.errors import InputError
from demo.settings import Settings
from demo.uploads import LIFE_SECONDS, SAFE_SECONDS, Uploads, forget, read

ROOT = Path(__file__).resolve().parent.parent


def opened(folder: Path, **settings: int) -> Uploads:
    return Uploads.open(Settings(uploads_folder=str(folder), **settings))  # type: ignore[arg-type]


def put(uploads: Uploads, name: str, size: int, age: float) -> Path:
    path = uploads.path / name
    path.write_bytes(b"x" * size)
    os.utime(path, (time() - age, time() - age))
    return path


def test_what_an_ended_process_left_is_removed_and_what_a_living_one_holds_stays(tmp_path: Path) -> None:
    settings = f"Settings(uploads_folder={str(tmp_path)!r})"
    code = f"from demo.uploads import *; uploads = Uploads.open({settings}); (uploads.path / 'a').touch()"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    assert len(list(tmp_path.glob("run-*/a"))) == 1
    living = opened(tmp_path)
    assert list(tmp_path.iterdir()) == [living.path]
    another = opened(tmp_path)
    assert set(tmp_path.iterdir()) == {living.path, another.path}
    another.close()
    living.close()
    assert list(tmp_path.iterdir()) == []


def test_nobody_else_may_look_into_it(tmp_path: Path) -> None:
    uploads = opened(tmp_path / "new")
    assert uploads.path.stat().st_mode & 0o077 == 0
    uploads.close()


def test_room_is_made_by_deleting_the_oldest_that_were_read(tmp_path: Path) -> None:
    uploads = opened(tmp_path, max_stored_bytes=100)
    old, older, fresh = (put(uploads, name, 30, age) for name, age in (("a", 60), ("b", 90), ("c", 0)))
    assert uploads.stored_bytes == 90
    assert uploads.make_room(10), "it fits as it is"
    uploads.came(10)
    assert old.exists()
    assert older.exists()
    assert uploads.make_room(40)
    assert (older.exists(), old.exists(), fresh.exists()) == (False, True, True)
    uploads.came(40)
    assert not uploads.make_room(80), "what has just come is about to be read"
    assert fresh.exists()
    uploads.close()


def test_uploads_that_are_still_coming_take_room_too(tmp_path: Path) -> None:
    uploads = opened(tmp_path, max_stored_bytes=300)
    assert [uploads.make_room(29, f"visitor {n}") for n in range(100)].count(True) == 10
    uploads.came(29, "visitor 0")
    assert uploads.make_room(29, "visitor 0")
    assert not uploads.make_room(29, "another")
    for n in range(10):
        uploads.came(29, f"visitor {n}")
    assert uploads.make_room(300)
    uploads.close()


def test_one_visitor_cannot_take_all_room_for_uploads_that_are_still_coming(tmp_path: Path) -> None:
    uploads = opened(tmp_path, max_stored_bytes=300)
    assert uploads.make_room(200, "large"), "one upload may have any size"
    assert not uploads.make_room(1, "large")
    assert [uploads.make_room(10, "many") for _ in range(10)].count(True) == 3
    assert uploads.make_room(30, "another")
    for _ in range(3):
        uploads.came(10, "many")
    assert uploads.make_room(20, "many")
    uploads.close()


def test_nothing_young_is_deleted_for_an_upload_that_is_refused(tmp_path: Path) -> None:
    uploads = opened(tmp_path, max_stored_bytes=100)
    read_before, old = put(uploads, "a", 30, SAFE_SECONDS + 1), put(uploads, "b", 1, LIFE_SECONDS + 1)
    assert uploads.make_room(20, "visitor")
    assert not uploads.make_room(60, "visitor"), "it is more than the visitor's share"
    assert not uploads.make_room(81, "another"), "it is more than the room"
    assert (read_before.exists(), old.exists()) == (True, False)
    assert uploads.make_room(60, "another")
    assert not read_before.exists()
    uploads.close()


def test_an_old_upload_goes_even_if_there_is_room(tmp_path: Path) -> None:
    uploads = opened(tmp_path)
    old, young = put(uploads, "a", 1, LIFE_SECONDS + 1), put(uploads, "b", 1, SAFE_SECONDS + 1)
    assert uploads.make_room(1)
    assert (old.exists(), young.exists()) == (False, True)
    uploads.close()


def test_a_folder_that_cannot_be_written_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        opened(tmp_path / "file" / "below")


def test_an_upload_that_is_gone_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"text")
    assert read(path) == ("a.txt", b"text")
    forget(path)
    forget(path)
    forget(None)
    with pytest.raises(InputError, match=r"^a\.txt is no longer here: uploads are kept for 10 minutes"):
        read(path)


def test_an_upload_larger_than_the_free_disk_is_not_taken(tmp_path: Path) -> None:
    uploads = opened(tmp_path, max_stored_bytes=10**15)
    assert not uploads.make_room(10**15 - 1)
    uploads.close()
