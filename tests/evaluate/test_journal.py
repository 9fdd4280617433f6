"""Scores on disk: nothing is scored twice, torn lines are dropped, and two runs never mix."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeRanker, giving, made_collection, plan_of

from demo.errors import InputError
from demo.evaluate.journal import Journal, file_stem
from demo.evaluation import Outcome, evaluate, report
from demo.evaluation.protocol import run_queries
from demo.metrics.effectiveness import USUAL
from demo.progress import Progress, as_steps
from demo.records import Collection, IntArray, Query, Ranking

QRELS = {"q1": {"b": 1, "a": 0}, "问2": {"c": 2}, "q3": {"d": 1, "gone": 1}, "q4": {"a": 3}}
COLLECTION = made_collection(QRELS, ["a", "b", "c", "d"])
SCORES = {"q1": {"b": 0.1}, "问2": {"c": 1e-7, "a": 1 / 3}, "q3": {"d": -5.5, "b": -7}, "q4": {}}


class Mortal(FakeRanker):
    """Dies, as by a kill, when it is asked for its second query."""

    @as_steps
    def rank(self, query: Query, collection: Collection, indices: IntArray) -> Generator[Progress, None, Ranking]:
        if len(self.asked) == 1:
            raise KeyboardInterrupt
        return (yield from super().rank(query, collection, indices))


def mortal() -> Mortal:
    plain = told()
    return Mortal(plain.key, plain.judge, truncated=plain.truncated)


def run(
    folder: Path, *rankers: FakeRanker, collection: Collection = COLLECTION, queries: int | None = None
) -> list[Outcome]:
    with ExitStack() as stack:
        plan = plan_of(collection, *rankers, queries=queries)
        found = run_queries(plan, lambda ranker: stack.enter_context(Journal(ranker, collection, folder))).run()
    for failure in found.failures:
        raise InputError(failure.reason)
    return list(found.outcomes)


def everything(outcomes: Sequence[Outcome]) -> tuple[str, str, str]:
    evaluation = evaluate(outcomes, COLLECTION, USUAL)
    return (
        report.run_file(outcomes, 0),
        report.per_query_csv(evaluation),
        report.as_json_text(evaluation, outcomes, COLLECTION, ordered=True),
    )


def told(**changes: object) -> FakeRanker:
    return giving("model", SCORES, **{"truncated": 2, **changes})  # type: ignore[arg-type]


# ---- going on ----------------------------------------------------------------------------------------------------


def test_an_interrupted_and_resumed_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", told())
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", mortal())
    again = told()
    assert everything(run(tmp_path / "cut", again)) == everything(whole)
    assert again.asked == ["问2", "q3", "q4"]  # q1 was finished before
    assert (tmp_path / "cut/model.jsonl").read_bytes() == (tmp_path / "whole/model.jsonl").read_bytes()


def test_a_finished_run_is_read_back_without_scoring(tmp_path: Path) -> None:
    first = run(tmp_path, told())
    idle = told()
    assert everything(run(tmp_path, idle)) == everything(first)
    assert idle.asked == []


@pytest.mark.parametrize("torn", [1, 20, 90])
def test_a_torn_last_line_is_dropped_and_its_query_scored_again(tmp_path: Path, torn: int) -> None:
    whole = run(tmp_path, told())
    path = tmp_path / "model.jsonl"
    content = path.read_bytes()
    path.write_bytes(content[:-torn])
    again = told()
    assert everything(run(tmp_path, again)) == everything(whole)
    assert again.asked == ["q4"]
    assert path.read_bytes() == content


def test_a_torn_header_starts_anew(tmp_path: Path) -> None:
    (tmp_path / "model.jsonl").write_bytes(b'{"form": 2, "coll')
    assert len(run(tmp_path, told())) == 4


def test_more_queries_and_more_rankers_add_to_what_is_there(tmp_path: Path) -> None:
    run(tmp_path, told(), queries=2)
    old, new = told(), giving("other", {})
    run(tmp_path, old, new)
    assert old.asked == ["q3", "q4"]
    assert new.asked == ["q1", "问2", "q3", "q4"]


def test_other_judgments_need_no_new_scores(tmp_path: Path) -> None:
    run(tmp_path, told())
    judged_again = made_collection({query: {"a": 1} for query in QRELS}, ["a", "b", "c", "d"])
    idle = told()
    run(tmp_path, idle, collection=judged_again)
    assert idle.asked == []


EVERY = np.arange(4)


def test_scores_extents_and_costs_come_back_as_they_were(tmp_path: Path) -> None:
    query = COLLECTION.queries[1]
    with Journal(told(), COLLECTION, tmp_path) as journal:
        fresh = journal.rank(query, COLLECTION, EVERY).run()
        kept = journal.rank(query, COLLECTION, EVERY).run()
    assert kept.scores.tobytes() == fresh.scores.tobytes()
    assert kept.order.tolist() == fresh.order.tolist()
    assert (kept.extents, kept.cost, kept.ranker) == (fresh.extents, fresh.cost, fresh.ranker)


def test_what_was_not_found_comes_back_as_that(tmp_path: Path) -> None:
    half = FakeRanker("half", lambda query, passage: {"b": 0.0, "c": 2.0}.get(passage.doc_id))
    query = COLLECTION.queries[0]
    with Journal(half, COLLECTION, tmp_path) as journal:
        fresh = journal.rank(query, COLLECTION, EVERY).run()
        kept = journal.rank(query, COLLECTION, EVERY).run()
    assert half.asked == ["q1"]
    assert kept.found.tolist() == fresh.found.tolist() == [False, True, True, False]
    assert kept.ranks.tolist() == fresh.ranks.tolist() == [3, 2, 1, 3]


# ---- what never mixes --------------------------------------------------------------------------------------------


def test_a_file_without_a_score_stands_in_nobodys_way(tmp_path: Path) -> None:
    Journal(told(fingerprint="a server that never answered"), COLLECTION, tmp_path).close()
    first = everything(run(tmp_path, told()))
    assert everything(run(tmp_path, told())) == first  # which was written down


@pytest.mark.parametrize(
    ("other", "collection"),
    [
        (told(fingerprint="other weights"), COLLECTION),
        (told(), made_collection(QRELS, ["a", "b", "c", "e"])),
        (told(), made_collection({**QRELS, "q5": {"a": 1}}, ["a", "b", "c", "d"])),
    ],
)
def test_scores_of_another_run_are_refused(tmp_path: Path, other: FakeRanker, collection: Collection) -> None:
    run(tmp_path, told())
    with pytest.raises(InputError, match=r"holds scores of another run: .* Choose another folder with --out"):
        run(tmp_path, other, collection=collection)


def test_other_candidates_are_refused(tmp_path: Path) -> None:
    run(tmp_path, told())
    query = COLLECTION.queries[0]
    with (
        Journal(told(), COLLECTION, tmp_path) as journal,
        pytest.raises(InputError, match="the candidates of query “q1” differ"),
    ):
        journal.rank(query, COLLECTION, EVERY[:2]).run()


@pytest.mark.parametrize("broken", [b"{", b"[]", b'{"query_id": "q1"}', b"\xff"])
def test_a_broken_line_inside_is_named(tmp_path: Path, broken: bytes) -> None:
    run(tmp_path, told())
    path = tmp_path / "model.jsonl"
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([*lines[:2], broken, *lines[3:]]) + b"\n")
    with pytest.raises(InputError, match=re.escape(f"Line 3 of {path} is broken. Delete that line")):
        run(tmp_path, told())


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match=r"cannot be written .*Choose another folder with --out"):
        run(tmp_path / "file", told())


# ---- names -------------------------------------------------------------------------------------------------------


def test_the_header_pins_collection_and_ranker(tmp_path: Path) -> None:
    run(tmp_path, told(fingerprint="f"))
    header = json.loads((tmp_path / "model.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert header == {"form": 2, "collection": COLLECTION.digest, "ranker": "model", "fingerprint": "f"}


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("bm25", "bm25"),
        ("bundled/tiny", "bundled_tiny"),
        ("rrf(bm25+bundled/tiny)[k=60]", "rrf_bm25+bundled_tiny_k=60"),
        ("../../x", "x"),
        ("模型", "-c98e118e"),
        ('"my,model"', "my_model-d209b2eb"),
        ("my model", "my_model-76eeb051"),
        ("x" * 300, "x" * 80 + "-0d4e2ca9"),
    ],
)
def test_a_rankers_file_is_named_by_its_key_and_stays_in_its_folder(key: str, name: str) -> None:
    assert file_stem(key) == name
