"""How long visitors wait and how much is done for them: one process, and 1, 2 and 4 replicas of Ray Serve.

`python tests/benchmark_serving.py` needs requirements-ray.txt. Visitors ask over HTTP in a closed loop, each time with
passages that nobody sent before; beside each measured row stands what `demo.benchmark.visitors` simulates for it, from
speeds that are measured here, too. Ratios say more than figures: the machine may be doing other things. How much it
was doing is told by the last column: the longest time that this process itself was kept from a processor.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from threading import Barrier, Event, Thread
from time import perf_counter, sleep

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import httpx
from served_app import free_port

from demo.benchmark.material import PROFILES, QUERY, passages
from demo.benchmark.visitors import Design, Speed, closed_loop, measured
from demo.rankers.cross_encoder.loading import load_cross_encoder, resolve
from demo.settings import Settings

STORE_BYTES = 200_000_000
SEEDS = count(1)
OPEN = Settings(max_visitor_requests=0, max_waiting=1_000)
ROW = "| {:<28} | {:>8} | {:>10} | {:>8} | {:>8} | {:>9} | {:>12} | {:>12} | {:>8} |"
LOOK_SECONDS = 0.01


def main() -> None:
    """Measures every design with every number of visitors."""
    options = _options()
    if options.one_process:
        _serve_one(options.one_process)
        return
    one, two = (_speed(options.model, threads) for threads in (1, 2))
    for threads, speed in ((1, one), (2, two)):
        batch, pair = 1e3 * speed.batch_seconds, 1e3 * speed.pair_seconds
        print(f"{options.model}, {threads} threads: a batch takes {batch:.1f} ms and {pair:.2f} ms for each pair")
    print(f"{options.pairs} passages a request, {options.seconds:g} s a row\n")
    print(ROW.format("design", "visitors", "requests/s", "median s", "95 % s", "ratio", "simulated /s", "simulated s",
                     "kept off s"))  # fmt: skip
    print("|" + "---|" * 9)
    base: dict[int, float] = {}
    with _one_process() as address:
        _measure(Design("one process, 2 threads", 1, two, 0), address, options, base)
    with _ray() as deploy:
        for replicas in options.replicas:
            address = deploy(replicas)
            design = Design(f"Serve, {replicas} × 1 thread", replicas, one, 256, processors=2)
            _measure(design, address, options, base)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="bundled/small")
    parser.add_argument("--visitors", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--replicas", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--pairs", type=int, default=50, help="passages of a request")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each row")
    parser.add_argument("--one-process", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args()


def _speed(model: str, threads: int) -> Speed:
    settings = Settings(threads=threads)
    return measured(load_cross_encoder(resolve(model, settings), settings), "msmarco")


# ---- what answers ------------------------------------------------------------------------------------------------


def _serve_one(port: int) -> None:
    """The protocols over models of this process, without a page."""
    import uvicorn
    from fastapi import FastAPI

    from demo import api
    from demo.service import RankingService

    app = FastAPI(openapi_url=None)
    api.mount(app, OPEN, RankingService(OPEN, recordings=None))
    uvicorn.run(app, port=port, log_level="warning")


@contextmanager
def _one_process() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([sys.executable, __file__, "--one-process", str(port)], cwd=ROOT)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _ray() -> Iterator[Callable[[int], str]]:
    import ray
    from ray import serve

    from demo import serving

    port = free_port()
    ray.init(
        address="local", num_cpus=8, object_store_memory=STORE_BYTES, include_dashboard=False, log_to_driver=False
    )  # fmt: skip
    serve.start(http_options={"host": "127.0.0.1", "port": port}, logging_config={"log_level": "WARNING"})

    def deploy(replicas: int) -> str:
        chosen = serving.Options(replicas=replicas)
        serve.run(serving.with_settings(chosen, OPEN), name="lens", route_prefix="/")
        return f"http://127.0.0.1:{port}"

    try:
        yield deploy
    finally:
        serve.shutdown()
        ray.shutdown()


# ---- visitors ----------------------------------------------------------------------------------------------------


def _measure(design: Design, address: str, options: argparse.Namespace, base: dict[int, float]) -> None:
    _wait_until_up(address)
    _visit(address, options, 2, 2.0)  # what is slow the first time
    design = replace(design, front_seconds=_front_seconds(address, options))
    for visitors in options.visitors:
        with _kept_off() as longest:
            waits, seconds = _visit(address, options, visitors, options.seconds)
        per_second = len(waits) / seconds
        base.setdefault(visitors, per_second)
        found = closed_loop(design, visitors, options.pairs, 60.0)
        p95 = quantiles(waits, n=20)[-1] if len(waits) > 1 else waits[0]
        told = (per_second, median(waits), p95, per_second / base[visitors], found.per_second, found.median, *longest)
        print(ROW.format(design.name, visitors, *(f"{value:.2f}" for value in told)), flush=True)


def _wait_until_up(address: str) -> None:
    for _ in range(300):
        try:
            if httpx.get(address + "/health").status_code == 200:
                return
        except httpx.HTTPError:
            pass
        sleep(0.1)
    raise SystemExit(f"{address} does not answer")


def _front_seconds(address: str, options: argparse.Namespace) -> float:
    """Seconds of a request whose scores are all known: the fastest of ten."""
    body = _body(options)
    with httpx.Client(timeout=120) as client:
        return min(_asked(client, address, body) for _ in range(11))


def _visit(address: str, options: argparse.Namespace, visitors: int, seconds: float) -> tuple[list[float], float]:
    """Seconds of every request that was answered, and of the whole, without the making of clients and first bodies."""
    ready = Barrier(visitors + 1)

    def visit(client: httpx.Client) -> list[float]:
        body, waits = _body(options), []
        ready.wait()
        start = perf_counter()
        while perf_counter() - start < seconds:
            waits.append(_asked(client, address, body))
            body = _body(options)
        return waits

    with ExitStack() as stack, ThreadPoolExecutor(visitors) as pool:
        clients = [stack.enter_context(httpx.Client(timeout=120)) for _ in range(visitors)]
        visits = [pool.submit(visit, client) for client in clients]
        ready.wait()
        start = perf_counter()
        waits = [wait for each in visits for wait in each.result()]
        return waits, perf_counter() - start


@contextmanager
def _kept_off() -> Iterator[list[float]]:
    """One figure, there when the block ends: the most seconds that a thread waking every LOOK_SECONDS came too late."""
    longest, stop = [0.0], Event()

    def look() -> None:
        while not stop.is_set():
            asleep = perf_counter()
            sleep(LOOK_SECONDS)
            longest[0] = max(longest[0], perf_counter() - asleep - LOOK_SECONDS)

    thread = Thread(target=look, daemon=True)
    thread.start()
    try:
        yield longest
    finally:
        stop.set()
        thread.join()


def _body(options: argparse.Namespace) -> str:
    texts = passages(options.pairs, PROFILES["msmarco"], next(SEEDS))
    return json.dumps({"query": QUERY, "texts": texts, "raw_scores": True, "model": options.model})


def _asked(client: httpx.Client, address: str, body: str) -> float:
    start = perf_counter()
    answer = client.post(address + "/rerank", content=body, headers={"content-type": "application/json"})
    answer.raise_for_status()
    return perf_counter() - start


if __name__ == "__main__":
    main()
