"""The memory that an evaluation takes as its collection grows: passages on disk and in memory, by itself and with Ray.

`python tests/benchmark_memory.py --passages 200000 400000` makes BEIR folders of so many passages and 20 queries, and
lets the command find candidates by tantivy (requirements-search.txt) and score 50 of each query with the smallest
bundled model. What is told is the most memory that the command's own process ever had, files that it has mapped
included; Ray's workers are processes of their own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, sleep

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from demo.benchmark.material import PROFILES, passages

QUERIES, DEPTH, AT_A_TIME, WORDS = 20, 50, 10_000, 6
LOOK_SECONDS = 0.05
ROW = "| {:>10} | {:>9} | {:<24} | {:>8} | {:>7} |"


def main() -> None:
    """Measures every size in every way."""
    options = _options()
    print(ROW.format("passages", "corpus MB", "how", "peak MB", "seconds"))
    print("|" + "---|" * 5)
    with tempfile.TemporaryDirectory() as folder:
        for count in options.passages:
            made = _made(Path(folder) / str(count), count)
            size = (made / "corpus.jsonl").stat().st_size / 1e6
            for name, more in _ways(options.ray):
                peak, seconds = _measured(made, Path(folder) / "out", more)
                print(ROW.format(f"{count:,}", f"{size:.0f}", name, f"{peak:.0f}", f"{seconds:.0f}"), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, nargs="+", default=[200_000, 400_000])
    parser.add_argument("--ray", type=int, default=0, help="also with so many workers (requirements-ray.txt)")
    return parser.parse_args()


def _ways(workers: int) -> Sequence[tuple[str, Sequence[str]]]:
    ways: list[tuple[str, Sequence[str]]] = [("in memory", ()), ("on disk", ("--disk",))]
    return [*ways, (f"on disk, {workers} workers", ("--disk", "--ray", str(workers)))] if workers else ways


def _made(folder: Path, count: int) -> Path:
    """A BEIR folder; each query is the first words of a passage, which is judged."""
    folder.mkdir()
    queries: list[str] = []
    with (folder / "corpus.jsonl").open("w", encoding="utf-8") as corpus:
        for start in range(0, count, AT_A_TIME):
            texts = passages(min(AT_A_TIME, count - start), PROFILES["msmarco"], start)
            queries = queries or [" ".join(text.split()[:WORDS]) for text in texts[:QUERIES]]
            corpus.writelines(json.dumps({"_id": f"d{start + n}", "text": text}) + "\n" for n, text in enumerate(texts))
    rows = [json.dumps({"_id": f"q{n}", "text": text}) for n, text in enumerate(queries)]
    (folder / "queries.jsonl").write_text("\n".join(rows), encoding="utf-8")
    judged = [f"q{n}\td{n}\t1" for n in range(len(queries))]
    (folder / "qrels.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *judged]), encoding="utf-8")
    return folder


def _measured(collection: Path, out: Path, more: Sequence[str]) -> tuple[float, float]:
    """Most MB of the command's process, and seconds."""
    start = perf_counter()
    with tempfile.TemporaryDirectory(prefix="out-", dir=out.parent) as folder, tempfile.TemporaryFile("w+") as said:
        command = [sys.executable, "-m", "demo.evaluate", "--collection", str(collection), "--out", folder,
                   "--candidates", "tantivy", "--rankers", "bundled/tiny", "--depth", str(DEPTH), *more]  # fmt: skip
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=said)
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, _peak(process.pid))
            sleep(LOOK_SECONDS)
        if process.returncode:
            said.seek(0)
            raise SystemExit(said.read())
    return peak, perf_counter() - start


def _peak(process: int) -> float:
    """Most MB that the process had until now; 0 if it ended meanwhile."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM")), 0.0)


if __name__ == "__main__":
    main()
