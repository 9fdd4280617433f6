"""What the person who runs the app can set: environment variables, read here and nowhere else.

`python -m demo.settings` prints the table of `docs/settings.md`.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from demo.errors import InputError
from demo.messages import listed

PREFIX = "RERANK_LENS_"
_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})
_DEVICE = re.compile(r"|cpu|mps|(cuda|xpu|npu|hpu)(:\d{1,3})?")
GRADIO_NAMES = {"host": "GRADIO_SERVER_NAME", "port": "GRADIO_SERVER_PORT"}
"""Variables of gradio that are honoured beside ours, which win."""
MOST_PORT = 65_535
MOST_DIGITS = 15
LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
"""Addresses and names at which a machine is reached by itself alone."""
ROOT = Path(__file__).resolve().parent.parent


def _describe(default: Any, text: str, least: int = 0, choices: tuple[str, ...] = ()) -> Any:
    """A setting: a number of at least `least`; a text that is one of `choices`, if there are any."""
    return field(default=default, metadata={"text": text, "least": least, "choices": choices})


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting with its default. `RERANK_LENS_<NAME>` in the environment overrides the field `<name>`."""

    host: str = _describe("127.0.0.1", "Address the page is served at; 0.0.0.0 for every interface.")
    port: int = _describe(7860, "Port of the page.")
    max_passages: int = _describe(20_000, "Most passages in one list or upload.", least=1)
    max_passage_chars: int = _describe(20_000, "Longest passage, in characters.", least=1)
    max_query_chars: int = _describe(2_000, "Longest query, in characters.", least=1)
    max_upload_bytes: int = _describe(20_000_000, "Largest upload, all files together.", least=1)
    max_body_bytes: int = _describe(30_000_000, "Largest body of any request to the server.", least=1)
    max_stored_bytes: int = _describe(300_000_000, "Uploads on disk, of all visitors together.", least=1)
    uploads_folder: str = _describe("", "Folder for uploads; empty takes one among the system's temporary files.")
    max_unpacked_bytes: int = _describe(200_000_000, "Largest content of compressed files once unpacked.", least=1)
    max_candidates: int = _describe(1_000, "Most passages that one run gives to the cross-encoder.", least=1)
    max_members: int = _describe(16, "Most rankers that score in one request, those inside fusions included.", least=1)
    max_pairs: int = _describe(10_000, "Most pairs (passages times rankers that score) of one request.", least=1)
    max_tokens: int = _describe(
        2_000_000, "Most tokens that models read in one request, estimated by its texts.", least=1
    )
    max_evaluation_pairs: int = _describe(
        1_000_000, "Most pairs of one evaluation; 50,000 on Spaces unless set.", least=1
    )
    max_figures: int = _describe(
        200_000, "Most figures (queries times rankers times measures) of one evaluation.", least=1
    )
    small_seconds: int = _describe(1, "Expected seconds up to which a request is small and goes past the large ones.")
    max_small: int = _describe(4, "Small requests that run at a time.", least=1)
    max_large: int = _describe(
        4, "Large requests that run at a time; they take turns, and give way to small ones.", least=1
    )
    max_waiting: int = _describe(32, "Requests that may wait; whoever comes next is asked to come back.")
    max_sessions: int = _describe(
        500,
        "Open pages whose results are kept in memory; with more, the one unused for longest must be loaded anew.",
        least=1,
    )
    sessions_bytes: int = _describe(
        1_000_000_000,
        "Memory, estimated, for what open pages hold: uploads, runs, judgments, results; with more, the page unused "
        "for longest must upload and run again.",
        least=1,
    )
    max_visitor_requests: int = _describe(8, "Requests of one visitor (one address) that run or wait; 0: any number.")
    proxies: int = _describe(0, "Proxies before the page, whose X-Forwarded-For is believed; 1 on Spaces unless set.")
    allowed_hosts: str = _describe(
        "", "Names the page answers to, with commas between; empty: this machine's if it serves only that, else all."
    )
    frame_ancestors: str = _describe(
        "", "Sites that may show the page in a frame, as in Content-Security-Policy; empty: all."
    )
    metrics: bool = _describe(True, "Whether /metrics tells figures of use: no texts, no addresses.")
    log_requests: bool = _describe(True, "Whether a line is logged for each request: sizes and times, no texts.")
    threads: int = _describe(0, "CPU threads for models; 0 takes every core.")
    device: str = _describe("", "Where models run: cpu, cuda, cuda:1…; empty takes a GPU if there is one.")
    zero_gpu: bool = _describe(False, "Whether GPUs are borrowed from ZeroGPU; on where Spaces say so.")
    precision: str = _describe(
        "fp32", "fp32, or bf16 or fp16 on a GPU: faster, and scores change a little.", choices=("fp32", "bf16", "fp16")
    )
    batch_tokens: int = _describe(
        4_096, "Most tokens in one batch on a CPU, fewer for wide models; a GPU takes 16 times as many.", least=1
    )
    models_bytes: int = _describe(4_000_000_000, "Memory for loaded models; the longest unused one goes first.")
    vectors_bytes: int = _describe(500_000_000, "Memory for vectors of passages; the longest unused ones go first.")
    indexes_bytes: int = _describe(2_000_000_000, "Memory for BM25's term indexes; the longest unused ones go first.")
    kept_scores: int = _describe(250_000, "Scores kept so that nothing is computed twice, each about 410 bytes.")
    default_model: str = _describe("", "Model chosen at the start; empty takes the first whose weights are here.")
    models_folder: str = _describe("", "Folder of own checkpoints, one sub-folder each, offered in the model menu.")
    any_model: bool = _describe(
        True,
        "Whether visitors may name any hub model, and any folder of this machine if the page is served to it alone; "
        "off on Spaces unless set.",
    )
    remotes: str = _describe("", "Rerankers behind an address: a TOML file, or its text (docs/protocols.md).")
    indexes_folder: str = _describe("", "Folder for tantivy's term indexes; empty keeps them in memory.")
    searches: str = _describe("", "Search engines as first stages: a TOML file, or its text (docs/rankers.md).")
    serving: str = _describe(
        "", "Address of servers of this app that score, such as http://127.0.0.1:8000; empty: models run here."
    )
    protocols: bool = _describe(True, "Whether other programs may rerank here as by TEI, Cohere, Jina and MCP.")

    @property
    def is_private(self) -> bool:
        """Whether the page is served to this machine alone, and not through a proxy or under another name."""
        return self.host in LOCAL and not (self.proxies or self.allowed_hosts)

    def of_command_line(self) -> Settings:
        """The same for a command line, whose user is on this machine, wherever a page is served."""
        return replace(self, host="127.0.0.1", proxies=0, allowed_hosts="")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """The settings that the environment asks for.

        Raises:
            InputError: a value does not fit its setting; the sentence names the variable and what is allowed.
        """
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        if "SPACE_ID" in environ:
            values |= {"host": "0.0.0.0", "any_model": False, "proxies": 1, "max_evaluation_pairs": 50_000}
        if environ.get("SPACES_ZERO_GPU", "").lower() in _TRUE:
            values |= {"zero_gpu": True, "device": "cpu"}
        for row in fields(cls):
            for name in (GRADIO_NAMES.get(row.name, ""), PREFIX + row.name.upper()):
                if name in environ:
                    values[row.name] = _parse(
                        name, environ[name], type(row.default), row.metadata["least"], row.metadata["choices"]
                    )
        settings = cls(**values)
        if not 1 <= settings.port <= MOST_PORT:
            raise InputError("The port is {port}. Write a number from 1 to {most}.", port=settings.port, most=MOST_PORT)
        if not _DEVICE.fullmatch(settings.device):
            raise InputError(
                "{name} is “{text}”. Write cpu, cuda, cuda:1, mps or xpu, or nothing.",
                name=f"{PREFIX}DEVICE",
                text=_short(settings.device),
            )
        return settings


def secret(name: str) -> str:
    """The environment variable of this name, "" where it is not set; for what no setting may hold, such as a key."""
    return os.environ.get(name, "")


def silence_gradio() -> None:
    """Keeps gradio from sending usage figures and asking for newer versions; to be called before it is imported.

    Nor does it keep any, which it sums up anew at the end of every event, or warn of what visitors chose in menus.
    """
    warnings.filterwarnings("ignore", message=r"The value passed into gr\.")
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1")
    os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000000")


def keep_uploads_in(folder: Path) -> None:
    """Lets gradio, and whatever else writes temporary files, write them there; to be called before it is imported."""
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    tempfile.tempdir = str(folder)


def _parse(name: str, text: str, kind: type, least: int, choices: tuple[str, ...]) -> Any:
    """`text` as a value of `kind`; numbers must be whole and not below `least`."""
    text = text.strip()
    if kind is bool:
        if text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        raise InputError("{name} is “{text}”. Write 1 or 0.", name=name, text=text)
    if kind is int:
        digits = text.replace("_", "")
        if digits.isascii() and digits.isdecimal() and len(digits) <= MOST_DIGITS and int(digits) >= least:
            return int(digits)
        raise InputError(
            "{name} is “{text}”. Write a whole number, {least} or more.", name=name, text=_short(text), least=least
        )
    if choices and text not in choices:
        raise InputError(
            "{name} is “{text}”. Write one of {choices}.", name=name, text=_short(text), choices=listed(choices)
        )
    return text


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"


def table() -> list[str]:
    """The rows of the table of settings, in Markdown."""
    return [
        f"| `{PREFIX}{row.name.upper()}` | {_written(row.default)} | {row.metadata['text']} |"
        for row in fields(Settings)
    ]


def _written(default: object) -> str:
    if isinstance(default, bool):
        return str(int(default))
    if isinstance(default, int) and default > MOST_PORT:
        return f"{default:_}"
    return str(default) or "(empty)"


if __name__ == "__main__":
    sys.stdout.write("\n".join(table()) + "\n")
