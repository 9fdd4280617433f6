"""From the start of a Python process to the first scores, each way in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from demo.benchmark.models import FEWEST
from demo.benchmark.options import Options, Row
from demo.benchmark.timing import in_turns, ratio
from demo.service import BUNDLED
from demo.settings import ROOT

PAIRS = f"[('how many people live in berlin', 'Berlin has three million people.')] * {FEWEST}"

OWN = f"""
from demo.rankers.cross_encoder.loading import load_cross_encoder, resolve
from demo.settings import Settings
pairs = {PAIRS}
model = load_cross_encoder(resolve("bundled/tiny", Settings()), Settings(device="cpu"))
list(model.score(pairs[0][0], [text for _, text in pairs]))
"""
TORCH = "import torch"
ORACLE = f"""
import sentence_transformers
sentence_transformers.CrossEncoder({str(BUNDLED / "tiny")!r}, device="cpu").predict({PAIRS})
"""


def startup(options: Options) -> Iterator[Row]:
    """Seconds from starting Python to the scores of 32 pairs of the bundled model, on the CPU."""
    codes = {"importing torch alone": TORCH, "Rerank Lens": OWN}
    if options.sentence_transformers:
        codes["sentence-transformers"] = ORACLE
    seconds = in_turns({name: partial(_run, code) for name, code in codes.items()}, min(options.repeats, 3))
    for name, taken in seconds.items():
        times = ratio([1.0] * len(taken), [1 / each for each in taken])
        yield {"start": name, "seconds": round(times.median, 2), "least": round(times.least, 2)}


def _run(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
