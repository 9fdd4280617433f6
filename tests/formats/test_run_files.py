"""Run files: names of their own, archives opened, headings that nobody knows are put before the person."""

from __future__ import annotations

import pytest

from demo.errors import InputError
from demo.formats.archive import zipped
from demo.formats.fields import UnknownShapeError
from demo.formats.run_files import read_one_run, read_runs
from demo.formats.source import Fields, Limits

LIMITS = Limits(1_000, 100_000, 10_000_000, 10_000_000)
ONE, TWO = b"q1 Q0 d1 1 9.5 a\nq1 Q0 d2 2 3 a\n", b"q1 Q0 d2 1 8 b\nq2 Q0 d2 1 7 b\n"


def test_every_run_is_read_and_told() -> None:
    found = read_runs([("one.run", ONE), ("two.run", TWO)], LIMITS)
    assert {name: run.rankings for name, run in found.runs.items()} == {
        "one.run": {"q1": ("d1", "d2")},
        "two.run": {"q1": ("d2",), "q2": ("d2",)},
    }
    assert str(found.reading.sentence()) == "one.run: 2 results for 1 query; two.run: 2 results for 2 queries"
    assert found.reading.preview.results == (("q1", "d1", "9.5"), ("q1", "d2", "3"))
    assert found.reading.is_certain


def test_an_archive_holds_several_and_equal_names_are_told_apart() -> None:
    packed = zipped({"a/x.run": ONE.decode(), "b/x.run": TWO.decode()})
    found = read_runs([("runs.zip", packed), ("x.run", ONE)], LIMITS)
    assert list(found.runs) == ["x.run", "x.run (2)", "x.run (3)"]
    with pytest.raises(InputError, match="There are 2 runs in the file"):
        read_one_run([("runs.zip", packed)], LIMITS)
    assert list(read_one_run([("x.run", ONE)], LIMITS).runs) == ["x.run"]


def test_a_header_that_nobody_knows_is_never_a_row_and_can_be_chosen() -> None:
    table = b"anfrage;treffer;wert\nq1;d1;0.5\nq1;d2;0.9\n"
    with pytest.raises(UnknownShapeError, match="names no query, passage and score: “anfrage”, “treffer”") as caught:
        read_runs([("r.csv", table)], LIMITS)
    assert caught.value.names == ("anfrage", "treffer", "wert")
    found = read_runs([("r.csv", table)], LIMITS, Fields(query="anfrage", id="treffer", grade="wert"))
    assert found.runs["r.csv"].rankings == {"q1": ("d2", "d1")}
    assert [(each.name, str(each.role)) for each in found.reading.columns] == [
        ("anfrage", "query id"),
        ("treffer", "id"),
        ("wert", "score"),
    ]
    ordered = read_runs([("r.csv", table)], LIMITS, Fields(query="anfrage", id="treffer")).runs["r.csv"]
    assert ordered.rankings == {"q1": ("d1", "d2")}


def test_objects_with_other_names_can_be_chosen_too() -> None:
    lines = b'{"frage": "q1", "stelle": "d1", "wert": 1.5}\n{"frage": "q1", "stelle": "d2", "wert": 2.5}\n'
    with pytest.raises(UnknownShapeError) as caught:
        read_runs([("r.jsonl", lines)], LIMITS)
    assert caught.value.names == ("frage", "stelle", "wert")
    chosen = Fields(query="frage", id="stelle", grade="wert")
    assert read_runs([("r.jsonl", lines)], LIMITS, chosen).runs["r.jsonl"].rankings == {"q1": ("d2", "d1")}


@pytest.mark.parametrize("row", ["q1,,0.5", ",d1,0.5"])
def test_a_row_without_query_or_passage_is_refused(row: str) -> None:
    with pytest.raises(InputError, match=r"Line 2 of r.csv has 2 columns"):
        read_runs([("r.csv", f"query_id,doc_id,score\n{row}\n".encode())], LIMITS)


def test_an_archive_without_files_is_refused() -> None:
    with pytest.raises(InputError, match="no file in the archive"):
        read_runs([], LIMITS)
