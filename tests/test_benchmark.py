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
    arguments += ["--precisions", *precisions, "--bundled", "tiny"]
    main(["--sections", *names, *arguments, "--json", str(tmp_path / "figures.json")])
    tables = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))["tables"]
    assert tables.keys() == {part.__name__ for name in names for part in SECTIONS[name]}
    assert [row["passages"] for row in tables["by_passages"]] == [10, 100, 1000]
    assert all(row["largest difference"] < 1e-9 for row in tables["bm25"])
    assert [row["model"] for row in tables["agreement"]] == (["bundled/tiny"] if has_bf16() else [])
    assert all(0.99 <= row["Kendall τ"] < 1 for row in tables["agreement"])
    assert 0 < tables["kept"][0]["MB of tokens"] < 5
    assert [(row["contender"], row["passages"]) for row in tables["host"]] == [("new", 1000), ("seen", 1000)]
