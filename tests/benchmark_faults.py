"""What the app does when its machine fails it: `python tests/benchmark_faults.py`.

Each fault is made to an app of its own: killed while it works, ended by SIGTERM, a full disk, a model whose weights
vanish, memory that runs short. Prints one line for each; ends with 1 if one was not met as promised.
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import httpx
from benchmark_load import App, client_of, passages, started
from gradio_client.exceptions import AppError

ROOT = Path(__file__).resolve().parent.parent
DRAW = random.Random(1)


def ask(app: App, model: str = "bundled/tiny", count: int = 10) -> str:
    """The first label of the answer, or the sentence of the refusal."""
    try:
        answer = client_of(app, "10.0.0.1").predict("a query", passages(DRAW, count), [model], api_name="/compare")
    except AppError as error:
        return str(error)
    failure = answer["rankers"][0]["failure"]
    return failure or answer["rankers"][0]["label"]


def busy(app: App) -> None:
    client_of(app, "10.0.0.2").submit("a query", passages(DRAW, 1_000), ["bundled/small"], api_name="/compare")
    sleep(3)


def killed() -> tuple[bool, str]:
    """kill -9 in the middle of work leaves uploads; the next start sweeps them and answers."""
    folder = tempfile.mkdtemp()
    with started(UPLOADS_FOLDER=folder) as app:
        busy(app)
        httpx.post(f"{app.url}/gradio_api/upload", files={"files": ("a.txt", b"left")}, timeout=30).raise_for_status()
        app.process.kill()
        app.process.wait()
    left = len(list(Path(folder).rglob("a.txt")))
    with started(UPLOADS_FOLDER=folder) as app:
        found, said = len(list(Path(folder).rglob("a.txt"))), ask(app)
    return (left, found, said) == (
        1,
        0,
        "Tiny",
    ), f"{left} upload left, {found} after the next start, which answers {said}"


def ended() -> tuple[bool, str]:
    """SIGTERM in the middle of work ends within 5 s, and leaves no file."""
    folder = tempfile.mkdtemp()
    with started(UPLOADS_FOLDER=folder) as app:
        for _ in range(4):
            busy(app)
        start = monotonic()
        app.process.send_signal(signal.SIGTERM)
        code = app.process.wait(30)
        seconds = monotonic() - start
    files = [path for path in Path(folder).rglob("*") if path.is_file()]
    return code == 0 and seconds < 5 and not files, f"exit {code} after {seconds:.1f} s, {len(files)} files left"


def full_disk() -> tuple[bool, str]:
    """With no room on the disk an upload is refused; ranking and page go on."""
    folder = tempfile.mkdtemp()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        return True, "not tried: a small file system cannot be mounted here"
    try:
        with started(UPLOADS_FOLDER=folder) as app:
            files = {"files": ("a.txt", b"x" * 3_000_000)}
            status = httpx.post(f"{app.url}/gradio_api/upload", files=files, timeout=30).status_code
            page, said = httpx.get(app.url, timeout=30).status_code, ask(app)
    finally:
        subprocess.run(["umount", folder], check=False)
    return status >= 400 and (page, said) == (200, "Tiny"), f"upload {status}, page {page}, answers {said}"


def stored_full() -> tuple[bool, str]:
    """Uploads stay under their bound, and later ones are refused with a time to come back."""
    with started(MAX_STORED_BYTES="2000000") as app:
        answers = [
            httpx.post(f"{app.url}/gradio_api/upload", files={"files": (f"{n}.txt", b"x" * 500_000)}, timeout=30)
            for n in range(10)
        ]
        stored = app.figures()["rerank_lens_uploads_bytes"]
    refused = [answer for answer in answers if answer.status_code == 507]
    good = len(refused) == 7 and stored <= 2_000_000 and "retry-after" in refused[0].headers
    return good, f"{len(refused)} of 10 uploads of 0.5 MB refused, {stored / 1e6:.1f} MB stored, bound 2 MB"


def vanished_model() -> tuple[bool, str]:
    """A model whose files vanish is told in its column; others go on."""
    folder = Path(tempfile.mkdtemp())
    shutil.copytree(ROOT / "demo" / "bundled" / "tiny", folder / "mine")
    with started(MODELS_FOLDER=str(folder)) as app:
        shutil.rmtree(folder / "mine")
        said, other = ask(app, str(folder / "mine")), ask(app)
    return "our side" not in said and said != "mine" and other == "Tiny", f"“{said[:90]}”; another answers {other}"


def short_memory() -> tuple[bool, str]:
    """With room for one model only, the other waits for it or takes its place; both answer."""
    with started(MODELS_BYTES="20000000") as app:
        said = [ask(app, model) for model in ("bundled/tiny", "bundled/small", "bundled/tiny")]
        loaded = [name for name in app.figures() if "model_bytes{" in name]
    return said == ["Tiny", "Small", "Tiny"] and len(loaded) == 1, f"answers {said}, {len(loaded)} model in memory"


FAULTS: tuple[Callable[[], tuple[bool, str]], ...] = (
    killed,
    ended,
    full_disk,
    stored_full,
    vanished_model,
    short_memory,
)


def main() -> None:
    """Makes every fault, or those named."""
    chosen = [fault for fault in FAULTS if fault.__name__ in sys.argv[1:] or len(sys.argv) == 1]
    results = []
    for fault in chosen:
        good, said = fault()
        results.append(good)
        print(f"{'met' if good else 'NOT MET'}: {fault.__doc__}\n    {said}", flush=True)
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
