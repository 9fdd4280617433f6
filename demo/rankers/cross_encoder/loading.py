"""From a name to a loaded cross-encoder: which models there are, where their weights are, and what may go wrong."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Literal

from demo.errors import DemoError, InputError, ModelError
from demo.messages import NOTHING, Message
from demo.phrases import shown
from demo.rankers.catalog import BUNDLED_PREFIX, CATALOG, DEFAULT_BUNDLED, MODELS, find
from demo.rankers.cross_encoder import checkpoints
from demo.rankers.cross_encoder.checkpoints import CONFIG, Checkpoint, find_checkpoint, is_bundled, is_local
from demo.rankers.cross_encoder.hub import HUB_ID, Hub, Listing
from demo.rankers.cross_encoder.layouts import Files, describe, is_bi_encoder
from demo.records import ModelSpec
from demo.settings import Settings

if TYPE_CHECKING:
    from demo.rankers.cross_encoder.model import LoadedCrossEncoder

Where = Literal["bundled", "cached", "served", "download", "local", "unusable"]
Tell = Callable[[Message], None]

HUB = Hub()

NEEDED_MEMORY = 1.3
"""Free memory that loading needs, in sizes of the weights in fp32: themselves and the largest batch."""


# ---- which models there are ----------------------------------------------------------------------------------------


def resolve(name: str, settings: Settings, hub: Hub = HUB, bundled: Path = checkpoints.BUNDLED) -> ModelSpec:
    """The model of this name: a catalog key or alias, a folder, or a hub id.

    Folders within `settings.models_folder` are allowed always (by their name or path), and so is the one of
    `settings.default_model`. Hub ids that the catalog does not have are allowed only with `settings.any_model`, other
    folders only where the page is served to this machine alone besides: else visitors could find out what is on it.

    Raises:
        InputError: the name is empty or unknown, or not allowed here.
        ModelError: the folder holds no cross-encoder.
    """
    name = name.strip()
    spec = find(name) or named(name, settings)
    return _described_locally(spec) if is_local(spec) else _known_by_files(spec, hub, bundled)


def named(name: str, settings: Settings) -> ModelSpec:
    """What a name stands for that the catalog does not have: a folder or a hub id, whatever is in it.

    Raises:
        InputError: it is neither, or not allowed here.
    """
    folder = _allowed_folder(name, settings)
    if folder is not None:
        return _local_spec(folder)
    if settings.any_model and HUB_ID.fullmatch(name) and not name.startswith(BUNDLED_PREFIX):
        return ModelSpec(key=name, label=name.rpartition("/")[2], language="", max_tokens=0)
    raise _unknown(name, settings)


def _known_by_files(spec: ModelSpec, hub: Hub, bundled: Path) -> ModelSpec:
    """The spec with what its files say, if they are on this machine; what is wrong with them is said when they load."""
    try:
        checkpoint = find_checkpoint(spec, hub, bundled)
        return spec if checkpoint is None else describe(spec, checkpoint.folder)
    except ModelError:
        return spec


def _allowed_folder(name: str, settings: Settings) -> Path | None:
    """The folder that the name stands for, if it may be used and holds a model, if only for another program."""
    own = os.path.realpath(os.path.expanduser(settings.models_folder)) if settings.models_folder else ""
    chosen = os.path.realpath(os.path.expanduser(settings.default_model)) if settings.default_model else ""
    tried = [os.path.join(own, name)] if own else []
    for path in (*tried, os.path.expanduser(name)) if name and "\0" not in name else ():
        folder = os.path.realpath(path)
        by_owner = folder == chosen or (own and folder.startswith(own + os.sep))
        allowed = by_owner or (settings.any_model and settings.is_private)
        if allowed and os.path.isdir(folder) and checkpoints.is_model_folder(Path(folder)):
            return Path(folder)
    return None


def _local_spec(folder: Path) -> ModelSpec:
    return ModelSpec(key=str(folder), label=folder.name, language="", max_tokens=0)


def _unknown(name: str, settings: Settings) -> InputError:
    if settings.any_model and not settings.is_private:
        return InputError(
            "“{name}” is no model: not in the list, and not a hub id (owner/name). Choose one of the list, or correct "
            "the name.",
            name=shown(name),
        )
    if settings.any_model:
        return InputError(
            "“{name}” is no model: not in the list, not a folder with a config.json, and not a hub id "
            "(owner/name). Choose one of the list, or correct the name.",
            name=shown(name),
        )
    return InputError(
        "“{name}” is not in the list of models, and this page does not allow others. Choose one of the list.",
        name=shown(name),
    )


def available(settings: Settings, hub: Hub = HUB, bundled: Path = checkpoints.BUNDLED) -> list[tuple[ModelSpec, Where]]:
    """Every model on offer and where its weights are: what is here first, of the catalog before the folder.

    Bundled models whose files are missing are left out. Folders of `settings.models_folder` that cannot be used are
    "unusable" and stand last, and their notes say why. Imports no torch and asks nobody beyond this machine.
    """
    rows = [(spec, _where(spec, hub, bundled)) for spec in MODELS]
    found: list[tuple[ModelSpec, Where]] = [
        (spec, where) for spec, where in rows if not (is_bundled(spec) and where == "download")
    ]
    return sorted(
        found + [_own_model(folder) for folder in _own_folders(settings)], key=lambda row: _NOT_HERE.get(row[1], 0)
    )


_NOT_HERE: Mapping[Where, int] = {"download": 1, "unusable": 2}


def _where(spec: ModelSpec, hub: Hub, bundled: Path) -> Where:
    if not _is_here(spec, hub, bundled):
        return "download"
    return "bundled" if is_bundled(spec) else "cached"


def _is_here(spec: ModelSpec, hub: Hub, bundled: Path) -> bool:
    """Whether all files are here; damaged ones are not."""
    try:
        return find_checkpoint(spec, hub, bundled) is not None
    except ModelError:
        return False


def _own_folders(settings: Settings) -> list[Path]:
    """Those that hold a model of whatever kind, by name."""
    if not settings.models_folder:
        return []
    folders = sorted(Path(settings.models_folder).expanduser().resolve().glob("*/"))
    return [folder for folder in folders if checkpoints.is_model_folder(folder)]


def own_bi_encoders(settings: Settings) -> list[str]:
    """Names of the sub-folders of `settings.models_folder` that hold a bi-encoder."""
    return [folder.name for folder in _own_folders(settings) if _holds_bi_encoder(folder)]


def _holds_bi_encoder(folder: Path) -> bool:
    try:
        return is_bi_encoder(Files.read(folder))
    except ModelError:
        return False


def _own_model(folder: Path) -> tuple[ModelSpec, Where]:
    spec = _local_spec(folder)
    try:
        found = _described_locally(spec)
        checkpoint = find_checkpoint(found, HUB)
        if checkpoint is None:
            raise checkpoints.incomplete(spec.label, folder)
        return replace(found, parameters=checkpoint.parameters()), "local"
    except ModelError as error:
        return replace(spec, notes=error.message), "unusable"


def _described_locally(spec: ModelSpec) -> ModelSpec:
    """What the files of a folder say.

    Raises:
        ModelError: it holds no reranker that can be computed, or a part of one only.
    """
    folder = Path(spec.key)
    if not (folder / CONFIG).is_file():
        raise checkpoints.incomplete(spec.label, folder)
    return describe(spec, folder)


def default_model(settings: Settings, hub: Hub = HUB, bundled: Path = checkpoints.BUNDLED) -> ModelSpec:
    """The model to start with: the setting's, else the catalog's first whose weights are here, else the bundled one.

    Raises:
        InputError: the setting names no model.
    """
    if settings.default_model:
        return resolve(settings.default_model, settings)
    here = (spec for spec in CATALOG if _is_here(spec, hub, bundled))
    return next(here, None) or next(spec for spec in CATALOG if spec.key == DEFAULT_BUNDLED)


def fingerprint(spec: ModelSpec, settings: Settings, hub: Hub = HUB, bundled: Path = checkpoints.BUNDLED) -> str | None:
    """What changes whenever the model's weights do; None where they are not on this machine. Imports no torch."""
    checkpoint = find_checkpoint(spec, hub, bundled)
    return None if checkpoint is None else checkpoint.fingerprint()


# ---- loading -------------------------------------------------------------------------------------------------------


def load_cross_encoder(
    spec: ModelSpec,
    settings: Settings,
    progress: Tell | None = None,
    hub: Hub = HUB,
    bundled: Path = checkpoints.BUNDLED,
) -> LoadedCrossEncoder:
    """The model, downloaded if need be and ready to score.

    Args:
        progress: hears what is being done: downloading (with megabytes), starting PyTorch, reading the weights.

    Raises:
        InputError: the hub knows no such model, or the precision is not for this device.
        RemoteError: the hub cannot be reached, or refuses.
        ModelError: it is no cross-encoder, its files are damaged or not safe to open, or memory is short.
    """
    start = perf_counter()
    tell: Tell = progress or (lambda _: None)
    checkpoint = find_checkpoint(spec, hub, bundled) or fetch(spec, hub, tell)
    spec = describe(spec, checkpoint.folder)
    check_memory(spec, 4 * checkpoint.parameters(), free_bytes())
    tell(Message("Starting PyTorch"))
    from demo.rankers.cross_encoder.model import MemoryShortError
    from demo.rankers.cross_encoder.network import open_cross_encoder

    tell(Message("Reading the weights of {label}", label=spec.label))
    try:
        model = open_cross_encoder(spec, checkpoint, settings)
    except DemoError:
        raise
    except MemoryShortError as error:
        raise _memory_short(spec) from error
    except Exception as error:
        raise not_loadable(spec, checkpoint, error) from error
    model.load_seconds = perf_counter() - start
    return model


def fetch(spec: ModelSpec, hub: Hub, tell: Tell, look: Callable[[ModelSpec, Path], ModelSpec] = describe) -> Checkpoint:
    """Downloads what is missing: the small files first, as they may say that the rest is of no use.

    Args:
        look: reads the small files; raises DemoError where the rest is of no use.
    """
    if is_bundled(spec) or is_local(spec):
        raise checkpoints.incomplete(spec.label, Path(spec.key))
    tell(Message("Asking the hub for {label}", label=spec.label))
    listing = hub.listing((spec.key, *spec.aliases))
    wanted = _wanted(spec, listing)
    folder = hub.download(listing.name, checkpoints.wanted_files(listing.files, weights=False), tell)
    spec = look(spec, folder)
    check_memory(spec, max(checkpoints.loaded_bytes(folder, sum(wanted.values())), 4 * spec.parameters), free_bytes())
    hub.download(listing.name, wanted, tell)
    if spec.tokenizer is not None:
        tokenizer = hub.listing((spec.tokenizer,))
        hub.download(tokenizer.name, checkpoints.wanted_files(tokenizer.files, weights=False), tell)
    checkpoint = find_checkpoint(spec, hub)
    if checkpoint is None:
        raise ModelError(
            "“{label}” was downloaded, but it has no tokenizer that can be used. Choose another model.",
            label=spec.label,
        )
    return checkpoint


def _wanted(spec: ModelSpec, listing: Listing) -> Mapping[str, int]:
    wanted = checkpoints.wanted_files(listing.files)
    if CONFIG not in wanted:
        raise ModelError(
            "“{label}” has no PyTorch weights on the hub: {config} with model.safetensors or pytorch_model.bin is "
            "needed. Choose another model.",
            label=spec.label,
            config=CONFIG,
        )
    return wanted


# ---- memory --------------------------------------------------------------------------------------------------------


def check_memory(spec: ModelSpec, weights_bytes: int, free: int | None) -> None:
    """Refuses a model that would not fit.

    Args:
        weights_bytes: size of the weights in memory.
        free: memory that is free, or None where this cannot be told.
    """
    needed = int(NEEDED_MEMORY * weights_bytes)
    if free is not None and needed > free:
        raise _memory_short(spec, f"{needed / 1e9:.1f}", f"{free / 1e9:.1f}")


def _memory_short(spec: ModelSpec, needed: str = "", free: str = "") -> ModelError:
    detail = NOTHING
    if needed:
        detail = Message(": it needs about {needed} GB, and {free} GB are free", needed=needed, free=free)
    return ModelError(
        "There is not enough memory for “{label}”{detail}. Choose a smaller model, or free some memory.",
        label=spec.label,
        detail=detail,
    )


def free_bytes(root: Path = Path("/")) -> int | None:
    """Memory that new data may take, within the limit of the container where there is one; None off Linux.

    Args:
        root: where /proc and /sys are.
    """
    free = []
    meminfo = root / "proc/meminfo"
    if meminfo.is_file():
        free.append(1024 * _number_after("MemAvailable:", meminfo))
    group = root / "sys/fs/cgroup"
    if (group / "memory.max").is_file() and (group / "memory.max").read_text().strip().isdigit():
        used = _number_after("", group / "memory.current") - _number_after("inactive_file", group / "memory.stat")
        free.append(_number_after("", group / "memory.max") - used)
    return min(free, default=None)


def _number_after(name: str, path: Path) -> int:
    """The number in the line that starts with `name`."""
    line = next(line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith(name))
    return int(line.removeprefix(name).split()[0])


# ---- what may be wrong with files ----------------------------------------------------------------------------------


def not_loadable(spec: ModelSpec, checkpoint: Checkpoint, error: Exception) -> ModelError:
    """What went wrong in the libraries, as a sentence."""
    if checkpoints.is_pointer(checkpoint.weights[0]):
        return checkpoints.damaged(checkpoint.weights[0])
    if any(isinstance(each, pickle.UnpicklingError) for each in _causes(error)):
        return ModelError(
            "The weights of “{label}” are a pickle that is damaged or would run code when opened, so they were "
            "not loaded. Use a copy in the safetensors format, or choose another model.",
            label=spec.label,
        )
    if any(type(each).__name__ == "SafetensorError" for each in _causes(error)):
        return checkpoints.damaged(checkpoint.weights[0])
    if isinstance(error, ImportError):
        return ModelError(
            "“{label}” needs a Python package that is not installed here: {reason}. Install it, or choose another "
            "model.",
            label=spec.label,
            reason=_first_line(error),
        )
    reason = f"{type(error).__name__}: {_first_line(error)}"
    return ModelError(
        "“{label}” could not be loaded from {folder} ({reason}). Its files may be damaged or of another kind: "
        "download it again, or choose another model.",
        label=spec.label,
        folder=checkpoint.folder,
        reason=reason,
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200].rstrip(".")


def _causes(error: BaseException | None) -> Sequence[BaseException]:
    """The error and those it came from."""
    chain: list[BaseException] = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain
