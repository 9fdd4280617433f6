"""The Hugging Face hub: what of it is on this machine already, and downloads with sentences for what goes wrong."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.errors import InputError, RemoteError
from demo.messages import Message

ANSWER_SECONDS = 10
"""How long the hub may take to answer before it counts as out of reach."""

_NAME = r"[A-Za-z0-9](?:[\w.-]{0,94}\w)?"
HUB_ID = re.compile(rf"(?!.*(?:--|\.\.|\.git$)){_NAME}(?:/{_NAME})?", re.ASCII)
"""What the hub takes as an id; anything else is no name."""

Tell = Callable[[Message], None]

DOWNLOADING = Message("Downloading {name}: {done} of {total} MB")
"""What is told of a download; whoever is told may raise to stop it, and what has come is kept for the next time."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a hub repository holds: file name → bytes."""

    name: str
    files: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Hub:
    """A hub and the folder its files are kept in; None takes what huggingface_hub is set to."""

    endpoint: str | None = None
    cache: Path | None = None

    def cached(self, name: str, file: str) -> Path | None:
        """Where a file of a repository lies on this machine; None if it was never downloaded. Asks nobody."""
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(name, file, cache_dir=self.cache)
        return Path(found) if isinstance(found, str) else None

    def listing(self, names: Sequence[str]) -> Listing:
        """What the first of these names that the hub knows holds.

        Raises:
            RemoteError: the hub cannot be reached, or refuses.
            InputError: it knows none of the names, or may not be asked here.
        """
        from huggingface_hub import HfApi

        api = HfApi(endpoint=self.endpoint)
        for name in names:
            try:
                with _translated(names[0]):
                    info = api.model_info(name, files_metadata=True, timeout=ANSWER_SECONDS)
            except InputError:
                if name == names[-1]:
                    raise
            else:
                return Listing(name, {file.rfilename: file.size or 0 for file in info.siblings or ()})
        raise ValueError("no names given")

    def download(self, name: str, files: Mapping[str, int], tell: Tell) -> Path:
        """Brings the files here and returns their folder; `tell` hears of the bytes that have come.

        Raises:
            RemoteError: the hub cannot be reached, refuses, or breaks off; or this machine's disk is full.
        """
        from huggingface_hub import hf_hub_download

        received = _Received(name, sum(files.values()), tell)
        folder = Path()
        for file in files:
            with _translated(name):
                path = hf_hub_download(
                    name,
                    file,
                    endpoint=self.endpoint,
                    cache_dir=self.cache,
                    etag_timeout=ANSWER_SECONDS,
                    tqdm_class=_bar_for(received),
                )
            folder = Path(path).parents[len(Path(file).parts) - 1]
        return folder


class _Received:
    """Counts bytes and tells of every further percent."""

    def __init__(self, name: str, total: int, tell: Tell) -> None:
        self._name, self._total, self._tell = name, total, tell
        self._bytes = 0
        self._percent = -1
        self.add(0)

    def add(self, count: float) -> None:
        self._bytes += int(count)
        percent = 100 * self._bytes // max(self._total, 1)
        if percent > self._percent:
            self._percent = percent
            done, total = f"{self._bytes / 1e6:.1f}", f"{self._total / 1e6:.1f}"
            self._tell(DOWNLOADING.format(name=self._name, done=done, total=total))


def _bar_for(received: _Received) -> type[Any]:
    """A progress bar class, as huggingface_hub asks for one, that draws nothing and hands on the bytes written."""
    from tqdm.auto import tqdm

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **(kwargs | {"disable": True}))

        def update(self, n: float | None = 1) -> None:
            received.add(n or 0)

        def update_transfer(self, n: float | None = 1) -> None:
            """Bytes on the wire, which may be compressed, are not counted beside those written."""

        def set_transfer_postfix_str(self, *args: Any, **kwargs: Any) -> None:
            """Nothing is drawn."""

    return Bar


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Turns what huggingface_hub raises into an error with a sentence."""
    from huggingface_hub import errors
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, OfflineModeIsEnabled, RepositoryNotFoundError

    try:
        yield
    except GatedRepoError as error:
        raise _gated(name) from error
    except RepositoryNotFoundError as error:
        raise InputError(
            "The hub has no public model “{name}”. Check the spelling (owner/name); for a private model, log in "
            "on this machine with “hf auth login”.",
            name=name,
        ) from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise (_gated(name) if status in (401, 403) else _refused(name, status)) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise RemoteError(
                "The disk is full: “{name}” could not be downloaded. Free some space and try again.", name=name
            ) from error
        raise (_forbidden(name) if isinstance(error, OfflineModeIsEnabled) else _out_of_reach(name)) from error
    except (errors.HTTPError, RuntimeError) as error:  # type: ignore[attr-defined]  # RuntimeError is what the hub's own transfer library raises.
        raise _out_of_reach(name) from error


def _gated(name: str) -> RemoteError:
    return RemoteError(
        "The hub does not let this machine have “{name}”: its owner must allow it. Ask for access on its hub "
        "page, then log in here with “hf auth login”.",
        name=name,
    )


def _refused(name: str, status: int) -> RemoteError:
    return RemoteError(
        "The hub answered {status} when asked for “{name}”. Try again later, or choose a model that is on "
        "this machine.",
        status=status,
        name=name,
    )


def _forbidden(name: str) -> InputError:
    return InputError(
        "“{name}” is not on this machine, and its owner allows no downloads (HF_HUB_OFFLINE=1). Choose a model "
        "that is here, such as one that is bundled.",
        name=name,
    )


def _out_of_reach(name: str) -> RemoteError:
    return RemoteError(
        "“{name}” is not on this machine, and the hub could not be reached. Check the network connection, or "
        "choose a model that is here.",
        name=name,
    )
