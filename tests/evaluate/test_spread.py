"""An evaluation that several workers score: what is sent, what comes back, and the same results as by one process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from fakes import collection_of, plan_of

from demo.errors import RemoteError
from demo.evaluate.spread import COLUMN, Spread, Worker, spreadable
from demo.rankers.fusion import Fusion
from demo.service import RankingService
from demo.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
RANKERS = "bm25,bundled/tiny,rrf(bm25+bundled/tiny),bundled/tiny[windows],z(bm25+bundled/tiny[max_tokens=32])"
ONE_THREAD = Settings(threads=1)
ONE_THREAD_EACH = os.environ | {"RERANK_LENS_THREADS": "1"}


@pytest.fixture(scope="module")
def service() -> RankingService:
    return RankingService(ONE_THREAD, recordings=None)


# ---- without Ray -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "sent"),
    [("tiny", True), ("bm25", False), ("engine", False), ("dense(bundled/small)", False), ("rrf(bm25+tiny)", False)],
)
def test_only_what_scores_pairs_by_themselves_is_sent(service: RankingService, written: str, sent: bool) -> None:
    assert spreadable(service.rankers.read(written)) is sent


def test_of_a_fusion_the_members_are_sent_that_can_be(service: RankingService, tmp_path: Path) -> None:
    fusion = service.rankers.read("rrf(bm25+bundled/tiny)[k=7]")
    spread = Spread(plan_of(collection_of()), ONE_THREAD, 2, "", tmp_path / "spread")
    over = spread.over(fusion)
    assert isinstance(over, Fusion)
    assert (over.spec, str(over), over.fingerprint()) == (fusion.spec, str(fusion), fusion.fingerprint())
    assert over.members[0] == fusion.members[0]  # type: ignore[attr-defined]
    assert type(over.members[1]) is not type(fusion.members[1])  # type: ignore[attr-defined]


def test_a_worker_gives_the_scores_of_this_process(service: RankingService) -> None:
    collection = collection_of()
    texts = [passage.content for passage in collection.passages]
    shard = [
        {"query_id": "q1", "query": "Berlin", "texts": texts, "rankers": ["bundled/tiny", "bundled/tiny[max_tokens=3]"]}
    ]
    (row,) = Worker(ONE_THREAD, "w").answered(shard)
    ranking = service.rank(service.rankers.read("bundled/tiny"), "Berlin", collection).run()
    found = row["answers"]["bundled/tiny"]
    assert (row["query_id"], row["worker"], found["scores"]) == ("q1", "w", ranking.scores.tolist())
    assert [tuple(extent) for extent in found["extents"]] == list(ranking.extents)
    assert (found["cost"]["pairs"], found["cost"]["kept_pairs"]) == (4, 0)
    assert "The maximum length is 3 tokens" in row["answers"]["bundled/tiny[max_tokens=3]"]["error"]


def test_a_worker_takes_and_gives_files_contents() -> None:
    import numpy as np

    shard = [{"query_id": "q1", "query": "Berlin", "texts": ["Berlin"], "rankers": ["bundled/tiny"]}]
    answer = Worker(ONE_THREAD, "w")({COLUMN: np.array([json.dumps(shard).encode()], dtype=object)})
    assert json.loads(answer[COLUMN][0])[0]["answers"].keys() == {"bundled/tiny"}


def test_without_ray_the_command_says_what_to_install(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", "import sys; sys.modules['ray'] = None\n"
         "from demo.evaluate.__main__ import main\n"
         f"main(['--collection', 'cities', '--out', {str(tmp_path)!r}, '--ray'])"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 1
    assert "--ray needs Ray: pip install -r requirements-ray.txt" in finished.stderr


def test_workers_that_have_ended_are_told(service: RankingService, tmp_path: Path) -> None:
    spread = Spread(plan_of(collection_of()), ONE_THREAD, 2, "", tmp_path / "spread")
    spread._answers = iter(())
    with pytest.raises(RemoteError, match="The workers ended before everything was scored"):
        spread.answer(service.rankers.read("bundled/tiny"), collection_of().queries[0])


# ---- with Ray ----------------------------------------------------------------------------------------------------


def command(out: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "demo.evaluate", "--collection", "corpora/cities", "--out", str(out), "--depth", "60",
            "--candidates", "bm25", "--rankers", RANKERS, *options]  # fmt: skip


def evaluate(out: Path, *options: str) -> str:
    finished = subprocess.run(
        command(out, *options), cwd=ROOT, env=ONE_THREAD_EACH, capture_output=True, text=True, check=False, timeout=240
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def results(out: Path) -> dict[str, bytes]:
    """Every file, without times that were measured, in evaluation.json and in the journals."""
    files = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    for name, content in files.items():
        if name.endswith(".jsonl"):
            rows = [json.loads(line) for line in content.splitlines()]
            files[name] = json.dumps([{**row, "cost": untimed(row.get("cost"))} for row in rows]).encode()
    value = json.loads(files["evaluation.json"])
    value["quality_and_cost"] = None
    for ranker in value["rankers"]:
        ranker["speed"] = untimed(ranker["speed"])
    return files | {"evaluation.json": json.dumps(value).encode()}


def untimed(values: Any) -> Any:
    timed = ("seconds", "_second", "kept_pairs", "tokens")
    return values and {name: value for name, value in values.items() if not any(each in name for each in timed)}


@pytest.mark.ray
def test_two_workers_equal_one_process_and_a_killed_run_goes_on(tmp_path: Path) -> None:
    evaluate(tmp_path / "one")
    printed = evaluate(tmp_path / "two", "--ray", "2", "--disk")
    assert results(tmp_path / "two") == results(tmp_path / "one")
    assert len([line for line in printed.splitlines() if line.startswith("Worker ") and "a second" in line]) == 2
    assert not (tmp_path / "two/spread").exists()

    cut, scores = tmp_path / "cut", tmp_path / "cut/scores/bundled_tiny.jsonl"
    process = subprocess.Popen(
        command(cut, "--ray", "2"), cwd=ROOT, env=ONE_THREAD_EACH,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while process.poll() is None and not (scores.exists() and scores.read_bytes().count(b"\n") > 3):
        time.sleep(0.005)
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = scores.read_bytes()
    scores.write_bytes(before[: before.rindex(b"\n", 0, -1) + 30])  # torn in its last line
    evaluate(cut, "--ray", "2")
    assert results(cut) == results(tmp_path / "one")
    assert scores.read_bytes().startswith(before[: before.rindex(b"\n", 0, -1) + 1])


def test_queries_that_are_known_are_not_sent(service: RankingService, tmp_path: Path) -> None:
    collection = collection_of()
    tiny = service.rankers.read("bundled/tiny")
    plan = plan_of(collection, tiny)
    for known, files in ((False, 1), (True, 0)):
        spread = Spread(plan, ONE_THREAD, 1, "", tmp_path / "spread")
        spread.expect(service.rankers.read("rrf(bm25+bundled/tiny)"), lambda query_id, known=known: known)  # type: ignore[misc]
        paths = spread._written()
        assert len(paths) == files
        for path in paths:
            (row,) = json.loads(path.read_text("utf-8"))
            assert (row["query_id"], row["rankers"], len(row["texts"])) == ("q1", ["bundled/tiny"], 4)
        with spread:
            pass
        assert not (tmp_path / "spread").exists()
