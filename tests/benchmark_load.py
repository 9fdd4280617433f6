"""Many visitors at once, each answer checked: `python tests/benchmark_load.py --visitors 50 --seconds 120`.

Starts the app on a free port of 127.0.0.1, as behind a proxy, and asks it as programs do, each visitor from an address
of its own. Prints waits and counts as JSON; ends with 1 if an answer was wrong, mixed up or lost. `--lane` measures
instead how long ten passages wait behind four runs of 1,000, and how much is worked after a cancel.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from time import monotonic, sleep
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import httpx
from gradio_client import Client
from gradio_client.exceptions import AppError
from served_app import free_port

QUERIES = ("how many people live in Berlin", "what is a comet made of", "bread does not rise", "reset my password")
BAD_FILES = (b"\x00" * 5_000, b'{"a": ' * 2_000, b"PK\x03\x04broken", b"%PDF-1.7 broken", b"\xff\xfe\x00" * 900)
REFUSED = re.compile(r"already, and (more are not possible|there is no room)|room for more|Queue is full")


def words() -> list[str]:
    paths = sorted(ROOT.glob("corpora/*/corpus.jsonl"))
    rows = [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]
    return [word for row in rows for word in row["text"].split()]


WORDS = words()


def passages(draw: random.Random, count: int) -> list[str]:
    """Different passages of about 40 words."""
    return [
        " ".join(WORDS[(at := draw.randrange(len(WORDS) - 40)) : at + 40]) + f" {draw.random()}" for _ in range(count)
    ]


@dataclass
class App:
    """The app as a process of its own."""

    url: str
    process: subprocess.Popen[bytes]
    folder: Path
    log: Path

    def cpu_seconds(self) -> float:
        parts = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")

    def figures(self) -> dict[str, float]:
        lines = httpx.get(f"{self.url}/metrics", timeout=30).text.splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}

    def memory_mb(self) -> int:
        return round(self.figures()["rerank_lens_memory_bytes"] / 1e6)

    def wait_until_idle(self) -> None:
        while any(value for name, value in self.figures().items() if "ing{lane" in name):
            sleep(0.05)


@contextmanager
def started(**settings: str) -> Iterator[App]:
    port, folder = free_port(), Path(tempfile.mkdtemp())
    own = {"PORT": str(port), "UPLOADS_FOLDER": str(folder / "uploads"), "PROXIES": "1", **settings}
    log = folder / "log"
    with log.open("wb") as out:
        environment = os.environ | {f"RERANK_LENS_{name}": value for name, value in own.items()}
        process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=out, stderr=out)
    app = App(f"http://127.0.0.1:{port}", process, folder, log)
    try:
        while True:
            try:
                httpx.get(f"{app.url}/health", timeout=30).raise_for_status()
                break
            except httpx.TransportError:
                assert process.poll() is None, log.read_text()
                sleep(0.2)
        sleep(1)
        yield app
    finally:
        process.terminate()
        process.wait(30)


@dataclass
class Tally:
    """What became of all calls."""

    counts: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def add(self, what: str, seconds: float | None = None, wrong: str = "") -> None:
        with self.lock:
            self.counts[what] += 1
            if seconds is not None:
                self.waits.append(seconds)
            if wrong:
                self.wrong.append(wrong)


def client_of(app: App, address: str) -> Client:
    return Client(app.url, verbose=False, headers={"X-Forwarded-For": address}, httpx_kwargs={"timeout": 120})


def scores_of(answer: dict[str, Any]) -> dict[str, float]:
    return {row["text"]: score for row in answer["results"] for key, score in row["scores"].items() if key != "bm25"}


@dataclass
class Job:
    """A question with the answer that it had when nobody else asked."""

    query: str
    texts: list[str]
    scores: dict[str, float] = field(default_factory=dict)

    def check(self, answer: dict[str, Any]) -> str:
        found = scores_of(answer)
        if set(found) != set(self.scores) or answer["query"] != self.query:
            return "mixed up with another"
        worst = max(abs(found[text] - score) for text, score in self.scores.items())
        return "" if worst < 1e-3 else f"scores differ by {worst}"


def visit(app: App, number: int, jobs: list[Job], end: float, tally: Tally) -> None:
    """One visitor: mostly asks, sometimes cancels, leaves or sends rubbish."""
    draw = random.Random(number)
    address = f"10.1.{number // 250}.{number % 250}"
    sleep(draw.random() * number / 10)
    try:
        client = client_of(app, address)
    except Exception as error:  # noqa: BLE001  whatever it is, it is counted
        tally.add("no page", wrong=repr(error))
        return
    acts = {"ask": ask, "cancel": cancel, "leave": leave, "rubbish": send_rubbish, "file": send_file}
    while monotonic() < end:
        act = draw.choices(list(acts), (10, 1, 1, 1, 1))[0]
        try:
            acts[act](app, client, address, draw, draw.choice(jobs), tally)
        except Exception as error:  # noqa: BLE001  whatever it is, it is counted
            tally.add("lost", wrong=f"{act}: {error!r}")
        sleep(draw.random())


def ask(app: App, client: Client, address: str, draw: random.Random, job: Job, tally: Tally) -> None:
    start = monotonic()
    try:
        answer = client.predict(job.query, job.texts, ["bm25", "bundled/tiny"], api_name="/compare")
    except AppError as error:
        tally.add(
            "refused" if REFUSED.search(str(error)) else "failed",
            wrong="" if REFUSED.search(str(error)) else str(error),
        )
        return
    wrong = job.check(answer)
    tally.add("wrong" if wrong else "right", monotonic() - start, wrong)


def cancel(app: App, client: Client, address: str, draw: random.Random, job: Job, tally: Tally) -> None:
    call = client.submit(job.query, passages(draw, 200), ["bundled/tiny"], api_name="/compare")
    sleep(draw.random())
    call.cancel()
    tally.add("cancelled")


def leave(app: App, client: Client, address: str, draw: random.Random, job: Job, tally: Tally) -> None:
    call = f"{app.url}/gradio_api/call/compare"
    data = {"data": [job.query, passages(draw, 200), ["bundled/tiny"], "", 0]}
    with httpx.Client(headers={"X-Forwarded-For": address}, timeout=60) as caller:
        event = caller.post(call, json=data).json()["event_id"]
        with caller.stream("GET", f"{call}/{event}") as stream:
            lines = stream.iter_lines()
            next(lines)
    tally.add("left")


def send_rubbish(app: App, client: Client, address: str, draw: random.Random, job: Job, tally: Tally) -> None:
    values = draw.choice(
        [(None, ["a"], ["bm25"]), ("a", "abc", ["bm25"]), ("a", ["a"], {"a": 1}), ("a", ["a"], ["rrf("])]
    )
    try:
        client.predict(*values, api_name="/compare")
        tally.add("taken", wrong=f"{values} was taken")
    except AppError as error:
        told = "went wrong on our side" in str(error)
        tally.add("rubbish refused", wrong=str(error) if told else "")


def send_file(app: App, client: Client, address: str, draw: random.Random, job: Job, tally: Tally) -> None:
    content = draw.choice(BAD_FILES) + str(draw.random()).encode()
    answer = httpx.post(f"{app.url}/gradio_api/upload", files={"files": ("a.bin", content)}, timeout=60)
    tally.add(f"upload {answer.status_code}")


def load(visitors: int, seconds: float, seed: int) -> int:
    draw = random.Random(seed)
    jobs = [Job(draw.choice(QUERIES), passages(draw, draw.choice((5, 10, 20, 50, 100, 200)))) for _ in range(60)]
    with started(MAX_WAITING=str(4 * visitors)) as app:
        alone = client_of(app, "10.0.0.1")
        for job in jobs:
            job.scores = scores_of(alone.predict(job.query, job.texts, ["bundled/tiny"], api_name="/compare"))
    for job in jobs:
        assert len(job.scores) == len(job.texts)
    with started() as app:  # anew, so that no score is known
        tally, end = Tally(), monotonic() + seconds
        threads = [Thread(target=visit, args=(app, n, jobs, end, tally), daemon=True) for n in range(visitors)]
        for thread in threads:
            thread.start()
        memory = []
        while monotonic() < end:
            sleep(10)
            memory.append(app.memory_mb())
        for thread in threads:
            thread.join(120)
        lost = sum(thread.is_alive() for thread in threads)
        app.wait_until_idle()
        waits = sorted(tally.waits)
        log = app.log.read_text()
        print(
            json.dumps(
                {
                    "visitors": visitors,
                    "seconds": seconds,
                    "calls": dict(sorted(tally.counts.items())),
                    "p50": round(statistics.median(waits), 2),
                    "p95": round(waits[int(0.95 * len(waits))], 2),
                    "memory_mb every 10 s": memory,
                    "uploads_mb": round(app.figures()["rerank_lens_uploads_bytes"] / 1e6, 1),
                    "tracebacks in the log": log.count("Traceback"),
                    "visitors that never ended": lost,
                    "wrong": tally.wrong[:5],
                },
                indent=1,
            )
        )
        return 1 if tally.wrong or lost else 0


def lane(model: str) -> int:
    """Ten passages behind four runs of 1,000 with `model`, and CPU seconds after a cancel."""
    draw = random.Random(1)
    with started() as app:
        small = client_of(app, "10.0.0.1")
        for name in (model, "bundled/tiny"):  # loaded, and their speed known
            small.predict("a query", passages(draw, 60), [name], api_name="/compare")
        alone = [timed(small, passages(draw, 10), model) for _ in range(5)]
        large = [client_of(app, f"10.0.0.{n}") for n in range(2, 6)]
        calls = [each.submit("a query", passages(draw, 1_000), [model], api_name="/compare") for each in large]
        sleep(5)
        waits = {name: [timed(small, passages(draw, 10), name) for _ in range(12)] for name in (model, "bundled/tiny")}
        running = sum(not call.done() for call in calls)
        before = monotonic()
        for call in calls:
            call.cancel()
        app.wait_until_idle()
        idle, cpu = monotonic() - before, app.cpu_seconds()
        sleep(5)
        worked = app.cpu_seconds() - cpu
        print(
            json.dumps(
                {
                    "ten passages alone": round(statistics.median(alone), 2),
                    "ten passages behind four of 1,000, median and worst": {
                        name: [round(statistics.median(each), 2), round(max(each), 2)] for name, each in waits.items()
                    },
                    "large ones still running": running,
                    "seconds from cancel to idle": round(idle, 2),
                    "CPU seconds in the 5 s after": round(worked, 2),
                },
                indent=1,
            )
        )
        return 0 if running == 4 else 1


def timed(client: Client, texts: list[str], model: str) -> float:
    start = monotonic()
    client.predict("a query", texts, [model], api_name="/compare")
    return monotonic() - start


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lane", metavar="MODEL", help="such as bundled/small")
    asked = parser.parse_args()
    sys.exit(lane(asked.lane) if asked.lane else load(asked.visitors, asked.seconds, asked.seed))


if __name__ == "__main__":
    main()
