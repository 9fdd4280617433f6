"""The benchmark's own arithmetic, and that every section runs and says what it measured. No speed is tested."""

from __future__ import annotations

import json
from pathlib import Path
from time import sleep

import numpy as np
import pytest

from demo.benchmark.__main__ import SECTIONS, main
from demo.benchmark.material import PROFILES, SHAPES, TINY, USUAL, Shape, passages, shapes
from demo.benchmark.timing import Spread, in_turns, ratio, times_in_turns
from demo.benchmark.visitors import Design, Speed, closed_loop, estimated, open_loop
from demo.rankers.catalog import CATALOG
from demo.rankers.cross_encoder.linear import has_bf16


def test_contenders_take_turns_after_one_round_that_does_not_count() -> None:
    order: list[str] = []
    seconds = in_turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 3)
    assert order == ["a", "b"] * 4
    assert [len(taken) for taken in seconds.values()] == [3, 3]


def test_a_ratio_is_taken_repeat_by_repeat() -> None:
    # 4/1, 6/3, 5/1: median 4; the ratio of the medians would be 5/1.
    assert ratio([4.0, 6.0, 5.0], [1.0, 3.0, 1.0]) == Spread(median=4.0, least=2.0, most=5.0)


def test_passages_have_the_lengths_of_their_profile() -> None:
    for profile in PROFILES.values():
        sizes = [len(text.split()) for text in passages(2_000, profile, 0)]
        assert np.mean(sizes) == pytest.approx(profile.words, rel=0.05)
        assert np.std(np.log(sizes)) == pytest.approx(profile.spread, rel=0.1)
    assert passages(3, PROFILES["short"], 1) == passages(3, PROFILES["short"], 1)
    assert passages(3, PROFILES["short"], 1) != passages(3, PROFILES["short"], 2)


def test_operations_worked_by_hand() -> None:
    # One full layer of width 2, inner width 8, over 3 tokens: each 8·2² = 32 for QKV and output, 4·2·8 = 64 for the
    # feed-forward, 4·3·2 = 24 for attention; then the last layer for one token: 32 + 64, and 4·3·1·2 = 24.
    assert Shape("made", "bert", 2, 2, 1).flops(3) == 3 * (32 + 64 + 24) + 32 + 64 + 24


def test_shapes_are_those_of_the_catalog() -> None:
    for shape in SHAPES:
        spec = next(spec for spec in CATALOG if spec.key.endswith(shape.key))
        assert (shape.layers, shape.width) == (spec.layers, spec.width)
        assert shape.width % shape.heads == 0
    assert [shape.key for shape in shapes(USUAL)] == list(USUAL)
    assert shapes(["bundled/tiny"]) == [TINY]


def test_a_written_shape_is_loaded_and_scored(tmp_path: Path) -> None:
    arguments = ["--sections", "models", "--shapes", "ms-marco-TinyBERT-L2-v2", "--passages", "8", "--repeats", "1"]
    main([*arguments, "--precisions", "fp32", "--json", str(tmp_path / "figures.json")])
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    rows = figures["tables"]["by_model"]
    assert [row["contender"] for row in rows] == ["sentence-transformers", "new, fp32", "seen, fp32"]
    assert all(row["docs/s"] > 0 and row["passages"] == 32 for row in rows)
    assert [row["backend"] for row in rows[1:]] == ["own forward"] * 2
    assert figures["machine"]["torch"]


def test_a_family_is_written_and_scored(tmp_path: Path) -> None:
    arguments = ["--sections", "families", "--families", "ettin-reranker-17m", "--passages", "8", "--repeats", "1"]
    main([*arguments, "--alone", "--json", str(tmp_path / "figures.json")])
    (row,) = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))["tables"]["by_family"]
    assert (row["model"], row["passages"], row["backend"]) == ("ettin-reranker-17m", 16, "own forward")
    assert row["pairs/s"] > 0


def test_processor_time_is_measured_beside_the_clock() -> None:
    times = times_in_turns({"sleep": lambda: sleep(0.05)}, 2)["sleep"]
    assert all(wall >= 0.05 for wall in times.wall)
    assert all(processor < 0.05 for processor in times.processor)


def test_every_other_section_runs(tmp_path: Path) -> None:
    names = [name for name in SECTIONS if name not in ("models", "families")]
    arguments = ["--alone", "--repeats", "1", "--most", "1000", "--passages", "20", "--queries", "1"]
    precisions = ["fp32", "bf16"] if has_bf16() else ["fp32"]  # emulated, it takes minutes
    arguments += ["--precisions", *precisions, "--bundled", "tiny", "--shapes", "bundled/tiny"]
    main(["--sections", *names, *arguments, "--json", str(tmp_path / "figures.json")])
    tables = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))["tables"]
    assert tables.keys() == {part.__name__ for name in names for part in SECTIONS[name]}
    assert [row["passages"] for row in tables["by_passages"]] == [10, 100, 1000]
    assert all(row["largest difference"] < 1e-9 for row in tables["bm25"])
    assert [row["model"] for row in tables["agreement"]] == (["bundled/tiny"] if has_bf16() else [])
    assert all(0.99 <= row["Kendall τ"] < 1 for row in tables["agreement"])
    assert 0 < tables["kept"][0]["MB of tokens"] < 5
    assert [(row["contender"], row["passages"]) for row in tables["host"]] == [("new", 1000), ("seen", 1000)]


# ---- visitors, simulated -------------------------------------------------------------------------------------------


def design(replicas: int = 1, batch_pairs: int = 0, **more: float) -> Design:
    """A batch takes 1 s and a hundredth for each pair, except for what is given."""
    speed = Speed(more.pop("batch_seconds", 1.0), more.pop("pair_seconds", 0.01))
    return Design("made", replicas, speed, batch_pairs, **more)  # type: ignore[arg-type]


def test_one_visitor_waits_for_one_batch() -> None:
    waits = closed_loop(design(front_seconds=0.5), 1, 50, 1_000)
    # 0.5 s in front, then 1 + 50 × 0.01
    assert (waits.median, waits.p95) == (pytest.approx(2.0), pytest.approx(2.0))
    assert waits.per_second == pytest.approx(1 / 2, abs=0.002)
    assert waits.busy == pytest.approx(1.5 / 2, abs=0.002)


def test_one_process_answers_one_request_after_the_other() -> None:
    waits = closed_loop(design(), 3, 50, 3_000)
    assert waits.median == pytest.approx(3 * 1.5)
    assert waits.per_second == pytest.approx(1 / 1.5, abs=0.002)


def test_requests_that_wait_are_in_one_batch() -> None:
    # a batch takes 1 s whatever is in it: while one request is scored, the two others wait, and so in turn
    waits = closed_loop(design(batch_pairs=256, pair_seconds=0.0), 3, 50, 1_000)
    assert waits.per_second == pytest.approx(3 / 2, abs=0.01)
    # 100 pairs are the bound: 50 of each of two requests; with 60 each, one request a batch
    bounded = closed_loop(design(batch_pairs=100, pair_seconds=0.0), 5, 60, 1_000)
    assert bounded.per_second == pytest.approx(1, abs=0.01)


def test_parts_of_a_request_go_to_all_replicas() -> None:
    # 128 passages are two parts of 64, 1.64 s each, side by side
    assert closed_loop(design(2, 256), 1, 128, 100).median == pytest.approx(1.64)
    assert closed_loop(design(1, 64), 1, 128, 100).median == pytest.approx(2 * 1.64)


def test_replicas_without_processors_of_their_own_slow_each_other_down() -> None:
    assert design(4, processors=2).seconds(50) == pytest.approx(2 * 1.5)
    assert design(2, processors=2).seconds(50) == pytest.approx(1.5)
    assert design(4).seconds(50) == pytest.approx(1.5)


def test_the_wait_at_random_is_that_of_the_theory_of_queues() -> None:
    # M/D/1 (Pollaczek and Khinchine): service 1.5 s, load ρ = 0.6: 1.5 + 1.5 · 0.6 / (2 · 0.4)
    waits = open_loop(design(), 0.4, 50, 200_000)
    assert waits.mean == pytest.approx(1.5 + 1.5 * 0.6 / (2 * 0.4), rel=0.03)
    assert waits.busy == pytest.approx(0.6, abs=0.01)


def test_more_requests_than_can_be_answered_pile_up() -> None:
    waits = open_loop(design(), 2.0, 50, 1_000)
    assert waits.per_second == pytest.approx(1 / 1.5, abs=0.01)
    assert waits.unanswered == pytest.approx(2 / 3, abs=0.05)


def test_a_gpu_is_estimated_by_operations_and_tokens() -> None:
    speed = estimated(TINY, 1e12)
    assert speed.pair_seconds == pytest.approx(1 / 4_900 + TINY.flops(92) / 0.3e12)
