"""Measures how fast scoring is on this machine, prints Markdown tables and writes them as JSON.

Sections: models (documents a second by model and precision), families (pairs a second of other architectures),
precision (how far a lossy one agrees with fp32), growth (with passages, their length, and models), host (all but the
network), bm25 (postings against rank_bm25), start (first scores of a new process), msmarco (hours for its dev set),
visitors (how long they wait, simulated).
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from demo.benchmark.agreement import agreement
from demo.benchmark.bm25 import bm25
from demo.benchmark.families import FAMILIES, by_family
from demo.benchmark.growth import by_length, by_models, by_passages, kept
from demo.benchmark.host import host
from demo.benchmark.material import PROFILES, SHAPES, USUAL
from demo.benchmark.models import by_model, peak_gflops
from demo.benchmark.msmarco import msmarco
from demo.benchmark.options import Options, Row, Section
from demo.benchmark.startup import startup
from demo.benchmark.visitors import visitors
from demo.rankers.cross_encoder.scoring import PRECISIONS
from demo.versions import SCORING, version_of

log = logging.getLogger(__name__)

SECTIONS: dict[str, tuple[Section, ...]] = {
    "models": (by_model,),
    "families": (by_family,),
    "precision": (agreement,),
    "growth": (by_passages, by_length, by_models, kept),
    "host": (host,),
    "bm25": (bm25,),
    "start": (startup,),
    "msmarco": (msmarco,),
    "visitors": (visitors,),
}
PACKAGES = (*SCORING, "sentence-transformers")


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the chosen sections."""
    chosen = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as work:
        options = Options(
            shapes=tuple(chosen.shapes),
            device=chosen.device,
            precisions=tuple(chosen.precisions),
            bundled=tuple(chosen.bundled),
            profile=chosen.profile,
            passages=chosen.passages,
            repeats=chosen.repeats,
            most=chosen.most,
            queries=chosen.queries,
            threads=chosen.threads,
            families=tuple(chosen.families),
            work=Path(work),
            sentence_transformers=not chosen.alone and find_spec("sentence_transformers") is not None,
        )
        machine = _machine(options)
        log.info("%s\n", ", ".join(f"{key}: {value}" for key, value in machine.items()))
        tables = {part.__name__: _shown(part, options) for name in chosen.sections for part in SECTIONS[name]}
    if chosen.json:
        content = {"machine": machine, "tables": tables}
        chosen.json.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo.benchmark", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = ", ".join(shape.key for shape in SHAPES)
    parser.add_argument("--sections", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--shapes", nargs="+", default=list(USUAL), metavar="NAME", help=f"models: {names}")
    parser.add_argument("--families", nargs="+", default=[row.key for row in FAMILIES], metavar="NAME", help="families")
    parser.add_argument("--precisions", nargs="+", default=["fp32", "bf16"], choices=PRECISIONS)
    parser.add_argument("--bundled", nargs="+", default=[], metavar="NAME", help="precision: of these only")
    parser.add_argument("--profile", default="msmarco", choices=PROFILES, help="lengths of passages")
    parser.add_argument("--passages", type=int, default=1_000, help="for the smallest model (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="default: %(default)s")
    parser.add_argument(
        "--most", type=int, default=100_000, help="passages that growth and host go to (default: %(default)s)"
    )
    parser.add_argument(
        "--queries", type=int, default=12, help="of each collection, to compare precisions on (default: %(default)s)"
    )
    parser.add_argument("--device", default="", help="cpu, cuda, cuda:1… (default: a GPU if there is one)")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (default: every core)")
    parser.add_argument("--alone", action="store_true", help="leave sentence-transformers out")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    return parser


def _machine(options: Options) -> Row:
    """What the figures depend on."""
    row: Row = {"processor": _processor(), "cores": os.cpu_count() or 0, "system": platform.platform(terse=True)}
    row |= {name: version_of(name) for name in PACKAGES}
    busy = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return row | {"busy cores before": busy, "fp32 peak": f"{peak_gflops(options):.0f} GFLOP/s"}


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.is_file():
        return platform.processor()
    lines = dict(line.split(":", 1) for line in cpuinfo.read_text(encoding="utf-8").splitlines() if ":" in line)
    values = {key.strip(): value.strip() for key, value in lines.items()}
    known = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in values.get("flags", "")]
    return f"{values.get('model name', platform.machine())} ({' '.join(known)})"


def _shown(section: Section, options: Options) -> list[Row]:
    """The section's rows, each table printed when it is complete."""
    rows = list(section(options))
    if rows:
        log.info("%s\n%s\n", section.__doc__, "\n".join(_table(rows)))
    return rows


def _table(rows: Sequence[Row]) -> Iterator[str]:
    """Lines of a Markdown table with every column that some row has."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)
    for row in rows:
        yield "| " + " | ".join(f"{row.get(column, '')}" for column in columns) + " |"


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    log.setLevel(logging.INFO)
    main()
